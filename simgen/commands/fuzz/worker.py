"""The process that tries one thing after the other, and the one that watches it.

What is tried may end a process or hang it; the watching process then notes which it was, and goes
on with the next in a fresh one. They speak by lines of JSON.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from simgen.commands.fuzz.verdict import Verdict

PATIENCE = 600.0  # seconds for one thing, on a busy machine
LIFE = 300  # things that one process tries, so that what leaks does not gather

Check = Callable[[int], Verdict]  # of a seed


@dataclass(slots=True)
class Tally:
    """How often each kind was tried, and what was found."""

    tried: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    findings: list[dict[str, Any]] = field(default_factory=list)


def plan(kinds: Sequence[str], shares: Mapping[str, int]) -> list[str]:
    """Return the kinds in turns, each as often as its share says."""
    turns = [(k / shares[kind], kind) for kind in kinds for k in range(shares[kind])]
    return [kind for _, kind in sorted(turns)]


def work(checks: Mapping[str, Check], turns: Sequence[str], seed: int, first: int) -> None:
    """Try the things from number ``first`` on, until this process has lived long enough."""
    warnings.simplefilter("ignore")
    logging.disable()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the models print is no message of ours
    for number in range(first, first + LIFE):
        kind, own = turns[number % len(turns)], (seed << 32) + number
        _say(out, {"begin": number, "kind": kind, "seed": own})
        _say(out, {"end": number, **asdict(checks[kind](own))})


def _say(out: Any, message: dict[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


def watch(
    command: Sequence[str],
    first: int,
    seconds: float,
    tell: Callable[[dict[str, Any]], None],
    patience: float = PATIENCE,
    last: int | None = None,
    variables: Mapping[str, str] = os.environ,
) -> Tally:
    """Let processes try things from number ``first`` on for a time, and return what came of it.

    They end with number ``last`` if it is given and there is time; ``variables`` are those of
    their environment.

    ``command`` is what starts a process, to which the number of its first thing is added; each
    finding goes to ``tell`` at once.
    """
    tally, end, number = Tally(), time.monotonic() + seconds, first
    while time.monotonic() < end and (last is None or number <= last):
        running: dict[str, Any] = {}
        process = subprocess.Popen(
            [*command, str(number)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,  # so that compilers end with it
            env={**variables, "PYTHONFAULTHANDLER": "1"},
        )
        status = "ended"
        try:
            for message in _messages(process, end, patience):
                if "begin" in message:
                    running, number = message, message["begin"] + 1
                else:
                    _note(tally, running, message, tell)
                    running = {}
                    if message["end"] == last:
                        break
        except TimeoutError as error:
            status = str(error)
        finally:
            _kill(process)
        if running and status != "time is up":
            how = f"{status} with status {process.returncode}"
            _note(tally, running, asdict(Verdict(how)), tell)
        elif process.returncode not in (0, -signal.SIGKILL):
            raise RuntimeError(f"a process ended with status {process.returncode}")
    return tally


def _messages(
    process: subprocess.Popen[bytes], end: float, patience: float
) -> Iterator[dict[str, Any]]:
    """Yield what a process says; raises TimeoutError at the end, or when it says nothing."""
    lines: queue.Queue[bytes] = queue.Queue()
    assert process.stdout is not None
    stream = process.stdout

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put(b"")

    threading.Thread(target=read, daemon=True).start()
    said = time.monotonic()
    while True:
        now = time.monotonic()
        if now >= end:
            raise TimeoutError("time is up")
        try:
            line = lines.get(timeout=min(1.0, end - now))
        except queue.Empty:
            if time.monotonic() - said > patience:
                raise TimeoutError(f"nothing came of it in {patience:g} s; killed") from None
            continue
        if not line:
            process.wait()
            return
        said = time.monotonic()
        yield json.loads(line)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _note(
    tally: Tally,
    running: dict[str, Any],
    message: dict[str, Any],
    tell: Callable[[dict[str, Any]], None],
) -> None:
    kind = running["kind"]
    tally.tried[kind] += message["count"]
    if message["refused"]:
        tally.refused[kind] += 1
        tally.reasons[message["refused"].partition(":")[0]] += 1
    if message["text"]:
        finding = {"kind": kind, "seed": running["seed"], **message}
        tally.findings.append(finding)
        tell(finding)


def command_of(arguments: Sequence[str]) -> list[str]:
    """Return the command that starts this program again."""
    return [sys.executable, "-m", "simgen", *arguments]
