"""C++ source of every domain as golden text; needs no compiler."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from simgen.dtypes import FLOAT32, FLOAT64
from simgen.errors import InternalError, Origin, SourceText
from simgen.ir.construct import binary, call, cast, compare, integer, real
from simgen.ir.expr import (
    ELEMENT,
    POST,
    PRE,
    SYNAPSE,
    ZERO,
    Array,
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
    Once,
    OverCarried,
    OverEvents,
    OverFanIn,
    OverFanOut,
    OverIndices,
    OverSynapses,
    Recorder,
    RowIndex,
    SynapseStore,
)
from simgen.ir.stmt import Accumulate, Append, Emit, If, Let, Store
from simgen.ir.verify import verify_program
from simgen.targets.cpu.lower import lower_program
from simgen.targets.scope import Layout

SLOW = Clock("slow")


def origin(text, what):
    return Origin(SourceText(text, what, "NeuronGroup 'exc'"), 0, 1)


def neurons(lab):
    v, w, last = lab.state("exc.v"), lab.state("exc.w"), lab.state("exc.last", lab.I64)
    ready, shared = lab.state("exc.ready", lab.BOOL), lab.state("shared", length="one")
    x, events = Load(v, ELEMENT), lab.group_events("exc")
    noise = RandomDraw("randn", (), lab.KEY, 0)
    kicks = RandomDraw(
        "poisson", (binary("*", Param("rate", lab.REAL), Local("h", lab.REAL)),), lab.KEY, 1
    )
    h = Let(Local("h", lab.REAL), cast(lab.MAIN.dt, lab.REAL))
    text = "dv/dt = (exp(-v) + xi)/tau : 1 (unless refractory)"
    resting = compare(">=", binary("-", Step(), Load(last, ELEMENT)), Param("refractory", lab.I64))
    rise = binary("*", Local("h", lab.REAL), binary("+", call("exp", x), noise))
    update = lab.kernel(
        "exc.update",
        lab.over("exc"),
        Store(ready, ELEMENT, resting),
        If(Load(ready, ELEMENT), (Accumulate(v, ELEMENT, "+", rise, origin(text, "equations")),)),
        Accumulate(w, ELEMENT, "+", cast(kicks, lab.REAL)),
        Emit(events, compare(">", x, Load(shared, ZERO)), origin("v > limit", "threshold")),
        prologue=(h,),
    )
    fired = OverEvents(events, integer(0), Param("exc.n", lab.I64))
    reset = Store(v, ELEMENT, real(-0.06), origin("v = -60*mV", "reset"))
    index = cast(IndexValue(ELEMENT), lab.I32)
    return (
        update,
        lab.kernel("exc.spikes", fired, Append(Recorder("mon.i", lab.I32), index)),
        lab.kernel("exc.reset", fired, reset),
        lab.kernel("shared", Once(), Store(shared, ZERO, Time()), clock=SLOW),
        lab.kernel(
            "exc.trace",
            OverIndices(lab.state("rec.indices", lab.I64, "rec.n")),
            Append(Recorder("rec.v", lab.REAL), x),
            clock=SLOW,
        ),
    )


def synapses(lab, form="dense16"):
    store = SynapseStore("S", "exc.n", "inh.n", form, columns=True, column_sources=True)
    events, back = lab.group_events("exc"), lab.group_events("inh")
    w, trace = lab.state("S.w", length="n_S"), lab.state("exc.trace")
    g, post = lab.state("inh.g"), lab.state("inh.trace")
    delays = Array("S.delays", lab.U32, "S.n_classes")
    decay = Let(Local("decay", lab.REAL), call("exp", binary("*", Time(), Load(trace, PRE))))
    change = binary("*", Local("decay", lab.REAL), Load(post, POST))
    learned = call("clip", binary("+", Load(w, SYNAPSE), Load(trace, PRE)), real(0.0), real(1.0))
    return (
        lab.kernel(
            "S.pre",
            OverFanOut(store, events, delays),
            decay,
            Accumulate(g, POST, "+", Load(w, SYNAPSE)),
            Accumulate(w, SYNAPSE, "+", change),
        ),
        lab.kernel("S.post", OverFanIn(store, back, integer(1)), Store(w, SYNAPSE, learned)),
        lab.kernel("S.all", OverSynapses(store), Accumulate(w, SYNAPSE, "*", Load(post, POST))),
    )


def lowered(program, dtype=FLOAT64):
    verify_program(program)
    return lower_program(program, dtype)


def test_the_source_of_neurons(lab, golden):
    golden(lowered(lab.program(*neurons(lab), clocks=(lab.MAIN, SLOW))).source)


def test_the_source_of_synapses(lab, golden):
    golden(lowered(lab.program(*synapses(lab))).source)


def test_the_source_of_synapses_that_need_only_their_targets(lab, golden):
    store = SynapseStore("S", "exc.n", "inh.n", "dense16")
    walk = OverFanOut(store, lab.group_events("exc"), Array("S.pre.delays", lab.U32, "S.pre.n"))
    add = Accumulate(lab.state("inh.g"), POST, "+", real(0.5))
    golden(lowered(lab.program(lab.kernel("S.pre", walk, add))).source)


def test_the_source_of_pathways_that_share_a_store(lab, golden):
    store = SynapseStore("S", "exc.n", "inh.n", "compact")
    lists = (lab.state(f"S.carried.{part}", lab.I64, "n_late") for part in ("steps", "positions"))
    add = Accumulate(lab.state("inh.g"), POST, "+", Load(lab.state("S.w", length="n_S"), SYNAPSE))
    spread = Accumulate(lab.state("exc.v"), PRE, "+", real(1.0))
    delays, born = Array("S.late.delays", lab.U32, "S.late.n"), Param("S.late.born", lab.I64)
    walk = OverFanOut(store, lab.group_events("exc"), delays, False, born)
    kernels = (
        lab.kernel("S.late_carried", OverCarried(store, *lists), add, spread),
        lab.kernel("S.late", replace(walk, index=RowIndex("S.late.index", "dense32")), add),
        lab.kernel("S.rows", replace(walk, whole_rows=True), add, spread),
    )
    golden(lowered(lab.program(*kernels)).source)


def test_the_source_of_a_table_of_events(lab, golden):
    net = lab.Net()
    net.group("exc", 3)
    golden(lowered(lab.program(lab.kernel("table", Once(), net.table("exc", [(0, 0)])))).source)


FINDERS = {
    "none": "sg_find_none{",
    "dense16": "sg_find_dense<uint16_t>{",
    "dense32": "sg_find_dense<uint32_t>{",
    "compact": "sg_find_compact{",
}


@pytest.mark.parametrize("form", FINDERS)
def test_each_format_finds_segments_its_own_way(lab, form):
    source = lowered(lab.program(*synapses(lab, form))).source
    assert re.findall(r"sg_find_[^{]+{", source) == [FINDERS[form]]


def test_single_precision_has_no_double_arithmetic_per_neuron(lab):
    source = lowered(lab.program(*neurons(lab), clocks=(lab.MAIN, SLOW)), FLOAT32).source
    update = re.search(r"void k_exc__update.*?\n}", source, re.S)
    assert update is not None
    assert "double" not in update[0].replace("const double p_dt_main = (double)S->reals", "")


def test_no_number_of_the_user_and_no_name_stands_unmangled(lab):
    program = lab.program(*neurons(lab), clocks=(lab.MAIN, SLOW))
    code = re.sub(r"//.*", "", lowered(program).source)
    assert not re.search(r"(?<![\w])(exc|inh|limit|refractory|rate)\b", code)


def test_the_layout_lists_what_must_be_bound(lab):
    layout = lowered(lab.program(*synapses(lab))).layout
    assert layout.arrays["S.bounds"].dtype == np.dtype(np.uint16)
    assert layout.arrays["S.row_start"].dtype == np.dtype(np.uint64)
    assert layout.arrays["S.w"].length == "n_S"
    assert [slot.position for slot in layout.arrays.values()] == list(range(len(layout.arrays)))
    assert list(layout.ints.values()) == list(range(len(layout.ints)))
    assert "dt_main" in layout.reals


def test_values_have_one_type():
    layout = Layout(FLOAT64)
    layout.array("x", "double")
    with pytest.raises(InternalError, match="array 'x' is used as double and as float"):
        layout.array("x", "float")
    layout.int_argument("n")
    with pytest.raises(InternalError, match="'n' is both an integer and a real number"):
        layout.real_argument("n")
    layout.real_argument("tau")
    with pytest.raises(InternalError, match="'tau' is both an integer and a real number"):
        layout.int_argument("tau")
