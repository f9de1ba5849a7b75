"""Ring buffers of events: which elements fired in each of the last steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.ir.stmt import EventList, kept_length
from simgen.targets.base import AnyArray, Memory


class EventBuffer:
    """The events of the last ``depth`` steps of a group, split by the parts that own elements.

    Beside them it holds values of each element and step, by the names of their arrays: what events
    take along. All are brought from the device that a network runs on when they are asked for.
    """

    def __init__(self, events: EventList, size: int, n_parts: int = 1) -> None:
        self.events = events
        self.size = size
        self._ids: npt.NDArray[np.uint32] = np.zeros((1, size), np.uint32)
        self._counts: npt.NDArray[np.int64] = np.zeros((1, n_parts), np.int64)
        self._kept: dict[str, AnyArray] = {}  # (depth, size) each
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
        arrays.update({name: self._kept_values(name).reshape(-1) for name in self._kept})
        memory.ints[f"{self.events.name}.depth"] = self.depth
        memory.ints[kept_length(self.events)] = self.depth * self.size
        memory.arrays.update(arrays)
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
        first = first_kept = max(0, next_step - kept)
        events = [self.at_step(step, old_bounds) for step in range(first, next_step)]
        if moved_to is not None:
            first = moved_to - 1
        old = first_kept + np.arange(len(events))
        rows = {name: self._kept_values(name)[old % self.depth] for name in self._kept}
        self._ids = np.zeros((depth, self.size), np.uint32)
        self._counts = np.zeros((depth, n_parts), np.int64)
        self._memory = None
        for step, ids in enumerate(events, first):
            self.place(step, ids, bounds)
        for name, values in rows.items():
            self._kept[name] = np.zeros((depth, self.size), values.dtype)
            self._kept[name][(first + np.arange(len(events))) % depth] = values
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

    # --- what events take along -------------------------------------------------------------------

    def keep(self, wanted: Mapping[str, np.dtype[Any]]) -> None:
        """Hold these values and no others; those that are new are zero."""
        shape = self.depth, self.size
        self._kept = {
            name: self._kept_values(name).astype(dtype, copy=False)
            if name in self._kept
            else np.zeros(shape, dtype)
            for name, dtype in wanted.items()
        }

    def kept_names(self, prefix: str = "") -> Iterator[str]:
        """Yield the names of the values that are held, those with a prefix."""
        return (name for name in self._kept if name.startswith(prefix))

    def values(
        self, name: str, steps: npt.NDArray[np.int64], elements: npt.NDArray[np.int64]
    ) -> AnyArray:
        """Return what was kept under a name for the events of some elements in some steps."""
        return self._kept_values(name)[steps % self.depth, elements]

    def take(
        self,
        name: str,
        steps: npt.NDArray[np.int64],
        elements: npt.NDArray[np.int64],
        values: AnyArray,
    ) -> None:
        """Hold values under a new name for the events of some elements in some steps."""
        self._kept[name] = np.zeros((self.depth, self.size), values.dtype)
        self._kept[name][steps % self.depth, elements] = values

    def copy(self, name: str, new: str) -> None:
        """Hold what is known under a name under another one, too."""
        if new != name:
            self._kept[new] = self._kept_values(name).copy()

    def _kept_values(self, name: str) -> AnyArray:
        if self._memory is not None and name in self._memory.arrays:  # else it is new
            self._memory.fetch(name)
        return self._kept[name]


def part_bounds(size: int, n_parts: int) -> npt.NDArray[np.int64]:
    """Return where the parts of a group begin: near-equal ranges, aligned to 64 elements.

    The alignment keeps parts off each other's cache lines and blocks of random numbers whole.
    """
    cuts = [min(size, round(size * part / n_parts / 64) * 64) for part in range(n_parts)]
    return np.array([*cuts, size], np.int64)
