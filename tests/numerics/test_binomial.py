"""Binomial numbers in code: equal on all devices, of the right distribution, new at every call."""

import numpy as np
import pytest

from simgen import BinomialFunction, Network, NeuronGroup, StateMonitor, Synapses, ms, seed

N = 2000
_first: dict[str, np.ndarray] = {}


def test_places_that_draw(device):
    seed(3)
    few, many = BinomialFunction(7, 0.25), BinomialFunction(1000, 0.4)
    group = NeuronGroup(
        N,
        """x = few() : 1 (constant over dt)
           y : integer
           z : 1
           a : 1""",
        threshold="few() < 1",
        reset="z = many()",
        namespace={"few": few, "many": many},
    )
    group.run_regularly("y = few() - few(); a = x")
    synapses = Synapses(group, group, "w : 1", on_pre="w = few()", namespace={"few": few})
    synapses.connect(j="i")
    synapses.delay = 0 * ms
    group.z = "many() + 5000"
    begun = group.z[:] - 5000
    trace = StateMonitor(group, "a", record=True)
    Network(group, synapses, trace).run(0.3 * ms)
    fired = group.z[:] < 5000
    found = {
        "begun": begun, "a": trace.a.ravel(), "y": group.y[:], "z": group.z[:][fired],
        "w": synapses.w[fired], "fired": fired,
    }  # fmt: skip
    for name, expected in (_first or found).items():
        np.testing.assert_array_equal(found[name], expected, name)
    _first.update(found)

    assert begun.mean() == pytest.approx(400, abs=5 * np.sqrt(240 / N))
    assert begun.var() == pytest.approx(240, rel=0.2)
    steps = trace.a[:, 1:]
    assert steps.mean() == pytest.approx(1.75, abs=5 * np.sqrt(1.3125 / steps.size))
    assert not np.array_equal(*steps.T)
    assert found["y"].var() == pytest.approx(2 * 1.3125, rel=0.2)  # two calls, two numbers
    assert fired.mean() == pytest.approx(1 - (1 - 0.75**7) ** 3, abs=0.05)
    assert found["z"].mean() == pytest.approx(400, abs=5 * np.sqrt(240 / found["z"].size))
    assert found["w"].mean() == pytest.approx(1.75, abs=5 * np.sqrt(1.3125 / found["w"].size))


def test_certain_outcomes(device):
    none, all_, empty = BinomialFunction(9, 0), BinomialFunction(9, 1), BinomialFunction(0, 0.5)
    group = NeuronGroup(3, "x : 1", namespace={"none": none, "all_": all_, "empty": empty})
    group.run_regularly("x = 100*none() + 10*all_() + empty()")
    Network(group).run(0.1 * ms)
    assert group.x[:].tolist() == [90, 90, 90]
