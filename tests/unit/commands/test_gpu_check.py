"""``gpu-check``: sections in processes of their own, their reports, the summary and its status."""

from __future__ import annotations

import json
import sys
import time
from functools import partial

import numpy as np
import pytest

import simgen
from simgen import __main__ as program
from simgen.commands import gpu_check
from simgen.commands.check import exact, first_day, models, processes, speed, units
from simgen.commands.check.processes import Outcome, run_section
from simgen.commands.check.report import Report, SkippedPartError, write_json
from simgen.commands.check.sections import NAMES
from simgen.commands.check.setting import Setting
from simgen.commands.workloads import microcircuit
from simgen.errors import ModelError, NumericalError
from simgen.targets.cuda.emulate import open_emulated


@pytest.fixture(autouse=True)
def plain_device():
    yield
    simgen.set_device("auto", dtype="float64")
    simgen.start_scope()


@pytest.fixture
def report(tmp_path):
    return Report("exact", tmp_path / "exact.json", time.monotonic() + 1000)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


# --- reports --------------------------------------------------------------------------------------


def test_a_report_is_written_after_each_part(report, capsys):
    def leave_out():
        raise SkippedPartError("no room")

    def fail():
        raise NumericalError("v differs\nby much")

    assert report.part("first", lambda: {"x": np.float64(1.5), "y": np.arange(2)})
    assert read(report.path)["status"] == "ok"
    assert not report.part("second", leave_out)
    report.note("all was well")
    assert read(report.path)["message"] == "1 of 2; second: no room; all was well"
    assert not report.part("third", fail)
    found = read(report.path)
    assert (found["section"], found["status"]) == ("exact", "failed")
    assert found["message"] == "1 of 3; third: NumericalError: v differs"
    states = [(part["name"], part["status"]) for part in found["parts"]]
    assert states == [("first", "ok"), ("second", "skipped"), ("third", "failed")]
    assert found["parts"][0]["values"] == {"x": 1.5, "y": [0, 1]}
    assert found["parts"][2]["error"] == "v differs\nby much"
    assert "Traceback" not in capsys.readouterr().err


def test_an_unexpected_error_is_one_line_of_the_report_and_a_traceback_of_the_log(report, capsys):
    report.part("broken", lambda: {"x": 1 / 0})
    assert report.message == "broken: ZeroDivisionError: division by zero"
    assert "Traceback" in capsys.readouterr().err


def test_parts_after_the_deadline_are_left_out(report):
    report.deadline = time.monotonic() - 1
    assert not report.part("late", lambda: {})
    assert (report.status, report.message) == ("skipped", "late: no time was left")


def test_a_report_that_cannot_be_written_leaves_the_former_one(tmp_path):
    path = tmp_path / "report.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError, match="cannot hold"):
        write_json(path, {"a": object()})
    assert read(path) == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


