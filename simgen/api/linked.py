"""Linked variables: names of a group for variables that another group has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.checks import index_array, is_whole
from simgen.api.group import Group
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.subgroup import Subgroup
from simgen.api.views import VariableView
from simgen.dtypes import DType
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    IndexRangeError,
    ModelError,
    UnknownNameError,
    UnsupportedFeatureError,
    suggest,
)
from simgen.integrate.model import Derived
from simgen.ir.expr import Array, Role
from simgen.model.description import VariableInfo
from simgen.model.functions import said

if TYPE_CHECKING:
    from simgen.api.component import Component

_KINDS = {DType.BOOL: "boolean", DType.I32: "an integer", DType.REAL: "a floating point number"}
Positions = npt.NDArray[np.int32]


class LinkedVariable:
    """What :func:`linked_var` returns: to be assigned to a variable with the flag ``(linked)``."""

    def __init__(self, group: Group, name: str, index: str | npt.NDArray[np.int64] | None) -> None:
        self.group = group
        self.name = name
        self.index = index

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
    if name not in group.variables:
        if group._knows(name):
            raise UnsupportedFeatureError(
                f"'{name}' of {owner} is computed, not stored, so no variable can be linked to it. "
                "Link to the variables that it is computed from."
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


class LinkedState(StateVariable):
    """A linked variable; ``values`` are all those of the variable that it is linked to."""

    __slots__ = ("link", "owner")

    def __init__(self, info: VariableInfo, owner: LinkingGroup) -> None:
        super().__init__(info, 0, owner._real)
        self.owner = owner
        self.link: LinkedVariable | None = None

    @property
    def source(self) -> StateVariable:
        """The variable that is linked to."""
        return self.made().group.variables[self.made().name]

    @property
    def values(self) -> AnyArray:
        """The values in the order of the group that has them."""
        return self.source.values

    def made(self) -> LinkedVariable:
        """Return the link, or raise ModelError if there is none yet."""
        if self.link is None:
            raise ModelError(
                f"'{self.name}' of {self.owner.describe()} is (linked), but to nothing. Assign a "
                f"link, as in group.{self.name} = linked_var(other_group, 'x')."
            )
        return self.link

    @property
    def index_variable(self) -> StateVariable | None:
        """The variable that holds the index, or None."""
        index = self.made().index
        return self.owner.variables[index] if isinstance(index, str) else None

    def table(self) -> Positions:
        """Return which element of the source's array each element takes.

        Raises IndexRangeError for an index that is outside the source.
        """
        link = self.made()
        group, source = link.group, self.source
        size, index = group._size(), link.index
        if isinstance(index, str):
            chosen = np.asarray(self.owner.variables[index].values, np.int64)
        elif index is None:
            chosen = np.arange(size) if size > 1 else np.zeros(self.owner._size(), np.int64)
        else:
            chosen = np.asarray(index, np.int64)
        bad = (chosen < 0) | (chosen >= size)
        if bad.any():
            place = int(np.flatnonzero(bad)[0])
            raise IndexRangeError(
                f"The index of the linked variable '{self.name}' of {self.owner.describe()} is "
                f"{chosen[place]} at position {place}, outside {group.describe()}, which has "
                f"{size} elements."
            )
        places = np.asarray(group._positions(chosen))
        if isinstance(source, LinkedState):
            places = source.table()[places]
        return places.astype(np.int32)

    def is_constant(self) -> bool:
        """Whether the table stays as it is: no variable holds an index."""
        source = self.source
        further = isinstance(source, LinkedState) and not source.is_constant()
        return self.index_variable is None and not further


class LinkingGroup(Group):
    """A group whose variables may be linked to others."""

    def _links(self) -> Iterator[LinkedState]:
        for variable in self.variables.values():
            if isinstance(variable, LinkedState):
                yield variable

    def _write(self, name: str, item: Any, value: Any, plain: bool = False) -> None:
        variable = self.variables.get(name)
        if isinstance(variable, LinkedState):
            self._link(variable, item, value)
        elif isinstance(value, LinkedVariable):
            raise ModelError(
                f"'{name}' of {self.describe()} has values of its own. To link it, declare it "
                f"as '{name} : unit (linked)'."
            )
        else:
            super()._write(name, item, value, plain)

    def _link(self, variable: LinkedState, item: Any, link: Any) -> None:
        """Take a link for a variable, or raise ModelError for what cannot be one."""
        what = f"'{variable.name}' of {self.describe()}"
        if not isinstance(link, LinkedVariable) or not is_whole(item):
            raise ModelError(
                f"{what} is linked and has no values of its own: write the variable that it is "
                f"linked to. A link is made as in group.{variable.name} = linked_var(other_group, "
                "'x')."
            )
        if variable.link is not None:
            raise ModelError(f"{what} is linked already: {variable.link!r}.")
        self._changed()
        self._check_link(variable.info, link)
        variable.link = link
        try:
            info = replace(variable.info, array=_stored(variable.source).info.array)
            if not (_is_single(link) or info.shared):
                info = replace(info, via=_link_table(variable.info.array))
                if variable.is_constant():
                    variable.table()  # raises if it is outside
        except Exception:
            variable.link = None
            raise
        variable.info = info
        variables = {**self._description.variables, variable.name: info}
        self._set("_description", replace(self._description, variables=variables))

    def _check_link(self, info: VariableInfo, link: LinkedVariable) -> None:
        what = f"'{info.name}' of {self.describe()}"
        source = link.group.variables[link.name].info
        other = f"'{link.name}' of {link.group.describe()}"
        if source.dim != info.dim:
            raise DimensionMismatchError(
                f"{what} {said(info.dim)}, but {other}, which it is linked to, {said(source.dim)}."
            )
        if source.array.dtype is not info.array.dtype:
            raise ModelError(
                f"{what} is {_KINDS[info.array.dtype]}, but {other}, which it is linked to, is "
                f"{_KINDS[source.array.dtype]}."
            )
        if link.group.variables[link.name] is self.variables[info.name]:
            raise ModelError(f"{what} cannot be linked to itself.")
        if link.index is not None and (source.shared or info.shared):
            raise ModelError(
                f"The link of {what} to {other} takes no index: one of them is (shared), a single "
                "value."
            )
        if info.shared:
            if not _is_single(link):
                raise ModelError(
                    f"{what} is (shared), but {other}, which it is linked to, has a value for each "
                    "element."
                )
        elif isinstance(link.index, str):
            self._check_index_name(what, link.index)
        elif link.index is not None:
            if link.index.size != self._size():
                raise ModelError(
                    f"The index of the linked variable {what} needs {self._size()} values, one for "
                    f"each element, but {link.index.size} were given."
                )
        elif not source.shared and link.group._size() not in (1, self._size()):
            raise ModelError(
                f"{what} cannot be linked to {other}: {self.describe()} has {self._size()} "
                f"elements and {link.group.describe()} has {link.group._size()}. Say which element "
                "each takes: linked_var(group, name, index=...)."
            )

    def _check_index_name(self, what: str, index: str) -> None:
        found = self.variables.get(index)
        if found is None:
            raise UnknownNameError(
                f"The index of the linked variable {what} is the variable '{index}', which "
                f"{self.describe()} does not have. {suggest(index, self.variables)}".rstrip()
            )
        info = found.info
        if not info.array.dtype.is_integer or info.shared or info.linked or not info.constant:
            raise ModelError(
                f"The index of the linked variable {what} must be an integer that code cannot "
                f"change: declare it as '{index} : integer (constant)'."
            )

    # --- what a network asks for ------------------------------------------------------------------

    def _needs(self) -> Iterator[Component]:
        for variable in self._links():
            group = variable.made().group
            yield group.source if isinstance(group, Subgroup) else group
            if isinstance(variable.source, LinkedState):
                yield from variable.source.owner._needs()

    def _observed(self) -> Iterator[Array]:
        yield from super()._observed()
        for variable in self._links():
            yield variable.info.array

    def _link_tables(self) -> dict[str, AnyArray]:
        """Return the tables that stay as they are."""
        return {
            variable.info.via.name: variable.table()
            for variable in self._links()
            if variable.info.via is not None and variable.is_constant()
        }

    def _link_derived(self) -> Iterator[Derived]:
        """Yield the tables that are formed from variables when a run starts."""
        for variable in self._links():
            via = variable.info.via
            if via is not None and not variable.is_constant():

                def compute(_: list[AnyArray], link: LinkedState = variable) -> list[AnyArray]:
                    return [link.table()]

                what = f"places of '{variable.name}' of {self.describe()}"
                yield Derived((via,), (), compute, what)

    def _find_array(self, array: Array) -> AnyArray:
        for variable in self._links():
            if variable.info.via is not None and variable.info.via.name == array.name:
                return variable.table()
        return super()._find_array(array)


def _link_table(variable: Array) -> Array:
    """Return the array of the places where a linked variable finds its values.

    Before it is linked it has none, and counts as a single value, which it may turn out to be.
    """
    return Array(f"{variable.name}.link", DType.I32, variable.length, Role.TABLE)


def _stored(variable: StateVariable) -> StateVariable:
    """Return the variable that has the values, at the end of links."""
    while isinstance(variable, LinkedState):
        variable = variable.source
    return variable


def _is_single(link: LinkedVariable) -> bool:
    """Whether the values linked to are a single one, the first of its array."""
    source = link.group.variables[link.name]
    if isinstance(source, LinkedState):
        source.made()
        return source.info.via is None
    alone = not isinstance(link.group, Subgroup) and link.group._size() == 1
    return source.info.shared or (alone and link.index is None)


def declared(info: VariableInfo, group: LinkingGroup) -> StateVariable:
    """Return the data of a variable of a group, or the link in its place."""
    if info.linked:
        return LinkedState(info, group)
    return StateVariable(info, group._size(), group._real)


__all__ = ["LinkedState", "LinkedVariable", "LinkingGroup", "declared", "linked_var"]
