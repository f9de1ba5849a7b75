"""Do what an event does to its own element where the event is found.

before::

    kernel exc_stateupdater over exc: v[i] = ...; emit spikes where v[i] > 1
    kernel exc_resetter over spikes: v[i] = 0

after::

    kernel exc_stateupdater over exc:
        v[i] = ...; let found = v[i] > 1; emit spikes where found; if found: v[i] = 0

The thread that finds an event then resets its neuron, and nothing reads the list of events for it.
A kernel over the events of some elements (those of a subgroup) asks whether the element is one.
That is legal if the kernel uses what the two share at the event's element only, and if nothing that
is scheduled between them touches what it writes or writes what it reads: a delivery that adds to
``v`` adds before the reset. It is done if it costs no launch. A kernel that stays as it is says why
in its comment.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from simgen.dtypes import DType
from simgen.ir.construct import binary, compare, logical_and
from simgen.ir.expr import ELEMENT, EVENT, Const, Expr, IndexValue, Local, Param, Step
from simgen.ir.kernel import Item, Kernel, OverElements, OverEvents, Program
from simgen.ir.stmt import Append, Emit, EventList, If, Let, Scatter, Stmt, Store
from simgen.ir.visit import flatten, rename_local
from simgen.targets.cuda.order import Order, plan_kernel
from simgen.targets.cuda.phases import conflicts, levels, uses_of, with_shared_updates

_TOLD = "not done where events are found: "


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a kernel over events stays a kernel of its own."""

    reason: str


def fold_events(program: Program, deterministic: bool = False) -> Program:
    """Return the program with kernels over events folded into those that find the events."""
    schedule = program.schedule
    often = Counter(item.kernel.name for item in schedule)
    place = 0
    while place < len(schedule):
        kernel = schedule[place].kernel
        domain = kernel.domain
        if isinstance(domain, OverEvents) and often[kernel.name] == 1:
            found = _fold(schedule, place, domain, often, deterministic)
            if not isinstance(found, _Refusal):
                schedule = found
                continue  # the next one is at this place now
            before = f"{kernel.comment}; " if kernel.comment else ""
            comment = f"{before}{_TOLD}{found.reason}"
            item = replace(schedule[place], kernel=replace(kernel, comment=comment))
            schedule = (*schedule[:place], item, *schedule[place + 1 :])
        place += 1
    return replace(program, schedule=schedule)


def without_reason(kernel: Kernel) -> Kernel:
    """Return a kernel that does not say why it is a kernel of its own."""
    return replace(kernel, comment=kernel.comment.partition(_TOLD)[0].removesuffix("; "))


def _fold(
    schedule: tuple[Item, ...],
    place: int,
    domain: OverEvents,
    often: Counter[str],
    deterministic: bool,
) -> tuple[Item, ...] | _Refusal:
    """Return the schedule without the item at ``place``, whose work an earlier item does now."""
    kernel = schedule[place].kernel
    source = _finder(schedule, place, domain, often)
    if isinstance(source, _Refusal):
        return source
    refusal = _refusal_of(kernel, deterministic) or _in_between(
        schedule[source + 1 : place + 1], deterministic
    )
    if refusal is not None:
        return refusal
    folded = _folded(schedule[source].kernel, kernel, domain)
    if folded is None:
        return _Refusal("events are found under a condition")
    before = plan_kernel(schedule[source].kernel, deterministic)
    after = plan_kernel(folded, deterministic)
    if after.order is not Order.FREE or after.atomic != before.atomic:
        return _Refusal("it uses what other elements write there")
    item = replace(schedule[source], kernel=folded)
    rest = (*schedule[source + 1 : place], *schedule[place + 1 :])
    shorter = (*schedule[:source], item, *rest)
    if _n_launches(shorter, deterministic) > _n_launches(schedule, deterministic):
        return _Refusal("another launch would be needed")
    return shorter


def _finder(
    schedule: tuple[Item, ...], place: int, domain: OverEvents, often: Counter[str]
) -> int | _Refusal:
    """Return the place of the loop over elements that finds the events of a kernel."""
    if domain.lag:
        return _Refusal("these are the events of the step before")
    if not all(isinstance(bound, Const | Param) for bound in (domain.start, domain.stop)):
        return _Refusal("it is for some of the elements, as other values have it")
    for source, item in enumerate(schedule[:place]):
        emits = [s.events for s in flatten(item.kernel.body) if isinstance(s, Emit)]
        if domain.events not in emits:
            continue
        if not isinstance(item.kernel.domain, OverElements) or often[item.kernel.name] > 1:
            break
        if item.kernel.clock != schedule[place].kernel.clock:
            return _Refusal("it has another clock")
        return source
    return _Refusal("no loop over elements finds the events before it")


