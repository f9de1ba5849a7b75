"""The functions of the language: what they ask of arguments, and what they become in the IR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from simgen.dtypes import DType
from simgen.errors import (
    DimensionMismatchError,
    EquationError,
    Origin,
    SimgenError,
    UnsupportedFeatureError,
)
from simgen.ir.construct import binary, call, cast, integer, real
from simgen.ir.expr import Call, Cast, Const, Expr, Param, RandomDraw
from simgen.lang.names import shorten
from simgen.lang.syntax import CallNode, Node
from simgen.model.hints import literal_hint
from simgen.units import DIMENSIONLESS, Dimension

# An expression with its dimension; None stands for one that is not known.
Typed = tuple[Expr, Dimension | None]
KnownArgs = Sequence[tuple[Expr, Dimension]]


class ReducesElements(Protocol):
    """What a block of code is asked for by functions that add over many elements."""

    @property
    def owner(self) -> str:
        """The object that the code is of, for messages."""

    def add(self, function: str, op: str, over: str, value: Expr, origin: Origin) -> Expr | None:
        """Return what ``op`` makes of ``value`` over all elements with one ``over``.

        None if the elements have no such end.
        """

    def count(self, over: str) -> Expr:
        """Return how many elements with one ``over`` there are."""


class KeepsEmissions(Protocol):
    """What the code of a pathway is asked for by ``at_emission``."""

    def refusal(self, value: Expr) -> tuple[str, str] | None:
        """Return why a value is not that of a source, and a hint; None if it is one."""

    def add(self, node: Node, value: Expr, origin: Origin) -> Expr:
        """Return how code reads the value of a text as of the emission of the event."""


class KeepsCalls(Protocol):
    """What a text is asked for by functions with a state."""

    def add(self, call: Call, origin: Origin) -> Expr:
        """Return how the text reads the result of a call."""


class FunctionContext(Protocol):
    """What a function may ask of the resolver that meets a call of it."""

    @property
    def draw_key(self) -> Param | None:
        """The key of random draws, or None where there are none."""

    @property
    def draw_rank(self) -> Expr | None:
        """The rank of a synapse among equals, for its draws."""

    @property
    def forbid_random(self) -> str:
        """Why random numbers are refused here; empty where they are allowed."""

    @property
    def reductions(self) -> ReducesElements | None:
        """Where reductions over elements are formed, None where none can be."""

    @property
    def emissions(self) -> KeepsEmissions | None:
        """Where what events take along is kept, None where no event of a source arrives."""

    @property
    def calls(self) -> KeepsCalls | None:
        """Where functions with a state are called, None where they cannot be."""

    def next_draw(self) -> int:
        """Return a number that no other draw with the same key has."""

    def fail(
        self,
        origin: Origin,
        message: str,
        hint: str = "",
        error: type[SimgenError] = EquationError,
    ) -> Typed:
        """Record a problem and return a stand-in of unknown dimension."""


@dataclass(frozen=True, slots=True)
class ModelFunction:
    """A function users may call: its name, its number of arguments, and how a call is resolved.

    ``resolve(resolver, node, args)`` gets arguments of known dimension that are ``arity`` in
    number, and returns the expression and its dimension, or what ``resolver.fail`` returns.
    """

    name: str
    arity: int
    # Any: the Resolver (a FunctionContext), which imports this module; and KnownArgs, a list
    resolve: Callable[[Any, CallNode, Any], Typed]


def said(dim: Dimension) -> str:
    """Return "is a voltage (V)" or "has no dimension"."""
    return "has no dimension" if dim.is_dimensionless else f"is {dim.describe()}"


def quote(node: Node) -> str:
    """Return the user's text of a node in quotes, cut where it is long."""
    return f"'{shorten(node.origin.text)}'"


