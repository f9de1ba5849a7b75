"""The meaning of expressions: numpy values, element by element, in the program's own precision.

Used by the reference target, for values derived on the host and for string assignments.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from simgen.dtypes import DType
from simgen.errors import InternalError, ModelError, SimgenError
from simgen.ir.expr import (
    Array,
    Binary,
    Call,
    Cast,
    Compare,
    Const,
    Expr,
    Flow,
    Gather,
    Index,
    IndexValue,
    Load,
    Local,
    Logical,
    Param,
    RandomDraw,
    Select,
    Step,
    Time,
    Unary,
)
from simgen.ir.functions import UserFunction
from simgen.numerics.linear_flow import flow
from simgen.numerics.portable import FUNCTIONS as PORTABLE

Value = npt.NDArray[Any]  # of the dtype of the node; 0-dimensional where all elements share it


class Environment(Protocol):
    """Where the leaves of an expression get their values.

    Every method may return an array (one value per element) or a scalar of any numeric type;
    the evaluator converts it to the type of the node. ``real`` is what REAL stands for.
    """

    @property
    def real(self) -> np.dtype[np.floating]:
        """float64 or float32."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one value per element."""

    def load(self, load: Load) -> npt.ArrayLike:
        """Return the elements of an array at a running index."""

    def gather(self, array: Array, position: Value) -> npt.ArrayLike:
        """Return the elements of an array at computed positions (int64)."""

    def param(self, param: Param) -> npt.ArrayLike:
        """Return the value of a scalar parameter."""

    def local(self, local: Local) -> npt.ArrayLike:
        """Return the value that a ``Let`` bound."""

    def index(self, index: Index) -> npt.ArrayLike:
        """Return the running index itself."""

    def step(self) -> int:
        """Return the step counter of the kernel's clock."""

    def time(self) -> npt.ArrayLike:
        """Return step * dt in seconds, formed in float64."""

    def draw(self, draw: RandomDraw, args: tuple[Value, ...], rank: Value | None) -> npt.ArrayLike:
        """Return one sample per element."""


def evaluate(expr: Expr, env: Environment) -> Value:
    """Return the value of ``expr``, of dtype ``expr.dtype.numpy(env.real)``.

    Shapes follow numpy broadcasting of what ``env`` returns. REAL arithmetic is rounded in
    ``env.real`` after every operation. ``//`` and ``%`` follow Python's signs; both give 0 for
    integers divided by zero. Floating numbers become integers by truncation. Arithmetic faults
    give IEEE values and no warning.
    """
    with np.errstate(all="ignore"):
        return _value(expr, env)


def _value(expr: Expr, env: Environment) -> Value:
    return _RULES[type(expr)](expr, env)


def _flow(expr: Flow, env: Environment) -> Value:
    entries = [_value(entry, env) for entry in expr.matrix]
    starts = [_value(value, env) for value in expr.start]
    return _typed(flow(expr.row, expr.blocks, entries, starts), DType.REAL, env)


def _draw(expr: RandomDraw, env: Environment) -> Value:
    values = tuple(_value(arg, env) for arg in expr.args)
    ranks = None if expr.rank is None else _value(expr.rank, env)
    return _typed(env.draw(expr, values, ranks), expr.dtype, env)


def _unary(expr: Unary, env: Environment) -> Value:
    value = _value(expr.operand, env)
    return np.asarray(np.logical_not(value) if expr.op == "not" else np.negative(value))


def _binary(expr: Binary | Compare, env: Environment) -> Value:
    first, second = _value(expr.left, env), _value(expr.right, env)
    if first.dtype != second.dtype:
        raise InternalError(f"operands of '{expr.op}' have different types in {expr}")
    if expr.op in ("//", "%") and first.dtype.kind == "f":
        return np.asarray(PORTABLE["floordiv" if expr.op == "//" else "mod"](first, second))
    return np.asarray(_OPERATORS[expr.op](first, second))


def _logical(expr: Logical, env: Environment) -> Value:
    logical = np.logical_and if expr.op == "and" else np.logical_or
    return np.asarray(logical(_value(expr.left, env), _value(expr.right, env)))


def _select(expr: Select, env: Environment) -> Value:
    branches = _value(expr.then, env), _value(expr.otherwise, env)
    return np.asarray(np.where(_value(expr.condition, env), *branches))


def _call(expr: Call, env: Environment) -> Value:
    args = [_value(arg, env) for arg in expr.args]
    if isinstance(expr.user, UserFunction):
        return _call_user(expr.user, args, env)
    result = call_function(expr.function, args)
    return np.asarray(result, dtype=expr.dtype.numpy(env.real))


