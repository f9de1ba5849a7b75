"""Deliveries in one launch with the state update: what arrives is summed apart for a step.

A delivery at step t adds to an input that the state update of t+1 reads first. If it adds to an
array of sums instead, one for even and one for odd steps, and the state update begins with taking
up those of t-1, then both touch different memory in a launch. That is legal if nothing else touches
the input, and if spikes take a step at least, so that a delivery reads lists of earlier launches::

    launch t:  state update: ge += sums[t-1]; sums[t-1] = 0; ...   delivery: sums[t] += w

The delays are known only when memory is bound, so a program has two texts, of which the one that
the delays allow is compiled. After the last step of a run the sums are added to where they belong:
outside of runs they are zero, and the texts can take turns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from simgen.ir.expr import Array, Const, IndexKind, Param
from simgen.ir.kernel import Kernel, OverElements, OverFanOut, Program
from simgen.ir.stmt import Emit, EmitTable
from simgen.ir.visit import flatten, reads, writes
from simgen.targets.cuda.order import Plan, index_reads
from simgen.targets.cuda.phases import Uses, levels, uses_of
from simgen.targets.effects import kernel_effects

_EVENT = IndexKind.EVENT  # of what events took along, which is of earlier steps as they are


def with_sums(program: Program, plans: Mapping[str, Plan]) -> dict[str, Plan]:
    """Return plans that sum inputs apart, if a step then takes fewer launches; else as they are.

    They are for programs none of whose delays in the tables of :func:`deciding_delays` is zero.
    """
    found = dict(plans)
    if len({item.kernel.name for item in program.schedule}) < len(program.schedule):
        return found
    for array in _inputs(program, plans):
        for kernel in program.kernels:
            plan = found[kernel.name]
            use = uses_of(kernel, plan)
            if array.name in use.updates:
                found[kernel.name] = replace(plan, into=(*plan.into, array))
            elif array.name in use.reads | use.writes:
                found[kernel.name] = replace(plan, takes=(*plan.takes, array))
    emitters = {
        stmt.events.name: kernel.clock
        for kernel in program.kernels
        for stmt in flatten(kernel.body)
        if isinstance(stmt, Emit | EmitTable)
    }
    for kernel in program.kernels:
        domain = kernel.domain
        if isinstance(domain, OverFanOut) and emitters.get(domain.events.name) == kernel.clock:
            found[kernel.name] = replace(found[kernel.name], earlier=True)
    before, after = (max(places(program, p), default=0) for p in (plans, found))
    return found if after < before else dict(plans)


def deciding_delays(program: Program, plans: Mapping[str, Plan]) -> tuple[str, ...]:
    """Return the tables of delays that must not have a zero; none if nothing is gained then."""
    domains = (kernel.domain for kernel in program.kernels if plans[kernel.name].earlier)
    tables = (domain.delays.name for domain in domains if isinstance(domain, OverFanOut))
    return tuple(dict.fromkeys(tables))


def places(program: Program, plans: Mapping[str, Plan]) -> tuple[int, ...]:
    """Return the launch of each kernel."""
    return levels(uses_with_sums(program, plans))


def uses_with_sums(program: Program, plans: Mapping[str, Plan]) -> list[Uses]:
    """Return what each kernel uses, where sums stand for inputs and spikes are of earlier steps."""
    uses = []
    for kernel in program.kernels:
        plan = plans[kernel.name]
        use = _with_sums(uses_of(kernel, plan), plan)
        if plan.earlier and isinstance(kernel.domain, OverFanOut):
            past = {a.name for a, i in reads(kernel.body) if i is not None and i.kind is _EVENT}
            past.add(f"{kernel.domain.events.name}.events")
            use = replace(use, reads=use.reads - past)
        uses.append(use)
    return uses


def _with_sums(use: Uses, plan: Plan) -> Uses:
    """Return what a kernel uses if it adds to sums, or takes them up."""
    apart = {array.name for array in plan.into}
    updates = {
        f"{name} of this step" if name in apart else name: op for name, op in use.updates.items()
    }
    taken = {array.name for array in plan.takes}
    return replace(use, reads=use.reads | taken, writes=use.writes | taken, updates=updates)


def _inputs(program: Program, plans: Mapping[str, Plan]) -> list[Array]:
    """Return the arrays that kernels add to for one loop over all elements, and no one else."""
    arrays = {array.name: array for k in program.kernels for array in _arrays(k)}
    takers: dict[str, Kernel] = {}
    summed: dict[str, list[Kernel]] = {}
    others: set[str] = set()
    for kernel in program.kernels:
        use = uses_of(kernel, plans[kernel.name])
        # what is recorded before the loop would be read before it is taken up
        others |= {one.name for first in plans[kernel.name].first for one, _ in reads(first.body)}
        for name in use.reads | use.writes | use.updates.keys():
            if name not in arrays:
                continue
            if name in takers and _only_adds(use, name):
                summed.setdefault(name, []).append(kernel)
            elif name not in takers and _may_take(kernel, use, arrays[name]):
                takers[name] = kernel
            else:  # also what is delivered before it is taken up in the same step
                others.add(name)
    return [
        arrays[name]
        for name, adding in sorted(summed.items())
        if name not in others and all(one.clock == takers[name].clock for one in adding)
    ]


def _arrays(kernel: Kernel) -> set[Array]:
    return {array for array, _, _ in writes(kernel.body)}


def _only_adds(use: Uses, name: str) -> bool:
    """Return whether all that a kernel does with an array is to add to it atomically."""
    return use.updates.get(name) == "+" and name not in use.reads


def _may_take(kernel: Kernel, use: Uses, array: Array) -> bool:
    """Return whether a kernel goes over all elements and uses each one's own value only."""
    domain = kernel.domain
    if not isinstance(domain, OverElements) or array.name in use.updates:
        return False
    whole = domain.start == Const(0, domain.start.dtype) and (
        isinstance(domain.stop, Param) and domain.stop.name == domain.owner == array.length
    )
    accesses = (one for one in kernel_effects(kernel).accesses if one.name == array.name)
    linked = {one.name for one, _ in index_reads(kernel)}
    own = all(access.partition == domain.owner for access in accesses)
    return whole and own and array.name not in linked
