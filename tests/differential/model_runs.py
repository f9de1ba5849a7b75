"""The runs of a random model, and what changes between them while spikes are under way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random

from model_groups import GroupMaker


class RunMaker(GroupMaker, ABC):
    """Writes the lines that run a model."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.connected: dict[str, tuple[int, int, bool]] = {}  # name: sizes, whether recurrent
        self.delayed: list[str] = []  # pathways whose delays may be set

    @abstractmethod
    def connect(self, name: str, n_pre: int, n_post: int, recurrent: bool) -> None:
        """Write a call of connect()."""

    def delays(self) -> str:
        return self.pick(
            "'rand()*2*ms'",
            "'0.1*ms*(j % 4)'",
            "0.7*ms",
            "'(i + j) % 3 * 0.35*ms'",
            "'3*rand()*ms'",
        )

    def run(self) -> None:
        """Write the runs."""
        objects = list(self.objects)
        self.random.shuffle(objects)
        self.add(f"net = Network({', '.join(objects)})")
        self.add(f"net.run({self.pick('5', '6', '2.5', '8')}*ms, check_finite=False)")
        if not self.chance(0.5):
            return
        for line in list(self.lines):
            if line.startswith("K0") and self.chance(0.5):
                self.add("K0 = 0.5")
        group = self.pick(*self.groups)
        if group.writable.reals and self.chance(0.5):
            name, unit = self.pick(*group.writable.reals)
            self.add(f"{group.name}.{name} = {self.value(unit)}")
        if self.synapses and self.chance(0.4):
            name, own, weights = self.pick(*self.synapses)
            unit = dict(own.reals)[weights[0]]
            self.add(f"if len({name}): {name}.{weights[0]} = {self.value(unit)}")
        for _ in range(self.pick(0, 1, 1, 2)):
            self.change()
            if self.chance(0.3):
                self.add("net.run(0.3*ms, check_finite=False)")
        self.add(f"net.run({self.pick('2', '1.3')}*ms, check_finite=False)")

    def change(self) -> None:
        """Write a change that spikes under way must outlive."""
        match self.pick("delay", "delay", "connect", "active", "threads", "dt"):
            case "delay" if self.delayed:
                pathway = self.pick(*self.delayed)
                self.add(f"if len({pathway.split('.')[0]}): {pathway}.delay = {self.delays()}")
            case "connect" if self.connected:
                name = self.pick(*self.connected)
                self.connect(name, *self.connected[name])
            case "active" if self.connected:
                name = self.pick(*self.connected)
                self.add(f"{name}.active = False")
                self.add("net.run(0.4*ms, check_finite=False)")
                self.add(f"{name}.active = True")
            case "threads":
                threads = self.pick(1, 2, 3)
                self.add(
                    "if device._current.target != 'cuda': device._current = replace("
                    f"device._current, threads={threads})"
                )
            case "dt":
                self.add("defaultclock.dt = 0.05*ms")
