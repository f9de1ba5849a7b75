"""Relations that hold between runs of related networks; no oracle is needed.

Weights lie on a dyadic grid, so that sums are exact in any order, where a relation changes the
order of summation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wiring import DT, Wiring, begin, connect, lif, run_wiring, seeds, some, steps

import simgen
from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    set_device,
)

pytestmark = pytest.mark.compiler


@pytest.fixture(autouse=True)
def fresh(request):
    name = getattr(request, "param", "cpu")
    set_device(name, dtype="float64", emulate=name == "cuda")
    yield
    set_device("auto", dtype="float64")


on_both = pytest.mark.parametrize("fresh", ["cpu", "cuda"], indirect=True)


@on_both
@some
@given(seeds)
def test_names_of_neurons_and_order_of_synapses_do_not_matter(number):
    wiring = Wiring(number)
    random = np.random.default_rng(number + 1)
    order, shuffle = random.permutation(wiring.n), random.permutation(wiring.i.size)
    spikes, v, n = run_wiring(wiring)
    other_spikes, other_v, other_n = run_wiring(wiring.relabelled(order, shuffle))
    assert {(int(order[k]), step) for k, step in other_spikes} == spikes
    # the sums of a neuron's own inputs are exact, so every bit of v agrees
    np.testing.assert_array_equal(other_v, v[order])
    np.testing.assert_array_equal(other_n, n[order])


@on_both
@some
@given(seeds)
def test_every_event_is_delivered_once(number):
    wiring = Wiring(number)
    spikes, _, n = run_wiring(wiring)
    expected = np.zeros(wiring.n, np.int64)
    for k, step in spikes:
        for j, delay in zip(wiring.j[wiring.i == k], wiring.d[wiring.i == k]):
            expected[j] += step + delay < 200  # else it is still under way
    np.testing.assert_array_equal(n, expected)


@some
@given(seeds)
def test_a_group_equals_its_two_halves(number):
    wiring = Wiring(number)
    cut = max(1, wiring.n // 2)
    spikes, v, n = run_wiring(wiring)
    begin()
    groups = [lif(cut), lif(wiring.n - cut)]
    bounds = [(0, cut), (cut, wiring.n)]
    synapses = []
    for group, (low, high) in zip(groups, bounds):
        group.drive, group.v = wiring.drive[low:high], wiring.start[low:high]
    for source, (first, last) in zip(groups, bounds):
        for target, (low, high) in zip(groups, bounds):
            here = (wiring.i >= first) & (wiring.i < last) & (wiring.j >= low) & (wiring.j < high)
            parts = (wiring.i[here] - first, wiring.j[here] - low, wiring.w[here], wiring.d[here])
            synapses.append(connect(source, target, *parts))
    monitors = [SpikeMonitor(group) for group in groups]
    Network(groups, synapses, monitors).run(20 * ms)
    found = steps(monitors[0]) | {(k + cut, step) for k, step in steps(monitors[1])}
    assert found == spikes
    np.testing.assert_array_equal(np.concatenate([g.v[:] for g in groups]), v)
    np.testing.assert_array_equal(np.concatenate([g.n[:] for g in groups]), n)


@some
@given(seeds, st.integers(1, 5))
def test_synapses_equal_several_objects_that_share_them(number, parts):
    wiring = Wiring(number)
    expected = run_wiring(wiring)
    begin()
    group = lif(wiring.n)
    group.drive, group.v = wiring.drive, wiring.start
    share = np.random.default_rng(number).integers(0, parts, wiring.i.size)
    synapses = [
        connect(group, group, *(a[share == k] for a in (wiring.i, wiring.j, wiring.w, wiring.d)))
        for k in range(parts)
    ]
    monitor = SpikeMonitor(group)
    Network(group, synapses, monitor).run(20 * ms)
    assert steps(monitor) == expected[0]
    np.testing.assert_array_equal(group.v[:], expected[1])
    np.testing.assert_array_equal(group.n[:], expected[2])


@some
@given(seeds)
def test_subgroups_equal_the_whole(number):
    wiring = Wiring(number)
    expected = run_wiring(wiring)
    begin()
    group = lif(wiring.n)
    group.drive, group.v = wiring.drive, wiring.start
    cut = max(1, wiring.n // 2)
    synapses = []
    for first, last in ((0, cut), (cut, wiring.n)):
        here = (wiring.i >= first) & (wiring.i < last)
        if first < last:
            parts = (wiring.i[here] - first, wiring.j[here], wiring.w[here], wiring.d[here])
            synapses.append(connect(group[first:last], group, *parts))
    monitors = [SpikeMonitor(group), SpikeMonitor(group[cut - 1 :])]
    Network(group, synapses, monitors).run(20 * ms)
    assert steps(monitors[0]) == expected[0]
    assert steps(monitors[1]) == {(k - cut + 1, s) for k, s in expected[0] if k >= cut - 1}
    np.testing.assert_array_equal(group.v[:], expected[1])


@some
@given(seeds)
def test_k_equal_synapses_are_one_of_k_times_the_weight(number):
    wiring = Wiring(number)
    four = Wiring(number)
    four.i, four.j, four.d = (np.repeat(a, 4) for a in (wiring.i, wiring.j, wiring.d))
    four.w = np.repeat(wiring.w / 4, 4)
    spikes, v, n = run_wiring(wiring)
    four_spikes, four_v, four_n = run_wiring(four)
    assert four_spikes == spikes
    np.testing.assert_array_equal(four_v, v)
    np.testing.assert_array_equal(four_n, 4 * n)


@pytest.mark.parametrize("threads", [2, 3, 7])
@settings(some, max_examples=3)
@given(number=seeds)
def test_the_number_of_threads_does_not_matter(threads, number):
    wiring = Wiring(number)
    set_device("cpu")
    expected = run_wiring(wiring)
    set_device("cpu", threads=threads)
    found = run_wiring(wiring)
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1], expected[1])
    np.testing.assert_array_equal(found[2], expected[2])


# --- shifts -------------------------------------------------------------------------------------


def feed_forward(delays: np.ndarray, random: np.random.Generator, extra: int) -> Any:
    """Return the output spikes of a layer driven through these delays, lengthened by ``extra``."""
    begin()
    entries = sorted({(int(k), int(s)) for k, s in zip(*random.integers(0, 8, (2, 20)))})
    indices, times = np.array(entries).T
    source = SpikeGeneratorGroup(8, indices, times * 0.3 * ms)
    target = NeuronGroup(4, "x : 1\nn : integer", threshold="x > 0.9", reset="x = 0")
    i, j = np.divmod(np.arange(32), 4)
    w = random.integers(0, 64, 32) / 64
    synapses = connect(source, target, i, j, w, delays + extra)
    monitor = SpikeMonitor(target)
    Network(source, target, synapses, monitor).run(12 * ms)
    return steps(monitor)


@some
@given(seeds, st.integers(1, 40))
def test_longer_delays_shift_the_output(number, extra):
    random = np.random.default_rng(number)
    delays = random.integers(0, 15, 32)
    plain = feed_forward(delays, np.random.default_rng(number), 0)
    shifted = feed_forward(delays, np.random.default_rng(number), extra)
    assert shifted == {(k, step + extra) for k, step in plain if step + extra < 120}


@some
@given(seeds)
def test_a_delay_can_be_split_by_a_relay(number):
    random = np.random.default_rng(number)
    n = 6
    delays = random.integers(2, 20, n)
    first = random.integers(0, delays)  # the relay itself takes a step
    times = random.integers(0, 50, n)

    def arrivals(relay: bool) -> Any:
        begin()
        source = SpikeGeneratorGroup(n, np.arange(n), times * 0.1 * ms)
        target = NeuronGroup(1, "x : 1")
        objects = [source, target]
        if relay:
            middle = NeuronGroup(n, "r : 1", threshold="r > 0.5", reset="r = 0")
            to = Synapses(source, middle, on_pre="r_post += 1")
            to.connect(j="i")
            to.delay = first * 0.1 * ms
            objects += [middle, to]
            source, delay = middle, delays - first - 1
        else:
            delay = delays
        on = Synapses(source, target, on_pre="x_post += 2.0**(-i)")
        on.connect()
        on.delay = delay * 0.1 * ms
        trace = StateMonitor(target, "x", record=True)
        Network(objects, on, trace).run(10 * ms)
        return trace.x[0]

    np.testing.assert_array_equal(arrivals(True), arrivals(False))


@pytest.mark.parametrize("start", [7, 1001, 2**24, 2**31, 2**32])
def test_the_time_of_the_start_does_not_matter(start):
    def spikes(first: int) -> Any:
        begin()
        random = np.random.default_rng(3)
        wiring = Wiring(11)
        times = (first + np.sort(random.choice(60, 20, replace=False))) * DT
        source = SpikeGeneratorGroup(5, random.integers(0, 5, 20), times * simgen.second)
        group = lif(wiring.n)
        group.drive, group.v = wiring.drive, wiring.start
        inner = connect(group, group, wiring.i, wiring.j, wiring.w, wiring.d)
        outer = Synapses(
            source,
            group,
            "w : 1\nda/dt = -a/(5*ms) : 1 (event-driven)",
            on_pre="x_post += w*(1 + a); a += 1",
            on_post="w += a/64",
        )
        outer.connect(j="k for k in range(N_post) if (i + k) % 2 == 0")
        outer.w, outer.delay = "0.125*i", "0.1*ms*((i + j) % 7)"
        regular = group.run_regularly("v += 0.0625", dt=0.7 * ms)
        monitor = SpikeMonitor(group)
        network = Network(source, group, inner, outer, monitor, regular)
        network._t = first * DT
        network.run(40 * ms)
        return {(k, step - first) for k, step in steps(monitor)}, outer.w[:].tolist()

    assert len(spikes(0)[0]) > 20
    assert spikes(start // 7 * 7) == spikes(0)  # run_regularly keeps to multiples of 7 steps


# --- linearity ----------------------------------------------------------------------------------


def response(weights: np.ndarray, method: str) -> Any:
    begin()
    source = SpikeGeneratorGroup(4, [0, 1, 2, 3, 0, 2], np.array([3, 8, 8, 20, 31, 40]) * 0.1 * ms)
    group = NeuronGroup(
        3,
        """dv/dt = (g - v)/(8*ms) : 1
           dg/dt = -g/(3*ms) : 1""",
        method=method,
    )
    synapses = Synapses(source, group, "w : 1", on_pre="g_post += w", delay=0.4 * ms)
    synapses.connect()
    synapses.w = weights
    trace = StateMonitor(group, ["v", "g"], record=True)
    Network(source, group, synapses, trace).run(10 * ms)
    return np.array([trace.v, trace.g])


@pytest.mark.parametrize("method", ["exact", "euler", "rk2", "rk4", "heun", "exponential_euler"])
def test_linear_equations_respond_linearly(method):
    random = np.random.default_rng(5)
    a, b = random.normal(size=(2, 12))
    both = response(a, method) + response(b, method)
    np.testing.assert_allclose(response(a + b, method), both, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(response(a * 2.0**20, method), response(a, method) * 2.0**20)
