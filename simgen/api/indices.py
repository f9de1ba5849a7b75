"""The numbers of the elements of a group that an index selects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.checks import index_array
from simgen.errors import ArgumentTypeError, IndexRangeError

if TYPE_CHECKING:
    from simgen.api.group import Group


def element_numbers(item: Any, size: int, owner: str) -> npt.NDArray[np.int64]:
    """Return the numbers of elements, from 0, that an integer or a list in brackets selects.

    Integers may count from the end, and a list of booleans has one for each of the ``size``
    elements. Raises IndexRangeError for what lies outside, ArgumentTypeError for other things.
    """
    array = index_array(item, owner)
    if array.dtype == bool:
        if array.shape != (size,):
            raise IndexRangeError(
                f"A boolean index for {owner} needs {size} values, not {array.size}."
            )
        return np.flatnonzero(array)
    if array.size == 0 and array.ndim == 1:
        return np.zeros(0, np.int64)
    if array.dtype.kind not in "iu":
        raise ArgumentTypeError(
            f"{owner} cannot be indexed with {item!r}: the indices of its {size} elements are "
            "integers."
        )
    low, high = int(array.min()), int(array.max())
    if low < -size or high >= size:
        bad = low if low < -size else high
        raise IndexRangeError(f"Index {bad} is outside {owner}, which has {size} elements.")
    return np.where(array < 0, array + size, array).astype(np.int64)


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
