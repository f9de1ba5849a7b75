"""Logarithms, bit-equal to ``cuda_kernels/common/math_log.h`` (method and errors there)."""

from __future__ import annotations

import numpy as np

from simgen.numerics.format import (
    Array,
    Format,
    clear_sign,
    elementwise,
    poly,
    product_error,
    sum_error,
)
from simgen.numerics.math_exp import ln2_parts

_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD, 0x3F3504F3
_EVEN = 0.6666666666666735, 0.2857142874276374, 0.181835666643296, 0.1479662425948789
_ODD = 0.39999999999413144, 0.22222198531285986, 0.15313986841148744
_REST_F32 = 6.6666776e-01, 3.997752e-01, 2.987231e-01
_TWO_PARTS = (
    (
        0.2000000000000113,
        0.1428571428504828,
        0.11111111260241091,
        0.09090892158244125,
        0.07693379868755088,
        0.06628380045401185,
        0.06598439041627013,
    ),
    (1.9999999e-01, 1.4285937e-01, 1.1092491e-01, 9.7342044e-02),
)
_THIRD = (0.3333333333333333, 1.850371707708594e-17), (0.33333334, -9.934108e-09)
_LOG10_E = (0.4342944819032518, 1.098319650216765e-17), (0.4342945, -1.010305e-08)
_LOG2_E = (1.4426950408889634, 2.0355273740931033e-17), (1.442695, 1.925963e-08)


def _split_exponent(fmt: Format, x: Array) -> tuple[Array, Array]:
    """Return m in [sqrt(1/2), sqrt(2)) and k with x = m 2^k, for positive finite x."""
    shift = fmt.word(fmt.fraction_bits)
    extra = 54 if fmt.double else 25
    tiny = x < fmt.smallest_normal
    bits = fmt.bits(np.where(tiny, x * fmt.real(2.0**extra), x))
    one = fmt.word(fmt.bias << fmt.fraction_bits)
    biased = (bits + (one - fmt.word(_SQRT_HALF_BITS[not fmt.double]))) >> shift
    offset = np.where(tiny, fmt.bias + extra, fmt.bias).astype(fmt.real) + fmt.whole_from
    whole_word = fmt.word((fmt.bias + fmt.fraction_bits) << fmt.fraction_bits)
    k = fmt.from_bits(whole_word | biased) - offset
    return fmt.from_bits(bits - ((biased - fmt.word(fmt.bias)) << shift)), k


def _log_sum(fmt: Format, k: Array, f: Array, tail: Array | float) -> Array:
    """Return k ln 2 + log(1 + f) + tail."""
    s = f / (2.0 + f)
    z = s * s
    if fmt.double:
        square = z * z
        rest = z * (poly(square, _EVEN) + z * poly(square, _ODD))
    else:
        rest = z * poly(z, _REST_F32)
    half = 0.5 * f * f
    ln2_high, ln2_low = ln2_parts(fmt)
    low = s * (half + rest) + (k * ln2_low + tail)
    return np.asarray(k * ln2_high - ((half - low) - f))


def _log_limits(fmt: Format, x: Array, y: Array) -> Array:
    """Return y, or the limits of a logarithm at 0, below 0, at infinity and NaN."""
    finite = np.where(x < np.inf, y, x)
    positive = np.where(x == 0.0, fmt.real(-np.inf), finite)
    return np.where(x < 0.0, fmt.real(np.nan), positive)


def log_positive(fmt: Format, x: Array) -> Array:
    """Return log x for positive finite x."""
    m, k = _split_exponent(fmt, x)
    return _log_sum(fmt, k, m - 1.0, 0.0)


def _log_two_parts(fmt: Format, f: Array) -> tuple[Array, Array]:
    """Return log(1 + f) as a sum of two parts."""
    third, third_low = _THIRD[not fmt.double]
    d = 2.0 + f
    d_low = sum_error(fmt.real(2.0), f, d)
    s = f / d
    p = s * d
    s_low = (((f - p) - product_error(fmt, s, d, p)) - s * d_low) / d
    z = s * s
    z_low = product_error(fmt, s, s, z) + 2.0 * s * s_low
    q = z * poly(z, _TWO_PARTS[not fmt.double])
    t = third + q
    t_low = ((third - t) + q) + third_low
    w = z * t
    w_low = product_error(fmt, z, t, w) + (z * t_low + z_low * t)
    a = 2.0 * s
    a_low = 2.0 * s_low
    v = a * w
    v_low = product_error(fmt, a, w, v) + (a * w_low + a_low * w)
    total = a + v
    return total, ((a - total) + v) + (v_low + a_low)


def log_extended(fmt: Format, x: Array) -> tuple[Array, Array]:
    """Return log x as a sum of two parts, for positive finite x."""
    m, k = _split_exponent(fmt, x)
    part, part_low = _log_two_parts(fmt, m - 1.0)
    ln2_high, ln2_low = ln2_parts(fmt)
    base = k * ln2_high
    total = base + part
    rest = sum_error(base, part, total) + (part_low + k * ln2_low)
    y = total + rest
    return y, rest - (y - total)


def _times_constant(
    fmt: Format, high: Array, low: Array, constant: tuple[float, float]
) -> tuple[Array, Array]:
    """Return (high + low) * constant as a sum of two parts."""
    p = high * constant[0]
    rest = product_error(fmt, high, constant[0], p) + (high * constant[1] + low * constant[0])
    return p, rest


@elementwise
def log(fmt: Format, x: Array) -> Array:
    """Return the natural logarithm."""
    return _log_limits(fmt, x, log_positive(fmt, x))


@elementwise
def log1p(fmt: Format, x: Array) -> Array:
    """Return log(1 + x)."""
    total = 1.0 + x
    lost = sum_error(fmt.real(1.0), x, total)
    m, k = _split_exponent(fmt, total)
    part = m - 1.0
    rest = lost * (m / total)
    f = part + rest
    tail = (rest - (f - part)) / (1.0 + f)
    y = _log_limits(fmt, total, _log_sum(fmt, k, f, tail))
    return np.where(clear_sign(fmt, x) < fmt.exact_below, x, y)


@elementwise
def log10(fmt: Format, x: Array) -> Array:
    """Return the decimal logarithm."""
    p, rest = _times_constant(fmt, *log_extended(fmt, x), _LOG10_E[not fmt.double])
    return _log_limits(fmt, x, p + rest)


@elementwise
def log2(fmt: Format, x: Array) -> Array:
    """Return the binary logarithm."""
    m, k = _split_exponent(fmt, x)
    p, rest = _times_constant(fmt, *_log_two_parts(fmt, m - 1.0), _LOG2_E[not fmt.double])
    total = k + p
    return _log_limits(fmt, x, total + (sum_error(k, p, total) + rest))
