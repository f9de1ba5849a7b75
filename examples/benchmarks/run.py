"""Times simgen, and the simulators of the interpreters that are given, on the same networks.

    python examples/benchmarks/run.py --brian PYTHON --nest PYTHON --repeats 5 --threads 1,2

Only the simulation of one second is timed: building, compiling and a warm-up of 0.1 s come
before. All simulators stay alive and run in turn, so that a change of the machine's speed meets
each; with one thread it is processor time that is compared, with several, or on a GPU, it is
elapsed time. Rates are printed because times compare only where the work is the same. ``speed-up``
is the time of a program by that of simgen (the first row of a model), median by median.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MODELS = ("cuba", "cobahh", "brunel", "stdp", "mushroom_body", "microcircuit")
NEST_HAS = ("cuba", "cobahh", "brunel", "stdp", "microcircuit")
RATES_AGREE = 0.15  # the rate of one second varies by up to 8 % from seed to seed


class WorkerError(RuntimeError):
    """A worker ended without an answer; its error output was passed on."""


@dataclass
class Result:
    """Times and work of one simulator on one model."""

    program: str
    model: str
    sizes: dict[str, float]
    threads: int
    dtype: str
    build: float
    note: str
    seconds: list[float] = field(default_factory=list)
    work: dict[str, float] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """The time of the middle run."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Contender:
    """A simulator as it is started: interpreter, name for the worker, target and type."""

    python: str
    simulator: str
    dtype: str
    target: str = "cpu"

    @property
    def program(self) -> str:
        """What the table calls it."""
        device = "" if self.simulator != "simgen" or self.target == "cpu" else f" {self.target}"
        return f"{self.simulator}{device}{' f32' if self.dtype == 'float32' else ''}"


class Worker:
    """A ``worker.py`` process."""

    def __init__(self, contender: Contender, model: str, options: argparse.Namespace):
        arguments = {
            "--threads": options.thread_count,
            "--duration": options.duration,
            "--sizes": json.dumps(options.sizes),
            "--target": contender.target,
            "--dtype": contender.dtype,
        }
        command = [contender.python, str(HERE / "worker.py"), contender.simulator, model]
        command += [str(word) for pair in arguments.items() for word in pair]
        self._name = f"the worker of {contender.program} on '{model}'"
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        known = contender.program, model, options.sizes, options.thread_count, contender.dtype
        self.result = Result(*known, **self._answer())

    def _answer(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise WorkerError(f"{self._name} ended unexpectedly; see its message above")
        return json.loads(line)

    def _tell(self, word: str) -> Any:
        if self._process.stdin:
            print(word, file=self._process.stdin, flush=True)
        return self._answer()

    def run(self) -> None:
        """Time the simulation once."""
        self.result.seconds.append(self._tell("run")["seconds"])

    def stop(self) -> Result:
        """End the process and return what it measured."""
        self.result.work = self._tell("stop")
        self._process.communicate()
        return self.result


def contenders(model: str, options: argparse.Namespace) -> Iterator[Contender]:
    """Yield what runs a model, simgen first."""
    for target in options.targets.split(","):
        for dtype in options.dtypes.split(","):
            yield Contender(sys.executable, "simgen", dtype, target)
    if options.brian:
        yield Contender(options.brian, "brian2", "float64")
    if options.nest and model in NEST_HAS:
        yield Contender(options.nest, "nest", "float64")


def measure(model: str, threads: int, options: argparse.Namespace) -> list[Result]:
    """Return the results of one model for each simulator, run in turn."""
    options.thread_count = threads
    workers = [Worker(contender, model, options) for contender in contenders(model, options)]
    for repeat in range(options.repeats):
        for worker in workers if repeat % 2 == 0 else workers[::-1]:
            worker.run()
    return [worker.stop() for worker in workers]


def row(result: Result, first: Result) -> str:
    """Return one line of the table; ``first`` is what its time is compared with."""
    work, best = result.work, min(result.seconds)
    held = work["grown"] / work["synapses"] if work["grown"] > 0 else None
    return (
        f"{result.model:13} {result.program:10} {result.threads:7} {best:8.3f} {result.median:9.3f}"
        f" {result.median / first.median:8.2f} {1e9 * best / work['events']:9.2f}"
        f" {1e9 * best / work['neuron_steps']:14.2f} {work['rate']:9.2f}"
        f" {work['synapses'] / 1e6:10.2f} {work['events'] / 1e6:8.2f}"
        f" {' ' * 9 if held is None else f'{held:9.1f}'} {result.build:9.2f}"
    )


HEADER = (
    "model         program    threads  min (s) median(s) speed-up  ns/event ns/neuron-step"
    " rate (Hz) M synapses M events B/synapse build (s)"
)


def main() -> None:
    """Measure, print the table, write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", default=",".join(MODELS), help="comma-separated")
    parser.add_argument("--targets", default="cpu", help="of simgen, such as cpu,cuda")
    parser.add_argument("--dtypes", default="float64", help="of simgen, such as float64,float32")
    parser.add_argument("--brian", help="an interpreter that can import brian2")
    parser.add_argument("--nest", help="an interpreter that can import nest")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", default="1", help="comma-separated, such as 1,2")
    parser.add_argument("--duration", type=float, default=1.0, help="simulated seconds")
    parser.add_argument("--sizes", type=json.loads, default={}, help="JSON for every build()")
    parser.add_argument("--json", type=Path, help="write all numbers to this file")
    options = parser.parse_args()

    machine = f"{_processor()}, {os.cpu_count()} logical cores"
    print(machine)
    print(HEADER, flush=True)
    results: list[Result] = []
    for model in options.models.split(","):
        for threads in map(int, options.threads.split(",")):
            found = measure(model, threads, options)
            for result in found:
                print(row(result, found[0]), flush=True)
                if abs(result.work["rate"] / found[0].work["rate"] - 1) > RATES_AGREE:
                    print(f"{model:13} {result.program}: another rate, so not the same work")
            results += found
    for note in dict.fromkeys(result.note for result in results):
        print(note)
    if options.json:
        told = {"machine": machine, "results": [asdict(result) for result in results]}
        options.json.write_text(json.dumps(told, indent=1), encoding="utf-8")


def _processor() -> str:
    """Return the name of the processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


if __name__ == "__main__":
    main()
