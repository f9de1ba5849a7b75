"""The rings of recent events of a network, carried over from one compilation to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from simgen.api.carried_spikes import lost_values
from simgen.api.checks import require_ring
from simgen.api.clock import Clock
from simgen.api.component import Component
from simgen.ir.kernel import OverEvents
from simgen.ir.stmt import EventList
from simgen.model.emissions import Emission
from simgen.runtime.events import EventBuffer
from simgen.targets.base import STEPS_TOGETHER

if TYPE_CHECKING:
    from simgen.api.binding import CompiledNetwork
    from simgen.api.timeline import Timeline


_Taken = tuple[Component, Emission, int]  # by what, and the first step whose events reach it
MOST_TOGETHER = 32  # steps: waits are no longer felt, and rings stay small


class EventRings:
    """Who fired in the last steps, for each list of events, by its name."""

    def __init__(self, former: Mapping[str, EventBuffer]) -> None:
        self.buffers = dict(former)
        self.longest: dict[str, int] = {}  # delays with which each list is read, in steps

    def bind(self, compiled: CompiledNetwork, previous: Timeline | None) -> None:
        """Fit the rings to the delays and threads of a network and put them into its memory."""
        depths: dict[str, int] = {}
        for component in compiled.objects:
            for name, longest in component._longest_delays().items():
                depths[name] = max(depths.get(name, 0), longest)
        self.longest = depths
        if previous is not None:
            self._clear_joining(compiled, previous)
        memory = compiled.memory
        together = _steps_together(compiled)
        memory.ints[STEPS_TOGETHER] = together
        lagging = _read_late(compiled)
        taken: dict[str, list[_Taken]] = {}
        for component in compiled.components:
            for emission, born in component._emissions():
                taken.setdefault(emission.events.name, []).append((component, emission, born))
        for component in compiled.objects:
            for events in component._event_lists():
                apart = max(1, together)
                depth = depths.get(events.name, 0) + apart
                if memory.n_parts > 1:  # what was not recorded yet stays for as many steps again
                    depth = max(depth, 2 * apart + 1)
                depth += events.name in lagging
                own = taken.get(events.name, ())
                require_ring(events, self._buffer(compiled, events), depth, component, len(own))
                buffer = self._fitted(compiled, previous, component, events, depth)
                self._keep(compiled, component.clock, buffer, own)
                buffer.bind(compiled.memory, compiled.remote)

    def _fitted(
        self,
        compiled: CompiledNetwork,
        previous: Timeline | None,
        component: Component,
        events: EventList,
        depth: int,
    ) -> EventBuffer:
        bounds, clock = compiled.bounds[events.length], component.clock
        buffer = self.buffers[events.name]
        old = bounds if previous is None else previous.bounds.get(events.length, bounds)
        step, moved_to = _next_steps(compiled, previous, clock)
        buffer.resize(depth, old, bounds, step, moved_to)
        return buffer

    def _buffer(self, compiled: CompiledNetwork, events: EventList) -> EventBuffer:
        n_parts = compiled.bounds[events.length].size - 1
        fresh = EventBuffer(events, compiled.memory.ints[events.length], n_parts)
        return self.buffers.setdefault(events.name, fresh)

    def _keep(
        self, compiled: CompiledNetwork, clock: Clock, buffer: EventBuffer, taken: Iterable[_Taken]
    ) -> None:
        """Hold what events take along; raise ModelError if that of some under way is not known."""
        step, bounds = compiled.steps_done(clock), compiled.bounds[buffer.events.length]
        known = set(buffer.kept_names())
        first = step - self.longest.get(buffer.events.name, 0)
        for component, emission, born in taken:
            if emission.kept.name not in known:
                steps, _ = buffer.between(max(first, born), step, bounds)
                if steps.size:
                    raise lost_values(component, emission)
        real = compiled.options.real
        buffer.keep({e.kept.name: e.kept.dtype.numpy(real) for _, e, _ in taken})

    def _clear_joining(self, compiled: CompiledNetwork, previous: Timeline) -> None:
        """Forget the events of groups that were away: their steps have been used up since."""
        for component in compiled.objects:
            if all(component is not known for known in previous.objects):
                for events in component._event_lists():
                    if events.name in self.buffers:
                        self.buffers[events.name].counts[...] = 0


def _read_late(compiled: CompiledNetwork) -> set[str]:
    """Return the lists that code reads in the step after: perhaps when it has found its events."""
    domains = [kernel.domain for kernel in compiled.program.kernels]
    return {each.events.name for each in domains if isinstance(each, OverEvents) and each.lag}


def _steps_together(compiled: CompiledNetwork) -> int:
    """Return how many steps parts may make before they meet; 0 where events come without delay."""
    if compiled.memory.n_parts == 1:
        return 1
    delays = (component._shortest_delay() for component in compiled.components)
    return min([MOST_TOGETHER, *(delay for delay in delays if delay is not None)])


def _next_steps(
    compiled: CompiledNetwork, previous: Timeline | None, clock: Clock
) -> tuple[int, int | None]:
    """Return a clock's next step as it counted before, and as it counts now if that differs."""
    step = compiled.steps_done(clock)
    if previous is None or clock.name not in previous.axis.periods:
        return step, None
    before = previous.axis.width * previous.axis.periods[clock.name]
    width = compiled.axis.width * compiled.axis.periods[clock.name]
    return previous.steps_done(clock), None if abs(before / width - 1.0) < 1e-9 else step
