"""Programs of several threads under ThreadSanitizer: no thread touches what another writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simgen.__main__ import main
from simgen.commands.check.models import MODELS
from simgen.commands.fuzz.models import Model
from simgen.commands.fuzz.races import explained, races_of, watched_environment

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))
BEGIN = """
import runpy, sys
import simgen
simgen.set_device("cpu", threads=int(sys.argv[1]), compiler_flags=("-O1",))
"""
CHECKED = """
from simgen.commands.check import models
getattr(models, sys.argv[2])()
"""
EXAMPLE = """
from simgen import Network
whole, ran = Network._run, []

def begun(self, length, *arguments):
    whole(self, min(length, 3e-3), *arguments)
    ran.append(self)

Network._run = begun
sys.argv = [sys.argv[2], "--short", "--out", sys.argv[3]]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except Exception as error:  # it makes something of what has not run to its end
    print(error)
assert ran
"""


def found(folder, code, *arguments):
    """Return what is found in a process that runs some code."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BEGIN + code, *map(str, arguments)],
        env={**watched_environment(folder), "MPLBACKEND": "Agg"},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    reports = "".join(path.read_text() for path in folder.glob("races.*"))
    return list(explained(reports))


COUNTED = (
    "@implementation('cpp', 'static double n; double counted(double x) { n += 1; return x; }')\n"
    "@check_units(x=1, result=1)\n"
    "def counted(x): return x",
    "G = NeuronGroup(200, 'dv/dt = (1.5 - counted(v))/(3*ms) : 1', method='euler')",
    "net = Network(G)",
    "net.run(0.2*ms)",
)


@pytest.mark.slow
@pytest.mark.compiler
def test_a_race_is_found_with_the_object_and_the_line():
    told = races_of(Model(COUNTED))
    assert told.startswith("data race: ")
    assert "k_neurongroup_stateupdater program.cpp:" in told
    assert "main thread" in told


REPORT = """==================
WARNING: ThreadSanitizer: data race (pid=7)
  Write of size 8 at 0x7b0400000800 by thread T2:
    #0 sg_visit(double*) /src/cpu/walk.h:35 (0f.so+0x12ca)
    #1 k_deliver /tmp/simgen-compile-x/program.cpp:4 (0f.so+0x13bf)

  Previous read of size 8 at 0x7b0400000800 by main thread:
    #0 k_update /tmp/simgen-compile-x/program.cpp:7 (0f.so+0x12d8)

SUMMARY: ThreadSanitizer: data race /src/cpu/walk.h:35 in sg_visit
==================
"""
PROGRAM = """void k_deliver() {
  // [on_pre of Synapses 'S': v_post += w]
  one();
  sg_visit(v);
}
void k_update() {
  x += v[i];
}
"""


def test_a_report_tells_what_both_threads_do(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMGEN_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir(mode=0o700)
    (tmp_path / "cache" / "0f.cpp").write_text(PROGRAM)
    os.chmod(tmp_path / "cache" / "0f.cpp", 0o600)
    assert list(explained(REPORT)) == [
        "data race: Write of size 8 by thread T2 in sg_visit(double*) walk.h:35, called in "
        "k_deliver program.cpp:4 `sg_visit(v);`, from on_pre of Synapses 'S': v_post += w; "
        "Previous read of size 8 by main thread in k_update program.cpp:7 `x += v[i];`"
    ]
    assert list(explained("")) == []
    (unknown,) = explained("WARNING: ThreadSanitizer: lock-order-inversion (pid=7)\n  what\n")
    assert unknown.startswith("lock-order-inversion: ")


@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.parametrize("model", [model.__name__ for model in MODELS])
def test_models_of_every_feature_have_no_races(model, tmp_path):
    assert found(tmp_path, CHECKED, 4, model) == []


@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_have_no_races(name, tmp_path):
    path = ROOT / "examples" / f"{name}.py"
    assert found(tmp_path, EXAMPLE, 3, path, tmp_path / "figure.png") == []


@pytest.mark.slow
@pytest.mark.compiler
def test_random_models_have_no_races(capfd):
    arguments = ["--only", "races", "--seed", "1", "--count", "5", "--minutes", "60"]
    status = main(["fuzz", *arguments])
    told = capfd.readouterr().out
    assert status == 0, told
    assert told.splitlines()[-1].split() == ["races", "5", "0", "0"]
