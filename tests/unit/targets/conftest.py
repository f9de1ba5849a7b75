"""Hand-made programs and memory: what a network would build, small enough to check by eye."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.ir.construct import integer
from simgen.ir.expr import Array, Param
from simgen.ir.kernel import (
    Clock,
    Domain,
    EventList,
    Item,
    Kernel,
    OverElements,
    Program,
    SynapseStore,
)
from simgen.ir.stmt import EmitTable, Let, Stmt
from simgen.options import Options
from simgen.targets.base import Executable, Memory, Target
from simgen.targets.cpu.backend import CpuTarget
from simgen.targets.cuda.backend import CudaTarget
from simgen.targets.cuda.emulate import open_emulated

REAL, I32, I64 = DType.REAL, DType.I32, DType.I64
U32, U64, BOOL = DType.U32, DType.U64, DType.BOOL
MAIN = Clock("main")
KEY = Param("key", U64)


def state(name: str, dtype: DType = REAL, length: str = "") -> Array:
    """Return the array ``name``; by default its length is that of its group (``exc.v``: exc.n)."""
    return Array(name, dtype, length or f"{name.split('.')[0]}.n")


def group_events(group: str) -> EventList:
    return EventList(f"{group}.spikes", f"{group}.n")


def over(group: str) -> OverElements:
    return OverElements(f"{group}.n", integer(0), Param(f"{group}.n", I64))


def kernel(
    name: str, domain: Domain, *body: Stmt, clock: Clock = MAIN, prologue: tuple[Let, ...] = ()
) -> Kernel:
    return Kernel(name, domain, tuple(body), clock, prologue)


def program(*kernels: Kernel, clocks: tuple[Clock, ...] = (MAIN,)) -> Program:
    items = (Item("slot", order, one.name, one) for order, one in enumerate(kernels))
    return Program(tuple(items), clocks)


@dataclass
class Net:
    """Memory under construction: groups, events, stores and parameters, split into parts."""

    n_parts: int = 1
    real: type = np.float64
    make: Callable[[Options], Target] = CpuTarget

    def __post_init__(self) -> None:
        if self.make is not CpuTarget:
            self.n_parts = 1  # other targets do not split networks; results are the same
        self.memory = Memory(n_parts=self.n_parts)
        self.array("tick", np.zeros(1, np.int64))
        self.memory.ints["period_main"] = 1
        self.memory.reals["dt_main"] = 1e-4

    def array(self, name: str, values: object) -> np.ndarray:
        self.memory.arrays[name] = np.array(values, order="C")
        return self.memory.arrays[name]

    def group(self, name: str, n: int) -> None:
        """Add a group of n elements; the parts are unequal, and may be empty."""
        self.memory.ints[f"{name}.n"] = n
        inner = sorted((7 * part * n // (self.n_parts * 6)) for part in range(1, self.n_parts))
        bounds = [0, *(min(n, bound) for bound in inner), n]
        self.array(f"{name}.n.bounds", np.array(bounds, np.int64))

    def events(self, name: str, depth: int) -> None:
        n = self.memory.ints[f"{name}.n"]
        self.array(f"{name}.spikes.ids", np.zeros((depth, n), np.uint32))
        self.array(f"{name}.spikes.counts", np.zeros((depth, self.n_parts), np.int64))
        self.memory.ints[f"{name}.spikes.depth"] = depth

    def recorder(self, name: str, dtype: type, capacity: int, need: int) -> None:
        self.array(f"{name}.data", np.zeros(capacity, dtype))
        self.array(f"{name}.used", np.zeros(1, np.int64))
        self.memory.ints[f"{name}.capacity"] = capacity
        self.memory.ints[f"{name}.need"] = need

    def recorded(self, name: str) -> np.ndarray:
        return self.memory.arrays[f"{name}.data"][: self.memory.arrays[f"{name}.used"][0]]

    def fired(self, name: str, step: int) -> list[int]:
        """Return the events of a step, over all parts."""
        ids = self.memory.arrays[f"{name}.spikes.ids"]
        counts = self.memory.arrays[f"{name}.spikes.counts"]
        bounds, slot = self.memory.arrays[f"{name}.n.bounds"], step % len(ids)
        parts = (ids[slot, bounds[p] : bounds[p] + n] for p, n in enumerate(counts[slot]))
        return [int(one) for part in parts for one in part]

    def table(self, name: str, spikes: Sequence[tuple[int, int]], period: int = 0) -> Stmt:
        """Return the statement that emits (step, element) pairs as the events of a group."""
        ordered = sorted(spikes)
        self.memory.ints[f"{name}.table"] = len(ordered)
        self.memory.ints["one"] = 1
        self.memory.ints[f"{name}.period"] = period
        self.array(f"{name}.steps", np.array([step for step, _ in ordered], np.int64))
        self.array(f"{name}.elements", np.array([one for _, one in ordered], np.uint32))
        self.array(f"{name}.cursor", np.zeros(1, np.int64))
        self.array(f"{name}.base", np.zeros(1, np.int64))
        return EmitTable(
            group_events(name),
            Array(f"{name}.steps", I64, f"{name}.table"),
            Array(f"{name}.elements", U32, f"{name}.table"),
            Array(f"{name}.cursor", I64, "one"),
            Array(f"{name}.base", I64, "one"),
            Param(f"{name}.period", I64),
        )

    def bind(self, what: Program, threads: int = 1, target: type | None = None) -> Running:
        options = Options(real=np.dtype(self.real), threads=threads, deterministic=True)
        executable = (target or self.make)(options).build(what)
        executable.bind(self.memory)
        return Running(executable, self.memory)

    def run(self, what: Program, ticks: int, threads: int = 1) -> int:
        return self.bind(what, threads).run(ticks)


@dataclass
class Running:
    """An executable whose memory may be looked at and changed between runs."""

    executable: Executable
    memory: Memory

    @property
    def source(self) -> str:
        return self.executable.source

    def bind(self, memory: Memory) -> None:
        self.executable.bind(memory)

    def run(self, ticks: int) -> int:
        self.memory.changed()
        try:
            return self.executable.run(ticks)
        finally:
            self.memory.fetch()

    def request_stop(self) -> None:
        self.executable.request_stop()


@dataclass
class Synapses:
    """Synapses (pre, post, delay) in storage order, and how to find them."""

    pre: np.ndarray
    post: np.ndarray
    delay: np.ndarray
    store: SynapseStore
    delays: Array

    def __len__(self) -> int:
        return len(self.pre)


def add_synapses(
    net: Net,
    synapses: Sequence[tuple[int, int, int]],
    source: str,
    target: str,
    form: str,
    first_row: int = 0,
    n_rows: int | None = None,
    wide: bool = False,
) -> Synapses:
    """Lay out (pre, post, delay) triples as the table of ``simgen.targets.base`` says."""
    ints, n_parts = net.memory.ints, net.n_parts
    n_rows = ints[f"{source}.n"] - first_row if n_rows is None else n_rows
    bounds = net.memory.arrays[f"{target}.n.bounds"]
    classes = sorted({delay for _, _, delay in synapses})
    part_of = [int(np.searchsorted(bounds, post, "right")) - 1 for _, post, _ in synapses]
    order = sorted(
        range(len(synapses)),
        key=lambda k: (part_of[k], synapses[k][0], synapses[k][2], synapses[k][1]),
    )
    pre, post, delay = (np.array([synapses[k][axis] for k in order]) for axis in range(3))
    row = np.array([part_of[k] * n_rows + synapses[k][0] - first_row for k in order])
    n, rows, of_class = len(order), n_parts * n_rows, np.searchsorted(classes, delay)
    starts = np.searchsorted(row, np.arange(rows + 1)).astype(np.uint64)
    bounds_of = np.array(
        [
            [int(((row == r) & (of_class < c)).sum()) for c in range(len(classes) + 1)]
            for r in range(rows)
        ]
    )
    ints |= {"S": n, "S.n_rows": n_rows, "S.n_classes": len(classes), "S.source_start": first_row}
    ints |= {"n_S": n, "S.delays": len(classes)}
    net.array("S.row_start", starts)
    net.array("S.targets", post.astype(np.uint32))
    net.array("S.bounds", bounds_of.astype(np.uint16 if form == "dense16" else np.uint32))
    pairs = [
        (r, c)
        for r in range(rows)
        for c in range(len(classes))
        if bounds_of[r, c] < bounds_of[r, c + 1]
    ]
    first_pair = np.searchsorted([r for r, _ in pairs], np.arange(rows + 1))
    net.array("S.pair_start", first_pair.astype(np.uint64))
    net.array("S.pair_class", np.array([c for _, c in pairs], np.uint32))
    net.array("S.pair_begin", np.array([bounds_of[r, c] for r, c in pairs], np.uint32))
    columns = np.argsort(post, kind="stable")
    n_post = ints[f"{target}.n"]
    net.array(
        "S.col_start", np.searchsorted(post[columns], np.arange(n_post + 1)).astype(np.uint64)
    )
    net.array("S.col_pos", columns.astype(np.uint64 if wide else np.uint32))
    net.array("S.col_src", pre[columns].astype(np.uint32))
    net.array("S.delays", np.array(classes, np.uint32))
    net.array("S.delay", delay.astype(np.uint32))
    store = SynapseStore("S", f"{source}.n", f"{target}.n", form, True, True, wide)
    return Synapses(pre, post, delay, store, Array("S.delays", U32, "S.delays"))


HELPERS = SimpleNamespace(**{k: v for k, v in globals().items() if not k.startswith("_")})


def emulated(order: str) -> Callable[[Options], Target]:
    """Return a maker of targets on an emulated device, which finds races whatever the order."""
    device = open_emulated(order=order, seed=7, check=True)
    return lambda options: CudaTarget(options, device)


MAKERS = {
    "cpu": CpuTarget,
    "cuda": emulated("forward"),
    "cuda-reverse": emulated("reverse"),
    "cuda-shuffled": emulated("shuffled"),
}


def lab_on(name: str) -> SimpleNamespace:
    return SimpleNamespace(
        **{**vars(HELPERS), "Net": functools.partial(Net, make=MAKERS[name]), "target": name}
    )


@pytest.fixture(params=list(MAKERS))
def lab(request: pytest.FixtureRequest) -> SimpleNamespace:
    """Everything of this file, for tests to build programs and memory with, on each target."""
    return lab_on(request.param)


@pytest.fixture
def cpu_lab() -> SimpleNamespace:
    """The same on the cpu target only."""
    return lab_on("cpu")


@pytest.fixture
def lab_maker() -> Callable[[str], SimpleNamespace]:
    """The maker of labs for single targets."""
    return lab_on
