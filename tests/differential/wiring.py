"""Small networks given by arrays, so that related ones can be made from them."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from simgen import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    Synapses,
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


# --- a recurrent network given by arrays ------------------------------------------------------


class Wiring:
    """Neurons with own drives, and synapses (i, j, weight, delay in steps), as arrays."""

    def __init__(self, number: int) -> None:
        random = np.random.default_rng(number)
        self.n = int(random.integers(2, 12))
        self.drive = random.integers(8, 40, self.n) / 16
        self.start = dyadic(random, self.n)
        count = int(random.integers(0, 60))
        self.i = random.integers(0, self.n, count)
        self.j = random.integers(0, self.n, count)
        self.w = dyadic(random, count, 128)
        self.d = random.integers(0, 12, count)

    def relabelled(self, order: np.ndarray, shuffle: np.ndarray) -> Wiring:
        """Return the same network where neuron ``order[k]`` is called k, synapses shuffled."""
        other = object.__new__(Wiring)
        place = np.argsort(order)
        other.n = self.n
        other.drive, other.start = self.drive[order], self.start[order]
        other.i, other.j = place[self.i][shuffle], place[self.j][shuffle]
        other.w, other.d = self.w[shuffle], self.d[shuffle]
        return other


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


def connect(source: Any, target: Any, i: Any, j: Any, w: Any, d: Any, **further: Any) -> Synapses:
    synapses = Synapses(source, target, "w : 1", on_pre="x_post += w; n_post += 1", **further)
    if len(i):
        synapses.connect(i=i, j=j)
        synapses.w = w
        synapses.delay = np.asarray(d) * 0.1 * ms
    else:
        synapses.connect(False)
    return synapses


def run_wiring(wiring: Wiring, duration: float = 20.0) -> tuple[set[tuple[int, int]], Any, Any]:
    """Return spikes, and the final v and n of every neuron."""
    begin()
    group = lif(wiring.n)
    group.drive, group.v = wiring.drive, wiring.start
    synapses = connect(group, group, wiring.i, wiring.j, wiring.w, wiring.d)
    monitor = SpikeMonitor(group)
    Network(group, synapses, monitor).run(duration * ms)
    return steps(monitor), group.v[:], group.n[:]
