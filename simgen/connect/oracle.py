"""The row primitives of :mod:`simgen.connect.backend` in numpy, bit-equal to the compiled ones.

They define what the compiled functions must return, and serve small networks where there is no
compiler. The draws are those of ``cuda_kernels/cpu/draw_rows.h``.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from simgen.connect.checks import index_dtype
from simgen.connect.rows import UIntArray
from simgen.numerics.distributions import draw_binomial, draw_hypergeometric
from simgen.numerics.philox import Counters, philox
from simgen.numerics.portable import log, log1p

PIECE = 64  # skips, as in cuda_kernels/common/skip_pieces.h
_SKIPS, _UNIFORM, _SPLIT = 1, 2, 3  # the purposes of draws


def _words(row: int, first_block: int, n_blocks: int, purpose: int, key: int) -> NDArray[np.uint64]:
    """Return the 64-bit words of consecutive blocks, two a block."""
    blocks = np.arange(first_block, first_block + n_blocks, dtype=np.uint32)
    w0, w1, w2, w3 = philox(np.uint32(row), blocks, np.uint32(purpose), np.uint32(0), key)
    words = np.empty(2 * n_blocks, dtype=np.uint64)
    words[0::2] = w0.astype(np.uint64) | (w1.astype(np.uint64) << np.uint64(32))
    words[1::2] = w2.astype(np.uint64) | (w3.astype(np.uint64) << np.uint64(32))
    return words


def skip_scale(p: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / log(1 - p), the factor from log(uniform) to a geometric skip."""
    with np.errstate(
        divide="ignore", over="ignore"
    ):  # all skips are infinite for p = 0, and 0 for p = 1
        return np.asarray(1.0 / log1p(-np.asarray(p, np.float64)))


