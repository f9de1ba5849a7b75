"""What is copied to and from a device between the runs of a closed loop, and that it suffices."""

from __future__ import annotations

import numpy as np
import pytest

import simgen
from simgen import (
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    set_device,
)
from simgen.errors import NumericalError
from simgen.targets.cuda.emulate import open_emulated
from simgen.targets.cuda.finite import FinitenessCheck

pytestmark = pytest.mark.compiler


def plastic(rate=None):
    """A network with all that has arrays of its own: tables, traces, cursors, counters."""
    rate = simgen.TimedArray(np.zeros(4), dt=5 * ms, name="drive") if rate is None else rate
    cells = NeuronGroup(
        40,
        "dv/dt = (1.1 + u + drive(t) - v)/tau : 1\nu : 1\ntau : second (constant)",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
        name="cells",
        namespace={"drive": rate},
    )
    cells.tau = "(2 + 0.1*i)*ms"
    given = SpikeGeneratorGroup(3, [0, 1, 2], [0.2, 0.5, 1.1] * ms, period=2 * ms, name="given")
    inputs = Synapses(given, cells, "w : 1", on_pre="v_post += w", name="inputs")
    inputs.connect(i=[0, 1, 1, 2], j=[3, 1, 0, 7])
    inputs.w = 0.25
    model = "w : 1\ndA/dt = -A/(20*ms) : 1 (event-driven)\ndB/dt = -B/(9*ms) : 1 (event-driven)"
    learned = Synapses(
        cells,
        cells,
        model,
        on_pre="v_post += w; A += 0.125; w = clip(w - B, 0, 1)",
        on_post="B += 0.25; w = clip(w + A, 0, 1)",
        name="learned",
    )
    learned.connect(p=0.2)
    learned.w = 0.015625
    learned.delay = "rand()*ms"
    monitors = [
        SpikeMonitor(cells, name="spikes"),
        SpikeMonitor(cells, record=False, name="counted"),
        StateMonitor(cells, "v", record=[1, 5], name="traced"),
        PopulationRateMonitor(cells, name="mean"),
    ]
    return Network(cells, given, inputs, learned, *monitors), cells, inputs, learned, monitors


