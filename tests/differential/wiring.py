"""Small networks given by arrays, so that related ones can be made from them."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from simgen import (
    NeuronGroup,
    SpikeMonitor,
    defaultclock,
    ms,
    seed,
    start_scope,
)

DT = 1e-4
seeds = st.integers(0, 2**31)
some = settings(
    max_examples=int(os.environ.get("SIMGEN_FUZZ_EXAMPLES", "4")),
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def begin() -> None:
    start_scope()
    seed(99)
    defaultclock.dt = 0.1 * ms


def steps(monitor: SpikeMonitor) -> set[tuple[int, int]]:
    """Return the recorded spikes as (index, step)."""
    return set(zip(monitor.i.tolist(), np.rint(monitor.t_ / DT).astype(np.int64).tolist()))


def dyadic(random: np.random.Generator, n: int, denominator: int = 64) -> Any:
    return random.integers(-denominator, denominator, n) / denominator


LIF = """
dv/dt = (drive - v)/(5*ms) : 1 (unless refractory)
drive : 1
x : 1
n : integer
"""


def lif(n: int, **further: Any) -> NeuronGroup:
    """Return neurons whose input of a step is gathered in x, exactly, and then added to v."""
    group = NeuronGroup(
        n, LIF, method="euler", threshold="v > 1", reset="v = 0", refractory=0.5 * ms, **further
    )
    group.run_regularly("v += x\nx = 0", name=f"{group.name}_input")
    return group
