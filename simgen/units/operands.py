"""Taking apart what users combine: SI numbers and dimension of anything, and the mismatch errors.

Quantities are recognised by their ``dim`` attribute, so that these rules need no array class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from numbers import Complex, Real
from typing import Any

import numpy as np

from simgen.errors import ArgumentTypeError, DimensionMismatchError
from simgen.units.dimension import DIMENSIONLESS, Dimension
from simgen.units.display import Array, best_unit, brief

Part = tuple[Array, Dimension]
_NUMERIC = "fciub"  # the dtype kinds of numbers and truth values


def split(value: Any) -> Part:
    """Return ``value`` as a plain array in SI base units, and its dimension.

    Takes numbers, arrays, quantities, (nested) sequences of these, and objects that have both
    ``dim`` and ``__array__``. Arrays are not copied. Raises ArgumentTypeError for what holds no
    numbers, DimensionMismatchError for a sequence of several dimensions.
    """
    if isinstance(value, np.ndarray):
        if type(value) is np.ndarray:
            return _checked(value, value), DIMENSIONLESS
        if hasattr(value, "mask"):
            raise ArgumentTypeError("masked arrays cannot have units: their masks would be lost.")
        return _checked(np.ndarray.view(value, np.ndarray), value), getattr(
            value, "dim", DIMENSIONLESS
        )
    if isinstance(value, (int, float, np.generic)):
        array = np.asarray(value)
        if array.dtype == object:
            raise ArgumentTypeError(f"{_shown(value)} does not fit into a number of 64 bits.")
        return _checked(array, value), DIMENSIONLESS
    if isinstance(value, (list, tuple)):
        return _checked(_array(strip_nested(value), value), value), nested_dimension(value)
    if isinstance(value, Real):
        return np.asarray(float(value)), DIMENSIONLESS
    if isinstance(value, Complex):
        return np.asarray(complex(value)), DIMENSIONLESS
    dim = getattr(value, "dim", None)
    if isinstance(dim, Dimension) or isinstance(value, range) or hasattr(value, "__array__"):
        known = dim if isinstance(dim, Dimension) else DIMENSIONLESS
        return _checked(np.asarray(value), value), known
    raise ArgumentTypeError(f"expected numbers or a quantity, not {_shown(value)}.")


def strip(value: Any) -> Array:
    """Return ``value`` in SI base units as a plain array (0-d for a number); see :func:`split`."""
    return split(value)[0]


def dimension_of(value: Any) -> Dimension:
    """Return the dimension of ``value``; see :func:`split` for what it may be."""
    dim = getattr(value, "dim", None)
    return dim if isinstance(dim, Dimension) else split(value)[1]


def strip_nested(value: Any) -> Any:
    """Return ``value`` with all quantities in it, at any depth of lists, as plain arrays."""
    if isinstance(value, (list, tuple)):
        if not any(_may_hold_quantity(item) for item in value):
            return value
        return [strip_nested(item) for item in value]
    dim = getattr(value, "dim", None)
    return split(value)[0] if isinstance(dim, Dimension) else value


def leaves(value: Any) -> Iterator[Any]:
    """Yield the items of nested lists and tuples; anything else yields itself."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def nested_dimension(value: Any, verb: str = "put into one array") -> Dimension:
    """Return the dimension that all items of nested lists share.

    Plain lists of numbers are the common case and cost one type test an item.
    """
    if isinstance(value, (list, tuple)) and not any(_may_hold_quantity(item) for item in value):
        return DIMENSIONLESS
    items = list(leaves(value))
    if not any(isinstance(getattr(item, "dim", None), Dimension) for item in items):
        return DIMENSIONLESS
    return common_dimension(verb, [split(item) for item in items])


def carries_dimension(value: Any) -> bool:
    """Whether a quantity with a dimension is ``value`` or, at any depth of lists, in it."""
    return any(
        isinstance(dim, Dimension) and dim is not DIMENSIONLESS
        for dim in (getattr(item, "dim", None) for item in leaves(value))
    )


