"""Expressions: what is read, what is refused and how, and that no text does anything else."""

import os
import string
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgen.errors import EquationError, SourceText
from simgen.lang.expressions import MAX_DEPTH, parse_expression
from simgen.lang.syntax import (
    BinaryNode,
    CallNode,
    CompareNode,
    LogicalNode,
    Name,
    Number,
    UnaryNode,
    functions_in,
    walk,
)
from simgen.lang.tokens import MAX_TEXT


def parse(text):
    return parse_expression(SourceText(text, "reset", "NeuronGroup 'exc'"))


def plain(node):
    """The tree as nested tuples, without places."""
    match node:
        case Number():
            return node.value
        case Name():
            return node.name
        case UnaryNode():
            return (node.op, plain(node.operand))
        case CallNode():
            return (node.function, *map(plain, node.args))
    return (plain(node.left), node.op, plain(node.right))


def refusal(text):
    with pytest.raises(EquationError) as caught:
        parse(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("-(v - El)/tau", (("-", ("v", "-", "El")), "/", "tau")),
        ("-v**2", ("-", ("v", "**", 2))),
        ("2**-x", (2, "**", ("-", "x"))),
        ("a - b - c", (("a", "-", "b"), "-", "c")),
        ("2**3**2", (2, "**", (3, "**", 2))),
        ("a // b % c", (("a", "//", "b"), "%", "c")),
        ("1.5e-3*v", (0.0015, "*", "v")),
        (".5 + 1.", (0.5, "+", 1.0)),
        ("rand()", ("rand",)),
        ("clip(w + A, 0, wmax)", ("clip", ("w", "+", "A"), 0, "wmax")),
        ("f(g(x))", ("f", ("g", "x"))),
        ("not a > b and c or d", ((("not", ("a", ">", "b")), "and", "c"), "or", "d")),
        ("a and b and c", (("a", "and", "b"), "and", "c")),
        ("a != b", ("a", "!=", "b")),
        ("True", True),
        ("+v", ("+", "v")),
        ("(not a) == b", (("not", "a"), "==", "b")),
        ("match + case + type", (("match", "+", "case"), "+", "type")),
    ],
)
def test_reads_with_python_precedence(text, tree):
    assert plain(parse(text)) == tree


def test_number_types_follow_the_text():
    assert [type(parse(text).value) for text in ("2", "2.0", "2e0", "True")] == [
        int,
        float,
        float,
        bool,
    ]


def test_nodes_have_their_classes():
    assert isinstance(parse("a < b"), CompareNode)
    assert isinstance(parse("a or b"), LogicalNode)
    assert isinstance(parse("a ** b"), BinaryNode)


def test_origins_are_the_users_characters_over_lines_tabs_and_comments():
    text = "x = µ :: \n\t(a +  # größer, $ 'quoted'\r\n   b_long)\\\n\t* f(c,\t1e-3) ;"
    start, end = text.index("("), text.rindex(")") + 1
    node = parse_expression(SourceText(text), start, end)
    texts = [found.origin.text for found in walk(node)]
    assert texts == [
        text[start:end],
        "a +  # größer, $ 'quoted'\r\n   b_long",
        "a",
        "b_long",
        "f(c,\t1e-3)",
        "c",
        "1e-3",
    ]
    assert [found.origin.line for found in walk(node)] == [2, 2, 2, 3, 4, 4, 4]


def test_logical_chain_has_growing_origins():
    node = parse("a and b and c")
    assert (node.origin.text, node.left.origin.text) == ("a and b and c", "a and b")


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
        "The name '__import__' is reserved: it begins with '_' or contains '__'.",
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


# -- hostile text ----------------------------------------------------------------------

