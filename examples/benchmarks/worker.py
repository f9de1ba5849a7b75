"""Builds one benchmark model and runs it on command; ``run.py`` starts one per simulator.

Speaks JSON lines: first what the build took, then a line for each ``run`` read from standard
input, and after ``stop`` what the network did. The same file serves all simulators, under the
interpreter that has the one in question; simgen and Brian 2 share the text of the models, too.
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

import numpy as np

if TYPE_CHECKING:
    from workload import Workload

MODELS = Path(__file__).resolve().parents[2] / "simgen" / "commands" / "workloads"
sys.path.insert(0, str(MODELS))  # by themselves: the other interpreter need not have simgen


def resident() -> int:
    """Return the bytes of memory that this process holds now; 0 where that is not known."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def workload_of(parts: tuple[Any, ...]) -> Workload:
    """Return what ``build`` of a model made, with names."""
    workload: Workload = importlib.import_module("workload").Workload(*parts)
    return workload


class Simulator(Protocol):
    """A simulator whose network was built and warmed up."""

    workload: Any  # a Workload, or what answers the same questions
    simulated: float  # seconds, of which ``workload`` has counted the spikes
    grown: int  # bytes that the process has taken for the network; 0 if it is in another one

    def run(self) -> float:
        """Simulate the timed part once and return the seconds that the simulation took."""
        ...

    def note(self) -> str:
        """Return how the simulator was set up."""
        ...


def clock_of(threads: int) -> Callable[[], float]:
    """Return the clock that Brian 2 uses, too: processor time with one thread, else elapsed."""
    return time.process_time if threads == 1 else time.perf_counter


class Simgen:
    """Runs in this process; each run starts from a network that was built and warmed up anew."""

    def __init__(self, model: str, options: argparse.Namespace) -> None:
        self._api: Any = importlib.import_module("simgen.brian")
        self._model, self._options = importlib.import_module(model), options
        chosen = {"dtype": options.dtype}
        if options.target == "cpu":
            chosen["threads"] = options.threads
        self._api.set_device(options.target, **chosen)
        self.simulated = options.warmup + options.duration
        self._used = False
        before = resident()
        self._prepare()
        self.grown = resident() - before

    def _prepare(self) -> None:
        self._api.seed(self._options.seed)
        self.workload = workload_of(self._model.build(self._api, **self._options.sizes))
        self.workload.network.run(self._options.warmup * self._api.second)

    def run(self) -> float:
        if self._used:
            self._prepare()
        self._used = True
        of_host = self._options.target == "cpu"
        clock = clock_of(self._options.threads if of_host else 0)
        start = clock()
        self.workload.network.run(self._options.duration * self._api.second)
        return clock() - start

    def note(self) -> str:
        options = self._options
        return f"simgen, {options.target}, {options.dtype}, {options.threads} thread(s)"


class BrianStandalone:
    """One program makes the warm-up and the timed run; its own clock gives the latter's time."""

    grown = 0

    def __init__(self, model: str, options: argparse.Namespace) -> None:
        brian2: Any = importlib.import_module("brian2")
        brian2.set_device("cpp_standalone", build_on_run=False)
        jobs = [f"-j{os.cpu_count()}"]  # by itself it starts a compiler for every file at once
        brian2.prefs.devices.cpp_standalone.extra_make_args_unix = jobs
        brian2.prefs.core.default_float_dtype = getattr(np, options.dtype)
        openmp = options.threads if options.threads > 1 else 0
        brian2.prefs.devices.cpp_standalone.openmp_threads = openmp
        brian2.seed(options.seed)
        built = importlib.import_module(model).build(brian2, **options.sizes)
        self.workload = workload_of(built)
        self.workload.network.run(options.warmup * brian2.second)
        self.workload.network.run(options.duration * brian2.second)
        self.simulated = options.warmup + options.duration
        self._folder = tempfile.TemporaryDirectory()
        self._options, self._device = options, brian2.device
        self._flags = " ".join(brian2.prefs.codegen.cpp.extra_compile_args_gcc)
        self._device.build(directory=self._folder.name, run=False, with_output=False)

    def run(self) -> float:
        self._device.run(with_output=False)
        return float(self._device._last_run_time)

    def note(self) -> str:
        options = self._options
        how = f"{options.dtype}, {options.threads} thread(s), {self._flags}"
        return f"Brian 2 C++ standalone, {how}"


class Nest:
    """Runs in this process; each run goes on from where the last one ended."""

    def __init__(self, model: str, options: argparse.Namespace) -> None:
        nest: Any = importlib.import_module("nest")
        models: Any = importlib.import_module("nest_models")
        self._nest, self._options = nest, options
        nest.verbosity = nest.VerbosityLevel.ERROR
        nest.set(resolution=models.STEP, local_num_threads=options.threads, rng_seed=options.seed)
        before = resident()
        self.workload = models.MODELS[model](nest, **options.sizes)
        nest.Simulate(1e3 * options.warmup)
        self.grown = resident() - before
        self.simulated = options.warmup

    def run(self) -> float:
        clock = clock_of(self._options.threads)
        start = clock()
        self._nest.Simulate(1e3 * self._options.duration)
        self.simulated += self._options.duration
        return clock() - start

    def note(self) -> str:
        return f"NEST {self._nest.__version__}, float64, {self._options.threads} thread(s)"


SIMULATORS: dict[str, Callable[[str, argparse.Namespace], Simulator]] = {
    "simgen": Simgen,
    "brian2": BrianStandalone,
    "nest": Nest,
}


def main() -> None:
    """Build, answer the commands, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("simulator", choices=SIMULATORS)
    parser.add_argument("model")
    parser.add_argument("--target", default="cpu", help="of simgen")
    parser.add_argument("--dtype", default="float64", help="of simgen and Brian 2")
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

    start = time.perf_counter()
    simulator: Simulator = SIMULATORS[options.simulator](options.model, options)
    answer(build=time.perf_counter() - start, note=simulator.note())
    for line in sys.stdin:
        if line.strip() != "run":
            break
        answer(seconds=simulator.run())
    workload, simulated = simulator.workload, simulator.simulated
    answer(
        rate=workload.rate(simulated),
        synapses=workload.synapses(),
        events=workload.events() * options.duration / simulated,
        neuron_steps=workload.neurons * options.duration / workload.dt,
        grown=simulator.grown,
    )


if __name__ == "__main__":
    main()
