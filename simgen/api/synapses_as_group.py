"""Synapses as the source or the target of other Synapses: a group whose elements are synapses.

The elements are numbered in the order of creation, which no change of delays or threads moves. So
the rows of the outer Synapses, their random numbers and the order of their sums depend on neither;
only where their code reads or writes a variable does it go through the table of places, from
creation to storage. A table holds each place once, so threads may own elements as they own neurons.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from simgen.api.group import Group
from simgen.api.monitors import parent_group
from simgen.api.namespaces import Namespace
from simgen.api.storage import AnyArray
from simgen.api.synapses_in_network import SynapsesInNetwork
from simgen.api.synapses_part import SynapsesPart, as_group, whole_synapses
from simgen.dtypes import DType
from simgen.errors import ArgumentTypeError, ModelError
from simgen.ir.expr import POST, Array, Role
from simgen.lang.syntax import names_in
from simgen.model.description import GroupDescription, GroupScope, VariableInfo, clock_entry
from simgen.model.scope import ConstantScope
from simgen.model.synapses import SynapseScope


class SynapsesAsGroup:
    """What the outer Synapses, and the network for them, ask of the inner ones."""

    def __init__(self, synapses: SynapsesInNetwork) -> None:
        self.synapses = synapses
        self.outer: weakref.WeakSet[SynapsesInNetwork] = weakref.WeakSet()
        name, length = synapses.name, f"n_{synapses.name}.rows"
        self._places = Array(f"{name}.rows.places", DType.U32, length, Role.PERMUTATION)
        self._ends = tuple(
            Array(f"{name}.rows.{end}", DType.I32, length, Role.CONNECTIVITY) for end in "ij"
        )

    # --- description ----------------------------------------------------------------------------

    def description(self) -> GroupDescription:
        """Return the synapses as the code of others sees them."""
        own = self.synapses._description
        source, target = self._ends
        seen = replace(
            own,
            variables={name: self._moved(info) for name, info in own.variables.items()},
            ends=(source, target),
        )
        return replace(seen, unseen=dict(self._unseen(seen)))

    def stored_description(self) -> GroupDescription:
        """Return the synapses as linked variables see them, which know where they are stored."""
        seen = self.description()
        ends = {
            end: f"'{end}' of {seen.text} cannot be used in an expression that is linked to. Keep "
            "it in a variable of the synapses."
            for end in "ij"
        }
        own = self.synapses._description
        return replace(own, unseen={**seen.unseen, **ends})

    def _moved(self, info: VariableInfo) -> VariableInfo:
        return info if info.shared else replace(info, via=self._places)

    def _unseen(self, seen: GroupDescription) -> Iterator[tuple[str, str]]:
        """Yield the subexpressions that look at neurons, which are two steps away, and why not."""
        for name in self.synapses._kernel.variables:
            yield (
                name,
                f"'{name}' of {seen.text} is shared through a kernel, which only these synapses "
                "see. Others can use what they store themselves.",
            )
        none = ConstantScope({})
        elsewhere = GroupScope(seen, POST, none)
        here = SynapseScope(self.synapses._source_model(), none, seen.clock)
        for name, sub in seen.subexpressions.items():
            for used in sorted(names_in(sub.node)):
                known = elsewhere.own(used) or clock_entry(used, seen.clock, seen.clock)
                if known is None and here._of_model(used) is not None:
                    yield (
                        name,
                        f"'{name}' of {seen.text} is computed from '{used}', which only these "
                        "synapses see. Others can use what they store themselves.",
                    )
                    break

    # --- data -------------------------------------------------------------------------------------

    def find(self, array: Array) -> AnyArray | None:
        """Return where synapses lie, or which neurons they connect, in the order of creation."""
        synapses = self.synapses
        if array == self._places:
            positions = synapses._data.positions()
            found = np.arange(synapses._data.n) if positions is None else positions
            return found.astype(np.uint32, copy=False)
        if array in self._ends:
            return synapses._read("ij"[self._ends.index(array)], slice(None))
        return None

    def tables(self) -> dict[str, AnyArray]:
        """Return the places, if anything goes through them."""
        found = self.find(self._places) if self.outer else None
        return {} if found is None else {self._places.name: found}

    def computed(self, used: frozenset[str]) -> Iterator[tuple[Array, AnyArray]]:
        """Yield the neurons, if code of any object reads them."""
        for array in self._ends:
            found = self.find(array) if array.name in used else None
            if found is not None:
                yield array, found

    def sizes(self) -> dict[str, int]:
        """Return the number of elements that threads divide among themselves."""
        return {self._places.length: self.synapses._data.n} if self.outer else {}

    def require_ends(self) -> None:
        """Raise ModelError where synapses are gone that these ones begin or end at."""
        for end in (self.synapses.source, self.synapses.target):
            if isinstance(end, SynapsesPart):
                end.require_there()

    def ends_at_part(self, inner: SynapsesInNetwork) -> bool:
        """Return whether the synapses begin or end at a part of these."""
        ends = (self.synapses.source, self.synapses.target)
        return any(isinstance(end, SynapsesPart) and end.source is inner for end in ends)

    # --- changes ----------------------------------------------------------------------------------

    def changed(self) -> None:
        """Let the outer synapses follow the number of elements, which they refer to."""
        for outer in self.outer:
            data = outer._data
            if (data.n_source, data.n_target) != end_sizes(outer):
                outer._delays_change()
                data.resize_ends(*end_sizes(outer), outer._all_variables())
                outer._connectivity_changed()


def checked_ends(source: Any, target: Any, owner: str) -> dict[str, Group]:
    """Return the source and the target of synapses as groups, also those given as ``S[:10]``.

    Raises ArgumentTypeError for what is no group; without a target it is the source.
    """
    ends: dict[str, Group] = {}
    for side, given in (("source", source), ("target", target)):
        group = ends.get("source") if given is None else given
        group = as_group(group, f"The {side} of {owner}")
        if not isinstance(group, Group):
            raise ArgumentTypeError(f"The {side} of {owner} must be a group, not {group!r}.")
        ends[side] = group
    return ends


def end_description(group: Group) -> GroupDescription:
    """Return a group as the code of synapses sees it that begin or end at it."""
    inner = whole_synapses(group)
    if inner is None:
        return group._code_description()
    seen = inner._as_group.description()
    if group is inner:
        return seen
    part = group._description
    return replace(seen, start=part.start, stop=part.stop)


def end_constants(group: Group, caller: Namespace | None) -> ConstantScope:
    """Return the constants of a group's equations.

    Text that is evaluated at once looks them up in the namespace of its ``caller``; without one
    they have the values of the present run.
    """
    if caller is not None:
        return group._constants(caller)
    parent = parent_group(group)
    known: ConstantScope | None = getattr(parent, "_group_constants", None)
    if isinstance(parent, SynapsesInNetwork):
        known = parent._run.constants
    return group._constants({}) if known is None else known


def inner_ends(synapses: SynapsesInNetwork) -> list[SynapsesInNetwork]:
    """Return the Synapses among the source and the target."""
    ends = (whole_synapses(synapses.source), whole_synapses(synapses.target))
    return [end for end in ends if end is not None]


def follow_ends(synapses: SynapsesInNetwork) -> None:
    """Have synapses told of changes of the Synapses that they begin or end at."""
    for end in inner_ends(synapses):
        end._as_group.outer.add(synapses)


def end_sizes(synapses: SynapsesInNetwork) -> tuple[int, int]:
    """Return the number of sources, and of elements of the whole group of targets."""
    return synapses.source._size(), parent_group(synapses.target)._size()


def require_connected_ends(synapses: SynapsesInNetwork) -> None:
    """Raise ModelError where synapses would begin or end at Synapses that have not been made."""
    for end in inner_ends(synapses):
        if end._data.rows is None and end._data.store is None:
            raise ModelError(
                f"{synapses.describe()} cannot be connected before {end.describe()}, whose "
                "synapses it refers to. Call connect() of that first."
            )
