import math

import numpy as np
import pytest
from scipy import stats

from simgen.connect import backend, checks, native, oracle, rules
from simgen.connect.rows import Rows
from simgen.errors import (
    ArgumentTypeError,
    CompileError,
    IndexRangeError,
    MemoryLimitError,
    ModelError,
)

pytestmark = pytest.mark.compiler
KEY = 0x1234_5678_9ABC_DEF0


def pairs(rows: Rows) -> list[tuple[int, int]]:
    return list(zip(rows.sources().tolist(), rows.targets.tolist(), strict=True))


def check_consistent(rows: Rows) -> None:
    assert rows.row_start.dtype == np.uint64
    assert rows.targets.dtype == np.uint32
    assert rows.row_start[0] == 0
    assert rows.row_start[-1] == rows.n
    assert np.all(np.diff(rows.row_start.astype(np.int64)) >= 0)
    assert rows.n == 0 or int(rows.targets.max()) < rows.n_target
    by_row = [
        rows.targets[a:b].tolist()
        for a, b in zip(rows.row_start[:-1].tolist(), rows.row_start[1:].tolist(), strict=True)
    ]
    assert rows.sorted == all(row == sorted(row) for row in by_row)
    assert rows.multapses == any(len(set(row)) < len(row) for row in by_row)


CASES = {
    "skips": lambda t: rules.fixed_probability(60, 500, 0.1, KEY, threads=t),
    "skips rare": lambda t: rules.fixed_probability(300, 100, 1e-3, KEY, threads=t),
    "skips dense": lambda t: rules.fixed_probability(20, 300, 0.93, KEY, threads=t),
    "skips no self": lambda t: rules.fixed_probability(80, 80, 0.4, KEY, skip_self=True, threads=t),
    "skips subgroup": lambda t: rules.fixed_probability(9, 70, 0.3, KEY, first_source=7, threads=t),
    "tiny p": lambda t: rules.fixed_probability(2000, 2000, 1e-7, KEY, threads=t),
    "denormal p": lambda t: rules.fixed_probability(50, 50, 5e-324, KEY, threads=t),
    "total": lambda t: rules.fixed_total(37, 211, 5000, KEY, threads=t),
    "total one row": lambda t: rules.fixed_total(1, 5, 100, KEY, threads=t),
    "total sparse": lambda t: rules.fixed_total(1000, 1000, 30, KEY, threads=t),
    "total distinct": lambda t: rules.fixed_total(37, 211, 3000, KEY, multapses=False, threads=t),
    "total most": lambda t: rules.fixed_total(
        211, 37, 7000, KEY, multapses=False, autapses=False, threads=t
    ),
    "total all": lambda t: rules.fixed_total(
        9, 20, 171, KEY, multapses=False, autapses=False, threads=t
    ),
    "total few of many": lambda t: rules.fixed_total(
        50, 100_000, 400, KEY, multapses=False, autapses=False, threads=t
    ),
    "total no self": lambda t: rules.fixed_total(50, 20, 1000, KEY, autapses=False, threads=t),
    "total one target": lambda t: rules.fixed_total(7, 1, 40, KEY, autapses=False, threads=t),
    "out": lambda t: rules.fixed_out_degree(
        40, 300, 30, KEY, multapses=False, autapses=True, threads=t
    ),
    "out few of many": lambda t: rules.fixed_out_degree(
        40, 100_000, 9, KEY, multapses=False, autapses=True, threads=t
    ),
    "out most": lambda t: rules.fixed_out_degree(
        40, 130, 120, KEY, multapses=False, autapses=False, threads=t
    ),
    "out all": lambda t: rules.fixed_out_degree(
        40, 64, 63, KEY, multapses=False, autapses=False, threads=t
    ),
    "out unequal sizes": lambda t: rules.fixed_out_degree(
        40, 20, 19, KEY, multapses=False, autapses=False, threads=t
    ),
    "out multapses": lambda t: rules.fixed_out_degree(
        40, 50, 70, KEY, multapses=True, autapses=False, threads=t
    ),
    "out long": lambda t: rules.fixed_out_degree(
        3, 5000, 4000, KEY, multapses=True, autapses=True, threads=t
    ),
    "in": lambda t: rules.fixed_in_degree(
        90, 70, 20, KEY, multapses=False, autapses=False, threads=t
    ),
    "in multapses": lambda t: rules.fixed_in_degree(
        30, 70, 50, KEY, multapses=True, autapses=True, threads=t
    ),
    "all": lambda t: rules.all_to_all(7, 9, threads=t),
    "all no self": lambda t: rules.all_to_all(9, 7, skip_self=True, threads=t),
    "p one": lambda t: rules.fixed_probability(6, 5, 1.0, KEY, skip_self=True, threads=t),
    "p zero": lambda t: rules.fixed_probability(6, 5, 0.0, KEY, threads=t),
    "no sources": lambda t: rules.fixed_probability(0, 5, 0.5, KEY, threads=t),
    "one to one": lambda t: rules.one_to_one(12),
}


