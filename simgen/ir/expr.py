"""Expressions of the kernel language: immutable, typed, without dimensions.

Every node has ``dtype``. Integer arithmetic is done in I64, floating arithmetic in REAL; the
helpers in :mod:`simgen.ir.construct` insert the casts. Division of integers is true division.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from simgen.dtypes import DType
from simgen.ir.functions import UserFunction


class Role(Enum):
    """What an array is for; binders and memory reports group by it."""

    STATE = "state"
    CONNECTIVITY = "connectivity"
    TABLE = "table"
    DERIVED = "derived"
    PERMUTATION = "permutation"  # holds the positions of another array, each of them once


@dataclass(frozen=True, slots=True)
class Array:
    """A named run-time array.

    ``length`` is the name of its size (a run-time value, never a literal).
    """

    name: str
    dtype: DType
    length: str
    role: Role = Role.STATE


class IndexKind(Enum):
    """Which running index of a domain is meant; indices are absolute within the owning array."""

    ELEMENT = "element"  # the neuron (or table row) a kernel stands on; the spiking one in events
    PRE = "pre"  # the source neuron of the synapse
    POST = "post"  # the target neuron of the synapse
    SYNAPSE = "synapse"  # the storage position of the synapse
    ENTRY = "entry"  # the place in the column index that a walk over columns stands on
    EVENT = "event"  # the place in what is kept of each event, beside the lists of events
    ZERO = "zero"  # the single element of a shared variable


@dataclass(frozen=True, slots=True)
class Index:
    """A running index, or the value found at it in an index array (linked variables)."""

    kind: IndexKind
    via: Array | None = None

    @property
    def distinct(self) -> bool:
        """Whether different values of the running index always mean different elements."""
        return self.via is None or self.via.role is Role.PERMUTATION


ELEMENT = Index(IndexKind.ELEMENT)
PRE = Index(IndexKind.PRE)
POST = Index(IndexKind.POST)
SYNAPSE = Index(IndexKind.SYNAPSE)
ENTRY = Index(IndexKind.ENTRY)
EVENT = Index(IndexKind.EVENT)
ZERO = Index(IndexKind.ZERO)


@dataclass(frozen=True, slots=True)
class Const:
    """A literal of the language itself (a user's number, never a namespace value)."""

    value: float | int | bool
    dtype: DType


@dataclass(frozen=True, slots=True)
class Param:
    """A scalar handed over when a run starts: constants of the namespace, dt, sizes, keys."""

    name: str
    dtype: DType


@dataclass(frozen=True, slots=True)
class Local:
    """A value bound by a ``Let`` of the same kernel."""

    name: str
    dtype: DType


@dataclass(frozen=True, slots=True)
class Load:
    """The element of ``array`` at a running index."""

    array: Array
    index: Index

    @property
    def dtype(self) -> DType:
        """The type of the array."""
        return self.array.dtype


@dataclass(frozen=True, slots=True)
class Gather:
    """The element of ``array`` at a computed position (I64), which is in range by construction."""

    array: Array
    position: Expr

    @property
    def dtype(self) -> DType:
        """The type of the array."""
        return self.array.dtype


@dataclass(frozen=True, slots=True)
class IndexValue:
    """A running index as an I64 number."""

    index: Index

    @property
    def dtype(self) -> DType:
        """Always I64."""
        return DType.I64


@dataclass(frozen=True, slots=True)
class Step:
    """The step counter of the kernel's clock, I64."""

    @property
    def dtype(self) -> DType:
        """Always I64."""
        return DType.I64


@dataclass(frozen=True, slots=True)
class Time:
    """step * dt of the kernel's clock in seconds: formed in float64, then of type REAL."""

    @property
    def dtype(self) -> DType:
        """Always REAL."""
        return DType.REAL


@dataclass(frozen=True, slots=True)
class Unary:
    """``-`` (number) or ``not`` (boolean)."""

    op: str
    operand: Expr

    @property
    def dtype(self) -> DType:
        """BOOL for ``not``, else the operand's type."""
        return DType.BOOL if self.op == "not" else self.operand.dtype


@dataclass(frozen=True, slots=True)
class Binary:
    """``+ - * / // %`` on operands of equal type.

    ``/`` is for REAL only; ``// %`` have Python's sign.
    """

    op: str
    left: Expr
    right: Expr

    @property
    def dtype(self) -> DType:
        """The type of the operands."""
        return self.left.dtype


@dataclass(frozen=True, slots=True)
class Compare:
    """``< <= > >= == !=`` on operands of equal type."""

    op: str
    left: Expr
    right: Expr

    @property
    def dtype(self) -> DType:
        """Always BOOL."""
        return DType.BOOL


@dataclass(frozen=True, slots=True)
class Logical:
    """``and`` or ``or`` of two booleans; both sides may be evaluated."""

    op: str
    left: Expr
    right: Expr

    @property
    def dtype(self) -> DType:
        """Always BOOL."""
        return DType.BOOL


@dataclass(frozen=True, slots=True)
class Select:
    """``then`` where ``condition`` holds, else ``otherwise``; both may be evaluated."""

    condition: Expr
    then: Expr
    otherwise: Expr

    @property
    def dtype(self) -> DType:
        """The common type of both branches."""
        return self.then.dtype


@dataclass(frozen=True, slots=True)
class Cast:
    """The operand as another type; floating to integer truncates toward zero."""

    dtype: DType
    operand: Expr


@dataclass(frozen=True, slots=True)
class Call:
    """A function of :data:`simgen.ir.functions.FUNCTIONS`, or one of the user's own."""

    function: str
    args: tuple[Expr, ...]
    dtype: DType
    user: UserFunction | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """Entry ``row`` of exp(M) x: a variable of a linear system after one unit of time.

    ``matrix`` holds M by rows and ``start`` x, all REAL. M is block lower triangular: ``blocks``
    are the sizes of its diagonal blocks, at most 8 together, and what lies above them is zero.
    """

    row: int
    blocks: tuple[int, ...]
    matrix: tuple[Expr, ...]
    start: tuple[Expr, ...]

    @property
    def dtype(self) -> DType:
        """Always REAL."""
        return DType.REAL


@dataclass(frozen=True, slots=True)
class RandomDraw:
    """One sample per element and step, keyed by (key, element or (i, j, rank), step, number).

    ``distribution`` is rand, randn, poisson, binomial or truncated_normal; ``key`` is a U64
    parameter; ``number`` tells apart the draws that share a key. On elements the counter is the
    absolute element; on synapses it is (i, j) of the synapse and ``rank``, its rank among equals.
    A ``fixed`` draw is that of step 0 in every step. One ``as_pair``, of what is no synapse yet,
    takes the target for the element and the source for the step.
    """

    distribution: str
    args: tuple[Expr, ...]
    key: Param
    number: int
    rank: Expr | None = None
    fixed: bool = False
    as_pair: bool = False

    @property
    def dtype(self) -> DType:
        """I64 for counts, else REAL."""
        return DType.I64 if self.distribution in ("poisson", "binomial") else DType.REAL


Expr = (
    Const
    | Param
    | Local
    | Load
    | Gather
    | IndexValue
    | Step
    | Time
    | Unary
    | Binary
    | Compare
    | Logical
    | Select
    | Cast
    | Call
    | Flow
    | RandomDraw
)
