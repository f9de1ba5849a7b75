"""Times the start of CUBA, cold and warm, and a call of ``run`` for a single step.

    python examples/benchmarks/startup.py

Cold means an empty cache: everything is generated and compiled. Warm means a later process.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

CALLS = 300


def child(started: float) -> None:
    """Build CUBA, make steps, print seconds since ``started``."""
    api: Any = importlib.import_module("simgen.brian")
    times = {"import simgen": time.time() - started}
    cuba: Any = importlib.import_module("simgen.commands.workloads.cuba")
    work: Any = importlib.import_module("simgen.commands.workloads.workload")
    api.set_device("cpu", threads=1)
    workload = work.Workload(*cuba.build(api))
    times["model built"] = time.time() - started
    step = workload.dt * api.second
    workload.network.run(step)
    times["first step done"] = time.time() - started
    workload.network.run(step)  # the first call after a build may still prepare something
    begin = time.perf_counter()
    for _ in range(CALLS):
        workload.network.run(step)
    times["one run(dt)"] = (time.perf_counter() - begin) / CALLS
    begin = time.perf_counter()
    workload.network.run(CALLS * step)
    times["one step of a long run"] = (time.perf_counter() - begin) / CALLS
    print(json.dumps(times))


def measure(cache: str) -> dict[str, float]:
    """Return the times of a fresh process that keeps its programs in ``cache``."""
    command = [sys.executable, __file__, "--child", repr(time.time())]
    environment = {**os.environ, "SIMGEN_CACHE_DIR": cache}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    times: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return times


def main() -> None:
    """Print a table: one row for each moment, one column for each kind of start."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--child", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return
    cold, warm = [], []
    for _ in range(options.repeats):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(measure(cache))
            warm.append(measure(cache))
    print("best of", options.repeats, "(seconds)".ljust(16), "    cold     warm")
    for name in cold[0]:
        best = [min(times[name] for times in runs) for runs in (cold, warm)]
        print(f"{name:27} {best[0]:8.4g} {best[1]:8.4g}")


if __name__ == "__main__":
    main()
