"""Text about pairs of neurons: conditions, probabilities and counts, and their values.

Random numbers are keyed by (i, j).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simgen.api.evaluation import TextContext, TextEnvironment, draw_samples
from simgen.api.faults import fault_error
from simgen.api.probabilities import check_constant
from simgen.api.subgroup import Subgroup
from simgen.build.pairs import P_DRAW
from simgen.connect.checks import require_memory
from simgen.dtypes import DType
from simgen.errors import (
    IndexRangeError,
    ModelError,
    Origin,
    Problem,
    SourceText,
    raise_problems,
)
from simgen.ir.evaluate import evaluate
from simgen.ir.expr import (
    Compare,
    Expr,
    IndexKind,
    IndexValue,
    Load,
    Local,
    Param,
    RandomDraw,
)
from simgen.ir.faults import faults_in, is_run_constant
from simgen.ir.visit import walk
from simgen.lang.expressions import parse_expression
from simgen.lang.syntax import Node
from simgen.model.calls import CallsAtOnce
from simgen.model.resolve import DrawCounter, Resolver
from simgen.model.scope import Entry, Scope
from simgen.numerics import distributions, philox
from simgen.units import DIMENSIONLESS

if TYPE_CHECKING:
    from simgen.api.connectable import Connectable

_log = logging.getLogger("simgen.model")
_KEY = Param("text_key", DType.U64)
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PairContext:
    """What text about pairs may use: the groups' variables, constants, and i and j."""

    synapses: Connectable
    namespace: Mapping[str, Any]
    key: int
    verb: str = "connect()"  # as messages call it
    told: set[str] = field(default_factory=set)  # what was warned of
    draws: DrawCounter = field(default_factory=DrawCounter)  # of all texts of one connect()

    @property
    def n_source(self) -> int:
        """The number of sources."""
        return self.synapses.source._size()

    @property
    def n_target(self) -> int:
        """The number of targets."""
        return self.synapses.target._size()

    @property
    def first_source(self) -> int:
        """The number of the first source in its whole group."""
        source = self.synapses.source
        return int(source.start) if isinstance(source, Subgroup) else 0

    @property
    def first_target(self) -> int:
        """The number of the first target in its whole group."""
        target = self.synapses.target
        return int(target.start) if isinstance(target, Subgroup) else 0

    def check_inside(self, values: Integers, size: int, what: str, text: str = "") -> None:
        """Raise if an index lies outside its group."""
        beyond = (values < 0) | (values >= size)
        if np.any(beyond):
            raise IndexRangeError(
                f"{what} = {values[beyond].flat[0]} in {self.verb} of {self.synapses.describe()} "
                f"is outside the group of {size} elements{text}. Use skip_if_invalid=True to leave "
                "such synapses out."
            )

    def absolute(self, i: Integers, j: Integers) -> tuple[Integers, Integers]:
        """Return (target, source) indices in the whole groups, of one shape: element and step."""
        shape = np.broadcast_shapes(np.shape(i), np.shape(j))
        targets = np.broadcast_to(j + self.first_target, shape)
        return targets, np.broadcast_to(i + self.first_source, shape)

    def merged_text(self, *expressions: Expression | None) -> TextContext:
        """Return the context of several expressions, with the constants of all."""
        texts = [expression.text for expression in expressions if expression is not None]
        merged: dict[str, tuple[str, float | int]] = {}
        for text in texts:
            merged.update(text.constants)
        return replace(texts[0], constants=merged)

    def require(self, count: float) -> None:
        """Raise MemoryLimitError if this many pairs would not fit into memory."""
        require_memory(16 * int(count), f"{self.verb} with {int(count):,} synapses")

    def number(self, text: str, what: str, dtype: DType) -> Expression:
        """Return the expression of a number without dimension, such as p or n."""
        found = self.resolve(self.parse(text, what), None, (what, dtype))
        if what == "p" and is_run_constant(found.expr):
            pair = np.zeros((1, 1), np.int64), np.zeros((1, 1), np.int64)
            value = float(found.at(self, *pair)[0, 0])
            check_constant(value, f"p of {self.verb} of {self.synapses.describe()}")
        return found

    def parse(self, text: str, what: str) -> Node:
        """Return the syntax of an argument."""
        return parse_part(text, what, self.synapses.describe(), self.verb)

    def resolve(
        self,
        node: Node,
        extra: Mapping[str, Entry] | None = None,
        wanted: tuple[str, DType] | None = None,
    ) -> Expression:
        """Return the typed expression of a node, ready to be evaluated at pairs."""
        constants = self.synapses._constants(self.namespace)
        own = self.synapses._scope(constants, self.namespace)
        scope = _Extended(own, extra) if extra else own
        problems: list[Problem] = []
        resolver = Resolver(
            scope, problems=problems, draw_key=_KEY, draws=self.draws, calls=CallsAtOnce()
        )
        if wanted is None:
            expr, _ = resolver.expression(node)
        else:
            expr = resolver.expect(node, DIMENSIONLESS, wanted[1], f"'{wanted[0]}'")
        for load in walk(expr):
            if isinstance(load, Load) and load.index.kind is IndexKind.SYNAPSE:
                name = load.array.name.rpartition(".")[2]
                message = f"'{name}' of {self.synapses.describe()} has no value before synapses are"
                hint = "Connections may depend on i, j and the variables of both groups."
                problems.append(Problem(f"{message} made.", node.origin, hint))
        raise_problems(problems)
        text = replace(self.synapses._text_context(), constants=own.constants_used())
        found = Expression(expr, text, self.key, node.origin)
        check_constants(found, self.synapses.describe())
        return found


