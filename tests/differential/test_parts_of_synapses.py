"""Successive synapses, ``S[a:b]``, as the source or target of others and under a monitor."""

from __future__ import annotations

import numpy as np
import pytest
from wiring import dyadic

from simgen import (
    ModelError,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    ms,
)
from simgen.errors import ArgumentTypeError, UnsupportedFeatureError

pytestmark = pytest.mark.compiler

COUNT, FIRST, LAST = 30, 7, 19


def firing():
    steps = np.array([0, 2, 3, 5, 5, 9, 9, 12])
    return SpikeGeneratorGroup(6, [0, 1, 2, 3, 4, 5, 0, 3], steps * 0.1 * ms)


class Inner:
    """Synapses that are stored in another order than they were created, and others for them."""

    def __init__(self):
        self.random = random = np.random.default_rng(4)
        self.source, self.target = firing(), NeuronGroup(4, "v : 1")
        self.inner = Synapses(
            self.source,
            self.target,
            "w : 1\ns : 1\nk : integer\ntwice = 2*w : 1\ntag : integer (constant)",
            on_pre="v_post += w",
        )
        self.inner.connect(i=random.integers(0, 6, COUNT), j=random.integers(0, 4, COUNT))
        self.inner.delay = random.integers(0, 9, COUNT) * 0.1 * ms
        self.inner.w, self.inner.tag = dyadic(random, COUNT), "i + 4*j"
        self.pool = NeuronGroup(6, "p : 1\nq : 1")
        self.pool.q = "i + 1"

    def network(self, *more):
        return Network(self.source, self.target, self.inner, self.pool, *more)


def linked_to(part):
    """Return what synapses, onto a part or onto the same ones among all, leave behind."""
    model = Inner()
    group, add = (model.inner[FIRST:LAST], 0) if part else (model.inner, FIRST)
    random = np.random.default_rng(7)
    i, j = random.integers(0, 6, 60), random.integers(0, LAST - FIRST, 60)
    onto = Synapses(model.source, group, "z : 1", on_pre="w_post = w_post/2 + z; k_post += i")
    onto.connect(i=i, j=j + add)
    onto.z, onto.delay = dyadic(random, 60), random.integers(0, 5, 60) * 0.1 * ms
    down = Synapses(model.pool, group, "s_post = q_pre + twice_post + i_post : 1 (summed)")
    down.connect(i=i, j=j + add)
    up = Synapses(group, model.pool, "p_post = w_pre*s_pre + j_pre : 1 (summed)", order=1)
    up.connect(i=j + add, j=i)
    model.network(onto, down, up).run(2 * ms)
    assert onto.i_post[:].tolist() == model.inner.i[FIRST:LAST][j].tolist()
    assert up.w_pre[:].tolist() == model.inner.w[FIRST:LAST][j].tolist()
    return [model.inner.w[:], model.inner.k[:], model.inner.s[:], model.pool.p[:]]


def test_a_part_is_the_whole_under_other_numbers(device):
    part, whole = linked_to(part=True), linked_to(part=False)
    assert len(set(part[0][FIRST:LAST])) > 8
    assert len(set(part[2])) > 8
    np.testing.assert_array_equal(part[2][FIRST:LAST], whole[2][FIRST:LAST])
    assert not part[2][:FIRST].any()  # a sum leaves alone what lies outside of its target
    for one, other in zip(part[:2] + part[3:], whole[:2] + whole[3:]):
        np.testing.assert_array_equal(one, other)


def test_elements_of_a_part_are_numbered_from_its_first(device):
    model = Inner()
    onto = Synapses(
        model.source, model.inner[FIRST:LAST], "n : 1", on_pre="w_post = 100*i + j + N_post/100"
    )
    onto.connect("i == 3 and tag_post % 4 == i_post % 4 and j < 4")
    onto.n = "j + 10*tag_post"
    assert onto.N_post == LAST - FIRST
    assert onto.N_incoming_post[:].size == LAST - FIRST
    chosen = onto.j[:]
    tags = model.inner.tag[FIRST:LAST]
    assert chosen.tolist() == [n for n in range(4) if tags[n] % 4 == model.inner.i[FIRST + n] % 4]
    assert chosen.size > 0
    np.testing.assert_array_equal(onto.n[:], chosen + 10 * tags[chosen])
    before = model.inner.w[:]
    model.network(onto).run(1 * ms)
    before[FIRST + chosen] = 300 + chosen + 0.12
    np.testing.assert_array_equal(model.inner.w[:], before)


