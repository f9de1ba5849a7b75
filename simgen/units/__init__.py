"""Physical units: ``from simgen.units import mV, ms`` and what belongs to them.

Every unit is an attribute of this package (``simgen.units.umetre2``); a star import gives the
usual ones. See ``definitions`` for the names.
"""

from __future__ import annotations

from simgen.errors import DimensionMismatchError, UnknownAttributeError
from simgen.units.checks import (
    UnitSignature as UnitSignature,
)
from simgen.units.checks import (
    check_units,
    get_dimensions,
    have_same_dimensions,
    in_best_unit,
    in_unit,
    is_dimensionless,
    register_new_unit,
)
from simgen.units.checks import (
    unit_signature as unit_signature,
)
from simgen.units.definitions import (
    ALL_UNITS,
    STANDARD_NAMES,
    get_unit,
    suggest_unit,
)
from simgen.units.definitions import (
    unit_from_name as unit_from_name,
)
from simgen.units.dimension import DIMENSIONLESS, Dimension
from simgen.units.operands import dimension_of as dimension_of
from simgen.units.operands import split as split
from simgen.units.operands import strip as strip
from simgen.units.plotting import register_with_matplotlib as register_with_matplotlib
from simgen.units.quantity import Quantity, Unit
from simgen.units.quantity import from_si as from_si

STANDARD_UNITS: dict[str, Unit] = {name: ALL_UNITS[name] for name in STANDARD_NAMES}

register_with_matplotlib()  # for scripts that imported matplotlib first

# The helpers for other modules (split, strip, dimension_of, from_si, ...) stay out of star imports.
__all__ = [
    "ALL_UNITS",
    "DIMENSIONLESS",
    "STANDARD_UNITS",
    "Dimension",
    "DimensionMismatchError",
    "Quantity",
    "Unit",
    "check_units",
    "get_dimensions",
    "get_unit",
    "have_same_dimensions",
    "in_best_unit",
    "in_unit",
    "is_dimensionless",
    "register_new_unit",
    *STANDARD_NAMES,
]


def __getattr__(name: str) -> Unit:
    unit = unit_from_name(name)
    if unit is None:
        raise UnknownAttributeError(
            f"module 'simgen.units' has no attribute '{name}'. {suggest_unit(name)}".rstrip()
        )
    return unit
