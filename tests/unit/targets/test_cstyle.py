"""Expressions as C text: brackets, literals, names that no user can break out of."""

from __future__ import annotations

import ctypes
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simgen.dtypes import FLOAT32, FLOAT64, DType
from simgen.errors import InternalError, Origin, SourceText
from simgen.ir.construct import binary, call, cast, compare, integer, negate, real, select
from simgen.ir.expr import (
    ELEMENT,
    POST,
    PRE,
    SYNAPSE,
    Array,
    Cast,
    Const,
    Flow,
    Gather,
    Index,
    IndexKind,
    IndexValue,
    Load,
    Local,
    Logical,
    Param,
    RandomDraw,
    Step,
    Time,
    Unary,
)
from simgen.targets.cstyle import (
    ExprPrinter,
    Names,
    comment_text,
    literal,
    mangle,
    origin_comment,
    stored_type,
)

A, B, C = (Local(name, DType.REAL) for name in "abc")
K, M = Local("k", DType.I64), Local("m", DType.I64)
P, Q, R = (Local(name, DType.BOOL) for name in "pqr")
V = Array("exc.v", DType.REAL, "n")
FLAG, SMALL = Array("exc.flag", DType.BOOL, "n"), Array("exc.small", DType.U32, "n")
LINK = Array("exc.link", DType.I64, "n")
KEY = Param("key", DType.U64)
ELEMENTS = {IndexKind.ELEMENT: "i", IndexKind.ZERO: "0"}
SYNAPSES = {IndexKind.PRE: "pre", IndexKind.POST: "post", IndexKind.SYNAPSE: "s"}


def printer(dtype=FLOAT64, indices=ELEMENTS):
    names = Names(
        lambda array: mangle("a", array.name),
        lambda param: mangle("p", param.name),
        lambda: "p_dt",
        indices,
    )
    return ExprPrinter(dtype, names)


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (binary("-", A, binary("-", B, C)), "l_a - (l_b - l_c)"),
        (binary("-", binary("-", A, B), C), "l_a - l_b - l_c"),
        (binary("*", binary("+", A, B), C), "(l_a + l_b) * l_c"),
        (binary("/", A, binary("*", B, C)), "l_a / (l_b * l_c)"),
        (binary("+", A, negate(B)), "l_a + -l_b"),
        (negate(negate(A)), "-(-l_a)"),
        (negate(binary("*", A, B)), "-(l_a * l_b)"),
        (binary("-", A, real(-1.5)), "l_a - -1.5"),
        (Unary("-", Const(-2, DType.I64)), "-(-2LL)"),
        (binary("//", A, B), "sg_floordiv_f64(l_a, l_b)"),
        (binary("%", K, M), "sg_mod_i64(l_k, l_m)"),
        (Logical("or", P, Logical("and", Q, R)), "l_p | l_q & l_r"),
        (Logical("and", Logical("or", P, Q), R), "(l_p | l_q) & l_r"),
        (Unary("not", Logical("or", P, Q)), "!(l_p | l_q)"),
        (Logical("and", compare("<", A, B), compare("==", K, M)), "l_a < l_b & l_k == l_m"),
        (compare("<", binary("+", A, B), C), "l_a + l_b < l_c"),
        (select(P, A, select(Q, B, C)), "l_p ? l_a : (l_q ? l_b : l_c)"),
        (binary("+", select(P, A, B), C), "(l_p ? l_a : l_b) + l_c"),
        (select(compare("<", A, B), A, B), "l_a < l_b ? l_a : l_b"),
        (call("exp", binary("+", A, B)), "sg_exp(l_a + l_b)"),
        (call("clip", K, integer(0), M), "sg_clip_i64(l_k, 0LL, l_m)"),
        (cast(K, DType.REAL), "(double)l_k"),
        (cast(binary("+", K, M), DType.REAL), "(double)(l_k + l_m)"),
        (Cast(DType.I64, A), "sg_int(l_a)"),
        (Cast(DType.U32, A), "(uint32_t)sg_int(l_a)"),
        (Cast(DType.BOOL, binary("+", A, B)), "l_a + l_b != 0"),
        (Cast(DType.F64, A), "l_a"),
        (Load(V, ELEMENT), "a_exc__v[i]"),
        (Load(FLAG, ELEMENT), "a_exc__flag[i] != 0"),
        (Unary("not", Load(FLAG, ELEMENT)), "!(a_exc__flag[i] != 0)"),
        (cast(Load(SMALL, ELEMENT), DType.I64), "(int64_t)a_exc__small[i]"),
        (Load(V, Index(IndexKind.ELEMENT, LINK)), "a_exc__v[a_exc__link[i]]"),
        (Gather(V, binary("+", IndexValue(ELEMENT), K)), "a_exc__v[i + l_k]"),
        (IndexValue(Index(IndexKind.ELEMENT, SMALL)), "(int64_t)a_exc__small[i]"),
        (binary("-", Step(), K), "step - l_k"),
        (binary("/", Time(), A), "(double)step * p_dt / l_a"),
        (binary("/", A, Time()), "l_a / ((double)step * p_dt)"),
        (
            RandomDraw("poisson", (A,), KEY, 7),
            "sg_draw_poisson(p_key, sg_at_element(i, step, 7u), l_a)",
        ),
    ],
)
def test_expressions(expr, text):
    assert printer().text(expr) == text


