"""Connectivity from text about pairs.

Pairs are visited in blocks of rows, all elements of a block at once; random numbers are keyed by
(i, j), so the result does not depend on the blocks.
"""

from __future__ import annotations

import numpy as np

from simgen.api.compiled_pairs import connect_compiled
from simgen.api.compiled_text import is_compilable, is_worth_compiling
from simgen.api.device_pairs import rows_by_condition
from simgen.api.pair_rules import (
    Expression,
    Integers,
    PairContext,
    check_counts,
    uniform_at,
)
from simgen.api.probabilities import check_probabilities
from simgen.connect import rules
from simgen.connect.rows import Rows
from simgen.dtypes import DType
from simgen.errors import Problem, raise_problems
from simgen.lang.syntax import Node

BLOCK = 1 << 20  # pairs evaluated together


def connect_by_pairs(
    context: PairContext,
    condition: Node | None,
    p: float | str,
    n: int | str,
    *,
    remote: bool = False,
) -> Rows:
    """Return the rows of all pairs that meet the condition and succeed in the test against p.

    ``remote`` as for :func:`simgen.api.connecting.by_condition`.
    """
    chosen = None if condition is None else context.resolve(condition)
    if chosen is not None and condition is not None and chosen.expr.dtype is not DType.BOOL:
        raise_problems(
            [Problem(f"The condition of {context.verb} must be true or false.", condition.origin)]
        )
    if not context.n_source * context.n_target:  # one end is synapses of which there are none
        nobody = np.zeros(0, np.int64)
        return rules.from_arrays(nobody, nobody, context.n_source, context.n_target)
    probability = context.number(p, "p", DType.REAL) if isinstance(p, str) else None
    if remote and n == 1:
        chance = p if isinstance(p, float) else probability
        made = None if chance is None else rows_by_condition(context, chosen, chance)
        if made is not None:
            return made
    if isinstance(p, float) and (p < 1.0 or chosen is None):
        return _sampled_pairs(context, chosen, p, n)
    if probability is None:
        _refuse_too_many(context, chosen)
    texts = [None if each is None else each.expr for each in (chosen, probability)]
    if is_worth_compiling(context.n_source * context.n_target) and is_compilable(*texts):
        text = context.merged_text(chosen, probability)
        rows = connect_compiled(context, chosen, probability, text)
        if n == 1:
            return rows
        i, j = rows.sources().astype(np.int64), rows.targets.astype(np.int64)
    else:
        i, j = _pairs_in_blocks(context, chosen, probability)
    return rules.from_arrays(*_repeated(context, i, j, n), context.n_source, context.n_target)


def _pairs_in_blocks(
    context: PairContext, chosen: Expression | None, probability: Expression | None
) -> tuple[Integers, Integers]:
    """Return the pairs that satisfy the condition and pass the test against p, by numpy."""
    n_source, n_target = context.n_source, context.n_target
    rows = max(1, BLOCK // n_target)
    sources, targets, total = [], [], 0
    j = np.arange(n_target, dtype=np.int64)[None, :]
    for first in range(0, n_source, rows):
        i = np.arange(first, min(n_source, first + rows), dtype=np.int64)[:, None]
        mask = np.ones((i.size, n_target), bool)
        if chosen is not None:
            mask &= chosen.at(context, i, j)
        if probability is not None:
            values = probability.where(context, i, j, mask)
            check_probabilities(values, mask, context, (i, j))
            mask &= uniform_at(context, i, j) < values
        where = np.nonzero(mask)
        total += where[0].size
        context.require(total)
        sources.append(where[0] + first)
        targets.append(where[1])
    return np.concatenate(sources), np.concatenate(targets)


def _repeated(
    context: PairContext, i: Integers, j: Integers, n: int | str
) -> tuple[Integers, Integers]:
    """Return every pair as often as ``n`` says."""
    i, j = i.astype(np.int64, copy=False), j.astype(np.int64, copy=False)
    if n == 1:
        return i, j
    if isinstance(n, int):
        context.require(i.size * n)
        return np.repeat(i, n), np.repeat(j, n)
    repeats = context.number(n, "n", DType.I64).at(context, i, j)
    check_counts(repeats, n, context.synapses.describe())
    context.require(float(repeats.sum(dtype=float)))
    return np.repeat(i, repeats), np.repeat(j, repeats)


def _sampled_pairs(context: PairContext, chosen: Expression | None, p: float, n: int | str) -> Rows:
    """Draw pairs with probability p, then keep those for which the condition holds."""
    drawn = rules.fixed_probability(context.n_source, context.n_target, p, context.key)
    i, j = drawn.sources().astype(np.int64), drawn.targets.astype(np.int64)
    if chosen is not None:
        kept = np.empty(drawn.n, bool)
        for first in range(0, drawn.n, BLOCK):
            part = slice(first, first + BLOCK)
            kept[part] = chosen.at(context, i[part], j[part])
        i, j = i[kept], j[kept]
    chosen_pairs = _repeated(context, i, j, n)
    return rules.from_arrays(*chosen_pairs, context.n_source, context.n_target)


def _refuse_too_many(context: PairContext, chosen: Expression | None) -> None:
    """Refuse a condition that holds for more pairs than fit into memory, before all are visited.

    Judged by a sample of pairs; by Hoeffding's inequality the share in all pairs is at most 0.03
    smaller than that in 2**16 of them, but for one case in 10**51.
    """
    pairs = context.n_source * context.n_target
    if pairs < 1 << 32:
        return
    random = np.random.default_rng(0)
    i = random.integers(0, context.n_source, 1 << 16)
    j = random.integers(0, context.n_target, 1 << 16)
    share = 1.0 if chosen is None else float(np.mean(chosen.at(context, i, j)))
    context.require(max(0.0, share - 0.03) * pairs)
