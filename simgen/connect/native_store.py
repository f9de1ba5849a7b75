"""The store primitives of :mod:`simgen.connect.backend`, by the compiled support library."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.connect.checks import index_dtype, target_dtype
from simgen.connect.native import check_status, longest_row, pointer, struct, support, uints
from simgen.connect.rows import Rows, UIntArray
from simgen.connect.segments import Segments

_FORMATS = {"none": 0, "dense16": 1, "dense32": 1, "compact": 2}


def count(
    rows: Rows,
    bounds: NDArray[np.uint32],
    classes: UIntArray | None,
    n_classes: int,
    *,
    threads: int,
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return synapses and distinct classes of each (partition, row)."""
    shape = (len(bounds) - 1, rows.n_source)
    sizes, pairs = np.zeros(shape, dtype=np.uint64), np.zeros(shape, dtype=np.uint64)
    job = _store_job(rows, bounds, classes, n_classes, threads)
    check_status(support().sg_store_count(job, pointer(sizes), pointer(pairs)), "counting synapses")
    return sizes, pairs


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
    targets = np.empty(rows.n, dtype=target_dtype(rows.n_target))
    job = _store_job(rows, bounds, classes, segments.n_classes, threads)
    fields = {"row_start": pointer(row_start), "targets": uints(targets), "order": uints(order)}
    fields |= {"creation": uints(rows.creation_of_row_order), "sink": segment_sink(segments, 0)[0]}
    check_status(support().sg_store_fill(job, struct("sg_store_out", fields)), "sorting synapses")
    return targets


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
    col_start = np.empty(n_columns + 1, dtype=np.uint64)
    n = int(row_start[-1] - row_start[0])
    positions = np.empty(n, dtype=index_dtype(len(targets)))
    status = support().sg_transpose(
        pointer(row_start),
        len(row_start) - 1,
        uints(targets),
        first,
        n_columns,
        pointer(col_start),
        uints(positions),
        pointer(sources),
        threads,
    )
    check_status(status, "building columns")
    return col_start, positions


def column_pairs(
    col_start: NDArray[np.uint64],
    positions: UIntArray,
    classes: UIntArray,
    n_classes: int,
    *,
    threads: int,
) -> NDArray[np.uint64]:
    """Return the number of distinct classes of each column."""
    pairs = np.zeros(len(col_start) - 1, dtype=np.uint64)
    job = _column_job(col_start, classes, n_classes, threads)
    status = support().sg_columns_count(job, uints(positions), pointer(pairs))
    check_status(status, "counting delay classes")
    return pairs


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
    job = _column_job(col_start, classes, segments.n_classes, threads)
    status = support().sg_columns_sort(
        job, uints(positions), pointer(sources), segment_sink(segments, 0)
    )
    check_status(status, "sorting columns")


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
    n_parts, n_starts = row_start.shape
    longest = int(np.diff(row_start, axis=1).sum(axis=0).max(initial=0))
    status = support().sg_order_again(
        pointer(row_start),
        uints(targets),
        n_starts - 1,
        n_parts,
        n_target,
        one_class,
        longest,
        uints(order),
        threads,
    )
    check_status(status, "recomputing the creation order")


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
    support().sg_expand(
        pointer(row_start[part]),
        row_start.shape[1] - 1,
        segment_sink(segments, part),
        uints(sources),
        uints(classes),
        threads,
    )


def move(
    out: NDArray[Any], values: NDArray[Any], order: UIntArray, *, gather: bool, threads: int
) -> None:
    """Do out[k] = values[order[k]] if ``gather``, else out[order[k]] = values[k]."""
    n, size = len(order), out.dtype.itemsize
    support().sg_move(
        pointer(out),
        pointer(values),
        size,
        uints(order),
        n,
        int(gather),
        threads,
    )


def release_memory() -> None:
    """Give freed memory back to the system."""
    support().sg_release_memory()


def _store_job(
    rows: Rows,
    bounds: NDArray[np.uint32],
    classes: UIntArray | None,
    n_classes: int,
    threads: int,
) -> Any:
    """Return the C struct (untyped) that describes rows to be sorted."""
    fields = {"row_start": pointer(rows.row_start), "targets": pointer(rows.targets)}
    fields |= {"n_rows": rows.n_source, "bounds": pointer(bounds), "n_parts": len(bounds) - 1}
    fields |= {"cls": uints(classes), "n_classes": n_classes, "sorted": int(rows.sorted)}
    fields |= {"target_bits": max(1, rows.n_target.bit_length()), "n_threads": threads}
    fields |= {"longest_row": longest_row(rows.row_start)}
    return struct("sg_store_job", fields)


def _column_job(
    col_start: NDArray[np.uint64], classes: UIntArray, n_classes: int, threads: int
) -> Any:
    """Return the C struct (untyped) that describes columns to be sorted."""
    fields = {"col_start": pointer(col_start), "n_cols": len(col_start) - 1, "cls": uints(classes)}
    fields |= {"n_classes": n_classes, "longest": longest_row(col_start), "n_threads": threads}
    return struct("sg_column_job", fields)


def segment_sink(segments: Segments, part: int) -> Any:
    """Return the C struct (untyped) of the bounds of ``part`` and the partitions after it."""
    starts = None if segments.starts is None else segments.starts[part:]
    pair_start = None if segments.pair_start is None else segments.pair_start[part:]
    fields = {"format": _FORMATS[segments.kind], "n_classes": segments.n_classes}
    fields |= {"starts": uints(starts), "pair_start": pointer(pair_start)}
    fields |= {"pair_class": uints(segments.pair_class), "pair_begin": uints(segments.pair_begin)}
    return struct("sg_segment_sink", fields)
