"""What all kernels have in common: a name, a comment, and what is computed before the loop."""

from __future__ import annotations

from dataclasses import dataclass

from simgen.errors import InternalError
from simgen.ir.expr import IndexKind
from simgen.ir.kernel import Kernel, Program
from simgen.ir.stmt import Stmt
from simgen.targets.body import BodyPrinter
from simgen.targets.cstyle import comment_text, mangle
from simgen.targets.hoist import hoist_loads, split_invariant, written_names
from simgen.targets.scope import Layout, Scope

TICK = "tick"  # the array that holds the present tick
_SHARED = frozenset({IndexKind.ZERO})


@dataclass(frozen=True, slots=True)
class Frame:
    """A kernel opened for lowering; ``body`` is what is left for its loop."""

    scope: Scope
    name: str
    doc: tuple[str, ...]
    prologue: tuple[str, ...]
    body: tuple[Stmt, ...]


def open_kernel(kernel: Kernel, layout: Layout, indices: dict[IndexKind, str]) -> Frame:
    """Return the kernel's scope with its prologue, shared values and invariant bindings printed."""
    indices = {**indices, IndexKind.ZERO: "0"}
    scope = Scope(layout, kernel, indices, written_names(kernel.body))
    invariant, body = split_invariant(kernel.body, _SHARED)
    first = (*kernel.prologue, *invariant)
    shared = hoist_loads(scope, (*first, *body), _SHARED, "z")
    lines = (*shared, *BodyPrinter(scope).lines(first))
    doc = [f"// {comment_text(kernel.name)}"]
    if kernel.comment:
        doc.append(f"// {comment_text(kernel.comment)}")
    return Frame(scope, mangle("k", kernel.name), tuple(doc), lines, body)


def distinct_kernels(program: Program) -> dict[str, Kernel]:
    """Return the kernels by name, in the order of first use."""
    kernels: dict[str, Kernel] = {}
    for kernel in program.kernels:
        if kernels.setdefault(kernel.name, kernel) != kernel:
            raise InternalError(f"two kernels are named '{kernel.name}'")
    return kernels
