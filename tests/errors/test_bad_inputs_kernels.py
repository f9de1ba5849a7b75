"""Bad kernels: shapes that do not fit, values that cannot be, rules that contradict each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from bad_inputs import Bad, check_refused, table

from simgen import Network, NeuronGroup, Synapses, ms, mV
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    EquationError,
    ModelError,
    SimgenError,
    UnknownAttributeError,
    UnknownNameError,
)

SQUARE = [[1.0, 2.0], [3.0, 0.0]]


def made(model: str = "w : volt (kernel)", n_target: int = 4, **code: str) -> Synapses:
    source = NeuronGroup(9, "x : 1", threshold="False", reset="", name="exc")
    target = NeuronGroup(n_target, "v : volt", name="inh")
    return Synapses(source, target, model, name="conv", **code)


def connect(model: str = "w : volt (kernel)", n_target: int = 4, **changes: Any) -> Synapses:
    synapses = made(model, n_target)
    given: dict[str, Any] = {"kernel": np.array(SQUARE) * mV, "shape": (3, 3)}
    synapses.connect(**{**given, **changes})
    return synapses


def give(values: Any, name: str = "w", **changes: Any) -> None:
    connect(**changes).kernels[name] = values


def write(value: Any, item: Any = None) -> None:
    synapses = connect()
    if item is None:
        synapses.w = value
    else:
        synapses.w[item] = value


def run_unconnected() -> None:
    synapses = made(on_pre="v_post += w")
    Network(synapses.source, synapses.target, synapses).run(1 * ms)


ROWS = [
    Bad("no_shape", lambda: connect(shape=None), ModelError, ["conv", "shape", "9 sources"]),
    Bad("shape_size", lambda: connect(shape=(3, 4)), ModelError, ["conv", "(3, 4)", "12", "9"]),
    Bad("shape_directions", lambda: connect(shape=(9,)), ModelError, ["conv", "(9,)", "(2, 2)"]),
    Bad("shape_fraction", lambda: connect(shape=(3.0, 3)), ArgumentTypeError,
        ["shape", "(3.0, 3)"]),
    Bad("shape_negative", lambda: connect(shape=(-3, -3)), ModelError, ["shape", "(-3, -3)"]),
    Bad("shape_text", lambda: connect(shape="3x3"), ArgumentTypeError, ["shape", "'3x3'"]),
    Bad("channels", lambda: connect(kernel=np.ones((2, 2, 2, 1)) * mV, shape=(3, 3, 1)),
        ModelError, ["conv", "(3, 3, 1)", "1 channels", "takes 2"]),
    Bad("targets", lambda: connect(padding="same"), ModelError,
        ["conv", "(3, 3)", "9 targets", "4", "'same'"]),
    Bad("target_shape", lambda: connect(target_shape=(4, 1)), ModelError,
        ["conv", "target_shape=(4, 1)", "(2, 2)"]),
    Bad("stride_zero", lambda: connect(stride=0), ModelError, ["conv", "stride", "at least 1"]),
    Bad("stride_count", lambda: connect(stride=(1, 1, 1)), ModelError,
        ["stride", "(1, 1, 1)", "2"]),
    Bad("stride_boolean", lambda: connect(stride=True), ArgumentTypeError, ["stride", "True"]),
    Bad("padding_name", lambda: connect(padding="half"), ModelError, ["padding", "'half'", "same"]),
    Bad("padding_negative", lambda: connect(padding=-1), ModelError, ["padding", "-1"]),
    Bad("skip", lambda: connect(skip_zeros=1), ArgumentTypeError, ["skip_zeros", "1"]),
    Bad("too_large", lambda: connect(padding=2**30), ModelError, ["conv"]),
    Bad("text", lambda: connect(kernel="gauss"), ArgumentTypeError, ["'w'", "conv", "'gauss'"]),
    Bad("scalar", lambda: connect(kernel=1 * mV), ModelError, ["'w'", "conv", "()"]),
    Bad("empty", lambda: connect(kernel=np.zeros((0, 2)) * mV), ModelError, ["'w'", "(0, 2)"]),
    Bad("ragged", lambda: connect(kernel=[[1, 2], [3]]), ArgumentTypeError, ["'w'", "conv"]),
    Bad("unit", lambda: connect(kernel=SQUARE), DimensionMismatchError, ["'w'", "conv", "volt"]),
    Bad("nan", lambda: connect(kernel=np.array([[1, np.nan]]) * mV, shape=(3, 3), n_target=6),
        SimgenError, ["'w'", "conv", "NaN"]),
    Bad("infinite", lambda: connect(kernel=np.array([[1, np.inf]]) * mV, n_target=6),
        ModelError, ["'w'", "conv", "inf"]),
    Bad("nothing_declared", lambda: connect("w : volt"), ModelError,
        ["conv", "'w : 1 (kernel)'", "kernel={'w'"]),
    Bad("which", lambda: connect("w : volt (kernel)\nu : volt (kernel)"), ModelError,
        ["conv", "'w'", "'u'"]),
    Bad("missing", lambda: connect("w : volt (kernel)\nu : 1 (kernel)", kernel={"u": SQUARE}),
        ModelError, ["conv", "'w'", "(kernel)"]),
    Bad("unknown", lambda: connect("w : volt", kernel={"weight": SQUARE}), ModelError,
        ["conv", "'weight'"]),
    Bad("nothing", lambda: connect("w : volt", kernel={}), ModelError, ["conv", "kernel={}"]),
    Bad("shared_own", lambda: connect("g : 1 (shared)", kernel={"g": SQUARE}), ModelError,
        ["'g'", "conv", "shared"]),
    Bad("shapes_differ", lambda: connect("w : 1\nu : 1", kernel={"w": SQUARE, "u": [1.0]}),
        ModelError, ["conv", "'w'", "(2, 2)", "'u'", "(1,)"]),
    Bad("own_unit", lambda: connect("w : volt", kernel={"w": SQUARE}), DimensionMismatchError,
        ["'w'", "conv", "volt"]),
    Bad("with_p", lambda: connect(p=0.5), ModelError, ["conv", "kernel", "p"]),
    Bad("with_rule", lambda: connect(j="i"), ModelError, ["conv", "kernel", "i or j"]),
    Bad("other_rule", lambda: made().connect(), ModelError, ["'w'", "conv", "(kernel)"]),
    Bad("twice", lambda: connect().connect(kernel=np.array(SQUARE) * mV, shape=(3, 3)),
        ModelError, ["conv", "'w'", "another Synapses"]),
    Bad("stride_alone", lambda: made("w : 1").connect(stride=2), ModelError, ["stride", "kernel="]),
    Bad("other_shape", lambda: give(np.ones((2, 3)) * mV), ModelError, ["'w'", "(2, 2)", "(2, 3)"]),
    Bad("other_unit", lambda: give(SQUARE), DimensionMismatchError, ["'w'", "conv", "volt"]),
    Bad("other_name", lambda: give(SQUARE, "u"), UnknownNameError, ["conv", "'u'", "'w'"]),
    Bad("other_text", lambda: give("rand()"), ArgumentTypeError, ["'w'", "conv", "rand()"]),
    Bad("left_out", lambda: give(np.ones((2, 2)) * mV, skip_zeros=True), ModelError,
        ["'w'", "conv", "[1, 1]", "skip_zeros"]),
    Bad("too_early", lambda: made().kernels.__setitem__("w", SQUARE * mV), ModelError,
        ["'w'", "conv", "connect"]),
    Bad("write_all", lambda: write(1 * mV), UnknownAttributeError,
        ["'w'", "conv", "S.kernels['w']"]),
    Bad("write_some", lambda: write(1 * mV, 3), UnknownAttributeError, ["'w'", "conv", "kernels"]),
    Bad("write_text", lambda: write("rand()*mV"), UnknownAttributeError,
        ["'w'", "conv", "kernels"]),
    Bad("write_code", lambda: made(on_pre="w += 1*mV"), EquationError,
        ["'w'", "(kernel)", "S.kernels", "^"]),
    Bad("flag_of_a_group", lambda: NeuronGroup(3, "w : 1 (kernel)", name="exc"), EquationError,
        ["'w'", "kernel", "^"]),
    Bad("flag_of_an_equation", lambda: made("dw/dt = -w/ms : 1 (kernel)"), EquationError,
        ["kernel", "^"]),
    Bad("flag_of_integers", lambda: made("w : integer (kernel)"), EquationError, ["'w'", "^"]),
    Bad("flags", lambda: made("w : 1 (shared, kernel)"), EquationError, ["shared", "kernel", "^"]),
    Bad("unconnected", run_unconnected, ModelError, ["conv", "connect"]),
]  # fmt: skip


@table(ROWS)
def test_bad_kernels_are_refused(bad: Bad) -> None:
    check_refused(bad)


def test_a_refused_kernel_leaves_the_synapses_as_they_were() -> None:
    synapses = connect()
    try:
        synapses.kernels["w"] = np.ones(3) * mV
    except SimgenError:
        assert np.array_equal(synapses.kernels["w"], np.array(SQUARE) * mV)
    else:
        raise AssertionError("taken")
    values = synapses.kernels["w"]
    try:
        values[0, 0] = 5 * mV
    except ValueError:
        return
    raise AssertionError("a copy was written, which changes nothing")
