"""Expressions that are refused: the place, the reason, and the limits of size and depth."""

import sys
import textwrap

import pytest
from expression_texts import parse, refusal

from simgen.errors import EquationError
from simgen.lang.expressions import MAX_DEPTH
from simgen.lang.syntax import walk
from simgen.lang.tokens import MAX_TEXT

MESSAGES = {
    "2mV": (0, 3, "The number 2 runs into 'mV'. Did you mean 2*mV?"),
    "1or 2": (0, 3, "The number 1 runs into 'or'. Put a blank between them."),
    "0x10": (0, 4, "The number 0 runs into 'x10'. Write whole numbers in decimal digits."),
    "3j": (0, 1, "There are no complex numbers."),
    "007": (0, 3, "A whole number must not begin with 0."),
    "x + 1e999": (4, 9, "The number is too large. Use 'inf' for infinity."),
    "9223372036854775808": (
        0,
        19,
        "The whole number does not fit into 64 bits. Write it with a decimal point.",
    ),
    "9**9**9**9": (3, 10, "The result of these numbers is too large."),
    "1e300*1e300": (0, 11, "The result of these numbers is too large."),
    "(-1)**0.5": (0, 9, "This power is not a real number."),
    "0**-1": (0, 5, "This divides by zero."),
    "x/(1-1)": (0, 7, "This divides by zero."),
    "a.b": (1, 2, "Attributes are not part of the language. Give the value a name of its own."),
    "a[1]": (
        1,
        2,
        "Subscripts and lists are not part of the language. Give the value a name of its own.",
    ),
    "{a}": (0, 1, "Braces are not part of the language. Use '(' and ')'."),
    "x ^ 2": (2, 3, "There is no operator '^'. Use '**' for a power."),
    "a & b": (2, 3, "There are no bit operators. Use 'and' to join conditions."),
    "a && b": (2, 4, "There is no operator '&&'. Use 'and'."),
    "~a": (0, 1, "There are no bit operators. Use 'not' to negate a condition."),
    "!a": (0, 1, "There is no operator '!'. Use 'not'."),
    "a << 2": (2, 4, "There are no bit operators. Use '* 2**n' instead of a shift."),
    "a @ b": (2, 3, "There is no matrix product in an expression. Use '*'."),
    "a < b < c": (0, 9, "Comparisons cannot be chained. Write (a < b) and (b < c)."),
    "a is b": (2, 4, "There is no 'is' in an expression. Use '=='."),
    "a not in b": (6, 8, "There is no 'in' in an expression. Use comparisons joined by 'or'."),
    "a if b else c": (
        2,
        4,
        "There is no 'if' in an expression. Use int(condition)*x to choose a value.",
    ),
    "b ? a : c": (2, 3, "There is no operator '?'. Use int(condition)*x to choose a value."),
    "'v' + \"w\"": (0, 3, "Text in quotes has no place in an expression."),
    "f'{x}'": (1, 6, "Text in quotes has no place in an expression."),
    "f(x=1)": (3, 4, "Arguments have no names here. Give the arguments in their order."),
    "f(*a)": (2, 3, "A value is expected before '*'."),
    "(y := 3)": (3, 5, "An expression cannot assign. Write a statement of its own."),
    "x = 3": (2, 3, "An expression cannot assign. Did you mean '=='?"),
    "x += 3": (2, 4, "An expression cannot assign with '+='."),
    "x => 3": (2, 3, "There is no operator '=>'. Use '>='."),
    "lambda*3": (0, 6, "'lambda' is a keyword of Python and cannot be a name. Use 'lambda_'."),
    "None": (0, 4, "'None' is not a value of the language."),
    "a + b c": (6, 7, "An operator is missing before 'c'."),
    "2 (v)": (2, 3, "An operator is missing before '('. Use '*' for a product."),
    "a +": (2, 3, "A value is expected after '+'."),
    "a * / b": (4, 5, "A value is expected before '/'."),
    "()": (1, 2, "A value is expected before ')'."),
    "f(a,)": (4, 5, "A value is expected before ')'."),
    "a, b": (1, 2, "One value is expected, not several."),
    "(a + (b)": (0, 1, "This '(' is never closed."),
    "a + b)": (5, 6, "There is no '(' that this ')' closes."),
    "a + not b": (4, 7, "A 'not' needs brackets here. Write (not ...)."),
    "a; b": (1, 2, "One expression is expected, not several statements."),
    "größe": (0, 5, "Names are made of the letters a to z, digits and '_'."),
    "v · 2": (2, 3, "The character '·' has no meaning here. Use '*'."),
    "v \N{NO-BREAK SPACE}+ 2": (2, 3, "The blank U+00A0 is not a plain space. Type it again."),
    "v + \0": (4, 5, "The character U+0000 has no meaning here."),
    "__import__": (
        0,
        10,
        "The name '__import__' is reserved: it begins with '_'.",
    ),
    "a\\b": (1, 2, "A '\\' may only stand at the end of a line."),
}


