"""Random samples of lanes: which counter each lane has, and the distribution drawn from it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from simgen.errors import InternalError
from simgen.ir.evaluate import Value
from simgen.ir.expr import IndexKind, RandomDraw
from simgen.numerics.distributions import (
    draw_binomial,
    draw_poisson,
    draw_rand,
    draw_randn,
    draw_truncated_normal,
)
from simgen.numerics.philox import counters_at_elements, counters_at_synapses
from simgen.targets.reference.lanes import Lanes

_DISTRIBUTIONS: dict[str, Callable[..., Value]] = {
    "rand": draw_rand,
    "randn": draw_randn,
    "poisson": draw_poisson,
    "binomial": draw_binomial,
    "truncated_normal": draw_truncated_normal,
}


def draw_samples(
    draw: RandomDraw,
    args: tuple[Value, ...],
    rank: Value | None,
    key: npt.ArrayLike,
    lanes: Lanes,
    step: int,
    real: np.dtype[np.floating],
) -> Value:
    """Return one sample per lane (n,): floats of dtype ``real``, counts int64.

    The counter is (element, step, number) where lanes are elements, with element 0 for a kernel
    that runs once, and (i, j, rank, step, number) with the absolute indices i, j where lanes are
    synapses, or (j, i, number) for draws as of pairs.
    """
    bits = int(np.asarray(key).astype(np.uint64))  # a memory's integers hold the bits of keys
    if draw.as_pair:
        i, j = lanes.positions[IndexKind.PRE], lanes.positions[IndexKind.POST]
        counters = counters_at_elements(j, i, draw.number, real)
    elif IndexKind.POST in lanes.positions:
        i, j = lanes.positions[IndexKind.PRE], lanes.positions[IndexKind.POST]
        ranks = np.zeros(lanes.n, dtype=np.int64) if rank is None else rank
        counters = counters_at_synapses(i, j, ranks, step, draw.number)
    else:
        nothing = np.zeros(lanes.n, dtype=np.int64)
        elements = lanes.positions.get(IndexKind.ELEMENT, nothing)
        counters = counters_at_elements(elements, step, draw.number, real)
    function = _DISTRIBUTIONS.get(draw.distribution)
    if function is None:
        raise InternalError(f"distribution '{draw.distribution}' has no reference form")
    return np.asarray(function(bits, counters, *args, real))
