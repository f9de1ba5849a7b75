"""Ring buffers of events: which elements fired in each of the last steps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simgen.ir.stmt import EventList


class EventBuffer:
    """The events of the last ``depth`` steps of a group, split by the parts that own elements."""

    def __init__(self, events: EventList, size: int, n_parts: int = 1) -> None:
        self.events = events
        self.size = size
        self.ids: npt.NDArray[np.uint32] = np.zeros((1, size), np.uint32)
        self.counts: npt.NDArray[np.int64] = np.zeros((1, n_parts), np.int64)

    @property
    def depth(self) -> int:
        """The number of slots."""
        return int(self.ids.shape[0])

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
        moved_to: int | None = None,
    ) -> bool:
        """Change depth, partition or step width; return whether anything changed.

        The latest steps before ``next_step`` are kept. In another step width the next step is
        ``moved_to``, and only the last step is kept: pathways carry what is under way.
        """
        n_parts = bounds.size - 1
        if depth == self.depth and moved_to is None and np.array_equal(bounds, old_bounds):
            return False
        kept = min(self.depth, depth if moved_to is None else 1)
        first = max(0, next_step - kept)
        events = [self.at_step(step, old_bounds) for step in range(first, next_step)]
        if moved_to is not None:
            first = moved_to - 1
        self.ids = np.zeros((depth, self.size), np.uint32)
        self.counts = np.zeros((depth, n_parts), np.int64)
        for step, ids in enumerate(events, first):
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

    def between(
        self, first: int, stop: int, bounds: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the steps and elements of the events of steps [first, stop) that are kept."""
        kept = range(max(0, first, stop - self.depth), stop)
        events = [self.at_step(step, bounds) for step in kept]
        steps = np.repeat(np.array(kept, np.int64), [ids.size for ids in events])
        return steps, np.concatenate([np.zeros(0, np.int64), *events]).astype(np.int64)


def part_bounds(size: int, n_parts: int) -> npt.NDArray[np.int64]:
    """Return where the parts of a group begin: near-equal ranges, aligned to 64 elements.

    The alignment keeps parts off each other's cache lines and blocks of random numbers whole.
    """
    cuts = [min(size, round(size * part / n_parts / 64) * 64) for part in range(n_parts)]
    return np.array([*cuts, size], np.int64)
