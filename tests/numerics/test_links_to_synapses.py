"""Variables linked to those of synapses: in the order of creation, however these are stored."""

import numpy as np
import pytest

from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    linked_var,
    ms,
)
from simgen.errors import IndexRangeError, ModelError, UnsupportedFeatureError

pytestmark = pytest.mark.usefixtures("device")

MODEL = """w : 1
           square = w**2 + gain : 1
           gain : 1 (shared)
           k : integer
           da/dt = -a/ms : 1 (event-driven)"""


def plastic(n_more=0, **options):
    """Return synapses that lie in another order than they were made, and their two groups."""
    source = SpikeGeneratorGroup(3, [0, 1, 2, 0], [0.1, 0.2, 0.3, 0.5] * ms)
    target = NeuronGroup(4, "v : 1")
    synapses = Synapses(source, target, MODEL, on_pre="v_post += w; w += 1; a += 1; k += i")
    synapses.connect(i=[2, 0, 1, 2, 0, 1, 0], j=[0, 3, 1, 2, 2, 3, 1])
    synapses.w, synapses.gain = np.arange(7), 100
    synapses.delay = [0.4, 0.3, 0.2, 0.1, 0, 0.1, 0.2] * ms
    return source, target, synapses


def test_each_element_reads_the_synapse_of_its_number(device):
    source, target, synapses = plastic()
    model = """w : 1 (linked)
               s : 1 (linked)
               one : 1 (linked)
               gain : 1 (linked)
               trace : 1 (linked)
               k : integer (linked)
               place : integer (constant)
               by_place : 1 (linked)
               x : 1
               n : integer
               twice = 2*w : 1"""
    group = NeuronGroup(7, model)
    group.place = [0, 0, 5, 5, 1, 2, 3]
    group.w, group.gain = linked_var(synapses, "w"), linked_var(synapses, "gain")
    group.s = linked_var(synapses.square, index=[6, 5, 4, 3, 2, 1, 0])
    group.one = linked_var(synapses, "w", index=[1] * 7)
    group.trace, group.k = linked_var(synapses, "a"), linked_var(synapses.k)
    group.by_place = linked_var(synapses, "w", index="place")
    group.run_regularly("x = twice + s/2 + one*gain + by_place; n = 3*k", when="end")
    seen = StateMonitor(group, ["w", "s", "trace"], record=True, when="end")
    own = StateMonitor(synapses, ["w", "square", "a"], record=True, when="end")
    net = Network(source, target, synapses, group, seen, own)
    net.run(0.6 * ms)

    def expected():
        w = synapses.w[:]
        return 2 * w + (w[::-1] ** 2 + 100) / 2 + w[1] * 100 + w[group.place[:]]

    np.testing.assert_array_equal(group.x[:], expected())
    np.testing.assert_array_equal(seen.w, own.w)
    np.testing.assert_array_equal(seen.s, own.square[::-1])
    np.testing.assert_array_equal(seen.trace, own.a)
    assert len(np.unique(own.a)) > 2
    np.testing.assert_array_equal(group.n[:], 3 * synapses.k[:])
    np.testing.assert_array_equal(group.w[:], synapses.w[:])
    np.testing.assert_array_equal(group.s[:], synapses.square[::-1])
    np.testing.assert_array_equal(group.w["k > 1"], synapses.w[:][synapses.k[:] > 1])

    group.place = [6, 5, 4, 3, 2, 1, 0]
    synapses.delay = [0, 0.1, 0.3, 0.2, 0.5, 0.1, 0.4] * ms  # they are stored anew
    synapses.w[2] = 50
    net.run(0.2 * ms)
    np.testing.assert_array_equal(group.x[:], expected())


def test_the_update_of_neurons_reads_weights_as_they_are(device):
    """The link is part of a differential equation: dv/dt = w, in steps of 0.1 ms."""
    source, target, synapses = plastic()
    group = NeuronGroup(3, "dv/dt = w/(0.1*ms) : 1\nw : 1 (linked)", method="euler")
    group.w = linked_var(synapses, "w", index=[1, 4, 4])
    own = StateMonitor(synapses, "w", record=[1, 4], when="start")
    Network(source, target, synapses, group, own).run(1 * ms)
    np.testing.assert_array_equal(group.v[:], own.w.sum(axis=1)[[0, 1, 1]])
    assert len(np.unique(own.w)) > 3


def test_a_link_made_between_runs_finds_traces_that_were_kept_elsewhere(device):
    """Before it is made, the trace may lie with the neurons."""
    source, target, synapses = plastic()
    group = NeuronGroup(7, "a : 1 (linked)\nx : 1")
    net = Network(source, target, synapses)
    net.run(0.4 * ms)
    group.a = linked_var(synapses, "a")
    np.testing.assert_array_equal(group.a[:], synapses.a[:])
    group.run_regularly("x = a", when="end")
    net.add(group)
    net.run(0.4 * ms)
    np.testing.assert_array_equal(group.x[:], synapses.a[:])
    assert np.count_nonzero(group.x) > 3


