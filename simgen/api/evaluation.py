"""Strings evaluated at once: values assigned to variables, conditions used as indices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.api.clock import Clock
from simgen.api.faults import fault_error
from simgen.api.seeds import take_stream
from simgen.api.storage import AnyArray, StateVariable
from simgen.api.timed_array import find_table, table_parameter
from simgen.dtypes import DType
from simgen.errors import (
    DimensionMismatchError,
    EquationError,
    InternalError,
    Problem,
    SourceText,
    UnsupportedFeatureError,
    raise_problems,
)
from simgen.ir.evaluate import evaluate
from simgen.ir.expr import Array, Expr, Index, IndexKind, Load, Local, Param, RandomDraw
from simgen.ir.faults import faults_in, is_run_constant
from simgen.ir.visit import has_state, walk
from simgen.lang.expressions import parse_expression
from simgen.lang.syntax import Node
from simgen.model.calls import CallsAtOnce
from simgen.model.code import differing_name
from simgen.model.functions import said
from simgen.model.hints import literal_hint
from simgen.model.resolve import DrawCounter, Resolver
from simgen.model.scope import Scope
from simgen.numerics import distributions, philox
from simgen.runtime.aligned import aligned_zeros
from simgen.units import Dimension, Quantity

CHUNK = 1 << 16  # elements evaluated together: temporaries stay in the cache
_KEY = Param("text_key", DType.U64)


@dataclass(frozen=True)
class TextContext:
    """Where a string is evaluated: names, data behind arrays, the clock and the sizes."""

    owner: str
    scope: Scope
    find: Callable[[Array], AnyArray]
    clock: Clock
    sizes: dict[str, int]
    real: np.dtype[np.floating]
    index: Index
    coordinates: Callable[[Any], tuple[AnyArray, AnyArray] | None]
    constants: Mapping[str, tuple[str, float | int]]
    warn: Callable[[], None]  # of names that could mean two things
    rank: Expr | None = None  # of a synapse among those of its pair, for random draws
    whole: Callable[[TextContext, Expr, int], AnyArray | None] | None = None  # all data at once
    keys: Mapping[str, int] = field(default_factory=dict)  # of draws that were assigned earlier


class TextEnvironment:
    """The leaves of an expression at given positions.

    See :class:`simgen.ir.evaluate.Environment`.
    """

    def __init__(self, context: TextContext, positions: npt.NDArray[np.int64], key: int) -> None:
        self.context = context
        self.positions = positions
        self.key = key
        pair = context.coordinates(positions)
        self._pre: AnyArray | None = None if pair is None else pair[0]
        self._post: AnyArray | None = None if pair is None else pair[1]

    @property
    def real(self) -> np.dtype[np.floating]:
        """The program's precision."""
        return self.context.real

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one value per position."""
        return self.positions.shape

    def place(self, number: int) -> str:
        """Return " at index 3", or the pair of the synapse, of one of the positions."""
        if self._pre is None or self._post is None:
            return f" at index {self.positions[number]}"
        return f" at the synapse from {self._pre[number]} to {self._post[number]}"

    def index(self, index: Index) -> Any:
        """Return the running index at the positions."""
        match index.kind:
            case IndexKind.ZERO:
                plain: Any = 0
            case IndexKind.PRE:
                plain = self._pre
            case IndexKind.POST:
                plain = self._post
            case _:
                plain = self.positions
        if index.via is not None:
            return self.context.find(index.via)[plain]
        return plain

    def load(self, load: Load) -> Any:
        """Return array elements."""
        return self.context.find(load.array)[self.index(load.index)]

    def gather(self, array: Array, position: Any) -> Any:
        """Return array elements at computed positions."""
        table = find_table(array)
        if table is None:
            return self.context.find(array)[position]
        table.check_sizes(self._size_of)
        return table.data(self.real)[position]

    def _size_of(self, count: Expr) -> int | None:
        """Return a number of elements, None if it is one of other objects."""
        params = [node for node in walk(count) if isinstance(node, Param)]
        known = all(param.name in self.context.sizes for param in params)
        return int(evaluate(count, self)) if known else None

    def param(self, param: Param) -> Any:
        """Return constants, sizes and dt."""
        name = param.name
        if name in self.context.sizes:
            return self.context.sizes[name]
        if name.startswith("dt_"):
            return self.context.clock.dt_
        if name in self.context.constants:
            return self.context.constants[name][1]
        value = table_parameter(name)
        if value is None:
            raise InternalError(f"no value for the parameter '{name}'")
        return value

    def local(self, local: Local) -> Any:
        """Locals do not occur outside code blocks."""
        raise InternalError(f"local '{local.name}' in a single expression")

    def step(self) -> int:
        """Return the present step."""
        return round(self.context.clock._now / self.context.clock.dt_)

    def time(self) -> float:
        """Return the present time in seconds."""
        return self.step() * self.context.clock.dt_

    def draw(self, draw: RandomDraw, args: tuple[Any, ...], rank: Any) -> Any:
        """Return samples keyed by the element, or by (source, target) of the synapse."""
        if self._pre is not None and self._post is not None:
            ranks = np.zeros(1, np.int64) if rank is None else rank
            counters = philox.counters_at_synapses(self._pre, self._post, ranks, 0, draw.number)
        else:
            counters = philox.counters_at_elements(self.positions, 0, draw.number, self.real)
        key = self.context.keys.get(draw.key.name, self.key)
        return draw_samples(draw.distribution, key, counters, args, self.real)


def draw_samples(
    distribution: str, key: int, counters: Any, args: tuple[Any, ...], real: np.dtype[np.floating]
) -> Any:
    """Return samples of a distribution at the given counters."""
    match distribution:
        case "rand":
            return distributions.draw_rand(key, counters, real)
        case "randn":
            return distributions.draw_randn(key, counters, real)
        case "poisson":
            (mean,) = args
            return distributions.draw_poisson(key, counters, mean, dtype=real)
        case "binomial":
            n, p = args
            return distributions.draw_binomial(key, counters, n, p, dtype=real)
        case "truncated_normal":
            mean, sd, low, high = args
            return distributions.draw_truncated_normal(
                key, counters, mean, sd, low, high, dtype=real
            )
    raise InternalError(f"unknown distribution '{distribution}'")


def evaluate_text(
    text: str,
    what: str,
    context: TextContext,
    positions: Any,
    dim: Dimension | None,
    variable: StateVariable | None,
) -> AnyArray:
    """Return the values of ``text`` at ``positions`` (a slice or an array), a new array.

    With ``variable`` the result has its dimension (checked) and dtype; without, it is a condition.
    """
    source = SourceText(text, what, context.owner)
    node = parse_expression(source)
    if variable is not None:
        return assigned_values(node, context, positions, dim, variable)
    expr, _ = resolve_node(node, context)
    context.warn()
    values = values_of(node, expr, context, positions)
    check_condition(node, expr)
    return values


def assigned_values(
    node: Node, context: TextContext, positions: Any, dim: Dimension | None, variable: StateVariable
) -> AnyArray:
    """Return the values of a parsed expression as those of a variable, checked; a new array."""
    expr, found = resolve_node(node, context)
    context.warn()
    values = values_of(node, expr, context, positions)
    check_value(node, expr, found, dim, variable)
    return converted(values, variable, context.owner)


def check_condition(node: Node, expr: Expr) -> None:
    """Raise unless an index in quotes is a condition."""
    if expr.dtype is not DType.BOOL:
        raise_problems(
            [Problem("An index in quotes must be a condition, as in 'i > 3'.", node.origin)]
        )


def check_value(
    node: Node, expr: Expr, found: Dimension | None, dim: Dimension | None, variable: StateVariable
) -> None:
    """Raise unless a variable may have the values of an expression of the dimension ``found``."""
    if dim is not None and found is not None and found != dim:
        raise_problems(
            [
                Problem(
                    f"'{variable.name}' {said(dim)}, but the value {said(found)}.",
                    node.origin,
                    literal_hint(node, found, dim),
                    error=DimensionMismatchError,
                )
            ]
        )
    single = differing_name(expr) if variable.info.shared else None
    if single is not None:
        raise_problems(
            [
                Problem(
                    f"'{variable.name}' is shared, but '{single}' has a value for each element.",
                    node.origin,
                    "Only shared variables and constants can be used here.",
                    EquationError,
                )
            ]
        )
    wanted = variable.info.array.dtype
    if wanted is DType.BOOL and expr.dtype is not DType.BOOL:
        raise_problems(
            [Problem(f"'{variable.name}' is boolean, but the value is not.", node.origin)]
        )


def converted(values: AnyArray, variable: StateVariable, owner: str) -> AnyArray:
    """Return values of an expression as the variable's dtype; NaN and overflow are refused."""
    if not variable.info.dim.is_dimensionless:
        values = Quantity(values, dim=variable.info.dim)
    return variable.convert(values, owner)


