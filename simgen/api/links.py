"""Links to variables of groups, before they are given to the variables that stand for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from simgen.api.checks import index_array
from simgen.api.group import Group
from simgen.api.renumbering import Kept
from simgen.api.subgroup import Subgroup
from simgen.api.views import VariableView
from simgen.errors import (
    ArgumentTypeError,
    ModelError,
    UnknownNameError,
    UnsupportedFeatureError,
    suggest,
)
from simgen.ir.expr import IndexKind
from simgen.model.description import SubexpressionInfo, VariableInfo

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork


class LinkedVariable:
    """What :func:`linked_var` returns: to be assigned to a variable with the flag ``(linked)``."""

    def __init__(self, group: Group, name: str, index: str | npt.NDArray[np.int64] | None) -> None:
        self.group = group
        self.name = name
        self.index = index
        self._needed_by = ""

    @property
    def _owner(self) -> Group:
        """The whole group."""
        whole: Group = self.group.source if isinstance(self.group, Subgroup) else self.group
        return whole

    def _source(self) -> VariableInfo | SubexpressionInfo:
        """Return what is known of the variable, or the expression, that is linked to."""
        stored = self.group.variables.get(self.name)
        return self.group._description.subexpressions[self.name] if stored is None else stored.info

    def _follow(self, what: str) -> None:
        """Note, if it leads to synapses, that these are needed under their present numbers."""
        synapses = _synapses(self.group)
        if synapses is not None:
            self._needed_by = what
            synapses._followers.add(self)

    def _require_kept(self, kept: Kept) -> None:
        del kept
        raise ModelError(
            f"No synapses of {self._owner.describe()} can be removed: {self._needed_by} is linked "
            f"to their variable '{self.name}', by their numbers."
        )

    def _renumbered(self, numbers: npt.NDArray[np.int64]) -> None:
        """Do nothing: none are removed."""

    def __repr__(self) -> str:
        return f"<link to '{self.name}' of {self.group.describe()}>"


def linked_var(group: Any, name: str | None = None, index: Any = None) -> LinkedVariable:
    """Return a link to a variable, for a ``(linked)`` variable of another group, or the same.

    Parameters
    ----------
    group
        The group, or Synapses, or a part of one, that has the variable; or the variable itself, as
        in ``linked_var(group.v)``.
    name
        The name of the variable.
    index
        Which element of ``group`` each element of the linking group takes: an integer array, or the
        name of an integer variable of the linking group, declared ``(constant)``. Without it the
        groups have equally many elements, or there is a single value for all. Synapses are counted
        in the order of their creation; none can be removed then.

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
    if index is None or isinstance(index, str):
        return LinkedVariable(group, name, index)
    places = index_array(index, owner)
    if places.dtype.kind not in "iu" or places.ndim != 1:
        raise ArgumentTypeError(
            f"The index of a link to '{name}' of {owner} must be a list of integers or the name of "
            f"a variable, not {index!r}."
        )
    return LinkedVariable(group, name, places.astype(np.int64))


def _synapses(group: Group) -> SynapsesInNetwork | None:
    """Return the Synapses that a group is, or is a part of; None for neurons."""
    if group._index().kind is not IndexKind.SYNAPSE:
        return None
    return cast("SynapsesInNetwork", group.source if isinstance(group, Subgroup) else group)


def check_sizes(what: str, owner: Group, link: LinkedVariable) -> None:
    """Raise ModelError unless elements fit one to one, or all are linked to a single one."""
    group = link.group
    if group._size() not in (1, owner._size()):
        raise ModelError(
            f"{what} cannot be linked to '{link.name}' of {group.describe()}: {owner.describe()} "
            f"has {owner._size()} elements and {group.describe()} has {group._size()}. Say which "
            "element each takes: linked_var(group, name, index=...)."
        )
