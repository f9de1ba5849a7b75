"""Text of an expression to its syntax tree, by Python's ``ast`` and a white list.

The text is never evaluated. Tokens are checked first (:mod:`simgen.lang.grammar`), which leaves
only plain ASCII on one line for ``ast.parse``; its columns are then the user's own.
"""

from __future__ import annotations

import ast
import functools
import math
import warnings
from collections.abc import Sequence

from simgen.errors import EquationError, Origin, SourceText, raise_problems
from simgen.lang.grammar import check_order
from simgen.lang.syntax import (
    BinaryNode,
    CallNode,
    CompareNode,
    LogicalNode,
    Name,
    Node,
    Number,
    UnaryNode,
)
from simgen.lang.tokens import RefusedError, Token, refused, tokenize

MAX_DEPTH = 200  # nested operations; later stages walk the tree by recursion

_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "-", ast.UAdd: "+", ast.Not: "not"}
_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}

# A node, the value if it is made of number literals only, and its depth.
_Built = tuple[Node, float | None, int]


@functools.lru_cache(maxsize=1024)  # objects read their texts more than once
def parse_expression(source: SourceText, start: int = 0, end: int | None = None) -> Node:
    """Return the syntax tree of ``source.text[start:end]``; origins lie in the whole text.

    Line ends are blanks. Raises EquationError, with a caret, for everything that is no expression
    of numbers, names, calls, arithmetic, comparisons and ``and or not``, and for expressions that
    are too long, too deep, or whose literals leave the range of floating numbers.
    """
    stop = len(source.text) if end is None else end
    try:
        tokens = [token for token in tokenize(source, start, stop) if token.kind != "newline"]
        return read_expression(source, tokens, start, stop)
    except RefusedError as refusal:
        problem = refusal.problem
    raise_problems([problem])
    raise EquationError(problem.message)  # not reached; tells the type checker so


def read_expression(source: SourceText, tokens: Sequence[Token], start: int, end: int) -> Node:
    """Return the syntax tree of ``tokens`` (no line ends), which lie in ``start`` to ``end``.

    Raises :class:`RefusedError` with the problem.
    """
    check_order(source, tokens, start, end)
    begin, stop = tokens[0].start, tokens[-1].end
    try:
        tree = _parsed(_one_line(tokens, begin, stop))
        return _Builder(source, begin - 1).build(tree, 1)[0]
    except (RecursionError, MemoryError):
        raise _too_deep(source, begin, stop) from None
    except (SyntaxError, SyntaxWarning, ValueError) as error:
        column = getattr(error, "offset", None) or 2  # counted from 1, with the bracket
        place = min(stop, max(begin, begin + column - 2))
        reason = "The expression cannot be read."
        raise refused(source, place, min(stop, place + 1), reason) from None


@functools.lru_cache(maxsize=1024)
def _parsed(line: str) -> ast.expr:
    """Return Python's tree, which is only read: objects of one kind have equal texts."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what Python only warns of is an error here
        return ast.parse(line, mode="eval").body


def _one_line(tokens: Sequence[Token], begin: int, stop: int) -> str:
    """Return the tokens on one line in brackets: their columns, less one, are the user's."""
    parts, column = ["("], begin
    for token in tokens:
        parts += " " * (token.start - column), token.text
        column = token.end
    return "".join((*parts, " " * (stop - column), ")"))


def _too_deep(source: SourceText, begin: int, stop: int) -> RefusedError:
    return refused(
        source,
        begin,
        stop,
        f"The expression is nested more than {MAX_DEPTH} operations deep.",
        "Split it into named parts.",
    )


