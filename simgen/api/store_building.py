"""Rows of synapses sorted into a store, on the device where programs run or on the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simgen.api.device_store import build_on_device
from simgen.runtime.events import part_bounds

if TYPE_CHECKING:
    from simgen.api.delay_plan import DelayPlan
    from simgen.api.synapses_in_network import SynapsesInNetwork


def build_rows(synapses: SynapsesInNetwork, delays: DelayPlan, n_parts: int) -> None:
    """Sort the synapses for ``n_parts`` threads and by the delays of the leading pathway."""
    leader, data = delays.leader(), synapses._data
    steps = build_on_device(synapses, n_parts, leader, delays.n_others)
    if steps is not None:
        delays.take_steps(steps)
        delays.place_others({})  # which those of before may have had
        return
    classes = delays.take_classes()
    bounds = part_bounds(data.n_target, n_parts).astype(np.uint32)
    variables = [v for v in synapses._all_variables() if leader is None or v is not leader.variable]
    others = delays.sort_others(data.rows, bounds, n_parts)
    data.build(variables, classes, delays.steps.size, bounds, n_parts)
    delays.place_others(others)
