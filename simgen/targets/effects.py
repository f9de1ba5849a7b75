"""Which kernels can be split by parts, and what each of them touches.

A part owns a contiguous range of each group and the synapses that end there (performance page,
partition by target). A kernel is split if all it writes is its part's own, and if nothing it
writes is read by another part in the same pass. Where code writes variables of sources, a part owns
the synapses that start in its range instead. All others run on one thread, in canonical order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from simgen.ir.expr import Expr, Gather, Index, IndexKind, Load
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
from simgen.ir.stmt import Append, Emit, EmitTable
from simgen.ir.visit import flatten, reads, walk, writes

_SERIAL = "(the first thread)"  # the partition of a kernel that is not split


@dataclass(frozen=True, slots=True)
class Access:
    """A use of a named value: each part uses only its own of ``partition``, or (None) any of it.

    ``delayed``: what is read was written as many steps before as the shortest delay has.
    """

    name: str
    partition: str | None
    writes: bool
    delayed: bool = False

    def conflicts(self, other: Access) -> bool:
        """Whether the order of two uses matters where different threads make them."""
        same = self.partition is not None and self.partition == other.partition
        return self.name == other.name and (self.writes or other.writes) and not same


class Owner(Enum):
    """What of a kernel a part has: its own elements or synapses, by their target or source."""

    PART = "its own elements, or the synapses that end at them"
    SOURCE = "the synapses that start at its own elements"
    FIRST = "everything, in the first thread"


@dataclass(frozen=True, slots=True)
class Effects:
    """Who does what of a kernel, and what it touches."""

    owner: Owner
    accesses: frozenset[Access]

    @property
    def split(self) -> bool:
        """Whether the parts share the work."""
        return self.owner is not Owner.FIRST


def kernel_effects(kernel: Kernel) -> Effects:
    """Return the effects of a kernel."""
    owned = _owned_indices(kernel)
    accesses = {*_body_accesses(kernel, owned), *_domain_accesses(kernel)}
    if _may_be_split(kernel):
        if _stays_inside(accesses):
            return Effects(Owner.PART, frozenset(accesses))
        by_source = _accesses_by_source(kernel)
        if by_source is not None and _stays_inside(by_source):
            return Effects(Owner.SOURCE, frozenset(by_source))
    return Effects(
        Owner.FIRST, frozenset(replace(access, partition=_SERIAL) for access in accesses)
    )


def _may_be_split(kernel: Kernel) -> bool:
    """Return whether parts may do a kernel in any order, as far as its kind is concerned."""
    if isinstance(kernel.domain, Once | OverIndices | OverCarried) or _is_listed(kernel):
        return False
    return not any(isinstance(stmt, Append | EmitTable) for stmt in flatten(kernel.body))


def _stays_inside(accesses: set[Access]) -> bool:
    """Return whether each part uses only its own of what is written."""
    written = {access.name for access in accesses if access.writes}
    return all(access.partition is not None for access in accesses if access.name in written)


def _accesses_by_source(kernel: Kernel) -> set[Access] | None:
    """Return the accesses of a walk by parts that own its sources, None if there are none."""
    domain = kernel.domain
    if not isinstance(domain, OverFanOut | OverSynapses):
        return None
    store = domain.store
    owned = {IndexKind.PRE: store.source_length, IndexKind.SYNAPSE: f"{store.name} by source"}
    owned[IndexKind.EVENT] = store.source_length
    accesses = set(_body_accesses(kernel, owned))
    if isinstance(domain, OverFanOut):  # a part walks the spikes of its own sources only
        if domain.events.length != store.source_length:
            return None
        spikes = Access(f"{domain.events.name}.events", domain.events.length, writes=False)
        accesses |= {spikes, Access(domain.delays.name, None, writes=False)}
    return accesses


def must_walk_by_rows(kernel: Kernel) -> bool:
    """Return whether a kernel visits whole rows of several parts, in an order that matters.

    What parts keep of a row is then visited class by class, as if the store had one part.
    """
    domain = kernel.domain
    if _is_listed(kernel):
        return False
    across = isinstance(domain, OverSynapses) or (
        isinstance(domain, OverFanOut) and domain.whole_rows and domain.store.format != "none"
    )
    return across and kernel_effects(kernel).owner is not Owner.PART


def _is_listed(kernel: Kernel) -> bool:
    """Whether synapses are visited as a list has them, which goes through all parts."""
    return isinstance(kernel.domain, OverFanOut | OverSynapses) and kernel.domain.listed


def _owned_indices(kernel: Kernel) -> dict[IndexKind, str]:
    """Return the running indices that stay inside a part, with the partition's name."""
    match kernel.domain:
        case OverElements(owner=owner):
            return {IndexKind.ELEMENT: owner}
        case OverEvents(events=events):
            return dict.fromkeys((IndexKind.ELEMENT, IndexKind.EVENT), events.length)
        case OverFanOut(store=store) | OverFanIn(store=store) | OverSynapses(store=store):
            return {IndexKind.POST: store.target_length, IndexKind.SYNAPSE: store.name}
        case _:
            return {}


