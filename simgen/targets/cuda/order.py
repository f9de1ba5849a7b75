"""Which kernels the threads of a device may run in any order, and what they update atomically.

The meaning of a kernel is its elements one after the other. Any order gives the same if what is
written is each element's own, or is written in one class that commutes: sums and products, which
are then atomic, or one value for all. Else synapses of different targets (or sources) may still be
taken side by side, those of each in order; and what is left runs in one thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from simgen.ir.expr import (
    Array,
    Expr,
    Gather,
    Index,
    IndexKind,
    IndexValue,
    Load,
    Local,
)
from simgen.ir.kernel import (
    Kernel,
    Once,
    OverCarried,
    OverElements,
    OverEvents,
    OverFanIn,
    OverFanOut,
    OverIndices,
    OverSynapses,
)
from simgen.ir.stmt import Accumulate, Append, Scatter, Stmt, Store
from simgen.ir.visit import all_nodes, flatten, reads, stays, walk
from simgen.targets.cuda.remembered import remembered
from simgen.targets.effects import Owner, kernel_effects

_WALKS = (OverFanOut, OverFanIn, OverSynapses)
_OF_SOURCES = (IndexKind.PRE, IndexKind.SYNAPSE)


class Order(Enum):
    """How the elements of a kernel are shared out."""

    FREE = "free"  # to all threads, in any order
    OWNED = "owned"  # each target (or source) to one thread or warp, its synapses in order
    SERIAL = "serial"  # to one thread, in order


@dataclass(frozen=True, slots=True)
class Plan:
    """The order of a kernel, the arrays whose writes must be atomic, and whose order is kept.

    What a kernel adds to the arrays ``into`` goes to the sums of the step, and a loop over elements
    ``takes`` up those of the step before (see sums.py). ``earlier``: where spikes take a step at
    least, it may run while those of the step are found. A loop over elements records what
    ``first`` and ``then`` do before it begins and when its lists of events are whole (see
    fold_records.py).
    """

    order: Order
    atomic: frozenset[str] = frozenset()
    owner: IndexKind = IndexKind.POST
    into: tuple[Array, ...] = ()
    takes: tuple[Array, ...] = ()
    earlier: bool = False
    first: tuple[Kernel, ...] = ()
    then: tuple[Kernel, ...] = ()


@remembered
def plan_kernel(kernel: Kernel, deterministic: bool = False) -> Plan:
    """Return how a kernel may be run; ``deterministic`` keeps the order of floating sums."""
    if isinstance(kernel.domain, Once):
        return Plan(Order.SERIAL)
    atomic = _commuting(kernel)
    if atomic is not None and not (deterministic and _rounds(kernel, atomic)):
        return Plan(Order.FREE, frozenset(array.name for array in atomic))
    if isinstance(kernel.domain, _WALKS) and kernel_effects(kernel).owner is Owner.PART:
        return Plan(Order.OWNED)
    if isinstance(kernel.domain, OverFanOut | OverSynapses) and _stays_with_sources(kernel):
        return Plan(Order.OWNED, owner=IndexKind.PRE)
    return Plan(Order.SERIAL)


def _rounds(kernel: Kernel, atomic: frozenset[Array]) -> bool:
    """Return whether a floating sum or product is among what several elements update."""
    sums = {
        s.array for s in flatten(kernel.body) if isinstance(s, Accumulate) and s.op in ("+", "*")
    }
    return any(array.dtype.is_float for array in sums & atomic)


def _stays_with_sources(kernel: Kernel) -> bool:
    """Return whether all that is written is used at the synapse and its source only.

    A list of all synapses has those of a source scattered; that of a delivery has them together.
    """
    if isinstance(kernel.domain, OverSynapses) and kernel.domain.listed:
        return False
    statements = [s for s in flatten(kernel.body) if isinstance(s, Store | Accumulate)]
    written = {stmt.array.name for stmt in statements}
    indices: list[Index | None] = [stmt.index for stmt in statements]
    indices += [index for array, index in _reads(kernel) if array.name in written]
    outside = {array.name for array in _frame_arrays(kernel)}
    own = (index is not None and index.distinct and index.kind in _OF_SOURCES for index in indices)
    return not written & outside and all(own)


def _commuting(kernel: Kernel) -> frozenset[Array] | None:
    """Return the arrays that are updated by several elements, None if their order matters."""
    if not _appends_fit(kernel):
        return None
    writers: dict[Array, list[Store | Accumulate | Scatter]] = {}
    for stmt in flatten(kernel.body):
        if isinstance(stmt, Store | Accumulate | Scatter):
            writers.setdefault(stmt.array, []).append(stmt)
    read: dict[str, set[Index | None]] = {}
    for array, index in _reads(kernel):
        read.setdefault(array.name, set()).add(index)
    outside = {array.name for array in _frame_arrays(kernel)}
    distinct = _distinct(kernel)
    written = {array.name for array in writers}
    atomic = set()
    for array, statements in writers.items():
        indices = read.get(array.name, set())
        if array.name in outside:
            return None
        own = {None if isinstance(s, Scatter) else s.index for s in statements}
        if own | indices <= distinct and len(own | indices) == 1:
            continue
        if indices or not _is_one_class(statements, kernel, written):
            return None
        if not isinstance(statements[0], Scatter):
            atomic.add(array)
    return frozenset(atomic)


def _appends_fit(kernel: Kernel) -> bool:
    """Return whether each element appends equally often, so that its place is known."""
    everywhere = sum(isinstance(stmt, Append) for stmt in flatten(kernel.body))
    return everywhere == sum(isinstance(stmt, Append) for stmt in kernel.body)


def _reads(kernel: Kernel) -> Iterator[tuple[Array, Index | None]]:
    """Yield the reads of the body, those of index arrays included."""
    yield from reads(kernel.body)
    yield from index_reads(kernel)


def index_reads(kernel: Kernel) -> Iterator[tuple[Array, Index]]:
    """Yield the index arrays that writes and index values go through."""
    indices = [s.index for s in flatten(kernel.body) if isinstance(s, Store | Accumulate)]
    indices += [node.index for node in all_nodes(kernel.body) if isinstance(node, IndexValue)]
    for index in indices:
        if index.via is not None:
            yield index.via, Index(index.kind)


def _frame_arrays(kernel: Kernel) -> Iterator[Array]:
    """Yield the arrays that are read before the loop, at a time of each thread's own."""
    roots: list[Expr] = [stmt.value for stmt in kernel.prologue]
    match kernel.domain:
        case OverElements(start=start, stop=stop) | OverEvents(start=start, stop=stop):
            roots += [start, stop]
        case OverFanIn(delay=delay, delays=delays, born=born):
            roots += [delay] if born is None else [delay, born]
            if delays is not None:
                yield delays
        case OverFanOut(delays=delays, born=born):
            roots += [] if born is None else [born]
            yield delays
        case OverCarried(steps=steps, positions=positions):
            yield from (steps, positions)
        case OverIndices(indices=indices):
            yield indices
        case _:
            pass
    for root in roots:
        for node in walk(root):
            if isinstance(node, Load | Gather):
                yield node.array


