"""The delays of the pathways of synapses, as programs read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.pathways import Pathway
from simgen.api.row_index import PathwayIndex, SortedRows, sort_rows
from simgen.api.storage import AnyArray
from simgen.build.synapses import PathwayDelays, class_table, delay_parameter
from simgen.connect.rows import Rows
from simgen.dtypes import DType
from simgen.ir.expr import Array

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork


class DelayPlan:
    """Which pathway's delays sort the store, and how each pathway's delays are kept.

    ``steps`` are the delay classes of the store, u32, ascending, in steps of the leading pathway's
    clock; ``of`` says per pathway how its delays are found, ``tables`` hold them. ``indices`` are
    those of further pre pathways with delays per synapse.
    """

    def __init__(self, synapses: SynapsesInNetwork) -> None:
        self.synapses = synapses
        self.steps: npt.NDArray[np.uint32] = np.zeros(1, np.uint32)
        self.of: dict[str, PathwayDelays] = {}
        self.tables: dict[str, AnyArray] = {}
        self.indices: dict[str, PathwayIndex] = {}

    def take_classes(self) -> Any:
        """Turn the leading pathway's delays into classes; return that of each synapse, or None."""
        leader, classes = self.leader(), self.find_classes()
        if leader is not None:
            leader.variable.data = np.zeros(0)  # from here on the classes say it
        return classes

    def find_classes(self) -> Any:
        """Find the classes of the leading pathway's delays; return each synapse's, or None."""
        leader = self.leader()
        classes: Any = None
        steps = np.zeros(1, np.uint32)
        if leader is not None:
            steps, classes = leader.classes(leader.clock.dt_)
        self.take_steps(steps if steps.size else np.zeros(1, np.uint32))
        return None if self.steps.size == 1 else classes

    def take_steps(self, steps: npt.NDArray[np.uint32]) -> None:
        """Take the delay classes of the store."""
        synapses, leader = self.synapses, self.leader()
        self.steps = steps
        synapses._set("_class_steps", steps)
        synapses._set("_class_dt", leader.clock.dt_ if leader is not None else synapses.clock.dt_)

    def sort_others(
        self, rows: Rows | None, bounds: AnyArray, threads: int
    ) -> dict[str, SortedRows]:
        """Sort the rows by the delays of each further pathway, while these lie in row order."""
        return {
            pathway.name: sort_rows(rows, *pathway.classes(pathway.clock.dt_), bounds, threads)
            for pathway in self._different()[1:]
            if rows is not None
        }

    def place_others(self, sorted_rows: dict[str, SortedRows]) -> None:
        """Make the indices of the further pathways, now that the store is built."""
        positions = self.synapses._data.positions() if sorted_rows else None
        self.indices = {
            name: found.index(f"{self.synapses.name}.{name}.index", positions)
            for name, found in sorted_rows.items()
        }

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
        name = self.synapses.name
        for index in self.indices.values():
            values.update(index.parameters())
        for pathway in self.synapses._pathways.values():
            if pathway.direction == "pre":
                count = self._classes(pathway).size
                values[class_table(name, pathway.name).length] = count
            else:
                steps = pathway.uniform_steps(pathway.clock.dt_)
                single = 0 if steps is None else steps + pathway.lag
                values[delay_parameter(name, pathway.name).name] = single
        return values

    def leader(self) -> Pathway | None:
        """Return the pre pathway whose delays sort the store."""
        return next(iter(self._different()), None)

    @property
    def n_others(self) -> int:
        """The number of further pre pathways with delays per synapse."""
        return max(0, len(self._different()) - 1)

    def _different(self) -> list[Pathway]:
        """Return the pre pathways with delays per synapse; the first is the leader."""
        pathways = self.synapses._pathways.values()
        return [p for p in pathways if p.direction == "pre" and p.uniform is None]

    def plan(self) -> None:
        """Fix how programs read the delays."""
        synapses = self.synapses
        self.of, self.tables = {}, {}
        for pathway in synapses._pathways.values():
            dt = pathway.clock.dt_
            if pathway.direction == "pre":
                table = class_table(synapses.name, pathway.name)
                index = self.indices.get(pathway.name)
                self.of[pathway.name] = PathwayDelays(table, None if index is None else index.ir)
                self.tables[table.name] = self._classes(pathway) + np.uint32(pathway.lag)
                self.tables.update({} if index is None else index.tables())
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
                self.tables[array.name] = (pathway.steps(dt) + pathway.lag).astype(np.uint32)

    def _classes(self, pathway: Pathway) -> npt.NDArray[np.uint32]:
        """Return the delay classes that a pre pathway walks, in steps."""
        if pathway is self.leader():
            return self.steps
        if pathway.name in self.indices:
            return self.indices[pathway.name].steps
        return np.array([pathway.uniform_steps(pathway.clock.dt_) or 0], np.uint32)

    def longest(self, pathway: Pathway) -> int:
        """Return the longest delay of a pathway in steps, from the step of the event on."""
        if pathway.direction == "pre":
            return int(self._classes(pathway).max()) + pathway.lag
        steps = pathway.uniform_steps(pathway.clock.dt_)
        if steps is None:
            steps = int(pathway.steps(pathway.clock.dt_).max(initial=0))
        return steps + pathway.lag

    def shortest(self) -> int | None:
        """Return the shortest delay of the pre pathways in steps, None if there is none."""
        tables = [
            self.tables[delays.classes.name]
            for delays in self.of.values()
            if delays.classes is not None
        ]
        return min((int(table.min()) for table in tables if table.size), default=None)

    def longest_delays(self) -> dict[str, int]:
        """Return event list name -> the longest delay in steps."""
        longest: dict[str, int] = {}
        for pathway in self.synapses._pathways.values():
            events = pathway.group._description.events[pathway.event].name
            longest[events] = max(longest.get(events, 0), self.longest(pathway))
        return longest
