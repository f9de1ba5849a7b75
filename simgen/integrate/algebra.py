"""Real arithmetic on expressions that drops ones and zeros: no needless term is generated."""

from __future__ import annotations

from collections.abc import Iterable

from simgen.dtypes import DType
from simgen.ir.construct import call, cast, real
from simgen.ir.expr import Binary, Const, Expr, Unary

ZERO = real(0.0)
ONE = real(1.0)


def _real(expr: Expr) -> Expr:
    return cast(expr, DType.REAL)


def _number(expr: Expr) -> float | None:
    return float(expr.value) if isinstance(expr, Const) else None


def negated(expr: Expr) -> Expr:
    """Return ``-expr``."""
    expr = _real(expr)
    if isinstance(expr, Const):
        return real(-expr.value)
    if isinstance(expr, Unary) and expr.op == "-":
        return expr.operand
    return Unary("-", expr)


def add(left: Expr, right: Expr) -> Expr:
    """Return ``left + right``; a negated right side is subtracted."""
    left, right = _real(left), _real(right)
    first, second = _number(left), _number(right)
    if first is not None and second is not None:
        return real(first + second)
    if first == 0.0:
        return right
    if second == 0.0:
        return left
    if isinstance(right, Unary) and right.op == "-":
        return Binary("-", left, right.operand)
    return Binary("+", left, right)


def multiply(left: Expr, right: Expr) -> Expr:
    """Return ``left * right``."""
    left, right = _real(left), _real(right)
    first, second = _number(left), _number(right)
    if first is not None and second is not None:
        return real(first * second)
    for number, other in ((first, right), (second, left)):
        if number == 0.0:
            return ZERO
        if number == 1.0:
            return other
        if number == -1.0:
            return negated(other)
    return Binary("*", left, right)


def divide(left: Expr, right: Expr) -> Expr:
    """Return ``left / right``."""
    left, right = _real(left), _real(right)
    if _number(left) == 0.0:
        return ZERO
    if _number(right) == 1.0:
        return left
    if _number(right) == -1.0:
        return negated(left)
    if isinstance(left, Unary) and left.op == "-":
        return negated(Binary("/", left.operand, right))
    return Binary("/", left, right)


def add_all(terms: Iterable[Expr | None]) -> Expr | None:
    """Return the sum from left to right of those that are not None, None for no terms."""
    result: Expr | None = None
    for term in terms:
        if term is not None:
            result = _real(term) if result is None else add(result, term)
    return result


def exp(exponent: Expr) -> Expr:
    """Return exp(exponent)."""
    return call("exp", exponent)


def exprel(argument: Expr) -> Expr:
    """Return (exp(argument) - 1)/argument, which is 1 at 0."""
    return call("exprel", argument)
