"""Which kernels run in any order, which keep each target's order, and which run in one thread."""

from __future__ import annotations

import pytest

from simgen.dtypes import DType
from simgen.ir.construct import binary, compare, integer, real
from simgen.ir.expr import (
    ELEMENT,
    POST,
    PRE,
    SYNAPSE,
    ZERO,
    Array,
    Const,
    Gather,
    Index,
    IndexKind,
    Load,
    Local,
    Param,
    RandomDraw,
    Role,
    Step,
)
from simgen.ir.kernel import (
    Clock,
    EventList,
    Kernel,
    Once,
    OverElements,
    OverEvents,
    OverFanIn,
    OverFanOut,
    OverIndices,
    OverSynapses,
    Recorder,
    SynapseStore,
)
from simgen.ir.stmt import Accumulate, Append, If, Let, Scatter, Store
from simgen.targets.cuda.order import Order, plan_kernel

REAL, I64 = DType.REAL, DType.I64
FREE, OWNED, SERIAL = Order.FREE, Order.OWNED, Order.SERIAL
N = Param("n.n", I64)
V, U = Array("n.v", REAL, "n.n"), Array("n.u", REAL, "n.n")
W, COUNT = Array("S.w", REAL, "n_S"), Array("n.count", I64, "n.n")
TOTAL, INDEX = Array("total", REAL, "one"), Array("n.index", I64, "n.n")
EVENTS, RECORDER = EventList("n.spikes", "n.n"), Recorder("mon", REAL)
STORE = SynapseStore("S", "n.n", "n.n", columns=True)
ALL = OverElements("n.n", integer(0), N)
FIRED = OverEvents(EVENTS, integer(0), N)
OUT = OverFanOut(STORE, EVENTS, Array("d", DType.U32, "classes"))
IN, WHOLE = OverFanIn(STORE, EVENTS, integer(0)), OverSynapses(STORE)
ONE, LINKED = real(1.0), Index(IndexKind.ELEMENT, INDEX)
PLACES = Array("n.places", DType.U32, "n.n", Role.PERMUTATION)
TARGET_PLACE, SOURCE_PLACE = Index(IndexKind.POST, PLACES), Index(IndexKind.PRE, PLACES)
HALF = binary("*", Load(V, POST), real(0.5))
DRAW = RandomDraw("rand", (), Param("key", DType.U64), 0)


def add(array, index, value=ONE):
    return Accumulate(array, index, "+", value)


