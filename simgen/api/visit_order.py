"""The order in which code that shows it visits synapses: by creation among those of one source.

Rows are stored by delay class and target, and columns by row: orders that code cannot see unless
it writes variables of neurons in a way that does not commute. Where it does, and creation followed
another order, the walk takes its synapses from a list in the right order, on one thread.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.storage import AnyArray
from simgen.connect.columns import ColumnIndex
from simgen.connect.store import RowStore, delay_classes_of, sources_of
from simgen.errors import InternalError
from simgen.ir.kernel import OverFanIn, OverFanOut, OverSynapses, RowIndex
from simgen.ir.order import OrderDependence, Reach, order_dependences
from simgen.ir.stmt import Stmt

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork

_log = logging.getLogger("simgen.synapses")
Walk = OverFanIn | OverFanOut | OverSynapses
Positions = npt.NDArray[np.int64]


class VisitOrder:
    """Finds out which walks of a Synapses object need which lists, and makes them."""

    def __init__(self, synapses: SynapsesInNetwork) -> None:
        self.synapses = synapses
        self.columns = False  # whether columns are sorted by creation
        self._lists: dict[str, AnyArray] = {}
        self._store: RowStore | None = None
        self._warned: set[str] = set()

    def arranged(self, domain: Walk, body: tuple[Stmt, ...], label: str = "") -> Walk:
        """Return a domain that visits synapses in an order that suits the body.

        ``label`` describes the code for a warning, which is given once.
        """
        found = order_dependences(body)
        store = self.synapses._data.store
        if self._store is not store:
            self._store, self._lists, self.columns = store, {}, False
        if not found or store is None:
            return domain
        if label and label not in self._warned:
            self._warned.add(label)
            self._warn(label, found)
        reaches = {each.reach for each in found}
        match domain:
            case OverFanIn():
                if not self.columns and not _ascends(self._by_target()):
                    self.columns = True
                    self.synapses._run.forget_columns()
                return domain
            case OverFanOut(whole_rows=whole, index=index):
                classes, n_classes = self._classes(index)
                made = self._row_list(whole, reaches, classes, n_classes)
            case OverSynapses():
                made = self._whole_list(reaches)
        if not made:
            return domain
        self._lists.update({f"{domain.list_name}_{key}": values for key, values in made.items()})
        return replace(domain, listed=True)

    def _warn(self, label: str, found: Iterable[OrderDependence]) -> None:
        names = ", ".join(f"'{each.array.name.rpartition('.')[2]}'" for each in found)
        _log.warning(
            "%s: the value of %s depends on the order in which synapses act (sources ascending, "
            "within one by creation). That of a sum, as in 'x += w', would not.",
            label,
            names,
        )

    def tables(self) -> dict[str, AnyArray]:
        """Return the lists by the names in :mod:`simgen.targets.base`."""
        return self._lists

    def sorted_columns(self, index: ColumnIndex) -> ColumnIndex:
        """Return an index whose columns are in the order of creation."""
        if not self.columns:
            return index
        sizes = np.diff(index.col_start).astype(np.int64)
        column = np.repeat(np.arange(len(sizes)), sizes)
        order = np.lexsort((self._created()[index.positions], column))
        sources = None if index.sources is None else index.sources[order]
        return replace(index, positions=index.positions[order], sources=sources)

    # --- orders -------------------------------------------------------------------------------

    def _built(self) -> RowStore:
        if self._store is None:
            raise InternalError(f"{self.synapses.describe()} has no store")
        return self._store

    def _created(self) -> Positions:
        """Return the creation index of each position."""
        order = self.synapses._data.creation_of_data()
        n = self._built().n
        return np.arange(n, dtype=np.int64) if order is None else order.astype(np.int64)

    def _by_target(self) -> tuple[Positions, Positions]:
        """Return the synapses column by column: (creation index, target)."""
        targets = self._built().targets
        order = np.argsort(targets, kind="stable")
        return self._created()[order], targets[order].astype(np.int64)

    def _classes(self, index: RowIndex | None) -> tuple[Positions, int]:
        """Return the delay class of each position and the number of classes, by store or index."""
        store = self._built()
        if index is None:
            return delay_classes_of(store).astype(np.int64), store.segments.n_classes
        indices = self.synapses._run.delays.indices
        name = next(name for name, found in indices.items() if found.ir == index)
        pathway = self.synapses._pathways[name]
        steps, classes = pathway.classes(pathway.clock.dt_)
        return np.asarray(classes, np.int64), steps.size

    def _row_list(
        self, whole: bool, reaches: set[Reach], classes: Positions, n_classes: int
    ) -> dict[str, AnyArray]:
        """Return the list of a delivery, nothing where the stored order serves as well."""
        store = self._built()
        rows, targets = sources_of(store).astype(np.int64), store.targets.astype(np.int64)
        created = self._created()
        place = rows * n_classes + classes
        if whole:
            stored = np.lexsort((created, targets, classes, rows))
            group, groups = rows, store.n_source
        else:
            stored = np.lexsort((created, targets, place))
            group, groups = place, store.n_source * n_classes
        if reaches == {Reach.TARGET}:
            pairs = np.lexsort((np.argsort(stored), targets, rows))
            same = rows[pairs] * (int(targets.max(initial=0)) + 1) + targets[pairs]
            if not whole or _ascends((created[pairs], same)):
                return {}
        elif _ascends((created[stored], group[stored])):
            return {}
        order = np.lexsort((created, group))
        start = np.zeros(groups + 1, np.uint64)
        np.cumsum(np.bincount(group, minlength=groups), out=start[1:])
        return {"start": start, "pos": self._index(order)}

    def _whole_list(self, reaches: set[Reach]) -> dict[str, AnyArray]:
        """Return the list of a walk over all synapses."""
        created, store = self._created(), self._built()
        if reaches == {Reach.TARGET}:
            if _ascends(self._by_target()):
                return {}
        elif store.n_parts == 1 and bool(np.all(created[1:] > created[:-1])):
            return {}
        order = np.argsort(created, kind="stable")
        first = self.synapses._run.source_start()
        sources = (sources_of(store)[order] + np.uint32(first)).astype(np.uint32)
        return {"src": sources, "pos": self._index(order)}

    def _index(self, order: Any) -> AnyArray:
        positions: AnyArray = order.astype(np.uint64 if self._built().n >= 1 << 32 else np.uint32)
        return positions


def _ascends(sequence: tuple[Positions, Positions]) -> bool:
    """Whether the first array ascends wherever the second one stays the same."""
    values, groups = sequence
    return bool(np.all((values[1:] > values[:-1]) | (groups[1:] != groups[:-1])))
