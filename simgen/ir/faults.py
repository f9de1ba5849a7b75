"""Where code gives a wrong value without a NaN: what must be noted, or looked for before.

``//`` and ``%`` of integers by zero give 0, and so do counts with a mean that is negative or NaN;
tables with columns are read outside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from simgen.ir.construct import compare, integer, logical_and, real
from simgen.ir.expr import (
    Binary,
    Call,
    Cast,
    Compare,
    Const,
    Expr,
    Gather,
    Logical,
    Param,
    RandomDraw,
    Role,
    Select,
    Unary,
)
from simgen.ir.stmt import If, Stmt
from simgen.ir.visit import children, expressions, walk

_FIXED = (Const, Param, Unary, Binary, Compare, Logical, Select, Cast, Call)


def faults_in(expr: Expr) -> tuple[Expr, ...]:
    """Return the conditions under which ``expr`` has a fault, each once.

    That is: ``x == 0`` for what integers are divided by, else ``not`` what must hold. What stands
    behind ``and`` and ``or`` counts only where the result depends on it, so that
    ``n != 0 and i % n == 0`` never divides by zero. Divisors that cannot be zero are left out.
    """
    return tuple(dict.fromkeys(_found(expr, None)))


def faults_of(stmt: Stmt) -> Iterator[Expr]:
    """Yield the conditions for the expressions of a statement itself, not of those in ``If``."""
    outer = replace(stmt, body=()) if isinstance(stmt, If) else stmt
    for expr in expressions((outer,)):
        yield from faults_in(expr)


def is_run_constant(expr: Expr) -> bool:
    """Whether the host can tell the value of an expression when a run starts."""
    return all(isinstance(node, _FIXED) and not _is_foreign(node) for node in walk(expr))


def _is_foreign(node: Expr) -> bool:
    """Whether a node calls a function of the user's own, which need not be pure."""
    return isinstance(node, Call) and node.user is not None


def _found(expr: Expr, guard: Expr | None) -> Iterator[Expr]:
    match expr:
        case Logical(op=op, left=left, right=right):
            yield from _found(left, guard)
            reached = left if op == "and" else Unary("not", left)
            yield from _found(right, logical_and(guard, reached))
        case Select(condition=condition, then=then, otherwise=otherwise):
            yield from _found(condition, guard)
            yield from _found(then, logical_and(guard, condition))
            yield from _found(otherwise, logical_and(guard, Unary("not", condition)))
        case _:
            for child in children(expr):
                yield from _found(child, guard)
    fault = _fault(expr)
    if fault is not None:
        yield logical_and(guard, fault)


def _fault(expr: Expr) -> Expr | None:
    """Return when a node itself goes wrong, None if it cannot."""
    match expr:
        case Binary() if _may_divide_by_zero(expr):
            return compare("==", expr.right, integer(0))
        case RandomDraw(distribution="poisson", args=(mean,)) if _is_of_user(mean):
            return Unary("not", compare(">=", mean, real(0.0)))
        case Gather(array=array, position=Select(condition=inside)) if array.role is Role.TABLE:
            return Unary("not", inside)
    return None


def _is_of_user(expr: Expr) -> bool:
    """Whether an expression is more than what simgen itself computes from checked values."""
    leaves = [node for node in walk(expr) if not children(node)]
    return any(
        ".c." in leaf.name if isinstance(leaf, Param) else not isinstance(leaf, Const)
        for leaf in leaves
    )


def _may_divide_by_zero(node: Binary) -> bool:
    if node.op not in ("//", "%") or not node.dtype.is_integer:
        return False
    divisor = node.right
    while isinstance(divisor, Cast):
        divisor = divisor.operand
    if isinstance(divisor, Const):
        return not divisor.value
    # of the parameters only constants of the user may be: sizes and depths of tables are not
    return not isinstance(divisor, Param) or ".c." in divisor.name
