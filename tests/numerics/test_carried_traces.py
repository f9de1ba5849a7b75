"""Traces kept per neuron, while spikes are carried over changes: as if kept per synapse."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import simgen
from simgen import Network, SpikeGeneratorGroup, Synapses, defaultclock, ms
from simgen.api.device import current_options

pytestmark = pytest.mark.usefixtures("device")

STDP = """w : 1
dx/dt = -x/(2*ms) : 1 (event-driven)
dy/dt = -y/(3*ms) : 1 (event-driven)"""


def plastic(optimize, changes, monkeypatch):
    """Run pair plasticity with changes between runs; return weights and the last update."""
    options = dataclasses.replace(current_options(), optimize=optimize)
    monkeypatch.setattr("simgen.api.device._current", options)
    simgen.start_scope()
    simgen.seed(3)
    defaultclock.dt = 0.1 * ms
    source = simgen.PoissonGroup(20, rates=300 * simgen.Hz)
    target = simgen.PoissonGroup(90, rates=200 * simgen.Hz)
    on_pre, on_post = "x += 0.01\nw = clip(w + y, 0, 1)", "y += -0.011\nw = clip(w + x, 0, 1)"
    synapses = Synapses(source, target, STDP, on_pre=on_pre, on_post=on_post)
    synapses.connect(p=0.5)
    synapses.w = "rand()"
    synapses.delay = "(0.5 + rand()*3)*ms"
    net = Network(source, target, synapses)
    net.run(4 * ms)
    hoisted = bool(synapses._run.traces.traces)
    changes(synapses, net)
    net.run(6 * ms)
    assert hoisted == bool(optimize)
    return synapses.w[:], synapses.x[:], synapses.lastupdate_[:]


def other_delays(synapses, net):
    synapses.delay = "(0.2 + 0.1*i)*ms"
    net.run(1 * ms)
    synapses.delay = 1 * ms


def away(synapses, net):
    synapses.active = False
    net.run(1.5 * ms)
    synapses.active = True


def finer(synapses, net):
    del synapses, net
    defaultclock.dt = 0.05 * ms


@pytest.mark.parametrize("changes", [other_delays, away, finer])
def test_traces_kept_per_neuron_come_back_with_carried_spikes(monkeypatch, changes):
    hoisted = plastic(1, changes, monkeypatch)
    plain = plastic(0, changes, monkeypatch)
    for one, other in zip(hoisted, plain):
        assert one == pytest.approx(other, rel=1e-12, abs=1e-15)


def test_traces_stay_at_synapses_while_events_are_carried(monkeypatch):
    options = dataclasses.replace(current_options(), optimize=1)
    monkeypatch.setattr("simgen.api.device._current", options)
    source = SpikeGeneratorGroup(1, [0], [0.9] * ms)
    target = SpikeGeneratorGroup(2, [0, 1], [1.5, 2.5] * ms)
    on_pre, on_post = "x += 1\nw += y", "y += 1\nw += x"
    synapses = Synapses(source, target, STDP, on_pre=on_pre, on_post=on_post)
    synapses.connect()
    synapses.delay = 1 * ms
    net = Network(source, target, synapses)
    net.run(1 * ms)
    assert synapses._run.traces.traces
    synapses.delay = 0.2 * ms  # no trace has left zero yet
    net.run(2 * ms)
    assert not synapses._run.traces.traces
    assert synapses.w[:] == pytest.approx([np.exp(-0.4 / 3), np.exp(-0.6 / 2)])
