"""The statements of event-driven equations, and what is refused."""

import pytest

from simgen.dtypes import DType
from simgen.errors import EquationError
from simgen.integrate.describe import describe
from simgen.integrate.event_driven import integrate_event_driven
from simgen.integrate.model import Ode
from simgen.ir.construct import binary, call, negate, real
from simgen.ir.expr import POST, SYNAPSE, Array, Binary, Call, Load, Local, Param, Time
from simgen.ir.stmt import Store

ELAPSED = Local("elapsed", DType.REAL)


def var(name, index=SYNAPSE):
    return Load(Array(name, DType.REAL, "n_s"), index)


def par(name):
    return Param(name, DType.REAL)


X, Y, Z = var("x"), var("y"), var("z")
DECAY = Ode(X, binary("/", negate(X), par("tau")), "x")


def lines(*odes):
    return [
        f"{s.array.name if isinstance(s, Store) else s.local.name} = {describe(s.value)}"
        for s in integrate_event_driven(odes, ELAPSED, "s_")
    ]


def test_a_decay_is_one_product_with_an_exponential():
    (store,) = integrate_event_driven((DECAY,), ELAPSED, "s_")
    rate = binary("/", real(-1.0), par("tau"))
    exponential = Call("exp", (Binary("*", rate, ELAPSED),), DType.REAL)
    assert store == Store(X.array, SYNAPSE, Binary("*", X, exponential))


def test_traces_with_one_time_constant_share_the_exponential():
    other = Ode(Y, binary("/", negate(Y), par("tau")), "y")
    assert lines(DECAY, other) == [
        "s_exp1 = exp(-1 / tau * elapsed)",
        "x = x * s_exp1",
        "y = y * s_exp1",
    ]


def test_a_computed_interval_is_bound_once():
    interval = binary("*", par("dt"), par("steps"))
    text = [describe(s.value) for s in integrate_event_driven((DECAY,), interval, "s_")]
    assert text == ["dt * steps", "x * exp(-1 / tau * s_elapsed)"]


def test_neuron_variables_count_as_constant_between_events():
    post = var("v", POST)
    assert lines(Ode(X, binary("*", post, binary("-", real(1.0), X)), "x")) == [
        "x = x + (-v * x + v) * elapsed * exprel(-v * elapsed)"
    ]


def test_a_variable_that_stands_still_needs_nothing():
    assert lines(Ode(X, real(0.0), "x")) == []


HINT = "Only its exact solution could be used between events; mark it (clock-driven)."


@pytest.mark.parametrize(
    ("odes", "message"),
    [
        (
            [Ode(X, binary("*", X, X), "x")],
            "the event-driven equation of 'x' is not linear, because of x * x.",
        ),
        (
            [Ode(X, call("exp", X), "x")],
            "the event-driven equation of 'x' is not linear, because of exp(x).",
        ),
        ([Ode(X, Time(), "x")], "the event-driven equation of 'x' reads t."),
        (
            [Ode(X, negate(X), "x", noise=(("xi", real(1.0)),))],
            "the event-driven equation of 'x' has noise.",
        ),
        (
            [Ode(X, Y, "x"), Ode(Y, Z, "y"), Ode(Z, negate(Z), "z")],
            "the event-driven equations of 'x', 'y', 'z' form a chain of more than two.",
        ),
        (
            [Ode(X, Y, "x"), Ode(Y, binary("-", par("b"), Y), "y")],
            "the event-driven equations of 'x', 'y' include one with a drive that feeds another.",
        ),
    ],
)
def test_what_has_no_closed_solution_is_refused(odes, message):
    with pytest.raises(EquationError) as caught:
        integrate_event_driven(odes, ELAPSED, "s_")
    assert str(caught.value).strip() == f"{message} {HINT}"