def resolve_node(
    node: Node, context: TextContext, key: Param = _KEY
) -> tuple[Expr, Dimension | None]:
    """Return a parsed expression with its names resolved and its dimension; ``key`` is of draws."""
    problems: list[Problem] = []
    draws = DrawCounter()
    resolver = Resolver(
        context.scope,
        problems=problems,
        draw_key=key,
        draws=draws,
        draw_rank=context.rank,
        calls=CallsAtOnce(),
    )
    expr, dim = resolver.expression(node)
    raise_problems(problems)
    return expr, dim


def evaluate_node(
    node: Node, context: TextContext, positions: Any
) -> tuple[AnyArray, Dimension | None]:
    """Return the values of a parsed expression at ``positions``, a new array, and its dimension."""
    expr, dim = resolve_node(node, context)
    return values_of(node, expr, context, positions), dim


def _refuse_division(node: Node, expr: Expr, env: TextEnvironment) -> None:
    """Raise NumericalError if integers are divided by zero anywhere."""
    for condition in faults_in(expr):
        if any(has_state(part) for part in walk(condition)):
            text = (
                "The divisor comes from a function with a state, and would have to be asked twice."
            )
            hint = "Give it to a variable first, and divide by that."
            raise_problems([Problem(text, node.origin, hint, UnsupportedFeatureError)])
        wrong = np.broadcast_to(evaluate(condition, env), env.positions.shape)
        if wrong.any():
            place = "" if is_run_constant(condition) else env.place(int(np.flatnonzero(wrong)[0]))
            raise fault_error(condition, node.origin, place, env.context.owner)


