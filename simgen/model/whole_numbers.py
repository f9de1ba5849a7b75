"""Whole numbers: writes to integer variables, which have 32 bits, and divisions by zero.

``//`` and ``%`` of integers by zero give 0, where floating numbers give NaN or an infinity. What is
written with such a result is therefore replaced: by NaN in a floating variable, which a run refuses
at its end, and in an integer variable by a number that does not fit, which is noted.
"""

from __future__ import annotations

import math

from simgen.dtypes import DType
from simgen.errors import Origin
from simgen.ir.construct import cast, compare, integer, negate, real
from simgen.ir.expr import Array, Binary, Cast, Const, Expr, Load, Logical, Param, Select, Unary
from simgen.ir.stmt import Accumulate, Store
from simgen.ir.visit import walk

TOO_LARGE = 2**32  # its low 32 bits are what a division by zero gives, 0


def store_value(place: Load, value: Expr, origin: Origin | None) -> Store:
    """Return the statement that gives a variable a value, of which it is noted if it is too large.

    Truth values and values of other integer variables fit.
    """
    wanted = place.array.dtype
    if wanted is DType.I32 and value.dtype is DType.I64:
        return Store(place.array, place.index, value, origin, noted_beyond(place.array))
    return Store(place.array, place.index, cast(value, wanted), origin)


def accumulate_value(place: Load, op: str, value: Expr, origin: Origin | None) -> Accumulate:
    """Return the statement for ``op`` (``+= -= *=``); what becomes too large is noted."""
    whole = place.array.dtype is DType.I32
    amount = cast(value, DType.I64 if whole else place.array.dtype)
    if op == "-=":
        amount = negate(amount)
    sign = "*" if op == "*=" else "+"
    beyond = noted_beyond(place.array) if whole else None
    return Accumulate(place.array, place.index, sign, amount, origin, beyond)


def noted_beyond(array: Array) -> Array:
    """Return the array in which it is noted where numbers did not fit."""
    return Array(f"{array.name}.beyond", DType.I64, "one")


# --- divisions by zero ----------------------------------------------------------------------------


def divides(node: Expr) -> bool:
    """Whether a node is ``//`` or ``%`` of integers."""
    return isinstance(node, Binary) and node.op in ("//", "%") and node.dtype.is_integer


def divisors(expr: Expr) -> tuple[Expr, ...]:
    """Return what integers in ``expr`` are divided by, as far as it could be zero, each once."""
    found = (node.right for node in walk(expr) if isinstance(node, Binary) and divides(node))
    return tuple(dict.fromkeys(divisor for divisor in found if _may_be_zero(divisor)))


def _may_be_zero(divisor: Expr) -> bool:
    while isinstance(divisor, Cast):
        divisor = divisor.operand
    if isinstance(divisor, Const):
        return not divisor.value
    return not (isinstance(divisor, Param) and divisor.name.startswith("N_"))  # a group's size


def is_run_constant(expr: Expr) -> bool:
    """Whether an expression is made of constants only."""
    return all(isinstance(node, Const | Param | Binary | Cast | Unary) for node in walk(expr))


def any_is_zero(values: tuple[Expr, ...]) -> Expr | None:
    """Return the condition that one of the integers is zero, None if there are none."""
    condition: Expr | None = None
    for value in values:
        zero = compare("==", value, integer(0))
        condition = zero if condition is None else Logical("or", condition, zero)
    return condition


def without_result(undefined: Expr | None, value: Expr, wanted: DType) -> Expr:
    """Return, for a variable of the type ``wanted``, what no run accepts where ``undefined`` holds.

    Elsewhere it is ``value``.
    """
    if undefined is None or wanted is DType.BOOL:
        return value
    if wanted.is_float:
        return Select(undefined, cast(real(math.nan), wanted), cast(value, wanted))
    return Select(undefined, integer(TOO_LARGE), cast(value, DType.I64))
