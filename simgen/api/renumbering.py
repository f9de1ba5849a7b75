"""What refers to synapses by their numbers, and follows them when some are removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from simgen.errors import ModelError

if TYPE_CHECKING:
    from simgen.api.synapses_in_network import SynapsesInNetwork

Kept = npt.NDArray[np.bool_]


class Follower(Protocol):
    """An object that knows synapses by their numbers."""

    def _require_kept(self, kept: Kept) -> None:
        """Raise ModelError unless it can do without those that are not ``kept``."""

    def _renumbered(self, numbers: npt.NDArray[np.int64]) -> None:
        """Take new numbers: ``numbers[old]``, which is meaningless for those that are gone."""


def new_numbers(kept: Kept) -> npt.NDArray[np.int64]:
    """Return the number that each synapse has once those not kept are gone."""
    places = np.flatnonzero(kept)
    numbers = np.zeros(kept.size, np.int64)
    numbers[places] = np.arange(places.size)
    return numbers


def require_removable(synapses: SynapsesInNetwork, kept: Kept) -> None:
    """Raise ModelError where something needs the synapses that are to go."""
    for outer in synapses._as_group.outer:
        if outer._data.n or outer._as_group.ends_at_part(synapses):
            raise ModelError(
                f"No synapses of {synapses.describe()} can be removed: {outer.describe()} connects "
                "to them, by their numbers."
            )
    for follower in synapses._followers:
        follower._require_kept(kept)


class Numbering:
    """Which numbers of synapses something was made with."""

    def __init__(self, synapses: SynapsesInNetwork) -> None:
        self._synapses = synapses
        self._count: Any = synapses._numbering

    def require(self, what: str) -> None:
        """Raise ModelError if synapses have been removed since."""
        if self._count != self._synapses._numbering:
            raise ModelError(
                f"{what} of {self._synapses.describe()} was taken before synapses were removed, "
                "which has given the others new numbers. Take it anew."
            )
