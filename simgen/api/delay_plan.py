"""The delays of the pathways of synapses, as programs read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.pathways import Pathway
from simgen.api.storage import AnyArray
from simgen.build.synapses import PathwayDelays, class_table, delay_parameter
from simgen.dtypes import DType
from simgen.errors import UnsupportedFeatureError
from simgen.ir.expr import Array

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork


class DelayPlan:
    """Which pathway's delays sort the store, and how each pathway's delays are kept.

    ``steps`` are the delay classes of the store, u32, ascending, in steps of the leading pathway's
    clock; ``of`` says per pathway how its delays are found, ``tables`` hold them.
    """

    def __init__(self, synapses: SynapsesInNetwork) -> None:
        self.synapses = synapses
        self.steps: npt.NDArray[np.uint32] = np.zeros(1, np.uint32)
        self.of: dict[str, PathwayDelays] = {}
        self.tables: dict[str, AnyArray] = {}
        self._arrivals: dict[str, tuple[npt.NDArray[np.float64], int]] = {}

    def take_classes(self) -> Any:
        """Turn the leading pathway's delays into classes; return that of each synapse, or None."""
        leader, classes = self.leader(), self.find_classes()
        if leader is not None:
            leader.variable.data = np.zeros(0)  # from here on the classes say it
        return classes

    def find_classes(self) -> Any:
        """Find the classes of the leading pathway's delays; return each synapse's, or None."""
        synapses, leader = self.synapses, self.leader()
        classes: Any = None
        steps = np.zeros(1, np.uint32)
        if leader is not None:
            steps, classes = leader.classes(leader.clock.dt_)
        self.steps = steps if steps.size else np.zeros(1, np.uint32)
        synapses._set("_class_steps", self.steps)
        synapses._set("_class_dt", leader.clock.dt_ if leader is not None else synapses.clock.dt_)
        return None if self.steps.size == 1 else classes

    def dt_changed(self) -> bool:
        """Whether the classes were counted in another step width than that of the clock now."""
        leader = self.leader()
        return leader is not None and self.synapses._class_dt != leader.clock.dt_

    def restore(self) -> None:
        """Write the delays that the classes hold back to one value per synapse."""
        leader = self.leader()
        if leader is not None:
            leader.variable.data = leader.seconds()

    def parameters(self) -> dict[str, float | int]:
        """Return the numbers of classes and the single delays."""
        values: dict[str, float | int] = {}
        name, leader = self.synapses.name, self.leader()
        for pathway in self.synapses._pathways.values():
            if pathway.direction == "pre":
                count = self.steps.size if pathway is leader else 1
                values[class_table(name, pathway.name).length] = count
            else:
                steps = pathway.uniform_steps(pathway.clock.dt_)
                values[delay_parameter(name, pathway.name).name] = 0 if steps is None else steps
        return values

    def refuse_spikes_under_way(self, what: str) -> None:
        """Raise if spikes are on their way: their arrival could not be kept."""
        synapses = self.synapses
        for pathway in synapses._pathways.values():
            what_changes = f"{what} of {synapses.describe()}"
            self._refuse_under_way(what_changes, pathway, self.longest(pathway))

    def _check_arrivals(self) -> None:
        """Refuse another step width that would move the arrival of spikes under way."""
        synapses = self.synapses
        for name, pathway in synapses._pathways.items():
            dt = pathway.clock.dt_
            uniform = pathway.uniform_steps(dt)
            if pathway is self.leader():
                steps: npt.NDArray[Any] = self.steps
            else:  # never one value per synapse where all are the same
                steps = pathway.steps(dt) if uniform is None else np.array([uniform])
            delays = np.unique(np.asarray(steps, np.float64)) * dt
            before, longest = self._arrivals.get(name, (delays, 0))
            if delays.shape != before.shape or not np.allclose(delays, before, rtol=1e-9, atol=0):
                self._refuse_under_way("The step width", pathway, longest)
            self._arrivals[name] = delays, int(steps.max(initial=0))

    def leader(self) -> Pathway | None:
        """Return the pre pathway whose delays sort the store."""
        different = [
            p
            for p in self.synapses._pathways.values()
            if p.direction == "pre" and p.uniform is None
        ]
        if len(different) > 1:
            raise UnsupportedFeatureError(
                f"{self.synapses.describe()} has {len(different)} pre pathways with delays per "
                "synapse; one of them must have a single delay. Use two Synapses objects instead."
            )
        return different[0] if different else None

    def plan(self) -> None:
        """Fix how programs read the delays, and refuse what would move an arrival."""
        synapses = self.synapses
        self.of, self.tables = {}, {}
        leader = self.leader()
        for pathway in synapses._pathways.values():
            dt = pathway.clock.dt_
            if pathway.direction == "pre":
                table = class_table(synapses.name, pathway.name)
                steps = pathway.uniform_steps(dt)
                values = self.steps if pathway is leader else np.array([steps or 0], np.uint32)
                self.of[pathway.name] = PathwayDelays(classes=table)
                self.tables[table.name] = values
            elif pathway.uniform is not None:
                self.of[pathway.name] = PathwayDelays(
                    single=delay_parameter(synapses.name, pathway.name)
                )
            else:
                array = Array(
                    f"{synapses.name}.{pathway.name}.steps", DType.U32, f"n_{synapses.name}.rows"
                )
                self.of[pathway.name] = PathwayDelays(
                    single=delay_parameter(synapses.name, pathway.name), by_synapse=array
                )
                self.tables[array.name] = pathway.steps(dt).astype(np.uint32)
        self._check_arrivals()

    def _refuse_under_way(self, what: str, pathway: Pathway, longest: int) -> None:
        network = self.synapses._network
        if network is None or network._compiled is None:
            return
        events = pathway.group._description.events[pathway.event]
        if network._compiled.under_way(events, pathway.clock, longest):
            raise UnsupportedFeatureError(
                f"{what} cannot change while spikes are under way on the pathway '{pathway.name}' "
                f"of {self.synapses.describe()}. Run {longest} steps without input first, or "
                "change it before the first run."
            )

    def longest(self, pathway: Pathway) -> int:
        """Return the longest delay of a pathway in steps."""
        if pathway.direction == "pre" and pathway is self.leader():
            return int(self.steps.max(initial=0))
        steps = pathway.uniform_steps(pathway.clock.dt_)
        if steps is not None:
            return steps
        return int(pathway.steps(pathway.clock.dt_).max(initial=0))

    def longest_delays(self) -> dict[str, int]:
        """Return event list name -> the longest delay in steps."""
        longest: dict[str, int] = {}
        for pathway in self.synapses._pathways.values():
            events = pathway.group._description.events[pathway.event].name
            longest[events] = max(longest.get(events, 0), self.longest(pathway))
        return longest
