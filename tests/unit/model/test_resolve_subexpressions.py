"""Subexpressions: their own scope, their dimension, random numbers, and limits of growth."""

from resolving import KEY, VARIABLES, V, W, node, problem_of, resolve, resolver, variable

from simgen.dtypes import DType
from simgen.ir.construct import real
from simgen.ir.expr import Binary, RandomDraw
from simgen.model.scope import ChainScope, EntryScope, SubexpressionEntry
from simgen.units import DIMENSIONLESS, second, volt


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


def test_the_declared_type_is_checked():
    def problem(text, dtype):
        entry = SubexpressionEntry(node(text), DIMENSIONLESS, VARIABLES, False, dtype)
        used = resolver(scope_with(u=entry))
        used.expression(node("u"))
        return " ".join(found.message for found in used.problems)

    assert problem("1.7", DType.I32) == "'u' is an integer, but '1.7' is a floating number."
    assert problem("1", DType.BOOL) == "'u' is true or false, but '1' is a number."
    for text in ("3//2", "int(x)", "x > 1"):
        assert not problem(text, DType.I32)
    assert not problem("x > 1", DType.BOOL)


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