def test_both_ends_may_be_parts_of_the_same_synapses(device):
    model = Inner()
    pairs = Synapses(model.inner[1:4], model.inner[2:5], "s_post = w_pre + 1 : 1 (summed)")
    pairs.connect(j="i")
    alone = Synapses(model.inner[10:12], model="k_post = i_pre*0 + i + 5 : integer (summed)")
    alone.connect("i != j")
    model.network(pairs, alone).run(0.1 * ms)
    expected = np.zeros(COUNT)
    expected[2:5] = model.inner.w[1:4] + 1
    np.testing.assert_array_equal(model.inner.s[:], expected)
    assert model.inner.k[9:13].tolist() == [0, 6, 5, 0]


def test_values_of_a_part_are_those_of_the_synapses(device):
    model = Inner()
    onto = Synapses(model.source, model.inner[FIRST:LAST], on_pre="w_post += 1")
    onto.connect(i=1, j=[2, 0])
    inner, part = model.inner, onto.target
    np.testing.assert_array_equal(part.twice[:], inner.twice[FIRST:LAST])
    np.testing.assert_array_equal(part.j["tag > 9"], inner.j[FIRST:LAST][inner.tag[FIRST:LAST] > 9])
    model.network(onto).run(0.4 * ms)
    part.w[1:3] = [7, 8]
    onto.s_post = [3, 4]
    assert inner.w[FIRST + 1 : FIRST + 3].tolist() == [7, 8]
    assert inner.s[FIRST : FIRST + 3].tolist() == [4, 0, 3]
    assert len(part) == LAST - FIRST


def test_a_monitor_of_a_part_numbers_its_synapses_from_the_first(device):
    model = Inner()
    inner = model.inner
    onto = Synapses(model.source, inner, on_pre="w_post += 1 + j")
    onto.connect(p=0.5)
    every = StateMonitor(inner, ["w", "twice", "v_post"], record=True)
    part = StateMonitor(inner[FIRST:LAST], ["w", "twice", "v_post"], record=True)
    some = StateMonitor(inner[FIRST:LAST], "w", record=[0, 5], dt=0.3 * ms)
    net = model.network(onto, every, part, some)
    net.run(1.5 * ms)
    for name in ("w", "twice", "v_post"):
        np.testing.assert_array_equal(getattr(part, name), getattr(every, name)[FIRST:LAST])
    assert np.unique(part.w, axis=1).shape[1] > 3
    np.testing.assert_array_equal(part[2].w, every[FIRST + 2].w)
    np.testing.assert_array_equal(part[inner[FIRST + 2]].w[0], every[FIRST + 2].w)
    assert some.record.tolist() == [0, 5]
    np.testing.assert_array_equal(some.w, every.w[[FIRST, FIRST + 5]][:, ::3])
    part.record_single_timestep()
    np.testing.assert_array_equal(part.w[:, -1], inner.w[FIRST:LAST])


# --- changes --------------------------------------------------------------------------------------


def test_a_part_stays_the_same_synapses_when_others_are_made(device):
    model = Inner()
    onto = Synapses(model.source, model.inner[FIRST:LAST], on_pre="w_post += 1")
    onto.connect(i=[1, 4, 3], j=[2, 0, 2])
    net = model.network(onto)
    before = model.inner.w[:]
    net.run(0.3 * ms)
    model.inner.connect(i=[0, 0], j=[0, 3])
    net.run(1.5 * ms)
    before[FIRST + 2] += 3
    before[FIRST] += 1
    np.testing.assert_array_equal(model.inner.w[:], [*before, 0, 0])
    assert onto.N_post == LAST - FIRST


