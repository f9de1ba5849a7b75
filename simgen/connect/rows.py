"""Connectivity as rows: for each source neuron its targets, in creation order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.errors import InternalError

UIntArray = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The synapses of a pathway, grouped by source neuron.

    ``row_start``: uint64 (n_source + 1,); ``targets``: uint32 (n,). Row order is the order
    (source, creation); within a row any other will do if no pair repeats. ``sorted`` says that each
    row's targets ascend; ``multapses`` that some pair of neurons has more than one synapse. Where
    row order is not creation order, ``creation_of_row_order`` (uint32 or uint64, (n,)) holds the
    creation index of each synapse.
    """

    row_start: NDArray[np.uint64]
    targets: NDArray[np.uint32]
    n_target: int
    sorted: bool
    multapses: bool
    creation_of_row_order: UIntArray | None = None

    @property
    def n_source(self) -> int:
        """The number of source neurons."""
        return len(self.row_start) - 1

    @property
    def n(self) -> int:
        """The number of synapses."""
        return len(self.targets)

    @property
    def longest_row(self) -> int:
        """The largest number of synapses of one source."""
        return int(np.diff(self.row_start).max()) if self.n_source else 0

    def sources(self) -> NDArray[np.uint32]:
        """Return the source of each synapse, in row order: uint32 (n,)."""
        numbers = np.arange(self.n_source, dtype=np.uint32)
        return np.repeat(numbers, np.diff(self.row_start).astype(np.int64))

    def first_repeat(self) -> tuple[int, int]:
        """Return a pair that has more than one synapse; ``multapses`` says that there is one."""
        for source in range(self.n_source):
            row = np.sort(self.targets[self.row_start[source] : self.row_start[source + 1]])
            again = np.flatnonzero(row[1:] == row[:-1])
            if again.size:
                return source, int(row[again[0]])
        raise InternalError("no pair has more than one synapse")
