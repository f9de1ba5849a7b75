"""Units as the text of a definition gives them: products of base-scaled units and their powers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from simgen.errors import Origin, Problem, UnknownNameError, suggest
from simgen.lang.syntax import BinaryNode, CallNode, Name, Node, Number, UnaryNode, exact_value
from simgen.units import DIMENSIONLESS, Dimension, unit_from_name

# One name for each dimension that has one; the first that fits is proposed to the user.
_BASE_UNITS = (
    "volt amp siemens ohm farad second hertz meter coulomb mmolar mole kilogram kelvin joule watt "
    "newton pascal tesla weber henry candela"
)
BASE_UNITS = tuple(_BASE_UNITS.split())
DTYPE_NAMES = {"boolean": "boolean", "integer": "integer"}
_OTHER_DTYPES = {"bool": "boolean", "int": "integer", "float": "1", "double": "1", "real": "1"}
_MAX_EXPONENT = 100


def base_unit_name(dim: Dimension) -> str:
    """Return the name of the base-scaled unit of ``dim``, or an empty string if it has none."""
    for name in BASE_UNITS:
        unit = unit_from_name(name)
        if unit is not None and unit.dim == dim:
            return name
    return ""


def unit_dimension(node: Node, problems: list[Problem]) -> Dimension | None:
    """Return the dimension of the unit ``node`` of a definition, or None and add to ``problems``.

    Units must be base-scaled (``volt``, not ``mV``): the stored numbers are SI values.
    ``1``, ``boolean`` and ``integer`` have no dimension.
    """
    if isinstance(node, Name) and node.name in DTYPE_NAMES:
        return DIMENSIONLESS
    return _dimension(node, problems)


def _dimension(node: Node, problems: list[Problem]) -> Dimension | None:
    match node:
        case Name(name=name):
            return _named(name, node, problems)
        case Number(value=value):
            if value == 1 and not isinstance(value, bool):
                return DIMENSIONLESS
            problems.append(Problem("A unit has no factor but 1.", node.origin, _FACTOR_HINT))
            return None
        case BinaryNode(op="*" | "/" as op):
            left, right = _dimension(node.left, problems), _dimension(node.right, problems)
            if left is None or right is None:
                return None
            return left * right if op == "*" else left / right
        case BinaryNode(op="**"):
            return _power(node.left, node.right, problems)
        case CallNode() | UnaryNode() | BinaryNode():
            pass
    problems.append(Problem("This is not a unit.", node.origin, _UNIT_HINT))
    return None


_UNIT_HINT = "A unit is made of unit names with '*', '/' and '**', or is 1, boolean or integer."
_FACTOR_HINT = "Values are stored in SI base units; put the factor into the expression."


def _named(name: str, node: Name, problems: list[Problem]) -> Dimension | None:
    unit = unit_from_name(name)
    if unit is None:
        problems.append(_unknown(name, node.origin))
        return None
    if float(np.asarray(unit)) == 1.0:
        return unit.dim
    base = base_unit_name(unit.dim)
    hint = f"Use '{base}'." if base else "Use a unit without prefix."
    problems.append(
        Problem(f"The unit of a definition must be a base unit, not '{name}'.", node.origin, hint)
    )
    return None


def _unknown(name: str, origin: Origin) -> Problem:
    if name in DTYPE_NAMES:
        return Problem(f"'{name}' stands alone; it cannot be part of a unit.", origin)
    if name in _OTHER_DTYPES:
        return Problem(f"There is no unit '{name}'.", origin, f"Use '{_OTHER_DTYPES[name]}'.")
    hint = suggest(name, [*BASE_UNITS, *DTYPE_NAMES])
    return Problem(f"There is no unit '{name}'.", origin, hint, UnknownNameError)


def _power(base: Node, exponent: Node, problems: list[Problem]) -> Dimension | None:
    dim = _dimension(base, problems)
    value = exact_value(exponent)
    if value is None or abs(value) > _MAX_EXPONENT:
        problems.append(
            Problem(
                f"The exponent of a unit is a number of at most {_MAX_EXPONENT}.", exponent.origin
            )
        )
        return None
    return None if dim is None else dim ** tidy_exponent(value)


def tidy_exponent(value: Fraction) -> Fraction:
    """Return ``value``, or the simple fraction that a decimal exponent such as 0.1 stands for."""
    return value if value.denominator < 10**6 else value.limit_denominator(10**6)
