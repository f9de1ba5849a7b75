"""Summed variables: what they add up, when, and what they leave alone; clock-driven synapses."""

import numpy as np
import pytest

from simgen import (
    ModelError,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    ms,
    run,
)

pytestmark = pytest.mark.usefixtures("device")


def test_sums_overwrite_their_target_before_its_state_update():
    source = NeuronGroup(3, "x : 1")
    source.x = [1, 2, 3]
    source.run_regularly("x += 1")
    target = NeuronGroup(4, "s : 1\ndu/dt = s/ms : 1", method="euler")
    target.s = 7
    synapses = Synapses(source, target, "s_post = w*x_pre : 1 (summed)\nw : 1")
    synapses.connect(i=[0, 1, 2, 2], j=[0, 0, 1, 1])
    synapses.w = [1, 10, 100, 1000]
    start = StateMonitor(target, ["s", "u"], record=True)
    end = StateMonitor(target, "s", record=True, when="end")
    run(0.2 * ms)
    # x is 2, 3, 4 and then 3, 4, 5 when the sums are formed
    assert end.s.T.tolist() == [[32, 4400, 0, 0], [43, 5500, 0, 0]]
    assert start.s.T.tolist() == [[7, 7, 7, 7], [32, 4400, 0, 0]]  # 0 where there are no synapses
    assert start.u[:, 1] == pytest.approx([3.2, 440, 0, 0])  # by the new sum


def test_sums_are_formed_on_the_clock_of_their_target():
    """The synapses may have another one; a sum onto the source is formed on that of the source."""
    source = NeuronGroup(1, "x : 1\nback : 1", dt=0.4 * ms)
    target = NeuronGroup(1, "s : 1", dt=0.1 * ms)
    synapses = Synapses(
        source,
        target,
        "s_post = t/ms + dt/ms : 1 (summed)\nback_pre = t/ms : 1 (summed)",
        dt=0.2 * ms,
    )
    synapses.connect()
    sums = StateMonitor(target, "s", record=True, when="end")
    back = StateMonitor(source, "back", record=True, when="end", dt=0.1 * ms)
    run(0.6 * ms)
    assert sums.s[0] == pytest.approx(np.arange(6) * 0.1 + 0.2)
    assert back.back[0] == pytest.approx([0, 0, 0, 0, 0.4, 0.4])


def test_sums_onto_a_subgroup_leave_the_others():
    source = NeuronGroup(2, "x : 1\ny : 1")
    source.x = [1, 2]
    source.y = 5
    target = NeuronGroup(4, "s : 1")
    target.s = 7
    synapses = Synapses(source, target[2:], "s_post = x_pre + i + j : 1 (summed)")
    synapses.connect()
    back = Synapses(source, target, "y_pre = 1.0 : 1 (summed)")
    back.connect("i == 0")
    none = NeuronGroup(1, "s : 1")
    none.s = 9
    empty = Synapses(source, none, "s_post = x_pre : 1 (summed)")
    empty.connect("False")
    run(0.1 * ms)
    assert target.s[:].tolist() == [7, 7, 4, 6]
    assert source.y[:].tolist() == [4, 0]
    assert none.s[0] == 0


def test_two_sums_onto_one_variable_are_refused_unless_they_touch_other_neurons():
    source = NeuronGroup(2, "x : 1")
    source.x = 1
    target = NeuronGroup(4, "s : 1")
    first = Synapses(source, target[:2], "s_post = x_pre : 1 (summed)")
    first.connect()
    second = Synapses(source, target[2:], "s_post = 2*x_pre : 1 (summed)")
    second.connect()
    Network(source, target, first, second).run(0.1 * ms)
    assert target.s[:].tolist() == [2, 2, 4, 4]
    third = Synapses(source, target[1:3], "s_post = x_pre : 1 (summed)")
    third.connect()
    with pytest.raises(ModelError, match="summed"):
        Network(source, target, first, third).run(0.1 * ms)


def test_clock_driven_synapses_feed_their_target():
    source = SpikeGeneratorGroup(2, [0, 1], [0.2, 0.5] * ms)
    target = NeuronGroup(2, "dv/dt = (I - v)/(1*ms) : 1\nI : 1", method="euler")
    model = """dg/dt = -g/(2*ms) + v_post/ms*0.1 : 1 (clock-driven)
               I_post = g : 1 (summed)"""
    synapses = Synapses(source, target, model, on_pre="g += 1", method="euler")
    synapses.connect()
    state = StateMonitor(synapses, "g", record=True)
    voltage = StateMonitor(target, "v", record=True)
    run(1.5 * ms)
    v, g, seen, seen_v = 0.0, np.zeros(2), [], []
    for step in range(15):
        seen.append(g)
        seen_v.append(v)
        current = g.sum()
        v = v + 0.1 * (current - v)  # the target first, with the sum of the last step
        g = g + 0.1 * (-g / 2 + 0.1 * v)
        g = g + np.array([step == 2, step == 5])
    expected = np.array(seen).T
    np.testing.assert_allclose(state.g, expected[[0, 0, 1, 1]], rtol=1e-12)
    np.testing.assert_allclose(voltage.v, [seen_v, seen_v], rtol=1e-12)
