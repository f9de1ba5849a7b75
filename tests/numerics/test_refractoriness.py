"""Refractory periods: a time, an expression, a condition; what they hold back, who sees the flag.

Values follow from the rules of the time step; they were confirmed with Brian 2.9.
"""

import numpy as np
import pytest

from simgen import (
    Network,
    NeuronGroup,
    SimgenError,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    run,
)

pytestmark = pytest.mark.usefixtures("device")
N = 200
HELD = "dv/dt = 0*Hz : 1 (unless refractory)"


def test_writes_are_held_back_from_the_spike_until_the_flag_clears():
    """Writes in the slot start see the flag of the step before, those in synapses that of now."""
    source = SpikeGeneratorGroup(1, np.zeros(20, int), np.arange(20) * 0.1 * ms)
    group = NeuronGroup(
        N, f"{HELD}\nu : 1", threshold="t_in_timesteps == 3", reset="v = 0", refractory=0.5 * ms
    )
    synapses = Synapses(source, group, on_pre="v += 1; u += 1")
    synapses.connect()
    other = NeuronGroup(
        N, HELD, threshold="t_in_timesteps == 3", reset="v = 0", refractory=0.5 * ms
    )
    other.run_regularly("v += 1")
    by_synapse = StateMonitor(group, ["v", "u"], record=[150], when="end")
    by_code = StateMonitor(other, "v", record=[150], when="end")
    run(1.1 * ms)
    # steps 3 (the spike's own) to 7 are refractory
    assert by_synapse.v[0].tolist() == [1, 2, 3, 0, 0, 0, 0, 0, 1, 2, 3]
    assert by_synapse.u[0].tolist() == list(range(1, 12))
    assert by_code.v[0].tolist() == [1, 2, 3, 0, 0, 0, 0, 0, 0, 1, 2]


def test_a_time_that_varies_is_evaluated_in_every_step():
    group = NeuronGroup(
        3,
        f"{HELD}\nref : second",
        threshold="t_in_timesteps % 20 == 3",
        reset="v = 0",
        refractory="ref",
    )
    group.ref = [0, 0.5, 0.55] * ms
    group.run_regularly("v += 1")
    state = StateMonitor(group, ["v", "not_refractory"], record=True, when="end")
    late = NeuronGroup(
        1, "v : 1", threshold="v >= 0", reset="", refractory="(0.5 + int(t > 2*ms)*0.4)*ms"
    )
    spikes = SpikeMonitor(late)
    run(4 * ms)
    # held for 1 (the step of the spike), 5 and int(5.5 + 0.001) = 5 steps
    held = [np.flatnonzero(~row).tolist() for row in state.not_refractory]
    assert held == [[3, 23], [*range(3, 8), *range(23, 28)], [*range(3, 8), *range(23, 28)]]
    # run_regularly runs before the flag is cleared, so it comes one step later
    assert state.v[0, :6].tolist() == [1, 2, 3, 0, 0, 1]
    assert state.v[1, 3:10].tolist() == [0, 0, 0, 0, 0, 0, 1]
    # The period grows after 2 ms also for the spike at 2.0 ms: it is not frozen at the spike.
    assert spikes.t / ms == pytest.approx([0, 0.5, 1, 1.5, 2, 2.9, 3.8])


def test_periods_of_neurons_forgive_what_is_missing_to_a_whole_step():
    """0.3 ms are 2.9999999999999996 steps of 0.1 ms, and three of them."""
    periods = np.array([0.3, 0.6, 0.7, 1.2, 0.2998])
    assert np.floor(periods * 1e-3 / 1e-4).tolist() != [3, 6, 7, 12, 2]
    group = NeuronGroup(5, "ref : second", threshold="True", reset="", refractory="ref")
    group.ref = periods * ms
    spikes = SpikeMonitor(group)
    run(8.4 * ms)
    assert spikes.count[:].tolist() == [28, 14, 12, 7, 42]


