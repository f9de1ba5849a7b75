"""Builds ten million random synapses by a rule: how long it takes and what a synapse costs.

    python examples/benchmarks/memory.py [--synapses 10000000]

Each case runs in its own process, which reads its resident memory from ``/proc`` (Linux).
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CASES = {
    "constant weight": {"model": "", "on_pre": "v += J", "w": "", "delay": ""},
    "weights": {"model": "w : volt", "on_pre": "v += w", "w": "rand()*J", "delay": ""},
    "delays": {"model": "", "on_pre": "v += J", "w": "", "delay": "0.5*ms + 4.5*ms*rand()"},
    "weights and delays": {
        "model": "w : volt",
        "on_pre": "v += w",
        "w": "rand()*J",
        "delay": "0.5*ms + 4.5*ms*rand()",
    },
}


def resident() -> int:
    """Return the bytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def child(case: dict[str, str], synapses: int) -> dict[str, float]:
    """Return seconds and bytes per synapse of one case."""
    api: Any = importlib.import_module("simgen.brian")

    size = 10_000
    api.set_device("cpu", threads=1)
    constants = {"tau": 20 * api.ms, "J": 0.01 * api.mV}

    def network(probability: float) -> tuple[float, float, int]:
        """Build and make the first step; return both times and the number of synapses."""
        group = api.NeuronGroup(
            size,
            "dv/dt = -v/tau : volt",
            threshold="v > 1*volt",
            reset="v = 0*volt",
            method="exact",
            namespace=constants,
        )
        links = api.Synapses(
            group, group, case["model"], on_pre=case["on_pre"], namespace=constants
        )
        begin = time.perf_counter()
        links.connect(p=probability)
        if case["w"]:
            links.w = case["w"]
        if case["delay"]:
            links.delay = case["delay"]
        connected = time.perf_counter() - begin
        kept.append(api.Network(group, links))
        begin = time.perf_counter()
        kept[-1].run(0.1 * api.ms)
        return connected, time.perf_counter() - begin, len(links)

    kept: list[Any] = []
    network(1e-4)  # everything is compiled before the measurement
    before = resident()
    connected, first, count = network(synapses / size**2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "connect": connected,
        "first": first,
        "held": (resident() - before) / count,
        "peak": (peak - before) / count,
        "count": count,
    }


def main() -> None:
    """Print one line for each case."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--synapses", type=int, default=10_000_000)
    parser.add_argument("--child", choices=CASES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(CASES[options.child], options.synapses)))
        return
    print("case                 synapses connect (s) first step (s) bytes/synapse  at peak")
    for name in CASES:
        command = [sys.executable, __file__, "--child", name, "--synapses", str(options.synapses)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        print(
            f"{name:18} {found['count']:10} {found['connect']:11.2f} {found['first']:14.2f}"
            f" {found['held']:13.1f} {found['peak']:8.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
