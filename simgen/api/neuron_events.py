"""The events of neurons: where in a step they are found, and the code that runs on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from simgen.api.arguments import plain_name
from simgen.api.linked import LinkingGroup
from simgen.api.placed import Place, checked_order, checked_slot
from simgen.api.schedule_parts import SchedulePart, condition_part, reaction_part, update_part
from simgen.api.storage import AnyArray
from simgen.build.neurons import CONDITION_SLOTS, REACTION_SLOTS, slot_of_event
from simgen.build.schedule import is_before
from simgen.errors import ArgumentTypeError, InternalError, ModelError, SourceText, suggest
from simgen.model.neurons import NeuronSource

SlotAndOrder = tuple[str, int | None]  # None: that of the group


class NeuronEvents(LinkingGroup):
    """The side of a group of neurons that has events."""

    _conditions: dict[str, SourceText]
    _reactions: dict[str, SourceText]
    _condition_places: dict[str, SlotAndOrder]  # what differs from the usual places
    _reaction_places: dict[str, SlotAndOrder]

    @property
    def events(self) -> dict[str, str]:
        """The events: name -> condition."""
        return {event: text.text for event, text in self._conditions.items()}

    @property
    def state_updater(self) -> SchedulePart:
        """The integration of the equations: ``G.state_updater.order = 1``."""
        return update_part(self)

    @property
    def thresholder(self) -> dict[str, SchedulePart]:
        """The conditions of the events: ``G.thresholder['spike'].when = 'end'``."""
        return {event: condition_part(self, event) for event in self._conditions}

    @property
    def resetter(self) -> dict[str, SchedulePart]:
        """The code that runs on events: ``G.resetter['spike'].when = 'before_synapses'``."""
        return {event: reaction_part(self, event) for event in self._reactions}

    @property
    def spikes(self) -> AnyArray:
        """The indices of the neurons that spiked in the last step."""
        return self._last_events("spike")

    def _last_events(self, event: str) -> AnyArray:
        if self._network is None:
            return np.zeros(0, np.int32)
        return np.asarray(
            self._network._events_of_last_step(self._description.events[event], self.clock)
        )

    def run_on_event(
        self, event: str, code: str, when: str = "after_resets", order: int | None = None
    ) -> None:
        """Run statements for the neurons in which an event happened.

        Parameters
        ----------
        event
            One of ``events``; each has one piece of code (of spikes, the reset is it).
        code
            Statements.
        when, order
            Where in the step; the order is the group's if left out. In a slot before that in which
            the event is found, the code runs for the events of the step before.

        Raises
        ------
        ModelError
            There is no such event or slot, or the event has code already.
        ArgumentTypeError
            The code is no text, the order no integer.

        """
        self._require_event(event, "run_on_event")
        if event in self._reactions:
            raise ModelError(f"{self.describe()} already has code for the event '{event}'.")
        place = self._place(event, when, order, "code run on")
        self._reactions.update(self._texts({event: code}, "code"))
        self._reaction_places[event] = place
        self._changed()

    def set_event_schedule(
        self, event: str, when: str = "after_thresholds", order: int | None = None
    ) -> None:
        """Say where in a step the condition of an event is evaluated.

        Monitors made before keep their place. Pathways of synapses that come before it take the
        events of the step before, and their delays count from the step after these.

        Parameters
        ----------
        event
            One of ``events``, "spike" included.
        when, order
            The place; the order is the group's if left out.

        Raises
        ------
        ModelError
            There is no such event or slot.
        ArgumentTypeError
            The order is no integer.

        """
        self._require_event(event, "set_event_schedule")
        self._condition_places[event] = self._place(event, when, order, "condition of")
        self._changed()

    def _source(self) -> NeuronSource:
        raise InternalError(f"{type(self).__name__} does not say what it is made of")

    def _require_event(self, event: Any, what: str) -> None:
        plain_name(event, f"The event of {what} of {self.describe()}")
        if event not in self._conditions:
            hint = suggest(str(event), self._conditions)
            raise ModelError(f"{self.describe()} has no event '{event}'. {hint}".rstrip())

    def _place(self, event: str, when: Any, order: Any, what: str) -> SlotAndOrder:
        owner = f"the {what} the event '{event}' of {self.describe()}"
        checked_slot(when, owner)
        return when, None if order is None else checked_order(order, owner)

    def _texts(self, given: Mapping[str, Any], what: str) -> dict[str, SourceText]:
        texts = {}
        for event, text in given.items():
            label = {"spike": {"condition": "threshold"}.get(what, what)}.get(
                event, f"{what} of event '{event}'"
            )
            if not isinstance(text, str):
                raise ArgumentTypeError(
                    f"The {label} of {self.describe()} must be text, not {text!r}."
                )
            if not isinstance(event, str) or not event.isidentifier() or "__" in event:
                raise ModelError(f"{event!r} cannot be the name of an event of {self.describe()}.")
            texts[event] = SourceText(text, label, self.describe())
        return texts

    # --- places in the schedule -------------------------------------------------------------------

    def _event_places(self) -> dict[str, tuple[str, int]]:
        """Return per event the slot and order in which it is found."""
        return self._all_places(self._conditions, CONDITION_SLOTS, self._condition_places)

    def _code_places(self) -> dict[str, tuple[str, int]]:
        """Return per event the slot and order of the code run on it."""
        return self._all_places(self._reactions, REACTION_SLOTS, self._reaction_places)

    def _all_places(
        self, events: Iterable[str], slots: tuple[str, str], own: Mapping[str, SlotAndOrder]
    ) -> dict[str, tuple[str, int]]:
        places = {}
        for event in events:
            slot, order = own.get(event, (slot_of_event(slots, event), None))
            places[event] = slot, self.order if order is None else order
        return places

    def _early(self, places: Mapping[str, tuple[str, int]]) -> frozenset[str]:
        """Return the events whose places come before the state update."""
        return frozenset(
            event for event, (slot, _) in places.items() if is_before(slot, "groups", self._slots)
        )

    def _places(self) -> Iterator[Place]:
        equations = self._source().equations
        if equations.differential or self._description.lastspike is not None:
            yield Place(f"{self.name}_stateupdater", "state update", self.when, self.order)
        for event, place in self._event_places().items():
            kind = "threshold" if event == "spike" else "event"
            yield Place(f"{self.name}_{event}_thresholder", kind, *place)
        for event, place in self._code_places().items():
            kind = "reset" if event == "spike" else "code run on an event"
            yield Place(f"{self.name}_{event}_resetter", kind, *place)
