"""Linked variables: which element each reads, and when; what they may be used for."""

import numpy as np
import pytest

from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    linked_var,
    ms,
    mV,
    run,
)
from simgen.errors import EquationError

pytestmark = pytest.mark.usefixtures("device")


def test_elements_are_linked_one_to_one_or_through_an_index_and_read_the_present_value():
    source = NeuronGroup(4, "x : volt")
    source.x = [1, 2, 3, 4] * mV
    source.run_regularly("x += 1*mV")
    model = """dv/dt = (w + one - v)/(1*ms) : volt
               w : volt (linked)
               one : volt (linked)"""
    group = NeuronGroup(3, model, method="euler")
    alone = NeuronGroup(4, "y : volt (linked)")
    single = NeuronGroup(1, "x : volt")
    single.x = 10 * mV
    group.w = linked_var(source, "x", index=[3, 0, 0])
    group.one = linked_var(single.x)
    alone.y = linked_var(source, "x")
    state = StateMonitor(alone, "y", record=[2, 0])
    run(0.2 * ms)
    assert np.allclose(state.y / mV, [[4, 5], [2, 3]])  # after run_regularly
    assert np.allclose(alone.y[:] / mV, [3, 4, 5, 6])
    assert alone.y[1] / mV == pytest.approx(4)
    assert np.allclose(alone.y["y > 4.5*mV"] / mV, [5, 6])
    assert np.allclose(group.w[:] / mV, [6, 3, 3])
    assert np.allclose(group.one[:] / mV, [10, 10, 10])
    v = 0
    for w in (np.array([5, 2, 2]), np.array([6, 3, 3])):
        v = v + 0.1 * (w + 10 - v)
    np.testing.assert_allclose(group.v / mV, v, rtol=1e-12)


def test_the_order_of_state_updates_decides_whether_an_old_or_a_new_value_is_read():
    source = NeuronGroup(2, "dx/dt = 1/(0.1*ms) : 1", method="euler", order=0)
    before = NeuronGroup(2, "y : 1 (linked)\ndv/dt = y/(0.1*ms) : 1", method="euler", order=-1)
    after = NeuronGroup(2, "y : 1 (linked)\ndv/dt = y/(0.1*ms) : 1", method="euler", order=1)
    for group in (before, after):
        group.y = linked_var(source, "x")
    run(0.3 * ms)
    assert before.v[:] == pytest.approx([0 + 1 + 2] * 2)
    assert after.v[:] == pytest.approx([1 + 2 + 3] * 2)


def test_an_index_may_be_a_variable_which_may_change_between_runs():
    source = NeuronGroup(5, "x : 1")
    source.x = "10*i"
    group = NeuronGroup(3, "k : integer (constant)\nx : 1 (linked)\ny : 1")
    group.k = [4, 1, 1]
    group.x = linked_var(source, "x", index="k")
    group.run_regularly("y = x")
    assert group.x[:].tolist() == [40, 10, 10]
    net = Network(source, group)
    net.run(0.1 * ms)
    assert group.y[:].tolist() == [40, 10, 10]
    group.k = [0, 3, 2]
    net.run(0.1 * ms)
    assert group.y[:].tolist() == [0, 30, 20]


def test_links_into_a_part_count_from_its_first_element_and_links_of_links_lead_on():
    source = NeuronGroup(6, "x : 1")
    source.x = "i"
    part = NeuronGroup(3, "y : 1 (linked)\nr : 1")
    part.y = linked_var(source[2:5], "x")
    last = NeuronGroup(2, "z : 1 (linked)\nr : 1")
    last.z = linked_var(part, "y", index=[2, 0])
    lone = NeuronGroup(2, "z : 1 (linked)\nr : 1")
    lone.z = linked_var(source[5:6], "x")
    part.run_regularly("r = y")
    last.run_regularly("r = z")
    lone.run_regularly("r = z")
    source.run_regularly("x += 10", order=-1)
    run(0.1 * ms)
    assert part.r[:].tolist() == [12, 13, 14] == part.y[:].tolist()
    assert part[1:].y[:].tolist() == [13, 14]
    assert last.r[:].tolist() == [14, 12] == last.z[:].tolist()
    assert lone.r[:].tolist() == [15, 15] == lone.z[:].tolist()


