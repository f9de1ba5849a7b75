"""What a kernel works on, and the bytes of it that memory must move: what profiles compare with.

A store's targets and a variable of each synapse are read, and what is written goes back, once for
each synapse; so are the variables of each neuron. What a synapse reads and writes of neurons is
not counted: it is reused, and stays in caches.
"""

from __future__ import annotations

import numpy as np

from simgen.ir.expr import IndexKind
from simgen.ir.kernel import (
    Kernel,
    OverCarried,
    OverElements,
    OverEvents,
    OverFanIn,
    OverFanOut,
    OverIndices,
    OverSynapses,
    SynapseStore,
)
from simgen.ir.visit import reads, writes

_UNITS = {
    OverElements: "element",
    OverIndices: "value",
    OverEvents: "event",
    OverFanOut: "synaptic event",
    OverFanIn: "synaptic event",
    OverCarried: "synaptic event",
    OverSynapses: "synapse",
}
_POSITION = 4  # bytes of an entry of the column index


def unit_of(kernel: Kernel) -> str:
    """Return what a kernel works on one after the other; empty for those that do so once."""
    return _UNITS.get(type(kernel.domain), "")


def bytes_of(kernel: Kernel, real: np.dtype[np.floating]) -> int:
    """Return the bytes of each unit that memory must move; 0 where that is no measure."""
    domain = kernel.domain
    match domain:
        case OverElements():
            kind, n_bytes = IndexKind.ELEMENT, 0
        case OverFanOut() | OverSynapses():
            kind, n_bytes = IndexKind.SYNAPSE, _bytes_of_target(domain.store)
        case OverFanIn():
            kind, n_bytes = IndexKind.SYNAPSE, _POSITION
        case _:
            return 0
    used = {
        array for array, index in reads(kernel.body) if index is not None and index.kind is kind
    }
    written = {array for array, index, _ in writes(kernel.body) if index.kind is kind}
    moved = [*(used | written), *written]  # a changed cache line is read and written back
    return n_bytes + sum(array.dtype.numpy(real).itemsize for array in moved)


def _bytes_of_target(store: SynapseStore) -> int:
    return 0 if store.rule else 2 if store.narrow else 4
