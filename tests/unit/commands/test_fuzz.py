"""What ``python -m simgen fuzz`` finds where something is wrong, and what it says otherwise."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from random import Random

import pytest

from simgen.__main__ import main
from simgen.commands.fuzz import command, parser, properties, relations, sanitized, targets, worker
from simgen.commands.fuzz.models import Model, build
from simgen.commands.fuzz.relations import RELATIONS
from simgen.commands.fuzz.rewrites import with_bystanders, with_other_names
from simgen.commands.fuzz.variants import VARIANTS
from simgen.commands.fuzz.verdict import Verdict
from simgen.errors import InternalError, ModelError

REFERENCE = {"first": VARIANTS["reference"]}
OTHER = {**REFERENCE, "second": {**VARIANTS["reference"], "dtype": "float32"}}


def test_a_difference_between_targets_is_found_and_made_short(capsys):
    found = targets.check_targets(3, OTHER)
    assert "first / second" in found.text
    assert targets.check_targets(3, {**REFERENCE, "second": VARIANTS["reference"]}) == Verdict()
    names: dict[str, object] = {}
    exec(compile(found.script, "<finding>", "exec"), names)
    assert "first / second" in capsys.readouterr().out
    whole = targets.make_model(Random(3))
    assert 0 < len(names["LINES"]) < len(whole.lines) / 2


def test_a_model_that_all_refuse_is_no_difference():
    text, refused = targets.outcome(Model(("NeuronGroup(2, 'v : 2')",)), OTHER)
    assert text == ""
    assert refused.startswith("EquationError")
    text, refused = targets.outcome(Model(("1/0",)), OTHER)
    assert text.startswith("ZeroDivisionError")
    assert refused == ""


def test_models_of_one_seed_are_equal_and_variants_take_turns():
    assert targets.make_model(Random(7)) == targets.make_model(Random(7))
    names = {name for seed in range(60) for name in targets.some_variants(seed)}
    assert names >= set(VARIANTS)


RUN_TWICE = [r for r in RELATIONS if r.__name__ not in ("delay_shift", "linearity", "refinement")]


@pytest.mark.parametrize("relation", RUN_TWICE, ids=lambda relation: relation.__name__)
def test_relations_notice_what_arrives_too_often(relation, monkeypatch):
    whole, outcomes = relations.run_wiring, []

    def wrong(*arguments, **keywords):
        outcomes.append(whole(*arguments, **keywords))
        if len(outcomes) == 2 or relation is relations.conservation:
            return dataclasses.replace(outcomes[-1], n=outcomes[-1].n + 1)
        return outcomes[-1]

    monkeypatch.setattr(relations, "run_wiring", wrong)
    assert relation(Random(1)) != ""


def test_a_delay_that_is_cut_off_a_method_and_a_law_that_are_others_are_noticed(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(relations, "LENGTH", 199.5)  # the last step is taken to be outside
        patch.setattr(relations, "DT", 1.02e-4)  # 40 steps are 41
        assert any(relations.delay_shift(Random(number)) for number in range(5))
    group = relations.NeuronGroup

    def simplest(n, text, method, **keywords):
        return group(n, text, method="euler", **keywords)

    monkeypatch.setattr(relations, "NeuronGroup", simplest)
    assert any("rk" in relations.refinement(Random(number)) for number in range(6))

    def crooked(n, text, **keywords):
        return group(n, text.replace("-g/", "-g*(1 + 1e-9*g)/"), **{**keywords, "method": "euler"})

    monkeypatch.setattr(relations, "NeuronGroup", crooked)
    assert relations.linearity(Random(1)) != ""


def test_a_property_that_does_not_hold_is_found_again_by_its_script(monkeypatch, capsys):
    monkeypatch.setattr(properties, "RELATIONS", (lambda random: "wrong",))
    properties.RELATIONS[0].__name__ = "law"
    seed = next(s for s in range(50) if properties.check_properties(s).text.startswith("law"))
    exec(compile(properties.check_properties(seed).script, "<finding>", "exec"), {})
    assert "wrong" in capsys.readouterr().out


def test_a_rewriting_that_changes_something_is_found(monkeypatch):
    def slower(model, random):
        return Model(tuple(line.replace("net.run(", "net.run(1.5*") for line in model.lines))

    monkeypatch.setitem(properties.REWRITES, slower, ())
    text, refused = properties.check_rewrite(slower, 1)
    assert "against" in text
    assert refused == ""


def test_bystanders_change_no_draw_of_later_lines(monkeypatch):
    lines = (
        "G = NeuronGroup(30, 'v : 1', threshold='v > 1', reset='v = 0')",
        "S = Synapses(G, G, 'w : 1')",
        "net = Network(G, S)",
        "S.connect(p=0.5)",
        "S.w = 'rand()'",
    )
    monkeypatch.setattr(properties, "make_model", lambda random: Model(lines))
    assert properties.check_rewrite(with_bystanders, 1) == ("", "")


def test_other_names_are_given_everywhere():
    line = r"G0 = NeuronGroup(2, 'p0 : 1\ndv0/dt = -v0*v0_post/ms : 1', threshold='(v0 > 1)')"
    renamed = with_other_names(Model((line,)), Random(0)).lines[0]
    assert renamed == line.replace("v0", "volts0").replace("p0", "given0")


# --- texts ----------------------------------------------------------------------------------------


def _divides(text, random):
    if "ms" in text:
        raise ZeroDivisionError("by nothing")
    raise ModelError("refused")


def test_an_error_that_is_none_of_ours_is_found_with_the_shortest_text(monkeypatch):
    monkeypatch.setattr(parser, "ENTRIES", (_divides,))
    found = parser.check_parser(1)
    assert found.text == "divides of 'ms': ZeroDivisionError: by nothing"
    assert "'ms'" in found.script


def _raises(error):
    def entry(text, random):
        raise error

    return entry


def _never_ends(text, random):
    while True:
        pass


def test_faults_and_what_takes_too_long_are_findings(monkeypatch):
    assert "InternalError" in parser.read(_raises(InternalError("a fault")), "", Random(0))
    assert "RecursionError" in parser.read(_raises(RecursionError("deep")), "", Random(0))
    assert parser.read(_raises(ModelError("refused")), "", Random(0)) == ""
    monkeypatch.setattr(parser, "GIVEN_UP", 0.1)
    assert "did not end" in parser.read(_never_ends, "", Random(0))
    monkeypatch.setattr(parser, "SECONDS", -1.0)
    assert "took" in parser.read(_raises(ModelError("refused")), "", Random(0))
    monkeypatch.setattr(parser, "SECONDS", 100.0)
    monkeypatch.setattr(parser, "BYTES", -1)
    assert "bytes" in parser.read(_raises(ModelError("refused")), "", Random(0))


@pytest.mark.parametrize("seed", range(6))
def test_texts_make_models_or_errors_of_ours(seed):
    assert parser.check_parser(seed) == Verdict(count=parser.TEXTS)


# --- sanitizers ----------------------------------------------------------------------------------

FAULTY = """
import numpy as np
from simgen.targets.cpu.compile import compile_shared
source = 'extern "C" int f(int k) { int x[4] = {1, 2, 3, 4}; volatile int *y = x; return BODY; }'
library = compile_shared(source.replace("BODY", "%s"), optimize="-O0")
print(library.load("int f(int);").f(%s))
"""


@pytest.mark.compiler
@pytest.mark.parametrize(
    ("code", "k", "said"),
    [
        ("y[k]", 3, ""),
        ("y[k]", 4, "stack-buffer-overflow"),
        ("k + y[0]", 2**31 - 1, "signed integer overflow"),
    ],
)
def test_a_report_of_the_sanitizers_ends_the_process(code, k, said):
    done = subprocess.run(
        [sys.executable, "-c", FAULTY % (code, k)],
        env=sanitized.environment(sanitized.MEMORY),
        capture_output=True,
        text=True,
    )
    assert (done.returncode == 0) == (said == "")
    assert said in done.stderr


# --- the command ----------------------------------------------------------------------------------

SCRIPT = """
import os, sys, time
from simgen.commands.fuzz import worker
from simgen.commands.fuzz.verdict import Verdict
worker.LIFE = 4
def check(seed):
    number = seed % 2**32
    if number == 1: os.abort()
    if number == 2: time.sleep(60)
    if number == 3: return Verdict("wrong", "print(1)")
    if number == 5: return Verdict(refused="ModelError: it cannot be")
    return Verdict(count=10)
