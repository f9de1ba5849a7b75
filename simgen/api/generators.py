"""Connectivity from generators: ``j='k for k in range(i-3, i+4) if k != i'``, ``sample(...)``."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.pair_rules import (
    Expression,
    Integers,
    PairContext,
    check_counts,
    origin_of,
    uniform_at,
)
from simgen.api.probabilities import check_probabilities
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
from simgen.ir.expr import IndexKind, IndexValue, Load, Local
from simgen.ir.visit import walk
from simgen.lang.expressions import parse_expression
from simgen.lang.names import undefinable_name
from simgen.lang.syntax import CallNode, Node
from simgen.model.scope import ValueEntry
from simgen.units import DIMENSIONLESS


@dataclass(frozen=True)
class Generator:
    """``result for variable in range(...)|sample(...) if condition``; the loop may be missing."""

    result: Node
    variable: str
    call: CallNode | None
    keywords: Mapping[str, Node]
    condition: Node | None


def parse_generator(text: str, owner: str, what: str) -> Generator | Node:
    """Return the parts of a generator, or the node of a plain expression."""
    source = SourceText(text, f"{what} of connect()", owner)
    tree = _tree(f"({text.strip()})")
    if tree is None:  # 'i+1 if i<4' is half of what Python has
        tree = _tree(f"({text.strip()} else 0)")
        if not isinstance(tree, ast.IfExp):
            return parse_expression(source)
    elif not isinstance(tree, ast.GeneratorExp):
        return parse_expression(source)
    lead = len(text) - len(text.lstrip()) - 1

    def part(node: ast.expr) -> Node:
        return parse_expression(source, node.col_offset + lead, (node.end_col_offset or 0) + lead)

    place = Origin(source, 0, len(text))
    if isinstance(tree, ast.IfExp):  # one turn for each row
        if "\n" in text or not text.isascii():
            _refuse(place, "A condition stands on one line of plain ASCII text.")
        return Generator(part(tree.body), "", None, {}, part(tree.test))
    loop = tree.generators[0]
    if len(tree.generators) != 1 or "\n" in text or not text.isascii():
        _refuse(place, "A generator has one 'for' on one line of plain ASCII text.")
    if not isinstance(loop.target, ast.Name) or len(loop.ifs) > 1 or loop.is_async:
        raise EquationError(
            f"{place.render()}\n  A generator is written 'result for k in range(...) if condition'."
        )
    # '_' is the usual name of a variable that is not used
    reason = None if loop.target.id == "_" else undefinable_name(loop.target.id)
    if reason is not None:
        _refuse(place, f"The variable of the generator cannot be '{loop.target.id}'. {reason[0]}")
    call = loop.iter
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise EquationError(f"{place.render()}\n  A generator runs over range(...) or sample(...).")
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


def _tree(text: str) -> ast.expr | None:
    """Return Python's syntax tree of an expression, None where the text is none."""
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


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
        call, loop = parsed.call, own
        if call is not None:
            own, loop = _loop(context, parsed, call, side, own)
        result, condition, variable = parsed.result, parsed.condition, parsed.variable
    else:
        loop, result, condition, variable = own, parsed, None, ""
    turns = _Turns(context, side, own, loop, variable)
    made = context.resolve(result, turns.extra())
    if condition is not None:
        chosen = context.resolve(condition, turns.extra())
        if chosen.expr.dtype is not DType.BOOL:
            _refuse(condition.origin, "The condition of a generator must be true or false.")
        keep = turns.holds(chosen, made, skip)
        turns, own = turns.part(keep), own[keep]
    values = turns.values(made)
    if values.dtype.kind != "i":
        _refuse(
            origin_of(text, side, owner), f"'{side}' must be an integer expression. Use int(...)."
        )
    inside = (values >= 0) & (values < n_columns)
    if skip:
        own, values = own[inside], values[inside]
    context.check_inside(values, n_columns, side)
    sources, targets = (own, values) if side == "j" else (values, own)
    if isinstance(p, str) or p < 1.0:
        wanted = (
            np.full(sources.shape, p)
            if isinstance(p, float)
            else context.number(p, "p", DType.REAL).at(context, sources, targets)
        )
        check_probabilities(wanted, np.ones(wanted.shape, bool), context, (sources, targets))
        kept = uniform_at(context, sources, targets) < wanted
        sources, targets = sources[kept], targets[kept]
    if n != 1:
        repeats: Any = n
        if isinstance(n, str):
            repeats = context.number(n, "n", DType.I64).at(context, sources, targets)
            check_counts(repeats, n, owner)
        context.require(float(np.sum(np.broadcast_to(repeats, sources.shape), dtype=float)))
        sources, targets = np.repeat(sources, repeats), np.repeat(targets, repeats)
    return rules.from_arrays(sources, targets, context.n_source, context.n_target)


