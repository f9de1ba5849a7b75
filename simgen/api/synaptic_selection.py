"""Synapses selected by pairs of neurons, ``S[i, j]``, and what a selection offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.arguments import plain_values
from simgen.api.checks import is_whole
from simgen.api.renumbering import Numbering
from simgen.errors import ArgumentTypeError, IndexRangeError, ModelError
from simgen.units import Quantity

if TYPE_CHECKING:
    from simgen.api.synapses import Synapses
    from simgen.api.synapses_in_network import SynapsesInNetwork


def pair_indices(synapses: SynapsesInNetwork, item: tuple[Any, ...]) -> npt.NDArray[np.int64]:
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
        chosen &= np.isin(values, _neurons(synapses, wanted, size, what))
    if len(item) == 3:
        if synapses._multisynaptic is None:
            raise IndexRangeError(f"{synapses.describe()} has no multisynaptic_index.")
        numbers = synapses._read(synapses._multisynaptic, slice(None))
        allowed = np.arange(numbers.max(initial=0) + 1)[item[2]]
        chosen &= np.isin(numbers, allowed)
    return np.flatnonzero(chosen)


def _neurons(
    synapses: SynapsesInNetwork, wanted: Any, size: int, what: str
) -> npt.NDArray[np.int64]:
    """Return the neurons that one of the indices in ``S[i, j]`` means."""
    if isinstance(wanted, slice):
        return np.arange(size)[wanted]
    chosen = np.atleast_1d(np.asarray(wanted))
    if chosen.dtype.kind not in "iu":
        raise ArgumentTypeError(f"{synapses.describe()}: {what} must be integers or slices.")
    beyond = (chosen < -size) | (chosen >= size)
    if np.any(beyond):
        raise IndexRangeError(
            f"{what} = {chosen[beyond][0]} is outside the group of {size} elements "
            f"that {synapses.describe()} connects."
        )
    return np.where(chosen < 0, chosen + size, chosen)


def is_matrix(value: Any) -> bool:
    """Return whether a value is an array, or nested lists, with rows and columns."""
    if isinstance(value, list | tuple):
        rows = [isinstance(row, list | tuple) or np.ndim(row) == 1 for row in value]
        return bool(rows) and all(rows)
    return isinstance(value, np.ndarray) and value.ndim == 2


def from_matrix(synapses: SynapsesInNetwork, name: str, item: Any, matrix: Any) -> Any:
    """Return, for each synapse that ``item`` selects, the element (i, j) of a matrix.

    Its rows are the sources and its columns the targets of the index: all neurons for ``S.w[:]``,
    else those of ``S.w[i, j]``. Other indices select no pairs, and the matrix is returned as it is.
    Raises ModelError if its shape is another one.
    """
    sizes = (synapses.source._size(), synapses.target._size())
    everyone = slice(None)
    sources, targets = synapses._read("i", everyone), synapses._read("j", everyone)
    if isinstance(item, tuple) and len(item) == 2:
        chosen: Any = pair_indices(synapses, item)
        ends = [_neurons(synapses, *end) for end in zip(item, sizes, "ij")]
        whose = "selected sources, selected targets"
    elif item is Ellipsis or is_whole(item):
        chosen, ends = everyone, [np.arange(size) for size in sizes]
        whose = "sources, targets"
    else:
        return matrix
    wanted = tuple(end.size for end in ends)
    plain, dim = plain_values(matrix, f"'{name}' of {synapses.describe()}")
    if plain.shape != wanted:
        raise ModelError(
            f"A matrix for '{name}' of {synapses.describe()} needs the shape {wanted} ({whose}), "
            f"not {plain.shape}."
        )
    places = []
    for end, size, neurons in zip(ends, sizes, (sources[chosen], targets[chosen])):
        place = np.zeros(size, np.int64)
        place[end] = np.arange(end.size)
        places.append(place[neurons])
    values = plain[places[0], places[1]]
    return values if dim.is_dimensionless else Quantity(values, dim=dim)


class SynapticSelection:
    """Some synapses, as ``S[...]`` gives them: their variables and their indices."""

    def __init__(self, synapses: Synapses, indices: npt.NDArray[np.int64]) -> None:
        self.synapses = synapses
        self._chosen = indices
        self._numbering = Numbering(synapses)

    @property
    def indices(self) -> npt.NDArray[np.int64]:
        """The numbers of the synapses; ModelError once others were removed."""
        self._numbering.require("A part")
        return self._chosen

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.synapses, name)[self.indices]

    def __len__(self) -> int:
        return int(self.indices.size)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return self.indices if dtype is None else self.indices.astype(dtype)
