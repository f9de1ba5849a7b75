"""The stable text of programs."""

from __future__ import annotations

import pytest

from simgen.dtypes import DType
from simgen.errors import Origin, SourceText
from simgen.ir.construct import (
    binary,
    call,
    cast,
    compare,
    integer,
    logical_and,
    negate,
    real,
    select,
)
from simgen.ir.expr import (
    ELEMENT,
    POST,
    PRE,
    SYNAPSE,
    Array,
    Const,
    Flow,
    Gather,
    Index,
    IndexKind,
    IndexValue,
    Load,
    Local,
    Logical,
    Param,
    RandomDraw,
    Step,
    Time,
    Unary,
)
from simgen.ir.kernel import (
    Clock,
    EventList,
    Item,
    Kernel,
    Once,
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
from simgen.ir.printer import format_expr, format_kernel, format_program, format_stmt
from simgen.ir.stmt import Accumulate, Append, Emit, EmitTable, If, Let, Store

A, B, C = (Local(name, DType.REAL) for name in "abc")
P, Q = (Local(name, DType.BOOL) for name in "pq")
K = Param("key", DType.U64)
V = Array("exc.v", DType.REAL, "exc.n")
LINK = Array("exc.link", DType.I64, "exc.n")
EVENTS = EventList("exc.spikes", "exc.n")
STORE = SynapseStore("S", "exc.n", "inh.n", "dense16", columns=True)
MAIN = Clock("main")


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (binary("-", A, binary("-", B, C)), "a - (b - c)"),
        (binary("-", binary("-", A, B), C), "a - b - c"),
        (binary("*", binary("+", A, B), C), "(a + b) * c"),
        (binary("/", A, binary("*", B, C)), "a / (b * c)"),
        (binary("%", binary("//", A, B), C), "a // b % c"),
        (negate(binary("+", A, B)), "-(a + b)"),
        (binary("-", A, real(-1.5)), "a - -1.5"),
        (negate(negate(A)), "-(-a)"),
        (Unary("not", Logical("or", P, Q)), "not (p or q)"),
        (logical_and(P, Unary("not", Q)), "p and not q"),
        (compare("<=", A, binary("+", B, C)), "a <= b + c"),
        (select(P, A, select(Q, B, C)), "a if p else (b if q else c)"),
        (binary("+", select(P, A, B), C), "(a if p else b) + c"),
        (call("clip", A, real(0.0), real(1e-30)), "clip(a, 0.0, 1e-30)"),
        (cast(Load(LINK, ELEMENT), DType.REAL), "real(exc.link[element])"),
        (Load(V, Index(IndexKind.ELEMENT, LINK)), "exc.v[exc.link[element]]"),
        (Gather(V, binary("+", IndexValue(PRE), integer(1))), "exc.v[at index(pre) + 1]"),
        (Const(True, DType.BOOL), "true"),
        (binary("*", Time(), cast(Step(), DType.REAL)), "t * real(step)"),
        (Flow(1, (1, 1), (A, B, B, C), (A, C)), "flow(1 of 1, 1; a, b, b, c; a, c)"),
        (RandomDraw("randn", (), K, 3), "randn($key #3)"),
        (RandomDraw("rand", (), K, 3, as_pair=True), "rand($key #3, as a pair)"),
        (RandomDraw("poisson", (A,), K, 0, Step()), "poisson(a; $key #0, rank step)"),
    ],
)
def test_expressions_have_just_the_brackets_they_need(expr, text):
    assert format_expr(expr) == text


def test_statements_show_types_and_the_users_text():
    source = SourceText("v = -60*mV\nw *= 2", "reset", "NeuronGroup 'exc'")
    stmt = If(
        compare(">", A, real(0.0)),
        (
            Store(V, ELEMENT, A, Origin(source, 0, 3)),
            Accumulate(V, ELEMENT, "*", A, Origin(source, 11, 12)),
            Let(B, A),
        ),
    )
    expected = "\n".join(
        [
            "if a > 0.0:",
            "  exc.v[element] = a  # v = -60*mV",
            "  exc.v[element] *= a  # w *= 2",
            "  let b: real = a",
        ]
    )
    assert format_stmt(stmt) == expected


def test_hostile_text_stays_in_its_comment():
    origin = Origin(SourceText("v = 1\r# \x1b[31m", "reset"), 0, 1)
    assert format_stmt(Store(V, ELEMENT, A, origin)) == "exc.v[element] = a  # v = 1 #  [31m"


def test_an_empty_body_is_shown():
    assert format_kernel(Kernel("k", Once(), (), MAIN)).endswith("one time\n    pass")


def test_programs(golden):
    n = Param("exc.n", DType.I64)
    table = EmitTable(
        EVENTS,
        Array("in.steps", DType.I64, "in.table"),
        Array("in.elements", DType.U32, "in.table"),
        Array("in.cursor", DType.I64, "one"),
        Array("in.base", DType.I64, "one"),
        Param("in.period", DType.I64),
    )
    everyone = OverElements("exc.n", integer(0), n)
    weight = Array("S.w", DType.REAL, "n_S")
    delays = Array("S.delays", DType.U32, "S.n_classes")
    own = Array("S.delay", DType.U32, "n_S")
    born, other = Param("S.born", DType.I64), RowIndex("S.b.index", "compact")
    lists = (Array(f"S.{part}", DType.I64, "n_carried") for part in ("steps", "positions"))
    indices = Array("rec.indices", DType.I64, "rec.n")
    record = Append(Recorder("rec", DType.REAL), Load(V, ELEMENT))
    fire = Emit(EVENTS, compare(">", Load(V, ELEMENT), Param("limit", DType.REAL)))
    step = Let(Local("now", DType.I64), Step())
    add = Accumulate(V, POST, "+", Load(weight, SYNAPSE))
    kernels = (
        Kernel("table", Once(), (table,), MAIN),
        Kernel("update", everyone, (fire,), MAIN, (step,), "threshold of 'exc'"),
        Kernel("record", OverIndices(indices), (record,), MAIN),
        Kernel("record_synapses", OverIndices(indices, STORE), (), MAIN),
        Kernel("deliver", OverFanOut(STORE, EVENTS, delays), (add,), MAIN),
        Kernel("learn", OverFanIn(STORE, EVENTS, integer(2)), (), MAIN),
        Kernel("learn_late", OverFanIn(STORE, EVENTS, integer(0), own), (), MAIN),
        Kernel("deliver_since", OverFanOut(STORE, EVENTS, delays, born=born), (add,), MAIN),
        Kernel("deliver_by", OverFanOut(STORE, EVENTS, delays, index=other), (add,), MAIN),
        Kernel("learn_since", OverFanIn(STORE, EVENTS, integer(2), None, born), (), MAIN),
        Kernel("carried", OverCarried(STORE, *lists), (add,), MAIN),
        Kernel("all", OverSynapses(STORE), (), MAIN),
        Kernel("reset", OverEvents(EVENTS, integer(0), n), (Store(V, ELEMENT, real(0.0)),), MAIN),
    )
    items = (Item("slot", order, one.name, one) for order, one in enumerate(kernels))
    golden(format_program(Program(tuple(items), (MAIN, Clock("slow")))))
