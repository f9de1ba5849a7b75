"""Synapses whose source or target is another Synapses object: equal everywhere, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest
from wiring import begin, dyadic

from simgen import (
    ModelError,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    set_device,
)
from simgen.commands.fuzz.variants import VARIANTS, differences, observe

pytestmark = pytest.mark.compiler

NAMES = ("reference", "cpu unoptimised", "cpu", "cpu 2 threads", "cpu 3 threads", "cuda")
CELLS = """dv/dt = (drive - v)/(2*ms) : 1
           drive : 1
           x : 1"""
INNER = """w : 1
           g : 1
           heard : 1
           n : integer
           part : integer (constant)
           gain : 1 (shared)
           dy/dt = -y/(4*ms) + g/ms : 1 (clock-driven)
           da/dt = -a/(4*ms) : 1 (event-driven)
           db/dt = -b/(4*ms) : 1 (event-driven)
           both = w + gain*y : 1"""


class Entangled:
    """Random synapses onto, from and between synapses, with delays, repeats and several clocks."""

    def __init__(self, number: int) -> None:
        random = self.random = np.random.default_rng(number)
        n, count = int(random.integers(3, 9)), int(random.integers(5, 40))
        self.cells = cells = NeuronGroup(n, CELLS, threshold="v > 1", reset="v = 0", method="euler")
        cells.drive = 1 + random.integers(1, 40, n) / 16
        self.inner = inner = Synapses(
            cells,
            cells,
            INNER,
            on_pre="v_post += w/64; a += 1; w += b/16",
            on_post="b += 1; w -= a/32",
            method="euler",
        )
        inner.connect(i=random.integers(0, n, count), j=random.integers(0, n, count))
        inner.w, inner.part, inner.gain = dyadic(random, count), random.integers(0, 3, count), 0.5
        inner.delay = random.integers(0, 6, count) * 0.1 * ms
        self.glia = glia = NeuronGroup(
            3, "Y : 1\nG : 1\ndz/dt = (Y - z)/(8*ms) : 1", method="euler"
        )
        glia.run_regularly("G = clip(0.25*z, -1, 1)", dt=0.5 * ms, when="after_groups")
        self.up = Synapses(inner, glia, "Y_post = both_pre/N_incoming : 1 (summed)")
        self.up.connect("part_pre == j")
        self.down = Synapses(glia, inner, "g_post = G_pre*w_post : 1 (summed)")
        self.down.connect("part_post == i or (i == 0 and i_post == j_post)")
        self.onto = Synapses(
            cells[1:],
            inner,
            "z : 1",
            on_pre={"add": "w_post += z/32", "set": "w_post = clip(w, -1 - z, 1)*(1 - z/64)"},
        )
        self.onto.connect(i=random.integers(0, n - 1, 25), j=random.integers(0, count, 25))
        self.onto.z = dyadic(random, 25)
        self.onto.add.delay = random.integers(0, 5, 25) * 0.1 * ms
        self.back = Synapses(
            inner,
            cells,
            "q : 1\nheard_pre = q*v_post + a_pre : 1 (summed)",
            on_post="n_pre += 1; q += w_pre/64",
        )
        self.back.connect(i=random.integers(0, count, 30), j=random.integers(0, n, 30))
        self.back.post.delay = random.integers(0, 3, 30) * 0.1 * ms
        self.pairs = Synapses(
            inner,
            inner,
            """dr/dt = (w_pre - w_post - r)/(2*ms) : 1 (clock-driven)
               larger = w_post > w_pre : boolean""",
            method="euler",
        )
        self.pairs.connect("i != j and i_pre == j_post")
        self.third = Synapses(cells, self.onto, on_pre="z_post += (rand() - 0.5)/8", delay=0.2 * ms)
        self.third.connect(p=0.2)
        shown = ["w", "y", "both", "heard", "n"]
        self.trace = StateMonitor(inner, shown, record=range(5))
        self.seen = StateMonitor(self.pairs, ["r", "larger"], record=True, dt=0.3 * ms)
        self.spikes = SpikeMonitor(cells)
        self.net = Network(*(each for name, each in vars(self).items() if name != "random"))

    def run(self) -> None:
        """Run, change delays, run on, make further synapses at both levels, and run on."""
        random, inner, onto = self.random, self.inner, self.onto
        self.net.run(5 * ms)
        inner.delay = random.integers(1, 7, len(inner)) * 0.1 * ms
        onto.add.delay = random.integers(0, 9, len(onto)) * 0.1 * ms
        inner.connect(i=[0, 1, 2, 0], j=[2, 1, 0, 2])
        inner.w[-4:] = dyadic(random, 4)
        onto.connect(i=[0, 1], j=[len(inner) - 1, len(inner) - 4])
        onto.z[-2:] = [0.5, -0.25]
        self.up.connect(i=len(inner) - 2, j=1)
        self.net.run(3 * ms)


@pytest.mark.parametrize("number", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_all_targets_and_numbers_of_threads_agree(number):
    results = {}
    for name in NAMES:
        set_device(**VARIANTS[name])
        begin()
        model = Entangled(number)
        model.run()
        results[name] = observe(vars(model))
    set_device("auto", dtype="float64")
    first = results.pop("reference")
    assert np.unique(first["trace.w"], axis=1).shape[1] > 5
    assert len(first["spikes.i"]) > 20
    for name, found in results.items():
        assert differences(first, found) == [], name


# --- against what is known ------------------------------------------------------------------------


def spikes_at(*steps):
    """Return neurons of which each spikes in one step."""
    return SpikeGeneratorGroup(len(steps), list(range(len(steps))), np.array(steps) * 0.1 * ms)


def test_a_spike_changes_the_synapses_it_is_meant_for_when_it_arrives(device):
    source, target = spikes_at(1, 3), NeuronGroup(3, "v : 1")
    inner = Synapses(source, target, "w : 1", on_pre="v_post += w")
    inner.connect(i=[1, 0, 1, 0], j=[2, 1, 0, 1])  # stored in another order
    inner.delay = [0.4, 0.3, 0.2, 0.1] * ms
    outer = Synapses(source, inner, "z : 1", on_pre="w_post += z")
    outer.connect(i=[0, 0, 1, 0, 1], j=[3, 0, 1, 1, 1])
    outer.z = [1, 2, 4, 8, 16]
    outer.delay = [0, 0.2, 0.1, 0, 0.3] * ms
    trace = StateMonitor(inner, "w", record=True, when="end")
    Network(source, target, inner, outer, trace).run(0.8 * ms)
    expected = np.zeros((4, 8))
    for synapse, step, weight in ((3, 1, 1), (0, 3, 2), (1, 4, 4), (1, 1, 8), (1, 6, 16)):
        expected[synapse, step:] += weight
    np.testing.assert_array_equal(trace.w, expected)
    # synapses deliver the weight at arrival: 1 at step 4, where 8 + 4 are there already, 3 at 2
    np.testing.assert_array_equal(target.v[:], [0, 8 + 4 + 1, 2])


def test_synapses_are_elements_like_neurons_whatever_their_own_order(device):
    random = np.random.default_rng(5)
    count = 30
    source = spikes_at(0, 2, 3, 5, 5, 9)
    target = NeuronGroup(4, "v : 1")
    inner = Synapses(source, target, "w : 1\ns : 1\nk : integer", on_pre="v_post += w")
    inner.connect(i=random.integers(0, 6, count), j=random.integers(0, 4, count))
    inner.delay = random.integers(0, 9, count) * 0.1 * ms
    plain = NeuronGroup(count, "w : 1\ns : 1\nk : integer")
    i, j = random.integers(0, 6, 80), random.integers(0, count, 80)
    z, delays = dyadic(random, 80), random.integers(0, 5, 80) * 0.1 * ms
    groups = [source, target, inner, plain]
    outer = []
    for elements in (inner, plain):
        onto = Synapses(source, elements, "z : 1", on_pre="w_post = w_post/2 + z; k_post += i")
        onto.connect(i=i, j=j)
        onto.z, onto.delay = z, delays
        pool = NeuronGroup(6, "p : 1\nq : 1")
        pool.q = "i + 1"
        down = Synapses(pool, elements, "s_post = q_pre*N_outgoing : 1 (summed)")
        up = Synapses(elements, pool, "p_post = w_pre*s_pre : 1 (summed)", order=1)
        down.connect("(i + j) % 3 == 0")
        up.connect(j="i % 6")
        groups += [onto, pool, down, up]
        outer.append((onto, pool, up))
    Network(*groups).run(2 * ms)
    (onto, pool, up), (onto_plain, pool_plain, up_plain) = outer
    for name in ("w", "s", "k"):
        np.testing.assert_array_equal(getattr(inner, name)[:], getattr(plain, name)[:], name)
    assert len(set(inner.w[:])) > 10
    np.testing.assert_array_equal(pool.p[:], pool_plain.p[:])
    np.testing.assert_array_equal(onto.w_post[:], onto_plain.w_post[:])
    np.testing.assert_array_equal(up.s_pre[:], up_plain.s_pre[:])
    np.testing.assert_array_equal(onto.i_post[:], inner.i[:][j])
    np.testing.assert_array_equal(onto.j_post[:], inner.j[:][j])


def test_synapses_that_others_know_are_not_merged_and_nor_are_these(device):
    source, target = spikes_at(0, 1, 2, 3), NeuronGroup(4, "v : 1")
    halves = [
        Synapses(source[:2], target, "w : 1", on_pre="v_post += w"),
        Synapses(source[2:], target, "w : 1", on_pre="v_post += w"),
    ]
    outer = []
    for number, half in enumerate(halves):
        half.connect(j="k for k in range(2)")
        half.delay = 0.3 * ms
        half.w = number + 1
    for part in (source[:2], source[2:]):
        outer.append(Synapses(part, halves[0], on_pre="w_post += 8"))
        outer[-1].connect("i == j_post")
    net = Network(source, target, *halves, *outer)
    net.run(0.8 * ms)
    np.testing.assert_array_equal(halves[0].w[:], [17] * 4)
    np.testing.assert_array_equal(halves[1].w[:], [2] * 4)
    assert net._compiled.merges.merges == []
    np.testing.assert_array_equal(target.v[:2], [17 + 17 + 4] * 2)


# --- changes between runs -------------------------------------------------------------------------


@pytest.mark.parametrize("outer_first", [False, True])
def test_store_and_restore_with_synapses_made_in_between(device, outer_first):
    source = SpikeGeneratorGroup(3, np.tile([0, 1, 2], 20), np.repeat(np.arange(20), 3) * 0.7 * ms)
    target = NeuronGroup(4, "v : 1\ns : 1")
    inner = Synapses(source, target, "w : 1", on_pre="v_post += w")
    inner.connect(i=[0, 1, 2], j=[3, 2, 1])
    inner.w, inner.delay = "1 + i", "0.3*ms*(i + 1)"
    onto = Synapses(source, inner, "z : 1", on_pre="w_post += z")
    onto.connect(i=[0, 1, 2], j=[2, 0, 1])
    onto.z, onto.delay = "0.5*i + 0.25", "0.2*ms*(1 + j)"
    taken = Synapses(inner, target, "s_post = w_pre : 1 (summed)")
    taken.connect(j="i")
    objects = [source, target, inner, onto, taken]
    net = Network(*(objects[::-1] if outer_first else objects))

    def state():
        arrays = (inner.w[:], target.v[:], target.s[:], onto.j[:], onto.z[:], taken.i[:])
        return [array.tolist() for array in arrays]

    def after():
        net.run(3 * ms)
        return state()

    net.store("zero")
    net.run(3 * ms)
    net.store("first")
    first = after()
    inner.connect(i=[0, 0], j=[0, 0])  # the outer ones stay as they are
    inner.w[3:], inner.delay[3:] = 7, 0.4 * ms
    net.run(1 * ms)
    net.restore("first")
    assert after() == first
    inner.connect(i=[0, 0], j=[0, 0])
    inner.w[3:], inner.delay[3:] = 7, 0.4 * ms
    onto.connect(i=1, j=4)
    onto.z[3] = 0.125
    taken.connect(i=3, j=3)
    net.run(3 * ms)
    net.store("second")
    second = after()
    assert second != first
    net.restore("first")
    assert after() == first
    net.restore("second")
    assert after() == second
    net.restore("zero")
    net.run(3 * ms)
    assert after() == first


def test_synapses_follow_those_that_another_network_restores(device):
    source, target = spikes_at(0, 1), NeuronGroup(2, "v : 1")
    inner = Synapses(source, target, "w : 1", on_pre="v_post += w")
    inner.connect()
    stored = Network(source, target, inner)
    stored.store()
    onto, beyond = (Synapses(source, inner, on_pre="w_post += 1") for _ in range(2))
    onto.connect(i=0, j=3)
    inner.connect(i=0, j=0)
    beyond.connect(i=0, j=4)
    assert onto.N_post == 5
    stored.restore()
    assert onto.N_post == 4
    assert onto.j[:].tolist() == [3]
    net = Network(source, target, inner, onto)
    net.run(0.2 * ms)
    assert inner.w[:].tolist() == [0, 0, 0, 1]
    net.add(beyond)
    with pytest.raises(ModelError, match="has no synapses"):
        net.run(0.1 * ms)


def test_there_may_be_no_synapses_to_speak_of(device):
    source, target = spikes_at(0, 1), NeuronGroup(2, "v : 1\ns : 1")
    inner = Synapses(source, target, "w : 1\ng : 1", on_pre="v_post += w")
    inner.connect(False)
    onto = Synapses(source, inner, on_pre="w_post += 1")
    onto.connect()
    up = Synapses(inner, target, "s_post = w_pre : 1 (summed)")
    up.connect()
    target.s = 3
    net = Network(source, target, inner, onto, up)
    net.run(0.3 * ms)
    assert len(onto) == len(up) == 0
    assert target.s[:].tolist() == [0, 0]
    inner.connect(i=1, j=0)
    onto.connect(
        i=[0, 1],
        j=0,
    )
    up.connect(i=0, j=1)
    net.run(0.3 * ms)
    assert target.s[:].tolist() == [0, 0]  # the spikes came before the synapses were made
