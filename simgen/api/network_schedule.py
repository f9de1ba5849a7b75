"""The schedule of a network: its slots, and what runs where in a step."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simgen.api.component import Component
from simgen.api.network_states import NetworkStates
from simgen.api.placed import OWN_SLOTS
from simgen.build.schedule import DEFAULT_SLOTS, place_key
from simgen.errors import ArgumentTypeError, InternalError, ModelError
from simgen.units import Quantity


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """One thing that runs in a step; ``owner_name`` and ``owner_type`` say what it is part of."""

    when: str
    order: int
    dt: Quantity
    name: str
    type: str
    active: bool
    owner_name: str | None
    owner_type: str | None


class SchedulingSummary:
    """What a network runs in a step, in order; shown as a table. ``entries`` are its rows."""

    _HEAD = ("object", "part of", "clock dt", "when", "order", "active")

    def __init__(self, components: Iterable[Component], slots: Sequence[str], name: str) -> None:
        rows = []
        for component in components:
            for place in component._places():
                key = place_key(place.slot, place.order, place.name, slots, component.describe())
                clock = place.clock or component.clock
                owner = component if place.name != component.name else place.owner
                entry = ScheduleEntry(
                    place.slot,
                    place.order,
                    clock.dt,
                    place.name,
                    place.kind,
                    component.active,
                    None if owner is None else owner.name,
                    None if owner is None else type(owner).__name__,
                )
                rows.append((key, entry))
        self.name = name
        self.entries = tuple(entry for _, entry in sorted(rows, key=lambda row: row[0]))

    def _cells(self) -> list[tuple[str, ...]]:
        finest = min((float(np.asarray(entry.dt)) for entry in self.entries), default=1.0)
        return [
            (
                f"{entry.name} ({entry.type})",
                f"{entry.owner_name} ({entry.owner_type})" if entry.owner_name else "--",
                f"{entry.dt} ({_every(float(np.asarray(entry.dt)) / finest)})",
                entry.when,
                str(entry.order),
                "yes" if entry.active else "no",
            )
            for entry in self.entries
        ]

    def __repr__(self) -> str:
        rows = [self._HEAD, *self._cells()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(self._HEAD))]
        lines = [
            " | ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
            for row in rows
        ]
        rule = "-+-".join("-" * width for width in widths)
        return "\n".join((lines[0], rule, *lines[1:]))

    def _repr_html_(self) -> str:
        def row(cells: Iterable[str], tag: str) -> str:
            return "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells)

        body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in self._cells())
        return f"<table><tr>{row(self._HEAD, 'th')}</tr>{body}</table>"


def _every(steps: float) -> str:
    return "every step" if round(steps) == 1 else f"every {steps:.4g} steps"


def checked_schedule(slots: Any, owner: str) -> tuple[str, ...]:
    """Return the slots of a schedule, None for the usual ones; anything else is refused."""
    if slots is None:
        return DEFAULT_SLOTS
    if isinstance(slots, str) or not isinstance(slots, Sequence):
        raise ArgumentTypeError(f"The schedule of {owner} must be a list of names, not {slots!r}.")
    for slot in slots:
        if not isinstance(slot, str):
            raise ArgumentTypeError(f"A slot of the schedule of {owner} is a name, not {slot!r}.")
        if not slot.isidentifier() or slot.startswith(("before_", "after_")):
            raise ModelError(
                f"{slot!r} cannot be a slot of the schedule of {owner}: it must be a plain name. "
                "Names with before_ and after_ come with every slot."
            )
        if list(slots).count(slot) > 1:
            raise ModelError(f"The schedule of {owner} has the slot '{slot}' twice.")
    if not slots:
        raise ModelError(f"The schedule of {owner} has no slots.")
    return tuple(slots)


class NetworkSchedule(NetworkStates):
    """The side of a network that says what runs where in a step."""

    _slots: tuple[str, ...] = DEFAULT_SLOTS
    _signature: list[Any]

    def _refuse_while_running(self) -> None:
        raise InternalError(f"{type(self).__name__} does not know whether it runs")

    @property
    def schedule(self) -> list[str]:
        """The slots of a step, in order; each has a ``before_`` and an ``after_`` slot.

        Set it to a list of names, or to None for the usual ones. Slots of your own must be in a
        schedule before objects use them. Where synapses come before the events that start them,
        these reach them in the next step, and delays count from there.

        Raises
        ------
        ArgumentTypeError, ModelError
            It is no list of names, or a name appears twice or begins with before_ or after_.

        """
        return list(self._slots)

    @schedule.setter
    def schedule(self, slots: Any) -> None:
        checked = checked_schedule(slots, self.describe())
        self._refuse_while_running()
        OWN_SLOTS.update(dict.fromkeys(checked))
        self._slots = checked
        self._signature = []  # compiled anew before the next run

    def scheduling_summary(self) -> SchedulingSummary:
        """Return a table of what runs in a step, in order, with slots, orders and step widths.

        Raises
        ------
        ModelError
            An object runs in a slot that the schedule does not have.

        """
        return SchedulingSummary(self.objects, self._slots, self.name)


__all__ = ["NetworkSchedule", "ScheduleEntry", "SchedulingSummary", "checked_schedule"]
