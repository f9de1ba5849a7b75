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
from simgen.targets.cuda.remembered import remembered
from simgen.targets.effects import kernel_effects


def with_shared_updates(
    kernels: Mapping[str, Kernel], plans: Mapping[str, Plan]
) -> dict[str, Plan]:
    """Make updates of own elements atomic, too, where other kernels update the array atomically.

    An input that adds to every neuron then shares a launch with the deliveries that do.
    """
    updated = {
        array: op
        for name, kernel in kernels.items()
        if plans[name].atomic
        for array, op in _accumulated(kernel).items()
        if array in plans[name].atomic
    }
    found = dict(plans)
    for name, kernel in kernels.items():
        if plans[name].order is Order.FREE:
            own = {array for array, op in _only_updated(kernel) if updated.get(array) == op}
            found[name] = replace(plans[name], atomic=plans[name].atomic | own)
    return found


@remembered
def _accumulated(kernel: Kernel) -> dict[str, str]:
    """Return the arrays that a kernel adds to (multiplies), and the operation."""
    statements = flatten(kernel.body)
    return {stmt.array.name: stmt.op for stmt in statements if isinstance(stmt, Accumulate)}


@remembered
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
    uses = _own_uses(kernel, plan.atomic)
    for other in (*plan.first, *plan.then):
        more = _own_uses(other, frozenset())
        uses = replace(uses, reads=uses.reads | more.reads, writes=uses.writes | more.writes)
    return uses


@remembered
def _own_uses(kernel: Kernel, atomic: frozenset[str]) -> Uses:
    accesses = kernel_effects(kernel).accesses
    reads = {access.name for access in accesses if not access.writes}
    reads |= {array.name for array, _ in index_reads(kernel)}
    writes = {access.name for access in accesses if access.writes}
    updates = {array: op for array, op in _accumulated(kernel).items() if array in atomic}
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
    """Return the level of each kernel of a schedule, from 0.

    As many as there are kernels, few of them use the same: what conflicts is found by its name.
    """
    read: dict[str, int] = {}
    written: dict[str, int] = {}
    updated: dict[str, dict[str, int]] = {}  # by operation
    found = []
    for use in uses:
        before = [-1]
        before += [written.get(name, -1) for name in use.reads | use.writes | use.updates.keys()]
        before += [read.get(name, -1) for name in use.writes | use.updates.keys()]
        for name in use.reads | use.writes | use.updates.keys():
            # a name that is read, too, is not only updated
            alike = None if name in use.reads | use.writes else use.updates[name]
            before += [k for op, k in updated.get(name, {}).items() if op != alike]
        level = max(before) + 1
        for name in use.reads:
            read[name] = max(level, read.get(name, -1))
        for name in use.writes:
            written[name] = max(level, written.get(name, -1))
        for name, op in use.updates.items():
            ops = updated.setdefault(name, {})
            ops[op] = max(level, ops.get(op, -1))
        found.append(level)
    return tuple(found)
