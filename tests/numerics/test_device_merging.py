"""Synapses that run as one, put together on the device that made them: the bits of the host."""

from __future__ import annotations

import pytest
from device_connectivity import EMULATED, assert_equal, use

from simgen import Network, NeuronGroup, Synapses, ms
from simgen.api import compiled_text
from simgen.api.device_rows import DeviceRows
from simgen.api.device_store import DeviceStore
from simgen.api.merging import MergedSynapses
from simgen.targets.cuda import backend
from simgen.targets.cuda.emulate import open_emulated

pytestmark = [pytest.mark.compiler, pytest.mark.usefixtures("everything_on_the_device")]
MODEL = "w : 1\nk : integer\nb : boolean\nz : 1"
DELAYS = ("rand()*1.5*ms", "rand()*200*ms", "0.4*ms", None)


class Column:
    """A group in three parts, and objects of equal code between them, as in a cortical column."""

    def __init__(self, device, delay=DELAYS[0], scale=1):
        use(*device)
        self.cells = NeuronGroup(90, "v : 1\nx : 1", threshold="x > 0.4", reset="", name="cells")
        self.cells.x = "rand()"
        parts = self.cells[:40], self.cells[40:50], self.cells[50:]
        self.links = []
        for source, target in ((0, 0), (0, 1), (1, 2), (2, 0), (2, 2)):
            ends = parts[source], parts[target]
            made = Synapses(*ends, MODEL, on_pre="v_post += floor(16*w)/16 + k")
            self.links.append(made)
        several, random, arrays, nothing, repeated = self.links
        several.connect(n_total=1400 * scale)  # many pairs several times
        random.connect(p=0.3)
        arrays.connect(i=[0, 0, 3, 9], j=[1, 4, 4, 2])  # by the host
        nothing.connect(False)
        repeated.connect(out_degree=20 * scale)
        for made in (several, repeated):
            made.w = "rand() + x_post"
            if delay is not None:
                made.delay = delay
        several.k, random.b = "i - 2*j", "x_post < 0.7"
        random.w, random.delay = 0.125, 0.2 * ms
        arrays.w, arrays.k, arrays.delay = 0.5, [1, 2, 3, 4], [0.3, 0.1, 0.1, 0.4] * ms
        self.network = Network(self.cells, self.links)

    def state(self):
        """Return all that can be read of the synapses and of what they did."""
        names = ("i", "j", "w", "k", "b", "z", "delay_")
        found = [getattr(made, name)[:] for made in self.links for name in names]
        return [*found, self.cells.v[:]]

    @property
    def store(self):
        """The store of all objects, which run as one."""
        (merge,) = self.network._compiled.merges.merges
        return merge._data.store


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("delay", DELAYS)
def test_the_device_puts_members_together_as_the_host(monkeypatch, delay, dtype):
    if (delay, dtype) == (DELAYS[0], "float64"):  # which takes longer to compile
        device = open_emulated(order="shuffled", seed=3, check=True)
        monkeypatch.setattr(backend, "open_device", lambda options: device)
    found = []
    for name, options in (("cpu", {}), EMULATED):
        column = Column((name, {**options, "dtype": dtype}), delay)
        column.network.run(3 * ms)
        assert isinstance(column.store, DeviceStore) == (name == "cuda")
        found.append(column.state())
    assert_equal(*found)


def test_members_are_read_written_and_changed_as_on_the_host():
    found = []
    for device in (("cpu", {}), EMULATED):
        column = Column(device)
        column.network.run(1 * ms)
        seen = [column.links[0].w["k > 0"], column.links[1].b[:]]
        column.links[0].w = "rand()"
        column.links[1].w[3:9] = 0.25
        column.network.run(1 * ms)
        seen += [*column.state()]
        column.links[4].delay = "rand()*ms"  # members have their own again
        column.network.run(1 * ms)
        column.links[0].connect(i=0, j=0)
        column.network.run(1 * ms)
        found.append([*seen, *column.state()])
    assert_equal(*found)


@pytest.mark.parametrize("limit", [60_000, 90_000, 110_000, 130_000, 140_000, 150_000, 170_000])
def test_a_device_without_room_leaves_it_to_the_host(monkeypatch, limit):
    expected = Column(("cpu", {}))
    expected.network.run(0 * ms)
    device = open_emulated(limit=limit)
    monkeypatch.setattr(backend, "open_device", lambda options: device)
    column = Column(EMULATED)
    MergedSynapses.of(column.links)._prepare(1)
    assert_equal(expected.state()[:-1], column.state()[:-1])


@pytest.mark.parametrize("delay", DELAYS[:3])
def test_nothing_of_the_size_of_the_synapses_crosses(traffic, delay):
    column = Column(EMULATED, delay, scale=60)
    n = sum(map(len, column.links))
    column.network.run(1 * ms)
    assert isinstance(column.store, DeviceStore)
    rows = {"row_start", "row_sizes", "pair_start", "cells.bounds"}
    sizes = {name for _, name in traffic if name.rpartition(".")[2] not in rows}
    large = ("targets", ".w", ".k", ".b", ".z", "delay", "order", "value", "chosen")
    assert {name for name in sizes if name.endswith(large)} <= {
        "synapses_1.w",  # one value for all 120
        "synapses_2.rows.targets",
        *(f"synapses_2.{name}" for name in ("w", "k", "b", "z", "pre.delay")),
    }
    assert traffic.up_bytes < n
    traffic.clear()
    w = column.links[0].w[:]
    assert w.size == 84_000
    assert traffic.up_bytes < n


def test_small_members_stay_with_the_host(monkeypatch):
    """Where the host made all rows it also puts them together."""
    monkeypatch.setattr(compiled_text, "WORTH_COMPILING", 2_000)
    column = Column(EMULATED)
    assert not any(isinstance(made._data.rows, DeviceRows) for made in column.links)
    column.network.run(1 * ms)
    assert not isinstance(column.store, DeviceStore)
