import copy
import pickle
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simgen.errors import ArgumentTypeError, InternalError, ModelError
from simgen.units import dimension as d
from simgen.units.dimension import DIMENSIONLESS, Dimension, exact_exponent

exponents = st.one_of(st.integers(-4, 4), st.fractions(-4, 4, max_denominator=6))
dimensions = st.lists(exponents, min_size=7, max_size=7).map(Dimension)


@given(dimensions, dimensions)
def test_multiplying_and_dividing_gives_back_the_same_object(a, b):
    assert a * b / b is a
    assert a / b * b is a
    assert a * b is b * a


@given(dimensions)
def test_square_root_of_the_square_is_the_same(a):
    assert (a**2) ** 0.5 is a
    assert (a**3) ** (1 / 3) is a
    assert a**0 is DIMENSIONLESS
    assert a**-1 is DIMENSIONLESS / a


def test_equal_dimensions_are_one_object_through_pickle_and_copy():
    assert pickle.loads(pickle.dumps(d.VOLTAGE)) is d.VOLTAGE
    assert copy.copy(d.VOLTAGE) is d.VOLTAGE
    assert copy.deepcopy([d.VOLTAGE])[0] is d.VOLTAGE
    assert {d.VOLTAGE: 1}[Dimension((2, 1, -3, -1, 0, 0, 0))] == 1
    assert Dimension.of(length=2, mass=1, time=-3, current=-1) is d.VOLTAGE


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2, 2), (0.5, Fraction(1, 2)), (1 / 3, Fraction(1, 3)), (2.0, 2), (0.1 + 0.2, Fraction(3, 10)),
     (Fraction(4, 2), 2), (True, 1)],
)  # fmt: skip
def test_exponents_are_exact(value, expected):
    found = exact_exponent(value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("value", ["2", None, [1], 1j])
def test_exponent_that_is_no_number_is_refused(value):
    with pytest.raises(ArgumentTypeError, match="must be a real number"):
        exact_exponent(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_exponent_that_is_not_finite_is_refused(value):
    with pytest.raises(ModelError, match="finite"):
        exact_exponent(value)


@pytest.mark.parametrize(
    ("dim", "text"),
    [
        (d.VOLTAGE, "a voltage (V)"),
        (d.TIME, "a time (s)"),
        (d.CONDUCTANCE, "a conductance (S)"),
        (DIMENSIONLESS, "no dimension"),
        (d.AREA, "an area (m^2)"),
        (d.LENGTH / d.TIME, "a velocity (m s^-1)"),
        (d.CONDUCTANCE / d.AREA, "a conductance per area (S m^-2)"),
        (d.VOLTAGE / d.TIME, "a voltage per time (V s^-1)"),
        (d.VOLTAGE / d.TIME**0.5, "a quantity in V s^-1/2"),
        (d.VOLTAGE**2, "a quantity in V^2"),
        (d.TIME**-0.5, "a quantity in s^-1/2"),
        (d.MASS * d.LENGTH * d.TIME * d.CURRENT, "a quantity in m kg s A"),
    ],
)
def test_description_for_messages(dim, text):
    assert dim.describe() == text


def test_repr_can_be_evaluated():
    for dim in (d.VOLTAGE, DIMENSIONLESS, d.TIME**2):
        assert eval(repr(dim), {"Dimension": Dimension, "DIMENSIONLESS": DIMENSIONLESS}) is dim


def test_si_units_stand_for_the_quantities_that_they_measure():
    assert Dimension.of(m=1, s=-1) is Dimension.of(metre=1, second=-1) is d.LENGTH / d.TIME
    assert Dimension.of(A=1) is d.CURRENT


def test_dimensions_cannot_be_changed_or_made_wrongly():
    with pytest.raises(AttributeError):
        d.TIME.exponents = ()
    with pytest.raises(InternalError):
        Dimension((1, 2))
    with pytest.raises(ArgumentTypeError, match="'speed' is no base quantity"):
        Dimension.of(speed=1)
    with pytest.raises(TypeError):
        d.TIME * 2
    with pytest.raises(TypeError):
        d.TIME / 2
