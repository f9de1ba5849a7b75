"""Monitors and stimulus tables to kernels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simgen.dtypes import DType
from simgen.ir.construct import binary, cast
from simgen.ir.expr import ELEMENT, ZERO, Array, Const, Expr, IndexValue, Load, Param, Step
from simgen.ir.kernel import (
    Clock,
    Item,
    Kernel,
    Once,
    OverEvents,
    OverIndices,
    SynapseStore,
)
from simgen.ir.stmt import Accumulate, Append, EmitTable, EventList, Recorder, Stmt, Store
from simgen.model.description import GroupDescription


@dataclass(frozen=True, slots=True)
class EventRecording:
    """Records who fired when, or only how often (``counts``), with further values per event."""

    name: str
    text: str
    events: EventList
    group: GroupDescription
    slot: str
    order: int
    recorders: Mapping[
        str, Recorder
    ]  # "i" and "t" (steps) and one per variable; empty: counts only
    values: Mapping[str, Expr]
    counts: Array | None = None


def event_items(recording: EventRecording) -> Iterable[Item]:
    """Yield the item of a spike or event monitor."""
    group = recording.group
    body: list[Stmt] = []
    if recording.counts is not None:
        one = Const(1, recording.counts.dtype)
        body.append(Accumulate(recording.counts, ELEMENT, "+", one))
    for name, recorder in recording.recorders.items():
        if name == "i":
            index: Expr = IndexValue(ELEMENT)
            if group.is_part:
                index = binary("-", index, group.start)
            body.append(Append(recorder, cast(index, recorder.dtype)))
        elif name == "t":
            body.append(Append(recorder, Step()))
        else:
            body.append(Append(recorder, cast(recording.values[name], recorder.dtype)))
    domain = OverEvents(recording.events, group.start, group.end)
    kernel = Kernel(recording.name, domain, tuple(body), group.clock, comment=recording.text)
    yield Item(recording.slot, recording.order, recording.name, kernel)


@dataclass(frozen=True, slots=True)
class StateRecording:
    """Records values of listed elements at every step of a clock.

    ``ascending``: each index is above the one before it.
    """

    name: str
    text: str
    clock: Clock
    slot: str
    order: int
    indices: Array
    store: SynapseStore | None
    steps: Recorder
    recorders: Mapping[str, Recorder]
    values: Mapping[str, Expr]
    shared: frozenset[str]
    ascending: bool


def state_items(recording: StateRecording) -> Iterable[Item]:
    """Yield the items of a state monitor: steps and shared values once, the others per element."""
    once: list[Stmt] = [Append(recording.steps, Step())]
    single: list[Stmt] = []
    for name, recorder in recording.recorders.items():
        target = once if name in recording.shared else single
        target.append(Append(recorder, cast(recording.values[name], recorder.dtype)))
    first = Kernel(
        f"{recording.name}_steps", Once(), tuple(once), recording.clock, comment=recording.text
    )
    yield Item(recording.slot, recording.order, recording.name, first)
    for statement in single:
        recorder = statement.recorder if isinstance(statement, Append) else recording.steps
        domain = OverIndices(recording.indices, recording.store, recording.ascending)
        kernel = Kernel(
            f"{recording.name}_{recorder.name.rpartition('.')[2]}",
            domain,
            (statement,),
            recording.clock,
            comment=recording.text,
        )
        yield Item(recording.slot, recording.order, recording.name, kernel)


@dataclass(frozen=True, slots=True)
class RateRecording:
    """Records the number of events of a (sub)group at every step."""

    name: str
    text: str
    events: EventList
    group: GroupDescription
    slot: str
    order: int
    counter: Array
    recorder: Recorder
    steps: Recorder


def rate_items(recording: RateRecording) -> Iterable[Item]:
    """Yield the two kernels of a rate monitor: count the events, then store and clear the count."""
    group, counter = recording.group, recording.counter
    add = Accumulate(counter, ZERO, "+", Const(1, counter.dtype))
    domain = OverEvents(recording.events, group.start, group.end)
    count = Kernel(f"{recording.name}_count", domain, (add,), group.clock, comment=recording.text)
    body = (
        Append(recording.steps, Step()),
        Append(recording.recorder, Load(counter, ZERO)),
        Store(counter, ZERO, Const(0, counter.dtype)),
    )
    store = Kernel(f"{recording.name}_store", Once(), body, group.clock, comment=recording.text)
    yield Item(recording.slot, recording.order, recording.name, count)
    yield Item(recording.slot, recording.order, recording.name, store)


def table_item(group: GroupDescription, slot: str, order: int) -> Item:
    """Return the item that emits the events of a SpikeGeneratorGroup."""
    name = group.name
    length = f"{name}.entries"
    emit = EmitTable(
        group.events["spike"],
        Array(f"{name}.steps", DType.I64, length),
        Array(f"{name}.elements", DType.U32, length),
        Array(f"{name}.cursor", DType.I64, "one"),
        Array(f"{name}.base", DType.I64, "one"),
        Param(f"{name}.period", DType.I64),
    )
    label = f"{name}_spike_thresholder"
    kernel = Kernel(label, Once(), (emit,), group.clock, comment=f"{group.text}: listed spikes")
    return Item(slot, order, label, kernel)
