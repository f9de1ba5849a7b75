"""Monitors: what they record, in which order and shape, of groups, subgroups and synapses."""

import numpy as np
import pytest

import simgen
from simgen import (
    EventMonitor,
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    UnknownNameError,
    get_dimensions,
    ms,
    mV,
    run,
    volt,
)
from simgen.api.recording import Recording

pytestmark = pytest.mark.usefixtures("device")
MODEL = """v : 1
           u : volt
           b : boolean
           n : integer
           s : 1 (shared)
           w = v*2 : 1"""


def test_monitors_of_a_subgroup_count_from_its_first_element():
    group = NeuronGroup(200, MODEL, threshold="i % 3 == t_in_timesteps % 3", reset="v += 1")
    group.v = "i"
    group.n = "i*2"
    group.b = "i > 134"
    group.u = "i*mV"
    group.s = 4
    part = group[130:140]
    spikes = SpikeMonitor(part, variables=["v", "i", "n", "v", "t"])  # as if given once
    rate = PopulationRateMonitor(part)
    state = StateMonitor(part, ["v", "w", "b", "n", "u", "s"], record=[0, 5])
    twice = StateMonitor(part, "v", record=(5, 0, 5))
    counts = SpikeMonitor(group, record=False)
    run(0.4 * ms)
    assert np.array_equal(twice.v, state.v[[1, 0, 1]])
    assert np.array_equal(twice[[0, 5]].v, state.v)
    # in step k those spike whose index leaves the rest k % 3; 130 leaves 1
    expected = [(k, i - 130) for k in range(4) for i in range(130, 140) if i % 3 == k % 3]
    assert list(zip(np.round(spikes.t / ms * 10), spikes.i)) == expected
    assert spikes.v[:4].tolist() == [132, 135, 138, 130]  # before the reset
    assert spikes.n[:4].tolist() == [264, 270, 276, 260]
    assert spikes.v[-3:].tolist() == [133, 136, 139]
    assert spikes.count[:].tolist() == [1, 1, 2, 1, 1, 2, 1, 1, 2, 1]
    assert counts.count[130:140].tolist() == spikes.count[:].tolist()
    assert (counts.num_spikes, spikes.num_spikes) == (267, 13)
    assert (rate.N, state.N, state.n_indices, twice.n_indices) == (4, 4, 2, 3)
    assert rate.rate * 0.1 * ms == pytest.approx([0.3, 0.4, 0.3, 0.3])
    assert state.v.tolist() == [[130, 130, 131, 131], [135, 136, 136, 136]]
    assert state.w.tolist() == [[260, 260, 262, 262], [270, 272, 272, 272]]
    assert state.b[:, 0].tolist() == [False, True]
    assert state.n[:, 3].tolist() == [260, 270]
    assert state.u[1] / mV == pytest.approx(np.full(4, 135))
    assert state.u_.max() == pytest.approx(0.135)
    assert get_dimensions(state.u) == get_dimensions(volt)
    assert state.s.tolist() == [[4] * 4] * 2
    assert state[5].v.tolist() == [135, 136, 136, 136]
    assert (state.b.dtype, state.n.dtype) == (np.bool_, np.int32)


def test_the_order_of_spikes_and_trains():
    source = SpikeGeneratorGroup(150, [149, 0, 70, 149, 3], [0.1, 0.1, 0.1, 0.4, 0.2] * ms)
    spikes = SpikeMonitor(source)
    run(1 * ms)
    assert spikes.i[:].tolist() == [0, 70, 149, 3, 149]
    assert spikes.t / ms == pytest.approx([0.1, 0.1, 0.1, 0.2, 0.4])
    trains = spikes.spike_trains()
    assert len(trains) == 150
    assert trains[149] / ms == pytest.approx([0.1, 0.4])
    assert trains[1].size == 0
    assert spikes.values("t")[3] / ms == pytest.approx([0.2])
    assert spikes.all_values()["t"][0] / ms == pytest.approx([0.1])
    assert spikes.count[149] == 2
    with pytest.raises(UnknownNameError):
        spikes.values("v")


def test_spike_monitors_may_stand_elsewhere_in_the_step():
    group = NeuronGroup(2, "v : 1", threshold="t_in_timesteps == 1", reset="v += 5")
    early = SpikeMonitor(group, variables="v")
    late = SpikeMonitor(group, variables="v", when="after_resets")
    run(0.3 * ms)
    assert early.v[:].tolist() == [0, 0]
    assert late.v[:].tolist() == [5, 5]


