"""Counts with a mean that is none, and columns that a table does not have: both give no NaN."""

import numpy as np
import pytest

from simgen import (
    EquationError,
    NeuronGroup,
    NumericalError,
    Synapses,
    TimedArray,
    ms,
    run,
    start_scope,
)

MODEL = "x : 1\nq : 1\nk : integer\nb : boolean\n"


def cells(more="", **options):
    """Three neurons, of which the last has q = -1 and k = 5."""
    start_scope()
    group = NeuronGroup(3, MODEL + more, name="cells", **options)
    group.q, group.k = [2, 0, -1], [0, 1, 5]
    return group


@pytest.fixture
def names():
    return {
        "table": TimedArray([[1, 2], [3, 4]], dt=1 * ms, name="table"),
        "mean": -1,
        "other": TimedArray([[0, 1]], dt=1 * ms, name="other"),
    }


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("x = poisson(q)", "The mean of poisson() is negative or NaN at index 2"),
        ("b = poisson(q) > 1", "negative or NaN at index 2"),
        ("x = poisson(log(q))", "negative or NaN at index 2"),
        ("x = poisson(mean)", "The mean of poisson() is negative or NaN (NeuronGroup 'cells'"),
        ("b = table(t, k) > 5", "TimedArray 'table' is asked for a column that it does not have"),
        ("x = int(table(t, k - 1) > 5)", "does not have at index"),
        ("x = table(t, int(other(t, i - i)) + k)", "TimedArray 'table' is asked for a column"),
    ],
)
def test_a_run_says_so(names, code, shown):
    group = cells()
    group.run_regularly(code)
    with pytest.raises(NumericalError) as info:
        run(0.1 * ms, namespace=names)
    assert f"run_regularly of NeuronGroup 'cells', line 1\n    {code}\n" in str(info.value)
    assert shown in str(info.value)
    assert group.N == 3


@pytest.mark.usefixtures("device")
def test_conditions_and_synapses_say_so(names):
    group = cells(threshold="i == 2 and table(t, k) > 5", reset="")
    with pytest.raises(NumericalError, match=r"'table' is asked for a column .* at index 2"):
        run(0.1 * ms, namespace=names)
    start_scope()
    group = NeuronGroup(2, "q : 1", threshold="True", reset="", name="others")
    synapses = Synapses(group, group, "n : 1", on_pre="n = poisson(q_pre - 1)")
    synapses.connect(i=1, j=0)
    with pytest.raises(NumericalError, match="negative or NaN at the synapse from 1 to 0"):
        run(0.1 * ms, namespace=names)


@pytest.mark.usefixtures("device")
def test_what_is_guarded_or_inside_is_no_fault(names):
    group = cells("y = table(t, i) : 1\n")
    group.run_regularly("b = k < 2 and table(t, k) > 1")
    group.run_regularly("x = poisson(clip(q, 0, 1)*0)")
    run(0.1 * ms, namespace={**names, "table": TimedArray([[1, 2, 3]], dt=1 * ms)})
    assert group.b[:].tolist() == [False, True, False]
    assert group.x[:].tolist() == [0, 0, 0]


def test_text_that_is_evaluated_at_once_says_so():
    group = cells()
    with pytest.raises(NumericalError, match=r"mean of poisson\(\) is negative or NaN at index 2"):
        group.x = "poisson(q)"
    assert np.array_equal(group.x[:], [0, 0, 0])


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("x = poisson(-1)", "The mean of poisson() cannot be negative."),
        ("x = truncated_normal(0, -1, 1, 2)", "standard deviation of truncated_normal()"),
        ("x = truncated_normal(0, 1, 2, 1)", "The lower bound of truncated_normal() is above"),
    ],
)
def test_literals_are_refused_where_they_stand(code, shown):
    group = cells()
    group.run_regularly(code)
    with pytest.raises(EquationError) as info:
        run(0.1 * ms)
    assert shown in str(info.value)
    assert f"    {code}\n        ^^^" in str(info.value)
    assert group.N == 3
