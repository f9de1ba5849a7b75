"""Faults that leave no NaN: what is said of them, and those of constants when a run starts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from simgen.api.component import Component
from simgen.api.timed_array import table_name
from simgen.errors import NumericalError, Origin
from simgen.integrate.model import Derived
from simgen.ir.expr import (
    Cast,
    Compare,
    Expr,
    IndexKind,
    IndexValue,
    Load,
    Logical,
    Param,
    Unary,
)
from simgen.ir.faults import faults_in, faults_of, is_run_constant
from simgen.ir.kernel import Program
from simgen.ir.visit import flatten
from simgen.runtime.simulation import host_value
from simgen.targets.base import Memory


def divisor_text(condition: Expr) -> str:
    """Return ": 'm' is 0" for the divisor of a condition that it is zero, if it has a name."""
    while isinstance(condition, Logical):  # the division comes last, after what guards it
        condition = condition.right
    divisor = condition.left if isinstance(condition, Compare) else condition
    while isinstance(divisor, Cast):
        divisor = divisor.operand
    match divisor:
        case Load(array=array):
            name = array.name.rpartition(".")[2]
        case Param(name=name):
            name = name.rpartition(".")[2]
        case IndexValue(index=index):
            name = "j" if index.kind is IndexKind.POST else "i"
        case _:
            return ""
    return f": '{name}' is 0"


def fault_error(condition: Expr, origin: Origin | None, place: str, what: str) -> NumericalError:
    """Return the error of a fault: at which place, and in what it was found."""
    shown = "" if origin is None else f"{origin.render()}\n  "
    return NumericalError(f"{shown}{_fault_text(condition, place)} ({what}).")


def _fault_text(condition: Expr, place: str) -> str:
    """Return what has gone wrong; a fault comes last in a condition, after what guards it."""
    while isinstance(condition, Logical) and condition.op == "and":
        condition = condition.right
    match condition:
        case Unary(op="not", operand=Compare()):
            return f"The mean of poisson() is negative or NaN{place}"
        case Unary(op="not", operand=Logical(right=Compare(right=Param(name=columns)))):
            table = table_name(columns)
            return f"TimedArray '{table}' is asked for a column that it does not have{place}"
    return f"An integer is divided by zero{place}{divisor_text(condition)}"


@dataclass(frozen=True)
class _Look:
    """A condition that must not hold when a run starts."""

    component: Component
    condition: Expr
    origin: Origin | None
    what: str


def _described(part: Component, derived: Derived) -> str:
    owner, text = part.describe(), derived.description
    return text if owner in text else f"{owner}: {text}"


class ConstantFaults:
    """The faults of a program that the host can tell when a run starts.

    Those of constants, wherever code has them, and in values that are derived from constants.
    """

    def __init__(
        self,
        program: Program,
        components: Iterable[Component],
        derived: Iterable[tuple[Component, Derived]],
    ) -> None:
        first = next(iter(components), None)
        self._looks = [
            _Look(part, condition, None, _described(part, each))
            for part, each in derived
            for expr in each.inputs
            for condition in faults_in(expr)
        ]
        if first is not None:
            self._looks += [
                _Look(first, condition, stmt.origin, kernel.comment or kernel.name)
                for kernel in program.kernels
                for stmt in flatten(kernel.body)
                for condition in faults_of(stmt)
                if is_run_constant(condition)
            ]

    def require(self, memory: Memory) -> None:
        """Raise NumericalError for the first of them."""
        for look in self._looks:
            if np.any(host_value(look.condition, memory, look.component._running)):
                raise fault_error(look.condition, look.origin, "", look.what)
