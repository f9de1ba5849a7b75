"""The numbers of the elements of a group that an index selects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from simgen.api.group import Group


class Indices:
    """What ``G.indices`` is: ``G.indices['v > 0']`` are the numbers of the elements selected."""

    def __init__(self, group: Group) -> None:
        self._group = group

    def __getitem__(self, item: Any) -> npt.NDArray[np.int64]:
        """Return the numbers that ``item`` selects, int64 (n,), as it does for variables.

        Conditions, slices, arrays of integers or booleans, and for synapses ``[i, j]``. Raises what
        the same index of a variable does.
        """
        numbers = np.arange(self._group._size(), dtype=np.int64)
        return np.atleast_1d(numbers[self._group._indices(item)])

    def __repr__(self) -> str:
        return f"<indices of {self._group.describe()}>"
