"""Inputs: spike lists with periods, Poisson groups and inputs, timed arrays, operations."""

import numpy as np
import pytest

from simgen import (
    Hz,
    ModelError,
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    TimedArray,
    kHz,
    ms,
    mV,
    network_operation,
    run,
    second,
)

pytestmark = pytest.mark.usefixtures("device")
N = 200


def test_listed_spikes_repeat_with_their_period():
    source = SpikeGeneratorGroup(3, [0, 1, 2, 0], [0, 0.05, 0.29999999999, 0.5] * ms, period=1 * ms)
    spikes = SpikeMonitor(source)
    net = Network(source, spikes)
    net.run(2.5 * ms)
    # 0.05 lies in step 0; 0.29999999999 counts as 0.3
    assert spikes.i[:].tolist() == [0, 1, 2, 0, 0, 1, 2, 0, 0, 1, 2]
    once = np.array([0, 0, 0.3, 0.5])
    assert spikes.t / ms == pytest.approx([*once, *(1 + once), *(2 + once[:3])])
    source.set_spikes([1, 1], [2.6, 3.0] * ms)
    net.run(1 * ms)
    assert spikes.t[11:] / ms == pytest.approx([2.6, 3.0])


def test_new_spikes_begin_at_the_present_time():
    source = SpikeGeneratorGroup(3, [0, 1], [0.2, 0.4] * ms)
    spikes = SpikeMonitor(source)
    net = Network(source, spikes)
    net.run(1 * ms)
    source.set_spikes([0, 1, 2, 2], [0.5, 0.9, 1.0, 1.2] * ms)
    net.run(1 * ms)
    source.set_spikes([0, 1], [0.1, 0.3] * ms, period=0.5 * ms)
    net.run(0.5 * ms)
    assert spikes.i[:].tolist() == [0, 1, 2, 2, 0, 1]
    assert spikes.t / ms == pytest.approx([0.2, 0.4, 1.0, 1.2, 2.1, 2.3])


def test_a_second_network_starts_at_its_own_time():
    first = SpikeGeneratorGroup(1, [0], [0.1] * ms)
    Network(first).run(1 * ms)
    source = SpikeGeneratorGroup(1, [0, 0], [0.1, 0.9] * ms)
    spikes = SpikeMonitor(source)
    net = Network(source, spikes)
    net.run(0.5 * ms)
    Network(NeuronGroup(1, "v : 1")).run(5 * ms)
    net.run(0.5 * ms)
    assert spikes.t / ms == pytest.approx([0.1, 0.9])


def test_what_a_spike_list_may_not_be():
    with pytest.raises(ModelError, match="more than once"):
        SpikeGeneratorGroup(1, [0, 0], [0.11, 0.12] * ms)
    with pytest.raises(ModelError, match="period"):
        SpikeGeneratorGroup(1, [0], [1] * ms, period=1 * ms)
    with pytest.raises(ModelError, match="period"):
        SpikeGeneratorGroup(1, [0], [0] * ms, period=0.25 * ms)
    with pytest.raises(ModelError, match="not negative"):
        SpikeGeneratorGroup(1, [0], [-1] * ms)
    with pytest.raises(IndexError, match="outside"):
        SpikeGeneratorGroup(1, [1], [1] * ms)


def test_poisson_groups_at_the_certain_rates():
    """At rate*dt = 1 every step has a spike, at 0 none has."""
    rates = np.zeros(N)
    rates[[1, 150]] = 10
    group = PoissonGroup(N, rates * kHz)
    stimulus = TimedArray([0, 10] * kHz, dt=0.2 * ms)
    other = PoissonGroup(2, "stimulus(t)*int(i == 0)")
    spikes, of_other, of_part = SpikeMonitor(group), SpikeMonitor(other), SpikeMonitor(group[140:])
    net = Network(group, other, spikes, of_other, of_part)
    net.run(0.4 * ms, namespace={"stimulus": stimulus})
    assert spikes.i[:].tolist() == [1, 150] * 4
    assert of_part.i[:].tolist() == [10] * 4
    assert of_other.i[:].tolist() == [0, 0]
    assert of_other.t / ms == pytest.approx([0.2, 0.3])
    group.rates = 0 * Hz
    net.run(0.4 * ms, namespace={"stimulus": stimulus})
    assert spikes.num_spikes == 8


def test_poisson_groups_and_inputs_have_their_statistics():
    group = PoissonGroup(1000, 200 * Hz)
    target = NeuronGroup(1000, "v : 1\nu : 1")
    drive = PoissonInput(target, "v", 50, 40 * Hz, weight=1)
    thin = PoissonInput(target, "u", 1, 300 * Hz, weight=2)
    spikes = SpikeMonitor(group, record=False)
    Network(group, target, drive, thin, spikes).run(50 * ms)
    # 500 steps: binomial counts with n*p = 10, 100 and 15; tolerances are 5 standard errors
    for counts, n, p in (
        (spikes.count[:], 500, 0.02),
        (target.v[:], 25000, 0.004),
        (target.u[:] / 2, 500, 0.03),
    ):
        mean, variance = n * p, n * p * (1 - p)
        assert counts.mean() == pytest.approx(mean, abs=5 * np.sqrt(variance / 1000))
        assert counts.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / 1000))
        assert np.all(counts == np.round(counts))
    assert abs(np.corrcoef(spikes.count[:], target.v[:])[0, 1]) < 0.16


