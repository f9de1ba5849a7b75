"""Philox4x32-10 and the layout of its counters; the numpy mirror of ``philox.h`` and ``counter.h``.

Counters (the table of ``cuda_kernels/common/counter.h``)::

    word  element draws                      synaptic draws
    c0    element >> 1 (>> 2 in float32)     i, the source's index
    c1    0                                  j, the target's index
    c2    step, low 32 bits                  step, low 32 bits
    c3    bits 0-7    draw number within the code block
          bits 8-13   attempt of a rejection loop
          bits 14-23  rank among synapses of equal (i, j), 0 for elements
          bits 24-31  step, bits 32-39
    lane  element & 1 (& 3 in float32)       0

A float64 lane is two neighbouring words (the low one first), a float32 lane one word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

ROUNDS = 10
_MULTIPLIER_0, _MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = 0x9E3779B9, 0xBB67AE85
_LOW_WORD = 0xFFFFFFFF
_KEY_COUNTER = 0x73696D67  # "simg" in ASCII: keeps key derivation apart from draws
_ATTEMPT_SHIFT, _RANK_SHIFT, _STEP_SHIFT = 8, 14, 24


def philox(c0: Any, c1: Any, c2: Any, c3: Any, key: int) -> tuple[Words, Words, Words, Words]:
    """Return the four random words of each counter (Salmon, Moraes, Dror, Shaw 2011).

    The counter words are integers or arrays of one shape, taken modulo 2^32; the key is one u64.
    """
    key = int(key)
    words = np.broadcast_arrays(*(np.asarray(c).astype(np.uint64) for c in (c0, c1, c2, c3)))
    x0, x1, x2, x3 = (word & np.uint64(_LOW_WORD) for word in words)
    k0, k1 = key & _LOW_WORD, (key >> 32) & _LOW_WORD
    for _ in range(ROUNDS):
        product0 = _MULTIPLIER_0 * x0
        product1 = _MULTIPLIER_1 * x2
        x0 = (product1 >> np.uint64(32)) ^ x1 ^ np.uint64(k0)
        x2 = (product0 >> np.uint64(32)) ^ x3 ^ np.uint64(k1)
        x1 = product1 & np.uint64(_LOW_WORD)
        x3 = product0 & np.uint64(_LOW_WORD)
        k0, k1 = (k0 + _WEYL_0) & _LOW_WORD, (k1 + _WEYL_1) & _LOW_WORD
    return (
        np.asarray(x0, dtype=np.uint32),
        np.asarray(x1, dtype=np.uint32),
        np.asarray(x2, dtype=np.uint32),
        np.asarray(x3, dtype=np.uint32),
    )


def derive_key(seed: int, stream: int, copy: int) -> int:
    """Return the key of one draw site: ``stream`` numbers the site, ``copy`` the batch copy."""
    low, high, _, _ = philox(stream, copy, _KEY_COUNTER, 0, seed & 0xFFFFFFFFFFFFFFFF)
    return int(low) | int(high) << 32


@dataclass(frozen=True, slots=True)
class Counters:
    """The Philox counters of many draws and the lane of each within its block.

    All are u32 arrays of shape (n,).
    """

    c0: Words
    c1: Words
    c2: Words
    c3: Words
    lane: Words

    def take(self, chosen: NDArray[Any]) -> Counters:
        """Return the counters at these positions."""
        return Counters(*(word[chosen] for word in (self.c0, self.c1, self.c2, self.c3, self.lane)))

    def blocks(self, key: int, attempt: int = 0) -> tuple[Words, Words, Words, Words]:
        """Return the four words of each counter's block."""
        c3 = self.c3 | np.uint32(attempt << _ATTEMPT_SHIFT)
        return philox(self.c0, self.c1, self.c2, c3, key)


def _counters(c0: Any, c1: Any, c2: Any, c3: Any, lane: Any) -> Counters:
    arrays = np.broadcast_arrays(*(np.atleast_1d(word) for word in (c0, c1, c2, c3, lane)))
    low_words = (np.uint32(_LOW_WORD) & array.astype(np.uint64) for array in arrays)
    return Counters(*(np.ascontiguousarray(word.astype(np.uint32)).ravel() for word in low_words))


def _draw_field(step: Any, draw: int, rank: Any) -> Any:
    step_high = (np.asarray(step, dtype=np.int64) >> 32).astype(np.uint64)
    rank_bits = np.asarray(rank, dtype=np.uint64) << np.uint64(_RANK_SHIFT)
    return np.uint64(draw & 0xFF) | (rank_bits ^ (step_high << np.uint64(_STEP_SHIFT)))


def counters_at_elements(
    elements: Any, step: Any, draw: int, real_dtype: np.dtype[Any] | type
) -> Counters:
    """Return the counters of draw number ``draw`` at ``step`` for these elements (int64, (n,))."""
    shift = 2 if np.dtype(real_dtype) == np.float32 else 1
    indices = np.asarray(elements, dtype=np.int64)
    lane = indices & ((1 << shift) - 1)
    return _counters(indices >> shift, 0, step, _draw_field(step, draw, 0), lane)


def counters_at_synapses(i: Any, j: Any, rank: Any, step: Any, draw: int) -> Counters:
    """Return the counters of draw number ``draw`` at ``step`` for synapses (i, j, rank), (n,)."""
    return _counters(i, j, step, _draw_field(step, draw, rank), 0)
