"""The meaning of expressions: types, rounding, signs and the absence of warnings."""

import math

import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.errors import InternalError
from simgen.ir.construct import binary, call, cast, compare, integer, negate, real, select
from simgen.ir.evaluate import evaluate
from simgen.ir.expr import (
    ELEMENT,
    Array,
    Binary,
    Call,
    Cast,
    Gather,
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

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


class Values:
    """An environment of named values."""

    def __init__(self, real=FLOAT64, **values):
        self.real = real
        self.values = values

    def load(self, load):
        return self.values[load.array.name]

    def gather(self, array, position):
        assert position.dtype == np.int64
        return np.asarray(self.values[array.name])[position]

    def param(self, param):
        return self.values[param.name]

    def local(self, local):
        return self.values[local.name]

    def index(self, index):
        return np.arange(3, dtype=np.uint32)

    def step(self):
        return 5

    def time(self):
        return 0.1 * 5

    def draw(self, draw, args, rank):
        return np.full(3, 0.25) + sum(args) + (0 if rank is None else rank)


def x(name="x", dtype=DType.REAL):
    return Load(Array(name, dtype, "n"), ELEMENT)


def test_float32_programs_round_after_every_operation():
    expr = binary("+", binary("*", x(), real(0.1)), Param("p", DType.REAL))
    env = Values(FLOAT32, x=np.array([1.1, 2.2], np.float32), p=0.3)
    result = evaluate(expr, env)
    expected = np.float32([1.1, 2.2]) * np.float32(0.1) + np.float32(0.3)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("real_type", [FLOAT32, FLOAT64])
def test_functions_keep_the_precision_of_the_program(real_type):
    for name in ("exp", "sqrt", "exprel", "abs"):
        assert evaluate(call(name, x()), Values(real_type, x=[0.5, 2.0])).dtype == real_type
    assert (
        evaluate(call("clip", x(), real(0), real(1)), Values(real_type, x=0.5)).dtype == real_type
    )
    assert evaluate(call("pow", x(), real(1.5)), Values(real_type, x=4.0)) == 8.0


def test_host_evaluation_widens_arrays_of_float32_programs():
    env = Values(FLOAT64, x=np.float32([0.1]))
    assert evaluate(x(), env).dtype == np.float64


def test_integers_divide_with_pythons_signs_and_zero_gives_zero():
    a, b = np.array([7, -7, 7, -7, 5, 0]), np.array([2, 2, -2, -2, 0, 0])
    env = Values(a=a, b=b)
    for op, python in (("//", lambda p, q: p // q), ("%", lambda p, q: p % q)):
        result = evaluate(binary(op, x("a", DType.I64), x("b", DType.I64)), env)
        assert result.dtype == np.int64
        expected = [python(p, q) if q else 0 for p, q in zip(a.tolist(), b.tolist())]
        assert result.tolist() == expected


def test_floats_divide_with_pythons_signs():
    a, b = [7.5, -7.5, 7.5, -7.5], [2.0, 2.0, -2.0, -2.0]
    env = Values(a=a, b=b)
    for op, python in (("//", lambda p, q: p // q), ("%", lambda p, q: p % q)):
        result = evaluate(binary(op, x("a"), x("b")), env)
        assert result.tolist() == [python(p, q) for p, q in zip(a, b)]


def test_division_of_integers_is_true_division():
    result = evaluate(binary("/", integer(1), integer(4)), Values())
    assert result == 0.25
    assert result.dtype == np.float64


def test_casts_truncate_toward_zero_and_are_defined_everywhere():
    values = [2.9, -2.9, math.nan, math.inf, -math.inf]
    result = evaluate(Cast(DType.I64, x()), Values(x=values))
    assert result.tolist() == [2, -2, 0, 2**63 - 1, -(2**63)]
    assert evaluate(Cast(DType.U32, real(-1.0)), Values()) == 2**32 - 1
    assert evaluate(Cast(DType.BOOL, x()), Values(x=[0.0, -0.5])).tolist() == [False, True]
    assert evaluate(cast(compare(">", x(), real(0)), DType.REAL), Values(x=[1.0])).tolist() == [1.0]


def test_faults_give_ieee_values_and_no_warning():
    env = Values(x=np.array([0.0, -1.0, 1e308]))
    assert evaluate(binary("/", real(1), x()), env)[0] == math.inf
    assert math.isnan(evaluate(call("log", x()), env)[1])
    assert evaluate(binary("*", x(), real(1e10)), env)[2] == math.inf
    big = binary("*", integer(2**62), integer(4))
    assert evaluate(big, Values()) == 0


def test_select_and_logic():
    condition = Logical("and", compare(">", x(), real(0)), Unary("not", compare(">", x(), real(2))))
    assert evaluate(select(condition, x(), integer(-1)), Values(x=[1.0, 3.0])).tolist() == [1, -1]
    either = Logical("or", compare("<", x(), real(0)), compare("!=", x(), x()))
    assert evaluate(either, Values(x=[-1.0, math.nan, 1.0])).tolist() == [True, True, False]


def test_minimum_maximum_clip_and_sign():
    env = Values(x=[-2.0, 0.5, math.nan], k=[-3, 0, 9])
    low = evaluate(call("max", x(), real(0)), env)
    assert low[:2].tolist() == [0.0, 0.5]
    assert math.isnan(low[2])
    assert math.isnan(evaluate(call("min", real(0), x()), env)[2])
    clipped = evaluate(call("clip", x("k", DType.I64), integer(-1), integer(1)), env)
    assert clipped.dtype == np.int64
    assert clipped.tolist() == [-1, 0, 1]
    assert evaluate(call("sign", x("k", DType.I64)), env).tolist() == [-1, 0, 1]
    assert evaluate(call("sign", x()), env)[:2].tolist() == [-1.0, 1.0]


def test_leaves_come_from_the_environment_in_their_own_type():
    env = Values(FLOAT32, table=[10.0, 20.0, 30.0], bound=7)
    assert evaluate(IndexValue(ELEMENT), env).dtype == np.int64
    assert evaluate(Gather(Array("table", DType.REAL, "m"), IndexValue(ELEMENT)), env).tolist() == [
        10,
        20,
        30,
    ]
    assert evaluate(Step(), env) == 5
    assert evaluate(Time(), env) == np.float32(0.5)
    assert evaluate(Local("bound", DType.I64), env) == 7
    drawn = RandomDraw("rand", (real(1.0),), Param("key", DType.U64), 0, integer(2))
    assert evaluate(drawn, env).tolist() == [3.25] * 3
    assert evaluate(negate(x("bound", DType.I32)), env) == -7


def test_mixed_operands_and_unknown_functions_are_faults_of_simgen():
    with pytest.raises(InternalError, match="different types"):
        evaluate(Binary("+", real(1), integer(1)), Values())
    with pytest.raises(InternalError, match="'gamma' has no numpy form"):
        evaluate(Call("gamma", (real(1),), DType.REAL), Values())
