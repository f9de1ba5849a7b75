"""Note faults that leave no NaN, before the statement that has them.

before::

    over exc: n[i] = n[i] // m[i]

after::

    over exc: note exc_run_regularly.faults_0 where m[i] == 0
              n[i] = n[i] // m[i]

It is no optimisation: every program has these notes. Those of constants, which the host can look
at when a run starts, are left out, and so is all that cannot go wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from simgen.dtypes import DType
from simgen.errors import Origin
from simgen.ir.expr import ELEMENT, SYNAPSE, ZERO, Array, Expr, Index
from simgen.ir.faults import faults_of, is_run_constant
from simgen.ir.kernel import (
    Kernel,
    Once,
    OverElements,
    OverEvents,
    OverIndices,
    Program,
)
from simgen.ir.stmt import If, Note, Stmt


def note_faults(program: Program) -> Program:
    """Return the program with a note of every fault before the statement that may have it."""
    kernels = [_noting(kernel) for kernel in program.kernels]
    if all(new is old for old, new in zip(program.kernels, kernels)):
        return program
    schedule = (replace(item, kernel=new) for item, new in zip(program.schedule, kernels))
    return replace(program, schedule=tuple(schedule))


def _noting(kernel: Kernel) -> Kernel:
    notes = _Notes(kernel)
    body = tuple(notes.inserted(kernel.body))
    return replace(kernel, body=body) if notes.count else kernel


@dataclass(slots=True)
class _Notes:
    """The notes of one kernel."""

    kernel: Kernel
    count: int = field(default=0, init=False)

    def inserted(self, body: tuple[Stmt, ...]) -> Iterator[Stmt]:
        """Yield the statements with the notes before them."""
        for stmt in body:
            for condition in faults_of(stmt):
                if not is_run_constant(condition):
                    yield self._note(condition, stmt.origin or self.kernel.origin)
            yield (
                replace(stmt, body=tuple(self.inserted(stmt.body)))
                if isinstance(stmt, If)
                else stmt
            )

    def _note(self, condition: Expr, origin: Origin | None) -> Note:
        name = f"{self.kernel.name}.faults_{self.count}"
        self.count += 1
        return Note(Array(name, DType.I64, "one"), _index(self.kernel), condition, origin)


def _index(kernel: Kernel) -> Index:
    """Return the running index by which a note names the place."""
    match kernel.domain:
        case Once():
            return ZERO
        case OverElements() | OverEvents() | OverIndices(synapses=None):
            return ELEMENT
        case _:
            return SYNAPSE
