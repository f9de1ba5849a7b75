"""Rows of many synapses made on a device with memory of its own, and left there.

They are the rows that :mod:`simgen.connect.rules` makes, bit by bit. The host has where rows start,
and gets the targets when something here asks for them. What is not made here (indices, generators,
numbers of synapses for a pair, text with tables, further calls of connect) is made on the host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simgen.api.compiled_text import is_worth_compiling
from simgen.api.device import current_options
from simgen.api.remote_arrays import MOST_SYNAPSES, connector_of, prepared_memory, room_for
from simgen.api.storage import ProgramArray
from simgen.connect.checks import check_populations
from simgen.connect.oracle import skip_scale
from simgen.connect.rows import Rows
from simgen.errors import MemoryLimitError
from simgen.ir.expr import IndexKind
from simgen.targets.base import SkipRule

if TYPE_CHECKING:
    from simgen.api.pair_rules import PairContext
    from simgen.api.synapses_in_network import SynapsesInNetwork


class DeviceRows(Rows):
    """Rows whose targets a device has; they ascend."""

    __slots__ = ("array",)
    array: ProgramArray

    def __init__(
        self,
        row_start: npt.NDArray[np.uint64],
        array: ProgramArray,
        n_target: int,
        multapses: bool = False,
    ) -> None:
        given = {"row_start": row_start, "n_target": n_target, "sorted": True}
        given |= {"multapses": multapses}
        given |= {"creation_of_row_order": None, "array": array}
        for name, value in given.items():
            object.__setattr__(self, name, value)

    @property
    def targets(self) -> npt.NDArray[np.uint32]:
        """The targets, brought here when they are asked for."""
        return np.asarray(self.array.values, np.uint32)

    @property
    def n(self) -> int:
        """The number of synapses."""
        return int(self.row_start[-1])


def targets_name(synapses: SynapsesInNetwork) -> str:
    """Return what programs call the targets."""
    return f"{synapses.name}.rows.targets"


def may_be_made(context: PairContext, count: float) -> bool:
    """Whether so many first synapses between neurons should be made on the present device."""
    synapses = context.synapses
    data = synapses._data
    ends = (synapses.source, synapses.target)
    return (
        current_options().target == "cuda"
        and is_worth_compiling(int(count))
        and count <= MOST_SYNAPSES
        and synapses._storage in ("auto", "sparse")
        and data.rows is None
        and data.store is None
        and all(end._index().kind is not IndexKind.SYNAPSE for end in ends)
    )


def rows_by_probability(context: PairContext, p: float, *, skip_self: bool) -> DeviceRows | None:
    """Return the rows of pairs that are connected with probability ``p``, None if made elsewhere.

    Targets are numbered in their whole group.
    """
    n_source, n_target = check_populations(context.n_source, context.n_target)
    if (
        p == 0
        or n_source == 0
        or n_target == 0
        or not may_be_made(context, p * n_source * n_target)
    ):
        return None
    synapses, start = context.synapses, context.first_target
    memory, name = prepared_memory(), targets_name(synapses)
    connector = connector_of(memory)
    rule = SkipRule(n_target, context.key, 0.0 if p == 1 else float(skip_scale(p)), skip_self)
    try:
        if p == 1:
            sizes = np.full(n_source, n_target, np.uint64)
            sizes[:n_target] -= np.uint64(skip_self)
        else:
            sizes = connector.count_skips(n_source, rule)
        row_start = np.append(np.zeros(1, np.uint64), np.cumsum(sizes, dtype=np.uint64))
        if int(row_start[-1]) > MOST_SYNAPSES:
            return None
        array = room_for(memory, name, int(row_start[-1]), np.uint32)
        if p == 1:
            connector.every(name, row_start, start, skip_self)
        else:
            connector.fill_skips(name, row_start, start, rule)
    except MemoryLimitError:
        return None
    return DeviceRows(row_start, array, synapses._data.n_target)
