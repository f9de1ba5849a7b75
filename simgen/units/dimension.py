"""Physical dimensions: exponents of the seven SI base quantities, exact, without any array."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from numbers import Integral, Rational
from typing import ClassVar

from simgen.errors import ArgumentTypeError, InternalError, ModelError

Exponent = int | Fraction
Exponents = tuple[Exponent, ...]  # seven of them

# The order of the exponents: (symbol, name of the SI base unit, name of the base quantity).
BASES = (
    ("m", "metre", "length"),
    ("kg", "kilogram", "mass"),
    ("s", "second", "time"),
    ("A", "amp", "current"),
    ("K", "kelvin", "temperature"),
    ("mol", "mole", "substance"),
    ("cd", "candle", "luminosity"),
)
# Exponents of floats are read as the nearest fraction up to this denominator: 1/3 is found again
# from 0.333..., and sums of decimal fractions such as 0.1 + 0.2 lose their rounding error.
_LARGEST_DENOMINATOR = 10**6


def exact_exponent(value: object) -> Exponent:
    """Return ``value`` (int, Fraction, float, numpy scalar) as an int or else a Fraction.

    Raises ArgumentTypeError for what is no real number, ModelError for nan and infinity.
    """
    if type(value) is int or isinstance(value, Integral):
        return int(value)
    if isinstance(value, Rational):
        fraction = Fraction(value)
    else:
        if isinstance(value, (str, bytes)) or not hasattr(value, "__float__"):
            raise ArgumentTypeError(f"an exponent must be a real number, not {value!r}.")
        number = float(value)
        if not math.isfinite(number):
            raise ModelError(f"an exponent must be finite, not {number}.")
        fraction = Fraction(number).limit_denominator(_LARGEST_DENOMINATOR)
    return int(fraction) if fraction.denominator == 1 else fraction


class Dimension:
    """The dimension of a quantity; equal dimensions are one object, so that ``is`` compares them.

    ``exponents`` holds those of length, mass, time, current, temperature, substance and
    luminosity, each an int or a Fraction that is no whole number.
    """

    __slots__ = ("exponents",)
    exponents: Exponents
    _interned: ClassVar[dict[Exponents, Dimension]] = {}

    def __new__(cls, exponents: Iterable[object] = (0,) * 7) -> Dimension:
        """Return the one object with these seven exponents."""
        items = tuple([item if type(item) is int else exact_exponent(item) for item in exponents])
        if len(items) != len(BASES):
            raise InternalError(f"a dimension has {len(BASES)} exponents, not {len(items)}")
        found = cls._interned.get(items)
        if found is None:
            found = super().__new__(cls)
            object.__setattr__(found, "exponents", items)
            found = cls._interned.setdefault(items, found)  # another thread may have been first
        return found

    @classmethod
    def of(cls, **exponents: object) -> Dimension:
        """Return the dimension of named exponents: ``Dimension.of(length=1, time=-1)``.

        The SI unit of a quantity, or its symbol, stands for it: ``Dimension.of(m=1, second=-1)``.
        """
        found: list[object] = [0] * len(BASES)
        for name, exponent in exponents.items():
            places = [place for place, base in enumerate(BASES) if name in base]
            if not places:
                names = ", ".join(base for _, _, base in BASES)
                raise ArgumentTypeError(f"'{name}' is no base quantity; these are {names}.")
            found[places[0]] = exponent
        return cls(found)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Dimension cannot be changed")

    def __reduce__(self) -> tuple[type[Dimension], tuple[Exponents]]:
        return (Dimension, (self.exponents,))

    def __copy__(self) -> Dimension:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Dimension:
        return self

    @property
    def is_dimensionless(self) -> bool:
        """Whether all exponents are zero."""
        return self is DIMENSIONLESS

    def __mul__(self, other: Dimension) -> Dimension:
        if not isinstance(other, Dimension):
            return NotImplemented
        found = _PRODUCTS.get((self, other))
        if found is None:
            found = Dimension(a + b for a, b in zip(self.exponents, other.exponents))
            _PRODUCTS[self, other] = found
        return found

    def __truediv__(self, other: Dimension) -> Dimension:
        if not isinstance(other, Dimension):
            return NotImplemented
        found = _QUOTIENTS.get((self, other))
        if found is None:
            found = Dimension(a - b for a, b in zip(self.exponents, other.exponents))
            _QUOTIENTS[self, other] = found
        return found

    def __pow__(self, exponent: object) -> Dimension:
        if self is DIMENSIONLESS:
            return self
        power = exact_exponent(exponent)
        return Dimension(a * power for a in self.exponents)

    def __str__(self) -> str:
        parts = [
            f"{symbol}^{power}" if power != 1 else symbol for symbol, _, power in self.factors()
        ]
        return " ".join(parts) if parts else "1"

    def __repr__(self) -> str:
        named = [f"{name}={power}" for (_, _, name), power in zip(BASES, self.exponents) if power]
        return f"Dimension.of({', '.join(named)})" if named else "DIMENSIONLESS"

    def factors(self) -> tuple[tuple[str, str, Exponent], ...]:
        """Return (symbol, unit name, exponent) of a short product of SI units that gives this.

        A named derived unit stands alone or with one base unit ("V", "S m^-2", "V s^-1/2"); else
        the base units are listed. Empty where there is no dimension.
        """
        if self is DIMENSIONLESS:
            return ()
        found = _FACTORS.get(self)
        if found is None:
            found = _FACTORS[self] = _find_factors(self)
        return found

    def describe(self) -> str:
        """Return "a voltage (V)", "a time (s)", "no dimension", or else "a quantity in m s^-1"."""
        if self is DIMENSIONLESS:
            return "no dimension"
        kind = _KINDS.get(self)
        return f"{kind} ({self})" if kind else f"a quantity in {self}"


# Filled while programs run; keys are interned, so hashing them is hashing two addresses.
_PRODUCTS: dict[tuple[Dimension, Dimension], Dimension] = {}
_QUOTIENTS: dict[tuple[Dimension, Dimension], Dimension] = {}
_FACTORS: dict[Dimension, tuple[tuple[str, str, Exponent], ...]] = {}

DIMENSIONLESS = Dimension()
LENGTH, MASS, TIME, CURRENT, TEMPERATURE, SUBSTANCE, LUMINOSITY = (
    Dimension(int(row == column) for column in range(len(BASES))) for row in range(len(BASES))
)
FREQUENCY = TIME**-1
AREA, VOLUME = LENGTH**2, LENGTH**3
FORCE = MASS * LENGTH / TIME**2
PRESSURE, ENERGY = FORCE / AREA, FORCE * LENGTH
POWER, CHARGE = ENERGY / TIME, CURRENT * TIME
VOLTAGE = POWER / CURRENT
CAPACITANCE, RESISTANCE, CONDUCTANCE = CHARGE / VOLTAGE, VOLTAGE / CURRENT, CURRENT / VOLTAGE
FLUX = VOLTAGE * TIME
FLUX_DENSITY, INDUCTANCE = FLUX / AREA, FLUX / CURRENT
ILLUMINANCE, DOSE = LUMINOSITY / AREA, ENERGY / MASS
CATALYTIC, CONCENTRATION = SUBSTANCE / TIME, SUBSTANCE / VOLUME

# Derived units with a name of their own, those of neurons first: the first match is shown.
_NAMED: dict[Dimension, tuple[str, str]] = {
    VOLTAGE: ("V", "volt"),
    CONDUCTANCE: ("S", "siemens"),
    CAPACITANCE: ("F", "farad"),
    RESISTANCE: ("ohm", "ohm"),
    CHARGE: ("C", "coulomb"),
    ENERGY: ("J", "joule"),
    POWER: ("W", "watt"),
    FORCE: ("N", "newton"),
    PRESSURE: ("Pa", "pascal"),
    FLUX: ("Wb", "weber"),
    FLUX_DENSITY: ("T", "tesla"),
    INDUCTANCE: ("H", "henry"),
    FREQUENCY: ("Hz", "hertz"),
}
_KINDS: dict[Dimension, str] = {
    LENGTH: "a length",
    MASS: "a mass",
    TIME: "a time",
    CURRENT: "a current",
    TEMPERATURE: "a temperature",
    SUBSTANCE: "an amount of substance",
    LUMINOSITY: "a luminosity",
    FREQUENCY: "a frequency",
    AREA: "an area",
    VOLUME: "a volume",
    LENGTH / TIME: "a velocity",
    FORCE: "a force",
    PRESSURE: "a pressure",
    ENERGY: "an energy",
    POWER: "a power",
    CHARGE: "a charge",
    VOLTAGE: "a voltage",
    CAPACITANCE: "a capacitance",
    RESISTANCE: "a resistance",
    CONDUCTANCE: "a conductance",
    FLUX: "a magnetic flux",
    FLUX_DENSITY: "a magnetic flux density",
    INDUCTANCE: "an inductance",
    CATALYTIC: "a catalytic activity",
    CONCENTRATION: "a concentration",
    CURRENT / AREA: "a current density",
    CONDUCTANCE / AREA: "a conductance per area",
    CAPACITANCE / AREA: "a capacitance per area",
    RESISTANCE * LENGTH: "a resistivity",
    VOLTAGE / TIME: "a voltage per time",
}


def _find_factors(dim: Dimension) -> tuple[tuple[str, str, Exponent], ...]:
    named = _NAMED.get(dim)
    if named is not None:
        return ((*named, 1),)
    plain = tuple(
        (symbol, name, power) for (symbol, name, _), power in zip(BASES, dim.exponents) if power
    )
    if len(plain) <= 2:
        return plain
    for whole, (symbol, name) in _NAMED.items():
        for power in (2, -1, -2, 3, Fraction(1, 2)):
            if whole**power is dim:
                return ((symbol, name, power),)
    for whole, (symbol, name) in _NAMED.items():
        rest = (dim / whole).exponents
        left = [index for index, power in enumerate(rest) if power]
        if len(left) == 1:
            base = BASES[left[0]]
            return ((symbol, name, 1), (base[0], base[1], rest[left[0]]))
    return plain
