"""The column index of a store that a device has, made there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simgen.api.device import current_options
from simgen.api.device_store import DeviceStore
from simgen.api.remote_arrays import connector_of, prepared_memory, room_for
from simgen.api.storage import AnyArray, ProgramArray
from simgen.errors import MemoryLimitError

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork


class DeviceColumns:
    """Where columns start, which the host has, and the arrays that a device has."""

    def __init__(self, start: AnyArray, arrays: list[ProgramArray], store: DeviceStore) -> None:
        self.start = start
        self.arrays = arrays
        self.store = store


def columns_on_device(
    synapses: SynapsesInNetwork, *, with_source: bool, known: DeviceColumns | None
) -> DeviceColumns | None:
    """Return the columns of a store on the device where programs run, None if made elsewhere.

    ``known`` are those that were made last, which serve again if nothing has changed.
    """
    store = synapses._data.store
    if not isinstance(store, DeviceStore) or current_options().target != "cuda":
        return None
    if known is not None and known.store is store and len(known.arrays) > with_source:
        return known
    memory, name = prepared_memory(), f"{synapses.name}.rows"
    try:
        store.array.bind(memory, True)
        words = ["col_pos", "col_src"] if with_source else ["col_pos"]
        arrays = [room_for(memory, f"{name}.{word}", store.n, np.uint32) for word in words]
        start = connector_of(memory).columns(
            store.array.array,
            store.row_start[0],
            store.n_target,
            (arrays[0].array, arrays[1].array if with_source else None),
            synapses._run.source_start(),
        )
    except MemoryLimitError:
        return None
    return DeviceColumns(start, arrays, store)