def take_key(expr: Expr) -> int:
    """Return the key of an expression's draws; one that draws nothing costs no stream."""
    return take_stream().key() if is_random(expr) else 0


def values_of(node: Node, expr: Expr, context: TextContext, positions: Any) -> AnyArray:
    """Return the values at ``positions``, a new array."""
    key = take_key(expr)
    if faults_in(expr):
        _refuse_division(node, expr, TextEnvironment(context, _as_array(_places(positions)), key))
    if context.whole is not None and isinstance(positions, slice) and positions.start == 0:
        values = context.whole(context, expr, key)
        if values is not None and values.size == positions.stop:
            return values
    where = _places(positions)
    if len(where) <= CHUNK:
        part = _as_array(where)
        values = evaluate(expr, TextEnvironment(context, part, key))
        return np.array(np.broadcast_to(values, part.shape))
    result = aligned_zeros(len(where), expr.dtype.numpy(context.real))
    for start in range(0, len(where), CHUNK):
        part = _as_array(where[start : start + CHUNK])
        result[start : start + CHUNK] = evaluate(expr, TextEnvironment(context, part, key))
    return result


def _places(positions: Any) -> Any:
    """Return the positions as something that has a length and parts."""
    if isinstance(positions, slice):
        return range(positions.start or 0, positions.stop, positions.step or 1)
    return np.atleast_1d(np.asarray(positions, np.int64))


def _as_array(positions: Any) -> npt.NDArray[np.int64]:
    if isinstance(positions, range):
        return np.arange(positions.start, positions.stop, positions.step, dtype=np.int64)
    return np.asarray(positions, np.int64)


def is_random(expr: Expr) -> bool:
    """Whether an expression draws random numbers of its own, not those of an earlier one."""
    return any(isinstance(node, RandomDraw) and not node.fixed for node in walk(expr))
