"""Top-down rewriting of expressions, substitution of state variables, sharing of function calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from simgen.ir.expr import (
    Binary,
    Call,
    Cast,
    Compare,
    Expr,
    Flow,
    Gather,
    Local,
    Logical,
    RandomDraw,
    Select,
    Time,
    Unary,
)
from simgen.ir.stmt import Let, Stmt, Store
from simgen.ir.visit import walk

_CHEAP = frozenset({"abs", "sign", "clip", "min", "max"})  # compilers share these as well


def rewrite(expr: Expr, function: Callable[[Expr], Expr | None]) -> Expr:
    """Replace every part for which ``function`` returns something; the rest is searched inside."""
    found = function(expr)
    if found is not None:
        return found
    match expr:
        case Unary() | Cast():
            return replace(expr, operand=rewrite(expr.operand, function))
        case Binary() | Compare() | Logical():
            left, right = rewrite(expr.left, function), rewrite(expr.right, function)
            return replace(expr, left=left, right=right)
        case Select():
            return Select(
                rewrite(expr.condition, function),
                rewrite(expr.then, function),
                rewrite(expr.otherwise, function),
            )
        case Call() | RandomDraw():
            return replace(expr, args=tuple(rewrite(arg, function) for arg in expr.args))
        case Flow():
            matrix = tuple(rewrite(entry, function) for entry in expr.matrix)
            start = tuple(rewrite(value, function) for value in expr.start)
            return replace(expr, matrix=matrix, start=start)
        case Gather():
            return replace(expr, position=rewrite(expr.position, function))
        case _:
            return expr


def substitute(expr: Expr, states: Mapping[Expr, Expr], time: Expr | None = None) -> Expr:
    """Put other values in place of state variables and, if given, of the time.

    A table looked up by time is constant during a step, so positions in tables keep the time.
    """

    def function(part: Expr) -> Expr | None:
        if time is not None and isinstance(part, Time):
            return time
        if time is not None and isinstance(part, Gather):
            return replace(part, position=substitute(part.position, states))
        return states.get(part)

    return rewrite(expr, function)


def share_calls(body: Sequence[Stmt], prefix: str) -> tuple[Stmt, ...]:
    """Bind every costly call that occurs more than once in a straight line of lets and stores.

    Before: ``let a = exp(x) * 2; let b = exp(x)``; after: ``let p_exp = exp(x); let a = p_exp * 2;
    let b = p_exp``. A draw is never shared: the calls around it keep their own.
    """
    counts: Counter[Expr] = Counter()
    for stmt in body:
        if isinstance(stmt, Let | Store):
            counts.update(node for node in walk(stmt.value) if isinstance(node, Call))
    repeated = {
        call
        for call, count in counts.items()
        if count > 1
        and isinstance(call, Call)
        and call.function not in _CHEAP
        and not any(isinstance(node, RandomDraw) for node in walk(call))
    }
    result: list[Stmt] = []
    bound: dict[Expr, Local] = {}
    numbers: Counter[str] = Counter()

    def function(part: Expr) -> Expr | None:
        if part not in bound and isinstance(part, Call) and part in repeated:
            inner = replace(part, args=tuple(rewrite(arg, function) for arg in part.args))
            numbers[part.function] += 1
            name = f"{prefix}{part.function}{numbers[part.function]}"
            bound[part] = Local(name, part.dtype)
            result.append(Let(bound[part], inner))
        return bound.get(part)

    for stmt in body:
        if isinstance(stmt, Let | Store) and repeated:
            stmt = replace(stmt, value=rewrite(stmt.value, function))
        result.append(stmt)
    return tuple(result)
