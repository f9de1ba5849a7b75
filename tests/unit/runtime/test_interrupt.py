"""Ctrl-C ends a run between two steps; the network goes on from there."""

from __future__ import annotations

import os
import signal
import threading

import pytest

import simgen
from simgen import Network, NeuronGroup, SpikeMonitor, ms, second
from simgen.api.binding import CompiledNetwork

pytestmark = pytest.mark.compiler


@pytest.fixture
def ctrl_c():
    """Make Ctrl-C interrupt Python, as a shell's background jobs do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupted_run_can_be_continued():
    simgen.set_device("cpu")
    simgen.start_scope()
    cells = NeuronGroup(
        500, "dv/dt = (1.2 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact"
    )
    spikes = SpikeMonitor(cells)
    network = Network(cells, spikes)
    network.run(1 * ms)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        network.run(20_000 * second)
    timer.join()
    reached = network.t_
    assert 1e-3 < reached < 20_000
    assert spikes.t_[-1] < reached
    network.run(10 * ms)
    assert network.t_ == pytest.approx(reached + 0.01, abs=1e-9)
    period = 10 * 1.791759469228055  # ln(1.2/0.2) time constants of 10 ms
    assert spikes.num_spikes == 500 * int(network.t_ * 1000 / (round(period / 0.1 + 0.5) * 0.1))
    simgen.set_device("auto")


def test_a_run_interrupted_while_recordings_grow_can_be_continued(monkeypatch):
    simgen.set_device("cpu")
    simgen.start_scope()
    cells = NeuronGroup(10, "v : 1", threshold="True", reset="v += 1")
    spikes = SpikeMonitor(cells)
    network = Network(cells, spikes)
    network.run(1 * ms)
    rebind = CompiledNetwork._rebind

    def interrupted(self):
        monkeypatch.setattr(CompiledNetwork, "_rebind", rebind)
        raise KeyboardInterrupt

    monkeypatch.setattr(CompiledNetwork, "_rebind", interrupted)
    with pytest.raises(KeyboardInterrupt):
        network.run(1000 * ms)
    reached = network.t_
    network.run(100 * ms)
    assert network.t_ == pytest.approx(reached + 0.1, abs=1e-9)
    assert spikes.num_spikes == 10 * round(network.t_ / 1e-4)
    simgen.set_device("auto")
