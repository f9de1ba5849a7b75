"""The traversals: rebuild, walk, and the reads and writes of statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from simgen.ir.expr import (
    ELEMENT,
    Array,
    Binary,
    Call,
    Cast,
    Compare,
    Expr,
    Flow,
    Gather,
    Index,
    Load,
    Local,
    Logical,
    RandomDraw,
    Select,
    Unary,
)
from simgen.ir.stmt import Accumulate, Append, Emit, EmitTable, If, Let, Note, Scatter, Stmt, Store


def children(expr: Expr) -> tuple[Expr, ...]:
    """Return the direct sub-expressions."""
    match expr:
        case Unary(operand=operand) | Cast(operand=operand):
            return (operand,)
        case Binary() | Compare() | Logical():
            return (expr.left, expr.right)
        case Select():
            return (expr.condition, expr.then, expr.otherwise)
        case Call():
            return expr.args
        case Flow():
            return (*expr.matrix, *expr.start)
        case RandomDraw():
            return expr.args if expr.rank is None else (*expr.args, expr.rank)
        case Gather():
            return (expr.position,)
        case _:
            return ()


def map_expr(expr: Expr, function: Callable[[Expr], Expr]) -> Expr:
    """Rebuild bottom-up: ``function`` sees each node after its children.

    Unchanged trees are shared.
    """
    match expr:
        case Unary() | Cast():
            operand = map_expr(expr.operand, function)
            if operand is not expr.operand:
                expr = replace(expr, operand=operand)
        case Binary() | Compare() | Logical():
            left, right = map_expr(expr.left, function), map_expr(expr.right, function)
            if left is not expr.left or right is not expr.right:
                expr = replace(expr, left=left, right=right)
        case Select():
            parts = tuple(map_expr(part, function) for part in children(expr))
            if any(new is not old for new, old in zip(parts, children(expr))):
                expr = Select(*parts)
        case Call():
            args = tuple(map_expr(arg, function) for arg in expr.args)
            if any(new is not old for new, old in zip(args, expr.args)):
                expr = replace(expr, args=args)
        case Flow():
            parts = tuple(map_expr(part, function) for part in children(expr))
            if any(new is not old for new, old in zip(parts, children(expr))):
                size = len(expr.matrix)
                expr = replace(expr, matrix=parts[:size], start=parts[size:])
        case RandomDraw():
            args = tuple(map_expr(arg, function) for arg in expr.args)
            rank = None if expr.rank is None else map_expr(expr.rank, function)
            if rank is not expr.rank or any(new is not old for new, old in zip(args, expr.args)):
                expr = replace(expr, args=args, rank=rank)
        case Gather():
            position = map_expr(expr.position, function)
            if position is not expr.position:
                expr = replace(expr, position=position)
        case _:
            pass
    return function(expr)


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield the expression and all its sub-expressions, parents first."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def has_state(node: Expr) -> bool:
    """Whether a node calls a function with a state, whose calls are not merged, moved or left."""
    return isinstance(node, Call) and node.user is not None and not node.user.stateless


def stays(node: Expr) -> bool:
    """Whether what a node gives belongs to the element and place where it stands."""
    return isinstance(node, RandomDraw) or has_state(node)


def map_stmt(stmt: Stmt, function: Callable[[Expr], Expr]) -> Stmt:
    """Apply :func:`map_expr` to every expression of a statement."""
    match stmt:
        case Let() | Store() | Accumulate() | Append():
            return replace(stmt, value=map_expr(stmt.value, function))
        case Scatter():
            position = map_expr(stmt.position, function)
            return replace(stmt, position=position, value=map_expr(stmt.value, function))
        case If():
            body = tuple(map_stmt(inner, function) for inner in stmt.body)
            return replace(stmt, condition=map_expr(stmt.condition, function), body=body)
        case Emit() | Note():
            return replace(stmt, condition=map_expr(stmt.condition, function))
        case EmitTable():
            return replace(stmt, period=map_expr(stmt.period, function))


def rename_local(body: tuple[Stmt, ...], old: Local, new: Local) -> tuple[Stmt, ...]:
    """Return a body that binds and uses ``new`` where it had ``old``, inside ``If`` as well."""

    def bound(stmt: Stmt) -> Stmt:
        if isinstance(stmt, Let) and stmt.local == old:
            return replace(stmt, local=new)
        if isinstance(stmt, If):
            return replace(stmt, body=tuple(bound(inner) for inner in stmt.body))
        return stmt

    return tuple(bound(map_stmt(stmt, lambda node: new if node == old else node)) for stmt in body)


def flatten(body: Iterable[Stmt]) -> Iterator[Stmt]:
    """Yield all statements, those inside ``If`` after their ``If``."""
    for stmt in body:
        yield stmt
        if isinstance(stmt, If):
            yield from flatten(stmt.body)


def expressions(body: Iterable[Stmt]) -> Iterator[Expr]:
    """Yield the root expressions of all statements in order."""
    for stmt in flatten(body):
        match stmt:
            case Let() | Store() | Accumulate() | Append():
                yield stmt.value
            case Scatter():
                yield stmt.position
                yield stmt.value
            case If() | Emit() | Note():
                yield stmt.condition
            case EmitTable():
                yield stmt.period


def all_nodes(body: Iterable[Stmt]) -> Iterator[Expr]:
    """Yield every expression node of all statements."""
    for root in expressions(body):
        yield from walk(root)


def reads(body: Iterable[Stmt]) -> set[tuple[Array, Index | None]]:
    """Return the (array, index) pairs that are read; index is None for computed positions.

    An accumulation is not a read of its own array: it commutes with others of its class.
    """
    found: set[tuple[Array, Index | None]] = set()
    body = tuple(body)
    for node in all_nodes(body):
        if isinstance(node, Load):
            found.add((node.array, node.index))
            if node.index.via is not None:
                found.add((node.index.via, Index(node.index.kind)))
        elif isinstance(node, Gather):
            found.add((node.array, None))
    return found


def writes(body: Iterable[Stmt]) -> set[tuple[Array, Index, str]]:
    """Return (array, index, class) of all writes; the class is ``set`` or the accumulation's op."""
    found: set[tuple[Array, Index, str]] = set()
    for stmt in flatten(body):
        if isinstance(stmt, Store):
            found.add((stmt.array, stmt.index, "set"))
        elif isinstance(stmt, Accumulate):
            found.add((stmt.array, stmt.index, stmt.op))
        elif isinstance(stmt, Scatter):
            found.add((stmt.array, ELEMENT, "set"))  # each element has a position of its own
    return found


def may_repeat(body: Iterable[Stmt]) -> bool:
    """Whether running statements twice in a step gives what running them once does."""
    body = tuple(body)
    if any(isinstance(s, Emit | EmitTable | Append | Accumulate | Scatter) for s in flatten(body)):
        return False
    read = {array for array, _ in reads(body)}
    return not any(array in read for array, _, _ in writes(body))
