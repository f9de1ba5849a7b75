"""Updates of synaptic variables at events: the exact solution over the time since the last one."""

from __future__ import annotations

from collections.abc import Sequence

from simgen.errors import EquationError, Problem, raise_problems
from simgen.integrate.closed import NoClosedForm, solve
from simgen.integrate.describe import describe
from simgen.integrate.emit import assign
from simgen.integrate.forms import form_of
from simgen.integrate.linear import LinearForm, NonLinearError, total
from simgen.integrate.model import Ode, varies_within_step
from simgen.ir.expr import Expr, Local
from simgen.ir.stmt import Let, Stmt
from simgen.ir.visit import children


def integrate_event_driven(odes: Sequence[Ode], elapsed: Expr, prefix: str) -> tuple[Stmt, ...]:
    """Return statements that advance linear equations by ``elapsed`` seconds (REAL).

    Whatever is not one of their variables is taken as constant over the interval. A decay
    dx/dt = a x becomes ``x = x * exp(a * elapsed)``. Raises EquationError, with all reasons, for
    equations that are not linear, read the time, have noise, or are coupled beyond two variables
    in a row or a pair.
    """
    forms = _forms(odes)
    states = [ode.target for ode in odes]
    lets: list[Let] = []
    time = elapsed
    if children(elapsed):
        time = Local(f"{prefix}elapsed", elapsed.dtype)
        lets.append(Let(time, elapsed))
    matrix = {
        (row, column): entry
        for row, form in enumerate(forms)
        for column, state in enumerate(states)
        if (entry := form.coefficient(state)) is not None
    }
    drive = {row: rest for row, form in enumerate(forms) if (rest := total(form.rest))}
    values: dict[int, Expr] = {}
    problems: list[Problem] = []
    for row, ode in enumerate(odes):
        value = solve(row, states, matrix, drive, time)
        if isinstance(value, NoClosedForm):
            names = ", ".join(f"'{odes[member].name}'" for member in value.members)
            problems.append(_problem(ode, f"the event-driven equations of {names} {value.reason}."))
        elif value != ode.target:
            values[row] = value
    raise_problems(problems)
    return assign(odes, values, lets, prefix)


def _forms(odes: Sequence[Ode]) -> list[LinearForm]:
    states = tuple(ode.target for ode in odes)
    forms: list[LinearForm] = []
    problems: list[Problem] = []
    for ode in odes:
        if ode.noise:
            problems.append(_problem(ode, f"the event-driven equation of '{ode.name}' has noise."))
        if varies_within_step(ode.rhs):
            problems.append(_problem(ode, f"the event-driven equation of '{ode.name}' reads t."))
        try:
            forms.append(form_of(ode.rhs, states, lambda expr: True))
        except NonLinearError as error:
            problems.append(
                _problem(
                    ode,
                    f"the event-driven equation of '{ode.name}' is not linear, because of "
                    f"{describe(error.part)}.",
                )
            )
    raise_problems(problems)
    return forms


def _problem(ode: Ode, message: str) -> Problem:
    hint = "Only its exact solution could be used between events; mark it (clock-driven)."
    return Problem(message, ode.origin, hint, EquationError)
