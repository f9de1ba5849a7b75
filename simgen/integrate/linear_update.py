"""Updates of linear equations: numbers that the host computes, or formulas in the kernel.

x(t + dt) = P x + Q b with P = exp(A dt) and Q = integral of exp(A s) over the step (Rotter and
Diesmann, Biol. Cybern. 81, 1999). The host computes P, Q and the constant part of Q b when a run
starts; a kernel multiplies and adds, and only where the equations couple variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from simgen.integrate.algebra import add_all, multiply
from simgen.integrate.closed import NoClosedForm, solve
from simgen.integrate.describe import describe
from simgen.integrate.emit import Body
from simgen.integrate.graph import components, reach
from simgen.integrate.linear import LinearForm, Term, linear_form, total
from simgen.integrate.model import Derived, OdeSystem, Refusal, Update, is_per_element
from simgen.integrate.propagation import Wanted, derive
from simgen.ir.expr import Binary, Const, Expr, Load, Param, Unary
from simgen.ir.visit import children, walk

Coefficients = dict[tuple[int, int], tuple[Term, ...]]
Drives = dict[int, tuple[Term, ...]]
_INPUTS = 2  # arrays that a kernel may read instead of one that the host has computed of them


@dataclass(slots=True)
class _Result:
    """New values by number of the equation, what the host computes for them, and refusals."""

    values: dict[int, Expr] = field(default_factory=dict)
    derived: list[Derived] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Component:
    """Variables that are coupled: entries of A and terms of b, where they are not zero."""

    system: OdeSystem
    members: tuple[int, ...]
    matrix: Coefficients
    drives: Drives

    @property
    def reached(self) -> tuple[frozenset[int], ...]:
        """By number of the equation, the variables that it depends on, and itself."""
        return reach(len(self.system.odes), self.matrix)

    @property
    def moving(self) -> tuple[int, ...]:
        """The equations that are not dx/dt = 0."""
        driven = self.drives.keys() | {row for row, _ in self.matrix}
        return tuple(member for member in self.members if member in driven)

    def standing_still(self, gated: set[int]) -> _Component:
        """Return the component while the gated variables do not move."""
        matrix = {place: terms for place, terms in self.matrix.items() if place[0] not in gated}
        drives = {row: terms for row, terms in self.drives.items() if row not in gated}
        return _Component(self.system, self.members, matrix, drives)

    def entries(self) -> dict[tuple[int, int], Expr]:
        """The entries of A as whole expressions."""
        sums = {place: total(terms) for place, terms in self.matrix.items()}
        return {place: expr for place, expr in sums.items() if expr is not None}


def linear_update(system: OdeSystem, forms: Sequence[LinearForm], method: str) -> Update | Refusal:
    """Return the update of equations with the given linear forms, exact for constant coefficients.

    What a form calls its rest is held still during the step.
    """
    number = {state: position for position, state in enumerate(system.states)}
    matrix: Coefficients = {
        (row, number[state]): terms
        for row, form in enumerate(forms)
        for state, terms in form.coefficients.items()
        if terms
    }
    drives: Drives = {row: form.rest for row, form in enumerate(forms) if form.rest}
    body = Body(system)
    result = _Result()
    for members in components(len(forms), matrix):
        _component(
            _Component(
                system,
                members,
                {place: terms for place, terms in matrix.items() if place[0] in members},
                {row: terms for row, terms in drives.items() if row in members},
            ),
            body,
            result,
        )
    if result.reasons:
        return Refusal(tuple(result.reasons))
    values = {row: result.values[row] for row in sorted(result.values)}
    return Update(body.finish(values), tuple(result.derived), method)


def _component(component: _Component, body: Body, result: _Result) -> None:
    """Add the new values of a component; two where a gate may hold what drives a variable."""
    odes = component.system.odes
    reached = component.reached
    gated = {member for member in component.members if odes[member].gate is not None}
    rows = component.moving
    held = tuple(row for row in rows if row not in gated and reached[row] & gated)
    gates = {odes[member].gate for member in gated}
    if held and len(gates) > 1:
        names = ", ".join(f"'{odes[member].name}'" for member in component.members)
        result.reasons.append(f"{names} are coupled and have different conditions to stand still")
        return
    varying = any(term.core is not None for terms in component.matrix.values() for term in terms)
    advance = _InKernel(body) if varying else _on_host
    result.values.update(advance(component, rows, "", result))
    if held:
        still = advance(component.standing_still(gated), held, "_held", result)
        (gate,) = gates
        for row in held:
            if gate is not None and row in result.values and row in still:
                result.values[row] = body.where(gate, result.values[row], still[row])


class _InKernel:
    """New values by formulas evaluated in the kernel: some coefficient changes during a run."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.bound: dict[Expr, Expr] = {}

    def bind(self, name: str, expr: Expr) -> Expr:
        """Name what is more than a leaf, since the formulas use it several times."""
        if not children(expr):
            return expr
        if expr not in self.bound:
            self.bound[expr] = self.body.bind(name, expr)
        return self.bound[expr]

    def __call__(
        self, component: _Component, rows: tuple[int, ...], suffix: str, result: _Result
    ) -> dict[int, Expr]:
        system, odes = component.system, component.system.odes
        entries = {
            (row, column): self.bind(f"a_{odes[row].name}_from_{odes[column].name}", expr)
            for (row, column), expr in component.entries().items()
        }
        drive = {row: expr for row, terms in component.drives.items() if (expr := total(terms))}
        values: dict[int, Expr] = {}
        for row in rows:
            value = solve(row, system.states, entries, drive, system.step_width)
            if isinstance(value, NoClosedForm):
                reason = _coupled(component, value)
                if reason not in result.reasons:
                    result.reasons.append(reason)
            else:
                values[row] = value
        return values


