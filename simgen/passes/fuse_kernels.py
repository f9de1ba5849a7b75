"""Fuse neighbouring kernels that run over the same elements.

before::

    kernel exc_stateupdater over exc: v[i] = ...
    kernel exc_spike_thresholder over exc: emit spikes where v[i] > ...

after::

    kernel exc_stateupdater over exc: v[i] = ...; emit spikes where v[i] > ...

Two kernels fuse if they have one domain and clock, if each reads and writes the arrays they share
at the running element only, and if neither reads a single value that the other writes. Items that
stand between them must not touch what they touch; only direct neighbours are considered.
"""

from __future__ import annotations

from dataclasses import replace

from simgen.ir.expr import Index, IndexKind, Local
from simgen.ir.kernel import Item, Kernel, OverElements, Program
from simgen.ir.stmt import Emit, Let
from simgen.ir.visit import flatten, reads, rename_local, writes


def fuse_kernels(program: Program) -> Program:
    """Return the program with neighbouring element kernels fused."""
    schedule: list[Item] = []
    for item in program.schedule:
        apart = not schedule or item.after_python
        if not apart and _may_fuse(schedule[-1].kernel, item.kernel):
            last = schedule[-1]
            schedule[-1] = replace(last, kernel=_fuse(last.kernel, item.kernel))
        else:
            schedule.append(item)
    if len(schedule) == len(program.schedule):
        return program
    return replace(program, schedule=tuple(schedule))


def _may_fuse(first: Kernel, second: Kernel) -> bool:
    if not isinstance(first.domain, OverElements) or first.domain != second.domain:
        return False
    if first.clock != second.clock or first.prologue or second.prologue:
        return False
    if any(isinstance(stmt, Emit) for stmt in flatten(first.body)):
        return False  # what follows a threshold may need the finished list of events
    written = {array for array, _, _ in writes(first.body)}
    read_later = reads(second.body)
    if any(array in written and not _own(index) for array, index in read_later):
        return False
    overwritten = {array for array, _, _ in writes(second.body)}
    if any(array in overwritten and not _own(index) for array, index in reads(first.body)):
        return False
    return all(
        index.kind is IndexKind.ELEMENT
        for body in (first.body, second.body)
        for _, index, _ in writes(body)
    )


def _own(index: Index | None) -> bool:
    return index is not None and index.kind is IndexKind.ELEMENT and index.via is None


def _fuse(first: Kernel, second: Kernel) -> Kernel:
    taken = {stmt.local.name for stmt in flatten(first.body) if isinstance(stmt, Let)}
    body = second.body
    for stmt in flatten(second.body):
        if isinstance(stmt, Let) and stmt.local.name in taken:
            fresh = Local(f"{stmt.local.name}_{second.name}", stmt.local.dtype)
            body = rename_local(body, stmt.local, fresh)
    comment = f"{first.comment}; {second.comment}" if second.comment else first.comment
    return replace(first, body=(*first.body, *body), comment=comment)
