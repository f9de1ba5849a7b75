"""What has no value is an error on every target, not a silent 0 or NaN."""

import pytest

from simgen import ModelError, Network, NeuronGroup, NumericalError, PoissonGroup, Synapses, ms

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
