"""Structural plasticity by rule: what goes, what comes, when, and the same on every device."""

from __future__ import annotations

import numpy as np
import pytest

import simgen
from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    Synapses,
    defaultclock,
    ms,
    network_operation,
    seed,
    set_device,
    start_scope,
)


def pairs(synapses):
    """Return the codes of all pairs, in the order of creation."""
    return synapses.i[:].astype(int) * synapses.target.N + synapses.j[:]


def plain(n_source=30, n_target=20, p=0.4):
    """Synapses with weights from 0 to 1 that nothing changes."""
    source, target = NeuronGroup(n_source, "u : 1"), NeuronGroup(n_target, "wanted : integer")
    synapses = Synapses(source, target, "w : 1")
    synapses.connect(p=p)
    synapses.w = "rand()"
    return synapses


def test_each_target_gets_as_many_as_it_loses():
    synapses = plain()
    before = dict(zip(pairs(synapses), synapses.w[:]))
    degrees = synapses.N_incoming_post[:].copy()
    kept = synapses.w[:][synapses.w[:] >= 0.3]
    found = synapses.rewire_now(remove="w < 0.3", n_per_target="n_removed", on_add="w = 2")
    assert found.removed == found.added == len(before) - kept.size > 0
    assert np.array_equal(synapses.N_incoming_post[:], degrees)
    assert np.array_equal(synapses.w[: kept.size], kept)
    assert np.all(synapses.w[kept.size :] == 2)
    codes = pairs(synapses)
    assert len(set(codes)) == codes.size
    assert np.all(np.diff(codes[kept.size :]) > 0)  # by source and target
    assert all(before[code] == w for code, w in zip(codes[: kept.size], kept))


def test_each_source_gets_as_many_as_it_loses():
    synapses = plain()
    degrees = synapses.N_outgoing_pre[:].copy()
    assert synapses.rewire_now(remove="w < 0.3", n_per_source="n_removed").added > 0
    assert np.array_equal(synapses.N_outgoing_pre[:], degrees)


def test_the_total_stays_where_as_many_come_as_go():
    synapses = plain()
    n = len(synapses)
    removed, added = synapses.rewire_now(remove="w < 0.3", n_total="n_removed")
    assert removed == added > 0
    assert len(synapses) == n
    assert synapses.rewire_now(n_total="2*N").added == 600 - n  # all pairs that are left
    assert synapses.rewire_now(n_total=5) == (0, 0)
    assert synapses.rewire_now(n_total=5, multapses=True) == (0, 5)


def test_degrees_are_those_without_the_removed():
    synapses = plain()
    synapses.target.wanted = "3 + i % 9"
    synapses.rewire_now(remove="w < 0.5", n_per_target="wanted_post - N_incoming")
    assert np.all(synapses.N_incoming_post[:] >= synapses.target.wanted[:])
    synapses.rewire_now(remove="True", n_per_target="wanted - N_incoming", on_add="w = 1")
    assert np.array_equal(synapses.N_incoming_post[:], synapses.target.wanted[:])
    synapses.rewire_now(remove="True", n_per_source="int(u_pre) + i - N_outgoing")
    assert np.array_equal(synapses.N_outgoing_pre[:], np.minimum(20, np.arange(30)))


@pytest.mark.parametrize("how", [{"p": 1}, {"n_total": 10_000}, {"n_per_target": 99}])
def test_only_pairs_that_meet_the_condition_get_synapses(how):
    synapses = plain()
    there = set(pairs(synapses))
    synapses.rewire_now(add="(i + j) % 3 == 0", autapses=False, **how)
    i, j = np.divmod(np.arange(600), 20)
    wanted = set(np.flatnonzero(((i + j) % 3 == 0) & (i != j)))
    assert set(pairs(synapses)) == there | wanted
    assert len(synapses) == len(there | wanted)


def test_each_pair_gets_a_synapse_with_its_probability():
    synapses = plain(200, 100, 0.5)
    free = 20_000 - len(synapses)
    before = set(pairs(synapses))
    added = synapses.rewire_now(add="i < 100", p="0.1 + 0.2*int(j < 50)").added
    new = np.array([code for code in pairs(synapses) if code not in before])
    assert new.size == added
    i, j = np.divmod(new, 100)
    assert i.max() < 100
    for low, high, p in ((0, 50, 0.3), (50, 100, 0.1)):
        n = free / 4
        count = np.sum((j >= low) & (j < high))
        assert abs(count - n * p) < 5 * np.sqrt(n * p * (1 - p)) + 5 * p * np.sqrt(n)


