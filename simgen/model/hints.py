"""Proposals for numbers that lack a unit."""

from __future__ import annotations

from simgen.lang.names import shorten
from simgen.lang.syntax import Node, exact_value
from simgen.units import Dimension, unit_from_name

# The units in which values of neurons are usually given, one for each dimension.
_USUAL = ("mV", "ms", "nA", "nS", "pF", "Mohm", "Hz", "um", "mmolar", "joule", "kelvin")


def usual_unit(dim: Dimension) -> str:
    """Return the unit in which neuroscience gives a quantity of ``dim``, or an empty string."""
    for name in _USUAL:
        unit = unit_from_name(name)
        if unit is not None and unit.dim == dim:
            return name
    return ""


def literal_hint(node: Node, found: Dimension, wanted: Dimension) -> str:
    """Return "Did you mean -60*mV?" if ``node`` is a bare number where ``wanted`` is needed."""
    if not found.is_dimensionless or exact_value(node) is None:
        return ""
    unit = usual_unit(wanted)
    if not unit:
        return ""
    text = shorten(node.origin.text)
    simple = text.lstrip("-").replace(".", "").isalnum()
    return f"Did you mean {text if simple else f'({text})'}*{unit}?"