def skip_rows(
    n_source: int,
    n_target: int | NDArray[np.uint64],
    p: float | NDArray[np.float64],
    key: int,
    *,
    skip_self: bool,
    first_row: int,
    threads: int,
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Return row starts and ascending targets, each pair taken with probability p in (0, 1).

    Targets and probabilities of each row may differ, and p then also be 0 or 1.
    """
    del threads
    sizes, chance = np.broadcast_to(n_target, n_source), np.broadcast_to(p, n_source)
    scales = np.broadcast_to(skip_scale(p), n_source)
    row_start = np.zeros(n_source + 1, dtype=np.uint64)
    rows = [np.zeros(0, dtype=np.uint32)]
    for row in range(n_source):
        n_own, scale = int(sizes[row]), scales[row]
        n_blocks = int(n_own * chance[row] * 0.6) + 8
        found, place, block = [np.zeros(0, np.int64)], 0, 0
        while place < n_own:
            words = _words(first_row + row, block, n_blocks, _SKIPS, key)
            block += n_blocks
            uniform = (words >> np.uint64(11)) * 2.0**-53 + 2.0**-53
            with np.errstate(invalid="ignore"):
                skips = log(uniform) * scale
            skips = np.where(skips < n_own, skips, n_own)  # not-a-number ends the row too
            ends = place + np.cumsum(skips.astype(np.int64) + 1)
            found.append(ends - 1)
            place = int(ends[-1])
        targets = np.concatenate(found)
        targets = targets[targets < n_own]
        if skip_self:
            targets = targets[targets != row]
        rows.append(targets.astype(np.uint32))
        row_start[row + 1] = row_start[row] + np.uint64(len(targets))
    return row_start, np.concatenate(rows)


def skip_pieces(
    n_source: int, n_target: int, p: float, key: int, *, skip_self: bool
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Return the row starts of :func:`skip_rows`, and where pieces of 64 skips begin in each row.

    The latter are the first targets that pieces decide on: uint32 (n_source, pieces), ``n_target``
    behind a row's last piece.
    """
    given = {"first_row": 0, "threads": 1}
    row_start, found = skip_rows(n_source, n_target, p, key, skip_self=False, **given)
    lasts = [
        found[int(begin) + PIECE - 1 : int(end) : PIECE]  # of all whole pieces
        for begin, end in itertools.pairwise(row_start)
    ]
    begins = [np.append(0, last[last + np.uint32(1) < n_target] + np.uint32(1)) for last in lasts]
    most = max((len(begin) for begin in begins), default=1)
    pieces = np.full((n_source, most), n_target, np.uint32)
    for row, begin in enumerate(begins):
        pieces[row, : len(begin)] = begin
    if skip_self:
        row_start = skip_rows(n_source, n_target, p, key, skip_self=True, **given)[0]
    return row_start, pieces


def _below(words: NDArray[np.uint64], n: int) -> NDArray[np.uint32]:
    """Return floor(word * n / 2**64), exactly, for n < 2**32."""
    low, high = words & np.uint64(0xFFFFFFFF), words >> np.uint64(32)
    carry = (low * np.uint64(n)) >> np.uint64(32)
    result: NDArray[np.uint64] = (high * np.uint64(n) + carry) >> np.uint64(32)
    return result.astype(np.uint32)


def draw_rows(
    row_start: NDArray[np.uint64],
    n_target: int | NDArray[np.uint64],
    key: int,
    *,
    distinct: bool,
    skip_self: bool,
    ordered: bool,
    first_row: int,
    threads: int,
) -> NDArray[np.uint32]:
    """Return uniform draws, as many a row as ``row_start`` says; unordered ones in any order.

    The number of targets may differ between rows.
    """
    del threads
    targets = np.empty(int(row_start[-1]), dtype=np.uint32)
    counts = np.broadcast_to(n_target, len(row_start) - 1).tolist()
    for row, (size, n_own) in enumerate(zip(np.diff(row_start).tolist(), counts)):
        skipping = skip_self and row < n_own
        n = n_own - int(skipping)
        if distinct:
            drawn = _draw_distinct(first_row + row, n, size, key)
        else:
            drawn = _below(_words(first_row + row, 0, (size + 1) // 2, _UNIFORM, key)[:size], n)
        if ordered:
            drawn = np.sort(drawn)
        if skipping:
            drawn = drawn + (drawn >= row).astype(np.uint32)
        begin = int(row_start[row])
        targets[begin : begin + size] = drawn
    return targets


def _draw_distinct(row: int, n: int, size: int, key: int) -> NDArray[np.uint32]:
    """Return a uniform subset; repeated draws are rejected, beyond a half the rest is drawn."""
    wanted = n - size if size > n // 2 else size
    n_blocks = wanted + 8
    while True:
        drawn = _below(_words(row, 0, n_blocks, _UNIFORM, key), n)
        values, places = np.unique(drawn, return_index=True)  # places: where a value came first
        if len(values) >= wanted:
            break
        n_blocks *= 2
    chosen = values[np.argsort(places)[:wanted]]
    if size <= n // 2:
        return chosen
    kept = np.ones(n, dtype=np.bool_)
    kept[chosen] = False
    return np.flatnonzero(kept).astype(np.uint32)


def split_total(
    n_rows: int, n_target: int, total: int, key: int, *, distinct: bool, skip_self: bool
) -> NDArray[np.uint64]:
    """Return row starts of ``total`` synapses between uniformly drawn pairs.

    The tree of ``cuda_kernels/cpu/split_total.h``, level by level.
    """

    def pairs(low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.uint64]:
        own = np.minimum(high, n_target) - np.minimum(low, n_target)
        all_pairs = (high - low).astype(np.uint64) * np.uint64(n_target)
        return np.asarray(all_pairs - skip_self * own.astype(np.uint64), np.uint64)

    sizes = np.zeros(n_rows, dtype=np.uint64)
    low, high, node = np.array([0]), np.array([n_rows]), np.array([1])
    count = np.array([total])
    while len(low):
        single = high - low == 1
        sizes[low[single]] = count[single]
        inner = ~single & (count > 0)
        low, high, node, count = low[inner], high[inner], node[inner], count[inner]
        middle = low + (high - low) // 2
        c0, c1 = (node & 0xFFFFFFFF).astype(np.uint32), (node >> 32).astype(np.uint32)
        zeros = np.zeros(len(node), dtype=np.uint32)
        counters = Counters(c0, c1, zeros + np.uint32(_SPLIT), zeros, zeros)
        if distinct:
            first = draw_hypergeometric(key, counters, pairs(low, high), pairs(low, middle), count)
        elif skip_self:
            first = draw_binomial(key, counters, count, pairs(low, middle) / pairs(low, high))
        else:
            first = draw_binomial(key, counters, count, (middle - low) / (high - low))
        first = np.minimum(first, count)
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
        node = np.concatenate([2 * node, 2 * node + 1])
        count = np.concatenate([first, count - first])
    row_start = np.zeros(n_rows + 1, dtype=np.uint64)
    np.cumsum(sizes, out=row_start[1:])
    return row_start


def full_rows(
    row_start: NDArray[np.uint64], *, skip_self: bool, threads: int
) -> NDArray[np.uint32]:
    """Return all targets for each row, in order."""
    del threads
    starts, n = row_start.astype(np.int64), int(row_start[-1])
    rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    places = np.arange(n) - starts[rows]
    return (places + (skip_self & (places >= rows))).astype(np.uint32)


def transpose(
    row_start: NDArray[np.uint64], values: NDArray[np.uint32], n_values: int, *, threads: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Return, for each value, the rows that hold it, ascending, as (starts, row numbers)."""
    starts, order = group(values, n_values, wanted=True, threads=threads)
    n_rows = len(row_start) - 1
    rows = np.repeat(np.arange(n_rows, dtype=np.uint32), np.diff(row_start).astype(np.int64))
    return starts, rows[order]


def group(
    values: NDArray[np.uint32], n_values: int, *, wanted: bool, threads: int
) -> tuple[NDArray[np.uint64], UIntArray | None]:
    """Return starts of equal values and, if wanted, the stable permutation that groups them."""
    del threads
    starts = np.zeros(n_values + 1, dtype=np.uint64)
    np.cumsum(np.bincount(values, minlength=n_values), out=starts[1:])
    if not wanted:
        return starts, None
    return starts, np.argsort(values, kind="stable").astype(index_dtype(len(values)))


def row_facts(row_start: NDArray[np.uint64], targets: NDArray[np.uint32]) -> tuple[bool, bool]:
    """Return whether all rows are sorted, and whether a row holds a target twice."""
    facts = []
    for begin, end in zip(row_start[:-1].tolist(), row_start[1:].tolist(), strict=True):
        row = targets[begin:end]
        ascending = bool(np.all(row[1:] >= row[:-1]))
        repeats = len(np.unique(row)) < len(row)
        facts.append((ascending, repeats))
    return all(fact[0] for fact in facts), any(fact[1] for fact in facts)


def ranks(
    row_start: NDArray[np.uint64], targets: NDArray[np.uint32], *, threads: int = 1
) -> NDArray[np.uint32]:
    """Return the number of each target among its equals in its row, which is sorted."""
    del threads
    starts = row_start.astype(np.int64)
    rows = np.repeat(np.arange(len(starts) - 1), starts[1:] - starts[:-1])
    return numbers_of_equals((rows << 32) + targets)


def numbers_of_equals(values: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return for sorted values how many equal ones come before each."""
    places = np.arange(len(values))
    same = np.zeros(len(values), bool)
    same[1:] = values[1:] == values[:-1]
    first = np.maximum.accumulate(np.where(same, 0, places))
    return (places - first).astype(np.uint32)
