"""``python -m simgen fuzz``: random models on all targets, their properties, and random texts."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simgen.commands.base import Command, make_folder
from simgen.commands.fuzz.parser import check_parser
from simgen.commands.fuzz.properties import check_properties
from simgen.commands.fuzz.races import check_races, watched_environment
from simgen.commands.fuzz.sanitized import MEMORY, check_sanitized, environment
from simgen.commands.fuzz.targets import check_targets
from simgen.commands.fuzz.worker import Check, Tally, command_of, plan, watch, work
from simgen.errors import ModelError

SANITIZED, RACES = "sanitized", "races"
OF_THEIR_OWN: dict[
    str, Callable[[Path], dict[str, str]]
] = {  # variables of the processes they need
    SANITIZED: lambda folder: environment(MEMORY),
    RACES: watched_environment,
}
CHECKS: dict[str, Check] = {
    "targets": check_targets,
    "properties": check_properties,
    "parser": check_parser,
    SANITIZED: check_sanitized,
    RACES: check_races,
}
SHARES = {
    "targets": 6,
    "properties": 3,
    "parser": 1,
    SANITIZED: 1,
    RACES: 1,
}  # of things, not of time


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (1 by default)")
    parser.add_argument("--seed", type=int, help="of what is tried; told if it is not given")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where scripts of findings go")
    parser.add_argument(
        "--only", action="append", choices=tuple(CHECKS), help="may be given several times"
    )
    parser.add_argument("--first", type=int, default=0, help="the number of the first thing")
    parser.add_argument("--count", type=int, help="how many things at most")
    parser.add_argument("--work", type=int, metavar="NUMBER", help=argparse.SUPPRESS)


def _run(arguments: argparse.Namespace) -> int:
    chosen = arguments.only or [kind for kind in CHECKS if kind not in OF_THEIR_OWN]
    kinds = [kind for kind in CHECKS if kind in chosen]
    special = next((kind for kind in kinds if kind in OF_THEIR_OWN), None)
    if special is not None and len(kinds) > 1:
        raise ModelError(f"'{special}' models run in processes of their own: give --only once.")
    seed = secrets.randbits(24) if arguments.seed is None else arguments.seed
    if not 0 <= seed < 1 << 31:
        raise ModelError(f"The seed must lie between 0 and 2**31 - 1, not {seed}.")
    if not 0 < arguments.minutes < 1e6:
        raise ModelError(f"The minutes must be a positive number, not {arguments.minutes}.")
    if arguments.first < 0:
        raise ModelError(f"The number of the first thing cannot be {arguments.first}.")
    if arguments.count is not None and arguments.count < 1:
        raise ModelError(f"There must be at least 1 thing to try, not {arguments.count}.")
    if arguments.work is not None:
        work(CHECKS, plan(kinds, SHARES), seed, arguments.work)
        return 0
    if arguments.out is not None:
        make_folder(arguments.out)
    print(f"seed {seed}: {', '.join(kinds)} for {arguments.minutes:g} minutes", flush=True)
    only = [word for kind in kinds for word in ("--only", kind)]
    command = command_of(["fuzz", "--seed", str(seed), *only, "--work"])

    def tell(finding: dict[str, Any]) -> None:
        _tell(finding, arguments.out)

    begin = time.time()
    last = None if arguments.count is None else arguments.first + arguments.count - 1
    seconds = 60 * arguments.minutes
    with tempfile.TemporaryDirectory(prefix="simgen-fuzz-") as folder:
        variables = dict(os.environ) if special is None else OF_THEIR_OWN[special](Path(folder))
        tally = watch(command, arguments.first, seconds, tell, last=last, variables=variables)
    print(summary(tally))
    if arguments.out is not None:
        _write(tally, seed, begin, arguments.out / f"summary-{seed}-{arguments.first}.json")
    return 1 if tally.findings else 0


def _tell(finding: dict[str, Any], out: Path | None) -> None:
    """Print a finding, and keep its script."""
    print(f"{finding['kind']} {finding['seed']}: {finding['text']}", flush=True)
    if not finding["script"]:
        return
    if out is not None:
        path = out / f"{finding['kind']}_{finding['seed']}.py"
        try:
            path.write_text(finding["script"], encoding="utf-8")
        except OSError as error:  # what was found stays found
            print(f"{path} cannot be written: {error.strerror}", flush=True)
        else:
            print(f"see {path}", flush=True)
            return
    print(finding["script"], flush=True)


def summary(tally: Tally) -> str:
    """Return a table with one line for each kind."""
    lines = [f"{'kind':12} {'tried':>9} {'refused':>9} {'found':>6}"]
    for kind in sorted(tally.tried):
        found = sum(finding["kind"] == kind for finding in tally.findings)
        lines.append(f"{kind:12} {tally.tried[kind]:9} {tally.refused[kind]:9} {found:6}")
    return "\n".join(lines)


def _write(tally: Tally, seed: int, begin: float, path: Path) -> None:
    day = datetime.datetime.fromtimestamp(begin, datetime.timezone.utc)
    report = {
        "seed": seed,
        "date": day.date().isoformat(),
        "minutes": round((time.time() - begin) / 60, 1),
        "tried": dict(tally.tried),
        "refused": dict(tally.refused),
        "reasons": dict(tally.reasons),
        "findings": tally.findings,
    }
    try:
        path.write_text(json.dumps(report, indent=1), encoding="utf-8")
    except OSError as error:
        raise ModelError(f"The summary {path} cannot be written: {error.strerror}.") from None


COMMAND = Command("fuzz", "compare random models on all targets", _run, _add_arguments)
