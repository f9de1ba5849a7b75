"""Synapses objects that run as one, put together on a device that has rows of some of them.

Rows, delays and values go from the members' places on the device to those of the merge; what the
host made of the others goes up. Until they are sorted, shared rows are in the order of creation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simgen.api.compiled_text import is_worth_compiling
from simgen.api.device import current_options
from simgen.api.device_rows import DeviceRows, targets_name
from simgen.api.device_store import MOST_CLASSES, delay_classes
from simgen.api.remote_arrays import MOST_SYNAPSES, connector_of, prepared_memory, room_for
from simgen.api.storage import ProgramArray, StateVariable
from simgen.connect.pieces import SharedRows
from simgen.connect.rows import Rows
from simgen.connect.store import is_zero
from simgen.errors import InternalError, MemoryLimitError
from simgen.targets.base import MOST_STEPS, Memory, Mirror

if TYPE_CHECKING:
    from simgen.api.lending import Share
    from simgen.api.merging import MergedSynapses

_Steps = npt.NDArray[np.uint32]
_Given = ProgramArray | float  # the values of a member, or the one of all its synapses


def gather_on_device(merge: MergedSynapses, shared: SharedRows, own: Sequence[Rows]) -> bool:
    """Put the rows, delays and values of members together where programs run.

    ``own`` are the rows of the members. Returns False, with nothing changed, where the host has to
    do it. Values for which a device lacks room stay with the members.
    """
    if not _is_worth_it(shared, own):
        return False
    memory, lent = prepared_memory(), prepared_memory()
    try:
        tables = [_steps(share, lent) for share in merge.shares]
        steps = _union(tables)
        if steps is None:
            return False
        targets = room_for(memory, targets_name(merge), shared.n, np.uint32)
        _splice(memory, targets, lent, shared, [_targets(s, r) for s, r in zip(merge.shares, own)])
        delays = StateVariable(merge.pathway.variable.info, 0, np.dtype(np.float64))
        if steps.size > 1:
            delays.data = np.empty(shared.n)
            delays.bind(memory, True)
            _splice(memory, delays, lent, shared, [_delays(share) for share in merge.shares])
    except MemoryLimitError:
        return False
    merge.take_delays(steps, delays)
    repeats = any(rows.multapses for rows in own)
    merge._data.rows = DeviceRows(shared.row_start, targets, merge._data.n_target, repeats)
    for share, table in zip(merge.shares, tables):
        share.lend_rows()
        share.lend_delays(table)
    for name in merge.variables:
        _gather_values(merge, name, shared)
    return True


def _is_worth_it(shared: SharedRows, own: Sequence[Rows]) -> bool:
    """Whether a device has rows already, and takes all of them."""
    return (
        current_options().target == "cuda"
        and is_worth_compiling(shared.n)
        and 0 < shared.n <= MOST_SYNAPSES
        and any(isinstance(rows, DeviceRows) for rows in own)
        and all(rows.sorted and rows.creation_of_row_order is None for rows in own)
    )


# --- delays ---------------------------------------------------------------------------------------


def _steps(share: Share, lent: Memory) -> _Steps | None:
    """Return the delays that occur, in steps; None where they are too many or too far apart."""
    leader = share.member._run.delays.leader()
    if share.piece.n == 0:
        return np.zeros(0, np.uint32)
    if leader is not None:
        return delay_classes(lent, leader)
    (pathway,) = share.member._pathways.values()
    return np.array([pathway.uniform_steps(pathway.clock.dt_)], np.uint32)


def _union(tables: Sequence[_Steps | None]) -> _Steps | None:
    """Return the delays of all members, None where a device cannot sort by them."""
    known = [table for table in tables if table is not None]
    if len(known) < len(tables):
        return None
    steps = np.unique(np.concatenate(known))
    sortable = steps.size <= MOST_CLASSES and int(np.ptp(steps)) < MOST_STEPS
    return steps if sortable else None


def _delays(share: Share) -> _Given:
    """Return the delays of a member in seconds."""
    (pathway,) = share.member._pathways.values()
    return pathway.variable if pathway.uniform is None else pathway.uniform


# --- arrays ---------------------------------------------------------------------------------------


def _targets(share: Share, rows: Rows) -> ProgramArray:
    """Return the targets of a member."""
    if isinstance(rows, DeviceRows):
        return rows.array
    return ProgramArray(targets_name(share.member), rows.targets)


def _gather_values(merge: MergedSynapses, name: str, shared: SharedRows) -> None:
    """Take the values of a variable from the members, unless the device lacks room for them."""
    variable = merge.variables[name]
    own = [share.member.variables[name] for share in merge.shares]
    given: list[_Given] = [0.0 if _is_zero(each) else each for each in own]
    if any(isinstance(each, ProgramArray) for each in given):
        memory = prepared_memory()
        variable.data = np.empty(shared.n, variable.dtype)
        variable.bind(memory, True)
        try:
            _splice(memory, variable, prepared_memory(), shared, given)
        except MemoryLimitError:
            variable.leave_device()
            variable.data = np.zeros(0, variable.dtype)
            return
    else:
        variable.data = np.zeros(shared.n, variable.dtype)
    for share, each in zip(merge.shares, own):
        each.lend(share)


def _is_zero(variable: StateVariable) -> bool:
    """Whether the host has the values, and all are zero."""
    return not variable.is_on_device and is_zero(variable.values)


def _splice(
    memory: Memory,
    out: ProgramArray,
    lent: Memory,
    shared: SharedRows,
    given: Sequence[_Given],
) -> None:
    """Write what members give to an array of shared rows; their own arrays are in ``lent``."""
    connector = connector_of(memory)
    for piece, begin, values in zip(shared.pieces, shared.begins(), given):
        if piece.n:
            rows = piece.row_start, begin
            connector.splice(out.array, rows, _placed(values, lent))


def _placed(values: _Given, lent: Memory) -> tuple[Mirror, str] | float:
    if not isinstance(values, ProgramArray):
        return values
    values.bind(lent, True)
    if lent.mirror is None:
        raise InternalError("a device has no memory of its own")
    return lent.mirror, values.array
