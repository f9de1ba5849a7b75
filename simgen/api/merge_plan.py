"""Which Synapses objects of a network run as one.

Those of equal code between parts of the same groups whose order of execution cannot be told from
the result, but for the rounding of sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simgen.api.clock import Clock
from simgen.api.component import Component
from simgen.api.lending import bounds_in_parent
from simgen.api.merging import MergedSynapses
from simgen.api.monitors import parent_group
from simgen.api.namespaces import Namespace
from simgen.api.pathways import Pathway
from simgen.api.subgroup import Subgroup
from simgen.api.succession import Succession
from simgen.api.synapses import Synapses
from simgen.api.synapses_as_group import inner_ends
from simgen.build.schedule import name_key
from simgen.errors import Problem
from simgen.ir.expr import Array, IndexKind, IndexValue, Load, Param
from simgen.ir.visit import all_nodes, reads, stays, walk, writes
from simgen.model.scope import RefusedEntry, read_constant
from simgen.model.synapses import PathwayModel, SynapsesModel
from simgen.options import Options


class MergePlan:
    """The objects of a network as they run: ``components``, of which ``merges`` serve several."""

    def __init__(self, namespace: Namespace, options: Options, following: Succession) -> None:
        objects = following.objects
        self.merges: list[MergedSynapses] = []
        standing = _standing(following)
        self._settles_at: dict[Clock, int] = {}
        found = _settled_candidates(following) if options.optimize >= 1 else _Candidates([], [])
        for clock, step in found.apart:
            self._settles_at[clock] = max(step, self._settles_at.get(clock, 0))
        for members in found.sets:
            merge = members[0]._merge or MergedSynapses.of(members)
            if _commutes(merge, objects, namespace):
                self.merges.append(merge)
        for former in standing:
            if former.is_lent() and not any(former is merge for merge in self.merges):
                former.dissolve(following)
        place = {id(member): merge for merge in self.merges for member in merge.members()}
        running = [place.get(id(component), component) for component in objects]
        self.components: list[Component] = list({id(c): c for c in running}.values())
        self._watched = [_members_with_names(merge) for merge in self.merges]

    def holds(self, steps_done: Callable[[Clock], int]) -> bool:
        """Whether the members of each merge still give their names the same values.

        No longer, either, once spikes have arrived that kept objects from being members.
        """
        if self._settles_at and all(steps_done(c) >= step for c, step in self._settles_at.items()):
            return False
        return all(
            _alike(first.namespace, other.namespace)
            for first, *others in self._watched
            for other in others
        )

    def settle(self) -> None:
        """Take over what Python wrote to members of merges."""
        for merge in self.merges:
            merge.settle()


def _standing(following: Succession) -> list[MergedSynapses]:
    """Return the merges whose members are as they were, and dissolve the others."""
    standing = []
    for merge in {id(merge): merge for merge in _former(following)}.values():
        members = merge.members()
        if all(map(following.goes_on, members)) and merge.serves(members):
            standing.append(merge)
        else:
            merge.dissolve(following)
    return standing


def _former(following: Succession) -> Iterator[MergedSynapses]:
    """Yield the merges of the network before, and those that some of the objects belong to."""
    yield from following.merges
    for component in following.objects:
        if isinstance(component, Synapses) and component._merge is not None:
            yield component._merge


def _members_with_names(merge: MergedSynapses) -> list[Synapses]:
    """Return the members if some have a namespace of their own, else one that stands for all."""
    members = merge.members()
    return members if any(member.namespace for member in members) else members[:1]


# --- candidates -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Candidates:
    """``sets`` of objects that are equal but for their groups, connections and values.

    ``apart``: when those that spikes under way keep out will be equal, too.
    """

    sets: list[list[Synapses]]
    apart: list[tuple[Clock, int]]


def _settled_candidates(following: Succession) -> _Candidates:
    """Return sets of objects of which either all or none are the members of one merge."""
    found = _find_candidates(following)
    others = [
        merge
        for members in found.sets
        for merge in {id(m._merge): m._merge for m in members}.values()
        if merge is not None and not merge.serves(members)
    ]
    if not others:
        return found
    for merge in others:
        if merge.is_lent():
            merge.dissolve(following)
    return _find_candidates(following)


def _find_candidates(following: Succession) -> _Candidates:
    watched = {
        id(needed.source if isinstance(needed, Subgroup) else needed)
        for component in following.objects
        for needed in (*component._depends_on(), *component._needs())
    }
    sets: dict[Any, list[_Set]] = {}
    alike: dict[Any, dict[int | None, list[tuple[Synapses, Pathway]]]] = {}
    for component in following.objects:
        if not isinstance(component, Synapses) or id(component) in watched:
            continue
        key = _key(component)
        if key is None:
            continue
        (pathway,) = component._pathways.values()
        key = (*key, following.taken_along(component, pathway))
        state = following.under_way(component, pathway)
        alike.setdefault(key, {}).setdefault(state, []).append((component, pathway))
        if state is None:
            continue
        found = sets.setdefault((key, state), [])
        if not any(members.add(component) for members in found):
            found.append(_Set(component))
    apart = [
        (pathway.clock, following.settles_at(synapses, pathway))
        for states in alike.values()
        if len(states) > 1 or len(states.get(None, ())) > 1
        for members in states.values()
        for synapses, pathway in members
    ]
    all_sets = [each.members for found in sets.values() for each in found]
    return _Candidates([members for members in all_sets if len(members) > 1], apart)


class _Set:
    """Objects no two of which may have synapses between the same pair of neurons."""

    def __init__(self, first: Synapses) -> None:
        self.members = [first]
        self._targets = {bounds_in_parent(first.source): [bounds_in_parent(first.target)]}

    def add(self, synapses: Synapses) -> bool:
        """Take an object in if it may be a member."""
        sources, targets = bounds_in_parent(synapses.source), bounds_in_parent(synapses.target)
        for other, taken in self._targets.items():
            if _overlap(sources, other) and any(_overlap(targets, each) for each in taken):
                return False
        if not _alike(self.members[0].namespace, synapses.namespace):
            return False
        self.members.append(synapses)
        self._targets.setdefault(sources, []).append(targets)
        return True


def _key(synapses: Synapses) -> Any:
    """Return what members of a merge have in common, None for what cannot be a member."""
    data = synapses._data
    if data.rows is None and data.store is None:
        return None  # the network reports that connect() was not called
    if data.implied() is not None:
        return None  # rows that keep no targets hold those of one object
    if len(synapses._pathways) != 1 or synapses._multisynaptic or inner_ends(synapses):
        return None
    (pathway,) = synapses._pathways.values()
    if pathway.direction != "pre" or pathway.lag or pathway.needed_lag():
        return None
    for equation in synapses.equations.equations:
        if equation.kind == "differential" or not set(equation.flags) <= {"constant"}:
            return None
    return (
        *(id(parent_group(synapses.source)), id(parent_group(synapses.target))),
        *(synapses.equations.source.text, pathway.code.text, pathway.name),
        *(pathway.event, pathway.order, id(pathway.clock), id(synapses.clock), synapses._real),
    )


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _alike(one: Namespace | None, other: Namespace | None) -> bool:
    """Whether two namespaces give the same names the same values."""
    one, other = one or {}, other or {}
    return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    first, second = read_constant("", one), read_constant("", other)
    if isinstance(first, RefusedEntry) or isinstance(second, RefusedEntry):
        return False
    return type(first[0]) is type(second[0]) and first == second


# --- commutation ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Touched:
    """What a pathway reads, and what it writes by sums and otherwise, of arrays not its own."""

    read: frozenset[Array]
    summed: frozenset[Array]
    written: frozenset[Array]

    def may_pass(self, other: _Touched) -> bool:
        """Whether a pathway that only adds may run before another, but for the rounding of sums."""
        seen_or_set = other.read | other.written
        return not (self.summed & seen_or_set or (other.summed | other.written) & self.read)


def _commutes(merge: MergedSynapses, objects: Sequence[Component], namespace: Namespace) -> bool:
    """Whether the members may all run at the place of the first."""
    model = _resolved(merge, namespace)
    if model is None or not _is_plain(model):
        return False
    body = model.pathways[0].body
    elsewhere = [(i.kind, op) for _, i, op in writes(body) if i.kind is not IndexKind.SYNAPSE]
    own = _touched(model, model.pathways[0])
    if own.summed & own.read or any(found != (IndexKind.POST, "+") for found in elsewhere):
        return False
    members = {id(member) for member in merge.members()}
    others = [component for component in objects if id(component) not in members]
    keys = [name_key(f"{member.name}_{merge.pathway.name}") for member in merge.members()]
    place = merge.pathway.order, min(keys), max(keys)
    return all(_may_be_passed(component, place, own, namespace) for component in others)


def _may_be_passed(
    component: Component, place: tuple[int, Any, Any], own: _Touched, namespace: Namespace
) -> bool:
    """Whether members may run before a component that stands between them in the schedule.

    ``place`` is their order, and the sort keys of the first and the last of them.
    """
    order, first, last = place
    if not isinstance(component, Synapses):
        return not any(
            place.slot == "synapses"
            and place.order == order
            and first <= name_key(place.name) <= last
            for place in component._places()
        )
    between = [
        pathway.name
        for pathway in component._pathways.values()
        if pathway.order == order and first <= name_key(f"{component.name}_{pathway.name}") <= last
    ]
    if not between:
        return True
    model = _resolved(component, namespace)
    return model is not None and all(
        own.may_pass(_touched(model, pathway))
        for pathway in model.pathways
        if pathway.source.name in between
    )


def _resolved(synapses: Synapses, namespace: Namespace) -> SynapsesModel | None:
    """Return the resolved model, None if something is wrong in it: the network will report it."""
    problems: list[Problem] = []
    synapses._resolve(namespace, problems)
    return None if problems else synapses._run.model


def _is_plain(model: SynapsesModel) -> bool:
    """Whether nothing in the code tells between which subgroups a synapse lies."""
    source = model.source
    sizes = {source.pre.length, source.post.length, source.store.length}
    (pathway,) = model.pathways
    taken = (node for emission in pathway.emissions for node in walk(emission.value))
    for node in (*all_nodes(pathway.body), *taken):
        if stays(node) or isinstance(node, IndexValue):
            return False
        if isinstance(node, Param) and node.name in sizes:
            return False
        if isinstance(node, Load) and node.array in (source.incoming, source.outgoing):
            return False
    return True


def _touched(model: SynapsesModel, pathway: PathwayModel) -> _Touched:
    found = [
        (array, op == "+")
        for array, index, op in writes(pathway.body)
        if index.kind is not IndexKind.SYNAPSE
    ]
    read = {
        array
        for array, index in reads(pathway.body)
        if index is None or index.kind is not IndexKind.SYNAPSE
    }
    for ode in model.event_driven:
        read |= {node.array for node in walk(ode.rhs) if isinstance(node, Load)}
    return _Touched(
        frozenset(read),
        frozenset(array for array, sums in found if sums),
        frozenset(array for array, sums in found if not sums),
    )
