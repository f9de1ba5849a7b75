"""The distributions have the right shape; fixed keys, so each test always does the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simgen.errors import InternalError
from simgen.numerics import distributions as d
from simgen.numerics.philox import Counters, counters_at_elements, counters_at_synapses

N = 100_000
KEY = 0xFEEDFACE12345678
REALS = [np.float64, np.float32]
REAL_NAMES = ["float64", "float32"]
SMALLEST_P = 1e-3


def at(real: type, draw: int = 0) -> Counters:
    return counters_at_elements(np.arange(N), 77, draw, real)


def assert_counts_fit(counts: np.ndarray, law: object, low: int, high: int) -> None:
    """Chi-squared test of integers against a law, rare values gathered at both ends."""
    edges = np.arange(low, high + 1)
    observed = np.bincount(np.clip(counts, low, high) - low, minlength=high - low + 1)
    expected = law.pmf(edges)
    expected[0], expected[-1] = law.cdf(low), law.sf(high - 1)
    assert stats.chisquare(observed, expected / expected.sum() * len(counts)).pvalue > SMALLEST_P


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
def test_uniform_numbers_are_uniform_and_below_one(real: type) -> None:
    x = d.draw_rand(KEY, at(real), real)
    assert x.dtype == real
    assert x.min() >= 0
    assert x.max() < 1
    assert stats.kstest(x.astype(float), "uniform").pvalue > SMALLEST_P


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
def test_normal_numbers_are_normal_and_independent_of_their_neighbour(real: type) -> None:
    x = d.draw_randn(KEY, at(real), real).astype(float)
    assert stats.kstest(x, "norm").pvalue > SMALLEST_P
    for distance in (1, 2, 3):
        assert abs(np.corrcoef(x[:-distance], x[distance:])[0, 1]) < 4 / np.sqrt(N)
        squares = x**2
        assert abs(np.corrcoef(squares[:-distance], squares[distance:])[0, 1]) < 4 / np.sqrt(N)


def test_draws_steps_and_synapses_are_independent() -> None:
    first = d.draw_rand(KEY, at(np.float64))
    again = d.draw_rand(KEY, at(np.float64, draw=1))
    later = d.draw_rand(KEY, counters_at_elements(np.arange(N), 78, 0, np.float64))
    i, j = np.divmod(np.arange(N), 300)
    pairs = d.draw_rand(KEY, counters_at_synapses(i, j, 0, 77, 0))
    equal_pairs = d.draw_rand(KEY, counters_at_synapses(i, j, 1, 77, 0))
    for other in (again, later, pairs, equal_pairs):
        assert abs(np.corrcoef(first, other)[0, 1]) < 4 / np.sqrt(N)
    assert stats.kstest(pairs, "uniform").pvalue > SMALLEST_P


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
@pytest.mark.parametrize("mean", [0.02, 1.0, 9.99, 10.0, 31.0, 400.0])
def test_poisson_numbers_have_their_probabilities(mean: float, real: type) -> None:
    counts = d.draw_poisson(KEY, at(real), mean, real)
    law = stats.poisson(mean)
    assert_counts_fit(counts, law, int(law.ppf(2e-4)), int(law.isf(2e-4)) + 1)


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
def test_large_poisson_means_keep_mean_and_variance(real: type) -> None:
    counts = d.draw_poisson(KEY, at(real), 1e6, real)
    assert abs(counts.mean() - 1e6) < 4 * 1e3 / np.sqrt(N)
    assert abs(counts.var() / 1e6 - 1) < 4 * np.sqrt(2 / N)


def test_poisson_of_nothing_is_nothing() -> None:
    counters = counters_at_elements(np.arange(4), 0, 0, np.float64)
    means = np.array([0.0, -1.0, np.nan, np.inf])
    assert d.draw_poisson(KEY, counters, means).tolist() == [0, 0, 0, 2**63 - 1]


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
@pytest.mark.parametrize(
    ("n", "p"),
    [(1, 0.3), (20, 0.5), (1000, 0.002), (25, 0.95), (200, 0.3), (40, 0.75), (9999, 0.1)],
)
def test_binomial_numbers_have_their_probabilities(n: int, p: float, real: type) -> None:
    counts = d.draw_binomial(KEY, at(real), n, p, real)
    assert counts.min() >= 0
    assert counts.max() <= n
    law = stats.binom(n, p)
    assert_counts_fit(counts, law, int(law.ppf(2e-4)), min(n, int(law.isf(2e-4)) + 1))


def test_binomial_probabilities_are_clipped() -> None:
    counters = counters_at_elements(np.arange(5), 0, 0, np.float64)
    n = np.array([7, 7, 7, 0, -2])
    p = np.array([-0.5, 1.5, np.nan, 0.5, 0.5])
    assert d.draw_binomial(KEY, counters, n, p).tolist() == [0, 7, 0, 0, 0]


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
@pytest.mark.parametrize(
    ("low", "high"),
    [
        (-1.0, 4.0),
        (-0.5, 0.7),
        (0.0, np.inf),
        (1.0, 1.3),
        (3.0, np.inf),
        (-np.inf, -2.5),
        (6.0, 7.0),
        (-np.inf, np.inf),
    ],
)
def test_truncated_normal_numbers_have_their_shape(low: float, high: float, real: type) -> None:
    mean, deviation = 2.0, 3.0
    limits = real(mean + deviation * low), real(mean + deviation * high)
    x = d.draw_truncated_normal(KEY, at(real), mean, deviation, *limits, real)
    assert x.dtype == real
    assert (x >= limits[0]).all()
    assert (x <= limits[1]).all()
    law = stats.truncnorm(low, high, mean, deviation)
    assert stats.kstest(x.astype(float), law.cdf).pvalue > SMALLEST_P


def test_truncated_normal_at_its_limits() -> None:
    counters = counters_at_elements(np.arange(6), 0, 0, np.float64)
    mean = np.array([5.0, 5.0, 5.0, 1e30, -1e30, np.nan])
    deviation = np.array([0.0, 1.0, -1.0, 1.0, 1.0, 1.0])
    high = np.array([2.0, -2.0, 2.0, 2.0, 2.0, 2.0])
    x = d.draw_truncated_normal(KEY, counters, mean, deviation, -1.0, high)
    np.testing.assert_array_equal(x, [2.0, np.nan, np.nan, 2.0, -1.0, np.nan])


def test_float32_counters_are_refused_for_float64_numbers() -> None:
    with pytest.raises(InternalError, match="made for float32"):
        d.draw_rand(KEY, at(np.float32), np.float64)
