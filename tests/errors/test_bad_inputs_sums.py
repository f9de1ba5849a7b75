"""Sums over elements where there can be none, or that cannot mean anything, are refused."""

from __future__ import annotations

import pytest
from bad_inputs import Bad, check_refused, network_of, neurons, run_of, synapses, table

from simgen import ms
from simgen.errors import (
    DimensionMismatchError,
    EquationError,
    NumericalError,
    SimgenError,
    UnknownNameError,
    UnsupportedFeatureError,
)

MODEL = "w : volt\nn : integer\nk : 1\nq : siemens\ntotal : volt (shared)"
NOT_HERE = "goes over all elements at once, which equations, the code of events and assigned text"


def regularly(code: str) -> None:
    made = synapses(MODEL)
    made.run_regularly(code)
    network_of(made).run(0.1 * ms, namespace={})


def in_group(code: str, **names: object) -> None:
    group = neurons("v : volt\nx : 1")
    group.run_regularly(code)
    run_of(group, namespace=names)


def assigned() -> None:
    synapses().w = "w - mean_over_post(w)"


def as_index() -> None:
    synapses().w["w > mean_all(w)"] = 0


def in_connect() -> None:
    synapses(connected=False).connect("v_pre > mean_all(v_pre)")


def through_a_subexpression(summed: str = "w") -> None:
    made = synapses(f"w : volt\ny = sum_over_post({summed}) : volt")
    made.run_regularly("w = y")
    network_of(made).run(0.1 * ms, namespace={"scale": 2})


def own_function(x: float) -> float:
    return x


ROWS = [
    Bad(
        "differential equation",
        lambda: neurons("dv/dt = sum_all(v)/second : volt"),
        UnsupportedFeatureError,
        ["'sum_all'", NOT_HERE, "run_regularly, run_at and run_now", "^^^^^^^^^^"],
    ),
    Bad(
        "on_pre",
        lambda: synapses(on_pre="w -= sum_over_post(w)"),
        UnsupportedFeatureError,
        ["on_pre", NOT_HERE],
    ),
    Bad("subexpression", through_a_subexpression, UnsupportedFeatureError, [NOT_HERE]),
    Bad(
        "subexpression with a constant",
        lambda: through_a_subexpression("scale*w"),
        UnsupportedFeatureError,
        [NOT_HERE, "y = sum_over_post(scale*w)"],
    ),
    Bad(
        "threshold",
        lambda: neurons("v : volt", threshold="v > mean_all(v)", reset=""),
        UnsupportedFeatureError,
        ["threshold", NOT_HERE],
    ),
    Bad("assigned text", assigned, UnsupportedFeatureError, ["'mean_over_post'", NOT_HERE]),
    Bad("index", as_index, UnsupportedFeatureError, ["condition", NOT_HERE]),
    Bad("connect", in_connect, UnsupportedFeatureError, ["connect()", NOT_HERE]),
    Bad(
        "over synapses in a group",
        lambda: in_group("v = sum_over_post(v)"),
        UnsupportedFeatureError,
        ["goes over synapses", "NeuronGroup 'exc'", "sum_all"],
    ),
    Bad(
        "dimension of a sum",
        lambda: regularly("w = sum_over_post(q)"),
        DimensionMismatchError,
        ["'w' is a voltage", "conductance", "^"],
    ),
    Bad(
        "dimension of a mean",
        lambda: regularly("k = mean_all(w)"),
        DimensionMismatchError,
        ["'k' has no dimension", "voltage"],
    ),
    Bad(
        "condition",
        lambda: regularly("n = sum_over_pre(k > 1)"),
        EquationError,
        ["needs a number", "'k > 1' is a condition", "int(...)"],
    ),
    Bad("no argument", lambda: regularly("w = sum_all()"), EquationError, ["takes 1 argument"]),
    Bad("not called", lambda: regularly("w = sum_all"), EquationError, ["Write sum_all(x)"]),
    Bad(
        "a stale local",
        lambda: regularly("old = w\nw *= 2\nw = old + 0*sum_over_pre(w)"),
        EquationError,
        ["old = w", "before 'w' changes", "^^^^^^^"],
    ),
    Bad(
        "a stale local of a sum",
        lambda: regularly("twice = 2*k\nk = 1\nk = sum_all(twice)"),
        EquationError,
        ["twice = 2*k", "before 'k' changes"],
    ),
    Bad(
        "a variable of the name",
        lambda: neurons("mean_all : 1"),
        EquationError,
        ["'mean_all' is a function of the language"],
    ),
    Bad(
        "a function of the name",
        lambda: in_group("x = sum_all(x)", sum_all=own_function),
        EquationError,
        ["'sum_all' is a built-in function", "a function of your own"],
    ),
    Bad(
        "count",
        lambda: regularly("n = count_over_post(w)"),
        UnknownNameError,
        ["no function 'count_over_post'", "sum_over_post(int(condition))"],
    ),
    Bad(
        "plain sum",
        lambda: regularly("w = sum(w)"),
        UnknownNameError,
        ["no function 'sum'", "sum_over_post(x)"],
    ),
    Bad(
        "shared variable",
        lambda: regularly("total = sum_over_post(w)"),
        EquationError,
        ["'total' is shared", "'sum_over_post' has a value for each element"],
    ),
    Bad(
        "integer division",
        lambda: regularly("n = sum_all(1//n)"),
        NumericalError,
        ["sum_all(1//n)", "divided by zero"],
    ),
    Bad(
        "integer division in a local",
        lambda: regularly("part = 7 % n\nn = sum_over_pre(part)"),
        NumericalError,
        ["part = 7 % n", "divided by zero"],
    ),
    Bad(
        "floating sum in an integer",
        lambda: regularly("n = sum_over_post(k)"),
        EquationError,
        ["'n' is integer", "int(...)"],
    ),
    Bad("assigned", lambda: regularly("sum_all = 3"), EquationError, ["'sum_all'", "^^^^^^^"]),
    Bad(
        "unknown name inside",
        lambda: regularly("w = sum_over_pre(sum_over_post(nope))"),
        UnknownNameError,
        ["'nope'"],
    ),
]


@table(ROWS)
def test_sums_that_cannot_be_are_refused(bad: Bad) -> None:
    check_refused(bad)


def test_all_wrong_sums_of_a_code_are_reported_at_once() -> None:
    with pytest.raises(SimgenError) as caught:
        regularly("w = sum_over_post(q)\nk = sum_all(w)\nk = sum_all(n > 1)")
    assert "3 problems" in str(caught.value)
