"""Quotients by constants and by exprel as products."""

import pytest

from simgen.dtypes import DType
from simgen.integrate.describe import describe
from simgen.integrate.reciprocal import with_reciprocals
from simgen.ir.construct import binary, call, real
from simgen.ir.expr import ELEMENT, Array, Load, Local, Param
from simgen.ir.stmt import If, Let, Store

V, W = Array("v", DType.REAL, "n_g"), Array("w", DType.REAL, "n_g")
X = Load(V, ELEMENT)
RATE = Local("rate", DType.REAL)
TAU = Param("tau", DType.REAL)


def over(left, right):
    return binary("/", left, right)


def texts(*statements):
    """What is computed after the rewriting, statement by statement."""
    return [describe(stmt.value) for stmt in with_reciprocals(statements)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (over(X, real(5.0)), "v * 0.2"),
        (over(X, real(1e-300)), "v / 1e-300"),
        (over(X, TAU), "v * (1 / tau)"),
        (over(real(1.0), X), "1 / v"),
        (over(real(1.0), call("exprel", X)), "recip_exprel(v)"),
        (over(TAU, call("exprel", X)), "tau * recip_exprel(v)"),
        (
            over(call("exprel", X), call("exprel", over(X, real(2.0)))),
            "exprel(v) * recip_exprel(v * 0.5)",
        ),
        (call("exprel", X), "exprel(v)"),
    ],
)
def test_quotients(before, after):
    assert texts(Store(W, ELEMENT, before)) == [after]


def test_a_named_exprel_that_only_divides_is_named_as_its_reciprocal():
    bound = Let(RATE, call("exprel", X))
    first, second = Store(V, ELEMENT, over(real(1.0), RATE)), Store(W, ELEMENT, over(TAU, RATE))
    assert texts(bound, first, second) == ["recip_exprel(v)", "rate", "tau * rate"]


def test_a_named_exprel_that_does_more_than_divide_keeps_its_value():
    bound = Let(RATE, call("exprel", X))
    first, second = Store(V, ELEMENT, over(real(1.0), RATE)), Store(W, ELEMENT, RATE)
    assert texts(bound, first, second) == ["exprel(v)", "1 / rate", "rate"]


def test_names_used_or_bound_under_a_condition_are_found():
    condition = binary("<", X, real(0.0))
    bound, used = Let(RATE, call("exprel", X)), Store(V, ELEMENT, over(TAU, RATE))
    _, inside = with_reciprocals((bound, If(condition, (used,))))
    assert describe(inside.body[0].value) == "tau * rate"
    (whole,) = with_reciprocals((If(condition, (bound, used)),))
    assert [describe(stmt.value) for stmt in whole.body] == ["recip_exprel(v)", "tau * rate"]
    _, still = with_reciprocals((bound, If(condition, (used, Store(W, ELEMENT, RATE)))))
    assert describe(still.body[0].value) == "tau / rate"
