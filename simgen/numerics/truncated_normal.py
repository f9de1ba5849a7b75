"""Normal numbers confined to an interval, bit-equal to ``truncated_normal.h``."""

from __future__ import annotations

from typing import Any

import numpy as np

from simgen.numerics.format import Array, Format
from simgen.numerics.philox import Counters
from simgen.numerics.portable import clip, exp, log
from simgen.numerics.uniform import format_for, rand_attempt, randn_attempt

_NORMAL_TRIES = 64
_PROPOSAL_TRIES = 32
_NORMAL_FROM = 2.5066282746310002  # sqrt(2 pi)
_FAR = 1e9, 1e5


def _normal_proposals(fmt: Format, key: int, counters: Counters, a: Array, b: Array) -> Array:
    result = np.zeros_like(a)
    at = np.arange(len(a))
    for attempt in range(_NORMAL_TRIES):
        if not len(at):
            break
        z = randn_attempt(fmt, key, counters.take(at), attempt)
        done = (z >= a[at]) & (z <= b[at])
        result[at[done]] = z[done]
        at = at[~done]
    return result


def _uniform_proposals(fmt: Format, key: int, counters: Counters, a: Array, b: Array) -> Array:
    result = np.zeros_like(a)
    at = np.arange(len(a))
    for attempt in range(0, 2 * _PROPOSAL_TRIES, 2):
        if not len(at):
            break
        here = counters.take(at)
        z = a[at] + (b[at] - a[at]) * rand_attempt(fmt, key, here, attempt)
        done = rand_attempt(fmt, key, here, attempt + 1) <= exp(-0.5 * z * z)
        result[at[done]] = z[done]
        at = at[~done]
    return result


def _tail(fmt: Format, key: int, counters: Counters, a: Array, b: Array) -> Array:
    root = np.sqrt(a * a + 4.0)
    rate = 0.5 * (a + root)
    near_bound = a + exp(0.5 + 0.25 * a * (a - root)) / rate
    result = np.array(a)
    at = np.arange(len(a))
    for attempt in range(0, 2 * _PROPOSAL_TRIES, 2):
        if not len(at):
            break
        here = counters.take(at)
        u = rand_attempt(fmt, key, here, attempt)
        v = rand_attempt(fmt, key, here, attempt + 1)
        start, end = a[at], b[at]
        far = end > near_bound[at]
        z = np.where(far, start - log(1.0 - u) / rate[at], start + (end - start) * u)
        excess = z - rate[at]
        share = np.where(far, exp(-0.5 * excess * excess), exp(0.5 * (start - z) * (start + z)))
        done = (z <= end) & (v <= share)
        result[at[done]] = z[done]
        at = at[~done]
    return result


def draw_truncated_normal(
    key: int,
    counters: Counters,
    mean: Any,
    deviation: Any,
    low: Any,
    high: Any,
    dtype: np.dtype[Any] | type = np.float64,
) -> Array:
    """Return normal(mean, deviation) numbers given that they lie in [low, high], shape (n,).

    The mean, clipped, where the deviation is 0; NaN where it is negative, the interval is empty or
    an argument is NaN.
    """
    fmt = format_for(dtype)
    shape = counters.c0.shape
    m, s, lo, hi = (
        np.array(np.broadcast_to(np.asarray(value, dtype=fmt.real), shape))
        for value in (mean, deviation, low, high)
    )
    with np.errstate(all="ignore"):
        a, b = (lo - m) / s, (hi - m) / s
        mirrored = b <= 0.0
        start, end = np.where(mirrored, -b, a), np.where(mirrored, -a, b)
        beyond = start > fmt.real(_FAR[not fmt.double])
        z = np.zeros(shape, dtype=fmt.real)
        center = ~beyond & (start < 0.0)
        wide = end - start >= _NORMAL_FROM
        cases = (
            (center & wide, _normal_proposals),
            (center & ~wide, _uniform_proposals),
            (~beyond & ~center, _tail),
        )
        valid = (lo <= hi) & (s > 0.0) & (m == m)
        for case, propose in cases:
            at = np.flatnonzero(case & valid)
            z[at] = propose(fmt, key, counters.take(at), start[at], end[at])
        result = np.asarray(clip(m + s * np.where(mirrored, -z, z), lo, hi))
        result = np.where(beyond, np.where(mirrored, hi, lo), result)
        result = np.where(s == 0.0, clip(m, lo, hi), result)
    defined = (lo <= hi) & (s >= 0.0) & (m == m)
    return np.where(defined, result, fmt.real(np.nan))
