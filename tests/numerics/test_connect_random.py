"""Random connections by text: independent numbers, and probabilities outside 0 to 1."""

import numpy as np
import pytest

from simgen import NeuronGroup, SimgenError, Synapses, seed, start_scope


@pytest.mark.parametrize("side", ["i", "j"])
@pytest.mark.parametrize("about", ["", " + 0*i + 0*j", " + 0*v_pre + 0*v_post"])
@pytest.mark.parametrize("loop", ["range(150)", "sample(150, p=0.8)"])
def test_each_turn_of_a_generator_draws_its_own_numbers(side, about, loop):
    start_scope()
    seed(12)
    group = NeuronGroup(150, "v : 1")
    synapses = Synapses(group, group)
    synapses.connect(**{side: f"k for k in {loop} if rand() < 0.3{about}"})
    table = np.zeros((150, 150))
    np.add.at(table, (synapses.i[:], synapses.j[:]), 1)
    p = 0.3 if loop.startswith("range") else 0.24
    assert table.max() == 1
    assert abs(table.mean() - p) < 4 * np.sqrt(p * (1 - p)) / 150
    for axis in (0, 1):  # as for independent pairs: the variance of counts is binomial
        assert 0.6 < table.sum(axis).var() / (150 * p * (1 - p)) < 1.5


def test_texts_of_one_connect_draw_independently():
    start_scope()
    seed(5)
    group = NeuronGroup(100, "v : 1")
    numbers, guarded, made = (Synapses(group, group) for _ in range(3))
    numbers.connect("rand() < 0.3", n="1 + int(2*rand())")  # one number would give n = 1
    assert abs(len(numbers) / 4500 - 1) < 0.06
    guarded.connect("rand() < 0.3", p="int(rand() < 0.3)")
    assert abs(len(guarded) / 900 - 1) < 0.14
    made.connect(j="int(100*rand()) for k in range(50) if rand() < 0.5")
    assert abs(made.j[:].mean() - 49.5) < 3
    assert abs(len(made) / 2500 - 1) < 0.08


@pytest.mark.parametrize("n", [4, 400])  # the text is evaluated, or compiled
@pytest.mark.parametrize("start", [0, 1])
def test_probabilities_outside_0_to_1_count_as_these(device, caplog, n, start):
    group = NeuronGroup(n, "x : 1")
    synapses = Synapses(group[start:], group[start:])
    with caplog.at_level("WARNING", "simgen.connect"):
        synapses.connect("i != j", p="3*i - 4.0")
    made = list(zip(synapses.i[:].tolist(), synapses.j[:].tolist()))
    size = n - start
    assert made == [(i, j) for i in range(2, size) for j in range(size) if i != j]
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        f"p of connect() of {synapses.describe()} is -4.0 for i = 0, j = 1; it counts as 0 below 0 "
        "and as 1 above 1."
    ]
    with pytest.raises(SimgenError, match=r"p of connect.* is nan for i = 2, j = 0, which is no"):
        synapses.connect(p="3*i - 4 + 0.0*sqrt(1 - i)")
    caplog.clear()
    synapses.connect(j="k for k in range(2)", p="2*int(i == 1)")
    assert synapses.i[-2:].tolist() == [1, 1]
    assert synapses.j[-2:].tolist() == [0, 1]
    assert len(caplog.records) == 1
