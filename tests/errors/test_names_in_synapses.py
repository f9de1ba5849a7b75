"""A name that synaptic code does not find: the error says which group lacks it."""

from __future__ import annotations

import pytest

from simgen import Network, NeuronGroup, Synapses, UnknownNameError, ms


def run_linked(inputs, cells, code):
    links = Synapses(inputs, cells, "w : 1", name="links", **code)
    links.connect()
    Network(inputs, cells, links).run(0 * ms)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            {"on_pre": "v += 1"},
            "Neither the synapses nor the target NeuronGroup 'cells' has a variable 'v'. "
            "Did you mean 'vm'?",
        ),
        (
            {"on_pre": "u += v_post"},
            "The target NeuronGroup 'cells' has no variable 'v'. Did you mean 'vm_post'?",
        ),
        (
            {"on_post": "volt_pre += 1"},
            "The source NeuronGroup 'inputs' has no variable 'volt'. Did you mean 'volts_pre'?",
        ),
        (
            {"on_pre": "x += 1"},
            "That of the source NeuronGroup 'inputs' is written 'x_pre'.",
        ),
        (
            {"on_pre": "u += w*int(delay > 1*ms)"},
            "declare a variable such as 'lag : second (constant)', and set S.lag = S.delay[:].",
        ),
    ],
)
def test_the_group_that_lacks_a_name_is_named(code, expected):
    inputs = NeuronGroup(2, "x : 1\nvolts : 1", threshold="x > 1", name="inputs")
    cells = NeuronGroup(2, "u : 1\nvm : 1", threshold="u > 1", name="cells")
    with pytest.raises(UnknownNameError) as found:
        run_linked(inputs, cells, code)
    assert expected in str(found.value)
