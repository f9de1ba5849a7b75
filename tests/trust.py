"""Make the table of ``docs/trust.md``: ``python tests/trust.py --work DIR [--minutes N]``.

What DIR lacks is run first: ``fuzz``, ``sanitized`` and ``races`` (N minutes each), the faults, the
bad inputs, and the mutants of the generator. What is there is taken as it is, with its own commit.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "trust.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"
COUNTED = {  # by kind of what `simgen fuzz` tries
    "targets": ("random models compared on several targets, bit by bit", "models"),
    "properties": ("properties of random networks", "networks"),
    "parser": ("random and damaged texts", "texts"),
    "sanitized": ("random models under address and undefined-behaviour sanitizers", "models"),
    "races": ("random models on 2, 3 and 4 threads under the thread sanitizer", "models"),
}


def run_missing(work: Path, minutes: float) -> None:
    """Run what has left no results in ``work``."""
    python = [sys.executable, "-m"]
    fuzz = [*python, "simgen", "fuzz", "--minutes", str(minutes)]
    pytest = [*python, "pytest", "-q", "-m", "slow or not slow"]
    steps: dict[str, Sequence[str]] = {
        "fuzz": [*fuzz, "--out", str(work / "fuzz")],
        "sanitized": [*fuzz, "--only", "sanitized", "--out", str(work / "sanitized")],
        "races": [*fuzz, "--only", "races", "--out", str(work / "races")],
        "races.xml": [
            *pytest,
            f"--junit-xml={work / 'races.xml'}",
            "tests/differential/test_races.py",
        ],
        "faults.xml": [*pytest, f"--junit-xml={work / 'faults.xml'}", "tests/faults"],
        "errors.xml": [*pytest, f"--junit-xml={work / 'errors.xml'}", "tests/errors"],
        "mutants.json": [
            *(sys.executable, "tests/mutation/run.py", "--out", str(work / "mutants.json"))
        ],
    }
    for name, command in steps.items():
        if not (work / name).exists():
            print(f"{name}: {' '.join(command)}", file=sys.stderr)
            subprocess.run(command, cwd=ROOT, check=False)  # failures are in the results
            (work / f"{name}.commit").write_text(present_commit(), encoding="utf-8")


def present_commit() -> str:
    """Return the short name of the commit that is checked out."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def fuzz_rows(folder: Path) -> list[list[str]]:
    """Return rows for what the fuzz command has tried, all summaries of a folder together."""
    reports = [json.loads(path.read_text()) for path in sorted(folder.glob("summary-*.json"))]
    rows = []
    for kind, (what, unit) in COUNTED.items():
        tried = sum(report["tried"].get(kind, 0) for report in reports)
        refused = sum(report["refused"].get(kind, 0) for report in reports)
        findings = [f for report in reports for f in report["findings"] if f["kind"] == kind]
        if tried:
            told = f"{tried:,} {unit}" + (
                f", {refused:,} of them refused by all" if refused else ""
            )
            rows.append([what, told, f"{len(findings)} found wrong"])
    return rows


def test_rows(what: str, path: Path) -> list[list[str]]:
    """Return a row for the tests of a report of pytest."""
    suite = ElementTree.parse(path).getroot().find("testsuite")
    assert suite is not None
    count, wrong = int(suite.get("tests", 0)), 0
    wrong = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    return [[what, f"{count:,} tests", f"{wrong} failed"]]


def mutant_rows(path: Path) -> list[list[str]]:
    """Return a row for the mutants, and one for each that survives."""
    results: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    caught = sum(bool(result["caught"]) for result in results)
    total = len(
        re.findall(r"^    Mutant\(", (ROOT / "tests/mutation/mutants.py").read_text(), re.M)
    )
    rows = [["mutants of the generator", f"{len(results)} of {total} tried", f"{caught} caught"]]
    for result in results:
        if not result["caught"]:
            reason = result["survives"] or "no reason known: a test is missing"
            rows.append(["survivor", f"`{result['file']}`: {result['why']}", reason])
    return rows


def table(work: Path) -> str:
    """Return the table of all results in ``work``."""
    lines = ["| what | how much | result | date | commit |", "| --- | --- | --- | --- | --- |"]
    parts = {
        "fuzz": lambda: fuzz_rows(work / "fuzz"),
        "sanitized": lambda: fuzz_rows(work / "sanitized"),
        "races": lambda: fuzz_rows(work / "races"),
        "races.xml": lambda: test_rows(
            "examples and models of every feature under the thread sanitizer", work / "races.xml"
        ),
        "faults.xml": lambda: test_rows("injected faults", work / "faults.xml"),
        "errors.xml": lambda: test_rows(
            "bad inputs and the messages for them", work / "errors.xml"
        ),
        "mutants.json": lambda: mutant_rows(work / "mutants.json"),
    }
    for name, rows in parts.items():
        if not (work / name).exists():
            continue
        seconds = (work / name).stat().st_mtime
        day = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).date().isoformat()
        commit = (work / f"{name}.commit").read_text(encoding="utf-8").strip()
        lines += [f"| {' | '.join([*row, day, commit])} |" for row in rows()]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run what is missing and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="where the results are kept")
    parser.add_argument("--minutes", type=float, default=30.0, help="of each run of the fuzzer")
    parser.add_argument("--as-is", action="store_true", help="run nothing")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if not arguments.as_is:
        run_missing(arguments.work, arguments.minutes)
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    made = f"{before}{BEGIN}{table(arguments.work)}{END}{after}"
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
