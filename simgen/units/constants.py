"""Physical constants (CODATA 2018; those of the 2019 SI are exact), as Brian names them."""

from __future__ import annotations

from simgen.units.dimension import (
    CAPACITANCE,
    CHARGE,
    ENERGY,
    INDUCTANCE,
    LENGTH,
    MASS,
    SUBSTANCE,
    TEMPERATURE,
)
from simgen.units.quantity import Quantity

__all__ = [
    "avogadro_constant",
    "boltzmann_constant",
    "electric_constant",
    "electron_mass",
    "elementary_charge",
    "faraday_constant",
    "gas_constant",
    "magnetic_constant",
    "molar_mass_constant",
    "zero_celsius",
]

avogadro_constant = Quantity(6.02214076e23, SUBSTANCE**-1)
boltzmann_constant = Quantity(1.380649e-23, ENERGY / TEMPERATURE)
elementary_charge = Quantity(1.602176634e-19, CHARGE)
# Products of the exact ones above, written to double precision.
faraday_constant = Quantity(96485.33212331001, CHARGE / SUBSTANCE)
gas_constant = Quantity(8.31446261815324, ENERGY / (TEMPERATURE * SUBSTANCE))
# Measured.
electric_constant = Quantity(8.8541878128e-12, CAPACITANCE / LENGTH)
magnetic_constant = Quantity(1.25663706212e-6, INDUCTANCE / LENGTH)
electron_mass = Quantity(9.1093837015e-31, MASS)
molar_mass_constant = Quantity(0.99999999965e-3, MASS / SUBSTANCE)
# 0 degrees Celsius, by definition.
zero_celsius = Quantity(273.15, TEMPERATURE)

for _constant in (globals()[_name] for _name in __all__):
    _constant.flags.writeable = False