@dataclass(frozen=True)
class _Turns:
    """The turns of a generator: the row of each, and what the loop variable is.

    Each has random numbers of its own, by its place among those of its row.
    """

    context: PairContext
    side: str
    own: Integers
    loop: Integers
    variable: str
    places: Integers | None = None

    def extra(self) -> dict[str, ValueEntry]:
        """Return the loop variable as texts know it."""
        name = self.variable
        return {name: ValueEntry(Local(name, DType.I64), DIMENSIONLESS)} if name else {}

    def part(self, chosen: npt.NDArray[np.bool_]) -> _Turns:
        """Return some of the turns, with the random numbers that they have here."""
        places = self._places()[chosen]
        return replace(self, own=self.own[chosen], loop=self.loop[chosen], places=places)

    def values(self, expression: Expression) -> npt.NDArray[Any]:
        """Return the values of text that does not use the index that is made."""
        if _uses(expression, _other(self.side)):
            raise EquationError(
                f"'{self.side}' of connect() of {self.context.synapses.describe()} is given for "
                f"each {'i' if self.side == 'j' else 'j'}, so its text cannot use '{self.side}' or "
                f"variables of the {'target' if self.side == 'j' else 'source'}. Use a condition "
                "instead."
            )
        return self._values_at(expression, np.zeros_like(self.own))

    def holds(self, chosen: Expression, made: Expression, skip: bool) -> npt.NDArray[np.bool_]:
        """Return for which turns the condition holds.

        It may use the index that the generator makes, and variables of the neuron that has it.
        """
        if not _uses(chosen, _other(self.side)):
            return self.values(chosen).astype(bool)
        other = self.values(made)
        if other.dtype.kind != "i" or not _reads(chosen, _other(self.side)):
            return self._values_at(chosen, other).astype(bool)
        size = self.context.n_target if self.side == "j" else self.context.n_source
        if not skip:
            self.context.check_inside(other, size, self.side)
        found = (other >= 0) & (other < size)
        found[found] = self.part(found)._values_at(chosen, other[found])
        return found

    def _places(self) -> Integers:
        if self.places is not None:
            return self.places
        return np.arange(self.own.size) - np.searchsorted(self.own, self.own)

    def _values_at(self, expression: Expression, other: Integers) -> npt.NDArray[Any]:
        pair, drawn = (self.own, other), (self.own, self._places())
        if self.side == "i":
            pair, drawn = pair[::-1], drawn[::-1]
        values = {self.variable: self.loop} if self.variable else {}
        return np.asarray(expression.where(self.context, *pair, None, values, drawn))


def _other(side: str) -> IndexKind:
    """Return which index is made."""
    return IndexKind.POST if side == "j" else IndexKind.PRE


def _uses(expression: Expression, kind: IndexKind) -> bool:
    return any(
        isinstance(node, Load | IndexValue) and node.index.kind is kind
        for node in walk(expression.expr)
    )


