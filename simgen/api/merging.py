"""Several Synapses objects of equal code that run as one: one store, one walk over the spikes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen.api.device_merging import gather_on_device
from simgen.api.lending import Share
from simgen.api.monitors import parent_group
from simgen.api.pathways import Pathway
from simgen.api.storage import StateVariable
from simgen.api.synapses import Synapses
from simgen.api.synapses_as_group import SynapsesAsGroup
from simgen.api.synaptic_data import SynapticData
from simgen.api.synaptic_run import SynapticRun
from simgen.build.facts import NetworkFacts
from simgen.build.schedule import name_key
from simgen.connect.checks import require_rows, smallest_dtype
from simgen.connect.pieces import SharedRows
from simgen.connect.rows import Rows
from simgen.connect.store import RowStore, release_memory
from simgen.errors import InternalError
from simgen.ir.kernel import Item

if TYPE_CHECKING:
    from simgen.api.succession import Succession
    from simgen.api.timeline import Timeline


class MergedPathway(Pathway):
    """The pathway of a merge; the classes of its delays are put together from the members'."""

    pending: tuple[Any, Any] | None = None

    def needed_lag(self) -> int:
        """Return 0, as for every member."""
        return 0

    def classes(self, dt: float) -> tuple[Any, Any]:
        """Return the distinct delay steps and the class of each synapse in data order."""
        if self.pending is None:
            return super().classes(dt)
        found, self.pending = self.pending, None
        return found


