"""Synapses that are removed, and others that are added, between runs and in the middle of one."""

from __future__ import annotations

import numpy as np
import pytest

from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    ms,
    network_operation,
)
from simgen.errors import IndexRangeError, ModelError, NumericalError

pytestmark = pytest.mark.usefixtures("device")
N = 200  # three parts


def wired(**options):
    """Sources that fire every ms, and synapses with delays between parts of groups; a network."""
    times = np.repeat(np.arange(1, 9), 30)
    source = SpikeGeneratorGroup(40, np.tile(np.arange(5, 35), 8), times * ms)
    target = NeuronGroup(N, "x : 1", threshold="t > 3.05*ms and i % 4 == 0", reset="")
    synapses = Synapses(
        source[5:35],
        target[20:190],
        """w : 1
        k : integer
        s : 1 (shared)
        on : boolean""",
        on_pre="x_post += w",
        on_post="k += 1",
        **options,
    )
    synapses.connect(p=0.2, n=2)
    synapses.w = "i + j/256"
    synapses.k = "j"
    synapses.on = "i % 2 == 0"
    synapses.s = 3
    synapses.delay = "0.1*ms*(1 + (i*7 + j*3) % 30)"
    synapses.post.delay = "0.1*ms*((i + j) % 5)"
    return Network(source, target, synapses), synapses, target


def values(synapses):
    """Return all that synapses hold, in the order of creation."""
    names = ("i", "j", "w", "k", "on", "delay_")
    found = {name: np.array(getattr(synapses, name)[:]) for name in names}
    return {**found, "post": np.array(synapses.post.delay_[:])}


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


def test_changes_in_a_network_operation_are_those_between_runs():
    net, synapses, target = wired()
    net.store()

    def change():
        count = synapses.remove("w % 3 < 1")
        synapses.connect(j="i + 5", p=0.5)
        synapses.w[-3:] = 99
        synapses.delay[-3:] = 0.7 * ms
        synapses.k["w > 20"] = 1000
        return count, len(synapses)

    sizes = []
    for _ in range(2):
        net.run(2.5 * ms)
        sizes.append(change())
    net.run(2.5 * ms)
    first = [np.array(target.x), *values(synapses).values()]
    net.restore(restore_random_state=True)
    again = []

    @network_operation(dt=2.5 * ms)
    def operation(t):
        if t > 1 * ms:
            again.append(change())

    net.add(operation)
    net.run(7.5 * ms)
    assert again == sizes
    assert net.t == 7.5 * ms
    for one, other in zip(first, [np.array(target.x), *values(synapses).values()]):
        assert np.array_equal(one, other)


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


def test_a_stored_state_brings_removed_synapses_back():
    net, synapses, target = wired()
    net.run(2.5 * ms)
    net.store()
    net.run(3 * ms)
    first = [np.array(target.x), *values(synapses).values()]
    net.restore()
    synapses.remove("i < 20")
    net.run(1 * ms)
    net.store("few")
    few = values(synapses)
    net.restore()
    net.run(3 * ms)
    for one, other in zip(first, [np.array(target.x), *values(synapses).values()]):
        assert np.array_equal(one, other)
    net.restore("few")
    assert np.array_equal(values(synapses)["w"], few["w"])


def test_an_operation_in_the_middle_of_a_step_is_refused():
    net, synapses, _ = wired()
    operation = network_operation(dt=1 * ms, when="end", name="late")(lambda: synapses.remove(0))
    net.add(operation)
    with pytest.raises(ModelError, match=r"'late', in the middle of a step: .*before_start"):
        net.run(1 * ms)
    net.remove(operation)
    net.run(1 * ms)


def test_a_report_is_no_place_for_changes():
    net, synapses, _ = wired()

    def report(elapsed, completed, start, duration):
        synapses.remove(0)

    with pytest.raises(ModelError, match="except in a network_operation"):
        net.run(1 * ms, report=report)


def test_a_change_may_end_the_run_after_its_step():
    net, synapses, _ = wired()

    @network_operation(dt=1.5 * ms)
    def operation(t):
        if t > 1 * ms:
            net.stop()
            synapses.remove("i == 0")
            assert len(synapses["i == 0"]) == 0

    calls = []
    other = network_operation(dt=1.5 * ms, name="zz_other")(lambda: calls.append(1))
    net.add(operation, other)
    net.run(5 * ms)
    assert net.t == 1.6 * ms
    assert len(calls) == 2  # at 0 and at 1.5 ms, once each
    net.remove(operation)
    net.run(1 * ms)
    assert round(net.t / (0.1 * ms)) == 26


def test_operations_of_a_step_are_called_once_though_several_change_synapses():
    net, synapses, _ = wired()
    calls = []

    def one(name):
        def call():
            calls.append(name)
            synapses.remove(len(synapses) - 1)

        return network_operation(dt=1 * ms, name=name)(call)

    plain = network_operation(dt=1 * ms, name="b")(lambda: calls.append("b"))
    net.add(one("a"), plain, one("c"))
    n = len(synapses)
    net.run(2 * ms)
    assert calls == ["a", "b", "c"] * 2
    assert len(synapses) == n - 4


def test_a_failed_change_leaves_the_run_as_it_was():
    net, synapses, target = wired()
    net.store()
    net.run(4 * ms)
    expected = np.array(target.x)
    net.restore()

    @network_operation(dt=1 * ms)
    def operation():
        with pytest.raises(IndexRangeError):
            synapses.remove(10**6)
        with pytest.raises(IndexRangeError):
            synapses.connect(i=10**6, j=0)

    net.add(operation)
    net.run(4 * ms)
    assert np.array_equal(target.x[:], expected)


def test_what_went_wrong_before_a_change_is_told_at_the_change():
    group = NeuronGroup(2, "dv/dt = v*v/ms : 1", method="euler")
    group.v = 100
    synapses = Synapses(group, group)
    synapses.connect()
    operation = network_operation(dt=5 * ms, name="change")(lambda: synapses.remove(0))
    net = Network(group, synapses, operation)
    net.run(0 * ms)
    with pytest.raises(NumericalError, match=r"'v' of NeuronGroup .* at t = 0.005 s"):
        net.run(10 * ms)


def test_reports_and_profiles_are_of_the_whole_run(device):
    net, synapses, _ = wired()
    net.add(network_operation(dt=1 * ms, name="change")(lambda: synapses.remove(0)))
    reports = []

    def report(elapsed, completed, start, duration):
        reports.append(float(completed))

    net.run(5 * ms, report=report, report_period=1e-9 * ms, profile=device != "cuda")
    assert reports == sorted(reports)
    assert reports[-1] == 1
    assert reports.count(0) == 1
    if device != "cuda":
        names = [name for name, _ in net.profiling_info]
        assert len(names) == len(set(names))
        times = dict(net.profiling_info)
        assert times["change"] > 5 * min(times.values())
