"""Expressions: what is read, and the tree, types and places that come out."""

import pytest
from expression_texts import parse

from simgen.errors import SourceText
from simgen.lang.expressions import parse_expression
from simgen.lang.syntax import (
    BinaryNode,
    CallNode,
    CompareNode,
    LogicalNode,
    Name,
    Number,
    UnaryNode,
    walk,
)


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
