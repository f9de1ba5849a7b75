"""Connectivity of a kernel that slides over a grid: convolutions, Toeplitz matrices.

Groups are seen as grids whose last axis runs fastest, channels last of all. A source at the places
y reaches the targets o with 0 <= y + before - o * stride < kernel in each direction, by the entry
of the kernel at these differences, [*differences, channel in, channel out]: the correlation that
networks of artificial neurons call convolution. The flat index of the entry is a difference, too,
of a number of the source and one of the target, so that nothing is kept for a synapse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simgen.connect.checks import check_populations, require_rows
from simgen.connect.rows import Rows

CHUNK = 1 << 18  # synapses made at a time, so that temporaries stay small
Sizes = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KernelGrid:
    """How a kernel lies between two grids.

    ``kernel``, ``source``, ``target``, ``stride`` and ``before`` (the padding before the first
    place) have one number for each direction; ``channels`` are those of the source and the target.
    """

    kernel: Sizes
    source: Sizes
    target: Sizes
    stride: Sizes
    before: Sizes
    channels: tuple[int, int] = (1, 1)

    @property
    def n_source(self) -> int:
        """The number of sources."""
        return math.prod(self.source) * self.channels[0]

    @property
    def n_target(self) -> int:
        """The number of targets."""
        return math.prod(self.target) * self.channels[1]

    def source_numbers(self) -> NDArray[np.int32]:
        """Return of each source the number from which that of a target is subtracted: (n_source,).

        The difference is the flat index of the entry of the kernel.
        """
        steps = self._steps()
        total = np.zeros(1, np.int64)
        for size, before, step in zip(self.source, self.before, steps):
            total = np.add.outer(total, (np.arange(size) + before) * step).reshape(-1)
        channels = np.arange(self.channels[0]) * self.channels[1]
        return np.add.outer(total, channels).reshape(-1).astype(np.int32)

    def target_numbers(self) -> NDArray[np.int32]:
        """Return of each target the number to subtract from that of a source: (n_target,)."""
        total = np.zeros(1, np.int64)
        for size, stride, step in zip(self.target, self.stride, self._steps()):
            total = np.add.outer(total, np.arange(size) * stride * step).reshape(-1)
        return np.subtract.outer(total, np.arange(self.channels[1])).reshape(-1).astype(np.int32)

    def largest_number(self) -> int:
        """Return a bound of what :meth:`source_numbers` and :meth:`target_numbers` return."""
        spans = zip(self.source, self.before, self.target, self.stride, self._steps())
        return math.prod(self.channels) + sum(
            max(size + before, target * stride) * step
            for size, before, target, stride, step in spans
        )

    def _steps(self) -> Sizes:
        """Return how far apart in the flat kernel neighbours of each direction are."""
        pairs = math.prod(self.channels)
        return tuple(math.prod(self.kernel[axis + 1 :]) * pairs for axis in range(len(self.kernel)))

    def rows(self, kept: NDArray[np.bool_] | None = None) -> Rows:
        """Return the synapses, created by ascending sources and targets.

        ``kept`` says of each entry of the flat kernel whether it makes synapses; None: all do.
        Measured: 10 million synapses take 0.5 s by one thread (Zen 4).
        """
        n_source, n_target = check_populations(self.n_source, self.n_target)
        reaches, row_start = self._reaches(), self.row_start()
        sizes = np.diff(row_start)
        require_rows(n_source, int(row_start[-1]), int(sizes.max(initial=0)))
        if kept is None:
            targets = np.empty(int(row_start[-1]), np.uint32)
            for first, last in _chunks(row_start):
                _, found = self._targets(row_start, first, last, reaches)
                targets[int(row_start[first]) : int(row_start[last])] = found
            return Rows(row_start, targets, n_target, sorted=True, multapses=False)
        pieces = [np.zeros(0, np.uint32)]
        before, after = self.source_numbers(), self.target_numbers()
        for first, last in _chunks(row_start):
            row, found = self._targets(row_start, first, last, reaches)
            chosen = kept[before[row] - after[found]]
            sizes[first:last] = np.bincount(row[chosen] - np.uint32(first), minlength=last - first)
            pieces.append(found[chosen])
        targets = np.concatenate(pieces)
        return Rows(_starts(sizes), targets, n_target, sorted=True, multapses=False)

    def row_start(self) -> NDArray[np.uint64]:
        """Return where the synapses of each source begin: uint64 (n_source + 1,)."""
        sizes = np.ones(1, np.uint64)
        for _, counts in self._reaches():
            sizes = np.multiply.outer(sizes, counts).reshape(-1)
        return _starts(np.repeat(sizes * np.uint64(self.channels[1]), self.channels[0]))

    def _reaches(self) -> list[tuple[NDArray[np.uint32], NDArray[np.uint64]]]:
        return [self._reach(axis) for axis in range(len(self.source))]

    def _reach(self, axis: int) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
        """Return the first place that each place of the source reaches, and how many."""
        places = np.arange(self.source[axis], dtype=np.int64)
        stride, padded = self.stride[axis], places + self.before[axis]
        low = np.maximum(0, -((self.kernel[axis] - 1 - padded) // stride))
        high = np.minimum(self.target[axis] - 1, padded // stride)
        return low.astype(np.uint32), np.maximum(0, high - low + 1).astype(np.uint64)

    def _targets(
        self,
        row_start: NDArray[np.uint64],
        first: int,
        last: int,
        reaches: list[tuple[NDArray[np.uint32], NDArray[np.uint64]]],
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Return the rows first to last of each synapse of theirs, and its target."""
        starts = row_start[first : last + 1] - row_start[first]
        sizes = np.diff(starts).astype(np.int64)
        row = np.repeat(np.arange(first, last, dtype=np.uint32), sizes)
        rest = np.arange(int(starts[-1]), dtype=np.uint32)
        rest -= np.repeat(starts[:-1].astype(np.uint32), sizes)
        inputs, outputs = self.channels
        target, rest = rest % np.uint32(outputs), rest // np.uint32(outputs)
        place, apart = row // np.uint32(inputs), outputs
        for axis in range(len(self.source) - 1, -1, -1):
            low, counts = reaches[axis]
            here = place % np.uint32(self.source[axis])
            place //= np.uint32(self.source[axis])
            count = counts.astype(np.uint32)[here]
            target += (low[here] + rest % count) * np.uint32(apart)
            rest //= count
            apart *= self.target[axis]
        return row, target


