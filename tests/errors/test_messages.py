"""Whole messages for the mistakes that students make, as golden text.

Read them when they change: each must say what is wrong, where, and what to write instead.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simgen import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    ms,
    mV,
    nS,
    run,
    volt,
)
from simgen.errors import SimgenError

LIF = "dv/dt = (E_L - v)/tau_m : volt (unless refractory)"


def missing_unit_of_value() -> None:
    group = NeuronGroup(10, "v : volt", name="exc")
    group.v = -60


def missing_unit_in_reset() -> None:
    NeuronGroup(10, "v : volt", threshold="v > -50*mV", reset="v = -60", name="exc")


def missing_unit_in_threshold() -> None:
    NeuronGroup(10, "v : volt", threshold="v > -50", reset="v = -60*mV", name="exc")


def misspelt_variable() -> None:
    group = NeuronGroup(10, "dv_mem/dt = -v_men/(10*ms) : volt", name="exc")
    Network(group).run(1 * ms, namespace={})


def misspelt_constant() -> None:
    group = NeuronGroup(10, "dv/dt = -v/tau_men : volt", name="exc")
    Network(group).run(1 * ms, namespace={"tau_mem": 10 * ms})


def misspelt_target_of_reset() -> None:
    NeuronGroup(
        10, "dvm/dt = -vm/ms : volt", threshold="vm > 0*mV", reset="Vm = -60*mV", name="exc"
    )


def assignment_in_threshold() -> None:
    NeuronGroup(10, "v : volt", threshold="v = -50*mV", name="exc")


def comparison_in_reset() -> None:
    NeuronGroup(10, "v : volt", threshold="v > -50*mV", reset="v == -60*mV", name="exc")


def unit_of_equation() -> None:
    NeuronGroup(10, "dv/dt = -v : volt", name="exc")


def unit_of_sum_in_equation() -> None:
    NeuronGroup(10, "dv/dt = (g*v - v)/(10*ms) : volt\ng : siemens", name="exc")


def unit_in_on_pre() -> None:
    exc = NeuronGroup(10, "v : volt\ng : siemens", threshold="v > -50*mV", name="exc")
    Synapses(exc, exc, "w : siemens", on_pre="v_post += w", name="exc_syn")


def prefix_in_unit() -> None:
    NeuronGroup(10, "v : mV", name="exc")


def unit_forgotten() -> None:
    NeuronGroup(10, "dv/dt = -v/(10*ms)\nw : 1", name="exc")


def wrong_flag() -> None:
    NeuronGroup(10, LIF.replace("unless refractory", "unless_refractory"), name="exc")


def flag_of_synapses_in_neurons() -> None:
    NeuronGroup(10, "dv/dt = -v/(10*ms) : volt (event-driven)", name="exc")


def two_errors_at_once() -> None:
    NeuronGroup(
        10,
        "dv/dt = (E_L - v)/tau : volt\ndw/dt = -w : amp\ntau : second",
        threshold="v > -50*mV",
        reset="v = -60*mV; u += 1",
        name="exc",
    )


def errors_in_threshold_and_reset() -> None:
    NeuronGroup(10, "v : volt", threshold="v > -50", reset="v = -60", name="exc")


def misspelt_keyword() -> None:
    NeuronGroup(10, "v : volt", treshold="v > -50*mV")


def weights_before_connect() -> None:
    exc = NeuronGroup(10, "g : siemens", threshold="g > 1*nS", name="exc")
    Synapses(exc, exc, "w : siemens", on_pre="g += w", name="exc_syn").w = 1 * nS


def weights_of_wrong_length() -> None:
    exc = NeuronGroup(10, "g : siemens", threshold="g > 1*nS", name="exc")
    synapses = Synapses(exc, exc, "w : siemens", on_pre="g += w", name="exc_syn")
    synapses.connect(j="i")
    synapses.w = np.ones(9) * nS


def never_connected() -> None:
    exc = NeuronGroup(10, "g : siemens", threshold="g > 1*nS", name="exc")
    network = Network(exc, Synapses(exc, exc, on_pre="g += 1*nS", name="exc_syn"), name="net")
    network.run(1 * ms)


def negative_delay() -> None:
    exc = NeuronGroup(10, "g : siemens", threshold="g > 1*nS", name="exc")
    Synapses(exc, exc, on_pre="g += 1*nS", delay=-1 * ms, name="exc_syn")


def rate_too_large() -> None:
    PoissonGroup(10, 20000 * Hz, name="noise")


def two_spikes_in_a_step() -> None:
    SpikeGeneratorGroup(2, [0, 0], [1.0, 1.02] * ms, name="gen")


def duration_without_unit() -> None:
    group = NeuronGroup(10, "v : volt", name="exc")
    run(100)
    raise AssertionError(group)


def diverging() -> None:
    group = NeuronGroup(3, "dv/dt = v**2/(volt*ms) : volt", method="euler", name="exc")
    group.v = [0, 1e9, 0] * volt
    Network(group).run(10 * ms)


def monitor_of_unknown_variable() -> None:
    StateMonitor(NeuronGroup(10, "v_mem : volt", name="exc"), "v_men", record=True, name="trace")


def monitor_without_its_group() -> None:
    group = NeuronGroup(10, "v : volt", name="exc")
    Network(StateMonitor(group, "v", record=True, name="trace"), name="net").run(1 * ms)


def array_as_constant() -> None:
    group = NeuronGroup(10, "dv/dt = (I - v)/(10*ms) : volt", name="exc")
    Network(group).run(1 * ms, namespace={"I": np.ones(10) * mV})


MISTAKES: list[Callable[[], None]] = [
    missing_unit_of_value,
    missing_unit_in_reset,
    missing_unit_in_threshold,
    misspelt_variable,
    misspelt_constant,
    misspelt_target_of_reset,
    assignment_in_threshold,
    comparison_in_reset,
    unit_of_equation,
    unit_of_sum_in_equation,
    unit_in_on_pre,
    prefix_in_unit,
    unit_forgotten,
    wrong_flag,
    flag_of_synapses_in_neurons,
    two_errors_at_once,
    errors_in_threshold_and_reset,
    misspelt_keyword,
    weights_before_connect,
    weights_of_wrong_length,
    never_connected,
    negative_delay,
    rate_too_large,
    two_spikes_in_a_step,
    duration_without_unit,
    diverging,
    monitor_of_unknown_variable,
    monitor_without_its_group,
    array_as_constant,
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_message(mistake: Callable[[], None], golden: Callable[..., None]) -> None:
    with pytest.raises(SimgenError) as caught:
        mistake()
    golden(f"{type(caught.value).__name__}: {caught.value}", mistake.__name__)
