"""``python -m simgen gpu-check``: what works on a GPU, and how fast, section by section.

Each section runs in a process of its own with a time of its own, and leaves a report. On a machine
without a C++ compiler, small networks are compared with the ``reference`` target and with arrays
that ``gpu-check --expect FILE`` (without ``--out``) wrote where there is one.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from simgen.commands.base import Command, make_folder
from simgen.commands.check.exact import read_expected, write_expected
from simgen.commands.check.processes import Outcome, run_section
from simgen.commands.check.report import Report, first_line, write_json
from simgen.commands.check.sections import NAMES, SECTIONS
from simgen.commands.check.setting import Setting
from simgen.errors import ModelError, SimgenError

BUDGET = 1500  # seconds for all sections


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the reports go")
    parser.add_argument(
        "--only",
        action="append",
        choices=NAMES,
        metavar="SECTION",
        help=f"only this one, may be given several times; one of {', '.join(NAMES)}",
    )
    parser.add_argument(
        "--budget", type=float, default=BUDGET, metavar="SECONDS", help="for all sections together"
    )
    parser.add_argument(
        "--expect",
        type=Path,
        metavar="FILE",
        help="compare with the arrays of this file; without --out, write it with the cpu target",
    )
    parser.add_argument(
        "--emulate", action="store_true", help="everything small, on the emulated device"
    )
    parser.add_argument("--section", choices=NAMES, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=0.0, help=argparse.SUPPRESS)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.out is None:
        if arguments.expect is None:
            raise ModelError("gpu-check needs --out DIR, or --expect FILE alone to write FILE.")
        count = write_expected(arguments.expect)
        print(f"{arguments.expect}: {count} arrays of the cpu target")
        return 0
    if arguments.section is not None:
        return _run_one(arguments)
    if not 0 < arguments.budget < 1e6:
        raise ModelError(f"The budget must be a positive number, not {arguments.budget}.")
    if arguments.expect is not None:
        read_expected(arguments.expect)  # complains now and not in a section
    make_folder(arguments.out)
    outcomes = _run_all(arguments)
    write_json(arguments.out / "summary.json", [asdict(outcome) for outcome in outcomes])
    print(summary(outcomes))
    return 1 if any(outcome.is_bad for outcome in outcomes) else 0


def _run_all(arguments: argparse.Namespace) -> list[Outcome]:
    """Run the sections in their order; what one leaves of its time, later ones have."""
    chosen = [s for s in SECTIONS if arguments.only is None or s.name in arguments.only]
    passed = ["--emulate"] if arguments.emulate else []
    if arguments.expect is not None:
        passed += ["--expect", str(arguments.expect)]
    end = time.monotonic() + arguments.budget
    outcomes = []
    for place, section in enumerate(chosen):
        left = max(0.0, end - time.monotonic())
        seconds = left * section.share / sum(other.share for other in chosen[place:])
        print(f"{section.name}: {section.summary} (at most {seconds:.0f} s)", file=sys.stderr)
        outcomes.append(run_section(section.name, arguments.out, passed, seconds))
    return outcomes


def _run_one(arguments: argparse.Namespace) -> int:
    """Run one section in this process; its report says what is wrong."""
    name, deadline = arguments.section, time.monotonic() + arguments.seconds
    report = Report(name, arguments.out / f"{name}.json", deadline)
    report.write()
    section = next(section for section in SECTIONS if section.name == name)
    try:
        section.run(Setting(report, arguments.emulate, arguments.expect))
    except Exception as error:  # whatever it is, the report says it in a line
        if not isinstance(error, SimgenError):
            traceback.print_exc()
        report.fail(first_line(error))
    report.write()
    return 0


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return a table with one line for each section."""
    lines = [f"{'section':13} {'result':9} {'seconds':>7}  what"]
    for outcome in outcomes:
        message = outcome.message.replace("\n", " ")
        lines.append(
            f"{outcome.section:13} {outcome.status:9} {outcome.seconds:7.1f}  {message}".rstrip()
        )
    return "\n".join(lines)


COMMAND = Command("gpu-check", "check and measure everything on a GPU", _run, _add_arguments)
