"""The rules of the time step: order of slots, delays in steps, refractory steps, samples, clocks.

The expected times and values follow from the rules; they were confirmed with Brian 2.9.
"""

import numpy as np
import pytest

from simgen import (
    ModelError,
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    network_operation,
    run,
)

pytestmark = pytest.mark.usefixtures("device")
N = 200  # enough elements for three threads to own some of them


def one_spike(at=1.0):
    return SpikeGeneratorGroup(1, [0], [at] * ms)


def first_time(monitor, row=0):
    """Return the time in ms of the first sample that is not zero."""
    return monitor.t[np.flatnonzero(monitor.v[row])[0]] / ms


def test_an_event_acts_in_its_own_step_and_is_seen_in_the_next():
    source = one_spike()
    target = NeuronGroup(N, "v : 1")
    synapses = Synapses(source, target, on_pre="v += 1")
    synapses.connect()
    synapses.delay = "(j % 7)*0.1*ms"
    before = StateMonitor(target, "v", record=True)
    after = StateMonitor(target, "v", record=True, when="end")
    run(2 * ms)
    for j in (0, 5, 130, 199):
        assert first_time(before, j) == pytest.approx(1.1 + 0.1 * (j % 7))
        assert first_time(after, j) == pytest.approx(1.0 + 0.1 * (j % 7))
    assert (target.v[:] == 1).all()


def test_thresholds_come_before_synapses():
    source = one_spike()
    target = NeuronGroup(N, "v : 1", threshold="v > 0.5", reset="v = 0")
    synapses = Synapses(source, target, on_pre="v += 1")
    synapses.connect()
    spikes = SpikeMonitor(target)
    run(2 * ms)
    np.testing.assert_allclose(spikes.t / ms, np.full(N, 1.1))  # never 1.0
    np.testing.assert_array_equal(spikes.i, np.arange(N))


def test_synapses_come_before_resets():
    source = one_spike()
    wiped = NeuronGroup(N, "v : 1", threshold="t_in_timesteps == 10", reset="v = 0")
    kept = NeuronGroup(N, "v : 1", threshold="t_in_timesteps == 10", reset="v -= 5")
    first = Synapses(source, wiped, on_pre="v += 1")
    first.connect()
    second = Synapses(source, kept, on_pre="v += 1")
    second.connect()
    run(2 * ms)
    assert (wiped.v[:] == 0).all()
    assert (kept.v[:] == -4).all()


def test_pre_pathways_come_before_post_pathways():
    source, target = one_spike(), one_spike()
    synapses = Synapses(source, target, "w : 1", on_post="w = w*10 + 2", on_pre="w = w*10 + 1")
    synapses.connect()
    run(2 * ms)
    assert synapses.w[0] == 12


def test_delays_are_rounded_half_up_in_double_precision():
    delays = [0.04, 0.05, 0.149, 0.15, 0.16, 0.25, 0.3, 0.35, 0.7]
    # 0.15*0.001 / 0.0001 is 1.4999... in double precision, 0.25 and 0.35 give 2.5 and 3.5
    steps = [0, 1, 1, 1, 2, 3, 3, 4, 7]
    source = one_spike()
    target = NeuronGroup(len(delays), "v : 1")
    synapses = Synapses(source, target, on_pre="v += 1")
    synapses.connect()
    synapses.delay = delays * ms
    end = StateMonitor(target, "v", record=True, when="end")
    run(3 * ms)
    assert [int(np.flatnonzero(row)[0]) - 10 for row in end.v] == steps


def test_a_refractory_period_of_n_steps_gives_a_spike_every_n_steps():
    text = "dv/dt = 1/(0.1*ms) : 1"  # one step suffices to reach the threshold
    options = {"threshold": "v > 0.5", "reset": "v = 0", "method": "euler"}
    free = NeuronGroup(N, text, refractory=0.5 * ms, **options)
    held = NeuronGroup(N, f"{text} (unless refractory)", refractory=0.5 * ms, **options)
    of_free, of_held = SpikeMonitor(free), SpikeMonitor(held)
    state = StateMonitor(held, ["v", "not_refractory"], record=[0, 199])
    end = StateMonitor(held, ["not_refractory", "lastspike"], record=[0], when="end")
    run(1.6 * ms)
    for monitor in (of_free, of_held):
        assert monitor.spike_trains()[150] / ms == pytest.approx([0, 0.5, 1.0, 1.5])
    # Integrates again in step 5 itself: the flag is updated at the head of the state update, so
    # the slot start still sees it down, and the spike of the same step takes it down again.
    assert not state.v.any()
    assert state.not_refractory.tolist() == [[True] + 15 * [False]] * 2
    assert not end.not_refractory.any()
    assert end.lastspike[0] / ms == pytest.approx(np.repeat([0, 0.5, 1, 1.5], 5)[:16])


def test_samples_begin_with_the_initial_value_and_leave_out_the_final_one():
    group = NeuronGroup(2, "v : 1", threshold="v == 3", reset="")
    group.v = 3
    group.run_regularly("v = t_in_timesteps + 1", when="end")
    state = StateMonitor(group, "v", record=0)
    rate = PopulationRateMonitor(group)
    run(3 * ms)
    np.testing.assert_allclose(state.t / ms, np.arange(30) / 10, atol=1e-12)
    np.testing.assert_allclose(rate.t / ms, np.arange(30) / 10, atol=1e-12)
    np.testing.assert_array_equal(state.v[0], [3, *range(1, 30)])
    assert np.flatnonzero(rate.rate).tolist() == [0, 3]
    state.record_single_timestep()
    assert state.v[0, -1] == 30
    assert state.t[-1] / ms == pytest.approx(3.0)


