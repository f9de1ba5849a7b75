"""Links to variables of groups, before they are given to the variables that stand for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.checks import index_array
from simgen.api.group import Group
from simgen.api.subgroup import Subgroup
from simgen.api.views import VariableView
from simgen.errors import ArgumentTypeError, UnknownNameError, UnsupportedFeatureError, suggest
from simgen.model.description import SubexpressionInfo, VariableInfo


class LinkedVariable:
    """What :func:`linked_var` returns: to be assigned to a variable with the flag ``(linked)``."""

    def __init__(self, group: Group, name: str, index: str | npt.NDArray[np.int64] | None) -> None:
        self.group = group
        self.name = name
        self.index = index

    @property
    def _owner(self) -> Group:
        """The whole group."""
        whole: Group = self.group.source if isinstance(self.group, Subgroup) else self.group
        return whole

    def _source(self) -> VariableInfo | SubexpressionInfo:
        """Return what is known of the variable, or the expression, that is linked to."""
        stored = self.group.variables.get(self.name)
        return self.group._description.subexpressions[self.name] if stored is None else stored.info

    def __repr__(self) -> str:
        return f"<link to '{self.name}' of {self.group.describe()}>"


def linked_var(group: Any, name: str | None = None, index: Any = None) -> LinkedVariable:
    """Return a link to a variable, for a ``(linked)`` variable of another group, or the same.

    Parameters
    ----------
    group
        The group (or a part of one) that has the variable; or the variable itself, as in
        ``linked_var(group.v)``.
    name
        The name of the variable.
    index
        Which element of ``group`` each element of the linking group takes: an integer array, or the
        name of an integer variable of the linking group, declared ``(constant)``. Without it the
        groups have equally many elements, or there is a single value for all.

    Raises
    ------
    UnknownNameError, ArgumentTypeError, UnsupportedFeatureError
        For a variable that there is not, and for what cannot be linked to.

    """
    if isinstance(group, VariableView):
        if name is not None:
            raise ArgumentTypeError(
                f"linked_var() takes a variable, or a group and a name; not {group!r} and {name!r}."
            )
        group, name = group._group, group._name
    if not isinstance(group, Group):
        raise ArgumentTypeError(
            f"linked_var() needs a group, as in linked_var(G, 'v'), not {group!r}."
        )
    owner = group.describe()
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"linked_var() needs the name of a variable of {owner}, as in linked_var(G, 'v'), "
            f"not {name!r}."
        )
    if name not in group.variables and name not in group._description.subexpressions:
        if group._knows(name):
            raise UnsupportedFeatureError(
                f"'{name}' of {owner} is no variable of its equations; no variable can be linked "
                "to it."
            )
        hint = suggest(name, group.variables)
        raise UnknownNameError(f"{owner} has no variable '{name}' to link to. {hint}".rstrip())
    if hasattr(group, "_pathways"):
        raise UnsupportedFeatureError(
            f"'{name}' of {owner} belongs to synapses; variables are linked to those of neurons."
        )
    if index is None or isinstance(index, str):
        return LinkedVariable(group, name, index)
    places = index_array(index, owner)
    if places.dtype.kind not in "iu" or places.ndim != 1:
        raise ArgumentTypeError(
            f"The index of a link to '{name}' of {owner} must be a list of integers or the name of "
            f"a variable, not {index!r}."
        )
    return LinkedVariable(group, name, places.astype(np.int64))
