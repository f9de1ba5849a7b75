"""A numerical test of linearity, so that the symbolic library is loaded only where it can help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.dtypes import FLOAT64, DType
from simgen.errors import InternalError
from simgen.ir.evaluate import Value, evaluate
from simgen.ir.expr import (
    Array,
    Binary,
    Call,
    Cast,
    Expr,
    Index,
    IndexValue,
    Load,
    Local,
    Param,
    RandomDraw,
    Unary,
)
from simgen.ir.visit import children, map_expr, walk

_SAMPLES = 8
_TOLERANCE = 1e-9  # of the terms; rounding of a few dozen operations stays below 1e-13
_ROUNDING = 1e-14  # of the terms at the first scale; what cancels leaves so much at smaller ones
# exp(-v/(18*mV)) is flat at 1 V and curved at 1 mV: a unit in the text sets the scale of its bend.
_SCALES = (1.0, 1e-3, 1e-6, 1e-9, 1e-12)
_FUNCTIONS = frozenset({"pow", "sqrt", "exp", "log"})


def looks_linear(expr: Expr, states: Sequence[Load]) -> bool:
    """Whether ``expr`` can be treated symbolically and is linear in ``states`` at random points."""
    if not _symbolic(expr, frozenset(states)):
        return False
    expr = map_expr(expr, _opaque)
    random = np.random.Generator(np.random.PCG64(20))
    start = {state: random.uniform(0.5, 1.5, _SAMPLES) for state in states}
    step = {state: random.uniform(0.5, 1.5, _SAMPLES) for state in states}
    leaves: dict[object, Value] = {}
    rounding = np.zeros(_SAMPLES)
    for scale in _SCALES:
        first, second, third = (
            evaluate(
                expr, _Point({s: scale * (start[s] + n * step[s]) for s in states}, leaves, random)
            )
            for n in range(3)
        )
        size = np.abs(first) + np.abs(second) + np.abs(third)
        if not np.all(np.isfinite(size)):
            return False
        if scale == _SCALES[0]:
            rounding = _ROUNDING * size
        curvature = np.abs(first - 2.0 * second + third)
        if np.any(curvature > _TOLERANCE * size + rounding):
            return False
    return True


def _opaque(expr: Expr) -> Expr:
    """Return a value in place of a call of the user's code, which is not run on random numbers."""
    if isinstance(expr, Call) and expr.user is not None:
        return Param(f"{expr.function} {id(expr.user)} {expr.args}", expr.dtype)
    return expr


def _symbolic(expr: Expr, states: frozenset[Load]) -> bool:
    """Whether every part that reads a variable is of a kind that can be expanded."""
    if not any(node in states for node in walk(expr) if isinstance(node, Load)):
        return True
    match expr:
        case Load():
            return True
        case Unary(op="-") | Binary(op="+" | "-" | "*" | "/"):
            pass
        case Cast(operand=operand) if expr.dtype is DType.REAL and operand.dtype.is_float:
            pass
        case Call(function=name) if name in _FUNCTIONS:
            pass
        case _:
            return False
    return all(_symbolic(child, states) for child in children(expr))


class _Point:
    """An environment of random positive values, the same for equal leaves."""

    real: np.dtype[np.floating] = FLOAT64
    shape = ()

    def __init__(
        self,
        states: Mapping[Load, npt.NDArray[np.float64]],
        leaves: dict[object, Value],
        random: np.random.Generator,
    ) -> None:
        self.states = states
        self.leaves = leaves
        self.random = random

    def value(self, key: object, dtype: DType) -> Value:
        if key not in self.leaves:
            if dtype.is_float:
                drawn: npt.NDArray[Any] = self.random.uniform(0.5, 1.5, _SAMPLES)
            else:
                drawn = self.random.integers(0, 2, _SAMPLES) + (dtype is not DType.BOOL)
            self.leaves[key] = drawn
        return self.leaves[key]

    def load(self, load: Load) -> npt.ArrayLike:
        return self.states[load] if load in self.states else self.value(load, load.dtype)

    def gather(self, array: Array, position: Value) -> npt.ArrayLike:
        return self.value((array, tuple(np.ravel(position))), array.dtype)

    def param(self, param: Param) -> npt.ArrayLike:
        return self.value(param, param.dtype)

    def local(self, local: Local) -> npt.ArrayLike:
        return self.value(local, local.dtype)

    def index(self, index: Index) -> npt.ArrayLike:
        return self.value(IndexValue(index), DType.I64)

    def step(self) -> int:
        return 7

    def time(self) -> npt.ArrayLike:
        return self.value("time", DType.REAL)

    def draw(self, draw: RandomDraw, args: tuple[Value, ...], rank: Value | None) -> npt.ArrayLike:
        raise InternalError("a random function reached the integrators")