def test_shared_variables_are_linked_as_one_value():
    source = NeuronGroup(2, "s : 1 (shared)\nv : 1")
    source.s = 3
    source.run_regularly("s = s + 1")
    model = """total : 1 (linked, shared)
               each : 1 (linked)
               twice = 2*total : 1 (shared)
               dv/dt = (twice + each)/(0.1*ms) : 1"""
    group = NeuronGroup(3, model, method="euler")
    group.total = linked_var(source, "s")
    group.each = linked_var(source, "s")
    run(0.2 * ms)
    assert group.v[:] == pytest.approx([3 * 4 + 3 * 5] * 3)
    assert group.total[:] == 5
    assert group.each[:].tolist() == [5, 5, 5]


def test_a_shared_expression_may_read_a_link_to_a_single_value(device):
    """Which it turns out to be once it is linked, as the input of Brette & Guigon (2003) is."""
    one = NeuronGroup(1, "dx/dt = 100*Hz : 1", method="euler")
    many = NeuronGroup(3, "y = 2*x + 1 : 1 (shared)\nx : 1 (linked)\nz : 1")
    many.x = linked_var(one, "x")
    many.run_regularly("z = y", when="end")
    Network(one, many).run(1 * ms)
    np.testing.assert_allclose(many.z, 1.2)

    each = NeuronGroup(3, "x : 1")
    other = NeuronGroup(3, "y = 2*x + 1 : 1 (shared)\nx : 1 (linked)")
    other.x = linked_var(each, "x")
    with pytest.raises(EquationError, match=r"'y' is shared, but 'x' has a value for each"):
        Network(each, other).run(1 * ms)


@pytest.mark.parametrize("method", ["euler", "rk4"])
def test_neurons_of_a_group_that_look_at_each_other_are_updated_at_the_same_time(method):
    model = """dv/dt = (left - v)/(1*ms) : 1
               left : 1 (linked)"""
    ring = NeuronGroup(50, model, method=method)
    ring.v = "i"
    ring.left = linked_var(ring, "v", index=(np.arange(50) - 1) % 50)
    run(0.3 * ms)
    v, h = np.arange(50.0), 0.1
    factor = h if method == "euler" else h - h**2 / 2 + h**3 / 6 - h**4 / 24
    for _ in range(3):
        v = v + factor * (np.roll(v, 1) - v)
    np.testing.assert_allclose(ring.v[:], v, rtol=1e-12)


def test_stored_subexpressions_of_others_are_those_of_before_and_booleans_can_be_linked():
    model = """f = 2*before + 1 : 1 (constant over dt)
               before : 1 (linked)
               quiet : boolean (linked)
               own : boolean"""
    group = NeuronGroup(3, model)
    group.before = linked_var(group, "f", index=[2, 0, 1])
    group.own = [True, False, True]
    group.quiet = linked_var(group, "own", index=[1, 0, 1])
    run(0.2 * ms)
    assert group.f[:].tolist() == [3, 3, 3]
    assert group.quiet[:].tolist() == [False, True, False]


def test_thresholds_resets_and_refractory_periods_read_links():
    source = NeuronGroup(3, "high : 1\nbase : 1")
    source.high = [2.5, 0.5, 10]
    source.base = [-1, 0, 5]
    model = """dv/dt = 1/(0.1*ms) : 1
               theta : 1 (linked)
               base : 1 (linked)
               ref : second (linked)"""
    periods = NeuronGroup(1, "ref : second")
    periods.ref = 0.2 * ms
    group = NeuronGroup(
        2, model, method="euler", threshold="v > theta", reset="v = base", refractory="ref"
    )
    group.theta = linked_var(source, "high", index=[0, 1])
    group.base = linked_var(source, "base", index=[0, 2])
    group.ref = linked_var(periods, "ref")
    spikes = SpikeMonitor(group, variables="theta")
    run(0.5 * ms)
    # the second neuron is above its threshold again after each refractory period
    assert np.round(spikes.t / (0.1 * ms)).astype(int).tolist() == [0, 2, 2, 4]
    assert spikes.i[:].tolist() == [1, 0, 1, 1]
    assert spikes.theta[:].tolist() == [0.5, 2.5, 0.5, 0.5]


def test_resets_are_done_neuron_by_neuron():
    group = NeuronGroup(3, "v : 1\nw : 1\nnext : 1 (linked)", threshold="v > 0", reset="w = next")
    group.v = 1
    group.w = [1, 2, 3]
    group.next = linked_var(group, "w", index=[1, 2, 0])
    run(0.1 * ms)
    assert group.w[:].tolist() == [2, 3, 2]  # the first is done when the last looks at it


