"""Quantities as text: the best unit, ``10. * mvolt`` for code and ``10. mV`` for readers."""

from __future__ import annotations

from typing import Any

import numpy as np

from simgen.units.catalogue import STEMS, THOUSANDS, UnitName, unit_name
from simgen.units.dimension import AREA, LENGTH, VOLUME, Dimension

Array = np.ndarray[Any, np.dtype[Any]]

_SHOWN = {stem.dim: stem for stem in STEMS if stem.shown}
_POWERS_OF_LENGTH = {AREA: 2, VOLUME: 3}
_UNITS: dict[Dimension, tuple[UnitName, ...]] = {}


def shown_units(dim: Dimension) -> tuple[UnitName, ...]:
    """Return the units that quantities of ``dim`` are shown in, smallest first, at least one."""
    found = _UNITS.get(dim)
    if found is None:
        power = _POWERS_OF_LENGTH.get(dim, 1)
        stem = _SHOWN.get(LENGTH if power > 1 else dim)
        if stem is None:
            found = (si_name(dim),)
        else:
            found = tuple(unit_name(stem, prefix, power) for prefix in THOUSANDS)
        _UNITS[dim] = found
    return found


def show_in(unit: UnitName) -> None:
    """Let quantities of the unit's dimension be shown in it.

    It stands beside the units that have names of their own, and in place of composed ones.
    """
    before = [u for u in shown_units(unit.dim) if u != unit and (u.value != 1 or is_named(u.dim))]
    _UNITS[unit.dim] = tuple(sorted([*before, unit], key=lambda known: known.tens))


def is_named(dim: Dimension) -> bool:
    """Whether a dimension has units with names of their own, as volts."""
    return dim in _SHOWN or dim in _POWERS_OF_LENGTH


def si_name(dim: Dimension) -> UnitName:
    """Return the unit of ``dim`` whose value is 1: "volt", or "siemens / metre ** 2"."""
    above: list[str] = []
    below: list[str] = []
    symbols: list[str] = []
    for symbol, name, power in dim.factors():
        (above if power > 0 else below).append(_power(name, abs(power)))
        symbols.append(f"{symbol}^{power}" if power != 1 else symbol)
    text = " * ".join(above) or "1"
    if below:
        text += " / " + (below[0] if len(below) == 1 else f"({' * '.join(below)})")
    return UnitName(text, " ".join(symbols), dim, 0)


def _power(name: str, power: object) -> str:
    if power == 1:
        return name
    text = str(power)
    return f"{name} ** ({text})" if "/" in text else f"{name} ** {text}"


def best_unit(values: Array, dim: Dimension) -> UnitName:
    """Return the unit in which the typical magnitude of ``values`` is nearest to 10.

    Typical is the median of the logarithms; zeros, nan and infinities do not count, and where
    nothing else is left, the SI unit results.
    """
    choices = shown_units(dim)
    sizes = np.abs(values)[(values != 0) & np.isfinite(values)]
    if len(choices) == 1 or not sizes.size:
        return next((unit for unit in choices if unit.tens == 0), choices[0])
    typical = float(np.median(np.log10(sizes)))
    return min(choices, key=lambda unit: abs(typical - unit.tens - 1.0))


def number_text(values: Array, precision: int | None = None, *, commas: bool = False) -> str:
    """Return the numbers as numpy prints them, ``precision`` digits after the point at most."""
    separator = ", " if commas else " "
    return np.array2string(values, precision=precision, separator=separator)


def as_text(values: Array, dim: Dimension, unit: UnitName | None = None) -> str:
    """Return "10. mV" or "[1. 2.] mV"."""
    chosen = best_unit(values, dim) if unit is None else unit
    return f"{number_text(values / chosen.value)} {chosen.symbol}".strip()


def as_code(values: Array, dim: Dimension) -> str:
    """Return "10. * mvolt" or "array([1., 2.]) * mvolt"."""
    unit = best_unit(values, dim)
    scaled = np.asarray(values / unit.value)
    text = number_text(scaled) if scaled.ndim == 0 else repr(scaled)
    return f"{text} * {unit.name}" if unit.name != "1" else text


def brief(values: Array, dim: Dimension) -> str:
    """Return the text of a value for an error message; long arrays are cut."""
    if values.dtype.kind not in "fciub":
        return "a value that is no number"
    with np.printoptions(threshold=6, edgeitems=2):
        return as_text(values, dim) if not dim.is_dimensionless else number_text(values)
