"""Kernels of every kind, by whether they are split by parts."""

from __future__ import annotations

from simgen.dtypes import DType
from simgen.ir.construct import compare, integer, real
from simgen.ir.expr import (
    ELEMENT,
    EVENT,
    POST,
    PRE,
    SYNAPSE,
    ZERO,
    Array,
    Gather,
    Index,
    IndexKind,
    Load,
    Local,
    Param,
    Role,
    Step,
)
from simgen.ir.kernel import (
    Clock,
    EventList,
    Kernel,
    Once,
    OverCarried,
    OverElements,
    OverEvents,
    OverFanIn,
    OverFanOut,
    OverIndices,
    OverSynapses,
    Recorder,
    SynapseStore,
)
from simgen.ir.stmt import Accumulate, Append, Emit, If, Let, Store

REAL, I64, U32 = DType.REAL, DType.I64, DType.U32
MAIN = Clock("main")
V, U = Array("a.v", REAL, "a.n"), Array("b.u", REAL, "b.n")
W, G = Array("S.w", REAL, "n_S"), Array("a.g", REAL, "a.n")
LINK, TOTAL = Array("a.link", I64, "a.n"), Array("total", REAL, "one")
LINKED = Index(IndexKind.ELEMENT, LINK)
PLACES = Array("a.places", U32, "a.n", Role.PERMUTATION)
POST_PLACE, PRE_PLACE = Index(IndexKind.POST, PLACES), Index(IndexKind.PRE, PLACES)
EVENTS, OTHERS = EventList("a.spikes", "a.n"), EventList("b.spikes", "b.n")
STORE = SynapseStore("S", "b.n", "a.n", columns=True)
ALL_A, ALL_B = (OverElements(n, integer(0), Param(n, I64)) for n in ("a.n", "b.n"))
FIRED = OverEvents(EVENTS, integer(0), Param("a.n", I64))
OUT = OverFanOut(STORE, OTHERS, Array("S.delays", U32, "S.classes"))
INTO, EACH = OverFanIn(STORE, EVENTS, integer(0)), OverSynapses(STORE)
RECURRENT = OverFanOut(SynapseStore("S", "a.n", "a.n"), EVENTS, OUT.delays)

KEPT = Array("S.kept", REAL, "a.spikes.n_kept")


def kernel(domain, *body, prologue=()):
    return Kernel("k", domain, tuple(body), MAIN, tuple(prologue))


def add(array, index, value=None):
    return Accumulate(array, index, "+", real(1.0) if value is None else value)


SPLIT = {
    "own elements": kernel(ALL_A, Store(V, ELEMENT, Load(G, ELEMENT))),
    "events": kernel(ALL_A, Emit(EVENTS, compare(">", Load(V, ELEMENT), real(0.0)))),
    "reads of other groups": kernel(ALL_A, Store(V, ELEMENT, Load(U, LINKED))),
    "resets": kernel(FIRED, Store(V, ELEMENT, real(0.0))),
    "deliveries": kernel(OUT, add(V, POST, Load(W, SYNAPSE)), Store(W, SYNAPSE, Load(U, PRE))),
    "recurrent deliveries": kernel(RECURRENT, add(G, POST, Load(V, PRE))),
    "values of events": kernel(FIRED, Store(KEPT, EVENT, Load(V, ELEMENT))),
    "learning": kernel(INTO, Store(W, SYNAPSE, Load(V, POST))),
    "sums": kernel(EACH, add(G, POST, Load(W, SYNAPSE))),
    "deliveries to places": kernel(OUT, Store(V, POST_PLACE, Load(V, POST_PLACE))),
}
BY_SOURCE = {
    "writes to sources": kernel(OUT, add(U, PRE)),
    "conditional writes to sources": kernel(
        OUT, If(compare(">", Load(W, SYNAPSE), real(0.0)), (add(U, PRE),))
    ),
    "writes to sources and synapses": kernel(OUT, add(U, PRE), Store(W, SYNAPSE, Load(U, PRE))),
    "sums at sources": kernel(EACH, add(U, PRE, Load(W, SYNAPSE))),
    "recurrent writes to sources": kernel(RECURRENT, add(G, PRE, Load(V, POST))),
    "writes to places of sources": kernel(RECURRENT, Store(V, PRE_PLACE, Load(V, PRE_PLACE))),
}
SERIAL = {
    "shared writes": kernel(ALL_A, add(TOTAL, ZERO)),
    "writes through an index": kernel(ALL_A, add(U, LINKED)),
    "reads of what others write": kernel(ALL_A, Store(V, ELEMENT, Load(V, LINKED))),
    "reads at positions": kernel(ALL_A, Store(V, ELEMENT, Gather(V, integer(3)))),
    "a prologue that reads": kernel(
        ALL_A, Store(V, ELEMENT, real(0.0)), prologue=(Let(Local("x", REAL), Load(V, ZERO)),)
    ),
    "a range that reads": kernel(
        OverElements("a.n", integer(0), Load(LINK, ZERO)), Store(LINK, ELEMENT, Step())
    ),
    "writes to both ends": kernel(OUT, add(U, PRE), add(V, POST)),
    "writes to sources of spikes of targets": kernel(INTO, add(U, PRE)),
    "recurrent writes to sources that targets read": kernel(
        RECURRENT, Store(V, PRE, Load(V, POST))
    ),
    "recurrent reads of targets": kernel(RECURRENT, add(V, POST, Load(V, PRE))),
    "spike recording": kernel(FIRED, Append(Recorder("r", I64), Step())),
    "state recording": kernel(OverIndices(LINK), Append(Recorder("r", REAL), Load(V, ELEMENT))),
    "carried events": kernel(OverCarried(STORE, LINK, LINK), add(V, POST, Load(W, SYNAPSE))),
    "single runs": kernel(Once(), Store(TOTAL, ZERO, real(0.0))),
}
