"""What events take along stays with them through changes between runs, and when it is stored."""

from __future__ import annotations

import numpy as np
import pytest
from graded_networks import expected_sums, ramps, seen_at_emission, wire

import simgen
from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    Synapses,
    defaultclock,
    ms,
    mV,
)

pytestmark = pytest.mark.usefixtures("device")


def test_runs_in_parts_go_on():
    ends = []
    for parts in ([6.0], [0.9, 0.1, 1.7, 0.3, 3.0]):
        source, target = ramps(), NeuronGroup(50, "got : volt")
        synapses = wire(source, target, "got_post += w*at_emission(v_pre)")
        net = Network(source, target, synapses)
        for part in parts:
            net.run(part * ms)
        ends.append(target.got_[:].tobytes())
    assert ends[0] == ends[1]


def test_other_delays_and_connections_between_runs():
    """Spikes under way keep their values as they keep their arrival."""
    source, target = ramps(), NeuronGroup(50, "got : volt\nn : 1")
    synapses = wire(source, target, "got_post += w*at_emission(v_pre); n_post += 1")
    spikes, values = SpikeMonitor(source), seen_at_emission(source)
    net = Network(source, target, synapses, spikes, values)
    net.run(3 * ms)
    known = [(i, round(t / 1e-4)) for i, t in zip(spikes.i, spikes.t_)]
    before = np.zeros(50)
    pre, post, w = (np.asarray(getattr(synapses, name)[:]) for name in "ijw")
    late = np.rint(synapses.delay_[:] / 1e-4).astype(int)
    for neuron, step in known:
        mine = pre == neuron
        np.add.at(before, post[mine], w[mine] * values.v_[neuron, step])
    synapses.delay = "(i % 5)*0.2*ms"
    net.run(0.4 * ms)
    synapses.connect(i=7, j=3)
    synapses.w[-1] = 5
    net.run(0.05 * ms)
    synapses.delay = 0.3 * ms
    source.v = -10 * mV  # no further spikes
    net.run(4 * ms)
    # from 3 ms on: delays of the second and third kind, and a synapse more
    total = before.copy()
    pre2, post2, w2 = (np.asarray(getattr(synapses, name)[:]) for name in "ijw")
    for neuron, time in zip(spikes.i, spikes.t_):
        step = round(time / 1e-4)
        if step < 30:
            continue
        mine = pre2 == neuron
        if step < 34:
            mine[-1] = False  # it was not there yet
        np.add.at(total, post2[mine], w2[mine] * values.v_[neuron, step])
    np.testing.assert_allclose(target.got_, total, rtol=1e-12)
    assert late.max() == 16
    assert len(spikes.i) > len(known)


def test_constants_are_those_of_the_emission():
    source = NeuronGroup(1, "v : 1", threshold="v > 0", reset="v = 0")
    target = NeuronGroup(1, "got : 1")
    synapses = Synapses(source, target, on_pre="got_post += at_emission(v_pre*c) * f", delay=1 * ms)
    synapses.connect()
    net = Network(source, target, synapses)
    source.v = 3
    net.run(0.5 * ms, namespace={"c": 2, "f": 100})
    net.run(1 * ms, namespace={"c": 5, "f": 1})
    assert target.got[0] == 6
    net.run(0.5 * ms, namespace={"c": 2.5, "f": 1})  # compiled anew


def test_another_step_width_between_runs():
    source, target = ramps(), NeuronGroup(50, "got : volt\nn : 1")
    synapses = wire(source, target, "got_post += w*at_emission(v_pre); n_post += 1")
    spikes, values = SpikeMonitor(source), seen_at_emission(source)
    net = Network(source, target, synapses, spikes, values)
    net.run(3 * ms)
    source.v = -100 * mV
    defaultclock.dt = 0.05 * ms
    net.run(3 * ms)
    expected = expected_sums(synapses, spikes, values.v_[:], 1000, 50)
    np.testing.assert_allclose(target.got_, expected, rtol=1e-12)


def test_leaving_and_joining_a_network():
    source, target = ramps(), NeuronGroup(50, "got : volt\nn : 1")
    synapses = wire(source, target, "got_post += w*at_emission(v_pre); n_post += 1")
    net = Network(source, target, synapses)
    net.run(3 * ms)
    synapses.active = False
    net.run(0.5 * ms)
    before = target.n[:].copy()
    synapses.active = True
    source.v = -100 * mV
    net.run(3 * ms)
    assert np.any(target.n > before)  # what was under way for more than 0.5 ms
    mean = target.got_ / target.n
    assert np.all(mean > 2e-3)
    assert np.all(mean < 4 * 2.4e-3)


@pytest.mark.parametrize("change", ["nothing", "delays"])
def test_stored_values_go_on(tmp_path, change):
    def build():
        simgen.start_scope()
        source, target = ramps(name="source"), NeuronGroup(50, "got : volt", name="target")
        code = "got_post += w*at_emission(v_pre*f)"
        first = wire(source, target[:20], code, name="first", namespace={"f": 1})
        second = wire(source, target[20:], code, name="second", namespace={"f": 1})
        return target, (first, second), Network(source, target, first, second)

    def half(links, net):
        net.run(2.5 * ms)
        if change == "delays":
            links[0].delay = 0.2 * ms
            net.run(0.3 * ms)

    target, links, net = build()
    half(links, net)
    net.store()
    net.store(filename=tmp_path / "states")
    net.run(3 * ms)
    expected = target.got_[:].tobytes()
    net.restore()
    net.run(3 * ms)
    assert target.got_[:].tobytes() == expected
    target, links, net = build()
    net.restore(filename=tmp_path / "states")
    net.run(3 * ms)
    assert target.got_[:].tobytes() == expected
    assert np.frombuffer(expected).any()


def test_a_state_that_was_stored_without_the_values_is_refused(tmp_path):
    def build(code):
        simgen.start_scope()
        source = SpikeGeneratorGroup(1, [0], [0.5] * ms, name="source")
        target = NeuronGroup(1, "got : second", name="target")
        synapses = Synapses(source, target, on_pre=code, delay=1 * ms, name="links")
        synapses.connect()
        return synapses, Network(source, target, synapses)

    for changed in (False, True):
        synapses, net = build("got_post += t")
        net.run(1 * ms)
        if changed:
            synapses.delay = 2 * ms
            net.run(0.1 * ms)
        net.store(filename=tmp_path / "states")
        _, net = build("got_post += at_emission(t)")
        net.restore(filename=tmp_path / "states")
        with pytest.raises(simgen.ModelError) as error:
            net.run(1 * ms)
        assert "at_emission(t)" in str(error.value)
        assert "Synapses 'links'" in str(error.value)
        assert "^" in str(error.value)
