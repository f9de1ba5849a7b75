"""The grammar of the kernel language: what is allowed passes, each breach is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simgen.dtypes import DType
from simgen.errors import InternalError
from simgen.ir.construct import integer, real
from simgen.ir.expr import (
    ELEMENT,
    EVENT,
    POST,
    PRE,
    SYNAPSE,
    ZERO,
    Array,
    Binary,
    Call,
    Cast,
    Compare,
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
    Select,
    Step,
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
from simgen.ir.stmt import Accumulate, Append, Emit, EmitTable, If, Let, Note, Store
from simgen.ir.verify import verify_program

REAL, I64, U32, U64, BOOL = DType.REAL, DType.I64, DType.U32, DType.U64, DType.BOOL
MAIN = Clock("main")
N = Param("n", I64)
V, LINK, SMALL = Array("v", REAL, "n"), Array("link", I64, "n"), Array("small", U32, "n")
FLAG, SHARED = Array("flag", BOOL, "n"), Array("shared", REAL, "one")
EVENTS, OTHERS = EventList("spikes", "n"), EventList("others", "m")
STORE = SynapseStore("S", "n", "n", "dense16", columns=True, column_sources=True)
DELAYS = Array("delays", U32, "classes")
KEY = Param("key", U64)
X, B = Local("x", REAL), Local("b", BOOL)
LET_X, LET_B = Let(X, real(1.0)), Let(B, Const(True, BOOL))
EVERYONE = OverElements("n", integer(0), N)
FIRED = OverEvents(EVENTS, integer(0), N)
OUT, INTO, ALL = (
    OverFanOut(STORE, EVENTS, DELAYS),
    OverFanIn(STORE, EVENTS, integer(0)),
    OverSynapses(STORE),
)
KEPT, LIST = Array("kept", REAL, "spikes.n_kept"), Array("list", REAL, "n")
RANDOM = RandomDraw("rand", (), KEY, 0)
TABLE = EmitTable(
    EVENTS,
    Array("steps", I64, "t"),
    Array("elements", U32, "t"),
    Array("cursor", I64, "one"),
    Array("base", I64, "one"),
    integer(0),
)


def make(domain, *body, prologue=(), name="k"):
    return Kernel(name, domain, tuple(body), MAIN, tuple(prologue))


def program(*kernels, clocks=(MAIN,)):
    return Program(tuple(Item("s", 0, one.name, one) for one in kernels), clocks)


def store(value, array=V, index=ELEMENT):
    return Store(array, index, value)


GOOD = {
    "elements": make(
        EVERYONE,
        LET_X,
        store(X),
        If(Compare(">", X, real(0.0)), (Let(Local("y", REAL), X), store(Local("y", REAL)))),
        Accumulate(V, ELEMENT, "*", Load(V, Index(IndexKind.ELEMENT, LINK))),
        Accumulate(V, ELEMENT, "max", X),
        Emit(EVENTS, Load(FLAG, ELEMENT)),
        prologue=(Let(Local("now", I64), Step()),),
    ),
    "functions": make(
        EVERYONE,
        store(Call("exp", (Load(V, ELEMENT),), REAL)),
        store(Cast(REAL, Call("clip", (Step(), integer(0), integer(5)), I64))),
        store(Select(Load(FLAG, ELEMENT), real(1.0), RANDOM)),
        store(Cast(REAL, RandomDraw("binomial", (integer(3), real(0.5)), KEY, 1))),
        store(Gather(V, IndexValue(ELEMENT))),
        LET_X,
        store(Flow(1, (1, 1), (X, real(0.0), X, X), (X, X))),
    ),
    "events": make(FIRED, store(Load(SHARED, ZERO)), Append(Recorder("r", I64), Step())),
    "carried": make(
        OverCarried(STORE, LINK, LINK), Accumulate(V, POST, "+", Load(V, PRE)), name="carried"
    ),
    "what events take along": make(FIRED, Store(KEPT, EVENT, Load(V, ELEMENT)), name="keep"),
    "what events took along": make(OUT, Accumulate(V, POST, "+", Load(KEPT, EVENT)), name="out"),
    "what carried events took along": make(
        OverCarried(STORE, LINK, LINK), Accumulate(V, POST, "+", Load(LIST, EVENT)), name="list"
    ),
    "fan_out_since": make(replace(OUT, born=Param("born", I64))),
    "fan_out_by_index": make(replace(OUT, index=RowIndex("other", "compact"))),
    "fan_in_since": make(replace(INTO, born=Param("born", I64))),
    "fan_out": make(
        OUT,
        Accumulate(V, POST, "+", Load(V, PRE)),
        store(RandomDraw("randn", (), KEY, 0, Load(SMALL, SYNAPSE)), index=SYNAPSE),
    ),
    "fan_in": make(INTO, Accumulate(V, PRE, "+", Load(V, SYNAPSE))),
    "all": make(ALL, store(RandomDraw("rand", (), KEY, 0, as_pair=True), index=SYNAPSE)),
    "listed": make(OverIndices(LINK), Append(Recorder("r", REAL), Load(V, ELEMENT))),
    "listed_synapses": make(OverIndices(LINK, STORE), Append(Recorder("r", REAL), Load(V, POST))),
    "once": make(Once(), store(real(0.0), SHARED, ZERO)),
    "table": make(Once(), TABLE),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_the_language_allows_passes(name):
    verify_program(program(GOOD[name]))


def element(expr):
    return make(EVERYONE, LET_X, LET_B, store(expr))


BAD = {
    "is used before it is bound": make(EVERYONE, store(X)),
    "'y' is used before it is bound": make(
        EVERYONE,
        If(Load(FLAG, ELEMENT), (Let(Local("y", REAL), real(1.0)),)),
        store(Local("y", REAL)),
    ),
    "'x' is bound twice": make(EVERYONE, LET_X, LET_X),
    "'x' is used with another type than it has": make(
        EVERYONE, LET_X, Let(Local("k", I64), Local("x", I64))
    ),
    "the value of 'x' is I64 and should be REAL": make(EVERYONE, Let(X, integer(1))),
    "the value stored in 'v' is I64 and should be REAL": element(integer(1)),
    "the value stored in 'v' is F64": element(Param("dt", DType.F64)),
    "1 is no REAL": element(Const(1, REAL)),
    "True is no I64": element(Cast(REAL, Const(True, I64))),
    "operands of '+' are I64 and REAL": element(Binary("+", X, integer(1))),
    "operands of '-' are U32": element(Cast(REAL, Unary("-", Load(SMALL, ELEMENT)))),
    "operands of '/' are I64": element(Cast(REAL, Binary("/", integer(1), integer(2)))),
    "operands of '<' are BOOL": element(Cast(REAL, Compare("<", B, B))),
    "operands of 'and' are REAL": element(Cast(REAL, Logical("and", X, X))),
    "'&' is no operator": element(Binary("&", X, X)),
    "the branches of a selection differ": element(Select(B, real(1.0), integer(1))),
    "a selection's condition is no BOOL": element(Select(X, X, X)),
    "function 'system' is unknown": element(Call("system", (X,), REAL)),
    "'exp' has 2 arguments": element(Call("exp", (X, X), REAL)),
    "'exp' is called on I64": element(Cast(REAL, Call("exp", (Step(),), I64))),
    "index 'post' has no meaning here": element(Load(V, POST)),
    "index 'event' has no meaning here": element(Load(KEPT, EVENT)),
    "'v' has no values of the events": make(OUT, Store(V, POST, Load(V, EVENT))),
    "'kept' has no values of the events": make(
        replace(OUT, events=OTHERS), Store(V, POST, Load(KEPT, EVENT))
    ),
    "index 'event' has no": make(replace(FIRED, lag=1), Store(KEPT, EVENT, real(0.0))),
    "'v' holds no indices": element(Load(V, Index(IndexKind.ELEMENT, V))),
    "a position in 'v' is not I64": element(Gather(V, X)),
    "the key 'key' is not U64": element(RandomDraw("rand", (), Param("key", I64), 0)),
    "draws 'cauchy'": element(RandomDraw("cauchy", (), KEY, 0)),
    "draws 'poisson' with 0": element(Cast(REAL, RandomDraw("poisson", (), KEY, 0))),
    "argument 0 of 'poisson' is no REAL": element(
        Cast(REAL, RandomDraw("poisson", (integer(1),), KEY, 0))
    ),
    "rank outside synapses": element(RandomDraw("rand", (), KEY, 0, integer(0))),
    "draw is that of a pair": element(RandomDraw("rand", (), KEY, 0, as_pair=True)),
    "draws where the source is not known": make(
        OverFanIn(replace(STORE, column_sources=False), EVENTS, integer(0)),
        Store(V, POST, RANDOM),
    ),
    "'-' is no accumulation": make(EVERYONE, Accumulate(V, ELEMENT, "-", real(1.0))),
    "beyond an extreme": make(
        EVERYONE,
        Accumulate(
            Array("k", DType.I32, "n"),
            ELEMENT,
            "min",
            integer(1),
            beyond=Array("k.beyond", I64, "one"),
        ),
    ),
    "accumulates into BOOL": make(EVERYONE, Accumulate(FLAG, ELEMENT, "+", Const(True, BOOL))),
    "a condition is REAL": make(EVERYONE, LET_X, If(X, ())),
    "notes a place in": make(EVERYONE, Note(FLAG, ELEMENT, Load(FLAG, ELEMENT))),
    "index 'synapse' has no meaning": make(
        EVERYONE, Note(Array("n", I64, "one"), SYNAPSE, Load(FLAG, ELEMENT))
    ),
    "emits 'others' outside the loop over its elements": make(
        EVERYONE, Emit(OTHERS, Load(FLAG, ELEMENT))
    ),
    "emits 'spikes' outside": make(FIRED, Emit(EVENTS, Load(FLAG, ELEMENT))),
    "emits the same events twice": make(
        EVERYONE, Emit(EVENTS, Load(FLAG, ELEMENT)), Emit(EVENTS, Load(FLAG, ELEMENT))
    ),
    "mixes a table of events": make(Once(), TABLE, LET_X),
    "'steps' is not I64": make(Once(), replace(TABLE, steps=Array("steps", U32, "t"))),
    "appends to 'r' in a loop without order": make(
        EVERYONE, Append(Recorder("r", REAL), Load(V, ELEMENT))
    ),
    "the value appended to 'r' is I64": make(FIRED, Append(Recorder("r", REAL), Step())),
    "the start of the range is REAL": make(OverElements("n", real(0.0), N)),
    "index 'element' has no meaning": make(EVERYONE, prologue=(Let(X, Load(V, ELEMENT)),)),
    "the table of delays is not U32": make(OverFanOut(STORE, EVENTS, LINK)),
    "'sparse' is no format": make(OverFanOut(replace(STORE, format="sparse"), EVENTS, DELAYS)),
    "synapses 'S' have no columns": make(
        OverFanIn(replace(STORE, columns=False), EVENTS, integer(0))
    ),
    "index 'pre' has no meaning": make(
        OverFanIn(replace(STORE, column_sources=False), EVENTS, integer(0)),
        store(Load(V, PRE), index=SYNAPSE),
    ),
    "the delays are not U32": make(OverFanIn(STORE, EVENTS, integer(0), LINK)),
    "a flow of 2 variables has wrong sizes": element(Flow(2, (1, 1), (X,) * 4, (X, X))),
    "a flow of 1 variables has wrong sizes": element(Flow(0, (1,), (X,) * 4, (X,))),
    "a flow of 9 variables has wrong sizes": element(Flow(0, (9,), (X,) * 81, (X,) * 9)),
    "a flow is formed of I64": element(Flow(0, (1,), (Step(),), (Step(),))),
    "the list of indices is not I64": make(OverIndices(SMALL)),
    "'small' is not I64": make(OverCarried(STORE, LINK, SMALL)),
    "the lists differ in length": make(OverCarried(STORE, LINK, Array("far", I64, "m"))),
    "index 'element' has no meaning here": make(OverCarried(STORE, LINK, LINK), store(real(0.0))),
    "'loose' is no format": make(replace(OUT, index=RowIndex("other", "loose"))),
    "walks whole rows by an index": make(
        replace(OUT, index=RowIndex("other", "none"), whole_rows=True)
    ),
    "the first step of a pathway is REAL": make(replace(OUT, born=real(0.0))),
}


@pytest.mark.parametrize("message", BAD)
def test_a_breach_is_named(message):
    with pytest.raises(InternalError) as caught:
        verify_program(program(BAD[message]))
    assert message in str(caught.value)
    assert str(caught.value).startswith("kernel 'k': ")


def test_kernels_of_one_program_agree():
    good = GOOD["elements"]
    verify_program(program(good, good))
    with pytest.raises(InternalError, match="two kernels are named 'k'"):
        verify_program(program(good, make(EVERYONE)))
    with pytest.raises(InternalError, match="clock 'main' is unknown"):
        verify_program(program(good, clocks=(Clock("other"),)))
    other = make(EVERYONE, store(integer(1), Array("v", I64, "n")), name="other")
    with pytest.raises(InternalError, match="kernel 'other': array 'v' has two types"):
        verify_program(program(good, other))
    with pytest.raises(InternalError, match="events 'spikes' come from 'k' and 'other'"):
        verify_program(program(good, replace(GOOD["table"], name="other")))
