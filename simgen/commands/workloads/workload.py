"""What a benchmark model hands to the worker that times it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Workload:
    """A network that is ready to run, and what is needed to count its work.

    ``pathways`` holds for each pathway the monitor of its spikes, the number of neurons these
    come from, and the synapses; ``rates_of`` is the monitor whose rate is compared.
    """

    network: Any
    neurons: int
    rates_of: Any
    sources: int
    pathways: tuple[tuple[Any, int, Any], ...]
    dt: float = 1e-4  # seconds

    def rate(self, seconds: float) -> float:
        """Return the mean rate in Hz over ``seconds`` of simulated time."""
        return float(np.sum(self.rates_of.count[:])) / self.sources / seconds

    def synapses(self) -> int:
        """Return the number of synapses (a plastic one has two pathways and counts once)."""
        return sum(len(synapses) for synapses in {id(s): s for _, _, s in self.pathways}.values())

    def events(self) -> float:
        """Return the synaptic events so far: spikes times the mean number of synapses."""
        return sum(
            float(np.sum(monitor.count[:])) * len(synapses) / sources
            for monitor, sources, synapses in self.pathways
        )