def _distinct(kernel: Kernel) -> set[Index | None]:
    """Return the running indices of which no two elements of the domain share a value."""
    match kernel.domain:
        case OverElements():
            return {Index(IndexKind.ELEMENT)}
        case OverEvents():
            return {Index(IndexKind.ELEMENT), Index(IndexKind.EVENT)}
        case OverFanIn():
            return {Index(IndexKind.SYNAPSE), Index(IndexKind.ENTRY)}
        case OverFanOut() | OverSynapses():
            return {Index(IndexKind.SYNAPSE)}
        case _:
            return set()


def _is_one_class(
    statements: list[Store | Accumulate | Scatter], kernel: Kernel, written: set[str]
) -> bool:
    """Return whether writes commute: one kind of accumulation, or one value for all elements."""
    first = statements[0]
    if isinstance(first, Accumulate):
        return all(isinstance(s, Accumulate) and s.op == first.op for s in statements)
    if isinstance(first, Scatter):
        return len(statements) == 1  # its positions differ
    value = first.value
    same = all(isinstance(s, Store) and s.value == value for s in statements)
    return same and _is_shared(value, kernel.body, written)


def _is_shared(value: Expr, body: tuple[Stmt, ...], written: set[str]) -> bool:
    """Return whether a value is the same for all elements."""
    own = {getattr(stmt, "local", None) for stmt in flatten(body)}
    for node in walk(value):
        match node:
            case _ if stays(node):
                return False
            case Local() if node in own:
                return False
            case Load(array=array, index=index):
                if index.kind is not IndexKind.ZERO or array.name in written:
                    return False
            case Gather(array=array) if array.name in written:
                return False
            case IndexValue(index=index) if index.kind is not IndexKind.ZERO:
                return False
            case _:
                pass
    return True
