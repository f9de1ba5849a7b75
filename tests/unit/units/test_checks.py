import pytest

from simgen.errors import ArgumentTypeError, DimensionMismatchError
from simgen.units import (
    DIMENSIONLESS,
    check_units,
    get_dimensions,
    have_same_dimensions,
    is_dimensionless,
    ms,
    mV,
    nA,
    ohm,
    second,
    unit_signature,
    volt,
)


def test_asking_for_dimensions():
    assert get_dimensions(3 * mV) is volt.dim
    assert get_dimensions([1 * mV, 2 * mV]) is volt.dim
    assert get_dimensions(3) is DIMENSIONLESS
    assert have_same_dimensions(3 * mV, volt)
    assert not have_same_dimensions(3 * mV, 3)
    assert is_dimensionless(ms / second)
    assert (3 * mV).has_same_dimensions(nA * ohm)


@check_units(v=volt, n=1, flag=bool, w="v", result=lambda v, n, flag, w: v**2)
def square(v, n=1, flag=True, w=None):
    return v * v * n if flag else v


def test_right_arguments_pass():
    assert square(2 * mV) == 4 * mV**2
    assert square(2 * mV, 3, True, 1 * volt) == 12 * mV**2
    assert square(0) == 0
    assert square.__name__ == "square"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: square(2), "'square' needs a voltage (V) for 'v', but 2 is no dimension."),
        (lambda: square(2 * ms), "'square' needs a voltage (V) for 'v', but 2. ms is a time (s)."),
        (
            lambda: square(mV, n=3 * mV),
            "'square' needs a number without dimension for 'n', but 3. mV is a voltage (V).",
        ),
        (
            lambda: square(mV, w=ms),
            "'square' needs a voltage (V) for 'w', but 1. ms is a time (s).",
        ),
        (
            lambda: square(mV, flag=False),
            "'square' must return a quantity in V^2, but 1. mV is a voltage (V).",
        ),
    ],
)
def test_wrong_dimensions_raise(call, message):
    with pytest.raises(DimensionMismatchError) as error:
        call()
    assert str(error.value) == message


def test_truth_values_are_checked():
    with pytest.raises(ArgumentTypeError, match="needs True or False for 'flag', not 1"):
        square(mV, flag=1)

    @check_units(v=volt, result=bool)
    def positive(v):
        return v > 0 if v < 1 * volt else 5

    assert positive(mV)
    with pytest.raises(ArgumentTypeError, match="must return True or False"):
        positive(2 * volt)


def test_declaration_can_be_read():
    signature = unit_signature(square)
    assert signature.names == ("v", "n", "flag", "w")
    assert signature.arguments == (volt.dim, DIMENSIONLESS, bool, "v")
    assert signature.result_dimension([volt.dim, DIMENSIONLESS, DIMENSIONLESS, volt.dim]) is (
        volt.dim**2
    )
    assert unit_signature(len) is None
    fixed = check_units(result=volt)(lambda: 3 * mV)
    assert unit_signature(fixed).result_dimension([]) is volt.dim


@pytest.mark.parametrize("units", [{"nonsense": volt}, {"v": "nonsense"}])
def test_wrong_declarations_raise(units):
    with pytest.raises(ArgumentTypeError, match="nonsense"):
        check_units(**units)(lambda v: v)
