"""What a synapse and an event cost by the way in which targets are kept (docs/connectivity.md).

    python examples/benchmarks/storage.py [--threads 1] [--cases weights stdp]

Each case runs in its own process, which reads its resident memory from ``/proc`` (Linux): what is
left once the network runs, and at most while it is built. An event is a spike at a synapse; times
are processor time, of all threads together.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import simgen
from simgen import Hz, NeuronGroup, PoissonGroup, SpikeMonitor, Synapses, ms

STDP = """
    w : 1
    dapre/dt = -apre/(20*ms) : 1 (event-driven)
    dapost/dt = -apost/(20*ms) : 1 (event-driven)
"""
PRE = "apre += 0.01; w = clip(w + apost, 0, 1)"
POST = "apost -= 0.01; w = clip(w + apre, 0, 1)"
GRID: dict[str, Any] = {"kernel": {"w": None}, "shape": (64, 64, 16)}
CASES: dict[str, tuple[tuple[str, ...], int, int, dict[str, Any], dict[str, Any], str]] = {
    # storages, sources, targets, arguments of Synapses and of connect(), weights
    "constant": (("sparse", "dense", "procedural"), 4000, 5000, {"on_pre": "v += 0.1"}, {}, ""),
    "weights": (
        ("sparse", "dense"),
        *(4000, 5000, {"model": "w : 1", "on_pre": "v += w"}, {}, "rand()"),
    ),
    "stdp": (
        ("sparse", "dense"),
        *(4000, 5000, {"model": STDP, "on_pre": PRE, "on_post": POST}, {}, "rand()"),
    ),
    "random": (("sparse", "procedural"), 10000, 10000, {"on_pre": "v += 0.1"}, {"p": 0.1}, ""),
    "random weights": (
        ("sparse", "procedural"),
        *(10000, 10000, {"model": "w : 1", "on_pre": "v += w"}, {"p": 0.1}, "rand()"),
    ),
    "own kernel": (
        ("sparse",),
        *(64 * 64 * 16, 60 * 60 * 32, {"model": "w : 1", "on_pre": "v += w"}, GRID, ""),
    ),
    "shared kernel": (
        ("sparse", "procedural"),
        *(64 * 64 * 16, 60 * 60 * 32, {"model": "w : 1 (kernel)", "on_pre": "v += w"}, GRID, ""),
    ),
}


def resident() -> int:
    """Return the bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def measure(case: str, storage: str, threads: int) -> str:
    """Return the row of a case."""
    _, n, m, made, connected, weights = CASES[case]
    simgen.set_device("cpu", threads=threads)
    simgen.seed(1)
    source = PoissonGroup(n, 20 * Hz)
    target = NeuronGroup(m, "dv/dt = -v/(10*ms) : 1\nrate : Hz", threshold="rand() < rate*dt")
    target.rate = 20 * Hz if case == "stdp" else 0 * Hz
    if "kernel" in connected:
        kernel = np.random.default_rng(0).normal(size=(5, 5, 16, 32))
        connected = {**connected, "kernel": {"w": kernel}}
    before, begin = resident(), time.process_time()
    synapses = Synapses(source, target, delay=1 * ms, storage=storage, **made)
    synapses.connect(**connected)
    if weights:
        synapses.w = weights
    seconds, count = time.process_time() - begin, len(synapses)
    spikes, answers = SpikeMonitor(source, record=False), SpikeMonitor(target, record=False)
    simgen.run(1 * ms)
    left = (resident() - before) / count
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before) / count
    first = spikes.num_spikes * count / n + answers.num_spikes * n
    begin = time.process_time()
    simgen.run(500 * ms)
    took = time.process_time() - begin
    events = spikes.num_spikes * count / n + answers.num_spikes * n * (case == "stdp") - first
    return (
        f"{case:15} {storage:10} {count / 1e6:6.1f} M  {left:6.2f} B  {peak:6.2f} B  "
        f"{seconds * 1e9 / count:6.1f} ns  {took * 1e9 / events:6.2f} ns"
    )


def main() -> None:
    """Run all cases, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--storage", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.storage:
        sys.stdout.write(measure(given.cases[0], given.storage, given.threads) + "\n")
        return
    sys.stdout.write(
        "case            storage    synapses      kept  at most    making   an event\n"
    )
    for case in given.cases:
        for storage in CASES[case][0]:
            command = [sys.executable, __file__, "--threads", str(given.threads)]
            subprocess.run([*command, "--cases", case, "--storage", storage], check=True)


if __name__ == "__main__":
    main()
