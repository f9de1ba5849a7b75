"""sin, cos and tan, bit-equal to ``cuda_kernels/common/math_trig.h`` (method and errors there)."""

from __future__ import annotations

import numpy as np

from simgen.numerics.format import Array, Format, clear_sign, elementwise, poly, sum_error

_TWO_OVER_PI = 0.6366197723675814, 0.63661975
_HALF_PI = (
    (1.5707963407039642, -1.3909067675399456e-08, 6.123233932053594e-17, 6.36831716351095e-25),
    (1.5703125, 0.0004837513, 7.5495336e-08, 2.563344e-12),
)
_HALF_PI_ROUNDED = 1.5707963267948966, 1.5707964
_HIGH_ROUND = 1.5 * 2.0**78, 1.5 * 2.0**34
_FOLD_FROM = 2.0**51, 2.0**22
_LINEAR_BELOW = 2.0**-28, 2.0**-14
_SIN = (
    (
        -0.16666666666666632,
        0.008333333333322366,
        -0.00019841269829768652,
        2.7557313677764396e-06,
        -2.505075581576397e-08,
        1.5896657808077625e-10,
    ),
    (-1.6666655e-01, 8.332176e-03, -1.951696e-04),
)
_COS = (
    (
        0.0416666666666666,
        -0.0013888888888874062,
        2.480158728944096e-05,
        -2.755731433989962e-07,
        2.0875721516310094e-09,
        -1.1359553564143972e-11,
    ),
    (4.1666646e-02, -1.3887364e-03, 2.4438072e-05),
)


def _reduce_angle(fmt: Format, x: Array) -> tuple[Array, Array, Array]:
    """Return the remainder of x after multiples of pi/2 in two parts, and the quadrant."""
    single = not fmt.double
    two_over_pi, big = _TWO_OVER_PI[single], _HIGH_ROUND[single]
    first, second, third_part, fourth_part = _HALF_PI[single]
    kept = fmt.word(fmt.sign_bit | (1 << fmt.fraction_bits) - 1)
    exponent = fmt.word((fmt.bias + (50 if fmt.double else 21)) << fmt.fraction_bits)
    folded = fmt.from_bits((fmt.bits(x) & kept) | exponent)
    angle = np.where(clear_sign(fmt, x) >= _FOLD_FROM[single], folded, x)
    q_high = (angle * two_over_pi + big) - big
    third = -(q_high * third_part)
    r = angle - q_high * first
    r = r - q_high * second
    rounded = (r + third) * two_over_pi + fmt.round
    q_low = rounded - fmt.round
    r = r - q_low * first
    r = r - q_low * second
    total = r + third
    lost = sum_error(r, third, total)
    fourth = -(q_low * third_part)
    final = total + fourth
    rest = (lost + sum_error(total, fourth, final)) - (q_high + q_low) * fourth_part
    y = final + rest
    return y, (final - y) + rest, fmt.bits(rounded)


def _sin_poly(fmt: Format, r: Array, low: Array | float) -> Array:
    z = r * r
    return np.asarray(r + (r * z * poly(z, _SIN[not fmt.double]) + low * (1.0 - 0.5 * z)))


def _cos_poly(fmt: Format, r: Array, low: Array | float) -> Array:
    z = r * r
    half = 0.5 * z
    whole = 1.0 - half
    rest = z * z * poly(z, _COS[not fmt.double]) - r * low
    return np.asarray(whole + (((1.0 - whole) - half) + rest))


def _in_quadrant(fmt: Format, sine: Array, cosine: Array, quadrant: Array) -> Array:
    """Return the sine of quadrant * pi/2 + an angle of this sine and cosine."""
    value = np.where(quadrant & fmt.word(1), cosine, sine)
    shift = fmt.word(62 if fmt.double else 30)
    return fmt.from_bits(fmt.bits(value) ^ ((quadrant & fmt.word(2)) << shift))


def _finite(fmt: Format, x: Array, y: Array) -> Array:
    return np.where(clear_sign(fmt, x) < np.inf, y, fmt.real(np.nan))


def _keep_small(fmt: Format, x: Array, y: Array) -> Array:
    """Return x where sine and tangent round to it (this keeps -0), else y."""
    return np.where(clear_sign(fmt, x) < _LINEAR_BELOW[not fmt.double], x, y)


@elementwise
def sin(fmt: Format, x: Array) -> Array:
    """Return the sine."""
    r, low, quadrant = _reduce_angle(fmt, x)
    y = _in_quadrant(fmt, _sin_poly(fmt, r, low), _cos_poly(fmt, r, low), quadrant)
    return _finite(fmt, x, _keep_small(fmt, x, y))


@elementwise
def cos(fmt: Format, x: Array) -> Array:
    """Return the cosine."""
    r, low, quadrant = _reduce_angle(fmt, x)
    sine, cosine = _sin_poly(fmt, r, low), _cos_poly(fmt, r, low)
    return _finite(fmt, x, _in_quadrant(fmt, sine, cosine, quadrant + fmt.word(1)))


@elementwise
def tan(fmt: Format, x: Array) -> Array:
    """Return the tangent."""
    r, low, quadrant = _reduce_angle(fmt, x)
    sine, cosine = _sin_poly(fmt, r, low), _cos_poly(fmt, r, low)
    odd = (quadrant & fmt.word(1)) != 0
    y = np.where(odd, -cosine, sine) / np.where(odd, sine, cosine)
    return _finite(fmt, x, _keep_small(fmt, x, y))


def sincos_turn(fmt: Format, u: Array) -> tuple[Array, Array]:
    """Return sine and cosine of 2 pi u for u in [0, 1)."""
    quarters = 4.0 * u
    rounded = quarters + fmt.round
    r = (quarters - (rounded - fmt.round)) * _HALF_PI_ROUNDED[not fmt.double]
    quadrant = fmt.bits(rounded)
    sine, cosine = _sin_poly(fmt, r, 0.0), _cos_poly(fmt, r, 0.0)
    return (
        _in_quadrant(fmt, sine, cosine, quadrant),
        _in_quadrant(fmt, sine, cosine, quadrant + fmt.word(1)),
    )
