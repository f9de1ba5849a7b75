"""The parts of a group in the schedule: ``G.state_updater``, ``G.thresholder``, ``G.resetter``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simgen.api.placed import checked_order, checked_slot

if TYPE_CHECKING:
    from simgen.api.neuron_events import NeuronEvents


class SchedulePart:
    """What a group does at one place of a step; setting ``when`` and ``order`` moves it."""

    def __init__(
        self, name: str, place: Callable[[], tuple[str, int]], move: Callable[[str, int], None]
    ) -> None:
        self.name = name
        self._place, self._move = place, move

    @property
    def when(self) -> str:
        """The slot of the schedule."""
        return self._place()[0]

    @when.setter
    def when(self, slot: str) -> None:
        self._move(checked_slot(slot, f"'{self.name}'"), self.order)

    @property
    def order(self) -> int:
        """The place within the slot."""
        return self._place()[1]

    @order.setter
    def order(self, order: int) -> None:
        self._move(self.when, checked_order(order, f"'{self.name}'"))

    def __repr__(self) -> str:
        return f"<'{self.name}' in the slot '{self.when}', order {self.order}>"


def condition_part(group: NeuronEvents, event: str) -> SchedulePart:
    """Return where the condition of an event is evaluated."""
    return SchedulePart(
        f"{group.name}_{event}_thresholder",
        lambda: group._event_places()[event],
        lambda slot, order: group.set_event_schedule(event, slot, order),
    )


def reaction_part(group: NeuronEvents, event: str) -> SchedulePart:
    """Return where the code of an event runs."""

    def move(slot: str, order: int) -> None:
        group._changed()
        group._reaction_places[event] = slot, order

    return SchedulePart(f"{group.name}_{event}_resetter", lambda: group._code_places()[event], move)


def update_part(group: NeuronEvents) -> SchedulePart:
    """Return where the equations are integrated; events stay where they are if it moves."""

    def move(slot: str, order: int) -> None:
        if slot != group.when:
            group.when = slot  # which is refused, with the reason
        group._condition_places.update(group._event_places())
        group._reaction_places.update(group._code_places())
        group.order = order

    return SchedulePart(f"{group.name}_stateupdater", lambda: (group.when, group.order), move)
