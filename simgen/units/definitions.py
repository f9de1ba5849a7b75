"""All units by name. They are made when first asked for: a program uses ten of two thousand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simgen.errors import suggest
from simgen.units.catalogue import SHORT_NAMES, all_names, common_names, unit_name
from simgen.units.dimension import DIMENSIONLESS, Dimension
from simgen.units.display import si_name
from simgen.units.quantity import Unit


class UnitTable(Mapping[str, Unit]):
    """Units by name; a name always gives the same object, and ``mV`` is ``mvolt``."""

    def __init__(self) -> None:
        self._entries = all_names()
        self._entries.update({short: self._entries[name] for short, name in SHORT_NAMES.items()})
        self._units: dict[str, Unit] = {}

    def __getitem__(self, name: str) -> Unit:
        unit = self._units.get(name)
        if unit is None:
            entry = unit_name(*self._entries[name])
            if entry.name == name:
                unit = self._units.setdefault(name, Unit.named(entry))
            else:  # a short name
                unit = self._units.setdefault(name, self[entry.name])
        return unit

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


ALL_UNITS = UnitTable()
"""Every unit that equations may name, with all prefixes and powers."""

STANDARD_NAMES: tuple[str, ...] = (*common_names(), *SHORT_NAMES)
"""The names of units that a star import gives."""


def unit_from_name(name: str) -> Unit | None:
    """Return the unit of that name, or None."""
    return ALL_UNITS.get(name)


def suggest_unit(name: str) -> str:
    """Return "Did you mean 'mvolt'?" for a misspelt unit, or an empty string."""
    return suggest(name, ALL_UNITS)


def get_unit(dim: Dimension) -> Unit:
    """Return the SI unit of a dimension: ``get_unit(volt.dim)`` is ``volt``.

    Without dimension it is the unit ``1``, whose value is one.
    """
    entry = si_name(dim)
    if dim is DIMENSIONLESS:
        return Unit("1", "", dim)
    known = unit_from_name(entry.name)
    return known if known is not None and known.is_si else Unit.named(entry)
