"""Try the mutants: ``python tests/mutation/run.py [--out FILE] [--only NUMBER ...]``.

Each is made in a copy of the sources, with tests until one fails; the report says which survive.
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
from pathlib import Path

from mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("simgen", "templates", "cuda_kernels", "tests", ".pytest.ini")
LIMIT = 600  # seconds for the tests of one mutant; one that hangs is caught, too
TESTS = (  # the quickest that see most come first
    "tests/unit/ir",
    "tests/unit/connect",
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


def try_one(mutant: Mutant | None, folder: Path) -> dict[str, object]:
    """Return whether a test failed, which one, and how long it took; no mutant changes nothing."""
    root = folder / "copy"
    root.mkdir()
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, root / name)
    mutant = Mutant("", "", "", "nothing") if mutant is None else mutant
    if mutant.file:
        apply(mutant, root)
    begin = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *TESTS]
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=LIMIT
        )
        status, told = done.returncode, done.stdout
    except subprocess.TimeoutExpired:
        status, told = 1, "FAILED (did not end)"
    finally:
        shutil.rmtree(root)
    failed = [line for line in told.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return {
        "file": mutant.file,
        "why": mutant.why,
        "caught": status != 0,
        "by": failed[0].split(" - ")[0] if failed else f"status {status}",
        "seconds": round(time.monotonic() - begin, 1),
        "survives": mutant.survives,
    }


def main() -> int:
    """Try the mutants and return 1 if one survives without a reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="where the results go, as JSON")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of mutants")
    arguments = parser.parse_args()
    chosen = range(len(MUTANTS)) if arguments.only is None else arguments.only
    results = []
    with tempfile.TemporaryDirectory() as name:
        if (found := try_one(None, Path(name)))["caught"]:
            sys.exit(f"the tests fail without any mutant: {found['by']}")
        for number in chosen:
            result = try_one(MUTANTS[number], Path(name))
            results.append({"number": number, **result})
            state = "caught" if result["caught"] else "SURVIVED"
            print(f"{number:3} {state:8} {result['why']}: {result['by']}", flush=True)
            if arguments.out is not None:
                arguments.out.write_text(json.dumps(results, indent=1), encoding="utf-8")
    caught = sum(bool(result["caught"]) for result in results)
    print(f"{caught} of {len(results)} caught")
    return int(any(not result["caught"] and not result["survives"] for result in results))


if __name__ == "__main__":
    sys.exit(main())
