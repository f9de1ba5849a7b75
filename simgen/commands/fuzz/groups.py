"""The groups of random networks: equations, thresholds, resets, inputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from simgen.commands.fuzz.text import (
    LITERALS,
    UNITS,
    Names,
    boolean_text,
    integer_text,
    pure,
    real_text,
    statement,
    with_unit,
)

T = TypeVar("T")
STATES = (1, 1, 2, 3, 4, 5, 6)  # how many variables a group integrates


@dataclass
class Group:
    """What later lines may know of a group."""

    name: str
    n: int
    names: Names = field(default_factory=Names)
    writable: Names = field(default_factory=Names)
    sums: list[tuple[str, str]] = field(default_factory=list)  # parameters that a sum may overwrite
    spikes: bool = False
    refractory: bool = False
    events: list[str] = field(default_factory=list)
    is_poisson: bool = False
    clock: str = ""


class GroupMaker:
    """Writes the lines that make groups."""

    large = 0.2  # the share of groups that have neurons for several threads
    sources = 1  # times as many Poisson neurons and neurons with given spikes

    def __init__(self, random: Random) -> None:
        self.random = random
        self.lines: list[str] = []
        self.groups: list[Group] = []
        self.constants: list[str] = []
        self.two_clocks = False
        self.method = ""
        self.objects: list[str] = []
        self.tables: list[tuple[str, int]] = []

    # --- small choices ------------------------------------------------------------------------

    def chance(self, p: float) -> bool:
        """Return True with probability ``p``."""
        return self.random.random() < p

    def pick(self, *options: T) -> T:
        """Return one of the options."""
        return self.random.choice(options)

    def value(self, unit: str = "1") -> str:
        """Return text of some value with the unit."""
        return with_unit(self.pick(*LITERALS), unit)

    def add(self, line: str) -> None:
        """Write a line."""
        self.lines.append(line)

    def object(self, name: str, line: str) -> None:
        """Write a line that makes an object of the network."""
        self.add(f"{name} = {line}")
        self.objects.append(name)

    def clock(self) -> str:
        """Return an argument for a clock of its own, mostly none."""
        return self.pick("", "", "", ", dt=0.2*ms", ", dt=0.05*ms") if self.two_clocks else ""

    def table(self) -> None:
        """Write a TimedArray."""
        rows = self.pick(1, 3, 5)
        dt = self.pick("0.1", "0.3", "0.25", "1.0", "0.04")
        if self.chance(0.5):
            values = [self.pick(0.0, 0.5, 1.0, -0.25) for _ in range(rows)]
            self.add(f"TA = TimedArray({values}, dt={dt}*ms)")
            self.tables.append(("TA(t)", 1))
        else:
            table = [[self.pick(0.0, 0.5, 1.0, -0.25) for _ in range(4)] for _ in range(rows)]
            self.add(f"TB = TimedArray({table}, dt={dt}*ms)")
            self.tables.append(("TB(t, i % 4)", 2))

    # --- groups -------------------------------------------------------------------------------

    def group(self, number: int) -> None:
        """Write a group of neurons and its first values."""
        name = f"G{number}"
        # parts of threads are multiples of 64 neurons; 256 are prepared together
        few = self.chance(1 - self.large)
        n = self.pick(1, 2, 3, 5, 7, 10, 12) if few else self.pick(130, 270)
        group = Group(name, n)
        own = Names(integers=["i"], reals=[("t", "second")], constants=self.constants)
        states = [(f"v{k}", self.pick("1", "1", "1", "volt")) for k in range(self.pick(*STATES))]
        lines = self.parameters(group, own)
        parameters = [entry for entry in own.reals if entry[0].startswith("p")]
        linked = self.links(own) if self.groups and self.chance(0.15) else ""
        if linked:
            lines.append(f"l0 : {own.reals[-1][1]} (linked)")
        threshold = self.chance(0.85)
        refractory = self.refractory() if threshold else ""
        group.refractory = bool(refractory)
        if refractory:
            own.booleans.append("not_refractory")
        group.names = own + Names(reals=states)
        if self.chance(0.3):
            self.subexpressions(lines, group)
        lines += self.equations(group, states)
        group.writable.reals += states
        group.spikes = threshold
        given = [f"{n}, {random_order(self.random, lines)!r}".replace("\\n", "\\n")]
        if threshold:
            given.append(f"threshold={self.threshold(group, states)!r}")
            if self.chance(0.85):
                given.append(f"reset={self.code(group.writable, group.names.with_draws())!r}")
        if refractory:
            given.append(f"refractory={refractory}")
        if self.chance(0.15):
            condition = boolean_text(self.random, group.names, 2)
            given.append(f"events={{'ev': {condition!r}}}")
            group.events.append("ev")
        if self.method:
            given.append(f"method={self.method!r}")
        if self.chance(0.15):
            given.append(f"order={self.pick(-1, 1, 2)}")
        if self.chance(0.15):
            given.append(f"name='{self.pick('zz', 'aa', 'My')}{number}'")
        group.clock = self.clock()
        self.object(name, f"NeuronGroup({', '.join(given)}{group.clock})")
        if linked:
            indices = [self.random.randrange(self.groups[-1].n) for _ in range(n)]
            self.add(f"{name}.l0 = linked_var({linked}, index={indices})")
        self.start_values(group, states, parameters)
        if group.events and self.chance(0.7):
            code = self.code(group.writable, group.names.with_draws())
            self.add(f"{name}.run_on_event('ev', {code!r})")
        self.groups.append(group)

    def parameters(self, group: Group, own: Names) -> list[str]:
        """Return lines of parameters, which go to ``own``."""
        lines = []
        for k in range(self.pick(0, 1, 2)):
            unit = self.pick("1", "1", "volt", "second")
            flag = self.pick("", "", "", " (constant)", " (shared)", " (shared, constant)")
            lines.append(f"p{k} : {unit}{flag}")
            own.reals.append((f"p{k}", unit))
            if not flag:
                group.sums.append((f"p{k}", unit))
                group.writable.reals.append((f"p{k}", unit))
        if self.chance(0.4):
            lines.append("q0 : integer")
            own.integers.append("q0")
            group.writable.integers.append("q0")
        if self.chance(0.3):
            lines.append("b0 : boolean")
            own.booleans.append("b0")
            group.writable.booleans.append("b0")
        return lines

    def links(self, own: Names) -> str:
        """Return whose variable ``l0`` is, which goes to ``own``; nothing if there is none."""
        other = self.groups[-1]
        states = [entry for entry in other.names.reals if entry[0].startswith("v")]
        if not states:
            return ""
        variable, unit = self.pick(*states)
        own.reals.append(("l0", unit))
        return f"{other.name}, {variable!r}"

    def refractory(self) -> str:
        """Return how long neurons are refractory, or nothing."""
        return self.pick(
            "",
            "",
            "0.5*ms",
            "0.3*ms",
            "0*ms",
            "1.05*ms",
            "'0.2*ms + 0.1*ms*(i % 3)'",
            "'(0.3 + 0.2*rand())*ms'",
            "'0.7*ms'",
        )

    def subexpressions(self, lines: list[str], group: Group) -> None:
        """Add expressions to the equations and names of a group."""
        names = group.names + Names()
        for k in range(self.pick(1, 2)):
            unit = self.pick("1", "1", "volt")
            frozen = self.chance(0.4)
            text = real_text(self.random, names.with_draws(frozen), 2)
            flag = " (constant over dt)" if frozen else ""
            lines.append(f"f{k} = clip({text}, -20, 20){UNITS[unit]} : {unit}{flag}")
            group.names.reals.append((f"f{k}", unit))
        if self.chance(0.3):
            lines.append(f"fb = {boolean_text(self.random, names, 2)} : boolean")
            group.names.booleans.append("fb")
        if self.chance(0.3):
            lines.append(f"fi = {integer_text(self.random, names, 2)} : integer")
            group.names.integers.append("fi")

    def equations(self, group: Group, states: list[tuple[str, str]]) -> list[str]:
        """Return differential equations, and choose a method that should take them."""
        kind = self.pick("linear", "linear", "nonlinear", "nonlinear", "additive", "multiplicative")
        self.method = {
            "linear": self.pick("", "exact", "exponential_euler", "euler", "rk2", "rk4", "heun"),
            "nonlinear": self.pick("", "euler", "rk2", "rk4", "heun", "exponential_euler"),
            "additive": self.pick("", "euler", "heun", "milstein"),
            "multiplicative": self.pick("", "heun", "milstein"),
        }[kind]
        lines = []
        others = [entry for entry in group.names.reals if entry[0] not in ("t",)]
        for place, (name, unit) in enumerate(states):
            tau = self.pick("1*ms", "2*ms", "10*ms", "3.3*ms", "1*ms")
            own = pure(name, unit)
            drive = self.pick("1.5", "2.5", "3", "1.2", "0.3")
            if self.tables and self.chance(0.4):
                drive += f" + {self.pick(*self.tables)[0]}"
            if kind == "linear":
                constant = [e for e in others if e[0].startswith("p")]
                if constant and self.chance(0.5):
                    drive += f" + 0.5*{pure(*self.pick(*constant))}"
                if len(states) > 1 and self.chance(0.5):
                    drive += f" + {self.pick('0.3', '-0.4', '1')}*{pure(*self.pick(*states))}"
                text = f"({drive} - {own})/({tau})"
                if self.chance(0.1):
                    text = f"({drive})/({tau})"
            elif self.method == "exponential_euler":
                rest = Names([e for e in others if e[0] != name and not e[0].startswith("f")])
                text = f"({drive} + {real_text(self.random, rest, 2, 0.0)} - {own})/({tau})"
            else:
                wanted = real_text(self.random, group.names, 2, 0.02)
                text = f"({drive} + clip({wanted}, -3, 3) - {own})/({tau})"
                if self.method in ("", "milstein") and kind == "multiplicative":
                    text = f"({drive} - {own})/({tau})"
            if kind == "additive" and place == 0:
                text += f" + {self.pick('0.2', 'exp(-0.5)')}*xi/sqrt(5*ms)"
            elif kind == "additive" and self.chance(0.4):
                text += f" + 0.1*xi_{self.pick('a', 'b')}/sqrt(5*ms)"
            if kind == "multiplicative" and place == 0:
                text += f" + 0.1*{own}*xi/sqrt(5*ms)"
            if unit != "1":
                text = f"({text}){UNITS[unit]}"
            flag = " (unless refractory)" if group.refractory and self.chance(0.5) else ""
            lines.append(f"d{name}/dt = {text} : {unit}{flag}")
        return lines

    def threshold(self, group: Group, states: list[tuple[str, str]]) -> str:
        """Return a condition for spikes."""
        if self.chance(0.15):
            return boolean_text(self.random, group.names.with_draws(), 2)
        name, unit = self.pick(*states)
        text = f"{name} > {with_unit(self.pick('0.8', '1', '0.5'), unit)}"
        if self.chance(0.2):
            text += f" and {boolean_text(self.random, group.names, 1)}"
        if self.chance(0.1):
            text += " or rand() < 0.05"
        return text

    def code(self, targets: Names, names: Names, count: int = 0, ops: str = "= += -= *=") -> str:
        """Return statements, some with a local value."""
        lines = [
            statement(self.random, targets, names, self.pick(0, 1, 2), ops)
            for _ in range(count or self.pick(1, 1, 2, 3))
        ]
        reals = [entry for entry in targets.reals if entry[1] == "1"]
        if reals and self.chance(0.2):
            lines.insert(0, f"local = {real_text(self.random, names, 2, 0.0)}")
            lines.append(f"{self.pick(*reals)[0]} = 0.5*local")
        return "; ".join(lines) if self.chance(0.5) else "\n".join(lines)

    def start_values(self, group: Group, states: Any, parameters: Any) -> None:
        """Write the first values of variables."""
        for name, unit in (*states, *parameters):
            match self.random.randrange(5):
                case 0 | 1:
                    draws = Names(integers=["i"], draws=True)
                    shared = (name, unit) in parameters and (name, unit) not in group.sums
                    if not shared:
                        text = with_unit(real_text(self.random, draws, 1, 0.0), unit)
                        self.add(f"{group.name}.{name} = {text!r}")
                case 2:
                    self.add(f"{group.name}.{name} = {self.value(unit)}")
                case 3 if (name, unit) in group.writable.reals:
                    values = f"np.arange({group.n})*0.125 % 1.0"
                    self.add(f"{group.name}.{name} = {with_unit(values, unit)}")

    def poisson_group(self) -> None:
        """Write a PoissonGroup."""
        n = self.pick(1, 4, 20) * self.sources
        rates = self.pick(
            "200*Hz", "1000*Hz", "'(100 + 300*(i % 3))*Hz'", "'800*Hz*exp(-t/(2*ms))'"
        )
        if self.chance(0.3):
            rates = f"np.arange({n}) % 20*150.0*Hz"
        clock = self.clock()
        self.object("P", f"PoissonGroup({n}, {rates}{clock})")
        self.groups.append(Group("P", n, Names(integers=["i"]), spikes=True, is_poisson=True))

    def generator(self) -> None:
        """Write a SpikeGeneratorGroup."""
        n = self.pick(1, 3, 8) * self.sources
        steps = sorted(
            {
                (self.random.randrange(40), self.random.randrange(n))
                for _ in range(self.pick(0, 5, 30))
            }
        )
        steps = [(step, index) for step, index in steps]
        self.random.shuffle(steps)
        indices, times = [index for _, index in steps], [step for step, _ in steps]
        period = ", period=5*ms" if self.chance(0.3) else ""
        coarse = self.clock() if not steps else ""
        self.object(
            "Z", f"SpikeGeneratorGroup({n}, {indices}, np.array({times})*0.1*ms{period}{coarse})"
        )
        self.groups.append(Group("Z", n, Names(integers=["i"]), spikes=True))


def random_order(random: Random, lines: list[str]) -> str:
    """Return the lines of equations in any order: it carries no meaning."""
    lines = list(lines)
    if random.random() < 0.3:
        random.shuffle(lines)
    return "\n".join(lines)
