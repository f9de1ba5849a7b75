"""Domains, kernels and programs."""

from __future__ import annotations

from dataclasses import dataclass, field

from simgen.dtypes import DType
from simgen.errors import Origin
from simgen.ir.expr import Array, Expr, Param
from simgen.ir.stmt import EventList, Let, Recorder, Stmt


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock; ``dt_<name>`` (REAL) and ``step_<name>`` are its run-time values."""

    name: str

    @property
    def dt(self) -> Param:
        """The step width in seconds."""
        return Param(f"dt_{self.name}", DType.F64)

    @property
    def period(self) -> Param:
        """The step width in ticks."""
        return Param(f"period_{self.name}", DType.I64)


@dataclass(frozen=True, slots=True)
class SynapseStore:
    """The synapses of one object as rows per source neuron; sorted by (delay class, target).

    ``format`` of the segment bounds: ``none`` (one delay class), ``dense16``, ``dense32`` or
    ``compact``. ``columns`` holds whether the column index exists, ``wide`` whether storage
    positions need 64 bits, ``narrow`` whether targets are kept in 16. Row r belongs to the source
    neuron ``source_start + r``; targets are absolute indices of the target group.

    ``rule`` says where targets are not kept. They are some of ``<name>.n_reached`` ones, from
    ``<name>.first_target`` on: ``dense`` rows hold all of them, in order. Others have no positions,
    and are made anew for each spike (see :mod:`simgen.connect.implied`): ``every`` target,
    ``skips`` at random, those that a ``kernel`` reaches.
    """

    name: str
    source_length: str
    target_length: str
    format: str = "none"
    columns: bool = False
    column_sources: bool = False
    wide: bool = False
    narrow: bool = False
    rule: str = ""

    @property
    def length(self) -> str:
        """The name of the number of synapses."""
        return f"n_{self.name}"

    @property
    def is_dense(self) -> bool:
        """Whether every row holds all targets, at positions."""
        return self.rule == "dense"

    @property
    def is_regenerated(self) -> bool:
        """Whether synapses have no positions."""
        return self.rule not in ("", "dense")


@dataclass(frozen=True, slots=True)
class RowIndex:
    """The rows of a store in the order of another pathway: by its delay class, then by target.

    ``<name>.positions`` (U32, U64 if the store is wide) lists the storage positions row by row;
    ``row_start`` is the store's, the segment bounds of ``format`` are the index's own.
    """

    name: str
    format: str


@dataclass(frozen=True, slots=True)
class Once:
    """Run the body a single time a step (shared variables, tables, counts)."""


@dataclass(frozen=True, slots=True)
class OverElements:
    """Every element from ``start`` to ``stop`` (excluded) of a group, in any order."""

    owner: str
    start: Expr
    stop: Expr


@dataclass(frozen=True, slots=True)
class OverIndices:
    """The elements listed in an index array (I64 values), in that order: recording.

    With ``synapses`` the values are storage positions of that store, and the index kind is
    SYNAPSE; else they are elements. ``ascending``: each value is above the one before it.
    """

    indices: Array
    synapses: SynapseStore | None = None
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class OverEvents:
    """The elements that fired in this step and lie in [start, stop), ascending.

    With ``lag`` 1 they are those of the step before: the kernel runs before events are found.
    Without, the index EVENT is the place of each in what is kept beside the list.
    """

    events: EventList
    start: Expr
    stop: Expr
    lag: int = 0


@dataclass(frozen=True, slots=True)
class OverFanOut:
    """The synapses that a spike of the source reaches in this step.

    Order: delay classes from the largest delay down, within one the sources ascending, within a
    source the targets. ``delays`` is the U32 table of delay steps per class, ascending. With
    ``whole_rows`` it has one entry, the classes of the store are those of another pathway, and a
    source reaches its whole row: its classes ascending, within one the targets. With ``listed`` the
    positions of each (row, class), or row, are taken from a list in their order. Events emitted
    before the step ``born`` (I64 run-time value, not negative; None: 0) reach nothing: the pathway
    did not exist then, or they became events of an :class:`OverCarried`. With an ``index`` the
    delays sort that and not the store: the walk goes through it. The index EVENT is the place of
    the event that is delivered in what was kept of it.
    """

    store: SynapseStore
    events: EventList
    delays: Array
    whole_rows: bool = False
    listed: bool = False
    born: Expr | None = None
    index: RowIndex | None = None

    @property
    def list_name(self) -> str:
        """What the names of the list's arrays begin with."""
        if self.index is not None:
            return f"{self.index.name}.segment_list"
        return f"{self.store.name}.{'row' if self.whole_rows else 'segment'}_list"


@dataclass(frozen=True, slots=True)
class OverFanIn:
    """The synapses onto the neurons that fired ``delay`` steps ago (I64 run-time value).

    Order: targets ascending, within one as the column index has them. ``delays`` is None for one
    delay of all synapses; else the array of each synapse's own delay steps (U32, by storage
    position) and the walk visits the delays from the largest down. ``born`` as in
    :class:`OverFanOut`.
    """

    store: SynapseStore
    events: EventList
    delay: Expr
    delays: Array | None = None
    born: Expr | None = None


@dataclass(frozen=True, slots=True)
class OverCarried:
    """The synapses of a store that events from before a change reach in this step, as listed.

    ``steps`` (I64, ascending: when each arrives) and ``positions`` (I64, storage positions) are
    parallel. The order is that of the list, on one thread; a synapse may be listed twice. The index
    EVENT is the place in the list.
    """

    store: SynapseStore
    steps: Array
    positions: Array


@dataclass(frozen=True, slots=True)
class OverSynapses:
    """Every synapse of a store: sources ascending, then delay classes, then targets.

    That is the storage order of a store of one part. The order is free where parts are independent.
    With ``listed`` the positions are taken from a list in its order.
    """

    store: SynapseStore
    listed: bool = False

    @property
    def list_name(self) -> str:
        """What the names of the list's arrays begin with."""
        return f"{self.store.name}.whole_list"


Domain = (
    Once
    | OverElements
    | OverIndices
    | OverEvents
    | OverFanOut
    | OverFanIn
    | OverCarried
    | OverSynapses
)


@dataclass(frozen=True, slots=True)
class Kernel:
    """A body run over a domain. ``prologue`` is evaluated once before the loop."""

    name: str
    domain: Domain
    body: tuple[Stmt, ...]
    clock: Clock
    prologue: tuple[Let, ...] = ()
    comment: str = ""
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Item:
    """A place in the schedule: slots in order, then ``order``, then ``name``.

    ``after_python``: Python code may run right before it.
    """

    slot: str
    order: int
    name: str
    kernel: Kernel
    after_python: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """All that a network does in a step; ``schedule`` is in the order of execution."""

    schedule: tuple[Item, ...]
    clocks: tuple[Clock, ...]

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """The kernels in the order of execution."""
        return tuple(item.kernel for item in self.schedule)


__all__ = [
    "Array",
    "Clock",
    "Domain",
    "EventList",
    "Item",
    "Kernel",
    "Once",
    "OverCarried",
    "OverElements",
    "OverEvents",
    "OverFanIn",
    "OverFanOut",
    "OverIndices",
    "OverSynapses",
    "Program",
    "Recorder",
    "RowIndex",
    "SynapseStore",
]