@pytest.mark.parametrize("case", CASES)
def test_every_thread_count_and_the_numpy_version_give_the_same_bits(case, use_backend):
    use_backend(backend.choose_backend(0))
    results = [CASES[case](threads) for threads in (1, 2, 5)]
    use_backend(backend.plain_backend())
    results.append(CASES[case](1))
    check_consistent(results[0])
    for other in results[1:]:
        assert np.array_equal(other.row_start, results[0].row_start)
        assert np.array_equal(other.targets, results[0].targets)
        assert (other.sorted, other.multapses) == (results[0].sorted, results[0].multapses)


def test_each_pair_is_connected_with_the_given_probability():
    n, p = 200, 0.3
    counts = np.zeros((n, n))
    for trial in range(20):
        rows = rules.fixed_probability(n, n, p, KEY + trial)
        counts[rows.sources(), rows.targets] += 1
    assert stats.binomtest(int(counts.sum()), 20 * n * n, p).pvalue > 1e-3
    for axis in (0, 1):  # neither rows nor columns are favoured
        sums = counts.sum(axis=axis)
        chi2 = float(((sums - 20 * n * p) ** 2).sum() / (20 * n * p * (1 - p)))
        assert 1e-3 < stats.chi2.sf(chi2, n) < 1 - 1e-3
    neighbours = np.mean((counts[:, 1:] - 20 * p) * (counts[:, :-1] - 20 * p))
    assert abs(neighbours) < 4 * 20 * p * (1 - p) / n


def test_gaps_between_targets_are_geometric():
    rows = rules.fixed_probability(50, 4000, 0.05, KEY)
    gaps = np.concatenate([np.diff(part) for part in np.split(rows.targets, rows.row_start[1:-1])])
    observed = np.bincount(gaps, minlength=200)[1:120]
    expected = len(gaps) * 0.05 * 0.95 ** np.arange(119)
    many = expected > 5
    chi2 = float(((observed - expected)[many] ** 2 / expected[many]).sum())
    assert stats.chi2.sf(chi2, int(many.sum()) - 1) > 1e-3


def test_probabilities_zero_and_one_are_exact():
    assert rules.fixed_probability(50, 50, 0.0, KEY).n == 0
    assert rules.fixed_probability(50, 40, 1.0, KEY).n == 2000
    without = rules.fixed_probability(50, 50, 1.0, KEY, skip_self=True)
    assert without.n == 2450
    assert not any(i == j for i, j in pairs(without))


def test_leaving_out_self_removes_exactly_the_diagonal():
    full = pairs(rules.fixed_probability(80, 80, 0.4, KEY))
    without = pairs(rules.fixed_probability(80, 80, 0.4, KEY, skip_self=True))
    assert without == [(i, j) for i, j in full if i != j]
    assert len(without) < len(full)


def test_a_subgroup_draws_what_its_population_draws():
    whole = rules.fixed_probability(30, 200, 0.2, KEY)
    part = rules.fixed_probability(10, 200, 0.2, KEY, first_source=15)
    assert pairs(part) == [(i - 15, j) for i, j in pairs(whole) if 15 <= i < 25]


def test_a_region_that_is_too_small_is_made_again(monkeypatch):
    wanted = rules.fixed_probability(60, 500, 0.1, KEY, threads=3)
    monkeypatch.setattr(native, "_likely_size", lambda n_pairs, p: 7)
    again = rules.fixed_probability(60, 500, 0.1, KEY, threads=3)
    assert np.array_equal(again.targets, wanted.targets)
    assert np.array_equal(again.row_start, wanted.row_start)


