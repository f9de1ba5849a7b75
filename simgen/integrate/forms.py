"""The equations of a system as linear forms, or the reasons why they are not linear."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simgen.integrate.describe import describe
from simgen.integrate.linear import (
    LinearForm,
    NonLinearError,
    Term,
    frozen_form,
    linear_form,
)
from simgen.integrate.model import (
    Ode,
    OdeSystem,
    Refusal,
    is_per_element,
    varies_within_step,
)
from simgen.integrate.probe import looks_linear
from simgen.ir.expr import Expr, Load


def linear_forms(system: OdeSystem) -> list[LinearForm] | Refusal:
    """Return one form per equation, linear in all variables together, constant over a step."""
    forms = _forms(system, lambda ode: _form(system, ode.rhs, system.states), "linear")
    if isinstance(forms, Refusal):
        return forms
    reasons = [text for ode, form in zip(system.odes, forms) for text in _moving(ode, form)]
    return Refusal(tuple(reasons)) if reasons else forms


def conditionally_linear_forms(system: OdeSystem) -> list[LinearForm] | Refusal:
    """Return one form per equation, each linear in its own variable; the rest may be anything.

    Where an equation is not, functions of its own variable are held still during a step as well.
    """

    def form(ode: Ode) -> LinearForm:
        try:
            return _form(system, ode.rhs, (ode.target,))
        except NonLinearError:
            return frozen_form(ode.rhs, ode.target, system.is_constant)

    return _forms(system, form, "linear in its own variable")


def _forms(
    system: OdeSystem, form: Callable[[Ode], LinearForm], what: str
) -> list[LinearForm] | Refusal:
    forms: list[LinearForm] = []
    reasons: list[str] = []
    for ode in system.odes:
        if ode.noise:
            reasons.append(f"'{ode.name}' has a noise term")
        try:
            forms.append(form(ode))
        except NonLinearError as error:
            reasons.append(f"d{ode.name}/dt is not {what}, because of {describe(error.part)}")
    return Refusal(tuple(reasons)) if reasons else forms


def _form(system: OdeSystem, expr: Expr, states: Sequence[Load]) -> LinearForm:
    form = form_of(expr, states, system.is_constant)
    if all(term.core is None for terms in form.coefficients.values() for term in terms):
        return form

    def is_scalar_constant(part: Expr) -> bool:
        return system.is_constant(part) and not is_per_element(part)

    # The kernel will evaluate the form. What is constant and the same for all elements moves out
    # of its loop, so only that is worth separating; a division by an element's own value is not.
    return form_of(expr, states, is_scalar_constant)


def form_of(expr: Expr, states: Sequence[Load], is_constant: Callable[[Expr], bool]) -> LinearForm:
    """Return the linear form of ``expr``, by structure or else by symbolic expansion.

    Raises NonLinearError where it has none.
    """
    try:
        return linear_form(expr, states, is_constant)
    except NonLinearError:
        if not looks_linear(expr, states):
            raise
        from simgen.integrate.symbolic import expand_in  # loads SymPy: 0.7 s, rarely needed

        expanded = expand_in(expr, states)
        if expanded is None:
            raise
        return linear_form(expanded, states, is_constant)


def _moving(ode: Ode, form: LinearForm) -> list[str]:
    """Return a reason for each term that reads the time itself."""
    sums: tuple[Sequence[Term], ...] = (*form.coefficients.values(), form.rest)
    return [
        f"t changes during the step, in {describe(term.core)} of d{ode.name}/dt"
        for terms in sums
        for term in terms
        if term.core is not None and varies_within_step(term.core)
    ]
