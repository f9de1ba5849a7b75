"""All values of a group at once, as :mod:`simgen.api.states` asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from simgen.api.checks import check_not_infinite
from simgen.api.clock import Clock
from simgen.api.component import Component
from simgen.api.refractory_state import REFRACTORY, is_settable, settable
from simgen.api.states import Access, States
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.views import VariableView
from simgen.errors import DimensionMismatchError, InternalError, ModelError
from simgen.ir.expr import Array
from simgen.model.description import SECOND, GroupDescription
from simgen.units import DIMENSIONLESS, Dimension, Quantity, dimension_of

CLOCK = ("t", "dt", "t_in_timesteps")


class GroupStates(States, Component):
    """The side of a group that gives and takes all its values."""

    variables: dict[str, StateVariable]
    clock: Clock
    _description: GroupDescription
    _changing: frozenset[Array] = frozenset()  # what the code of the network writes

    def _states(self) -> dict[str, Access]:
        names = dict.fromkeys(("N", "i", *CLOCK), Access.READ_ONLY)
        for name, variable in self.variables.items():
            closed = variable.info.read_only or variable.info.linked
            names[name] = Access.READ_ONLY if closed else Access.WRITABLE
        group = self._description
        if group.lastspike is not None:
            for name in REFRACTORY:
                open_ = is_settable(self, name)
                names[name] = Access.WRITABLE if open_ else Access.READ_ONLY
        return {**dict.fromkeys(group.subexpressions, Access.COMPUTED), **names}

    def _state(self, name: str) -> tuple[AnyArray, Dimension]:
        if name == "N":
            return np.array(self._size()), DIMENSIONLESS
        if name == "t":
            return np.array(self.clock._now), SECOND
        if name == "dt":
            return np.array(self.clock.dt_), SECOND
        if name == "t_in_timesteps":
            return np.array(round(self.clock._now / self.clock.dt_)), DIMENSIONLESS
        return np.array(self._read(name, slice(None))), self._dimension(name)

    def _from_column(self, name: str, values: AnyArray) -> AnyArray:
        variable = self.variables.get(name)
        single = variable is not None and variable.info.shared and np.all(values == values[:1])
        return values[:1] if single else values

    def _check_state(self, name: str, value: Any, plain: bool) -> None:
        what = f"'{name}' of {self.describe()}"
        if isinstance(value, str):
            return  # an expression is checked where it is evaluated
        if isinstance(value, VariableView):
            value = value[:]
        if plain:
            dim = dimension_of(value)
            if not dim.is_dimensionless:
                raise DimensionMismatchError(
                    f"{what} was given with a unit, {dim.describe()}, to set_states(units=False), "
                    "which takes plain numbers in SI units."
                )
        variable = self._variable(name)
        value = Quantity(np.asarray(value), dim=variable.info.dim) if plain else value
        given = variable.convert(value, self.describe())
        wanted = 1 if variable.info.shared else self._size()
        if given.ndim and given.size not in (1, wanted):
            raise ModelError(f"{what} needs {wanted} values, but {given.size} were given.")
        if self._must_be_finite(name):
            check_not_infinite(given, what)

    def _set_state(self, name: str, value: Any, plain: bool) -> None:
        shared = self._variable(name).info.shared
        if self._size() == 0 and not shared and np.size(value) == 0:
            return  # synapses before they are connected: nothing to set
        self._write(name, slice(None), value, plain)

    def _variable(self, name: str) -> StateVariable:
        """Return a variable that can be set."""
        variable = self.variables.get(name) or settable(self, name)
        if variable is None:
            raise InternalError(f"'{name}' of {self.describe()} cannot be set")
        return variable

    # --- what groups know about their variables ---------------------------------------------------

    def _size(self) -> int:
        """The number of elements that indices run over."""
        raise InternalError(f"{type(self).__name__} does not say how many elements it has")

    def _dimension(self, name: str) -> Dimension:
        raise InternalError(f"{type(self).__name__} does not know the dimension of '{name}'")

    def _checked_state(self) -> Iterator[tuple[str, StateVariable]]:
        for name, variable in self.variables.items():
            if variable.info.array in self._changing and not variable.info.linked:
                yield name, variable

    def _must_be_finite(self, name: str) -> bool:
        """Whether a variable may not be given infinite values."""
        return False

    def _read(self, name: str, item: Any) -> AnyArray:
        raise InternalError(f"{type(self).__name__} cannot read '{name}'")

    def _write(self, name: str, item: Any, value: Any, plain: bool = False) -> None:
        raise InternalError(f"{type(self).__name__} cannot write '{name}'")