def test_other_keys_give_other_connections():
    found = {rules.fixed_probability(20, 20, 0.5, key).targets.tobytes() for key in range(10)}
    assert len(found) == 10


def test_the_scale_of_skips_is_accurate():
    for p in (1e-300, 1e-17, 1e-9, 0.001, 0.5, 0.999, 1 - 2**-53):
        assert oracle.skip_scale(p) == pytest.approx(1 / math.log1p(-p), rel=1e-14)


def test_out_degrees_are_exact_and_uniform():
    rows = rules.fixed_out_degree(2000, 50, 20, KEY, multapses=False, autapses=True)
    assert set(np.diff(rows.row_start).tolist()) == {20}
    assert not rows.multapses
    counts = np.bincount(rows.targets, minlength=50)
    variance = 2000 * 0.4 * 0.6 * 50 / 49  # counts of a fixed sum
    chi2 = float(((counts - 800.0) ** 2).sum() / variance)
    assert 1e-3 < stats.chi2.sf(chi2, 49) < 1 - 1e-3


def test_in_degrees_are_exact_and_uniform():
    rows = rules.fixed_in_degree(50, 2000, 20, KEY, multapses=False, autapses=True)
    assert set(np.bincount(rows.targets, minlength=2000).tolist()) == {20}
    counts = np.diff(rows.row_start).astype(float)
    chi2 = float(((counts - 800.0) ** 2).sum() / (2000 * 0.4 * 0.6 * 50 / 49))
    assert 1e-3 < stats.chi2.sf(chi2, 49) < 1 - 1e-3


@pytest.mark.parametrize("rule", [rules.fixed_in_degree, rules.fixed_out_degree])
@pytest.mark.parametrize("multapses", [False, True])
def test_autapses_are_left_out_on_demand_and_the_rest_stays_uniform(rule, multapses):
    seen = np.zeros((8, 8))
    for key in range(200):
        rows = rule(8, 8, 4, key, multapses=multapses, autapses=False)
        np.add.at(seen, (rows.sources(), rows.targets), 1)
    assert not seen.diagonal().any()
    expected = 200 * 4 / 7
    chi2 = float(((seen[~np.eye(8, dtype=bool)] - expected) ** 2).sum() / expected)
    assert stats.chi2.sf(chi2 / (1.0 if multapses else 3 / 7 * 7 / 6), 48) > 1e-4


def test_arrays_keep_their_creation_order(each_backend):
    i, j = [2, 0, 2, 1, 0, 2], [5, 3, 1, 0, 3, 5]
    rows = rules.from_arrays(i, j, 4, 6)
    assert rows.row_start.tolist() == [0, 2, 3, 6, 6]
    assert rows.targets.tolist() == [3, 3, 0, 5, 1, 5]
    assert rows.creation_of_row_order is not None
    assert rows.creation_of_row_order.tolist() == [1, 4, 3, 0, 2, 5]
    assert rows.creation_of_row_order.dtype == np.uint32
    assert (rows.sorted, rows.multapses) == (False, True)


def test_arrays_grouped_by_source_need_no_permutation(each_backend):
    rows = rules.from_arrays(np.array([0, 0, 2]), np.array([4, 1, 3], dtype=np.int16), 3, 5)
    assert rows.creation_of_row_order is None
    assert rows.targets.tolist() == [4, 1, 3]
    assert (rows.sorted, rows.multapses) == (False, False)


def test_a_single_index_goes_to_all_of_the_others(each_backend):
    assert pairs(rules.from_arrays(1, [0, 2], 3, 3)) == [(1, 0), (1, 2)]
    assert pairs(rules.from_arrays([2, 0], 1, 3, 3)) == [(0, 1), (2, 1)]
    assert rules.from_arrays([], [], 3, 3).n == 0
    assert rules.from_arrays(1, [], 3, 3).n == 0


@pytest.mark.parametrize("width", [np.int8, np.uint64, ">i4", np.int64])
def test_random_arrays_agree_with_a_stable_sort(width, each_backend):
    rng = np.random.default_rng(3)
    i, j = rng.integers(0, 40, 3000), rng.integers(0, 90, 3000)
    rows = rules.from_arrays(i.astype(width), j.astype(width), 40, 90, threads=3)
    order = np.argsort(i, kind="stable")
    assert np.array_equal(rows.creation_of_row_order, order)
    assert np.array_equal(rows.targets, j[order])
    check_consistent(rows)


