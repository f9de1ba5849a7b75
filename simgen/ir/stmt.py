"""Statements of the kernel language. ``origin`` is the user's text they came from."""

from __future__ import annotations

from dataclasses import dataclass, field

from simgen.dtypes import DType
from simgen.errors import Origin
from simgen.ir.expr import Array, Expr, Index, Local


@dataclass(frozen=True, slots=True)
class EventList:
    """The events of a group: per step the ascending absolute indices of the elements that fired.

    The last ``depth`` steps are kept (a run-time size); an event of step s is read at s + delay.
    """

    name: str
    length: str


def kept_length(events: EventList) -> str:
    """Return the name of the length of arrays with a value for each element and step of a list."""
    return f"{events.name}.n_kept"


@dataclass(frozen=True, slots=True)
class Recorder:
    """A growing buffer; values are appended in the order of execution."""

    name: str
    dtype: DType


@dataclass(frozen=True, slots=True)
class Let:
    """Bind a local of this kernel; each local is bound once."""

    local: Local
    value: Expr
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Store:
    """Write the element of ``array`` at a running index.

    With ``beyond`` (I64, shared) the array is I32 and the value I64. What does not fit is written
    modulo 2^32, and ``beyond`` rises to 1 + the highest index where that happened. Nothing reads
    it but the runtime, so whoever notes something there is in no one's way.
    """

    array: Array
    index: Index
    value: Expr
    origin: Origin | None = field(default=None, compare=False)
    beyond: Array | None = None


@dataclass(frozen=True, slots=True)
class Accumulate:
    """``array[index] op= value`` with op in ``+ * min max``; subtraction adds the negative.

    ``beyond`` is that of :class:`Store`. Numbers that fit in the end may still have been too large
    on the way.
    """

    array: Array
    index: Index
    op: str
    value: Expr
    origin: Origin | None = field(default=None, compare=False)
    beyond: Array | None = None


@dataclass(frozen=True, slots=True)
class Scatter:
    """Write the element of ``array`` at a computed position (I64).

    Positions are in range and differ between the elements of a kernel, by construction.
    """

    array: Array
    position: Expr
    value: Expr
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class If:
    """Run ``body`` for the elements where the condition holds."""

    condition: Expr
    body: tuple[Stmt, ...]
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Emit:
    """Append the running element to this step's events where the condition holds."""

    events: EventList
    condition: Expr
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class EmitTable:
    """Append the elements that a table lists for this step (SpikeGeneratorGroup); domain Once.

    ``steps`` (I64, ascending) and ``elements`` (U32) are parallel; ``cursor`` (I64, one element)
    is the next entry. With ``period`` > 0 (I64 parameter, steps) the table repeats: its steps lie
    in [0, period), ``base`` (I64, one element) is the start of the present round.
    """

    events: EventList
    steps: Array
    elements: Array
    cursor: Array
    base: Array
    period: Expr
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Append:
    """Append ``value`` to a recorder."""

    recorder: Recorder
    value: Expr
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Note:
    """Raise ``array`` (I64, shared) to 1 + the highest running index where the condition holds.

    Nothing reads it but the runtime, as with ``beyond`` of :class:`Store`.
    """

    array: Array
    index: Index
    condition: Expr
    origin: Origin | None = field(default=None, compare=False)


Stmt = Let | Store | Accumulate | Scatter | If | Emit | EmitTable | Append | Note
