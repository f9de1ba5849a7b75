"""The runs of a random model, and what changes between them while spikes are under way."""

from __future__ import annotations

from simgen.commands.fuzz.synapses import SynapseMaker


class RunMaker(SynapseMaker):
    """Writes the lines that run a model."""

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
