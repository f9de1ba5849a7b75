"""The rings of recent events of a network, carried over from one compilation to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from simgen.api.checks import require_ring
from simgen.api.clock import Clock
from simgen.api.component import Component
from simgen.errors import UnsupportedFeatureError
from simgen.ir.stmt import EventList
from simgen.runtime.events import EventBuffer

if TYPE_CHECKING:
    from simgen.api.binding import CompiledNetwork


class EventRings:
    """Who fired in the last steps, for each list of events, by its name."""

    def __init__(self, former: Mapping[str, EventBuffer]) -> None:
        self.buffers = dict(former)

    def bind(self, compiled: CompiledNetwork, previous: CompiledNetwork | None) -> None:
        """Fit the rings to the delays and threads of a network and put them into its memory."""
        depths: dict[str, int] = {}
        for component in compiled.components:
            for name, longest in component._longest_delays().items():
                depths[name] = max(depths.get(name, 0), longest)
        if previous is not None:
            self._drop_earlier(compiled, previous)
        for component in compiled.components:
            for events in component._event_lists():
                depth = depths.get(events.name, 0) + 1
                buffer = self._fitted(compiled, previous, component, events, depth)
                buffer.bind(compiled.memory, compiled.remote)

    def _fitted(
        self,
        compiled: CompiledNetwork,
        previous: CompiledNetwork | None,
        component: Component,
        events: EventList,
        depth: int,
    ) -> EventBuffer:
        bounds, clock = compiled.bounds[events.length], component.clock
        buffer = self.buffers.get(events.name)
        if buffer is None:
            buffer = EventBuffer(events, compiled.memory.ints[events.length], bounds.size - 1)
            self.buffers[events.name] = buffer
        old = bounds if previous is None else previous.bounds.get(events.length, bounds)
        step, scale = _former_step(compiled, previous, clock)
        require_ring(events, buffer, depth, component)
        try:
            buffer.resize(depth, old, bounds, step, scale)
        except ValueError:
            raise UnsupportedFeatureError(
                f"The step width of '{clock.name}' cannot change now: spikes of "
                f"{component.describe()} that are under way lie off the new grid."
            ) from None
        return buffer

    def _drop_earlier(self, compiled: CompiledNetwork, previous: CompiledNetwork) -> None:
        """Keep from synapses that join a network the spikes that were emitted before."""
        known = {id(component) for component in previous.components}
        joining: dict[str, Component] = {}
        staying: set[str] = set()
        for component in compiled.components:
            for name, longest in component._longest_delays().items():
                if longest and id(component) not in known:
                    joining[name] = component
                elif longest:
                    staying.add(name)
        for name, component in joining.items():
            buffer = self.buffers.get(name)
            if buffer is None or not buffer.counts.any():
                continue
            if name in staying:
                raise UnsupportedFeatureError(
                    f"{component.describe()} cannot join the network now: spikes are under way "
                    "to other synapses of the same source. Run the longest delay without input "
                    "first, or let all synapses of that source join together."
                )
            buffer.counts[...] = 0


def _former_step(
    compiled: CompiledNetwork, previous: CompiledNetwork | None, clock: Clock
) -> tuple[int, float]:
    """Return a clock's next step in its former width, and that width over the new one."""
    if previous is None or clock.name not in previous.axis.periods:
        return compiled.steps_done(clock), 1.0
    width = previous.axis.width * previous.axis.periods[clock.name]
    scale = width / (compiled.axis.width * compiled.axis.periods[clock.name])
    return previous.steps_done(clock), 1.0 if abs(scale - 1.0) < 1e-9 else scale
