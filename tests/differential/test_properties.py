"""Relations that hold between runs of related networks; no oracle is needed.

Weights lie on a dyadic grid, so that sums are exact in any order, where a relation changes the
order of summation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simgen
from simgen import (
    Clock,
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    mV,
    seed,
    set_device,
    start_scope,
    volt,
)

pytestmark = pytest.mark.compiler

DT = 1e-4
seeds = st.integers(0, 2**31)
some = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def fresh():
    set_device("cpu", dtype="float64")
    yield
    set_device("auto", dtype="float64")


def begin() -> None:
    start_scope()
    seed(99)
    defaultclock.dt = 0.1 * ms


def steps(monitor: SpikeMonitor) -> set[tuple[int, int]]:
    """Return the recorded spikes as (index, step)."""
    return set(zip(monitor.i.tolist(), np.rint(monitor.t_ / DT).astype(np.int64).tolist()))


def dyadic(random: np.random.Generator, n: int, denominator: int = 64) -> Any:
    return random.integers(-denominator, denominator, n) / denominator


# --- a recurrent network given by arrays ------------------------------------------------------


class Wiring:
    """Neurons with own drives, and synapses (i, j, weight, delay in steps), as arrays."""

    def __init__(self, number: int) -> None:
        random = np.random.default_rng(number)
        self.n = int(random.integers(2, 12))
        self.drive = random.integers(8, 40, self.n) / 16
        self.start = dyadic(random, self.n)
        count = int(random.integers(0, 60))
        self.i = random.integers(0, self.n, count)
        self.j = random.integers(0, self.n, count)
        self.w = dyadic(random, count, 128)
        self.d = random.integers(0, 12, count)

    def relabelled(self, order: np.ndarray, shuffle: np.ndarray) -> Wiring:
        """Return the same network where neuron ``order[k]`` is called k, synapses shuffled."""
        other = object.__new__(Wiring)
        place = np.argsort(order)
        other.n = self.n
        other.drive, other.start = self.drive[order], self.start[order]
        other.i, other.j = place[self.i][shuffle], place[self.j][shuffle]
        other.w, other.d = self.w[shuffle], self.d[shuffle]
        return other


LIF = """
dv/dt = (drive - v)/(5*ms) : 1 (unless refractory)
drive : 1
x : 1
n : integer
"""


def lif(n: int, **further: Any) -> NeuronGroup:
    """Return neurons whose input of a step is gathered in x, exactly, and then added to v."""
    group = NeuronGroup(
        n, LIF, method="euler", threshold="v > 1", reset="v = 0", refractory=0.5 * ms, **further
    )
    group.run_regularly("v += x\nx = 0", name=f"{group.name}_input")
    return group


def connect(source: Any, target: Any, i: Any, j: Any, w: Any, d: Any, **further: Any) -> Synapses:
    synapses = Synapses(source, target, "w : 1", on_pre="x_post += w; n_post += 1", **further)
    if len(i):
        synapses.connect(i=i, j=j)
        synapses.w = w
        synapses.delay = np.asarray(d) * 0.1 * ms
    else:
        synapses.connect(False)
    return synapses


def run_wiring(wiring: Wiring, duration: float = 20.0) -> tuple[set[tuple[int, int]], Any, Any]:
    """Return spikes, and the final v and n of every neuron."""
    begin()
    group = lif(wiring.n)
    group.drive, group.v = wiring.drive, wiring.start
    synapses = connect(group, group, wiring.i, wiring.j, wiring.w, wiring.d)
    monitor = SpikeMonitor(group)
    Network(group, synapses, monitor).run(duration * ms)
    return steps(monitor), group.v[:], group.n[:]


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
            here = (
                (wiring.i >= first) & (wiring.i < last) & (wiring.j >= low) & (wiring.j < high)
            )
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


@pytest.mark.parametrize("start", [1, 1000, 2**24 - 3, 2**31 - 3, 2**32 - 3])
def test_the_time_of_the_start_does_not_matter(start):
    def spikes(first: int) -> set[tuple[int, int]]:
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
        network.run(10 * ms)
        result = steps(monitor)
        end = np.round(outer.w[:], 12).tolist()
        return {(k, step - first) for k, step in result} | {(-k - 1, w) for k, w in enumerate(end)}

    start = start // 7 * 7  # run_regularly keeps to multiples of its own step
    assert len(spikes(0)) > 20
    assert spikes(start) == spikes(0)


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


# --- equal texts --------------------------------------------------------------------------------


def traces(text: str, namespace: dict[str, Any], variable: str, scale: float = 1.0) -> Any:
    begin()
    group = NeuronGroup(3, text, method="euler", namespace=namespace)
    setattr(group, f"{variable}_", np.array([0.1, 0.25, -0.5]) * scale)
    trace = StateMonitor(group, variable, record=True)
    Network(group, trace).run(5 * ms)
    return getattr(trace, f"{variable}_")


def test_names_subexpressions_and_constants_do_not_matter():
    plain = traces("dv/dt = (sin(v) + 0.5*v**2 - v*1.5)/(5*ms) : 1", {}, "v")
    others = [
        ("dlonger/dt = (sin(longer) + 0.5*longer**2 - longer*1.5)/(5*ms) : 1", {}, "longer"),
        ("dv/dt = (s - r)/(5*ms) : 1\ns = sin(v) + 0.5*v**2 : 1\nr = v*1.5 : 1", {}, "v"),
        ("dv/dt = (sin(v) + a*v**2 - v*b)/tau : 1", {"a": 0.5, "b": 1.5, "tau": 5 * ms}, "v"),
        ("dv/dt = (sin(v) + (0.25 + 0.25)*v**2 - v*(3/2))/(5*ms) : 1", {}, "v"),
    ]
    for text, namespace, variable in others:
        np.testing.assert_array_equal(traces(text, namespace, variable), plain)


def test_the_unit_of_the_text_does_not_matter():
    small = traces("dv/dt = (4*mV - v)/(5*ms) : volt", {}, "v", 0.5)
    large = traces("dv/dt = (0.004*volt - v)/(5*ms) : volt", {}, "v", 0.5)
    named = traces("dv/dt = (E - v)/(5*ms) : volt", {"E": 4 * mV}, "v", 0.5)
    np.testing.assert_array_equal(small, large)
    np.testing.assert_array_equal(small, named)
    number = traces("dv/dt = (0.004 - v)/(5*ms) : 1", {}, "v", 0.5)
    np.testing.assert_array_equal(small, number)
    assert traces("dv/dt = -v/(5*ms) : volt", {}, "v").shape == (3, 50)
    assert volt.dim == mV.dim


# --- cuts and observers -------------------------------------------------------------------------


def everything(pieces: Sequence[float], observed: bool = True) -> dict[str, Any]:
    """Return the state of a network with noise, plasticity and two clocks after these runs."""
    begin()
    source = simgen.PoissonGroup(6, 300 * simgen.Hz)
    table = SpikeGeneratorGroup(2, [0, 1, 1], [0.2, 0.5, 1.1] * ms, period=1.3 * ms)
    group = lif(9)
    group.drive = "1.2 + 0.3*i"
    slow = NeuronGroup(
        4,
        "du/dt = -u/(3*ms) + 0.3*xi/sqrt(3*ms) : 1\ns : 1",
        threshold="u > 0.3",
        reset="u -= 0.5",
        refractory="0.4*ms*(1 + i % 2)",
        dt=0.2 * ms,
        method="heun",
    )
    plastic = Synapses(
        source,
        group,
        """w : 1
           da/dt = -a/(4*ms) : 1 (event-driven)
           db/dt = -b/(5*ms) : 1 (event-driven)""",
        on_pre="v_post += 0.2*w; a += 0.1; w = clip(w + b, 0, 1)",
        on_post="b -= 0.1; w = clip(w + a, 0, 1)",
    )
    plastic.connect(p=0.6)
    plastic.w = "rand()"
    plastic.delay = "2*ms*rand()"
    plastic.post.delay = "0.3*ms*(j % 3)"
    across = Synapses(slow, group, on_pre="v_post += 0.25", delay=0.7 * ms)
    across.connect(n_total=20)
    back = Synapses(group, slow, "s_post = 0.01*v_pre : 1 (summed)", on_pre="u_post += 0.125")
    back.connect(p=0.5)
    back.delay = "1.1*ms*rand()"
    tick = Synapses(table, slow, on_pre="u_post -= 0.0625", delay=0.4 * ms)
    tick.connect()
    regular = group.run_regularly("v += 0.01*randn()", dt=0.5 * ms)
    objects = [source, table, group, slow, plastic, across, back, tick, regular]
    monitors = []
    if observed:
        monitors = [
            SpikeMonitor(group, variables="v"),
            SpikeMonitor(slow),
            StateMonitor(group, "v", record=[0, 4]),
            StateMonitor(slow, ["u", "s"], record=True, dt=0.6 * ms),
            StateMonitor(plastic, "w", record=True, dt=1 * ms),
            PopulationRateMonitor(group),
        ]
    network = Network(objects, monitors)
    for piece in pieces:
        network.run(piece * ms)
    result: dict[str, Any] = {
        "v": group.v[:],
        "n": group.n[:],
        "u": slow.u[:],
        "w": plastic.w[:],
        "a": plastic.a[:],
        "b": plastic.b[:],
        "last": group.lastspike[:],
        "updated": plastic.lastupdate[:],
    }
    if observed:
        spikes, others, chosen, rest, weights, rate = monitors
        result |= {"i": spikes.i, "t": spikes.t_, "values": spikes.v, "others": others.t_}
        result |= {"chosen": chosen.v, "u trace": rest.u, "s trace": rest.s, "tt": rest.t_}
        result |= {"weights": weights.w, "rate": rate.rate_}
    return result


def same(first: dict[str, Any], second: dict[str, Any]) -> None:
    for name in first.keys() & second.keys():
        np.testing.assert_array_equal(np.asarray(first[name]), np.asarray(second[name]), name)


@pytest.mark.parametrize(
    "pieces", [[5, 5], [0.1] * 100, [0, 3.3, 0.2, 6.5], [0.05] * 200, [1.3, 8.65, 0.05]]
)
def test_a_run_can_be_cut_anywhere(pieces):
    whole = everything([10])
    assert whole["i"].size > 10
    same(everything(pieces), whole)


def test_monitors_do_not_disturb():
    same(everything([10], observed=False), everything([10]))


@pytest.mark.parametrize("device", ["reference", "cpu"])
def test_order_of_creation_does_not_matter(device):
    """Names fix the order of execution, so objects may be made and added in any order."""
    set_device(device)

    def run(order: Sequence[int]) -> Any:
        begin()
        made: dict[str, Any] = {}

        def groups(name: str) -> None:
            made[name] = lif(4, name=name)
            made[name].drive = "0.9 + 0.2*i"

        def synapses(name: str, source: str, target: str) -> None:
            made[name] = Synapses(
                made[source], made[target], on_pre="v_post = v_post*0.5 + 0.1*i", name=name
            )
            made[name].connect()
            made[name].delay = "0.1*ms*j"

        makers: list[Callable[[], None]] = [
            lambda: synapses("x", "a", "b"),
            lambda: synapses("y", "b", "b"),
            lambda: synapses("z", "a", "a"),
        ]
        for name in ("a", "b") if order[0] % 2 else ("b", "a"):
            groups(name)
        for place in order:
            makers[place]()
        monitor = SpikeMonitor(made["b"])
        objects = [*made.values(), monitor]
        Network(objects if order[-1] else objects[::-1]).run(20 * ms)
        return steps(monitor), made["a"].v[:].tolist(), made["b"].v[:].tolist()

    first = run([0, 1, 2])
    assert first[0]
    for order in ([2, 1, 0], [1, 0, 2], [1, 2, 0]):
        assert run(order) == first


def test_building_twice_gives_the_same_source():
    def source() -> str:
        begin()
        group = lif(5)
        clock = Clock(0.3 * ms)
        other = NeuronGroup(2, "du/dt = -u/(2*ms) + xi/sqrt(ms) : 1", clock=clock, method="euler")
        synapses = Synapses(group, other, "w : 1", on_pre="u_post += w*rand()")
        synapses.connect(p=0.5)
        monitor = StateMonitor(other, "u", record=True)
        network = Network(group, other, synapses, monitor)
        network.run(1 * ms)
        simulation = network._compiled.simulation
        return simulation.segments(0, simulation.length).source

    text = source()
    assert len(text) > 1000
    assert source() == text
