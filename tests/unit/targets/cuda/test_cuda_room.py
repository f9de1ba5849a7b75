"""Networks that do not fit into a device's memory are refused before any of it is taken."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import simgen
from simgen import NeuronGroup, SpikeMonitor, StateMonitor, Synapses, ms
from simgen.errors import MemoryLimitError
from simgen.options import Options
from simgen.targets.cuda.backend import open_device
from simgen.targets.cuda.emulate import open_emulated
from simgen.targets.cuda.room import Request, require_room


@pytest.fixture
def device():
    """The emulated device that networks run on, with a limit that ends with the test."""
    simgen.set_device("cuda", emulate=True)
    simgen.start_scope()
    simgen.seed(2)
    found = open_device(Options(target="cuda", emulate=True))
    gc.collect()  # what networks of other tests have is not freed in the middle of this one
    yield found
    found.limit = None
    simgen.set_device("auto", dtype="float64")
    simgen.start_scope()


def taken(device):
    limit, device.limit = device.limit, 0
    bytes_taken = -device.free_bytes()
    device.limit = limit
    return bytes_taken


def network(dtype="float64", suffix=""):
    simgen.set_device("cuda", emulate=True, dtype=dtype)
    text = "dv/dt = (1.1 - v)/(5*ms) : 1"
    cells = NeuronGroup(
        500, text, threshold="v > 1", reset="v = 0", method="exact", name=f"cells{suffix}"
    )
    cells.v = "rand()"
    synapses = Synapses(cells, cells, "w : 1", on_pre="v_post += w", name=f"links{suffix}")
    synapses.connect(p=0.05)
    synapses.delay = "1*ms + rand()*ms"
    synapses.w = 0.015625
    return cells, synapses


@pytest.mark.compiler
def test_the_largest_arrays_and_the_ways_out_are_named(device, golden):
    objects = [*network()]
    objects.append(StateMonitor(objects[0], "v", record=True, name="trace"))
    objects.append(SpikeMonitor(objects[0], name="spikes"))
    before = taken(device)
    device.limit = before + 100_000
    with pytest.raises(MemoryLimitError) as caught:
        simgen.Network(*objects).run(20 * ms)
    golden(str(caught.value))
    assert isinstance(caught.value, MemoryError)
    assert taken(device) - before < 1000  # the tables of a program's arguments


@pytest.mark.compiler
def test_a_network_runs_where_it_just_fits_as_anywhere(device):
    """The estimate is what is taken, up to the grain: half of it is refused, all of it runs."""
    before = taken(device)
    expected = simgen.Network(*(first := network()))
    expected.run(20 * ms)
    needed = taken(device) - before
    device.limit = taken(device) + needed // 2
    simgen.seed(2)
    with pytest.raises(MemoryLimitError):
        simgen.Network(*network(suffix="1")).run(20 * ms)
    device.limit = taken(device) + needed + 512 * 40
    simgen.seed(2)
    simgen.Network(*(second := network(suffix="2"))).run(20 * ms)
    assert len(np.unique(first[0].v)) > 100
    np.testing.assert_array_equal(first[0].v_[:], second[0].v_[:])


@pytest.mark.compiler
def test_a_recorder_makes_do_with_the_window_it_has(device):
    """Its host's buffer grows; without memory for a larger window it is drained more often."""
    found = []
    for limit in (None, 80_000):
        simgen.start_scope()
        device.limit = None
        cells = NeuronGroup(100, "dv/dt = 1/ms : 1", method="exact")
        trace = StateMonitor(cells, "v", record=True)
        together = simgen.Network(cells, trace)
        together.run(1 * ms)
        if limit is not None:
            device.limit = taken(device) + 100
        together.run(30 * ms)
        found.append(trace.v[:])
    assert found[0].shape == (100, 310)
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.compiler
def test_single_precision_fits_where_the_message_says_so(device):
    device.limit = taken(device) + 450_000
    with pytest.raises(MemoryLimitError, match=r"float32.*which is enough"):
        simgen.Network(*network(), *large("float64")).run(1 * ms)
    simgen.Network(*network("float32", "1"), *large("float32")).run(1 * ms)
    device.limit = taken(device)
    with pytest.raises(MemoryLimitError) as caught:
        simgen.Network(*network("float32", "2")).run(1 * ms)
    assert "float32" not in str(caught.value)


def large(dtype):
    simgen.set_device("cuda", emulate=True, dtype=dtype)
    return (NeuronGroup(50_000, "dv/dt = -v/(5*ms) : 1", method="exact"),)


@pytest.mark.compiler
def test_freed_memory_is_free_again(device):
    device.limit = taken(device) + 1000
    buffer = device.allocate(900, "first")
    with pytest.raises(MemoryLimitError, match=r"no room for 200 bytes of 'second'; 100 bytes"):
        device.allocate(200, "second")
    del buffer
    device.allocate(200, "second")


def test_what_is_there_already_counts_for_the_size_that_would_fit():
    device = open_emulated(limit=6000)
    require_room(device, [Request("exc.v", 5000)], 0, 8)
    require_room(device, [], 0, 8)
    with pytest.raises(MemoryLimitError) as caught:
        require_room(device, [Request("exc.v", 10240, holds_reals=True)], 2000, 8)
    assert "needs 10,240 bytes more (2,000 are there already)" in str(caught.value)
    assert "saves about 5,120 bytes, which is enough" in str(caught.value)
    assert "to about 65 % of its size" in str(caught.value)