def test_poisson_input_adds_in_the_slot_synapses_and_respects_refractoriness():
    group = NeuronGroup(
        N,
        "dv/dt = 0*Hz : 1 (unless refractory)\nu : 1\nw : 1",
        threshold="t_in_timesteps == 4",
        reset="",
        refractory=0.3 * ms,
    )
    group.u = "i"
    first = PoissonInput(group, "v", 5, 10 * kHz, weight=0.5)
    second_input = PoissonInput(group[100:], "w", 2, 10 * kHz, weight="u*2")
    end = StateMonitor(group, ["v", "w"], record=[0, 150], when="end")
    Network(group, first, second_input, end).run(1 * ms)
    # 5*0.5 in each step but those at 0.4, 0.5 and 0.6 ms
    assert end.v[1].tolist() == [2.5, 5, 7.5, 10, 10, 10, 10, 12.5, 15, 17.5]
    assert end.w[:, 9].tolist() == [0, 6000]


def test_timed_arrays_hold_their_values_and_clamp():
    one = TimedArray([1, 2, 3] * mV, dt=0.3 * ms)
    two = TimedArray([[1, 2], [3, 4], [5, 6]], dt=0.25 * ms)
    group = NeuronGroup(
        2,
        """v = one(t) : volt
           w = two(t, i) : 1
           dx/dt = two(t, i)/ms : 1
           q = one(t - 0.15*ms) + one(0.31*ms) : volt""",
    )
    state = StateMonitor(group, ["v", "w", "x", "q"], record=True)
    run(1.2 * ms, namespace={"one": one, "two": two})
    np.testing.assert_allclose(state.v[1] / mV, [1] * 3 + [2] * 3 + [3] * 6)
    np.testing.assert_allclose(state.w, [[1] * 3 + [3] * 2 + [5] * 7, [2] * 3 + [4] * 2 + [6] * 7])
    np.testing.assert_allclose(state.x[1, 1:], np.cumsum(state.w[1, :-1]) * 0.1)
    np.testing.assert_allclose(state.q[0] / mV, [3] * 5 + [4] * 3 + [5] * 4)
    assert one(0.6 * ms) / mV == pytest.approx(3)
    assert one([0, 0.29, 0.3, 5] * ms) / mV == pytest.approx([1, 1, 2, 3])


def test_timed_arrays_do_not_slip_by_rounding():
    """Entry k begins in the step at k*dt, however large k is."""
    values = TimedArray(np.arange(3000), dt=0.1 * ms)
    group = NeuronGroup(1, "x = values(t) : 1")
    state = StateMonitor(group, "x", record=True)
    run(0.3 * second, namespace={"values": values})
    np.testing.assert_array_equal(state.x[0], np.arange(3000))


def test_code_at_regular_times():
    group = NeuronGroup(N, "v : 1\nw : 1 (shared)\nu : 1")
    group.run_regularly("w += 1; v += w*i", dt=0.3 * ms)
    group.run_regularly("u = v", when="end")
    state = StateMonitor(group, ["v", "u"], record=[150])
    run(0.8 * ms)
    assert state.v[0].tolist() == [150] * 3 + [450] * 3 + [900] * 2
    assert state.u[0].tolist() == [0] + [150] * 3 + [450] * 3 + [900]


def test_python_at_regular_times_reads_and_writes_the_state():
    group = NeuronGroup(N, "v : 1")
    seen = []

    @network_operation(dt=0.2 * ms)
    def early(t):
        seen.append((round(float(t / ms), 9), group.v[0]))
        group.v = group.v + 1

    @network_operation(when="end")
    def late():
        group.v_[150] += 10

    state = StateMonitor(group, "v", record=[0, 150])
    run(0.5 * ms)
    assert seen == [(0, 0), (0.2, 1), (0.4, 2)]
    assert state.v.tolist() == [[1, 1, 2, 2, 3], [1, 11, 22, 32, 43]]


def test_a_period_of_zero_is_no_period(device):
    group = SpikeGeneratorGroup(1, [0], [0.2] * ms, period=0 * ms)
    monitor = SpikeMonitor(group)
    network = Network(group, monitor)
    network.run(1 * ms)
    group.set_spikes([0], [1.3] * ms, period=0 * ms)
    network.run(1 * ms)
    assert monitor.t[:] / ms == pytest.approx([0.2, 1.3])
