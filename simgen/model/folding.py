"""Arithmetic on literals: ``-60*mV`` becomes one number, computed as Python would."""

from __future__ import annotations

import math

from simgen.dtypes import DType
from simgen.ir.construct import arithmetic_type
from simgen.ir.expr import Const, Expr
from simgen.lang.expressions import literal_operation

_INT64 = 2**63


def fold(op: str, left: Expr, right: Expr) -> Const | None:
    """Return ``left op right`` as a literal if both are numbers and the result is a finite one.

    Integers stay integers while they fit into 64 bits, except under ``/`` and powers below one.
    """
    if not isinstance(left, Const) or not isinstance(right, Const):
        return None
    if DType.BOOL in (left.dtype, right.dtype):
        return None
    whole = op != "/" and arithmetic_type(left, right) is DType.I64
    if op == "**" and right.value < 0:
        whole = False
    first, second = (left.value, right.value) if whole else (float(left.value), float(right.value))
    try:
        value = literal_operation(op, first, second)
    except ArithmeticError:
        return None
    if isinstance(value, int):
        if -_INT64 <= value < _INT64:
            return Const(value, DType.I64)
        value = float(value)
    if isinstance(value, complex) or not math.isfinite(value):
        return None
    return Const(value, DType.REAL)