@pytest.mark.parametrize("check_finite", [True, False])
def test_a_closed_loop_moves_what_was_written_and_what_was_recorded(traffic, check_finite):
    network, cells, _, _, _ = plastic()
    network.run(1 * ms, check_finite=check_finite)
    assert any(name.startswith("learned.A.trace") for name in traffic.went_up())
    for _ in range(3):
        network.run(1 * ms, check_finite=check_finite)
        assert traffic.up_bytes == 3 * 8  # the control words: where the run ends
        down = {name for way, name in traffic if way == "down" and name != "control"}
        assert ("found" in down) == check_finite  # a word for each array that was looked through
        assert {name.rpartition(".")[2] for name in down - {"found"}} <= {"used", "data"}
        assert "traced.v.data" in down
        assert traffic.went_up() == []
    cells.u[3] = 0.5
    network.run(1 * ms, check_finite=check_finite)
    assert traffic.up_bytes == (40 + 3) * 8
    assert traffic.went_up() == ["cells.u"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_device_finds_what_is_not_finite(traffic, dtype, bad):
    set_device("cuda", emulate=True, dtype=dtype)
    cells = NeuronGroup(1000, "dv/dt = u/ms : 1\nu : 1", method="euler", name="cells")
    network = Network(cells)
    network.run(0.1 * ms)
    network.run(0.1 * ms)
    assert ("down", "cells.v") not in traffic
    cells.variables["u"].data[999] = bad
    with pytest.raises(NumericalError, match=r"'v' of .*'cells' is -?(nan|inf) at index 999 at"):
        network.run(0.1 * ms)
    cells.variables["u"].data[999] = 0
    cells.v = 1
    network.run(0.1 * ms)  # what was found once is forgotten
    set_device("cuda", emulate=True, dtype="float64")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("place", [None, 0, 255, 256, 4999])
def test_every_value_is_looked_at(dtype, place):
    device = open_emulated(check=True)
    values = np.linspace(-1, 1, 5000).astype(dtype)
    values[:3] = np.finfo(dtype).max, np.finfo(dtype).min, np.finfo(dtype).tiny / 2
    if place is not None:
        values[place] = np.nan
    buffer = device.allocate(values.nbytes)
    device.upload(buffer, values)
    check = FinitenessCheck(device)
    for _ in range(2):
        assert check.all_finite(buffer, values.dtype, values.size) == (place is None)
        assert check.all_finite(buffer, values.dtype, 3) == (place != 0)
    assert check.all_finite(buffer, np.dtype(np.int64), 10)


def test_a_closed_loop_gives_what_one_run_gives(device):
    """What stays on the device between runs is what the next one goes on with."""
    found = []
    for parts in (1, 12):
        simgen.start_scope()
        simgen.seed(3)
        network, cells, _, learned, monitors = plastic()
        for _ in range(parts):
            network.run(12 / parts * ms)
        spikes, counted, traced, mean = monitors
        state = (cells.v_[:], learned.w_[:], learned.A_[:], learned.B_[:])
        found.append((*state, spikes.t_[:], spikes.i[:], counted.count, traced.v_, mean.rate_))
    assert found[0][4].size > 40
    assert found[0][2].max() > 0
    for whole, parts in zip(*found):
        np.testing.assert_array_equal(whole, parts)


def test_what_changes_goes_up(traffic):
    drive = simgen.TimedArray(np.zeros(4), dt=5 * ms, name="drive")
    network, _, inputs, learned, _ = plastic(drive)
    network.run(1 * ms, check_finite=False)

    def changed(change):
        traffic.went_up()
        change()
        network.run(1 * ms, check_finite=False)
        return traffic.went_up()

    def set_weights():
        inputs.w[:] = 0.5

    def drive_more():
        drive.values[:] = 0.25

    def delay():
        learned.delay = "1*ms - rand()*0.5*ms"

    assert changed(set_weights) == ["inputs.w"]
    assert changed(drive_more) == ["drive.values"]
    assert changed(lambda: None) == []
    went = changed(delay)
    assert {"learned.rows.targets", "learned.w"} <= set(went)
    went = changed(lambda: inputs.connect(i=[2], j=[9]))
    assert {"inputs.rows.row_start", "inputs.rows.targets", "inputs.w"} <= set(went)
    assert changed(lambda: None) == []


def test_derived_values_go_up_when_they_change(traffic):
    text = "dv/dt = -v/tau : 1\ntau : second (constant)"
    cells = NeuronGroup(30, text, method="exact", name="cells")
    cells.tau, cells.v = "(1 + i)*ms", 1
    network = Network(cells)
    network.run(1 * ms)
    traffic.went_up()
    network.run(1 * ms)
    assert traffic.went_up() == []
    cells.tau = "(1 + i)*ms"  # written, with the values it has
    network.run(1 * ms)
    assert not [name for name in traffic.went_up() if name not in ("cells.tau", "table")]
    cells.tau[4] = 100 * ms
    network.run(1 * ms)
    assert [name for name in traffic.went_up() if name not in ("cells.tau", "table")]
    expected = np.exp(-4 / np.arange(1, 31.0))
    expected[4] = np.exp(-3 / 5 - 1 / 100)
    np.testing.assert_allclose(cells.v[:], expected, rtol=1e-12)


def test_what_changes_counts_in_the_next_run(device):
    drive = simgen.TimedArray(np.zeros(9), dt=0.1 * ms, name="drive")
    source = NeuronGroup(2, "", threshold="True", name="source")
    target = NeuronGroup(3, "g : 1\nd : 1", name="target", namespace={"drive": drive})
    target.run_regularly("d = drive(t)", dt=0.1 * ms)
    links = Synapses(source, target, "w : 1", on_pre="g_post += w", name="links")
    links.connect(i=[0, 1], j=[0, 1])
    links.w = 1
    network = Network(source, target, links)
    network.run(0.2 * ms)
    assert target.g[:].tolist() == [2, 2, 0]
    links.w[:] = 0.5
    drive.values[:] = 4
    network.run(0.2 * ms)
    assert target.g[:].tolist() == [3, 3, 0]
    assert target.d[:].tolist() == [4, 4, 4]
    links.connect(i=[1], j=[2])
    links.w[2] = 8
    network.run(0.1 * ms)
    assert target.g[:].tolist() == [3.5, 3.5, 8]
    links.delay = 0.2 * ms
    network.run(0.2 * ms)  # nothing arrives
    assert target.g[:].tolist() == [3.5, 3.5, 8]
    network.run(0.1 * ms)
    assert target.g[:].tolist() == [4, 4, 16]
