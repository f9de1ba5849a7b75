"""sinh, cosh and tanh, bit-equal to ``cuda_kernels/common/math_hyperbolic.h`` (method there)."""

from __future__ import annotations

import numpy as np

from simgen.numerics.format import (
    Array,
    Format,
    clear_sign,
    elementwise,
    product_error,
    sum_error,
    with_sign,
)
from simgen.numerics.math_exp import EXPM1_SHIFT, expm1_scaled

_SIZE_BOUND = 717.0, 94.0
_SINH_BOUND = 1e30, 1e15
_TANH_BOUND = 22.0, 10.0
_TANH_LINEAR_BELOW = 2.0**-28, 2.0**-13


def _bounded(fmt: Format, size: Array) -> Array:
    highest = fmt.real(_SIZE_BOUND[not fmt.double])
    return np.where(size > highest, highest, size)


@elementwise
def sinh(fmt: Format, x: Array) -> Array:
    """Return the hyperbolic sine."""
    scale = 2.0 ** EXPM1_SHIFT[not fmt.double]
    size = clear_sign(fmt, x)
    total, low = expm1_scaled(fmt, _bounded(fmt, size))
    scaled = total + low
    t = scale * scaled
    highest = fmt.real(_SINH_BOUND[not fmt.double])
    bounded = np.where(t > highest, highest, t)
    y = 0.5 * scale * scaled + 0.5 * (bounded / (bounded + 1.0))
    return with_sign(fmt, np.where(size < fmt.exact_below, size, y), x)


@elementwise
def cosh(fmt: Format, x: Array) -> Array:
    """Return the hyperbolic cosine."""
    scale = 2.0 ** EXPM1_SHIFT[not fmt.double]
    size = clear_sign(fmt, x)
    total, low = expm1_scaled(fmt, _bounded(fmt, size))
    scaled = (total + 1.0 / scale) + low
    y = 0.5 * scale * scaled + 0.5 / (scale * scaled)
    return np.where(size < fmt.exact_below, fmt.real(1.0), y)


@elementwise
def tanh(fmt: Format, x: Array) -> Array:
    """Return the hyperbolic tangent."""
    two = 2.0 / 2.0 ** EXPM1_SHIFT[not fmt.double]
    highest = fmt.real(_TANH_BOUND[not fmt.double])
    size = clear_sign(fmt, x)
    bounded = np.where(size > highest, highest, size)
    total, rest = expm1_scaled(fmt, 2.0 * bounded)
    t = total + rest
    t_low = (total - t) + rest
    d = t + two
    d_low = sum_error(t, fmt.real(two), d) + t_low
    inverse = 1.0 / d
    quotient = t * inverse
    p = quotient * d
    remainder = ((t - p) - product_error(fmt, quotient, d, p)) + (t_low - quotient * d_low)
    y = quotient + remainder * inverse
    return with_sign(fmt, np.where(size < _TANH_LINEAR_BELOW[not fmt.double], size, y), x)