@pytest.mark.parametrize("outer_first", [False, True])
def test_parts_come_back_with_what_is_restored(device, outer_first):
    model = Inner()
    onto = Synapses(model.source, model.inner[FIRST:LAST], "z : 1", on_pre="w_post += z")
    onto.connect(i=[1, 4, 3], j=[2, 0, 2])
    onto.z = [1, 2, 4]
    up = Synapses(model.inner[FIRST:LAST], model.pool, "p_post = w_pre : 1 (summed)")
    up.connect(i=[2, 0], j=[0, 1])
    net = model.network(onto, up)
    if outer_first:
        net = Network(up, onto, model.inner, model.source, model.target, model.pool)
    net.run(0.3 * ms)
    net.store()

    def after():
        net.run(1 * ms)
        return [model.inner.w[:].tolist(), model.pool.p[:].tolist(), onto.j[:].tolist()]

    first = after()
    model.inner.connect(i=[0, 0], j=[0, 3])
    onto.connect(i=5, j=11)
    net.run(1 * ms)
    net.restore()
    assert after() == first


def test_what_a_part_needs_cannot_be_removed(device):
    model = Inner()
    Synapses(model.source, model.inner[FIRST:LAST], on_pre="w_post += 1", name="onto")
    with pytest.raises(ModelError, match="'onto' connects to them, by their numbers"):
        model.inner.remove(slice(0, 2))
    model = Inner()
    monitor = StateMonitor(model.inner[FIRST:LAST], "w", record=True)
    with pytest.raises(ModelError, match="records a part of them"):
        model.inner.remove(slice(0, 2))
    assert len(monitor) == 0


def test_a_part_that_a_restored_state_lacks_says_so(device):
    model = Inner()
    alone = Network(model.source, model.target, model.inner)
    alone.store()
    model.inner.connect(i=0, j=[0, 1])
    onto = Synapses(model.source, model.inner[COUNT : COUNT + 2], on_pre="w_post += 1")
    onto.connect(i=0, j=1)
    alone.restore()
    with pytest.raises(ModelError, match=f"Part {COUNT}:{COUNT + 2} of .* only {COUNT} of these"):
        model.network(onto).run(0.1 * ms)


def test_synapses_of_which_others_know_a_part_are_not_merged(device):
    source, target = firing(), NeuronGroup(4, "v : 1")
    halves = [
        Synapses(source[:3], target, "w : 1", on_pre="v_post += w"),
        Synapses(source[3:], target, "w : 1", on_pre="v_post += w"),
    ]
    for half in halves:
        half.connect()
        half.w = 1
    up = Synapses(halves[0][2:5], target, model="q = w_pre : 1")
    up.connect(i=0, j=0)
    net = Network(source, target, *halves, up)
    net.run(0.3 * ms)
    assert net._compiled.merges.merges == []
    assert target.v[:].tolist() == [2] * 4


# --- errors ---------------------------------------------------------------------------------------


def test_what_is_no_contiguous_part_is_refused():
    inner = Inner().inner
    with pytest.raises(ArgumentTypeError, match=r"not contiguous: 2 synapses, from 0 to 5"):
        Synapses(firing(), inner[[0, 5]])
    with pytest.raises(ModelError, match="without any synapse"):
        Synapses(inner[5:5], firing())
    with pytest.raises(ArgumentTypeError, match="What a StateMonitor records is a part of"):
        StateMonitor(inner[::2], "w", record=True)
    taken = inner[:3]
    inner.remove([8])
    with pytest.raises(ModelError, match="taken before synapses were removed"):
        Synapses(firing(), taken)


def test_code_and_parts_of_a_part_are_refused():
    onto = Synapses(firing(), Inner().inner[2:5], on_pre="w_post += 1")
    with pytest.raises(UnsupportedFeatureError, match="Code cannot run for"):
        onto.target.run_regularly("w = 0")
    with pytest.raises(UnsupportedFeatureError, match="has no parts"):
        onto.target[:2]
