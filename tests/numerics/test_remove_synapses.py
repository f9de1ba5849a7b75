"""Synapses that are removed, and others that are added, between runs."""

from __future__ import annotations

import numpy as np
import pytest
from changing_networks import values, wired

from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    ms,
)
from simgen.errors import ModelError

pytestmark = pytest.mark.usefixtures("device")


@pytest.mark.parametrize("ran", [False, True], ids=["unsorted", "sorted"])
def test_synapses_that_stay_keep_everything_in_their_order(ran):
    net, synapses, _ = wired()
    if ran:
        net.run(2 * ms)
    before = values(synapses)
    gone = (before["w"] % 3 < 1) & before["on"]
    assert synapses.remove("w % 3 < 1 and on") == gone.sum() > 0
    assert len(synapses) == synapses.N == (~gone).sum()
    for name, value in values(synapses).items():
        assert np.array_equal(value, before[name][~gone]), name
    assert synapses.s == 3
    degrees = np.bincount(before["j"][~gone], minlength=170)
    assert np.array_equal(synapses.N_incoming_post[:], degrees)
    net.run(1 * ms)
    after = values(synapses)
    assert np.array_equal(after["w"], before["w"][~gone])


def test_new_synapses_come_last_and_begin_with_zeros():
    net, synapses, _ = wired()
    net.run(2 * ms)
    before, n = values(synapses), len(synapses)
    synapses.remove([0, 5, n - 1])
    synapses.connect(i=[29, 0], j=[1, 169])
    found = values(synapses)
    kept = np.delete(np.arange(n), [0, 5, n - 1])
    for name, value in found.items():
        assert np.array_equal(value[:-2], before[name][kept]), name
    assert found["i"][-2:].tolist() == [29, 0]
    assert found["j"][-2:].tolist() == [1, 169]
    assert not found["w"][-2:].any()
    assert not found["delay_"][-2:].any()
    net.run(1 * ms)
    assert np.array_equal(synapses.w[:-2], before["w"][kept])


@pytest.mark.parametrize(
    "which",
    [
        [3, 4, 5],
        np.array([5, 3, 4, 3]),
        slice(3, 6),
        np.isin(np.arange(12), [3, 4, 5]),
        "i == 1 and j < 3",
        "pair",
        "selection",
    ],
    ids=["list", "array", "slice", "booleans", "condition", "pair", "selection"],
)
def test_synapses_are_named_in_every_way(which):
    group = NeuronGroup(4, "v : 1")
    synapses = Synapses(group[:4], group[:3], "w : 1")
    synapses.connect()
    synapses.w = "3*i + j"
    if isinstance(which, str) and which in ("pair", "selection"):
        which = synapses[1, :] if which == "pair" else synapses["w > 2 and w < 6"]
    assert synapses.remove(which) == 3
    assert synapses.w[:].tolist() == [0, 1, 2, 6, 7, 8, 9, 10, 11]
    assert synapses.remove(False) == synapses.remove([]) == synapses.remove("w < 0") == 0
    assert synapses.remove(-1) == 1
    assert synapses.remove(True) == 8
    assert len(synapses) == 0
    synapses.connect(i=0, j=2)
    synapses.w = 5
    assert (synapses.i[:], synapses.j[:], synapses.w[:]) == ([0], [2], [5])


def test_spikes_under_way_reach_those_that_stay_when_they_would_have():
    net, synapses, target = wired()
    net.store()
    net.run(3.3 * ms)
    gone = synapses.w[:] % 3 < 1
    j, w, delay = (np.array(value) for value in (synapses.j, synapses.w, synapses.delay_))
    before = np.array(target.x)
    synapses.remove(gone)
    synapses.connect(i=3, j=np.arange(170))
    synapses.w[-170:] = 1024
    synapses.delay[-170:] = 0.4 * ms
    net.run(3 * ms)
    expected = before.copy()
    steps = np.rint(delay / 1e-4).astype(int)
    for k in np.flatnonzero(~gone):
        arrivals = np.arange(10, 90, 10) + steps[k]
        expected[20 + j[k]] += w[k] * np.sum((arrivals >= 33) & (arrivals < 63))
    # the new ones: only of spikes from step 33 on, which are those of 4, 5 and (not yet) 6 ms
    expected[20:190] += 1024 * 2
    assert np.array_equal(target.x[:], expected)


