"""Connectivity from text about pairs: conditions, probabilities and counts.

Pairs are visited in blocks of rows, all elements of a block at once; random numbers are keyed by
(i, j), so the result does not depend on the blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.evaluation import TextContext, TextEnvironment
from simgen.api.subgroup import Subgroup
from simgen.connect import rules
from simgen.connect.rows import Rows
from simgen.dtypes import DType
from simgen.errors import (
    IndexRangeError,
    Origin,
    Problem,
    SourceText,
    raise_problems,
)
from simgen.ir.evaluate import evaluate
from simgen.ir.expr import Expr, Local, Param
from simgen.lang.expressions import parse_expression
from simgen.lang.syntax import Node
from simgen.model.resolve import DrawCounter, Resolver
from simgen.model.scope import Entry, Scope
from simgen.numerics import distributions, philox

if TYPE_CHECKING:
    from simgen.api.synapses import Synapses

BLOCK = 1 << 20  # pairs evaluated together
_KEY = Param("text_key", DType.U64)
_P_DRAW = 255  # the draw number of the test against p, away from those that text uses
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PairContext:
    """What text about pairs may use: the groups' variables, constants, and i and j."""

    synapses: Synapses
    namespace: Mapping[str, Any]
    key: int

    @property
    def n_source(self) -> int:
        """The number of sources."""
        return self.synapses.source._size()

    @property
    def n_target(self) -> int:
        """The number of targets."""
        return self.synapses.target._size()

    def check_inside(self, values: Integers, size: int, what: str, text: str = "") -> None:
        """Raise if an index lies outside its group."""
        beyond = (values < 0) | (values >= size)
        if np.any(beyond):
            raise IndexRangeError(
                f"{what} = {values[beyond].flat[0]} in connect() of {self.synapses.describe()} is "
                f"outside the group of {size} elements{text}. Use skip_if_invalid=True to leave "
                "such synapses out."
            )

    def resolve(self, node: Node, extra: Mapping[str, Entry] | None = None) -> Expression:
        """Return the typed expression of a node, ready to be evaluated at pairs."""
        constants = self.synapses._constants(self.namespace)
        scope: Scope = self.synapses._scope(constants)
        if extra:
            scope = _Extended(scope, extra)
        problems: list[Problem] = []
        resolver = Resolver(scope, problems=problems, draw_key=_KEY, draws=DrawCounter())
        expr, _ = resolver.expression(node)
        raise_problems(problems)
        text = self.synapses._text_context()
        return Expression(expr, replace(text, constants=constants.used), self.key)


class _Extended(Scope):
    def __init__(self, outer: Scope, extra: Mapping[str, Entry]) -> None:
        self.outer = outer
        self.extra = extra

    def lookup(self, name: str) -> Entry | None:
        """Return the loop variable, else what the outer scope says."""
        return self.extra.get(name) or self.outer.lookup(name)

    def names(self) -> Iterator[str]:
        """Yield all names."""
        yield from self.extra
        yield from self.outer.names()


@dataclass(frozen=True)
class Expression:
    """An expression to be evaluated at pairs (i, j) of relative indices."""

    expr: Expr
    text: TextContext
    key: int

    def at(self, context: PairContext, i: Integers, j: Integers, **values: Integers) -> Any:
        """Return the values at the pairs; ``values`` are those of loop variables."""
        source, target = context.synapses.source, context.synapses.target
        first = source.start if isinstance(source, Subgroup) else 0
        second = target.start if isinstance(target, Subgroup) else 0
        shape = np.broadcast_shapes(i.shape, j.shape)
        pair = (np.broadcast_to(i + first, shape), np.broadcast_to(j + second, shape))
        text = replace(self.text, coordinates=lambda positions: pair)
        env = _PairEnvironment(text, np.zeros(shape, np.int64), self.key)
        env.locals = values
        return np.broadcast_to(evaluate(self.expr, env), shape)


class _PairEnvironment(TextEnvironment):
    locals: Mapping[str, Integers]

    def local(self, local: Local) -> Any:
        """Return a loop variable."""
        return self.locals[local.name]


