"""Quantities: numpy arrays of SI values with a dimension, and units, the named scalars among them.

Results without dimension are plain floats and arrays. What numpy function does what to units is
said in ``ufunc_rules`` and ``array_table``; anything unknown raises, nothing drops a unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NoReturn

import numpy as np

from simgen.errors import ArgumentTypeError, DimensionMismatchError, UnsupportedFeatureError
from simgen.units.array_table import run_array_function
from simgen.units.catalogue import UnitName
from simgen.units.dimension import DIMENSIONLESS, Dimension, Exponent, exact_exponent
from simgen.units.display import Array, as_code, as_text, best_unit, number_text
from simgen.units.operands import (
    dimension_of,
    mismatch,
    needs_number,
    require_dimension,
    split,
    wrap_nested,
)
from simgen.units.operators import install, is_operand
from simgen.units.plotted_lists import refuse_plotted_list
from simgen.units.ufunc_rules import run_ufunc


def bare(quantity: Any) -> Array:
    """Return the SI values of a Quantity as a plain array that shares its memory."""
    return np.ndarray.view(quantity, np.ndarray)


def from_si(value: Any, dim: Dimension) -> Any:
    """Return ``value``, in SI base units, as a Quantity; without dimension a float or array.

    Arrays of floats are not copied.
    """
    if dim is not DIMENSIONLESS:
        return Quantity(value, dim)
    if isinstance(value, np.ndarray) and value.ndim:
        return value if type(value) is np.ndarray else bare(value)
    return value.item() if isinstance(value, (np.ndarray, np.generic)) else value


def _has_own_rules(value: Any) -> bool:
    return hasattr(type(value), "__array_ufunc__") and not isinstance(value, np.ndarray)


class _Floats:
    """What ``float`` of a quantity with a dimension is: its value in SI units, or an error."""

    give_si = False


def let_floats_give_si() -> None:
    """Let ``float(10*mV)`` be 0.01 from now on, as scripts written for Brian expect."""
    _Floats.give_si = True


class Quantity(np.ndarray[Any, np.dtype[Any]]):
    """An array (0-d for one value) of numbers in SI base units, and their dimension ``dim``.

    ``value`` may be anything that holds numbers; integers become float64, arrays of floats are
    shared, not copied. If both ``value`` and ``dim`` say a dimension, they must agree.

    Raises ArgumentTypeError if ``value`` holds no numbers, DimensionMismatchError if the
    dimensions of its parts (or of it and ``dim``) differ.
    """

    dim: Dimension

    def __new__(cls, value: Any, dim: Dimension | None = None) -> Quantity:
        """Return a view of the numbers of ``value`` with a dimension."""
        if dim is not None and not isinstance(dim, Dimension):
            raise ArgumentTypeError(
                f"'dim' must be a Dimension, such as volt.dim, not {type(dim).__name__}."
                " To give numbers a unit, multiply: 5*mV."
            )
        values, found = split(value)
        if dim is not None and found is not DIMENSIONLESS and found is not dim:
            raise mismatch("make one quantity of", (values, found), (np.asarray(1.0), dim))
        if values.dtype.kind not in "fc":
            values = values.astype(np.float64)
        result = values.view(Quantity)
        result.dim = found if dim is None else dim
        return result

    def __array_finalize__(self, obj: Any) -> None:
        self.dim = getattr(obj, "dim", DIMENSIONLESS)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        # Asked only by code that worked on the bare numbers; no dimension can be known for them.
        return array[()] if return_scalar else array

    # ---- numpy -------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: Any, *inputs: Any, **kwargs: Any) -> Any:
        if any(_has_own_rules(value) for value in inputs):
            return NotImplemented
        result, dims = run_ufunc(ufunc, method, inputs, kwargs)
        out = kwargs.get("out")
        if out is not None:
            return out[0] if len(out) == 1 else out
        if dims is None or isinstance(dims, Dimension):
            return result if dims is None else from_si(result, dims)
        return wrap_nested(result, dims, from_si)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return wrap_nested(*run_array_function(func, args, kwargs), from_si)

    def __getitem__(self, key: Any) -> Any:
        return from_si(bare(self)[key], self.dim)

    def __setitem__(self, key: Any, value: Any) -> None:
        bare(self)[key] = require_dimension("store", value, self.dim)

    def __iter__(self) -> Iterator[Any]:
        return (from_si(item, self.dim) for item in bare(self))

    # ---- numbers out of it -------------------------------------------------------------------

    def _number(self, kind: str) -> Any:
        if self.dim is not DIMENSIONLESS:
            refuse_plotted_list(best_unit(bare(self), self.dim).name)
            raise needs_number(f"{kind}()", (bare(self), self.dim))
        return bare(self)

    def __float__(self) -> float:
        return float(bare(self) if _Floats.give_si else self._number("float"))

    def __int__(self) -> int:
        return int(self._number("int"))

    def __complex__(self) -> complex:
        return complex(self._number("complex"))

    def __index__(self) -> int:
        raise ArgumentTypeError("a quantity cannot be an index; use int(x/unit).")

    def __round__(self, digits: int | None = None) -> Any:
        return from_si(np.round(self, digits or 0), self.dim)

    def item(self, *args: Any) -> Any:
        """Return one element as a scalar quantity."""
        return from_si(bare(self).item(*args), self.dim)

    def tolist(self) -> Any:
        """Return (nested) lists of scalar quantities."""
        return from_si(self, self.dim) if self.ndim == 0 else [item.tolist() for item in self]

    @property
    def flat(self) -> Any:
        """Not available: numpy's flat iterator would give and take numbers without unit."""
        raise UnsupportedFeatureError("quantities have no 'flat'; use x.ravel() instead.")

    @flat.setter
    def flat(self, value: Any) -> NoReturn:
        raise UnsupportedFeatureError("quantities have no 'flat'; use x[...] = value instead.")

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Return a copy with another floating type; others would cut off SI values."""
        if self.dim is not DIMENSIONLESS and np.dtype(dtype).kind not in "fc":
            raise needs_number(f"astype({np.dtype(dtype).name})", (bare(self), self.dim))
        return from_si(bare(self).astype(dtype, *args, **kwargs), self.dim)

    def view(self, *args: Any, **kwargs: Any) -> Any:
        """Return the same memory as another type; only bare SI values or a quantity make sense."""
        result = np.ndarray.view(self, *args, **kwargs)
        if type(result) in (np.ndarray, Quantity, Unit) and result.dtype == self.dtype:
            return result
        raise UnsupportedFeatureError(
            f"a quantity cannot be seen as {type(result).__name__} of {result.dtype}, which"
            " knows no units. Use np.asarray(x) for its SI values."
        )

    def fill(self, value: Any) -> None:
        """Set all elements to ``value``, which must have this dimension."""
        self[...] = value

    def _sympy_(self) -> NoReturn:
        raise ArgumentTypeError(
            "a quantity cannot be part of a sympy expression: sympy knows no units."
            " Put its number there, as in x/mV, or use a symbol and keep the value aside."
        )

    # ---- dimension ---------------------------------------------------------------------------

    @property
    def dimensions(self) -> Dimension:
        """The dimension; the same as ``dim``."""
        return self.dim

    @property
    def is_dimensionless(self) -> bool:
        """Whether this is a quantity without dimension."""
        return self.dim is DIMENSIONLESS

    def has_same_dimensions(self, other: Any) -> bool:
        """Return whether ``other`` (anything with numbers) has the same dimension."""
        return dimension_of(other) is self.dim

    @staticmethod
    def with_dimensions(value: Any, dim: Dimension | None = None, **exponents: Any) -> Quantity:
        """Return a quantity of SI values: ``with_dimensions(2, length=1, time=-1)`` is 2 m/s."""
        return Quantity(value, Dimension.of(**exponents) if dim is None else dim)

    # ---- text --------------------------------------------------------------------------------

    def in_unit(self, unit: Any, precision: int | None = None, python_code: bool = False) -> str:
        """Return this as text in ``unit``: "0.01 V" or, as Python code, "0.01 * volt"."""
        if not isinstance(unit, Unit):
            raise ArgumentTypeError(f"expected a unit, such as mV, not {type(unit).__name__}.")
        if unit.dim is not self.dim:
            raise DimensionMismatchError(
                f"cannot show {self.dim.describe()} in '{unit.name}', the unit of"
                f" {unit.dim.describe()}."
            )
        scaled = np.asarray(bare(self) / unit.si_value)
        if python_code:
            text = repr(scaled) if scaled.ndim else number_text(scaled, precision)
            return f"{text} * {unit.name}"
        return f"{number_text(scaled, precision)} {unit.dispname}".strip()

    def get_best_unit(self) -> Unit:
        """Return the unit in which the typical value is nearest to 10."""
        return Unit.named(best_unit(bare(self), self.dim))

    def in_best_unit(self, precision: int | None = None, python_code: bool = False) -> str:
        """Return this as text in the best unit: "10. mV"."""
        return self.in_unit(self.get_best_unit(), precision, python_code)

    def __repr__(self) -> str:
        return as_code(bare(self), self.dim)

    def __str__(self) -> str:
        return as_text(bare(self), self.dim)

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        if self.ndim:
            raise ArgumentTypeError("a format such as '.2f' is for one value, not for an array.")
        unit = best_unit(bare(self), self.dim)
        return f"{format(bare(self).item() / unit.value, spec)} {unit.symbol}".strip()

    # ---- copies ------------------------------------------------------------------------------

    def __reduce__(self) -> Any:
        return (Quantity, (bare(self), self.dim))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.__reduce__()

    def __copy__(self) -> Any:
        return from_si(bare(self).copy(), self.dim)

    def __deepcopy__(self, memo: Any) -> Any:
        return Quantity(bare(self).copy(), self.dim)

    # ---- operators (the others come from ``operators``) ---------------------------------------

    def __mul__(self, other: Any) -> Any:
        if type(other) is float or type(other) is int:  # the common case, five times faster
            return from_si(bare(self) * other, self.dim)
        return np.multiply(self, other) if is_operand(other) else NotImplemented

    def __rmul__(self, other: Any) -> Any:
        if type(other) is float or type(other) is int:
            return from_si(bare(self) * other, self.dim)
        return np.multiply(other, self) if is_operand(other) else NotImplemented


class Unit(Quantity):
    """A named scalar quantity, a power of ten of the SI unit; it cannot be changed.

    ``name`` is what code calls it ("mvolt"), ``dispname`` what readers see ("mV"), ``tens`` the
    power of ten. Products, quotients and powers of units are units again.
    """

    name: str
    dispname: str
    tens: Exponent
    si_value: float

    def __new__(cls, name: str, dispname: str, dim: Dimension, tens: Exponent = 0) -> Unit:
        """Return the unit of 10**tens SI units."""
        # Through text, so that the value is the double nearest to the power of ten.
        value = float(f"1e{tens}") if isinstance(tens, int) else 10.0 ** float(tens)
        unit = np.array(value).view(cls)
        unit.dim, unit.name, unit.dispname, unit.tens, unit.si_value = (
            dim, name, dispname, tens, value,
        )  # fmt: skip
        unit.flags.writeable = False
        return unit

    def __array_finalize__(self, obj: Any) -> None:
        self.dim = getattr(obj, "dim", DIMENSIONLESS)
        if isinstance(obj, Unit):
            self.name, self.dispname = obj.name, obj.dispname
            self.tens, self.si_value = obj.tens, obj.si_value

    @staticmethod
    def named(entry: UnitName) -> Unit:
        """Return the unit of an entry of the catalogue."""
        return Unit(entry.name, entry.symbol, entry.dim, entry.tens)

    @property
    def is_si(self) -> bool:
        """Whether this is the SI unit of its dimension, without a factor."""
        return self.tens == 0

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Unit):
            name = f"{self.name} * {other.name}"
            return self._compound(self.dim * other.dim, self.tens + other.tens, name, other, " ")
        return super().__mul__(other)

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Unit):
            divisor = (
                f"({other.name})" if " * " in other.name or " / " in other.name else other.name
            )
            name = f"{self.name} / {divisor}"
            return self._compound(self.dim / other.dim, self.tens - other.tens, name, other, "/")
        return np.true_divide(self, other) if is_operand(other) else NotImplemented

    def __pow__(self, other: Any, modulo: None = None) -> Any:
        if not isinstance(other, (int, float, Fraction)):
            return np.power(self, other) if is_operand(other) else NotImplemented
        power = exact_exponent(other)
        if power == 0:
            return 1.0
        tens = exact_exponent(self.tens * power)
        base = f"({self.name})" if " " in self.name else self.name
        symbol = f"({self.dispname})" if {" ", "/", "^"} & set(self.dispname) else self.dispname
        shown = f"({power})" if isinstance(power, Fraction) else f"{power}"
        return Unit(f"{base} ** {shown}", f"{symbol}^{power}", self.dim**power, tens)

    def _compound(self, dim: Dimension, tens: Exponent, name: str, other: Unit, sign: str) -> Any:
        exact = exact_exponent(tens)
        second = other.dispname
        if sign == "/" and {" ", "/"} & set(second):
            second = f"({second})"
        unit = Unit(name, f"{self.dispname}{sign}{second}", dim, exact)
        return unit.si_value if dim is DIMENSIONLESS else unit

    def __repr__(self) -> str:
        return self.name

    def __str__(self) -> str:
        return self.dispname

    def __hash__(self) -> int:  # type: ignore[override]  # arrays have none, but a unit is constant
        return hash((self.tens, self.dim))

    def __reduce__(self) -> Any:
        return (Unit, (self.name, self.dispname, self.dim, self.tens))

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def copy(self, order: Any = "C") -> Any:
        """Return a scalar quantity of one unit, which may be changed."""
        return Quantity(np.array(self.si_value), self.dim)


install(Quantity)
