"""What the speed of a step depends on: launches, barriers, atomic additions, ways of delivery.

The load of the deliveries is that of the cortical microcircuit: 24.8 spikes a step, each with 3,873
synapses among 77,169 neurons, delays in 60 classes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.commands.check.report import SkippedPartError, Values
from simgen.commands.check.setting import Setting, load_kernels, to_device, to_host
from simgen.errors import NumericalError
from simgen.targets.cuda.device import Device, Module

MICROSECOND = 1e-6
N_TARGETS, ROW, N_CLASSES, SPIKES = 77_169, 3_873, 60, 25
ROUNDS = 3  # of which the fastest counts


def run(setting: Setting) -> None:
    """Measure one after the other; what each leaves behind is checked."""
    device = setting.device()
    measures = _Measures(setting, device)
    if not setting.report.part("compile", measures.load):
        return
    for threads in (1024, 256):
        blocks = device.multiprocessors
        name = f"a node of a graph, {blocks} x {threads} threads"
        setting.report.part(name, partial(measures.graph_node, blocks, threads))
        setting.report.part(
            f"a barrier, {blocks} x {threads} threads", partial(measures.barrier, threads)
        )
    setting.report.part("a launch from Python", measures.launch)
    for size in (77_000, 5_000_000, 50_000_000):
        name = f"atomic additions to {4 * size / 1e6:.1f} MB"
        setting.report.part(name, partial(measures.scatter, setting.size(size, size // 1000)))
    setting.report.part("deliveries", measures.deliveries)


class _Measures:
    """The compiled kernels and the measurements."""

    def __init__(self, setting: Setting, device: Device) -> None:
        self.setting = setting
        self.device = device
        self.module: Module

    def load(self) -> Values:
        """Compile."""
        self.module = load_kernels(self.device, "measures")
        return {}

    def seconds(self, work: Callable[[], Any]) -> float:
        """Return the device's time for some launches, the shortest of a few."""
        work()
        found = []
        for _ in range(ROUNDS):
            before = self.device.mark()
            work()
            after = self.device.mark()
            found.append(self.device.seconds_between(before, after))
        return min(found)

    def graph_node(self, blocks: int, threads: int) -> Values:
        """Return the time from one launch of a graph to the next."""
        nodes = self.setting.size(500, 10)
        count = to_device(self.device, np.zeros(1, np.int64))
        function = self.module.function("measure_nothing")

        def launches() -> None:
            for _ in range(nodes):
                function.launch(blocks, threads, (count.address,))

        function.launch(blocks, threads, (count.address,))  # loads it
        self.device.synchronize()
        graph = self.device.capture(launches)
        seconds = self.seconds(lambda: graph.replay(2))
        done = int(to_host(self.device, count, np.int64)[0])
        if done != 1 + 2 * nodes * (1 + ROUNDS):
            raise NumericalError(f"{done} launches were counted")
        return {"microseconds": seconds / (2 * nodes) / MICROSECOND}

    def barrier(self, threads: int) -> Values:
        """Return the time of a barrier of all blocks, one for each multiprocessor."""
        blocks = self.setting.size(self.device.multiprocessors, 1)  # emulated, they run in turn
        rounds = self.setting.size(2000, 20)
        function = self.module.function("measure_barrier")
        done = self.device.allocate(8)

        def work() -> None:
            arrived = to_device(self.device, np.zeros(1, np.uint32))
            self.device.upload(done, np.zeros(1, np.int64))
            marks.append(self.device.mark())
            function.launch(blocks, threads, (arrived.address, rounds, done.address))
            marks.append(self.device.mark())
            self.device.synchronize()

        marks: list[Any] = []
        for _ in range(1 + ROUNDS):
            work()
        if int(to_host(self.device, done, np.int64)[0]) != rounds:
            raise SkippedPartError("the blocks do not run at the same time")
        pairs = list(zip(marks[2::2], marks[3::2]))
        seconds = min(self.device.seconds_between(*pair) for pair in pairs)
        return {"microseconds": seconds / rounds / MICROSECOND}

    def launch(self) -> Values:
        """Return what Python takes for a launch, and the time between launches made so."""
        count = to_device(self.device, np.zeros(1, np.int64))
        function, n = self.module.function("measure_nothing"), self.setting.size(2000, 20)
        function.launch(1, 32, (count.address,))
        self.device.synchronize()
        begin = time.perf_counter()
        for _ in range(n):
            function.launch(1, 32, (count.address,))
        asked = time.perf_counter() - begin
        self.device.synchronize()
        whole = time.perf_counter() - begin
        return {
            "microseconds in Python": asked / n / MICROSECOND,
            "microseconds to the next": whole / n / MICROSECOND,
        }

    def scatter(self, size: int) -> Values:
        """Return how many float additions at random places are made in a second."""
        n = self.setting.size(1 << 26, 1 << 12)
        sums = to_device(self.device, np.zeros(size, np.float32))
        function = self.module.function("measure_scatter")
        blocks = self.device.multiprocessors * self.setting.size(8, 1)
        seconds = self.seconds(lambda: function.launch(blocks, 256, (sums.address, size, n)))
        total = to_host(self.device, sums, np.float32).sum(dtype=np.float64)
        if total != n * (1 + ROUNDS):  # a place has far less than 2**24, so all sums are exact
            raise NumericalError(f"the sums are {total} in all instead of {n * (1 + ROUNDS)}")
        return {"additions per second": n / seconds}

    def deliveries(self) -> Values:
        """Return the time of a step's deliveries by segments and by a ring."""
        load = _Load(self.setting)
        arrays = [load.targets, load.weights, load.starts, load.classes, load.due, load.spikes]
        targets, weights, starts, classes, due, spikes = (
            to_device(self.device, values) for values in arrays
        )
        into = to_device(self.device, np.zeros(load.n_targets, np.float32))
        shape = (load.row, load.n_classes, load.due.size // load.n_classes)
        found = {}
        for width in (32, 8):
            function = self.module.function(f"measure_segments_{width}")
            addresses = (buffer.address for buffer in (targets, weights, starts, due))
            arguments = (*addresses, *shape, into.address)
            threads = load.due.size * width
            work = partial(function.launch, max(1, threads // 256), 256, arguments)
            self.device.upload(into, np.zeros(load.n_targets, np.float32))
            work()
            self._compare(into, load.expected_segments(), f"{width} lanes a segment")
            name = f"segments, {width} lanes each: microseconds"
            found[name] = self.seconds(work) / MICROSECOND
        ring = to_device(self.device, np.zeros(load.n_classes * load.n_targets, np.float32))
        function = self.module.function("measure_ring")
        addresses = (buffer.address for buffer in (targets, weights, classes, spikes))
        arguments = (*addresses, load.row, load.spikes.size, load.n_targets, ring.address)
        pieces = load.spikes.size * -(-load.row // 256)
        work = partial(function.launch, pieces, 256, arguments)
        work()
        self._compare(ring, load.expected_ring(), "the ring")
        found["ring: microseconds"] = self.seconds(work) / MICROSECOND
        events = int(load.row * load.spikes.size)
        return {**found, "events of a step": events, "bytes of synapses": load.n_bytes}

    def _compare(self, buffer: Any, expected: NDArray[np.float64], what: str) -> None:
        found = to_host(self.device, buffer, np.float32)
        if not np.array_equal(found, expected):  # weights are multiples of 1/64
            raise NumericalError(f"{what}: {int((found != expected).sum())} sums are wrong")


class _Load:
    """Synapses of many rows, and the spikes that are due in a step, in both layouts."""

    def __init__(self, setting: Setting) -> None:
        rows = setting.size(16_384, 32)  # 0.5 GB, more than any cache holds
        self.n_targets, self.row = setting.size(N_TARGETS, 300), setting.size(ROW, 64)
        self.n_classes = setting.size(N_CLASSES, 5)
        draw = np.random.default_rng(3)
        distinct = min(rows, 512)  # repeated, because drawing and sorting them all takes long
        kinds = np.sort(draw.integers(0, self.n_classes, (distinct, self.row)), axis=1)
        self.classes = _repeated(kinds.astype(np.uint8), rows)
        starts = [(kinds < cls).sum(axis=1) for cls in range(self.n_classes + 1)]
        self.starts = _repeated(np.stack(starts, axis=1).astype(np.uint16), rows)
        drawn = draw.integers(0, self.n_targets, (distinct, self.row), dtype=np.uint32)
        self.targets = _repeated(drawn, rows)
        weights = (draw.integers(1, 64, (distinct, self.row)) / 64).astype(np.float32)
        self.weights = _repeated(weights, rows)
        self.spikes = draw.integers(0, rows, SPIKES)
        self.due = draw.integers(0, rows, self.n_classes * SPIKES)  # of each class in turn

    @property
    def n_bytes(self) -> int:
        """The bytes of targets and weights."""
        return int(self.targets.nbytes + self.weights.nbytes)

    def expected_segments(self) -> NDArray[np.float64]:
        """Return the input of each target in a step."""
        chosen = [
            np.arange(*self.starts[row, cls : cls + 2]) + row * self.row
            for row, cls in zip(self.due, np.repeat(np.arange(self.n_classes), SPIKES))
        ]
        return self._sums(np.concatenate(chosen), self.n_targets)

    def expected_ring(self) -> NDArray[np.float64]:
        """Return the contents of the ring after a step."""
        chosen = (self.spikes[:, None] * self.row + np.arange(self.row)).ravel()
        cells = self.classes.ravel()[chosen].astype(np.int64) * self.n_targets
        cells += self.targets.ravel()[chosen]
        weights = self.weights.ravel()[chosen].astype(float)
        return np.asarray(np.bincount(cells, weights, self.n_classes * self.n_targets), np.float64)

    def _sums(self, chosen: NDArray[np.int64], size: int) -> NDArray[np.float64]:
        weights = self.weights.ravel()[chosen].astype(float)
        return np.asarray(np.bincount(self.targets.ravel()[chosen], weights, size), np.float64)


def _repeated(values: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return as many rows, the same ones again and again."""
    return np.ascontiguousarray(np.resize(values, (rows, *values.shape[1:])))
