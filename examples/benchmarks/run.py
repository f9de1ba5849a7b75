"""Times simgen, and Brian 2's C++ standalone device if an interpreter that has it is given.

    python examples/benchmarks/run.py --peer-python PATH --repeats 5 --threads 1,2

Only the simulation of one second is timed: building, compiling and a warm-up of 0.1 s come
before. Both simulators stay alive and run in turn, so that a change of the machine's speed meets
both; with one thread it is processor time that is compared, with several it is elapsed time. Rates
are printed because times compare only where the work is the same.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MODELS = ("cuba", "cobahh", "brunel", "stdp", "microcircuit")
RATES_AGREE = 0.15  # the rate of one second varies by up to 8 % from seed to seed


class WorkerError(RuntimeError):
    """A worker ended without an answer; its error output was passed on."""


@dataclass
class Result:
    """Times and work of one simulator on one model."""

    simulator: str
    model: str
    threads: int
    build: float
    note: str
    seconds: list[float] = field(default_factory=list)
    work: dict[str, float] = field(default_factory=dict)


class Worker:
    """A ``worker.py`` process."""

    def __init__(self, simulator: str, python: str, model: str, options: argparse.Namespace):
        arguments = {
            "--threads": options.thread_count,
            "--duration": options.duration,
            "--sizes": json.dumps(options.sizes),
        }
        command = [python, str(HERE / "worker.py"), simulator, model]
        command += [str(word) for pair in arguments.items() for word in pair]
        self._name = f"the worker of {simulator} on '{model}'"
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        built = self._answer()
        self.result = Result(simulator, model, options.thread_count, **built)

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


def measure(model: str, threads: int, options: argparse.Namespace) -> list[Result]:
    """Return the results of one model for each simulator, run in turn."""
    options.thread_count = threads
    interpreters = {"simgen": sys.executable}
    if options.peer_python:
        interpreters["brian2"] = options.peer_python
    workers = [Worker(name, python, model, options) for name, python in interpreters.items()]
    for repeat in range(options.repeats):
        for worker in workers if repeat % 2 == 0 else workers[::-1]:
            worker.run()
    return [worker.stop() for worker in workers]


def row(result: Result, peer: Result | None) -> str:
    """Return one line of the table; ``ratio`` is the peer's time by this one, median by median."""
    best, median = min(result.seconds), statistics.median(result.seconds)
    work = result.work
    ratio = f"{statistics.median(peer.seconds) / median:8.2f}" if peer else " " * 8
    return (
        f"{result.model:12} {result.simulator:8} {result.threads:7} {best:8.3f} {median:9.3f}"
        f" {ratio} {1e9 * best / work['events']:9.1f} {1e9 * best / work['neuron_steps']:13.2f}"
        f" {work['rate']:9.2f} {work['events'] / 1e6:9.2f} {result.build:9.1f}"
    )


HEADER = (
    "model        program  threads  min (s) median(s) speed-up  ns/event ns/neuron-step"
    " rate (Hz)  M events build (s)"
)


def main() -> None:
    """Measure, print the table, write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", default=",".join(MODELS), help="comma-separated")
    parser.add_argument("--peer-python", help="an interpreter that can import brian2")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", default="1", help="comma-separated, such as 1,2")
    parser.add_argument("--duration", type=float, default=1.0, help="simulated seconds")
    parser.add_argument("--sizes", type=json.loads, default={}, help="JSON for every build()")
    parser.add_argument("--json", type=Path, help="write all numbers to this file")
    options = parser.parse_args()

    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} logical cores")
    print(HEADER, flush=True)
    results: list[Result] = []
    for model in options.models.split(","):
        for threads in map(int, options.threads.split(",")):
            pair = measure(model, threads, options)
            peer = pair[1] if len(pair) > 1 else None
            for result in pair:
                print(row(result, peer if result is pair[0] else None), flush=True)
            if peer and abs(pair[0].work["rate"] / peer.work["rate"] - 1) > RATES_AGREE:
                print(
                    f"{model:12} the rates differ by more than {RATES_AGREE:.0%}: not the same work"
                )
            results += pair
    for note in dict.fromkeys(result.note for result in results):
        print(note)
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1))


if __name__ == "__main__":
    main()