class _Extended(Scope):
    def __init__(self, outer: Scope, extra: Mapping[str, Entry]) -> None:
        self.outer = outer
        self.extra = extra

    def lookup(self, name: str) -> Entry | None:
        """Return the loop variable, else what the outer scope says."""
        return self.extra.get(name) or self.outer.lookup(name)

    def peek(self, name: str) -> Entry | None:
        """Return what ``lookup`` would."""
        return self.extra.get(name) or self.outer.peek(name)

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
    origin: Origin

    def at(self, context: PairContext, i: Integers, j: Integers, **values: Integers) -> Any:
        """Return the values at the pairs; ``values`` are those of loop variables."""
        return self.where(context, i, j, None, values)

    def where(
        self,
        context: PairContext,
        i: Integers,
        j: Integers,
        mask: npt.NDArray[np.bool_] | None,
        values: Mapping[str, Integers] | None = None,
        drawn: tuple[Integers, Integers] | None = None,
    ) -> Any:
        """Return the values at the pairs; only where ``mask`` holds they need to be defined.

        Random numbers are those of the pairs, or those of other ones, ``drawn``.
        """
        targets, sources = context.absolute(i, j)
        text = replace(self.text, coordinates=lambda positions: (sources, targets))
        env = _PairEnvironment(text, np.zeros(targets.shape, np.int64), self.key)
        env.locals = values or {}
        env.drawn = (targets, sources) if drawn is None else context.absolute(*drawn)
        for condition in faults_in(self.expr):
            wrong = np.broadcast_to(evaluate(condition, env), targets.shape)
            if mask is not None:
                wrong = wrong & mask
            if wrong.any():
                first = np.flatnonzero(wrong)[0]
                pair = (np.broadcast_to(own, targets.shape).flat[first] for own in (i, j))
                place = _place(condition, *pair)
                raise fault_error(condition, self.origin, place, context.synapses.describe())
        return np.broadcast_to(evaluate(self.expr, env), targets.shape)


