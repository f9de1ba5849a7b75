"""What has no value is an error on every target, not a silent 0 or NaN."""

import pytest

from simgen import (
    ModelError,
    Network,
    NeuronGroup,
    NumericalError,
    PoissonGroup,
    Synapses,
    TimedArray,
    ms,
)

pytestmark = [pytest.mark.compiler, pytest.mark.usefixtures("device")]


def test_rates_given_as_text_are_no_nan():
    group = PoissonGroup(3, "sqrt(1.0 - i)*Hz", name="noise")
    net = Network(group)
    with pytest.raises(ModelError, match="'rates' of PoissonGroup 'noise' was nan Hz at index 2"):
        net.run(0.2 * ms)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("log(v)", "nan"),
        ("1/(v + 1)", "inf"),
        ("truncated_normal(0, 1, 2, 1 + v)", "nan"),
        ("truncated_normal(0, v, -1, 1)", "nan"),
    ],
)
def test_variables_constant_over_a_step_are_looked_at(text, value):
    group = NeuronGroup(3, f"x = {text} : 1 (constant over dt)\nv : 1", name="cells")
    net = Network(group)
    group.v = 1.5
    net.run(0.2 * ms)
    group.v[2] = -1
    with pytest.raises(NumericalError, match=f"'x' of NeuronGroup 'cells' is {value} at index 2"):
        net.run(0.2 * ms)


def test_variables_of_synapses_constant_over_a_step_are_looked_at():
    group = NeuronGroup(2, "v : 1", name="cells")
    synapses = Synapses(group, group, "x = log(v_post) : 1 (constant over dt)", name="syn")
    synapses.connect(j="i")
    group.v = [1, -1]
    with pytest.raises(NumericalError, match="'x' of Synapses 'syn' is nan at index 1"):
        Network(group, synapses).run(0.2 * ms)


@pytest.mark.parametrize(("index", "place"), [("i + 1", 1), ("k", 0), ("-i", 1)])
def test_indices_outside_a_table_are_told(index, place):
    table = TimedArray([[1, 2], [3, 4]], dt=1 * ms, name="table")
    group = NeuronGroup(2, f"dv/dt = f(t, {index})/ms : 1\nk : integer", name="cells")
    net = Network(group)
    group.k = [2**31 - 1, 0]
    with pytest.raises(NumericalError) as caught:
        net.run(0.2 * ms, namespace={"f": table})
    text = f"TimedArray 'table' is asked for a column that it does not have at index {place}"
    assert text in str(caught.value)


def test_indices_inside_a_table_are_taken():
    table = TimedArray([[1, 2], [3, 4]], dt=1 * ms)
    group = NeuronGroup(2, "dv/dt = f(t, 1 - i)/ms : 1\nk : integer\nw : 1")
    group.run_regularly("w = f(t, k)", dt=1 * ms)
    group.k = [1, 1]
    Network(group).run(2 * ms, namespace={"f": table})
    assert group.v[:].tolist() == pytest.approx([6, 4])
    assert group.w[:].tolist() == [4, 4]