def _coupled(component: _Component, refused: NoClosedForm) -> str:
    odes = component.system.odes
    names = ", ".join(f"'{odes[member].name}'" for member in refused.members)
    varying = dict.fromkeys(
        f"{describe(term.product)} (of '{odes[column].name}' in d{odes[row].name}/dt)"
        for (row, column), terms in component.matrix.items()
        for term in terms
        if term.core is not None and row in refused.members
    )
    return (
        f"coefficients change during a run: {', '.join(varying)}; "
        f"{names} are coupled and {refused.reason}"
    )


def _on_host(
    component: _Component, rows: tuple[int, ...], suffix: str, result: _Result
) -> dict[int, Expr]:
    """Return new values as sums of products with numbers that the host computes."""
    system, reached, entries = component.system, component.reached, component.entries()
    plans = {row: _plan(component, row, reached, suffix) for row in rows}
    wanted = [want for _, weights in plans.values() for want, _ in weights]
    derived, reading = derive(system, entries, reached, wanted)
    result.derived.extend(derived)
    values: dict[int, Expr] = {}
    for row, (kept, weights) in plans.items():
        terms = [
            reading[want.name] if factor is None else multiply(reading[want.name], factor)
            for want, factor in weights
        ]
        value = add_all((kept, *terms))
        if value is not None:
            values[row] = value
    return values


_Weights = list[tuple[Wanted, Expr | None]]


def _plan(
    component: _Component, row: int, reached: Sequence[frozenset[int]], suffix: str
) -> tuple[Expr | None, _Weights]:
    """Return what of the old value stays as it is, and the wanted numbers with their factors."""
    odes = component.system.odes
    name = f"{component.system.prefix}{{}}{suffix}_{odes[row].name}"
    others = sorted(reached[row] - {row})
    constant = (row, row) not in component.matrix and not any(row in reached[j] for j in others)
    kept = odes[row].target if constant else None
    weights: _Weights = [
        (Wanted(f"{name.format('p')}_from_{odes[column].name}", row, column), odes[column].target)
        for column in ([] if constant else [row]) + others
    ]
    fixed: list[tuple[int, Expr]] = []
    moving: dict[Expr, list[tuple[int, Expr]]] = {}
    for column, term in _drives(component, reached[row]):
        target = fixed if term.core is None else moving.setdefault(term.core, [])
        target.append((column, term.factor))
    if fixed:
        weights.append((Wanted(name.format("q"), row, drives=tuple(fixed)), None))
    for count, (core, parts) in enumerate(moving.items(), start=1):
        want = Wanted(f"{name.format(f'q{count}')}", row, drives=tuple(parts))
        weights.append((want, core))
    return kept, weights


def _drives(component: _Component, reached: frozenset[int]) -> list[tuple[int, Term]]:
    """Return the terms that drive a row, by equation.

    Inputs that users set between runs (``I`` of ``dv/dt = (R*I - v)/tau``) stay factors of their
    own where the numbers they are multiplied by are the same for all elements: writing them then
    takes no work of the host, and a kernel reads one array, as it would read their products.
    """
    terms = [(at, term) for at in sorted(reached) for term in component.drives.get(at, ())]
    coefficients = [expr for (at, _), expr in component.entries().items() if at in reached]
    if any(map(is_per_element, coefficients)):
        return terms
    apart = [(at, part) for at, term in terms for part in _apart(component.system, term)]
    read = {node for _, part in apart if part.core for node in walk(part.core)}
    arrays = {node.array for node in read if isinstance(node, Load)}
    return apart if len(arrays) <= _INPUTS else terms


def _apart(system: OdeSystem, term: Term) -> tuple[Term, ...]:
    """Return a constant term as what is the same for all elements times stored values."""

    def is_given(part: Expr) -> bool:
        return system.is_constant(part) and not any(isinstance(n, Load) for n in walk(part))

    if term.core is not None or is_given(term.factor):
        return (term,)
    parts = linear_form(term.factor, (), is_given).rest
    plain = all(part.core is None or _is_quick(part.core) for part in parts)
    return parts if plain else (term,)


def _is_quick(expr: Expr) -> bool:
    """Whether a kernel can as well compute an expression as read it from memory."""
    sums = (Binary, Unary, Load, Const, Param)
    return all(
        isinstance(node, sums) and getattr(node, "op", "+") in ("+", "-", "*")
        for node in walk(expr)
    )
