"""Helpers that build well-typed expressions."""

from __future__ import annotations

from simgen.dtypes import DType
from simgen.errors import InternalError
from simgen.ir.expr import Binary, Call, Cast, Compare, Const, Expr, Logical, Select, Unary
from simgen.ir.functions import FUNCTIONS


def real(value: float) -> Const:
    """Return a REAL literal."""
    return Const(float(value), DType.REAL)


def integer(value: int) -> Const:
    """Return an I64 literal."""
    return Const(int(value), DType.I64)


def cast(expr: Expr, dtype: DType) -> Expr:
    """Return ``expr`` as ``dtype``; literals are converted at once."""
    if expr.dtype is dtype:
        return expr
    if isinstance(expr, Const):
        if dtype.is_float:
            return Const(float(expr.value), dtype)
        if dtype.is_integer and expr.dtype is not DType.REAL:
            return Const(int(expr.value), dtype)
    return Cast(dtype, expr)


def arithmetic_type(*operands: Expr) -> DType:
    """Return REAL if any operand is floating, else I64 (booleans and narrow integers widen)."""
    return DType.REAL if any(operand.dtype.is_float for operand in operands) else DType.I64


def binary(op: str, left: Expr, right: Expr) -> Expr:
    """Return ``left op right`` with both sides in their common type; ``/`` always in REAL."""
    dtype = DType.REAL if op == "/" else arithmetic_type(left, right)
    return Binary(op, cast(left, dtype), cast(right, dtype))


def compare(op: str, left: Expr, right: Expr) -> Expr:
    """Return the comparison in the common type; booleans compare as integers."""
    dtype = arithmetic_type(left, right)
    return Compare(op, cast(left, dtype), cast(right, dtype))


def negate(operand: Expr) -> Expr:
    """Return ``-operand``."""
    dtype = arithmetic_type(operand)
    if isinstance(operand, Const) and operand.dtype is not DType.BOOL:
        return Const(-operand.value, dtype)
    return Unary("-", cast(operand, dtype))


def logical_and(left: Expr | None, right: Expr) -> Expr:
    """Return the conjunction; a missing left side is no condition."""
    return right if left is None else Logical("and", left, right)


def select(condition: Expr, then: Expr, otherwise: Expr) -> Expr:
    """Return a selection with both branches in their common type."""
    if then.dtype is DType.BOOL and otherwise.dtype is DType.BOOL:
        return Select(condition, then, otherwise)
    dtype = arithmetic_type(then, otherwise)
    return Select(condition, cast(then, dtype), cast(otherwise, dtype))


def call(name: str, *args: Expr) -> Expr:
    """Return a call; arguments are cast to REAL, or to I64 where all are integers and it may."""
    spec = FUNCTIONS.get(name)
    if spec is None or spec.arity != len(args):
        raise InternalError(f"call of '{name}' with {len(args)} arguments")
    dtype = arithmetic_type(*args) if spec.integer_ok else DType.REAL
    return Call(name, tuple(cast(arg, dtype) for arg in args), dtype)


def power(base: Expr, exponent: Expr) -> Expr:
    """Return ``base ** exponent``; integer literals up to 16 become products in a fixed order."""
    if isinstance(exponent, Const) and exponent.dtype is not DType.BOOL:
        value = exponent.value
        if value == int(value) and abs(value) <= 16:
            return _integer_power(base, int(value))
        if value == 0.5:
            return call("sqrt", base)
    return call("pow", base, exponent)


def _integer_power(base: Expr, exponent: int) -> Expr:
    if exponent < 0:
        return binary("/", real(1.0), _integer_power(cast(base, DType.REAL), -exponent))
    if exponent == 0:
        return cast(integer(1), arithmetic_type(base))
    base = cast(base, arithmetic_type(base))
    if exponent == 1:
        return base
    half = _integer_power(base, exponent // 2)
    product = binary("*", half, half)
    return binary("*", product, base) if exponent % 2 else product
