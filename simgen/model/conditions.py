"""Comparisons with constants that are NaN, which are false without a word."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from simgen.errors import NumericalError, Origin
from simgen.integrate.model import Derived
from simgen.ir.expr import Compare, Expr
from simgen.ir.faults import is_run_constant
from simgen.ir.visit import children, walk


def nan_checks(conditions: Iterable[tuple[Expr, Origin]], text: str) -> tuple[Derived, ...]:
    """Return checks, when a run starts, of what conditions compare with that is the same for all.

    It costs nothing in a step.
    """
    return tuple(
        _checked(side, origin, text)
        for condition, origin in conditions
        for node in walk(condition)
        if isinstance(node, Compare)
        for side in dict.fromkeys((node.left, node.right))
        if side.dtype.is_float and _may_be_nan(side)
    )


def _may_be_nan(expr: Expr) -> bool:
    """Whether an expression is computed from constants only; of these none is NaN by itself."""
    return bool(children(expr)) and is_run_constant(expr)


def _checked(expr: Expr, origin: Origin, text: str) -> Derived:
    def compute(values: list[np.ndarray]) -> list[np.ndarray]:
        if np.isnan(values[0]).any():
            raise NumericalError(
                f"{origin.render()}\n  A number with which {text} compares here is nan, so that "
                "the comparison has no meaning."
            )
        return []

    return Derived((), (expr,), compute, f"constants in conditions of {text}")
