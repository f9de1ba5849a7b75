import copy
import math
import pickle
import timeit
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from simgen.errors import ArgumentTypeError, UnsupportedFeatureError
from simgen.units import (
    DIMENSIONLESS,
    DimensionMismatchError,
    Hz,
    Mohm,
    Quantity,
    Unit,
    amp,
    cm,
    from_si,
    mamp,
    ms,
    mV,
    nA,
    nS,
    radian,
    second,
    umetre,
    umetre3,
    volt,
)
from simgen.units.operands import dimension_of, split, strip

numbers = st.floats(1e-6, 1e6).flatmap(lambda x: st.sampled_from([x, -x]))
units = st.sampled_from([mV, ms, nA, Mohm, nS, cm, Hz, volt / second, mV * ms])


@given(numbers, units, numbers, units)
def test_multiplying_then_dividing_gives_the_value_back(x, u, y, w):
    a, b = x * u, y * w
    back = a * b / b
    assert back.dim is a.dim
    assert float(back / a) == pytest.approx(1, rel=4e-16)


def same(found, expected):
    assert dimension_of(found) is dimension_of(expected)
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


class TestWhereOtherLibrariesFailSilently:
    def test_dimensionless_results_are_plain(self):
        t = [1, 2] * ms
        assert type(t / ms) is np.ndarray
        assert type(5 * ms / ms) is float
        assert type(ms * Hz) is float
        assert type(ms / second) is float
        assert type(t[0] / ms) is float

    def test_adding_a_time_to_a_voltage_raises(self):
        with pytest.raises(DimensionMismatchError) as error:
            10 * mV + 3 * ms
        assert str(error.value) == "cannot add 10. mV and 3. ms: a voltage (V) and a time (s)."

    def test_exp_of_a_time_raises(self):
        with pytest.raises(DimensionMismatchError) as error:
            np.exp(3 * ms)
        assert str(error.value) == (
            "exp needs a number without dimension, but 3. ms is a time (s)."
            " Divide by a unit first, as in x/msecond."
        )

    @pytest.mark.parametrize("convert", [float, int, complex, math.exp, "%.1f".__mod__, list])
    def test_no_unit_is_dropped_by_python_conversions(self, convert):
        with pytest.raises((DimensionMismatchError, TypeError)):
            convert(10 * mV)

    def test_ohms_law_is_exact_enough_to_compare(self):
        assert 10 * mV / (5 * nA) == 2 * Mohm

    def test_zero_infinity_and_nan_fit_every_dimension(self):
        same(mV + 0, 1 * mV)
        same(0 + mV, 1 * mV)
        assert 3 * mV > 0
        assert 3 * mV < math.inf
        assert sum([1 * mV, 2 * mV]) == 3 * mV
        assert max(1 * mV, 2 * mV) == 2 * mV
        same(np.zeros(2) + [1, 2] * mV, [1, 2] * mV)
        with pytest.raises(DimensionMismatchError):
            bool(3 * mV > 0 * ms)
        with pytest.raises(DimensionMismatchError):
            np.array([0, 1]) + [1, 2] * mV

    def test_items_take_only_their_dimension(self):
        x = [1, 2, 3] * mV
        with pytest.raises(DimensionMismatchError) as error:
            x[0] = 5
        assert "cannot store 5: no dimension, but it must be a voltage (V)" in str(error.value)
        with pytest.raises(DimensionMismatchError):
            x[:2] = [1, 2] * ms
        x[0] = 5 * mV
        x[1:] = 0
        same(x, [5, 0, 0] * mV)
        x.fill(2 * mV)
        same(x, [2, 2, 2] * mV)
        with pytest.raises(DimensionMismatchError):
            x.fill(2)

    def test_concatenate_keeps_the_unit(self):
        same(np.concatenate([[1, 2] * mV, [3] * mV]), [1, 2, 3] * mV)
        with pytest.raises(DimensionMismatchError):
            np.concatenate([[1, 2] * mV, [3.0]])

    @pytest.mark.parametrize(
        "combine",
        [lambda s, q: s * q, lambda s, q: q * s, lambda s, q: q + s, lambda s, q: sympy.sympify(q)],
    )
    def test_sympy_expressions_refuse_quantities(self, combine):
        with pytest.raises(ArgumentTypeError, match="sympy knows no units"):
            combine(sympy.Symbol("v"), 10 * mV)

    @pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
    def test_pickle_and_copies_keep_units(self, protocol):
        for value in (10 * mV, [1, 2] * ms, volt / second):
            for twin in (
                pickle.loads(pickle.dumps(value, protocol)),
                copy.copy(value),
                copy.deepcopy(value),
            ):
                same(twin, value)
                assert type(twin) is type(value)
        assert pickle.loads(pickle.dumps(mV)).name == "mvolt"

    def test_copies_do_not_share_memory(self):
        x = [1, 2] * mV
        for twin in (copy.copy(x), copy.deepcopy(x), x.copy(), np.copy(x)):
            twin[0] = 9 * mV
        same(x, [1, 2] * mV)