class MergedSynapses(Synapses):
    """Synapses between the parents of the groups of its members, which have lent it their data.

    It bears the name of the first member, whose place in the schedule it takes, and is neither
    registered nor counted: with and without it, other objects get the same names and numbers.
    """

    shares: tuple[Share, ...]
    touched: set[Share]  # those that have fetched something
    pathway: MergedPathway
    _text: str
    _counted_in = 0.0  # the step width when the delays were gathered

    @classmethod
    def of(cls, members: Sequence[Synapses]) -> MergedSynapses:
        """Return the merge of some objects that lend it their data when it is prepared."""
        labels = {f"{m.name}_{name}": m for m in members for name in m._pathways}
        first = labels[min(labels, key=name_key)]
        (leading,) = first._pathways.values()
        created = sorted(members, key=lambda member: member._created)
        merge = cls.__new__(cls)
        merge.__dict__.update(first.__dict__)
        source, target = parent_group(first.source), parent_group(first.target)
        ends = f"'{created[0].name}' to '{created[-1].name}'"
        merge._set("_text", f"{len(members)} Synapses objects, {ends}")
        merge._set("_merge", None)
        merge._set("_contained", [])
        merge._set("source", source)
        merge._set("target", target)
        merge._set("_description", replace(first._description, text=merge.describe()))
        merge._set("_data", SynapticData(source._size(), target._size()))
        merge._set(
            "variables",
            {name: StateVariable(v.info, 0, first._real) for name, v in first.variables.items()},
        )
        pathway = MergedPathway(merge, leading.name, "pre", leading.code, leading.event)
        pathway._order = leading.order
        merge._set("pathway", pathway)
        merge._set("_pathways", {leading.name: pathway})
        merge._set("_run", SynapticRun(merge))
        merge._set("_as_group", SynapsesAsGroup(merge))
        shares = [Share(member, merge) for member in members]
        shares.sort(key=lambda share: (share.first_target, share.first_row))
        merge._set("shares", tuple(shares))
        merge._set("touched", set())
        return merge

    def describe(self) -> str:
        """Return "64 Synapses objects, 'synapses' to 'synapses_63'"."""
        return self._text

    def members(self) -> list[Synapses]:
        """Return the objects that run as this one."""
        return [share.member for share in self.shares]

    def serves(self, members: Iterable[Synapses]) -> bool:
        """Whether these are the members, and unchanged since they lent their data."""
        return (
            {id(member) for member in members} == {id(share.member) for share in self.shares}
            and all(share.member._merge is self for share in self.shares)
            and all(share.member._version == share.version for share in self.shares)
            and self._counted_in == self.pathway.clock.dt_
        )

    def shared_rows(self) -> Rows | RowStore:
        """Return the rows of all members in their present order."""
        rows = self._data.rows if self._data.store is None else self._data.store
        if rows is None:
            raise InternalError(f"{self.describe()} have no rows yet")
        return rows

    # --- data -----------------------------------------------------------------------------------

    def _prepare(self, n_parts: int) -> None:
        if self._data.rows is None and self._data.store is None:
            self._gather()
        super()._prepare(n_parts)
        for variable in self.variables.values():
            if variable.size != len(self):
                variable.data = np.empty(len(self), variable.dtype)
        if any(share.version < 0 for share in self.shares):
            self._take_values()

    def _take_values(self) -> None:
        """Move the values of the members, source by source: what they free is used again."""
        moved = 0
        for share in sorted(self.shares, key=lambda share: share.first_row):
            share.lend_values()
            moved += share.piece.n
            if moved > len(self) // 8:
                release_memory(len(self))
                moved = 0
        release_memory(len(self))
        for share in self.shares:
            share.version = _touch(share.member)

    def _gather(self) -> None:
        """Put the rows and the delays of all members together."""
        self._set("_counted_in", self.pathway.clock.dt_)
        own = [share.begin() for share in self.shares]
        shared = SharedRows([share.piece for share in self.shares], self._data.n_source)
        if gather_on_device(self, shared, own):
            return
        classes = [share.hold_delays() for share in self.shares]
        release_memory(shared.n)  # delays are classes now
        require_rows(self._data.n_source, shared.n, 0)
        self._gather_delays(shared, classes)
        targets = np.empty(shared.n, np.uint32)
        shared.splice([rows.targets for rows in own], targets)
        self._data.rows = Rows(
            shared.row_start,
            targets,
            self._data.n_target,
            sorted=all(rows.sorted for rows in own),
            multapses=any(rows.multapses for rows in own),
        )
        for share in self.shares:
            share.lend_rows()
        release_memory(len(self))

    def _gather_delays(self, shared: SharedRows, classes: Sequence[Any]) -> None:
        tables = [share.steps() for share in self.shares]
        steps = np.unique(np.concatenate(tables))
        if steps.size <= 1:
            self.take_delays(steps, self.pathway.variable)
            return
        out = np.empty(shared.n, smallest_dtype(steps.size - 1))
        parts = []
        for share, table, own in zip(self.shares, tables, classes):
            new = np.searchsorted(steps, table).astype(out.dtype)
            parts.append(np.full(share.piece.n, new[:1], out.dtype) if own is None else new[own])
        shared.splice(parts, out)
        self.pathway.uniform = None
        self.pathway.pending = steps, out

    def take_delays(self, steps: Any, variable: StateVariable) -> None:
        """Take the delays of all synapses in seconds; ``steps`` are those that occur."""
        self.pathway.variable, self.pathway.uniform = variable, None
        if steps.size <= 1:
            self.pathway.uniform = float(steps[0]) * self.pathway.clock.dt_ if steps.size else 0.0

    def begin_with_members(self) -> None:
        """Let the events reach this pathway that reach those of the members."""
        births = [
            member._run.carried.born(pathway)
            for member in self.members()
            for pathway in member._pathways.values()
        ]
        self._run.carried.begin(self.pathway, max(births))

    def is_lent(self) -> bool:
        """Whether the members have lent it their data."""
        return any(share.member._merge is self for share in self.shares)

    def dissolve(self, following: Succession) -> None:
        """Give the members back what they lent, and those that changed their spikes under way."""
        if not self.is_lent():  # broken up before
            return
        born = self._run.carried.born(self.pathway)
        changed = [share for share in self.shares if self._has_changed(share, following)]
        if changed:
            self._run.carried.cut(following.previous)
        for share in self.shares:
            if share in changed:
                share.take_spikes()
            else:  # goes on with the events that the network keeps
                share.begin_again(born)
        self._give_values(following.previous)
        for share in self.shares:
            share.end()
            _touch(share.member)

    def break_up(self, timeline: Timeline | None) -> None:
        """Give the members back what they lent and their spikes: one of them loses synapses."""
        self._run.carried.cut(timeline)
        for share in self.shares:
            share.take_spikes()
        for share in self.shares:
            share.end()
            _touch(share.member)

    def _has_changed(self, share: Share, following: Succession) -> bool:
        """Whether a member's spikes under way cannot be found as they were."""
        same = share.member._version == share.version and following.goes_on(share.member)
        return not same or self._counted_in != self.pathway.clock.dt_

    def names_in_members(self, name: str) -> Iterator[str]:
        """Yield the names in the members of what the merge's events take along."""
        return (f"{member.name}{name.removeprefix(self.name)}" for member in self.members())

    def _give_values(self, previous: Timeline | None) -> None:
        """Let each member have what the events that a network keeps took along to the merge."""
        if previous is None or all(merge is not self for merge in previous.merged):
            return
        events = self.source._description.events[self.pathway.event]
        ring = previous.rings.buffers[events.name]
        for name in tuple(ring.kept_names(f"{self.name}.{self.pathway.name}.")):
            for new in self.names_in_members(name):
                ring.copy(name, new)

    def settle(self) -> None:
        """Take over what Python wrote to the members, and forget copies that get old."""
        if self.touched:
            changed = self._run.changed
            moving = frozenset(n for n, v in self.variables.items() if v.info.array in changed)
            self._set("touched", {share for share in self.touched if share.settle(moving)})

    # --- what a network asks for ------------------------------------------------------------------

    def _started(self) -> None:
        super()._started()
        self.settle()

    def _items(self, facts: NetworkFacts) -> Iterable[Item]:
        items = list(super()._items(facts))
        for member in self.members():
            member._run.changed = frozenset(
                member.variables[name].info.array
                for name, variable in self.variables.items()
                if variable.info.array in facts.changing
            )
        return items


def _touch(member: Synapses) -> int:
    """Let every network that has compiled a member compile anew; return its new version."""
    member._set("_version", member._version + 1)
    return member._version
