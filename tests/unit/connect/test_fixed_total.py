"""A given number of synapses: every set of different pairs, or every sequence, equally probable."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from simgen.connect import checks, native, oracle, rules
from simgen.connect.rows import Rows
from simgen.errors import ModelError
from simgen.numerics.distributions import draw_hypergeometric
from simgen.numerics.philox import counters_at_synapses

pytestmark = pytest.mark.compiler
KEY = 0x1234_5678_9ABC_DEF0


@pytest.fixture(autouse=True)
def memory_enough(monkeypatch):
    """Asking the system takes longer than drawing a few pairs."""
    monkeypatch.setattr(checks, "free_memory", lambda: 10**11)


def pairs(rows: Rows) -> tuple[tuple[int, int], ...]:
    return tuple(zip(rows.sources().tolist(), rows.targets.tolist(), strict=True))


def allowed(n_source: int, n_target: int, autapses: bool) -> list[tuple[int, int]]:
    every = itertools.product(range(n_source), range(n_target))
    return [(i, j) for i, j in every if autapses or i != j]


@pytest.mark.parametrize("autapses", [True, False])
@pytest.mark.parametrize(
    ("n_source", "n_target", "total"), [(3, 3, 2), (3, 3, 4), (2, 4, 5), (5, 2, 3), (1, 6, 3)]
)
def test_every_set_of_different_pairs_is_equally_probable(n_source, n_target, total, autapses):
    sets = list(itertools.combinations(allowed(n_source, n_target, autapses), total))
    seen = dict.fromkeys(sets, 0)
    for key in range(20 * len(sets)):
        rows = rules.fixed_total(n_source, n_target, total, key, multapses=False, autapses=autapses)
        seen[pairs(rows)] += 1
    assert 1e-4 < stats.chisquare(list(seen.values())).pvalue < 1 - 1e-4


def test_independent_pairs_without_self_are_uniform():
    choices = allowed(3, 2, autapses=False)
    bags = list(itertools.combinations_with_replacement(choices, 3))
    ways = [6 / math.prod(math.factorial(bag.count(pair)) for pair in choices) for bag in bags]
    seen = dict.fromkeys(bags, 0)
    trials = 4000
    for key in range(trials):
        seen[pairs(rules.fixed_total(3, 2, 3, key, autapses=False))] += 1
    expected = np.array(ways) * trials / len(choices) ** 3
    assert 1e-4 < stats.chisquare(list(seen.values()), expected).pvalue < 1 - 1e-4


def test_a_fixed_total_is_multinomial_over_rows_and_columns():
    total, n = 40_000, 100
    rows = rules.fixed_total(n, n, total, KEY)
    assert rows.n == total
    for counts in (np.diff(rows.row_start).astype(float), np.bincount(rows.targets, minlength=n)):
        assert 1e-3 < stats.chisquare(counts).pvalue < 1 - 1e-3
    assert rows.multapses


@pytest.mark.parametrize("total", [3000, 16_000])
def test_counts_of_rows_columns_and_blocks_are_hypergeometric(total):
    """At this size nodes near the root are drawn by rejection, leaves by inversion."""
    n, trials = 150, 60
    kept = n * (n - 1)
    rows_of, columns_of, corners = np.zeros(n), np.zeros(n), []
    for key in range(trials):
        rows = rules.fixed_total(n, n, total, key, multapses=False, autapses=False)
        assert len(set(pairs(rows))) == total == rows.n
        sources = rows.sources()
        assert not (sources == rows.targets).any()
        rows_of += np.bincount(sources, minlength=n)
        columns_of += np.bincount(rows.targets, minlength=n)
        corners.append(((sources < 50) & (rows.targets >= 100)).sum())
    share = total / kept
    # each row's count has this variance, and all counts have a fixed sum
    variance = trials * (n - 1) * share * (1 - share) * (kept - n + 1) / (kept - 1)
    for counts in (rows_of, columns_of):
        chi2 = ((counts - trials * total / n) ** 2).sum() / variance * (n - 1) / n
        assert 1e-3 < stats.chi2.sf(chi2, n - 1) < 1 - 1e-3
    law = stats.hypergeom(kept, 2500, total)
    z = (np.array(corners) - law.mean()) / law.std()
    assert abs(z.mean()) < 3.5 / np.sqrt(trials)
    assert 1e-3 < stats.chi2.sf((z**2).sum(), trials) < 1 - 1e-3


def test_all_pairs_but_few_leave_out_few():
    rows = rules.fixed_total(300, 200, 60_000 - 200 - 3, KEY, multapses=False, autapses=False)
    missing = set(allowed(300, 200, autapses=False)) - set(pairs(rows))
    assert len(missing) == 3
    whole = rules.fixed_total(300, 200, 60_000 - 200, KEY, multapses=False, autapses=False)
    assert np.array_equal(whole.targets, rules.all_to_all(300, 200, skip_self=True).targets)


def test_a_few_pairs_of_huge_populations_need_no_memory_for_the_others():
    rows = rules.fixed_total(200_000, 2**32 - 1, 1000, KEY, multapses=False)
    assert len(set(pairs(rows))) == 1000
    assert stats.kstest(rows.targets / 2**32, "uniform").pvalue > 1e-3
    assert stats.kstest(rows.sources() / 200_000, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    ("population", "good", "sample"),
    [
        (10, 4, 3),
        (40, 19, 20),
        (1000, 600, 30),
        (900, 20, 700),
        (50, 25, 25),
        (300, 150, 120),
        (300, 280, 270),
        (10**9, 400_000_000, 200),
        (2**64 - 2**33 + 1, 2**63, 400),
        (2**64 - 2**33 + 1, 2**62 + 2**61, 2**52),
    ],
)
def test_hypergeometric_numbers_have_their_probabilities(population, good, sample):
    trials = 20_000
    counters = counters_at_synapses(np.arange(trials), 3, 0, 0, 0)
    found = draw_hypergeometric(KEY, counters, population, good, sample)
    if population > 2**60:  # the sample is too small to tell it from independent draws
        law = stats.binom(sample, good / population)
    else:
        law = stats.hypergeom(population, good, sample)
    if sample > 2**50:
        z = (found - law.mean()) / law.std()
        assert stats.kstest(z, "norm").pvalue > 1e-3
        return
    low, high = int(law.ppf(1e-3)), max(int(law.isf(1e-3)), int(law.ppf(1e-3)) + 1)
    edges = np.arange(low, high + 1)
    expected = law.pmf(edges)
    expected[0], expected[-1] = law.cdf(low), law.sf(high - 1)
    observed = np.bincount(np.clip(found, low, high) - low, minlength=edges.size)
    assert stats.chisquare(observed, expected * trials / expected.sum()).pvalue > 1e-3


def test_hypergeometric_numbers_that_leave_no_choice():
    counters = counters_at_synapses(np.arange(5), 0, 0, 0, 0)
    population, good, sample = [7, 7, 7, 7, 2**64 - 1], [7, 0, 3, 3, 2**64 - 1], [4, 4, 7, 0, 9]
    found = draw_hypergeometric(
        KEY, counters, np.array(population, np.uint64), np.array(good, np.uint64), sample
    )
    assert found.tolist() == [4, 0, 3, 0, 9]


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ((1, 1, 3), {"autapses": False}, "n_total = 3 is larger than the 0 pairs"),
        (
            (0, 4, 1),
            {},
            "n_total = 1 is larger than the 0 pairs of 0 source and 4 target neurons to",
        ),
        (
            (4, 3, 13),
            {"multapses": False},
            "13 is larger than the 12 pairs of 4 source and 3 target",
        ),
        (
            (4, 3, 10),
            {"multapses": False, "autapses": False},
            "10 is larger than the 9 pairs of 4 source and 3 target neurons, without i == j, to",
        ),
    ],
)
def test_more_than_there_are_pairs_is_refused(sizes, options, message):
    with pytest.raises(ModelError, match=message):
        rules.fixed_total(*sizes, KEY, **options)


def test_equal_targets_are_numbered_within_their_row():
    row_start = np.array([0, 3, 3, 7, 8], np.uint64)
    targets = np.array([5, 5, 9, 9, 9, 9, 9, 9], np.uint32)
    for kernels in (native, oracle):
        for threads in (1, 2, 5):
            found = kernels.ranks(row_start, targets, threads=threads)
            assert found.tolist() == [0, 1, 0, 0, 1, 2, 3, 0]
            assert found.dtype == np.uint32
