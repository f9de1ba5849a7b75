"""What a name can stand for, and where it is looked up.

Names are searched in this order: variables of the model, the built-in units, functions and
constants, the namespace. A scope never answers for built-ins; the resolver asks :data:`BUILTINS`
itself when a scope has no answer, and :class:`ConstantScope` steps back from their names.
"""

from __future__ import annotations

import inspect
import math
import types
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Number as PythonNumber
from typing import Any, Protocol

import numpy as np

from simgen.dtypes import DType
from simgen.errors import (
    EquationError,
    SimgenError,
)
from simgen.ir.construct import real
from simgen.ir.expr import Expr, Load, Param
from simgen.lang.names import CONSTANT_NAMES, shorten
from simgen.lang.syntax import Node
from simgen.model.functions import BUILTIN_FUNCTIONS, ModelFunction
from simgen.model.user_functions import checked_function
from simgen.units import ALL_UNITS, DIMENSIONLESS, Dimension, dimension_of, unit_from_name


@dataclass(frozen=True, slots=True)
class VariableEntry:
    """A stored variable; ``gate`` is the condition for writes if it is 'unless refractory'."""

    load: Load
    dim: Dimension
    owner_text: str
    read_only: bool = False
    linked: bool = False
    constant: bool = False
    shared: bool = False
    gate: Expr | None = None


@dataclass(frozen=True, slots=True)
class ValueEntry:
    """A ready expression: t, dt, i, N, a local, a constant of the namespace.

    ``nature`` says what it is, where code assigns to it, if not that.
    """

    expr: Expr
    dim: Dimension
    nature: str = ""


@dataclass(frozen=True, slots=True)
class SubexpressionEntry:
    """A named expression, resolved in its own ``scope`` at each use.

    ``dim`` and ``dtype`` are those that were declared.
    """

    node: Node
    dim: Dimension
    scope: Scope
    constant_over_dt: bool
    dtype: DType = DType.REAL


@dataclass(frozen=True, slots=True)
class FunctionEntry:
    """A function, which can only be called."""

    function: ModelFunction


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """A name that exists but cannot be used; the resolver reports why, at the place of the use."""

    message: str
    hint: str = ""
    error: type[SimgenError] = EquationError


Entry = VariableEntry | ValueEntry | SubexpressionEntry | FunctionEntry | RefusedEntry


class Scope(Protocol):
    """A place where names are looked up."""

    def lookup(self, name: str) -> Entry | None:
        """Return what ``name`` stands for here, or None; for names that the user wrote."""

    def peek(self, name: str) -> Entry | None:
        """Return what ``name`` would stand for, if the user wrote it."""
        return self.lookup(name)

    def names(self) -> Iterable[str]:
        """Return the names that can be suggested for a misspelt one."""

    def missing(self, name: str) -> str:
        """Return which objects lack an unknown name, as " X has no variable 'v'.", or nothing."""
        return ""


class EntryScope(Scope):
    """A scope over ready entries."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries

    def lookup(self, name: str) -> Entry | None:
        """Return the entry of that name, or None."""
        return self.entries.get(name)

    def names(self) -> Iterator[str]:
        """Yield the names of the entries."""
        yield from self.entries


class ChainScope(Scope):
    """Several scopes, searched in their order."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = scopes

    def lookup(self, name: str) -> Entry | None:
        """Return the answer of the first scope that has one."""
        for scope in self.scopes:
            entry = scope.lookup(name)
            if entry is not None:
                return entry
        return None

    def names(self) -> Iterator[str]:
        """Yield the names of all scopes."""
        for scope in self.scopes:
            yield from scope.names()


CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e, "inf": math.inf}


class BuiltinScope(Scope):
    """The units, functions and constants of the language."""

    def lookup(self, name: str) -> Entry | None:
        """Return the unit (as its SI value), function or constant ``name``, or None."""
        if name in BUILTIN_FUNCTIONS:
            return FunctionEntry(BUILTIN_FUNCTIONS[name])
        if name in CONSTANTS:
            return ValueEntry(real(CONSTANTS[name]), DIMENSIONLESS)
        unit = unit_from_name(name)
        return None if unit is None else ValueEntry(real(float(np.asarray(unit))), unit.dim)

    def names(self) -> Iterator[str]:
        """Yield the names of functions, constants and units."""
        yield from ("True", "False")
        yield from BUILTIN_FUNCTIONS
        yield from CONSTANTS
        yield from ALL_UNITS


BUILTINS = BuiltinScope()


