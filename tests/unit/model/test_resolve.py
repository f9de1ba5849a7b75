"""Expressions in a scope: types, dimensions, conditions, expected values, and random input."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from resolving import DT, EL, KEY, RANK, TAU, B, G, K, V, W, X, node, resolve, resolver

from simgen.dtypes import DType
from simgen.errors import DimensionMismatchError, EquationError, SimgenError
from simgen.ir.construct import binary, call, integer, real
from simgen.ir.expr import (
    Binary,
    Call,
    Cast,
    Compare,
    Const,
    Logical,
    Param,
    RandomDraw,
    Time,
    Unary,
)
from simgen.model.resolve import DrawCounter, dimension_of_unit
from simgen.units import DIMENSIONLESS, Dimension, second, siemens, volt

# -- what expressions become -----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expr", "dim"),
    [
        ("v", V, volt.dim),
        ("2", integer(2), DIMENSIONLESS),
        ("2.0", real(2.0), DIMENSIONLESS),
        ("True", Const(True, DType.BOOL), DIMENSIONLESS),
        ("mV", real(1e-3), volt.dim),
        ("pi", real(math.pi), DIMENSIONLESS),
        ("El", EL, volt.dim),
        ("v - El", Binary("-", V, EL), volt.dim),
        ("-(v - El)/tau", Binary("/", Unary("-", Binary("-", V, EL)), TAU), volt.dim / second.dim),
        ("k + 1", Binary("+", K, integer(1)), DIMENSIONLESS),
        ("k + 1.0", Binary("+", Cast(DType.REAL, K), real(1.0)), DIMENSIONLESS),
        ("k/2", Binary("/", Cast(DType.REAL, K), real(2.0)), DIMENSIONLESS),
        ("k//2", Binary("//", K, integer(2)), DIMENSIONLESS),
        ("v//w", Binary("//", V, W), DIMENSIONLESS),
        ("v % w", Binary("%", V, W), volt.dim),
        ("v*g", Binary("*", V, G), volt.dim * siemens.dim),
        ("+v", V, volt.dim),
        ("v > El", Compare(">", V, EL), DIMENSIONLESS),
        ("b == True", Compare("==", Cast(DType.I64, B), integer(1)), DIMENSIONLESS),
        ("not b and v > w", Logical("and", Unary("not", B), Compare(">", V, W)), DIMENSIONLESS),
        ("b or not b", Logical("or", B, Unary("not", B)), DIMENSIONLESS),
        ("v**2", Binary("*", V, V), volt.dim**2),
        ("v**-1", Binary("/", real(1.0), V), volt.dim**-1),
        ("v**0.5", Call("sqrt", (V,), DType.REAL), volt.dim ** Fraction(1, 2)),
        ("v**(1/3)", call("pow", V, real(1 / 3)), volt.dim ** Fraction(1, 3)),
        ("x**inf", call("pow", X, real(math.inf)), DIMENSIONLESS),
        ("x**x", call("pow", X, X), DIMENSIONLESS),
        ("2**k", call("pow", integer(2), K), DIMENSIONLESS),
        ("x**count", call("pow", X, Param("exc__count", DType.I64)), DIMENSIONLESS),
        ("sqrt(v*v)", call("sqrt", Binary("*", V, V)), volt.dim),
        ("abs(k)", Call("abs", (K,), DType.I64), DIMENSIONLESS),
        ("abs(v)", call("abs", V), volt.dim),
        ("sign(v)", call("sign", V), DIMENSIONLESS),
        ("exp(k)", call("exp", Cast(DType.REAL, K)), DIMENSIONLESS),
        ("exprel(v/w)", call("exprel", Binary("/", V, W)), DIMENSIONLESS),
        ("clip(v, El, 0*mV)", call("clip", V, EL, real(0.0)), volt.dim),
        ("int(b)*v", Binary("*", Cast(DType.REAL, Cast(DType.I64, B)), V), volt.dim),
        ("int(x)", Cast(DType.I64, X), DIMENSIONLESS),
        ("int(2.7)", Cast(DType.I64, real(2.7)), DIMENSIONLESS),
        ("int(k)", K, DIMENSIONLESS),
    ],
)
def test_expressions_become_typed_ir_with_a_dimension(text, expr, dim):
    assert resolve(text) == (expr, dim)


def test_timestep_forgives_a_thousandth_of_a_step():
    dt = Cast(DType.REAL, DT)
    shifted = Binary("+", Time(), Binary("*", real(1e-3), dt))
    assert resolve("timestep(t, dt)") == (
        Cast(DType.I64, Binary("/", shifted, dt)),
        DIMENSIONLESS,
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-60*mV", -60 * 1e-3),
        ("3*ms*2", 3 * 1e-3 * 2),
        ("0.1*nS/(3*uF)", 0.1 * 1e-9 / (3 * 1e-6)),
        ("1/3", 1 / 3),
        ("2*3", 6),
        ("7//2", 3),
        ("-7 % 3", 2),
        ("7.5 % -2", 7.5 % -2),
        ("2**10", 1024),
        ("2**-2", 0.25),
        ("10**20", 1e20),
        ("2**62*4", float(2**64)),
        ("-60*mV - 10*mV", -60 * 1e-3 - 10 * 1e-3),
    ],
)
def test_literals_are_folded_as_python_computes_them(text, value):
    expr, _ = resolve(text)
    dtype = DType.I64 if isinstance(value, int) else DType.REAL
    assert expr == Const(value, dtype)
    assert type(expr.value) is type(value)


def test_constants_of_the_namespace_are_never_folded():
    assert resolve("2*count")[0] == binary("*", integer(2), Param("exc__count", DType.I64))


def test_each_draw_has_a_number_of_its_own():
    counter = DrawCounter()
    expr, dim = resolve("rand() + randn()", draws=counter, draw_rank=RANK)
    assert expr == Binary(
        "+", RandomDraw("rand", (), KEY, 0, RANK), RandomDraw("randn", (), KEY, 1, RANK)
    )
    assert dim is DIMENSIONLESS
    count, _ = resolve("poisson(3*k)", draws=counter)
    assert count == RandomDraw(
        "poisson", (Cast(DType.REAL, Binary("*", integer(3), K)),), KEY, 2, None
    )
    assert count.dtype is DType.I64
    normal, dim = resolve("truncated_normal(v, w, El, 0*mV)", draws=counter)
    assert (normal.number, dim) == (3, volt.dim)
    assert counter.next() == 4


# -- names that are not known yet ------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "u + v > tau_x",
        "v + exp(u)",
        "not flag",
        "flag and b",
        "-u",
        "u**2",
        "v**n",
        "clip(u, 0, v)",
        "spline(v)",
        "int(u) * v",
    ],
)
def test_unknown_names_are_left_open_in_the_constructor(text):
    used = resolver(strict=False)
    used.expression(node(text))
    assert used.problems == []


def test_what_is_known_is_checked_in_the_constructor():
    used = resolver(strict=False)
    used.expression(node("u*(v + tau)"))
    assert [problem.error for problem in used.problems] == [DimensionMismatchError]


def test_a_condition_that_is_not_known_is_no_problem():
    used = resolver(strict=False)
    assert used.condition(node("flag")) == Const(False, DType.BOOL)
    assert used.expect(node("u"), volt.dim, DType.REAL, "'v'").dtype is DType.REAL
    assert used.problems == []


# -- conditions and expected values ----------------------------------------------------


def test_condition_must_be_true_or_false():
    used = resolver()
    assert used.condition(node("v > w")) == Compare(">", V, W)
    used.condition(node("v"), "threshold")
    assert used.problems[0].message == "The threshold must be true or false, but 'v' is a number."


def test_expected_values_are_cast():
    used = resolver()
    assert used.expect(node("k"), DIMENSIONLESS, DType.REAL, "'x'") == Cast(DType.REAL, K)
    assert used.expect(node("3"), DIMENSIONLESS, DType.REAL, "'x'") == real(3.0)
    assert used.expect(node("k"), DIMENSIONLESS, DType.I32, "'x'") == Cast(DType.I32, K)
    assert used.expect(node("b"), DIMENSIONLESS, DType.BOOL, "'x'") == B
    assert used.problems == []


@pytest.mark.parametrize(
    ("text", "dim", "dtype", "message"),
    [
        (
            "-60",
            volt.dim,
            DType.REAL,
            "'v' is a voltage (V), but '-60' has no dimension. Did you mean -60*mV?",
        ),
        ("tau", volt.dim, DType.REAL, "'v' is a voltage (V), but 'tau' is a time (s)."),
        ("v", DIMENSIONLESS, DType.REAL, "'v' has no dimension, but 'v' is a voltage (V)."),
        (
            "x",
            DIMENSIONLESS,
            DType.I64,
            "'v' is an integer, but 'x' is a floating number. Use int(...) to truncate it.",
        ),
        (
            "x",
            DIMENSIONLESS,
            DType.BOOL,
            "'v' is true or false, but 'x' is a number. Compare it with something, as in x > y.",
        ),
    ],
)
def test_expected_values_are_checked(text, dim, dtype, message):
    used = resolver()
    used.expect(node(text), dim, dtype, "'v'")
    (problem,) = used.problems
    assert f"{problem.message} {problem.hint}".rstrip() == message


# -- units of definitions --------------------------------------------------------------


def test_dimension_of_a_unit():
    assert dimension_of_unit(node("siemens/meter**2")) == Dimension.of(
        length=-4, mass=-1, time=3, current=2
    )
    with pytest.raises(SimgenError, match="must be a base unit, not 'mV'"):
        dimension_of_unit(node("mV"))


# -- random expressions ----------------------------------------------------------------

_WORDS = (
    "v w b k x El t mV 1 0 2.5 1e300 9223372036854775807 inf + - * / // % ** ( ) ( ) , < == and "
    "or not True sin( clip( int( rand() timestep( missing f("
)


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(_WORDS.split(" ")), max_size=12), st.booleans())
def test_random_expressions_give_ir_or_problems(words, strict):
    try:
        tree = node(" ".join(words))
    except EquationError:
        return
    used = resolver(strict=strict)
    _, dim = used.expression(tree)
    assert not strict or (dim is None) == bool(used.problems)
    used.condition(tree)
    used.expect(tree, volt.dim, DType.REAL, "'v'")
    assert all(problem.render() for problem in used.problems)
