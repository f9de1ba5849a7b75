"""The operators of the language: what they ask of their operands, and what they become in the IR.

A condition counts as 0 or 1 where a number is needed, as in ``current*(t > 5*ms)``.

Operands come with their dimension; None stands for one that is not known, which is not checked
and makes the result unknown. Problems are recorded in the context.
"""

from __future__ import annotations

import math
from fractions import Fraction

from simgen.dtypes import DType
from simgen.errors import DimensionMismatchError
from simgen.ir.construct import binary, call, cast, compare, negate, power
from simgen.ir.expr import Const, Expr, Logical, Param, Unary
from simgen.lang.syntax import (
    BinaryNode,
    CompareNode,
    LogicalNode,
    Node,
    UnaryNode,
    exact_value,
)
from simgen.lang.unit_expressions import tidy_exponent
from simgen.model.folding import fold
from simgen.model.functions import FunctionContext, Typed, quote, said
from simgen.model.hints import literal_hint
from simgen.units import DIMENSIONLESS, Dimension

_EXPONENT_LIMIT = 1000  # of a dimension; nothing physical comes near


def unknown(name: str) -> Typed:
    """Return what stands for an expression that is not known; it never reaches a program."""
    return Param(f"unknown_{name}", DType.REAL), None


def unary(context: FunctionContext, node: UnaryNode, operand: Typed) -> Typed:
    """Return ``-x``, ``+x`` or ``not x`` (of a condition)."""
    expr, dim = operand
    if dim is None:
        return (Const(False, DType.BOOL), None) if node.op == "not" else (expr, None)
    if node.op == "not":
        if expr.dtype is not DType.BOOL:
            return number_as_condition(context, node.operand, "not")
        return Unary("not", expr), dim
    expr = as_number(expr)
    return (negate(expr) if node.op == "-" else expr), dim


def arithmetic(context: FunctionContext, node: BinaryNode, left: Typed, right: Typed) -> Typed:
    """Return ``+ - * / // %`` of two numbers; all but ``*`` and ``/`` need equal dimensions.

    ``/`` is true division; ``//`` gives a number without dimension; literals are folded.
    """
    (first, left_dim), (second, right_dim) = left, right
    if left_dim is None or right_dim is None:
        return unknown("operand")
    if node.op == "*":
        dim = left_dim * right_dim
    elif node.op == "/":
        dim = left_dim / right_dim
    elif left_dim != right_dim:
        return _mismatch(context, node, left_dim, right_dim)
    else:
        dim = DIMENSIONLESS if node.op == "//" else left_dim
    if node.op in ("/", "//", "%") and isinstance(second, Const) and second.value == 0:
        return context.fail(node.origin, "This divides by zero.")
    folded = fold(node.op, first, second)
    return (binary(node.op, first, second) if folded is None else folded), dim


def exponentiation(context: FunctionContext, node: BinaryNode, left: Typed, right: Typed) -> Typed:
    """Return ``base ** exponent``; a base with a dimension needs a literal exponent."""
    (base, base_dim), (exponent, exponent_dim) = left, right
    base, exponent = as_number(base), as_number(exponent)
    if exponent_dim is not None and not exponent_dim.is_dimensionless:
        return context.fail(
            node.right.origin,
            f"An exponent has no dimension, but {quote(node.right)} {said(exponent_dim)}.",
            error=DimensionMismatchError,
        )
    if base_dim is None or exponent_dim is None:
        return unknown("power")
    dim = base_dim
    if not base_dim.is_dimensionless:
        value = _exponent_value(node.right, exponent)
        if value is None:
            return context.fail(
                node.right.origin,
                f"{quote(node.left)} {said(base_dim)}, so its exponent must be a number in "
                f"the text (of at most {_EXPONENT_LIMIT}), not {quote(node.right)}.",
                error=DimensionMismatchError,
            )
        dim = base_dim**value
    folded = fold("**", base, exponent)
    if folded is not None:
        return folded, dim
    if isinstance(exponent, Const) and not math.isfinite(exponent.value):
        return call("pow", base, exponent), dim
    return power(base, exponent), dim


def comparison(context: FunctionContext, node: CompareNode, left: Typed, right: Typed) -> Typed:
    """Return a comparison of two numbers of equal dimension."""
    (first, left_dim), (second, right_dim) = left, right
    if left_dim is None or right_dim is None:
        return Const(False, DType.BOOL), DIMENSIONLESS
    if left_dim != right_dim:
        return _mismatch(context, node, left_dim, right_dim)
    return compare(node.op, first, second), DIMENSIONLESS


def logical(context: FunctionContext, node: LogicalNode, left: Typed, right: Typed) -> Typed:
    """Return ``and`` or ``or`` of two conditions."""
    for operand, (expr, dim) in ((node.left, left), (node.right, right)):
        if dim is not None and expr.dtype is not DType.BOOL:
            return number_as_condition(context, operand, node.op)
    if left[1] is None or right[1] is None:
        return Const(False, DType.BOOL), None
    return Logical(node.op, left[0], right[0]), DIMENSIONLESS


def as_number(expr: Expr) -> Expr:
    """Return a condition as 0 or 1, and numbers as they are."""
    return cast(expr, DType.I64) if expr.dtype is DType.BOOL else expr


def number_as_condition(context: FunctionContext, node: Node, op: str) -> Typed:
    """Record that ``node`` is a number where the operator ``op`` needs a condition."""
    return context.fail(
        node.origin,
        f"'{op}' needs conditions, but {quote(node)} is a number.",
        "Compare it with something, as in x > y.",
    )


def _mismatch(
    context: FunctionContext, node: BinaryNode | CompareNode, left: Dimension, right: Dimension
) -> Typed:
    hint = literal_hint(node.right, right, left) or literal_hint(node.left, left, right)
    return context.fail(
        node.origin,
        f"{quote(node.left)} {said(left)}, but {quote(node.right)} {said(right)}; "
        f"'{node.op}' needs equal dimensions.",
        hint,
        DimensionMismatchError,
    )


def _exponent_value(node: Node, expr: Expr) -> Fraction | None:
    """Return the exponent of a dimension, exactly where it is written with whole numbers."""
    value = exact_value(node)
    if value is None and isinstance(expr, Const) and math.isfinite(expr.value):
        value = Fraction(expr.value)
    if value is None or abs(value) > _EXPONENT_LIMIT:
        return None
    return tidy_exponent(value)
