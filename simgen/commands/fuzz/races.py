"""Random models on several threads, whose programs watch which thread touches what, and when."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

from simgen.commands.fuzz.models import Model, make_wide_model
from simgen.commands.fuzz.sanitized import QUICK, Sanitizer, environment
from simgen.commands.fuzz.targets import outcome, shortened
from simgen.commands.fuzz.verdict import Verdict
from simgen.resources import cuda_kernel_dir
from simgen.runtime.cache import cache_dir, read_private
from simgen.targets.cpu.compile import users_statement

LOG = "SIMGEN_RACES"  # the variable that says where reports go; a process adds its number
THREADS = Sanitizer(
    ("libtsan.so",),
    ("-g", "-fsanitize=thread", "-include", str(cuda_kernel_dir() / "cpu" / "watched_threads.h")),
    {},
)
WATCHED: Mapping[str, Mapping[str, Any]] = {
    f"cpu {number} threads": {"device": "cpu", "threads": number, "compiler_flags": QUICK}
    for number in (2, 3, 4)
}
_OPTIONS = "exitcode=0:ignore_noninstrumented_modules=1:history_size=7"
_SHORTENING = 20  # runs at most, each in a process of its own
_WHAT = re.compile(r"^WARNING: ThreadSanitizer: (.*?) \(pid=\d+\)$", re.M)
_ACCESS = re.compile(r"^  (?P<what>\w[\w ]* of size \d+) at \w+ by (?P<who>.*?):\n(?P<at>.*?)\n\n")
_FRAME = re.compile(r"^ +#\d+ (?P<name>.*) \S*?(?P<file>[\w.]+):(?P<line>\d+) \((?P<key>\w+)\.so")


def check_races(seed: int) -> Verdict:
    """Run the model of a seed on 2, 3 and 4 threads; reports of the sanitizer are findings."""
    model = make_wide_model(Random(seed))
    before = len(_log())
    text, refused = outcome(model, WATCHED)
    text = "\n".join(filter(None, [text, *explained(_log()[before:])]))
    if not text:
        return Verdict(refused=refused)
    short = shortened(model, races_of, _SHORTENING)
    return Verdict(f"{text}\n\nshorter:\n{races_of(short)}", _script(short))


def watched_environment(folder: Path) -> dict[str, str]:
    """Return the variables of a process whose programs watch their threads, and report to a folder.

    Raises :class:`CompileError` where the compiler has no such sanitizer.
    """
    path = folder / "races"
    return {
        **environment(THREADS),
        LOG: str(path),
        "TSAN_OPTIONS": f"{_OPTIONS}:log_path={path}",
    }


def races_of(model: Model) -> str:
    """Return what is found when a model runs in a process of its own.

    A process reports a race once, and the same program may have run in this one.
    """
    code = (
        "from simgen.commands.fuzz.races import outcome, WATCHED, Model\n"
        f"print(outcome(Model({model.lines!r}), WATCHED)[0])\n"
    )
    with tempfile.TemporaryDirectory() as name:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env=watched_environment(Path(name)),
            capture_output=True,
            text=True,
        )
        reports = "".join(path.read_text() for path in sorted(Path(name).iterdir()))
    died = f"ended with status {done.returncode}" if done.returncode else ""
    return "\n".join(filter(None, [died, done.stdout.strip(), *explained(reports)]))


def explained(reports: str) -> Iterator[str]:
    """Yield a text for each report: what two threads do, in which lines, made from what."""
    for report in re.split(r"^=+$", reports, flags=re.M):
        if (what := _WHAT.search(report)) is None:
            continue
        accesses = re.finditer(_ACCESS.pattern, report, re.M | re.S)
        told = [f"{each['what']} by {each['who']} {_place(each['at'])}" for each in accesses]
        yield f"{what[1]}: {'; '.join(told) or report.strip()}"


def _place(stack: str) -> str:
    """Return the line of an access, and the one of a kernel that led to it."""
    frames = [frame for line in stack.splitlines() if (frame := _FRAME.match(line))]
    told = []
    for frame in frames[:1] + [frame for frame in frames if frame["name"].startswith("k_")][:1]:
        place = f"{frame['name']} {frame['file']}:{frame['line']}"
        kept = read_private(cache_dir() / f"{frame['key']}.cpp")
        if frame["file"] == "program.cpp" and kept is not None:
            lines, number = kept.decode().splitlines(), int(frame["line"])
            statement = users_statement(lines, number)
            place += f" `{lines[number - 1].strip()}`{statement and f', from {statement}'}"
        if place not in told:
            told.append(place)
    return "in " + ", called in ".join(told) if told else stack.strip()


def _log() -> str:
    """Return what has been reported of this process."""
    path = Path(f"{os.environ[LOG]}.{os.getpid()}")
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _script(model: Model) -> str:
    lines = "\n".join(f"    {line!r}," for line in model.lines)
    return (
        '"""Prints which threads race for what; nothing is right."""\n\n'
        "from simgen.commands.fuzz.models import Model\n"
        "from simgen.commands.fuzz.races import races_of\n\n"
        f"LINES = (\n{lines}\n)\nprint(races_of(Model(LINES)))\n"
    )
