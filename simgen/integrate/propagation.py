"""The host's part of exact integration: entries of exp(A dt) and of its integral, once a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from simgen.dtypes import DType
from simgen.errors import NumericalError
from simgen.integrate.describe import describe
from simgen.integrate.expm import propagators
from simgen.integrate.model import Derived, OdeSystem, Values, is_per_element
from simgen.ir.expr import Array, Expr, Load, Param, Role


@dataclass(frozen=True, slots=True)
class Wanted:
    """A number the kernel needs: P[row, column], or sum of Q[row, j] * factor over ``drives``.

    P = exp(A dt) and Q = integral of exp(A s) over a step; ``name`` is the name of the result.
    """

    name: str
    row: int
    column: int | None = None
    drives: tuple[tuple[int, Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class Propagation:
    """Computes wanted numbers from the values of dt, of the entries of A, and of the factors.

    ``entries`` are (row, column) of A in the order of the inputs after dt; then come the factors.
    Each of ``wanted`` is (row, column, ((column of Q, number of the factor), ...)); ``labels``
    describe the inputs after dt for messages.
    """

    size: int
    entries: tuple[tuple[int, int], ...]
    wanted: tuple[tuple[int, int | None, tuple[tuple[int, int], ...]], ...]
    labels: tuple[str, ...]
    rows: tuple[str, ...]

    def __call__(self, values: list[Values]) -> list[Values]:
        """Return the wanted numbers; NumericalError where an input or a result is not finite."""
        step, *inputs = (np.asarray(value, dtype=np.float64) for value in values)
        for value, label in zip(inputs, self.labels):
            require_finite(value, label, "; is something divided by zero?")
        coefficients = inputs[: len(self.entries)]
        factors = inputs[len(self.entries) :]
        shape = np.broadcast_shapes(*(value.shape for value in coefficients))
        matrix = np.zeros((*shape, self.size, self.size))
        for (row, column), value in zip(self.entries, coefficients):
            matrix[..., row, column] = value
        power, integral = propagators(matrix, step)
        results: list[Values] = []
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            for row, at, drives in self.wanted:
                if at is not None:
                    result = power[..., row, at]
                else:
                    result = np.zeros(())
                    for column, number in drives:
                        result = result + integral[..., row, column] * factors[number]
                name = self.rows[row]
                require_finite(result, f"the change of '{name}' over one time step", "")
                results.append(np.asarray(result))
        return results


def require_finite(value: Values, label: str, hint: str) -> None:
    """Raise NumericalError with the first value that is not finite, and its element."""
    bad = np.flatnonzero(~np.isfinite(value))
    if len(bad):
        where = f" for element {bad[0]}" if value.ndim else ""
        shown = value.reshape(-1)[bad[0]]
        raise NumericalError(f"{label} is {shown:g}{where}{hint}")


def derive(
    system: OdeSystem,
    entries: dict[tuple[int, int], Expr],
    reached: Sequence[frozenset[int]],
    wanted: Iterable[Wanted],
) -> tuple[list[Derived], dict[str, Expr]]:
    """Return the host computations for ``wanted``, and by name how a kernel reads each result.

    Rows and columns number ``system.odes``. A result is a scalar unless what it depends on
    differs between elements. ``reached`` is what each row depends on, through ``entries``.
    """
    scalars: list[Wanted] = []
    elements: list[Wanted] = []
    for want in wanted:
        inputs = [expr for (row, _), expr in entries.items() if row in reached[want.row]]
        inputs += [factor for _, factor in want.drives]
        (elements if any(map(is_per_element, inputs)) else scalars).append(want)
    found: list[Derived] = []
    reading: dict[str, Expr] = {}
    for group, target in ((scalars, _scalar), (elements, _per_element)):
        if group:
            targets = [target(system, want) for want in group]
            reading.update({want.name: expr for want, (_, expr) in zip(group, targets)})
            names = tuple(array for array, _ in targets)
            found.append(_derived(system, entries, reached, group, names))
    return found, reading


_Target = Callable[[OdeSystem, Wanted], tuple[Param | Array, Expr]]


def _scalar(system: OdeSystem, want: Wanted) -> tuple[Param | Array, Expr]:
    param = Param(want.name, DType.REAL)
    return param, param


def _per_element(system: OdeSystem, want: Wanted) -> tuple[Param | Array, Expr]:
    state = system.odes[want.row].target
    array = Array(want.name, DType.REAL, state.array.length, Role.DERIVED)
    return array, Load(array, state.index)


def _derived(
    system: OdeSystem,
    entries: dict[tuple[int, int], Expr],
    reached: Sequence[frozenset[int]],
    group: list[Wanted],
    targets: tuple[Param | Array, ...],
) -> Derived:
    members = sorted(frozenset().union(*(reached[want.row] for want in group)))
    number = {member: position for position, member in enumerate(members)}
    names = tuple(system.odes[member].name for member in members)
    inside = {place: expr for place, expr in entries.items() if place[0] in number}
    labels = [
        f"the coefficient of '{system.odes[column].name}' in d{system.odes[row].name}/dt, "
        f"{describe(expr)},"
        for (row, column), expr in inside.items()
    ]
    factors: dict[Expr, int] = {}
    for want in group:
        for column, factor in want.drives:
            if factor not in factors:
                factors[factor] = len(factors)
                labels.append(f"{describe(factor)} in d{system.odes[column].name}/dt")
    task = Propagation(
        len(members),
        tuple((number[row], number[column]) for row, column in inside),
        tuple(
            (
                number[want.row],
                None if want.column is None else number[want.column],
                tuple((number[column], factors[factor]) for column, factor in want.drives),
            )
            for want in group
        ),
        tuple(labels),
        names,
    )
    inputs = (system.dt, *inside.values(), *factors)
    return Derived(targets, inputs, task, f"exact step of {', '.join(names)}")
