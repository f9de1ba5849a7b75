"""Make two kernels of a walk that writes at both ends of its synapses.

before::

    fan-out S: g[post] += w[s]; u[pre] += 1

after::

    fan-out S:         g[post] += w[s]
    fan-out S (pre):   u[pre] += 1

Each part then does the synapses onto its own targets in the first, and those of its own sources in
the second, where one kernel would run on one thread. Only if neither half reads what the other
writes, so that it does not matter which comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from simgen.ir.expr import IndexKind, Local
from simgen.ir.kernel import Kernel, OverFanOut, OverSynapses, Program
from simgen.ir.stmt import Let, Note, Stmt
from simgen.ir.visit import all_nodes, reads, writes
from simgen.targets.effects import Owner, kernel_effects


def split_ends(program: Program) -> Program:
    """Return the program with every walk made twice that threads can then share."""
    halves = {kernel: split_kernel(kernel) for kernel in program.kernels}
    if all(len(parts) == 1 for parts in halves.values()):
        return program
    schedule = tuple(
        replace(item, kernel=half) for item in program.schedule for half in halves[item.kernel]
    )
    return replace(program, schedule=schedule)


def split_kernel(kernel: Kernel) -> tuple[Kernel, ...]:
    """Return the kernel that writes targets and synapses and the one that writes sources.

    Or the kernel itself, if one thread has to do it or the parts share it already.
    """
    if not isinstance(kernel.domain, OverFanOut | OverSynapses) or kernel_effects(kernel).split:
        return (kernel,)
    ends = [_ends(stmt) for stmt in kernel.body]
    if {True, False} in ends or {True} not in ends or {False} not in ends:
        return (kernel,)
    noted = [isinstance(stmt, Note) for stmt in kernel.body]
    rest = _select(kernel.body, [end == {False} or note for end, note in zip(ends, noted)])
    sources = _select(kernel.body, [end == {True} for end in ends])
    if _meet(rest, sources) or _meet(sources, rest):
        return (kernel,)
    halves = (
        replace(kernel, body=rest),
        replace(kernel, body=sources, name=f"{kernel.name}_sources"),
    )
    owners = [kernel_effects(half).owner for half in halves]
    return halves if owners == [Owner.PART, Owner.SOURCE] else (kernel,)


def _ends(stmt: Stmt) -> set[bool]:
    """Return whether a statement writes sources, for all that it writes."""
    return {index.kind is IndexKind.PRE and index.distinct for _, index, _ in writes((stmt,))}


def _select(body: Sequence[Stmt], wanted: Sequence[bool]) -> tuple[Stmt, ...]:
    """Return the wanted statements with the definitions that they use."""
    used: set[Local] = set()
    kept: list[Stmt] = []
    for stmt, is_wanted in zip(reversed(body), reversed(wanted)):
        if is_wanted or (isinstance(stmt, Let) and stmt.local in used):
            kept.append(stmt)
            used |= {node for node in all_nodes((stmt,)) if isinstance(node, Local)}
    return tuple(reversed(kept))


def _meet(writer: Sequence[Stmt], reader: Sequence[Stmt]) -> bool:
    """Return whether one half touches what the other writes."""
    written = {array.name for array, _, _ in writes(writer)}
    touched = {array.name for array, _ in reads(reader)}
    return bool(written & (touched | {array.name for array, _, _ in writes(reader)}))
