"""Uniform and normal numbers at counters; bit-equal to ``cuda_kernels/common/uniform.h``."""

from __future__ import annotations

from typing import Any

import numpy as np

from simgen.errors import InternalError
from simgen.numerics.format import F32, F64, Array, Format
from simgen.numerics.math_log import log_positive
from simgen.numerics.math_trig import sincos_turn
from simgen.numerics.philox import Counters, Words


def format_for(dtype: np.dtype[Any] | type) -> Format:
    """Return the format of a real dtype."""
    return F32 if np.dtype(dtype) == np.float32 else F64


def _units(fmt: Format, words: Array) -> Array:
    """Return 64-bit (32-bit) words as numbers in [0, 1)."""
    dropped = fmt.word(11 if fmt.double else 8)
    return np.asarray((words >> dropped).astype(fmt.real) * fmt.unit)


def _lane_words(fmt: Format, blocks: tuple[Words, ...], lane: Words) -> Array:
    """Return the 64-bit (32-bit) word of each counter's lane."""
    if not fmt.double:
        words: Array = np.choose(lane, blocks)
        return words
    if np.any(lane > 1):
        raise InternalError("float64 numbers drawn at counters that were made for float32")
    w0, w1, w2, w3 = (word.astype(np.uint64) for word in blocks)
    shift = np.uint64(32)
    return np.asarray(np.where(lane != 0, w2 | (w3 << shift), w0 | (w1 << shift)))


def rand_attempt(fmt: Format, key: int, counters: Counters, attempt: int) -> Array:
    """Return uniform numbers in [0, 1) of one attempt."""
    blocks = counters.blocks(key, attempt)
    return _units(fmt, _lane_words(fmt, blocks, counters.lane))


def randn_attempt(fmt: Format, key: int, counters: Counters, attempt: int) -> Array:
    """Return standard normal numbers of one attempt (Box and Muller 1958)."""
    blocks = counters.blocks(key, attempt)
    if fmt.double:
        radius_lane, angle_lane = np.zeros_like(counters.lane), np.ones_like(counters.lane)
    else:
        radius_lane = counters.lane & np.uint32(2)
        angle_lane = radius_lane + np.uint32(1)
    with np.errstate(all="ignore"):
        u = _units(fmt, _lane_words(fmt, blocks, radius_lane)) + fmt.unit
        radius = np.sqrt(-2.0 * log_positive(fmt, u))
        sine, cosine = sincos_turn(fmt, _units(fmt, _lane_words(fmt, blocks, angle_lane)))
    return np.where(counters.lane & np.uint32(1), radius * sine, radius * cosine)


def draw_rand(key: int, counters: Counters, dtype: np.dtype[Any] | type = np.float64) -> Array:
    """Return uniform numbers in [0, 1), shape (n,)."""
    return rand_attempt(format_for(dtype), key, counters, 0)


def draw_randn(key: int, counters: Counters, dtype: np.dtype[Any] | type = np.float64) -> Array:
    """Return standard normal numbers, shape (n,)."""
    return randn_attempt(format_for(dtype), key, counters, 0)