# --- processes ------------------------------------------------------------------------------------


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Let a shell script stand for the process of a section."""

    def choose(text):
        script = tmp_path / "child"
        script.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        script.chmod(0o700)
        monkeypatch.setattr(processes.sys, "executable", str(script))

    return choose


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("kill -SEGV $$", "failed", "its process ended by SIGSEGV; see smoke.log"),
        ("exit 3", "failed", "its process ended with status 3; see smoke.log"),
        ("exit 0", "failed", "it did not begin"),
    ],
)
def test_a_section_that_dies_is_reported(child, tmp_path, text, status, message):
    child(text)
    outcome = run_section("smoke", tmp_path, [], 30)
    assert (outcome.status, outcome.message) == (status, message)
    assert read(tmp_path / "smoke.json")["message"] == message


def test_a_section_that_hangs_is_ended_with_all_it_started_and_keeps_what_it_found(
    child, tmp_path, monkeypatch
):
    found = {"section": "smoke", "status": "ok", "message": "", "parts": [{"name": "device"}]}
    write_json(tmp_path / "found.json", found)
    child(f"cp {tmp_path}/found.json {tmp_path}/smoke.json; echo heard; sleep 300 & wait")
    monkeypatch.setattr(processes, "GRACE", 1.5)
    outcome = run_section("smoke", tmp_path, [], 0.5)
    assert outcome.status == "timed out"
    assert outcome.message == "it was ended after 2 s; the last part done was device"
    assert read(tmp_path / "smoke.json")["parts"] == [{"name": "device"}]
    assert (tmp_path / "smoke.log").read_text(encoding="utf-8") == "heard\n"


# --- the command ----------------------------------------------------------------------------------


def test_sections_share_the_budget_and_the_worst_decides(tmp_path, monkeypatch, capsys):
    asked = []
    states = {"exact": "failed", "replay": "skipped", "speed": "timed out"}

    def run(name, out, arguments, seconds):
        asked.append((name, arguments, round(seconds)))
        return Outcome(name, states.get(name, "ok"), 1.0, f"about {name}\nand more")

    monkeypatch.setattr(gpu_check, "run_section", run)
    out = tmp_path / "new" / "folder"
    assert program.main(["gpu-check", "--out", str(out), "--emulate", "--budget", "910"]) == 1
    assert [name for name, *_ in asked] == list(NAMES)
    assert all(arguments == ["--emulate"] for _, arguments, _ in asked)
    assert [seconds for *_, seconds in asked][:2] == [20, 31]  # nothing was used up before
    assert asked[-1][2] == 910
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "smoke         ok            1.0  about smoke and more"
    assert lines[3] == "exact         failed        1.0  about exact and more"
    assert len(lines) == 1 + len(NAMES)
    assert [entry["section"] for entry in read(out / "summary.json")] == list(NAMES)
    only = ["--only", "smoke", "--only", "replay"]
    assert program.main(["gpu-check", "--out", str(out), *only]) == 0
    assert program.main(["gpu-check", "--out", str(out), "--only", "speed"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "ModelError: gpu-check needs --out DIR, or --expect FILE alone to write FILE."),
        (["--out", "OUT", "--budget", "0"], "ModelError: The budget must be a positive number"),
        (["--out", "OUT", "--expect", "absent.npz"], "ModelError: 'absent.npz' has no expected"),
        (["--out", "OUT/file/below"], "ModelError: The folder"),
    ],
)
def test_mistakes_are_explained(tmp_path, arguments, message, capsys):
    (tmp_path / "file").write_text("")
    arguments = [word.replace("OUT", str(tmp_path)) for word in arguments]
    assert program.main(["gpu-check", *arguments]) == 1
    assert capsys.readouterr().err.startswith(message)


def test_without_a_gpu_each_section_says_so_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    only = ["--only", "smoke", "--only", "speed"]
    assert program.main(["gpu-check", "--out", str(tmp_path), *only]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(
        "failed" in line and "DeviceError: The device 'cuda' needs" in line for line in lines[1:]
    )
    assert "Traceback" not in (tmp_path / "smoke.log").read_text(encoding="utf-8")


@pytest.mark.compiler
def test_sections_run_on_the_emulated_device(tmp_path, capsys):
    only = ["--only", "smoke", "--only", "first-day"]
    assert program.main(["gpu-check", "--out", str(tmp_path), "--emulate", *only]) == 0
    assert "first-day     ok" in capsys.readouterr().out
    assert read(tmp_path / "smoke.json")["parts"][0]["values"]["GPU"] == "emulated CUDA device"


@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.timeout(600)
def test_everything_runs_on_the_emulated_device(tmp_path, capsys):
    expected, out = tmp_path / "expected.npz", tmp_path / "out"
    assert program.main(["gpu-check", "--expect", str(expected)]) == 0
    arguments = ["--out", str(out), "--emulate", "--expect", str(expected)]
    status = program.main(["gpu-check", *arguments])
    printed = capsys.readouterr().out
    assert status == 0, printed
    assert [line.split()[:2] for line in printed.splitlines()[2:]] == [[n, "ok"] for n in NAMES]
    for name, least in (("exact", 7), ("replay", 2)):
        parts = read(out / f"{name}.json")["parts"]
        assert len(parts) >= least
        assert all(part["values"]["deviation from the file"] < 1e-12 for part in parts)
    launches = read(out / "speed.json")["parts"][0]["values"]["launches"]
    assert all(microseconds > 0 for microseconds in launches.values())
    found = read(out / "microcircuit.json")["parts"][0]["values"]
    assert found["rates (Hz)"].keys() == found["published rates (Hz)"].keys()


# --- what sections compare ------------------------------------------------------------------------


class Checked(Setting):
    """A setting whose device reports races and wrong accesses."""

    def device(self):
        return open_emulated(order="shuffled", seed=3, check=True)


@pytest.mark.compiler
@pytest.mark.parametrize("section", [units, first_day], ids=["units", "first_day"])
def test_kernels_of_sections_have_no_races(report, section):
    section.run(Checked(report, emulate=True))
    assert report.status == "ok", report.message


@pytest.mark.compiler
def test_a_wrong_kernel_is_found(report, monkeypatch):
    monkeypatch.setattr(units, "FUNCTIONS", ("exp", "expm1", "exprel", "recip_exprel", "log2"))
    monkeypatch.setattr(units, "KEY", 5)
    monkeypatch.setattr(
        units, "counters_at_synapses", lambda i, j, *rest: units.philox_swapped(i, j)
    )
    monkeypatch.setattr(
        units,
        "philox_swapped",
        lambda i, j: units.counters_at_elements(i, 0, 0, np.float64),
        raising=False,
    )
    units.run(Setting(report, emulate=True))
    wrong = [part["name"] for part in report.parts if part["status"] == "failed"]
    assert wrong == ["synaptic draws", "functions, float64", "functions, float32"]
    assert "log2 differs at" in report.parts[-2]["message"]


def test_values_are_compared_as_their_kind_asks():
    found = {"spikes.step": np.array([3.0, 5.0]), "v": np.array([0.5, np.inf]), "n": np.arange(3)}
    assert exact.compare(found, found) == 0
    near = {**found, "v": np.array([0.5 + 1e-13, np.inf])}
    assert 0 < exact.compare(near, found) < 1e-12
    for name, values in (
        ("v", [0.5 + 1e-11, np.inf]),
        ("v", [0.5, np.nan]),
        ("v", [0.5, -np.inf]),
        ("spikes.step", [3.0, 6.0]),
        ("n", [0, 1, 3]),
    ):
        with pytest.raises(NumericalError, match=rf"^{name}\[\d\] is .* instead of"):
            exact.compare({**found, name: np.array(values)}, found)
    with pytest.raises(NumericalError, match="shape"):
        exact.compare({**found, "n": np.arange(4)}, found)
    with pytest.raises(NumericalError, match="on one side"):
        exact.compare({"v": found["v"]}, found)


@pytest.mark.compiler
def test_expected_arrays_are_written_read_and_missed(report, tmp_path, monkeypatch):
    path = tmp_path / "expected"
    monkeypatch.setattr(exact, "MODELS", (models.neurons,))
    assert exact.write_expected(path) == 4
    simgen.defaultclock.dt = 0.2 * simgen.ms  # what a script did before makes no difference
    exact.run(Setting(report, emulate=True, expect=path))
    assert report.status == "ok", report.message
    assert report.parts[0]["values"]["deviation from the file"] == 0
    monkeypatch.setattr(exact, "MODELS", (models.parts,))
    exact.run(Setting(report, emulate=True, expect=path))
    assert report.message.endswith("knows no model 'parts'; write it anew")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ModelError, match="has no expected arrays"):
        exact.read_expected(path)


@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.parametrize("model", models.MODELS, ids=lambda model: model.__name__)
def test_models_agree_on_all_targets_and_spike(model):
    expected = exact.reference_results(model)
    assert max(values.size for name, values in expected.items() if name.endswith("i")) > 10
    for options in (
        {"device": "cpu"},
        {"device": "cuda", "emulate": True},
        {"device": "cuda", "emulate": True, "deterministic": True},
    ):
        found = exact.results_of(model, partial(simgen.set_device, **options))
        assert exact.compare(found, expected) < 1e-12


def test_models_have_names_of_their_own_and_say_what_they_try():
    names = [model.__name__ for model in models.MODELS]
    assert len(names) == len(set(names)) > 20
    assert all(model.__doc__ for model in models.MODELS)


def test_large_networks_are_not_begun_where_they_cannot_be_made(report, monkeypatch):
    pace, setting = speed.Pace(), Setting(report)
    report.deadline = time.monotonic() + 100
    pace.require(setting, 10**7)
    pace.note(10**7, 50.0)
    with pytest.raises(SkippedPartError, match="about 150 s, and 100 s are left"):
        pace.require(setting, 3 * 10**7)
    monkeypatch.setattr(speed, "has_compiler", lambda: False)
    with pytest.raises(SkippedPartError, match=r"without a C\+\+ compiler, 10,000,000 synapses"):
        pace.require(setting, 10**7)


def test_the_microcircuit_has_the_published_number_of_synapses():
    found = int(np.round(microcircuit.synapse_counts()).sum())
    assert abs(found - 298_880_968) < 5  # published as computed, with a logarithm less exact


def test_the_command_starts_this_interpreter():
    assert processes.sys.executable == sys.executable
