"""Exact integration of linear equations whose coefficients are constant over a step."""

from __future__ import annotations

from simgen.integrate.forms import linear_forms
from simgen.integrate.linear_update import linear_update
from simgen.integrate.model import OdeSystem, Refusal, Update


def exact(system: OdeSystem) -> Update | Refusal:
    """Return the exact update, or the reasons why there is none."""
    forms = linear_forms(system)
    if isinstance(forms, Refusal):
        return forms
    return linear_update(system, forms, "exact")
