"""Writes to integer variables, whose 32 bits may be too few for a value."""

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
        return Store(place.array, place.index, value, origin, _beyond(place.array))
    return Store(place.array, place.index, cast(value, wanted), origin)


def accumulate_value(place: Load, op: str, value: Expr, origin: Origin | None) -> Accumulate:
    """Return the statement for ``op`` (``+= -= *=``); what becomes too large is noted."""
    whole = place.array.dtype is DType.I32
    amount = cast(value, DType.I64 if whole else place.array.dtype)
    if op == "-=":
        amount = negate(amount)
    sign = "*" if op == "*=" else "+"
    beyond = _beyond(place.array) if whole else None
    return Accumulate(place.array, place.index, sign, amount, origin, beyond)


def _beyond(array: Array) -> Array:
    return Array(f"{array.name}.beyond", DType.I64, "one")
