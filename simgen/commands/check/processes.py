"""A section in a process of its own: one that hangs or dies costs the others nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simgen.commands.check.report import FAILED, OK, SKIPPED, TIMED_OUT, write_json

GRACE = 20.0  # seconds beyond a section's time, in which it may end what it has begun
LAST_WAIT = 10.0  # seconds for a killed process to go; one that waits for a device may not


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a section."""

    section: str
    status: str
    seconds: float
    message: str

    @property
    def is_bad(self) -> bool:
        """Whether something is wrong."""
        return self.status not in (OK, SKIPPED)


def run_section(name: str, out: Path, arguments: Sequence[str], seconds: float) -> Outcome:
    """Run a section for at most ``seconds`` and a little more, and return what became of it.

    Its report is ``out``/<name>.json, what it prints ``out``/<name>.log.
    """
    path, begin = out / f"{name}.json", time.monotonic()
    write_json(path, {"section": name, "status": FAILED, "message": "it did not begin"})
    command = [sys.executable, "-m", "simgen", "gpu-check", "--out", str(out), *arguments]
    command += ["--section", name, "--seconds", f"{seconds:.1f}"]
    with (out / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # so that what it starts ends with it
            env={**os.environ, "PYTHONFAULTHANDLER": "1"},
        )
        try:
            status: int | None = process.wait(seconds + GRACE)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(process)
    return _outcome(name, path, status, time.monotonic() - begin)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a section's process, and all that it started, if it has not ended."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(LAST_WAIT)
    except subprocess.TimeoutExpired:
        print(f"the process {process.pid} does not end", file=sys.stderr)


def _outcome(name: str, path: Path, status: int | None, seconds: float) -> Outcome:
    """Return the outcome, and add to the report how the process ended if it did not end well."""
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if status is None or status != 0:
        if status is None:
            state, text = TIMED_OUT, f"it was ended after {seconds:.0f} s"
        else:
            state, text = FAILED, f"its process ended {_how(status)}; see {name}.log"
        parts = report.get("parts", [])
        if parts:
            text += f"; the last part done was {parts[-1]['name']}"
        report |= {"status": state, "message": text, "seconds": round(seconds, 3)}
        write_json(path, report)
    return Outcome(name, report["status"], seconds, report["message"])


def _how(status: int) -> str:
    if status >= 0:
        return f"with status {status}"
    try:
        return f"by {signal.Signals(-status).name}"
    except ValueError:
        return f"by signal {-status}"
