"""Network.memory(): where the bytes go, before anything is compiled."""

from __future__ import annotations

import re

import numpy as np
import pytest

import simgen
from simgen import (
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    magic_network,
    ms,
    second,
)
from simgen.api.binding import CompiledNetwork
from simgen.api.memory_use import MemoryUse
from simgen.errors import ArgumentTypeError, DimensionMismatchError, ModelError, UnknownNameError
from simgen.targets.cpu.backend import CpuTarget

PLASTIC = """w : 1
dx/dt = -x/(20*ms) : 1 (event-driven)
dy/dt = -y/(20*ms) : 1 (event-driven)"""


def cells(n: int = 100) -> NeuronGroup:
    return NeuronGroup(n, "dv/dt = -v/(20*ms) : 1", "exact", "v > 1", reset="v = 0", name="cells")


def shares(use: MemoryUse) -> dict[tuple[str, str], int]:
    return {(share.name, share.what): share.n_bytes for share in use.shares if not share.untouched}


def test_every_share_is_what_an_array_takes(device: str) -> None:
    group = cells()
    wires = Synapses(group, group, "w : 1", on_pre="v += w", name="wires")
    wires.connect()
    wires.w = 0.1
    wires.delay = "(1 + j % 4)*ms"
    network = Network(group, wires)
    found = shares(network.memory())
    parts = network._options.threads
    assert found["cells", "v"] == 8 * 100
    assert found["wires", "w"] == 8 * 10_000
    assert found["wires", "targets"] == 2 * 10_000
    assert found["wires", "where rows begin"] == 8 * (parts * 100 + 1)
    assert found["cells", "events of the last steps"] >= 41 * 4 * 100  # 40 steps back


def test_the_total_is_that_of_all_arrays_once() -> None:
    group = cells()
    wires = Synapses(group, group, "w : 1", on_pre="v += w", on_post="w += 1")
    wires.connect(p=0.3)
    wires.w = "rand()"
    network = Network(group, wires)
    use = network.memory()
    compiled = network._compiled
    assert isinstance(compiled, CompiledNetwork)
    places = {
        data.__array_interface__["data"][0]: data.nbytes
        for data in compiled.memory.arrays.values()
        if data.size
    }
    order = wires._data.store.order if wires._data.store is not None else None
    assert use.total == sum(places.values()) + (0 if order is None else order.nbytes)
    assert use.total == use.of("cells") + use.of(wires.name) + use.of("network")


def test_nothing_is_compiled_and_the_run_lays_nothing_out_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = cells()
    wires = Synapses(group, group, on_pre="v += 0.1")
    wires.connect(p=0.3)
    network = Network(group, wires)

    def build(*_: object) -> None:
        raise AssertionError("something was compiled")

    with monkeypatch.context() as patch:
        patch.setattr(CpuTarget, "build", build)
        network.memory(1 * second)
    compiled, store = network._compiled, wires._data.store
    network.run(1 * ms)
    assert network._compiled is compiled
    assert wires._data.store is store
    assert network.memory().total > 0


def test_what_monitors_will_record_is_counted_for_a_duration() -> None:
    group = cells()
    values = StateMonitor(group, "v", record=range(10), name="values")
    rates = PopulationRateMonitor(group, name="rates")
    spikes = SpikeMonitor(group, name="spikes")
    network = Network(group, values, rates, spikes)
    assert network.memory().of("rates") == 8  # its counter
    use = network.memory(100 * ms)
    before = use.total
    assert use.of("values") == 8 * 1001 * 10 + 8 * 1024 + 8 * 10  # the least is 1024
    assert use.of("rates") == 2 * 8 * 1024 + 8
    assert use.per_event == {"spikes": 12}
    network.run(100 * ms)
    held = sum(r.data.nbytes for c, r, _ in network._compiled._recordings if c is not spikes)
    assert held + use.of("cells") + use.of("network") + 80 + 8 == before
    assert "spikes adds 12 bytes for each event" in str(use)


def test_traces_that_moved_to_neurons_take_nothing() -> None:
    group = cells()
    on_pre, on_post = "v += w; x += 1; w = clip(w + y, 0, 1)", "y += 1; w = clip(w + x, 0, 1)"
    wires = Synapses(group, group, PLASTIC, on_pre=on_pre, on_post=on_post, name="wires")
    wires.connect()
    wires.w = 0.5
    use = Network(group, wires).memory()
    untouched = {share.what for share in use.shares if share.untouched}
    assert untouched == {"x", "y", "lastupdate"}
    assert ("wires", "traces of neurons") in shares(use)
    assert ("wires", "synapses of each target") in shares(use)
    assert use.total < sum(share.n_bytes for share in use.shares)


def test_a_table_goes_by_rows_with_the_largest_first() -> None:
    drive = TimedArray(np.arange(1000.0), dt=1 * ms, name="drive")
    group = NeuronGroup(10, "dv/dt = drive(t)/ms : 1\ntargets : 1", method="euler", name="cells")
    use = Network(group, name="mine").memory(namespace={"drive": drive})
    assert [share.n_bytes for share in use.shares] == sorted(
        (share.n_bytes for share in use.shares), reverse=True
    )
    lines = str(use).splitlines()
    assert lines[0] == f"Memory of Network 'mine': {use.total:,} bytes once it runs"
    assert re.split(r"\s{2,}", lines[2]) == [
        "drive",
        "values of the TimedArray",
        "8,008",
        "1,001 x 8 B",
    ]
    assert shares(use)["cells", "v"] == 80  # and 'targets' is the user's, not a table of rows
    assert any(share.what == "targets" and share.untouched for share in use.shares)
    assert "<td>8,008</td>" in use._repr_html_()


def test_synapses_that_run_as_one_are_named_together() -> None:
    group = cells()
    halves = [
        Synapses(group[low : low + 50], group, "w : 1", on_pre="v += w", name=name)
        for low, name in ((0, "a"), (50, "b"))
    ]
    for half in halves:
        half.connect()
        half.w = 1
    use = Network(group, halves).memory()
    assert shares(use)["a, b", "w"] == 8 * 10_000
    assert use.of("a") == use.of("b") == use.total - use.of("cells") - use.of("network")


def test_the_implicit_network_tells_too() -> None:
    group = cells()
    k = 2.0
    group.run_regularly("v *= k")
    assert magic_network.memory().of("cells") >= 8 * 100
    assert k == 2.0


def test_a_smaller_type_takes_half(device: str) -> None:
    del device
    simgen.set_device("cpu", dtype="float32")
    assert shares(Network(cells()).memory())["cells", "v"] == 4 * 100


@pytest.mark.parametrize(
    ("duration", "error", "message"),
    [
        (-1 * ms, ModelError, "must not be negative, but it is -0.001 s"),
        (np.inf * second, ModelError, "finite"),
        (3, DimensionMismatchError, "duration"),
        ("1 s", ArgumentTypeError, "duration"),
    ],
)
def test_wrong_durations_are_refused(
    duration: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Network(cells()).memory(duration)


def test_unknown_names_are_told_as_by_run() -> None:
    group = NeuronGroup(10, "dv/dt = nothing/ms : 1", method="euler")
    with pytest.raises(UnknownNameError, match="nothing"):
        Network(group).memory()
