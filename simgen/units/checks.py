"""Asking for dimensions, and checking the arguments of users' functions."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np

from simgen.errors import ArgumentTypeError, DimensionMismatchError
from simgen.units.catalogue import UnitName
from simgen.units.dimension import DIMENSIONLESS, Dimension
from simgen.units.display import brief, show_in
from simgen.units.operands import dimension_of, fits_every_dimension, split
from simgen.units.quantity import Quantity, Unit

F = TypeVar("F", bound=Callable[..., Any])
_ATTRIBUTE = "_simgen_signature"


def get_dimensions(value: Any) -> Dimension:
    """Return the dimension of ``value``; numbers and plain arrays have none."""
    return dimension_of(value)


def is_dimensionless(value: Any) -> bool:
    """Return whether ``value`` has no dimension."""
    return dimension_of(value) is DIMENSIONLESS


def have_same_dimensions(first: Any, second: Any) -> bool:
    """Return whether both have the same dimension."""
    return dimension_of(first) is dimension_of(second)


def in_unit(value: Any, unit: Unit, precision: int | None = None) -> str:
    """Return ``value`` as text in ``unit``."""
    return Quantity(value).in_unit(unit, precision)


def in_best_unit(value: Any, precision: int | None = None) -> str:
    """Return ``value`` as text in the unit that suits its size."""
    return Quantity(value).in_best_unit(precision)


def register_new_unit(u: Unit) -> None:
    """Let quantities be shown in a unit: ``register_new_unit(pfarad / mmetre**2)``.

    Raises ArgumentTypeError for what is no unit (a product such as 3*mV is a quantity).
    """
    if not isinstance(u, Unit) or not isinstance(u.tens, int):
        raise ArgumentTypeError(
            f"register_new_unit() needs a unit, such as pfarad/mmetre**2, not {u!r}."
        )
    show_in(UnitName(u.name, u.dispname, u.dim, u.tens))


@dataclass(frozen=True, slots=True)
class UnitSignature:
    """The units that a function declares; ``None`` for an argument that may be anything.

    Each entry of ``arguments`` is a Dimension, ``bool``, or the name of the argument that must
    have the same dimension. ``result`` is a Dimension, ``bool``, None, or a function from the
    arguments' dimensions to the result's.
    """

    names: tuple[str, ...]
    arguments: tuple[Dimension | str | type[bool] | None, ...]
    result: Dimension | type[bool] | Callable[..., Any] | None

    @classmethod
    def of(cls, function: str, names: tuple[str, ...], units: Any, result: Any) -> UnitSignature:
        """Return the signature of a function from units as users write them, one an argument."""
        declared = tuple(_declared(function, unit, names) for unit in units)
        return cls(names, declared, _declared_result(result))

    def result_dimension(self, dims: Sequence[Dimension]) -> Dimension | None:
        """Return the result's dimension for arguments of ``dims``; None if nothing is declared."""
        if self.result is None or isinstance(self.result, Dimension):
            return self.result
        if self.result is bool:
            return DIMENSIONLESS
        found = self.result(*dims)
        return found if isinstance(found, Dimension) else dimension_of(found)


def unit_signature(func: Any) -> UnitSignature | None:
    """Return what :func:`check_units` declared of ``func``, or None."""
    found = getattr(func, _ATTRIBUTE, None)
    return found if isinstance(found, UnitSignature) else None


def check_units(**units: Any) -> Callable[[F], F]:
    """Return a decorator that checks the units of a function's arguments and result.

    ``@check_units(v=volt, n=1, flag=bool, w="v", result=lambda v, n: v)``: a unit, 1 for a plain
    number, ``bool``, the name of an argument of the same dimension, or None for anything. A
    function as ``result`` is given the arguments' dimensions. Text and None as values are not
    checked. A wrong argument raises DimensionMismatchError.
    """

    def decorate(func: F) -> F:
        parameters = inspect.signature(func)
        names = tuple(parameters.parameters)
        unknown = sorted(set(units) - set(names) - {"result"})
        if unknown:
            raise ArgumentTypeError(f"'{func.__name__}' has no argument '{unknown[0]}' to check.")
        wanted = tuple(units.get(name) for name in names)
        declared = UnitSignature.of(func.__name__, names, wanted, units.get("result"))

        @functools.wraps(func)
        def checked(*args: Any, **kwargs: Any) -> Any:
            bound = parameters.bind(*args, **kwargs)
            bound.apply_defaults()
            given = bound.arguments
            for name, wanted in zip(names, declared.arguments):
                if wanted is not None:
                    _check_argument(func.__name__, name, wanted, given)
            result = func(*args, **kwargs)
            _check_result(func.__name__, declared, given, result)
            return result

        setattr(checked, _ATTRIBUTE, declared)
        return cast("F", checked)

    return decorate


def _declared(
    function: str, unit: Any, names: tuple[str, ...]
) -> Dimension | str | type[bool] | None:
    if unit is None or unit is bool:
        return unit
    if isinstance(unit, str):
        if unit not in names:
            raise ArgumentTypeError(
                f"The function '{function}' has no argument '{unit}' whose unit could be taken."
            )
        return unit
    return unit if isinstance(unit, Dimension) else dimension_of(unit)


def _declared_result(unit: Any) -> Dimension | type[bool] | Callable[..., Any] | None:
    if unit is None or unit is bool or isinstance(unit, Dimension):
        return unit
    if callable(unit) and not isinstance(unit, np.ndarray):
        return cast("Callable[..., Any]", unit)
    return dimension_of(unit)


def _check_argument(function: str, name: str, wanted: Any, given: dict[str, Any]) -> None:
    value = given[name]
    if value is None or isinstance(value, str):
        return
    if wanted is bool:
        if not isinstance(value, (bool, np.bool_)):
            raise ArgumentTypeError(
                f"'{function}' needs True or False for '{name}', not {value!r}."
            )
        return
    if isinstance(wanted, str):
        other = given.get(wanted)
        if other is None:
            return
        wanted = dimension_of(other)
    part = split(value)
    if part[1] is not wanted and not fits_every_dimension(part):
        raise DimensionMismatchError(
            f"'{function}' needs {_wanted(wanted)} for '{name}', but {brief(*part)} is"
            f" {part[1].describe()}."
        )


def _check_result(
    function: str, declared: UnitSignature, given: dict[str, Any], result: Any
) -> None:
    wanted = declared.result
    if wanted is None:
        return
    if wanted is bool:
        if np.asarray(result).dtype.kind != "b":
            raise ArgumentTypeError(f"'{function}' must return True or False, not {result!r}.")
        return
    dim = declared.result_dimension([_dimension_or_none(given[name]) for name in declared.names])
    if dim is None:
        return
    part = split(result)
    if part[1] is not dim and not fits_every_dimension(part):
        raise DimensionMismatchError(
            f"'{function}' must return {_wanted(dim)}, but {brief(*part)} is {part[1].describe()}."
        )


def _dimension_or_none(value: Any) -> Dimension:
    """Return the dimension of an argument; text and None, which are not checked, have none."""
    return DIMENSIONLESS if value is None or isinstance(value, str) else dimension_of(value)


def _wanted(dim: Dimension) -> str:
    return "a number without dimension" if dim is DIMENSIONLESS else dim.describe()
