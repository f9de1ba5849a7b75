"""Rows of synapses made in a device's memory, and sorted there by delay."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.resources import cuda_kernel_dir
from simgen.targets.base import DelayClasses, DrawRule, Mirror, SegmentArrays, SkipRule
from simgen.targets.cuda.device import Buffer, Device, Function, Module

if TYPE_CHECKING:
    from simgen.targets.cuda.mirror import DeviceMirror

_BLOCK, _WARP = 256, 32
_PRESENT_WORDS = 1024  # as in cuda_kernels/cuda/row_sort.cuh
_MOST_SCRATCH = 1 << 28  # bytes of the counts or marks of all warps
_DIGIT_BITS = 8  # as in cuda_kernels/cuda/draws.cuh
_HOMES = {
    **dict.fromkeys(("sg_fill_every", "sg_count_skips", "sg_fill_skips"), "rows.cuh"),
    **dict.fromkeys(("sg_count_chosen", "sg_fill_chosen"), "rows.cuh"),
    **dict.fromkeys(("sg_draw_rows", "sg_rank_rows", "sg_put_back"), "draws.cuh"),
    **dict.fromkeys(("sg_splice_8", "sg_splice_32", "sg_splice_64"), "pieces.cuh"),
    **dict.fromkeys(("sg_count_columns", "sg_size_columns", "sg_fill_columns"), "columns.cuh"),
}  # the texts of kernels; the others are in row_sort.cuh
_Starts = npt.NDArray[np.uint64]


@functools.lru_cache(maxsize=8)
def _module(device: Any, text: str) -> Module:  # a Device, which has a hash that mypy cannot know
    path = cuda_kernel_dir() / "cuda" / text
    module: Module = device.compile(path.read_text(encoding="utf-8"))
    return module


class RowKernels:
    """The kernels that make and sort rows; see :class:`simgen.targets.base.Connector`."""

    def __init__(self, device: Device, mirror: DeviceMirror) -> None:
        self._device = device
        self._mirror = mirror

    # --- rules ----------------------------------------------------------------------------------

    def every(self, targets: str, row_start: _Starts, first: int, skip_self: bool) -> None:
        """Write every target of all rows."""
        n_rows, out = row_start.size - 1, self._mirror.create(targets)
        starts = self._temporary("row_start", row_start)
        self._by_rows("sg_fill_every", n_rows, n_rows, int(skip_self), first, starts, out)

    def count_skips(self, n_rows: int, rule: SkipRule) -> _Starts:
        """Return how many targets each row takes."""
        sizes = np.zeros(n_rows, np.uint64)
        found = self._device.allocate(sizes.nbytes, "row_sizes")
        self._by_rows("sg_count_skips", n_rows, *self._skips(n_rows, rule), found)
        self._device.download(found, sizes)
        return sizes

    def fill_skips(self, targets: str, row_start: _Starts, first: int, rule: SkipRule) -> None:
        """Write the targets that each row takes."""
        n_rows, out = row_start.size - 1, self._mirror.create(targets)
        starts = self._temporary("row_start", row_start)
        self._by_rows("sg_fill_skips", n_rows, *self._skips(n_rows, rule), first, starts, out)

    def draw(self, targets: str, row_start: _Starts, first: int, rule: DrawRule) -> None:
        """Write uniform draws, as many as each row has room for."""
        n_rows, device = row_start.size - 1, self._device
        passes = -(-rule.n_target.bit_length() // _DIGIT_BITS) if rule.ordered else 0
        out, starts = self._mirror.create(targets), self._temporary("row_start", row_start)
        spare = device.allocate(out.n_bytes, "unsorted_targets") if passes else None
        grid = self._grid(self._function("sg_draw_rows"), n_rows * _WARP)
        marks, n_words = None, -(-rule.n_target // 32)
        if rule.distinct:
            each = 4 * n_words * (_BLOCK // _WARP)  # bytes of the marks of a block
            grid = max(1, min(grid, _MOST_SCRATCH // each))
            marks = device.allocate(grid * each, "drawn_targets")
            device.zero(marks)
        given = rule.key, rule.n_target, int(rule.skip_self), first, passes
        self._launch("sg_draw_rows", grid, n_rows, starts, *given, marks, n_words, spare, out)

    def rank(self, targets: str, row_start: _Starts, ranks: str | None) -> int:
        """Number the targets among their equals in each row; return the highest number."""
        n_rows, highest = row_start.size - 1, np.zeros(1, np.uint64)
        found = self._temporary("highest_rank", highest)
        starts = self._temporary("row_start", row_start)
        out = None if ranks is None else self._mirror.create(ranks)
        self._by_rows("sg_rank_rows", n_rows, n_rows, starts, *self._given(targets), out, found)
        self._device.download(found, highest)
        return int(highest[0])

    def put_back(self, targets: str, order: str, name: str) -> None:
        """Write targets as they were before rows were sorted."""
        mirror, n = self._mirror, self._mirror.memory.arrays[targets].size
        given = *self._given(targets), mirror.buffer(order)
        self._by_elements("sg_put_back", n, *given, n, mirror.create(name))

    def count_chosen(self, row_start: _Starts, chosen: str) -> _Starts:
        """Return how many synapses of each row are chosen."""
        n_rows = row_start.size - 1
        sizes = np.zeros(n_rows, np.uint64)
        found = self._device.allocate(sizes.nbytes, "row_sizes")
        starts = self._temporary("row_start", row_start)
        given = self._mirror.buffer(chosen)
        self._by_rows("sg_count_chosen", n_rows, n_rows, starts, given, found)
        self._device.download(found, sizes)
        return sizes

    def fill_chosen(
        self, targets: str, row_start: _Starts, given: str, chosen: str, new_start: _Starts
    ) -> None:
        """Write the chosen ones of the given targets."""
        n_rows, mirror = row_start.size - 1, self._mirror
        out = mirror.buffer(targets) if mirror.holds(targets) else mirror.create(targets)
        starts, ends = (self._temporary("row_start", each) for each in (row_start, new_start))
        places = starts, mirror.buffer(given), mirror.buffer(chosen), ends, out
        self._by_rows("sg_fill_chosen", n_rows, n_rows, *places)

    # --- delays ---------------------------------------------------------------------------------

    def delay_limits(self, delays: str) -> tuple[float, float]:
        """Return the smallest and the largest delay; the largest is negative if any is."""
        limits = np.array([2**64 - 1, 0], np.uint64)
        found = self._temporary("delay_limits", limits)
        n = self._mirror.memory.arrays[delays].size
        self._by_elements("sg_delay_limits", n, self._mirror.buffer(delays), n, found)
        self._device.download(found, limits)
        low, high = limits.view(np.float64).tolist()
        return low, high

    def delays_present(self, delays: str, dt: float, low: int) -> npt.NDArray[np.uint32]:
        """Return the different delays in steps, ascending; all lie within MOST_STEPS from low."""
        present = np.zeros(_PRESENT_WORDS, np.uint32)
        found = self._temporary("delays_present", present)
        n = self._mirror.memory.arrays[delays].size
        self._by_elements(
            "sg_delays_present", n, self._mirror.buffer(delays), n, _bits(dt), low, found
        )
        self._device.download(found, present)
        bits = np.unpackbits(present.view(np.uint8), bitorder="little")
        return (np.flatnonzero(bits) + low).astype(np.uint32)

    def count_pairs(self, row_start: _Starts, delays: DelayClasses) -> _Starts:
        """Return how many delay classes each row has."""
        n_rows = row_start.size - 1
        pairs = np.zeros(n_rows, np.uint64)
        found = self._device.allocate(pairs.nbytes, "row_sizes")
        grid, given = self._classes("sg_count_pairs", row_start, delays)
        self._launch("sg_count_pairs", grid, n_rows, *given, found)
        self._device.download(found, pairs)
        return pairs

    def sort(
        self,
        row_start: _Starts,
        delays: DelayClasses,
        segments: SegmentArrays,
        targets: tuple[str, npt.NDArray[Any]],
        order: str,
    ) -> None:
        """Sort the synapses of each row by delay, stably; make the bounds and the order."""
        mirror, (name, data) = self._mirror, targets
        bounds = [
            None if each is None else mirror.create(each)
            for each in (segments.bounds, segments.pair_class, segments.pair_begin)
        ]
        pairs = segments.pair_start
        starts = None if pairs is None else self._temporary("pair_start", pairs)
        made, given = mirror.create(order), mirror.buffer(name)
        grid, classes = self._classes("sg_sort_rows", row_start, delays)
        narrow = segments.bounds is not None and mirror.item_bytes(segments.bounds) == 2
        out = mirror.replace(name, data)
        where = bounds[0], int(narrow), starts, bounds[1], bounds[2]
        places = *where, given, out, int(data.itemsize == 2), made
        self._launch("sg_sort_rows", grid, row_start.size - 1, *classes, *places)

    def _classes(
        self, name: str, row_start: _Starts, delays: DelayClasses
    ) -> tuple[int, tuple[Any, ...]]:
        """Return the blocks of a kernel, and what it is told of rows and classes."""
        n_classes, low = delays.steps.size, int(delays.steps[0])
        table = np.zeros(int(delays.steps[-1]) - low + 1, np.uint32)
        table[delays.steps - np.uint32(low)] = np.arange(n_classes, dtype=np.uint32)
        each = 4 * n_classes * (_BLOCK // _WARP)  # bytes of the counts of a block
        grid = self._grid(self._function(name), (row_start.size - 1) * _WARP)
        grid = max(1, min(grid, _MOST_SCRATCH // each))
        counts = self._device.allocate(grid * each, "class_counts")
        starts = self._temporary("row_start", row_start)
        seconds = self._mirror.buffer(delays.seconds)
        classes = self._temporary("delay_table", table)
        return grid, (starts, seconds, _bits(delays.dt), low, classes, n_classes, counts)

    # --- columns --------------------------------------------------------------------------------

    def columns(
        self,
        targets: str,
        row_start: _Starts,
        n_columns: int,
        names: tuple[str | None, str | None],
        first_source: int,
    ) -> _Starts:
        """Make the columns of rows; return where each begins."""
        mirror, n_rows = self._mirror, row_start.size - 1
        each = 4 * n_columns * (_BLOCK // _WARP)  # bytes of the counts of a block
        grids = [
            self._grid(self._function(name), n_rows * _WARP)
            for name in ("sg_count_columns", "sg_fill_columns")
        ]
        grid = max(1, min(*grids, _MOST_SCRATCH // max(1, each)))
        counts = self._device.allocate(grid * each, "column_counts")
        starts = self._temporary("row_start", row_start)
        rows = n_rows, starts, *self._given(targets), n_columns, counts
        self._launch("sg_count_columns", grid, *rows)
        sizes = np.zeros(n_columns, np.uint64)
        found = self._device.allocate(sizes.nbytes, "column_sizes")
        n_warps = grid * (_BLOCK // _WARP)
        self._by_elements("sg_size_columns", n_columns, n_warps, n_columns, counts, found)
        self._device.download(found, sizes)
        col_start = np.append(np.zeros(1, np.uint64), np.cumsum(sizes, dtype=np.uint64))
        begins = self._temporary("column_start", col_start)
        made = [None if name is None else mirror.create(name) for name in names]
        self._launch("sg_fill_columns", grid, *rows, begins, first_source, *made)
        return col_start

    # --- what follows the rows ------------------------------------------------------------------

    def narrow(self, targets: str, data: npt.NDArray[Any]) -> None:
        """Replace targets by those of 16 bits each."""
        given, out = self._mirror.buffer(targets), self._mirror.replace(targets, data)
        self._by_elements("sg_narrow", data.size, given, data.size, out)

    def splice(
        self, name: str, rows: tuple[_Starts, _Starts], given: tuple[Mirror, str] | float
    ) -> None:
        """Write the values of some rows to where an array has room for them."""
        mirror, (_, begin) = self._mirror, rows
        data = mirror.memory.arrays[name]
        out = mirror.buffer(name) if mirror.holds(name) else mirror.create(name)
        places = [self._temporary("row_start", each) for each in rows]
        if isinstance(given, tuple):
            other: Any = given[0]  # a DeviceMirror, as those of all memories of a device
            values, same = other.buffer(given[1]), 0
        else:
            values, same = None, int(np.array(given, data.dtype).view(f"u{data.itemsize}"))
        kernel = f"sg_splice_{8 * data.itemsize}"
        self._by_rows(kernel, begin.size, begin.size, places[0], values, same, places[1], out)

    def gather(self, name: str, order: str, data: npt.NDArray[Any]) -> None:
        """Put the values of an array into an order."""
        given, places = self._mirror.buffer(name), self._mirror.buffer(order)
        out, kernel = self._mirror.replace(name, data), f"sg_gather_{8 * data.itemsize}"
        self._by_elements(kernel, data.size, given, places, data.size, out)

    # --- launches -------------------------------------------------------------------------------

    def _skips(self, n_rows: int, rule: SkipRule) -> tuple[int, ...]:
        numbers = rule.key, _bits(rule.scale), rule.first_row, n_rows
        return *numbers, rule.n_target, int(rule.skip_self)

    def _given(self, targets: str) -> tuple[Buffer, int]:
        """Return what kernels are told of targets: where they are, and whether they are narrow."""
        return self._mirror.buffer(targets), int(self._mirror.item_bytes(targets) == 2)

    def _temporary(self, name: str, values: npt.NDArray[Any]) -> Buffer:
        buffer = self._device.allocate(values.nbytes, name)
        self._device.upload(buffer, values)
        return buffer

    def _function(self, name: str) -> Function:
        device: Any = self._device
        return _module(device, _HOMES.get(name, "row_sort.cuh")).function(name)

    def _grid(self, function: Function, threads: int) -> int:
        return max(1, min(-(-threads // _BLOCK), function.resident(_BLOCK)))

    def _by_rows(self, name: str, n_rows: int, *given: Any) -> None:
        self._launch(name, self._grid(self._function(name), n_rows * _WARP), *given)

    def _by_elements(self, name: str, n: int, *given: Any) -> None:
        self._launch(name, self._grid(self._function(name), n), *given)

    def _launch(self, name: str, grid: int, *given: Any) -> None:
        """Launch a kernel on numbers and buffers; None is a null pointer."""
        values = tuple(
            each if isinstance(each, int) else 0 if each is None else each.address for each in given
        )
        self._function(name).launch(grid, _BLOCK, values)


def _bits(number: float) -> int:
    """Return the bits of a real number as an integer."""
    return int(np.float64(number).view(np.uint64))
