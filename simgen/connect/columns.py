"""Columns of a store: for each target the positions of its synapses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.connect.backend import choose_backend
from simgen.connect.checks import check_threads, index_dtype, require_memory
from simgen.connect.rows import UIntArray
from simgen.connect.segments import Segments, allocate_segments
from simgen.connect.store import RowStore, delay_classes_of
from simgen.errors import ArgumentTypeError, IndexRangeError, ModelError


@dataclass(frozen=True, slots=True, eq=False)
class ColumnIndex:
    """The columns of one partition, column c being target ``first_target + c``.

    ``col_start``: uint64 (n_columns + 1,). ``positions``: uint32 or uint64, absolute positions in
    the store, ascending in each column; in a column sorted by delay class, ascending in each class.
    ``sources``: uint32, the source neuron of each entry, or None. ``segments`` bounds the classes,
    with columns in place of rows and entries of ``positions`` in place of synapses.
    """

    first_target: int
    col_start: NDArray[np.uint64]
    positions: UIntArray
    sources: NDArray[np.uint32] | None
    segments: Segments

    @property
    def n_columns(self) -> int:
        """The number of targets."""
        return len(self.col_start) - 1


def build_columns(
    store: RowStore,
    part: int = 0,
    *,
    with_source: bool = False,
    by_delay: bool = False,
    post_delay_class: UIntArray | None = None,
    n_post_classes: int = 1,
    threads: int = 1,
) -> ColumnIndex:
    """Return the columns of partition ``part``.

    ``by_delay`` sorts each column by the store's own delay classes, so that code that walks a
    column knows the class without storing it; ``post_delay_class`` (uint8, 16 or 32 (n,), in
    storage order) sorts by other classes, those of a post pathway with its own delays.

    A stable counting transposition. Measured: 10 million synapses onto 10,000 targets take 0.06 s
    by one thread (Zen 4), 0.11 s with the sources, 0.14 s if sorted by class.
    """
    threads = check_threads(threads)
    if not 0 <= part < store.n_parts:
        raise IndexRangeError(f"partition {part} of a store that has {store.n_parts}")
    classes, n_classes = _choose_classes(store, by_delay, post_delay_class, n_post_classes, threads)
    begin, end = store.part_range(part)
    first, last = int(store.part_bounds[part]), int(store.part_bounds[part + 1])
    width = index_dtype(store.n).itemsize + (4 if with_source else 0)
    require_memory(width * (end - begin) + 8 * (last - first), "an index of columns")
    sources = np.empty(end - begin, dtype=np.uint32) if with_source else None
    kernels = choose_backend(end - begin).stores
    col_start, positions = kernels.column_positions(
        store.row_start[part], store.targets, first, last - first, sources, threads=threads
    )
    segments = Segments("none", 1)
    if classes is not None:
        pairs = kernels.column_pairs(col_start, positions, classes, n_classes, threads=threads)
        sizes = np.diff(col_start).reshape(1, -1)
        segments = allocate_segments(sizes, pairs.reshape(1, -1), n_classes)
        kernels.sort_columns(col_start, positions, sources, classes, segments, threads=threads)
    return ColumnIndex(first, col_start, positions, sources, segments)


def joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return arrays of all parts as one, without a copy where there is a single part."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _choose_classes(
    store: RowStore, by_delay: bool, post: UIntArray | None, n_post_classes: int, threads: int
) -> tuple[UIntArray | None, int]:
    if post is None:
        if not by_delay or store.segments.n_classes == 1:
            return None, 1
        return delay_classes_of(store, threads=threads), store.segments.n_classes
    if by_delay:
        raise ModelError("a column is sorted either by the store's delays or by post delays")
    if post.dtype not in (np.uint8, np.uint16, np.uint32):
        raise ArgumentTypeError(f"delay classes must be uint8, 16 or 32, but are {post.dtype}")
    if post.shape != (store.n,):
        raise ModelError(f"{store.n:,} synapses need as many delay classes, not {post.shape}")
    if store.n and int(post.max()) >= n_post_classes:
        raise IndexRangeError(f"delay class {int(post.max())} is not below {n_post_classes}")
    return (np.ascontiguousarray(post), n_post_classes) if n_post_classes > 1 else (None, 1)
