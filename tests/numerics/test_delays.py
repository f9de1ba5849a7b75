"""Delays: on which clock they count, what survives between runs, and what may change when."""

import numpy as np
import pytest

from simgen import (
    ModelError,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    mV,
    run,
)

pytestmark = pytest.mark.usefixtures("device")
N = 200


def test_delays_count_on_the_clock_of_the_source():
    source = SpikeGeneratorGroup(1, [0], [0.1] * ms, dt=0.1 * ms)
    target = NeuronGroup(N, "v : 1\nw : 1", dt=0.5 * ms)
    synapses = Synapses(source, target, on_pre="v += 1; w = t/ms", delay=0.3 * ms)
    synapses.connect()
    state = StateMonitor(target, "v", record=[150], dt=0.1 * ms, when="end")
    run(2 * ms)
    assert np.flatnonzero(state.v[0])[0] == 4
    assert target.w[7] == pytest.approx(0.4)


def test_spikes_under_way_survive_between_runs():
    source = SpikeGeneratorGroup(2, [0, 1, 0], [0.2, 0.9, 1.4] * ms)
    target = NeuronGroup(N, "v : 1")
    synapses = Synapses(source, target, on_pre="v += i + 1")
    synapses.connect()
    synapses.delay = "(3 + j % 4)*0.1*ms"
    state = StateMonitor(target, "v", record=[0, 151], when="end")
    net = Network(source, target, synapses, state)
    for _ in range(10):
        net.run(0.23 * ms)
    # j = 0: 0.3 ms, j = 151: 0.6 ms of delay
    jumps = [np.flatnonzero(np.diff(row)) + 1 for row in state.v]
    assert [row.tolist() for row in jumps] == [[5, 12, 17], [8, 15, 20]]


def test_spikes_under_way_survive_another_dt():
    source = SpikeGeneratorGroup(1, [0, 0, 0], [0.2, 1.9, 2.3] * ms)
    target = NeuronGroup(N, "z : 1")
    model = "dx/dt = -x/ms : 1 (event-driven)"
    synapses = Synapses(source, target, model, on_pre="x += 1; z += x", delay=0.5 * ms)
    synapses.connect()
    state = StateMonitor(target, "z", record=[150])
    net = Network(source, target, synapses, state)
    net.run(2.1 * ms)
    defaultclock.dt = 0.05 * ms
    net.run(1 * ms)
    first = 1 + np.exp(-1.7)  # 1.7 ms after the first arrival, at 2.4 ms
    second = 1 + first * np.exp(-0.4)
    z = state.z[0]
    assert state.t[np.flatnonzero(np.diff(z)) + 1] / ms == pytest.approx([0.8, 2.45, 2.85])
    assert z[[8, 28, -1]] == pytest.approx([1, 1 + first, 1 + first + second])
    assert synapses.lastupdate[3] / ms == pytest.approx(2.8)


def test_synapses_get_no_spikes_from_before_they_took_part():
    source = SpikeGeneratorGroup(1, [0, 0, 0], [0.2, 0.9, 1.4] * ms)
    target = NeuronGroup(N, "v : 1")
    synapses = Synapses(source, target, on_pre="v += 1", delay=0.3 * ms)
    synapses.connect()
    net = Network(source, target, synapses)
    synapses.active = False
    net.run(1 * ms)
    synapses.active = True
    net.run(1 * ms)
    assert (target.v[:] == 1).all()  # that of 1.4 ms only


def test_what_a_delay_may_be():
    source = SpikeGeneratorGroup(2, [0], [0.1] * ms)
    target = NeuronGroup(2, "v : 1")
    fixed = Synapses(source, target, on_pre="v += 1", delay=0.3 * ms)
    fixed.connect()
    with pytest.raises(ModelError, match="scalar"):
        fixed.delay = [0.1, 0.2, 0.3, 0.4] * ms
    fixed.delay = 0.4 * ms
    assert fixed.delay[:] / ms == pytest.approx(0.4)
    free = Synapses(source, target, on_pre="v += 1")
    free.connect()
    with pytest.raises(ModelError, match="negative"):
        free.delay = "-1*ms"
    with pytest.raises(ValueError, match="voltage"):
        free.delay = 1 * mV
    free.delay["i == 1"] = 0.7 * ms
    free.delay[0, 1] = 0.2 * ms
    assert free.delay[:] / ms == pytest.approx([0, 0.2, 0.7, 0.7])
    run(1 * ms)
    assert free.delay[:] / ms == pytest.approx([0, 0.2, 0.7, 0.7])


@pytest.mark.parametrize("pathway", ["pre", "post"])
def test_delays_given_as_text_after_a_run_are_those_of_their_synapses(pathway):
    group = NeuronGroup(4, "v : 1", threshold="v > 1")
    synapses = Synapses(group, group, on_pre="v += 0", on_post="v_pre += 0")
    synapses.connect()
    synapses.delay = "0.1*ms*(7*j % 5)"  # rows are sorted by delay, not by target
    net = Network(group, synapses)
    net.run(0.2 * ms)
    getattr(synapses, pathway).delay = "0.1*ms*(i + 4*j)"
    expected = 0.1 * (synapses.i[:] + 4 * synapses.j[:])
    assert getattr(synapses, pathway).delay / ms == pytest.approx(expected)
    net.run(0.2 * ms)
    assert getattr(synapses, pathway).delay / ms == pytest.approx(expected)
