"""Arrays of connectivity that a device with memory of its own has, and the host on demand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen import pipeline
from simgen.api.device import current_options
from simgen.api.storage import ProgramArray
from simgen.errors import InternalError
from simgen.targets.base import Connector, Memory

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork

MOST_SYNAPSES = 2**32 - 1  # that an order of 32 bits numbers


def connector_of(memory: Memory) -> Connector:
    """Return what makes rows in the memory of a device."""
    if memory.mirror is None:
        raise InternalError("a device has no memory of its own")
    return memory.mirror.connector()


def prepared_memory() -> Memory:
    """Return a memory of the device that programs run on."""
    memory = Memory()
    pipeline.choose_target(current_options()).prepare(memory)
    return memory


def room_for(memory: Memory, name: str, size: int, dtype: Any) -> ProgramArray:
    """Return an array that only a device has values of; the host takes no memory for it yet."""
    made = ProgramArray(name, np.empty(size, dtype))
    made.bind(memory, True)
    return made


def keep_only(memory: Memory, arrays: Iterable[ProgramArray]) -> None:
    """Free what a device has in a memory, all but some arrays."""
    names = {array.array for array in arrays}
    if memory.mirror is not None:
        memory.mirror.keep(names)
    memory.arrays = {name: data for name, data in memory.arrays.items() if name in names}
    memory.unset.clear()


def remote_targets(synapses: SynapsesInNetwork) -> ProgramArray | None:
    """Return the targets in the order of data where a device has them."""
    data = synapses._data
    found: Any = data.rows if data.store is None else data.store
    array = getattr(found, "array", None)
    return array if isinstance(array, ProgramArray) else None


def remote_arrays(synapses: SynapsesInNetwork) -> list[ProgramArray]:
    """Return all arrays of the connectivity that a device has."""
    targets, store = remote_targets(synapses), synapses._data.store
    segments = getattr(store, "arrays", ())
    return [*(() if targets is None else (targets,)), *segments]
