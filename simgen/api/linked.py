"""Linked variables: names of a group for variables that another group has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.checks import is_whole
from simgen.api.group import Group
from simgen.api.link_chains import Path, chains, leads_to, reached
from simgen.api.links import LinkedVariable, check_sizes
from simgen.api.namespaces import Namespace
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.subgroup import Subgroup
from simgen.dtypes import DType
from simgen.errors import (
    DimensionMismatchError,
    IndexRangeError,
    ModelError,
    UnknownNameError,
    suggest,
)
from simgen.integrate.model import Derived
from simgen.ir.expr import ELEMENT, Array, Role
from simgen.model.description import ComputedLink, VariableInfo
from simgen.model.functions import said
from simgen.model.scope import ConstantScope

if TYPE_CHECKING:
    from simgen.api.component import Component

_KINDS = {DType.BOOL: "boolean", DType.I32: "an integer", DType.REAL: "a floating point number"}
Positions = npt.NDArray[np.int32]


class LinkedState(StateVariable):
    """A linked variable; ``values`` are all those of the variable that it is linked to."""

    __slots__ = ("link", "owner")

    def __init__(self, info: VariableInfo, owner: LinkingGroup) -> None:
        super().__init__(info, 0, owner._real)
        self.owner = owner
        self.link: LinkedVariable | None = None

    @property
    def source(self) -> StateVariable:
        """The variable that is linked to; only if it is stored."""
        return self.made().group.variables[self.made().name]

    @property
    def direct(self) -> LinkedState | None:
        """What this one is linked to, if that is linked itself, to a stored variable."""
        found = None if self.is_computed else self.source
        return found if isinstance(found, LinkedState) else None

    @property
    def is_computed(self) -> bool:
        """Whether it is an expression that is linked to."""
        return self.made().name not in self.made().group.variables

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
        group, size, index = link.group, link.group._size(), link.index
        if isinstance(index, str):
            chosen = np.asarray(self.owner.variables[index].values, np.int64)
        elif index is None:
            check_sizes(f"'{self.name}' of {self.owner.describe()}", self.owner, link)
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
        if not self.is_computed and isinstance(self.source, LinkedState):
            places = self.source.table()[places]
        return places.astype(np.int32)

    def is_constant(self) -> bool:
        """Whether the table stays as it is: no variable holds an index."""
        if self.index_variable is not None or self.is_computed:
            return self.index_variable is None
        return not isinstance(self.source, LinkedState) or self.source.is_constant()


class LinkingGroup(Group):
    """A group whose variables may be linked to others."""

    _computed_links: Mapping[str, LinkedState] = MappingProxyType({})

    def _links(self) -> Iterator[LinkedState]:
        yield from self._linked_variables().values()

    def _linked_variables(self) -> Mapping[str, LinkedState]:
        stored = self.variables.items()
        found = {name: each for name, each in stored if isinstance(each, LinkedState)}
        return {**found, **self._computed_links}

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
        link._owner._take_back(link.name)
        variable.link = link
        try:
            if variable.is_computed:
                self._link_to_expression(variable, link)
                link._follow(what)
                return
            info = replace(variable.info, array=_stored(variable.source).info.array)
            if not (_is_single(link) or info.shared):
                info = replace(info, via=_link_table(variable.info.array))
                if variable.is_constant():
                    variable.table()  # raises if it is outside
        except Exception:
            variable.link = None
            raise
        link._follow(what)
        variable.info = info
        variables = {**self._description.variables, variable.name: info}
        self._set("_description", replace(self._description, variables=variables))

    def _link_to_expression(self, variable: LinkedState, link: LinkedVariable) -> None:
        """Have an expression in the variable's place: it is put in wherever the name is used."""
        name, own = variable.name, self._description
        info = variable.info
        if leads_to(variable, variable):
            raise ModelError(
                f"'{name}' of {self.describe()} cannot be linked to {link!r}: that is computed "
                f"from '{name}' itself."
            )
        if not (_is_single(link) or info.shared):
            info = variable.info = replace(info, via=_link_table(info.array))
            if variable.is_constant():
                variable.table()  # raises if it is outside
        group = link._owner
        target = group._description.subexpressions[link.name]
        shared = _is_single(link) or info.shared
        computed = ComputedLink(group._linkable, link.name, info.via)
        seen = replace(
            own,
            variables={k: v for k, v in own.variables.items() if k != name},
            subexpressions={**own.subexpressions, name: replace(target, name=name, shared=shared)},
            computed={**own.computed, name: computed},
        )
        self._set("_computed_links", {**self._computed_links, name: variable})
        self._set("_description", seen)
        del self.variables[name]

    def _constants(self, run_namespace: Namespace | None) -> ConstantScope:
        return self._constants_of_links(run_namespace, {})

    def _constants_of_links(
        self, run_namespace: Namespace | None, known: dict[int, ConstantScope]
    ) -> ConstantScope:
        """Return the constants with those of the groups linked to, which may be linked to this."""
        scope = known[id(self)] = super()._constants(run_namespace)
        for name, variable in self._computed_links.items():
            owner = variable.made()._owner
            if id(owner) not in known:
                known[id(owner)] = (
                    owner._constants_of_links(run_namespace, known)
                    if isinstance(owner, LinkingGroup)
                    else owner._constants(run_namespace)
                )
            scope.linked[name] = known[id(owner)]
        return scope

    def _check_link(self, info: VariableInfo, link: LinkedVariable) -> None:
        what = f"'{info.name}' of {self.describe()}"
        source = link._source()
        other = f"'{link.name}' of {link.group.describe()}"
        if source.dim != info.dim:
            raise DimensionMismatchError(
                f"{what} {said(info.dim)}, but {other}, which it is linked to, {said(source.dim)}."
            )
        if source.dtype is not info.array.dtype:
            raise ModelError(
                f"{what} is {_KINDS[info.array.dtype]}, but {other}, which it is linked to, is "
                f"{_KINDS[source.dtype]}."
            )
        if link.group is self and link.name == info.name:
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
        elif not source.shared:
            check_sizes(what, self, link)

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
            yield from reached(variable)

    def _observed(self) -> Iterator[Array]:
        yield from super()._observed()
        for variable in self._links():
            if variable.is_computed:  # whatever it is computed from
                for group in reached(variable):
                    yield from (each.info.array for each in group.variables.values())
            else:
                yield variable.info.array

    def _link_paths(self) -> Iterator[tuple[Array, Path]]:
        """Yield the tables of the links, with the links that each follows."""
        for variable in self._links():
            if variable.info.via is not None:
                yield variable.info.via, (variable,)
                yield from chains(variable)

    def _link_tables(self) -> dict[str, AnyArray]:
        """Return the tables that stay as they are."""
        return {
            array.name: _table(path)
            for array, path in self._link_paths()
            if all(variable.is_constant() for variable in path)
        }

    def _link_derived(self) -> Iterator[Derived]:
        """Yield the tables that are formed from variables when a run starts."""
        for array, path in self._link_paths():
            if not all(variable.is_constant() for variable in path):

                def compute(_: list[AnyArray], path: Path = path) -> list[AnyArray]:
                    return [_table(path)]

                what = f"places of '{path[0].name}' of {self.describe()}"
                yield Derived((array,), (), compute, what)

    def _find_array(self, array: Array) -> AnyArray:
        for place, path in self._link_paths():
            if place.name == array.name:
                return _table(path)
        for variable in self._computed_links.values():
            for owner in reached(variable):
                if owner is not self and array.name.startswith(f"{owner.name}."):
                    return owner._find_array(array)
        return super()._find_array(array)


def _table(path: Path) -> Positions:
    """Return the places that links lead to, one after the other."""
    places = path[0].table()
    for variable in path[1:]:
        places = variable.table()[places]
    return places


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
    stored = link.group.variables.get(link.name)
    if isinstance(stored, LinkedState):
        stored.made()
        return stored.info.via is None
    if link._source().shared:
        return True
    # parts have places, and synapses may get others beside the one there is
    whole = not isinstance(link.group, Subgroup) and link.group._index() is ELEMENT
    return whole and link.group._size() == 1 and link.index is None


def declared(info: VariableInfo, group: LinkingGroup) -> StateVariable:
    """Return the data of a variable of a group, or the link in its place."""
    if info.linked:
        return LinkedState(info, group)
    return StateVariable(info, group._size(), group._real)


__all__ = ["LinkedState", "LinkingGroup", "declared"]
