"""Rows to a store: synapses sorted by (partition, source, delay class, target).

A store is the order in which a program walks synapses. Each partition holds the synapses onto one
contiguous range of targets, the part of one thread or device. Positions number the synapses in
storage order through all partitions, so that every synaptic variable is one array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simgen.connect.backend import choose_backend
from simgen.connect.checks import (
    check_threads,
    index_dtype,
    require_memory,
    smallest_dtype,
    target_dtype,
)
from simgen.connect.rows import Rows, UIntArray
from simgen.connect.segments import Segments, allocate_segments, running_starts
from simgen.errors import ArgumentTypeError, IndexRangeError, InternalError, ModelError

_WORTH_RELEASING = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class RowStore:
    """Synapses in storage order.

    ``row_start``: uint64 (n_parts, n_source + 1), absolute positions. ``targets``: (n,), uint16 if
    all targets of the group fit, which saves memory and time (:func:`target_dtype`), else uint32.
    ``part_bounds``: uint32 (n_parts + 1,); partition p owns targets [part_bounds[p],
    part_bounds[p + 1]). ``order``: uint32 or uint64 (n,), the creation index of each position, if
    it was asked for. ``recomputable`` says that :func:`recompute_order` can give it back.
    """

    row_start: NDArray[np.uint64]
    targets: UIntArray
    n_target: int
    part_bounds: NDArray[np.uint32]
    segments: Segments
    order: UIntArray | None
    recomputable: bool

    @property
    def n(self) -> int:
        """The number of synapses."""
        return len(self.targets)

    @property
    def n_parts(self) -> int:
        """The number of partitions."""
        return len(self.row_start)

    @property
    def n_source(self) -> int:
        """The number of source neurons."""
        return int(self.row_start.shape[1]) - 1

    @property
    def n_bytes(self) -> int:
        """The memory of the index arrays."""
        order = 0 if self.order is None else self.order.nbytes
        return self.row_start.nbytes + self.targets.nbytes + self.segments.n_bytes + order

    def part_range(self, part: int) -> tuple[int, int]:
        """Return the positions [begin, end) of a partition."""
        return int(self.row_start[part, 0]), int(self.row_start[part, -1])


def build_store(
    rows: Rows,
    delay_class: UIntArray | None = None,
    n_classes: int = 1,
    part_bounds: ArrayLike | None = None,
    *,
    with_order: bool = False,
    threads: int = 1,
) -> RowStore:
    """Return ``rows`` sorted by (partition, source, delay class, target).

    ``delay_class``: uint8, uint16 or uint32 (n,), the class of each synapse in row order, each
    below ``n_classes``; None for one class. ``part_bounds``: ascending targets from 0 to n_target,
    one partition between each two neighbours. Synapses equal in all of these keep their creation
    order.

    Measured: 10 million synapses in 50 delay classes and one partition take 0.08 s by one thread
    (Zen 4), 0.10 s with the order, 0.16 s in 4 partitions; unsorted rows take 0.17 s.
    """
    threads = check_threads(threads)
    bounds = _check_bounds(part_bounds, rows.n_target)
    classes = _check_classes(delay_class, n_classes, rows.n)
    n_classes = n_classes if classes is not None else 1
    if (len(bounds) - 1) * n_classes >= 2**32:
        raise ModelError(
            f"{len(bounds) - 1} partitions of {n_classes:,} delay classes are too many"
        )
    order_bytes = index_dtype(rows.n).itemsize * rows.n if with_order else 0
    dtype = target_dtype(rows.n_target)
    require_memory(dtype.itemsize * rows.n + order_bytes, f"a store of {rows.n:,} synapses")
    order = np.empty(rows.n, dtype=index_dtype(rows.n)) if with_order else None
    recomputable = rows.creation_of_row_order is None and rows.sorted
    recomputable &= n_classes == 1 or not rows.multapses
    if rows.sorted and n_classes == 1 and len(bounds) == 2:
        if order is not None and rows.creation_of_row_order is not None:
            order[:] = rows.creation_of_row_order
        elif order is not None:
            order[:] = np.arange(rows.n, dtype=order.dtype)
        start = rows.row_start.reshape(1, -1)
        one = Segments("none", 1)
        targets = rows.targets.astype(dtype, copy=False)
        return RowStore(start, targets, rows.n_target, bounds, one, order, recomputable)
    kernels = choose_backend(rows.n).stores
    sizes, pairs = kernels.count(rows, bounds, classes, n_classes, threads=threads)
    row_start = running_starts(sizes)
    segments = allocate_segments(sizes, pairs, n_classes)
    targets = kernels.fill(rows, bounds, classes, row_start, segments, order, threads=threads)
    return RowStore(row_start, targets, rows.n_target, bounds, segments, order, recomputable)


def _check_bounds(part_bounds: ArrayLike | None, n_target: int) -> NDArray[np.uint32]:
    wanted = [0, n_target] if part_bounds is None else part_bounds
    bounds = np.asarray(wanted)
    if bounds.ndim != 1 or len(bounds) < 2 or bounds.dtype.kind not in "iu":
        raise ModelError("partition bounds must be a list of at least two whole numbers")
    if int(bounds[0]) != 0 or int(bounds[-1]) != n_target or np.any(bounds[1:] < bounds[:-1]):
        raise ModelError(f"partition bounds must ascend from 0 to {n_target:,}, but are {bounds}")
    return np.ascontiguousarray(bounds, dtype=np.uint32)


def _check_classes(classes: UIntArray | None, n_classes: int, n: int) -> UIntArray | None:
    if n_classes < 1:
        raise ModelError(f"there must be at least one delay class, but n_classes is {n_classes}")
    if classes is None:
        if n_classes != 1:
            raise ModelError(f"{n_classes} delay classes need the class of each synapse")
        return None
    if classes.dtype not in (np.uint8, np.uint16, np.uint32):
        raise ArgumentTypeError(f"delay classes must be uint8, 16 or 32, but are {classes.dtype}")
    if classes.shape != (n,):
        raise ModelError(f"{n:,} synapses need as many delay classes, not {classes.shape}")
    if n and int(classes.max()) >= n_classes:
        place = int(classes.argmax())
        raise IndexRangeError(
            f"delay class {int(classes[place])} of synapse {place} is not below {n_classes}"
        )
    return np.ascontiguousarray(classes) if n_classes > 1 else None


def is_zero(values: NDArray[Any]) -> bool:
    """Whether all bits are zero, which the first that is not tells at once; -0.0 has one."""
    return not np.any(values.view(f"u{values.dtype.itemsize}"))


def recompute_order(store: RowStore, *, threads: int = 1) -> UIntArray:
    """Return the creation index of each position: uint32 or uint64 (n,).

    Only for stores whose rows were created in the order (source, target) without repeated pairs (or
    with one delay class), which :attr:`RowStore.recomputable` says.
    """
    if not store.recomputable:
        raise InternalError("the creation order of this store cannot be recomputed")
    require_memory(index_dtype(store.n).itemsize * store.n, "the creation order")
    order = np.empty(store.n, dtype=index_dtype(store.n))
    choose_backend(store.n).stores.recompute_order(
        store.row_start,
        store.targets,
        store.n_target,
        order,
        one_class=store.segments.n_classes == 1,
        threads=check_threads(threads),
    )
    return order


def sources_of(store: RowStore, *, threads: int = 1) -> NDArray[np.uint32]:
    """Return the source neuron of each position: uint32 (n,)."""
    out = np.empty(store.n, dtype=np.uint32)
    kernels = choose_backend(store.n).stores
    for part in range(store.n_parts):
        kernels.expand(store.row_start, store.segments, part, out, None, threads=threads)
    return out


def delay_classes_of(store: RowStore, *, threads: int = 1) -> UIntArray:
    """Return the delay class of each position: uint8, uint16 or uint32 (n,)."""
    out = np.empty(store.n, dtype=smallest_dtype(store.segments.n_classes - 1))
    kernels = choose_backend(store.n).stores
    for part in range(store.n_parts):
        kernels.expand(store.row_start, store.segments, part, None, out, threads=threads)
    return out


def gather_into_storage(
    values: NDArray[Any], order: UIntArray, out: NDArray[Any], *, threads: int = 1
) -> None:
    """Write out[k] = values[order[k]]: values in creation order come to storage order."""
    _move(values, order, out, gather=True, threads=threads)


def scatter_to_creation(
    values: NDArray[Any], order: UIntArray, out: NDArray[Any], *, threads: int = 1
) -> None:
    """Write out[order[k]] = values[k]: values in storage order come to creation order."""
    _move(values, order, out, gather=False, threads=threads)


def take(values: NDArray[Any], places: UIntArray, *, threads: int = 1) -> NDArray[Any]:
    """Return values[places], a new array; faster than numpy by two threads or more."""
    out = np.empty(places.shape, values.dtype)
    if places.size and int(places.max()) >= len(values):
        raise IndexRangeError(f"index {int(places.max())} of {len(values):,} values")
    source = np.ascontiguousarray(values)
    kernels = choose_backend(len(places)).stores
    kernels.move(out, source, places, gather=True, threads=check_threads(threads))
    return out


def release_memory(n_synapses: int) -> None:
    """Give what was freed while so many synapses were built or moved back to the system.

    The C library keeps it otherwise, up to 32 MB a block: more than a byte for each of 10 million
    synapses. Few synapses are not worth the time.
    """
    if n_synapses >= _WORTH_RELEASING:
        choose_backend(n_synapses).stores.release_memory()


def _move(
    values: NDArray[Any], order: UIntArray, out: NDArray[Any], *, gather: bool, threads: int
) -> None:
    if values.dtype != out.dtype or values.dtype.hasobject:
        raise ArgumentTypeError(f"values of dtype {values.dtype} cannot be moved to {out.dtype}")
    if not (values.shape == order.shape == out.shape) or values.ndim != 1:
        raise ModelError(
            f"{values.shape} values, an order of {order.shape} and room for {out.shape} do not fit"
        )
    if order.dtype not in (np.uint32, np.uint64):
        raise ArgumentTypeError(f"an order must be uint32 or uint64, but is {order.dtype}")
    if not out.flags.c_contiguous or not out.flags.writeable or np.shares_memory(values, out):
        raise ArgumentTypeError("the output must be a contiguous, writable array of its own")
    if len(order) and int(order.max()) >= len(order):
        raise IndexRangeError(f"index {int(order.max())} of an order of {len(order):,} values")
    source = np.ascontiguousarray(values)
    kernels = choose_backend(len(order)).stores
    kernels.move(out, source, order, gather=gather, threads=check_threads(threads))
