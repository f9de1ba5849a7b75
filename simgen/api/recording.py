"""The buffer behind a recorder: grows by doubling, is read without a copy of the unused part."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.noted_runs import NOTED
from simgen.errors import MemoryLimitError
from simgen.ir.stmt import Recorder
from simgen.runtime.limits import free_bytes
from simgen.units import Dimension


class Recording:
    """The values a recorder has appended so far, in order.

    ``dt`` is the step width of the run that recorded last. Steps recorded under another one are
    kept as times, so that a change of dt between runs does not move them.
    """

    def __init__(self, recorder: Recorder, dim: Dimension, real: np.dtype[np.floating]) -> None:
        self.recorder = recorder
        self.dim = dim
        self.data: npt.NDArray[Any] = np.empty(0, recorder.dtype.numpy(real))
        self.count = np.zeros(1, np.int64)
        self.dt = 0.0
        self._cuts: list[tuple[int, float]] = []  # (first value, step width)

    @property
    def used(self) -> int:
        """The number of values."""
        if NOTED.runs:
            NOTED.make(f"'{self.recorder.name}' was read")
        return int(self.count[0])

    def size_with(self, room: int) -> int:
        """Return how many values the buffer holds after :meth:`reserve`, if memory is plenty."""
        wanted, size = self.used + room, self.data.size
        return size if wanted <= size else max(wanted, 2 * size, 1024)

    def reserve(self, room: int, owner: str) -> bool:
        """Make room for ``room`` more values; return whether the buffer was replaced."""
        wanted, size = self.used + room, self.size_with(room)
        if size == self.data.size:
            return False
        grown = size * self.data.itemsize
        if grown > free_bytes():
            size = wanted
            grown = size * self.data.itemsize
            if grown > free_bytes():
                raise MemoryLimitError(
                    f"The recording of {owner} needs {grown:,} bytes, but {free_bytes():,} bytes "
                    "are free. Record fewer elements, less often, or a shorter time."
                )
        data = np.empty(size, self.data.dtype)
        data[: self.used] = self.data[: self.used]
        self.data = data
        return True

    def append(self, values: npt.NDArray[Any], owner: str) -> None:
        """Append values from Python."""
        self.reserve(values.size, owner)
        self.data[self.used : self.used + values.size] = values
        self.count[0] += values.size

    def set_dt(self, dt: float) -> None:
        """Note the step width of what is recorded from here on."""
        if dt != self.dt:
            self._cuts.append((self.used, dt))
            self.dt = dt

    @property
    def cuts(self) -> list[tuple[int, float]]:
        """The step widths, each with the number of the first value recorded under it."""
        return list(self._cuts)

    def replace(self, values: npt.NDArray[Any], cuts: list[tuple[int, float]]) -> None:
        """Take other values instead, and the step widths they were recorded under."""
        self.data = values
        self.count[0] = values.size
        self._cuts = list(cuts)
        self.dt = cuts[-1][1] if cuts else 0.0

    def values(self) -> npt.NDArray[Any]:
        """Return the values: no copy, so writing to them changes the recording, as in Brian."""
        count = self.used  # first: runs that were only noted are made when it is asked for
        return self.data[:count]

    def times(self) -> npt.NDArray[np.float64]:
        """Return recorded steps as times in seconds."""
        steps = self.values()
        if len(self._cuts) <= 1:
            return steps * self.dt
        result = np.empty(self.used)
        ends = [*(first for first, _ in self._cuts[1:]), self.used]
        for (first, dt), end in zip(self._cuts, ends):
            result[first:end] = steps[first:end] * dt
        return result
