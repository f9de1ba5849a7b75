"""Expressions in a scope: types, dimensions, names, functions, subexpressions, and all messages."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgen.dtypes import DType
from simgen.errors import (
    DimensionMismatchError,
    EquationError,
    Problem,
    SimgenError,
    SourceText,
    UnknownNameError,
    UnsupportedFeatureError,
)
from simgen.ir.construct import binary, call, integer, real
from simgen.ir.expr import (
    ELEMENT,
    Array,
    Binary,
    Call,
    Cast,
    Compare,
    Const,
    Load,
    Logical,
    Param,
    RandomDraw,
    Time,
    Unary,
)
from simgen.lang.expressions import parse_expression
from simgen.model.resolve import DrawCounter, Resolver, dimension_of_unit
from simgen.model.scope import (
    ChainScope,
    ConstantScope,
    EntryScope,
    SubexpressionEntry,
    ValueEntry,
    VariableEntry,
)
from simgen.units import DIMENSIONLESS, Dimension, mV, second, siemens, volt

KEY = Param("key", DType.U64)
RANK = Param("rank", DType.I64)
V = Load(Array("exc_v", DType.REAL, "n"), ELEMENT)
W = Load(Array("exc_w", DType.REAL, "n"), ELEMENT)
TAU = Load(Array("exc_tau", DType.REAL, "n"), ELEMENT)
G = Load(Array("exc_g", DType.REAL, "n"), ELEMENT)
X = Load(Array("exc_x", DType.REAL, "n"), ELEMENT)
K = Load(Array("exc_k", DType.I64, "n"), ELEMENT)
B = Load(Array("exc_b", DType.BOOL, "n"), ELEMENT)
DT = Param("dt", DType.F64)
EL = Param("exc__El", DType.REAL)


def variable(load, dim):
    return VariableEntry(load, dim, "NeuronGroup 'exc'")


VARIABLES = EntryScope(
    {
        "v": variable(V, volt.dim),
        "w": variable(W, volt.dim),
        "tau": variable(TAU, second.dim),
        "g": variable(G, siemens.dim),
        "x": variable(X, DIMENSIONLESS),
        "k": variable(K, DIMENSIONLESS),
        "b": variable(B, DIMENSIONLESS),
        "t": ValueEntry(Time(), second.dim),
        "dt": ValueEntry(DT, second.dim),
    }
)


def constants():
    return ConstantScope({"El": -70 * mV, "count": 3, "f": math.hypot}, "exc__")


def node(text, what="threshold"):
    return parse_expression(SourceText(text, what, "NeuronGroup 'exc'"))


def resolver(scope=None, **options):
    options = {"draw_key": KEY, "draws": DrawCounter(), "problems": []} | options
    return Resolver(scope or ChainScope(VARIABLES, constants()), **options)


def resolve(text, **options):
    """Return (expression, dimension) of a text without problems."""
    used = resolver(**options)
    found = used.expression(node(text))
    assert [problem.render() for problem in used.problems] == []
    return found


def problem_of(text, **options) -> Problem:
    used = resolver(**options)
    _, dim = used.expression(node(text))
    (problem,) = used.problems
    assert dim is None
    return problem


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


# -- messages --------------------------------------------------------------------------

MESSAGES = {
    "v + 5": (
        DimensionMismatchError,
        "v + 5",
        "'v' is a voltage (V), but '5' has no dimension; '+' needs equal dimensions. "
        "Did you mean 5*mV?",
    ),
    "x*w > -50": (
        DimensionMismatchError,
        "x*w > -50",
        "'x*w' is a voltage (V), but '-50' has no dimension; '>' needs equal dimensions. "
        "Did you mean -50*mV?",
    ),
    "0 < v": (
        DimensionMismatchError,
        "0 < v",
        "'0' has no dimension, but 'v' is a voltage (V); '<' needs equal dimensions. "
        "Did you mean 0*mV?",
    ),
    "v - (1 + 2)": (
        DimensionMismatchError,
        "v - (1 + 2)",
        "'v' is a voltage (V), but '1 + 2' has no dimension; '-' needs equal dimensions. "
        "Did you mean (1 + 2)*mV?",
    ),
    "v % tau": (
        DimensionMismatchError,
        "v % tau",
        "'v' is a voltage (V), but 'tau' is a time (s); '%' needs equal dimensions.",
    ),
    "x + exp(v)": (
        DimensionMismatchError,
        "v",
        "'exp' needs a number without dimension, but 'v' is a voltage (V). "
        "Divide it by a quantity of the same dimension.",
    ),
    "int(v)": (
        DimensionMismatchError,
        "v",
        "'int' needs a number without dimension, but 'v' is a voltage (V). "
        "Divide it by a quantity of the same dimension.",
    ),
    "clip(v, 0, w)": (
        DimensionMismatchError,
        "0",
        "The arguments of 'clip' must have one dimension: 'v' is a voltage (V), "
        "but '0' has no dimension. Did you mean 0*mV?",
    ),
    "timestep(v, dt)": (
        DimensionMismatchError,
        "v",
        "'timestep' needs two times, but 'v' is a voltage (V).",
    ),
    "v**k": (
        DimensionMismatchError,
        "k",
        "'v' is a voltage (V), so its exponent must be a number in the text (of at most 1000), "
        "not 'k'.",
    ),
    "v**1001": (
        DimensionMismatchError,
        "1001",
        "'v' is a voltage (V), so its exponent must be a number in the text (of at most 1000), "
        "not '1001'.",
    ),
    "v**inf": (
        DimensionMismatchError,
        "inf",
        "'v' is a voltage (V), so its exponent must be a number in the text (of at most 1000), "
        "not 'inf'.",
    ),
    "2**v": (
        DimensionMismatchError,
        "v",
        "An exponent has no dimension, but 'v' is a voltage (V).",
    ),
    "v + vv": (UnknownNameError, "vv", "The name 'vv' is not known. Did you mean 'v'?"),
    "true": (UnknownNameError, "true", "The name 'true' is not known. Did you mean 'True'?"),
    "xi": (
        UnknownNameError,
        "xi",
        "The name 'xi' is not known. Noise can only be used in a differential equation.",
    ),
    "sinn(x)": (
        UnknownNameError,
        "sinn(x)",
        "There is no function 'sinn'. Did you mean 'sin'?",
    ),
    "max(x, 2)": (
        UnknownNameError,
        "max(x, 2)",
        "There is no function 'max'. Use clip(x, lo, inf).",
    ),
    "v(3)": (
        EquationError,
        "v(3)",
        "'v' is not a function. Write v*(...) for a product.",
    ),
    "2*clip": (EquationError, "clip", "'clip' is a function. Write clip(x, y, z)."),
    "sin(1, 2)": (EquationError, "sin(1, 2)", "'sin' takes 1 argument, not 2."),
    "rand(3)": (EquationError, "rand(3)", "'rand' takes no argument, not 1."),
    "v/(0*mV)": (EquationError, "v/(0*mV)", "This divides by zero."),
    "(v > w) + 1": (
        EquationError,
        "v > w",
        "'+' needs a number, but 'v > w' is true or false. Use int(...) to make it 0 or 1.",
    ),
    "-b": (
        EquationError,
        "b",
        "'-' needs a number, but 'b' is true or false. Use int(...) to make it 0 or 1.",
    ),
    "b**2": (
        EquationError,
        "b",
        "'**' needs a number, but 'b' is true or false. Use int(...) to make it 0 or 1.",
    ),
    "b < b": (
        EquationError,
        "b",
        "'<' needs a number, but 'b' is true or false. Use int(...) to make it 0 or 1.",
    ),
    "x == b": (
        EquationError,
        "b",
        "'==' needs a number, but 'b' is true or false. Use int(...) to make it 0 or 1.",
    ),
    "exp(b)": (
        EquationError,
        "b",
        "'exp' needs a number, but 'b' is a condition. Use int(...) to make it 0 or 1.",
    ),
    "clip(b, b, b)": (
        EquationError,
        "b",
        "'clip' needs a number, but 'b' is a condition. Use int(...) to make it 0 or 1.",
    ),
    "not k": (
        EquationError,
        "k",
        "'not' needs conditions, but 'k' is a number. Compare it with something, as in x > y.",
    ),
    "b and x": (
        EquationError,
        "x",
        "'and' needs conditions, but 'x' is a number. Compare it with something, as in x > y.",
    ),
    "f(x, x)": (
        UnsupportedFeatureError,
        "f(x, x)",
        "'f' is a Python function. A user-defined Function is not supported in text. "
        "Use the built-in functions, a TimedArray, or a network_operation.",
    ),
}


@pytest.mark.parametrize("text", MESSAGES)
def test_problem_has_its_class_place_reason_and_hint(text):
    error, place, message = MESSAGES[text]
    problem = problem_of(text)
    assert problem.error is error
    assert problem.origin.text == place
    assert f"{problem.message} {problem.hint}".rstrip() == message


def test_whole_message_with_caret():
    assert problem_of("v > 0 and b").render() == (
        "in threshold of NeuronGroup 'exc', line 1\n"
        "    v > 0 and b\n"
        "    ^^^^^\n"
        "  'v' is a voltage (V), but '0' has no dimension; '>' needs equal dimensions. "
        "Did you mean 0*mV?"
    )


def test_one_mistake_is_one_problem_and_two_are_two():
    used = resolver()
    used.expression(node("exp(vv*2 + v) > vv - tau and not (v + tau)"))
    assert [problem.message.split("'")[1] for problem in used.problems] == ["vv", "vv", "v"]
    used.expression(node("v + tau", "reset"))
    again = len(used.problems)
    used.expression(node("v + tau", "reset"))
    assert len(used.problems) == again


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


# -- random numbers --------------------------------------------------------------------


def test_random_numbers_are_refused_where_there_is_no_key():
    problem = problem_of("rand()*mV", draw_key=None)
    assert problem.message == "'rand' draws random numbers. Random numbers cannot be drawn here."


def test_the_reason_for_refusing_random_numbers_is_told():
    problem = problem_of("x + randn()", forbid_random="A threshold is tested twice.")
    assert problem.message == "'randn' draws random numbers. A threshold is tested twice."
    assert problem.origin.text == "randn()"


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
        ("x", DIMENSIONLESS, DType.BOOL, "'v' is true or false, but 'x' is a number."),
        (
            "b",
            DIMENSIONLESS,
            DType.REAL,
            "'v' needs a number, but 'b' is true or false. Use int(...) to make it 0 or 1.",
        ),
    ],
)
def test_expected_values_are_checked(text, dim, dtype, message):
    used = resolver()
    used.expect(node(text), dim, dtype, "'v'")
    (problem,) = used.problems
    assert f"{problem.message} {problem.hint}".rstrip() == message


# -- subexpressions --------------------------------------------------------------------


def subexpression(text, dim, scope=VARIABLES, constant_over_dt=False):
    return SubexpressionEntry(node(text, "equations"), dim, scope, constant_over_dt)


def scope_with(**entries):
    return ChainScope(EntryScope(entries), VARIABLES)


def test_a_subexpression_is_resolved_in_its_own_scope():
    other = EntryScope({"v": variable(W, volt.dim)})
    scope = scope_with(u=subexpression("2*v", volt.dim, other))
    assert resolve("u + v", scope=scope)[0] == Binary("+", Binary("*", real(2.0), W), V)


def test_the_declared_dimension_is_checked_once():
    used = resolver(scope_with(u=subexpression("v*x", second.dim)))
    assert used.expression(node("u + tau + u"))[1] == second.dim
    (problem,) = used.problems
    assert problem.message == "'u' is declared as a time (s), but its expression is a voltage (V)."
    assert problem.origin.text == "v*x"


def test_random_numbers_in_a_subexpression_need_the_flag():
    problem = problem_of("u", scope=scope_with(u=subexpression("rand()", DIMENSIONLESS)))
    assert problem.message == (
        "'rand' draws random numbers. Every use of a subexpression would draw again; "
        "give it the flag (constant over dt)."
    )
    frozen = scope_with(u=subexpression("rand()", DIMENSIONLESS, constant_over_dt=True))
    assert resolve("u", scope=frozen)[0] == RandomDraw("rand", (), KEY, 0)


def test_the_ban_of_random_numbers_ends_with_the_subexpression():
    expr, _ = resolve("u + rand()", scope=scope_with(u=subexpression("x", DIMENSIONLESS)))
    assert isinstance(expr.right, RandomDraw)


def test_a_subexpression_that_needs_itself_is_refused():
    entries = {}
    scope = ChainScope(EntryScope(entries), VARIABLES)
    entries["a"] = subexpression("c + 1", DIMENSIONLESS, scope)
    entries["c"] = subexpression("a + 1", DIMENSIONLESS, scope)
    problem = problem_of("a", scope=scope)
    assert problem.message == "The subexpression 'a' is defined by itself."


def test_exponential_growth_by_subexpressions_is_refused():
    entries = {"s0": subexpression("x", DIMENSIONLESS)}
    scope = ChainScope(EntryScope(entries), VARIABLES)
    for number in range(1, 60):
        previous = f"s{number - 1}"
        entries[f"s{number}"] = subexpression(f"{previous} + {previous}", DIMENSIONLESS, scope)
    used = resolver(scope)
    used.expression(node("s59"))
    assert "more than 100000 operations" in used.problems[0].message
    assert resolver(scope).expression(node("s10"))[1] is DIMENSIONLESS


def test_depth_through_subexpressions_is_refused():
    entries = {"s0": subexpression("x", DIMENSIONLESS)}
    scope = ChainScope(EntryScope(entries), VARIABLES)
    for number in range(1, 150):
        entries[f"s{number}"] = subexpression(f"1 + s{number - 1}", DIMENSIONLESS, scope)
    used = resolver(scope)
    used.expression(node("s149"))
    assert "nested more than 200 deep" in used.problems[0].message


# -- units of definitions --------------------------------------------------------------


def test_dimension_of_a_unit():
    assert dimension_of_unit(node("siemens/meter**2")) == Dimension.of(
        length=-4, mass=-1, time=3, current=2
    )
    with pytest.raises(SimgenError, match="must be a base unit, not 'mV'"):
        dimension_of_unit(node("mV"))
