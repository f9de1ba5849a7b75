"""The statements of event-driven equations, and what is refused."""

import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.errors import EquationError, NumericalError
from simgen.integrate.describe import describe
from simgen.integrate.event_driven import plan_event_driven
from simgen.integrate.model import Ode
from simgen.ir.construct import binary, call, cast, negate, real
from simgen.ir.expr import (
    POST,
    SYNAPSE,
    Array,
    Binary,
    Call,
    Flow,
    Gather,
    Load,
    Local,
    Param,
    Step,
    Time,
)
from simgen.ir.stmt import If, Let, Store
from simgen.ir.visit import walk

STEPS = Local("steps", DType.I64)
WIDTH = Param("width", DType.F64)


def var(name, index=SYNAPSE):
    return Load(Array(name, DType.REAL, "n_s"), index)


def par(name):
    return Param(name, DType.REAL)


X, Y, Z = var("x"), var("y"), var("z")
DECAY = Ode(X, binary("/", negate(X), par("tau")), "x")


def statements(*odes, count=STEPS):
    return plan_event_driven(odes, WIDTH, "s").statements(count, "s_")


def lines(*odes, count=STEPS):
    return [
        f"{s.array.name if isinstance(s, Store) else s.local.name} = {describe(s.value)}"
        for s in statements(*odes, count=count)
    ]


def test_a_decay_is_one_product_with_an_exponential():
    elapsed, store = statements(DECAY)
    seconds = binary("*", cast(STEPS, DType.REAL), cast(WIDTH, DType.REAL))
    assert elapsed == Let(Local("s_elapsed", DType.REAL), seconds)
    rate = binary("/", real(-1.0), par("tau"))
    exponential = Call("exp", (Binary("*", rate, elapsed.local),), DType.REAL)
    assert store == Store(X.array, SYNAPSE, Binary("*", X, exponential))


def test_traces_with_one_time_constant_share_the_exponential():
    other = Ode(Y, binary("/", negate(Y), par("tau")), "y")
    assert lines(DECAY, other) == [
        "s_elapsed = steps * width",
        "s_exp1 = exp(-1 / tau * s_elapsed)",
        "x = x * s_exp1",
        "y = y * s_exp1",
    ]


def test_a_computed_number_of_steps_becomes_an_interval_once():
    count = binary("-", Step(), Local("last", DType.I64))
    assert lines(DECAY, count=count) == [
        "s_elapsed = (t_in_timesteps - last) * width",
        "x = x * exp(-1 / tau * s_elapsed)",
    ]


def test_neuron_variables_count_as_constant_between_events():
    post = var("v", POST)
    assert lines(Ode(X, binary("*", post, binary("-", real(1.0), X)), "x"))[1:] == [
        "x = x + (-v * x + v) * s_elapsed * exprel(-v * s_elapsed)"
    ]


def test_a_variable_that_stands_still_needs_nothing():
    assert lines(Ode(X, real(0.0), "x"))[1:] == []


CHAIN = (Ode(X, binary("-", Y, X), "x"), Ode(Y, binary("-", Z, Y), "y"), Ode(Z, negate(Z), "z"))


def test_shared_constants_give_a_table_that_digits_of_the_steps_choose_from():
    count = binary("-", Step(), Local("last", DType.I64))
    found = statements(*CHAIN, count=count)
    assert [s.local.name for s in found if isinstance(s, Let)][:2] == ["s_steps", "s_powers1_line0"]
    depth, body = 0, found
    while isinstance(body[-1], If):
        depth += 1
        assert describe(body[-1].condition) == f"s_steps >= {64**depth}"
        body = body[-1].body
    assert depth == 6
    gathered = {node.position for s in body for node in walk(s.value) if isinstance(node, Gather)}
    assert len(gathered) == 6  # only what is not zero


def test_the_table_is_computed_when_its_constants_change():
    table, again = plan_event_driven(CHAIN, WIDTH, "s"), plan_event_driven(CHAIN, WIDTH, "t")
    (derived,) = table.derived
    assert [target.name for target in derived.targets] == ["n_s.powers1", "s.powers1"]
    assert again.derived[0].targets[1].name == "t.powers1"
    numbers = [0.5, *(np.array(-1.0 if i % 2 else 1.0) for i in range(len(derived.inputs) - 1))]
    first = derived.compute(list(numbers))
    assert int(first[0]) == first[1].size == 6 * 64 * 7
    assert derived.compute(list(numbers))[1] is first[1] or np.shares_memory(
        derived.compute(list(numbers))[1], first[1]
    )
    other = derived.compute([0.25, *numbers[1:]])
    assert not np.array_equal(other[1], first[1])
    with pytest.raises(NumericalError, match="the coefficient of 'x' in dx/dt"):
        derived.compute([0.5, *(np.array(np.nan) for _ in numbers[1:])])


def test_coefficients_that_differ_are_exponentiated_in_the_kernel():
    own = Ode(Z, binary("*", negate(Z), var("rate")), "z")
    found = statements(*CHAIN[:2], own)
    flows = [node for s in found for node in walk(s.value) if isinstance(node, Flow)]
    assert [(flow.row, flow.blocks) for flow in flows] == [(2, (1, 1, 1))]
    assert {len(flow.matrix) for flow in flows} == {9}
    names = [s.local.name for s in found if isinstance(s, Let)]
    assert names[:2] == ["s_elapsed", "s_a_z_from_z"]


def test_a_drive_is_one_more_variable_of_the_kernels_exponential():
    driven = Ode(Y, binary("-", var("v", POST), binary("*", var("rate"), Y)), "y")
    found = statements(Ode(X, binary("-", Y, X), "x"), driven)
    flows = [node for s in found for node in walk(s.value) if isinstance(node, Flow)]
    assert {flow.blocks for flow in flows} == {(1, 1, 1)}
    assert {flow.start[0] for flow in flows} == {real(1.0)}
    assert len(flows) == 1  # y has a closed form


RING = [(var(f"x{k}"), var(f"x{(k + 1) % 9}")) for k in range(9)]
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
            [Ode(v, binary("*", var("a"), w), f"x{k}") for k, (v, w) in enumerate(RING)],
            "the event-driven equations of 'x0', 'x1', 'x2', 'x3', 'x4', 'x5', 'x6', 'x7', 'x8' "
            "are coupled, and a may differ between synapses: then at most 7 are solved together.",
        ),
    ],
)
def test_what_has_no_closed_solution_is_refused(odes, message):
    with pytest.raises(EquationError) as caught:
        plan_event_driven(odes, WIDTH, "s")
    assert str(caught.value).strip() == f"{message} {HINT}"