CASES = {
    "own state": (ALL, (Store(V, ELEMENT, binary("+", Load(V, ELEMENT), ONE)),), FREE, ""),
    "own state twice": (ALL, (add(V, ELEMENT), Store(V, ELEMENT, ONE)), FREE, ""),
    "linked read": (ALL, (Store(V, ELEMENT, Load(U, LINKED)),), FREE, ""),
    "linked read of what is written": (ALL, (Store(V, ELEMENT, Load(V, LINKED)),), SERIAL, ""),
    "table read of what is written": (
        *(ALL, (Store(V, ELEMENT, Gather(V, integer(0))),), SERIAL, ""),
    ),
    "own index array": (
        *(ALL, (Store(INDEX, ELEMENT, integer(0)), Store(V, ELEMENT, Load(U, LINKED))), FREE, ""),
    ),
    "sum over events": (FIRED, (add(TOTAL, ZERO),), FREE, "total"),
    "shared value": (FIRED, (Store(TOTAL, ZERO, ONE),), FREE, "total"),
    "shared value of a step": (OUT, (Store(COUNT, POST, Step()),), FREE, "n.count"),
    "two shared values": (
        FIRED,
        (Store(TOTAL, ZERO, ONE), Store(TOTAL, ZERO, real(2.0))),
        SERIAL,
        "",
    ),
    "shared random value": (FIRED, (Store(TOTAL, ZERO, DRAW),), SERIAL, ""),
    "last of own values": (FIRED, (Store(TOTAL, ZERO, Load(V, ELEMENT)),), SERIAL, ""),
    "two classes": (FIRED, (add(TOTAL, ZERO), Accumulate(TOTAL, ZERO, "*", ONE)), SERIAL, ""),
    "read sum": (FIRED, (add(TOTAL, ZERO), Store(V, ELEMENT, Load(TOTAL, ZERO))), SERIAL, ""),
    "scatter": (ALL, (Scatter(U, integer(0), ONE),), FREE, ""),
    "delivery": (OUT, (add(V, POST, Load(W, SYNAPSE)),), FREE, "n.v"),
    "gated delivery": (
        *(OUT, (If(compare(">", Load(U, POST), ONE), (add(V, POST),)),), FREE, "n.v"),
    ),
    "product": (OUT, (Accumulate(V, POST, "*", Load(W, SYNAPSE)),), FREE, "n.v"),
    "own synapse": (OUT, (Store(W, SYNAPSE, binary("*", Load(W, SYNAPSE), ONE)),), FREE, ""),
    "sum onto sources": (OUT, (add(V, PRE),), FREE, "n.v"),
    "order of arrival": (OUT, (Store(V, POST, binary("+", HALF, Load(W, SYNAPSE))),), OWNED, ""),
    "order at a column": (IN, (Store(V, POST, binary("+", HALF, Load(W, SYNAPSE))),), OWNED, ""),
    "order of a store": (WHOLE, (Store(V, POST, binary("+", HALF, ONE)),), OWNED, ""),
    "recurrent": (OUT, (add(V, POST, Load(V, PRE)),), SERIAL, ""),
    "order at sources": (OUT, (Store(V, PRE, binary("*", Load(V, PRE), ONE)),), OWNED, ""),
    "order at sources of columns": (
        *(IN, (Store(V, PRE, binary("*", Load(V, PRE), ONE)),), SERIAL, ""),
    ),
    "order at places": (OUT, (Store(V, TARGET_PLACE, Load(W, SYNAPSE)),), OWNED, ""),
    "order at places of sources": (OUT, (Store(V, SOURCE_PLACE, Load(W, SYNAPSE)),), OWNED, ""),
    "order at both ends": (
        *(
            OUT,
            (Store(V, PRE, binary("*", Load(V, PRE), ONE)), add(U, POST, Load(U, PRE))),
            SERIAL,
            "",
        ),
    ),
    "record": (OverIndices(INDEX), (Append(RECORDER, Load(V, ELEMENT)),), FREE, ""),
    "conditional record": (
        *(FIRED, (If(compare(">", Load(V, ELEMENT), ONE), (Append(RECORDER, ONE),)),), SERIAL, ""),
    ),
    "record and repeat": (
        *(OverIndices(INDEX), (Store(V, ELEMENT, ONE), Append(RECORDER, ONE)), FREE, "n.v"),
    ),
    "once": (Once(), (Store(TOTAL, ZERO, ONE),), SERIAL, ""),
}


@pytest.mark.parametrize("name", CASES)
def test_the_order_of_a_kernel(name):
    domain, body, order, atomic = CASES[name]
    plan = plan_kernel(Kernel("k", domain, body, Clock("c")))
    assert plan.order is order
    assert sorted(plan.atomic) == ([atomic] if atomic else [])


def test_floating_sums_keep_their_order_where_that_is_asked_for():
    def order(domain, *body):
        return plan_kernel(Kernel("k", domain, body, Clock("c")), True).order

    assert order(OUT, add(V, POST)) is OWNED
    assert order(IN, add(V, POST)) is OWNED
    assert order(WHOLE, add(V, POST)) is OWNED
    assert order(OUT, add(V, PRE)) is OWNED
    assert order(WHOLE, add(V, PRE)) is OWNED
    assert order(IN, add(V, PRE)) is SERIAL
    assert order(FIRED, add(TOTAL, ZERO)) is SERIAL
    assert order(OUT, add(COUNT, POST, integer(1))) is FREE  # whole numbers are exact
    assert order(OUT, Accumulate(V, POST, "max", ONE)) is FREE  # and so are extremes
    assert order(ALL, add(V, ELEMENT)) is FREE


def test_what_is_read_before_the_loop_must_not_change_in_it():
    first = Let(Local("z", REAL), Load(TOTAL, ZERO))
    body = (Store(TOTAL, ZERO, Const(1.0, REAL)),)
    kernel = Kernel("k", FIRED, body, Clock("c"), (first,))
    assert plan_kernel(kernel).order is SERIAL
    bounded = OverElements("n.n", integer(0), Load(COUNT, ZERO))
    changing = Kernel("k", bounded, (add(COUNT, ELEMENT, integer(1)),), Clock("c"))
    assert plan_kernel(changing).order is SERIAL
