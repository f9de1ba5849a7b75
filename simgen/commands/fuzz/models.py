"""Random small networks as data: lines of a script that can be run, printed and made shorter.

``make_model(random)`` draws from any ``random.Random``, so hypothesis (``st.randoms``) and a plain
seed drive the same generator. ``build(model)`` runs the script and returns its names.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from simgen.commands.fuzz.runs import RunMaker
from simgen.commands.fuzz.text import Names, real_text, with_unit

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
            self.add(f"K{number} = {self.pick('0.75', '2', '-0.3', '1.5', '12', '3*mV/volt')}")
            self.constants.append(f"K{number}")
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
        if self.chance(0.12):
            self.onto_synapses()
        for _ in range(self.pick(0, 0, 1, 2)):
            self.regular()
        if self.chance(0.3):
            self.poisson_input()
        for number in range(self.pick(1, 2, 3, 4)):
            self.monitor(number)
        self.run()
        return Model(tuple(self.lines))

    # --- what goes round the groups -----------------------------------------------------------

    def regular(self) -> None:
        """Write code that runs at regular times."""
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
        if self.chance(0.25):
            code += f"; {self.over_elements(name)}"
        dt = self.pick("", ", dt=0.3*ms", ", dt=1*ms")
        self.add(f"{name}.run_regularly({code!r}{dt}{place})")

    def over_elements(self, name: str) -> str:
        """Return a statement that sums over all elements, or over those of a row or column."""
        what = self.pick("sum", "mean", "min", "max")
        for synapses, _, weights in self.synapses:
            if synapses == name:
                place = self.pick("all", "over_pre", "over_post")
                return f"{weights[0]} = 0.25*{what}_{place}({weights[0]})"
        group = next(group for group in self.groups if group.name == name)
        variable, unit = self.pick(*group.writable.reals)
        value = real_text(self.random, group.names, 1, 0.0)
        text = with_unit(f"clip({what}_all(clip({value}, -9, 9)), -8, 8)", unit)
        return f"{variable} = {text}"

    def poisson_input(self) -> None:
        """Write a PoissonInput."""
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
        """Write a monitor of any kind."""
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
                one = self.pick(*own.reals)[0]
                self.object(name, f"StateMonitor({synapses}, {one!r}, record=True)")


class WideMaker(Maker):
    """Writes models of which most groups have neurons for several threads."""

    large = 0.9
    sources = 16


def make_model(random: Random) -> Model:
    """Return a random model."""
    return Maker(random).model()


def make_wide_model(random: Random) -> Model:
    """Return a random model whose groups are large."""
    return WideMaker(random).model()
