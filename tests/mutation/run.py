"""Try the mutants: ``python tests/mutation/run.py [--out FILE] [--only NUMBER ...]``.

Each is made in a copy of the sources, with tests until one fails; the report says which survive.
One with which the tests take five times as long as without is caught, too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("simgen", "templates", "cuda_kernels", "tests", ".pytest.ini")
TESTS = (  # the quickest that see most come first
    "tests/unit/ir",
    "tests/unit/connect",
    "tests/unit/passes",
    "tests/unit/targets",
    "tests/differential/test_found_faults.py",
    "tests/numerics/test_delays.py",
    "tests/numerics/test_pathway_delays.py",
    "tests/numerics/test_synapse_order.py",
    "tests/numerics/test_element_sums.py",
    "tests/numerics/test_carried_spikes.py",
    "tests/numerics/test_inputs.py",
    "tests/kernels/test_portable_math.py",
    "tests/differential/test_properties.py",
    "tests/differential/test_merging.py",
)


def apply(mutant: Mutant, root: Path) -> None:
    """Change the copy; raises ValueError unless the text occurs exactly once."""
    path = root / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.text) != 1:
        raise ValueError(f"{mutant.file} has {text.count(mutant.text)} times {mutant.text!r}")
    path.write_text(text.replace(mutant.text, mutant.replacement), encoding="utf-8")


def failure(mutant: Mutant | None, folder: Path, tests: Sequence[str], limit: float | None) -> str:
    """Return which of the tests fails first with a mutant (None: without one), or nothing."""
    root = folder / "copy"
    root.mkdir()
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, root / name)
    if mutant is not None:
        apply(mutant, root)
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return "a test that does not end"
    finally:
        shutil.rmtree(root)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if done.returncode and not failed:
        return f"status {done.returncode}"
    return failed[0].split(" - ")[0] if failed else ""


class Trials:
    """Tries mutants with tests that pass without one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seconds: dict[tuple[str, ...], float] = {}

    def _limit(self, tests: tuple[str, ...]) -> float:
        """Return the seconds after which tests hang; ends the program if they fail unchanged."""
        if tests not in self._seconds:
            begin = time.monotonic()
            if found := failure(None, self._folder, tests, None):
                sys.exit(f"the tests fail without any mutant: {found}")
            self._seconds[tests] = time.monotonic() - begin
        return 60 + 5 * self._seconds[tests]

    def seen_by(self, mutant: Mutant) -> str:
        """Return the test that a mutant fails, or nothing: its own are tried first, then all."""
        for tests in ((mutant.seen_by,), TESTS):
            if found := failure(mutant, self._folder, tests, self._limit(tests)):
                return found
        return ""


def main() -> int:
    """Try the mutants and return 1 if one survives without a reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="where the results go, as JSON")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of mutants")
    arguments = parser.parse_args()
    chosen = range(len(MUTANTS)) if arguments.only is None else arguments.only
    results: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        trials = Trials(Path(name))
        for number in chosen:
            mutant, begin = MUTANTS[number], time.monotonic()
            by = trials.seen_by(mutant)
            results.append(
                {
                    "number": number,
                    "file": mutant.file,
                    "why": mutant.why,
                    "caught": bool(by),
                    "by": by,
                    "seconds": round(time.monotonic() - begin, 1),
                    "survives": mutant.survives,
                }
            )
            print(f"{number:3} {'caught' if by else 'SURVIVED':8} {mutant.why}: {by}", flush=True)
            if arguments.out is not None:
                arguments.out.write_text(json.dumps(results, indent=1), encoding="utf-8")
    caught = sum(bool(result["caught"]) for result in results)
    print(f"{caught} of {len(results)} caught")
    return int(any(not result["caught"] and not result["survives"] for result in results))


if __name__ == "__main__":
    sys.exit(main())
