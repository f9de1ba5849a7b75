import numpy as np
import pytest

from simgen.errors import ArgumentTypeError, DimensionMismatchError
from simgen.units import (
    Hz,
    Quantity,
    amp,
    cm,
    cmetre,
    farad,
    get_unit,
    in_best_unit,
    in_unit,
    kilogram,
    metre,
    mM,
    mmetre,
    ms,
    mV,
    nA,
    nS,
    pfarad,
    register_new_unit,
    second,
    siemens,
    uF,
    ufarad,
    um,
    volt,
)


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (10 * mV, "10. * mvolt", "10. mV"),
        ([1, 2] * mV, "array([1., 2.]) * mvolt", "[1. 2.] mV"),
        (0.07 * volt, "70. * mvolt", "70. mV"),
        (0 * mV, "0. * volt", "0. V"),
        (0.2 * nA, "200. * pamp", "200. pA"),
        (500 * nA, "0.5 * uamp", "0.5 uA"),
        ([5, 2000] * mV, "array([   5., 2000.]) * mvolt", "[   5. 2000.] mV"),
        (-65 * mV, "-65. * mvolt", "-65. mV"),
        (1500 * Hz, "1.5 * khertz", "1.5 kHz"),
        (0.5 * nA, "0.5 * namp", "0.5 nA"),
        (1e-30 * volt, "1.e-06 * yvolt", "1.e-06 yV"),
        (0.001 * (1 - 1e-12) * volt, "1. * mvolt", "1. mV"),
        (1 / ms, "1. * khertz", "1. kHz"),
        (2e-3 * kilogram, "2. * gram", "2. g"),
        (20000 * um**2, "0.02 * mmetre2", "0.02 mm^2"),
        (3 * mM, "3. * mmolar", "3. mM"),
        (1 * uF / cm**2, "0.01 * farad / metre ** 2", "0.01 F m^-2"),
        (2 * volt / second**0.5, "2. * volt / second ** (1/2)", "2. V s^-1/2"),
        (2 * volt**2, "2. * volt ** 2", "2. V^2"),
        (2 / volt, "2. * 1 / volt", "2. V^-1"),
        (Quantity(2.0), "2.", "2."),
        (Quantity([1.0, np.nan, 2e3]) * mV, "array([1.e+00,    nan, 2.e+03]) * mvolt", None),
        ([np.inf, 0] * mV, "array([inf,  0.]) * volt", "[inf  0.] V"),
        ([] * mV, "array([], dtype=float64) * volt", "[] V"),
    ],
)
def test_text_in_the_best_unit(value, code, text):
    assert repr(value) == code
    if text is not None:
        assert str(value) == f"{value}" == text


@pytest.mark.parametrize("value", [3 * nA, [1, 2] * mV, 1 * uF / cm**2, 2 / volt, 5 * um**3])
def test_code_gives_the_quantity_back(value):
    import simgen.units as units

    names = {**{u: getattr(units, u) for u in units.__all__}, "array": np.array}
    again = eval(repr(value), {**names, "umetre3": units.umetre3})
    assert again.dim is value.dim
    np.testing.assert_allclose(np.asarray(again), np.asarray(value), rtol=1e-12)


def test_in_unit():
    assert (10 * mV).in_unit(volt) == "0.01 V"
    assert (10 * mV).in_unit(volt, python_code=True) == "0.01 * volt"
    assert ([1, 2] * mV).in_unit(mV, python_code=True) == "array([1., 2.]) * mvolt"
    assert (1.23456 * mV).in_unit(mV, precision=2) == "1.23 mV"
    assert (1.23456 * mV).in_best_unit(precision=1) == "1.2 mV"
    assert (10 * mV / ms).in_unit(mV / ms) == "10. mV/ms"
    assert in_unit(3 * nS, siemens) == "3.e-09 S"
    assert in_best_unit(2000 * nS) == "2. uS"
    assert repr((3 * nS).get_best_unit()) == "nsiemens"
    with pytest.raises(DimensionMismatchError) as error:
        (10 * mV).in_unit(ms)
    assert str(error.value) == "cannot show a voltage (V) in 'msecond', the unit of a time (s)."
    with pytest.raises(ArgumentTypeError, match="expected a unit"):
        (10 * mV).in_unit(5)


def test_format_specification_is_for_the_number_in_the_best_unit():
    assert f"{10 * mV:.2f}" == "10.00 mV"
    assert f"{1.5 * ms!r}" == "1.5 * msecond"
    assert f"{mV}" == "mV"
    with pytest.raises(ArgumentTypeError, match="one value"):
        f"{[1, 2] * mV:.2f}"


def test_units_of_dimensions():
    assert get_unit(volt.dim) is volt
    assert get_unit((volt / second).dim).name == "volt / second"
    assert get_unit(Quantity(1.0).dim).si_value == 1.0
    assert get_unit((amp / metre**2).dim).is_si
    assert get_unit((farad / metre**2).dim) == 1 * farad / metre**2


def test_long_arrays_are_short_in_messages():
    with pytest.raises(DimensionMismatchError) as error:
        np.arange(1.0, 10000) * mV + 1
    assert len(str(error.value)) < 120


def test_quantities_are_shown_in_units_that_are_registered():
    assert str(2.0 * farad / metre**2) == "2. F m^-2"
    register_new_unit(pfarad / mmetre**2)
    register_new_unit(pfarad / mmetre**2)
    assert str(2.0 * farad / metre**2) == "2000000. pF/mm^2"
    assert repr(2.0 * farad / metre**2) == "2000000. * pfarad / mmetre ** 2"
    register_new_unit(ufarad / cmetre**2)
    assert str(2.0 * farad / metre**2) == "200. uF/cm^2"
    assert str(2e-6 * farad / metre**2) == "2. pF/mm^2"


def test_units_that_have_names_stay_beside_registered_ones():
    assert str(20 * cmetre) == "200. mm"
    register_new_unit(cmetre)
    assert str(20 * cmetre) == "20. cm"
    assert str(20 * mmetre) == "20. mm"


@pytest.mark.parametrize("unit", [3 * mV, 1, "mV"])
def test_only_units_can_be_registered(unit):
    with pytest.raises(ArgumentTypeError, match="needs a unit"):
        register_new_unit(unit)