class _Builder:
    """Turns Python's tree into ours; ``shift`` maps its columns to offsets in the text."""

    def __init__(self, source: SourceText, shift: int) -> None:
        self.source = source
        self.shift = shift

    def build(self, tree: ast.expr, depth: int) -> _Built:
        """Return the node for ``tree``, the literal's value, and the height below it."""
        if depth > MAX_DEPTH:
            origin = self.origin(tree)
            raise _too_deep(self.source, origin.start, origin.end)
        match tree:
            case ast.Constant(value=bool() | int() | float() as value):
                number = None if isinstance(value, bool) else float(value)
                return Number(value, self.origin(tree)), number, 1
            case ast.Name(id=name):
                return Name(name, self.origin(tree)), None, 1
            case ast.UnaryOp():
                return self._unary(tree, depth)
            case ast.BinOp():
                return self._binary(tree, depth)
            case ast.Compare():
                return self._compare(tree, depth)
            case ast.BoolOp():
                return self._logical(tree, depth)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                built = [self.build(arg, depth + 1) for arg in args]
                node = CallNode(name, tuple(item[0] for item in built), self.origin(tree))
                return node, None, 1 + max((item[2] for item in built), default=0)
        raise self.refuse(self.origin(tree), "This is not part of the language.")

    def origin(self, tree: ast.expr) -> Origin:
        end = tree.end_col_offset if tree.end_col_offset is not None else tree.col_offset + 1
        return Origin(self.source, tree.col_offset + self.shift, end + self.shift)

    def refuse(self, origin: Origin, message: str, hint: str = "") -> RefusedError:
        return refused(self.source, origin.start, origin.end, message, hint)

    def _unary(self, tree: ast.UnaryOp, depth: int) -> _Built:
        op = _UNARY.get(type(tree.op))
        if op is None:
            raise self.refuse(self.origin(tree), "There are no bit operators.")
        operand, value, height = self.build(tree.operand, depth + 1)
        if value is not None:
            value = -value if op == "-" else value if op == "+" else None
        return UnaryNode(op, operand, self.origin(tree)), value, height + 1

    def _binary(self, tree: ast.BinOp, depth: int) -> _Built:
        op = _BINARY.get(type(tree.op))
        if op is None:
            raise self.refuse(self.origin(tree), "There are no bit operators.")
        left, left_value, left_height = self.build(tree.left, depth + 1)
        right, right_value, right_height = self.build(tree.right, depth + 1)
        origin = self.origin(tree)
        if right_value == 0 and op in ("/", "//", "%"):
            raise self.refuse(origin, "This divides by zero.")
        value = None
        if left_value is not None and right_value is not None:
            value = self._literal(op, left_value, right_value, origin)
        return BinaryNode(op, left, right, origin), value, 1 + max(left_height, right_height)

    def _literal(self, op: str, left: float, right: float, origin: Origin) -> float:
        """Return the value of an operation on literals; refuse what is no finite real number."""
        try:
            value = literal_operation(op, left, right)
        except ZeroDivisionError:
            raise self.refuse(origin, "This divides by zero.") from None
        except OverflowError:
            value = math.inf
        if isinstance(value, complex):
            raise self.refuse(origin, "This power is not a real number.")
        if not math.isfinite(value):
            raise self.refuse(origin, "The result of these numbers is too large.")
        return value

    def _compare(self, tree: ast.Compare, depth: int) -> _Built:
        origin = self.origin(tree)
        if len(tree.ops) > 1:
            raise self.refuse(
                origin, "Comparisons cannot be chained.", "Write (a < b) and (b < c)."
            )
        op = _COMPARE.get(type(tree.ops[0]))
        if op is None:
            raise self.refuse(origin, "There is no such comparison.", "Use '==' or '!='.")
        left, _, left_height = self.build(tree.left, depth + 1)
        right, _, right_height = self.build(tree.comparators[0], depth + 1)
        return CompareNode(op, left, right, origin), None, 1 + max(left_height, right_height)

    def _logical(self, tree: ast.BoolOp, depth: int) -> _Built:
        op = "and" if isinstance(tree.op, ast.And) else "or"
        node, _, height = self.build(tree.values[0], depth + 1)
        for value in tree.values[1:]:
            right, _, right_height = self.build(value, depth + 1)
            height = 1 + max(height, right_height)
            origin = Origin(self.source, node.origin.start, right.origin.end)
            node = LogicalNode(op, node, right, origin)
        if height + depth > MAX_DEPTH + 1:
            raise _too_deep(self.source, node.origin.start, node.origin.end)
        return node, None, height


def literal_operation(op: str, left: float, right: float) -> float | complex:
    """Return ``left op right`` in double precision; raises what Python's arithmetic raises."""
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case "//":
            return left // right
        case "%":
            return left % right
        case _:
            power: float | complex = left**right
            return power