def test_event_driven_variables_go_on_and_new_ones_begin_at_their_time():
    """A trace that doubles every ms: of a synapse that stays, and of one made at 2 ms with 1."""
    source = SpikeGeneratorGroup(1, [0, 0], [0.5, 3.5] * ms)
    target = NeuronGroup(3, "")
    synapses = Synapses(
        source,
        target,
        """da/dt = a*log(2)/ms : 1 (event-driven)
        seen : 1""",
        on_pre="seen = a; a += 1",
    )
    synapses.connect()
    net = Network(source, target, synapses)
    net.run(2 * ms)
    synapses.remove(0)
    synapses.connect(i=0, j=0)
    synapses.a[-1:] = 1
    net.run(2 * ms)
    assert np.allclose(synapses.seen[:], [8, 8, 2**1.5], rtol=1e-12, atol=0)
    assert np.allclose(np.asarray(synapses.lastupdate[:]), 3.5e-3)


def test_sums_and_clock_driven_equations_follow():
    source = NeuronGroup(3, "", name="sources")
    target = NeuronGroup(3, "total : 1\ncount : integer", name="targets")
    synapses = Synapses(
        source,
        target,
        """dw/dt = 1/ms : 1 (clock-driven)
        total_post = w : 1 (summed)""",
        method="euler",
    )
    synapses.connect()
    synapses.w = "64*i"
    net = Network(source, target, synapses)
    net.run(1 * ms)
    synapses.remove("i == 1 or j == 2")
    net.run(1 * ms)
    assert np.allclose(synapses.w[:], [2, 2, 130, 130])
    assert np.allclose(target.total[:], [2 * 1.9 + 128] * 2 + [0])


def test_several_objects_that_run_as_one_lose_synapses_by_themselves():
    """Merged synapses: spikes under way of the others, and of those that stay, still arrive."""
    source = SpikeGeneratorGroup(4, np.arange(4), [1, 1, 1, 1] * ms)
    target = NeuronGroup(6, "x : 1")
    parts = [
        Synapses(source[:2], target[:3], "w : 1", on_pre="x_post += w"),
        Synapses(source[2:], target[3:], "w : 1", on_pre="x_post += w"),
    ]
    for number, part in enumerate(parts):
        part.connect()
        part.w = f"{10 + 10 * number} + i + 4*j"
        part.delay = "1*ms*(1 + j)"
    net = Network(source, target, parts)
    net.run(1.5 * ms)
    assert parts[0].remove("i == 0") == 3
    assert parts[1].remove("j == 1") == 2
    assert parts[0].w[:].tolist() == [11, 15, 19]
    net.run(5 * ms)
    assert target.x[:].tolist() == [11, 15, 19, 41, 0, 57]
    assert parts[1].w[:].tolist() == [20, 28, 21, 29]


def test_recorded_synapses_are_followed():
    net, synapses, _ = wired()
    monitor = StateMonitor(synapses, "k", record=[7, 9], when="end")
    net.add(monitor)
    net.run(1 * ms)
    synapses.remove([0, 8])
    assert monitor.record.tolist() == [6, 7]
    net.store("later")
    net.run(4 * ms)
    assert np.array_equal(monitor.k[:, -1], synapses.k[[6, 7]])
    assert monitor[7].k.size == 50
    with pytest.raises(ModelError, match=r"synapse 6 of .* cannot be removed: StateMonitor"):
        synapses.remove([3, 6])
    assert monitor.record.tolist() == [6, 7]
    synapses.remove([0, 1])
    net.restore("later")
    assert monitor.record.tolist() == [6, 7]


def test_a_monitor_of_all_synapses_refuses_removals_once_it_has_recorded():
    net, synapses, _ = wired()
    net.add(StateMonitor(synapses, "k", record=True, name="all_of_them"))
    synapses.remove(0)
    net.run(1 * ms)
    with pytest.raises(ModelError, match="'all_of_them' has recorded all of them"):
        synapses.remove(0)
    synapses.connect(i=0, j=0)
    with pytest.raises(ModelError, match="'all_of_them' records all elements, but their number"):
        net.run(1 * ms)


