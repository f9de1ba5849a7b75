"""Probabilities of pairs that text gives.

NaN is refused, and a constant outside 0 to 1. Of a formula that leaves this range for some pairs,
as ``1.5*exp(-distance)`` does, is told: it counts as 0 or 1 there, as scripts mean it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.errors import IndexRangeError

if TYPE_CHECKING:
    from simgen.api.pair_rules import PairContext

_log = logging.getLogger("simgen.connect")


def check_constant(value: float, what: str) -> None:
    """Raise where the value that text has for all pairs is no probability."""
    if not 0 <= value <= 1:
        raise IndexRangeError(f"{what} is {value}; a probability lies between 0 and 1.")


def check_probabilities(
    values: npt.NDArray[Any],
    mask: npt.NDArray[np.bool_],
    context: PairContext,
    pair: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> None:
    """Raise where a value is NaN, and warn once of one outside 0 to 1: it counts as 0 or 1.

    The indices of ``pair`` are of a shape that goes with that of ``values``.
    """
    outside = mask & ~((values >= 0) & (values <= 1))
    if not np.any(outside):
        return
    undefined = outside & np.isnan(values)
    if np.any(undefined):
        raise IndexRangeError(_shown(values, undefined, context, pair) + ", which is no number.")
    if "p" not in context.told:
        context.told.add("p")
        shown = _shown(values, outside, context, pair)
        _log.warning("%s; it counts as 0 below 0 and as 1 above 1.", shown)


def _shown(values: Any, chosen: Any, context: PairContext, pair: Any) -> str:
    place = tuple(np.argwhere(chosen)[0])
    i, j = (np.broadcast_to(index, chosen.shape)[place] for index in pair)
    of = f"p of {context.verb} of {context.synapses.describe()}"
    return f"{of} is {values[place]} for i = {i}, j = {j}"
