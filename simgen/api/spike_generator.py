"""SpikeGeneratorGroup: spikes at given times."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import checked_size, flat_values, plain_values
from simgen.api.clock import seconds
from simgen.api.group import Group, spike_events
from simgen.api.placed import Place
from simgen.api.states import Access
from simgen.api.storage import AnyArray, ProgramArray
from simgen.api.subgroup import Subgroup, slice_bounds
from simgen.api.views import VariableView
from simgen.build.facts import NetworkFacts
from simgen.build.monitors import table_item
from simgen.dtypes import DType
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    IndexRangeError,
    ModelError,
)
from simgen.ir.expr import Array
from simgen.ir.kernel import Item
from simgen.ir.stmt import EventList
from simgen.model.description import SECOND, GroupDescription
from simgen.units import DIMENSIONLESS, Dimension, Quantity

LATEST = 2**53  # steps that can be counted in floating point
_log = logging.getLogger("simgen.model")
EARLY = 1e-3  # of a step: how much before its step a time may lie (Brian's timestep rule)


class SpikeGeneratorGroup(Group):
    """Neurons that spike at given times.

    Parameters
    ----------
    N
        The number of neurons.
    indices, times
        Which neuron spikes when; arrays of equal length, in any order.
    dt, clock
        A step width or clock of the group's own; times are put on its grid.
    period
        After this time the spikes repeat; 0 s, as no period, for spikes that do not.
    when, order
        Where in the step it spikes.
    sorted
        Whether the spikes are sorted already (accepted, not needed).

    Raises
    ------
    ModelError
        A neuron would spike twice in a step; a time is negative, NaN or beyond the period.

    """

    _movable = True

    def __init__(
        self,
        N: int,
        indices: Any,
        times: Any,
        dt: Any = None,
        clock: Any = None,
        period: Any = None,
        when: str = "thresholds",
        order: int = 0,
        sorted: bool = False,
        name: str | None = "spikegeneratorgroup*",
    ) -> None:
        super().__init__(name, "spikegeneratorgroup*", dt=dt, clock=clock, when=when, order=order)
        self._set("_N", checked_size(N, f"The number of neurons of {self.describe()}"))
        length = f"N_{self.name}"
        self._set(
            "_description",
            GroupDescription(
                name=self.name,
                text=self.describe(),
                length=length,
                clock=self.clock.ir,
                variables={},
                events=spike_events(self.name, length, ("spike",)),
            ),
        )
        self._set("_cursor", ProgramArray(f"{self.name}.cursor", np.zeros(1, np.int64)))
        self._set("_base", ProgramArray(f"{self.name}.base", np.zeros(1, np.int64)))
        self._take(indices, times, period, sorted)

    def set_spikes(
        self, indices: Any, times: Any, period: Any = None, sorted: bool = False
    ) -> None:
        """Replace the spikes; those before the present time are not made up for."""
        self._take(indices, times, period, sorted)
        self._changed()

    def _take(self, indices: Any, times: Any, period: Any, is_sorted: bool) -> None:
        owner = self.describe()
        if isinstance(times, VariableView):
            times = times[:]
        given, dim = plain_values(times, f"The times of {owner}")
        if given.size and (dim != SECOND or given.dtype.kind not in "iuf"):
            raise DimensionMismatchError(
                f"The times of {owner} must be times, as in [1, 2]*ms, not {times!r}."
            )
        seconds_given = flat_values(given, f"The times of {owner}").astype(float)
        found, dim = plain_values(indices, f"The indices of {owner}")
        elements = flat_values(found, f"The indices of {owner}")
        if elements.size and (
            elements.dtype.kind not in "iuf"
            or not dim.is_dimensionless
            or np.any(elements != np.floor(elements))
        ):
            raise ArgumentTypeError(f"The indices of {owner} must be integers, not {indices!r}.")
        if elements.size != seconds_given.size:
            raise ModelError(f"{owner} has {elements.size} indices but {seconds_given.size} times.")
        beyond = (elements < 0) | (elements >= self._N)
        if np.any(beyond):
            raise IndexRangeError(
                f"Index {elements[beyond][0]} is outside {owner}, which has {self._N} neurons."
            )
        bad = ~((seconds_given >= 0) & (seconds_given < LATEST * self.clock.dt_))
        if np.any(bad):
            raise ModelError(
                f"A spike time of {owner} is {seconds_given[bad][0]} s; times must be finite, not "
                f"negative, and less than {LATEST} steps."
            )
        self._set("_new", True)
        self._set("_times", seconds_given)
        self._set("_elements", elements.astype(np.int64))
        self._set("_period", 0.0 if period is None else seconds(period, f"The period of {owner}"))
        if self._period < 0:
            raise ModelError(f"The period of {owner} cannot be negative, not {self._period} s.")
        self._schedule()

    def _schedule(self) -> None:
        """Put the times on the grid of the clock."""
        owner, dt = self.describe(), self.clock.dt_
        steps = ((self._times + EARLY * dt) / dt).astype(np.int64)
        period = 0
        if self._period:
            period = round(self._period / dt)
            if period < 1 or abs(self._period / dt - period) > 1e-4:
                raise ModelError(
                    f"The period of {owner} is {self._period} s, which is not a multiple of its "
                    f"step width {dt} s."
                )
            if np.any(steps >= period):
                late = self._times[steps >= period][0]
                raise ModelError(
                    f"A spike time of {owner} is {late} s, beyond the period of {self._period} s."
                )
        order = np.lexsort((self._elements, steps))
        steps, elements = steps[order], self._elements[order]
        twice = (np.diff(steps) == 0) & (np.diff(elements) == 0)
        if np.any(twice):
            place = int(np.flatnonzero(twice)[0])
            raise ModelError(
                f"Neuron {elements[place]} of {owner} spikes more than once in the step at "
                f"{steps[place] * dt} s (dt is {dt} s)."
            )
        self._set("_table", (steps, elements.astype(np.uint32), period, dt))

    @property
    def period(self) -> Quantity:
        """The time after which the spikes repeat, 0 s if they do not."""
        return Quantity(self._period, dim=SECOND)

    @property
    def N(self) -> int:
        """The number of neurons."""
        return int(self._N)

    def __len__(self) -> int:
        return int(self._N)

    def _size(self) -> int:
        return int(self._N)

    def __getitem__(self, item: Any) -> Subgroup:
        start, stop = slice_bounds(item, self._N, self.describe())
        return Subgroup(self, start, stop)

    def _places(self) -> Iterator[Place]:
        yield Place(f"{self.name}_spike_thresholder", "threshold", self.when, self.order)

    def _event_places(self) -> dict[str, tuple[str, int]]:
        return {"spike": (self.when, self.order)}

    def _states(self) -> dict[str, Access]:
        own = ("period", "neuron_index", "spike_time")
        return {**super()._states(), **dict.fromkeys(own, Access.READ_ONLY)}

    def _state(self, name: str) -> tuple[AnyArray, Dimension]:
        if name == "neuron_index":
            return self._elements.copy(), DIMENSIONLESS
        if name in ("period", "spike_time"):
            return np.array(self._period if name == "period" else self._times), SECOND
        return super()._state(name)

    @property
    def spikes(self) -> AnyArray:
        """The indices of the neurons that spiked in the last step."""
        if self._network is None:
            return np.zeros(0, np.int32)
        spikes: AnyArray = self._network._events_of_last_step(
            self._description.events["spike"], self.clock
        )
        return spikes

    # --- what a network asks for --------------------------------------------------------------

    def _prepare(self, n_parts: int) -> None:
        if self._table[3] != self.clock.dt_:
            self._schedule()
        step = round(self.clock._now / self.clock.dt_)
        if self._new:
            self._set("_new", False)
            self._warn_of_past(step)
        self._seek(step)

    def _warn_of_past(self, step: int) -> None:
        """Warn of spikes that were given when their time was over."""
        steps, _, period, dt = self._table
        past = int(np.searchsorted(steps, step))
        if past and not period:
            _log.warning(
                "%s: %d of its %d spikes, the first at %g s, are before the present time of %g s "
                "and do not happen.",
                self.describe(),
                past,
                steps.size,
                steps[0] * dt,
                step * dt,
            )

    def _seek(self, step: int) -> None:
        """Put the cursor at the first entry that is not before ``step``."""
        steps, _, period, _ = self._table
        base = step // period * period if period else 0
        self._base.data[0] = base
        self._cursor.data[0] = int(np.searchsorted(steps, step - base))

    def _items(self, facts: NetworkFacts) -> Iterable[Item]:
        yield table_item(self._description, self.when, self.order)

    def _arrays(self) -> Iterator[tuple[Array, AnyArray | ProgramArray]]:
        steps, elements, _, _ = self._table
        entries = f"{self.name}.entries"
        yield Array(f"{self.name}.steps", DType.I64, entries), _padded(steps)
        yield Array(f"{self.name}.elements", DType.U32, entries), _padded(elements)
        yield Array(self._cursor.array, DType.I64, "one"), self._cursor
        yield Array(self._base.array, DType.I64, "one"), self._base

    def _parameters(self) -> dict[str, float | int]:
        steps, _, period, _ = self._table
        return {f"{self.name}.entries": int(steps.size), f"{self.name}.period": int(period)}

    def _groups(self) -> dict[str, int]:
        return {self._description.length: self._N}

    def _event_lists(self) -> Iterable[EventList]:
        return self._description.events.values()


def _padded(values: npt.NDArray[Any]) -> AnyArray:
    """Return the values; an empty table keeps one unread entry, so that it has an address."""
    return values if values.size else np.zeros(1, values.dtype)
