"""Which code of single synapses shows the order of the visits."""

import pytest

from simgen.dtypes import DType
from simgen.ir.construct import binary, call, compare, real
from simgen.ir.expr import (
    POST,
    PRE,
    SYNAPSE,
    ZERO,
    Array,
    Gather,
    Index,
    IndexKind,
    IndexValue,
    Load,
    Local,
    Param,
    RandomDraw,
    Role,
    Time,
)
from simgen.ir.order import Reach, order_dependences
from simgen.ir.stmt import Accumulate, If, Let, Store


def array(name, length="n"):
    return Array(name, DType.REAL, length)


V, U, X, W, SHARED = array("v"), array("u"), array("x"), array("w"), array("g")
LINK = Array("link", DType.I64, "n")
PLACES = Array("places", DType.U32, "n", Role.PERMUTATION)
POST_PLACE, PRE_PLACE = Index(IndexKind.POST, PLACES), Index(IndexKind.PRE, PLACES)
W_S, V_POST, U_POST, X_PRE = Load(W, SYNAPSE), Load(V, POST), Load(U, POST), Load(X, PRE)
TEMPORARY = Local("tmp", DType.REAL)
CONSTANT = Param("c", DType.REAL)


def plus(left, right):
    return binary("+", left, right)


def times(left, right):
    return binary("*", left, right)


FREE = {
    "sums": (Accumulate(V, POST, "+", W_S), Accumulate(X, PRE, "+", W_S)),
    "sums from both ends": (Accumulate(V, POST, "+", W_S), Accumulate(V, PRE, "+", W_S)),
    "sums written out": (
        Store(V, POST, plus(V_POST, W_S)),
        Store(V, POST, plus(W_S, V_POST)),
        Store(V, POST, binary("-", V_POST, W_S)),
        Accumulate(V, POST, "+", W_S),
    ),
    "products written out": (Store(V, POST, times(W_S, V_POST)),),
    "products": (Accumulate(V, POST, "*", W_S),),
    "extremes": (Accumulate(V, POST, "max", W_S), Accumulate(X, PRE, "min", W_S)),
    "weights": (Store(W, SYNAPSE, plus(times(W_S, V_POST), X_PRE)),),
    "a constant": (Store(V, POST, times(CONSTANT, Time())),),
    "a constant under a condition": (
        If(compare(">", W_S, real(0.0)), (Store(V, POST, CONSTANT),)),
        If(compare("<", W_S, X_PRE), (Store(V, POST, CONSTANT),)),
    ),
    "a value of the element": (Store(V, POST, plus(U_POST, Load(SHARED, ZERO))),),
    "its own decay": (Store(V, POST, times(V_POST, CONSTANT)),),
    "its own decay under a condition": (
        If(compare(">", W_S, real(0.0)), (Store(V, POST, times(V_POST, U_POST)),)),
    ),
    "a gate of the element": (
        If(compare(">", V_POST, CONSTANT), (Store(V, POST, times(V_POST, CONSTANT)),)),
    ),
    "a local": (Let(TEMPORARY, times(U_POST, CONSTANT)), Store(V, POST, TEMPORARY)),
    "the element's number": (Store(V, POST, call("exp", IndexValue(POST))),),
}
ORDERED = {
    "the last one stays": ((Store(X, PRE, W_S),), X, Reach.SOURCE),
    "by a local": ((Let(TEMPORARY, W_S), Store(V, POST, TEMPORARY)), V, Reach.TARGET),
    "digits": ((Store(V, POST, plus(times(V_POST, CONSTANT), W_S)),), V, Reach.TARGET),
    "sums and products": (
        (Accumulate(V, POST, "+", W_S), Accumulate(V, POST, "*", W_S)),
        V,
        Reach.TARGET,
    ),
    "a sum that is set back": (
        (Accumulate(V, POST, "+", W_S), Store(V, POST, real(0.0))),
        V,
        Reach.TARGET,
    ),
    "a sum that is read": (
        (Accumulate(X, PRE, "+", real(1.0)), Store(W, SYNAPSE, X_PRE)),
        X,
        Reach.SOURCE,
    ),
    "a sum that is read at the other end": (
        (Accumulate(V, POST, "+", W_S), Store(W, SYNAPSE, Load(V, PRE))),
        V,
        Reach.ALL,
    ),
    "a sum of itself": ((Accumulate(V, POST, "+", times(V_POST, W_S)),), V, Reach.TARGET),
    "a sum under a condition on itself": (
        (If(compare("<", V_POST, CONSTANT), (Accumulate(V, POST, "+", W_S),)),),
        V,
        Reach.TARGET,
    ),
    "two decays under conditions": (
        (
            If(compare(">", W_S, real(0.0)), (Store(V, POST, times(V_POST, CONSTANT)),)),
            If(compare("<", W_S, real(0.0)), (Store(V, POST, plus(V_POST, CONSTANT)),)),
        ),
        V,
        Reach.TARGET,
    ),
    "a condition on the synapse and itself": (
        (If(compare(">", W_S, V_POST), (Store(V, POST, times(V_POST, CONSTANT)),)),),
        V,
        Reach.TARGET,
    ),
    "a value of the other end": ((Store(V, POST, X_PRE),), V, Reach.TARGET),
    "a difference the other way round": (
        (Store(V, POST, binary("-", W_S, V_POST)),),
        V,
        Reach.TARGET,
    ),
    "twice itself and more": (
        (Store(V, POST, plus(plus(V_POST, V_POST), W_S)),),
        V,
        Reach.TARGET,
    ),
    "both ends are set": (
        (Store(V, POST, real(1.0)), Store(V, PRE, real(2.0))),
        V,
        Reach.ALL,
    ),
    "a link to what is written": (
        (Accumulate(V, POST, "+", Load(V, Index(IndexKind.POST, LINK))),),
        V,
        Reach.ALL,
    ),
    "the last one at a place stays": ((Store(V, POST_PLACE, W_S),), V, Reach.TARGET),
    "the last one at a place of a source stays": ((Store(V, PRE_PLACE, W_S),), V, Reach.SOURCE),
    "the last one that is linked to stays": (
        (Store(V, Index(IndexKind.POST, LINK), W_S),),
        V,
        Reach.ALL,
    ),
    "a place of what is written": (
        (Accumulate(V, POST, "+", real(1.0)), Store(W, SYNAPSE, Gather(V, IndexValue(PRE)))),
        V,
        Reach.ALL,
    ),
    "a random number": (
        (Store(V, POST, RandomDraw("rand", (), Param("key", DType.U64), 0)),),
        V,
        Reach.TARGET,
    ),
    "a written value of the element": (
        (Accumulate(U, POST, "+", W_S), Store(V, POST, U_POST)),
        U,
        Reach.TARGET,
    ),
}


@pytest.mark.parametrize("name", FREE)
def test_what_commutes_has_no_order(name):
    assert order_dependences(FREE[name]) == ()


@pytest.mark.parametrize("name", ORDERED)
def test_what_does_not_commute_is_named_with_its_reach(name):
    body, found, reach = ORDERED[name]
    assert (found, reach) in [(each.array, each.reach) for each in order_dependences(body)]
