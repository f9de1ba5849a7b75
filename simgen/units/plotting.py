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

    units.registry[Quantity] = units.registry[Unit] = _Converter(units.AxisInfo)


class _Converter:
    """How matplotlib asks for plain numbers and for the label of an axis.

    It has all of ``matplotlib.units.ConversionInterface``, of which it is no subclass: that would
    import matplotlib.
    """

    def __init__(self, axis_info: Any) -> None:
        self._axis_info = axis_info

    @staticmethod
    def convert(value: Any, unit: Any, axis: Any) -> Any:
        """Return plain numbers."""
        return numbers_for_axis(value, unit)

    @staticmethod
    def default_units(value: Any, axis: Any) -> Dimension | None:
        """Return what an axis without unit takes on."""
        dim = dimension_of(_items(value))
        return None if dim is DIMENSIONLESS else dim

    def axisinfo(self, unit: Any, axis: Any) -> Any:
        """Return the label of an axis."""
        return self._axis_info(label=str(unit)) if isinstance(unit, Dimension) else None


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
