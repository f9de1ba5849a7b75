"""Bad storage: names, and connections or models that a way of keeping targets cannot hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bad_inputs import Bad, check_refused, table

from simgen import Network, NeuronGroup, StateMonitor, Synapses, ms, start_scope
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    EquationError,
    ModelError,
    SimgenError,
    UnsupportedFeatureError,
)


def made(storage: Any, model: str = "", **code: Any) -> Synapses:
    source = NeuronGroup(3, "x : 1", threshold="True", reset="", name="exc")
    target = NeuronGroup(4, "v : 1\ns : 1", threshold="False", reset="", name="inh")
    code = code or {"on_pre": "v_post += 1"}
    return Synapses(source, target, model, storage=storage, name="syn", **code)


def connect(storage: str, *arguments: Any, model: str = "", **keywords: Any) -> Synapses:
    synapses = made(storage, model)
    synapses.connect(*arguments, **keywords)
    return synapses


def twice(storage: str) -> None:
    connect(storage).connect()


def delayed(storage: str, value: object, item: object = slice(None)) -> None:
    connect(storage).delay[item] = value


def of_synapses(storage: str) -> None:
    inner = made("auto")
    Synapses(inner.source, inner, on_pre="", storage=storage, name="outer")


def assign(value: Any, item: Any = slice(None)) -> Synapses:
    synapses = connect("procedural", model="w : 1\nu : 1")
    synapses.w[item] = value
    return synapses


def run_with(synapses: Synapses, *others: Any) -> None:
    Network(synapses.source, synapses.target, synapses, *others).run(1 * ms)


def recorded() -> None:
    synapses = connect("procedural", model="w = i : 1")
    run_with(synapses, StateMonitor(synapses, "w", record=True))


def regular() -> None:
    synapses = connect("procedural")
    synapses.run_regularly("v_post += 1", dt=1 * ms)
    run_with(synapses)


def carried() -> None:
    synapses = connect("procedural")
    synapses.delay = 2 * ms
    network = Network(synapses.source, synapses.target, synapses)
    network.run(1 * ms)
    synapses.delay = 1 * ms
    network.run(1 * ms)


ROWS = [
    Bad("name", lambda: made("bitmask"), ModelError, ["syn", "'bitmask'", "'dense'"]),
    Bad("type", lambda: made(True), ArgumentTypeError, ["syn", "storage", "True"]),
    Bad("none", lambda: made(None), ArgumentTypeError, ["syn", "storage", "None"]),
    Bad("dense_p", lambda: connect("dense", p=0.5), ModelError, ["syn", "3 x 4", "'sparse'"]),
    Bad("dense_self", lambda: connect("dense", autapses=False), ModelError, ["syn", "weight of 0"]),
    Bad("dense_order", lambda: connect("dense", i=np.tile(range(3), 4), j=np.repeat(range(4), 3)),
        ModelError, ["syn", "order"]),
    Bad("dense_repeats", lambda: connect("dense", n=2), ModelError, ["syn", "24 synapses"]),
    Bad("dense_nothing", lambda: connect("dense", False), ModelError, ["syn", "0 synapses"]),
    Bad("dense_twice", lambda: twice("dense"), ModelError, ["syn", "already", "'sparse'"]),
    Bad("dense_delays", lambda: delayed("dense", "rand()*ms"), ModelError,
        ["'pre'", "syn", "'dense'", "one delay"]),
    Bad("dense_a_delay", lambda: delayed("dense", 1 * ms, 3), ModelError, ["'pre'", "syn"]),
    Bad("dense_ends", lambda: of_synapses("dense"), UnsupportedFeatureError,
        ["outer", "target", "syn", "'sparse'"]),
    Bad("made_array", lambda: assign(np.arange(12.0)), ModelError, ["'w'", "syn", "12 values"]),
    Bad("made_part", lambda: assign(1, item=[0, 1]), ModelError, ["'w'", "syn", "some"]),
    Bad("made_condition_part", lambda: assign(1, item="i > j"), ModelError, ["'w'", "syn"]),
    Bad("made_unit", lambda: assign(1 * ms), DimensionMismatchError, ["'w'", "syn"]),
    Bad("made_unit_of_text", lambda: assign("i*ms"), DimensionMismatchError, ["'w'", "syn", "^"]),
    Bad("made_time", lambda: assign("t/ms"), EquationError, ["'w'", "time", "^"]),
    Bad("made_other", lambda: assign("2*u"), SimgenError, ["'u'", "^"]),
    Bad("made_unknown", lambda: assign("2*nothing"), SimgenError, ["nothing", "syn", "^"]),
    Bad("made_nan", lambda: assign(float("nan")), SimgenError, ["'w'", "syn"]),
    Bad("made_changing", lambda: run_with(assign("v_post + 1")), UnsupportedFeatureError,
        ["'w'", "syn", "'v'", "'v_post + 1'"]),
    Bad("made_written", lambda: made("procedural", "w : 1", on_pre="w += 1"), EquationError,
        ["'w'", "made anew", "^"]),
    Bad("made_integer", lambda: made("procedural", "w : integer"), EquationError, ["'w'", "^"]),
    Bad("made_too_early", lambda: setattr(made("procedural", "w : 1"), "w", 1), SimgenError,
        ["'w'", "syn", "connect()"]),
    Bad("made_equation", lambda: made("procedural", "dw/dt = -w/ms : 1 (event-driven)"),
        ModelError, ["'w'", "syn", "'sparse'"]),
    Bad("made_sum", lambda: made("procedural", "s_post = 1 : 1 (summed)"), ModelError,
        ["'s_post'", "syn"]),
    Bad("made_on_post", lambda: made("procedural", on_post="v_post += 1"), ModelError,
        ["'post'", "syn", "'sparse'"]),
    Bad("made_index", lambda: made("procedural", on_pre="v += 1", multisynaptic_index="k"),
        ModelError, ["'k'", "syn"]),
    Bad("made_condition", lambda: connect("procedural", "i > j"), ModelError, ["syn", "p=..."]),
    Bad("made_generator", lambda: connect("procedural", j="i"), ModelError, ["syn", "'sparse'"]),
    Bad("made_degree", lambda: connect("procedural", out_degree=2), ModelError, ["syn", "p=..."]),
    Bad("made_p", lambda: connect("procedural", p="0.1*i"), ModelError, ["syn", "a number"]),
    Bad("made_bad_p", lambda: connect("procedural", p=1.5), ModelError, ["syn", "1.5"]),
    Bad("made_twice", lambda: twice("procedural"), ModelError, ["syn", "already"]),
    Bad("made_delays", lambda: delayed("procedural", "rand()*ms"), ModelError,
        ["'pre'", "syn", "'procedural'"]),
    Bad("made_zeros", lambda: connect("procedural", model="k : 1 (kernel)", kernel=[1.0, 0],
        padding=1, skip_zeros=True), ModelError, ["syn", "skip_zeros"]),
    Bad("made_recorded", recorded, UnsupportedFeatureError, ["procedural", "'sparse'"]),
    Bad("made_regular", regular, UnsupportedFeatureError, ["syn", "procedural", "'sparse'"]),
    Bad("made_carried", carried, UnsupportedFeatureError, ["syn", "'pre'", "under way"]),
    Bad("made_run_now", lambda: connect("procedural").run_now("v_post += 1"),
        UnsupportedFeatureError, ["syn", "procedural"]),
]  # fmt: skip


@table(ROWS)
def test_storage_that_cannot_be_is_refused(bad: Bad) -> None:
    check_refused(bad)


@pytest.mark.parametrize("storage", ["dense", "procedural"])
def test_stored_connections_must_fit(storage: str, tmp_path: Any) -> None:
    one = connect("sparse", p=0.5)
    Network(one.source, one.target, one).store("here", tmp_path / "state")
    start_scope()
    other = connect(storage)
    network = Network(other.source, other.target, other)
    with pytest.raises(ModelError, match="Synapses 'syn'"):
        network.restore("here", tmp_path / "state")


def test_a_refused_connection_leaves_dense_synapses_as_they_were() -> None:
    start_scope()
    synapses = made("dense")
    with pytest.raises(ModelError):
        synapses.connect(p=0.5)
    synapses.connect()
    run_with(synapses)
    assert synapses.target.v[:].tolist() == [30] * 4


CHANGES = [
    Bad("dense_remove", lambda: connect("dense").remove(0), ModelError, ["syn", "'dense'"]),
    Bad("dense_rewire", lambda: connect("dense").rewire_now(remove=True, n_total=1), ModelError,
        ["rewire_now()", "syn", "'sparse'"]),
    Bad("made_remove", lambda: connect("procedural").remove("i == 0"), ModelError,
        ["syn", "'procedural'"]),
    Bad("made_rewire", lambda: connect("procedural").rewire(dt=1 * ms, remove="i == 0"),
        ModelError, ["rewire()", "syn", "'sparse'"]),
    Bad("kernel_rewire", lambda: made("auto", "k : 1 (kernel)").rewire_now(n_total=1), ModelError,
        ["rewire_now()", "syn", "'k'"]),
]  # fmt: skip


@table(CHANGES)
def test_synapses_that_are_not_kept_cannot_be_rewired(bad: Bad) -> None:
    check_refused(bad)


def test_what_is_shared_through_a_kernel_stays_when_synapses_are_removed() -> None:
    start_scope()
    synapses = made("auto", "k : 1 (kernel)")
    synapses.connect(kernel=[1.0, 2], padding=1)
    before = dict(zip(zip(synapses.i, synapses.j, strict=True), synapses.k, strict=True))
    synapses.remove("k == 1 and i > 0")
    assert 0 < len(synapses) < len(before)
    for i, j, k in zip(synapses.i, synapses.j, synapses.k, strict=True):
        assert before[i, j] == k
    run_with(synapses)
