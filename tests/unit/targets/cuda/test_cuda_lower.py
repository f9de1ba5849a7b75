"""CUDA source of neuron programs: golden text, and accepted by NVRTC for several architectures."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from nvrtc_compiler import ARCHITECTURES, find_nvrtc

from simgen.dtypes import DType
from simgen.errors import Origin, SourceText
from simgen.ir.construct import binary, call, cast, compare, integer, real
from simgen.ir.expr import (
    ELEMENT,
    POST,
    PRE,
    SYNAPSE,
    ZERO,
    Array,
    Const,
    Flow,
    Gather,
    IndexValue,
    Load,
    Local,
    Param,
    RandomDraw,
    Step,
    Time,
)
from simgen.ir.kernel import (
    Clock,
    EventList,
    Item,
    Kernel,
    OverCarried,
    OverElements,
    OverEvents,
    OverFanIn,
    OverFanOut,
    OverIndices,
    OverSynapses,
    Program,
    Recorder,
    RowIndex,
    SynapseStore,
)
from simgen.ir.stmt import Accumulate, Append, Emit, If, Let, Store
from simgen.ir.verify import verify_program
from simgen.targets.cuda.lower import lower_program

REAL, I64 = DType.REAL, DType.I64
MAIN, SLOW = Clock("main"), Clock("slow")
N = Param("exc.n", I64)
V, W = Array("exc.v", REAL, "exc.n"), Array("exc.w", REAL, "exc.n")
LAST, OPEN = Array("exc.last", I64, "exc.n"), Array("exc.open", DType.BOOL, "exc.n")
TABLE, SHARED = Array("table", REAL, "table.n"), Array("shared", REAL, "one")
EVENTS = EventList("exc.spikes", "exc.n")
EVERYONE, FIRED = OverElements("exc.n", integer(0), N), OverEvents(EVENTS, integer(0), N)
STORE = SynapseStore("S", "exc.n", "exc.n", columns=True)
KEY = Param("key", DType.U64)
SPIKE_TIME, SPIKE_INDEX = Recorder("mon.t", REAL), Recorder("mon.i", DType.I32)


def program(*kernels):
    items = (Item("s", order, one.name, one) for order, one in enumerate(kernels))
    clocks = tuple(dict.fromkeys(one.clock for one in kernels))
    made = Program(tuple(items), clocks)
    verify_program(made)
    return made


def neurons():
    origin = Origin(SourceText("v = -60*mV", "reset", "NeuronGroup 'exc'"), 0, 1)
    v = Load(V, ELEMENT)
    noise = RandomDraw("randn", (), KEY, 0)
    count = RandomDraw("poisson", (Param("mean", REAL),), KEY, 1)
    resting = compare(">", binary("-", Step(), Load(LAST, ELEMENT)), integer(20))
    inside = Gather(TABLE, binary("%", IndexValue(ELEMENT), integer(3)))
    update = Kernel(
        "exc.update",
        EVERYONE,
        (
            Let(Local("slope", REAL), binary("-", call("exp", v), binary("*", v, inside))),
            Store(OPEN, ELEMENT, resting),
            If(
                Load(OPEN, ELEMENT),
                (
                    Accumulate(V, ELEMENT, "+", binary("*", Local("slope", REAL), noise)),
                    Emit(EVENTS, compare(">", v, Load(SHARED, ZERO))),
                ),
            ),
            Store(W, ELEMENT, binary("+", cast(count, REAL), Const(float("inf"), REAL))),
        ),
        MAIN,
        comment="state update and threshold of 'exc'",
    )
    record = Kernel(
        "mon.record",
        FIRED,
        (
            Append(SPIKE_TIME, Time()),
            Append(SPIKE_INDEX, cast(IndexValue(ELEMENT), DType.I32)),
        ),
        MAIN,
    )
    reset = Kernel(
        "exc.reset",
        FIRED,
        (Store(V, ELEMENT, real(-0.06), origin), Store(LAST, ELEMENT, Step(), origin)),
        MAIN,
    )
    return program(update, record, reset)


@pytest.fixture(scope="module")
def nvrtc():
    library = find_nvrtc()
    if library is None:
        pytest.skip("NVRTC is not installed (the nvidia-cuda-nvrtc wheel)")
    return library


def source_of(what, real_type=np.float64, deterministic=False):
    return lower_program(what, np.dtype(real_type), deterministic).source


def synapses():
    """Deliveries in each order, a walk over columns, a summed variable, records of synapses."""
    w, x = Array("S.w", REAL, "n_S"), Array("exc.x", REAL, "exc.n")
    delays = Array("S.classes", DType.U32, "S.n_classes")
    chosen, weights = Array("mon.chosen", I64, "mon.n"), Recorder("mon.w", REAL)
    out = OverFanOut(replace(STORE, format="dense16"), EVENTS, delays)
    compact = OverFanOut(replace(STORE, format="compact"), EVENTS, delays)
    whole = replace(out, whole_rows=True)
    rise = binary("*", Load(V, POST), real(0.9))
    sources = replace(STORE, column_sources=True)
    return program(
        Kernel("add", out, (Accumulate(V, POST, "+", Load(w, SYNAPSE)),), MAIN),
        Kernel("scale", compact, (Accumulate(W, POST, "*", Load(w, SYNAPSE)),), MAIN),
        Kernel("blend", whole, (Store(V, POST, binary("+", rise, Load(w, SYNAPSE))),), MAIN),
        Kernel("mix", out, (Accumulate(x, PRE, "+", Load(x, POST)),), MAIN),
        Kernel(
            "learn",
            OverFanIn(sources, EVENTS, integer(0)),
            (Accumulate(w, SYNAPSE, "+", Load(x, PRE)),),
            MAIN,
        ),
        Kernel("sum", OverSynapses(STORE), (Accumulate(W, POST, "+", Load(w, SYNAPSE)),), MAIN),
        Kernel("show", OverIndices(chosen, STORE), (Append(weights, Load(w, SYNAPSE)),), MAIN),
    )


def pathways():
    """Walks by an index and by lists, from a birth on, of carried and of late events."""
    w, g = Array("S.w", REAL, "n_S"), Array("exc.g", REAL, "exc.n")
    delays, born = Array("S.post.classes", DType.U32, "S.post.n"), Param("born", I64)
    out = OverFanOut(STORE, EVENTS, delays, born=born)
    steps, positions = (Array(f"S.carried.{what}", I64, "S.carried.n") for what in ("steps", "pos"))
    fade = Store(g, POST, binary("+", binary("*", Load(g, POST), real(0.9)), Load(w, SYNAPSE)))
    count = Accumulate(W, POST, "+", Load(w, SYNAPSE))
    system = (real(-1.0), real(2.0), real(0.0), real(-3.0))
    late = Store(V, ELEMENT, Flow(0, (1, 1), system, (Load(V, ELEMENT), Load(W, ELEMENT))))
    return program(
        Kernel("late", replace(FIRED, lag=1), (late,), MAIN),
        Kernel("indexed", replace(out, index=RowIndex("S.post", "dense16")), (fade,), MAIN),
        Kernel("listed", replace(out, listed=True), (fade,), MAIN),
        Kernel("whole", OverSynapses(STORE, listed=True), (fade,), MAIN),
        Kernel("back", OverFanIn(STORE, EVENTS, integer(1), born=born), (fade,), MAIN),
        Kernel("carried", OverCarried(STORE, steps, positions), (fade,), MAIN),
        Kernel("summed", OverCarried(STORE, steps, positions), (count,), MAIN),
    )


@pytest.mark.parametrize(
    "architecture",
    [  # those between the oldest and the newest rarely find more
        pytest.param(name, marks=[pytest.mark.slow] if name in ARCHITECTURES[1:-1] else [])
        for name in ARCHITECTURES
    ],
)
@pytest.mark.parametrize("real_type", [np.float64, np.float32])
@pytest.mark.parametrize("make", [neurons, synapses, pathways])
def test_generated_source_compiles_without_complaints(nvrtc, architecture, real_type, make):
    for deterministic in (False, True):
        compiled = nvrtc.compile(source_of(make(), real_type, deterministic), architecture)
        assert compiled.works, compiled.log
        assert compiled.log == ""


def test_the_source_of_neurons(golden):
    lowered = lower_program(neurons(), np.dtype(np.float64))
    golden(lowered.source, "neurons")
    parts = [[(part.function, part.size) for part in phase.parts] for phase in lowered.phases]
    assert parts == [  # the record needs no finished reset
        [("k_exc__update", "exc.n")],
        [("k_mon__record", "exc.n"), ("k_exc__reset", "exc.n")],
    ]


@pytest.mark.parametrize("deterministic", [False, True])
def test_the_source_of_synapses(golden, deterministic):
    name = "synapses_in_order" if deterministic else "synapses"
    golden(source_of(synapses(), np.float32, deterministic), name)


def test_the_source_of_pathways_of_one_store(golden):
    golden(source_of(pathways()), "pathways")


def test_single_precision_has_no_double_arithmetic_per_neuron():
    source = source_of(neurons(), np.float32)
    update = re.search(r"void k_exc__update.*?\n}", source, re.S)
    assert update is not None
    assert re.findall(r".*\bdouble\b.*", update[0]) == []


def test_kernels_of_slow_clocks_leave_when_they_are_not_due(nvrtc):
    slow = Kernel("slow", EVERYONE, (Emit(EVENTS, Load(OPEN, ELEMENT)),), SLOW)
    fast = Kernel("fast", EVERYONE, (Store(V, ELEMENT, real(0.0)),), MAIN)
    source = source_of(program(slow, fast))
    assert source.count("!= 0) return;") == 2
    assert nvrtc.compile(source, "sm_80").log == ""


def test_nothing_waits_for_the_old_value_of_a_sum(nvrtc):
    """The assembler then makes a reduction of the atomic operation."""
    for real_type, kind in ((np.float64, "f64"), (np.float32, "f32")):
        assembly = nvrtc.compile(source_of(synapses(), real_type), "sm_90").ptx
        pattern = rf"\b(?:red|atom)\.global\.add\.{kind}\s+(?:(%\w+), )?\["
        functions = assembly.split(".entry")
        found = [(old, text) for text in functions for old in re.findall(pattern, text)]
        assert len(found) == 2  # onto targets, and the sum over all synapses
        assert all(not old or len(re.findall(rf"{old}\b", text)) == 1 for old, text in found)
