"""Solutions of small linear systems as expressions, for coefficients known only in a kernel.

Used where a coefficient changes during a run, and between events, where the elapsed time differs
for every synapse. All formulas hold for equal, nearly equal and zero rates and any elapsed time:
they use exponentials of the larger rate only and exprel of non-positive numbers, so that nothing
overflows that decays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simgen.integrate.algebra import ONE, ZERO, add, divide, exp, exprel, multiply, negated
from simgen.integrate.graph import blocks, reach
from simgen.ir.construct import call, compare, real
from simgen.ir.expr import Expr, Select

Matrix = Mapping[tuple[int, int], Expr]


@dataclass(frozen=True, slots=True)
class NoClosedForm:
    """Why there is none; ``members`` are the variables that are coupled too much."""

    members: tuple[int, ...]
    reason: str


def solve(
    row: int, states: Sequence[Expr], matrix: Matrix, drive: Mapping[int, Expr], time: Expr
) -> Expr | NoClosedForm:
    """Return the value of variable ``row`` after ``time`` seconds of dx/dt = A x + b.

    ``states`` are the values before; ``matrix`` and ``drive`` hold the entries of A and b that
    are not zero, all constant over ``time``.
    """
    size = len(states)
    needed = reach(size, matrix)[row]
    inner = {place: value for place, value in matrix.items() if place[0] in needed}
    parts = [part for part in blocks(reach(size, inner)) if row in part or part[0] in needed]
    if len(needed) == 1:
        return _alone(states[row], inner.get((row, row)), drive.get(row), time)
    members = tuple(sorted(needed))
    if any(len(part) > 1 for part in parts):
        if len(needed) > 2:
            return NoClosedForm(members, "depend on each other and on others")
        if any(member in drive for member in needed):
            return NoClosedForm(members, "depend on each other and have a drive")
        return _pair(row, next(member for member in members if member != row), states, inner, time)
    drivers = [member for member in members if member != row]
    if any((driver, other) in inner for driver in drivers for other in drivers if driver != other):
        return NoClosedForm(members, "form a chain of more than two")
    if any(driver in drive for driver in drivers):
        return NoClosedForm(members, "include one with a drive that feeds another")
    own = inner.get((row, row))
    result = _alone(states[row], own, drive.get(row), time)
    for driver in drivers:
        slope = _slope(own, inner.get((driver, driver)), time)
        result = add(result, multiply(multiply(inner[row, driver], states[driver]), slope))
    return result


def _alone(state: Expr, rate: Expr | None, drive: Expr | None, time: Expr) -> Expr:
    """Return the solution of dx/dt = a x + b."""
    if rate is None:
        return state if drive is None else add(state, multiply(drive, time))
    exponent = multiply(rate, time)
    if drive is None:
        return multiply(state, exp(exponent))
    # One call instead of exp and exprel; and no difference of large numbers when a is nearly 0.
    change = add(multiply(rate, state), drive)
    return add(state, multiply(multiply(change, time), exprel(exponent)))


def _slope(first: Expr | None, second: Expr | None, time: Expr) -> Expr:
    """Return (exp(a t) - exp(b t))/(a - b), the divided difference of exp(. t)."""
    if first is None or second is None:
        rate = first if second is None else second
        return time if rate is None else multiply(time, exprel(multiply(rate, time)))
    if first == second:
        return multiply(time, exp(multiply(first, time)))
    larger = exp(multiply(call("max", first, second), time))
    gap = negated(call("abs", multiply(add(first, negated(second)), time)))
    return multiply(multiply(time, larger), exprel(gap))


def _pair(row: int, other: int, states: Sequence[Expr], matrix: Matrix, time: Expr) -> Expr:
    """Return one of two variables that depend on each other.

    exp(A t) = c I + s (A - m I) with m half the trace and the eigenvalues m + r, m - r: c is the
    mean of their exponentials and s the divided difference; r may be real, zero or imaginary.
    """
    a, d = matrix.get((row, row), ZERO), matrix.get((other, other), ZERO)
    b, c = matrix[row, other], matrix[other, row]
    middle = multiply(real(0.5), add(a, d))
    half = multiply(real(0.5), add(a, negated(d)))
    square = add(multiply(half, half), multiply(b, c))
    root = multiply(call("sqrt", call("abs", square)), time)
    centre = multiply(middle, time)
    first = exp(add(centre, root))
    level_real = multiply(real(0.5), add(first, exp(add(centre, negated(root)))))
    slope_real = multiply(multiply(time, first), exprel(multiply(real(-2.0), root)))
    damping = exp(centre)
    level_turning = multiply(damping, call("cos", root))
    # The imaginary branch has root > 0; the real branch must not divide by its zero.
    safe = Select(compare(">", root, ZERO), root, ONE)
    slope_turning = multiply(multiply(time, damping), divide(call("sin", root), safe))
    turning = compare("<", square, ZERO)
    level = Select(turning, level_turning, level_real)
    slope = Select(turning, slope_turning, slope_real)
    own = multiply(add(level, multiply(slope, half)), states[row])
    return add(own, multiply(multiply(slope, b), states[other]))
