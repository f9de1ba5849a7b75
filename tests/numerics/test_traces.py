"""Traces of pair plasticity kept per neuron: the same weights as kept per synapse."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import simgen
from simgen import Network, NeuronGroup, PoissonGroup, StateMonitor, Synapses, ms, seed, start_scope
from simgen.api.device import current_options

MODEL = """w : 1
dx/dt = -x/(20*ms) : 1 (event-driven)
dy/dt = -y/(10*ms) : 1 (event-driven)"""
ON_PRE = """g += w
x += 0.01
w = clip(w + y, 0, 1)"""
ON_POST = """y += -0.011
w = clip(w + x, 0, 1)"""


def build(delay: str | None = "(0.2 + rand()*4.8)*ms", **changes: object) -> dict[str, object]:
    """Return a small plastic network and its parts."""
    start_scope()
    seed(7)
    source = PoissonGroup(40, rates=60 * simgen.Hz)
    target = NeuronGroup(
        30,
        "dv/dt = (50*mV*g - v)/(10*ms) : volt\ndg/dt = -g/(5*ms) : 1",
        threshold="v > 20*mV",
        reset="v = 0*mV",
        method="euler",
    )
    target.v = "rand()*20*mV"
    options = {"on_pre": ON_PRE, "on_post": ON_POST, **changes}
    synapses = Synapses(source, target, MODEL, **options)
    synapses.connect(p=0.7)
    synapses.w = "rand()"
    if delay is not None:
        synapses.delay = delay
    return {
        "network": Network(source, target, synapses),
        "source": source,
        "target": target,
        "synapses": synapses,
    }


def trace_kernels(network: Network) -> list[str]:
    return [k.name for k in network._compiled.program.kernels if "_trace_" in k.name]


@pytest.fixture(autouse=True)
def optimised(device, monkeypatch):
    """Turn the optimising passes on, also on the interpreter, which has none by default."""
    options = dataclasses.replace(current_options(), optimize=1)
    monkeypatch.setattr("simgen.api.device._current", options)


def per_synapse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn the optimising passes off on whatever device is chosen."""
    options = dataclasses.replace(current_options(), optimize=0)
    monkeypatch.setattr("simgen.api.device._current", options)


