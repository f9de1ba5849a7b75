"""Roundings, Python's floor division and modulo, sign and clip, bit-equal to ``math_round.h``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.numerics.format import Array, Format, clear_sign, elementwise, product_error, with_sign

_RESOLVED_BELOW = 2.0**53, 2.0**24


@elementwise
def floor(fmt: Format, x: Array) -> Array:
    """Return the largest integer not above x."""
    return np.floor(x)


@elementwise
def ceil(fmt: Format, x: Array) -> Array:
    """Return the smallest integer not below x."""
    return np.ceil(x)


@elementwise
def sqrt(fmt: Format, x: Array) -> Array:
    """Return the square root (IEEE arithmetic has it)."""
    return np.sqrt(x)


@elementwise
def sign(fmt: Format, x: Array) -> Array:
    """Return -1, 0 or 1; NaN for NaN."""
    one = fmt.real(1.0)
    nonzero = np.where(x > 0.0, one, np.where(x < 0.0, -one, x))
    return np.where(x == 0.0, fmt.real(0.0), nonzero)


@elementwise
def clip(fmt: Format, x: Array, low: Array, high: Array) -> Array:
    """Return min(max(x, low), high); NaN if any argument is NaN."""
    raised = np.where((x < low) | (low != low), low, x)
    return np.where((raised > high) | (high != high), high, raised)


def to_int(x: Any) -> NDArray[np.int64]:
    """Return x without its fraction; 0 for NaN, the nearest int64 beyond their range."""
    values = np.asarray(x, dtype=np.float64)
    inside = (values >= -(2.0**63)) & (values < 2.0**63)
    whole = np.where(inside, values, 0.0).astype(np.int64)
    whole = np.where(values >= 2.0**63, np.int64(2**63 - 1), whole)
    return np.asarray(np.where(values < -(2.0**63), np.int64(-(2**63)), whole))


@elementwise
def mod(fmt: Format, a: Array, b: Array) -> Array:
    """Return Python's a % b, 0 where |a / b| is 2^53 (2^24) or more."""
    ratio = a / b
    quotient = np.floor(ratio)
    p = quotient * b
    r = (a - p) - product_error(fmt, quotient, b, p)
    r = np.where(((r < 0.0) & (b > 0.0)) | ((r > 0.0) & (b < 0.0)), r + b, r)
    r = np.where(clear_sign(fmt, ratio) < _RESOLVED_BELOW[not fmt.double], r, fmt.real(0.0))
    r = np.where(clear_sign(fmt, b) == np.inf, np.where((a < 0.0) == (b < 0.0), a, b), r)
    r = np.where((r == 0.0) | (a == 0.0), with_sign(fmt, np.zeros_like(b), b), r)
    undefined = ~(clear_sign(fmt, a) < np.inf) | (b == 0.0) | (b != b)
    return np.where(undefined, fmt.real(np.nan), r)


@elementwise
def floordiv(fmt: Format, a: Array, b: Array) -> Array:
    """Return Python's a // b."""
    ratio = a / b
    quotient = np.floor(ratio)
    p = quotient * b
    r = (a - p) - product_error(fmt, quotient, b, p)
    passed = ((r < 0.0) & (b > 0.0)) | ((r > 0.0) & (b < 0.0))
    unbounded = clear_sign(fmt, b) == np.inf
    resolved = (clear_sign(fmt, ratio) < _RESOLVED_BELOW[not fmt.double]) & ~unbounded
    quotient = np.where(passed & resolved, quotient - 1.0, quotient)
    below = unbounded & (a != 0.0) & ((a < 0.0) != (b < 0.0))
    quotient = np.where(below, fmt.real(-1.0), quotient)
    defined = (clear_sign(fmt, a) < np.inf) | (b == 0.0)
    return np.where(defined, quotient, fmt.real(np.nan))


def floordiv_int(a: Any, b: Any) -> NDArray[np.signedinteger[Any]]:
    """Return Python's a // b on integers; 0 for b = 0, no error at the smallest number // -1."""
    with np.errstate(all="ignore"):
        return np.asarray(np.floor_divide(a, b))


def mod_int(a: Any, b: Any) -> NDArray[np.signedinteger[Any]]:
    """Return Python's a % b on integers; 0 for b = 0."""
    with np.errstate(all="ignore"):
        return np.asarray(np.remainder(a, b))
