"""Connectivity from text: conditions, probabilities and counts per pair, and generators.

Pairs are visited in blocks of rows, all elements of a block at once; random numbers are keyed by
(i, j), so the result does not depend on the blocks.
"""

from __future__ import annotations

import ast
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
    EquationError,
    IndexRangeError,
    Origin,
    Problem,
    SourceText,
    raise_problems,
)
from simgen.ir.evaluate import evaluate
from simgen.ir.expr import Expr, Local, Param
from simgen.lang.expressions import parse_expression
from simgen.lang.syntax import CallNode, Node
from simgen.model.resolve import DrawCounter, Resolver
from simgen.model.scope import Entry, Scope, ValueEntry
from simgen.numerics import distributions, philox
from simgen.units import DIMENSIONLESS

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
    probability = None if isinstance(p, float) else context.resolve(_parse(p, "p", owner))
    count = None if isinstance(n, int) else context.resolve(_parse(n, "n", owner))
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
            mask[where] = _uniform(context, where[0] + first, where[1]) < p
        elif probability is not None:
            values = probability.at(context, i, j).astype(float)
            _check_probabilities(values, mask, owner, first)
            where = np.nonzero(mask & (values > 0))
            kept = _uniform(context, where[0] + first, where[1]) < values[where]
            mask = np.zeros_like(mask)
            mask[where[0][kept], where[1][kept]] = True
        where = np.nonzero(mask)
        found_i, found_j = where[0] + first, where[1]
        if count is not None:
            repeats = count.at(context, found_i, found_j)
            if repeats.dtype.kind == "f" or np.any(repeats < 0):
                raise_problems(
                    [Problem("n must be a whole number that is not negative.", _origin(n, "n", owner))]
                )
            found_i, found_j = np.repeat(found_i, repeats), np.repeat(found_j, repeats)
        elif n != 1:
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


def _uniform(context: PairContext, i: Integers, j: Integers) -> npt.NDArray[np.float64]:
    counters = philox.counters_at_synapses(i, j, np.zeros(1, np.int64), 0, _P_DRAW)
    return np.asarray(distributions.draw_rand(context.key, counters, np.dtype(np.float64)))


def _check_probabilities(values: Any, mask: Any, owner: str, first: int) -> None:
    bad = mask & ~((values >= 0) & (values <= 1))
    if np.any(bad):
        row, column = np.argwhere(bad)[0]
        raise IndexRangeError(
            f"p of connect() of {owner} is {values[row, column]} for i = {row + first}, j = {column}; "
            "a probability lies between 0 and 1."
        )


def _origin(text: Any, what: str, owner: str) -> Origin:
    source = SourceText(str(text), f"{what} of connect()", owner)
    return Origin(source, 0, len(source.text))


def _parse(text: Any, what: str, owner: str) -> Node:
    return parse_expression(SourceText(str(text), f"{what} of connect()", owner))


@dataclass(frozen=True)
class Generator:
    """``result for variable in range(...)|sample(...) if condition``."""

    result: Node
    variable: str
    call: CallNode
    keywords: Mapping[str, Node]
    condition: Node | None


