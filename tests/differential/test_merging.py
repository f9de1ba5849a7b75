"""Objects that run as one give the same bits as one by one, whatever Python does in between.

All sums are dyadic, so the order in which they are added does not show.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
from parts import CODES, EMULATED, Wired
from wiring import begin

from simgen import (
    NetworkOperation,
    StateMonitor,
    defaultclock,
    ms,
    network_operation,
    set_device,
)

pytestmark = pytest.mark.compiler


@pytest.fixture(autouse=True)
def clean_device():
    begin()
    yield
    set_device("auto", dtype="float64")
    defaultclock.dt = 0.1 * ms


def run_twice(wired):
    wired.network.run(5 * ms)
    wired.network.run(3 * ms)


def read_between(wired):
    first = wired.objects[1]
    wired.network.run(3 * ms)
    seen = [first.u[:], first.u[2:5], first.u["w > 0.03"], first.n[-1], first[3, :].u]
    wired.seen = [np.asarray(values).tobytes() for values in seen]
    wired.network.run(3 * ms)
    wired.seen += [first.u[:].tobytes(), first.delay_[3], first.i[4], first.j["w > 0.03"].tobytes()]


def write_between(wired):
    objects = wired.objects
    for step in range(4):
        wired.network.run(2 * ms)
        objects[step].w = (1 + step) / 32
        objects[6].w[3:] = "w + 1.0/64 + floor(rand()*4)/256"
        objects[6].u = "u * 0.5"
        objects[1].u["n > 2"] = 0.125
        objects[2].w[[2, 0]] = [0.5, 0.25]
        objects[3].w += objects[3].u[:] / 64


def write_before(wired):
    wired.objects[0].u = 0.5
    wired.network.run(2 * ms)
    wired.objects[1].u = objects_mean(wired.objects[0].u[:])
    wired.network.run(2 * ms)


def objects_mean(values):
    return float(np.floor(values.mean() * 64) / 64)


def connect_again(wired):
    wired.network.run(3 * ms)
    wired.rest()
    wired.objects[10].connect(i=[2], j=[0])
    wired.objects[10].w[-1] = 0.25
    wired.network.run(3 * ms)
    wired.rest()
    wired.objects[9].connect(j="i % N_post")
    wired.network.run(3 * ms)


def change_delays(wired):
    wired.network.run(3 * ms)
    wired.rest()
    wired.objects[1].delay[3:6] = 2 * ms
    wired.objects[3].delay = 0.7 * ms
    wired.network.run(3 * ms)


def remove_a_member(wired):
    wired.network.run(3 * ms)
    wired.network.remove(wired.objects[6])
    wired.network.run(3 * ms)
    wired.objects[6].w = 0.5


def switch_off(wired):
    wired.network.run(3 * ms)
    wired.objects[0].active = False
    wired.network.run(3 * ms)
    wired.rest()
    wired.objects[0].active = True
    wired.network.run(3 * ms)


def change_threads(wired):
    for threads in (2, 1, 3):
        set_device("cpu", optimize=wired.optimize, threads=threads, dtype=wired.dtype)
        wired.network.run(2 * ms)
        wired.objects[1].u[0] = threads / 8


def change_dt(wired):
    wired.network.run(3 * ms)
    wired.rest()
    defaultclock.dt = 0.05 * ms
    wired.network.run(2 * ms)


def watch_a_member(wired):
    wired.network.run(3 * ms)
    monitor = StateMonitor(wired.objects[1], "u", record=[0, 3, 5])
    wired.network.add(monitor)
    wired.network.run(2 * ms)
    wired.seen = monitor.u[:].tobytes()
    wired.network.remove(monitor)
    wired.network.run(2 * ms)


def look_in_between(wired):
    wired.seen = []

    @network_operation(dt=0.3 * ms, when="end")
    def look():
        wired.seen.append(wired.objects[1].u[:].tobytes())
        wired.objects[6].u = wired.objects[6].u[:] * 0.5 + 0.125
        wired.objects[3].w[0] = wired.objects[1].w[0] / 2

    wired.network.add(look)
    wired.network.run(5 * ms)
    wired.network.remove(look)
    wired.network.run(1 * ms)


def report_in_between(wired):
    wired.seen = []

    def report(elapsed, completed, start, duration):
        wired.seen.append(wired.objects[1].u[:].tobytes())
        wired.objects[6].u = len(wired.seen) / 16

    cut = NetworkOperation(lambda: None, dt=0.5 * ms)  # makes the reports come at known steps
    wired.network.add(cut)
    wired.network.run(4 * ms, report=report, report_period=1e-9 * ms)
    wired.network.remove(cut)


def change_under_way(wired):
    """Change members while spikes are under way: these keep their arrival."""
    network, objects = wired.network, wired.objects
    network.run(3 * ms)
    objects[1].delay[3:6] = 2 * ms
    objects[3].delay = 0.7 * ms
    network.run(0.3 * ms)
    objects[10].connect(i=[2], j=[0])
    objects[10].w[-1] = 0.25
    network.run(0.4 * ms)
    objects[0].active = objects[8].active = False
    network.run(0.5 * ms)
    objects[0].active = objects[8].active = True
    network.run(0.2 * ms)
    network.remove(objects[11])
    network.run(0.3 * ms)
    objects[13].delay = "floor(rand()*5)*0.2*ms" if len(objects[13]) else 0 * ms
    network.run(4 * ms)  # all have arrived
    network.run(1 * ms)


def change_dt_under_way(wired):
    wired.network.run(3 * ms)
    defaultclock.dt = 0.05 * ms
    wired.network.run(1.8 * ms)
    defaultclock.dt = 0.1 * ms
    wired.network.run(4 * ms)
    wired.network.run(1 * ms)


SCENARIOS = [
    *(change_under_way, change_dt_under_way),
    *(run_twice, read_between, write_between, write_before, connect_again, change_delays),
    *(remove_a_member, switch_off, change_threads, change_dt, watch_a_member, look_in_between),
    report_in_between,
]


@functools.cache
def done_singly(scenario):
    """Return the state, what was seen on the way, and the kernels without merging."""
    single = Wired(0, 1)
    scenario(single)
    return single.state(), getattr(single, "seen", None), single.kernels()


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=pytest.mark.slow), 3, EMULATED])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_merged_objects_do_what_single_ones_do(scenario, threads):
    expected, seen, kernels = done_singly(scenario)
    merged = Wired(1, threads)
    scenario(merged)
    assert merged.state() == expected
    assert getattr(merged, "seen", None) == seen
    (merge,) = merged.network._compiled.merges.merges
    inside = [made for made in merged.objects if made._merge is not None]
    assert all(made._merge is merge for made in inside)
    assert {id(made) for made in inside} == {id(made) for made in merge.members()}
    assert len(merged.kernels()) == 1 < len(kernels)
    assert np.frombuffer(expected[0]).any()


@pytest.mark.parametrize("threads", [pytest.param(1, marks=pytest.mark.slow), 3])
@pytest.mark.parametrize(
    "scenario",
    [change_under_way, change_dt_under_way, connect_again, change_delays, change_threads],
)
def test_what_events_take_along_stays_with_them(scenario, threads):
    """Values under way keep objects apart that were merged, or go with them."""
    states = []
    for optimize in (0, 1):
        wired = Wired(optimize, threads, "graded")
        scenario(wired)
        states.append(wired.state())
    assert states[1] == states[0]
    assert np.frombuffer(states[0][0]).any()
    assert wired.network._compiled.merges.merges


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("delays", [False, True, "0.3*ms"])
@pytest.mark.parametrize("dtype", [pytest.param("float32", marks=pytest.mark.slow), "float64"])
def test_codes_delays_and_precisions(code, delays, dtype):
    states = []
    for optimize, threads in ((0, 1), (1, 1), (1, 3)):
        wired = Wired(optimize, threads, code, delays, dtype)
        run_twice(wired)
        states.append(wired.state())
    assert states[1] == states[0]
    assert states[2] == states[0]
    assert len(wired.kernels()) == 1


@pytest.mark.parametrize("kinds", [(0,), (0, 2), (1, 3), (1, 2), (4,)])
@pytest.mark.parametrize("delays", [False, True])
def test_rows_sorted_or_not_and_pairs_repeated_or_not(kinds, delays):
    states = []
    for optimize, threads in ((0, 1), (1, 1), (1, 3)):
        wired = Wired(optimize, threads, delays=delays, kinds=kinds)
        wired.network.run(3 * ms)
        states.append(wired.state())
    assert states[1] == states[0]
    assert states[2] == states[0]


def test_one_delay_given_to_the_constructors_stays_one():
    states = []
    for optimize in (0, 1):
        wired = Wired(optimize, 1, delays=False, delay=0.3 * ms)
        run_twice(wired)
        states.append(wired.state())
        assert wired.objects[1].delay == 0.3 * ms
    assert states[1] == states[0]
    (merge,) = wired.network._compiled.merges.merges
    assert merge._data.store.segments.kind == "none"
