"""The names of a group that no equation defines: its namespace, before that of the run."""

from __future__ import annotations

from typing import Any

from simgen.api.group_states import GroupStates
from simgen.api.namespaces import LayeredNamespace, Namespace, checked_namespace
from simgen.model.scope import ConstantScope


class GroupNames(GroupStates):
    """The side of a group that looks names up."""

    _names: dict[str, Any]
    _told: set[str]  # names of which a warning was given
    _substituted: frozenset[str] = frozenset()  # names in the namespace that equations brought

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def namespace(self) -> dict[str, Any]:
        """Values of names, which come before those of a run; it may change between runs."""
        return self._names

    @namespace.setter
    def namespace(self, names: Any) -> None:
        self._set("_names", checked_namespace(names, self.describe()) or {})
        self._changed()

    def _constants(self, run_namespace: Namespace | None) -> ConstantScope:
        """Return the constants: the group's own namespace first, then that of the run."""
        run = run_namespace or {}
        values = LayeredNamespace(self.namespace, run, self, self._substituted)
        return ConstantScope(values, prefix=f"{self.name}.c.")

    def _substitute(self, values: Namespace) -> None:
        """Take values that the equations came with; an explicit namespace comes before them."""
        if values:
            self._set("_substituted", frozenset(values) - set(self._names))
            self._set("_names", {**values, **self._names})

    def _fixed_value(self, name: str) -> Any:
        """Return what a name of the model's own always means here, None where it varies."""
        return {"N": self._size(), "dt": self.clock.dt}.get(name)