class TestConstruction:
    @pytest.mark.parametrize(
        "made",
        [
            lambda: [1, 2] * mV,
            lambda: (1, 2) * mV,
            lambda: np.array([1, 2]) * mV,
            lambda: mV * np.array([1, 2]),
            lambda: range(1, 3) * mV,
            lambda: Quantity([1 * mV, 2 * mV]),
            lambda: Quantity([0.001, 0.002], volt.dim),
            lambda: Quantity.with_dimensions([0.001, 0.002], volt.dim),
            lambda: Quantity.with_dimensions([0.001, 0.002], length=2, mass=1, time=-3, current=-1),
            lambda: from_si(np.array([0.001, 0.002]), volt.dim),
            lambda: Quantity([1, 2] * mV, volt.dim),
        ],
    )
    def test_ways_to_make_the_same_array(self, made):
        same(made(), Quantity(np.array([1, 2]) * 0.001, volt.dim))
        assert made().dtype == np.float64

    @pytest.mark.parametrize(
        "scalar", [2, 2.0, np.float64(2), np.int32(2), np.float32(2), Fraction(2), np.array(2)]
    )
    def test_scalars_times_a_unit(self, scalar):
        for found in (scalar * mV, mV * scalar):
            assert type(found) is Quantity
            same(found, Quantity(0.002, volt.dim))

    def test_integers_become_floats_and_floats_are_shared(self):
        assert Quantity(np.arange(3), volt.dim).dtype == np.float64
        base = np.zeros(3)
        Quantity(base, volt.dim)[0] = 1 * volt
        assert base[0] == 1
        assert Quantity(np.zeros(3, np.float32), volt.dim).dtype == np.float32

    @pytest.mark.parametrize(
        "value", ["5", None, object(), ["a"], {"a": 1}, np.array(["a"]), 10**400]
    )
    def test_what_holds_no_number_is_refused(self, value):
        with pytest.raises(ArgumentTypeError, match=r"expected numbers or a quantity|64 bits"):
            Quantity(value)
        with pytest.raises(ArgumentTypeError):
            strip(value)

    def test_wrong_dimensions_are_refused(self):
        with pytest.raises(DimensionMismatchError):
            Quantity([1 * mV, 2 * ms])
        with pytest.raises(DimensionMismatchError):
            Quantity(1 * mV, second.dim)
        with pytest.raises(DimensionMismatchError):
            Quantity([1 * mV, 2])
        with pytest.raises(ArgumentTypeError, match=r"such as volt\.dim"):
            Quantity(1, volt)
        with pytest.raises(ArgumentTypeError, match="inhomogeneous"):
            Quantity([[1, 2], [3]])

    def test_types_that_would_lose_the_unit_are_refused(self):
        masked = np.ma.masked_array([1.0, 2.0], [True, False])
        with pytest.raises(ArgumentTypeError, match="masked"):
            mV * masked
        with pytest.raises(UnsupportedFeatureError, match="cannot be seen as MaskedArray"):
            masked * mV
        with pytest.raises(UnsupportedFeatureError, match="int64"):
            ([1, 2] * mV).view(np.int64)
        assert type(([1, 2] * mV).view(np.ndarray)) is np.ndarray

    def test_split_gives_si_values_and_dimension(self):
        for value in ([1 * mV, 2 * mV], [1, 2] * mV, ([1] * mV)[0], mV, [0, 1 * mV]):
            values, dim = split(value)
            assert type(values) is np.ndarray
            assert dim is volt.dim
        assert split([1, 2])[1] is DIMENSIONLESS
        same(np.asarray([1, 2] * mV), np.array([0.001, 0.002]))
        assert type(np.asarray([1, 2] * mV)) is np.ndarray

    def test_objects_with_dimension_and_array_are_understood(self):
        class View:
            dim = volt.dim

            def __array__(self, dtype=None, copy=None):
                return np.array([1.0, 2.0])

        same(Quantity(View()), [1, 2] * volt)
        same(np.add([1, 2] * volt, View()), [2, 4] * volt)
        same(np.concatenate([[1, 2] * volt, View()]), [1, 2, 1, 2] * volt)
        same(np.maximum(View(), 1.5 * volt), [1.5, 2] * volt)