def fits_every_dimension(part: Part) -> bool:
    """Whether ``part`` is without dimension and only 0, infinite or nan, which suits any unit."""
    values, dim = part
    if dim is not DIMENSIONLESS:
        return False
    if values.ndim == 0:
        number = values[()]
        return bool(number == 0 or not np.isfinite(number))
    if values.dtype.kind == "b":
        return not values.any()
    return bool(np.all((values == 0) | ~np.isfinite(values)))


def common_dimension(verb: str, parts: Sequence[Part]) -> Dimension:
    """Return the dimension all ``parts`` have; plain 0, inf and nan go with any.

    Raises DimensionMismatchError, whose text says that one cannot ``verb`` the two.
    """
    first = parts[0]
    for part in parts[1:]:
        if part[1] is first[1] or fits_every_dimension(part):
            continue
        if not fits_every_dimension(first):
            raise mismatch(verb, first, part)
        first = part
    return first[1]


def require_dimension(verb: str, value: Any, target: Dimension) -> Array:
    """Return ``value`` in SI units if it may be stored where ``target`` is kept.

    Raises DimensionMismatchError otherwise.
    """
    part = split(value)
    if part[1] is not target and not fits_every_dimension(part):
        raise DimensionMismatchError(
            f"cannot {verb} {brief(*part)}: {part[1].describe()}, but it must be"
            f" {'a number without dimension' if target is DIMENSIONLESS else target.describe()}."
        )
    return part[0]


def mismatch(verb: str, left: Part, right: Part) -> DimensionMismatchError:
    """Return "cannot add 10. mV and 3. ms: a voltage (V) and a time (s)." as an error."""
    return DimensionMismatchError(
        f"cannot {verb} {brief(*left)} and {brief(*right)}:"
        f" {left[1].describe()} and {right[1].describe()}."
    )


def needs_number(what: str, part: Part) -> DimensionMismatchError:
    """Return the error for a function that takes only numbers without dimension."""
    values, dim = part
    hint = f"x/{best_unit(values, dim).name}" if dim.factors() else "x"
    if any(mark in hint[2:] for mark in "*/ "):
        hint = f"x/({hint[2:]})"
    return DimensionMismatchError(
        f"{what} needs a number without dimension, but {brief(values, dim)} is"
        f" {dim.describe()}. Divide by a unit first, as in {hint}."
    )


def require_real(what: str, dtype: Any, result: Any) -> None:
    """Return unless ``dtype`` would make integers or truth values of SI values with a unit."""
    has_unit = isinstance(result, Dimension) and result is not DIMENSIONLESS
    if has_unit and dtype is not None and np.dtype(dtype).kind not in "fc":
        raise DimensionMismatchError(
            f"{what} with dtype={np.dtype(dtype).name} would round SI values of "
            f"{result.describe()}. Divide by a unit first."
        )


def wrap_nested(result: Any, dims: Any, wrap: Callable[[Any, Dimension], Any]) -> Any:
    """Return ``result`` with its arrays wrapped.

    ``dims`` is a dimension, None for results that stay as they are, or a tuple of these for the
    items of a tuple. One dimension for a list or tuple goes to each item.
    """
    if dims is None or result is None:
        return result
    if isinstance(dims, tuple):
        if not isinstance(result, (list, tuple)):
            return wrap_nested(result, dims[0], wrap)
        items = [wrap_nested(item, dim, wrap) for item, dim in zip(result, dims)]
    elif isinstance(result, (list, tuple)):
        items = [wrap_nested(item, dims, wrap) for item in result]
    else:
        return wrap(result, dims)
    if hasattr(result, "_make"):  # a named tuple, as np.unique_counts returns
        return result._make(items)
    return items if isinstance(result, list) else tuple(items)


def _may_hold_quantity(item: Any) -> bool:
    return type(item) is not float and type(item) is not int


def _array(items: Any, value: Any) -> Array:
    try:
        return np.asarray(items)
    except ValueError as error:  # rows of different lengths
        raise ArgumentTypeError(f"cannot make an array of {_shown(value)}: {error}.") from error


def _checked(values: Array, value: Any) -> Array:
    if values.dtype.kind not in _NUMERIC:
        raise ArgumentTypeError(f"expected numbers or a quantity, not {_shown(value)}.")
    return values


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"
