"""Models that are correct, but may not say what their author thinks: one warning, when made."""

from __future__ import annotations

import logging

import pytest

from simgen import (
    Clock,
    Hz,
    ModelError,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    Synapses,
    defaultclock,
    ms,
)
from simgen.errors import ArgumentTypeError


@pytest.fixture
def warned(caplog):
    caplog.set_level(logging.WARNING, logger="simgen")

    def take():
        messages = [r.getMessage() for r in caplog.records if r.name == "simgen.model"]
        caplog.clear()
        return messages

    return take


def cells(model="x : 1", **arguments):
    spiking = {"threshold": "x > 1", "reset": "x = 0"}
    return NeuronGroup(2, model, **{**spiking, "name": "exc", **arguments})


@pytest.mark.parametrize(
    ("model", "arguments", "parts"),
    [
        (
            "dx/dt = -x/ms : 1 (unless refractory)",
            {},
            ("'x'", "(unless refractory)", "refractory="),
        ),
        ("x : 1", {"reset": None}, ("'x > 1'", "threshold", "reset=''")),
        ("x : 1", {"method": "euler"}, ("method='euler' has no effect",)),
    ],
)
def test_neurons_say_what_has_no_effect(warned, model, arguments, parts):
    cells(model, **arguments)
    (message,) = warned()
    assert all(part in message for part in ("NeuronGroup 'exc'", *parts))


def test_neurons_that_are_meant_as_they_are_say_nothing(warned):
    cells("dx/dt = -x/ms : 1 (unless refractory)", refractory=2 * ms, method="euler", name="a")
    cells(reset="", name="b")
    cells(reset=None, refractory=2 * ms, name="c")
    cells(reset=None, threshold="rand() < 0.1", name="d")
    PoissonGroup(2, 10 * Hz)
    assert warned() == []


def test_synaptic_equations_say_when_they_advance(warned):
    model = """
    da/dt = -a/ms : 1
    db/dt = -b/ms : 1 (clock-driven)
    dc/dt = -c/ms : 1 (event-driven)
    """
    group = cells()
    Synapses(group, group, model, on_pre="a += 1", name="syn")
    (message,) = warned()
    for part in ("Synapses 'syn': 'a' will", "(clock-driven)", "(event-driven)", "line 2"):
        assert part in message
    assert "    da/dt = -a/ms : 1\n    ^" in message
    assert "'b'" not in message
    lines = model.splitlines()
    Synapses(group, group, "\n".join(lines[2:]), on_pre="b += 1", method="rk4")
    Synapses(group, group, lines[3], on_pre="c += 1", method="exact")
    assert warned() == []
    Synapses(group, group, lines[3], on_pre="c += 1", method="rk4")
    assert "method='rk4' has no effect" in warned()[0]


def test_a_pathway_says_whose_step_rounds_its_delays(warned):
    slow = cells(name="slow", clock=Clock(1 * ms))
    Synapses(cells(), slow, on_pre="x += 1", name="syn")
    (message,) = warned()
    for part in ("the pathway 'pre'", "NeuronGroup 'exc'", "100. us", "NeuronGroup 'slow'"):
        assert part in message
    defaultclock.dt = 1 * ms
    Synapses(cells(name="other"), slow, on_pre="x += 1")
    assert warned() == []


def test_what_is_given_twice_is_refused():
    with pytest.raises(ModelError, match="'exc' has a threshold and an event 'spike'"):
        cells(events={"spike": "x > 2"})
    group = cells()
    with pytest.raises(ArgumentTypeError, match="given on_post and post"):
        Synapses(group, group, post="x += 1", on_post="x += 2")


def test_spikes_that_come_too_late_are_told(warned):
    source = SpikeGeneratorGroup(2, [0, 1], [0, 2] * ms, name="inputs")
    net = Network(source)
    net.run(1 * ms)
    net.run(2 * ms)
    assert warned() == []
    source.set_spikes([0, 1, 1], [1, 2, 4] * ms)
    net.run(1 * ms)
    (message,) = warned()
    for part in ("'inputs': 2 of its 3 spikes", "the first at 0.001 s", "time of 0.003 s"):
        assert part in message
    net.run(2 * ms)
    assert warned() == []