class TestOperators:
    def test_arithmetic(self):
        x = [1.0, 2.0] * mV
        same(x + x, [2, 4] * mV)
        same(x - 1 * mV, [0, 1] * mV)
        same(-x, [-1, -2] * mV)
        same(abs(-x), x)
        same(x * 2, [2, 4] * mV)
        same(2 / x, Quantity(2 / np.asarray(x), (1 / volt).dim))
        same(x / 2, [0.5, 1] * mV)
        same(x**2, Quantity(np.asarray(x) ** 2, volt.dim**2))
        same(x**0.5, Quantity(np.sqrt(np.asarray(x)), volt.dim**0.5))
        same(x // mV, np.array([1.0, 2.0]))
        same((5 * ms) % (2 * ms), 1 * ms)
        same(x @ x, Quantity(np.asarray(x) @ np.asarray(x), volt.dim**2))
        quotient, rest = divmod(5 * ms, 2 * ms)
        assert (quotient, type(quotient)) == (2.0, float)
        assert abs(rest - 1 * ms) < 1e-9 * ms

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda x: x - 1,
            lambda x: 1 - x,
            lambda x: x % 2,
            lambda x: x // 2,
            lambda x: divmod(x, 2),
            lambda x: 2**x,
            lambda x: x**x,
            lambda x: x ** [1, 2],
            lambda x: x == 1,
            lambda x: x != 1 * ms,
            lambda x: x < 1,
            lambda x: x >= 1 * ms,
            lambda x: 1 in x,
            lambda x: x.astype(int),
            lambda x: x.sum(dtype=int),
            lambda x: np.concatenate([x, x], dtype=int, casting="unsafe"),
        ],
    )
    def test_mixing_dimensions_raises(self, wrong):
        with pytest.raises(DimensionMismatchError):
            wrong([1.0, 2.0] * mV)

    def test_comparison_with_what_is_no_number_is_false(self):
        for other in (None, "v", object(), {}):
            assert (3 * mV == other) is False
            assert (3 * mV != other) is True
        with pytest.raises(TypeError):
            bool(3 * mV < "v")

    def test_other_operators_get_their_turn(self):
        class Other:
            def __rmul__(self, left):
                return "mine"

            __radd__ = __rtruediv__ = __rsub__ = __rmul__

        for unit in (mV, [1, 2] * mV):
            assert unit * Other() == "mine"
            assert unit + Other() == "mine"
            assert unit - Other() == "mine"
            assert unit / Other() == "mine"

    def test_in_place(self):
        x = y = [1.0, 2.0] * mV
        x += 1 * mV
        x *= 2
        x /= 4
        same(y, [1, 1.5] * mV)
        with pytest.raises(DimensionMismatchError):
            x += 1
        with pytest.raises(DimensionMismatchError):
            x[:1] *= 1 * mV
        same(y, [1, 1.5] * mV)

    def test_in_place_with_another_dimension_leaves_other_names_alone(self):
        x = y = [1.0, 2.0] * mV
        x /= mV
        same(x, np.array([1.0, 2.0]))
        same(y, [1, 2] * mV)
        plain = np.ones(2)
        with pytest.raises(DimensionMismatchError, match="cannot be written"):
            plain *= mV
        with pytest.raises(DimensionMismatchError, match="cannot add"):
            plain += [1, 2] * mV
        zeros = np.zeros(2)
        with pytest.raises(DimensionMismatchError, match="cannot be written"):
            zeros += [1, 2] * mV
        same(plain, np.ones(2))

    def test_scalars_and_units_are_never_changed_in_place(self):
        x = y = 5 * mV
        x += 1 * mV
        same(y, 5 * mV)
        u = mV
        u *= 2
        assert float(mV / volt) == 0.001
        with pytest.raises(ValueError, match="read-only"):
            np.multiply(mV, 2, out=mV)
        z = mV.copy()
        z[...] = 3 * mV
        assert mV == 0.001 * volt

    def test_items_and_iteration_keep_units(self):
        x = [[1.0, 2.0], [3.0, 4.0]] * mV
        same(x[0, 1], 2 * mV)
        same(x[0], [1, 2] * mV)
        same(x[x > 2 * mV], [3, 4] * mV)
        same(x[:, np.newaxis][0, 0], [1, 2] * mV)
        assert [repr(item) for item in x[0]] == ["1. * mvolt", "2. * mvolt"]
        same(x.item(3), 4 * mV)
        assert x.tolist()[1][0] == 3 * mV
        x[0] *= 2
        same(x, [[2, 4], [3, 4]] * mV)

    def test_truth_and_index(self):
        assert bool(1 * mV)
        assert not 0 * mV
        with pytest.raises(TypeError):
            [1, 2, 3][1 * mV]
        with pytest.raises(TypeError):
            hash([1, 2] * mV)

    @pytest.mark.parametrize("use", [lambda x: x.flat, lambda x: setattr(x, "flat", 1)])
    def test_flat_would_drop_units_and_raises(self, use):
        with pytest.raises(UnsupportedFeatureError, match="flat"):
            use([1, 2] * mV)

    def test_views_of_numbers_have_no_dimension_to_lose(self):
        assert type(Quantity(2.0) * 3) is float
        assert float(Quantity(2.0)) == 2
        assert Quantity(2.0).is_dimensionless
        assert type(5 * radian) is float


