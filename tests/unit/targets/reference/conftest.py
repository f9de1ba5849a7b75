"""A small world of hand-built memory, for programs written out node by node."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.ir.expr import Array, IndexValue
from simgen.ir.kernel import Clock, Item, Kernel, Once, Program, SynapseStore
from simgen.ir.stmt import Append, EventList, Recorder
from simgen.options import Options
from simgen.targets.base import Memory
from simgen.targets.reference.backend import ReferenceTarget

CLOCK = Clock("c")


class World:
    """Builds memory in the layout of :mod:`simgen.targets.base`."""

    def __init__(self, real=np.float64, n_parts=1):
        self.options = Options(target="reference", real=np.dtype(real))
        self.memory = Memory(n_parts=n_parts)
        self.memory.arrays["tick"] = np.zeros(1, dtype=np.int64)
        self.clock("c", period=1, dt=0.5)

    def __getitem__(self, name):
        return self.memory.arrays[name]

    def clock(self, name, period, dt):
        self.memory.ints[f"period_{name}"] = period
        self.memory.reals[f"dt_{name}"] = dt
        return Clock(name)

    def group(self, length, n, bounds=None):
        """Declare the size of a group; ``bounds`` tells which elements each part owns."""
        if bounds is None:
            bounds = np.linspace(0, n, self.memory.n_parts + 1).astype(int)
        self.memory.ints[length] = n
        self.memory.arrays[f"{length}.bounds"] = np.asarray(bounds, dtype=np.int64)

    def array(self, name, values, dtype=DType.REAL, length="n"):
        """Declare an array; its last place is padding that no program may touch."""
        data = np.asarray(values).astype(dtype.numpy(self.options.real))
        self.memory.ints.setdefault(length, len(data))
        self.memory.arrays[name] = np.concatenate([data, np.ones(1, dtype=data.dtype)])
        return Array(name, dtype, length)

    def value(self, name, length="n"):
        """Return an array's values without the padding, as a list."""
        return self.memory.arrays[name][: self.memory.ints[length]].tolist()

    def events(self, name, length, depth=1):
        n = self.memory.ints[length]
        self.memory.ints[f"{name}.depth"] = depth
        self.memory.arrays[f"{name}.ids"] = np.full((depth, n), 99, dtype=np.uint32)
        self.memory.arrays[f"{name}.counts"] = np.zeros(
            (depth, self.memory.n_parts), dtype=np.int64
        )
        return EventList(name, length)

    def fire(self, events, step, elements):
        """Enter the events of ``step``, each into the part that owns it."""
        slot = step % self.memory.ints[f"{events.name}.depth"]
        bounds = self.memory.arrays[f"{events.length}.bounds"]
        for part in range(self.memory.n_parts):
            low, high = bounds[part], bounds[part + 1]
            own = [element for element in sorted(elements) if low <= element < high]
            self.memory.arrays[f"{events.name}.ids"][slot, low : low + len(own)] = own
            self.memory.arrays[f"{events.name}.counts"][slot, part] = len(own)

    def recorder(self, name, dtype=DType.I64, capacity=100, need=0):
        self.memory.arrays[f"{name}.data"] = np.zeros(capacity, dtype.numpy(self.options.real))
        self.memory.arrays[f"{name}.used"] = np.zeros(1, dtype=np.int64)
        self.memory.ints[f"{name}.capacity"] = capacity
        self.memory.ints[f"{name}.need"] = need
        return Recorder(name, dtype)

    def recorded(self, name):
        used = int(self.memory.arrays[f"{name}.used"][0])
        return self.memory.arrays[f"{name}.data"][:used].tolist()

    def store(self, name, synapses, *, sources, targets, start=0, rows, format="none"):
        """Lay out ``synapses`` (pre, post, delay); return (store, delay table, storage order)."""
        memory, bounds = self.memory, self.memory.arrays[f"{targets}.bounds"]
        delays = sorted({delay for _, _, delay in synapses} or {0})
        part_of = {post: int(np.searchsorted(bounds, post, "right")) - 1 for _, post, _ in synapses}
        kept = sorted(synapses, key=lambda s: (part_of[s[1]], s[0], s[2], s[1]))
        row_of = [part_of[post] * rows + pre - start for pre, post, _ in kept]
        n_rows = rows * memory.n_parts
        row_start = np.searchsorted(row_of, np.arange(n_rows + 1))
        classes = [delays.index(delay) for _, _, delay in kept]
        posts = np.array([post for _, post, _ in kept], dtype=np.int64)
        columns = np.argsort(posts, kind="stable")
        n_targets = memory.ints[targets]
        memory.ints |= {f"n_{name}": len(kept), f"{name}.n_rows": rows}
        memory.ints |= {f"{name}.n_classes": len(delays), f"{name}.source_start": start}
        memory.arrays |= {
            f"{name}.row_start": row_start.astype(np.uint64),
            f"{name}.targets": posts.astype(np.uint32),
            f"{name}.delays": np.array(delays, dtype=np.uint32),
            f"{name}.col_start": np.searchsorted(posts[columns], np.arange(n_targets + 1)).astype(
                np.uint64
            ),
            f"{name}.col_pos": columns.astype(np.uint32),
        }
        self._bounds(name, format, row_start, classes, len(delays))
        table = Array(f"{name}.delays", DType.U32, f"{name}.n_classes")
        return SynapseStore(name, sources, targets, format, columns=True), table, kept

    def _bounds(self, name, format, row_start, classes, n_classes):
        rows = [classes[a:b] for a, b in itertools.pairwise(row_start)]
        if format in ("dense16", "dense32"):
            dtype = np.uint16 if format == "dense16" else np.uint32
            dense = [np.searchsorted(row, np.arange(n_classes + 1)) for row in rows]
            self.memory.arrays[f"{name}.bounds"] = np.array(dense, dtype=dtype)
        elif format == "compact":
            pairs = [[(c, row.index(c)) for c in sorted(set(row))] for row in rows]
            flat = [pair for row in pairs for pair in row]
            starts = np.cumsum([0, *(len(row) for row in pairs)])
            self.memory.arrays |= {
                f"{name}.pair_start": starts.astype(np.uint64),
                f"{name}.pair_class": np.array([c for c, _ in flat], dtype=np.uint32),
                f"{name}.pair_begin": np.array([b for _, b in flat], dtype=np.uint32),
            }

    def kernel(self, domain, *body, clock=CLOCK, prologue=(), name="k"):
        return Kernel(name, domain, tuple(body), clock, tuple(prologue))

    def executable(self, *kernels):
        items = tuple(Item("groups", 0, kernel.name, kernel) for kernel in kernels)
        clocks = tuple(dict.fromkeys(kernel.clock for kernel in kernels))
        made = ReferenceTarget(self.options).build(Program(items, clocks))
        made.bind(self.memory)
        return made

    def run(self, *kernels, ticks=1):
        return self.executable(*kernels).run(ticks)

    def visited(self, domain, *indices, step=0):
        """Return what the given running indices are, visit by visit, at ``step``."""
        recorders = [self.recorder(f"visit{k}") for k in range(len(indices))]
        body = [Append(rec, IndexValue(index)) for rec, index in zip(recorders, indices)]
        self.memory.arrays["tick"][0] = step
        self.run(self.kernel(domain, *body))
        columns = [self.recorded(recorder.name) for recorder in recorders]
        return columns[0] if len(columns) == 1 else list(zip(*columns))

    def once(self, *body):
        """Run statements a single time."""
        self.run(self.kernel(Once(), *body))


@pytest.fixture
def world():
    return World()


@pytest.fixture
def make_world():
    return World
