"""Objects with a place in the schedule: a slot, an order, and whether they run at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from simgen.api.clock import Clock
from simgen.api.naming import Guarded, Named
from simgen.api.noted_runs import NOTED
from simgen.build.schedule import DEFAULT_SLOTS, check_slot
from simgen.errors import ArgumentTypeError, ModelError, UnsupportedFeatureError

OWN_SLOTS: dict[str, None] = {}  # of the schedules that any network was given, in that order


@dataclass(frozen=True, slots=True)
class Place:
    """Where something runs within a step; ``kind`` says in a word what it is."""

    name: str
    kind: str
    slot: str
    order: int
    clock: Clock | None = None  # that of its object, if it is not named
    owner: Named | None = None  # what the object itself is part of


def checked_slot(slot: Any, owner: str) -> str:
    """Return a slot of the usual schedule or of one that a network was given; refuse others."""
    check_slot(slot, owner, tuple(dict.fromkeys((*DEFAULT_SLOTS, *OWN_SLOTS))))
    return str(slot)


def checked_order(order: Any, owner: str) -> int:
    """Return a place within a slot, an integer; anything else is refused."""
    if isinstance(order, bool) or not isinstance(order, int | np.integer):
        raise ArgumentTypeError(f"The order of {owner} must be an integer, not {order!r}.")
    return int(order)


class Placed(Guarded):
    """An object with a place in the schedule."""

    _when: str
    _order: int
    _active: bool
    _version: int
    _contained: list[Any]
    _network: Any
    _movable = True  # whether it runs in its slot and nowhere else
    _slots: tuple[str, ...] = DEFAULT_SLOTS  # of the network that it is compiled for

    def _place_at(self, when: str, order: int) -> None:
        """Take the first place; raises for a slot that there is not and an order of no integer."""
        checked = checked_slot(when, self.describe()), checked_order(order, self.describe())
        for name, value in zip(("_when", "_order", "_active"), (*checked, True)):
            object.__setattr__(self, name, value)

    @property
    def when(self) -> str:
        """The slot of the schedule."""
        return self._when

    @when.setter
    def when(self, slot: str) -> None:
        slot = checked_slot(slot, self.describe())
        if not self._movable:
            raise UnsupportedFeatureError(
                f"The slot of {self.describe()} is that of its state update, '{self.when}', and "
                "cannot be changed. set_event_schedule() moves the events of neurons, order= the "
                "rest."
            )
        self._changed()
        object.__setattr__(self, "_when", slot)

    @property
    def order(self) -> int:
        """The place within the slot; equal ones are sorted by name."""
        return self._order

    @order.setter
    def order(self, order: int) -> None:
        order = checked_order(order, self.describe())
        self._changed()
        object.__setattr__(self, "_order", order)

    @property
    def active(self) -> bool:
        """Whether the object runs; setting it holds for objects that came with this one, too."""
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        if not isinstance(active, bool | np.bool_):
            raise ArgumentTypeError(
                f"active of {self.describe()} must be True or False, not {active!r}."
            )
        self._refuse_while_running()
        object.__setattr__(self, "_active", bool(active))
        for entry in self._contained:
            entry.active = active

    def _changed(self) -> None:
        """Note a change of structure: the network compiles anew before it runs again."""
        self._refuse_while_running()
        object.__setattr__(self, "_version", self._version + 1)

    def _refuse_while_running(self) -> None:
        """Raise if this object is part of a network that runs at this moment.

        Runs that were only noted are made first.
        """
        if NOTED.runs:
            NOTED.make(f"{self.describe()} was changed")
        if self._network is not None and self._network._running:
            raise ModelError(
                f"{self.describe()} cannot change while its network runs; values of variables can."
            )

    def _places(self) -> Iterator[Place]:
        """Yield what this object runs within a step."""
        yield Place(self.name, type(self).__name__, self.when, self.order)
