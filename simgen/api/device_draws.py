"""Rows of given numbers of random pairs, made on a device with memory of its own and left there.

A total number is split between the rows on the host, which knows where they start; the device draws
the targets of each. Sources of a given number for each target are drawn as rows of the targets and
then turned round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simgen.api.device_rows import DeviceRows, may_be_made, targets_name
from simgen.api.remote_arrays import (
    MOST_SYNAPSES,
    connector_of,
    keep_only,
    prepared_memory,
    room_for,
)
from simgen.connect.rules import starts_of_degree, starts_of_total
from simgen.errors import MemoryLimitError
from simgen.targets.base import DrawRule

if TYPE_CHECKING:
    from simgen.api.pair_rules import PairContext

_MOST_CANDIDATES = 1 << 28  # to be drawn at most once, of which each warp marks those it has


def rows_by_draws(
    context: PairContext, rule: str, count: int, *, multapses: bool, autapses: bool
) -> DeviceRows | None:
    """Return the rows of ``rule``: n_total, out_degree or in_degree; None if made elsewhere.

    Targets are numbered in their whole group. Raises what :mod:`simgen.connect.rules` raises.
    """
    n_source, n_target = context.n_source, context.n_target
    n_rows = {"n_total": 1, "out_degree": n_source, "in_degree": n_target}[rule]
    n_drawn = n_source if rule == "in_degree" else n_target
    if count == 0 or n_rows == 0 or not may_be_made(context, count * n_rows):
        return None
    if not multapses and n_drawn > _MOST_CANDIDATES:
        return None
    repeats = {"multapses": multapses, "autapses": autapses}
    if rule == "n_total":
        row_start = starts_of_total(n_source, n_target, count, context.key, **repeats)
    elif rule == "out_degree":
        row_start = starts_of_degree("out-degree", n_source, n_target, count, **repeats)
    else:
        row_start = starts_of_degree("in-degree", n_target, n_source, count, **repeats)
    if int(np.diff(row_start).max()) > MOST_SYNAPSES:
        return None
    draws = DrawRule(n_drawn, context.key, not multapses, not autapses, rule != "in_degree")
    memory, name = prepared_memory(), targets_name(context.synapses)
    connector, start = connector_of(memory), context.first_target
    try:
        array = room_for(memory, name, int(row_start[-1]), np.uint32)
        if rule == "in_degree":
            sources = room_for(memory, f"{name}.sources", array.size, np.uint32)
            connector.draw(sources.array, row_start, 0, draws)
            names = None, name
            row_start = connector.columns(sources.array, row_start, n_source, names, start)
            keep_only(memory, [array])
        else:
            connector.draw(name, row_start, start, draws)
        repeated = multapses and connector.rank(name, row_start, None) > 0
    except MemoryLimitError:
        return None
    return DeviceRows(row_start, array, context.synapses._data.n_target, repeated)
