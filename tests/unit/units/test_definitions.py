import subprocess
import sys

import pytest

import simgen.units as units
from simgen.errors import UnknownAttributeError
from simgen.units import ALL_UNITS, STANDARD_UNITS, Unit, unit_from_name
from simgen.units import dimension as d

BRIAN_SHORT = """
mV mA uA nA pA pF uF nF nS uS mS ms us Hz kHz MHz cm cm2 cm3 mm mm2 mm3 um um2 um3 mM uM nM
"""
BASES = {
    "metre": (1.0, d.LENGTH), "meter": (1.0, d.LENGTH), "kilogram": (1.0, d.MASS),
    "gram": (1e-3, d.MASS), "gramme": (1e-3, d.MASS), "second": (1.0, d.TIME),
    "amp": (1.0, d.CURRENT), "ampere": (1.0, d.CURRENT), "kelvin": (1.0, d.TEMPERATURE),
    "mole": (1.0, d.SUBSTANCE), "mol": (1.0, d.SUBSTANCE), "candle": (1.0, d.LUMINOSITY),
    "candela": (1.0, d.LUMINOSITY), "radian": (1.0, d.DIMENSIONLESS),
    "steradian": (1.0, d.DIMENSIONLESS), "hertz": (1.0, d.TIME**-1),
    "newton": (1.0, d.MASS * d.LENGTH / d.TIME**2),
    "pascal": (1.0, d.MASS / d.LENGTH / d.TIME**2),
    "joule": (1.0, d.MASS * d.LENGTH**2 / d.TIME**2),
    "watt": (1.0, d.MASS * d.LENGTH**2 / d.TIME**3), "coulomb": (1.0, d.CURRENT * d.TIME),
    "volt": (1.0, d.Dimension((2, 1, -3, -1, 0, 0, 0))),
    "farad": (1.0, d.Dimension((-2, -1, 4, 2, 0, 0, 0))),
    "ohm": (1.0, d.Dimension((2, 1, -3, -2, 0, 0, 0))),
    "siemens": (1.0, d.Dimension((-2, -1, 3, 2, 0, 0, 0))),
    "weber": (1.0, d.Dimension((2, 1, -2, -1, 0, 0, 0))),
    "tesla": (1.0, d.Dimension((0, 1, -2, -1, 0, 0, 0))),
    "henry": (1.0, d.Dimension((2, 1, -2, -2, 0, 0, 0))), "lumen": (1.0, d.LUMINOSITY),
    "lux": (1.0, d.LUMINOSITY / d.LENGTH**2), "becquerel": (1.0, d.TIME**-1),
    "gray": (1.0, d.LENGTH**2 / d.TIME**2), "sievert": (1.0, d.LENGTH**2 / d.TIME**2),
    "katal": (1.0, d.SUBSTANCE / d.TIME), "molar": (1e3, d.SUBSTANCE / d.LENGTH**3),
    "litre": (1e-3, d.LENGTH**3), "liter": (1e-3, d.LENGTH**3),
}  # fmt: skip
PREFIXES = {
    "y": -24, "z": -21, "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "c": -2, "d": -1,
    "da": 1, "h": 2, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18, "Z": 21, "Y": 24,
}  # fmt: skip


@pytest.mark.parametrize("name", BASES)
def test_every_unit_has_its_value_dimension_prefixes_and_powers(name):
    value, dim = BASES[name]
    for power in (1, 2, 3):
        suffix = "" if power == 1 else str(power)
        unit = ALL_UNITS[name + suffix]
        assert unit.dim is dim**power
        assert unit.si_value == pytest.approx(value**power, rel=1e-15)
        for prefix, tens in PREFIXES.items() if name != "kilogram" else ():
            prefixed = ALL_UNITS[prefix + name + suffix]
            assert prefixed.dim is dim**power
            assert prefixed.si_value == pytest.approx((10.0**tens * value) ** power, rel=1e-13)
            assert prefixed.name == prefix + name + suffix


def test_prefixed_values_are_the_nearest_doubles():
    assert units.mvolt.si_value == 1e-3
    assert units.umetre3.si_value == 1e-18
    assert units.mmolar.si_value == 1.0
    assert units.mmolar.is_si
    assert units.kgram.is_si
    assert not units.molar.is_si


@pytest.mark.parametrize("name", BRIAN_SHORT.split())
def test_short_names_are_part_of_the_star_import(name):
    assert name in STANDARD_UNITS
    assert name in units.__all__
    assert getattr(units, name) is ALL_UNITS[name] is STANDARD_UNITS[name]


def test_short_names_are_the_long_units():
    assert units.mV is units.mvolt
    assert units.um2 is ALL_UNITS["umetre2"]
    assert repr(units.um2) == "umetre2"


def test_star_import_has_no_single_letters_and_hides_no_builtin():
    import builtins

    assert not [name for name in units.__all__ if len(name) == 1 or hasattr(builtins, name)]
    for name in ("volt", "Mohm", "msiemens", "nfarad", "cmetre", "uamp", "mmolar", "kelvin"):
        assert name in units.__all__
    for name in ("split", "strip", "gray", "hvolt"):  # numpy's, or too rare
        assert name not in units.__all__


def test_unknown_units():
    assert unit_from_name("nonsense") is None
    assert unit_from_name("mkilogram") is None
    assert isinstance(unit_from_name("daliter"), Unit)
    with pytest.raises(
        UnknownAttributeError, match=r"no attribute 'mvolts'\. Did you mean 'mvolt'"
    ):
        str(units.mvolts)

    def imported():
        from simgen.units import nonsense

        return nonsense

    with pytest.raises(ImportError):
        imported()


def test_import_brings_nothing_heavy():
    code = (
        "import sys, numpy, simgen.units;"
        "print([m for m in ('sympy', 'jinja2', 'matplotlib', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_constants():
    from simgen.units import constants as c

    assert c.faraday_constant / (c.avogadro_constant * c.elementary_charge) == pytest.approx(1)
    assert c.gas_constant / (c.avogadro_constant * c.boltzmann_constant) == pytest.approx(1)
    light = (c.electric_constant * c.magnetic_constant) ** -0.5
    assert light / (units.metre / units.second) == pytest.approx(299792458, rel=1e-9)
    assert c.zero_celsius == 273.15 * units.kelvin
    assert c.molar_mass_constant / (units.gram / units.mole) == pytest.approx(1, rel=1e-9)
    assert c.electron_mass.dim is units.kilogram.dim
    thermal = c.gas_constant * (c.zero_celsius + 25 * units.kelvin) / c.faraday_constant
    assert thermal / units.mV == pytest.approx(25.6926, rel=1e-5)
    with pytest.raises(ValueError, match="read-only"):
        c.zero_celsius[...] = 0
