"""From one compilation of a network to the next: who stays, who joins, and what is under way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simgen.api.clock import Clock
from simgen.api.component import Component
from simgen.api.merging import MergedSynapses
from simgen.api.pathways import Pathway
from simgen.api.synapses import Synapses

if TYPE_CHECKING:
    from simgen.api.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Succession:
    """The objects of a network being compiled, the one it follows, and each clock's next step."""

    objects: Sequence[Component]
    previous: Timeline | None
    next_step: Callable[[Clock], int]

    @property
    def former(self) -> Sequence[Component]:
        """The objects of the network before."""
        return () if self.previous is None else self.previous.objects

    @property
    def merges(self) -> Sequence[MergedSynapses]:
        """The merges of the network before."""
        return () if self.previous is None else self.previous.merged

    def stays(self, component: Component) -> bool:
        """Whether an object was part of the network before."""
        return any(component is known for known in self.former)

    def goes_on(self, component: Component) -> bool:
        """Whether an object is part of the network."""
        return any(component is present for present in self.objects)

    def under_way(self, synapses: Synapses, pathway: Pathway) -> int | None:
        """Return what tells pathways apart that get other spikes that are under way.

        None where spikes are carried, or will be since the step width has changed; else the first
        step whose spikes reach the pathway, 0 if the ring of events keeps none from before.
        """
        carried, step, kept = (
            synapses._run.carried,
            self.next_step(pathway.clock),
            self._kept(pathway),
        )
        if carried.waits_for(pathway, step):
            return None
        if not self.stays(synapses):
            return step if kept else 0
        if carried.of(pathway).width != pathway.clock.dt_:
            return None if kept else 0
        born = carried.born(pathway)
        return born if born > step - kept else 0

    def taken_along(self, synapses: Synapses, pathway: Pathway) -> str:
        """Return what tells pathways apart whose events that are kept took other values along.

        Empty where they took none along. Members of a merge have what the merge has.
        """
        runs = synapses if synapses._merge is None else synapses._merge
        events = pathway.group._description.events[pathway.event]
        ring = None if self.previous is None else self.previous.rings.buffers.get(events.name)
        names = [] if ring is None else [*ring.kept_names(f"{runs.name}.{pathway.name}.")]
        if not names or ring is None or self.previous is None or not self._kept(pathway):
            return ""
        done, found = self.previous.steps_done(pathway.clock), hashlib.sha256()
        steps, elements = self.previous.events_between(events, done - ring.depth, done)
        for name in sorted(names):
            found.update(ring.values(name, steps, elements).tobytes())
        return found.hexdigest()

    def settles_at(self, synapses: Synapses, pathway: Pathway) -> int:
        """Return the step from which on nothing that is under way now tells pathways apart."""
        step = self.next_step(pathway.clock)
        return max(step + self._kept(pathway), synapses._run.carried.last_arrival(pathway) + 1)

    def _kept(self, pathway: Pathway) -> int:
        """Return how many steps back the ring of events holds any."""
        name = pathway.group._description.events[pathway.event].name
        buffer = None if self.previous is None else self.previous.rings.buffers.get(name)
        return buffer.depth if buffer is not None and buffer.counts.any() else 0


def carry_spikes(merges: Sequence[MergedSynapses], following: Succession) -> None:
    """Tell the objects of a network, those that leave it, and its merges what they follow."""
    previous, next_step = following.previous, following.next_step
    for component in following.former:
        if not following.goes_on(component):
            component._carry_on(previous, None)
    for component in following.objects:
        lent = isinstance(component, Synapses) and component._merge is not None
        if not lent:  # the merge does it for those
            component._carry_on(previous if following.stays(component) else None, next_step)
    for merge in merges:
        if any(merge is known for known in following.merges):
            merge._carry_on(previous, next_step)
        else:
            merge.begin_with_members()
