"""White noise in an equation: xi terms told from the drift."""

from __future__ import annotations

from simgen.dtypes import DType
from simgen.errors import EquationError, Origin, Problem
from simgen.integrate.linear import NonLinearError, linear_form, total
from simgen.ir.construct import real
from simgen.ir.expr import ELEMENT, Array, Expr, Load
from simgen.ir.visit import walk


def noise_source(name: str) -> Load:
    """Return the placeholder that stands for ``xi`` or ``xi_name`` in an equation."""
    return Load(Array(name, DType.REAL, "noise"), ELEMENT)


def split_noise(
    rhs: Expr, variable: str, origin: Origin, problems: list[Problem]
) -> tuple[Expr, tuple[tuple[str, Expr], ...]]:
    """Return the drift, and (xi name, coefficient) of each noise source, in order of appearance.

    Noise must enter linearly (a sum of terms with one factor xi); anything else is a problem.
    """
    sources = dict.fromkeys(
        node for node in walk(rhs) if isinstance(node, Load) and node.array.length == "noise"
    )
    if not sources:
        return rhs, ()
    states = [source for source in sources if isinstance(source, Load)]
    try:
        form = linear_form(rhs, states, lambda expr: False)
    except NonLinearError:
        names = " and ".join(f"'{state.array.name}'" for state in states)
        problems.append(
            Problem(
                f"The noise {names} must enter the equation of '{variable}' linearly, "
                "as in 'drift + sigma*xi'.",
                origin,
                "",
                EquationError,
            )
        )
        return rhs, ()
    drift = total(form.rest) or real(0.0)
    noise = []
    for state in states:
        coefficient = form.coefficient(state)
        if coefficient is not None:
            noise.append((state.array.name, coefficient))
    return drift, tuple(noise)
