"""The order of execution: slots, then order, then name (language.md 1)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from simgen.errors import ArgumentTypeError, ModelError, suggest
from simgen.ir.kernel import Item, OverEvents
from simgen.ir.stmt import Emit, EmitTable
from simgen.ir.visit import flatten

DEFAULT_SLOTS: tuple[str, ...] = ("start", "groups", "thresholds", "synapses", "resets", "end")


def slot_positions(slots: Sequence[str] = DEFAULT_SLOTS) -> dict[str, int]:
    """Return the place of each slot with its ``before_`` and ``after_`` slots."""
    places: dict[str, int] = {}
    for slot in slots:
        for name in (f"before_{slot}", slot, f"after_{slot}"):
            places[name] = len(places)
    return places


def is_before(slot: str, other: str, slots: Sequence[str] = DEFAULT_SLOTS) -> bool:
    """Whether a slot runs before another one; one that there is not counts as later."""
    places = slot_positions(slots)
    return places.get(slot, len(places)) < places.get(other, len(places))


def name_key(name: str) -> tuple[tuple[str, int], ...]:
    """Return a sort key under which synapses_2 comes before synapses_10, but E10 before E2.

    Numbers of default names count as numbers; other names sort as text, as Brian's do.
    """
    parts = re.split(r"_(\d+)(?=_|$)", name)
    return tuple(
        (text, int(parts[k + 1]) if k + 1 < len(parts) else -1)
        for k, text in enumerate(parts)
        if k % 2 == 0
    )


def place_key(
    slot: str, order: int, name: str, slots: Sequence[str], owner: str
) -> tuple[int, int, tuple[tuple[str, int], ...]]:
    """Return the sort key of a place; ModelError, naming the owner, if there is no such slot."""
    places = slot_positions(slots)
    if slot not in places:
        raise ModelError(
            f"{owner} runs in the slot '{slot}', which the schedule of its network does not have: "
            f"{', '.join(slots)}, each with before_ and after_."
        )
    return places[slot], order, name_key(name)


def check_slot(slot: str, owner: str, slots: Sequence[str] = DEFAULT_SLOTS) -> None:
    """Raise ModelError if there is no such slot."""
    places = slot_positions(slots)
    if not isinstance(slot, str):
        raise ArgumentTypeError(f"The schedule slot of {owner} must be a name, not {slot!r}.")
    if slot not in places:
        hint = suggest(slot, places)
        raise ModelError(
            f"There is no schedule slot '{slot}' for {owner}.{hint and f' {hint}'} "
            f"The slots are {', '.join(slots)}, each with before_ and after_; a slot of your own "
            "must be in the schedule of a network before."
        )


def with_lags(schedule: Sequence[Item]) -> tuple[Item, ...]:
    """Return the items, with those that run before their events are found told so.

    As in Brian they see the events that were found last, which are those of the step before.
    Of synapses, which come before their events, the delays are longer by a step instead.
    """
    found = {
        stmt.events: position
        for position, item in enumerate(schedule)
        for stmt in flatten(item.kernel.body)
        if isinstance(stmt, Emit | EmitTable)
    }
    items = []
    for position, item in enumerate(schedule):
        domain = item.kernel.domain
        if isinstance(domain, OverEvents) and position < found.get(domain.events, -1):
            kernel = replace(item.kernel, domain=replace(domain, lag=1))
            item = replace(item, kernel=kernel)
        items.append(item)
    return tuple(items)


def order_items(
    items: Iterable[Item],
    slots: Sequence[str] = DEFAULT_SLOTS,
    python: Iterable[tuple[str, int, str]] = (),
) -> tuple[Item, ...]:
    """Return the items in the order of execution; items of one name keep their given order.

    ``python`` lists the places (slot, order, name) of Python code, which the items note.
    """

    def key(item: Item) -> Any:
        what = item.kernel.comment or f"'{item.name}'"
        return place_key(item.slot, item.order, item.name, slots, what)

    found = sorted(items, key=key)
    keys = [key(item) for item in found]
    marked = {
        bisect_left(keys, place_key(*place, slots, f"The network_operation '{place[2]}'"))
        for place in python
    }
    return tuple(
        replace(item, after_python=True) if position in marked else item
        for position, item in enumerate(found)
    )
