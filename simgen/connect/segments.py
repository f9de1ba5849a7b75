"""Where the synapses of each (row, delay class) lie, in the formats of ``common/segments.h``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.connect.checks import require_memory, smallest_dtype

Bounds = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Segment bounds of all partitions; ``kind`` is none, dense16, dense32 or compact.

    Dense: ``starts`` u16 or u32 (n_parts, n_rows, n_classes + 1), relative to the row. Compact:
    ``pair_start`` u64 (n_parts, n_rows + 1) points into ``pair_class`` and ``pair_begin`` (u16 or
    u32), which list the classes that a row has, ascending, and where each begins in the row.
    """

    kind: str
    n_classes: int
    starts: Bounds | None = None
    pair_start: NDArray[np.uint64] | None = None
    pair_class: Bounds | None = None
    pair_begin: Bounds | None = None

    @property
    def n_bytes(self) -> int:
        """The memory of the bounds."""
        arrays = (self.starts, self.pair_start, self.pair_class, self.pair_begin)
        return sum(array.nbytes for array in arrays if array is not None)


@dataclass(frozen=True, slots=True)
class SegmentLayout:
    """The format of segment bounds, and the types of where segments begin and of classes."""

    kind: str
    begin_dtype: np.dtype[np.unsignedinteger[Any]]
    class_dtype: np.dtype[np.unsignedinteger[Any]]

    @property
    def is_dense(self) -> bool:
        """Whether each row has a bound for each class."""
        return self.kind != "compact"


def choose_segments(
    sizes: NDArray[np.uint64], pairs: NDArray[np.uint64], n_classes: int
) -> SegmentLayout:
    """Return the format that suits rows of several classes.

    ``sizes`` and ``pairs``, both (n_parts, n_rows), count the synapses and the distinct classes of
    each row. Dense bounds are found by one addition, compact ones by a binary search; dense wins
    unless it takes twice the bytes of compact and more than a sixteenth of the targets themselves.
    """
    longest = int(sizes.max(initial=0))
    begin_dtype = np.dtype(np.uint16 if longest <= 0xFFFF else np.uint32)
    class_dtype = np.dtype(np.uint16) if n_classes <= 2**16 else smallest_dtype(n_classes - 1)
    dense_bytes = sizes.size * (n_classes + 1) * begin_dtype.itemsize
    pair_bytes = begin_dtype.itemsize + class_dtype.itemsize
    compact_bytes = 8 * (sizes.size + len(sizes)) + int(pairs.sum()) * pair_bytes
    target_bytes = 4 * int(sizes.sum())
    kind = "dense16" if begin_dtype.itemsize == 2 else "dense32"
    if dense_bytes > max(2 * compact_bytes, target_bytes // 16):
        kind = "compact"
    return SegmentLayout(kind, begin_dtype, class_dtype)


def allocate_segments(
    sizes: NDArray[np.uint64], pairs: NDArray[np.uint64], n_classes: int
) -> Segments:
    """Return unfilled bounds in the format that suits rows of these sizes and distinct classes."""
    if n_classes <= 1:
        return Segments("none", 1)
    layout = choose_segments(sizes, pairs, n_classes)
    begin = layout.begin_dtype
    if layout.is_dense:
        require_memory(sizes.size * (n_classes + 1) * begin.itemsize, "the delay index")
        starts = np.empty((*sizes.shape, n_classes + 1), dtype=begin)
        return Segments(layout.kind, n_classes, starts=starts)
    n_pairs = int(pairs.sum())
    pair_bytes = begin.itemsize + layout.class_dtype.itemsize
    require_memory(8 * (sizes.size + len(sizes)) + n_pairs * pair_bytes, "the delay index")
    return Segments(
        "compact",
        n_classes,
        pair_start=running_starts(pairs),
        pair_class=np.empty(n_pairs, dtype=layout.class_dtype),
        pair_begin=np.empty(n_pairs, dtype=begin),
    )


def running_starts(sizes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return starts u64 (n_parts, n_rows + 1) of consecutive blocks of these sizes."""
    n_parts, n_rows = sizes.shape
    ends = np.cumsum(sizes.reshape(-1), dtype=np.uint64).reshape(n_parts, n_rows)
    starts = np.zeros((n_parts, n_rows + 1), dtype=np.uint64)
    starts[:, 1:] = ends
    if n_rows:
        starts[1:, 0] = ends[:-1, -1]
    return starts
