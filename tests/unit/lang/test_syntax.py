"""Questions to syntax trees, tokens, names and units."""

from fractions import Fraction

import pytest

from simgen.errors import SourceText
from simgen.lang.expressions import parse_expression
from simgen.lang.names import FUNCTION_NAMES, undefinable_name, unusable_name
from simgen.lang.syntax import exact_value, functions_in, names_in
from simgen.lang.tokens import tokenize
from simgen.lang.unit_expressions import BASE_UNITS, base_unit_name, unit_dimension
from simgen.model.functions import BUILTIN_FUNCTIONS
from simgen.units import DIMENSIONLESS, Dimension, unit_from_name


def node(text):
    return parse_expression(SourceText(text))


def test_names_and_functions_are_told_apart():
    found = node("f(x)*g(y, f(z)) + x > 2")
    assert names_in(found) == {"x", "y", "z"}
    assert functions_in(found) == {"f", "g"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/3", Fraction(1, 3)),
        ("-(2 + 1)*4", Fraction(-12)),
        ("0.5", Fraction(1, 2)),
        ("+3 - 1", Fraction(2)),
        ("x", None),
        ("2**3", None),
        ("True", None),
        ("f(1)", None),
    ],
)
def test_exact_value_of_literals(text, value):
    assert exact_value(node(text)) == value


def test_tokens_keep_their_places_and_drop_blanks():
    source = SourceText("a\t+= 1.5e3 # c\r\n(b) \\\n;é$")
    found = [(token.kind, token.text) for token in tokenize(source)]
    assert found == [
        ("name", "a"),
        ("op", "+="),
        ("number", "1.5e3"),
        ("newline", "\r\n"),
        ("op", "("),
        ("name", "b"),
        ("op", ")"),
        ("op", ";"),
        ("name", "é"),
        ("op", "$"),
    ]
    assert all(source.text[t.start : t.end] == t.text for t in tokenize(source))


def test_the_language_knows_exactly_the_functions_of_the_model():
    assert set(BUILTIN_FUNCTIONS) == FUNCTION_NAMES


def test_ordinary_names_can_be_used():
    names = ("v", "w_syn", "g_na", "tau", "x1", "V", "pre", "double", "linux", "lambda_", "n", "h")
    assert [name for name in names if undefinable_name(name) or unusable_name(name)] == []


def test_base_units_have_the_scale_one():
    for name in BASE_UNITS:
        problems = []
        assert unit_dimension(node(name), problems) == unit_from_name(name).dim
        assert problems == []


@pytest.mark.parametrize(
    ("text", "dim"),
    [
        ("1", DIMENSIONLESS),
        ("integer", DIMENSIONLESS),
        ("volt/second", Dimension.of(length=2, mass=1, time=-4, current=-1)),
        ("meter**-2", Dimension.of(length=-2)),
        ("meter**(1/3)", Dimension.of(length=Fraction(1, 3))),
        ("second**0.1", Dimension.of(time=Fraction(1, 10))),
        ("1/meter2", Dimension.of(length=-2)),
        ("Hz", Dimension.of(time=-1)),
    ],
)
def test_dimension_of_units(text, dim):
    problems = []
    assert unit_dimension(node(text), problems) == dim
    assert problems == []


def test_dimension_without_a_base_unit_has_no_name():
    assert base_unit_name(Dimension.of(length=7)) == ""
