"""pow, bit-equal to ``cuda_kernels/common/math_pow.h`` (method and errors there)."""

from __future__ import annotations

import numpy as np

from simgen.numerics.format import (
    Array,
    Format,
    clear_sign,
    elementwise,
    product_error,
    with_sign,
)
from simgen.numerics.math_exp import exp_with_tail
from simgen.numerics.math_log import log_extended

_LARGEST_EXPONENT = 2.0**65, 2.0**40
_TAIL_BELOW = 1024.0, 128.0


def _fraction(fmt: Format, y: Array) -> Array:
    """Return the distance of |y| from a whole number, 0 for integers and infinities."""
    size = clear_sign(fmt, y)
    whole = (size + fmt.whole_from) - fmt.whole_from
    return np.where(size < fmt.whole_from, size - whole, fmt.real(0.0))


def _pow_size(fmt: Format, size: Array, y: Array) -> Array:
    """Return |x|^y for positive finite |x|."""
    largest = fmt.real(_LARGEST_EXPONENT[not fmt.double])
    bounded = np.where(y > largest, largest, y)
    bounded = np.where(bounded < -largest, -largest, bounded)
    high, low = log_extended(fmt, size)
    p = bounded * high
    tail = product_error(fmt, bounded, high, p) + bounded * low
    near = clear_sign(fmt, p) < _TAIL_BELOW[not fmt.double]
    return exp_with_tail(fmt, p, np.where(near, tail, fmt.real(0.0)))


@elementwise
def power(fmt: Format, x: Array, y: Array) -> Array:
    """Return x^y with the special cases of C's pow."""
    zero, one, inf, nan = (fmt.real(value) for value in (0.0, 1.0, np.inf, np.nan))
    size = clear_sign(fmt, x)
    fraction = _fraction(fmt, y)
    half_fraction = _fraction(fmt, 0.5 * y)
    value = _pow_size(fmt, size, y)
    value = np.where(size == 0.0, np.where(y > 0.0, zero, inf), value)
    value = np.where(size == np.inf, np.where(y > 0.0, inf, zero), value)
    sign = np.where(half_fraction != 0.0, x, one)
    sign = np.where(fraction != 0.0, one, sign)  # only an odd y keeps the sign of x
    value = with_sign(fmt, value, sign)
    real = np.where(fraction != 0.0, nan, value)
    value = np.where((x < 0.0) & (size < np.inf), real, value)
    value = np.where((x != x) | (y != y), nan, value)
    return np.where((y == 0.0) | (x == 1.0), one, value)
