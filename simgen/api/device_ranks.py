"""Ranks among repeated pairs, made on the device that has the targets.

Random numbers of synapses depend on them; they are made again for each text, and then forgotten.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simgen.api.device_rows import DeviceRows
from simgen.api.device_store import DeviceStore
from simgen.api.remote_arrays import connector_of
from simgen.connect.checks import check_ranks
from simgen.targets.base import Memory

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork

_BEFORE = "rows.before"  # targets in the order of rows


def place_ranks(memory: Memory, synapses: SynapsesInNetwork, read: Collection[str]) -> None:
    """Put the ranks into a memory that has the targets, if they are among what is ``read``.

    Nothing is done where the host has the targets.
    """
    rank, data = synapses._run.rank_array(), synapses._data
    if rank is None or rank.name not in read:
        return
    found = data.rows if data.store is None else data.store
    if isinstance(found, DeviceRows):
        highest = _rank(memory, found.array.array, found.row_start, rank.name)
    elif isinstance(found, DeviceStore):
        highest = _rank_sorted(memory, found, rank.name)
    else:
        return
    memory.ints[rank.length] = found.n
    check_ranks(highest, synapses.describe())


def _rank(memory: Memory, targets: str, row_start: npt.NDArray[np.uint64], name: str) -> int:
    _room(memory, name, int(row_start[-1]))
    return connector_of(memory).rank(targets, row_start, name)


def _rank_sorted(memory: Memory, store: DeviceStore, name: str) -> int:
    """Make the ranks of a store, whose rows were sorted by delay unless there is one class."""
    connector, order, row_start = connector_of(memory), store.order_array, store.row_start[0]
    if order is None:
        return _rank(memory, store.array.array, row_start, name)
    order.bind(memory, True)
    _room(memory, _BEFORE, store.n)
    connector.put_back(store.array.array, order.array, _BEFORE)
    highest = _rank(memory, _BEFORE, row_start, name)
    connector.gather(name, order.array, memory.arrays[name])
    return highest


def _room(memory: Memory, name: str, size: int) -> None:
    """Have an array of which the device alone has the values."""
    memory.arrays[name] = np.empty(size, np.uint32)
    memory.counters[name] = int
