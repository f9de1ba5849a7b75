"""Statements: how they are split, what each holds, and the problems of a whole text at once."""

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgen.errors import EquationError, SimgenError, SourceText
from simgen.lang.expressions import parse_expression
from simgen.lang.statements import parse_statements
from simgen.lang.syntax import Name


def parse(text):
    return parse_statements(SourceText(text, "reset", "NeuronGroup 'exc'"))


def expression(text):
    return parse_expression(SourceText(text))


def refusal(text):
    with pytest.raises(EquationError) as caught:
        parse(text)
    return str(caught.value)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing", " ;; ; "])
def test_text_without_statements_gives_none(text):
    assert parse(text) == ()


def test_statements_are_split_at_lines_and_semicolons():
    found = parse("v = -60*mV # reset; not a statement\n\n w += b; g_ampa *= 2;\n")
    assert [(item.target, item.op, item.value) for item in found] == [
        ("v", "=", expression("-60*mV")),
        ("w", "+=", expression("b")),
        ("g_ampa", "*=", expression("2")),
    ]


@pytest.mark.parametrize("op", ["=", "+=", "-=", "*=", "/=", "**=", "//=", "%="])
def test_each_operator_is_kept_as_written(op):
    assert parse(f"x{op}y")[0].op == op


def test_lines_join_inside_brackets_and_after_a_backslash():
    found = parse("x = (a +\n  b)\ny = a + \\\n    b\r\nz = f(a,\n\n b)")
    assert [item.value for item in found] == [
        expression("a + b"),
        expression("a + b"),
        expression("f(a, b)"),
    ]
    assert found[0].origin.text == "x = (a +\n  b)"
    assert found[0].origin.statement() == "x = (a +"
    assert [item.target_origin.text for item in found] == ["x", "y", "z"]


def test_a_declared_unit_is_returned():
    (found,) = parse("x = a + b : volt (constant)")
    assert isinstance(found.unit, Name)
    assert found.unit.name == "volt"
    assert found.value == expression("a + b")
    assert parse("x = a")[0].unit is None


def test_all_problems_are_shown_with_their_places():
    text = "v = -60*mV\nif v > 3: w = 2\nw == 3\na, b = 1\nv = w = 2\ng[i] = 3"
    assert refusal(text) == textwrap.dedent(
        """\
        5 problems
        in reset of NeuronGroup 'exc', line 2
            if v > 3: w = 2
            ^^
          A statement cannot begin with 'if'; only assignments are possible. \
Use int(condition) as a factor.
        in reset of NeuronGroup 'exc', line 3
            w == 3
              ^^
          This compares and changes nothing. Did you mean '='?
        in reset of NeuronGroup 'exc', line 4
            a, b = 1
            ^^^^
          'a, b' is not a variable that can be assigned. Write one statement for each variable.
        in reset of NeuronGroup 'exc', line 5
            v = w = 2
                  ^
          A statement has one assignment. Write one statement for each variable, or '==' to compare.
        in reset of NeuronGroup 'exc', line 6
            g[i] = 3
            ^^^^
          'g[i]' is not a variable that can be assigned. \
The statement already runs for each element; leave the index out."""
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("x", "An assignment such as 'x = expression' is expected."),
        ("x =", "A value is expected after '='."),
        ("= 3", "The name of a variable is expected before '='."),
        ("x &= 3", "There is no assignment '&='. Use one of = += -= *= /= **= //= %=."),
        ("x := 3", "There is no assignment ':='. Use '='."),
        ("x++", "An assignment such as"),
        ("import os", "A statement cannot begin with 'import'"),
        ("for i in x: y = 1", "Statements already run for every element."),
        ("lambda = 3", "'lambda' is a keyword of Python"),
        ("mV = 3", "'mV' is a unit."),
        ("exp = 3", "'exp' is a function of the language."),
        ("pi = 3", "'pi' is a constant of the language."),
        ("_x = 3", "is reserved: it begins with '_'"),
        ("dv/dt = 3", "Differential equations belong into the equations of the model."),
        ("x = 3 : mV", "must be a base unit, not 'mV'. Use 'volt'."),
        ("x = 3 :", "A unit is expected after ':'."),
        ("x = 3 : volt (shared)", "A statement has no flag 'shared'."),
        ("x = (3", "This '(' is never closed."),
        ("x = f(y=3)", "Arguments have no names here."),
        ("x.y = 3", "'x.y' is not a variable that can be assigned."),
        ("$ x", "An assignment such as"),
        ("∂ = 3", "The character '∂' has no meaning here."),
        ("v\N{NO-BREAK SPACE}= 3", "The blank U+00A0 is not a plain space."),
        ("größe = 3", "Names are made of the letters a to z"),
    ],
)
def test_wrong_statements_are_refused(text, part):
    message = refusal(text)
    assert part in message
    assert "^" in message


def test_a_text_full_of_problems_shows_a_bounded_number():
    assert refusal("x == 1\n" * 5000).startswith("20 problems\n")


_WORDS = "v w = += == ( ) ; \n : volt mV 1 + - if , [ # \\ ' é (constant) rand() x=1"


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(_WORDS.split(" ")), max_size=25))
def test_random_statements_give_assignments_or_an_error_of_ours(words):
    try:
        found = parse(" ".join(words))
    except SimgenError:
        return
    assert all(item.target.isidentifier() for item in found)