_PAYLOADS = [
    "__import__('os').system('touch {c}')",
    "open('{c}', 'w')",
    'open("{c}", "w").close()',
    'eval(\'open("{c}", "w")\')',
    'exec(\'open("{c}", "w")\')',
    "().__class__.__bases__[0].__subclasses__()",
    "[x for x in (1, 2)]",
    "{{x: 1 for x in y}}",
    "(lambda: open('{c}', 'w'))()",
    "(lambda x: x)(1)",
    "getattr(x, 'y')",
    "x.__globals__",
    "globals()['__builtins__']",
    'print(f\'{{open("{c}", "w")}}\')',
    "`touch {c}`",
    "$(touch {c})",
    "#define x 1\n x",
    'x; system("touch {c}")',
    "x\n#include <stdlib.h>\nint y",
    'x */ system("touch {c}"); /*',
    "x // system('touch {c}')\n * 'a'",
    "??/\n x",
    "x \\\n#error",
    "{{{{ 7*7 }}}}",
    "{{% raw %}}",
    "x\0y",
    "x\u202ey",
    "import os",
    "from os import path",
    "del x",
    "raise x",
    "assert x",
    "yield x",
    "await x",
    "async def f(): 1",
    "class x: y",
    "def f(): 1",
    "global x",
    "*x",
    "**x",
    "x := 1",
    "(x := open('{c}', 'w'))",
    "x[0]",
    "x[open('{c}', 'w')]",
    "x.y",
    "1 .real",
    "1..real",
    "b'{c}'",
    "r'{c}'",
    "'''{c}'''",
    '"""{c}"""',
    "f'{c}'",
    "...",
    "None",
    "__name__",
    "_x",
    "x__y",
    "0b11",
    "0o7",
    "1_000",
    "1e1_0",
    "١٢",
    "ａｂ",
    "𝐱",
    "9**9**9",
    "10**400",
    "2**(2**70)",
    "1 if open('{c}', 'w') else 2",
    "x or open('{c}', 'w')",
    "not open('{c}', 'w')",
    "f(open('{c}', 'w'))",
    "x @ y",
    "~x",
    "x | y",
    "x ^ y",
    "x >> y",
    "x is y",
    "x in y",
    "f(x for x in y)",
    "f(**x)",
    "f(*x)",
    "f(x=1)",
    "f()()",
    "(f)(1)",
    "f(1)[2]",
    "f(1).x",
    "1(2)",
    "'a' % x",
    "a b",
    "a'b'",
    '"',
    "'",
    "(((",
    ")))",
    "\\",
    "\\\\",
    "\x1b[31mred",
    "\ufeffx",
    "x\x85y",
    "x\u2028y$",
]
_FRAMES = ["{}", "v + ({})"]


def test_two_hundred_hostile_texts_are_refused_or_harmless(tmp_path: Path):
    canary = tmp_path / "canary"
    texts = [frame.format(p.format(c=canary)) for p in _PAYLOADS for frame in _FRAMES]
    assert len(set(texts)) >= 200
    before = set(os.listdir(tmp_path))
    for text in texts:
        try:
            read = parse(text)
        except EquationError:
            continue
        # what is left of a text whose hostile part was a comment
        assert {found.origin.text for found in walk(read) if isinstance(found, Name)} <= {"v", "x"}
        assert functions_in(read) == frozenset()
    assert set(os.listdir(tmp_path)) == before


# -- random text -----------------------------------------------------------------------

_WORDS = (
    "a v tau mV 1 2.5 1e3 + - * / // % ** ( ) , < <= == != and or not if else lambda in is "
    "f( rand() clip( . [ ] = += : ; # ' \" \n \\ \t _x é µ 9**9 True None 1j & ^ ~ @ \0"
)
_VALID = st.sampled_from(
    [
        "-(v - El)/tau + I*R",
        "gNa*m**3*h*(ENa - v)/C",
        "clip(w + Apre, 0*nS, wmax) * int(v > -50*mV and not_refractory)",
        "0.32*(mV**-1)*4*mV/exprel((13.*mV - v + VT)/(4*mV))/ms",
        "(a + b)*c - sin(2*pi*f*t)",
    ]
)


def accepts_or_refuses(text):
    try:
        node = parse(text)
    except EquationError:
        return
    for found in walk(node):
        assert found.origin.text.strip() == found.origin.text
        assert found.origin.text
        if isinstance(found, Name):
            assert found.origin.text == found.name


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(_WORDS.split(" ")), max_size=25), st.sampled_from(["", " "]))
def test_random_tokens_give_a_node_or_an_equation_error(words, blank):
    accepts_or_refuses(blank.join(words))


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=60))
def test_random_text_gives_a_node_or_an_equation_error(text):
    accepts_or_refuses(text)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    _VALID,
    st.integers(0, 80),
    st.integers(0, 4),
    st.text(alphabet=string.printable + "éµ∂", max_size=3),
)
def test_damaged_equations_give_a_node_or_an_equation_error(text, place, drop, insert):
    accepts_or_refuses(text[:place] + insert + text[place + drop :])