worker.work({"all": check}, ["all"], 7, int(sys.argv[1]))
"""


def test_a_process_that_dies_or_hangs_is_a_finding_and_the_next_goes_on():
    told = []
    command = [sys.executable, "-c", SCRIPT]
    tally = worker.watch(command, 0, 3600, told.append, patience=5.0, last=6)
    assert [finding["seed"] - (7 << 32) for finding in told] == [1, 2, 3]
    assert "-6" in told[0]["text"]
    assert "nothing came of it" in told[1]["text"]
    assert told[2]["text"] == "wrong"
    assert tally.tried == {"all": 10 + 1 + 1 + 1 + 10 + 1 + 10}
    assert tally.refused == {"all": 1}
    assert tally.reasons == {"ModelError": 1}


def test_a_process_that_cannot_begin_ends_the_command():
    with pytest.raises(RuntimeError, match="status 3"):
        worker.watch([sys.executable, "-c", "import sys; sys.exit(3)"], 0, 60, print)


def test_kinds_take_turns():
    assert worker.plan(["a", "b"], {"a": 1, "b": 3}) == ["a", "b", "b", "b"]
    assert worker.plan(["b", "c"], {"b": 2, "c": 4}) == ["b", "c", "c", "b", "c", "c"]


def test_the_command_tells_its_seed_and_writes_a_summary(tmp_path):
    arguments = ["--only", "parser", "--count", "2", "--seed", "3", "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "simgen", "fuzz", *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("seed 3: parser")
    report = json.loads((tmp_path / "summary-3-0.json").read_text())
    assert report["tried"] == {"parser": 200}
    assert report["findings"] == []


def test_findings_are_told_with_where_their_script_is(tmp_path, capsys):
    finding = {"kind": "targets", "seed": 9, "text": "wrong", "script": "print(1)\n"}
    command._tell(finding, tmp_path)
    assert (tmp_path / "targets_9.py").read_text() == "print(1)\n"
    assert "see " in capsys.readouterr().out
    command._tell(finding, None)
    assert "print(1)" in capsys.readouterr().out
    command._tell(finding, tmp_path / "gone")  # as on a full disk
    told = capsys.readouterr().out
    assert "cannot be written: No such file" in told
    assert "print(1)" in told
    table = command.summary(worker.Tally(findings=[finding], tried=worker.Counter(targets=4)))
    assert table.splitlines()[1].split() == ["targets", "4", "0", "1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--minutes", "0"], "minutes must be"),
        (["--seed", "-1"], "seed must lie"),
        (["--first", "-1"], "cannot be -1"),
        (["--count", "0"], "at least 1"),
        (["--out", "/proc/none"], "cannot be made"),
        (["--only", "sanitized", "--only", "parser"], "give --only once"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, said, capsys):
    assert main(["fuzz", *arguments]) == 1
    assert said in capsys.readouterr().err


def test_models_are_scripts_that_run():
    names = build(Model(("G = NeuronGroup(2, 'v : 1')", "net = Network(G)")))
    assert len(names["G"]) == 2
