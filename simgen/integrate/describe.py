"""Expressions as short text for messages."""

from __future__ import annotations

from simgen.dtypes import DType
from simgen.ir.expr import (
    Binary,
    Call,
    Cast,
    Compare,
    Const,
    Expr,
    Flow,
    Gather,
    IndexValue,
    Load,
    Local,
    Logical,
    Param,
    RandomDraw,
    Select,
    Step,
    Time,
    Unary,
)

_STRENGTH = {"or": 1, "and": 2, "+": 4, "-": 4, "*": 5, "/": 5, "//": 5, "%": 5}


def describe(expr: Expr) -> str:
    """Return ``expr`` in the notation of the language; casts are left out."""
    return _text(expr)[0]


def _text(expr: Expr) -> tuple[str, int]:
    """Return the text and how strongly its outermost operator binds."""
    match expr:
        case Const(value=value):
            return (f"{value:g}" if isinstance(value, float) else str(value)), 9
        case Param(name=name) | Local(name=name):
            return _user_name(name), 9
        case Load(array=array):
            return _user_name(array.name), 9
        case Gather(array=array, position=position):
            return f"{_user_name(array.name)}[{describe(position)}]", 9
        case IndexValue():
            return "i", 9
        case Step():
            return "t_in_timesteps", 9
        case Time():
            return "t", 9
        case Unary(op=op, operand=operand):
            return (
                (f"not {_inner(operand, 3)}", 3) if op == "not" else (f"-{_inner(operand, 6)}", 6)
            )
        case Binary(op=op, left=left, right=right) | Logical(op=op, left=left, right=right):
            strength = _STRENGTH[op]
            return f"{_inner(left, strength)} {op} {_inner(right, strength + 1)}", strength
        case Compare(op=op, left=left, right=right):
            return f"{_inner(left, 4)} {op} {_inner(right, 4)}", 3
        case Select(condition=condition, then=then, otherwise=otherwise):
            return f"({describe(then)} if {describe(condition)} else {describe(otherwise)})", 9
        case Cast(operand=operand):
            inner = _text(operand)
            return (f"int({inner[0]})", 9) if operand.dtype is DType.BOOL else inner
        case Flow(row=row, start=start):
            return f"flow({row}: {', '.join(map(describe, start))})", 9
        case Call(function=name, args=args) | RandomDraw(distribution=name, args=args):
            return f"{name}({', '.join(describe(arg) for arg in args)})", 9


def _user_name(name: str) -> str:
    """Return a name as the user wrote it: what is "exc.tau" in programs is "tau" in equations."""
    return name.rpartition(".")[2]


def _inner(expr: Expr, strength: int) -> str:
    text, own = _text(expr)
    return text if own >= strength else f"({text})"