def test_the_callers_arrays_are_not_changed_or_shared():
    i, j = np.arange(5), np.arange(5, dtype=np.uint32)
    rows = rules.from_arrays(i, j, 5, 5)
    j[:] = 0
    assert rows.targets.tolist() == [0, 1, 2, 3, 4]


def by_row(drawn: tuple[np.ndarray, np.ndarray]) -> list[list[int]]:
    row_start, values = drawn
    return [part.tolist() for part in np.split(values, row_start[1:-1].astype(int))]


FIVE = np.array([5])
COUNTS = np.array([300, 0, 40, 300, 1, 300, 5, 7000, 70])


def test_samples_with_probabilities_are_rows_of_the_rule(each_backend):
    chance = np.array([0.2, 0.5, 1.0, 0.2, 0.0, 1e-9, 0.97, 0.01, 0.5])
    for threads in (1, 3):
        found = by_row(rules.samples(COUNTS, KEY, p=chance, threads=threads))
        for row, (n, p) in enumerate(zip(COUNTS.tolist(), chance.tolist(), strict=True)):
            alone = rules.fixed_probability(1, n, p, KEY, first_source=row)
            assert found[row] == alone.targets.tolist()


def test_samples_of_a_size_are_rows_of_the_rule(each_backend):
    sizes = np.array([20, 0, 40, 280, 1, 0, 3, 100, 35])
    for threads in (1, 3):
        found = by_row(rules.samples(COUNTS, KEY, sizes=sizes, threads=threads))
        for row, (n, size) in enumerate(zip(COUNTS.tolist(), sizes.tolist(), strict=True)):
            assert len(set(found[row])) == size
            assert found[row] == sorted(found[row])
            if size:
                same = rules.fixed_out_degree(
                    row + 1, n, size, KEY, multapses=False, autapses=True
                ).targets[-size:]
                assert found[row] == same.tolist()
    repeated = by_row(rules.samples(COUNTS, KEY, sizes=5 * (COUNTS > 0), replace=True))
    assert [len(row) for row in repeated] == [5, 0, 5, 5, 5, 5, 5, 5, 5]
    assert all(max(row, default=-1) < n for row, n in zip(repeated, COUNTS, strict=True))


def test_samples_of_no_rows_are_empty(each_backend):
    none = np.zeros(0, np.int64)
    for drawn in (rules.samples(none, KEY, sizes=none), rules.samples(none, KEY, p=none / 1.0)):
        assert [part.tolist() for part in drawn] == [[0], []]


