"""Poisson, binomial and hypergeometric numbers at counters, with the bits of compiled programs.

The methods, their sources and their bounds are stated in ``cuda_kernels/common/poisson.h`` and
``binomial.h``, and in ``cuda_kernels/cpu/hypergeometric.h``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.numerics.format import F64, Array, Format, poly
from simgen.numerics.philox import Counters
from simgen.numerics.portable import exp, log, log1p, to_int
from simgen.numerics.uniform import format_for, rand_attempt

_TRIES, _HYPERGEOMETRIC_TRIES = 32, 64
_INVERSION_MEAN = 10.0
_NEGLIGIBLE = 1e-20, 1e-12
_STIRLING = (
    0.08333333333333333,
    -0.002777777777777778,
    0.0007936507936507937,
    -0.0005952380952380953,
)
_EXACT_FACTORIALS = 15
_FACTORIALS = np.cumprod(np.maximum(np.arange(_EXACT_FACTORIALS + 1), 1)).astype(np.float64)


def _stirling_error(fmt: Format, k: Array) -> Array:
    """Return log k! - log(sqrt(2 pi k) (k / e)^k) for whole k >= 1."""
    inverse = 1.0 / k
    series = inverse * poly(inverse * inverse, _STIRLING)
    if not fmt.double:
        return series
    factorial = _FACTORIALS[np.clip(k, 1, _EXACT_FACTORIALS).astype(np.int64)]
    exact = log(factorial) - ((k + 0.5) * log(k) - k + 0.9189385332046728)
    return np.where(k > _EXACT_FACTORIALS, series, exact)


def _deviance(fmt: Format, x: Array, mean: Array) -> Array:
    """Return x log(x / mean) + mean - x."""
    d = (x - mean) / mean
    return np.where(x == 0.0, mean, mean * ((1.0 + d) * log1p(d) - d))


def _poisson_log_probability(fmt: Format, k: Array, mean: Array) -> Array:
    positive = np.where(k < 1.0, fmt.real(1.0), k)
    value = -0.5 * log(6.283185307179586 * positive) - _stirling_error(fmt, positive)
    return np.where(k < 1.0, -mean, value - _deviance(fmt, positive, mean))


def _invert(
    fmt: Format, u: Array, probability: Array, ratio: Callable[[float, NDArray[Any]], Array]
) -> Array:
    """Return the smallest k whose summed probability exceeds u.

    ``ratio(k, at)`` is the probability of k over that of k - 1 for the elements ``at``.
    """
    k = np.zeros_like(u)
    u, probability = u.copy(), probability.copy()
    at = np.arange(len(u))
    current = 0.0
    while True:
        open_ = (u[at] >= probability[at]) & (probability[at] >= _NEGLIGIBLE[not fmt.double])
        at = at[open_]
        if not len(at):
            return k
        u[at] -= probability[at]
        current += 1.0
        k[at] = current
        probability[at] *= ratio(current, at)


def _poisson_rejection(fmt: Format, key: int, counters: Counters, mean: Array) -> Array:
    result = np.floor(mean + 0.5)
    b = 0.931 + 2.53 * np.sqrt(mean)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    sure = 0.9277 - 3.6224 / (b - 2.0)
    at = np.arange(len(mean))
    for attempt in range(0, 2 * _TRIES, 2):
        if not len(at):
            break
        here = counters.take(at)
        u = rand_attempt(fmt, key, here, attempt) - 0.5
        v = rand_attempt(fmt, key, here, attempt + 1)
        us = 0.5 - np.abs(u)
        k = np.floor((2.0 * a[at] / us + b[at]) * u + mean[at] + 0.43)
        quick = (us >= 0.07) & (v <= sure[at])
        possible = ~((k < 0.0) | ((us < 0.013) & (v > us)))
        share = v * inverse_alpha[at] / (a[at] / (us * us) + b[at])
        accepted = log(share) <= _poisson_log_probability(fmt, k, mean[at])
        done = quick | (possible & accepted)
        result[at[done]] = k[done]
        at = at[~done]
    return result


def draw_poisson(
    key: int, counters: Counters, mean: Any, dtype: np.dtype[Any] | type = np.float64
) -> NDArray[np.int64]:
    """Return Poisson numbers, int64 (n,); 0 where the mean is not positive."""
    fmt = format_for(dtype)
    means = np.array(np.broadcast_to(np.asarray(mean, dtype=fmt.real), counters.c0.shape))
    result = np.zeros(len(means), dtype=np.int64)
    with np.errstate(all="ignore"):
        result[means >= fmt.real(9e18)] = 2**63 - 1
        low = np.flatnonzero((means > 0.0) & (means < _INVERSION_MEAN))
        part = means[low]
        u = rand_attempt(fmt, key, counters.take(low), 0)
        result[low] = to_int(_invert(fmt, u, exp(-part), lambda k, at: part[at] / fmt.real(k)))
        high = np.flatnonzero((means >= _INVERSION_MEAN) & (means < fmt.real(9e18)))
        result[high] = to_int(_poisson_rejection(fmt, key, counters.take(high), means[high]))
    return result


def _binomial_log_probability(fmt: Format, k: Array, count: Array, q: Array) -> Array:
    one = fmt.real(1.0)
    left = count - k
    inner_k, inner_left = np.where(k < 1.0, one, k), np.where(left < 1.0, one, left)
    value = (
        _stirling_error(fmt, count)
        - _stirling_error(fmt, inner_k)
        - _stirling_error(fmt, inner_left)
        - _deviance(fmt, inner_k, count * q)
        - _deviance(fmt, inner_left, count * (1.0 - q))
        + 0.5 * log(count / inner_k / (6.283185307179586 * inner_left))
    )
    value = np.where(left < 1.0, count * log(q), value)
    return np.asarray(np.where(k < 1.0, count * log1p(-q), value))


def _binomial_rejection(fmt: Format, key: int, counters: Counters, count: Array, q: Array) -> Array:
    deviation = np.sqrt(count * q * (1.0 - q))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * q
    center = count * q + 0.5
    sure = 0.92 - 4.2 / b
    alpha = (2.83 + 5.1 / b) * deviation
    peak = _binomial_log_probability(fmt, np.floor((count + 1.0) * q), count, q)
    result = np.floor(center)
    at = np.arange(len(q))
    for attempt in range(0, 2 * _TRIES, 2):
        if not len(at):
            break
        here = counters.take(at)
        u = rand_attempt(fmt, key, here, attempt) - 0.5
        v = rand_attempt(fmt, key, here, attempt + 1)
        us = 0.5 - np.abs(u)
        k = np.floor((2.0 * a[at] / us + b[at]) * u + center[at])
        quick = (us >= 0.07) & (v <= sure[at])
        possible = ~((k < 0.0) | (k > count[at]))
        share = v * alpha[at] / (a[at] / (us * us) + b[at])
        log_probability = _binomial_log_probability(fmt, k, count[at], q[at])
        done = quick | (possible & (log(share) <= log_probability - peak[at]))
        result[at[done]] = k[done]
        at = at[~done]
    return result


def draw_binomial(
    key: int, counters: Counters, n: Any, p: Any, dtype: np.dtype[Any] | type = np.float64
) -> NDArray[np.int64]:
    """Return successes of n trials at probability p (clipped to [0, 1], NaN as 0), int64 (n,)."""
    fmt = format_for(dtype)
    shape = counters.c0.shape
    trials = np.array(np.broadcast_to(np.asarray(n, dtype=np.int64), shape))
    share = np.array(np.broadcast_to(np.asarray(p, dtype=fmt.real), shape))
    result = np.zeros(shape, dtype=np.int64)
    with np.errstate(all="ignore"):
        sure = (trials > 0) & (share >= 1.0)
        result[sure] = trials[sure]
        count = trials.astype(fmt.real)
        q = np.where(share > 0.5, 1.0 - share, share)
        open_ = (trials > 0) & (share > 0.0) & (share < 1.0)
        few = np.flatnonzero(open_ & (count * q < _INVERSION_MEAN))
        some, rare = count[few], q[few]
        odds = rare / (1.0 - rare)
        u = rand_attempt(fmt, key, counters.take(few), 0)
        result[few] = to_int(
            _invert(
                fmt,
                u,
                exp(some * log1p(-rare)),
                lambda k, at: (some[at] - fmt.real(k) + 1.0) / fmt.real(k) * odds[at],
            )
        )
        many = np.flatnonzero(open_ & ~(count * q < _INVERSION_MEAN))
        result[many] = to_int(
            _binomial_rejection(fmt, key, counters.take(many), count[many], q[many])
        )
    mirrored = open_ & (share > 0.5)
    result[mirrored] = trials[mirrored] - result[mirrored]
    return result


def _hypergeometric_log_weight(k: Array, good: Array, bad: Array, sample: Array, q: Array) -> Array:
    first = _binomial_log_probability(F64, k, good, q)
    return np.asarray(first + _binomial_log_probability(F64, sample - k, bad, q))


def _hypergeometric_rejection(
    key: int, counters: Counters, good: Array, bad: Array, sample: Array
) -> Array:
    count = good + bad
    q = sample / count
    mean = good * q
    variance = mean * (bad / count) * ((count - sample) / (count - 1.0))
    center = mean + 0.5
    width = 1.7155277699214135 * np.sqrt(variance + 0.5) + 0.8989161620588986
    mode = np.floor((sample + 1.0) * ((good + 1.0) / (count + 2.0)))
    most = np.minimum(good, sample)
    peak = _hypergeometric_log_weight(mode, good, bad, sample, q)
    result: Array = np.floor(mean)
    at = np.arange(len(q))
    for attempt in range(_HYPERGEOMETRIC_TRIES):
        if not len(at):
            break
        here = counters.take(at)
        u = rand_attempt(F64, key, here, attempt)
        v = rand_attempt(F64, key, replace(here, lane=here.lane + np.uint32(1)), attempt) - 0.5
        k = np.floor(center[at] + width[at] * (v / u))
        weight = _hypergeometric_log_weight(k, good[at], bad[at], sample[at], q[at])
        done = (k >= 0.0) & (k <= most[at]) & (2.0 * log(u) <= weight - peak[at])
        result[at[done]] = k[done]
        at = at[~done]
    return result


def draw_hypergeometric(
    key: int, counters: Counters, population: Any, good: Any, sample: Any
) -> NDArray[np.int64]:
    """Return how many good members are in a random sample of a population, int64 (n,).

    ``population`` below 2^64, ``good`` at most as many, ``sample`` at most as many and 2^53. The
    counters' lanes are 0: their blocks belong to these draws alone.
    """
    shape = counters.c0.shape
    every, marked, taken = (
        np.array(np.broadcast_to(np.asarray(value).astype(np.uint64), shape))
        for value in (population, good, sample)
    )
    rest, bad = every - taken, every - marked
    few, rare = np.minimum(taken, rest), np.minimum(marked, bad)
    drawn = np.zeros(shape)
    with np.errstate(all="ignore"):
        n, g, b = (part.astype(np.float64) for part in (few, rare, np.maximum(marked, bad)))
        q = n / (g + b)
        open_ = (few > 0) & (rare > 0)
        low = np.flatnonzero(open_ & (g * q < _INVERSION_MEAN))
        some, good_, bad_, rate = n[low], g[low], b[low], q[low]
        nothing = _hypergeometric_log_weight(0.0 * some, good_, bad_, some, rate)
        nothing = nothing - _binomial_log_probability(F64, some, good_ + bad_, rate)

        def ratio(k: float, at: NDArray[Any]) -> Array:
            first = (good_[at] - k + 1.0) / k
            return np.asarray(first * ((some[at] - k + 1.0) / (bad_[at] - some[at] + k)))

        u = rand_attempt(F64, key, counters.take(low), 0)
        drawn[low] = _invert(F64, u, exp(nothing), ratio)
        high = np.flatnonzero(open_ & ~(g * q < _INVERSION_MEAN))
        drawn[high] = _hypergeometric_rejection(key, counters.take(high), g[high], b[high], n[high])
    found = to_int(drawn)
    found = np.where(marked > bad, few.astype(np.int64) - found, found)
    found = np.where(taken > rest, marked.astype(np.int64) - found, found)
    least = np.where(taken > bad, taken - np.minimum(bad, taken), np.uint64(0)).astype(np.int64)
    return np.clip(found, least, np.minimum(marked, taken).astype(np.int64))
