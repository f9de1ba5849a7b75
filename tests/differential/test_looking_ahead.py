"""Threads that make several steps before they meet find the targets of all these steps at once.

Only deliveries that need nothing but the targets do so, by two threads and more, along rows with
several delay classes; ``reference`` knows nothing of it. What is received decays, so that a value
at the end tells when it came; a StateMonitor would make the threads meet in every step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import simgen
from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    Synapses,
    ms,
    set_device,
    threads,
)

pytestmark = pytest.mark.compiler

DT = 0.1  # ms
ROOM = 32768 // 2  # targets of a step (16 bits each) that there is room for
THREADS = [1, 2, 3]


@pytest.fixture(autouse=True)
def usual_device():
    yield
    set_device("auto", dtype="float64")


def arrivals(
    target: str, n_threads: int, spikes: tuple[Any, Any], delays: Any, pieces: Any, **sizes: int
) -> Any:
    """Return what 200 (``n_post``) neurons have left of what they received, after each piece."""
    set_device(target, dtype="float64", threads=n_threads)
    simgen.start_scope()
    n_pre, n_post = sizes.get("n_pre", 12), sizes.get("n_post", 200)
    sources = SpikeGeneratorGroup(n_pre, spikes[0], spikes[1] * ms)
    heard = NeuronGroup(n_post, "dx/dt = -x/(30*ms) : 1", method="exact")
    first = sizes.get("first", 0)
    synapses = Synapses(sources[first:], heard, on_pre="x_post += 0.75")
    rng = np.random.default_rng(3)
    made = sizes.get("count", 3000)
    synapses.connect(i=rng.integers(0, n_pre - first, made), j=rng.integers(0, n_post, made))
    synapses.delay = rng.choice(delays, made) * DT * ms
    network = Network(sources, heard, synapses)
    left = []
    for piece in pieces:
        network.run(piece * DT * ms)
        left.append(np.array(heard.x))
    return np.array(left)


def volleys(n_pre: int = 12, count: int = 150, last: int = 90) -> tuple[Any, Any]:
    """Return indices and times (ms) of spikes; a neuron spikes at most once in a step."""
    rng = np.random.default_rng(1)
    places = rng.choice(n_pre * last, count, replace=False)
    return places % n_pre, (places // n_pre) * DT


CASES = {
    "delays side by side": (np.arange(5, 30), [100]),
    "more steps than are gathered at once": (np.arange(20, 45), [100]),
    "delays far apart": ([3, 11, 12, 40], [100]),
    "the shortest of all": ([1, 2, 3], [100]),
    "no delay": ([0, 4, 5], [100]),
    "runs of any length": (np.arange(4, 20), [1, 2, 30, 7, 3, 57]),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "_"))
def test_every_spike_arrives_once_and_in_time(case):
    delays, pieces = CASES[case]
    wanted = arrivals("reference", 1, volleys(), delays, pieces)
    assert wanted.max() > 1
    for n_threads in THREADS:
        got = arrivals("cpu", n_threads, volleys(), delays, pieces)
        np.testing.assert_array_equal(got, wanted, err_msg=f"{n_threads} threads")


def test_a_thread_that_serves_several_parts(monkeypatch):
    """As in a process that was forked from one with threads."""
    monkeypatch.setattr(threads._Threads, "lost", True)
    wanted = arrivals("reference", 1, volleys(), np.arange(5, 30), [100])
    got = arrivals("cpu", 3, volleys(), np.arange(5, 30), [100])
    np.testing.assert_array_equal(got, wanted)


def test_a_part_of_the_sources():
    wanted = arrivals("reference", 1, volleys(), np.arange(5, 30), [100], first=4)
    for n_threads in THREADS:
        got = arrivals("cpu", n_threads, volleys(), np.arange(5, 30), [100], first=4)
        np.testing.assert_array_equal(got, wanted)


def test_more_targets_at_once_than_there_is_room_for():
    """All sources spike together, and again when attempts to look ahead have been left out."""
    n_pre, count = 60, 4 * 2 * ROOM
    together = np.repeat([5, 20, 21, 900], n_pre), np.tile(np.arange(n_pre), 4)
    few = np.arange(100, 800, 3), np.arange(100, 800, 3) % n_pre
    ticks, sources = (np.concatenate(both) for both in zip(together, few))
    spikes = sources, ticks * DT
    sizes = {"n_pre": n_pre, "count": count}
    wanted = arrivals("reference", 1, spikes, [6, 7], [950], **sizes)
    for n_threads in (1, 2):
        got = arrivals("cpu", n_threads, spikes, [6, 7], [950], **sizes)
        np.testing.assert_array_equal(got, wanted)


def test_delays_that_change_between_runs():
    def received(target: str, n_threads: int) -> Any:
        set_device(target, dtype="float64", threads=n_threads)
        simgen.start_scope()
        sources = SpikeGeneratorGroup(12, *volleys()[:1], volleys()[1] * ms)
        heard = NeuronGroup(200, "dx/dt = -x/(30*ms) : 1", method="exact")
        synapses = Synapses(sources, heard, on_pre="x_post += 1")
        synapses.connect()
        synapses.delay = "(5 + (i + 2*j) % 20)*0.1*ms"
        network = Network(sources, heard, synapses)
        network.run(3.3 * ms)
        synapses.delay = "(9 - (i + j) % 6)*0.1*ms"
        network.run(7 * ms)
        return np.array(heard.x)

    wanted = received("reference", 1)
    for n_threads in THREADS:
        np.testing.assert_array_equal(received("cpu", n_threads), wanted)