def require_number(context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed | None:
    """Return None if no argument is a condition, else the failure."""
    for arg, (expr, _) in zip(node.args, args):
        if expr.dtype is DType.BOOL:
            return context.fail(
                arg.origin,
                f"'{node.function}' needs a number, but {quote(arg)} is a condition.",
                "Use int(...) to make it 0 or 1.",
            )
    return None


def require_dimensionless(
    context: FunctionContext, node: CallNode, args: KnownArgs
) -> Typed | None:
    """Return None if all arguments are numbers without dimension, else the failure."""
    for arg, (_, dim) in zip(node.args, args):
        if not dim.is_dimensionless:
            return context.fail(
                arg.origin,
                f"'{node.function}' needs a number without dimension, "
                f"but {quote(arg)} is {dim.describe()}.",
                "Divide it by a quantity of the same dimension.",
                DimensionMismatchError,
            )
    return require_number(context, node, args)


def require_equal(context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed | None:
    """Return None if all arguments are numbers of one dimension, else the failure."""
    first, dim = node.args[0], args[0][1]
    for arg, (_, other) in zip(node.args[1:], args[1:]):
        if other != dim:
            hint = literal_hint(arg, other, dim) or literal_hint(first, dim, other)
            return context.fail(
                arg.origin,
                f"The arguments of '{node.function}' must have one dimension: "
                f"{quote(first)} {said(dim)}, but {quote(arg)} {said(other)}.",
                hint,
                DimensionMismatchError,
            )
    return require_number(context, node, args)


def _plain(name: str) -> ModelFunction:
    """Return a function of a number without dimension that gives one."""

    def resolve(context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed:
        failure = require_dimensionless(context, node, args)
        return failure or (call(name, args[0][0]), DIMENSIONLESS)

    return ModelFunction(name, 1, resolve)


def _abs(context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed:
    return require_number(context, node, args) or (call("abs", args[0][0]), args[0][1])


def _sign(context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed:
    return require_number(context, node, args) or (call("sign", args[0][0]), DIMENSIONLESS)


def _sqrt(context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed:
    failure = require_number(context, node, args)
    return failure or (call("sqrt", args[0][0]), args[0][1] ** Fraction(1, 2))


def _clip(context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed:
    failure = require_equal(context, node, args)
    return failure or (call("clip", *(expr for expr, _ in args)), args[0][1])


def _int(context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed:
    expr, dim = args[0]
    if not dim.is_dimensionless:
        return require_dimensionless(context, node, args) or (expr, None)
    return (Cast(DType.I64, expr) if expr.dtype.is_float else cast(expr, DType.I64)), DIMENSIONLESS


def _timestep(context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed:
    """Return (t + 1e-3*dt)/dt truncated: a time 0.1 % of a step below a multiple counts as it."""
    for arg, (_, dim) in zip(node.args, args):
        if dim != _SECOND:
            return context.fail(
                arg.origin,
                f"'timestep' needs two times, but {quote(arg)} {said(dim)}.",
                "",
                DimensionMismatchError,
            )
    time, dt = (cast(expr, DType.REAL) for expr, _ in args)
    shifted = binary("+", time, binary("*", real(1e-3), dt))
    return Cast(DType.I64, binary("/", shifted, dt)), DIMENSIONLESS


_SECOND = Dimension.of(time=1)


def _no_distribution(distribution: str, args: Sequence[Expr]) -> str:
    """Return why literals are no arguments of a distribution, empty if they are."""
    values = [arg.value if isinstance(arg, Const) else None for arg in args]
    if distribution == "poisson" and values[0] is not None and values[0] < 0:
        return "The mean of poisson() cannot be negative."
    if distribution == "truncated_normal":
        _, spread, low, high = values
        if spread is not None and spread < 0:
            return "The standard deviation of truncated_normal() cannot be negative."
        if low is not None and high is not None and low > high:
            return "The lower bound of truncated_normal() is above the upper one."
    return ""


def _draw(distribution: str, arity: int, equal: bool = False) -> ModelFunction:
    """Return a function that draws a sample; with ``equal`` its arguments share their dimension."""

    def resolve(context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed:
        check = require_equal if equal else require_dimensionless
        failure = check(context, node, args)
        if failure is not None:
            return failure
        wrong = _no_distribution(distribution, [expr for expr, _ in args])
        if wrong:
            return context.fail(node.origin, wrong)
        reals = tuple(cast(expr, DType.REAL) for expr, _ in args)
        return _sample(context, node, distribution, reals, args[0][1] if equal else DIMENSIONLESS)

    return ModelFunction(distribution, arity, resolve)


def _sample(
    context: FunctionContext,
    node: CallNode,
    distribution: str,
    args: tuple[Expr, ...],
    dim: Dimension | None,
) -> Typed:
    if context.draw_key is None or context.forbid_random:
        reason = context.forbid_random or "Random numbers cannot be drawn here."
        return context.fail(node.origin, f"'{node.function}' draws random numbers. {reason}")
    number = context.next_draw()
    draw = RandomDraw(distribution, args, context.draw_key, number, context.draw_rank)
    return draw, dim


def binomial_function(name: str, n: int, p: float) -> ModelFunction:
    """Return a function without arguments that draws numbers of successes in ``n`` trials."""

    def resolve(context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed:
        return _sample(context, node, "binomial", (integer(n), real(p)), DIMENSIONLESS)

    return ModelFunction(name, 0, resolve)


def _over_elements(name: str, over: str) -> ModelFunction:
    """Return a function of all elements with the same end, or all: a sum, mean or extreme."""
    what = name.partition("_")[0]
    op = {"min": "min", "max": "max"}.get(what, "+")

    def resolve(context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed:
        reductions = context.reductions
        if reductions is None:
            return context.fail(
                node.origin,
                f"'{name}' goes over all elements at once, which equations, the code of events and "
                "assigned text cannot do.",
                "It can be used in run_regularly, run_at and run_now.",
                UnsupportedFeatureError,
            )
        failure = require_number(context, node, args)
        if failure is not None:
            return failure
        expr, dim = args[0]
        total = reductions.add(name, op, over, expr, node.origin)
        if total is None:
            return context.fail(
                node.origin,
                f"'{name}' goes over synapses, but this is the code of {reductions.owner}.",
                f"Use {what}_all for all its elements, or the code of Synapses.",
                UnsupportedFeatureError,
            )
        return (binary("/", total, reductions.count(over)) if what == "mean" else total), dim

    return ModelFunction(name, 1, resolve)


def _at_emission(context: FunctionContext, node: CallNode, args: KnownArgs) -> Typed:
    """Return what the argument was when the event that arrives left its source."""
    emissions = context.emissions
    if emissions is None:
        return context.fail(
            node.origin,
            f"'{node.function}' is what a value was when an event left its source, and here no "
            "event of a source arrives.",
            "It can be used in on_pre, and in other pathways of events of the source.",
            UnsupportedFeatureError,
        )
    value, dim = args[0]
    refused = emissions.refusal(value)
    if refused is not None:
        reason, hint = refused
        message = f"'{node.function}' cannot take {quote(node.args[0])} along: it {reason}."
        return context.fail(node.args[0].origin, message, hint)
    return emissions.add(node.args[0], value, node.origin), dim


_PLAIN = (
    "sin cos tan sinh cosh tanh arcsin arccos arctan exp log log10 log1p expm1 exprel ceil floor"
)
BUILTIN_FUNCTIONS: dict[str, ModelFunction] = {
    function.name: function
    for function in (
        *(_plain(name) for name in _PLAIN.split()),
        ModelFunction("abs", 1, _abs),
        ModelFunction("sign", 1, _sign),
        ModelFunction("sqrt", 1, _sqrt),
        ModelFunction("clip", 3, _clip),
        ModelFunction("int", 1, _int),
        ModelFunction("timestep", 2, _timestep),
        ModelFunction("at_emission", 1, _at_emission),
        _draw("rand", 0),
        _draw("randn", 0),
        _draw("poisson", 1),
        _draw("truncated_normal", 4, equal=True),
        *(
            _over_elements(f"{what}_{place}", place.removeprefix("over_"))
            for what in ("sum", "mean", "min", "max")
            for place in ("all", "over_pre", "over_post")
        ),
    )
}

# What to use in place of functions that other languages have.
OTHER_FUNCTIONS: dict[str, str] = {
    "min": "Use clip(x, -inf, hi), or min_all(x) for that of all elements.",
    "max": "Use clip(x, lo, inf), or max_all(x) for that of all elements.",
    "minimum": "Use clip(x, -inf, hi).",
    "maximum": "Use clip(x, lo, inf).",
    "where": "Use int(condition)*x to choose a value.",
    "heaviside": "Use int(x > 0).",
    "arctan2": "Use arctan, with int(condition) for the quadrant.",
    "atan2": "Use arctan, with int(condition) for the quadrant.",
    "asin": "Use arcsin.",
    "acos": "Use arccos.",
    "atan": "Use arctan.",
    "ln": "Use log.",
    "log2": "Use log(x)/log(2).",
    "pow": "Use '**'.",
    "fabs": "Use abs.",
    "sum": "Use sum_all(x), or in synapses sum_over_pre(x) or sum_over_post(x).",
    "mean": "Use mean_all(x), or in synapses mean_over_pre(x) or mean_over_post(x).",
    "count_all": "Use sum_all(int(condition)).",
    "count_over_pre": "Use sum_over_pre(int(condition)), or N_outgoing.",
    "count_over_post": "Use sum_over_post(int(condition)), or N_incoming.",
    "round": "Use floor(x + 0.5).",
    "mod": "Use '%'.",
    "float": "Leave it out; '/' is always true division.",
    "bool": "Use a comparison, as in x != 0.",
    "random": "Use rand().",
    "uniform": "Use lo + (hi - lo)*rand().",
    "normal": "Use mean + sigma*randn().",
}
