"""Neuron models to kernels: state update, thresholds, resets, and code that runs regularly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from simgen.errors import EquationError, Origin, Problem, raise_problems
from simgen.integrate.model import Update
from simgen.ir.expr import IndexKind, Local
from simgen.ir.kernel import (
    Clock,
    Domain,
    Item,
    Kernel,
    Once,
    OverElements,
    OverEvents,
)
from simgen.ir.stmt import Emit, Let, Stmt
from simgen.ir.visit import all_nodes, has_state, reads, writes
from simgen.model.description import GroupDescription
from simgen.model.neurons import NeuronModel

# The usual slots of what belongs to an event: spikes, and all others.
CONDITION_SLOTS = ("thresholds", "after_thresholds")
REACTION_SLOTS = ("resets", "after_resets")


def slot_of_event(slots: tuple[str, str], event: str) -> str:
    """Return the usual slot of what belongs to an event."""
    return slots[0 if event == "spike" else 1]


def elements(group: GroupDescription) -> OverElements:
    """Return the domain of all elements of a group or subgroup."""
    return OverElements(group.length, group.start, group.end)


def neuron_items(
    model: NeuronModel,
    update: Update,
    order: int = 0,
    conditions: Mapping[str, tuple[str, int]] | None = None,
    reactions: Mapping[str, tuple[str, int]] | None = None,
) -> Iterable[Item]:
    """Yield the schedule items of a group of neurons; ``update`` is its integrated state update.

    ``conditions`` and ``reactions`` say per event in which slot and order it is found, and its code
    runs; others are in the usual slots, at ``order``.
    """
    group = model.group
    name, clock = group.name, group.clock
    yield from _copy_items(
        f"{name}_subexpression_update", "before_start", 0, model.before_frozen, group
    )
    yield from element_items(
        f"{name}_subexpression_update",
        "before_start",
        0,
        model.frozen,
        group,
        "stores subexpressions",
    )
    yield from _copy_items(f"{name}_stateupdater", "groups", order, model.before_update, group)
    body = (*model.flag_update, *update.statements)
    yield from element_items(
        f"{name}_stateupdater", "groups", order, body, group, f"state update ({update.method})"
    )
    for event, (condition, origin) in model.conditions.items():
        events = group.events[event]
        usual = slot_of_event(CONDITION_SLOTS, event), order
        slot, place = (conditions or {}).get(event, usual)
        label = f"{name}_{event}_thresholder"
        yield Item(
            slot,
            place,
            label,
            Kernel(
                label,
                elements(group),
                (Emit(events, condition, origin),),
                clock,
                comment=f"{group.text}: event '{event}'",
                origin=origin,
            ),
        )
        if event == "spike" and model.on_spike:
            domain = OverEvents(events, group.start, group.end)
            marker = f"{name}_spike_marker"
            comment = f"{group.text}: time of the last spike"
            # the same name as the threshold: it must follow directly, whatever else is there
            yield Item(
                slot, place, label, Kernel(marker, domain, model.on_spike, clock, comment=comment)
            )
        reaction = model.reactions.get(event, ())
        if reaction:
            label = f"{name}_{event}_resetter"
            domain = OverEvents(events, group.start, group.end)
            comment = f"{group.text}: code run on '{event}'"
            kernel = Kernel(label, domain, reaction, clock, comment=comment)
            usual = slot_of_event(REACTION_SLOTS, event), order
            yield Item(*(reactions or {}).get(event, usual), label, kernel)


def _copy_items(
    name: str, slot: str, order: int, body: tuple[Stmt, ...], group: GroupDescription
) -> Iterable[Item]:
    """Yield the copies that an update reads; items of one name stay in this order."""
    for item in element_items(f"{name}_copies", slot, order, body, group, "copies for links"):
        yield replace(item, name=name)


def element_items(
    name: str,
    slot: str,
    order: int,
    body: Sequence[Stmt],
    group: GroupDescription,
    what: str,
    clock: Clock | None = None,
    domain: Domain | None = None,
) -> Iterable[Item]:
    """Yield kernels for statements with shared and per-element targets; shared ones come first."""
    shared, single = _split(body)
    origin: Origin | None = getattr(body[0], "origin", None) if body else None
    comment = f"{group.text}: {what}"
    clock = clock or group.clock
    if shared:
        label = f"{name}_shared"
        kernel = Kernel(label, Once(), shared, clock, comment=comment, origin=origin)
        yield Item(slot, order, name, kernel)
    if single:
        kernel = Kernel(
            name, domain or elements(group), single, clock, comment=comment, origin=origin
        )
        yield Item(slot, order, name, kernel)


def _split(body: Sequence[Stmt]) -> tuple[tuple[Stmt, ...], tuple[Stmt, ...]]:
    """Return the statements that run once, and those that run per element, each with its locals.

    Raises EquationError where the order of the two kinds would matter.
    """
    places = [place for place, stmt in enumerate(body) if _is_shared(stmt)]
    if not places:
        return (), tuple(body)
    last = places[-1]
    for stmt in body[:last]:
        if not isinstance(stmt, Let) and not _is_shared(stmt):
            _refuse(body[last], "Statements that write shared variables must come first.")
    shared = tuple(
        stmt
        for place, stmt in enumerate(body[: last + 1])
        if place in places or isinstance(stmt, Let)
    )
    needed = locals_of(tuple(stmt for stmt in shared if not isinstance(stmt, Let)), shared)
    shared = tuple(stmt for stmt in shared if not isinstance(stmt, Let) or stmt.local in needed)
    single = tuple(stmt for place, stmt in enumerate(body) if place not in places)
    used = locals_of(tuple(stmt for stmt in single if not isinstance(stmt, Let)), single)
    single = tuple(stmt for stmt in single if not isinstance(stmt, Let) or stmt.local in used)
    changed = {array for array, _, _ in writes(shared)}
    for stmt in body[:last]:
        stale = isinstance(stmt, Let) and stmt.local in used
        if stale and stmt in shared and any(has_state(node) for node in all_nodes((stmt,))):
            _refuse(
                stmt,
                "A call of a function with a state is used by a shared variable and per "
                "element, which are computed apart.",
            )
        if stale and any(array in changed for array, _ in reads((stmt,))):
            _refuse(stmt, "A value of a shared variable is used per element after it has changed.")
    return shared, single


def locals_of(roots: Sequence[Stmt], body: Sequence[Stmt]) -> set[Local]:
    """Return the locals that statements use, directly or through other locals of the body."""
    found = {node for node in all_nodes(roots) if isinstance(node, Local)}
    for stmt in reversed(body):
        if isinstance(stmt, Let) and stmt.local in found:
            found |= {node for node in all_nodes((stmt,)) if isinstance(node, Local)}
    return found


def _refuse(stmt: Stmt, message: str) -> None:
    origin: Origin | None = getattr(stmt, "origin", None)
    hint = "Give the others a second run_regularly with another order, or a second run_now."
    raise_problems([Problem(message, origin, hint, EquationError)])


def _is_shared(stmt: Stmt) -> bool:
    """Whether a statement writes shared variables."""
    targets = writes((stmt,))
    return bool(targets) and all(index.kind is IndexKind.ZERO for _, index, _ in targets)
