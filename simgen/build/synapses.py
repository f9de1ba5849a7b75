"""Synapse models to kernels: pathways, continuous equations, summed variables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from simgen.build.emissions import with_carried_values
from simgen.build.neurons import element_items, elements
from simgen.dtypes import DType
from simgen.integrate.model import Update
from simgen.ir.expr import (
    ELEMENT,
    PRE,
    SYNAPSE,
    Array,
    Const,
    Expr,
    IndexKind,
    IndexValue,
    Load,
    Param,
    RandomDraw,
)
from simgen.ir.kernel import (
    Domain,
    Item,
    Kernel,
    OverCarried,
    OverFanIn,
    OverFanOut,
    OverSynapses,
    RowIndex,
)
from simgen.ir.stmt import Stmt, Store
from simgen.ir.visit import all_nodes, map_stmt, reads, walk, writes
from simgen.model.synapses import PathwayModel, SummedModel, SynapsesModel

_CARRIED = ("steps", "positions")


@dataclass(frozen=True, slots=True)
class PathwayDelays:
    """How a pathway's delays are kept: a class table (fan-out), one value or per synapse (fan-in).

    With ``index`` the classes sort that index, else they are the store's.
    """

    classes: Array | None = None
    index: RowIndex | None = None
    single: Expr | None = None
    by_synapse: Array | None = None


def pathway_items(
    model: SynapsesModel,
    pathway: PathwayModel,
    before: Sequence[Stmt],
    delays: PathwayDelays,
    carries: bool = False,
) -> Iterable[Item]:
    """Yield a pathway's item; ``before`` brings event-driven variables up to date.

    If it ``carries`` events from before a change, these were emitted earlier and come first.
    """
    source = pathway.source
    body: tuple[Stmt, ...] = (*before, *pathway.body)
    if model.source.lastupdate is not None:
        body = (*body, Store(model.source.lastupdate, SYNAPSE, source.now))
    if not body:
        return
    group = model.source.group
    born = born_parameter(group.name, source.name)
    domain: Domain
    if source.direction == "pre":
        events = model.source.pre.events[source.event]
        classes = delays.classes or class_table(group.name, source.name)
        domain = OverFanOut(model.source.store, events, classes, born=born, index=delays.index)
    else:
        events = model.source.post.events[source.event]
        single = delays.single or delay_parameter(group.name, source.name)
        domain = OverFanIn(model.source.store, events, single, delays.by_synapse, born)
    label = f"{group.name}_{source.name}"
    kernel = Kernel(
        label,
        domain,
        body,
        source.clock,
        comment=f"{group.text}: pathway '{source.name}'",
        origin=body[0].origin,
    )
    if carries:
        arrived = replace(
            kernel,
            name=f"{label}_carried",
            domain=OverCarried(model.source.store, *carried_arrays(group.name, source.name)),
            body=with_carried_values(_with_other_draws(body), pathway.emissions),
            comment=f"{kernel.comment}, events from before a change",
        )
        yield Item("synapses", source.order, label, arrived)
    yield Item("synapses", source.order, label, kernel)


def _with_other_draws(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Return a body whose random numbers are not those of the original for the same synapse.

    A synapse may have a carried and another event in one step. Draws are numbered in 8 bits.
    """

    def renumber(node: Expr) -> Expr:
        if isinstance(node, RandomDraw):
            return replace(node, number=(node.number + 128) % 256)
        return node

    return tuple(map_stmt(stmt, renumber) for stmt in body)


def born_parameter(synapses: str, pathway: str) -> Param:
    """Return the first step whose events a pathway walks."""
    return Param(f"{synapses}.{pathway}.born", DType.I64)


def carried_arrays(synapses: str, pathway: str) -> tuple[Array, Array]:
    """Return the arrays of the steps and positions at which carried events arrive."""
    name = f"{synapses}.{pathway}.carried"
    steps, positions = (Array(f"{name}.{part}", DType.I64, f"n_{name}") for part in _CARRIED)
    return steps, positions


def class_table(synapses: str, pathway: str) -> Array:
    """Return the table of the delay classes of a pathway, in steps."""
    return Array(f"{synapses}.{pathway}.classes", DType.U32, f"{synapses}.{pathway}.n_classes")


def delay_parameter(synapses: str, pathway: str) -> Param:
    """Return the single delay of a pathway, in steps."""
    return Param(f"{synapses}.{pathway}.delay", DType.I64)


def continuous_items(model: SynapsesModel, update: Update, order: int = 0) -> Iterable[Item]:
    """Yield the state update of clock-driven equations and the stores of frozen subexpressions."""
    group = model.source.group
    domain = OverSynapses(model.source.store)
    yield from element_items(
        f"{group.name}_subexpression_update",
        "before_start",
        order,
        model.frozen,
        group,
        "stores subexpressions",
        domain=domain,
    )
    yield from element_items(
        f"{group.name}_stateupdater",
        "groups",
        order,
        update.statements,
        group,
        f"state update ({update.method})",
        domain=domain,
    )


def summed_items(model: SynapsesModel, summed: SummedModel, target_order: int) -> Iterable[Item]:
    """Yield the two kernels of a summed variable: clear the target, add over the synapses."""
    group = model.source.group
    label = f"{group.name}_summed_variable_{summed.equation.name}"
    order = target_order - 1
    # all elements of a group lie in all places, but a part of synapses lies anywhere
    index = replace(ELEMENT, via=summed.add.index.via) if summed.group.is_part else ELEMENT
    clear = Kernel(
        f"{label}_clear",
        elements(summed.group),
        (
            Store(
                summed.target,
                index,
                Const(0.0 if summed.target.dtype.is_float else 0, summed.target.dtype),
            ),
        ),
        summed.group.clock,
        comment=f"{group.text}: summed variable '{summed.equation.name}'",
    )
    add = Kernel(
        label,
        OverSynapses(model.source.store),
        (summed.add,),
        summed.group.clock,
        comment=f"{group.text}: summed variable '{summed.equation.name}'",
    )
    yield Item("groups", order, label, clear)
    yield Item("groups", order, label, add)


def touched_by(model: SynapsesModel) -> set[Array]:
    """Return all arrays that the code of synapses reads or writes."""
    bodies = [model.frozen, *(pathway.body for pathway in model.pathways)]
    bodies += [(summed.add,) for summed in model.summed]
    found = {array for body in bodies for array, _ in reads(body)}
    found |= {array for body in bodies for array, _, _ in writes(body)}
    odes = (*model.event_driven, *model.clock_driven)
    roots = [root for ode in odes for root in (ode.rhs, *(factor for _, factor in ode.noise))]
    roots += [emission.value for pathway in model.pathways for emission in pathway.emissions]
    return found | {node.array for root in roots for node in walk(root) if isinstance(node, Load)}


def needs_source(body: Iterable[Stmt]) -> bool:
    """Whether a body walked by columns reads or writes anything of the source neuron."""
    statements = tuple(body)
    if any(index is not None and index.kind is IndexKind.PRE for _, index in reads(statements)):
        return True
    if any(index.kind is IndexKind.PRE for _, index, _ in writes(statements)):
        return True
    return any(
        isinstance(node, RandomDraw) or (isinstance(node, IndexValue) and node.index == PRE)
        for node in all_nodes(statements)
    )
