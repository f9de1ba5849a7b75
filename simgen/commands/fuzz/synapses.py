"""The synapses of random networks: variables, pathways, plasticity, rules and delays."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from simgen.commands.fuzz.groups import Group, GroupMaker, random_order
from simgen.commands.fuzz.text import UNITS, Names, real_text, statement, with_unit


@dataclass
class Variables:
    """What synapses have: names of their own, and those of both ends."""

    weights: list[tuple[str, str]]
    names: Names = field(default_factory=Names)
    writable: Names = field(default_factory=Names)
    around: Names = field(default_factory=Names)
    traces: list[tuple[str, str]] = field(default_factory=list)
    equations: list[str] = field(default_factory=list)
    method: str = ""


class SynapseMaker(GroupMaker):
    """Writes the lines that make synapses."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.synapses: list[tuple[str, Names, list[str]]] = []  # names, variables, weights
        self.ends: dict[str, Names] = {}  # what code of synapses may write of their groups
        self.connected: dict[str, tuple[int, int]] = {}  # by name, the sizes of both ends
        self.delayed: list[str] = []  # pathways whose delays may be set
        self.free_delays: list[str] = []  # those of the synapses just made
        self.names_of_pathways: list[str] = []

    def part(self, group: Group) -> tuple[str, int]:
        """Return text of a group or of a part of it, and its size."""
        if group.n > 2 and self.chance(0.25):
            start = self.random.randrange(group.n - 1)
            stop = self.random.randrange(start + 1, group.n + 1)
            return f"{group.name}[{start}:{stop}]", stop - start
        return group.name, group.n

    def connection(self, number: int) -> None:
        """Write synapses between two groups, or parts of them."""
        targets = [group for group in self.groups if not group.is_poisson and group.writable.reals]
        if not targets:
            return
        spiking = [group for group in self.groups if group.spikes] or self.groups
        source = self.pick(*(spiking if self.chance(0.9) else self.groups))
        target = self.pick(*targets)
        name = f"S{number}"
        pre, n_pre = self.part(source)
        post, n_post = self.part(target)
        own = self.variables(source, target)
        if len(own.traces) == 2 and source.spikes and target.spikes and self.chance(0.6):
            codes = self.plasticity(*own.weights[0])
        else:
            seen = (own.names + own.around).with_draws()
            codes = self.pathways(source, target, own.writable, seen)
        given = [pre, post, repr(random_order(self.random, own.equations)), *codes]
        if own.method:
            given.append(f"method={own.method!r}")
        if self.chance(0.15):
            given.append(f"order={self.pick(-1, 1)}")
        if self.chance(0.15):
            given.append(f"name='{self.pick('za', 'ab')}{number}'")
        dense = self.chance(0.08) and n_pre * n_post < 400
        if dense:
            given.append("storage='dense'")
            self.free_delays = []
        self.object(name, f"Synapses({', '.join(given)})")
        for pathway in self.names_of_pathways:
            if self.chance(0.15):
                self.add(f"{name}.{pathway}.order = {self.pick(-2, -1, 0, 1, 2)}")
        if dense:
            self.add(f"{name}.connect()")
        else:
            for _ in range(self.pick(1, 1, 1, 2)):
                self.connect(name, n_pre, n_post)
            self.connected[name] = n_pre, n_post
        for weight, unit in own.weights:
            self.add(f"if len({name}): {name}.{weight} = {self.weights(unit)}")
        for pathway in self.free_delays:
            if self.chance(0.8):
                self.add(f"if len({name}): {name}.{pathway}.delay = {self.delays()}")
        self.synapses.append((name, own.names, [w for w, _ in own.weights]))
        self.delayed += [f"{name}.{pathway}" for pathway in self.free_delays]
        self.ends[name] = target.writable.suffixed("_post") + source.writable.suffixed("_pre")

    def variables(self, source: Group, target: Group) -> Variables:
        """Return variables of synapses and their equations."""
        own = Variables([(f"w{k}", self.pick("1", "1", "volt")) for k in range(self.pick(1, 1, 2))])
        own.equations += [f"{weight} : {unit}" for weight, unit in own.weights]
        own.names.reals += own.weights
        own.writable.reals += own.weights
        if self.chance(0.25):
            own.equations.append("c : integer")
            own.names.integers.append("c")
            own.writable.integers.append("c")
        if self.chance(0.15):
            own.equations.append("sh : 1 (shared)")
            own.names.reals.append(("sh", "1"))
        if self.chance(0.4) and (source.spikes or target.spikes):
            self.traces(own)
        indices = Names(integers=["i", "j", "N_incoming", "N_outgoing"])
        ends = source.names.suffixed("_pre") + target.names.suffixed("_post")
        own.around = indices + ends + Names([("t", "second")])
        mixed = self.chance(0.2)
        if mixed:
            unit = self.pick("1", "volt")
            text = real_text(self.random, own.names + own.around, 2, 0.0)
            flag = self.pick("", " (constant over dt)")
            own.equations.append(f"g = clip({text}, -9, 9){UNITS[unit]} : {unit}{flag}")
            own.names.reals.append(("g", unit))
        if self.chance(0.2):
            self.continuous(own)
        own.names.reals += own.traces
        own.writable.reals += own.traces
        side, summed = ("pre", source) if self.chance(0.3) else ("post", target)
        if summed.sums and not mixed and self.chance(0.3):
            self.summed(own, side, summed)
        return own

    def traces(self, own: Variables) -> None:
        """Add event-driven variables."""
        own.traces = [("ta", "1"), ("tb", "1"), ("tc", "1")][: self.pick(1, 2, 2, 3)]
        taus = self.pick("5*ms", "3*ms"), self.pick("5*ms", "8*ms"), "(1 + i % 2)*4*ms"
        extra = self.pick("", "", " + 0.2")
        if len(own.traces) > 1 and self.chance(0.2 * len(own.traces)):
            extra += " + 0.5*tb"
        own.equations.append(f"dta/dt = (-ta{extra})/({taus[0]}) : 1 (event-driven)")
        if len(own.traces) > 1:
            extra = self.pick("", " + 0.25*tc - 0.5*ta") if len(own.traces) == 3 else ""
            own.equations.append(f"dtb/dt = (-tb{extra})/({taus[1]}) : 1 (event-driven)")
        if len(own.traces) == 3:
            own.equations.append(f"dtc/dt = -tc/({self.pick(*taus)}) : 1 (event-driven)")

    def continuous(self, own: Variables) -> None:
        """Add a variable that is integrated at every step."""
        own.method = self.pick("", "euler", "heun", "rk4")
        drift = real_text(self.random, own.names + own.around, 1, 0.0)
        noise = self.pick("", "", " + 0.1*xi/sqrt(4*ms)")
        if noise:
            own.method = self.pick("euler", "heun")
        own.equations.append(f"dz/dt = (clip({drift}, -2, 2) - z)/(4*ms){noise} : 1 (clock-driven)")
        own.names.reals.append(("z", "1"))
        own.writable.reals.append(("z", "1"))

    def summed(self, own: Variables, side: str, group: Group) -> None:
        """Add a sum onto a parameter of one end."""
        parameter, unit = group.sums.pop()  # two sums onto one variable are refused
        text = real_text(self.random, own.names + own.around, 1, 0.0)
        while f"{parameter}_" in text:  # a sum cannot need itself
            text = real_text(self.random, Names(list(own.weights)), 1, 0.0)
        value = with_unit(f"clip({text}, -5, 5)", unit)
        own.equations.append(f"{parameter}_{side} = {value} : {unit} (summed)")
        group.writable.reals = [e for e in group.writable.reals if e[0] != parameter]

    def onto_synapses(self) -> None:
        """Write synapses that change those made before."""
        sources = [group for group in self.groups if group.spikes]
        if not sources or not self.synapses:
            return
        source, (target, _, weights) = self.pick(*sources), self.pick(*self.synapses)
        code = f"{weights[0]}_post *= {self.pick('0.5', '-1', '(1 + 0.5*i % 2)', 'z')}"
        model = self.pick("z : 1", "z : 1\\ny : integer")
        self.object("T", f"Synapses({source.name}, {target}, '{model}', on_pre={code!r})")
        self.add(f"T.connect({self.pick('', 'p=0.4', repr('i == j_post'), repr('i <= i_post'))})")
        if self.chance(0.5):
            self.add(f"if len(T): T.delay = {self.delays()}")

    def weights(self, unit: str) -> str:
        """Return the value of a weight."""
        text = self.pick("0.25", "0.1", "'0.5*rand()'", "'0.125*(i % 3) - 0.1*j'", "'0.3*randn()'")
        if unit == "1":
            return text
        return f"'({text[1:-1]})*mV'" if text.startswith("'") else f"{text}*mV"

    def plasticity(self, weight: str, unit: str) -> list[str]:
        """Return arguments of pair plasticity, with what may keep its traces at the synapses."""
        top = with_unit("1", unit)
        first, second = self.pick("ta += 0.1", "ta = 1", "ta += 0.1*rand()"), "tb -= 0.12"
        learn = [
            f"{weight} = clip({weight} + {with_unit(trace, unit)}, {with_unit('0', unit)}, {top})"
            for trace in ("tb", "ta")
        ]
        codes = [[first, learn[0]], [second, learn[1]]]
        for code in codes:
            self.random.shuffle(code)
        self.free_delays = ["pre"]
        self.names_of_pathways = ["pre", "post"]
        arguments = [f"on_pre={'; '.join(codes[0])!r}", f"on_post={'; '.join(codes[1])!r}"]
        if self.chance(0.2):
            arguments.append("delay={'pre': 0.4*ms}")
            self.free_delays = []
        if self.chance(0.2):
            self.free_delays.append("post")
        return arguments

    def pathways(self, source: Group, target: Group, own: Names, names: Names) -> list[str]:
        """Return arguments for the pathways; note which delays may be set later."""
        there = target.writable.suffixed("_post")
        back = source.writable.suffixed("_pre")
        self.free_delays, self.names_of_pathways = [], []
        arguments: list[str] = []
        pre_event = bool(source.spikes or source.events)
        post_event = bool(target.spikes or target.events)
        events: dict[str, str] = {}
        delays: dict[str, str] = {}

        def one(kind: str, names: Names) -> str:
            if kind == "additive":
                return "; ".join(
                    statement(self.random, there, names.with_draws(False), 1, "+=")
                    for _ in range(self.pick(1, 2))
                )
            targets = {
                "post": own + there,
                "both": own + there + back,
                "own": own,
                "pre": own + back,
            }[kind]
            return self.code(targets, names)

        for side, possible, group in (("pre", pre_event, source), ("post", post_event, target)):
            if not possible or (side == "post" and self.chance(0.5)):
                continue
            kinds = (
                ("additive", "additive", "post", "own", "both")
                if side == "pre"
                else ("own", "own", "pre", "post")
            )
            several = self.chance(0.2)
            names_here = [f"{side}{k}" for k in range(2)] if several else [side]
            codes = {}
            for key in names_here:
                seen = names + self.taken_along(source) if side == "pre" else names
                codes[key] = one(self.pick(*kinds), seen)
            arguments.append(f"on_{side}={codes if several else codes[side]!r}")
            for key in names_here:
                event = "spike" if group.spikes else group.events[0]
                if group.events and self.chance(0.3):
                    event = group.events[0]
                events[key] = event
                if self.chance(0.4):
                    delays[key] = self.pick("0*ms", "0.5*ms", "0.15*ms", "2*ms", "0.3*ms")
                else:
                    self.free_delays.append(key)
                self.names_of_pathways.append(key)
        if any(event != "spike" for event in events.values()):
            arguments.append(f"on_event={events!r}")
        if delays:
            text = ", ".join(f"{key!r}: {value}" for key, value in delays.items())
            arguments.append(f"delay={{{text}}}")
        return arguments

    def taken_along(self, source: Group) -> Names:
        """Return a value of the source that events take along, or nothing.

        It has random numbers of its own, so that models without any do not depend on it.
        """
        aside = Random(repr(self.random.getstate()))
        if aside.random() < 0.6:
            return Names()
        own = source.names.suffixed("_pre")
        seen = own + Names([("t", "second")], ["i"])
        text = real_text(aside, seen, aside.choice((0, 1, 2)), 0.0)
        return Names([(f"at_emission({text})", "1")] * 3)

    def connect(self, name: str, n_pre: int, n_post: int) -> None:
        """Write a call of connect()."""
        random = self.random
        many = n_pre * n_post > 400
        several = random.randrange(1, 25)
        i = [random.randrange(n_pre) for _ in range(several)]
        j = [random.randrange(n_post) for _ in range(several)]
        rules = [
            f"p={self.pick(0.02, 0.01)}" if many else f"p={self.pick(0.3, 0.1, 0.8, 1.0)}",
            f"i={i}, j={j}",
            f"n_total={self.pick(0, 9, 17, 50)}",
            "j='i', skip_if_invalid=True",
            *(["False"] if self.chance(0.2) else []),
        ]
        if not many:
            rules += [
                "",
                "'i != j'",
                "'(i + j) % 3 == 1', p=0.5",
                "'abs(i - j) < 3', n=2",
                "p='0.6/(1 + abs(i - j))'",
                f"out_degree={self.pick(1, 2, 5)}",
                f"in_degree={self.pick(1, 3)}",
                "j='k for k in range(i-1, i+2) if k != i', skip_if_invalid=True",
                "j='k for k in sample(N_post, p=0.2)'",
                "i='k for k in range(0, N_pre, 3)'",
            ]
        self.add(f"{name}.connect({random.choice(rules)})")

    def delays(self) -> str:
        """Return the value of the delays of a pathway."""
        return self.pick(
            "'rand()*2*ms'",
            "'0.1*ms*(j % 4)'",
            "0.7*ms",
            "'(i + j) % 3 * 0.35*ms'",
            "'3*rand()*ms'",
        )
