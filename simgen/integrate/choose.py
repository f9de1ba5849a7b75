"""The choice of a method by name, or of the first one that does not refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from simgen.errors import (
    EquationError,
    ModelError,
    Problem,
    UnsupportedFeatureError,
    raise_problems,
    suggest,
)
from simgen.integrate.exact import exact
from simgen.integrate.explicit import euler, heun, milstein, rk2, rk4
from simgen.integrate.exponential_euler import exponential_euler
from simgen.integrate.model import OdeSystem, OwnMethod, Refusal, Update
from simgen.integrate.reciprocal import with_reciprocals
from simgen.ir.expr import RandomDraw
from simgen.ir.visit import walk

Integrator = Callable[[OdeSystem], Update | Refusal]
METHODS: dict[str, Integrator] = {
    "exact": exact,
    "exponential_euler": exponential_euler,
    "euler": euler,
    "rk2": rk2,
    "rk4": rk4,
    "heun": heun,
    "milstein": milstein,
}
_ALIASES = {"linear": "exact", "independent": "exact"}
DEFAULT = ("exact", "euler", "heun")
_registered: dict[str, OwnMethod] = {}


def choose(
    system: OdeSystem,
    method: str | OwnMethod | Sequence[str | OwnMethod] | None = None,
    default: Sequence[str] = DEFAULT,
) -> Update:
    """Return the update by ``method``, or by the first of several (or of ``default``) that can.

    Raises EquationError where none can (with the reason of each), for an unknown name, and for
    random functions in an equation; UnsupportedFeatureError for methods that simgen does not have.
    """
    functions = check_method(method, default)
    _check_draws(system)
    tried: list[str] = []
    for name, function in functions.items():
        result = function(system)
        if isinstance(result, Update):
            return replace(result, statements=with_reciprocals(result.statements))
        tried.append(f"  {name}: {'; '.join(result.reasons)}")
    variables = ", ".join(f"'{ode.name}'" for ode in system.odes)
    head = f"cannot integrate the equations of {variables} by any of the methods tried"
    problem = Problem("\n".join([head, *tried]), system.odes[0].origin)
    raise_problems([problem])
    raise AssertionError(problem)


def check_method(method: Any, default: Sequence[str] = DEFAULT) -> dict[str, Integrator]:
    """Return the methods that ``method`` names, in their order; raises as :func:`choose` does."""
    one = isinstance(method, str | OwnMethod)
    entries = tuple(default) if method is None else (method,) if one else method
    if not isinstance(entries, list | tuple) or not entries:
        raise _no_method(method)
    found: dict[str, Integrator] = {}
    for entry in entries:
        if isinstance(entry, OwnMethod):
            found[repr(entry)] = entry.integrate
        elif isinstance(entry, str):
            found[entry] = _method(entry)
        else:
            raise _no_method(method)
    return found


def register_method(name: str, method: OwnMethod) -> None:
    """Let ``method=name`` stand for a method of the user's.

    Raises ModelError for a name that stands for another one already.
    """
    if name in METHODS or name in _ALIASES or _registered.get(name, method) is not method:
        raise ModelError(f"There is a method of integration named '{name}' already.")
    _registered[name] = method


def _no_method(method: object) -> UnsupportedFeatureError:
    return UnsupportedFeatureError(
        f"method must be a name, an ExplicitStateUpdater or a list of them, not {method!r}. The "
        f"names are {', '.join([*METHODS, *_registered])}."
    )


def _method(name: str) -> Integrator:
    name = _ALIASES.get(name, name)
    if name in METHODS:
        return METHODS[name]
    if name in _registered:
        return _registered[name].integrate
    if name.startswith("gsl"):
        raise UnsupportedFeatureError(
            f"method '{name}': simgen has no adaptive GSL integrators; use 'rk4' with a smaller "
            "dt, or 'exponential_euler' for stiff conditionally linear equations"
        )
    known = [*METHODS, *_ALIASES, *_registered]
    hint = suggest(name, known) or f"Known methods: {', '.join(known)}"
    raise EquationError(f"unknown integration method '{name}'. {hint}")


def _check_draws(system: OdeSystem) -> None:
    problems: list[Problem] = []
    for ode in system.odes:
        for part in (ode.rhs, *(factor for _, factor in ode.noise)):
            draws = [node for node in walk(part) if isinstance(node, RandomDraw)]
            problems.extend(
                Problem(
                    f"{draw.distribution}() cannot stand in d{ode.name}/dt: its value would depend "
                    "on how often the method evaluates the equation.",
                    ode.origin,
                    "Use xi for white noise, or a subexpression marked (constant over dt).",
                )
                for draw in draws[:1]
            )
    raise_problems(problems)
