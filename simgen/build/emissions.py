"""Keep what events take along: a kernel where they are found, and reads where they arrive.

before::

    fan-out:                 g[post] += w[s] * at_emission(v[pre])

after::

    where events are found:  kept[slot * N + i] = v[i]
    fan-out:                 g[post] += w[s] * kept[event]

The slot is that of the list of events, so that ``event`` is the place of the delivered one. Carried
events have their values in a list of their own.
"""

from __future__ import annotations

from collections.abc import Iterable

from simgen.ir.expr import (
    ELEMENT,
    EVENT,
    Array,
    Expr,
    Index,
    IndexKind,
    IndexValue,
    Load,
    Role,
)
from simgen.ir.kernel import Item, Kernel, OverEvents
from simgen.ir.stmt import Stmt, Store
from simgen.ir.visit import map_expr, map_stmt
from simgen.model.emissions import Emission
from simgen.model.synapses import PathwayModel, SynapsesModel


def emissions_of(model: SynapsesModel, pathway: str) -> tuple[Emission, ...]:
    """Return what the events of a pathway take along."""
    return next(p.emissions for p in model.pathways if p.source.name == pathway)


def emission_items(
    model: SynapsesModel, pathway: PathwayModel, place: tuple[str, int, str]
) -> Iterable[Item]:
    """Yield the kernel that keeps the values of a pathway's events.

    ``place`` is the slot, order and name of what finds the events: the kernel follows it directly,
    whatever else is there, since items of one name keep their order.
    """
    if not pathway.emissions:
        return
    source, group = pathway.source, model.source.pre
    events = group.events[source.event]
    body = tuple(
        Store(emission.kept, EVENT, _at_source(emission.value), emission.origin)
        for emission in pathway.emissions
    )
    kernel = Kernel(
        f"{model.source.group.name}_{source.name}_at_emission",
        OverEvents(events, group.start, group.end),
        body,
        group.clock,
        comment=f"{model.source.group.text}: what events of pathway '{source.name}' take along",
        origin=pathway.emissions[0].origin,
    )
    yield Item(*place, kernel)


def _at_source(value: Expr) -> Expr:
    """Return a value of a source at PRE as one at the element that has the event."""

    def move(node: Expr) -> Expr:
        match node:
            case Load(array=array, index=Index(kind=IndexKind.PRE, via=via)):
                return Load(array, Index(IndexKind.ELEMENT, via))
            case IndexValue(index=Index(kind=IndexKind.PRE)):
                return IndexValue(ELEMENT)
            case _:
                return node

    return map_expr(value, move)


def carried_values(emission: Emission) -> Array:
    """Return the list of the values of carried events, parallel to those of their arrivals."""
    pathway, _, _ = emission.kept.name.rpartition(".")
    kept = emission.kept
    return Array(f"{kept.name}.carried", kept.dtype, f"n_{pathway}.carried", Role.DERIVED)


def with_carried_values(body: tuple[Stmt, ...], emissions: Iterable[Emission]) -> tuple[Stmt, ...]:
    """Return a body that finds what events took along in the lists of carried ones."""
    lists = {emission.kept: carried_values(emission) for emission in emissions}

    def substitute(node: Expr) -> Expr:
        if isinstance(node, Load) and node.array in lists:
            return Load(lists[node.array], EVENT)
        return node

    return tuple(map_stmt(stmt, substitute) for stmt in body) if lists else body
