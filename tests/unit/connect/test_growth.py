"""Pairs drawn for new synapses: as many as wanted, allowed ones, each set equally probable."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from simgen.connect.growth import Choice, Pairs, Taken

NONE = np.zeros(0, np.int64)


def choice(side, sizes=(7, 5), allowed=None, taken=NONE, repeats=False, key=1):
    """A choice among the pairs of 7 sources and 5 targets."""

    def everything(i, j):
        return np.ones(i.size, bool)

    return Choice(
        Pairs(*sizes, side), allowed or everything, Taken(lambda: taken.copy()), repeats, key
    )


@pytest.mark.parametrize("side", ["target", "source", "total"])
def test_each_owner_gets_as_many_different_pairs_as_it_needs(side):
    pairs = Pairs(40, 30, side)
    need = (np.arange(pairs.n_owners) + 3) % 7
    codes = choice(side, (40, 30)).draw(need)
    i, j = pairs.ends(codes)
    assert np.all(np.diff(codes) > 0)
    owners = {"target": j, "source": i, "total": 0 * i}[side]
    assert np.array_equal(np.bincount(owners, minlength=need.size), need)
    assert i.max() < 40
    assert j.max() < 30


@pytest.mark.parametrize("n", [1, 1000, 20_000])  # the last: two blocks
def test_pairs_that_are_taken_or_not_allowed_are_not_drawn(n):
    taken = np.random.default_rng(0).permutation(n * 100)[: 40 * n].astype(np.int64)
    made = choice("target", (100, n), lambda i, j: i % 2 == 0, taken)
    codes = made.draw(np.full(n, 3))
    i, j = made.pairs.ends(codes)
    assert np.all(i % 2 == 0)
    assert not np.isin(codes, taken).any()
    free = np.setdiff1d(np.arange(0, 100 * n), taken)
    free = free[(free // n) % 2 == 0]
    wanted = np.minimum(3, np.bincount(free % n, minlength=n))
    assert np.array_equal(np.bincount(j, minlength=n), wanted)


def test_all_that_are_allowed_are_taken_where_more_are_wanted():
    made = choice("target", allowed=lambda i, j: i == j)
    assert made.draw(np.full(5, 2)).tolist() == [0, 6, 12, 18, 24]
    assert choice("total", allowed=lambda i, j: i < 0).draw(np.array([3])).size == 0
    assert choice("total").draw(np.array([99])).tolist() == list(range(35))
    assert choice("source", (0, 5)).draw(NONE).size == 0
    assert choice("source", (3, 0)).draw(np.full(3, 2)).size == 0


def test_pairs_may_repeat_only_where_that_is_wanted():
    made = choice("target", allowed=lambda i, j: i < 2, taken=np.arange(5), repeats=True)
    codes = made.draw(np.full(5, 6))
    assert codes.size == 30
    assert set(codes // 5) == {0, 1}
    assert choice("total", (1, 1), repeats=True).draw(np.array([4])).tolist() == [0] * 4
    assert choice("total", (1, 1), lambda i, j: i > 0, repeats=True).draw(np.array([4])).size == 0


@pytest.mark.parametrize("allowed_share", [0.05, 1.0])
def test_every_set_is_equally_probable(allowed_share):
    """Two of six allowed pairs: each of the 15 sets in a 15th of the draws (chi-squared)."""
    n = round(6 / allowed_share)
    found = {}
    for key in range(3000):
        made = choice("total", (n, 1), lambda i, j: i < 6, key=key)
        some = tuple(made.draw(np.array([2])))
        found[some] = found.get(some, 0) + 1
    expected = 3000 / comb(6, 2)
    assert len(found) == comb(6, 2)
    assert sum((count - expected) ** 2 / expected for count in found.values()) < 36.1  # p = 0.001


def test_attempts_draw_as_evenly_as_a_look_at_all_pairs():
    """A population too large to look at: shares of tenths within five standard errors."""
    made = choice("total", (100_000, 100_000), lambda i, j: i % 3 == 0)
    codes = made.draw(np.array([20_000]))
    i, j = made.pairs.ends(codes)
    for ends in (i, j):
        counts = np.bincount(ends // 10_000, minlength=10)
        assert np.abs(counts - 2000).max() < 5 * np.sqrt(20_000 * 0.1 * 0.9)


def test_draws_depend_on_the_key_alone():
    need = np.full(300, 2)
    first = choice("target", (500, 300), key=5).draw(need)
    assert np.array_equal(choice("target", (500, 300), key=5).draw(need), first)
    assert not np.array_equal(choice("target", (500, 300), key=6).draw(need), first)


def test_what_is_taken_is_known_however_often_it_is_asked():
    taken = np.random.default_rng(1).integers(0, 10**12, 5000)
    known = Taken(lambda: taken.copy())
    for seed in range(12):
        wanted = np.random.default_rng(seed).integers(0, 10**12, 300)
        wanted[::3] = taken[seed : seed + 100]
        assert np.array_equal(known.among(wanted), np.isin(wanted, taken))
