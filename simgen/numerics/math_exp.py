"""exp, expm1 and exprel, bit-equal to ``math_exp.h`` (which states method and errors)."""

from __future__ import annotations

import numpy as np

from simgen.numerics.format import Array, Format, clear_sign, elementwise, poly, sum_error

_LOG2_E = 1.4426950408889634, 1.442695
_LN2_HIGH = 0.6931471805601177, 0.69317627
_LN2_LOW = -1.7239444525614835e-13, -2.9088971e-05
_EVEN = (
    (
        0.5000000000000011,
        0.041666666666528955,
        0.0013888888944018642,
        2.4801492635230588e-05,
        2.763043245930663e-07,
    ),
    (4.9999994e-01, 4.1668452e-02, 1.381025e-03),
)
_ODD = (
    (
        0.16666666666666397,
        0.008333333333505003,
        0.00019841269482463397,
        2.7557608941583907e-06,
        2.4992619569063685e-08,
    ),
    (1.666652e-01, 8.368821e-03),
)
_EXP_BOUNDS = (-746.0, 710.0), (-104.0, 89.0)
_EXPM1_BOUNDS = (-40.0, 717.0), (-18.0, 94.0)
EXPM1_SHIFT = 12, 9


def ln2_parts(fmt: Format) -> tuple[float, float]:
    """Return ln 2 in two parts, of which the first has room for a product with an exponent."""
    return _LN2_HIGH[not fmt.double], _LN2_LOW[not fmt.double]


def _exp_poly(fmt: Format, r: Array) -> Array:
    z = r * r
    return np.asarray(poly(z, _EVEN[not fmt.double]) + r * poly(z, _ODD[not fmt.double]))


def _bound(x: Array, bounds: tuple[float, float]) -> Array:
    bounded = np.where(x < bounds[0], x.dtype.type(bounds[0]), x)
    return np.where(bounded > bounds[1], x.dtype.type(bounds[1]), bounded)


def exp_with_tail(fmt: Format, x: Array, tail: Array | float) -> Array:
    """Return e^(x + tail) for a tail of at most a few ulps of x."""
    bounded = _bound(x, _EXP_BOUNDS[not fmt.double])
    ln2_high, ln2_low = ln2_parts(fmt)
    rounded = bounded * _LOG2_E[not fmt.double] + fmt.round
    k = rounded - fmt.round
    high = bounded - k * ln2_high
    low = k * ln2_low - tail
    r = high - low
    lost = (high - r) - low
    y = 1.0 + (r + (lost + r * r * _exp_poly(fmt, r)))
    bias = 2 * (fmt.bias + 1)
    biased = fmt.rounded_word(rounded) + fmt.word(bias)
    half = biased >> fmt.word(1)
    offset = fmt.word(bias // 2)
    first = fmt.power_of_2(half - offset)
    second = fmt.power_of_2((biased - half) - offset)
    return np.asarray(y * first * second)


def expm1_scaled(fmt: Format, x: Array) -> tuple[Array, Array]:
    """Return (e^x - 1) * 2^-12 (2^-9) as a sum of two parts."""
    bounded = _bound(x, _EXPM1_BOUNDS[not fmt.double])
    ln2_high, ln2_low = ln2_parts(fmt)
    shift = EXPM1_SHIFT[not fmt.double]
    rounded = bounded * _LOG2_E[not fmt.double] + fmt.round
    k = rounded - fmt.round
    high = bounded - k * ln2_high
    k_low = k * ln2_low
    r = high - k_low
    lost = (high - r) - k_low
    scale = fmt.power_of_2(fmt.rounded_word(rounded) - fmt.word(shift))
    whole = scale - 2.0**-shift
    part = scale * r
    total = whole + part
    low = sum_error(whole, part, total) + scale * (lost + r * r * _exp_poly(fmt, r))
    return total, low


@elementwise
def exp(fmt: Format, x: Array) -> Array:
    """Return e^x."""
    return exp_with_tail(fmt, x, 0.0)


@elementwise
def expm1(fmt: Format, x: Array) -> Array:
    """Return e^x - 1."""
    total, low = expm1_scaled(fmt, x)
    scaled = 2.0 ** EXPM1_SHIFT[not fmt.double] * (total + low)
    return np.where(clear_sign(fmt, x) < fmt.exact_below, x, scaled)


@elementwise
def exprel(fmt: Format, x: Array) -> Array:
    """Return (e^x - 1) / x, 1 at 0."""
    total, low = expm1_scaled(fmt, x)
    highest = fmt.real(_EXPM1_BOUNDS[not fmt.double][1])
    bounded = np.where(x > highest, highest, x)
    scaled = 2.0 ** EXPM1_SHIFT[not fmt.double] * ((total + low) / bounded)
    return np.where(clear_sign(fmt, x) < fmt.exact_below, fmt.real(1.0), scaled)
