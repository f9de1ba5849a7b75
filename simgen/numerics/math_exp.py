"""exp, expm1, exprel and its reciprocal; ``math_exp.h``, bit-equal, states method and errors."""

from __future__ import annotations

import numpy as np

from simgen.numerics.format import Array, Format, clear_sign, elementwise

_LOG2_E = 1.4426950408889634, 1.442695
_LN2_HIGH = 0.6931471805601177, 0.69317627
_LN2_LOW = -1.7239444525614835e-13, -2.9088971e-05
_POLY = (
    (0.5000000000000011, 0.16666666666666397),
    (0.041666666666528955, 0.008333333333505003),
    (0.0013888888944018642, 0.00019841269482463397),
    (2.4801492635230588e-05, 2.7557608941583907e-06),
    (2.763043245930663e-07, 2.4992619569063685e-08),
)
_POLYF = (4.9999994e-01, 1.666652e-01), (4.1668452e-02, 8.368821e-03), 1.381025e-03
_EXP_BOUNDS = (-746.0, 710.0), (-104.0, 89.0)
_EXP_LIFT = 64, 32
_EXPM1_BOUNDS = (-40.0, 717.0), (-18.0, 94.0)
EXPM1_SHIFT = 12, 9


def ln2_parts(fmt: Format) -> tuple[float, float]:
    """Return ln 2 in two parts, of which the first has room for a product with an exponent."""
    return _LN2_HIGH[not fmt.double], _LN2_LOW[not fmt.double]


def _exp_poly(fmt: Format, r: Array, z: Array) -> Array:
    """Return (e^r - 1 - r) / r^2 by Estrin's scheme; z = r^2."""
    if not fmt.double:
        (a, b), (c, d), e = _POLYF
        return np.asarray((a + r * b) + z * ((c + r * d) + z * e))
    w = z * z
    pair = [even + r * odd for even, odd in _POLY]
    middle = pair[2] + z * pair[3]
    return np.asarray((pair[0] + z * pair[1]) + w * (middle + w * pair[4]))


def _reduce(fmt: Format, x: Array, tail: Array | float) -> tuple[Array, Array, Array]:
    """Return k + ``round``, and x + tail - k ln 2 as the difference of two parts."""
    ln2_high, ln2_low = ln2_parts(fmt)
    rounded = x * _LOG2_E[not fmt.double] + fmt.round
    k = rounded - fmt.round
    return rounded, x - k * ln2_high, k * ln2_low - tail


def exp_with_tail(fmt: Format, x: Array, tail: Array | float) -> Array:
    """Return e^(x + tail) for a tail of at most a few ulps of x."""
    rounded, high, low = _reduce(fmt, x, tail)
    r = high - low
    z = r * r
    y = np.asarray(1.0 + (high + (z * _exp_poly(fmt, r, z) - low)))
    lift = fmt.word(_EXP_LIFT[not fmt.double])
    twice = np.where(np.signbit(x), lift + lift, fmt.word(0))
    first = fmt.power_of_2(fmt.rounded_word(rounded) + twice - lift)
    y = y * first * fmt.power_of_2(lift - twice)
    lowest, highest = _EXP_BOUNDS[not fmt.double]
    return np.where(x < lowest, fmt.real(0.0), np.where(x > highest, fmt.real(np.inf), y))


def expm1_scaled(fmt: Format, x: Array) -> tuple[Array, Array]:
    """Return (e^x - 1) * 2^-12 (2^-9) as a sum of two parts."""
    rounded, high, k_low = _reduce(fmt, x, 0.0)
    r = high - k_low
    z = r * r
    shift = EXPM1_SHIFT[not fmt.double]
    scale = fmt.power_of_2(fmt.rounded_word(rounded) - fmt.word(shift))
    whole = scale - 2.0**-shift
    part = scale * high
    total = whole + part
    low = (part - (total - whole)) + scale * (z * _exp_poly(fmt, r, z) - k_low)
    return total, low


def _expm1_shifted(fmt: Format, x: Array) -> Array:
    """Return the rounded sum of the two parts, below the upper bound."""
    total, low = expm1_scaled(fmt, x)
    minus_one = fmt.real(-(2.0 ** -EXPM1_SHIFT[not fmt.double]))
    return np.where(x < _EXPM1_BOUNDS[not fmt.double][0], minus_one, total + low)


def _limit_above(fmt: Format, x: Array, y: Array, limit: float) -> Array:
    """Return y, but its limit where x is above the upper bound."""
    return np.where(x > _EXPM1_BOUNDS[not fmt.double][1], fmt.real(limit), y)


@elementwise
def exp(fmt: Format, x: Array) -> Array:
    """Return e^x."""
    return exp_with_tail(fmt, x, 0.0)


@elementwise
def expm1(fmt: Format, x: Array) -> Array:
    """Return e^x - 1."""
    y = 2.0 ** EXPM1_SHIFT[not fmt.double] * _expm1_shifted(fmt, x)
    return np.where(clear_sign(fmt, x) < fmt.exact_below, x, _limit_above(fmt, x, y, np.inf))


@elementwise
def exprel(fmt: Format, x: Array) -> Array:
    """Return (e^x - 1) / x, 1 at 0."""
    scaled = x * 2.0 ** -EXPM1_SHIFT[not fmt.double]
    y = _limit_above(fmt, x, _expm1_shifted(fmt, x) / scaled, np.inf)
    return np.where(scaled == 0.0, fmt.real(1.0), y)


@elementwise
def recip_exprel(fmt: Format, x: Array) -> Array:
    """Return x / (e^x - 1), 1 at 0."""
    scaled = x * 2.0 ** -EXPM1_SHIFT[not fmt.double]
    y = _limit_above(fmt, x, scaled / _expm1_shifted(fmt, x), 0.0)
    return np.where(scaled == 0.0, fmt.real(1.0), y)