def connect_by_pairs(
    context: PairContext, condition: Node | None, p: float | str, n: int | str
) -> Rows:
    """Return the rows of all pairs for which the condition holds and the test against p succeeds."""
    owner = context.synapses.describe()
    chosen = None if condition is None else context.resolve(condition)
    if chosen is not None and condition is not None and chosen.expr.dtype is not DType.BOOL:
        raise_problems(
            [Problem("The condition of connect() must be true or false.", condition.origin)]
        )
    if chosen is not None and isinstance(p, float) and p < 1.0 and isinstance(n, int):
        return _sampled_pairs(context, chosen, p, n)
    probability = None if isinstance(p, float) else context.resolve(parse_part(p, "p", owner))
    count = None if isinstance(n, int) else context.resolve(parse_part(n, "n", owner))
    n_source, n_target = context.n_source, context.n_target
    rows = max(1, BLOCK // n_target)
    sources, targets = [], []
    j = np.arange(n_target, dtype=np.int64)[None, :]
    for first in range(0, n_source, rows):
        i = np.arange(first, min(n_source, first + rows), dtype=np.int64)[:, None]
        mask = np.ones((i.size, n_target), bool)
        if chosen is not None:
            mask &= chosen.at(context, i, j)
        if isinstance(p, float) and p < 1.0:
            where = np.nonzero(mask)
            mask[where] = uniform_at(context, where[0] + first, where[1]) < p
        elif probability is not None:
            values = probability.at(context, i, j).astype(float)
            check_probabilities(values, mask, owner, first)
            where = np.nonzero(mask & (values > 0))
            kept = uniform_at(context, where[0] + first, where[1]) < values[where]
            mask = np.zeros_like(mask)
            mask[where[0][kept], where[1][kept]] = True
        where = np.nonzero(mask)
        found_i, found_j = where[0] + first, where[1]
        if count is not None:
            repeats = count.at(context, found_i, found_j)
            if repeats.dtype.kind == "f" or np.any(repeats < 0):
                raise_problems(
                    [
                        Problem(
                            "n must be a whole number that is not negative.",
                            origin_of(n, "n", owner),
                        )
                    ]
                )
            found_i, found_j = np.repeat(found_i, repeats), np.repeat(found_j, repeats)
        elif isinstance(n, int) and n != 1:
            found_i, found_j = np.repeat(found_i, n), np.repeat(found_j, n)
        sources.append(found_i.astype(np.uint32))
        targets.append(found_j.astype(np.uint32))
    return rules.from_arrays(np.concatenate(sources), np.concatenate(targets), n_source, n_target)


def _sampled_pairs(context: PairContext, chosen: Expression, p: float, n: int) -> Rows:
    """Draw pairs with probability p, then keep those for which the condition holds."""
    drawn = rules.fixed_probability(context.n_source, context.n_target, p, context.key)
    i, j = drawn.sources(), drawn.targets
    kept = np.empty(drawn.n, bool)
    for first in range(0, drawn.n, BLOCK):
        part = slice(first, first + BLOCK)
        kept[part] = chosen.at(context, i[part].astype(np.int64), j[part].astype(np.int64))
    i, j = i[kept], j[kept]
    if n != 1:
        i, j = np.repeat(i, n), np.repeat(j, n)
    return rules.from_arrays(i, j, context.n_source, context.n_target)


def uniform_at(context: PairContext, i: Integers, j: Integers) -> npt.NDArray[np.float64]:
    counters = philox.counters_at_synapses(i, j, np.zeros(1, np.int64), 0, _P_DRAW)
    return np.asarray(distributions.draw_rand(context.key, counters, np.dtype(np.float64)))


def check_probabilities(values: Any, mask: Any, owner: str, first: int) -> None:
    bad = mask & ~((values >= 0) & (values <= 1))
    if np.any(bad):
        row, column = np.argwhere(bad)[0]
        raise IndexRangeError(
            f"p of connect() of {owner} is {values[row, column]} for i = {row + first}, j = {column}; "
            "a probability lies between 0 and 1."
        )


def origin_of(text: Any, what: str, owner: str) -> Origin:
    source = SourceText(str(text), f"{what} of connect()", owner)
    return Origin(source, 0, len(source.text))


def parse_part(text: Any, what: str, owner: str) -> Node:
    return parse_expression(SourceText(str(text), f"{what} of connect()", owner))
