"""Spikes under way across changes: they become events of their own and keep their arrival.

A ring of events is shared by all pathways that read it. Where a pathway changes (delays,
connectivity, step width, leaving a network), the spikes that are under way on it are written down
one by one, and from then on it reads the ring no further back than the present step, its *birth*.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.clock import Clock
from simgen.api.component import Component
from simgen.api.pathways import Pathway
from simgen.api.storage import AnyArray
from simgen.build.emissions import carried_values, emissions_of
from simgen.build.synapses import born_parameter, carried_arrays
from simgen.errors import ModelError
from simgen.model.emissions import Emission
from simgen.runtime.timing import TOLERANCE

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork
    from simgen.api.timeline import Timeline

Steps = npt.NDArray[np.int64]


def _no_steps() -> Steps:
    return np.zeros(0, np.int64)


@dataclass(slots=True)
class PathwaySpikes:
    """The carried events of a pathway, parallel arrays in the order of their arrival.

    ``arrivals`` count in steps of ``width``, as does ``born``; ``times`` are the arrivals in
    seconds, on whatever grid they were found; ``emitted`` is in seconds, too. ``synapses`` are
    creation indices, which no change moves but a removal. ``values`` are what the events took along
    from their source, by the last part of the names of their arrays. ``cut_from`` is the network
    whose spikes were written down last, and at which tick.
    """

    width: float
    born: int = 0
    arrivals: Steps = field(default_factory=_no_steps)
    synapses: Steps = field(default_factory=_no_steps)
    times: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    emitted: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    values: dict[str, AnyArray] = field(default_factory=dict)
    cut_from: tuple[weakref.ref[Timeline], int] | None = None

    def keep(self, chosen: npt.NDArray[Any]) -> None:
        """Keep the chosen events, in the order given."""
        self.arrivals = self.arrivals[chosen]
        self.synapses = self.synapses[chosen]
        self.times = self.times[chosen]
        self.emitted = self.emitted[chosen]
        self.values = {name: values[chosen] for name, values in self.values.items()}

    def chosen(self, places: Steps, synapses: Steps) -> PathwaySpikes:
        """Return the events at some places as events of these synapses of another object."""
        return PathwaySpikes(
            self.width,
            self.born,
            self.arrivals[places],
            synapses,
            self.times[places],
            self.emitted[places],
            {name: values[places] for name, values in self.values.items()},
            self.cut_from,
        )

    def add(
        self,
        arrivals: Steps,
        synapses: Steps,
        emitted: npt.NDArray[np.float64],
        values: Mapping[str, AnyArray],
    ) -> None:
        """Add events that were all emitted after those that are here."""
        here = self.values if self.arrivals.size else {n: v[:0] for n, v in values.items()}
        if arrivals.size:  # what only some have is of no use
            both = here.keys() & values.keys()
            self.values = {name: np.concatenate([here[name], values[name]]) for name in both}
        self.arrivals = np.concatenate([self.arrivals, arrivals])
        self.synapses = np.concatenate([self.synapses, synapses])
        self.times = np.concatenate([self.times, arrivals * self.width])
        self.emitted = np.concatenate([self.emitted, emitted])
        self.keep(np.argsort(self.arrivals, kind="stable"))


class CarriedSpikes:
    """Keeps the spikes under way of a Synapses object through changes."""

    def __init__(self, synapses: SynapsesInNetwork) -> None:
        self.synapses = synapses
        self._of: dict[str, PathwaySpikes] = {}

    def _spikes(self, pathway: Pathway) -> PathwaySpikes:
        return self._of.setdefault(pathway.name, PathwaySpikes(pathway.clock.dt_))

    # --- for merges -----------------------------------------------------------------------------

    def of(self, pathway: Pathway) -> PathwaySpikes:
        """Return the carried events of a pathway."""
        return self._spikes(pathway)

    def born(self, pathway: Pathway) -> int:
        """Return the first step whose events reach a pathway."""
        return self._spikes(pathway).born

    def waits_for(self, pathway: Pathway, step: int) -> bool:
        """Whether events are carried that arrive at a step of the clock or later."""
        return bool(np.any(self._arrivals(pathway) >= step))

    def last_arrival(self, pathway: Pathway) -> int:
        """Return the step of the clock in which the last carried event arrives."""
        return int(self._arrivals(pathway).max(initial=-1))

    def _arrivals(self, pathway: Pathway) -> Steps:
        """Return the arrivals in the present steps of the clock."""
        spikes = self._spikes(pathway)
        if spikes.width == pathway.clock.dt_:
            return spikes.arrivals
        return _nearest_steps(spikes.times, pathway.clock.dt_)

    def begin(self, pathway: Pathway, born: int) -> None:
        """Let the events of a step and those after it reach a pathway."""
        self._of[pathway.name] = PathwaySpikes(pathway.clock.dt_, born)

    def replace(self, pathway: Pathway, spikes: PathwaySpikes) -> None:
        """Take other carried events of a pathway."""
        self._of[pathway.name] = spikes

    # --- changes --------------------------------------------------------------------------------

    def cut(self, network: Timeline | None, only: tuple[Pathway, ...] | None = None) -> None:
        """Write down the spikes under way in a network, before anything about them changes.

        Nothing is under way where the synapses were no part of it.
        """
        synapses = self.synapses
        if network is None:
            return
        if all(component is not synapses for component in network.components):
            return
        for pathway in synapses._pathways.values() if only is None else only:
            spikes, step = self._spikes(pathway), network.steps_done(pathway.clock)
            mark = spikes.cut_from
            if mark is not None and mark[0]() is network and mark[1] == network.tick:
                continue  # it has not run since
            spikes.keep(spikes.arrivals >= step)
            spikes.add(*self._under_way(network, pathway, spikes, step))
            spikes.born = step
            spikes.cut_from = weakref.ref(network), network.tick

    def follow(self, previous: Timeline | None, next_step: Callable[[Clock], int] | None) -> None:
        """Go from one compilation of a network to the next.

        ``previous`` is None where the synapses join, ``next_step`` where they leave.
        """
        pathways = self.synapses._pathways.values()
        if next_step is None:
            self.cut(previous)
            return
        self.cut(previous, tuple(p for p in pathways if self._has_changed(p)))
        for pathway in pathways:
            pathway.lag = pathway.needed_lag()
            spikes, step = self._spikes(pathway), next_step(pathway.clock)
            if pathway.clock.dt_ != spikes.width:
                self._rescale(pathway, spikes)
                spikes.born = step
                if previous is not None:
                    np.maximum(spikes.arrivals, step, out=spikes.arrivals)
            if previous is None:
                spikes.born = step
            spikes.keep(spikes.arrivals >= step)

    def steps_changed(self) -> bool:
        """Whether delays count in other steps than they did when the network was compiled."""
        return any(map(self._has_changed, self.synapses._pathways.values()))

    def _has_changed(self, pathway: Pathway) -> bool:
        width = self._spikes(pathway).width
        return pathway.clock.dt_ != width or pathway.lag != pathway.needed_lag()

    def _rescale(self, pathway: Pathway, spikes: PathwaySpikes) -> None:
        """Count arrivals in the clock's new steps, to the nearest as delays are."""
        spikes.arrivals = _nearest_steps(spikes.times, pathway.clock.dt_)
        spikes.width = pathway.clock.dt_
        if spikes.arrivals.size:
            data = self.synapses._data
            ends = data.sources() if pathway.direction == "pre" else data.targets()
            neurons = data.in_creation_order(ends)[spikes.synapses]
            spikes.keep(np.lexsort((spikes.synapses, neurons, spikes.emitted, spikes.arrivals)))

    def renumber(self, kept: npt.NDArray[np.bool_], numbers: Steps) -> None:
        """Drop the events of synapses that are removed, and follow the numbers of the others."""
        for spikes in self._of.values():
            spikes.keep(kept[spikes.synapses])
            spikes.synapses = numbers[spikes.synapses]

    # --- what is under way ------------------------------------------------------------------------

    def _under_way(
        self, network: Timeline, pathway: Pathway, spikes: PathwaySpikes, step: int
    ) -> tuple[Steps, Steps, npt.NDArray[np.float64], dict[str, AnyArray]]:
        """Return arrivals, synapses, times of emission and values of what the ring still holds.

        In the order of Brian, which code may see: arrival, emission, neuron, creation.
        """
        longest = pathway.longest_steps(spikes.width) + pathway.lag
        found = pathway.group._description.events[pathway.event]
        steps, events = network.events_between(found, max(spikes.born, step - longest), step)
        owners, positions = (
            self._of_sources(events) if pathway.direction == "pre" else self._of_targets(events)
        )
        delays = pathway.steps_at(positions, spikes.width) + pathway.lag
        arrivals: Steps = steps[owners] + delays
        due = arrivals >= step
        owners, positions, arrivals = owners[due], positions[due], arrivals[due]
        data = self.synapses._data
        order = data.creation_of_data()
        made: Steps = positions if order is None else order[positions].astype(np.int64)
        chosen = np.lexsort((made, owners, arrivals))
        left, sources = steps[owners[chosen]], events[owners[chosen]]
        ring, prefix = network.rings.buffers[found.name], f"{self.synapses.name}.{pathway.name}."
        values = {
            name.removeprefix(prefix): ring.values(name, left, sources)
            for name in ring.kept_names(prefix)
        }
        emitted = np.asarray(left * spikes.width, np.float64)
        return arrivals[chosen], made[chosen], emitted, values

    def _of_sources(self, events: Steps) -> tuple[Steps, Steps]:
        """Return for each synapse that an event reaches the event's place, and the position."""
        data = self.synapses._data
        rows = events - self.synapses._run.source_start()
        known = np.flatnonzero((rows >= 0) & (rows < data.n_source))
        found = data.rows if data.store is None else data.store
        if found is None:
            return _no_steps(), _no_steps()
        starts = np.atleast_2d(found.row_start).astype(np.int64)  # rows of each part
        begins, ends = starts[:, rows[known]].T, starts[:, rows[known] + 1].T
        pieces, positions = _ranges(begins.reshape(-1), ends.reshape(-1))
        return known[pieces // len(starts)], positions

    def _of_targets(self, events: Steps) -> tuple[Steps, Steps]:
        """Return the same for the synapses onto the neurons that had the events."""
        targets = self.synapses._data.targets()
        fired = np.zeros(self.synapses._data.n_target, np.bool_)
        fired[events] = True
        reached = np.flatnonzero(fired[targets])
        reached = reached[np.argsort(targets[reached], kind="stable")]
        found = targets[reached]
        begins = np.searchsorted(found, events, side="left")
        places, entries = _ranges(begins, np.searchsorted(found, events, side="right"))
        return places, reached[entries]

    # --- for programs -----------------------------------------------------------------------------

    @property
    def pending(self) -> bool:
        """Whether any event is carried."""
        return any(spikes.arrivals.size for spikes in self._of.values())

    def carries(self, pathway: str) -> bool:
        """Whether a pathway has carried events."""
        return pathway in self._of and self._of[pathway].arrivals.size > 0

    def delivered(self, network: Timeline) -> bool:
        """Whether events are carried, and all of them have arrived."""
        steps = [
            (spikes.arrivals[-1], network.steps_done(self.synapses._pathways[name].clock))
            for name, spikes in self._of.items()
            if spikes.arrivals.size
        ]
        return bool(steps) and all(last < step for last, step in steps)

    def tables(self) -> dict[str, AnyArray]:
        """Return the carried events as programs read them."""
        found: dict[str, AnyArray] = {}
        for name, spikes in self._of.items():
            if spikes.arrivals.size:
                steps, positions = carried_arrays(self.synapses.name, name)
                places = self.synapses._positions(spikes.synapses)
                found[steps.name] = spikes.arrivals
                found[positions.name] = places.astype(np.int64)
                found.update(self._values(name, spikes))
        return found

    def _values(self, pathway: str, spikes: PathwaySpikes) -> Iterator[tuple[str, AnyArray]]:
        """Yield what carried events took along, as programs read it."""
        synapses = self.synapses
        for emission in emissions_of(synapses._run.model, pathway):
            values = spikes.values.get(emission.kept.name.rpartition(".")[2])
            if values is None:
                raise lost_values(synapses, emission)
            array = carried_values(emission)
            yield array.name, values.astype(array.dtype.numpy(synapses._real))

    def parameters(self) -> dict[str, float | int]:
        """Return the births of the pathways and the numbers of carried events."""
        values: dict[str, float | int] = {}
        for name, spikes in self._of.items():
            values[born_parameter(self.synapses.name, name).name] = spikes.born
            values[carried_arrays(self.synapses.name, name)[0].length] = spikes.arrivals.size
        return values


def lost_values(component: Component, emission: Emission) -> ModelError:
    """Return the error that what events under way took along is not known."""
    return ModelError(
        f"{emission.origin.render()}\n  Events are under way to {component.describe()} from before "
        "its code took this along, as in a state that was stored with other code."
    )


def _nearest_steps(times: npt.NDArray[np.float64], dt: float) -> Steps:
    """Return times in steps, halves rounded up as those of delays are."""
    return np.floor(times / dt + 0.5 + TOLERANCE).astype(np.int64)


def _ranges(begins: Steps, ends: Steps) -> tuple[Steps, Steps]:
    """Return for each member of the ranges [begin, end) the number of its range, and itself."""
    sizes = ends - begins
    owners = np.repeat(np.arange(sizes.size), sizes)
    before = np.cumsum(sizes) - sizes
    return owners, np.arange(owners.size) - before[owners] + begins[owners]
