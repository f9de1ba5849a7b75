"""Times a sweep over parameters three ways: anew, from a stored state, and as copies in one run.

    python examples/benchmarks/sweep.py [--sets 100] [--neurons 1000] [--threads 2]

A noisy network with delayed inhibition runs for 0.1 s of biological time for each set. "Anew" makes
the objects for each set, as a script does that is called again and again; the compiled program
comes from the cache each time.
"""

from __future__ import annotations

import argparse
import importlib
import time
from typing import Any

import numpy as np


def build(api: Any, neurons: int) -> tuple[Any, ...]:
    """Return the network, its group, and the monitor of its spikes."""
    ms = api.ms
    cells = api.NeuronGroup(
        neurons,
        """dv/dt = (drive - v)/tau + sigma*sqrt(2/tau)*xi : 1 (unless refractory)
           drive : 1 (shared)
           sigma : 1 (shared)""",
        threshold="v > 1",
        reset="v = 0",
        refractory=2 * ms,
        method="euler",
        namespace={"tau": 10 * ms},
    )
    cells.drive, cells.sigma = 1, 0.2
    wires = api.Synapses(cells, cells, on_pre="v -= 0.005")
    wires.connect(p=0.1)
    wires.delay = "1*ms + 2*ms*rand()"
    spikes = api.SpikeMonitor(cells)
    return api.Network(cells, wires, spikes), cells, spikes


def main() -> None:
    """Print the seconds of each way, and the ratios to the last."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--neurons", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--duration", type=float, default=0.1, help="simulated seconds")
    options = parser.parse_args()

    api: Any = importlib.import_module("simgen")
    api.set_device("cpu", threads=options.threads)
    drives = np.linspace(0.5, 2, options.sets)
    length = options.duration * api.second
    counts: dict[str, list[int]] = {}
    seconds: dict[str, float] = {}

    def ran(network: Any, cells: Any, spikes: Any, drive: float) -> int:
        cells.drive = drive
        network.run(length)
        return int(spikes.num_spikes)

    def anew() -> list[int]:
        found = []
        for value in drives:
            api.seed(1)
            found.append(ran(*build(api, options.neurons), value))
        return found

    def restored() -> list[int]:
        made = build(api, options.neurons)
        made[0].store()
        found = []
        for value in drives:
            made[0].restore()
            found.append(ran(*made, value))
        return found

    def copied() -> list[int]:
        network, cells, spikes = build(api, options.neurons)
        copies = network.run_copies(length, values={cells.drive: drives})
        return [int(count) for count in copies[spikes].num_spikes]

    for way in (anew, restored, copied):
        way()  # compiles
        begin = time.perf_counter()
        counts[way.__name__] = way()
        seconds[way.__name__] = time.perf_counter() - begin
    for name, taken in seconds.items():
        ratio = taken / seconds["copied"]
        print(f"{name:9} {taken:8.3f} s  {ratio:6.1f}  {sum(counts[name])} spikes")


if __name__ == "__main__":
    main()
