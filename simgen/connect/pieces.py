"""Rows that several objects share, and the piece that each of them has of every row.

Pieces are rectangles (range of sources, range of targets) that do not overlap. A shared row holds
the pieces of its source by ascending targets, each in the order of its own rows. These functions
are compiled only: what is shared is run by compiled code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.connect import native_store
from simgen.connect.checks import index_dtype, require_rows
from simgen.connect.native import check_status, pointer, struct, support, uints
from simgen.connect.rows import Rows, UIntArray
from simgen.connect.segments import Segments
from simgen.connect.store import RowStore


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """An object's part of shared rows: its sources, its targets and the starts of its own rows."""

    first_row: int
    first_target: int
    last_target: int
    row_start: NDArray[np.uint64]

    @property
    def n(self) -> int:
        """The number of its synapses."""
        return int(self.row_start[-1])

    @property
    def last_row(self) -> int:
        """The source after its last one."""
        return self.first_row + len(self.row_start) - 1


class SharedRows:
    """Rows with room for the rows of all ``pieces``, which ascend by targets."""

    def __init__(self, pieces: Sequence[Piece], n_source: int) -> None:
        sizes = np.zeros(n_source, np.uint64)
        for piece in pieces:
            sizes[piece.first_row : piece.last_row] += np.diff(piece.row_start)
        self.pieces = pieces
        self.row_start = np.zeros(n_source + 1, np.uint64)
        np.cumsum(sizes, out=self.row_start[1:])
        require_rows(n_source, 0, int(sizes.max(initial=0)))

    @property
    def n(self) -> int:
        """The number of synapses of all pieces."""
        return int(self.row_start[-1])

    def begins(self) -> Iterator[NDArray[np.uint64]]:
        """Yield for each piece where each of its rows begins in the shared rows."""
        cursor = self.row_start[:-1].copy()
        for piece in self.pieces:
            own = cursor[piece.first_row : piece.last_row]
            yield own.copy()
            own += np.diff(piece.row_start)

    def splice(self, values: Sequence[NDArray[Any]], out: NDArray[Any]) -> None:
        """Write the values that each piece has in its own row order in shared row order."""
        for piece, own, at in zip(self.pieces, values, self.begins()):
            own = np.ascontiguousarray(own, out.dtype)
            support().sg_splice(
                *(pointer(out), pointer(own), out.itemsize),
                *(pointer(piece.row_start), len(at), pointer(at)),
            )


def find_piece(
    shared: Rows | RowStore, piece: Piece, *, classes: bool = False
) -> tuple[UIntArray, NDArray[np.uint32] | None]:
    """Return where the synapses of a piece lie, in its row order, and their delay classes if asked.

    ``shared`` are rows or the store built of them; a store whose order cannot be recomputed has to
    hold it.
    """
    if isinstance(shared, Rows):
        starts, order, segments = shared.row_start.reshape(1, -1), None, Segments("none", 1)
    else:
        starts, order, segments = shared.row_start, shared.order, shared.segments
    starts = np.ascontiguousarray(starts)
    positions = np.empty(piece.n, index_dtype(shared.n))
    found = np.empty(piece.n, np.uint32) if classes else None
    lengths = np.diff(starts, axis=1).sum(axis=0, dtype=np.uint64)
    fields = {"row_start": pointer(starts), "n_parts": len(starts)}
    fields |= {"targets": uints(shared.targets), "n_rows": starts.shape[1] - 1}
    fields |= {"order": uints(order), "one_class": int(segments.n_classes == 1)}
    fields |= {"bounds": native_store.segment_sink(segments, 0)[0]}
    fields |= {"first_row": piece.first_row, "last_row": piece.last_row}
    fields |= {"first_target": piece.first_target, "last_target": piece.last_target}
    fields |= {"own_start": pointer(piece.row_start), "longest_row": int(lengths.max(initial=0))}
    job = struct("sg_piece_job", fields | {"n_threads": 1})
    check_status(support().sg_piece(job, uints(positions), uints(found)), "reading shared rows")
    return positions, found


def take_values(shared: NDArray[Any], positions: UIntArray) -> NDArray[Any]:
    """Return the values at the positions."""
    out = np.empty(len(positions), shared.dtype)
    native_store.move(out, np.ascontiguousarray(shared), positions, gather=True, threads=1)
    return out


def put_values(values: NDArray[Any], positions: UIntArray, shared: NDArray[Any]) -> None:
    """Write the values to the positions."""
    own = np.ascontiguousarray(values, shared.dtype)
    native_store.move(shared, own, positions, gather=False, threads=1)