def test_synapses_read_links_at_both_ends():
    values = NeuronGroup(4, "x : 1")
    values.x = [1, 10, 100, 1000]
    source = SpikeGeneratorGroup(2, [0, 1], [0.1, 0.2] * ms)
    target = NeuronGroup(3, "g : 1\nx : 1 (linked)\ntotal : 1")
    target.x = linked_var(values, "x", index=[2, 0, 3])
    synapses = Synapses(source, target, "w : 1", on_pre="g += w*x_post")
    synapses.connect()
    synapses.w = "i + 1 + 0*x_post"
    back = Synapses(target, target, "total_post = x_pre : 1 (summed)")
    back.connect("x_pre > x_post")
    recorded = StateMonitor(target, ["x", "total"], record=True)
    run(0.4 * ms)
    assert target.g[:].tolist() == [300, 3, 3000]
    assert target.total[:].tolist() == [1000, 1100, 0]
    assert recorded.x[:, 0].tolist() == [100, 1, 1000]


def test_a_group_on_another_clock_reads_the_latest_value():
    source = NeuronGroup(1, "dx/dt = 1 : second", method="euler", dt=0.2 * ms)
    group = NeuronGroup(2, "x : second (linked)", dt=0.1 * ms)
    group.x = linked_var(source, "x")
    state = StateMonitor(group, "x", record=True, dt=0.1 * ms, when="end")
    run(0.4 * ms)
    assert np.allclose(state.x / ms, [[0.2, 0.2, 0.4, 0.4]] * 2)


@pytest.mark.parametrize("worth", [1_000_000, 5], ids=["by numpy", "compiled"])
def test_text_about_pairs_reads_links_at_both_ends(worth, monkeypatch):
    monkeypatch.setattr("simgen.api.compiled_text.WORTH_COMPILING", worth)
    values = NeuronGroup(5, "x : 1")
    values.x = "i"
    source = NeuronGroup(3, "x : 1 (linked)")
    source.x = linked_var(values, "x", index=[4, 1, 0])
    target = NeuronGroup(3, "y : 1 (linked)")
    target.y = linked_var(values, "x", index=[2, 0, 3])
    synapses = Synapses(source, target, "w : 1")
    synapses.connect("x_pre < y_post")
    synapses.w = "10*x_pre + y_post"
    assert list(zip(synapses.i, synapses.j)) == [(1, 0), (1, 2), (2, 0), (2, 2)]
    assert synapses.w[:].tolist() == [12, 13, 2, 3]


def test_objects_that_run_as_one_read_links_and_values_written_between_runs_count():
    values = NeuronGroup(3, "x : 1")
    values.x = [1, 10, 100]
    source = SpikeGeneratorGroup(4, [0, 1, 2, 3], [0, 0, 0, 0] * ms, period=0.1 * ms)
    target = NeuronGroup(4, "x : 1 (linked)\ng : 1")
    target.x = linked_var(values, "x", index=[2, 1, 0, 2])
    parts = [slice(0, 2), slice(2, 4)]
    synapses = [Synapses(source[one], target[other], on_pre="g += x_post")
                for one in parts for other in parts]  # fmt: skip
    for each in synapses:
        each.connect()
    net = Network(values, source, target, synapses)
    net.run(0.1 * ms)
    assert target.g[:].tolist() == [400, 40, 4, 400]
    values.x = [2, 20, 200]
    net.run(0.1 * ms)
    assert target.g[:].tolist() == [1200, 120, 12, 1200]


def test_links_are_not_stored_but_what_they_lead_to(device):
    source = NeuronGroup(5, "x : 1")
    group = NeuronGroup(2, "x : 1 (linked)\ny : 1")
    source.x = "i"
    group.x = linked_var(source, "x", index=[4, 1])
    source.run_regularly("x *= 2")
    group.run_regularly("y += x")
    net = Network(source, group)
    net.run(0.1 * ms)
    net.store()
    net.run(0.2 * ms)
    first = group.y[:].tolist()
    net.restore()
    assert group.x[:].tolist() == [8, 2]
    net.run(0.2 * ms)
    assert group.y[:].tolist() == first == [4 + 8 + 16, 1 + 2 + 4]
