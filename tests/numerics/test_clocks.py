"""Several clocks in one network, code at regular times, and numbers that follow the clock."""

import numpy as np
import pytest

from simgen import (
    Clock,
    ModelError,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    network_operation,
    run,
    second,
)

pytestmark = pytest.mark.usefixtures("device")


def test_each_object_runs_on_its_own_clock():
    fast = NeuronGroup(1, "v : 1", dt=0.1 * ms)
    slow = NeuronGroup(1, "v : 1", dt=0.5 * ms)
    fast.run_regularly("v = v*2 + 1")
    slow.run_regularly("v += t/ms + 100*dt/ms + 1000*t_in_timesteps")
    of_fast = StateMonitor(fast, "v", record=True)
    of_slow = StateMonitor(slow, "v", record=True)
    third = StateMonitor(fast, "v", record=True, dt=0.3 * ms)
    run(2.05 * ms)
    np.testing.assert_array_equal(of_fast.v[0], 2.0 ** np.arange(1, 22) - 1)
    assert of_slow.t / ms == pytest.approx([0, 0.5, 1, 1.5, 2])
    assert of_slow.v[0] == pytest.approx(np.cumsum(50 + 1000 * np.arange(5) + 0.5 * np.arange(5)))
    assert third.t / ms == pytest.approx([0, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8])
    np.testing.assert_array_equal(third.v[0], 2.0 ** np.arange(1, 20, 3) - 1)


def test_the_step_in_code_is_that_of_the_group_whose_code_it_is():
    """Also where run_regularly or a monitor runs it on a clock of another step, as in Brian."""
    neuron = NeuronGroup(1, "x : second\nk : integer\nwidth = dt : second")
    pair = Synapses(neuron, neuron, "d : second\nat : second", dt=0.2 * ms)
    pair.connect()
    neuron.run_regularly("x += dt; k = t_in_timesteps", dt=0.5 * ms)
    pair.run_regularly("d = dt; at = t", dt=0.6 * ms)
    widths = StateMonitor(neuron, "width", record=True, dt=0.3 * ms)
    run(1.1 * ms)
    assert neuron.x[0] / ms == pytest.approx(0.3)
    assert neuron.k[0] == 10
    assert [pair.d[0] / ms, pair.at[0] / ms] == pytest.approx([0.2, 0.6])
    assert widths.width[0] / ms == pytest.approx([0.1] * 4)


def test_clocks_that_meet_run_all_their_objects_in_schedule_order():
    """At 0 and 0.2 ms the slow group's start comes before the fast group's end."""
    fast = NeuronGroup(1, "v : 1", dt=0.1 * ms)
    slow = NeuronGroup(1, "v : 1", dt=0.2 * ms)
    both = Synapses(slow, fast, "w : 1")
    both.connect()
    both.run_regularly("w = w*10 + 1", clock=slow.clock)
    both.run_regularly("w = w*10 + 2", clock=fast.clock, when="end")
    run(0.3 * ms)
    assert both.w[0] == 12212


def test_event_driven_equations_between_clocks():
    source = SpikeGeneratorGroup(1, [0, 0, 0], [0.1, 0.7, 1.3] * ms, dt=0.1 * ms)
    target = SpikeGeneratorGroup(1, [0, 0], [0.5, 1.0] * ms, dt=0.5 * ms)
    synapses = Synapses(
        source,
        target,
        "dx/dt = -x/ms : 1 (event-driven)\ny : second",
        on_pre="x += 1",
        on_post="x += 2; y = lastupdate",
    )
    synapses.connect()
    run(3 * ms)
    times, jumps = [0.1, 0.5, 0.7, 1.0, 1.3], [1, 2, 1, 2, 1]
    expected = sum(jump * np.exp(time - 1.3) for time, jump in zip(times, jumps))
    assert synapses.x[0] == pytest.approx(expected, rel=1e-12)
    assert synapses.lastupdate[0] / ms == pytest.approx(1.3)
    assert synapses.y[0] / ms == pytest.approx(0.7)


def test_state_updates_use_the_dt_of_their_clock():
    fast = NeuronGroup(1, "dv/dt = -v/(1*ms) : 1", method="euler")
    slow = NeuronGroup(1, "dv/dt = -v/(1*ms) : 1", method="euler", dt=0.5 * ms)
    exact = NeuronGroup(1, "dv/dt = -v/(1*ms) : 1", method="exact", dt=0.25 * ms)
    for group in (fast, slow, exact):
        group.v = 1
    net = Network(fast, slow, exact)
    net.run(1 * ms)
    assert fast.v[0] == pytest.approx(0.9**10)
    assert slow.v[0] == pytest.approx(0.25)
    assert exact.v[0] == pytest.approx(np.exp(-1))
    assert exact.t / ms == pytest.approx(1)
    assert slow.dt / ms == pytest.approx(0.5)


def test_a_shared_clock_and_python_at_regular_times():
    clock = Clock(dt=0.2 * ms)
    group = NeuronGroup(2, "v : 1", clock=clock)
    seen = []

    @network_operation(clock=clock)
    def note(t):
        seen.append((round(float(t / ms), 9), group.v[0]))
        group.v = group.v + 1

    state = StateMonitor(group, "v", record=0)
    run(0.9 * ms)
    # the names decide: networkoperation comes before statemonitor
    assert seen == [(0, 0), (0.2, 1), (0.4, 2), (0.6, 3), (0.8, 4)]
    assert state.v[0].tolist() == [1, 2, 3, 4, 5]


def test_a_dt_of_an_object_does_not_follow_the_default_clock():
    own = NeuronGroup(1, "v : 1", dt=0.3 * ms)
    shared = NeuronGroup(1, "v : 1")
    defaultclock.dt = 0.1 * ms
    own.run_regularly("v += 1")
    shared.run_regularly("v += 1")
    run(0.9 * ms)
    assert (own.v[0], shared.v[0]) == (3, 9)


def test_incommensurate_clocks_are_refused_by_name():
    first = NeuronGroup(1, "v : 1", dt=0.1 * ms, name="first")
    other = NeuronGroup(1, "v : 1", dt=0.1 * np.sqrt(2) * ms, name="other")
    with pytest.raises(ModelError, match=r"(?s)first.*other"):
        Network(first, other).run(1 * ms)


def test_time_is_a_product_and_never_a_sum():
    defaultclock.dt = 0.1 * second
    group = NeuronGroup(1, "x : second")
    group.run_regularly("x = t")
    state = StateMonitor(group, "x", record=True)
    run(100 * second)
    np.testing.assert_array_equal(state.x_[0], np.arange(1000) * 0.1)
    np.testing.assert_array_equal(state.t_, np.arange(1000) * 0.1)
