"""Evaluate what does not change inside a kernel once, before its loop.

before::

    over exc: v[i] = v[i] * exp(-dt / tau)

after::

    let inv_0 = exp(-dt / tau)
    over exc: v[i] = v[i] * inv_0

Only calls and divisions are worth a name; compilers move the rest themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from simgen.ir.expr import (
    Binary,
    Call,
    Const,
    Expr,
    IndexKind,
    Load,
    Local,
    Param,
    Step,
    Time,
)
from simgen.ir.kernel import Kernel, Once, Program
from simgen.ir.stmt import Let, Stmt
from simgen.ir.visit import children, expressions, has_state, map_stmt, stays, walk, writes


def hoist_invariants(program: Program) -> Program:
    """Return the program with invariant calls and divisions in the prologues of its kernels."""
    schedule = tuple(
        replace(item, kernel=hoist_in_kernel(item.kernel)) for item in program.schedule
    )
    return program if schedule == program.schedule else replace(program, schedule=schedule)


def hoist_in_kernel(kernel: Kernel) -> Kernel:
    """Return the kernel with invariants named in its prologue."""
    if isinstance(kernel.domain, Once):
        return kernel
    written = {array for array, _, _ in writes(kernel.body)}

    def invariant(expr: Expr) -> bool:
        match expr:
            case Const() | Param() | Step() | Time():
                return True
            case Load(array=array, index=index):
                return index.kind is IndexKind.ZERO and array not in written
            case Binary() | Call():
                return not has_state(expr) and all(invariant(child) for child in children(expr))
            case _:
                inner = children(expr)
                return bool(inner) and not stays(expr) and all(invariant(child) for child in inner)

    names: dict[Expr, Local] = {}
    for root in expressions(kernel.body):
        _collect(root, invariant, names, len(kernel.prologue))
    if not names:
        return kernel

    def substitute(node: Expr) -> Expr:
        return names.get(node, node)

    body: tuple[Stmt, ...] = tuple(map_stmt(stmt, substitute) for stmt in kernel.body)
    prologue = (*kernel.prologue, *(Let(local, value) for value, local in names.items()))
    return replace(kernel, body=body, prologue=prologue)


def _collect(
    expr: Expr, invariant: Callable[[Expr], bool], names: dict[Expr, Local], first: int
) -> None:
    """Name the largest invariant sub-expressions that hold a call or a division."""
    if invariant(expr):
        costly = any(
            isinstance(node, Call) or (isinstance(node, Binary) and node.op in ("/", "//", "%"))
            for node in walk(expr)
        )
        if costly and expr not in names:
            names[expr] = Local(f"inv_{first + len(names)}", expr.dtype)
        return
    for child in children(expr):
        _collect(child, invariant, names, first)