class TestUnits:
    def test_compound_units_are_units(self):
        assert isinstance(mV / ms, Unit)
        assert (repr(mV / ms), str(mV / ms)) == ("mvolt / msecond", "mV/ms")
        assert repr(mV / (ms * nS)) == "mvolt / (msecond * nsiemens)"
        assert repr((mV / ms) ** 2) == "(mvolt / msecond) ** 2"
        assert repr(second**-0.5) == "second ** (-1/2)"
        assert str(mV / (ms * nS)) == "mV/(ms nS)"
        assert ms**0 == 1.0
        for unit in (mV / ms, mV / (ms * nS), cm**2, second**-1):
            again = eval(repr(unit), {u.name: u for u in (mV, ms, nS, cm, second)})
            same(again, unit)

    def test_powers_of_ten_are_exact(self):
        assert umetre**3 == umetre3
        assert (mamp / amp) == 0.001
        assert (cm**-2).si_value == 1e4
        assert (mV * ms).tens == -6

    def test_si_units_are_known(self):
        assert volt.is_si
        assert (volt / second).is_si
        assert not mV.is_si

    def test_units_are_hashable_and_unchangeable(self):
        assert {mV: 1}[mV] == 1
        with pytest.raises(ValueError, match="read-only"):
            mV[...] = 3 * mV

    def test_making_a_quantity_is_fast(self):
        # Generous (about 2 us are usual), since test machines are busy.
        assert min(timeit.repeat("10*mV", globals={"mV": mV}, number=2000, repeat=5)) / 2000 < 50e-6
