"""Connection rules to rows.

Every random rule takes a 64-bit ``key`` that belongs to one ``connect`` call. The result is a
function of the key and the other arguments only: any number of threads, and the plain versions in
:mod:`simgen.connect.oracle`, give the same bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simgen.connect.backend import choose_backend
from simgen.connect.checks import (
    check_count,
    check_indices,
    check_key,
    check_populations,
    check_probability,
    check_threads,
    require_degree,
    require_pairs,
    require_rows,
)
from simgen.connect.rows import Rows
from simgen.errors import ModelError


def fixed_probability(
    n_source: int,
    n_target: int,
    p: float,
    key: int,
    *,
    skip_self: bool = False,
    first_source: int = 0,
    threads: int = 1,
) -> Rows:
    """Return rows in which each pair is connected with probability ``p``, independently.

    Geometric skips (Fan, Muller and Rezucha 1962, J. Am. Stat. Assoc. 57:387) along each row: the
    work is proportional to the number of synapses. ``skip_self`` leaves out i == j.
    ``first_source`` is the number of row 0 in its population, so that a subgroup draws what its
    parent would. Measured: 10 million synapses (10,000 x 10,000, p = 0.1) take 0.13 s by one thread
    (Zen 4, AVX-512), 0.07 s by two.
    """
    n_source, n_target = check_populations(n_source, n_target)
    p, key, threads = check_probability(p), check_key(key), check_threads(threads)
    first_source = check_count(first_source, "the first source neuron")
    if p == 0.0 or n_source == 0 or n_target == 0:
        return _no_synapses(n_source, n_target)
    if p == 1.0:
        return all_to_all(n_source, n_target, skip_self=skip_self, threads=threads)
    expected = p * n_source * n_target
    require_rows(n_source, int(expected), 0)
    row_start, targets = choose_backend(expected).rows.skip_rows(
        n_source, n_target, p, key, skip_self=skip_self, first_row=first_source, threads=threads
    )
    return Rows(row_start, targets, n_target, sorted=True, multapses=False)


def fixed_total(
    n_source: int,
    n_target: int,
    total: int,
    key: int,
    *,
    multapses: bool = True,
    autapses: bool = True,
    threads: int = 1,
) -> Rows:
    """Return ``total`` synapses between uniformly drawn pairs; each row's targets are sorted.

    With ``multapses`` the pairs are independent and may repeat, else every set of ``total``
    different pairs is equally probable; without ``autapses`` no pair has i == j. The total is split
    recursively in halves by binomial or hypergeometric draws, down to the rows, which then draw
    their targets: nothing is drawn in vain but what repeats within a row. Measured: 10 million
    synapses between 10,000 and 10,000 neurons take 0.15 s, without multapses 0.11 s.
    """
    n_source, n_target = check_populations(n_source, n_target)
    threads = check_threads(threads)
    row_start = starts_of_total(
        n_source, n_target, total, key, multapses=multapses, autapses=autapses
    )
    return _uniform_rows(
        row_start, n_target, key, distinct=not multapses, skip_self=not autapses, threads=threads
    )


def starts_of_total(
    n_source: int, n_target: int, total: int, key: int, *, multapses: bool, autapses: bool
) -> NDArray[np.uint64]:
    """Return where the rows of :func:`fixed_total` start: uint64 (n_source + 1,)."""
    n_source, n_target = check_populations(n_source, n_target)
    total = check_count(total, "the total number of synapses", 2**53)
    key = check_key(key)
    if total == 0:
        return _equal_rows(n_source, 0)
    n_pairs = n_source * n_target - (0 if autapses else min(n_source, n_target))
    require_pairs(total, n_source, n_target, n_pairs, repeats=multapses)
    require_rows(n_source, 0, 0)
    return choose_backend(total).rows.split_total(
        n_source, n_target, total, key, distinct=not multapses, skip_self=not autapses
    )


def fixed_out_degree(
    n_source: int,
    n_target: int,
    degree: int,
    key: int,
    *,
    multapses: bool,
    autapses: bool,
    threads: int = 1,
) -> Rows:
    """Return rows of exactly ``degree`` uniformly drawn targets, sorted.

    ``multapses`` allows a target to be drawn again, ``autapses`` allows i == j.
    """
    n_source, n_target = check_populations(n_source, n_target)
    threads = check_threads(threads)
    row_start = starts_of_degree("out-degree", n_source, n_target, degree, multapses, autapses)
    return _uniform_rows(
        row_start, n_target, key, distinct=not multapses, skip_self=not autapses, threads=threads
    )


def starts_of_degree(
    what: str, n_rows: int, n_drawn: int, degree: int, multapses: bool, autapses: bool
) -> NDArray[np.uint64]:
    """Return where rows of ``degree`` draws from n_drawn neurons start: uint64 (n_rows + 1,)."""
    n_rows, n_drawn = check_populations(n_rows, n_drawn)
    degree = check_count(degree, f"the {what}")
    if degree and n_rows:
        n_candidates = n_drawn - int(not autapses and n_drawn > 0)
        require_degree(what, degree, n_candidates, repeats=multapses)
    require_rows(n_rows, 0, degree)
    return _equal_rows(n_rows, degree)


def fixed_in_degree(
    n_source: int,
    n_target: int,
    degree: int,
    key: int,
    *,
    multapses: bool,
    autapses: bool,
    threads: int = 1,
) -> Rows:
    """Return rows in which each target has exactly ``degree`` uniformly drawn sources.

    Drawn target by target (the counter's row is the target), then transposed by counting.
    """
    n_source, n_target = check_populations(n_source, n_target)
    key, threads = check_key(key), check_threads(threads)
    starts = starts_of_degree("in-degree", n_target, n_source, degree, multapses, autapses)
    n = int(starts[-1])
    if n == 0:
        return _no_synapses(n_source, n_target)
    require_rows(n_source + n_target, 2 * n, degree)
    kernels = choose_backend(n).rows
    drawn = kernels.draw_rows(
        starts,
        n_source,
        key,
        distinct=not multapses,
        skip_self=not autapses,
        ordered=False,
        first_row=0,
        threads=threads,
    )
    row_start, targets = kernels.transpose(starts, drawn, n_source, threads=threads)
    repeats = multapses and kernels.row_facts(row_start, targets)[1]
    return Rows(row_start, targets, n_target, sorted=True, multapses=repeats)


def one_to_one(n: int) -> Rows:
    """Return rows that connect neuron i to neuron i."""
    n, _ = check_populations(n, n)
    require_rows(n, n, 1)
    starts = np.arange(n + 1, dtype=np.uint64)
    return Rows(starts, np.arange(n, dtype=np.uint32), n, sorted=True, multapses=False)


def all_to_all(n_source: int, n_target: int, *, skip_self: bool = False, threads: int = 1) -> Rows:
    """Return rows that hold every pair, without i == j if ``skip_self``."""
    n_source, n_target = check_populations(n_source, n_target)
    threads = check_threads(threads)
    require_rows(n_source, n_source * n_target, n_target)
    row_start = _equal_rows(n_source, n_target)
    if skip_self:
        row_start -= np.minimum(np.arange(n_source + 1, dtype=np.uint64), np.uint64(n_target))
    kernels = choose_backend(n_source * n_target).rows
    targets = kernels.full_rows(row_start, skip_self=skip_self, threads=threads)
    return Rows(row_start, targets, n_target, sorted=True, multapses=False)


def from_arrays(
    i: ArrayLike, j: ArrayLike, n_source: int, n_target: int, *, threads: int = 1
) -> Rows:
    """Return the synapses i[k] -> j[k] as rows; k is the creation index.

    ``i`` and ``j`` are integer arrays of equal length, or one of them a single integer.
    """
    n_source, n_target = check_populations(n_source, n_target)
    threads = check_threads(threads)
    sources, targets = np.atleast_1d(np.asarray(i)), np.atleast_1d(np.asarray(j))
    check_indices(sources, n_source, "source")
    check_indices(targets, n_target, "target")
    if len(sources) != len(targets) and np.ndim(i) != 0 and np.ndim(j) != 0:
        raise ModelError(
            f"{len(sources)} source and {len(targets)} target indices were given for one set of "
            "synapses; there must be equally many, or a single integer for one of them"
        )
    n = 0 if 0 in (len(sources), len(targets)) else max(len(sources), len(targets))
    if n == 0:
        return _no_synapses(n_source, n_target)
    require_rows(n_source, 4 * n, 0)
    chosen = np.ascontiguousarray(np.broadcast_to(sources.astype(np.uint32), n))
    reached = np.ascontiguousarray(np.broadcast_to(targets.astype(np.uint32), n))
    kernels = choose_backend(n).rows
    grouped = bool(np.all(chosen[1:] >= chosen[:-1]))
    row_start, creation = kernels.group(chosen, n_source, wanted=not grouped, threads=threads)
    if creation is not None:
        reached = reached[creation]
    require_rows(0, 0, int(np.diff(row_start).max()))
    ascending, repeats = kernels.row_facts(row_start, reached)
    return Rows(row_start, reached, n_target, ascending, repeats, creation)


def samples(
    counts: NDArray[np.int64],
    key: int,
    *,
    sizes: NDArray[np.int64] | None = None,
    p: NDArray[np.float64] | None = None,
    replace: bool = False,
    threads: int = 1,
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Return random samples of 0 ... counts[r] - 1 for every row r: (row starts, ascending values).

    ``sizes`` of them, or each with probability ``p`` of its row. Row r depends on nothing but the
    key, r, its count and its size or p: with equal rows it is that of :func:`fixed_probability` or
    :func:`fixed_out_degree`. Measured: 100,000 samples of 10 in 50 to 52 take 0.02 s.
    """
    if (sizes is None) == (p is None):
        raise ModelError("a sample needs either a size or a probability p")
    key, threads = check_key(key), check_threads(threads)
    check_count(int(counts.max(initial=0)), "the size of the population to sample from")
    own = counts.astype(np.uint64)
    if p is not None:
        for value in (p.min(initial=0.0), p.max(initial=0.0)):
            check_probability(float(value))
        if not counts.size:
            return np.zeros(1, np.uint64), np.zeros(0, np.uint32)
        kernels = choose_backend(float(np.sum(counts * p))).rows
        return kernels.skip_rows(
            counts.size, own, p, key, skip_self=False, first_row=0, threads=threads
        )
    wanted = np.zeros(0, np.int64) if sizes is None else sizes
    check_count(int(wanted.min(initial=0)), "the size of a sample")
    wrong = np.flatnonzero((wanted > counts) & ~(replace & (counts > 0)))
    for row in wrong[:1].tolist():
        require_degree("sample size", int(wanted[row]), int(counts[row]), repeats=replace)
    row_start = np.zeros(counts.size + 1, np.uint64)
    np.cumsum(wanted, out=row_start[1:])
    require_rows(counts.size, int(row_start[-1]), int(wanted.max(initial=0)))
    targets = choose_backend(int(row_start[-1])).rows.draw_rows(
        row_start,
        own,
        key,
        distinct=not replace,
        skip_self=False,
        ordered=True,
        first_row=0,
        threads=threads,
    )
    return row_start, targets


def _no_synapses(n_source: int, n_target: int) -> Rows:
    require_rows(n_source, 0, 0)
    starts = np.zeros(n_source + 1, dtype=np.uint64)
    return Rows(starts, np.zeros(0, dtype=np.uint32), n_target, sorted=True, multapses=False)


def _equal_rows(n_rows: int, size: int) -> NDArray[np.uint64]:
    starts: NDArray[np.uint64] = np.arange(n_rows + 1, dtype=np.uint64) * np.uint64(size)
    return starts


def _uniform_rows(
    row_start: NDArray[np.uint64],
    n_target: int,
    key: int,
    *,
    distinct: bool,
    skip_self: bool,
    threads: int,
) -> Rows:
    key, n = check_key(key), int(row_start[-1])
    if n == 0:
        return _no_synapses(row_start.size - 1, n_target)
    kernels = choose_backend(n).rows
    require_rows(row_start.size - 1, n, int(np.diff(row_start).max()))
    targets = kernels.draw_rows(
        row_start,
        n_target,
        key,
        distinct=distinct,
        skip_self=skip_self,
        ordered=True,
        first_row=0,
        threads=threads,
    )
    repeats = not distinct and kernels.row_facts(row_start, targets)[1]
    return Rows(row_start, targets, n_target, sorted=True, multapses=repeats)
