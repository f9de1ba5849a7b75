"""store() and restore(): a network goes on from a stored state as if nothing had happened.

A "new process" is a new scope with new objects, whose seed, values and connections all differ.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from stored_networks import Whole, differing

import simgen
from simgen import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    restore,
    run,
    seed,
    start_scope,
    store,
)

pytestmark = pytest.mark.usefixtures("device")
T = 10 * ms


def test_a_run_in_two_processes_is_bit_for_bit_the_run_in_one(tmp_path):
    first = Whole(1)
    first.net.run(T)
    first.net.store("half", tmp_path / "states")
    half = first.state()
    first.net.run(T)
    end = first.state()
    assert len(first.spikes.t) > 50
    assert differing(half, end)
    whole = Whole(1)  # storing has changed nothing
    whole.net.run(T)
    whole.net.run(T)
    assert differing(whole.state(), end) == []
    second = Whole(2)
    second.net.restore("half", tmp_path / "states", restore_random_state=True)
    assert differing(second.state(), half) == []
    second.net.run(T)
    assert differing(second.state(), end) == []


def test_the_same_network_goes_back_again_and_again():
    whole = Whole(3)
    whole.net.store()
    begin = whole.state()
    whole.net.run(T)
    whole.net.store("half")
    half = whole.state()
    whole.net.run(T)
    end = whole.state()
    for _ in range(2):
        whole.net.restore(restore_random_state=True)
        assert differing(whole.state(), begin) == []
        whole.net.run(T)
        assert differing(whole.state(), half) == []
        whole.net.restore("half", restore_random_state=True)
        whole.net.store("again")  # without a run in between
        whole.net.run(T)
        assert differing(whole.state(), end) == []
        whole.net.restore("again", restore_random_state=True)
        whole.net.run(T)
        assert differing(whole.state(), end) == []


def test_a_new_process_needs_neither_connections_nor_values(tmp_path):
    def build(connected):
        start_scope()
        seed(8 if connected else 9)
        source = PoissonGroup(10, 300 * Hz, name="source")
        target = NeuronGroup(5, "v : 1", name="target")
        links = Synapses(source, target, "w : 1", on_pre="v_post += w", name="links")
        if connected:
            links.connect(p=0.5, n=2)
            links.w = "rand()"
            links.delay = "rand()*2*ms"
        return target, links, Network(source, target, links)

    target, links, net = build(True)
    net.run(10 * ms)
    net.store(filename=tmp_path / "states")
    net.run(10 * ms)
    fresh, others, other = build(False)
    other.restore(filename=tmp_path / "states", restore_random_state=True)
    other.run(10 * ms)
    assert np.array_equal(fresh.v[:], target.v[:])
    assert np.array_equal(others.i[:], links.i[:])
    assert np.array_equal(others.delay_[:], links.delay_[:])


def test_spikes_under_way_arrive_after_each_restoring():
    source = SpikeGeneratorGroup(3, [0, 1, 2], [0.5, 0.7, 0.9] * ms)
    target = NeuronGroup(2, "v : 1")
    links = Synapses(source, target, on_pre="v_post += i + 1")
    links.connect()
    links.delay = "0.6*ms + j*ms"
    net = Network(source, target, links)
    net.run(1 * ms)
    net.store()
    for _ in range(3):
        net.restore()
        assert list(target.v) == [0, 0]
        net.run(0.2 * ms)
        assert list(target.v) == [1, 0]
        net.run(2 * ms)
        assert list(target.v) == [6, 6]


def delayed_spikes(*times):
    """Return a neuron, synapses of 1 ms onto it, and their network; source k spikes at times[k]."""
    start_scope()
    source = SpikeGeneratorGroup(len(times), range(len(times)), times * ms, name="source")
    target = NeuronGroup(1, "v : 1", name="target")
    links = Synapses(source, target, on_pre="v_post += i + 1", name="links")
    links.connect()
    links.delay = 1 * ms
    return target, links, Network(source, target, links)


def test_carried_spikes_are_stored(tmp_path):
    target, links, net = delayed_spikes(0.5, 0.9)
    net.run(0.8 * ms)
    links.delay = 0.3 * ms  # the first spike keeps its arrival at 1.5 ms, the second's is at 1.2 ms
    net.run(0.2 * ms)
    net.store(filename=tmp_path / "states")
    for _ in range(2):
        seen = []
        for _ in range(7):
            net.run(0.1 * ms)
            seen.append(target.v[0])
        assert seen == [0, 0, 2, 2, 2, 3, 3]
        target, links, net = delayed_spikes(0.5, 0.9)
        net.restore(filename=tmp_path / "states")
    links.delay = 2 * ms  # nor do those that were restored and never ran here
    net.run(0.5 * ms)
    assert target.v[0] == 2
    net.run(0.1 * ms)
    assert target.v[0] == 3


def test_a_spike_that_is_carried_arrives_once(tmp_path):
    _, links, net = delayed_spikes(0.5)
    net.run(0.8 * ms)
    links.delay = 2 * ms  # an event of 0.5 ms is as recent now as the delay is long
    net.run(0.1 * ms)
    net.store(filename=tmp_path / "states")
    target, links, net = delayed_spikes(0.5)
    net.restore(filename=tmp_path / "states")
    net.run(3 * ms)
    assert target.v[0] == 1


@pytest.mark.parametrize("dt", [0.05, 0.2])
def test_restored_spikes_follow_a_change_of_dt(tmp_path, dt):
    def build():
        start_scope()
        defaultclock.dt = 0.1 * ms
        source = SpikeGeneratorGroup(2, [0, 1], [0.5, 0.9] * ms, name="source")
        target = NeuronGroup(1, "v : 1", threshold="v > 100", refractory=1 * ms, name="target")
        links = Synapses(source, target, on_pre="v_post += i + 1", name="links")
        links.connect()
        links.delay = 1 * ms
        return target, Network(source, target, links)

    def values(target, net):
        defaultclock.dt = dt * ms
        found = []
        for _ in range(8):
            net.run(0.2 * ms)
            found.append(target.v[0])
        return found

    target, net = build()
    net.run(1 * ms)
    net.store(filename=tmp_path / "states")
    expected = values(target, net)
    target, net = build()
    defaultclock.dt = 1 * ms
    net.restore(filename=tmp_path / "states")
    assert defaultclock.dt_ == 1e-4  # as it was stored
    assert values(target, net) == expected
    assert expected[0] == 0
    assert expected[-1] == 3


def test_connections_and_delays_go_back():
    group = NeuronGroup(4, "v : 1", threshold="v > 2", reset="v = 0")
    links = Synapses(group, group, "w : 1", on_pre="v_post += w", multisynaptic_index="k")
    links.connect(i=[2, 0, 1, 0], j=[1, 3, 3, 3])
    links.w = [1, 2, 3, 4]
    links.delay = [3, 1, 2, 1] * ms
    net = Network(group, links)
    net.run(1 * ms)
    net.store()
    links.connect(i=[0, 3], j=[3, 0])
    links.w = "k + 10"
    links.delay = 2 * ms
    net.run(1 * ms)
    net.restore()
    assert list(links.i) == [2, 0, 1, 0]
    assert list(links.j) == [1, 3, 3, 3]
    assert list(links.k) == [0, 0, 0, 1]
    assert list(links.w) == [1, 2, 3, 4]
    assert np.allclose(links.delay / ms, [3, 1, 2, 1])
    net.run(1 * ms)
    assert list(links.w) == [1, 2, 3, 4]


def test_training_and_testing_from_one_state():
    source = PoissonGroup(20, 100 * Hz)
    target = NeuronGroup(5, "dv/dt = -v/(5*ms) : 1", threshold="v > 1", reset="v = 0")
    links = Synapses(source, target, "w : 1", on_pre="v_post += w")
    links.connect()
    links.w = 0.25
    spikes = SpikeMonitor(target)
    store("untrained")
    numbers = []
    for rate in (50, 100, 200):
        restore("untrained")
        source.rates = rate * Hz
        run(20 * ms)
        numbers.append(spikes.num_spikes)
    assert numbers == sorted(numbers)
    assert numbers[0] < numbers[2]
    store("trained")
    links.w = 0
    run(20 * ms)
    restore("trained")
    assert links.w[0] == 0.25
    assert spikes.num_spikes == numbers[2]
    assert defaultclock.t == 20 * ms


def test_two_clocks_go_on_together(tmp_path):
    def build():
        start_scope()
        fast = NeuronGroup(1, "n : integer", dt=0.1 * ms, name="fast")
        slow = NeuronGroup(1, "n : integer", dt=0.3 * ms, name="slow")
        for group in (fast, slow):
            group.run_regularly("n += 1")
        state = StateMonitor(slow, "n", record=True, name="state")
        return fast, slow, state, Network(fast, slow, state)

    fast, slow, state, net = build()
    net.run(1 * ms)
    net.store(filename=tmp_path / "states")
    fast, slow, state, net = build()
    net.restore(filename=tmp_path / "states")
    assert (fast.t / ms, slow.t / ms) == pytest.approx((1, 1.2))
    assert (fast.n[0], slow.n[0]) == (10, 4)
    net.run(1 * ms)
    assert (fast.n[0], slow.n[0]) == (20, 7)
    assert list(state.n[0]) == list(range(1, 8))
    assert np.allclose(state.t / ms, np.arange(7) * 0.3)


SCRIPT = """
import sys
import numpy as np
from simgen import *
set_device("reference")
seed(int(sys.argv[1]))
group = NeuronGroup(20, "dv/dt = 0.2/ms + xi*ms**-0.5 : 1", threshold="v > 1", reset="v = 0",
                    refractory=1*ms, method="euler")
links = Synapses(group, group, "w : 1", on_pre="v_post += w")
links.connect(p=0.3)
links.w = "rand()/8"
links.delay = "rand()*3*ms"
spikes = SpikeMonitor(group)
match sys.argv[3]:
    case "store":
        run(5*ms)
        store("half", sys.argv[2])
    case "restore":
        restore("half", sys.argv[2], restore_random_state=True)
run(5*ms)
print(spikes.t_.tobytes().hex(), spikes.i.tobytes().hex(), group.v[:].tobytes().hex())
"""


@pytest.mark.parametrize("device", ["reference"], indirect=False)
def test_another_process_goes_on(device, tmp_path):
    def script(number, what):
        words = [sys.executable, "-c", SCRIPT, number, str(tmp_path / "states"), what]
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
        return done.stdout

    stored = script("1", "store")
    assert len(stored) > 100
    assert script("2", "restore") == stored


def test_magic_functions_are_exported():
    assert simgen.store is store
    assert {"store", "restore", "StateFileError"} <= set(simgen.__all__)
