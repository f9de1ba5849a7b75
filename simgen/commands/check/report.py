"""What a section of ``gpu-check`` finds: its parts one by one, written at once."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from simgen.errors import SimgenError

OK, FAILED, SKIPPED, TIMED_OUT = "ok", "failed", "skipped", "timed out"
Values = Mapping[str, Any]


class SkippedPartError(Exception):
    """Raised by a part that cannot be done here; the text is the reason."""


def write_json(path: Path, value: Any) -> None:
    """Put ``value`` at ``path`` in one move, so that a reader sees all of it or what was before."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=1, default=_plain)
            file.write("\n")
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _plain(value: Any) -> Any:
    """Return numpy's numbers and arrays as JSON knows them."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"a report cannot hold {value!r}")


def first_line(error: BaseException) -> str:
    """Return "DeviceError: what is wrong", in one line."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else '(without a message)'}"


@dataclass(slots=True)
class Report:
    """The report of one section; ``deadline`` is when it should begin nothing new (monotonic)."""

    section: str
    path: Path
    deadline: float
    status: str = OK
    message: str = ""
    parts: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what the summary says if all is well
    _begin: float = field(default_factory=time.monotonic)

    @property
    def seconds_left(self) -> float:
        """The time until the deadline; negative after it."""
        return self.deadline - time.monotonic()

    def write(self) -> None:
        """Write what is known so far."""
        write_json(
            self.path,
            {
                "section": self.section,
                "status": self.status,
                "message": self.message,
                "seconds": round(time.monotonic() - self._begin, 3),
                "parts": self.parts,
            },
        )

    def part(self, name: str, work: Callable[[], Values]) -> bool:
        """Do one part and note what it returns; return whether it was done.

        What goes wrong is noted in one line, with the traceback on standard error.
        """
        begin = time.monotonic()
        entry: dict[str, Any] = {"name": name, "status": OK}
        if self.seconds_left <= 0:
            entry |= {"status": SKIPPED, "message": "no time was left"}
        else:
            try:
                entry |= {"values": dict(work())}
            except SkippedPartError as reason:
                entry |= {"status": SKIPPED, "message": str(reason)}
            except Exception as error:
                if not isinstance(error, SimgenError):
                    traceback.print_exc()
                entry |= {"status": FAILED, "message": first_line(error), "error": str(error)}
        entry["seconds"] = round(time.monotonic() - begin, 3)
        print(f"{name}: {entry['status']} {entry.get('message', '')}".rstrip(), file=sys.stderr)
        self.parts.append(entry)
        self._sum_up()
        self.write()
        return bool(entry["status"] == OK)

    def note(self, text: str) -> None:
        """Add what is most important to the line of the summary."""
        self.notes.append(text)
        self._sum_up()
        self.write()

    def fail(self, message: str) -> None:
        """Say that the section as a whole failed."""
        self.status, self.message = FAILED, message
        self.write()

    def _sum_up(self) -> None:
        """Set the state of the section: that of its worst part, and skipped if nothing was done."""
        states = [part["status"] for part in self.parts]
        done = states.count(OK)
        self.status = FAILED if FAILED in states else OK if done else SKIPPED
        texts = [f"{done} of {len(states)}"] if len(states) > 1 else []
        wrong = [part for part in self.parts if part["status"] == self.status != OK]
        if not wrong:
            wrong = [part for part in self.parts if part["status"] == SKIPPED]
        if wrong:
            others = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            texts.append(f"{wrong[0]['name']}: {wrong[0]['message']}{others}")
        if self.status == OK:
            texts += self.notes
        self.message = "; ".join(texts)