def _refusal_of(kernel: Kernel, deterministic: bool) -> _Refusal | None:
    """Return why a kernel does not only concern each event's own element."""
    if any(isinstance(stmt, Append) for stmt in flatten(kernel.body)):
        return _Refusal("records are in the order of the list")
    plan = plan_kernel(kernel, deterministic)
    scattered = any(isinstance(stmt, Scatter) for stmt in flatten(kernel.body))
    if plan.order is not Order.FREE or plan.atomic or scattered:
        return _Refusal("it writes what other events read or write")
    return None


def _in_between(items: tuple[Item, ...], deterministic: bool) -> _Refusal | None:
    """Return what the last of the items may not be moved over, to before the first."""
    *between, moved = items
    if any(item.after_python for item in items):
        return _Refusal("Python code may run in between")
    # A sum of own elements is taken as a write, though it might be made atomic: it would else move
    # over deliveries that add to the same, and be rounded differently.
    uses = uses_of(moved.kernel, plan_kernel(moved.kernel, deterministic))
    for item in between:
        names = conflicts(uses_of(item.kernel, plan_kernel(item.kernel, deterministic)), uses)
        if names:
            return _Refusal(f"'{item.kernel.name}' uses {', '.join(sorted(names))} in between")
    return None


def _folded(finder: Kernel, kernel: Kernel, domain: OverEvents) -> Kernel | None:
    """Return the kernel that does both, None if it finds events under a condition."""
    taken = {stmt.local.name for stmt in _bindings(finder)}
    condition: Local | None = None
    statements: list[Stmt] = []
    for stmt in finder.body:
        if isinstance(stmt, Emit) and stmt.events == domain.events:
            if isinstance(stmt.condition, Local):  # as an earlier one left it
                condition = stmt.condition
            else:
                condition = Local(f"found_{domain.events.name}", DType.BOOL)
                statements.append(Let(condition, stmt.condition))
                stmt = replace(stmt, condition=condition)
        statements.append(stmt)
    if condition is None:
        return None
    prologue, body = _renamed(kernel, taken | {condition.name})
    body = tuple(_placed(stmt, domain.events) for stmt in body)
    comments = (text for text in (finder.comment, kernel.comment) if text)
    return replace(
        finder,
        prologue=(*finder.prologue, *prologue),
        body=(*statements, If(_inside(condition, domain), body)),
        comment="; ".join(comments),
    )


def _placed(stmt: Stmt, events: EventList) -> Stmt:
    """Return a statement that finds itself where it keeps what an event of this step takes along.

    The order of the loop is that of the elements, not of the events.
    """
    if not isinstance(stmt, Store) or stmt.index != EVENT:
        return stmt
    slot = binary("%", Step(), Param(f"{events.name}.depth", DType.I64))
    place = binary("*", slot, Param(events.length, DType.I64))
    return Scatter(stmt.array, binary("+", place, IndexValue(ELEMENT)), stmt.value, stmt.origin)


def _inside(condition: Expr, domain: OverEvents) -> Expr:
    """Return the condition that an event was found, at an element that a kernel is for."""
    place = IndexValue(ELEMENT)
    if domain.start != Const(0, domain.start.dtype):
        condition = logical_and(condition, compare(">=", place, domain.start))
    if not (isinstance(domain.stop, Param) and domain.stop.name == domain.events.length):
        condition = logical_and(condition, compare("<", place, domain.stop))
    return condition


def _bindings(kernel: Kernel) -> list[Let]:
    return [s for s in (*kernel.prologue, *flatten(kernel.body)) if isinstance(s, Let)]


def _renamed(kernel: Kernel, taken: set[str]) -> tuple[tuple[Let, ...], tuple[Stmt, ...]]:
    """Return the prologue and the body of a kernel with no name in them that is taken."""
    n_first = len(kernel.prologue)
    statements: tuple[Stmt, ...] = (*kernel.prologue, *kernel.body)
    for stmt in _bindings(kernel):
        if stmt.local.name in taken:
            fresh = Local(f"{stmt.local.name}_{kernel.name}", stmt.local.dtype)
            statements = rename_local(statements, stmt.local, fresh)
    prologue = tuple(stmt for stmt in statements[:n_first] if isinstance(stmt, Let))
    return prologue, statements[n_first:]


def _n_launches(schedule: tuple[Item, ...], deterministic: bool) -> int:
    kernels = {item.kernel.name: item.kernel for item in schedule}
    plans = {name: plan_kernel(kernel, deterministic) for name, kernel in kernels.items()}
    plans = with_shared_updates(kernels, plans)
    uses = (uses_of(item.kernel, plans[item.kernel.name]) for item in schedule)
    return max(levels(uses), default=0) + 1
