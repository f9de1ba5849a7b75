"""Which synapse acts when several act in one step: on one target, by pathway, by object.

Order-dependent code makes the order visible: ``y = y*10 + w`` appends the digit w to y. The orders
were confirmed with Brian 2.9.
"""

import numpy as np
import pytest

from simgen import NeuronGroup, SpikeGeneratorGroup, StateMonitor, Synapses, ms, run

pytestmark = pytest.mark.usefixtures("device")
N = 200


def spikes(times, elements=None):
    elements = np.arange(len(times)) if elements is None else elements
    return SpikeGeneratorGroup(max(elements) + 1, elements, times * ms)


def test_each_synapse_runs_its_whole_code_in_turn():
    source = spikes([1.0, 1.0, 1.0])
    target = NeuronGroup(N, "y : 1\nx : 1")
    synapses = Synapses(source, target, "w : 1", on_pre="y = y*2 + w; x = w")
    synapses.connect()
    synapses.w = "i + 1"
    target.y = 1
    run(2 * ms)
    assert (target.y[:] == 19).all()  # ((1*2 + 1)*2 + 2)*2 + 3
    assert (target.x[:] == 3).all()


def test_arrivals_come_by_emission_then_source_then_index():
    source = spikes([1.2, 1.0, 0.8])
    target = NeuronGroup(N, "y : 1")
    synapses = Synapses(source, target, "w : 1", on_pre="y = y*10 + w")
    synapses.connect()
    synapses.w = "i + 1"
    synapses.delay = "(0.3 + i*0.2)*ms"  # all arrive at 1.5 ms, the latest emitted last
    same = spikes([1.0, 1.0, 1.0])
    other = NeuronGroup(1, "y : 1")
    shuffled = Synapses(same, other, "w : 1", on_pre="y = y*10 + w")
    shuffled.connect(i=[2, 0, 1, 0], j=0)
    shuffled.w = [1, 2, 3, 4]
    run(2 * ms)
    assert (target.y[:] == 321).all()
    assert other.y[0] == 2431  # sources ascending, within one by creation


def test_post_pathways_walk_the_synapses_of_a_target_in_creation_order():
    source = NeuronGroup(3, "z : 1")
    target = SpikeGeneratorGroup(2, [1], [1.0] * ms)
    synapses = Synapses(source, target, "w : 1\nn : 1 (shared)", on_post="z_pre = z_pre*10 + w")
    synapses.connect(i=[2, 0, 0, 0, 0], j=[1, 1, 1, 0, 1])
    synapses.w = [1, 2, 3, 4, 5]
    run(2 * ms)
    assert source.z[:].tolist() == [235, 0, 1]


def test_pathways_run_by_order_then_name():
    source = spikes([0.2])
    target = NeuronGroup(N, "v : 1")
    synapses = Synapses(
        source,
        target,
        "w : 1",
        on_pre={"b": "w = w*10 + 1", "a": "w = w*10 + 2", "c": "w = w*10 + 3"},
    )
    synapses.connect()
    synapses.c.order = -3
    last = Synapses(source, target, on_pre="v = v*10 + 4", name="zz")
    last.connect()
    first = Synapses(source, target, on_pre="v = v*10 + 5", name="aa")
    first.connect()
    run(1 * ms)
    assert (synapses.w[:] == 321).all()
    assert (target.v[:] == 54).all()


def test_several_pathways_with_delays_of_their_own():
    source = SpikeGeneratorGroup(2, [0, 1], [0.2, 0.5] * ms)
    target = SpikeGeneratorGroup(2, [0, 1], [0.4, 1.0] * ms)
    synapses = Synapses(
        source,
        target,
        "w : 1\nl : second",
        on_pre={"p": "w = w*10 + 1", "q": "w = w*10 + 2; l = t"},
        on_post="w = w*10 + 3",
        delay={"p": 0.3 * ms, "post": 0.2 * ms},
    )
    synapses.connect()
    synapses.q.delay = "0.1*ms + i*0.2*ms + j*0.4*ms"
    run(2.5 * ms)
    # (i, j): q at 0.3 | 0.7 | 0.8 | 1.2 ms, p at 0.5 | 0.5 | 0.8 | 0.8 ms, post at 0.6 | 1.2 ms;
    # in one step p comes before q, and pre before post
    assert synapses.w[:].tolist() == [213, 123, 312, 123]
    assert synapses.l / ms == pytest.approx([0.3, 0.7, 0.8, 1.2])
    assert synapses.q.delay / ms == pytest.approx([0.1, 0.5, 0.3, 0.7])
    assert synapses.p.delay / ms == pytest.approx(0.3)
    assert synapses.post.delay / ms == pytest.approx(0.2)


def test_post_pathways_with_a_delay_per_synapse():
    source = SpikeGeneratorGroup(2, [0, 1], [0.2, 0.5] * ms)
    target = SpikeGeneratorGroup(3, [0, 1, 2, 1], [0.4, 1.0, 1.0, 1.3] * ms)
    synapses = Synapses(source, target, "w : 1", on_pre="w = w*10 + 1", on_post="w = w*10 + 3")
    synapses.connect()
    synapses.post.delay = "0.1*ms*i + 0.3*ms*j"
    synapses.delay = 0.2 * ms
    state = StateMonitor(synapses, "w", record=True, when="end")
    run(2.5 * ms)
    arrivals = [np.flatnonzero(np.diff(row, prepend=0)).tolist() for row in state.w]
    # pre at 0.4 (i = 0) and 0.7 ms (i = 1); post at 0.4 | 1.3, 1.6 | 1.6 ms, for i = 1 0.1 ms later
    assert arrivals == [[4], [4, 13, 16], [4, 16], [5, 7], [7, 14, 17], [7, 17]]
    assert synapses.w[:].tolist() == [13, 133, 13, 31, 133, 13]


def test_names_in_synaptic_code():
    """A bare name is the synapse's own, then the target's; locals and subexpressions follow."""
    source = NeuronGroup(3, "x : 1", threshold="t_in_timesteps == 2", reset="")
    target = NeuronGroup(2, "v : 1\nu : 1")
    source.x = [1, 2, 3]
    code = """tmp = sub + v
              v_post += tmp*sh
              x_pre += 1
              u += x_pre"""
    model = "w : 1\nsub = w*x_pre*k : 1\nsh : 1 (shared)"
    synapses = Synapses(source, target, model, on_pre=code, namespace={"k": 3.0})
    synapses.connect("i != j")
    synapses.w = "i + j + 1"
    synapses.sh = 2
    run(1 * ms)
    # in turn (0, 1), (1, 0), (2, 0), (2, 1), each adding 1 to x of its source after using it
    assert target.v[:].tolist() == [126, 132]
    assert target.u[:].tolist() == [7, 7]
    assert source.x[:].tolist() == [2, 3, 5]
    assert synapses.sub[:].tolist() == [12, 18, 45, 60]
