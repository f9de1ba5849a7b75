"""The two implementations of the row and store primitives, and the choice between them.

:mod:`simgen.connect.native` is compiled; :mod:`simgen.connect.oracle` and
:mod:`simgen.connect.oracle_store` are numpy, bit-equal, slow, and serve where there is no compiler.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simgen.connect import native, native_store, oracle, oracle_store
from simgen.connect.rows import Rows, UIntArray
from simgen.connect.segments import Segments
from simgen.errors import CompileError
from simgen.targets.cpu.compile import find_compiler

ORACLE_LIMIT = 5_000_000  # synapses; beyond it the numpy version would take minutes
_U64 = NDArray[np.uint64]
_U32 = NDArray[np.uint32]


class RowKernels(Protocol):
    """What the rules are made of."""

    def skip_rows(
        self,
        n_source: int,
        n_target: int | _U64,
        p: float | NDArray[np.float64],
        key: int,
        *,
        skip_self: bool,
        first_row: int,
        threads: int,
    ) -> tuple[_U64, _U32]:
        """Return row starts and ascending targets, each pair with probability p in (0, 1).

        Targets and probabilities of each row may differ, and p then also be 0 or 1.
        """
        ...

    def skip_pieces(
        self, n_source: int, n_target: int, p: float, key: int, *, skip_self: bool
    ) -> tuple[_U64, _U32]:
        """Return the row starts of :meth:`skip_rows`, and where pieces of 64 skips begin."""
        ...

    def draw_rows(
        self,
        row_start: _U64,
        n_target: int | _U64,
        key: int,
        *,
        distinct: bool,
        skip_self: bool,
        ordered: bool,
        first_row: int,
        threads: int,
    ) -> _U32:
        """Return uniform draws, as many a row as ``row_start`` has; unordered ones in any order."""
        ...

    def split_total(
        self, n_rows: int, n_target: int, total: int, key: int, *, distinct: bool, skip_self: bool
    ) -> _U64:
        """Return row starts of ``total`` synapses between uniformly drawn pairs.

        ``distinct`` pairs are at most all pairs, without i == j if ``skip_self``.
        """
        ...

    def full_rows(self, row_start: _U64, *, skip_self: bool, threads: int) -> _U32:
        """Return all targets for each row, in order."""
        ...

    def transpose(
        self, row_start: _U64, values: _U32, n_values: int, *, threads: int
    ) -> tuple[_U64, _U32]:
        """Return, for each value, the rows that hold it, ascending, as (starts, row numbers)."""
        ...

    def group(
        self, values: _U32, n_values: int, *, wanted: bool, threads: int
    ) -> tuple[_U64, UIntArray | None]:
        """Return starts of equal values and, if wanted, the stable permutation that groups them."""
        ...

    def row_facts(self, row_start: _U64, targets: _U32) -> tuple[bool, bool]:
        """Return whether all rows are sorted, and whether a row holds a target twice."""
        ...

    def ranks(self, row_start: _U64, targets: _U32, *, threads: int) -> _U32:
        """Return the number of each target among its equals in its row, which is sorted."""
        ...


class StoreKernels(Protocol):
    """What stores and columns are made of."""

    def count(
        self, rows: Rows, bounds: _U32, classes: UIntArray | None, n_classes: int, *, threads: int
    ) -> tuple[_U64, _U64]:
        """Return synapses and distinct classes of each (partition, row)."""
        ...

    def fill(
        self,
        rows: Rows,
        bounds: _U32,
        classes: UIntArray | None,
        row_start: _U64,
        segments: Segments,
        order: UIntArray | None,
        *,
        threads: int,
    ) -> UIntArray:
        """Return the sorted targets, of target_dtype; write the segment bounds and the order."""
        ...

    def column_positions(
        self,
        row_start: _U64,
        targets: UIntArray,
        first: int,
        n_columns: int,
        sources: _U32 | None,
        *,
        threads: int,
    ) -> tuple[_U64, UIntArray]:
        """Return column starts and positions; write the sources."""
        ...

    def column_pairs(
        self,
        col_start: _U64,
        positions: UIntArray,
        classes: UIntArray,
        n_classes: int,
        *,
        threads: int,
    ) -> _U64:
        """Return the number of distinct classes of each column."""
        ...

    def sort_columns(
        self,
        col_start: _U64,
        positions: UIntArray,
        sources: _U32 | None,
        classes: UIntArray,
        segments: Segments,
        *,
        threads: int,
    ) -> None:
        """Sort each column by (class, position) in place and write the segment bounds."""
        ...

    def recompute_order(
        self,
        row_start: _U64,
        targets: UIntArray,
        n_target: int,
        order: UIntArray,
        *,
        one_class: bool,
        threads: int,
    ) -> None:
        """Write the creation index of each position of a store made in (source, target) order."""
        ...

    def expand(
        self,
        row_start: _U64,
        segments: Segments,
        part: int,
        sources: UIntArray | None,
        classes: UIntArray | None,
        *,
        threads: int,
    ) -> None:
        """Write the source and the delay class of each position of one partition."""
        ...

    def move(
        self,
        out: NDArray[Any],
        values: NDArray[Any],
        order: UIntArray,
        *,
        gather: bool,
        threads: int,
    ) -> None:
        """Do out[k] = values[order[k]] if ``gather``, else out[order[k]] = values[k]."""
        ...

    def release_memory(self) -> None:
        """Give freed memory, which the C library keeps, back to the system."""
        ...


@dataclass(frozen=True, slots=True)
class Backend:
    """The implementation in use."""

    rows: RowKernels
    stores: StoreKernels


@functools.lru_cache(maxsize=1)
def _native() -> Backend:
    native.load_part("rows")
    return Backend(native, native_store)


def plain_backend() -> Backend:
    """Return the numpy implementation."""
    return Backend(oracle, oracle_store)


def choose_backend(n_synapses: float) -> Backend:
    """Return the compiled implementation, or the numpy one for small work without a compiler.

    Raises :class:`CompileError` if there is no compiler and the numpy version would take minutes.
    """
    try:
        find_compiler()
    except CompileError:
        if n_synapses > ORACLE_LIMIT:
            raise
        return plain_backend()
    return _native()