def parse_generator(text: str, owner: str, what: str) -> Generator | Node:
    """Return the parts of a generator, or the node of a plain expression."""
    source = SourceText(text, f"{what} of connect()", owner)
    try:
        tree = ast.parse(f"({text.strip()})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return parse_expression(source)
    if not isinstance(tree, ast.GeneratorExp):
        return parse_expression(source)
    lead = len(text) - len(text.lstrip()) - 1

    def part(node: ast.expr) -> Node:
        return parse_expression(source, node.col_offset + lead, (node.end_col_offset or 0) + lead)

    loop = tree.generators[0]
    place = Origin(source, 0, len(text))
    if len(tree.generators) != 1 or "\n" in text or not text.isascii():
        _refuse(place, "A generator has one 'for' on one line of plain ASCII text.")
    if not isinstance(loop.target, ast.Name) or len(loop.ifs) > 1 or loop.is_async:
        _refuse(place, "A generator is written 'result for k in range(...) if condition'.")
    call = loop.iter
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        _refuse(place, "A generator runs over range(...) or sample(...).")
    if call.func.id not in ("range", "sample"):
        _refuse(place, f"A generator runs over range(...) or sample(...), not {call.func.id}(...).")
    arguments = CallNode(call.func.id, tuple(part(arg) for arg in call.args), place)
    keywords = {entry.arg: part(entry.value) for entry in call.keywords if entry.arg is not None}
    return Generator(
        part(tree.elt),
        loop.target.id,
        arguments,
        keywords,
        part(loop.ifs[0]) if loop.ifs else None,
    )


def _refuse(origin: Origin, message: str) -> None:
    raise_problems([Problem(message, origin, "", EquationError)])


def connect_by_generator(
    context: PairContext, side: str, text: str, p: float | str, n: int | str, skip: bool
) -> Rows:
    """Return the rows of an expression or generator for the index of one side."""
    owner = context.synapses.describe()
    parsed = parse_generator(text, owner, side)
    n_rows = context.n_source if side == "j" else context.n_target
    n_columns = context.n_target if side == "j" else context.n_source
    own = np.arange(n_rows, dtype=np.int64)
    if isinstance(parsed, Generator):
        own, loop = _loop(context, parsed, side, own)
        result, condition, variable = parsed.result, parsed.condition, parsed.variable
    else:
        loop, result, condition, variable = own, parsed, None, ""
    extra = {variable: ValueEntry(Local(variable, DType.I64), DIMENSIONLESS)} if variable else {}
    if condition is not None:
        keep = _at_side(context, context.resolve(condition, extra), side, own, loop, variable)
        own, loop = own[keep.astype(bool)], loop[keep.astype(bool)]
    values = _at_side(context, context.resolve(result, extra), side, own, loop, variable)
    if values.dtype.kind != "i":
        _refuse(_origin(text, side, owner), f"'{side}' must be an integer expression.")
    inside = (values >= 0) & (values < n_columns)
    if skip:
        own, values = own[inside], values[inside]
    context.check_inside(values, n_columns, side)
    sources, targets = (own, values) if side == "j" else (values, own)
    if isinstance(p, str) or p < 1.0:
        wanted = (
            np.full(sources.shape, p)
            if isinstance(p, float)
            else context.resolve(_parse(p, "p", owner)).at(context, sources, targets)
        )
        _check_probabilities(np.atleast_2d(wanted), np.ones((1, wanted.size), bool), owner, 0)
        kept = _uniform(context, sources, targets) < wanted
        sources, targets = sources[kept], targets[kept]
    if n != 1:
        repeats: Any = n
        if isinstance(n, str):
            repeats = context.resolve(_parse(n, "n", owner)).at(context, sources, targets)
        sources, targets = np.repeat(sources, repeats), np.repeat(targets, repeats)
    return rules.from_arrays(sources, targets, context.n_source, context.n_target)


def _at_side(
    context: PairContext,
    expression: Expression,
    side: str,
    own: Integers,
    loop: Integers,
    variable: str,
) -> npt.NDArray[Any]:
    """Evaluate where only the index of one side is known; the other one must not be used."""
    other = np.zeros_like(own)
    pair = (own, other) if side == "j" else (other, own)
    values = {variable: loop} if variable else {}
    return np.asarray(expression.at(context, *pair, **values))


def _loop(
    context: PairContext, generator: Generator, side: str, own: Integers
) -> tuple[Integers, Integers]:
    """Return (row, loop value) of every turn of a generator, in order."""
    arguments = [_bound(context, node, side, own) for node in generator.call.args]
    if generator.call.function == "range":
        if not 1 <= len(arguments) <= 3 or generator.keywords:
            _refuse(generator.call.origin, "range() takes one to three arguments.")
        first = np.zeros_like(own) if len(arguments) == 1 else arguments[0]
        last = arguments[0] if len(arguments) == 1 else arguments[1]
        step = np.ones_like(own) if len(arguments) < 3 else arguments[2]
        if np.any(step == 0):
            _refuse(generator.call.origin, "The step of range() is 0.")
        counts = np.maximum(0, -(-(last - first) // step))
        rows = np.repeat(own, counts)
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        return rows, first[rows] + (np.arange(rows.size) - starts) * step[rows]
    return _sampled(context, generator, side, own, arguments)


def _bound(context: PairContext, node: Node, side: str, own: Integers) -> Integers:
    values = _at_side(context, context.resolve(node), side, own, own, "")
    if values.dtype.kind != "i":
        _refuse(node.origin, "The bounds must be integers.")
    return values


def _sampled(
    context: PairContext, generator: Generator, side: str, own: Integers, arguments: list[Integers]
) -> tuple[Integers, Integers]:
    keywords = dict(generator.keywords)
    unknown = set(keywords) - {"p", "size", "replace"}
    if unknown or len(keywords) == 0 or ("p" in keywords) == ("size" in keywords):
        _refuse(generator.call.origin, "sample() takes either p=... or size=..., and replace=....")
    if not 1 <= len(arguments) <= 3:
        _refuse(generator.call.origin, "sample() takes one to three arguments, as range() does.")
    first = np.zeros_like(own) if len(arguments) == 1 else arguments[0]
    last = arguments[0] if len(arguments) == 1 else arguments[1]
    step = np.ones_like(own) if len(arguments) < 3 else arguments[2]
    counts = np.maximum(0, -(-(last - first) // step))
    replacing = _flag(keywords.get("replace"))
    if "p" in keywords:
        node = keywords["p"]
        chance = np.asarray(_at_side(context, context.resolve(node), side, own, own, ""), float)
        _check_probabilities(chance[None, :], np.ones((1, own.size), bool), context.synapses.describe(), 0)
        if np.all(counts == counts[0]) and np.all(chance == chance[0]) and counts[0] > 0:
            rows = rules.fixed_probability(own.size, int(counts[0]), float(chance[0]), context.key)
            return _spread(rows, first, step)
        found = [
            rules.sample(int(count), context.key, int(row), p=float(value)).astype(np.int64)
            for row, count, value in zip(own, counts, chance)
        ]
    else:
        size = _bound(context, keywords["size"], side, own)
        too_large = (size < 0) | ((size > counts) & (not replacing)) | ((counts == 0) & (size > 0))
        if np.any(too_large):
            bad = int(np.flatnonzero(too_large)[0])
            _refuse(
                generator.call.origin,
                f"sample() cannot draw {size[bad]} of {counts[bad]} values"
                f" (for {'i' if side == 'j' else 'j'} = {bad}).",
            )
        if np.all(counts == counts[0]) and np.all(size == size[0]) and counts[0] > 0:
            rows = rules.fixed_out_degree(
                own.size,
                int(counts[0]),
                int(size[0]),
                context.key,
                multapses=replacing,
                autapses=True,
            )
            return _spread(rows, first, step)
        found = [
            rules.sample(int(c), context.key, int(row), size=int(s), replace=replacing).astype(np.int64)
            for row, c, s in zip(own, counts, size)
        ]
    lengths = np.array([values.size for values in found], np.int64)
    turns = np.repeat(own, lengths)
    loop = np.concatenate(found) if found else np.zeros(0, np.int64)
    return turns, first[turns] + loop * step[turns]


def _spread(rows: Rows, first: Integers, step: Integers) -> tuple[Integers, Integers]:
    turns = rows.sources().astype(np.int64)
    return turns, first[turns] + rows.targets.astype(np.int64) * step[turns]


def _flag(node: Node | None) -> bool:
    if node is None:
        return False
    value = getattr(node, "value", None)
    if not isinstance(value, bool):
        _refuse(node.origin, "replace must be True or False.")
    return bool(value)