class ConstantScope(Scope):
    """The numbers of a namespace, as parameters that are given when a run starts.

    ``used`` collects, by the name of the parameter, the user's name and the value in SI units of
    each constant that was looked up. The Param of ``x`` is ``prefix + "x"``: REAL, I64 for an
    integer without dimension, BOOL for a truth value. ``hidden`` collects the names that code used
    and the model itself defines, whatever the namespace has under them.
    """

    def __init__(self, values: Mapping[str, Any], prefix: str = "") -> None:
        self.values = values
        self.prefix = prefix
        self.used: dict[str, tuple[str, float | int]] = {}
        self.functions: dict[str, Any] = {}  # the objects that were found for names of functions
        self.hidden: set[str] = set()
        self.linked: dict[str, ConstantScope] = {}  # those of expressions that are linked to

    def lookup(self, name: str) -> Entry | None:
        """Return the constant or function ``name``, a refusal of what is neither, or None."""
        if name not in self.values:
            return None
        value = self.values[name]
        if BUILTINS.lookup(name) is not None:
            return _check_builtin(name, value)
        function = getattr(value, "simgen_function", None)
        if function is None and callable(value):
            function = checked_function(value)
        if isinstance(function, ModelFunction):
            self.functions[name] = value
            return FunctionEntry(function)
        read = read_constant(name, value)
        if isinstance(read, RefusedEntry):
            return read
        number, dim = read
        if isinstance(number, bool):
            dtype = DType.BOOL
        else:
            dtype = DType.I64 if isinstance(number, int) else DType.REAL
        param = Param(f"{self.prefix}{name}", dtype)
        self.used[param.name] = (name, number)
        return ValueEntry(param, dim)

    def used_in_all(self) -> ChainMap[str, tuple[str, float | int]]:
        """Return ``used``, with those of the expressions that are linked to; the mapping grows."""
        found: dict[int, ConstantScope] = {}
        waiting = [self]
        while waiting:  # groups may be linked to each other
            scope = waiting.pop()
            if id(scope) not in found:
                found[id(scope)] = scope
                waiting += scope.linked.values()
        return ChainMap(*(scope.used for scope in found.values()))

    def names(self) -> Iterator[str]:
        """Yield the names whose values are numbers or functions of simgen."""
        for name, value in self.values.items():
            function = inspect.getattr_static(value, "simgen_function", None)  # runs no user code
            if function is not None or isinstance(value, PythonNumber | np.ndarray):
                yield name


def read_constant(name: str, value: Any) -> tuple[float | int, Dimension] | RefusedEntry:
    """Return ``value`` in SI units as bool, int or float with its dimension, or why it is refused.

    Numbers, quantities, numpy scalars and arrays of one element are constants.
    """
    if isinstance(value, int):  # bool too; of any size, which numpy's integers are not
        return _checked(name, value, DIMENSIONLESS)
    if not isinstance(value, PythonNumber | np.ndarray | np.generic):
        return _refuse_object(name, value)
    try:
        value = float(value) if isinstance(value, Fraction | Decimal) else value
        dim = dimension_of(value)
    except (OverflowError, SimgenError) as error:
        return RefusedEntry(f"'{name}' cannot be used: {error}")
    array = np.asarray(value)
    if array.size != 1:
        return RefusedEntry(
            f"'{name}' is an array of shape {array.shape}; an expression needs a single number.",
            "Use a parameter of the model (one value an element) or a TimedArray (one a time).",
        )
    if array.dtype.kind not in "biuf":
        return RefusedEntry(f"'{name}' is {shown(value)}, which is not a real number.")
    item = array.reshape(-1)[0].item()
    return _checked(name, item if dim.is_dimensionless else float(item), dim)


def _checked(
    name: str, number: float | int, dim: Dimension
) -> tuple[float | int, Dimension] | RefusedEntry:
    if number != number:
        return RefusedEntry(f"The value of '{name}' is nan (not a number).", "Give it a number.")
    if isinstance(number, int) and not -(2**63) <= number < 2**63:
        return RefusedEntry(
            f"The value of '{name}' does not fit into a 64-bit integer.",
            "Use a floating number.",
        )
    return number, dim


def _refuse_object(name: str, value: Any) -> RefusedEntry:
    if callable(value):
        return RefusedEntry(
            f"'{name}' is a Python function, whose units are not known.",
            "Make it a Function: Function(f, arg_units=[volt], return_unit=1); or decorate it "
            "with @implementation('cpp', ...) above @check_units(x=volt, result=1).",
        )
    if isinstance(value, str):
        return RefusedEntry(f"'{name}' is a string; an expression needs a number.")
    kind = type(value).__name__
    hint = "Take one element." if isinstance(value, list | tuple | dict | set) else ""
    return RefusedEntry(f"'{name}' is a {kind}; an expression needs a number or a quantity.", hint)


def _check_builtin(name: str, value: Any) -> RefusedEntry | None:
    """Return None if ``value`` may stand beside the built-in ``name``, which wins; else a refusal.

    A unit or constant with another value, or a function of the user's own, would silently be
    ignored, so it is refused.
    """
    if name in BUILTIN_FUNCTIONS:
        module = str(getattr(value, "__module__", "") or "").partition(".")[0]
        own = isinstance(value, types.FunctionType) and module not in _FUNCTION_MODULES
        same = not own
    else:
        unit = unit_from_name(name)
        wanted = CONSTANTS[name] if unit is None else float(np.asarray(unit))
        dim = DIMENSIONLESS if unit is None else unit.dim
        read = read_constant(name, value)
        same = not isinstance(read, RefusedEntry) and read[0] == wanted and read[1] == dim
    if same:
        return None
    kind = "function" if name in BUILTIN_FUNCTIONS else "unit"
    if name in CONSTANT_NAMES:
        kind = "constant"
    other = "a function of your own" if kind == "function" else shown(value)
    return RefusedEntry(
        f"'{name}' is a built-in {kind}, but your namespace defines it as {other}.",
        "Give your value another name.",
    )


def shown(value: Any) -> str:
    """Return the value as the user would write it, on one line and not too long."""
    try:
        return shorten(repr(value), 60)
    except Exception:  # a class of the user's may raise anything; huge integers raise ValueError
        return f"a value of type {type(value).__name__}"


_FUNCTION_MODULES = frozenset(("numpy", "simgen", "math", "pylab", "matplotlib", "scipy"))