def test_samples_from_ranges_that_differ_are_uniform():
    counts = np.tile([10, 25, 60], 4000)
    drawn = [
        rules.samples(counts, KEY, p=np.full(counts.size, 0.2)),
        rules.samples(counts, KEY, sizes=np.full(counts.size, 4)),
        rules.samples(counts, KEY, sizes=np.full(counts.size, 4), replace=True),
    ]
    for row_start, values in drawn:
        rows = np.repeat(np.arange(counts.size), np.diff(row_start).astype(int))
        for kind, n in enumerate((10, 25, 60)):
            seen = np.bincount(values[rows % 3 == kind], minlength=n)
            assert seen.size == n
            assert stats.chisquare(seen).pvalue > 1e-3


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: rules.fixed_probability(5, 5, 1.5, KEY), ModelError, "1.5"),
        (lambda: rules.fixed_probability(5, 5, -0.5, KEY), ModelError, "-0.5"),
        (lambda: rules.fixed_probability(5, 5, math.nan, KEY), ModelError, "nan"),
        (lambda: rules.fixed_probability(5, 5, "0.5", KEY), ArgumentTypeError, "'0.5'"),
        (lambda: rules.fixed_probability(5, 5, True, KEY), ArgumentTypeError, "True"),
        (lambda: rules.fixed_probability(5, 5, np.complex128(1j), KEY), ArgumentTypeError, "1j"),
        (lambda: rules.fixed_probability(2.5, 5, 0.5, KEY), ModelError, "2.5"),
        (lambda: rules.fixed_probability(-1, 5, 0.5, KEY), ModelError, "-1"),
        (lambda: rules.fixed_probability(True, 5, 0.5, KEY), ArgumentTypeError, "True"),
        (lambda: rules.fixed_probability(5, 2**32, 0.5, KEY), ModelError, "4,294,967,296"),
        (lambda: rules.fixed_probability(5, 5, 0.5, -1), ModelError, "random key"),
        (lambda: rules.fixed_probability(5, 5, 0.5, 1.5), ArgumentTypeError, "random key"),
        (lambda: rules.fixed_probability(5, 5, 0.5, 1, threads=0), ModelError, "threads"),
        (lambda: rules.fixed_total(0, 5, 3, KEY), ModelError, "3 is larger than the 0"),
        (lambda: rules.fixed_total(5, 5, -3, KEY), ModelError, "total number of synapses"),
        (lambda: rules.one_to_one(-4), ModelError, "-4"),
        (lambda: rules.from_arrays([0, 5], [0, 1], 5, 5), IndexRangeError, "source index 5 at "),
        (lambda: rules.from_arrays([0, 1], [0, -2], 5, 5), IndexRangeError, "index -2 at place 1"),
        (lambda: rules.from_arrays([0.0], [1], 5, 5), ArgumentTypeError, "float64"),
        (lambda: rules.from_arrays([[0]], [1], 5, 5), ModelError, "2 axes"),
        (lambda: rules.from_arrays([0, 1], [1, 2, 3], 5, 5), ModelError, "2 source and 3 target"),
        (lambda: rules.from_arrays([0], [1, 2], 5, 5), ModelError, "1 source and 2 target"),
        (lambda: rules.samples(FIVE, KEY), ModelError, "size or a probability"),
        (lambda: rules.samples(FIVE, KEY, sizes=FIVE, p=FIVE / 9), ModelError, "size or a prob"),
        (lambda: rules.samples(FIVE, KEY, sizes=FIVE + 1), ModelError, "6 is larger than the 5"),
        (lambda: rules.samples(FIVE, KEY, sizes=-FIVE), ModelError, "the size of a sample"),
        (lambda: rules.samples(FIVE, KEY, p=FIVE / 4), ModelError, "1.25"),
        (
            lambda: rules.samples(0 * FIVE, KEY, sizes=FIVE, replace=True),
            ModelError,
            "the 0 neurons",
        ),
        (
            lambda: rules.fixed_out_degree(5, 5, 5, KEY, multapses=False, autapses=False),
            ModelError,
            "out-degree 5 is larger than the 4",
        ),
        (
            lambda: rules.fixed_in_degree(4, 9, 5, KEY, multapses=False, autapses=True),
            ModelError,
            "in-degree 5 is larger than the 4",
        ),
        (
            lambda: rules.fixed_in_degree(1, 9, 5, KEY, multapses=True, autapses=False),
            ModelError,
            "in-degree 5 is larger than the 0",
        ),
    ],
)
def test_bad_arguments_are_refused_by_name_and_value(call, error, text):
    with pytest.raises(error) as raised:
        call()
    assert text in str(raised.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda: rules.fixed_probability(10**9, 10**9, 0.5, KEY),
        lambda: rules.fixed_total(10**6, 10**6, 10**13, KEY),
        lambda: rules.fixed_out_degree(10**6, 10**7, 10**7, KEY, multapses=True, autapses=True),
        lambda: rules.fixed_in_degree(10**7, 10**6, 10**7, KEY, multapses=True, autapses=True),
        lambda: rules.all_to_all(10**7, 10**7),
        lambda: rules.all_to_all(4 * 10**9, 0),
    ],
)
def test_connectivity_beyond_memory_is_refused_before_it_is_allocated(call, monkeypatch):
    monkeypatch.setattr(checks, "free_memory", lambda: 10**9)
    with pytest.raises(
        MemoryLimitError,
        match=r"would take .* bytes; 1,000,000,000 bytes are free, enough for (\d+|less than 1) %",
    ):
        call()


def test_without_a_compiler_small_networks_use_numpy_and_large_ones_say_why(monkeypatch):
    def missing():
        raise CompileError("no compiler")

    wanted = rules.fixed_probability(30, 30, 0.2, KEY)
    monkeypatch.setattr(backend, "find_compiler", missing)
    assert backend.choose_backend(10) == backend.plain_backend()
    assert np.array_equal(rules.fixed_probability(30, 30, 0.2, KEY).targets, wanted.targets)
    with pytest.raises(CompileError, match="no compiler"):
        rules.fixed_probability(10_000, 10_000, 0.9, KEY)
