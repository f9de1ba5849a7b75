"""Synapses selected by pairs of neurons, ``S[i, j]``, and what a selection offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.errors import ArgumentTypeError, IndexRangeError, ModelError

if TYPE_CHECKING:
    from simgen.api.synapses import Synapses


def pair_indices(synapses: Synapses, item: tuple[Any, ...]) -> npt.NDArray[np.int64]:
    """Return the synapses selected by (i, j) or (i, j, number among equals)."""
    if len(item) not in (2, 3):
        raise IndexRangeError(f"{synapses.describe()} is indexed by one, two or three values.")
    sizes = (synapses.source._size(), synapses.target._size())
    chosen = np.ones(synapses._data.n, bool)
    for values, size, wanted, what in zip(
        (synapses._read("i", slice(None)), synapses._read("j", slice(None))),
        sizes,
        item,
        ("i", "j"),
    ):
        if isinstance(wanted, slice):
            allowed = np.arange(size)[wanted]
        else:
            allowed = np.atleast_1d(np.asarray(wanted))
            if allowed.dtype.kind not in "iu":
                raise ArgumentTypeError(
                    f"{synapses.describe()}: {what} must be integers or slices."
                )
            beyond = (allowed < -size) | (allowed >= size)
            if np.any(beyond):
                raise IndexRangeError(
                    f"{what} = {allowed[beyond][0]} is outside the group of {size} elements "
                    f"that {synapses.describe()} connects."
                )
            allowed = np.where(allowed < 0, allowed + size, allowed)
        chosen &= np.isin(values, allowed)
    if len(item) == 3:
        if synapses._multisynaptic is None:
            raise IndexRangeError(f"{synapses.describe()} has no multisynaptic_index.")
        numbers = synapses._read(synapses._multisynaptic, slice(None))
        allowed = np.arange(numbers.max(initial=0) + 1)[item[2]]
        chosen &= np.isin(numbers, allowed)
    return np.flatnonzero(chosen)


def is_matrix(value: Any) -> bool:
    """Return whether a value is an array, or nested lists, with rows and columns."""
    if isinstance(value, list | tuple):
        try:
            return np.ndim(value) == 2
        except ValueError:  # rows of unequal length are reported where values are converted
            return False
    return isinstance(value, np.ndarray) and value.ndim == 2


def from_matrix(synapses: Synapses, name: str, matrix: Any) -> Any:
    """Return, for each synapse, the element (i, j) of a matrix of all pairs of neurons.

    Raises ModelError if its shape is not (number of sources, number of targets).
    """
    wanted = (synapses.source._size(), synapses.target._size())
    if np.shape(matrix) != wanted:
        raise ModelError(
            f"A matrix for '{name}' of {synapses.describe()} needs the shape {wanted} (sources, "
            f"targets), not {np.shape(matrix)}."
        )
    rows = matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix)
    return rows[np.asarray(synapses.i[:]), np.asarray(synapses.j[:])]


class SynapticSelection:
    """Some synapses, as ``S[...]`` gives them: their variables and their indices."""

    def __init__(self, synapses: Synapses, indices: npt.NDArray[np.int64]) -> None:
        self.synapses = synapses
        self.indices = indices

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.synapses, name)[self.indices]

    def __len__(self) -> int:
        return int(self.indices.size)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return self.indices if dtype is None else self.indices.astype(dtype)