def _reads(expression: Expression, kind: IndexKind) -> bool:
    return any(isinstance(node, Load) and node.index.kind is kind for node in walk(expression.expr))


def _loop(
    context: PairContext, generator: Generator, call: CallNode, side: str, own: Integers
) -> tuple[Integers, Integers]:
    """Return (row, loop value) of every turn of a generator, in order."""
    arguments = [_bound(context, node, side, own) for node in call.args]
    if call.function == "range":
        if not 1 <= len(arguments) <= 3 or generator.keywords:
            _refuse(call.origin, "range() takes one to three arguments.")
        first = np.zeros_like(own) if len(arguments) == 1 else arguments[0]
        last = arguments[0] if len(arguments) == 1 else arguments[1]
        step = np.ones_like(own) if len(arguments) < 3 else arguments[2]
        if np.any(step == 0):
            _refuse(call.origin, "The step of range() is 0.")
        counts = np.maximum(0, -(-(last - first) // step))
        context.require(float(counts.sum(dtype=float)))
        rows = np.repeat(own, counts)
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        return rows, first[rows] + (np.arange(rows.size) - starts) * step[rows]
    return _sampled(context, generator, call, side, own, arguments)


def _bound(context: PairContext, node: Node, side: str, own: Integers) -> Integers:
    values = _Turns(context, side, own, own, "").values(context.resolve(node))
    if values.dtype.kind != "i":
        _refuse(node.origin, "The bounds must be integers.")
    return values


def _sampled(
    context: PairContext,
    generator: Generator,
    call: CallNode,
    side: str,
    own: Integers,
    arguments: list[Integers],
) -> tuple[Integers, Integers]:
    keywords = dict(generator.keywords)
    unknown = set(keywords) - {"p", "size", "replace"}
    if unknown or len(keywords) == 0 or ("p" in keywords) == ("size" in keywords):
        _refuse(call.origin, "sample() takes either p=... or size=..., and replace=....")
    if not 1 <= len(arguments) <= 3:
        _refuse(call.origin, "sample() takes one to three arguments, as range() does.")
    first = np.zeros_like(own) if len(arguments) == 1 else arguments[0]
    last = arguments[0] if len(arguments) == 1 else arguments[1]
    step = np.ones_like(own) if len(arguments) < 3 else arguments[2]
    counts = np.maximum(0, -(-(last - first) // step))
    replacing = _flag(keywords.get("replace"))
    if "p" in keywords:
        node = keywords["p"]
        rows = _Turns(context, side, own, own, "")
        chance = np.asarray(rows.values(context.resolve(node)), float)
        impossible = ~((chance >= 0) & (chance <= 1))
        if np.any(impossible):
            raise IndexRangeError(
                f"p of sample() in {context.verb} of {context.synapses.describe()} is "
                f"{chance[impossible][0]} for {'i' if side == 'j' else 'j'} = "
                f"{own[impossible][0]}; a probability lies between 0 and 1."
            )
        row_start, drawn = rules.samples(counts, context.key, p=chance)
    else:
        size = _bound(context, keywords["size"], side, own)
        too_large = (size < 0) | ((size > counts) & (not replacing)) | ((counts == 0) & (size > 0))
        if np.any(too_large):
            bad = int(np.flatnonzero(too_large)[0])
            _refuse(
                call.origin,
                f"sample() cannot draw {size[bad]} of {counts[bad]} values"
                f" (for {'i' if side == 'j' else 'j'} = {bad}).",
            )
        context.require(float(size.sum(dtype=float)))
        row_start, drawn = rules.samples(counts, context.key, sizes=size, replace=replacing)
    turns = np.repeat(own, np.diff(row_start).astype(np.int64))
    return turns, first[turns] + drawn.astype(np.int64) * step[turns]


def _flag(node: Node | None) -> bool:
    if node is None:
        return False
    value = getattr(node, "value", None)
    if not isinstance(value, bool):
        _refuse(node.origin, "replace must be True or False.")
    return bool(value)
