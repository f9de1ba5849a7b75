"""How far a network has got, and the events of its last steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simgen.api.clock import Clock
from simgen.api.component import Component
from simgen.ir.stmt import EventList
from simgen.runtime.timing import TimeAxis

if TYPE_CHECKING:
    from simgen.api.event_rings import EventRings
    from simgen.api.merging import MergedSynapses

Steps = npt.NDArray[np.int64]


class Timeline(ABC):
    """What a compiled network has in common with one that was restored and not compiled yet.

    ``objects`` are those that ran, as the user made them, and ``components`` as they run;
    ``bounds`` say for each size of a group where its parts begin.
    """

    objects: Sequence[Component]
    components: Sequence[Component]
    axis: TimeAxis
    rings: EventRings
    bounds: dict[str, Steps]
    build_seconds: float = 0.0  # spent on compiling

    @property
    @abstractmethod
    def tick(self) -> int:
        """The present tick."""

    @property
    def merged(self) -> Sequence[MergedSynapses]:
        """The objects that stand for several."""
        return ()

    def tick_on(self, axis: TimeAxis) -> int:
        """Return the present tick on another time axis."""
        if axis.width == self.axis.width:
            return self.tick
        return axis.tick_at(self.tick * self.axis.width, "After a change of dt")

    def steps_done(self, clock: Clock) -> int:
        """Return how many steps a clock has made."""
        return self._next_step(clock, self.tick)

    def _next_step(self, clock: Clock, tick: int) -> int:
        return -(-tick // self.axis.periods[clock.name])

    def clock_time(self, clock: Clock) -> float:
        """Return the present time of a clock."""
        period = self.axis.periods.get(clock.name, 1)
        return -(-self.tick // period) * clock.dt_

    def events_between(self, events: EventList, first: int, stop: int) -> tuple[Steps, Steps]:
        """Return the steps and elements of the events of steps [first, stop) that are kept."""
        return self.rings.buffers[events.name].between(first, stop, self.bounds[events.length])

    def events_of_last_step(self, events: EventList, clock: Clock) -> npt.NDArray[np.int32]:
        """Return the events that were found last."""
        return self._events_at(events, self.steps_done(clock) - 1)

    def _events_at(self, events: EventList, step: int) -> npt.NDArray[np.int32]:
        buffer = self.rings.buffers[events.name]
        return buffer.at_step(step, self.bounds[events.length]).astype(np.int32)
