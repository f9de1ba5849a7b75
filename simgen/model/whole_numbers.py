"""Writes to integer variables, which have 32 bits: what does not fit is noted."""

from __future__ import annotations

from simgen.dtypes import DType
from simgen.errors import Origin
from simgen.ir.construct import cast, negate
from simgen.ir.expr import Array, Expr, Load
from simgen.ir.stmt import Accumulate, Store


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
