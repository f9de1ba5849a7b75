"""Accuracy, special values and manners of the portable functions."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from simgen.numerics import portable

POINTS = 400
INF, NAN = math.inf, math.nan


def exprel(x: Any) -> Any:
    return mpmath.expm1(x) / x if x else mpmath.mpf(1)


def recip_exprel(x: Any) -> Any:
    return x / mpmath.expm1(x) if x else mpmath.mpf(1)


# name: exact function, largest error in units in the last place, intervals of arguments
ACCURACY: dict[str, tuple[Callable[..., Any], float, list[tuple[float, float]]]] = {
    "exp": (mpmath.exp, 1.0, [(-80, 80), (-1, 1), (-1e-5, 1e-5)]),
    "expm1": (mpmath.expm1, 1.3, [(-30, 80), (-1, 1), (-1e-5, 1e-5)]),
    "exprel": (exprel, 2.0, [(-30, 80), (-1, 1), (-1e-5, 1e-5)]),
    "recip_exprel": (recip_exprel, 2.0, [(-30, 80), (-1, 1), (-1e-5, 1e-5)]),
    "log": (mpmath.log, 1.0, [(1e-30, 2), (0.7, 1.5), (0.999, 1.001), (1, 1e30)]),
    "log1p": (mpmath.log1p, 1.0, [(-0.99, 1), (-1e-5, 1e-5), (1, 1e30)]),
    "log2": (lambda x: mpmath.log(x, 2), 0.6, [(1e-30, 2), (0.7, 1.5), (1, 1e30)]),
    "log10": (mpmath.log10, 0.6, [(1e-30, 2), (0.7, 1.5), (1, 1e30)]),
    "sin": (mpmath.sin, 1.0, [(-1, 1), (-30, 30), (-1e5, 1e5), (-4e6, 4e6)]),
    "cos": (mpmath.cos, 1.0, [(-1, 1), (-30, 30), (-1e5, 1e5), (-4e6, 4e6)]),
    "tan": (mpmath.tan, 2.3, [(-1, 1), (-30, 30), (-1e5, 1e5)]),
    "sinh": (mpmath.sinh, 2.5, [(-80, 80), (-1, 1), (-1e-5, 1e-5)]),
    "cosh": (mpmath.cosh, 1.6, [(-80, 80), (-1, 1)]),
    "tanh": (mpmath.tanh, 1.0, [(-25, 25), (-1, 1), (-1e-5, 1e-5)]),
    "arcsin": (mpmath.asin, 1.0, [(-1, 1), (0.99, 1), (-1e-5, 1e-5)]),
    "arccos": (mpmath.acos, 1.0, [(-1, 1), (0.99, 1), (-1, -0.99)]),
    "arctan": (mpmath.atan, 1.8, [(-1, 1), (-30, 30), (-1e5, 1e5)]),
    "sqrt": (mpmath.sqrt, 0.5, [(0, 1e30)]),
}


def worst_error(got: np.ndarray, exact: list[Any]) -> float:
    """Return the largest error in units in the last place of the exact values."""
    rounded = np.array([float(value) for value in exact]).astype(got.dtype)
    spacing = np.spacing(np.abs(rounded)).astype(float)
    errors = [abs(mpmath.mpf(float(y)) - value) for y, value in zip(got, exact)]
    return max(float(error) / unit for error, unit in zip(errors, spacing))


@pytest.mark.parametrize("real", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("name", ACCURACY)
def test_error_stays_within_the_stated_ulps(name: str, real: type) -> None:
    exact, bound, intervals = ACCURACY[name]
    rng = np.random.default_rng(11)
    x = np.concatenate([rng.uniform(*interval, POINTS) for interval in intervals]).astype(real)
    with mpmath.workprec(160):
        values = [exact(mpmath.mpf(float(argument))) for argument in x]
        assert worst_error(portable.FUNCTIONS[name](x), values) <= bound


@pytest.mark.parametrize("real", [np.float64, np.float32], ids=["float64", "float32"])
def test_pow_stays_within_one_ulp(real: type) -> None:
    rng = np.random.default_rng(12)
    x = np.concatenate((rng.uniform(0, 20, 800), 1 + rng.uniform(-1e-4, 1e-4, 800))).astype(real)
    y = np.concatenate((rng.uniform(-25, 25, 800), rng.uniform(-3e5, 3e5, 800))).astype(real)
    with mpmath.workprec(160):
        exact = [mpmath.power(mpmath.mpf(float(a)), mpmath.mpf(float(b))) for a, b in zip(x, y)]
        assert worst_error(portable.power(x, y), exact) <= 1.0


def test_pow_of_small_integers_is_exact() -> None:
    base, exponent = (side.ravel() for side in np.meshgrid(np.arange(-9.0, 10), np.arange(0.0, 17)))
    expected = [float(int(b) ** int(e)) for b, e in zip(base, exponent)]
    np.testing.assert_array_equal(portable.power(base, exponent), expected)


def test_pow_has_the_special_cases_of_c() -> None:
    values = [0.0, 0.5, 1.0, 2.0, 2.5, 3.0, 1e300, 5e-324, 2.0**53, 2.0**52 + 1, INF]
    values = [*values, *(-value for value in values), NAN]
    x, y = (side.ravel() for side in np.meshgrid(values, values))
    with np.errstate(all="ignore"):
        expected = np.power(x, y)
    got = portable.power(x, y)
    np.testing.assert_allclose(got, expected, rtol=3e-16)
    signs_differ = (np.signbit(got) != np.signbit(expected)) & ~np.isnan(got)
    assert not signs_differ.any(), (x[signs_differ], y[signs_differ])


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("exp", [-INF, -746, 0, 710, INF], [0, 0, 1, INF, INF]),
        ("expm1", [-INF, -0.0, 5e-324, 710, INF], [-1, -0.0, 5e-324, INF, INF]),
        ("exprel", [-INF, 0, 5e-324, 2e-322, 1e-300, 717, INF], [0, 1, 1, 1, 1, INF, INF]),
        ("recip_exprel", [-INF, -0.0, 5e-324, 1e-320, 745.2, INF], [INF, 1, 1, 1, 0, 0]),
        ("log", [-1, -0.0, 0, 1, INF], [NAN, -INF, -INF, 0, INF]),
        ("log1p", [-2, -1, -0.0, 5e-324, INF], [NAN, -INF, -0.0, 5e-324, INF]),
        ("log10", [-1, 0, 1, 1000, INF], [NAN, -INF, 0, 3, INF]),
        ("log2", [-1, 0, 1, 2.0**-1074, INF], [NAN, -INF, 0, -1074, INF]),
        ("sin", [-INF, -0.0, 5e-324, INF], [NAN, -0.0, 5e-324, NAN]),
        ("cos", [-INF, 0, INF], [NAN, 1, NAN]),
        ("tan", [-0.0, 5e-324, INF], [-0.0, 5e-324, NAN]),
        ("sinh", [-INF, -0.0, 711, INF], [-INF, -0.0, INF, INF]),
        ("cosh", [-INF, 0, 711, INF], [INF, 1, INF, INF]),
        ("tanh", [-INF, -0.0, 5e-324, 30, INF], [-1, -0.0, 5e-324, 1, 1]),
        ("arcsin", [-1.5, -1, -0.0, 1], [NAN, -math.pi / 2, -0.0, math.pi / 2]),
        ("arccos", [-1.5, -1, 0, 1], [NAN, math.pi, math.pi / 2, 0]),
        ("arctan", [-INF, -0.0, 5e-324, INF], [-math.pi / 2, -0.0, 5e-324, math.pi / 2]),
        ("sign", [-3, -0.0, 0.0, 2], [-1, 0, 0, 1]),
        ("floor", [-1.5, -0.0, 1.5, INF], [-2, -0.0, 1, INF]),
        ("ceil", [-1.5, -0.5, 1.5, INF], [-1, -0.0, 2, INF]),
    ],
)
def test_limits_and_signed_zeros(name: str, x: list[float], expected: list[float]) -> None:
    got = portable.FUNCTIONS[name](np.array([*x, NAN]))
    np.testing.assert_array_equal(got, [*expected, NAN])
    np.testing.assert_array_equal(np.signbit(got[:-1][got[:-1] == 0]), zero_signs(expected))


def zero_signs(values: list[float]) -> list[bool]:
    return [math.copysign(1, value) < 0 for value in values if value == 0]


def test_exprel_is_finite_where_the_quotient_is() -> None:
    assert portable.exprel(716.0) == pytest.approx(math.exp(716.0 - math.log(716.0)), rel=1e-12)


def test_results_below_the_smallest_normal_number_are_rounded_once() -> None:
    x = np.linspace(-745, -708.5, 999)
    with mpmath.workprec(200):
        exact = np.array([float(mpmath.exp(mpmath.mpf(value))) for value in x])
    assert np.max(np.abs(portable.exp(x) - exact)) <= 5e-324


def test_huge_angles_stay_on_the_circle() -> None:
    x = np.array([2.0**51, 1e20, 1e300, -1e300, 1.7e308])
    np.testing.assert_allclose(portable.sin(x) ** 2 + portable.cos(x) ** 2, 1, rtol=1e-15)
    np.testing.assert_array_equal(portable.sin(-x), -portable.sin(x))


def test_angles_below_2_to_the_51_are_exact() -> None:
    x = np.exp(np.random.default_rng(3).uniform(0, math.log(2.0**51), 2000))
    with mpmath.workprec(200):
        assert worst_error(portable.sin(x), [mpmath.sin(mpmath.mpf(v)) for v in x]) <= 1.0


@pytest.mark.parametrize("real", [np.float64, np.float32])
def test_division_follows_python(real: type) -> None:
    rng = np.random.default_rng(9)
    a = np.concatenate((rng.uniform(-50, 50, 2000), rng.integers(-20, 20, 500))).astype(real)
    b = np.concatenate((rng.uniform(-3, 3, 2000), rng.choice([-3, -1, 2, 7], 500))).astype(real)
    np.testing.assert_array_equal(portable.mod(a, b), np.mod(a, b))
    np.testing.assert_array_equal(portable.floordiv(a, b), np.floor_divide(a, b))


def test_division_at_the_limits() -> None:
    a = np.array([5.0, -5.0, 5.0, INF, 0.0, NAN, -1e-300, -5e-324])
    b = np.array([INF, INF, 0.0, 2.0, -3.0, 1.0, 1.0, 10.0])
    np.testing.assert_array_equal(portable.mod(a, b), [5, INF, NAN, NAN, -0.0, NAN, 1, 10])
    np.testing.assert_array_equal(portable.floordiv(a, b), [0, -1, INF, NAN, -0.0, NAN, -1, -1])
    assert np.signbit(portable.mod(0.0, -3.0))


def test_precision_follows_the_arguments() -> None:
    single = np.ones(3, np.float32)
    assert portable.exp(single).dtype == np.float32
    assert portable.power(single, 2.0).dtype == np.float32
    assert portable.power(single, np.ones(3)).dtype == np.float64
    assert portable.exp(np.arange(3)).dtype == np.float64
    assert portable.exp(np.ones((2, 3))).shape == (2, 3)
    assert portable.power(np.ones((2, 1)), np.ones(3)).shape == (2, 3)
    assert float(portable.exp(0.0)) == 1.0


def test_nothing_warns() -> None:
    x = np.array([-INF, -1e300, -1.0, -0.0, 0.0, 5e-324, 1e300, INF, NAN])
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        for name, function in portable.FUNCTIONS.items():
            count = {"pow": 2, "mod": 2, "floordiv": 2, "clip": 3}.get(name, 1)
            grids = np.meshgrid(*[x] * count)
            function(*grids)
            function(*(grid.astype(np.float64) for grid in grids))