def test_synapses_made_later_do_not_change_a_link_with_an_index(device):
    source, target, synapses = plastic()
    some = NeuronGroup(2, "w : 1 (linked)\nx : 1")
    some.w = linked_var(synapses, "w", index=[6, 0])
    some.run_regularly("x = w", when="end")
    net = Network(source, target, synapses, some)
    net.run(0.1 * ms)
    synapses.connect(i=[0, 1], j=[0, 0])
    net.run(0.5 * ms)
    np.testing.assert_array_equal(some.x[:], synapses.w[:][[6, 0]])


def test_links_follow_synapses_that_are_restored(device):
    source, target, synapses = plastic()
    group = NeuronGroup(2, "w : 1 (linked)\nx : 1")
    group.w = linked_var(synapses, "w", index=[1, 2])
    group.run_regularly("x = w", when="end")
    net = Network(source, target, synapses, group)
    net.run(0.2 * ms)
    net.store()
    net.run(0.4 * ms)
    first = group.x[:].tolist()
    synapses.delay = 0.1 * ms
    net.run(0.3 * ms)
    net.restore()
    net.run(0.4 * ms)
    assert group.x[:].tolist() == first == synapses.w[[1, 2]].tolist()


def test_synapses_that_a_group_is_linked_to_are_not_merged(device):
    source, target = SpikeGeneratorGroup(4, [0, 1, 2, 3], [0.1] * 4 * ms), NeuronGroup(4, "v : 1")
    halves = [
        Synapses(part, target, "w : 1", on_pre="v_post += w") for part in (source[:2], source[2:])
    ]
    for number, half in enumerate(halves):
        half.connect()
        half.w = f"{number} + i + j"
    group = NeuronGroup(8, "w : 1 (linked)\nx : 1")
    group.w = linked_var(halves[1], "w")
    group.run_regularly("x = w")
    net = Network(source, target, *halves, group)
    net.run(0.3 * ms)
    assert net._compiled.merges.merges == []
    np.testing.assert_array_equal(group.x[:], halves[1].w[:])


def test_synaptic_code_reads_links_to_other_synapses(device):
    source, target, synapses = plastic()
    group = NeuronGroup(7, "w : 1 (linked)\ng : 1", name="linking")
    group.w = linked_var(synapses, "w")
    other = Synapses(source, group, "u : 1", on_pre="g += w*(i + 1)")
    other.connect()
    other.u = "w_post*10"
    np.testing.assert_array_equal(other.u[:], np.tile(synapses.w[:] * 10, 3))
    before = synapses.w[:]
    net = Network(source, target, synapses, group, other)
    net.run(0.1 * ms)
    assert group.g[:].tolist() == [0] * 7
    net.run(0.1 * ms)  # the first neuron spikes, and none of its synapses has no delay
    np.testing.assert_array_equal(group.g[:], before)


# --- errors ---------------------------------------------------------------------------------------


def test_synapses_that_something_is_linked_to_stay():
    _, _, synapses = plastic()
    group = NeuronGroup(7, "w : 1 (linked)", name="linking")
    group.w = linked_var(synapses, "w")
    with pytest.raises(ModelError, match=r"'w' of NeuronGroup 'linking' is linked to their .* 'w'"):
        synapses.remove([0])
    synapses.connect(i=0, j=0)
    with pytest.raises(ModelError, match=r"'linking' has 7 elements and .* has 8.*index="):
        group.w[:]


def test_links_to_synapses_that_are_not_there():
    _, _, synapses = plastic()
    group = NeuronGroup(2, "w : 1 (linked)\nn : integer (linked)\nsquare : 1 (linked)")
    with pytest.raises(ModelError, match=r"has 2 elements and .* has 7"):
        group.w = linked_var(synapses, "w")
    with pytest.raises(IndexRangeError, match="is 7 at position 1"):
        group.w = linked_var(synapses, "w", index=[0, 7])
    with pytest.raises(UnsupportedFeatureError, match=r"'i' of .* is no variable of its equations"):
        linked_var(synapses, "i")
    source = SpikeGeneratorGroup(1, [0], [0] * ms)
    kept = Synapses(source, group, "w : 1", on_pre="w = 0", storage="sparse")
    with pytest.raises(ModelError, match=r"and .* has 0"):
        group.w = linked_var(kept, "w")
    gone = Synapses(source, NeuronGroup(3, "v : 1"), "u : 1", storage="procedural", name="gone")
    with pytest.raises(UnsupportedFeatureError, match="'u' of Synapses 'gone' is no variable of"):
        linked_var(gone, "u")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("w*i", "'i' of Synapses 'syn' cannot be used in an expression that is linked to"),
        ("w*v_post", "'x' of Synapses 'syn' is computed from 'v_post', which only these"),
        ("w*N_incoming", "'x' of Synapses 'syn' is computed from 'N_incoming'"),
    ],
)
def test_expressions_of_synapses_that_others_cannot_see(expression, message):
    source, target = SpikeGeneratorGroup(1, [0], [0] * ms), NeuronGroup(2, "v : 1")
    synapses = Synapses(source, target, f"w : 1\nx = {expression} : 1", name="syn")
    synapses.connect()
    group = NeuronGroup(2, "x : 1 (linked)\ny : 1")
    group.x = linked_var(synapses, "x")
    group.run_regularly("y = x")
    with pytest.raises(UnsupportedFeatureError, match=message):
        Network(source, target, synapses, group).run(0.1 * ms)
