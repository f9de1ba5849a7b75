"""Synapses whose targets are not kept: they follow from a rule, or from the place in the row.

``dense`` rows hold every target of the group. A synapse has a position, so that there may be values
for each, and its target follows from that. All others are *regenerated* for each spike: they have
no positions in programs. Targets are made as arrays only where Python asks for them.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simgen.connect import rules
from simgen.connect.backend import choose_backend
from simgen.connect.checks import require_memory, target_dtype
from simgen.connect.kernels import KernelGrid
from simgen.connect.oracle import skip_scale
from simgen.connect.rows import Rows, UIntArray
from simgen.connect.segments import Segments
from simgen.connect.store import RowStore
from simgen.errors import InternalError

DENSE = "dense"


class RowRule(Protocol):
    """How the targets of a row are made again, numbered from the first target of the (sub)group."""

    @property
    def name(self) -> str:
        """What programs call the rule (see :class:`simgen.ir.kernel.SynapseStore`)."""

    @abstractmethod
    def targets(self, row_start: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Return all targets, row after row, as the rule of the same name in rules would."""

    @abstractmethod
    def numbers(self) -> dict[str, float | int]:
        """Return the parameters of programs, by the names behind that of the rows."""

    @abstractmethod
    def tables(self) -> dict[str, NDArray[Any]]:
        """Return the tables of programs, by the names behind that of the rows."""


