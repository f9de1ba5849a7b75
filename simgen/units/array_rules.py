"""How rules for numpy's array functions are written down, and how one is carried out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from simgen.errors import DimensionMismatchError
from simgen.units.dimension import DIMENSIONLESS, Dimension
from simgen.units.operands import (
    Part,
    carries_dimension,
    common_dimension,
    leaves,
    needs_number,
    require_real,
    split,
    strip_nested,
)

# What a rule says of the result: a dimension for each array in it, None to leave it alone, or a
# tuple of these for the items of a tuple.
Outcome = Any
Function = Callable[..., Any]

# Functions written in C, some without a signature in older numpy versions.
_PARAMETERS: dict[str, str] = {
    "concatenate": "arrays axis out dtype casting",
    "where": "condition x y",
    "dot": "a b out",
    "inner": "a b",
    "vdot": "a b",
    "empty_like": "prototype dtype order subok shape device",
    "copyto": "dst src casting where",
    "putmask": "a mask values",
    "bincount": "x weights minlength",
}


@cache
def signature(func: Function) -> inspect.Signature:
    """Return the signature of a numpy function."""
    names = _PARAMETERS.get(getattr(func, "__name__", ""))
    if names is None:
        return inspect.signature(func)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature([inspect.Parameter(name, kind) for name in names.split()])


class Call:
    """A call of a numpy function; arguments with units are taken out of it one by one.

    What is still there when :meth:`run` is called must be without dimension.
    """

    def __init__(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.func = func
        self.name = func.__name__
        # Missing arguments are numpy's to complain about: partial binding never does.
        self._bound = signature(func).bind_partial(*args, **kwargs)
        self.arguments = self._bound.arguments
        self._done: set[str] = set()

    def take(self, *names: str) -> Dimension:
        """Return the dimension shared by the named arguments (those passed), now SI numbers."""
        parts = []
        for name in names:
            value = self.arguments.get(name)
            self._done.add(name)
            if value is None or value is np._NoValue:
                continue
            parts.extend(_parts(value))
            self.arguments[name] = strip_nested(_listed(value))
        if not parts:
            return DIMENSIONLESS
        return common_dimension(f"use together in numpy.{self.name}", parts)

    def together(self, values: Iterable[Any]) -> tuple[Dimension, list[Any]]:
        """Return the dimension shared by values that lie within arguments, and their SI numbers."""
        given = list(values)
        parts = [part for value in given for part in _parts(value)]
        dim = common_dimension(f"use together in numpy.{self.name}", parts)
        return dim, [strip_nested(_listed(value)) for value in given]

    def replace(self, name: str, value: Any) -> None:
        """Give an argument SI numbers that were taken from it."""
        self._done.add(name)
        self.arguments[name] = value

    def free(self, *names: str) -> None:
        """Let the named arguments have any dimension: only their truth values or shapes count."""
        for name in names:
            if name in self.arguments:
                self._done.add(name)
                self.arguments[name] = strip_nested(_listed(self.arguments[name]))

    def number(self, *names: str) -> None:
        """Require that the named arguments, if passed, have no dimension."""
        for name in names:
            value = self.arguments.get(name)
            for item in leaves(value):
                if carries_dimension(item):
                    raise needs_number(f"'{name}' of numpy.{self.name}", split(item))
            self.free(name)

    def given(self, name: str) -> bool:
        """Whether an argument was passed and is not None."""
        return self.arguments.get(name) is not None

    def run(self, outcome: Outcome) -> tuple[Any, Outcome]:
        """Return what numpy gives, and ``outcome``; ``out=`` must hold that dimension."""
        out = self.arguments.get("out")
        if out is not None:
            values, dim = split(out)
            wanted = outcome if isinstance(outcome, Dimension) else DIMENSIONLESS
            if dim is not wanted:
                raise DimensionMismatchError(
                    f"the result of numpy.{self.name} is {wanted.describe()} and cannot be"
                    f" written to an array that holds {dim.describe()}."
                )
            self.arguments["out"] = values
        require_real(f"numpy.{self.name}", self.arguments.get("dtype"), outcome)
        self._done.add("out")
        self.number(*(name for name in self.arguments if name not in self._done))
        result = self.func(*self._bound.args, **self._bound.kwargs)
        return (result, outcome) if out is None else (out, None)


def _parts(value: Any) -> list[Part]:
    if not isinstance(value, (list, tuple)):
        return [split(value)]
    items = list(leaves(value))
    if all(type(item) is float or type(item) is int for item in items):
        return [split(items)]  # one array, not one for each number
    return [split(item) for item in items]


def _listed(value: Any) -> Any:
    """Return an object that has units but is no array (a view of a variable) in a form to strip."""
    return value if isinstance(value, (list, tuple, np.ndarray)) else strip_nested(value)


@dataclass(frozen=True, slots=True)
class ArrayRule:
    """The ordinary rule: ``same`` arguments share one dimension, from which the result's comes.

    ``free`` arguments may have any; all others must have none.
    """

    same: tuple[str, ...]
    result: Callable[[Dimension], Outcome]
    free: tuple[str, ...] = ()

    def __call__(
        self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, Outcome]:
        """Return what ``func`` gives for the SI numbers, and what its dimensions are."""
        call = Call(func, args, kwargs)
        dim = call.take(*self.same)
        call.free(*self.free)
        return call.run(self.result(dim))


def keep(dim: Dimension) -> Outcome:
    """The result has the dimension of the arguments."""
    return dim


def plain(dim: Dimension) -> Outcome:
    """The result is what numpy gives for the numbers."""
    return None


def squared(dim: Dimension) -> Outcome:
    """The result has the square of the dimension."""
    return dim**2


def ratio(dim: Dimension) -> Outcome:
    """The result is a number."""
    return DIMENSIONLESS


def first_of_several(dim: Dimension) -> Outcome:
    """The first result keeps the dimension; the others are indices and counts."""
    return (dim, None, None, None)
