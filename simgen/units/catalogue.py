"""The named units as plain data: stems, prefixes and short names; quantities are made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from simgen.units import dimension as d
from simgen.units.dimension import Dimension

# SI prefixes and their powers of ten.
PREFIXES: dict[str, int] = {
    "y": -24, "z": -21, "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "c": -2, "d": -1,
    "": 0,
    "da": 1, "h": 2, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18, "Z": 21, "Y": 24,
}  # fmt: skip
# The prefixes that a star import brings along, and the thousands that output is scaled to.
COMMON_PREFIXES = ("p", "n", "u", "m", "", "k", "M", "G", "T")
THOUSANDS = tuple(prefix for prefix, power in PREFIXES.items() if power % 3 == 0)
POWERS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Stem:
    """A unit without prefix: one of it is ``10**tens`` in SI base units.

    ``common`` stems are part of a star import; ``shown`` ones are used in output.
    """

    name: str
    symbol: str
    dim: Dimension
    tens: int = 0
    common: bool = False
    shown: bool = False
    prefixed: bool = True


@dataclass(frozen=True, slots=True)
class UnitName:
    """A unit as text: ``10**tens`` in SI base units, its name ("mvolt") and symbol ("mV")."""

    name: str
    symbol: str
    dim: Dimension
    tens: int

    @property
    def value(self) -> float:
        """The unit in SI base units, rounded once."""
        return float(f"1e{self.tens}")


STEMS: tuple[Stem, ...] = (
    Stem("metre", "m", d.LENGTH, common=True, shown=True),
    Stem("meter", "m", d.LENGTH, common=True),
    Stem("kilogram", "kg", d.MASS, common=True, prefixed=False),
    Stem("kilogramme", "kg", d.MASS, common=True, prefixed=False),
    Stem("gram", "g", d.MASS, tens=-3, common=True, shown=True),
    Stem("gramme", "g", d.MASS, tens=-3, common=True),
    Stem("second", "s", d.TIME, common=True, shown=True),
    Stem("amp", "A", d.CURRENT, common=True, shown=True),
    Stem("ampere", "A", d.CURRENT, common=True),
    Stem("kelvin", "K", d.TEMPERATURE, common=True, shown=True),
    Stem("mole", "mol", d.SUBSTANCE, common=True, shown=True),
    Stem("mol", "mol", d.SUBSTANCE, common=True),
    Stem("candle", "cd", d.LUMINOSITY, common=True, shown=True),
    Stem("candela", "cd", d.LUMINOSITY, common=True),
    Stem("radian", "rad", d.DIMENSIONLESS),
    Stem("steradian", "sr", d.DIMENSIONLESS),
    Stem("hertz", "Hz", d.FREQUENCY, common=True, shown=True),
    Stem("newton", "N", d.FORCE, shown=True),
    Stem("pascal", "Pa", d.PRESSURE, common=True, shown=True),
    Stem("joule", "J", d.ENERGY, common=True, shown=True),
    Stem("watt", "W", d.POWER, common=True, shown=True),
    Stem("coulomb", "C", d.CHARGE, common=True, shown=True),
    Stem("volt", "V", d.VOLTAGE, common=True, shown=True),
    Stem("farad", "F", d.CAPACITANCE, common=True, shown=True),
    Stem("ohm", "ohm", d.RESISTANCE, common=True, shown=True),
    Stem("siemens", "S", d.CONDUCTANCE, common=True, shown=True),
    Stem("weber", "Wb", d.FLUX, shown=True),
    Stem("tesla", "T", d.FLUX_DENSITY, shown=True),
    Stem("henry", "H", d.INDUCTANCE, shown=True),
    Stem("lumen", "lm", d.LUMINOSITY),
    Stem("lux", "lx", d.ILLUMINANCE, shown=True),
    Stem("becquerel", "Bq", d.FREQUENCY),
    Stem("gray", "Gy", d.DOSE),
    Stem("sievert", "Sv", d.DOSE),
    Stem("katal", "kat", d.CATALYTIC),
    Stem("molar", "M", d.CONCENTRATION, tens=3, common=True, shown=True),
    Stem("litre", "l", d.VOLUME, tens=-3, common=True),
    Stem("liter", "l", d.VOLUME, tens=-3, common=True),
)
# Short names of the star import. No single letters: those are for the user's variables.
SHORT_NAMES: dict[str, str] = {
    "mV": "mvolt", "mA": "mamp", "uA": "uamp", "nA": "namp", "pA": "pamp",
    "mF": "mfarad", "uF": "ufarad", "nF": "nfarad", "pF": "pfarad",
    "mS": "msiemens", "uS": "usiemens", "nS": "nsiemens",
    "ms": "msecond", "us": "usecond",
    "Hz": "hertz", "kHz": "khertz", "MHz": "Mhertz",
    "cm": "cmetre", "cm2": "cmetre2", "cm3": "cmetre3",
    "mm": "mmetre", "mm2": "mmetre2", "mm3": "mmetre3",
    "um": "umetre", "um2": "umetre2", "um3": "umetre3",
    "mM": "mmolar", "uM": "umolar", "nM": "nmolar",
}  # fmt: skip


def unit_name(stem: Stem, prefix: str = "", power: int = 1) -> UnitName:
    """Return the name of a prefixed unit to a whole power: "umetre2" is (umetre)**2."""
    suffix = "" if power == 1 else str(power)
    symbol = f"{prefix}{stem.symbol}" + (f"^{power}" if power != 1 else "")
    tens = power * (PREFIXES[prefix] + stem.tens)
    return UnitName(f"{prefix}{stem.name}{suffix}", symbol, stem.dim**power, tens)


def all_names() -> dict[str, tuple[Stem, str, int]]:
    """Return stem, prefix and power of every unit by its long name, in the order of the stems."""
    return {
        f"{prefix}{stem.name}{power if power > 1 else ''}": (stem, prefix, power)
        for stem in STEMS
        for prefix in (PREFIXES if stem.prefixed else ("",))
        for power in POWERS
    }


def common_names() -> tuple[str, ...]:
    """Return the long names that a star import gives."""
    names = [
        f"{prefix}{stem.name}"
        for stem in STEMS
        if stem.common
        for prefix in (COMMON_PREFIXES if stem.prefixed else ("",))
    ]
    return (*names, "cmetre", "cmeter")
