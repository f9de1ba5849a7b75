"""The values of all objects of a network at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simgen.api.component import Component
from simgen.api.naming import Named
from simgen.api.states import States, checked_states
from simgen.errors import ArgumentTypeError, InternalError, UnknownNameError, suggest


class NetworkStates(Named):
    """The side of a network that gives and takes the values of its objects."""

    @property
    def objects(self) -> list[Component]:
        """The objects with all that belongs to them."""
        raise InternalError(f"{type(self).__name__} does not know its objects")

    def get_states(
        self,
        units: bool = True,
        format: str = "dict",
        subexpressions: bool = False,
        read_only_variables: bool = True,
        level: int = 0,
    ) -> dict[str, Any]:
        """Return copies of the values of all groups, synapses and monitors.

        Parameters
        ----------
        units, format, subexpressions, read_only_variables
            As for ``group.get_states``.

        Returns
        -------
        dict
            Name of the object -> what its ``get_states`` returns.

        Raises
        ------
        ModelError, UnsupportedFeatureError
            The values of an object make no table.

        """
        return {
            name: owner.get_states(None, units, format, subexpressions, read_only_variables)
            for name, owner in self._stateful().items()
        }

    def set_states(
        self, values: Any, units: bool = True, format: str = "dict", level: int = 0
    ) -> None:
        """Set variables of objects; if one of them cannot be set, none is.

        Parameters
        ----------
        values
            Name of an object -> what its ``set_states`` takes; the others stay as they are.
        units, format
            As for ``group.set_states``.

        Raises
        ------
        UnknownNameError
            A name of no object, or of no variable of it.
        UnknownAttributeError, DimensionMismatchError, ModelError, ArgumentTypeError
            A value that cannot be set.

        """
        if not isinstance(values, Mapping):
            raise ArgumentTypeError(
                f"set_states() of {self.describe()} takes a dict from names of objects to their "
                f"values, not {values!r}."
            )
        owners = self._stateful()
        for name in values:
            if name not in owners:
                hint = suggest(name, owners) if isinstance(name, str) else ""
                raise UnknownNameError(
                    f"{self.describe()} has no object with values named {name!r}. {hint}".rstrip()
                )
        checked = {
            name: checked_states(owners[name], each, units, format) for name, each in values.items()
        }
        for name, given in checked.items():
            for variable, value in given.items():
                owners[name]._set_state(variable, value, not units)

    def _stateful(self) -> dict[str, States]:
        return {entry.name: entry for entry in self.objects if isinstance(entry, States)}
