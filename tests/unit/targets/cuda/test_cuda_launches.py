"""How many launches a step of the benchmark models takes, and which values force each of them."""

from __future__ import annotations

import importlib
import re

import pytest

import simgen
from simgen.api import network
from simgen.commands.workloads.workload import Workload
from simgen.ir.kernel import OverEvents
from simgen.targets.cuda.arrange import arrange
from simgen.targets.cuda.fold_events import fold_events
from simgen.targets.cuda.phases import conflicts, levels
from simgen.targets.cuda.sums import uses_with_sums

pytestmark = pytest.mark.compiler

SMALL = {
    "cuba": {"neurons": 50},
    "cobahh": {"neurons": 50},
    "brunel": {"neurons": 50, "inputs": 5},
    "stdp": {"inputs": 10, "neurons": 10},
    "microcircuit": {"neurons": 0.005, "inputs": 0.005},
}


class _MadeError(Exception):
    """The program was made, and need not be run."""


@pytest.fixture
def program(monkeypatch):
    """Return the program of a benchmark model as the target gets it."""
    found = []

    def stop(compiled):
        found.append(compiled.program)
        raise _MadeError

    monkeypatch.setattr(network, "on_compiled", stop)

    def made(model, **options):
        simgen.set_device("cuda", emulate=True)
        module = importlib.import_module(f"simgen.commands.workloads.{model}")
        try:
            workload = Workload(*module.build(simgen, **SMALL[model], **options))
            with pytest.raises(_MadeError):
                workload.network.run(0.1 * simgen.ms)
        finally:
            simgen.set_device("auto")
        return found.pop()

    return made


def launches(program, *, delayed=False):
    """Return for each launch but the first the values that keep it from the one before.

    Names stand without the object that has them. ``delayed``: where no delay is zero.
    """
    program, plans = arrange(program, delayed=delayed)
    uses = uses_with_sums(program, plans)
    places = levels(uses)
    forced: list[set[str]] = [set() for _ in range(max(places))]
    for k, place in enumerate(places):
        for before in range(k):
            if places[before] == place - 1:
                names = conflicts(uses[before], uses[k])
                forced[place - 1] |= {name.partition(".")[2] for name in names}
    return forced


@pytest.mark.parametrize(
    ("model", "forced"),
    [
        ("cuba", [{"spike.events", "ge", "gi"}]),
        ("cobahh", [{"spike.events", "ge", "gi"}]),
        ("brunel", [{"spike.events", "v"}, {"v"}]),
        ("microcircuit", [{"spike.events", "I"}]),
    ],
)
def test_the_launches_of_a_step(program, model, forced):
    assert launches(program(model)) == forced


@pytest.mark.parametrize("model", ["cuba", "cobahh", "microcircuit"])
def test_a_step_is_one_launch_where_no_delay_is_zero(program, model):
    assert launches(program(model), delayed=True) == []


def test_what_takes_launches_whatever_the_delays(program):
    """Resets of what deliveries add to, and plasticity."""
    brunel, stdp = program("brunel"), program("stdp")
    assert launches(brunel, delayed=True) == launches(brunel)
    assert launches(stdp, delayed=True) == launches(stdp)


def test_lists_of_spikes_are_kept_in_the_same_launch_where_no_delay_is_zero(program):
    made = program("microcircuit", record=True)
    assert launches(made, delayed=True) == []
    assert launches(made) == [{"spike.events", "I"}]


def test_the_launches_of_a_step_with_plasticity(program):
    first, second = launches(program("stdp"))
    assert {"spike.events", "ge", "y.trace"} <= first
    assert second == {"w", "x.trace.past", "y.trace"}


@pytest.mark.parametrize(
    ("model", "reasons"),
    [
        ("cuba", {}),
        ("cobahh", {}),
        ("brunel", {"spike_resetter": "'synapses_pre' uses neurongroup.v in between"}),
        (
            "stdp",
            {
                "source_trace_jump": "it writes what other events read or write",
                "target_trace_jump": (
                    "'synapses_target_trace_decay' uses synapses.y.trace in between"
                ),
            },
        ),
    ],
)
def test_what_is_not_done_where_spikes_are_found(program, model, reasons):
    found = {}
    for kernel in fold_events(program(model)).kernels:
        if isinstance(kernel.domain, OverEvents):
            reason = kernel.comment.partition("not done where events are found: ")[2]
            found[kernel.name.partition("_")[2]] = re.sub(r"_\d+", "", reason)
    assert {re.sub(r"^\d+_", "", name): reason for name, reason in found.items()} == reasons
