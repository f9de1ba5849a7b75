"""TimedArray: values given over time, called as a function in equations."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import plain_values
from simgen.api.checks import index_array
from simgen.api.clock import seconds
from simgen.api.naming import Guarded
from simgen.dtypes import DType
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    IndexRangeError,
    ModelError,
)
from simgen.ir.construct import binary, call, cast, compare, integer
from simgen.ir.expr import (
    Array,
    Binary,
    Cast,
    Const,
    Expr,
    Gather,
    Logical,
    Param,
    Role,
    Select,
)
from simgen.lang.syntax import CallNode, Name, Node
from simgen.model.description import SECOND
from simgen.model.functions import ModelFunction, Typed, quote
from simgen.model.resolve import Resolver
from simgen.model.scope import ValueEntry
from simgen.units import Dimension, Quantity, dimension_of, strip

_tables: weakref.WeakValueDictionary[str, TimedArray] = weakref.WeakValueDictionary()


def find_table(array: Array) -> TimedArray | None:
    """Return the living TimedArray whose values an array of the IR stands for."""
    return _tables.get(array.name)


def table_parameter(name: str) -> float | int | None:
    """Return a size or width of a living TimedArray by the name of its parameter."""
    owner = _tables.get(f"{name.rpartition('.')[0]}.values")
    return None if owner is None else owner.parameters().get(name)


def table_name(value: str) -> str:
    """Return the name of the TimedArray that an array or a parameter of programs is of."""
    return value.partition(".")[0].partition("__")[0]


def _free_key(name: str) -> str:
    """Return the name by which programs know a new table: its own, unless a living one has it.

    ``start_scope()`` frees names of arrays that earlier networks still read.
    """
    key, count = name, 0
    while f"{key}.values" in _tables:
        count += 1
        key = f"{name}__{count}"  # no object may be named so, see table_name()
    return key


class TimedArray(Guarded):
    """``f(t)`` or ``f(t, i)``: entry k holds from k*dt to (k+1)*dt; clamped at both ends.

    Parameters
    ----------
    values
        One dimension (time), or two (time, index).
    dt
        The time each entry holds.

    """

    def __init__(self, values: Any, dt: Any, name: str | None = "timedarray*") -> None:
        super().__init__(name, "timedarray*")
        data, dim = plain_values(values, f"The values of {self.describe()}")
        self.dim: Dimension = dim
        if data.dtype.kind not in "biuf":
            raise ArgumentTypeError(
                f"The values of {self.describe()} must be real numbers, not {data.dtype}."
            )
        if data.ndim not in (1, 2) or data.size == 0:
            raise ModelError(
                f"{self.describe()} needs one or two dimensions and at least one value, "
                f"not the shape {data.shape}."
            )
        bad = np.isnan(data.astype(float))
        if bad.any():
            place = ", ".join(str(int(k)) for k in np.argwhere(bad)[0])
            raise ModelError(f"The values of {self.describe()} contain NaN (at position {place}).")
        # one row after the other, and behind them what is read outside two dimensions
        self._stored: npt.NDArray[np.float64] = np.full(data.size + 1, np.nan)
        self._stored[:-1] = data.ravel()
        self._values: npt.NDArray[np.float64] = self._stored[:-1].reshape(data.shape)
        self._dt = seconds(dt, f"dt of {self.describe()}")
        if self._dt <= 0:
            raise ModelError(f"dt of {self.describe()} must be positive, not {self._dt} s.")
        self._spans: list[Expr] = []  # numbers of elements whose index runs over the columns
        self._key = _free_key(self.name)
        _tables[f"{self._key}.values"] = self
        self.simgen_function = ModelFunction(self.name, data.ndim, self._resolve)

    @property
    def values(self) -> Any:
        """The values with their unit."""
        return self._values if self.dim.is_dimensionless else Quantity(self._values, dim=self.dim)

    @property
    def dt(self) -> Quantity:
        """The time each entry holds."""
        return Quantity(self._dt, dim=SECOND)

    def __call__(self, t: Any, i: Any = None) -> Any:
        """Return the value at a time (for index i)."""
        if dimension_of(t) != SECOND:
            raise DimensionMismatchError(f"{self.describe()} is called with a time, not {t!r}.")
        if not np.isfinite(strip(t)).all():
            raise ModelError(f"{self.describe()} is called with a finite time, not {t!r}.")
        entries = np.clip(((np.asarray(strip(t)) + self._slack()) / self._dt).astype(int), 0, None)
        entries = np.minimum(entries, self._values.shape[0] - 1)
        if self._values.ndim == 1:
            if i is not None:
                raise ModelError(f"{self.describe()} has one dimension; call it with a time only.")
            chosen = self._values[entries]
        elif i is None:
            raise ModelError(
                f"{self.describe()} has two dimensions; call it with a time and an index."
            )
        else:
            columns = index_array(i, f"The index of {self.describe()}")
            if columns.dtype.kind not in "iu":
                raise ArgumentTypeError(f"The index of {self.describe()} must be whole, not {i!r}.")
            self._check_columns(columns)
            chosen = self._values[entries, columns]
        return chosen if self.dim.is_dimensionless else Quantity(chosen, dim=self.dim)

    def _check_columns(self, wanted: npt.NDArray[Any]) -> None:
        count = self._values.shape[1]
        beyond = (wanted < 0) | (wanted >= count)
        if np.any(beyond):
            raise IndexRangeError(
                f"{self.describe()} has {count} columns, so there is none for the index "
                f"{wanted[beyond].flat[0]}."
            )

    def check_sizes(self, value: Callable[[Expr], int | None]) -> None:
        """Raise where f(t, i) runs over more elements than there are columns.

        ``value`` returns the number that an expression stands for, None if it is of no interest.
        """
        for count in self._spans:
            size = value(count)
            if size is not None and size > self._values.shape[1]:
                raise IndexRangeError(
                    f"{self.describe()} has {self._values.shape[1]} columns, but it is called with "
                    f"the index of {size} elements."
                )

    def _slack(self) -> float:
        """Return how near (in s) to an entry's beginning a time counts as there.

        It covers the rounding errors of step*dt.
        """
        return 1e-6 * self._dt

    def _resolve(self, resolver: Resolver, node: CallNode, args: Any) -> Typed:
        (t, dim) = args[0]
        if dim != SECOND:
            return resolver.fail(
                node.args[0].origin,
                f"'{self.name}' is a function of time, but '{node.args[0].origin.text}' "
                f"is {dim.describe()}.",
                "",
                DimensionMismatchError,
            )
        rows = Param(f"{self._key}.rows", DType.I64)
        width = cast(Param(f"{self._key}.dt", DType.F64), DType.REAL)
        slack = cast(Param(f"{self._key}.slack", DType.F64), DType.REAL)
        entry: Expr = Cast(DType.I64, Binary("/", binary("+", cast(t, DType.REAL), slack), width))
        entry = call("clip", entry, integer(0), binary("-", rows, integer(1)))
        if len(args) == 2:
            index = args[1][0]
            if not index.dtype.is_integer:
                return resolver.fail(
                    node.args[1].origin,
                    f"The index of '{self.name}' is a whole number, but {quote(node.args[1])} is "
                    f"{'a condition' if index.dtype is DType.BOOL else 'a floating number'}.",
                    "Use int(...).",
                )
            count = self._values.shape[1]
            if isinstance(index, Const) and not 0 <= index.value < count:
                return resolver.fail(
                    node.args[1].origin,
                    f"'{self.name}' has {count} columns, so there is none for the index "
                    f"{index.value}.",
                    "",
                    IndexRangeError,
                )
            own = self._note_span(resolver, node.args[1])
            entry = self._place(entry, cast(index, DType.I64), checked=own)
        table = Array(f"{self._key}.values", DType.REAL, f"{self._key}.size", Role.TABLE)
        return Gather(table, entry), self.dim

    def _place(self, entry: Expr, index: Expr, *, checked: bool) -> Expr:
        """Return the place of a column at an entry; outside, that of the NaN behind the values.

        An index that is ``checked`` is inside.
        """
        columns = Param(f"{self._key}.columns", DType.I64)
        place = binary("+", binary("*", entry, columns), index)
        if checked:
            return place
        inside = Logical("and", compare(">=", index, integer(0)), compare("<", index, columns))
        last = binary("-", Param(f"{self._key}.size", DType.I64), integer(1))
        return Select(inside, place, last)

    def _note_span(self, resolver: Resolver, node: Node) -> bool:
        """Remember the number of elements whose own index is used; return whether it is one."""
        if not isinstance(node, Name) or node.name not in ("i", "j"):
            return False
        side = resolver.scope.peek({"i": "N_pre", "j": "N_post"}[node.name])
        entry = side if isinstance(side, ValueEntry) else resolver.scope.peek("N")
        if not isinstance(entry, ValueEntry):
            return False
        if entry.expr not in self._spans:
            self._spans.append(entry.expr)
        return True

    def data(self, real: np.dtype[np.floating]) -> npt.NDArray[Any]:
        """Return the values as one row after the other, and NaN for what is outside."""
        return self._stored.astype(real, copy=False)

    def parameters(self) -> dict[str, float | int]:
        """Return the run-time parameters of the look-up."""
        rows, columns = self._values.shape[0], self._values.size // self._values.shape[0]
        return {
            f"{self._key}.rows": rows,
            f"{self._key}.columns": columns,
            f"{self._key}.size": rows * columns + 1,
            f"{self._key}.dt": self._dt,
            f"{self._key}.slack": self._slack(),
        }