@pytest.mark.parametrize("text", MESSAGES)
def test_refusal_points_at_the_place_and_says_why(text):
    start, end, message = MESSAGES[text]
    shown = "".join(ch if ch.isprintable() else " " for ch in text)
    caret = " " * start + "^" * (end - start)
    assert refusal(text) == (
        f"in reset of NeuronGroup 'exc', line 1\n    {shown}\n    {caret}\n  {message}"
    )


def test_whole_message_of_a_problem_in_the_third_line():
    text = "a +\n  b *\n  (c $ d)"
    assert refusal(text) == textwrap.dedent(
        """\
        in reset of NeuronGroup 'exc', line 3
            (c $ d)
               ^
          The character '$' has no meaning here."""
    )


@pytest.mark.parametrize("text", ["", "  ", "\n", "# only a comment", "\\\n"])
def test_empty_text_is_refused(text):
    assert "The reset is empty; an expression is expected." in refusal(text)


def test_depth_limit_is_exact():
    assert len(list(walk(parse("+".join("a" * MAX_DEPTH))))) == 2 * MAX_DEPTH - 1
    assert "nested more than 200" in refusal("+".join("a" * (MAX_DEPTH + 1)))
    assert "nested more than 200" in refusal(" and ".join("a" * (MAX_DEPTH + 1)))
    parse("-" * (MAX_DEPTH - 1) + "1")
    assert "nested more than 200" in refusal("-" * MAX_DEPTH + "1")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("(" * 150 + "a" + ")" * 150, "Brackets are nested more than 100 deep."),
        ("f(" * 150 + "a" + ")" * 150, "Brackets are nested more than 100 deep."),
        ("-" * 9_000 + "1", "nested more than 200"),
        ("**".join("a" * 4_000), "nested more than 200"),
        ("not " * 9_000 + "a", "nested more than 200"),
        ("+".join("a" * 4_000), "nested more than 200"),
        ("a+" * 5_000 + "a", "more than 10000 names and operators"),
        ("a" * 200 + "+" + " " * 100_000 + "b", "longer than 100000 characters"),
        ("a" * 201, "is longer than 200 characters"),
        ("9" * 50_000, "does not fit into 64 bits"),
        ("1e" + "9" * 5_000, "The number is too large"),
        ("a+" * MAX_TEXT, "the limit is 500000"),
    ],
)
def test_huge_texts_are_refused_at_once(text, part):
    message = refusal(text)
    assert part in message
    assert len(message) < 1000


def test_a_deep_stack_of_the_caller_gives_no_other_error():
    limit = sys.getrecursionlimit()
    depth, frame = 0, sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    text = "-" * 150 + "1"
    sys.setrecursionlimit(depth + 110)
    try:
        with pytest.raises(EquationError):
            parse(text)
    finally:
        sys.setrecursionlimit(limit)
