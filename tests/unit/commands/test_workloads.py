"""The networks whose speed is measured."""

from __future__ import annotations

import importlib

import pytest

import simgen

MODELS = {
    "cuba": {"neurons": 50},
    "cobahh": {"neurons": 50},
    "brunel": {"neurons": 50, "inputs": 5},
    "stdp": {"inputs": 10, "neurons": 10},
    "microcircuit": {"neurons": 0.002, "inputs": 0.005},
}


@pytest.mark.parametrize("model", MODELS)
def test_the_names_of_a_script_are_its_own(model):
    ms, mV, pA, nS, inf = (
        "late",
        [1, 2],
        3.0,
        None,
        -1,
    )  # as the caller of build() and run() has them
    workload = importlib.import_module(f"simgen.commands.workloads.{model}")
    simgen.set_device("reference")
    simgen.start_scope()
    try:
        network, *_ = workload.build(simgen, **MODELS[model])
        network.run(0.1 * simgen.ms)
        assert (ms, mV, pA, nS, inf) == ("late", [1, 2], 3.0, None, -1)
        assert network.t == 0.1 * simgen.ms
    finally:
        simgen.set_device("auto")
