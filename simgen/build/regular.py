"""Code that runs for all elements of a group at once, with reductions over them.

A sum is formed before the statement that asks for it, from what the statements before it have
written for all elements; so the code is cut there::

    w = clip(w, 0, 1); w *= 10 / sum_over_post(w)

    over synapses: w = clip(w, 0, 1)
    over targets:  sum = 0
    over synapses: sum[post] += w
    over synapses: w *= 10 / sum[post]

Statements between two cuts are run for one element after the other. Local names are computed anew
where a later part uses them: random numbers are the same there, and what else has changed is
refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from simgen.build.neurons import element_items, elements, locals_of
from simgen.errors import EquationError, Problem, raise_problems
from simgen.ir.expr import ELEMENT, ZERO, Array, Expr, Load, Local
from simgen.ir.kernel import Clock, Domain, Item, Kernel, Once
from simgen.ir.stmt import If, Let, Stmt, Store
from simgen.ir.visit import all_nodes, has_state, reads, walk, writes
from simgen.model.description import GroupDescription
from simgen.model.reductions import Reduction


@dataclass(frozen=True, slots=True)
class RegularCode:
    """Code that runs on a clock of its own for all elements of a group.

    ``domain`` returns how it goes over them with some statements. With ``due`` it runs only where
    that holds, which is the same for all elements.
    """

    name: str
    clock: Clock
    slot: str
    order: int
    body: tuple[Stmt, ...]
    group: GroupDescription
    domain: Callable[[tuple[Stmt, ...]], Domain]
    what: str = "run_regularly"
    reductions: tuple[Reduction, ...] = ()
    due: Expr | None = None


def regular_items(code: RegularCode) -> Iterable[Item]:
    """Yield the items of a run_regularly; those of one name run in this order."""
    parts = _parts(code)
    for number, part in enumerate(parts):
        for each in part.reductions:
            yield from _reduction_items(code, each, part.lets)
        if len(parts) > 1 and not writes(part.body):
            continue  # only locals, which the parts that use them compute
        body = _gated((*_used(part.lets, part.body), *part.body), code.due)
        items = element_items(
            code.name if number == 0 else f"{code.name}.part_{number}",
            code.slot,
            code.order,
            body,
            code.group,
            code.what,
            clock=code.clock,
            domain=code.domain(body),
        )
        yield from (replace(item, name=code.name) for item in items)


@dataclass(slots=True)
class _Part:
    """Statements after the reductions that they need; ``lets`` are the locals bound before them."""

    lets: tuple[Let, ...]
    reductions: Sequence[Reduction] = ()
    body: list[Stmt] = field(default_factory=list)


def _parts(code: RegularCode) -> list[_Part]:
    """Cut the code before each statement that needs a sum of what was written before it."""
    reductions = {each.array: each for each in code.reductions}
    parts = [_Part(())]
    for place, stmt in enumerate(code.body):
        needed = _needed((stmt,), reductions)
        for each in needed:  # each is formed once, for the first statement that reads it
            del reductions[each.array]
        if needed:
            _require_fresh(code.body, place, needed)
            lets = tuple(each for each in code.body[:place] if isinstance(each, Let))
            parts.append(_Part(lets, needed))
        parts[-1].body.append(stmt)
    return parts


def _needed(body: Iterable[Stmt], reductions: dict[Array, Reduction]) -> list[Reduction]:
    """Return the reductions that statements read, and those that these are formed of, first."""
    found = [node.array for node in all_nodes(body) if isinstance(node, Load)]
    needed: list[Reduction] = []
    for array in dict.fromkeys(found):
        if array in reductions:
            each = reductions[array]
            inner = _needed((each.statement,), reductions)
            needed += [one for one in (*inner, each) if one not in needed]
    return needed


def _reduction_items(code: RegularCode, each: Reduction, lets: Sequence[Let]) -> Iterator[Item]:
    """Yield the kernels that clear a sum and form it."""
    array = each.array
    label = array.name
    comment = f"{code.group.text}: {code.what}, {array.name.rpartition('.')[2]}"
    index = ZERO if each.per is None else ELEMENT
    domain: Domain = Once() if each.per is None else elements(each.per)
    clear = (Store(array, index, each.start),)
    add = (each.statement,)
    over = code.domain(add) if each.over is None else elements(each.over)
    for name, where, body in (
        (f"{label}_clear", domain, clear),
        (label, over, (*_used(lets, add), *_gated(add, code.due))),
    ):
        kernel = Kernel(name, where, body, code.clock, comment=comment, origin=each.origin)
        yield Item(code.slot, code.order, code.name, kernel)


def _used(lets: Sequence[Let], body: Sequence[Stmt]) -> tuple[Let, ...]:
    """Return those of the locals that statements use, directly or through others."""
    needed = locals_of(body, lets)
    return tuple(let for let in lets if let.local in needed)


def _gated(body: Sequence[Stmt], due: Expr | None) -> tuple[Stmt, ...]:
    """Return statements that do something only where ``due`` holds, if it is given."""
    if due is None:
        return tuple(body)
    if any(has_state(node) for node in all_nodes(body)):
        return (If(due, tuple(body)),)  # locals wait, too: to compute them is to call
    return tuple(
        stmt if isinstance(stmt, Let) else If(due, (stmt,), getattr(stmt, "origin", None))
        for stmt in body
    )


def _require_fresh(body: Sequence[Stmt], cut: int, reductions: Sequence[Reduction]) -> None:
    """Raise EquationError if what comes after a cut uses a local that would have changed."""
    after: list[Stmt] = [*(each.statement for each in reductions), *body[cut:]]
    used: set[Local] = locals_of(after, body)
    for place, stmt in enumerate(body[:cut]):
        if not isinstance(stmt, Let) or stmt.local not in used:
            continue
        if any(has_state(node) for node in walk(stmt.value)):
            message = (
                "This calls a function that has a state, but is used after a reduction over all "
                "elements was formed, where it would be called again."
            )
            raise_problems([Problem(message, stmt.origin, _KEEP, EquationError)])
        changed = {array for array, _, _ in writes(body[place:cut])}
        stale = {array.name for array, _ in reads((stmt,)) if array in changed}
        if stale:
            name = min(stale).rpartition(".")[2]
            message = (
                f"This is computed before '{name}' changes, but used after a reduction over all "
                "elements was formed, where it is no longer known."
            )
            raise_problems([Problem(message, stmt.origin, _KEEP, EquationError)])


_KEEP = "Give the synapses or neurons a variable for it."