def test_a_condition_holds_while_it_stays_true():
    group = NeuronGroup(
        N,
        "dv/dt = -v/(1*ms) : 1\ndu/dt = 1/ms : 1 (unless refractory)",
        threshold="u > 1",
        reset="u = 0; v = 1",
        refractory="v > 0.5",
        method="euler",
    )
    group.u[:100] = -5
    spikes = SpikeMonitor(group)
    state = StateMonitor(group, ["u", "not_refractory"], record=[150])
    run(5 * ms)
    # v = 0.9**k falls below 0.5 at k = 7: the flag rises in the 8th update after the spike, as the
    # condition is checked before v is updated; u then needs 10 steps and a rounding error.
    assert spikes.spike_trains()[150] / ms == pytest.approx([1.0, 2.8, 4.6])
    assert len(spikes.spike_trains()[50]) == 0
    held = np.flatnonzero(~state.not_refractory[0])
    assert held.tolist() == [*range(11, 19), *range(29, 37), *range(47, 50)]
    assert not state.u[0, 11:19].any()


def test_the_flag_is_right_for_code_on_other_clocks():
    source = SpikeGeneratorGroup(1, np.zeros(5, int), np.arange(5) * 0.5 * ms, dt=0.5 * ms)
    group = NeuronGroup(
        N, f"{HELD}\nw : 1", threshold="t_in_timesteps == 3", reset="", refractory=1.0 * ms
    )
    group.run_regularly("w += int(not_refractory)", dt=0.3 * ms)
    group.run_regularly("w += 10*int(not_refractory)", dt=0.3 * ms, when="end")
    synapses = Synapses(source, group, on_pre="v += 1")
    synapses.connect()
    state = StateMonitor(
        group, ["v", "w", "not_refractory", "lastspike"], record=[0, 199], dt=0.5 * ms
    )
    run(3 * ms)
    # refractory from 0.3 ms to 1.2 ms; at 1.3 ms the flag clears
    assert state.v[1].tolist() == [0, 1, 1, 1, 2, 3]
    assert state.w[1].tolist() == [1, 12, 12, 13, 34, 56]
    assert state.not_refractory[1].tolist() == [True, False, False, True, True, True]
    assert state.lastspike[1, 1:] / ms == pytest.approx(np.full(5, 0.3))
    assert state.lastspike_[0, 0] == -1e4  # as if the last spike was long ago


def test_resets_and_custom_events_do_not_ask_for_the_flag():
    group = NeuronGroup(
        N,
        f"{HELD}\nn : integer",
        threshold="t_in_timesteps == 1",
        reset="v = 7",
        refractory=1 * ms,
        events={"custom": "t_in_timesteps >= 0"},
    )
    group.run_on_event("custom", "n += 1; v += 10*int(t_in_timesteps == 3)")
    run(0.5 * ms)
    assert (group.v[:] == 17).all()
    assert (group.n[:] == 5).all()


def test_the_flag_and_the_last_spike_can_be_read_from_python():
    group = NeuronGroup(N, HELD, threshold="t_in_timesteps == 2 and i < 100", refractory=0.5 * ms)
    assert group.not_refractory[:].all()
    net = Network(group)
    net.run(0.3 * ms)
    assert group.not_refractory[:].tolist() == 100 * [False] + 100 * [True]
    assert group.lastspike[:100] / ms == pytest.approx(np.full(100, 0.2))
    group.v["not not_refractory"] = 3
    assert group.v[:].tolist() == 100 * [3] + 100 * [0]
    net.run(0.5 * ms)  # the flag cleared in the step at 0.7 ms
    assert group.not_refractory[:].all()


def test_periods_and_last_spikes_survive_another_dt():
    group = NeuronGroup(N, "v : 1", threshold="v >= 0", reset="", refractory=0.5 * ms)
    spikes = SpikeMonitor(group)
    net = Network(group, spikes)
    net.run(2.1 * ms)
    defaultclock.dt = 0.05 * ms
    net.run(1 * ms)
    assert spikes.spike_trains()[150] / ms == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3])
    assert group.lastspike[0] / ms == pytest.approx(3)