def _body_accesses(kernel: Kernel, owned: dict[IndexKind, str]) -> Iterable[Access]:
    def partition(index: Index | None) -> str | None:
        own = owned.get(index.kind) if index is not None and index.distinct else None
        if own is None or index is None or index.via is None:
            return own
        return f"{own} by {index.via.name}"  # of a part's own, but spread over the array

    for array, index in reads(kernel.body):
        own = partition(index)
        late = index is not None and index.kind is IndexKind.EVENT and own is None  # as the events
        yield Access(array.name, own, writes=False, delayed=late)
    for array, index, _ in writes(kernel.body):
        yield Access(array.name, partition(index), writes=True)
    for expr in _frame_expressions(kernel):
        for node in walk(expr):
            if isinstance(node, (Load, Gather)):
                yield Access(node.array.name, None, writes=False)
    for stmt in flatten(kernel.body):
        if isinstance(stmt, Emit):
            yield Access(f"{stmt.events.name}.events", stmt.events.length, writes=True)
        elif isinstance(stmt, EmitTable):
            yield Access(f"{stmt.events.name}.events", None, writes=True)
            for array in (stmt.cursor, stmt.base):
                yield Access(array.name, None, writes=True)


def _frame_expressions(kernel: Kernel) -> tuple[Expr, ...]:
    """Return the expressions evaluated once a step by every part."""
    values = tuple(stmt.value for stmt in kernel.prologue)
    match kernel.domain:
        case OverElements(start=start, stop=stop) | OverEvents(start=start, stop=stop):
            return (*values, start, stop)
        case OverFanOut(born=born) if born is not None:
            return (*values, born)
        case OverFanIn(delay=delay, born=born):
            return (*values, delay) if born is None else (*values, delay, born)
        case _:
            return values


def _domain_accesses(kernel: Kernel) -> set[Access]:
    match kernel.domain:
        case OverEvents(events=events):
            return {Access(f"{events.name}.events", events.length, writes=False)}
        case OverFanOut(events=events, delays=delays):  # every part walks the spikes of all parts
            spikes = Access(f"{events.name}.events", None, writes=False, delayed=True)
            return {spikes, Access(delays.name, None, writes=False)}
        case OverFanIn(events=events, delays=delays, store=store):
            spikes = Access(f"{events.name}.events", events.length, writes=False)
            own = () if delays is None else (Access(delays.name, store.name, writes=False),)
            return {spikes, *own}
        case OverIndices(indices=indices):
            return {Access(indices.name, None, writes=False)}
        case OverCarried(steps=steps, positions=positions):
            return {Access(array.name, None, writes=False) for array in (steps, positions)}
        case _:
            return set()
