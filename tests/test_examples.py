"""Every example runs as a user runs it, draws its figure and prints a number in its band."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
BANDS: dict[str, dict[str, tuple[float, float]]] = {
    # what the example prints before the number: lowest and highest value with --short
    "adex": {"largest deviation of a spike time": (0, 0.15)},  # ms; a step is 0.02 ms
    "brunel_delays": {"mean rate": (40.5, 46)},  # mean-field theory: 43.2
    "coba": {"mean rate": (18.5, 25)},
    "cobahh": {"mean rate": (27, 44)},
    "cuba": {"mean rate": (4.9, 6.3)},
    "gain": {"largest deviation from theory:": (0, 4)},  # %; 2 come from the step width
    "izhikevich": {"mean rate": (6.5, 10), "gamma peak at": (20, 60)},
    # over ten seeds it was 1.6 to 4.7, the largest of 24 measures each time
    "microcircuit": {"farthest from the reference:": (0, 6)},
    "rewiring": {
        "correlated inputs at the start:": (45, 55),
        "correlated inputs at the end:": (65, 85),  # 92 after 200 s
        "fewest inputs of a neuron:": (100, 100),
        "most:": (100, 100),
    },
    "stdp": {"output rate in the last 5 s:": (15, 40), "weights within 20 % of a bound:": (50, 90)},
    "stp": {"steady-state release: largest relative error": (0, 1e-3)},
    "synfire": {
        "spikes of the last pool after 100:": (90, 115),
        "spikes of the last pool after 40:": (0, 25),
    },
}
# the others are too large, or have a smaller version in tests/ported
EMULATED = ("adex", "coba", "cobahh", "cuba", "izhikevich")
ON_EMULATED_GPU = """
import runpy, sys
import simgen
simgen.set_device("cuda", emulate=True)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
SLOW = {"brunel_delays", "cobahh", "microcircuit", "rewiring", "stdp"}
NUMBER = r"\s*(-?\d+(?:\.\d+)?(?:e[-+]\d+)?)"

pytestmark = [pytest.mark.compiler, pytest.mark.timeout(600)]


def python(*arguments: object, cwd: Path) -> str:
    """Run this Python in ``cwd`` and return what it printed."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "MPLBACKEND": "Agg"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search(r"^(NeuronGroup|Synapses) '", done.stderr, re.M), done.stderr  # a warning
    return done.stdout


def check_example(name: str, command: list[object], folder: Path) -> None:
    """Run an example in an empty folder; fail unless its numbers are in their bands."""
    pytest.importorskip("matplotlib")
    figure = folder / "figure.png"
    printed = python(*command, "--short", "--out", figure, cwd=folder)
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in folder.iterdir()] == ["figure.png"]
    for words, (low, high) in BANDS[name].items():
        found = re.search(re.escape(words) + NUMBER, printed)
        assert found, f"'{words}' is missing in:\n{printed}"
        assert low <= float(found[1]) <= high, printed


def scripts() -> list[Path]:
    return sorted(EXAMPLES.glob("*.py"))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in sorted(BANDS)]
)
def test_an_example_draws_its_figure_and_meets_its_band(name: str, tmp_path: Path) -> None:
    check_example(name, [EXAMPLES / f"{name}.py"], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", EMULATED)
def test_an_example_meets_its_band_on_an_emulated_gpu(name: str, tmp_path: Path) -> None:
    check_example(name, ["-c", ON_EMULATED_GPU, EXAMPLES / f"{name}.py"], tmp_path)


def test_every_example_has_a_band() -> None:
    assert {path.stem for path in scripts()} == set(BANDS)


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_an_example_stays_short_and_says_what_it_reproduces(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 80
    assert re.search(r"\((19|20)\d\d\)", ast.get_docstring(ast.parse(text)) or "")


def test_the_benchmarks_print_a_table_and_draw_it(tmp_path: Path) -> None:
    """A small CUBA through the real commands; times are printed and decide nothing."""
    command = [EXAMPLES / "benchmarks" / "run.py", "--models", "cuba", "--repeats", "1"]
    sizes = ["--sizes", '{"neurons": 400}', "--duration", "0.1", "--json", tmp_path / "out.json"]
    printed = python(*command, *sizes, cwd=tmp_path)
    assert re.search(r"^cuba +simgen +1 ", printed, re.MULTILINE), printed
    python(EXAMPLES / "benchmarks" / "chart.py", "out.json", "chart.png", cwd=tmp_path)
    assert (tmp_path / "chart.png").stat().st_size > 5000
