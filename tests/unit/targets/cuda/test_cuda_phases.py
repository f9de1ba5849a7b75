"""Which kernels share a launch."""

from __future__ import annotations

import numpy as np

from simgen.dtypes import DType
from simgen.ir.construct import compare, integer, real
from simgen.ir.expr import ELEMENT, POST, PRE, SYNAPSE, Array, Index, IndexKind, Load, Param
from simgen.ir.kernel import (
    Clock,
    EventList,
    Kernel,
    Once,
    OverElements,
    OverEvents,
    OverFanOut,
    OverIndices,
    Recorder,
    SynapseStore,
)
from simgen.ir.stmt import Accumulate, Append, Emit, Store
from simgen.targets.cuda.order import plan_kernel
from simgen.targets.cuda.phases import Uses, conflicts, levels, uses_of, with_shared_updates
from simgen.targets.cuda.remembered import remembered

REAL, MAIN = DType.REAL, Clock("c")
V, U, G = (Array(f"n.{name}", REAL, "n.n") for name in "vug")
W, LINK = Array("S.w", REAL, "n_S"), Array("n.link", DType.I64, "n.n")
EVENTS, SEEN = EventList("n.spikes", "n.n"), Recorder("mon", REAL)
N = Param("n.n", DType.I64)
ALL, FIRED = OverElements("n.n", integer(0), N), OverEvents(EVENTS, integer(0), N)
OUT = OverFanOut(SynapseStore("S", "n.n", "n.n"), EVENTS, Array("d", DType.U32, "c"))
ONE = real(1.0)


def level_of(*kernels, deterministic=False):
    made = {
        f"k{k}": Kernel(f"k{k}", domain, tuple(body), MAIN)
        for k, (domain, *body) in enumerate(kernels)
    }
    plans = {name: plan_kernel(kernel, deterministic) for name, kernel in made.items()}
    plans = with_shared_updates(made, plans)
    return levels(uses_of(kernel, plans[name]) for name, kernel in made.items())


update = (ALL, Store(V, ELEMENT, ONE), Emit(EVENTS, compare(">", Load(V, ELEMENT), ONE)))
reset = (FIRED, Store(V, ELEMENT, real(0.0)))
deliver = (OUT, Accumulate(G, POST, "+", Load(W, SYNAPSE)))


def test_a_usual_step_has_two_launches():
    record = (FIRED, Append(SEEN, Load(U, ELEMENT)))
    assert level_of(update, record, deliver, deliver, reset) == (0, 1, 1, 1, 1)


def test_deliveries_wait_for_each_other_where_their_order_matters():
    scale = (OUT, Accumulate(G, POST, "*", Load(W, SYNAPSE)))
    read = (OUT, Accumulate(V, POST, "+", Load(G, PRE)))
    assert level_of(deliver, deliver, scale, read, deliver) == (0, 0, 1, 2, 3)
    assert level_of(deliver, deliver, deterministic=True) == (0, 1)


def test_a_reader_waits_for_the_writer_and_a_writer_for_the_reader():
    show = (OverIndices(LINK), Append(SEEN, Load(V, ELEMENT)))
    other = (ALL, Store(U, ELEMENT, ONE))
    assert level_of(show, update, show, other) == (0, 1, 2, 0)
    assert level_of(show, show) == (0, 1)  # one recorder


def test_index_arrays_are_read():
    relink = (ALL, Store(LINK, ELEMENT, integer(0)))
    through = (ALL, Accumulate(U, Index(IndexKind.ELEMENT, LINK), "+", ONE))
    assert level_of(relink, through, relink) == (0, 1, 2)


def test_an_input_to_all_neurons_joins_the_deliveries():
    drive = (ALL, Accumulate(G, ELEMENT, "+", ONE))
    both = (ALL, Accumulate(G, ELEMENT, "+", ONE), Store(U, ELEMENT, Load(G, ELEMENT)))
    factor = (ALL, Accumulate(G, ELEMENT, "*", ONE))
    assert level_of(deliver, drive, deliver) == (0, 0, 0)
    assert level_of(deliver, both, deliver) == (0, 1, 2)
    assert level_of(deliver, factor) == (0, 1)
    assert level_of(drive, drive) == (0, 1)  # nothing else makes them atomic
    assert level_of(deliver, drive, deterministic=True) == (0, 1)


def test_levels_are_those_of_all_pairs():
    """A level is one above the highest of those before that the kernel conflicts with."""
    random = np.random.default_rng(5)
    names = [f"x{k}" for k in range(7)]

    def some():
        return {name for name in names if random.random() < 0.15}

    for _ in range(300):
        uses = []
        for _ in range(10):
            updates = {name: random.choice(["+", "*"]) for name in some()}
            uses.append(Uses(frozenset(some()), frozenset(some() - updates.keys()), updates))
        expected: list[int] = []
        for k, use in enumerate(uses):
            before = [expected[j] for j in range(k) if conflicts(uses[j], use)]
            expected.append(max(before, default=-1) + 1)
        assert levels(uses) == tuple(expected)


def test_what_is_remembered_of_a_kernel_is_its_own():
    """Kernels are known by their identity; another at the same address is another one."""
    asked = []
    ask = remembered(lambda kernel, *args: asked.append(kernel) or (kernel.name, *args))
    for name in ("a", "b", "a"):
        kernel = Kernel(name, Once(), (), Clock("c"))
        assert [ask(kernel), ask(kernel), ask(kernel, 1)] == [(name,), (name,), (name, 1)]
        del kernel
    assert [kernel.name for kernel in asked] == ["a", "a", "b", "b", "a", "a"]