def test_slots_within_one_step():
    """A digit is appended to ``v`` in each slot, in the order of the schedule."""
    group = NeuronGroup(
        N,
        "v : 1\nu : 1\nx : 1\nfrozen = v : 1 (constant over dt)",
        threshold="x == 0",
        reset="v = v*10 + 6",
        events={"custom": "x == 0"},
    )
    group.run_on_event("custom", "v = v*10 + 7")
    group.run_regularly("v = v*10 + 1; u = frozen")  # start
    group.run_regularly("v = v*10 + 2", when="before_groups")
    group.run_regularly("v = v*10 + 3", when="after_groups")
    group.run_regularly("v = v*10 + 4", when="synapses", order=-2)
    group.run_regularly("v = v*10 + 8", when="end")
    target = Synapses(group, group, on_pre="v_post = v_post*10 + 5")
    target.connect(j="i")
    group.run_regularly("x = 1", when="after_end")
    group.v = 9
    state = StateMonitor(group, "v", record=[0, 150], when="after_end")
    run(0.1 * ms)
    assert state.v[:, 0].tolist() == [912345678, 912345678]
    assert (group.u[:] == 9).all()  # stored before the slot start


def test_python_runs_at_its_place_in_the_schedule():
    group = NeuronGroup(
        N, "v : 1\ndu/dt = 1/ms : 1", threshold="v > 0.5", reset="v = 0", method="euler"
    )
    seen = []

    @network_operation(when="after_groups")
    def push():
        group.v[7] = 1  # the threshold of this step sees it
        seen.append((len(group.spikes), group.v[7]))

    @network_operation(when="after_thresholds")
    def look():
        seen.append((list(group.spikes), group.v[7]))

    @network_operation(when="end")
    def check():
        seen.append((list(group.spikes), group.v[7]))

    run(0.2 * ms)
    assert seen == [(0, 1), ([7], 1), ([7], 0), (1, 1), ([7], 1), ([7], 0)]


@pytest.mark.parametrize("names", [["synapses_10", "synapses_2", "alpha"], ["e2", "e10", "a9"]])
def test_names_break_ties_with_numbers_counted(names):
    """synapses_2 runs before synapses_10; a name given by the user sorts as text."""
    source = one_spike(0.1)
    target = NeuronGroup(N, "v : 1")
    made = []
    for number, name in enumerate(names):
        synapses = Synapses(
            source, target, f"w = {number + 1} : 1", on_pre="v = v*10 + w", name=name
        )
        synapses.connect()
        made.append(synapses)
    Network(source, target, *made).run(0.3 * ms)
    assert (target.v[:] == 321).all()


def test_state_update_of_neurons_comes_before_that_of_synapses():
    group = NeuronGroup(N, "dv/dt = 1/ms : 1", method="euler", threshold="False")
    synapses = Synapses(group, group, "dw/dt = v_post/ms : 1 (clock-driven)", method="euler")
    synapses.connect(j="i")
    run(0.2 * ms)
    # v is 0.1 and 0.2 when w is updated: 0.1*(0.1 + 0.2)
    np.testing.assert_allclose(synapses.w, np.full(N, 0.03))


def test_the_order_of_an_object_comes_before_its_name():
    group = NeuronGroup(N, "dv/dt = 1/ms : 1", method="euler", threshold="False")
    model = "dw/dt = v_post/ms : 1 (clock-driven)"
    synapses = Synapses(group, group, model, method="euler", order=-1)
    synapses.connect(j="i")
    net = Network(group, synapses)
    net.run(0.2 * ms)
    np.testing.assert_allclose(synapses.w, np.full(N, 0.01))  # v was 0 and 0.1


def test_the_end_of_a_run_is_rounded_once_for_all_runs():
    group = NeuronGroup(1, "v : 1")
    state = StateMonitor(group, "v", record=True)
    net = Network(group, state)
    net.run(0.15 * ms)
    assert len(state.t) == 2
    assert net.t / ms == pytest.approx(0.15)
    net.run(0.15 * ms)
    assert len(state.t) == 3
    for _ in range(10):
        net.run(0.05 * ms)
    assert len(state.t) == 8
    np.testing.assert_allclose(state.t / ms, np.arange(8) / 10, atol=1e-12)


def test_dt_may_change_where_the_time_is_a_multiple_of_it():
    group = NeuronGroup(1, "v : 1")
    state = StateMonitor(group, "v", record=True)
    net = Network(group, state)
    net.run(0.6 * ms)
    defaultclock.dt = 0.3 * ms
    net.run(0.6 * ms)
    assert state.t / ms == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.9])
    defaultclock.dt = 0.5 * ms
    with pytest.raises(ModelError, match="not a multiple"):
        net.run(1 * ms)


def test_timestep_forgives_a_thousandth_of_a_step():
    group = NeuronGroup(4, "x : second\nk : integer")
    group.x = [0.29995, 0.29985, 0.3, 0.39985] * ms
    group.run_regularly("k = timestep(x, dt)")
    run(0.1 * ms)
    assert group.k[:].tolist() == [3, 2, 3, 3]
