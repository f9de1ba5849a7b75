"""The two floating point formats of the portable functions, and the wrapper that every one has.

The functions of ``math_*.py`` repeat the arithmetic of ``cuda_kernels/common/math_*.h`` operation
by operation, so that their results have the same bits as those of compiled programs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]  # float32 or float64 throughout one call


@dataclass(frozen=True, slots=True)
class Format:
    """What the arithmetic must know of a binary floating point format."""

    real: type[np.floating[Any]]
    word: type[np.unsignedinteger[Any]]
    fraction_bits: int  # stored bits of the significand
    bias: int  # of the exponent
    splitter: float  # Veltkamp's factor: halves a significand
    unit: float  # half the distance from 1 to the next number below 2, 2^-53 or 2^-24
    smallest_normal: float

    @property
    def double(self) -> bool:
        """Whether this is float64."""
        return self.bias == 1023

    @property
    def round(self) -> float:
        """1.5 * 2^52 (2^23): adding it rounds to an integer, then found in the low bits."""
        return 1.5 * 2.0**self.fraction_bits

    @property
    def whole_from(self) -> float:
        """2^52 (2^23), from where on all numbers are integers."""
        return 2.0**self.fraction_bits

    @property
    def sign_bit(self) -> int:
        """The word of -0."""
        return 1 << (self.fraction_bits + (11 if self.double else 8))

    @property
    def exact_below(self) -> float:
        """2^-54 (2^-25): where x and e.g. sinh x round to the same number."""
        return 0.5 * self.unit

    def bits(self, x: Array) -> Array:
        """Return the words of floating point numbers."""
        return x.view(self.word)

    def from_bits(self, words: Array) -> Array:
        """Return the floating point numbers of words."""
        numbers: Array = words.view(self.real)
        return numbers

    def power_of_2(self, exponent: Array) -> Array:
        """Return 2^exponent for exponents given as (wrapping) words, in the normal range."""
        return self.from_bits((exponent + self.word(self.bias)) << self.word(self.fraction_bits))

    def rounded_word(self, rounded: Array) -> Array:
        """Return as a (wrapping) word the integer held by a number to which ``round`` was added."""
        offset = (self.bias + self.fraction_bits << self.fraction_bits) + (
            1 << self.fraction_bits - 1
        )
        return np.asarray(self.bits(rounded) - self.word(offset))


F64 = Format(np.float64, np.uint64, 52, 1023, 134217729.0, 2.0**-53, 2.0**-1022)
F32 = Format(np.float32, np.uint32, 23, 127, 4097.0, 2.0**-24, 2.0**-126)


def format_of(*values: Any) -> Format:
    """Return the format in which a function of these values computes: float32 only for float32."""
    return F32 if np.result_type(*values) == np.float32 else F64


def elementwise(function: Callable[..., Array]) -> Callable[..., Any]:
    """Wrap a function of a format and flat arrays: broadcasts, keeps the shape, warns of nothing.

    Results are float32 where all arguments are float32 (or Python scalars), else float64.
    """

    @functools.wraps(function)
    def portable(*values: Any) -> Any:
        fmt = format_of(*values)
        arrays = np.broadcast_arrays(*(np.asarray(value, dtype=fmt.real) for value in values))
        with np.errstate(all="ignore"):
            result = function(fmt, *(np.ascontiguousarray(array).ravel() for array in arrays))
        return result.reshape(arrays[0].shape)[()]

    return portable


def poly(z: Array, coefficients: tuple[float, ...]) -> Array:
    """Return the polynomial with these coefficients, lowest first, by Horner's rule."""
    total: Any = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = coefficient + z * total
    return np.asarray(total, dtype=z.dtype)


def sum_error(a: Any, b: Any, total: Array) -> Array:
    """Return a + b - total exactly, where total = fl(a + b) (Knuth's two-sum)."""
    part = total - a
    return np.asarray((a - (total - part)) + (b - part), dtype=total.dtype)


def product_error(fmt: Format, a: Array, b: Any, product: Array) -> Array:
    """Return a * b - product exactly, where product = fl(a * b) (Veltkamp's split, Dekker)."""
    b = np.asarray(b, dtype=fmt.real)
    wide_a = a * fmt.splitter
    wide_b = b * fmt.splitter
    high_a = wide_a - (wide_a - a)
    high_b = wide_b - (wide_b - b)
    low_a = a - high_a
    low_b = b - high_b
    rest = ((product - high_a * high_b) - low_a * high_b) - high_a * low_b
    return np.asarray(low_a * low_b - rest, dtype=fmt.real)


def clear_sign(fmt: Format, x: Array) -> Array:
    """Return |x|."""
    return fmt.from_bits(fmt.bits(x) & fmt.word(fmt.sign_bit - 1))


def with_sign(fmt: Format, size: Array, sign: Array) -> Array:
    """Return |size| with the sign of ``sign``."""
    return fmt.from_bits(
        (fmt.bits(size) & fmt.word(fmt.sign_bit - 1)) | (fmt.bits(sign) & fmt.word(fmt.sign_bit))
    )
