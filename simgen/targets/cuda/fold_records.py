"""Record in the loop over elements: values before it, events when their list is whole.

before::

    kernel monitor over listed elements: record v
    kernel exc_stateupdater over exc: v[i] = ...; emit spikes where v[i] > 1
    kernel spikemonitor over spikes: record i; record step

after: a kernel that :class:`Plan` gives two more things to do::

    kernel exc_stateupdater over exc:
        first: each warp records v of the listed elements among its own
        v[i] = ...; emit spikes where v[i] > 1
        then: the block that finishes the list of spikes records i and step of all of them

Records are then made in the same order as before. Values are those before the loop, since a warp
changes its own elements only; their list must ascend and have no element twice. What is recorded of
an event must not be written in that launch. Nothing that is scheduled in between may touch what is
moved over it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from simgen.ir.expr import ELEMENT, ZERO, Array, Const, Index, Param
from simgen.ir.kernel import Item, Kernel, Once, OverElements, OverEvents, OverIndices, Program
from simgen.ir.stmt import Accumulate, Append, Emit, EventList, Scatter, Store
from simgen.ir.visit import flatten, reads, writes
from simgen.targets.cuda.fold_events import without_reason
from simgen.targets.cuda.order import Order, Plan
from simgen.targets.cuda.phases import conflicts, uses_of

Plans = Mapping[str, Plan]


def record_events(program: Program, plans: Plans) -> tuple[Program, dict[str, Plan]]:
    """Return the program and its plans with records of events made where lists are finished."""
    schedule, found = list(program.schedule), dict(plans)
    often = Counter(item.kernel.name for item in schedule)
    place = 0
    while place < len(schedule):
        kernel = schedule[place].kernel
        source = _finder(schedule, place, found) if often[kernel.name] == 1 else None
        if source is None or often[source] > 1:
            place += 1
            continue
        found[source] = replace(found[source], then=(*found[source].then, without_reason(kernel)))
        del schedule[place], found[kernel.name]
    return replace(program, schedule=tuple(schedule)), found


def record_values(program: Program, plans: Plans) -> tuple[Program, dict[str, Plan]]:
    """Return the program and its plans with values recorded by those who own the elements."""
    schedule, found = list(program.schedule), dict(plans)
    often = Counter(item.kernel.name for item in schedule)
    for place in reversed(range(len(schedule))):  # the nearest first, so that their order is kept
        kernel = schedule[place].kernel
        owner = _owner(schedule, place, found) if often[kernel.name] == 1 else None
        if owner is not None and often[owner] == 1:
            found[owner] = replace(found[owner], first=(kernel, *found[owner].first))
            del schedule[place], found[kernel.name]
    return replace(program, schedule=tuple(schedule)), found


def _finder(schedule: list[Item], place: int, plans: Plans) -> str | None:
    """Return the loop whose last block can record what the kernel at ``place`` does."""
    kernel = schedule[place].kernel
    uses = uses_of(kernel, plans[kernel.name])
    if not _records_events(kernel) and not _records_once(kernel):
        return None
    for source in reversed(range(place)):
        if schedule[source + 1].after_python:
            return None
        other = schedule[source].kernel
        names = conflicts(uses_of(other, plans[other.name]), uses)
        if names:
            break
    else:
        return None
    if other.clock != kernel.clock or not _lists_events(other, plans[other.name]):
        return None
    if isinstance(kernel.domain, OverEvents):
        return other.name if names == {_events_name(kernel.domain.events)} else None
    counted = {array.name for then in plans[other.name].then for array, _, _ in writes(then.body)}
    alone = not conflicts(uses_of(other, replace(plans[other.name], then=(), first=())), uses)
    return other.name if alone and names <= counted else None


def _lists_events(kernel: Kernel, plan: Plan) -> bool:
    """Whether the last block of a loop over elements joins lists of events."""
    emits = any(isinstance(stmt, Emit) for stmt in flatten(kernel.body))
    return emits and isinstance(kernel.domain, OverElements) and plan.order is Order.FREE


def _records_events(kernel: Kernel) -> bool:
    """Whether a kernel does nothing but record events, or count them in a shared variable."""
    domain = kernel.domain
    if not isinstance(domain, OverEvents) or domain.lag or kernel.prologue:
        return False
    fixed = all(isinstance(bound, Const | Param) for bound in (domain.start, domain.stop))
    return fixed and all(
        isinstance(stmt, Append)
        or (
            isinstance(stmt, Accumulate)
            and (stmt.index, stmt.op, stmt.beyond) == (ZERO, "+", None)
            and isinstance(stmt.value, Const)
            and not stmt.array.dtype.is_float
        )
        for stmt in kernel.body
    )


def _records_once(kernel: Kernel) -> bool:
    """Whether a kernel records shared values only, and may set them anew."""
    if not isinstance(kernel.domain, Once) or kernel.prologue:
        return False
    kinds = {type(stmt) for stmt in kernel.body}
    return Append in kinds and kinds <= {Append, Store}


def _events_name(events: EventList) -> str:
    return f"{events.name}.events"


def _owner(schedule: list[Item], place: int, plans: Plans) -> str | None:
    """Return the loop whose warps can record the values that the kernel at ``place`` does."""
    kernel, domain = schedule[place].kernel, schedule[place].kernel.domain
    if not isinstance(domain, OverIndices) or not domain.ascending or kernel.prologue:
        return None
    if not all(isinstance(stmt, Append) for stmt in kernel.body):
        return None
    uses = uses_of(kernel, plans[kernel.name])
    for item in schedule[place + 1 :]:
        if item.after_python:
            return None
        other = item.kernel
        names = conflicts(uses, uses_of(other, plans[other.name]))
        if names:
            break
    else:
        return None
    own = other.clock == kernel.clock and _goes_over_its_own(other, plans[other.name])
    return other.name if own and names <= {*_owned(kernel, other)} else None


def _goes_over_its_own(kernel: Kernel, plan: Plan) -> bool:
    """Whether a loop goes over all elements of a group, each thread those of its own."""
    domain = kernel.domain
    if not isinstance(domain, OverElements) or plan.order is not Order.FREE or plan.atomic:
        return False
    begins = domain.start == Const(0, domain.start.dtype)
    return begins and isinstance(domain.stop, Param) and domain.stop.name == domain.owner


def _owned(kernel: Kernel, loop: Kernel) -> Iterator[str]:
    """Yield the arrays that a record and a loop both touch at each one's own element only."""
    if not isinstance(loop.domain, OverElements):
        return
    accesses: dict[Array, set[Index | None]] = {}
    for array, index in reads(kernel.body):
        accesses.setdefault(array, set()).add(index)
    for array, index, _ in writes(loop.body):
        accesses.setdefault(array, set()).add(index)
    scattered = {stmt.array for stmt in flatten(loop.body) if isinstance(stmt, Scatter)}
    for array, indices in accesses.items():
        if indices == {ELEMENT} and array.length == loop.domain.owner and array not in scattered:
            yield array.name