def _starts(sizes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    starts = np.zeros(len(sizes) + 1, np.uint64)
    np.cumsum(sizes, out=starts[1:])
    return starts


def _chunks(row_start: NDArray[np.uint64]) -> list[tuple[int, int]]:
    """Return ranges of rows of about CHUNK synapses, each of one row at least."""
    found: list[tuple[int, int]] = []
    first, n_rows = 0, len(row_start) - 1
    while first < n_rows:
        limit = row_start[first] + np.uint64(CHUNK)
        last = max(first + 1, int(np.searchsorted(row_start, limit, side="right")) - 1)
        found.append((first, min(last, n_rows)))
        first = found[-1][1]
    return found


def padded_grid(
    kernel: Sizes,
    source: Sizes,
    stride: Sizes,
    padding: str | Sizes,
    channels: tuple[int, int] = (1, 1),
) -> KernelGrid:
    """Return the grid of all places of a kernel on a source that is padded with nothing.

    ``padding``: ``valid`` (none), ``same`` (as many targets as sources, divided by the stride and
    rounded up; an odd place is added at the end), ``full`` (wherever kernel and source meet), or
    how many places at both ends. A direction in which the kernel does not fit has no targets.
    """
    targets: list[int] = []
    befores: list[int] = []
    for axis, (size, length, step) in enumerate(zip(kernel, source, stride)):
        if padding == "same":
            count = -(-length // step)
            before = max(0, (count - 1) * step + size - length) // 2
        else:
            own = {"valid": 0, "full": size - 1}
            before = own[padding] if isinstance(padding, str) else padding[axis]
            count = max(0, (length + 2 * before - size) // step + 1)
        targets.append(count)
        befores.append(before)
    return KernelGrid(kernel, source, tuple(targets), stride, tuple(befores), channels)
