"""Divisions by constants and by exprel become products.

``x / 5.0`` and ``x * 0.2`` may differ in the last bit, so this is part of how equations are
integrated, before any target sees them, and never of an optimising pass. A vector division takes
as long as about five products: a Hodgkin-Huxley update with eight of them got 1.3 times faster.

Rates of ion channels are quotients like ``a / exprel(x)``, and exprel itself divides by its
argument: ``a * recip_exprel(x)``, where recip_exprel is x / (exp(x) - 1), divides once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from simgen.dtypes import DType
from simgen.ir.construct import call, real
from simgen.ir.expr import (
    Binary,
    Call,
    Const,
    Expr,
    Gather,
    IndexValue,
    Load,
    Local,
    Param,
    RandomDraw,
    Step,
    Time,
)
from simgen.ir.stmt import If, Let, Stmt
from simgen.ir.visit import all_nodes, children, flatten, map_stmt

_SMALLEST, _LARGEST = 1e-290, 1e290  # beyond, a reciprocal would overflow or lose digits


def with_reciprocals(statements: Iterable[Stmt]) -> tuple[Stmt, ...]:
    """Return the statements with divisions by run-constant values and exprel as products."""
    statements = _with_reciprocal_locals(tuple(statements))
    return tuple(map_stmt(stmt, _rewrite) for stmt in statements)


def _with_reciprocal_locals(statements: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Bind the reciprocal to locals that hold an exprel and are used only to divide by."""
    uses = Counter(node.name for node in all_nodes(statements) if isinstance(node, Local))
    divided = Counter(
        node.right.name
        for node in all_nodes(statements)
        if isinstance(node, Binary) and node.op == "/" and isinstance(node.right, Local)
    )
    inverted = {
        stmt.local
        for stmt in flatten(statements)
        if isinstance(stmt, Let)
        and _is_exprel(stmt.value)
        and uses[stmt.local.name] == divided[stmt.local.name]
    }
    if not inverted:
        return statements

    def multiply(node: Expr) -> Expr:
        if isinstance(node, Binary) and node.op == "/" and node.right in inverted:
            return _times(node.left, node.right)
        return node

    def invert(stmt: Stmt) -> Stmt:
        if isinstance(stmt, If):
            return replace(stmt, body=tuple(invert(inner) for inner in stmt.body))
        if isinstance(stmt, Let) and stmt.local in inverted:
            return replace(stmt, value=_reciprocal(stmt.value))
        return stmt

    return tuple(invert(map_stmt(stmt, multiply)) for stmt in statements)


def _is_exprel(expr: Expr) -> bool:
    return isinstance(expr, Call) and expr.function == "exprel"


def _reciprocal(exprel: Expr) -> Expr:
    return call("recip_exprel", *children(exprel))


def _times(left: Expr, right: Expr) -> Expr:
    return right if left == real(1.0) else Binary("*", left, right)


def _rewrite(node: Expr) -> Expr:
    if not isinstance(node, Binary) or node.op != "/" or node.dtype is not DType.REAL:
        return node
    if _is_exprel(node.right):
        return _times(node.left, _reciprocal(node.right))
    if not _is_constant(node.right) or _is_constant(node.left):
        return node
    if isinstance(node.right, Const):
        value = float(node.right.value)
        if not _SMALLEST < abs(value) < _LARGEST:
            return node
        return Binary("*", node.left, real(1.0 / value))
    return Binary("*", node.left, Binary("/", real(1.0), node.right))


def _is_constant(expr: Expr) -> bool:
    """Whether an expression has one value for all elements during a run."""
    if isinstance(expr, Const | Param):
        return True
    if isinstance(expr, Load | Gather | IndexValue | Step | Time | RandomDraw):
        return False
    inner = children(expr)
    return bool(inner) and all(_is_constant(child) for child in inner)