@pytest.mark.parametrize(
    ("slot", "hoists"), [("before_groups", True), ("synapses", False)], ids=["early", "late"]
)
def test_traces_of_events_that_are_found_elsewhere(device, monkeypatch, slot, hoists):
    """A spike found after before_synapses would change the trace of its neuron a step late."""
    weights = []
    for hoisted in (True, False):
        if not hoisted:
            per_synapse(monkeypatch)
        part = build("2*ms")
        for side in ("source", "target"):
            part[side].set_event_schedule("spike", when=slot, order=-5)
        part["network"].run(60 * ms)
        assert bool(trace_kernels(part["network"])) == (hoisted and hoists)
        weights.append(part["synapses"].w[:])
    np.testing.assert_allclose(*weights, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("delay", [None, "2*ms", "(0.2 + rand()*4.8)*ms"])
def test_hoisted_traces_give_the_same_weights(device, monkeypatch, delay):
    parts = []
    for hoisted in (True, False):
        if not hoisted:
            per_synapse(monkeypatch)
        part = build(delay)
        part["network"].run(60 * ms)
        part["network"].run(40 * ms)
        assert bool(trace_kernels(part["network"])) is hoisted
        parts.append(part["synapses"])
    one, other = parts
    # a product of decays in place of one exponential: some ulps a step
    np.testing.assert_allclose(one.w[:], other.w[:], rtol=1e-11)
    assert np.ptp(np.asarray(one.w[:]) - 0.5) > 0.5
    np.testing.assert_allclose(one.lastupdate[:], other.lastupdate[:], rtol=1e-12)
    for name in ("x", "y"):  # the values as of the last event of each synapse, as Brian shows them
        np.testing.assert_allclose(getattr(one, name)[:], getattr(other, name)[:], rtol=1e-9)
        assert np.abs(getattr(one, name)[:]).max() > 1e-3


def test_a_spike_counts_once_it_has_arrived_and_not_before(device):
    """One pre spike at 1 ms with delay 2 ms, post spikes at 2.5 ms and at 3 ms."""
    source = simgen.SpikeGeneratorGroup(1, [0], [1] * ms)
    target = simgen.SpikeGeneratorGroup(2, [0, 1], [2.5, 3.0] * ms)
    synapses = Synapses(
        source,
        target,
        "w : 1\ndx/dt = -x/(20*ms) : 1 (event-driven)",
        on_pre="x += 1",
        on_post="w += x",
        delay={"pre": 2 * ms},
    )
    synapses.connect()
    network = Network(source, target, synapses)
    network.run(5 * ms)
    assert trace_kernels(network)
    np.testing.assert_allclose(synapses.w[:], [0.0, 1.0], rtol=1e-12)  # pre comes before post


def test_traces_written_between_runs_are_used(device, monkeypatch):
    """Writing a trace brings it back to the synapses; the run goes on from there."""
    weights = []
    for hoisted in (True, False):
        if not hoisted:
            per_synapse(monkeypatch)
        part = build()
        part["network"].run(30 * ms)
        part["synapses"].x = 0.25
        part["network"].run(30 * ms)
        weights.append(part["synapses"].w[:].copy())
        assert not trace_kernels(part["network"])
    np.testing.assert_allclose(*weights, rtol=1e-9)


BLOCKED = {
    "a monitor of the trace": lambda p: p["network"].add(
        StateMonitor(p["synapses"], "x", record=[0])
    ),
    "python code between steps": lambda p: p["network"].add(
        simgen.NetworkOperation(lambda: None, dt=1 * ms)
    ),
    "a start other than zero": lambda p: setattr(p["synapses"], "y", 0.1),
    "a delay of the post pathway": lambda p: setattr(p["synapses"].post, "delay", 1 * ms),
    "a pathway that reads its own trace": None,
    "an increment that differs between synapses": None,
}


@pytest.mark.parametrize("reason", BLOCKED)
def test_what_could_see_the_difference_keeps_traces_per_synapse(reason):
    if reason == "a pathway that reads its own trace":
        part = build(on_pre="x += 0.01\nw = clip(w + y*x, 0, 1)")
    elif reason == "an increment that differs between synapses":
        part = build(on_pre="x += 0.01*w")
    else:
        part = build()
        BLOCKED[reason](part)
    part["network"].run(1 * ms)
    assert trace_kernels(part["network"]) == []


def test_recording_the_weight_does_not_block(device):
    part = build()
    part["network"].add(StateMonitor(part["synapses"], "w", record=[0]))
    part["network"].run(1 * ms)
    assert len(trace_kernels(part["network"])) == 4


def plastic(changed: dict[str, object] | None = None) -> dict[str, object]:
    """Return a network whose traces decay by constants of the namespace, ready to run."""
    start_scope()
    seed(7)
    source = PoissonGroup(40, rates=30 * simgen.Hz)
    target = PoissonGroup(30, rates=20 * simgen.Hz)
    model = """w : 1
    dx/dt = -x/tau_x : 1 (event-driven)
    dy/dt = -y/tau_y : 1 (event-driven)"""
    on_pre = "x += c\nw = clip(w + y, 0, 1)"
    synapses = Synapses(
        source, target, model, on_pre=on_pre, on_post="y -= c\nw = clip(w + x, 0, 1)"
    )
    synapses.connect(p=0.7)
    synapses.w = "rand()"
    synapses.delay = "rand()*3*ms"
    return {"network": Network(source, target, synapses), "synapses": synapses}


CONSTANTS = {"tau_x": 20 * ms, "tau_y": 10 * ms, "c": 0.01}


@pytest.mark.parametrize("changes", [{"tau_x": 2 * ms}, {"tau_y": 55 * ms}, {"c": 0.5}])
@pytest.mark.parametrize("rebuilt", [False, True])
def test_a_decay_that_changes_between_runs_counts_from_the_last_event_on(
    device, monkeypatch, changes, rebuilt
):
    """What an event finds has decayed with the rate at the event since the event before."""
    found = []
    for hoisted in (True, False):
        if not hoisted:
            per_synapse(monkeypatch)
        part = plastic()
        network, synapses = part["network"], part["synapses"]
        network.run(15 * ms, namespace=CONSTANTS)
        before = [np.array(getattr(synapses, name)[:]) for name in ("x", "y", "lastupdate")]
        if rebuilt:  # the structure changes in the same moment
            network.add(StateMonitor(synapses, "w", record=[0]))
        network.run(4 * ms, namespace={**CONSTANTS, **changes})
        network.run(15 * ms, namespace={**CONSTANTS, **changes})
        assert bool(trace_kernels(network)) is False
        after = [np.array(getattr(synapses, name)[:]) for name in ("x", "y", "lastupdate", "w")]
        found.append([*before, *after])
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, rtol=1e-9)
        assert np.any(one)


def test_a_decay_may_change_while_traces_are_zero(device):
    """Nothing has to come back: the network compiles nothing anew."""
    part = plastic()
    network = part["network"]
    network.run(0 * ms, namespace=CONSTANTS)
    compiled = network._compiled
    network.run(30 * ms, namespace={**CONSTANTS, "tau_x": 2 * ms})
    assert network._compiled is compiled
    assert trace_kernels(network)


def test_traces_come_back_while_their_synapses_are_not_active(device, monkeypatch):
    """Time goes on for them all the same: the next event finds the whole interval."""
    found = []
    for hoisted in (True, False):
        if not hoisted:
            per_synapse(monkeypatch)
        part = plastic()
        network, synapses = part["network"], part["synapses"]
        network.run(30 * ms, namespace=CONSTANTS)
        synapses.active = False
        network.run(10 * ms, namespace=CONSTANTS)
        values = [np.array(getattr(synapses, name)[:]) for name in ("x", "y")]
        synapses.active = True
        network.run(30 * ms, namespace=CONSTANTS)
        found.append([*values, *(np.array(getattr(synapses, name)[:]) for name in ("x", "y", "w"))])
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, rtol=1e-9)
        assert np.any(one)
