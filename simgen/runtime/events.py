"""Ring buffers of events: which elements fired in each of the last steps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simgen.ir.stmt import EventList
from simgen.runtime.timing import TOLERANCE
from simgen.targets.base import AnyArray, Memory


class EventBuffer:
    """The events of the last ``depth`` steps of a group, split by the parts that own elements.

    They are brought from the device that a network runs on when they are asked for.
    """

    def __init__(self, events: EventList, size: int, n_parts: int = 1) -> None:
        self.events = events
        self.size = size
        self._ids: npt.NDArray[np.uint32] = np.zeros((1, size), np.uint32)
        self._counts: npt.NDArray[np.int64] = np.zeros((1, n_parts), np.int64)
        self._memory: Memory | None = None

    @property
    def ids(self) -> npt.NDArray[np.uint32]:
        """The elements that fired (depth, size), each part's from its own column on."""
        if self._memory is not None:
            self._memory.fetch(f"{self.events.name}.ids")
        return self._ids

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """The number of events (depth, parts)."""
        if self._memory is not None:
            self._memory.fetch(f"{self.events.name}.counts")
        return self._counts

    @property
    def depth(self) -> int:
        """The number of slots."""
        return int(self._ids.shape[0])

    def bind(self, memory: Memory, remote: bool) -> None:
        """Become part of the memory of a network, whose device may know newer events."""
        arrays: dict[str, AnyArray] = {
            f"{self.events.name}.ids": self.ids,
            f"{self.events.name}.counts": self.counts,
        }
        memory.arrays.update(arrays)
        memory.ints[f"{self.events.name}.depth"] = self.depth
        if remote:  # the host changes events only before they are bound
            memory.counters.update(dict.fromkeys(arrays, int))
        self._memory = memory if remote else None

    def at_step(self, step: int, bounds: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
        """Return the events of a step that is still kept, ascending."""
        if step < 0:
            return np.zeros(0, np.uint32)
        slot = step % self.depth
        counts = self.counts[slot]
        parts = [
            self.ids[slot, bounds[part] : bounds[part] + counts[part]]
            for part in range(counts.size)
        ]
        return np.concatenate(parts)

    def resize(
        self,
        depth: int,
        old_bounds: npt.NDArray[np.int64],
        bounds: npt.NDArray[np.int64],
        next_step: int,
        scale: float = 1.0,
    ) -> bool:
        """Change depth, partition or step width; return whether anything changed.

        The latest steps are kept. ``next_step`` counts in the old step width; ``scale`` is the old
        one divided by the new one. Raises ValueError where events come to lie off the new grid.
        """
        n_parts = bounds.size - 1
        if depth == self.depth and scale == 1.0 and np.array_equal(bounds, old_bounds):
            return False
        kept = min(self.depth, max(next_step, 0))
        first = round(next_step * scale) - depth
        events: dict[int, npt.NDArray[np.uint32]] = {}
        for step in range(next_step - kept, next_step):
            moved = round(step * scale)
            ids = self.at_step(step, old_bounds)
            if moved < first or ids.size == 0:
                continue
            if abs(moved - step * scale) > TOLERANCE and step < next_step - 1:
                raise ValueError(f"events of step {step} lie off the new grid")
            events[moved] = ids
        self._ids = np.zeros((depth, self.size), np.uint32)
        self._counts = np.zeros((depth, n_parts), np.int64)
        self._memory = None
        for step, ids in events.items():
            self.place(step, ids, bounds)
        return True

    def place(self, step: int, ids: npt.NDArray[np.uint32], bounds: npt.NDArray[np.int64]) -> None:
        """Write the events of a step."""
        slot = step % self.depth
        owners = np.searchsorted(bounds, ids, side="right") - 1
        for part in range(bounds.size - 1):
            mine = ids[owners == part]
            self.ids[slot, bounds[part] : bounds[part] + mine.size] = mine
            self.counts[slot, part] = mine.size

    def under_way(self, next_step: int, horizon: int, bounds: npt.NDArray[np.int64]) -> bool:
        """Whether any event of the last ``horizon`` steps is kept."""
        first = max(0, next_step - min(horizon, self.depth))
        return any(self.at_step(step, bounds).size for step in range(first, next_step))


def part_bounds(size: int, n_parts: int) -> npt.NDArray[np.int64]:
    """Return where the parts of a group begin: near-equal ranges, aligned to 64 elements.

    The alignment keeps parts off each other's cache lines and blocks of random numbers whole.
    """
    cuts = [min(size, round(size * part / n_parts / 64) * 64) for part in range(n_parts)]
    return np.array([*cuts, size], np.int64)