def test_parts_taken_before_a_removal_are_refused():
    _, synapses, _ = wired()
    part = synapses[3:5]
    synapses.connect(i=0, j=0)
    assert part.w[:].size == 2  # numbers stay when synapses are added
    synapses.remove(0)
    for use in (lambda: part.w, lambda: len(part), lambda: synapses.remove(part)):
        with pytest.raises(ModelError, match="taken before synapses were removed"):
            use()


def test_synapses_that_others_connect_to_cannot_be_removed():
    group = NeuronGroup(3, "v : 1")
    inner = Synapses(group, group, "w : 1", name="inner")
    inner.connect()
    outer = Synapses(group, inner, name="outer")
    outer.connect(i=0, j=[1, 2])
    with pytest.raises(ModelError, match=r"Synapses 'inner' can be removed: Synapses 'outer'"):
        inner.remove(0)
    assert outer.remove(True) == 2
    assert inner.remove(0) == 1
    outer.connect(i=0, j=7)


def test_equal_synapses_act_in_the_order_of_their_creation():
    source = SpikeGeneratorGroup(1, [0, 0, 0, 0], [1, 3, 5, 7] * ms)
    target = NeuronGroup(1, "x : 1")
    synapses = Synapses(source, target, "w : 1", on_pre="x_post = 8*x_post + w")
    synapses.connect(i=np.zeros(5, int), j=0)
    synapses.w = [1, 2, 3, 4, 5]
    synapses.delay = [0.5, 0.4, 0.3, 0.2, 0.1] * ms
    net = Network(source, target, synapses)

    def digits():
        found = oct(int(target.x[0]))[2:]
        target.x = 0
        return found

    net.run(2 * ms)
    assert digits() == "54321"
    synapses.connect(i=0, j=0)
    synapses.w[-1:] = 6
    synapses.delay = 0.1 * ms
    net.run(2 * ms)
    assert digits() == "123456"
    synapses.remove("w == 2 or w == 4")
    synapses.connect(i=0, j=0)
    synapses.w[-1:] = 7
    net.run(2 * ms)
    assert digits() == "13567"
    synapses.delay = [0.1, 0.2, 0.2, 0.1, 0.1] * ms
    synapses.remove(0)
    net.run(2 * ms)
    assert digits() == "6735"


@pytest.mark.parametrize("number", range(4))
def test_changes_of_every_kind_are_those_of_a_plain_model(number):
    """Removals, connections and other delays at random times, and a list of synapses in Python."""
    random = np.random.default_rng(number)
    steps = np.unique(random.integers(0, [80, 12], (60, 2)), axis=0)
    source = SpikeGeneratorGroup(12, steps[:, 1], steps[:, 0] * 0.1 * ms)
    target = NeuronGroup(90, "x : 1")
    synapses = Synapses(source, target, "w : 1", on_pre="x_post += w")
    synapses.connect(i=random.integers(0, 12, 40), j=random.integers(0, 90, 40))
    synapses.w = 1.0 * np.arange(40)
    model = []

    def note(i, j, w):
        model.extend({"i": a, "j": b, "w": c, "d": 0, "due": []} for a, b, c in zip(i, j, w))

    note(synapses.i, synapses.j, synapses.w)
    x, now, net = np.zeros(90), 0, Network(source, target, synapses)
    for length in (9, 14, 3, 11, 20, 1, 15):
        delays = random.integers(0, 25, len(model))
        if random.random() < 0.7:
            synapses.delay = delays * 0.1 * ms
            for one, d in zip(model, delays):
                one["d"] = d
        gone = random.random(len(model)) < 0.2
        synapses.remove(gone)
        model[:] = [one for one, leaves in zip(model, gone) if not leaves]
        i, j = random.integers(0, 12, 6), random.integers(0, 90, 6)
        synapses.connect(i=i, j=j)
        synapses.w[-6:] = 64.0 * (now + 1)
        note(i, j, [64.0 * (now + 1)] * 6)
        net.run(length * 0.1 * ms)
        for step in range(now, now + length):
            fired = steps[steps[:, 0] == step, 1]
            for one in model:
                one["due"] += [step + one["d"]] * int(one["i"] in fired)
                x[one["j"]] += one["w"] * one["due"].count(step)
        now += length
        assert np.array_equal(target.x[:], x), now
        assert synapses.w[:].tolist() == [one["w"] for one in model]
