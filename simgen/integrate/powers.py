"""Propagators for any whole number of steps, from a table that the host computes once a run.

The number of steps k is written with digits in base 64, lowest first. With P(k) = exp(A k width),
x(k) = ... P(64^2 d2) P(64 d1) P(d0) x(0): one product of matrix and vector per digit that is not
beyond the highest. Every entry of the table is its own exponential in float64, so an update costs
as few roundings as it has products, whatever the rates are and however long the interval is
(exact integration of linear equations: Rotter and Diesmann, Biol. Cybern. 81, 1999).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from simgen.dtypes import DType
from simgen.integrate.algebra import add_all, multiply
from simgen.integrate.describe import describe
from simgen.integrate.emit import assign
from simgen.integrate.expm import propagators
from simgen.integrate.graph import reach
from simgen.integrate.linear import LinearForm
from simgen.integrate.model import Derived, Ode, Values
from simgen.integrate.propagation import require_finite
from simgen.ir.construct import binary, call, compare, integer
from simgen.ir.expr import Array, Expr, Gather, Local, Param, Role
from simgen.ir.stmt import If, Let, Stmt

_BASE = 64
_DIGITS = 7  # 2^42 steps: 50 days in steps of a microsecond
_ROWS = _BASE * _DIGITS


@dataclass(frozen=True, slots=True)
class PowerTable:
    """The equations ``members`` with coefficients that all synapses share.

    Beside the variables, ``inputs`` feed them: what is not constant during a run is read at the
    event (None: the constant 1). ``places`` are the (row, column) of P in a line of the table;
    columns from ``len(members)`` on are the inputs.
    """

    odes: tuple[Ode, ...]
    members: tuple[int, ...]
    inputs: tuple[Expr | None, ...]
    places: tuple[tuple[int, int], ...]
    array: Array
    derived: Derived

    def statements(self, count: Expr, prefix: str) -> tuple[Stmt, ...]:
        """Return statements that advance the variables by ``count`` (I64, a leaf) steps."""
        stem = f"{prefix}{self.array.name.rpartition('.')[2]}_"
        fed: list[Let] = []
        inputs: list[Expr | None] = []
        for number, value in enumerate(self.inputs, start=1):
            if value is None:
                inputs.append(None)
                continue
            fed.append(Let(Local(f"{stem}input{number}", DType.REAL), value))
            inputs.append(fed[-1].local)
        levels = [self._level(level, count, stem, inputs) for level in range(_DIGITS)]
        inner: tuple[Stmt, ...] = levels[-1]
        for level in range(_DIGITS - 2, -1, -1):
            more = compare(">=", count, integer(_BASE ** (level + 1)))
            inner = (*levels[level], If(more, inner))
        return (*fed, *inner)

    def _level(
        self, level: int, count: Expr, stem: str, inputs: Sequence[Expr | None]
    ) -> tuple[Stmt, ...]:
        """Return what one digit of the number of steps does."""
        digit = count if level == 0 else binary("//", count, integer(_BASE**level))
        if level < _DIGITS - 1:
            digit = binary("%", digit, integer(_BASE))
        else:
            digit = call("min", digit, integer(_BASE - 1))
        line = binary("+", digit, integer(level * _BASE)) if level else digit
        begin = Local(f"{stem}line{level}", DType.I64)
        width = integer(len(self.places))
        lets = [Let(begin, binary("*", line, width))]
        known = [*(self.odes[member].target for member in self.members), *inputs]
        terms: dict[int, list[Expr]] = {}
        for number, (row, column) in enumerate(self.places):
            entry = Gather(self.array, binary("+", begin, integer(number)) if number else begin)
            value = known[column]
            terms.setdefault(row, []).append(entry if value is None else multiply(entry, value))
        values = {
            self.members[row]: value
            for row, parts in terms.items()
            if (value := add_all(parts)) is not None
        }
        return assign(self.odes, values, lets, f"{stem}{level}_")


def plan_table(
    odes: Sequence[Ode],
    members: tuple[int, ...],
    forms: Mapping[int, LinearForm],
    width: Expr,
    name: str,
) -> PowerTable | None:
    """Return the table of coupled equations, None where a coefficient may differ or change.

    ``forms`` separates what is constant during a run and the same for all synapses; ``width`` is
    the number of seconds in a step.
    """
    number = {odes[member].target: place for place, member in enumerate(members)}
    entries: dict[tuple[int, int], Expr] = {}
    inputs: dict[Expr | None, int] = {}
    fed: list[tuple[int, int, Expr]] = []
    for place, member in enumerate(members):
        form = forms[member]
        for state in form.coefficients:
            terms = form.coefficients[state]
            if any(term.core is not None for term in terms):
                return None
            entry = add_all(term.factor for term in terms)
            if entry is not None:
                entries[place, number[state]] = entry
        for term in form.rest:
            column = inputs.setdefault(term.core, len(members) + len(inputs))
            fed.append((place, column, term.factor))
    size = len(members) + len(inputs)
    wiring = [*entries, *((row, column) for row, column, _ in fed)]
    reached = reach(size, wiring)
    moving = {row for row, _ in wiring}
    places = tuple((row, column) for row in sorted(moving) for column in sorted(reached[row]))
    length = Param(f"n_{name}", DType.I64)
    array = Array(name, DType.REAL, length.name, Role.DERIVED)
    labels = [
        *(
            f"the coefficient of '{odes[members[column]].name}' in "
            f"d{odes[members[row]].name}/dt, {describe(entry)},"
            for (row, column), entry in entries.items()
        ),
        *(f"{describe(factor)} in d{odes[members[row]].name}/dt" for row, _, factor in fed),
    ]
    compute = _Powers(size, tuple(wiring), places, tuple(labels))
    derived = Derived(
        (length, array),
        (width, *entries.values(), *(factor for _, _, factor in fed)),
        compute,
        f"exact steps of {', '.join(odes[member].name for member in members)}",
    )
    return PowerTable(tuple(odes), members, tuple(inputs), places, array, derived)


@dataclass(slots=True)
class _Powers:
    """Computes a table from the width of a step and the entries of A at ``wiring``."""

    size: int
    wiring: tuple[tuple[int, int], ...]
    places: tuple[tuple[int, int], ...]
    labels: tuple[str, ...]
    known: tuple[tuple[float, ...], Values] | None = field(default=None, compare=False)

    def __call__(self, values: list[Values]) -> list[Values]:
        """Return the length of the table, and the table; NumericalError where A is not finite."""
        numbers = tuple(float(np.asarray(value)) for value in values)
        if self.known is None or self.known[0] != numbers:
            for value, label in zip(numbers[1:], self.labels):
                require_finite(np.asarray(value), label, "; is something divided by zero?")
            matrix = np.zeros((self.size, self.size))
            for (row, column), value in zip(self.wiring, numbers[1:]):
                matrix[row, column] += value
            self.known = numbers, self.table(matrix, numbers[0])
        table = self.known[1]
        return [np.asarray(table.size), table.reshape(-1)]

    def table(self, matrix: Values, width: float) -> Values:
        """Return P at ``places`` for every digit at every place, lowest first."""
        lines = np.empty((_ROWS, len(self.places)))
        rows, columns = (list(axis) for axis in zip(*self.places))
        for level in range(_DIGITS):
            lines[level * _BASE] = np.equal(rows, columns)
            for octave in range(_BASE.bit_length() - 1):
                digits = np.arange(1 << octave, 2 << octave)  # one scaling serves them all
                counts = digits.astype(np.float64) * float(_BASE**level)
                power, _ = propagators(matrix * counts[:, None, None], width)
                lines[level * _BASE + digits] = power[:, rows, columns]
        # A growth beyond all numbers must not turn a variable that is 0 into one that is not.
        return np.nan_to_num(lines, nan=np.finfo(np.float64).max)
