"""Updates of synaptic variables at events: the exact solution over the time since the last one.

Three ways, from the cheapest on, chosen for each set of coupled variables:

* a closed form (:mod:`simgen.integrate.closed`): a variable alone or fed by others, or a pair;
* a table of propagators for all numbers of steps (:mod:`simgen.integrate.powers`), where the
  coefficients are constants that all synapses share;
* else the exponential of each synapse's own matrix, formed in the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simgen.dtypes import DType
from simgen.errors import EquationError, Problem, raise_problems
from simgen.integrate.algebra import ONE, ZERO, multiply
from simgen.integrate.closed import NoClosedForm, solve
from simgen.integrate.describe import describe
from simgen.integrate.emit import assign
from simgen.integrate.forms import form_of
from simgen.integrate.graph import blocks, components, reach
from simgen.integrate.linear import LinearForm, NonLinearError, total
from simgen.integrate.model import Derived, Ode, varies_within_step
from simgen.integrate.powers import PowerTable, plan_table
from simgen.ir.construct import binary, cast
from simgen.ir.expr import Const, Expr, Flow, Gather, Local, Param
from simgen.ir.stmt import Let, Stmt
from simgen.ir.visit import children
from simgen.numerics.linear_flow import MOST

Matrix = dict[tuple[int, int], Expr]


@dataclass(frozen=True, slots=True)
class EventDriven:
    """Linear equations made ready to be advanced over any number of steps of ``width`` seconds."""

    odes: tuple[Ode, ...]
    width: Expr
    matrix: Matrix
    drive: dict[int, Expr]
    tables: tuple[PowerTable, ...]
    flows: tuple[tuple[int, ...], ...]

    @property
    def derived(self) -> tuple[Derived, ...]:
        """What the host computes when a run starts."""
        return tuple(table.derived for table in self.tables)

    def statements(self, count: Expr, prefix: str) -> tuple[Stmt, ...]:
        """Return statements that advance the variables by ``count`` (I64) steps.

        Whatever is not one of the variables is taken as constant over the interval. A decay
        dx/dt = a x becomes ``x = x * exp(a * elapsed)``.
        """
        states = [ode.target for ode in self.odes]
        tabled = {row for table in self.tables for row in table.members}
        lets: list[Let] = []
        if self.tables and children(count):
            lets.append(Let(Local(f"{prefix}steps", DType.I64), count))
            count = lets[-1].local
        time: Expr = binary("*", cast(count, DType.REAL), cast(self.width, DType.REAL))
        if len(tabled) < len(self.odes):
            lets.append(Let(Local(f"{prefix}elapsed", DType.REAL), time))
            time = lets[-1].local
        flowing: dict[int, Expr] = {}
        for members in self.flows:
            flowing.update(self._flow(members, time, prefix, lets))
        values: dict[int, Expr] = {}
        for row, state in enumerate(states):
            if row not in tabled:
                value = solve(row, states, self.matrix, self.drive, time)
                value = flowing[row] if isinstance(value, NoClosedForm) else value
                if value != state:
                    values[row] = value
        own = assign(self.odes, values, lets, prefix)
        return (*own, *(s for table in self.tables for s in table.statements(count, prefix)))

    def _flow(
        self, members: tuple[int, ...], time: Expr, prefix: str, lets: list[Let]
    ) -> dict[int, Expr]:
        """Return new values of coupled variables by an exponential in the kernel.

        Drives are the coefficients of one more variable, which is 1 and stands still.
        """
        extra = len(self.odes)
        inner = {place: entry for place, entry in self.matrix.items() if place[0] in members}
        inner |= {(row, extra): self.drive[row] for row in members if row in self.drive}
        nodes = {node for place in inner for node in place}
        parts = [part for part in blocks(reach(extra + 1, inner)) if nodes & set(part)]
        order = [node for part in parts for node in part]
        names = [*(ode.name for ode in self.odes), "1"]
        matrix: list[Expr] = []
        for row in order:
            for column in order:
                entry = multiply(inner.get((row, column), ZERO), time)
                if children(entry):
                    name = f"{prefix}a_{names[row]}_from_{names[column]}"
                    lets.append(Let(Local(name, DType.REAL), entry))
                    entry = lets[-1].local
                matrix.append(entry)
        start = [ONE if row == extra else cast(self.odes[row].target, DType.REAL) for row in order]
        sizes = tuple(len(part) for part in parts)
        moving = {row for row, _ in inner}
        return {
            row: Flow(place, sizes, tuple(matrix), tuple(start))
            for place, row in enumerate(order)
            if row in moving
        }


def plan_event_driven(odes: Sequence[Ode], width: Expr, owner: str) -> EventDriven:
    """Return how linear equations are advanced between events.

    ``width`` is the number of seconds in a step (F64), ``owner`` a name for what the host computes.
    Raises EquationError, with all reasons, for equations that are not linear, read the time or
    have noise, and for more variables than a kernel can solve with coefficients that differ.
    """
    forms = _forms(odes)
    states = [ode.target for ode in odes]
    matrix = {
        (row, column): entry
        for row, form in enumerate(forms)
        for column, state in enumerate(states)
        if (entry := form.coefficient(state)) is not None
    }
    drive = {row: rest for row, form in enumerate(forms) if (rest := total(form.rest))}
    tables: list[PowerTable] = []
    flows: list[tuple[int, ...]] = []
    problems: list[Problem] = []
    for members in components(len(odes), matrix):
        solved = [solve(row, states, matrix, drive, ONE) for row in members]
        if not any(isinstance(value, NoClosedForm) for value in solved):
            continue
        parts = {row: form_of(odes[row].rhs, states, _is_shared_constant) for row in members}
        table = plan_table(odes, members, parts, width, f"{owner}.powers{len(tables) + 1}")
        if table is not None:
            tables.append(table)
        elif len(members) + any(row in drive for row in members) <= MOST:
            flows.append(members)
        else:
            problems.append(_too_many(odes, members, parts))
    raise_problems(problems)
    return EventDriven(tuple(odes), width, matrix, drive, tuple(tables), tuple(flows))


def _too_many(
    odes: Sequence[Ode], members: tuple[int, ...], parts: dict[int, LinearForm]
) -> Problem:
    names = ", ".join(f"'{odes[row].name}'" for row in members)
    differing = dict.fromkeys(
        describe(term.product)
        for form in parts.values()
        for terms in form.coefficients.values()
        for term in terms
        if term.core is not None
    )
    return _problem(
        odes[members[0]],
        f"the event-driven equations of {names} are coupled, and {', '.join(differing)} may "
        f"differ between synapses: then at most {MOST - 1} are solved together.",
    )


def _is_shared_constant(expr: Expr) -> bool:
    """Whether an expression keeps one value, for all synapses, during a run."""
    inner = children(expr)
    if not inner:
        return isinstance(expr, Const | Param)
    return not isinstance(expr, Gather) and all(_is_shared_constant(child) for child in inner)


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
