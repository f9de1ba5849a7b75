import numpy as np
import pytest

from simgen.errors import DimensionMismatchError, UnsupportedFeatureError
from simgen.units import DIMENSIONLESS, Quantity, dimension_of, ms, mV, strip, volt
from simgen.units.ufunc_rules import RULES

V = volt.dim
x = [1.0, 4.0] * mV
y = [2.0, 3.0] * mV
t = [1.0, 2.0] * ms
n = np.array([2.0, 3.0])

# (ufunc, arguments, dimension of the result); the numbers must be those of the plain arrays.
CASES = [
    (np.add, (x, y), V), (np.subtract, (x, y), V), (np.maximum, (x, y), V),
    (np.fmin, (x, y), V), (np.hypot, (x, y), V), (np.remainder, (x, y), V), (np.fmod, (x, y), V),
    (np.multiply, (x, t), V * t.dim), (np.multiply, (n, t), t.dim), (np.divide, (x, t), V / t.dim),
    (np.divide, (n, t), t.dim**-1), (np.divide, (x, y), DIMENSIONLESS),
    (np.matmul, (x, t), V * t.dim), (np.floor_divide, (y, x), DIMENSIONLESS),
    (np.arctan2, (x, y), DIMENSIONLESS), (np.negative, (x,), V), (np.absolute, (-x,), V),
    (np.fabs, (-x,), V), (np.conjugate, (x,), V), (np.copysign, (x, n), V),
    (np.ldexp, (x, 2), V), (np.heaviside, (x, n), DIMENSIONLESS),
    (np.square, (x,), V**2), (np.sqrt, (x,), V**0.5), (np.cbrt, (x,), V ** (1 / 3)),
    (np.reciprocal, (x,), V**-1), (np.power, (x, 3), V**3), (np.power, (x, -0.5), V**-0.5),
    (np.float_power, (x, 2), V**2), (np.power, (n, n), DIMENSIONLESS),
    (np.sign, (-x,), DIMENSIONLESS), (np.isnan, (x,), DIMENSIONLESS),
    (np.isfinite, (x,), DIMENSIONLESS), (np.logical_not, (x,), DIMENSIONLESS),
    (np.logical_and, (x, t), DIMENSIONLESS), (np.less, (x, y), DIMENSIONLESS),
    (np.equal, (x, y), DIMENSIONLESS), (np.exp, (x / mV,), DIMENSIONLESS),
]  # fmt: skip


def name_of(case):
    return case[0].__name__ if isinstance(case, tuple) else None


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_results_have_the_numbers_of_plain_arrays_and_the_right_dimension(case):
    ufunc, args, dim = case
    found = ufunc(*args)
    np.testing.assert_array_equal(np.asarray(found), ufunc(*(strip(arg) for arg in args)))
    assert dimension_of(found) is dim
    assert isinstance(found, Quantity) == (dim is not DIMENSIONLESS)


NEED_NUMBERS = (
    "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh"
    " arccosh arctanh floor ceil trunc rint modf frexp degrees radians invert"
)


@pytest.mark.parametrize("name", NEED_NUMBERS.split())
def test_functions_of_numbers_refuse_a_dimension(name):
    with pytest.raises(DimensionMismatchError, match="needs a number without dimension"):
        getattr(np, name)(x)


@pytest.mark.parametrize("ufunc", list(RULES), ids=lambda u: u.__name__)
def test_no_binary_ufunc_accepts_voltage_and_time_but_products(ufunc):
    """The whole table: whatever combines two dimensions either multiplies them or raises."""
    allowed = {"multiply", "matmul", "divide", "vecdot", "matvec", "vecmat"}
    allowed.add("copysign")  # only the sign of the second argument counts
    if ufunc.nin != 2 or ufunc.__name__ in allowed or ufunc.__name__.startswith("logical"):
        return
    with pytest.raises(DimensionMismatchError):
        ufunc(x, t)


def test_every_ufunc_of_numpy_has_a_rule_or_raises():
    for name in dir(np):
        ufunc = getattr(np, name)
        if isinstance(ufunc, np.ufunc) and ufunc not in RULES:
            with pytest.raises(UnsupportedFeatureError, match="not known"):
                ufunc(*[x] * ufunc.nin)


def test_unknown_ufunc_raises_but_takes_quantities_without_dimension():
    double = np.frompyfunc(lambda a: 2 * a, 1, 1)
    with pytest.raises(UnsupportedFeatureError, match="is not known what"):
        double(x)
    assert double(Quantity(2.0)) == 4


class TestMethods:
    def test_reductions(self):
        assert np.add.reduce(x) == 5 * mV
        assert np.maximum.reduce(x) == 4 * mV
        assert np.multiply.reduce(x).dim is V**2
        assert np.multiply.reduce(np.ones((2, 3)) * mV, axis=1).dim is V**3
        assert np.multiply.reduce(np.ones((2, 3)) * mV, axis=None).dim is V**6
        assert np.add.reduce(x, initial=1 * mV) == 6 * mV
        assert np.logical_and.reduce(x)
        np.testing.assert_array_equal(np.asarray(np.add.accumulate(x)), [0.001, 0.005])
        assert np.add.accumulate(x).dim is V
        assert np.add.reduceat(x, [0]).dim is V

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda: np.multiply.accumulate(x),
            lambda: np.divide.reduce(x),
            lambda: np.equal.reduce(x),
            lambda: np.multiply.reduce(x, where=[True, False]),
            lambda: np.add.reduce(x, initial=1),
            lambda: np.power.accumulate(x),
        ],
    )
    def test_reductions_without_a_single_dimension_raise(self, wrong):
        with pytest.raises(DimensionMismatchError):
            wrong()

    def test_outer(self):
        assert np.multiply.outer(x, t).dim is V * t.dim
        assert np.subtract.outer(x, y).shape == (2, 2)
        with pytest.raises(DimensionMismatchError):
            np.add.outer(x, t)

    def test_at_changes_in_place_only_what_fits(self):
        z = x.copy()
        np.add.at(z, [0, 0], 1 * mV)
        assert z[0] == 3 * mV
        np.multiply.at(z, [0], 2.0)
        assert z[0] == 6 * mV
        for wrong in (
            lambda: np.add.at(z, [0], 1 * ms),
            lambda: np.multiply.at(z, [0], 1 * ms),
            lambda: np.add.at(np.zeros(2), [0], 1 * mV),
            lambda: np.square.at(z, [0]),
        ):
            with pytest.raises(DimensionMismatchError):
                wrong()
        assert z[0] == 6 * mV

    def test_out_must_hold_the_dimension_and_is_untouched_otherwise(self):
        out = np.zeros(2) * mV
        assert np.add(x, y, out=out) is out
        assert out[1] == 7 * mV
        for wrong in (
            lambda: np.multiply(x, y, out=out),
            lambda: np.less(x, y, out=out),
            lambda: np.add(x, y, out=np.zeros(2)),
        ):
            with pytest.raises(DimensionMismatchError, match="cannot be written"):
                wrong()
        assert out[1] == 7 * mV
        plain = np.zeros(2)
        np.divide(x, y, out=plain)
        np.testing.assert_allclose(plain, [0.5, 4 / 3])

    def test_where_selects(self):
        assert np.add(x, y, where=[True, False], out=x.copy())[0] == 3 * mV
