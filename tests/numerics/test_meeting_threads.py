"""Threads that meet seldom: the same results as one thread, whatever the delays and recordings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import simgen
from simgen import (
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    SpikeMonitor,
    Synapses,
    ms,
    second,
    seed,
    set_device,
)

pytestmark = pytest.mark.compiler


def spikes_of_a_network(threads, delay, **recording):
    simgen.start_scope()
    set_device("cpu", threads=threads)
    seed(7)
    cells = NeuronGroup(
        300,
        "dv/dt = (1.3 - v)/(10*ms) + 0.3*xi/sqrt(10*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
    )
    cells.v = "rand()"
    synapses = Synapses(cells, cells, on_pre="v_post -= 0.0625")
    synapses.connect(p=0.1)
    synapses.delay = delay
    spikes, rate = SpikeMonitor(cells, **recording), PopulationRateMonitor(cells)
    network = Network(cells, synapses, spikes, rate)
    network.run(30 * ms)
    synapses_and_state = (np.array(cells.v), np.array(rate.rate))
    network.run(31 * ms)
    record = (spikes.i[:], spikes.t_[:]) if not recording else (spikes.count[:],)
    return [*synapses_and_state, np.array(cells.v), np.array(rate.rate), *map(np.array, record)]


@pytest.mark.parametrize("delay", [0 * ms, 0.1 * ms, "0.3*ms + 2*ms*rand()", "i % 3 * 0.1*ms"])
@pytest.mark.parametrize("recording", [{}, {"record": False}])
def test_results_do_not_depend_on_when_threads_meet(delay, recording):
    alone = spikes_of_a_network(1, delay, **recording)
    assert alone[-1].size > 100
    for threads in (2, 3):
        together = spikes_of_a_network(threads, delay, **recording)
        for mine, theirs in zip(alone, together):
            np.testing.assert_array_equal(mine, theirs)
    set_device("auto")


@pytest.mark.parametrize(
    ("delay", "apart"),
    [(0 * ms, 0), (0.1 * ms, 1), ("0.3*ms + 2*ms*rand()", 3), (10 * ms, 32)],
)
def test_threads_may_be_as_many_steps_apart_as_the_shortest_delay_has(delay, apart):
    simgen.start_scope()
    set_device("cpu", threads=2)
    cells = NeuronGroup(300, "v : 1", threshold="i == t_in_timesteps")
    synapses = Synapses(cells, cells, on_pre="v_post += 1")
    synapses.connect(p=0.5)
    synapses.delay = delay
    network = Network(cells, synapses)
    network.run(0.2 * ms)
    assert network._compiled.memory.ints["steps_together"] == apart
    set_device("auto")


def test_recordings_that_come_later_grow_and_lose_nothing():
    simgen.start_scope()
    set_device("cpu", threads=2)
    cells = NeuronGroup(100, "v : 1", threshold="True", reset="v += 1")
    spikes = SpikeMonitor(cells)
    network = Network(cells, spikes)
    network.run(0.2 * second)  # 200,000 spikes: more than the first buffer holds
    assert spikes.num_spikes == 2000 * 100
    np.testing.assert_array_equal(np.array(spikes.i), np.tile(np.arange(100), 2000))
    np.testing.assert_array_equal(np.rint(spikes.t_ / 1e-4), np.repeat(np.arange(2000), 100))
    set_device("auto")


STAYS = """
import gc, sys
from simgen import *
set_device("cpu", threads=2)
cells = NeuronGroup(200, "dv/dt = -v/(10*ms) : 1")
network = Network(cells)
network.run(1*ms)
del network, cells
start_scope()
gc.collect()
print(any("gomp" in line or "omp.so" in line for line in open("/proc/self/maps")))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the map of the process")
def test_the_runtime_of_threads_stays_when_programs_are_gone():
    """Its waiting threads would run on in unmapped code, and the process would crash."""
    done = subprocess.run(
        [sys.executable, "-c", STAYS],
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["True"]
