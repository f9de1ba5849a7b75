"""What of a body is the same for every element of a loop, and can be computed before it."""

from __future__ import annotations

from collections.abc import Iterable

from simgen.ir.expr import Expr, Gather, IndexKind, IndexValue, Load, Local
from simgen.ir.stmt import Let, Stmt
from simgen.ir.visit import all_nodes, stays, walk, writes
from simgen.targets.cstyle import mangle
from simgen.targets.scope import Scope


def written_names(body: Iterable[Stmt]) -> frozenset[str]:
    """Return the names of the arrays that a body writes."""
    return frozenset(array.name for array, _, _ in writes(body))


def fixed_kinds(fixed: IndexKind) -> frozenset[IndexKind]:
    """Return the running indices that are fixed where that of one end of the synapses is."""
    own = {IndexKind.EVENT} if fixed is IndexKind.PRE else set()
    return frozenset({fixed, IndexKind.ZERO, *own})


def split_invariant(
    body: tuple[Stmt, ...], fixed: frozenset[IndexKind]
) -> tuple[tuple[Let, ...], tuple[Stmt, ...]]:
    """Return (bindings that can stand before the loop, the rest of the body).

    ``fixed`` holds the running indices that do not change inside the loop. Only bindings outside
    ``If`` move: what a condition protects must stay protected.
    """
    written = written_names(body)
    moving = {stmt.local.name for stmt in body if isinstance(stmt, Let)}
    first: list[Let] = []
    rest: list[Stmt] = []
    for stmt in body:
        if isinstance(stmt, Let) and _is_invariant(stmt.value, fixed, written, moving):
            first.append(stmt)
            moving.discard(stmt.local.name)
        else:
            rest.append(stmt)
    return tuple(first), tuple(rest)


def _is_invariant(
    expr: Expr, fixed: frozenset[IndexKind], written: frozenset[str], moving: set[str]
) -> bool:
    for node in walk(expr):
        match node:
            case _ if stays(node):
                return False
            case Local(name=name) if name in moving:
                return False
            case Load(array=array, index=index) if index.kind not in fixed or array.name in written:
                return False
            case Gather(array=array) if array.name in written:
                return False
            case IndexValue(index=index) if index.kind not in fixed:
                return False
            case _:
                pass
    return True


def hoist_loads(
    scope: Scope, body: Iterable[Stmt], fixed: frozenset[IndexKind], prefix: str
) -> tuple[str, ...]:
    """Return C lines that load invariant elements into variables, which later text then uses."""
    body = tuple(body)
    written = written_names(body)
    lines: list[str] = []
    for node in all_nodes(body):
        if not isinstance(node, Load) or node.index.kind not in fixed:
            continue
        if node.array.name in written or node in scope.names.replaced:
            continue
        via = "" if node.index.via is None else f" {node.index.via.name}"  # no name has blanks
        name = mangle(prefix, node.array.name + via)
        text = scope.printer.text(node)
        lines.append(f"const {scope.printer.type_name(node.dtype)} {name} = {text};")
        scope.names.replaced[node] = name
    return tuple(lines)
