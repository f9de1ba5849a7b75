"""The logical state of a network: taken, compared with a network, and given back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from simgen.api.clock import Clock, clocks_of, defaultclock
from simgen.api.component import Component, stream_numbers
from simgen.api.event_rings import EventRings
from simgen.api.kept_groups import GeneratorKeeper, NeuronKeeper
from simgen.api.kept_records import EventKeeper, RateKeeper, StateMonitorKeeper
from simgen.api.kept_synapses import SynapsesKeeper
from simgen.api.monitors import EventMonitor
from simgen.api.neuron_group import NeuronGroup
from simgen.api.rate_monitor import PopulationRateMonitor
from simgen.api.seeds import Stream, restore_seed, seed_state, take_stream
from simgen.api.spike_generator import SpikeGeneratorGroup
from simgen.api.state_monitor import StateMonitor
from simgen.api.synapses import Synapses
from simgen.api.timeline import Timeline
from simgen.errors import ArgumentTypeError, ModelError, StateFileError
from simgen.ir.stmt import EventList
from simgen.runtime.events import EventBuffer
from simgen.runtime.snapshot import Kept, Snapshot
from simgen.runtime.timing import TimeAxis, common_axis

if TYPE_CHECKING:
    from simgen.api.network import Network


_VALUES = "values/"  # what events take along, by the names of the arrays


class Keeper(Protocol):
    """Knows the state of objects of one kind."""

    def keep(self, component: Any) -> Kept:
        """Return the state, which later changes do not touch."""

    def refusals(self, component: Any, kept: Kept) -> Iterator[str]:
        """Yield why a state does not fit; raise StateFileError where it fits no object."""

    def take(self, component: Any, kept: Kept) -> None:
        """Give an object a state that fits."""


KEEPERS: Mapping[type[Component], Keeper] = {
    NeuronGroup: NeuronKeeper(),
    SpikeGeneratorGroup: GeneratorKeeper(),
    Synapses: SynapsesKeeper(),
    EventMonitor: EventKeeper(),
    StateMonitor: StateMonitorKeeper(),
    PopulationRateMonitor: RateKeeper(),
}


def _keeper(component: Component) -> Keeper | None:
    """Return what knows the state of an object, None if it has none (operations, subgroups)."""
    return next((KEEPERS[kind] for kind in type(component).__mro__ if kind in KEEPERS), None)


def checked_place(name: object, filename: object, what: str) -> Path | None:
    """Return the path of a file, None without one; names and files of other types are refused."""
    if not isinstance(name, str):
        raise ArgumentTypeError(f"The name of a state in {what} is text, not {name!r}.")
    if filename is None:
        return None
    if not isinstance(filename, str | os.PathLike):
        raise ArgumentTypeError(f"The filename in {what} is text or a path, not {filename!r}.")
    return Path(os.fsdecode(filename))


# --- storing --------------------------------------------------------------------------------------


def keep_network(network: Network) -> Snapshot:
    """Return the state of a network and of its objects."""
    compiled = network._compiled
    begun = [] if compiled is None or not network._running else compiled.begun()
    if begun:
        raise ModelError(
            f"store() was called in the middle of a step of {network.describe()}: "
            f"{', '.join(begun)} has run in it. Call it from an operation that comes first, with "
            "when='before_start'."
        )
    objects = network.objects
    kept = {c.name: _keep_object(c, keeper) for c in objects if (keeper := _keeper(c)) is not None}
    return Snapshot(_keep_time(network, objects), kept)


def _keep_object(component: Component, keeper: Keeper) -> Kept:
    kept = keeper.keep(component)
    kept.facts["kind"] = type(component).__name__
    kept.facts["clock"] = component.clock.name
    return kept


def _keep_time(network: Network, objects: Sequence[Component]) -> Kept:
    """Return the time, the recent events and the random state."""
    timeline, clocks = network._timeline, clocks_of(objects)
    axis = _axis(clocks) if timeline is None else timeline.axis
    tick = axis.tick_at(network._t, "store()") if timeline is None else timeline.tick
    seed, next_stream = seed_state()
    facts: dict[str, Any] = {
        "t": tick * axis.width if network._running else network._t,
        "tick": tick,
        "tick_width": axis.width,
        "periods": dict(axis.periods),
        "clocks": {clock.name: {"dt": clock.dt_, "now": clock._now} for clock in clocks},
        "seed": seed,
        "next_stream": next_stream,
        "streams": stream_numbers(objects),
        "ran": [],
        "events": {},
    }
    kept = Kept("the network", facts)
    if timeline is not None:
        ran = [c for c in objects if any(c is known for known in timeline.objects)]
        facts["ran"] = [component.name for component in ran]
        for component in ran:
            for events in component._event_lists():
                _keep_events(kept, timeline, component, events)
    return kept


def _axis(clocks: Sequence[Clock]) -> TimeAxis:
    return common_axis({clock.name: clock.dt_ for clock in clocks})


def _keep_events(kept: Kept, timeline: Timeline, component: Component, events: EventList) -> None:
    """Add the events that delays may still ask for, and those of the last step."""
    if events.name not in timeline.rings.buffers:
        return
    depth = max(1, timeline.rings.longest.get(events.name, 0))
    done = timeline.steps_done(component.clock)
    steps, elements = timeline.events_between(events, done - depth, done)
    kept.facts["events"][events.name] = {"depth": depth}
    kept.arrays[f"events/{events.name}/steps"] = steps
    kept.arrays[f"events/{events.name}/elements"] = elements
    ring = timeline.rings.buffers[events.name]
    for name in ring.kept_names():
        taken = ring.values(name, steps, elements)
        for own in _names_of_user(timeline, name):
            kept.arrays[f"events/{events.name}/{_VALUES}{own}"] = taken


def _names_of_user(timeline: Timeline, name: str) -> Iterator[str]:
    """Yield the names that what events take along has in the objects that the user made."""
    for merge in timeline.merged:
        if name.startswith(f"{merge.name}."):
            return merge.names_in_members(name)
    return iter((name,))


# --- restoring ------------------------------------------------------------------------------------


class RestoredNetwork(Timeline):
    """A network that goes on from a stored state when it is compiled."""

    def __init__(self, objects: Sequence[Component], kept: Kept) -> None:
        ran = kept.facts["ran"]
        self.objects = self.components = [c for c in objects if c.name in ran]
        self.axis = TimeAxis(kept.number("tick_width"), kept.table("periods"))
        self.rings = EventRings({})
        self.bounds = {}
        self._tick = kept.integer("tick")
        for component in self.objects:
            for events in component._event_lists():
                if events.name in kept.table("events"):
                    self._take_events(component, events, kept.part("events").part(events.name))

    @property
    def tick(self) -> int:
        """The present tick."""
        return self._tick

    def _take_events(self, component: Component, events: EventList, kept: Kept) -> None:
        size, depth = component._groups()[events.length], kept.integer("depth")
        bounds = np.array([0, size], np.int64)
        done = self.steps_done(component.clock)
        buffer = EventBuffer(events, size)
        buffer.resize(depth, bounds, bounds, done)
        for step in range(max(0, done - depth), done):
            found = kept.arrays["elements"][kept.arrays["steps"] == step]
            buffer.place(step, found.astype(np.uint32), bounds)
        for name, values in kept.arrays.items():
            if name.startswith(_VALUES):
                named = name.removeprefix(_VALUES)
                buffer.take(named, kept.arrays["steps"], kept.arrays["elements"], values)
        self.rings.buffers[events.name] = buffer
        self.rings.longest[events.name] = depth
        self.bounds[events.length] = bounds


def restore_network(network: Network, snapshot: Snapshot, random_state: bool) -> None:
    """Give a network and its objects a stored state, or raise before anything has changed."""
    objects, kept = network.objects, snapshot.network
    found = {c: keeper for c in objects if (keeper := _keeper(c)) is not None}
    _check_objects(network, found, snapshot)
    _check_time(objects, kept)
    if random_state:
        _check_streams(network, objects, kept)
    for clock in clocks_of(objects):
        times = kept.table("clocks").get(clock.name)
        if times is not None:
            clock._dt, clock._now = times["dt"], times["now"]
    for component, keeper in found.items():
        keeper.take(component, snapshot.objects[component.name])
    network._compiled, network._signature = None, []
    network._timeline = RestoredNetwork(objects, kept) if kept.facts["ran"] else None
    network._t = defaultclock._now = kept.number("t")
    for component in objects:
        object.__setattr__(component, "_network", network)
    _take_random_state(objects, kept, random_state)


def _check_objects(network: Network, found: Mapping[Component, Keeper], snapshot: Snapshot) -> None:
    refused = []
    names = {component.name for component in found}
    refused += [f"{c.describe()} was not stored." for c in found if c.name not in snapshot.objects]
    refused += [
        f"{kept.text('kind')} '{name}' was stored, but is not part of the network."
        for name, kept in snapshot.objects.items()
        if name not in names
    ]
    for component, keeper in found.items():
        stored = snapshot.objects.get(component.name)
        if stored is None:
            continue
        kind, clock = stored.text("kind"), stored.text("clock")
        kept = Kept(component.describe(), stored.facts, stored.arrays)
        if kind != type(component).__name__:
            refused.append(f"{component.describe()} was stored as a {kind}.")
        elif clock != component.clock.name:
            refused.append(
                f"{component.describe()} has the clock '{component.clock.name}', but was stored "
                f"with '{clock}'."
            )
        else:
            refused += keeper.refusals(component, kept)
    if refused:
        raise ModelError(
            f"The stored state does not fit {network.describe()}. " + " ".join(refused)
        )


def _check_time(objects: Sequence[Component], kept: Kept) -> None:
    """Raise StateFileError unless the time and the recent events make sense."""
    for name in ("t", "tick_width"):
        kept.number(name)
    for name in ("tick", "seed", "next_stream"):
        kept.integer(name)
    for name, period in kept.table("periods").items():
        if kept.part("periods").integer(name) < 1:
            raise StateFileError(f"The stored period of the clock '{name}' is {period}.")
    for name in kept.table("clocks"):
        if kept.part("clocks").part(name).number("dt") <= 0:
            raise StateFileError(f"The stored dt of the clock '{name}' is not positive.")
        kept.part("clocks").part(name).number("now")
    ran = kept.facts.get("ran")
    if not isinstance(ran, list):
        raise StateFileError("The stored state does not say which objects ran.")
    for component in objects:
        if component.name in ran and isinstance(getattr(component, "clock", None), Clock):
            kept.part("periods").integer(component.clock.name)
        for events in component._event_lists():
            if events.name in kept.table("events"):
                _check_events(component, events, kept.part("events").part(events.name))


def _check_events(component: Component, events: EventList, kept: Kept) -> None:
    size = component._groups()[events.length]
    elements = kept.array("elements", np.int64)
    kept.array("steps", np.int64, elements.size)
    for name in kept.arrays:
        if name.startswith(_VALUES):
            kept.numbers(name, elements.size)
    if kept.integer("depth") < 1 or (
        elements.size and not 0 <= int(elements.min()) <= int(elements.max()) < size
    ):
        raise StateFileError(f"The stored events of {component.describe()} make no sense.")


def _check_streams(network: Network, objects: Sequence[Component], kept: Kept) -> None:
    stored = kept.part("streams")
    missing = [name for c in objects for name in c._keys() if name not in stored.facts]
    for name in stored.facts:
        stored.integer(name)
    if missing:
        raise ModelError(
            f"The random state of {network.describe()} cannot be restored: none was stored for "
            f"{', '.join(missing)}."
        )


def _take_random_state(objects: Sequence[Component], kept: Kept, restored: bool) -> None:
    """Number the streams of all objects as they were, or anew."""
    if restored:
        restore_seed(kept.integer("seed"), kept.integer("next_stream"))
    for component in sorted(objects, key=lambda component: component._created):
        for name in component._keys():
            number = kept.table("streams")[name] if restored else None
            stream = take_stream() if number is None else Stream.numbered(number)
            object.__setattr__(component, "_stream", stream)
