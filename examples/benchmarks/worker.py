"""Builds one benchmark model and runs it on command; ``run.py`` starts one per simulator.

Speaks JSON lines: first what the build took, then a line for each ``run`` read from standard
input, and after ``stop`` what the network did. The same file serves simgen and Brian 2, under
the interpreter that has the simulator in question.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from workload import Workload

MODELS = Path(__file__).resolve().parents[2] / "simgen" / "commands" / "workloads"
sys.path.insert(0, str(MODELS))  # by themselves: the other interpreter need not have simgen


def workload_of(parts: tuple[Any, ...]) -> Workload:
    """Return what ``build`` of a model made, with names."""
    workload: Workload = importlib.import_module("workload").Workload(*parts)
    return workload


class Simulator(Protocol):
    """A simulator whose network was built and warmed up."""

    workload: Workload

    def run(self) -> float:
        """Simulate the timed part once and return the seconds that the simulation took."""
        ...

    def note(self) -> str:
        """Return how the simulator was set up."""
        ...


class Simgen:
    """Runs in this process; each run starts from a network that was built and warmed up anew.

    Times are taken as Brian 2 takes its own: processor time with one thread, else elapsed time.
    """

    def __init__(self, model: Any, options: argparse.Namespace) -> None:
        self._api: Any = importlib.import_module("simgen.brian")
        self._model, self._options = model, options
        self._api.set_device("cpu", threads=options.threads)
        self._used = False
        self._prepare()

    def _prepare(self) -> None:
        self._api.seed(self._options.seed)
        self.workload = workload_of(self._model.build(self._api, **self._options.sizes))
        self.workload.network.run(self._options.warmup * self._api.second)

    def run(self) -> float:
        if self._used:
            self._prepare()
        self._used = True
        clock = time.process_time if self._options.threads == 1 else time.perf_counter
        start = clock()
        self.workload.network.run(self._options.duration * self._api.second)
        return clock() - start

    def note(self) -> str:
        return f"simgen, float64, {self._options.threads} thread(s)"


class BrianStandalone:
    """One program makes the warm-up and the timed run; its own clock gives the latter's time."""

    def __init__(self, model: Any, options: argparse.Namespace) -> None:
        brian2: Any = importlib.import_module("brian2")
        brian2.set_device("cpp_standalone", build_on_run=False)
        openmp = options.threads if options.threads > 1 else 0
        brian2.prefs.devices.cpp_standalone.openmp_threads = openmp
        brian2.seed(options.seed)
        self.workload = workload_of(model.build(brian2, **options.sizes))
        self.workload.network.run(options.warmup * brian2.second)
        self.workload.network.run(options.duration * brian2.second)
        self._folder = tempfile.TemporaryDirectory()
        self._threads, self._device = options.threads, brian2.device
        self._flags = " ".join(brian2.prefs.codegen.cpp.extra_compile_args_gcc)
        self._device.build(directory=self._folder.name, run=False, with_output=False)

    def run(self) -> float:
        self._device.run(with_output=False)
        return float(self._device._last_run_time)

    def note(self) -> str:
        return f"Brian 2 C++ standalone, {self._threads} thread(s), {self._flags}"


SIMULATORS: dict[str, Callable[[Any, argparse.Namespace], Simulator]] = {
    "simgen": Simgen,
    "brian2": BrianStandalone,
}


def main() -> None:
    """Build, answer the commands, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("simulator", choices=SIMULATORS)
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--warmup", type=float, default=0.1, help="simulated seconds, not timed")
    parser.add_argument("--duration", type=float, default=1.0, help="simulated seconds, timed")
    parser.add_argument("--sizes", type=json.loads, default={}, help="arguments of build()")
    options = parser.parse_args()

    answers = os.fdopen(os.dup(1), "w")  # nothing else may write between the JSON lines
    os.dup2(2, 1)

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    model = importlib.import_module(options.model)
    start = time.perf_counter()
    simulator: Simulator = SIMULATORS[options.simulator](model, options)
    answer(build=time.perf_counter() - start, note=simulator.note())
    for line in sys.stdin:
        if line.strip() != "run":
            break
        answer(seconds=simulator.run())
    workload, simulated = simulator.workload, options.warmup + options.duration
    answer(
        rate=workload.rate(simulated),
        synapses=workload.synapses(),
        events=workload.events() * options.duration / simulated,
        neuron_steps=workload.neurons * options.duration / workload.dt,
    )


if __name__ == "__main__":
    main()
