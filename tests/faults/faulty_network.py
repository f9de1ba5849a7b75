"""A small network with most that keeps state, which tests disturb and then ask for its results."""

from __future__ import annotations

from typing import Any

import numpy as np

from simgen import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    seed,
    start_scope,
)

LENGTH = 4.0  # ms


class Disturbed:
    """Neurons with plastic, delayed synapses and monitors; ``run`` goes on to the end of 4 ms."""

    def __init__(self, n: int = 20) -> None:
        start_scope()
        seed(3)
        self.cells = NeuronGroup(
            n,
            "dv/dt = (1.5 - v)/(3*ms) + 0.1*xi*ms**-0.5 : 1\nx : 1",
            threshold="v > 1",
            reset="v = 0",
            method="euler",
            namespace={},
        )
        self.cells.v = "rand()"
        self.synapses = Synapses(
            self.cells,
            self.cells,
            "w : 1\nda/dt = -a/(5*ms) : 1 (event-driven)",
            on_pre="x_post += w; a += 0.125",
            on_post="w = clip(w + a/8, 0, 2)",
            namespace={},
        )
        self.synapses.connect(p=0.3)
        self.synapses.w = "rand()"
        self.synapses.delay = "rand()*ms"
        self.spikes = SpikeMonitor(self.cells)
        self.trace = StateMonitor(self.cells, ["v", "x"], record=[0, n - 1])
        self.network = Network(self.cells, self.synapses, self.spikes, self.trace)

    def run(self) -> None:
        """Run what is left of the whole length."""
        left = LENGTH - round(float(self.network.t_) * 1e3, 3)
        self.network.run(left * ms)

    def state(self) -> dict[str, Any]:
        """Return all that the network leaves behind."""
        return {
            "v": self.cells.v[:],
            "x": self.cells.x[:],
            "w": self.synapses.w[:],
            "a": self.synapses.a[:],
            "i": self.spikes.i,
            "t": self.spikes.t_,
            "times": self.trace.t_,
            "trace": self.trace.v,
        }


def assert_same(found: dict[str, Any], expected: dict[str, Any], told: str) -> None:
    """Fail unless two states are equal, bit for bit."""
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, f"{told}: {name}")
