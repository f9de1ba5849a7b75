"""Random small networks as data: lines of a script that can be run, printed and made shorter.

``make_model(random)`` draws from any ``random.Random``, so hypothesis (``st.randoms``) and a plain
seed drive the same generator. ``build(model)`` runs the script and returns its names.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from model_groups import Group, random_order
from model_runs import RunMaker
from model_text import (
    UNITS,
    Names,
    real_text,
    statement,
    with_unit,
)

HEADER = (
    "from simgen import *",
    "import numpy as np",
    "from dataclasses import replace",
    "from simgen.api import device",
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


class Maker(RunMaker):
    """Writes the lines of one model."""

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
        spiking = [group for group in self.groups if group.spikes] or self.groups
        source = self.pick(*(spiking if self.chance(0.9) else self.groups))
        target = self.pick(*targets)
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
            traces = [("ta", "1"), ("tb", "1"), ("tc", "1")][: self.pick(1, 2, 2, 3)]
            taus = self.pick("5*ms", "3*ms"), self.pick("5*ms", "8*ms"), "(1 + i % 2)*4*ms"
            extra = self.pick("", "", " + 0.2")
            if len(traces) > 1 and self.chance(0.2 * len(traces)):
                extra += " + 0.5*tb"
            equations.append(f"dta/dt = (-ta{extra})/({taus[0]}) : 1 (event-driven)")
            if len(traces) > 1:
                extra = self.pick("", " + 0.25*tc - 0.5*ta") if len(traces) == 3 else ""
                equations.append(f"dtb/dt = (-tb{extra})/({taus[1]}) : 1 (event-driven)")
            if len(traces) == 3:
                equations.append(f"dtc/dt = -tc/({self.pick(*taus)}) : 1 (event-driven)")
        around = Names(integers=["i", "j", "N_incoming", "N_outgoing"]) + source.names.suffixed(
            "_pre"
        )
        around = Names(
            [e for e in around.reals if e[0] != "t_pre"],
            [e for e in around.integers if e != "i_pre"],
            around.booleans,
        )
        after = target.names.suffixed("_post")
        around.reals += [e for e in after.reals if e[0] != "t_post"] + [("t", "second")]
        around.integers += [e for e in after.integers if e != "i_post"]
        around.booleans += after.booleans
        mixed = self.chance(0.2)
        if mixed:
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
        side, summed = ("pre", source) if self.chance(0.3) else ("post", target)
        if summed.sums and not mixed and self.chance(0.3):
            parameter, unit = summed.sums.pop()  # two sums onto one variable are refused
            text = real_text(self.random, own + around, 1, 0.0)
            while f"{parameter}_" in text:  # a sum cannot need itself
                text = real_text(self.random, Names(list(weights)), 1, 0.0)
            value = with_unit(f"clip({text}, -5, 5)", unit)
            equations.append(f"{parameter}_{side} = {value} : {unit} (summed)")
            summed.writable.reals = [e for e in summed.writable.reals if e[0] != parameter]
        if len(traces) == 2 and source.spikes and target.spikes and self.chance(0.6):
            codes = self.plasticity(weights[0][0], weights[0][1])
        else:
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
            if self.chance(0.8):
                self.add(f"if len({name}): {name}.{pathway}.delay = {self.delays()}")
        self.synapses.append((name, own, [w for w, _ in weights]))
        self.connected[name] = n_pre, n_post, source is target
        self.delayed += [f"{name}.{pathway}" for pathway in self.free_delays]
        self.ends[name] = target.writable.suffixed("_post") + source.writable.suffixed("_pre")

    def weights(self, unit: str) -> str:
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
        self.free_delays: list[str] = []
        self.names_of_pathways: list[str] = []
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
        reals = [e for e in own.reals if e[0] != "t_pre"] + [("t", "second")]
        integers = [e for e in own.integers if e != "i_pre"] + ["i"]
        seen = Names(reals, integers, own.booleans)
        text = real_text(aside, seen, aside.choice((0, 1, 2)), 0.0)
        return Names([(f"at_emission({text})", "1")] * 3)

    def connect(self, name: str, n_pre: int, n_post: int, recurrent: bool) -> None:
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

    # --- what goes round the groups -----------------------------------------------------------

    def regular(self) -> None:
        groups = [group for group in self.groups if group.writable.reals]
        if not groups:
            return
        if self.synapses and self.chance(0.3):
            name, own, weights = self.pick(*self.synapses)
            targets = Names([entry for entry in own.reals if entry[0] in weights])
            if self.chance(0.4):
                targets += self.ends[name]
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


def make_model(random: Random) -> Model:
    """Return a random model."""
    return Maker(random).model()
