"""Builds ten million random synapses by a rule: how long it takes and what a synapse costs.

    python examples/benchmarks/memory.py [--synapses 10000000]

Rows of 1,000 synapses; delays have 46 classes. Each case runs in its own process, which reads its
resident memory from ``/proc`` (Linux).
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAIRS = """
    w : volt
    dpre/dt = -pre/tau : volt (event-driven)
    dpost/dt = -post/tau : volt (event-driven)
"""
DELAYS = "0.5*ms + 4.5*ms*rand()"


@dataclass(frozen=True, slots=True)
class Case:
    """Synapses, what their weights and delays are set to, and the precision of all."""

    model: str = ""
    on_pre: str = "v += J"
    on_post: str = ""
    w: str = ""
    delay: str = ""
    dtype: str = "float64"


CASES = {
    "constant weight": Case(),
    "delays": Case(delay=DELAYS),
    "float32 weights": Case("w : volt", "v += w", w="rand()*J", dtype="float32"),
    "float32, delays": Case("w : volt", "v += w", w="rand()*J", delay=DELAYS, dtype="float32"),
    "float64 weights": Case("w : volt", "v += w", w="rand()*J"),
    "float64, delays": Case("w : volt", "v += w", w="rand()*J", delay=DELAYS),
    "and code on_post": Case(
        "w : volt", "v += w", "w = clip(w + 0.01*J, 0*volt, J)", "rand()*J", DELAYS
    ),
    "STDP, delays": Case(
        PAIRS,
        "v += w; pre += 0.01*J; w = clip(w + post, 0*volt, J)",
        "post -= 0.01*J; w = clip(w + pre, 0*volt, J)",
        "rand()*J",
        DELAYS,
    ),
}


def resident() -> int:
    """Return the bytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def child(case: Case, synapses: int) -> dict[str, float]:
    """Return seconds and bytes per synapse of one case."""
    api: Any = importlib.import_module("simgen.brian")

    size = 10_000
    api.set_device("cpu", threads=1, dtype=case.dtype)
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
        code = {"on_pre": case.on_pre} | ({"on_post": case.on_post} if case.on_post else {})
        links = api.Synapses(group, group, case.model, namespace=constants, **code)
        begin = time.perf_counter()
        links.connect(p=probability)
        if case.w:
            links.w = case.w
        if case.delay:
            links.delay = case.delay
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