def _place(condition: Expr, i: int, j: int) -> str:
    """Return " for i = 3, j = 5", of which that is named on which the condition depends."""
    kinds = {node.index.kind for node in walk(condition) if isinstance(node, Load | IndexValue)}
    named = (("i", IndexKind.PRE, i), ("j", IndexKind.POST, j))
    found = [f"{name} = {value}" for name, kind, value in named if kind in kinds]
    return f" for {', '.join(found)}" if found else ""


def check_constants(expression: Expression, owner: str) -> None:
    """Look at constants: divisors that are 0, and C/N of ``rand() < C/N`` that is no probability.

    Raises NumericalError where integers are divided by zero and ModelError for a probability that
    is NaN or infinite; warns of one that lies outside 0 to 1.
    """
    text = replace(expression.text, coordinates=lambda positions: None)
    env = _PairEnvironment(text, np.zeros(1, np.int64), expression.key)
    for condition in faults_in(expression.expr):
        if is_run_constant(condition) and np.any(evaluate(condition, env)):
            raise fault_error(condition, expression.origin, "", owner)
    for chance in _chances(expression.expr):
        value = float(np.ravel(evaluate(chance, env))[0])
        shown = f"{expression.origin.render()}\n  rand() is compared with {value} in {owner}"
        if not np.isfinite(value):
            raise ModelError(f"{shown}, which is no probability. Is something divided by zero?")
        if not 0 <= value <= 1:
            _log.warning("%s, but a probability lies between 0 and 1.", shown)


def _chances(expr: Expr) -> Iterator[Expr]:
    """Yield what is made of constants and compared with a uniform random number."""
    for node in walk(expr):
        if isinstance(node, Compare) and node.op in ("<", "<=", ">", ">="):
            for one, other in ((node.left, node.right), (node.right, node.left)):
                drawn = isinstance(one, RandomDraw) and one.distribution == "rand"
                if drawn and is_run_constant(other):
                    yield other


class _PairEnvironment(TextEnvironment):
    locals: Mapping[str, Integers]
    drawn: tuple[Integers, Integers]

    def local(self, local: Local) -> Any:
        """Return a loop variable."""
        return self.locals[local.name]

    def draw(self, draw: RandomDraw, args: tuple[Any, ...], rank: Any) -> Any:
        """Return samples keyed as the compiled program keys them: target, source as the step."""
        targets, sources = self.drawn
        counters = philox.counters_at_elements(
            targets.ravel(), sources.ravel(), draw.number, self.real
        )
        flat = tuple(np.broadcast_to(arg, targets.shape).ravel() for arg in args)
        draws = draw_samples(draw.distribution, self.key, counters, flat, self.real)
        return np.asarray(draws).reshape(targets.shape)


def check_counts(repeats: npt.NDArray[Any], n: Any, owner: str) -> None:
    """Raise for a negative number of synapses."""
    if np.any(repeats < 0):
        problem = f"n must not be negative, but it is {repeats[repeats < 0].flat[0]}."
        raise_problems([Problem(problem, origin_of(n, "n", owner))])


def uniform_at(context: PairContext, i: Integers, j: Integers) -> npt.NDArray[Any]:
    """Return the uniform numbers that are compared with p, one for each pair (i, j)."""
    elements, steps = context.absolute(i, j)
    real = context.synapses._real
    counters = philox.counters_at_elements(elements.ravel(), steps.ravel(), P_DRAW, real)
    draws = np.asarray(distributions.draw_rand(context.key, counters, real))
    return draws.reshape(elements.shape)


def origin_of(text: Any, what: str, owner: str) -> Origin:
    """Return the place of an argument of connect()."""
    source = SourceText(str(text), f"{what} of connect()", owner)
    return Origin(source, 0, len(source.text))


def parse_part(text: Any, what: str, owner: str, verb: str = "connect()") -> Node:
    """Return the syntax of an argument of connect(), or of what else makes synapses."""
    return parse_expression(SourceText(str(text), f"{what} of {verb}", owner))