def test_random_conditions_choose_pairs_in_proportion():
    """Pairs that are allowed with probabilities of 1 and 1/4 come four to one."""
    synapses = Synapses(NeuronGroup(1000, ""), NeuronGroup(200, ""))
    synapses.rewire_now(add="rand() < 0.25 + 0.75*int(i < 500)", n_per_target=50)
    share = np.mean(synapses.i[:] < 500)
    assert abs(share - 0.8) < 5 * np.sqrt(0.16 / 10_000)


def test_subgroups_are_rewired_among_themselves():
    group = NeuronGroup(30, "v : 1")
    synapses = Synapses(group[5:15], group[10:30], "w : 1")
    synapses.connect(p=0.3)
    degrees = synapses.N_incoming_post[:].copy()
    synapses.w = "rand()"
    assert synapses.rewire_now(remove="w < 0.6", n_per_target="n_removed", on_add="w = j").added
    assert np.array_equal(synapses.N_incoming_post[:], degrees)
    assert synapses.i[:].max() < 10
    assert synapses.j[:].max() < 20
    new = synapses.w[:] > 1
    assert np.array_equal(synapses.w[:][new], synapses.j[:][new])


def test_new_synapses_begin_with_their_values_one_after_the_other():
    source = SpikeGeneratorGroup(3, [], [] * ms)
    target = NeuronGroup(4, "v : volt")
    target.v = "i*volt"
    synapses = Synapses(source, target, "w : volt\nk : integer\nb : boolean\nx : 1", on_pre="x = 1")
    synapses.connect(i=0, j=0)
    synapses.rewire_now(
        add="i == j",
        p=1,
        on_add="""w = v_post*(i + 1)
        k = int(w/volt) + w0
        b = k > 8
        delay = k*ms
        x = rand()""",
        namespace={"w0": 7},
    )
    assert np.array_equal(np.asarray(synapses.w[:]), [0, 2, 6])
    assert synapses.k[:].tolist() == [0, 9, 13]
    assert synapses.b[:].tolist() == [False, True, True]
    assert np.allclose(synapses.delay_[:], [0, 9e-3, 13e-3])
    assert synapses.x[0] == 0
    assert len(set(synapses.x[:])) == 3


@pytest.mark.usefixtures("device")
def test_rules_run_in_the_first_step_and_at_each_of_their_times():
    synapses = plain()
    sizes = []
    synapses.rewire(dt=2 * ms, remove="i == int(t/ms)")
    counter = network_operation(dt=1 * ms)(lambda: sizes.append(len(synapses)))
    net = Network(synapses.source, synapses.target, synapses, counter)
    by_source = synapses.N_outgoing_pre[:].copy()
    net.run(5 * ms)
    net.run(2 * ms)
    gone = np.cumsum([by_source[k] if k % 2 == 0 else 0 for k in range(7)])
    assert sizes == (by_source.sum() - gone).tolist()


@pytest.mark.usefixtures("device")
def test_a_rule_does_what_a_network_operation_does():
    def run(by_rule):
        start_scope()
        seed(2)
        net, synapses, target = spiking()
        rule = {"remove": "w < 0.4", "add": "i % 2 == 0", "p": 1, "on_add": "w = 0.5; delay = 1*ms"}
        if by_rule:
            net.add(synapses.rewire(dt=2 * ms, **rule))
        else:
            net.add(network_operation(dt=2 * ms)(lambda: synapses.rewire_now(**rule)))
        net.run(9 * ms)
        return state_of(synapses, target)

    for one, other in zip(run(True), run(False)):
        assert np.array_equal(one, other)


def spiking(name="rewired"):
    """A network with spikes under way all the time, and exact sums."""
    times = np.repeat(np.arange(1, 30), 15) * 0.5
    source = SpikeGeneratorGroup(30, (np.arange(29 * 15) * 7) % 30, times * ms)
    target = NeuronGroup(40, "x : 1\ny : 1", threshold="x > 20", reset="x = 0")
    synapses = Synapses(
        source,
        target,
        "w : 1\nn : integer",
        on_pre="x_post += floor(w*1024)/1024; n += 1; w += 1/64",
        on_post="w = floor(w*512)/1024",
        name=name,
    )
    synapses.connect(p=0.3)
    synapses.w = "rand()"
    synapses.delay = "rand()*2*ms"
    synapses.post.delay = "rand()*ms"
    return Network(source, target, synapses), synapses, target


def state_of(synapses, target):
    """Return all values."""
    own = [synapses.i, synapses.j, synapses.w, synapses.n, synapses.delay_, synapses.post.delay_]
    return [np.array(values) for values in (*own, target.x)]


RULE = {
    "remove": "w < 0.3 and rand() < 0.8",
    "add": "i != j and rand() < 0.7",
    "n_per_target": "n_removed + int(N_incoming < 9)",
    "on_add": "w = rand(); delay = 2*ms*rand()",
}