def test_custom_events():
    group = NeuronGroup(
        200,
        "v : 1\nw : 1\nz : 1",
        threshold="v > 1.5",
        reset="v = 0",
        refractory=1 * ms,
        events={"e": "v > 0.5", "f": "i == 101 and t_in_timesteps == 2"},
    )
    group.run_on_event("e", "w += v")
    group.run_on_event("f", "z += 1")
    group.run_regularly("v += 0.25*(i % 4)")
    seen = EventMonitor(group, "e", variables="v")
    other = EventMonitor(group, "f")
    target = NeuronGroup(200, "q : 1")
    synapses = Synapses(group, target, on_pre={"p": "q += 1"}, on_event={"p": "e"})
    synapses.connect(j="i")
    run(0.6 * ms)
    # v of i % 4 == 1 is 0.25, 0.5, 0.75, ...; of 2: 0.5, 1, 1.5, 2 (spike, reset), ...
    assert np.flatnonzero(seen.i == 101).size == 4
    assert seen.v[seen.i == 101].tolist() == [0.75, 1, 1.25, 1.5]
    assert seen.v[seen.i == 102].tolist() == [1, 1.5, 2, 1]
    # the condition is seen in the slot after_thresholds, the code runs after the resets
    assert group.w[102] == 1 + 1.5 + 0 + 1
    assert target.q[100:104].tolist() == [0, 4, 4, 6]
    assert (other.i[:].tolist(), len(other.t)) == ([101], 1)
    assert group.z[:].sum() == 1
    assert np.all(np.diff(seen.t_) >= 0)


def test_synapses_are_recorded_by_pair_or_index():
    source = SpikeGeneratorGroup(2, [0, 1], [0.2, 0.5] * ms)
    target = NeuronGroup(3, "v : 1")
    synapses = Synapses(source, target, "w : 1", on_pre="w += 1", delay=0.1 * ms)
    synapses.connect(i=[1, 0, 1, 0], j=[2, 1, 0, 0])
    by_pair = StateMonitor(synapses, "w", record=synapses[1, :])
    by_index = StateMonitor(synapses, "w", record=[0, 3])
    run(1 * ms)
    first = [0.0] * 7 + [1.0] * 3
    second = [0.0] * 4 + [1.0] * 6
    assert by_pair.w.tolist() == [first, first]
    assert by_index.w.tolist() == [first, second]
    assert by_index[3].w.tolist() == second
    assert by_pair[synapses[1, 2]].w.tolist() == [first]


def test_monitors_go_on_over_several_runs_and_may_be_added():
    group = NeuronGroup(2, "v : 1", threshold="True", reset="")
    group.run_regularly("v += 1")
    state = StateMonitor(group, "v", record=1)
    net = Network(group, state)
    net.run(0.2 * ms)
    spikes = SpikeMonitor(group)
    rate = PopulationRateMonitor(group)
    net.add(spikes, rate)
    net.run(0.2 * ms)
    state.active = False
    net.run(0.1 * ms)
    assert state.v[0].tolist() == [1, 2, 3, 4]
    assert spikes.t / ms == pytest.approx([0.2, 0.2, 0.3, 0.3, 0.4, 0.4])
    assert rate.t / ms == pytest.approx([0.2, 0.3, 0.4])


def test_all_names_of_the_equations_are_recorded():
    group = NeuronGroup(2, "dv/dt = 1/ms : 1\nw = v*2 : 1\nu : volt", method="euler")
    state = StateMonitor(group, True, record=True)
    run(0.2 * ms)
    assert state.record_variables == ["v", "u", "w"]
    assert state.w[1] == pytest.approx([0, 0.2])


def test_spikes_may_be_drawn_into_what_was_recorded():
    group = NeuronGroup(2, "u : volt")
    state = StateMonitor(group, "u", record=True)
    run(0.3 * ms)
    row = state[1].u[:]
    row[1] = 20 * mV  # a copy
    assert row / mV == pytest.approx([0, 20, 0])
    assert not state.u.any()
    trace = state.u[0]
    trace[2] = 30 * mV  # the recording itself
    run(0.1 * ms)
    assert state.u[0] / mV == pytest.approx([0, 0, 30, 0])


def test_smooth_and_binned_rates():
    source = SpikeGeneratorGroup(2, [0, 1, 0], [0.5, 0.5, 1.2] * ms)
    rate = PopulationRateMonitor(source)
    run(2 * ms)
    flat = np.zeros(20)
    flat[[5, 12]] = [10000, 5000]  # 2 and 1 spikes / 2 neurons / 0.1 ms
    np.testing.assert_allclose(rate.rate_, flat)
    expected = np.convolve(flat, np.full(3, 1 / 3), mode="same")
    np.testing.assert_allclose(np.asarray(rate.smooth_rate("flat", width=0.3 * ms)), expected)
    np.testing.assert_allclose(np.asarray(rate.smooth_rate(np.ones(3))), expected)
    window = np.exp(-(np.arange(-4, 5) ** 2) / (2 * 2.0**2))
    expected = np.convolve(flat, window / window.sum(), mode="same")
    np.testing.assert_allclose(np.asarray(rate.smooth_rate("gaussian", width=0.2 * ms)), expected)
    bins, rates = rate.binned_rate(1 * ms)
    assert bins / ms == pytest.approx([0.5, 1.5])
    assert np.asarray(rates) == pytest.approx([1000, 500])


