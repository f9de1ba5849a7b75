"""The syntax tree of the language: names and numbers as the user wrote them, nothing resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from simgen.errors import Origin


@dataclass(frozen=True, slots=True)
class Number:
    """A literal: an integer, a floating number, or ``True`` / ``False``."""

    value: int | float | bool
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A name that stands for a variable, a unit, a constant or a function."""

    name: str
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class UnaryNode:
    """``-``, ``+`` or ``not`` before an operand."""

    op: str
    operand: Node
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class BinaryNode:
    """``+ - * / // % **`` between two operands."""

    op: str
    left: Node
    right: Node
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CompareNode:
    """One of ``< <= > >= == !=`` between two operands."""

    op: str
    left: Node
    right: Node
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LogicalNode:
    """``and`` or ``or`` between two conditions."""

    op: str
    left: Node
    right: Node
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CallNode:
    """A function applied to its arguments."""

    function: str
    args: tuple[Node, ...]
    origin: Origin = field(compare=False, repr=False)


Node = Number | Name | UnaryNode | BinaryNode | CompareNode | LogicalNode | CallNode


def children(node: Node) -> tuple[Node, ...]:
    """Return the direct operands of ``node``, left to right."""
    if isinstance(node, UnaryNode):
        return (node.operand,)
    if isinstance(node, BinaryNode | CompareNode | LogicalNode):
        return (node.left, node.right)
    return node.args if isinstance(node, CallNode) else ()


def walk(node: Node) -> Iterator[Node]:
    """Yield ``node`` and all nodes below it, each before its operands, left to right."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(children(current)))


def names_in(node: Node) -> frozenset[str]:
    """Return the names that ``node`` uses as values (functions are not among them)."""
    return frozenset(found.name for found in walk(node) if isinstance(found, Name))


def functions_in(node: Node) -> frozenset[str]:
    """Return the names of the functions that ``node`` calls."""
    return frozenset(found.function for found in walk(node) if isinstance(found, CallNode))


def exact_value(node: Node) -> Fraction | None:
    """Return the exact value of a literal made of numbers, signs and ``+ - * /``, else None.

    Exponents of dimensions use it, so that ``meter**(1/3)`` has the exponent 1/3 and not its
    nearest floating number.
    """
    if isinstance(node, Number) and not isinstance(node.value, bool):
        return Fraction(node.value)
    if isinstance(node, UnaryNode) and node.op in "+-":
        operand = exact_value(node.operand)
        return operand if operand is None or node.op == "+" else -operand
    if isinstance(node, BinaryNode) and node.op in ("+", "-", "*", "/"):
        left, right = exact_value(node.left), exact_value(node.right)
        if left is None or right is None or (node.op == "/" and right == 0):
            return None
        return {"+": left + right, "-": left - right, "*": left * right}.get(
            node.op, left / right if right else None
        )
    return None