def test_single_precision():
    single = printer(FLOAT32)
    assert single.text(binary("*", call("exp", A), real(0.1))) == "sg_expf(l_a) * 0.1f"
    assert single.text(Time()) == "(float)((double)step * p_dt)"
    assert single.text(Cast(DType.REAL, Param("dt", DType.F64))) == "(float)p_dt"
    assert single.text(Const(0.1, DType.F64)) == "0.1"
    assert single.text(binary("%", A, B)) == "sg_mod_f32(l_a, l_b)"
    assert single.text(Cast(DType.I64, A)) == "sg_intf(l_a)"
    draw = RandomDraw("randn", (), KEY, 0)
    assert single.text(draw) == "sg_draw_randnf(p_key, sg_at_elementf(i, step, 0u))"


def test_flows_pass_padded_rows_and_the_starts_of_blocks():
    flow = Flow(2, (1, 2), (A, *[real(0.0)] * 2, B, A, B, A, B, A), (A, B, real(1.0)))
    zeros = ", ".join("0" * 5)
    rows = f"l_a, 0.0, 0.0, {zeros}, l_b, l_a, l_b, {zeros}, l_a, l_b, l_a, {zeros}"
    text = f"sg_flow(2, 3, 3u, sg_square{{{{{rows}}}}}, sg_column{{{{l_a, l_b, 1.0}}}})"
    assert printer().text(flow) == text
    assert "sg_flowf(2, 3, 3u, sg_squaref{{" in printer(FLOAT32).text(flow)


def test_draws_of_synapses_are_keyed_by_both_ends():
    draw = RandomDraw("rand", (), KEY, 1, Load(SMALL, SYNAPSE))
    text = "sg_draw_rand(p_key, sg_at_synapse(pre, post, a_exc__small[s], step, 1u))"
    assert printer(indices=SYNAPSES).text(draw) == text
    assert printer(FLOAT32, SYNAPSES).text(draw) == text.replace("draw_rand", "draw_randf")
    assert printer(indices=SYNAPSES).text(binary("+", Load(V, PRE), Load(V, POST))) == (
        "a_exc__v[pre] + a_exc__v[post]"
    )


def test_pairs_that_are_no_synapses_yet_draw_as_elements_and_steps():
    draw = RandomDraw("rand", (), KEY, 255, as_pair=True)
    text = "sg_draw_rand(p_key, sg_at_element(post, pre, 255u))"
    assert printer(indices=SYNAPSES).text(draw) == text
    single = text.replace("draw_rand", "draw_randf").replace("at_element", "at_elementf")
    assert printer(FLOAT32, SYNAPSES).text(draw) == single


def test_what_is_already_in_a_variable_is_not_printed_again():
    one = printer()
    one.names.replaced[Load(V, ELEMENT)] = "x_v"
    assert one.text(binary("*", Load(V, ELEMENT), A)) == "x_v * l_a"


def test_a_meaningless_index_is_a_fault():
    with pytest.raises(InternalError, match="index 'post' has no meaning"):
        printer().text(Load(V, POST))


@given(st.floats(allow_nan=False))
def test_double_literals_are_exact(value):
    text, _ = literal(value, DType.REAL, FLOAT64)
    if math.isinf(value):
        assert text == ("SG_INFINITY" if value > 0 else "-SG_INFINITY")
        return
    assert re.fullmatch(r"-?\d+(\.\d+)?(e[-+]?\d+)?", text)
    assert "." in text or "e" in text
    assert float(text) == value
    assert math.copysign(1, float(text)) == math.copysign(1, value)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_single_literals_are_exact(value):
    text, _ = literal(value, DType.REAL, FLOAT32)
    assert text.endswith("f")
    libc = ctypes.CDLL(None)
    libc.strtof.restype = ctypes.c_float
    assert np.float32(libc.strtof(text[:-1].encode(), None)) == np.float32(value)


def test_other_literals():
    assert literal(float("nan"), DType.REAL, FLOAT32)[0] == "SG_NANF"
    assert literal(1e300, DType.REAL, FLOAT32)[0] == "SG_INFINITYF"
    assert literal(-1e300, DType.REAL, FLOAT32)[0] == "-SG_INFINITYF"
    assert literal(-(2**63), DType.I64, FLOAT64)[0] == "(-9223372036854775807LL - 1)"
    assert literal(2**64 - 1, DType.U64, FLOAT64)[0] == "18446744073709551615ULL"
    assert literal(True, DType.BOOL, FLOAT64)[0] == "true"


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("v", "a_v"),
        ("exc.v_1", "a_exc__v_1"),
        ("exc.spikes.ids", "a_exc__spikes__ids"),
        ("exc._rate", "a_exc___rate"),
    ],
)
def test_plain_names_stay_readable(name, identifier):
    assert mangle("a", name) == identifier


WORDS = st.text(alphabet="ab_.1é*/;\n\\", min_size=1, max_size=6)


@given(WORDS, WORDS)
def test_names_are_identifiers_and_stay_different(first, second):
    assert re.fullmatch(r"a_\w+", mangle("a", first), re.A)
    assert (mangle("a", first) == mangle("a", second)) == (first == second)


@given(st.text(max_size=60))
def test_comments_cannot_be_left(text):
    shown = comment_text(text)
    assert shown.isascii()
    assert "\n" not in shown
    assert "\\" not in shown
    assert "*/" not in shown
    assert "??" not in shown  # no trigraphs


def test_comments_name_the_object_and_the_statement():
    source = SourceText("v = 1 # \\\nw = 2", "reset", "NeuronGroup 'a:b]'")
    assert origin_comment(Origin(source, 0, 1)) == "// [reset of NeuronGroup 'a b ': v = 1 # ?]"
    assert origin_comment(Origin(source, 11, 12)) == "// [reset of NeuronGroup 'a b ': w = 2]"
    assert origin_comment(None) == ""


def test_booleans_are_stored_as_bytes():
    assert stored_type(DType.BOOL, FLOAT64) == "uint8_t"
    assert stored_type(DType.REAL, FLOAT32) == "float"
