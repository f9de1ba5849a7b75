"""Quantities in matplotlib: SI values on an axis that is labelled with the unit."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from simgen.units.dimension import DIMENSIONLESS, Dimension
from simgen.units.operands import dimension_of, require_dimension
from simgen.units.quantity import Quantity, Unit


def register_with_matplotlib() -> None:
    """Tell matplotlib, if it has been imported, how to draw quantities; repeating does no harm.

    Each axis shows SI values and takes one dimension: another one raises DimensionMismatchError.
    """
    units: Any = sys.modules.get("matplotlib.units")
    if units is None or Quantity in units.registry:
        return

    class Converter(units.ConversionInterface):  # type: ignore[misc]  # known at run time only
        """How matplotlib asks for plain numbers and for the label of an axis."""

        @staticmethod
        def convert(value: Any, unit: Any, axis: Any) -> Any:
            return numbers_for_axis(value, unit)

        @staticmethod
        def default_units(value: Any, axis: Any) -> Dimension | None:
            dim = dimension_of(_items(value))
            return None if dim is DIMENSIONLESS else dim

        @staticmethod
        def axisinfo(unit: Any, axis: Any) -> Any:
            return units.AxisInfo(label=str(unit)) if isinstance(unit, Dimension) else None

    units.registry[Quantity] = units.registry[Unit] = Converter()


def numbers_for_axis(value: Any, dim: Any) -> Any:
    """Return the SI values of ``value`` for an axis of ``dim``; plain numbers as they are."""
    value = _items(value)
    if not isinstance(dim, Dimension):
        return np.asarray(value)
    if dimension_of(value) is DIMENSIONLESS:
        return value
    return require_dimension("draw on this axis", value, dim)


def _items(value: Any) -> Any:
    """Return an array of objects, as matplotlib makes it of a list, as a list again."""
    return value.tolist() if isinstance(value, np.ndarray) and value.dtype == object else value
