"""Divisions of integers by zero where no variable takes the result: in conditions and equations.

A divisor made of constants is looked at when a run starts. Of others a check before the state
update notes, in an array of its own, the elements where one is zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from simgen.dtypes import DType
from simgen.errors import NumericalError, Origin
from simgen.integrate.model import Derived
from simgen.ir.construct import integer
from simgen.ir.expr import ELEMENT, Array, Expr, Select
from simgen.ir.stmt import Store
from simgen.model.neurons import NeuronModel
from simgen.model.whole_numbers import (
    TOO_LARGE,
    any_is_zero,
    divisors,
    is_run_constant,
    noted_beyond,
)


def with_division_checks(model: NeuronModel) -> NeuronModel:
    """Return the model with checks of what its conditions and equations divide by."""
    fixed: list[tuple[Expr, Origin | None]] = []
    stores: list[Store] = []
    for expr, origin in _parts(model):
        found = divisors(expr)
        fixed += [(divisor, origin) for divisor in found if is_run_constant(divisor)]
        zero = any_is_zero(tuple(each for each in found if not is_run_constant(each)))
        if zero is not None:
            name = f"{model.group.name}.divisions_{len(stores)}"
            array = Array(name, DType.I32, model.group.length)
            value = Select(zero, integer(TOO_LARGE), integer(0))
            stores.append(Store(array, ELEMENT, value, origin, noted_beyond(array)))
    if not fixed and not stores:
        return model
    return replace(
        model,
        flag_update=(*stores, *model.flag_update),
        checks=tuple(store.array for store in stores),
        derived=(*model.derived, *(_checked(model, *each) for each in fixed)),
    )


def _parts(model: NeuronModel) -> Iterator[tuple[Expr, Origin | None]]:
    for ode in model.odes:
        yield from ((expr, ode.origin) for expr in (ode.rhs, *(factor for _, factor in ode.noise)))
    yield from model.conditions.values()
    for stmt in (*model.flag_update, *model.frozen):
        if isinstance(stmt, Store):
            yield stmt.value, stmt.origin


def _checked(model: NeuronModel, divisor: Expr, origin: Origin | None) -> Derived:
    def compute(values: list[np.ndarray]) -> list[np.ndarray]:
        if not np.all(values[0]):
            where = "" if origin is None else f"{origin.render()}\n  "
            raise NumericalError(f"{where}An integer is divided by zero in {model.group.text}.")
        return []

    return Derived((), (divisor,), compute, f"divisors of {model.group.text}")
