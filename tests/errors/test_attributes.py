"""Attributes that cannot be written, that are not there, and what views are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from simgen import (
    DeviceError,
    EquationError,
    Network,
    NetworkOperation,
    NeuronGroup,
    PoissonGroup,
    PopulationRateMonitor,
    SimgenError,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    ms,
    set_device,
    start_scope,
    volt,
)
from simgen.errors import ArgumentTypeError, UnknownAttributeError


class Made:
    """One object of each kind."""

    def __init__(self) -> None:
        start_scope()
        self.group = NeuronGroup(3, "v : volt\nx : 1", threshold="x > 1", name="exc")
        self.state = StateMonitor(self.group, "v", record=True, name="trace")
        self.spikes = SpikeMonitor(self.group, name="found")
        self.rate = PopulationRateMonitor(self.group, name="mean")
        self.table = TimedArray([1, 2], dt=1 * ms, name="steps")
        self.synapses = Synapses(self.group, self.group, "w : 1", name="links")


@pytest.mark.parametrize(
    ("owner", "attribute", "shown"),
    [
        ("state", "t", "StateMonitor 'trace'"),
        ("spikes", "i", "SpikeMonitor 'found'"),
        ("spikes", "count", "SpikeMonitor 'found'"),
        ("rate", "rate", "PopulationRateMonitor 'mean'"),
        ("table", "dt", "TimedArray 'steps'"),
        ("group", "equations", "NeuronGroup 'exc'"),
        ("group", "clock", "NeuronGroup 'exc'"),
        ("group", "variables", "NeuronGroup 'exc'"),
        ("synapses", "source", "Synapses 'links'"),
        ("synapses", "N", "Synapses 'links'"),
    ],
)
def test_what_cannot_be_written(owner: str, attribute: str, shown: str) -> None:
    made = getattr(Made(), owner)
    with pytest.raises(UnknownAttributeError, match=f"'{attribute}' of {shown} cannot be written"):
        setattr(made, attribute, 3)


def test_attributes_of_ones_own() -> None:
    group = Made().group
    group.add_attribute("note")
    group.note = 3
    group.note = 4
    assert group.note == 4
    with pytest.raises(ArgumentTypeError, match="must be text, not 3"):
        group.add_attribute(3)


def test_what_views_are_asked_for() -> None:
    made = Made()
    assert made.group.v.unit == volt
    with pytest.raises(UnknownAttributeError, match="'v' of exc has no attribute 'foo'"):
        assert made.group.v.foo
    made.synapses.connect()
    assert list(range(made.synapses.N_pre)) == [0, 1, 2]
    assert np.zeros(made.synapses.N_post).shape == (3,)
    assert int(made.synapses.N_pre) == 3


def test_equations_are_shown_and_given_on() -> None:
    group = Made().group
    assert str(group.equations) == "v : volt\nx : 1"
    assert list(NeuronGroup(2, group.equations).variables) == ["v", "x"]


def test_the_period_of_spikes_can_be_read() -> None:
    assert SpikeGeneratorGroup(1, [0], [1] * ms, period=5 * ms).period == 5 * ms
    assert SpikeGeneratorGroup(1, [0], [1] * ms).period == 0 * ms


@pytest.mark.parametrize("report", [lambda: 1, lambda *, elapsed: 1, lambda a, b, c: 1])
def test_a_report_takes_four_arguments(report: Callable[..., Any]) -> None:
    network = Network(Made().group)
    with pytest.raises(ArgumentTypeError, match=r"'<lambda>' is called with four arguments"):
        network.run(1 * ms, report=report)


def test_sums_of_event_driven_variables_are_refused() -> None:
    source, target = PoissonGroup(1, 1 / ms), NeuronGroup(1, "v : 1")
    with pytest.raises(EquationError, match="'v_post' depends on the event-driven 'a'"):
        Synapses(
            source,
            target,
            "da/dt = -a/(5*ms) : 1 (event-driven)\nb = 2*a : 1\nv_post = b : 1 (summed)",
        )


def test_the_device_stays_while_a_network_runs() -> None:
    network = Network(Made().group, NetworkOperation(lambda: set_device("reference")))
    with pytest.raises(SimgenError, match="cannot change while a network runs") as info:
        network.run(0.1 * ms)
    assert isinstance(info.value, DeviceError) or isinstance(info.value.__cause__, DeviceError)