def _call_user(user: UserFunction, args: Sequence[Value], env: Environment) -> Value:
    """Return what a function of the user's own gives, or raise ModelError, naming it."""
    shape = np.broadcast_shapes(*(arg.shape for arg in args))
    if not user.stateless:  # a call for each element, also with the same arguments
        shape = env.shape
        args = [np.broadcast_to(arg, shape) for arg in args]
    try:
        with np.errstate(all="ignore"):
            result = _called(user, args, shape)
    except SimgenError:
        raise
    except Exception as error:
        raise ModelError(
            f"The function '{user.name}' of your own failed with arrays of the shape {shape}: "
            f"{type(error).__name__}: {error}. It is called with all values at once."
        ) from error
    sizes = zip(reversed(result.shape), reversed(shape))
    fits = result.ndim <= len(shape) and all(own in (1, wanted) for own, wanted in sizes)
    if result.dtype.kind not in "biuf" or not fits:
        raise ModelError(
            f"The function '{user.name}' of your own must give real numbers of the shape {shape}, "
            f"not {result.dtype} of the shape {result.shape}."
        )
    return convert(result, user.dtype.numpy(env.real))


def _called(user: UserFunction, args: Sequence[Value], shape: tuple[int, ...]) -> Value:
    if user.stateless or args:
        return np.asarray(user.python(*args))
    # without an argument it cannot know for how many elements it is asked
    results = [np.asarray(user.python()) for _ in range(math.prod(shape))]
    return np.array(results).reshape(shape) if results else np.zeros(shape)


def call_function(name: str, args: Sequence[Value]) -> Value:
    """Return a function of :data:`simgen.ir.functions.FUNCTIONS` of arrays of one type."""
    integers = bool(args) and args[0].dtype.kind != "f"
    function = (_INTEGER if integers else PORTABLE).get(name) or _EXACT.get(name)
    if function is None:
        raise InternalError(f"function '{name}' has no numpy form")
    return np.asarray(function(*args))


def convert(value: npt.ArrayLike, dtype: np.dtype[Any]) -> Value:
    """Return ``value`` as ``dtype``; floating to integer truncates, anything to boolean is != 0.

    nan becomes 0 and what lies beyond int64 its nearest number, as in the portable header.
    """
    value = np.asarray(value)
    if dtype.kind == "b":
        return np.asarray(value != 0)
    if value.dtype.kind == "f" and dtype.kind in "iu":
        value = _truncate(value)  # C leaves nan, overflow and negative to unsigned undefined
    return value.astype(dtype, copy=False)


def _truncate(value: Value) -> Value:
    inside = (value >= -(2.0**63)) & (value < 2.0**63)
    whole = np.where(inside, value, 0.0).astype(np.int64)
    limits = np.iinfo(np.int64)
    whole = np.where(value >= 2.0**63, limits.max, whole)
    return np.where(value < -(2.0**63), limits.min, whole)


def _typed(value: npt.ArrayLike, dtype: DType, env: Environment) -> Value:
    return np.asarray(value).astype(dtype.numpy(env.real), copy=False)


# By type and not by ``match``, whose patterns are tried in turn: half of an evaluation's time.
_RULES: dict[type[Expr], Callable[[Any, Environment], Value]] = {
    Const: lambda expr, env: _typed(expr.value, expr.dtype, env),
    Load: lambda expr, env: _typed(env.load(expr), expr.dtype, env),
    Param: lambda expr, env: _typed(env.param(expr), expr.dtype, env),
    Local: lambda expr, env: _typed(env.local(expr), expr.dtype, env),
    Gather: lambda expr, env: _typed(
        env.gather(expr.array, _value(expr.position, env)), expr.dtype, env
    ),
    IndexValue: lambda expr, env: _typed(env.index(expr.index), DType.I64, env),
    Step: lambda expr, env: _typed(env.step(), DType.I64, env),
    Time: lambda expr, env: _typed(env.time(), DType.REAL, env),
    Cast: lambda expr, env: convert(_value(expr.operand, env), expr.dtype.numpy(env.real)),
    Flow: _flow,
    RandomDraw: _draw,
    Unary: _unary,
    Binary: _binary,
    Compare: _binary,
    Logical: _logical,
    Select: _select,
    Call: _call,
}


_OPERATORS: dict[str, Callable[[Value, Value], npt.ArrayLike]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "//": np.floor_divide,
    "%": np.remainder,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


def _minimum(a: Value, b: Value) -> Value:
    return np.where((b < a) | (b != b), b, a)


def _maximum(a: Value, b: Value) -> Value:
    return np.where((b > a) | (b != b), b, a)


def _clip(x: Value, low: Value, high: Value) -> Value:
    return _minimum(_maximum(x, low), high)


# Without rounding, so the same for every precision: nan if any argument is, the first if equal.
_EXACT: dict[str, Callable[..., npt.ArrayLike]] = {
    "abs": np.abs,
    "min": _minimum,
    "max": _maximum,
}
_INTEGER: dict[str, Callable[..., npt.ArrayLike]] = {"sign": np.sign, "clip": _clip}
