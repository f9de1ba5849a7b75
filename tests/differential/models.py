"""Random small networks as data: lines of a script that can be run, printed and made shorter.

``make_model(random)`` draws from any ``random.Random``, so hypothesis (``st.randoms``) and a plain
seed drive the same generator. ``build(model)`` runs the script and returns its names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from model_text import (
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

HEADER = (
    "from simgen import *",
    "import numpy as np",
    "start_scope()",
    "seed(4711)",
    "defaultclock.dt = 0.1*ms",
)


@dataclass(frozen=True)
class Model:
    """A script, one statement a line."""

    lines: tuple[str, ...]

    @property
    def script(self) -> str:
        """The text of the script."""
        return "\n".join((*HEADER, *self.lines)) + "\n"


def build(model: Model) -> dict[str, Any]:
    """Run the script of a model and return its variables."""
    names: dict[str, Any] = {"__name__": "model"}
    exec(compile(model.script, "<model>", "exec"), names)
    return names


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


class Maker:
    """Writes the lines of one model."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.lines: list[str] = []
        self.groups: list[Group] = []
        self.synapses: list[tuple[str, Names, list[str]]] = []
        self.objects: list[str] = []
        self.tables: list[tuple[str, int]] = []

    # --- small choices ------------------------------------------------------------------------

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def pick(self, *options: Any) -> Any:
        return self.random.choice(options)

    def value(self, unit: str = "1") -> str:
        return with_unit(self.pick(*LITERALS), unit)

    def add(self, line: str) -> None:
        self.lines.append(line)

    def object(self, name: str, line: str) -> None:
        self.add(f"{name} = {line}")
        self.objects.append(name)

    def clock(self) -> str:
        return self.pick("", "", "", ", dt=0.2*ms", ", dt=0.05*ms") if self.two_clocks else ""

    # --- the whole ----------------------------------------------------------------------------

    def model(self) -> Model:
        """Return a model."""
        self.two_clocks = self.chance(0.25)
        for number in range(self.pick(0, 1, 2)):
            self.add(f"K{number} = {self.pick('0.75', '2', '-0.3', '1.5', 'True', '12')}")
        if self.chance(0.3):
            self.table()
        for number in range(self.pick(1, 1, 2, 2, 3)):
            self.group(number)
        if self.chance(0.35):
            self.poisson_group()
        if self.chance(0.45):
            self.generator()
        for number in range(self.pick(0, 1, 1, 2, 2, 3, 4)):
            self.connection(number)
        for _ in range(self.pick(0, 0, 1, 2)):
            self.regular()
        if self.chance(0.3):
            self.poisson_input()
        for number in range(self.pick(1, 2, 3, 4)):
            self.monitor(number)
        self.run()
        return Model(tuple(self.lines))

    def table(self) -> None:
        rows = self.pick(1, 3, 5)
        dt = self.pick("0.1", "0.3", "0.25", "1.0", "0.04")
        if self.chance(0.5):
            values = [self.pick(0.0, 0.5, 1.0, -0.25) for _ in range(rows)]
            self.add(f"TA = TimedArray({values}, dt={dt}*ms)")
            self.tables.append(("TA(t)", 1))
        else:
            values = [[self.pick(0.0, 0.5, 1.0, -0.25) for _ in range(4)] for _ in range(rows)]
            self.add(f"TB = TimedArray({values}, dt={dt}*ms)")
            self.tables.append(("TB(t, i)", 2))

    # --- groups -------------------------------------------------------------------------------

    def group(self, number: int) -> None:
        random, name = self.random, f"G{number}"
        n = self.pick(1, 2, 3, 5, 7, 10, 12, 300) if self.chance(0.9) else 520
        group = Group(name, n)
        own = Names(integers=["i"], reals=[("t", "second")])
        lines: list[str] = []
        states: list[tuple[str, str]] = []
        for k in range(self.pick(1, 1, 2, 3, 4, 5)):
            states.append((f"v{k}", self.pick("1", "1", "1", "volt")))
        parameters: list[tuple[str, str]] = []
        for k in range(self.pick(0, 1, 2)):
            unit = self.pick("1", "1", "volt", "second")
            flag = self.pick("", "", "", " (constant)", " (shared)", " (shared, constant)")
            lines.append(f"p{k} : {unit}{flag}")
            parameters.append((f"p{k}", unit))
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
        method = self.method
        given = [f"{n}, {random_order(random, lines)!r}".replace("\\n", "\\n")]
        if threshold:
            given.append(f"threshold={self.threshold(group, states)!r}")
            if self.chance(0.85):
                given.append(f"reset={self.code(group.writable, group.names.with_draws())!r}")
        if refractory:
            given.append(f"refractory={refractory}")
        if self.chance(0.15):
            condition = boolean_text(random, group.names, 2)
            given.append(f"events={{'ev': {condition!r}}}")
            group.events.append("ev")
        if method:
            given.append(f"method={method!r}")
        if self.chance(0.15):
            given.append(f"order={self.pick(-1, 1, 2)}")
        if self.chance(0.15):
            given.append(f"name='{self.pick('zz', 'aa', 'My')}{number}'")
        group.clock = self.clock()
        self.object(name, f"NeuronGroup({', '.join(given)}{group.clock})")
        self.start_values(group, states, parameters)
        if group.events and self.chance(0.7):
            code = self.code(group.writable, group.names.with_draws())
            self.add(f"{name}.run_on_event('ev', {code!r})")
        self.groups.append(group)

    def refractory(self) -> str:
        return self.pick(
            "",
            "",
            "0.5*ms",
            "0.3*ms",
            "0*ms",
            "1.05*ms",
            "'0.2*ms + 0.1*ms*(i % 3)'",
            "'(0.3 + 0.2*rand())*ms'",
            "'v0 > 0.5'" if self.chance(0.0) else "'0.7*ms'",
        )

    def subexpressions(self, lines: list[str], group: Group) -> None:
        names = Names(group.names.reals, group.names.integers, group.names.booleans)
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
            tau = self.pick("5*ms", "2*ms", "10*ms", "3.3*ms", "5*ms")
            own = pure(name, unit)
            drive = self.pick("1.5", "2", "0.3", "1.2", "-0.5")
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
        if self.chance(0.2):
            lines.insert(0, f"local = {real_text(self.random, names, 2, 0.0)}")
            reals = [entry for entry in targets.reals if entry[1] == "1"]
            if reals:
                lines.append(f"{self.pick(*reals)[0]} = 0.5*local")
        return "; ".join(lines) if self.chance(0.5) else "\n".join(lines)

    def start_values(self, group: Group, states: Any, parameters: Any) -> None:
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
        n = self.pick(1, 4, 20)
        rates = self.pick(
            "200*Hz", "1000*Hz", "'(100 + 300*(i % 3))*Hz'", "'800*Hz*exp(-t/(2*ms))'"
        )
        if self.chance(0.3):
            rates = f"np.arange({n})*150.0*Hz"
        clock = self.clock()
        self.object("P", f"PoissonGroup({n}, {rates}{clock})")
        self.groups.append(Group("P", n, Names(integers=["i"]), spikes=True, is_poisson=True))

    def generator(self) -> None:
        n = self.pick(1, 3, 8)
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

    # --- synapses -----------------------------------------------------------------------------

    def part(self, group: Group) -> tuple[str, int]:
        if group.n > 2 and self.chance(0.25):
            start = self.random.randrange(group.n - 1)
            stop = self.random.randrange(start + 1, group.n + 1)
            return f"{group.name}[{start}:{stop}]", stop - start
        return group.name, group.n

    def connection(self, number: int) -> None:
        targets = [group for group in self.groups if not group.is_poisson and group.writable.reals]
        if not targets:
            return
        source, target = self.pick(*self.groups), self.pick(*targets)
        name = f"S{number}"
        pre, n_pre = self.part(source)
        post, n_post = self.part(target)
        own = Names()
        equations: list[str] = []
        weights = [(f"w{k}", self.pick("1", "1", "volt")) for k in range(self.pick(1, 1, 2))]
        for weight, unit in weights:
            equations.append(f"{weight} : {unit}")
        own.reals += weights
        writable = Names(list(weights))
        if self.chance(0.25):
            equations.append("c : integer")
            own.integers.append("c")
            writable.integers.append("c")
        if self.chance(0.15):
            equations.append("sh : 1 (shared)")
            own.reals.append(("sh", "1"))
        traces: list[tuple[str, str]] = []
        if self.chance(0.4) and (source.spikes or target.spikes):
            traces = [("ta", "1"), ("tb", "1")][: self.pick(1, 2)]
            taus = self.pick("5*ms", "3*ms"), self.pick("5*ms", "8*ms")
            extra = self.pick("", "", " + 0.2")
            if len(traces) == 2 and self.chance(0.2):
                extra = " + 0.5*tb"
            equations.append(f"dta/dt = (-ta{extra})/({taus[0]}) : 1 (event-driven)")
            if len(traces) == 2:
                equations.append(f"dtb/dt = -tb/({taus[1]}) : 1 (event-driven)")
        around = Names(integers=["i", "j"]) + source.names.suffixed("_pre")
        around = Names(
            [e for e in around.reals if e[0] != "t_pre"],
            [e for e in around.integers if e != "i_pre"],
            around.booleans,
        )
        after = target.names.suffixed("_post")
        around.reals += [e for e in after.reals if e[0] != "t_post"] + [("t", "second")]
        around.integers += [e for e in after.integers if e != "i_post"]
        around.booleans += after.booleans
        if self.chance(0.2):
            unit = self.pick("1", "volt")
            text = real_text(self.random, own + around, 2, 0.0)
            flag = self.pick("", " (constant over dt)")
            equations.append(f"g = clip({text}, -9, 9){UNITS[unit]} : {unit}{flag}")
            own.reals.append(("g", unit))
        continuous = self.chance(0.2)
        method = ""
        if continuous:
            method = self.pick("", "euler", "heun", "rk4")
            drift = real_text(self.random, own + around, 1, 0.0)
            noise = self.pick("", "", " + 0.1*xi/sqrt(4*ms)")
            method = self.pick("euler", "heun") if noise else method
            equations.append(f"dz/dt = (clip({drift}, -2, 2) - z)/(4*ms){noise} : 1 (clock-driven)")
            own.reals.append(("z", "1"))
            writable.reals.append(("z", "1"))
        own.reals += traces
        writable.reals += traces
        if target.sums and self.chance(0.25):
            parameter, unit = target.sums.pop()  # two sums onto one variable are refused
            text = real_text(self.random, own + around, 1, 0.0)
            equations.append(
                f"{parameter}_post = {with_unit(f'clip({text}, -5, 5)', unit)} : {unit} (summed)"
            )
            target.writable.reals = [e for e in target.writable.reals if e[0] != parameter]
        codes = self.pathways(source, target, writable, (own + around).with_draws())
        given = [pre, post, repr(random_order(self.random, equations))]
        given += codes
        if method:
            given.append(f"method={method!r}")
        if self.chance(0.15):
            given.append(f"order={self.pick(-1, 1)}")
        if self.chance(0.15):
            given.append(f"name='{self.pick('za', 'ab')}{number}'")
        self.object(name, f"Synapses({', '.join(given)})")
        for pathway in self.names_of_pathways:
            if self.chance(0.15):
                self.add(f"{name}.{pathway}.order = {self.pick(-2, -1, 0, 1, 2)}")
        for _ in range(self.pick(1, 1, 1, 2)):
            self.connect(name, n_pre, n_post, source is target)
        for weight, unit in weights:
            self.add(f"if len({name}): {name}.{weight} = {self.weights(unit)}")
        for pathway in self.free_delays:
            if self.chance(0.6):
                self.add(f"if len({name}): {name}.{pathway}.delay = {self.delays()}")
        self.synapses.append((name, own, [w for w, _ in weights]))

    def weights(self, unit: str) -> str:
        text = self.pick("0.25", "0.1", "'0.5*rand()'", "'0.125*(i % 3) - 0.1*j'", "'0.3*randn()'")
        if unit == "1":
            return text
        return f"'({text[1:-1]})*mV'" if text.startswith("'") else f"{text}*mV"

    def delays(self) -> str:
        return self.pick(
            "'rand()*2*ms'",
            "'0.1*ms*(j % 4)'",
            "0.7*ms",
            "'(i + j) % 3 * 0.35*ms'",
            "'3*rand()*ms'",
        )

    def pathways(self, source: Group, target: Group, own: Names, names: Names) -> list[str]:
        """Return arguments for the pathways; note which delays may be set later."""
        there = target.writable.suffixed("_post")
        back = source.writable.suffixed("_pre")
        self.free_delays: list[str] = []
        self.names_of_pathways: list[str] = []
        arguments: list[str] = []
        pre_event = bool(source.spikes or source.events)
        post_event = bool(target.spikes or target.events)
        events: dict[str, str] = {}
        delays: dict[str, str] = {}

        def one(kind: str) -> str:
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
            codes = {key: one(self.pick(*kinds)) for key in names_here}
            arguments.append(f"on_{side}={codes if several else codes[side]!r}")
            for key in names_here:
                event = "spike" if group.spikes else group.events[0]
                if group.events and self.chance(0.3):
                    event = group.events[0]
                events[key] = event
                if self.chance(0.4):
                    delays[key] = self.pick("0*ms", "0.5*ms", "0.15*ms", "2*ms", "0.3*ms")
                elif side == "post" or not any(k.startswith("pre") for k in self.free_delays):
                    self.free_delays.append(key)
                self.names_of_pathways.append(key)
        if any(event != "spike" for event in events.values()):
            arguments.append(f"on_event={events!r}")
        if delays:
            text = ", ".join(f"{key!r}: {value}" for key, value in delays.items())
            arguments.append(f"delay={{{text}}}")
        return arguments

    def connect(self, name: str, n_pre: int, n_post: int, same: bool) -> None:
        random = self.random
        many = n_pre * n_post > 4000
        several = random.randrange(1, 25)
        i = [random.randrange(n_pre) for _ in range(several)]
        j = [random.randrange(n_post) for _ in range(several)]
        rules = [
            f"p={self.pick(0.05, 0.01)}" if many else f"p={self.pick(0.3, 0.1, 0.8, 1.0)}",
            f"i={i}, j={j}",
            f"n_total={self.pick(0, 3, 17, 50)}",
            f"out_degree={self.pick(1, 2, 5)}",
            f"in_degree={self.pick(1, 3)}",
            "j='i', skip_if_invalid=True",
            "j='k for k in range(i-1, i+2) if k != i', skip_if_invalid=True",
            "j='k for k in sample(N_post, p=0.2)'",
            "i='k for k in range(0, N_pre, 3)'",
            "False",
        ]
        if not many:
            rules += [
                "",
                "'i != j'",
                "'(i + j) % 3 == 1', p=0.5",
                "'abs(i - j) < 3', n=2",
                "p='0.6/(1 + abs(i - j))'",
            ]
        self.add(f"{name}.connect({random.choice(rules)})")

    # --- what goes round the groups -----------------------------------------------------------

    def regular(self) -> None:
        groups = [group for group in self.groups if group.writable.reals]
        if not groups:
            return
        if self.synapses and self.chance(0.3):
            name, own, weights = self.pick(*self.synapses)
            targets = Names([entry for entry in own.reals if entry[0] in weights])
            code = self.code(targets, own.with_draws())
        else:
            group = self.pick(*groups)
            name, code = group.name, self.code(group.writable, group.names.with_draws())
        place = self.pick("", "", ", when='before_groups'", ", when='after_resets'", ", when='end'")
        dt = self.pick("", ", dt=0.3*ms", ", dt=1*ms")
        self.add(f"{name}.run_regularly({code!r}{dt}{place})")

    def poisson_input(self) -> None:
        groups = [group for group in self.groups if group.writable.reals]
        if not groups:
            return
        group = self.pick(*groups)
        variable, unit = self.pick(*group.writable.reals)
        weight = self.pick(self.value(unit), repr(with_unit("0.1*rand()", unit)))
        n, rate = self.pick((5, "300*Hz"), (100, "80*Hz"), (1, "2000*Hz"), (1000, "50*Hz"))
        target = self.part(group)[0]
        self.object("I", f"PoissonInput({target}, {variable!r}, {n}, {rate}, {weight})")

    def monitor(self, number: int) -> None:
        group, name = self.pick(*self.groups), f"M{number}"
        kinds = ["spikes", "rate"] if group.spikes else []
        if group.names.reals or group.names.booleans:
            kinds += ["state", "state"]
        if self.synapses:
            kinds.append("synapses")
        if group.events:
            kinds.append("event")
        where = self.part(group)[0]
        match self.random.choice(kinds or ["none"]):
            case "spikes":
                extra = self.pick("", "", ", record=False")
                variables = [entry[0] for entry in group.names.reals if entry[0] != "t"]
                if not extra and variables and self.chance(0.5):
                    extra = f", variables={[self.pick(*variables)]}"
                self.object(name, f"SpikeMonitor({where}{extra})")
            case "rate":
                self.object(name, f"PopulationRateMonitor({where})")
            case "event":
                self.object(name, f"EventMonitor({where}, 'ev')")
            case "state":
                variables = [entry[0] for entry in group.names.reals if entry[0] != "t"]
                variables += [n for n in group.names.integers if n != "i"] + group.names.booleans
                chosen = self.random.sample(variables, self.random.randint(1, len(variables)))
                record = self.pick("True", "[0]") if where == group.name else "True"
                dt = self.pick("", "", ", dt=0.5*ms")
                when = self.pick("", "", ", when='end'", ", when='after_thresholds'")
                self.object(name, f"StateMonitor({where}, {chosen}, record={record}{dt}{when})")
            case "synapses":
                synapses, own, _ = self.pick(*self.synapses)
                chosen = self.pick(*own.reals)[0]
                self.object(name, f"StateMonitor({synapses}, {chosen!r}, record=True)")

    def run(self) -> None:
        objects = list(self.objects)
        self.random.shuffle(objects)
        self.add(f"net = Network({', '.join(objects)})")
        self.add(f"net.run({self.pick('3', '5', '2.5', '6')}*ms, check_finite=False)")
        if not self.chance(0.4):
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
        self.add(f"net.run({self.pick('2', '1.3')}*ms, check_finite=False)")


def random_order(random: Random, lines: list[str]) -> str:
    """Return the lines of equations in any order: it carries no meaning."""
    lines = list(lines)
    if random.random() < 0.3:
        random.shuffle(lines)
    return "\n".join(lines)


def make_model(random: Random) -> Model:
    """Return a random model."""
    return Maker(random).model()
