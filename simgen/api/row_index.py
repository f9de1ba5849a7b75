"""The order in which a further pathway with delays per synapse walks the rows of a store.

The delays of the first such pathway sort the store itself. Each other one has an index: the
positions of every row, sorted by the pathway's own delay class, then as in a store of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.storage import AnyArray
from simgen.api.store_tables import segment_tables
from simgen.connect.rows import Rows, UIntArray
from simgen.connect.segments import Segments
from simgen.connect.store import RowStore, build_store
from simgen.ir.kernel import RowIndex


@dataclass(frozen=True, slots=True, eq=False)
class PathwayIndex:
    """``steps``: the pathway's delay classes; ``positions`` in the index's order."""

    name: str
    steps: npt.NDArray[np.uint32]
    segments: Segments
    positions: UIntArray

    @property
    def ir(self) -> RowIndex:
        """The index as programs name it."""
        return RowIndex(self.name, self.segments.kind)

    def tables(self) -> dict[str, AnyArray]:
        """Return what programs read."""
        return {
            f"{self.name}.positions": self.positions,
            **segment_tables(self.name, self.segments),
        }

    def parameters(self) -> dict[str, float | int]:
        """Return the width of the segment bounds."""
        return {f"{self.name}.n_classes": self.segments.n_classes}


@dataclass(frozen=True, slots=True, eq=False)
class SortedRows:
    """Rows sorted by the delay classes of a pathway, before their place in the store is known."""

    steps: npt.NDArray[np.uint32]
    store: RowStore

    def index(self, name: str, positions: UIntArray | None) -> PathwayIndex:
        """Return the index; ``positions`` tells where each synapse lies, by creation."""
        order: Any = self.store.order
        entries = order if positions is None else positions[order]
        return PathwayIndex(name, self.steps, self.store.segments, entries)


def sort_rows(
    rows: Rows, steps: npt.NDArray[np.uint32], classes: UIntArray, bounds: AnyArray, threads: int
) -> SortedRows:
    """Sort by (part, source, class, target, creation); ``classes`` are in the order of the rows."""
    if steps.size <= 1:
        store = build_store(rows, None, 1, bounds, with_order=True, threads=threads)
        return SortedRows(steps if steps.size else np.zeros(1, np.uint32), store)
    store = build_store(rows, classes, steps.size, bounds, with_order=True, threads=threads)
    return SortedRows(steps, store)
