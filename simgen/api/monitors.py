"""Monitors of spikes and other events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import names_of, plain_name
from simgen.api.clock import Clock
from simgen.api.component import Component
from simgen.api.group import Group
from simgen.api.namespaces import Namespace
from simgen.api.naming import variable_meant
from simgen.api.recording import Recording
from simgen.api.states import Access, States
from simgen.api.storage import ProgramArray
from simgen.api.subgroup import Subgroup
from simgen.build.facts import NetworkFacts
from simgen.build.monitors import (
    EventRecording,
    event_items,
)
from simgen.dtypes import DType
from simgen.errors import (
    ArgumentTypeError,
    ModelError,
    Problem,
    SourceText,
    UnknownAttributeError,
    UnknownNameError,
    suggest,
)
from simgen.ir.expr import Array, Expr, Param
from simgen.ir.kernel import Item
from simgen.ir.stmt import Recorder
from simgen.lang.expressions import parse_expression
from simgen.model.description import SECOND
from simgen.model.resolve import DrawCounter, Resolver
from simgen.model.scope import ConstantScope
from simgen.units import DIMENSIONLESS, Dimension, Quantity

AnyArray = npt.NDArray[Any]


def parent_group(source: Group) -> Group:
    """Return the group whose events a source shows."""
    return source.source if isinstance(source, Subgroup) else source


class EventMonitor(States, Component):
    """Records which elements had an event, when, and values at that moment.

    Parameters
    ----------
    source
        A group or subgroup.
    event
        The name of the event.
    variables
        Names of variables recorded at each event (before the reset); 'i' and 't' always are.
    record
        False counts the events only.
    when, order
        Where in the step the events are recorded; by default right after they are found.

    """

    _prefix = "eventmonitor*"

    def __init__(
        self,
        source: Group,
        event: str,
        variables: str | Sequence[str] | None = None,
        record: bool = True,
        when: str | None = None,
        order: int | None = None,
        name: str | None = None,
    ) -> None:
        if not isinstance(source, Group):
            raise ArgumentTypeError(f"A monitor needs a group, not {source!r}.")
        plain_name(event, f"The event of a monitor of {source.describe()}")
        spike = event == "spike"
        slot, place = source._event_places().get(event, ("thresholds", source.order))
        super().__init__(
            name,
            self._prefix,
            when=slot if when is None else when,
            order=place + 1 if order is None else order,
        )
        if event not in source._description.events:
            raise ModelError(
                f"{source.describe()} has no event {event!r}"
                + (" (it has no threshold)." if spike else ".")
                + f" {suggest(str(event), source._description.events)}".rstrip()
            )
        if not isinstance(record, bool | np.bool_):
            raise ArgumentTypeError(
                f"record of {self.describe()} must be True or False, not {record!r}. To record a "
                "part of the group, monitor a subgroup, as in SpikeMonitor(group[:10])."
            )
        self.source = source
        self.event = event
        self.record = bool(record)
        self.clock: Clock = source.clock
        given = names_of(variables, self.describe())
        names = [name for name in dict.fromkeys(given) if name not in ("i", "t")]  # always there
        self.record_variables = names
        for variable in names:
            if not source._knows(variable):
                raise UnknownNameError(
                    f"{self.describe()} cannot record '{variable}': {source.describe()} has no "
                    f"such variable. {suggest(variable, source._readable())}".strip()
                )
        self._recordings: dict[str, Recording] = {}
        if self.record:
            self._add("i", DType.I32, DIMENSIONLESS)
            self._add("t", DType.I64, SECOND)
            for variable in names:
                info = source.variables.get(variable)
                dtype = DType.REAL if info is None else info.info.array.dtype
                self._add(variable, dtype, source._dimension(variable))
        self._counts = np.zeros(source._size(), np.int64)
        self._full_counts = ProgramArray(
            f"{self.name}.counts", np.zeros(parent_group(source)._size(), np.int64)
        )
        self._values: dict[str, Expr] = {}
        self._constants: ConstantScope | None = None

    def _add(self, name: str, dtype: DType, dim: Dimension) -> None:
        recorder = Recorder(f"{self.name}.{name}", dtype)
        self._recordings[name] = Recording(recorder, dim, self.source._real)

    def _depends_on(self) -> Iterator[Component]:
        yield self.source

    # --- results ----------------------------------------------------------------------------

    @property
    def i(self) -> npt.NDArray[np.int32]:
        """The indices of the elements, in the order of time, then index."""
        self._need_record("i")
        return self._recordings["i"].values().astype(np.int32, copy=False)

    @property
    def t(self) -> Quantity:
        """The times of the events."""
        return Quantity(self.t_, dim=SECOND)

    @property
    def t_(self) -> npt.NDArray[np.float64]:
        """The times of the events in seconds."""
        self._need_record("t")
        return self._recordings["t"].times()

    @property
    def it(self) -> tuple[npt.NDArray[np.int32], Quantity]:
        """The indices and the times."""
        return self.i, self.t

    @property
    def it_(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        """The indices and the times in seconds."""
        return self.i, self.t_

    @property
    def count(self) -> npt.NDArray[np.int64]:
        """The number of events of each element."""
        if self.record:
            return np.bincount(self.i, minlength=self.source._size()).astype(np.int64)
        start = self.source.start if isinstance(self.source, Subgroup) else 0
        return np.asarray(self._full_counts.values[start : start + self.source._size()].copy())

    @property
    def num_events(self) -> int:
        """The number of all events."""
        return int(self._recordings["i"].used) if self.record else int(self.count.sum())

    @property
    def N(self) -> int:
        """The number of recorded events."""
        return self.num_events

    def __len__(self) -> int:
        return self.num_events

    def __getattr__(self, name: str) -> Any:
        recordings = self.__dict__.get("_recordings", {})
        key, plain = variable_meant(name, recordings.__contains__)
        if key in recordings:
            recording = recordings[key]
            values = recording.values()
            return (
                values
                if plain or recording.dim.is_dimensionless
                else Quantity(values, dim=recording.dim)
            )
        if name.startswith("__"):
            raise AttributeError(name)
        known = [entry for entry in (*dir(type(self)), *recordings) if not entry.startswith("_")]
        raise UnknownAttributeError(
            f"{self.describe()} has no attribute '{name}'. {suggest(name, known)}".strip()
        )

    def values(self, var: str) -> dict[int, Any]:
        """Return the recorded values of a variable as index -> array."""
        self._need_record(var)
        order = np.argsort(self.i, kind="stable")
        bounds = np.cumsum(np.bincount(self.i, minlength=self.source._size()))[:-1]
        values = getattr(self, var)
        return {index: values[part] for index, part in enumerate(np.split(order, bounds))}

    def all_values(self) -> dict[str, dict[int, Any]]:
        """Return the recorded values of all variables, times included."""
        return {name: self.values(name) for name in ("t", *self.record_variables)}

    def event_trains(self) -> dict[int, Quantity]:
        """Return index -> times of its events."""
        return self.values("t")

    def _states(self) -> dict[str, Access]:
        return dict.fromkeys((*self._recordings, "count", "N"), Access.READ_ONLY)

    def _state(self, name: str) -> tuple[AnyArray, Dimension]:
        if name == "t":
            return self.t_, SECOND
        if name in self._recordings:
            recording = self._recordings[name]
            return recording.values().copy(), recording.dim
        return np.array(getattr(self, name)), DIMENSIONLESS

    def _need_record(self, what: str) -> None:
        if not self.record:
            raise ModelError(f"{self.describe()} has record=False, so it has no '{what}'.")
        if what not in self._recordings:
            raise UnknownNameError(f"{self.describe()} does not record '{what}'.")

    # --- what a network asks for --------------------------------------------------------------

    def _resolve(self, namespace: Namespace, problems: list[Problem]) -> None:
        constants = self.source._constants(namespace)
        scope = self.source._code_scope(constants, self.clock.ir, self.when)
        key = Param(f"{self.name}.key", DType.U64)
        for name in self.record_variables:
            resolver = Resolver(
                scope, problems=problems, draw_key=key, draws=DrawCounter(), strict=True
            )
            node = parse_expression(SourceText(name, "recorded variable", self.describe()))
            self._values[name], _ = resolver.expression(node)
        constants.hidden.clear()  # what is recorded is a variable, which nobody could take for else
        self._constants = constants

    def _items(self, facts: NetworkFacts) -> Iterable[Item]:
        counts = None
        if not self.record:
            length = self.source._description.length
            counts = Array(f"{self.name}.counts", DType.I64, length)
        recorders = {name: recording.recorder for name, recording in self._recordings.items()}
        recording = EventRecording(
            self.name,
            self.describe(),
            self.source._description.events[self.event],
            self.source._description,
            self.when,
            self.order,
            recorders,
            self._values,
            counts,
        )
        return event_items(recording)

    def _arrays(self) -> Iterator[tuple[Array, ProgramArray]]:
        if not self.record:
            length = self.source._description.length
            yield Array(self._full_counts.array, DType.I64, length), self._full_counts

    def _recorded(self) -> Iterator[tuple[Recording, int]]:
        """Yield the recordings and the most values that a step appends to each."""
        for recording in self._recordings.values():
            yield recording, self.source._size()

    def _constant_scopes(self) -> Iterable[ConstantScope]:
        return () if self._constants is None else (self._constants,)


class SpikeMonitor(EventMonitor):
    """Records spikes: ``i``, ``t``, ``count``, ``spike_trains()``; see :class:`EventMonitor`."""

    _prefix = "spikemonitor*"

    def __init__(
        self,
        source: Group,
        variables: str | Sequence[str] | None = None,
        record: bool = True,
        when: str | None = None,
        order: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(source, "spike", variables, record, when, order, name)

    @property
    def num_spikes(self) -> int:
        """The number of all spikes."""
        return self.num_events

    def spike_trains(self) -> dict[int, Quantity]:
        """Return index -> spike times."""
        return self.event_trains()