@dataclass(frozen=True, slots=True)
class EveryTarget:
    """Every target, as :func:`simgen.connect.rules.all_to_all`; ``name`` is dense or every."""

    name: str
    skip_self: bool = False

    def targets(self, row_start: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Return all targets."""
        kernels = choose_backend(int(row_start[-1])).rows
        return kernels.full_rows(row_start, skip_self=self.skip_self, threads=1)

    def numbers(self) -> dict[str, float | int]:
        """Return whether i == j is left out."""
        return {"skip_self": int(self.skip_self)}

    def tables(self) -> dict[str, NDArray[Any]]:
        """Return nothing."""
        return {}


@dataclass(frozen=True, slots=True)
class SkippingTargets:
    """Each target with a probability, as :func:`simgen.connect.rules.fixed_probability`.

    ``begins`` says where a row can be entered: of each piece of 64 skips the first target that it
    decides on, uint32 (rows, pieces).
    """

    n_target: int
    p: float
    key: int
    begins: NDArray[np.uint32] = field(repr=False, compare=False)
    skip_self: bool = False
    name: str = "skips"

    def targets(self, row_start: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Return all targets."""
        n_source = len(row_start) - 1
        found = rules.fixed_probability(
            n_source, self.n_target, self.p, self.key, skip_self=self.skip_self
        )
        return found.targets

    def numbers(self) -> dict[str, float | int]:
        """Return what draws a row."""
        return {
            "key": self.key - (1 << 64) if self.key >= 1 << 63 else self.key,
            "scale": float(skip_scale(self.p)),
            "skip_self": int(self.skip_self),
            "n_pieces": self.begins.shape[1],
        }

    def tables(self) -> dict[str, NDArray[Any]]:
        """Return where the pieces of rows begin."""
        return {"begins": self.begins.reshape(-1)}


@dataclass(frozen=True, slots=True)
class KernelTargets:
    """The targets that a kernel reaches."""

    grid: KernelGrid
    name: str = "kernel"

    def targets(self, row_start: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """Return all targets."""
        del row_start
        return self.grid.rows().targets

    def numbers(self) -> dict[str, float | int]:
        """Return the number of directions."""
        return {"directions": len(self.grid.kernel)}

    def tables(self) -> dict[str, NDArray[Any]]:
        """Return the grid: five numbers for each direction, then the channels."""
        grid = self.grid
        rows = zip(grid.kernel, grid.source, grid.target, grid.stride, grid.before)
        flat = [number for row in rows for number in row]
        return {"grid": np.array([*flat, *grid.channels], np.int64)}


class ImpliedRows(Rows):
    """Rows that keep no targets. ``first`` is the first target of the (sub)group in its group."""

    __slots__ = ("first", "longest", "n_reached", "rule")
    first: int
    longest: int
    n_reached: int
    rule: RowRule

    def __init__(
        self,
        row_start: NDArray[np.uint64],
        rule: RowRule,
        n_reached: int,
        first: int,
        n_target: int,
    ) -> None:
        given = {"row_start": row_start, "n_target": n_target, "sorted": True, "multapses": False}
        given |= {"creation_of_row_order": None}
        given |= {"first": first, "n_reached": n_reached, "rule": rule}
        given |= {"longest": int(np.diff(row_start).max(initial=0))}
        for name, value in given.items():
            object.__setattr__(self, name, value)

    @property
    def targets(self) -> NDArray[np.uint32]:
        """The targets, made anew."""
        require_memory(4 * self.n, f"the targets of {self.n:,} synapses")
        found = self.rule.targets(self.row_start)
        return found + np.uint32(self.first) if self.first else found

    @property
    def n(self) -> int:
        """The number of synapses."""
        return int(self.row_start[-1])

    def within(self, first: int, n_target: int) -> ImpliedRows:
        """Return the rows of a part of a group that begins at ``first``."""
        return ImpliedRows(self.row_start, self.rule, self.n_reached, first, n_target)

    def store(self, bounds: NDArray[np.uint32]) -> ImpliedStore:
        """Return the rows as programs of several parts see them."""
        return ImpliedStore(self, bounds)

    def numbers(self) -> dict[str, float | int]:
        """Return the parameters of programs, by the names behind that of the rows."""
        numbers = {"first_target": self.first, "n_reached": self.n_reached}
        return {**numbers, "longest": self.longest, **self.rule.numbers()}


class ImpliedStore(RowStore):
    """Rows that keep no targets, in storage order.

    Dense rows are split by parts, as stored ones are; what is regenerated has no storage.
    """

    __slots__ = ("rows",)
    rows: ImpliedRows

    def __init__(self, rows: ImpliedRows, bounds: NDArray[np.uint32]) -> None:
        starts = rows.row_start.reshape(1, -1)
        given = {"rows": rows, "n_target": rows.n_target, "part_bounds": bounds, "order": None}
        given |= {"segments": Segments("none", 1), "recomputable": True, "row_start": starts}
        for name, value in given.items():
            object.__setattr__(self, name, value)
        if self.is_dense:
            widths = np.array([high - low for low, high in self._spans()], np.uint64)
            begins = np.append(0, np.cumsum(widths)[:-1]).astype(np.uint64) * np.uint64(
                rows.n_source
            )
            places = np.arange(rows.n_source + 1, dtype=np.uint64)
            starts = begins[:, None] + widths[:, None] * places
            object.__setattr__(self, "row_start", starts)

    @property
    def is_dense(self) -> bool:
        """Whether synapses have positions."""
        return self.rows.rule.name == DENSE

    def _spans(self) -> list[tuple[int, int]]:
        """Return the targets [low, high) of the (sub)group that each part owns."""
        first, last = self.rows.first, self.rows.first + self.rows.n_reached
        bounds = np.clip(self.part_bounds.astype(np.int64), first, last).tolist()
        return list(itertools.pairwise(bounds))

    @property
    def targets(self) -> UIntArray:
        """The targets in storage order, made anew."""
        dtype = target_dtype(self.n_target)
        if not self.is_dense:
            return self.rows.targets.astype(dtype, copy=False)
        require_memory(dtype.itemsize * self.n, f"the targets of {self.n:,} synapses")
        out = np.empty(self.n, dtype)
        for part, (low, high) in enumerate(self._spans()):
            begin, end = self.part_range(part)
            shape = (self.rows.n_source, high - low)
            out[begin:end].reshape(shape)[...] = np.arange(low, high, dtype=dtype)
        return out

    @property
    def n(self) -> int:
        """The number of synapses."""
        return self.rows.n

    @property
    def n_bytes(self) -> int:
        """The memory of the index arrays."""
        return self.row_start.nbytes

    def creation(self) -> UIntArray | None:
        """Return the creation index of each position, None where the orders are equal."""
        if self.n_parts == 1:
            return None
        numbers = np.arange(self.n, dtype=np.uint32 if self.n <= 1 << 32 else np.uint64)
        return self.moved(numbers)

    def moved(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values in row order as a new array in storage order."""
        if not self.is_dense:
            raise InternalError("regenerated synapses have no values")
        matrix, out = values.reshape(self.rows.n_source, -1), np.empty_like(values)
        for part, (low, high) in enumerate(self._spans()):
            begin, end = self.part_range(part)
            own = matrix[:, low - self.rows.first : high - self.rows.first]
            out[begin:end].reshape(own.shape)[...] = own
        return out


def every_target(
    name: str, n_source: int, n_target: int, *, skip_self: bool = False
) -> ImpliedRows:
    """Return rows of every target, dense or made again."""
    row_start = np.arange(n_source + 1, dtype=np.uint64) * np.uint64(n_target)
    if skip_self:
        row_start -= np.minimum(np.arange(n_source + 1, dtype=np.uint64), np.uint64(n_target))
    return ImpliedRows(row_start, EveryTarget(name, skip_self), n_target, 0, n_target)


def dense_rows(rows: Rows) -> ImpliedRows | None:
    """Return rows as dense ones, None if they are not those of every pair in order."""
    if isinstance(rows, ImpliedRows):
        return rows if rows.rule.name == DENSE else None
    full = rows.n == rows.n_source * rows.n_target and rows.sorted and not rows.multapses
    if not full or rows.creation_of_row_order is not None:
        return None
    return every_target(DENSE, rows.n_source, rows.n_target)
