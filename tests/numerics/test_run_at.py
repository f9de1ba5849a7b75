"""Code that runs at given times, on every target."""

from __future__ import annotations

import numpy as np
import pytest

import simgen
from simgen import Network, NeuronGroup, StateMonitor, Synapses, defaultclock, ms, mV
from simgen.errors import ArgumentTypeError, DimensionMismatchError, EquationError, ModelError


def test_code_runs_at_its_times_in_its_slot(device: str) -> None:
    group = NeuronGroup(
        5, "dv/dt = 1/ms : 1\nn : integer\nr : 1\ntotal : 1 (shared)", method="euler", name="G"
    )
    operation = group.run_at(
        "total += 1; v = 10*i; n += 1; r = rand()", times=[0.3, 0, 0.7] * ms, when="end"
    )
    group[1:3].run_at("n += 10", [0.5] * ms)
    synapses = Synapses(group, group, "w : 1", name="S")
    synapses.connect(j="i")
    synapses.run_at("w += t/ms; v_post += 100", 0.2 * ms)
    regular = group.run_regularly("n += 1000", dt=0.5 * ms)
    trace = StateMonitor(group, "v", record=[0, 2], order=-1)
    network = Network(group, synapses, trace)
    assert regular in network.objects
    np.testing.assert_allclose(operation.times / ms, [0, 0.3, 0.7])
    network.run(0.4 * ms)
    drawn = group.r[:]
    assert len(set(drawn)) == 5
    network.run(0.2 * ms)
    np.testing.assert_array_equal(group.r, drawn)  # it was not time
    network.run(0.3 * ms)
    assert (group.r != drawn).all()

    np.testing.assert_array_equal(group.n, [2003, 2013, 2013, 2003, 2003])
    assert group.total == 3
    np.testing.assert_allclose(synapses.w, 0.2)
    #            0.0 0.1  0.2    0.3  0.4  0.5  0.6  0.7  0.8
    first = [0, 0, 0.1, 100.2, 0, 0.1, 0.2, 0.3, 0]
    second = [0, 20, 20.1, 120.2, 20, 20.1, 20.2, 20.3, 20]
    np.testing.assert_allclose(trace.v, [first, second], atol=1e-9)


def test_times_keep_their_place_when_dt_changes_and_state_is_restored(device: str) -> None:
    group = NeuronGroup(1, "n : integer")
    group.run_at("n = n*10 + t_in_timesteps", [0.1, 0.4, 0.8] * ms)
    network = Network(group)
    network.run(0.2 * ms)
    assert group.n == 1
    network.store()
    network.run(0.4 * ms)
    assert group.n == 14
    network.restore()
    network.run(0.4 * ms)
    assert group.n == 14
    defaultclock.dt = 0.2 * ms
    network.run(0.4 * ms)
    assert group.n == 144


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("v = 0*mV", [1, 2]), DimensionMismatchError, ["times", "[1, 2]", "run_at"]),
        (("v = 0*mV", [1, 2] * mV), DimensionMismatchError, ["times"]),
        (("v = 0*mV", [-1, 2] * ms), ModelError, ["-0.001"]),
        (("v = 0*mV", [np.inf, 2] * ms), ModelError, ["inf"]),
        (("v = 0*mV", [0.05, 2] * ms), ModelError, ["5e-05", "0.0001", "cells"]),
        (("v = 0*mV", [2, 2] * ms), ModelError, ["twice", "0.002"]),
        (("v = 0*mV", [[2, 2]] * ms), ArgumentTypeError, ["(1, 2)"]),
        (("v = 0*mV", "2*ms"), ArgumentTypeError, ["'2*ms'"]),
        ((3, [2] * ms), ArgumentTypeError, ["run_at", "3", "cells"]),
        (("v = ", [2] * ms), EquationError, ["run_at", "cells"]),
        (("v = 0*mV", [2] * ms, "strat"), ModelError, ["'strat'"]),
    ],
)
def test_times_that_cannot_be_are_refused(arguments, error, words) -> None:
    simgen.start_scope()
    group = NeuronGroup(1, "v : volt", name="cells")
    with pytest.raises(error) as caught:
        group.run_at(*arguments)
    for word in words:
        assert word in str(caught.value)
    assert group.contained_objects == []  # nothing of it stays


def test_no_times_are_allowed(device: str) -> None:
    group = NeuronGroup(2, "v : 1")
    group.run_at("v = 1", [] * ms)
    Network(group).run(0.3 * ms)
    assert not group.v[:].any()