def test_monitors_of_parts_follow_the_events_of_the_whole():
    group = NeuronGroup(100, "v : 1", threshold="i % 2 == 1", order=3)
    part = SpikeMonitor(group[0:4])
    run(0.3 * ms)
    assert part.i[:].tolist() == [1, 3] * 3
    np.testing.assert_allclose(part.t_, np.repeat([0, 1e-4, 2e-4], 2))


@pytest.mark.parametrize("delayed", [True, False])  # with delays, spikes of several steps are kept
def test_a_monitor_before_the_threshold_sees_the_events_of_the_step_before(device, delayed):
    group = NeuronGroup(100, "v : 1", threshold="i == t_in_timesteps")
    other = NeuronGroup(100, "g : 1")
    network = Network(group, other)
    if delayed:
        synapses = Synapses(group, other, on_pre="g += 1")
        synapses.connect(j="i")
        synapses.delay = 0.5 * ms
        network.add(synapses)
    early = SpikeMonitor(group, when="start", order=0)
    network.add(early)
    network.run(0.4 * ms)
    assert early.i[:].tolist() == [0, 1, 2]  # as Brian 2 does
    np.testing.assert_allclose(early.t_, [1e-4, 2e-4, 3e-4])


def test_what_every_step_records_has_its_room_from_the_start(device, monkeypatch):
    """No buffer is copied on the way, however long the run and whatever the clock."""
    group = NeuronGroup(50, "dv/dt = -v/(10*ms) : 1")
    group.v = "i"
    often = StateMonitor(group, "v", record=True)
    seldom = StateMonitor(group, "v", record=[3], dt=0.7 * ms)
    network = Network(group, often, seldom)
    network.run(1 * ms)
    grown = []
    reserve = Recording.reserve

    def counted(self, room, owner):
        replaced = reserve(self, room, owner)
        grown.append(replaced)
        return replaced

    monkeypatch.setattr(Recording, "reserve", counted)
    network.run(400 * ms)
    assert sum(grown) <= 4  # the steps and the values of each, at most once
    assert often.v.shape == (50, 4010)
    assert seldom.v.shape == (1, 573)
    np.testing.assert_allclose(often.v[7], 7 * np.exp(-np.arange(4010) / 100), rtol=1e-10)
    np.testing.assert_array_equal(seldom.v[0], often.v[3, ::7])


def test_a_monitor_of_no_synapses_records_nothing(device):
    group = simgen.NeuronGroup(2, "v : 1")
    synapses = simgen.Synapses(group, group, "w : 1")
    synapses.connect(n_total=0)
    monitor = simgen.StateMonitor(synapses, "w", record=True)
    simgen.Network(group, synapses, monitor).run(0.2 * simgen.ms)
    assert monitor.w.shape == (0, 2)


def test_variables_of_both_ends_of_synapses_are_recorded(device):
    group = NeuronGroup(
        3,
        "dv/dt = 10*Hz*i : 1\nu = 2*v*volt : volt\ns : integer (shared)\nb : boolean",
        method="euler",
    )
    group.s = 4
    group.b = [True, False, True]
    synapses = Synapses(group[1:], group, "w : 1")
    synapses.connect()
    names = ["v_post", "u_pre", "s_post", "b_post", "w", "v"]
    monitor = StateMonitor(synapses, names, record=[1, 5])  # 1 -> 1 and 2 -> 2
    network = Network(group, synapses, monitor)
    network.run(0.2 * ms)
    monitor.record_single_timestep()
    np.testing.assert_allclose(monitor.v_post, [[0, 0.001, 0.002], [0, 0.002, 0.004]])
    assert monitor.v.tolist() == monitor.v_post.tolist()
    np.testing.assert_allclose(monitor[5].u_pre / volt, [0, 0.004, 0.008])
    assert monitor.s_post.tolist() == [[4, 4, 4]] * 2
    assert monitor.b_post.tolist() == [[False] * 3, [True] * 3]
    with pytest.raises(UnknownNameError, match="cannot record 'x_post'"):
        StateMonitor(synapses, "x_post", record=True)
