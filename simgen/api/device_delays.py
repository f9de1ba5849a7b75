"""Delays of all synapses by text, computed on a device with memory of its own and left there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simgen.api.device_text import assign_on_device
from simgen.api.remote_arrays import connector_of, prepared_memory
from simgen.api.storage import StateVariable
from simgen.connect.delays import MAX_DELAY_STEPS
from simgen.dtypes import FLOAT64

if TYPE_CHECKING:
    from simgen.api.pathways import Pathway


def delays_on_device(pathway: Pathway, text: str) -> bool:
    """Give each synapse the delay that text says, where programs run; return whether it was done.

    What the host does in another way (one synapse, or one delay for all) is left to it.
    """
    synapses = pathway.synapses
    n = synapses._data.n
    if n < 2 or pathway.fixed or synapses._storage not in ("auto", "sparse"):
        return False
    fresh = StateVariable(pathway.variable.info, n, FLOAT64)
    if not assign_on_device(synapses, fresh, slice(None), text):
        return False
    memory = prepared_memory()
    fresh.bind(memory, True)
    _, longest = connector_of(memory).delay_limits(fresh.array)
    if not 0 <= longest < MAX_DELAY_STEPS * pathway.clock.dt_:
        pathway.check(fresh.values)  # says which
    pathway.uniform, pathway.variable = None, fresh
    return True
