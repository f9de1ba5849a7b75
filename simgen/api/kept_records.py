"""The logical state of monitors: what they have recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from simgen.api.monitors import EventMonitor, parent_group
from simgen.api.rate_monitor import PopulationRateMonitor
from simgen.api.recording import Recording
from simgen.api.state_monitor import StateMonitor
from simgen.errors import StateFileError
from simgen.runtime.snapshot import Kept, Layout, misfits


def _keep(what: str, recordings: Mapping[str, Recording]) -> Kept:
    """Return recordings: their values, and the step widths with the value each began at."""
    facts = {
        f"cuts of {name}": [[first, width] for first, width in recording.cuts]
        for name, recording in recordings.items()
    }
    arrays = {f"values/{name}": each.values().copy() for name, each in recordings.items()}
    return Kept(what, facts, arrays)


def _refusals(kept: Kept, recordings: Mapping[str, Recording]) -> Iterator[str]:
    layout: Layout = {name: (each.data.dtype, None) for name, each in recordings.items()}
    yield from misfits(kept, "values/", layout)
    for name in recordings:
        _cuts(kept, name)


def _take(kept: Kept, recordings: Mapping[str, Recording]) -> None:
    for name, recording in recordings.items():
        recording.replace(kept.arrays[f"values/{name}"].copy(), _cuts(kept, name))


def _cuts(kept: Kept, name: str) -> list[tuple[int, float]]:
    found: Any = kept.facts.get(f"cuts of {name}")
    try:
        cuts = [(int(first), float(width)) for first, width in found]
    except (TypeError, ValueError):
        raise StateFileError(
            f"The step widths of '{name}' in the stored state of {kept.what} are {found!r}."
        ) from None
    return cuts


class EventKeeper:
    """State of a SpikeMonitor or EventMonitor."""

    def keep(self, monitor: EventMonitor) -> Kept:
        """Return the state."""
        kept = _keep(monitor.describe(), monitor._recordings)
        kept.facts["source"] = monitor.source.name
        if not monitor.record:
            kept.arrays["counts"] = monitor._full_counts.values.copy()
        return kept

    def refusals(self, monitor: EventMonitor, kept: Kept) -> Iterator[str]:
        """Yield why the state does not fit the monitor."""
        yield from _refusals(kept, monitor._recordings)
        if monitor.record == ("counts" in kept.arrays):
            yield f"{kept.what} has record={monitor.record}, but was stored with another record=."
        elif not monitor.record:
            size = parent_group(monitor.source)._size()
            if kept.array("counts", np.int64).size != size:
                stored = kept.arrays["counts"].size
                yield f"{kept.what} counts events of {size} elements, but {stored} were stored."
        sizes = {
            kept.arrays[f"values/{name}"].size
            for name in monitor._recordings
            if f"values/{name}" in kept.arrays
        }
        if len(sizes) > 1:
            raise StateFileError(f"The stored recordings of {kept.what} differ in length.")

    def take(self, monitor: EventMonitor, kept: Kept) -> None:
        """Give the monitor the state."""
        _take(kept, monitor._recordings)
        if not monitor.record:
            monitor._full_counts.data[...] = kept.arrays["counts"]


class StateMonitorKeeper:
    """State of a StateMonitor."""

    def keep(self, monitor: StateMonitor) -> Kept:
        """Return the state."""
        kept = _keep(monitor.describe(), {"t": monitor._steps, **monitor._recordings})
        chosen = monitor._indices
        kept.facts["all"] = chosen is None
        kept.arrays["indices"] = np.zeros(0, np.int64) if chosen is None else chosen.copy()
        asked = monitor._requested
        if asked is not None and asked is not chosen:  # synapses that have new numbers by now
            kept.arrays["asked"] = asked.copy()
        return kept

    def refusals(self, monitor: StateMonitor, kept: Kept) -> Iterator[str]:
        """Yield why the state does not fit the monitor."""
        yield from _refusals(kept, {"t": monitor._steps, **monitor._recordings})
        chosen = monitor._requested
        stored = kept.array("asked" if "asked" in kept.arrays else "indices", np.int64)
        if kept.flag("all") != (chosen is None) or (
            chosen is not None and not np.array_equal(chosen, stored)
        ):
            yield f"{kept.what} records other elements than when it was stored."

    def take(self, monitor: StateMonitor, kept: Kept) -> None:
        """Give the monitor the state."""
        _take(kept, {"t": monitor._steps, **monitor._recordings})
        if monitor._indices is not None:
            monitor._indices = kept.arrays["indices"].copy()


class RateKeeper:
    """State of a PopulationRateMonitor."""

    def keep(self, monitor: PopulationRateMonitor) -> Kept:
        """Return the state."""
        return _keep(monitor.describe(), {"t": monitor._steps, "rate": monitor._counts})

    def refusals(self, monitor: PopulationRateMonitor, kept: Kept) -> Iterator[str]:
        """Yield why the state does not fit the monitor."""
        yield from _refusals(kept, {"t": monitor._steps, "rate": monitor._counts})

    def take(self, monitor: PopulationRateMonitor, kept: Kept) -> None:
        """Give the monitor the state."""
        _take(kept, {"t": monitor._steps, "rate": monitor._counts})
        monitor._counter.data[:] = 0