def test_the_order_of_objects_in_a_network_does_not_matter():
    """Synapses listed before their target see its refractoriness and its namespace."""
    source = SpikeGeneratorGroup(1, [0, 0], [0.5, 1.0] * ms)
    group = NeuronGroup(
        N,
        f"{HELD}\nx = k*v : 1",
        threshold="t_in_timesteps == 8",
        reset="",
        refractory=0.5 * ms,
        namespace={"k": 3.0},
    )
    synapses = Synapses(source, group, "w : 1", on_pre="v += 1; w = x_post")
    synapses.connect()
    Network(synapses, group, source).run(1.5 * ms)
    assert (group.v[:] == 1).all()
    assert (synapses.w[:] == 3).all()


@pytest.mark.parametrize("value", ["t - lastspike", "int(not_refractory)*second"])
def test_a_group_without_state_variables_has_a_refractory_period(value):
    group = NeuronGroup(2, f"x = {value} : second", threshold="t < 0.05*ms", refractory=0.2 * ms)
    monitor = StateMonitor(group, "x", record=0)
    run(0.4 * ms)
    # the flag is that of the step before, as long as a step has not looked at the thresholds
    expected = [1e4, 1e-4, 2e-4, 3e-4] if "lastspike" in value else [1, 0, 0, 1]
    np.testing.assert_allclose(np.asarray(monitor.x[0]), expected, rtol=1e-9)


def test_the_time_of_the_last_spike_can_be_set():
    group = NeuronGroup(4, "v : 1", threshold="v > 0", reset="", refractory=2 * ms)
    group.v = 1
    spikes = SpikeMonitor(group)
    group.lastspike = -0.5 * ms
    group.lastspike[2:] = "-1*ms - 0.5*ms*(i - 2)"
    run(3 * ms)
    expected = [[1.5], [1.5], [1], [0.5, 2.5]]
    for found, times in zip(spikes.spike_trains().values(), expected):
        assert found / ms == pytest.approx(times)
    group[1:3].lastspike[1] = 2.01 * ms  # between two steps: as the later one
    assert group.lastspike[:] / ms == pytest.approx([1.5, 1.5, 2.1, 2.5])
    group.set_states(group.get_states(read_only_variables=False))
    run(1.5 * ms)
    last = [train[-1] / ms for train in spikes.spike_trains().values()]
    assert last == pytest.approx([3.5, 3.5, 4.1, 2.5])


def test_a_condition_keeps_neurons_refractory_that_were_made_so():
    group = NeuronGroup(N, "v : 1\nheld : boolean", threshold="v > 0", reset="", refractory="held")
    group.v = 1
    group.held = True
    group.not_refractory = "i % 2 == 1"
    spikes = SpikeMonitor(group)
    run(0.2 * ms)
    assert spikes.i[:].tolist() == list(range(1, N, 2))
    group.held[:10] = False
    group.not_refractory[10] = True
    run(0.1 * ms)
    assert spikes.i[N // 2 :].tolist() == list(range(11))


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("lastspike", 3, "'lastspike' of NeuronGroup 'neurongroup' is a time"),
        ("lastspike", float("inf") * ms, "'lastspike' .* cannot be inf s"),
        ("lastspike", float("nan") * ms, "'lastspike' .* NaN"),
        ("lastspike", [1, 2, 3] * ms, "'lastspike' .* needs 2 values here, but 3"),
        ("lastspike", "3*mV", "'lastspike' is a time"),
        ("not_refractory", True, "It follows from 'lastspike', which can be."),
    ],
)
def test_what_cannot_be_the_past_of_a_neuron(name, value, shown):
    group = NeuronGroup(2, "v : 1", threshold="v > 0", reset="", refractory=2 * ms)
    with pytest.raises(SimgenError, match=shown):
        setattr(group, name, value)
    assert group.lastspike_[:].tolist() == [-1e4, -1e4]
