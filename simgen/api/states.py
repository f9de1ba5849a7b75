"""``get_states`` and ``set_states``: the values of an object by name, as a dict or a table.

A table is a DataFrame of pandas, which is imported only when one is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np

from simgen.api.arguments import names_of
from simgen.api.naming import Named
from simgen.api.storage import AnyArray
from simgen.errors import (
    ArgumentTypeError,
    InternalError,
    ModelError,
    UnknownAttributeError,
    UnknownNameError,
    UnsupportedFeatureError,
    suggest,
)
from simgen.units import Dimension, Quantity


class Access(Enum):
    """What may be done with a value."""

    WRITABLE = "can be set"
    READ_ONLY = "cannot be set"
    COMPUTED = "is a subexpression, computed when it is asked for"


class States(Named):
    """The side of an object that gives all its values at once."""

    def _states(self) -> Mapping[str, Access]:
        """Return the names of the values that :meth:`get_states` gives."""
        raise InternalError(f"{type(self).__name__} does not say which values it has")

    def _further_states(self) -> Mapping[str, Access]:
        """Return the names of values that are given only where they are asked for."""
        return {}

    def _state(self, name: str) -> tuple[AnyArray, Dimension]:
        """Return a copy of values in SI units, and their dimension."""
        raise InternalError(f"{type(self).__name__} does not give its values")

    def _from_column(self, name: str, values: AnyArray) -> AnyArray:
        """Return the values to set for a column of a table, which repeats single values."""
        return values

    def _check_state(self, name: str, value: Any, plain: bool) -> None:
        """Raise if a value cannot be set; nothing is changed."""
        raise InternalError(f"{type(self).__name__} has no values to set")

    def _set_state(self, name: str, value: Any, plain: bool) -> None:
        """Set a value that has been checked."""
        raise InternalError(f"{type(self).__name__} has no values to set")

    def get_states(
        self,
        vars: Any = None,
        units: bool = True,
        format: str = "dict",
        subexpressions: bool = False,
        read_only_variables: bool = True,
        level: int = 0,
    ) -> Any:
        """Return copies of the values of this object, by name.

        Parameters
        ----------
        vars
            Names; by default those of all variables.
        units
            True: values with a dimension are quantities; False: plain numbers in SI units.
        format
            ``"dict"``, or ``"pandas"`` for a DataFrame, which needs ``units=False`` and values of
            equal length (a single value is repeated).
        subexpressions
            Whether to compute subexpressions, too, where ``vars`` is not given.
        read_only_variables
            False leaves out what :meth:`set_states` does not take, where ``vars`` is not given.

        Returns
        -------
        dict or DataFrame
            Arrays of the variables' dtypes: one value per element, in the order of the elements; of
            shape () for a shared variable; of shape (times, recorded elements) for what a
            StateMonitor has recorded.

        Raises
        ------
        UnknownNameError
            A name that the object does not have.
        ModelError
            A table of values of different lengths.
        UnsupportedFeatureError
            Another format, a table with units, or pandas is not installed.

        """
        _check_format(format, units, "get_states", self)
        if vars is None:
            names = [
                name
                for name, access in self._states().items()
                if (subexpressions or access is not Access.COMPUTED)
                and (read_only_variables or access is Access.WRITABLE)
            ]
        else:
            names = names_of(vars, self.describe())
            for name in names:
                self._access(name)
        found = {name: self._state(name) for name in names}
        if format == "pandas":
            return _table({name: values for name, (values, _) in found.items()}, self.describe())
        return {
            name: Quantity(values, dim=dim) if units and not dim.is_dimensionless else values
            for name, (values, dim) in found.items()
        }

    def set_states(
        self, values: Any, units: bool = True, format: str = "dict", level: int = 0
    ) -> None:
        """Set variables by name; if one of them cannot be set, none is.

        Parameters
        ----------
        values
            Name -> value, one or one per element, as ``group.name = value`` takes; or a DataFrame.
        units
            Whether values have units; plain numbers are in SI units.
        format
            ``"dict"``, or ``"pandas"``, which needs ``units=False``.

        Raises
        ------
        UnknownNameError
            A name that the object does not have.
        UnknownAttributeError
            A value that is read-only.
        DimensionMismatchError, ModelError, ArgumentTypeError
            A value of another dimension, size or type.
        UnsupportedFeatureError
            Another format, a table with units, or pandas is not installed.

        """
        given = checked_states(self, values, units, format)
        for name, value in given.items():
            self._set_state(name, value, not units)

    def _access(self, name: Any) -> Access:
        """Return what may be done with a value, or raise UnknownNameError."""
        known = {**self._states(), **self._further_states()}
        if name not in known:
            hint = suggest(name, known) if isinstance(name, str) else ""
            raise UnknownNameError(f"{self.describe()} has no variable {name!r}. {hint}".rstrip())
        return known[name]


def checked_states(owner: States, values: Any, units: bool, format: str) -> dict[str, Any]:
    """Return name -> value of what :meth:`States.set_states` was given, if all can be set."""
    _check_format(format, units, "set_states", owner)
    what = f"set_states() of {owner.describe()}"
    given = _columns(owner, values, what) if format == "pandas" else values
    if not isinstance(given, Mapping):
        raise ArgumentTypeError(f"{what} takes a dict from names to values, not {values!r}.")
    for name, value in given.items():
        access = owner._access(name)
        if access is not Access.WRITABLE:
            raise UnknownAttributeError(
                f"'{name}' of {owner.describe()} {access.value}. "
                "get_states(read_only_variables=False) leaves such values out."
            )
        owner._check_state(name, value, not units)
    return dict(given)


def _check_format(format: Any, units: Any, what: str, owner: States) -> None:
    if format not in ("dict", "pandas"):
        raise UnsupportedFeatureError(
            f"{what}() of {owner.describe()} knows the formats 'dict' and 'pandas', not {format!r}."
        )
    if format == "pandas" and units:
        raise UnsupportedFeatureError(
            f"A table has no units: use {what}(..., units=False, format='pandas') of "
            f"{owner.describe()}, with values in SI units."
        )


def _pandas(what: str) -> Any:
    try:
        import pandas
    except ImportError as error:
        raise UnsupportedFeatureError(
            f"{what} needs pandas, which cannot be imported ({error}). Install it with "
            "'pip install pandas', or use format='dict'."
        ) from None
    return pandas


def _table(values: Mapping[str, AnyArray], owner: str) -> Any:
    """Return a DataFrame with one row per element."""
    pandas = _pandas(f"get_states(format='pandas') of {owner}")
    lengths = {name: len(array) for name, array in values.items() if array.ndim == 1}
    for name, array in values.items():
        if array.ndim > 1:
            raise ModelError(
                f"'{name}' of {owner} has the shape {array.shape}, but a table has one row per "
                "element: use format='dict'."
            )
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"'{name}' {length}" for name, length in lengths.items())
        raise ModelError(
            f"The values of {owner} differ in length ({shown}), so they make no table: name some "
            "in vars=, or use format='dict'."
        )
    rows = next(iter(lengths.values()), 1)
    return pandas.DataFrame({name: np.broadcast_to(a, (rows,)) for name, a in values.items()})


def _columns(owner: States, table: Any, what: str) -> dict[str, Any]:
    pandas = _pandas(f"{what} with format='pandas'")
    if not isinstance(table, pandas.DataFrame):
        raise ArgumentTypeError(f"{what} with format='pandas' takes a DataFrame, not {table!r}.")
    return {name: owner._from_column(name, table[name].to_numpy()) for name in table.columns}