@pytest.mark.compiler
def test_rules_give_the_same_bits_on_every_device():
    first = []
    for name, options in (
        ("reference", {}),
        ("cpu", {}),
        ("cpu", {"threads": 2}),
        ("cpu", {"threads": 3, "optimize": 0}),
        ("cuda", {"emulate": True, "deterministic": True}),
    ):
        set_device(name, **options)
        start_scope()
        simgen.seed(4)
        net, synapses, target = spiking()
        synapses.rewire(dt=1 * ms, **RULE)
        synapses.rewire(dt=2.5 * ms, add=True, p=0.01, on_add="w = 0.5")
        net.run(12 * ms)
        found = state_of(synapses, target)
        first = first or found
        assert all(np.array_equal(a, b) for a, b in zip(first, found)), (name, options)
    assert len(first[0]) > 100
    set_device("auto")


@pytest.mark.usefixtures("device")
def test_one_run_equals_two_and_seeds_repeat_it():
    def run(*parts, chosen=4):
        start_scope()
        seed(chosen)
        net, synapses, target = spiking()
        synapses.rewire(dt=1 * ms, **RULE)
        for part in parts:
            net.run(part * ms)
        return state_of(synapses, target)

    whole = run(7)
    for one, other in zip(whole, run(3.5, 3.5)):
        assert np.array_equal(one, other)
    assert not np.array_equal(whole[2], run(7, chosen=5)[2])


def test_the_same_numbers_are_not_drawn_again_at_other_times_nor_by_other_rules():
    synapses = plain(50, 50, 0.2)
    found = []

    def rule():
        synapses.rewire(dt=1 * ms, remove="i < 0", add="j == 3", n_per_target=5, on_add="w = 2")

    rule(), rule()

    @network_operation(dt=1 * ms)
    def take():
        found.append(tuple(synapses.i["w == 2"]))
        synapses.remove("w == 2")

    Network(synapses.source, synapses.target, synapses, take).run(4 * ms)
    assert len(found) == 4
    halves = [half for both in found for half in (both[:5], both[5:])]
    assert len(set(halves)) == 8


def test_rules_leave_other_random_numbers_alone():
    def drawn_after(steps):
        start_scope()
        seed(4)
        net, synapses, target = spiking()
        synapses.rewire(dt=1 * ms, **RULE)
        net.run(steps * ms)
        target.y = "rand()"
        return np.array(target.y)

    assert np.array_equal(drawn_after(1), drawn_after(4))


@pytest.mark.usefixtures("device")
def test_rules_are_restored_with_the_network():
    net, synapses, target = spiking()
    synapses.rewire(dt=1 * ms, **RULE)
    net.run(3.2 * ms)
    net.store()
    net.run(4 * ms)
    first = state_of(synapses, target)
    net.restore(restore_random_state=True)
    net.run(4 * ms)
    for one, other in zip(first, state_of(synapses, target)):
        assert np.array_equal(one, other)
    net.restore()
    net.run(4 * ms)
    assert not np.array_equal(first[2], synapses.w[:])


def test_rules_can_be_inactive_and_see_the_values_of_each_run():
    synapses = plain()
    rule = synapses.rewire(dt=1 * ms, remove="w < least")
    net = Network(synapses.source, synapses.target, synapses)
    for least in (0.1, 0.2):  # a name in the rule
        net.run(1 * ms)
        assert least <= synapses.w[:].min() < least + 0.1
    net.run(1 * ms, namespace={"least": 0.3})
    assert 0.3 <= synapses.w[:].min() < 0.4
    rule.active = False
    n = len(synapses)
    net.run(1 * ms, namespace={"least": 0.5})
    assert len(synapses) == n


@pytest.mark.usefixtures("device")
def test_all_synapses_may_go_and_others_come():
    net, synapses, target = spiking()
    synapses.rewire(dt=3 * ms, remove="t == 3*ms", add="t == 6*ms", p=1, on_add="w = 1")
    net.run(6 * ms)
    assert len(synapses) == 0
    x = target.x[:].copy()
    net.run(1 * ms)
    assert len(synapses) == 1200
    assert not np.array_equal(target.x[:], x)


def test_rules_have_their_place_in_the_schedule():
    synapses = plain()
    synapses.rewire(dt=1 * ms, remove="w < 0", order=3, name="pruning")
    net = Network(synapses.source, synapses.target, synapses)
    entry = net.scheduling_summary().entries[0]
    assert (entry.name, entry.type) == ("pruning", "rewire")
    assert (entry.when, entry.order) == ("before_start", 3)
    assert entry.owner_name == synapses.name


@pytest.fixture(autouse=True)
def usual():
    """A fresh scope, seed 1."""
    start_scope()
    seed(1)
    defaultclock.dt = 0.1 * ms
