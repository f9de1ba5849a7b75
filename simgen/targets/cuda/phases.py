"""Which kernels share a launch: the levels of the graph of their conflicts.

Two kernels conflict if one writes what the other reads or writes, unless both only add to it (or
only multiply it) atomically. A kernel is launched after all earlier ones that it conflicts with;
kernels of one level run side by side, on blocks of their own. So the 64 pathways of a model of the
cortex, which all add to the input of neurons, are one launch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from simgen.ir.kernel import Kernel
from simgen.ir.stmt import Accumulate, Append
from simgen.ir.visit import flatten, reads, writes
from simgen.targets.cuda.order import Order, Plan, index_reads
from simgen.targets.effects import kernel_effects


def with_shared_updates(
    kernels: Mapping[str, Kernel], plans: Mapping[str, Plan]
) -> dict[str, Plan]:
    """Make updates of own elements atomic, too, where other kernels update the array atomically.

    An input that adds to every neuron then shares a launch with the deliveries that do.
    """
    updated = {
        stmt.array.name: stmt.op
        for name, kernel in kernels.items()
        for stmt in flatten(kernel.body)
        if isinstance(stmt, Accumulate) and stmt.array.name in plans[name].atomic
    }
    found = dict(plans)
    for name, kernel in kernels.items():
        if plans[name].order is Order.FREE:
            own = {array for array, op in _only_updated(kernel) if updated.get(array) == op}
            found[name] = replace(plans[name], atomic=plans[name].atomic | own)
    return found


def _only_updated(kernel: Kernel) -> set[tuple[str, str]]:
    """Return the arrays that a kernel does nothing with but one kind of update."""
    classes: dict[str, set[str]] = {}
    for array, _, kind in writes(kernel.body):
        classes.setdefault(array.name, set()).add(kind)
    read = {array.name for array, _ in (*reads(kernel.body), *index_reads(kernel))}
    return {
        (name, next(iter(kinds)))
        for name, kinds in classes.items()
        if len(kinds) == 1 and name not in read
    }


@dataclass(frozen=True, slots=True)
class Uses:
    """The names that a kernel reads and writes, and those it only updates: with what operation."""

    reads: frozenset[str]
    writes: frozenset[str]
    updates: Mapping[str, str]


def uses_of(kernel: Kernel, plan: Plan) -> Uses:
    """Return what a kernel uses, with the records that it makes for others."""
    uses = _own_uses(kernel, plan)
    for other in (*plan.first, *plan.then):
        more = _own_uses(other, Plan(Order.SERIAL))
        uses = replace(uses, reads=uses.reads | more.reads, writes=uses.writes | more.writes)
    return uses


def _own_uses(kernel: Kernel, plan: Plan) -> Uses:
    accesses = kernel_effects(kernel).accesses
    reads = {access.name for access in accesses if not access.writes}
    reads |= {array.name for array, _ in index_reads(kernel)}
    writes = {access.name for access in accesses if access.writes}
    updates = {
        stmt.array.name: stmt.op
        for stmt in flatten(kernel.body)
        if isinstance(stmt, Accumulate) and stmt.array.name in plan.atomic
    }
    recorders = {
        f"{stmt.recorder.name}.data" for stmt in flatten(kernel.body) if isinstance(stmt, Append)
    }
    return Uses(frozenset(reads), frozenset((writes | recorders) - updates.keys()), updates)


def conflicts(first: Uses, second: Uses) -> frozenset[str]:
    """Return the names for which the order of two kernels matters; none if it does not."""
    changed = first.writes | first.updates.keys()
    changes = second.writes | second.updates.keys()
    both = (
        name
        for name in changed & changes
        if first.updates.get(name, "first") != second.updates.get(name, "second")
    )
    return frozenset((first.reads & changes) | (second.reads & changed) | {*both})


def levels(uses: Iterable[Uses]) -> tuple[int, ...]:
    """Return the level of each kernel of a schedule, from 0."""
    seen: list[tuple[Uses, int]] = []
    for use in uses:
        before = (level for other, level in seen if conflicts(other, use))
        seen.append((use, max(before, default=-1) + 1))
    return tuple(level for _, level in seen)
