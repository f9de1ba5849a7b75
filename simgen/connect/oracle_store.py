"""The store primitives of :mod:`simgen.connect.backend` in numpy, equal to the compiled ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.connect.checks import index_dtype, target_dtype
from simgen.connect.rows import Rows, UIntArray
from simgen.connect.segments import Segments
from simgen.errors import InternalError

_I64 = NDArray[np.int64]


def _blocks(
    rows: Rows, bounds: NDArray[np.uint32], classes: UIntArray | None, n_classes: int
) -> tuple[_I64, _I64]:
    """Return block = part * n_rows + row of each synapse, and block * n_classes + class."""
    part = np.searchsorted(bounds, rows.targets, side="right") - 1
    block = part * rows.n_source + rows.sources()
    return block, block * n_classes + (0 if classes is None else classes.astype(np.int64))


def count(
    rows: Rows,
    bounds: NDArray[np.uint32],
    classes: UIntArray | None,
    n_classes: int,
    *,
    threads: int,
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return synapses and distinct classes of each (partition, row)."""
    del threads
    shape = (len(bounds) - 1, rows.n_source)
    block, bucket = _blocks(rows, bounds, classes, n_classes)
    n = shape[0] * shape[1]
    sizes = np.bincount(block, minlength=n).astype(np.uint64)
    pairs = np.bincount(np.unique(bucket) // n_classes, minlength=n).astype(np.uint64)
    return sizes.reshape(shape), pairs.reshape(shape)


def fill(
    rows: Rows,
    bounds: NDArray[np.uint32],
    classes: UIntArray | None,
    row_start: NDArray[np.uint64],
    segments: Segments,
    order: UIntArray | None,
    *,
    threads: int,
) -> UIntArray:
    """Return the sorted targets; write the segment bounds and the order."""
    del threads
    _, bucket = _blocks(rows, bounds, classes, segments.n_classes)
    moved = np.lexsort((rows.targets, bucket))  # stable
    if order is not None:
        creation = rows.creation_of_row_order
        order[:] = moved if creation is None else creation[moved]
    _write_bounds(bucket[moved], row_start, segments)
    return rows.targets[moved].astype(target_dtype(rows.n_target), copy=False)


def _write_bounds(bucket: _I64, row_start: NDArray[np.uint64], segments: Segments) -> None:
    """Write the bounds of synapses sorted by ``bucket``, that is block * n_classes + class."""
    if segments.starts is not None:
        sizes = np.bincount(bucket, minlength=segments.starts[..., 1:].size)
        ends = np.cumsum(sizes.reshape(segments.starts[..., 1:].shape), axis=-1)
        segments.starts[..., 0] = 0
        segments.starts[..., 1:] = ends
    elif segments.pair_class is not None and segments.pair_begin is not None:
        present, first = np.unique(bucket, return_index=True)
        segments.pair_class[:] = present % segments.n_classes
        base = row_start[:, :-1].reshape(-1)[present // segments.n_classes]
        segments.pair_begin[:] = first - (base - row_start[0, 0]).astype(np.int64)


def column_positions(
    row_start: NDArray[np.uint64],
    targets: UIntArray,
    first: int,
    n_columns: int,
    sources: NDArray[np.uint32] | None,
    *,
    threads: int,
) -> tuple[NDArray[np.uint64], UIntArray]:
    """Return column starts and positions; write the sources."""
    del threads
    begin, end = int(row_start[0]), int(row_start[-1])
    column = targets[begin:end].astype(np.int64) - first
    order = np.argsort(column, kind="stable")
    col_start = np.zeros(n_columns + 1, dtype=np.uint64)
    np.cumsum(np.bincount(column, minlength=n_columns), out=col_start[1:])
    if sources is not None:
        rows = np.arange(len(row_start) - 1, dtype=np.uint32)
        sources[:] = np.repeat(rows, np.diff(row_start).astype(np.int64))[order]
    return col_start, (order + begin).astype(index_dtype(len(targets)))


def _column_buckets(
    col_start: NDArray[np.uint64], positions: UIntArray, classes: UIntArray, n_classes: int
) -> _I64:
    columns = np.repeat(np.arange(len(col_start) - 1), np.diff(col_start).astype(np.int64))
    return columns * n_classes + classes[positions].astype(np.int64)


def column_pairs(
    col_start: NDArray[np.uint64],
    positions: UIntArray,
    classes: UIntArray,
    n_classes: int,
    *,
    threads: int,
) -> NDArray[np.uint64]:
    """Return the number of distinct classes of each column."""
    del threads
    present = np.unique(_column_buckets(col_start, positions, classes, n_classes))
    counts = np.bincount(present // n_classes, minlength=len(col_start) - 1)
    return counts.astype(np.uint64)


def sort_columns(
    col_start: NDArray[np.uint64],
    positions: UIntArray,
    sources: NDArray[np.uint32] | None,
    classes: UIntArray,
    segments: Segments,
    *,
    threads: int,
) -> None:
    """Sort each column by (class, position) in place and write the segment bounds."""
    del threads
    bucket = _column_buckets(col_start, positions, classes, segments.n_classes)
    order = np.argsort(bucket, kind="stable")
    positions[:] = positions[order]
    if sources is not None:
        sources[:] = sources[order]
    _write_bounds(bucket[order], col_start.reshape(1, -1), segments)


def recompute_order(
    row_start: NDArray[np.uint64],
    targets: UIntArray,
    n_target: int,
    order: UIntArray,
    *,
    one_class: bool,
    threads: int,
) -> None:
    """Write the creation index of each position of a store made in (source, target) order."""
    del threads, n_target, one_class
    n_rows = row_start.shape[1] - 1
    sizes = np.diff(row_start, axis=1).astype(np.int64).reshape(-1)
    rows = np.repeat(np.arange(sizes.size) % max(n_rows, 1), sizes)
    order[np.lexsort((targets, rows))] = np.arange(len(targets))


def expand(
    row_start: NDArray[np.uint64],
    segments: Segments,
    part: int,
    sources: UIntArray | None,
    classes: UIntArray | None,
    *,
    threads: int,
) -> None:
    """Write the source and the delay class of each position of one partition."""
    del threads
    starts = row_start[part]
    begin, end = int(starts[0]), int(starts[-1])
    n_rows = len(starts) - 1
    if sources is not None:
        sources[begin:end] = np.repeat(np.arange(n_rows), np.diff(starts).astype(np.int64))
    if classes is None:
        return
    if segments.kind == "none":
        classes[begin:end] = 0
    elif segments.starts is not None:
        sizes = np.diff(segments.starts[part].astype(np.int64), axis=1).reshape(-1)
        classes[begin:end] = np.repeat(np.arange(sizes.size) % segments.n_classes, sizes)
    elif segments.pair_start is not None and segments.pair_class is not None:
        pairs = slice(int(segments.pair_start[part, 0]), int(segments.pair_start[part, -1]))
        counts = np.diff(segments.pair_start[part]).astype(np.int64)
        if segments.pair_begin is None:
            raise InternalError("compact segments without the beginnings of their pairs")
        bases = np.repeat(starts[:-1].astype(np.int64), counts)
        first = bases + segments.pair_begin[pairs].astype(np.int64)
        sizes = np.diff(np.append(first, end))
        classes[begin:end] = np.repeat(segments.pair_class[pairs], sizes)


def move(
    out: NDArray[Any], values: NDArray[Any], order: UIntArray, *, gather: bool, threads: int
) -> None:
    """Do out[k] = values[order[k]] if ``gather``, else out[order[k]] = values[k]."""
    del threads
    if gather:
        np.take(values, order.astype(np.int64, copy=False), out=out)  # numpy 2.0 wants that
    else:
        out[order] = values


def release_memory() -> None:
    """Do nothing: where there is no compiler, arrays are small."""
