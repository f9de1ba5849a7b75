"""arctan, arcsin and arccos, bit-equal to ``cuda_kernels/common/math_inverse.h`` (method there)."""

from __future__ import annotations

import numpy as np

from simgen.numerics.format import (
    Array,
    Format,
    clear_sign,
    elementwise,
    poly,
    product_error,
    with_sign,
)

_TAN_EIGHTH = (0.41421356237309503, 2.414213562373095), (0.41421357, 2.4142135)
_HALF_PI = (1.5707963267948966, 6.123233995736766e-17), (1.5707964, -4.371139e-08)
_QUARTER_PI = (0.7853981633974483, 3.061616997868383e-17), (0.7853982, -2.1855694e-08)
_PI = (3.141592653589793, 1.2246467991473532e-16), (3.1415927, -8.742278e-08)
_ARCTAN_EVEN = (
    -0.333333333333332,
    -0.14285714280215758,
    -0.0909089778524281,
    -0.06663109352810176,
    -0.05039464981832344,
    -0.017911232303927174,
)
_ARCTAN_ODD = (
    0.19999999999953774,
    0.11111110784424534,
    0.07692060695119876,
    0.05847926481182152,
    0.03806843672270747,
)
_ARCTAN_F32 = -3.3333316e-01, 1.9998485e-01, -1.4243767e-01, 1.0595363e-01, -6.08175e-02
_ARCSIN_EVEN = (
    0.16666666666665383,
    0.04464285682348952,
    0.022371753534688177,
    0.013884600435676698,
    0.006510909034037195,
    -0.01629384812905753,
)
_ARCSIN_ODD = (
    0.0750000000034304,
    0.030381959330854445,
    0.01735977091723274,
    0.012173266271802926,
    0.01957375758711492,
    0.031958816937297976,
)
_ARCSIN_F32 = 1.666666e-01, 7.500511e-02, 4.4515718e-02, 3.181763e-02, 1.44025395e-02, 3.7565287e-02


@elementwise
def arctan(fmt: Format, x: Array) -> Array:
    """Return the inverse tangent."""
    single = not fmt.double
    zero, one = fmt.real(0.0), fmt.real(1.0)
    half_pi, half_pi_low = (fmt.real(part) for part in _HALF_PI[single])
    quarter_pi, quarter_pi_low = (fmt.real(part) for part in _QUARTER_PI[single])
    a = clear_sign(fmt, x)
    small = a <= _TAN_EIGHTH[single][0]
    large = a > _TAN_EIGHTH[single][1]
    above = np.where(small, a, np.where(large, -one, a - 1.0))
    below = np.where(small, one, np.where(large, a, a + 1.0))
    base = np.where(small, zero, np.where(large, half_pi, quarter_pi))
    base_low = np.where(small, zero, np.where(large, half_pi_low, quarter_pi_low))
    t = above / below
    z = t * t
    if fmt.double:
        square = z * z
        p = poly(square, _ARCTAN_EVEN) + z * poly(square, _ARCTAN_ODD)
    else:
        p = poly(z, _ARCTAN_F32)
    return with_sign(fmt, base + (t + (base_low + t * z * p)), x)


def _arcsin_part(fmt: Format, size: Array) -> tuple[Array, Array]:
    """Return arcsin(s) in two parts, s = |x| up to 1/2, else sqrt((1 - |x|) / 2)."""
    small = size <= 0.5
    z = np.where(small, size * size, 0.5 * (1.0 - size))
    root = np.sqrt(z)
    s = np.where(small, size, root)
    p = root * root
    rest = ((z - p) - product_error(fmt, root, root, p)) / (2.0 * root)
    root_low = np.where(small | (root == 0.0), fmt.real(0.0), rest)
    if fmt.double:
        square = z * z
        series = poly(square, _ARCSIN_EVEN) + z * poly(square, _ARCSIN_ODD)
    else:
        series = poly(z, _ARCSIN_F32)
    return s, root_low + s * z * series


@elementwise
def arcsin(fmt: Format, x: Array) -> Array:
    """Return the inverse sine, NaN outside [-1, 1]."""
    half_pi, half_pi_low = _HALF_PI[not fmt.double]
    size = clear_sign(fmt, x)
    s, low = _arcsin_part(fmt, size)
    base = half_pi - 2.0 * s
    lost = (half_pi - base) - 2.0 * s
    y = base + (lost + (half_pi_low - 2.0 * low))
    return with_sign(fmt, np.where(size <= 0.5, s + low, y), x)


@elementwise
def arccos(fmt: Format, x: Array) -> Array:
    """Return the inverse cosine, NaN outside [-1, 1]."""
    zero, one, two = fmt.real(0.0), fmt.real(1.0), fmt.real(2.0)
    half_pi, half_pi_low = (fmt.real(part) for part in _HALF_PI[not fmt.double])
    pi, pi_low = (fmt.real(part) for part in _PI[not fmt.double])
    size = clear_sign(fmt, x)
    s, low = _arcsin_part(fmt, size)
    small = size <= 0.5
    negative = x < 0.0
    factor = np.where(small, with_sign(fmt, np.full_like(x, one), x), np.where(negative, two, -two))
    whole = np.where(small, half_pi, np.where(negative, pi, zero))
    whole_low = np.where(small, half_pi_low, np.where(negative, pi_low, zero))
    part = factor * s
    base = whole - part
    lost = (whole - base) - part
    return np.asarray(base + (lost + (whole_low - factor * low)))
