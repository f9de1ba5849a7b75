import numpy as np
import pytest

from simgen.errors import DimensionMismatchError, UnsupportedFeatureError
from simgen.units import DIMENSIONLESS, Quantity, dimension_of, ms, mV, nA, pA, second, strip, volt

V, T, ONE = volt.dim, second.dim, DIMENSIONLESS
x = [3.0, 1.0, 2.0] * mV
m = np.arange(6.0).reshape(2, 3) * mV
t = [1.0, 2.0, 4.0] * ms
n = np.array([0.5, 1.5, 2.5])


def bare(value):
    if isinstance(value, (list, tuple)):
        return type(value)(bare(item) for item in value)
    return strip(value) if isinstance(value, Quantity) else value


# (name, call with a function to apply, dimensions of the result or results)
CASES = {
    "mean": (lambda f: f(np.mean, m, axis=0), V),
    "median": (lambda f: f(np.median, x), V),
    "percentile": (lambda f: f(np.percentile, x, [10, 50]), V),
    "quantile": (lambda f: f(np.quantile, x, 0.3), V),
    "std": (lambda f: f(np.std, m, 1), V),
    "var": (lambda f: f(np.var, x, ddof=1), V**2),
    "nanmean": (lambda f: f(np.nanmean, x), V),
    "sum": (lambda f: f(np.sum, x, initial=1 * mV), V),
    "nansum": (lambda f: f(np.nansum, x), V),
    "cumsum": (lambda f: f(np.cumsum, x), V),
    "prod": (lambda f: f(np.prod, m, axis=1), V**3),
    "prod2": (lambda f: f(np.prod, m), V**6),
    "max": (lambda f: f(np.max, x), V),
    "amin": (lambda f: f(np.amin, m, axis=0, keepdims=True), V),
    "ptp": (lambda f: f(np.ptp, x), V),
    "sort": (lambda f: f(np.sort, x), V),
    "argsort": (lambda f: f(np.argsort, x), ONE),
    "argmax": (lambda f: f(np.argmax, x), ONE),
    "argmin": (lambda f: f(np.argmin, x), ONE),
    "nonzero": (lambda f: f(np.nonzero, x), (ONE,)),
    "count": (lambda f: f(np.count_nonzero, x), ONE),
    "any": (lambda f: f(np.any, x), ONE),
    "shape": (lambda f: f(np.size, x), ONE),
    "reshape": (lambda f: f(np.reshape, m, (3, 2)), V),
    "ravel": (lambda f: f(np.ravel, m), V),
    "transpose": (lambda f: f(np.transpose, m), V),
    "swapaxes": (lambda f: f(np.swapaxes, m, 0, 1), V),
    "moveaxis": (lambda f: f(np.moveaxis, m, 0, 1), V),
    "roll": (lambda f: f(np.roll, x, 1), V),
    "flip": (lambda f: f(np.flip, x), V),
    "rot90": (lambda f: f(np.rot90, m), V),
    "squeeze": (lambda f: f(np.squeeze, m[:1]), V),
    "expand": (lambda f: f(np.expand_dims, x, 0), V),
    "tile": (lambda f: f(np.tile, x, 2), V),
    "repeat": (lambda f: f(np.repeat, x, 2), V),
    "broadcast_to": (lambda f: f(np.broadcast_to, x, (2, 3)), V),
    "broadcast_arrays": (lambda f: f(np.broadcast_arrays, m, t, n), (V, T, ONE)),
    "meshgrid": (lambda f: f(np.meshgrid, x, t), (V, T)),
    "atleast_2d": (lambda f: f(np.atleast_2d, x), V),
    "diag": (lambda f: f(np.diag, x), V),
    "trace": (lambda f: f(np.trace, m), V),
    "tril": (lambda f: f(np.tril, m), V),
    "take": (lambda f: f(np.take, x, [0, 2]), V),
    "compress": (lambda f: f(np.compress, [True, False, True], x), V),
    "delete": (lambda f: f(np.delete, x, 1), V),
    "split": (lambda f: f(np.split, x, 3), (V, V, V)),
    "concatenate": (lambda f: f(np.concatenate, [x, x, [0.0]]), V),
    "stack": (lambda f: f(np.stack, [x, x], axis=1), V),
    "hstack": (lambda f: f(np.hstack, (x, x)), V),
    "vstack": (lambda f: f(np.vstack, (x, m)), V),
    "column_stack": (lambda f: f(np.column_stack, (x, x)), V),
    "block": (lambda f: f(np.block, [[m, m], [m, m]]), V),
    "append": (lambda f: f(np.append, x, 5 * mV), V),
    "insert": (lambda f: f(np.insert, x, 1, 5 * mV), V),
    "where": (lambda f: f(np.where, n > 1, x, 0 * mV), V),
    "where0": (lambda f: f(np.where, n > 1, x, 0), V),
    "where1": (lambda f: f(np.where, x), (ONE,)),
    "select": (lambda f: f(np.select, [n > 2, n > 1], [x, 2 * x]), V),
    "clip": (lambda f: f(np.clip, x, 1.5 * mV, 2.5 * mV), V),
    "clip none": (lambda f: f(np.clip, x, None, 2.5 * mV), V),
    "linspace": (lambda f: f(np.linspace, 0 * mV, 5 * mV, 6), V),
    "linspace step": (lambda f: f(np.linspace, 0, 5 * mV, 6, retstep=True), (V, V)),
    "diff": (lambda f: f(np.diff, x, prepend=0 * mV), V),
    "gradient": (lambda f: f(np.gradient, x), V),
    "gradient t": (lambda f: f(np.gradient, x, t), V / T),
    "gradient 2": (lambda f: f(np.gradient, m, 1 * ms, 2.0), (V / T, V)),
    "gradient 2d": (lambda f: f(np.gradient, m), (V, V)),
    "interp": (lambda f: f(np.interp, 3 * ms, t, x), V),
    "trapezoid": (lambda f: f(np.trapezoid, x, t), V * T),
    "trapezoid dx": (lambda f: f(np.trapezoid, x, dx=2 * ms), V * T),
    "trapezoid plain": (lambda f: f(np.trapezoid, x), V),
    "dot": (lambda f: f(np.dot, m, t), V * T),
    "outer": (lambda f: f(np.outer, x, n), V),
    "inner": (lambda f: f(np.inner, x, t), V * T),
    "cross": (lambda f: f(np.cross, x, t), V * T),
    "tensordot": (lambda f: f(np.tensordot, x, t, 1), V * T),
    "einsum": (lambda f: f(np.einsum, "i,i->", x, t), V * T),
    "convolve": (lambda f: f(np.convolve, x, n, mode="same"), V),
    "correlate": (lambda f: f(np.correlate, x, x), V**2),
    "average": (lambda f: f(np.average, x, weights=n), V),
    "average weights": (lambda f: f(np.average, x, weights=t, returned=True), (V, T)),
    "cov": (lambda f: f(np.cov, m), V**2),
    "corrcoef": (lambda f: f(np.corrcoef, m), ONE),
    "histogram": (lambda f: f(np.histogram, x, 4), (ONE, V)),
    "histogram bins": (lambda f: f(np.histogram, x, bins=[0, 2, 4] * mV), (ONE, V)),
    "histogram range": (lambda f: f(np.histogram, x, 3, (0 * mV, 5 * mV)), (ONE, V)),
    "histogram density": (lambda f: f(np.histogram, x, 3, density=True), (V**-1, V)),
    "histogram weights": (lambda f: f(np.histogram, x, 3, weights=t), (T, V)),
    "histogram2d": (lambda f: f(np.histogram2d, x, t, 4), (ONE, V, T)),
    "histogram2d counts": (lambda f: f(np.histogram2d, x, t, [4, 2]), (ONE, V, T)),
    "histogram2d number": (lambda f: f(np.histogram2d, n, t), (ONE, ONE, T)),
    "histogram2d bins": (
        lambda f: f(np.histogram2d, x, t, bins=([0, 2, 4] * mV, [0, 5] * ms)),
        (ONE, V, T),
    ),
    "histogram2d mixed": (
        lambda f: f(np.histogram2d, x, t, (3, [0 * ms, 5 * ms])),
        (ONE, V, T),
    ),
    "histogram2d same bins": (
        lambda f: f(np.histogram2d, x, 2 * x, bins=[0, 2, 4, 8] * mV),
        (ONE, V, V),
    ),
    "histogram2d range": (
        lambda f: f(np.histogram2d, x, t, 3, ((0 * mV, 5 * mV), [0, 9] * ms)),
        (ONE, V, T),
    ),
    "histogram2d density": (
        lambda f: f(np.histogram2d, x, t, 3, density=True),
        ((V * T) ** -1, V, T),
    ),
    "histogram2d weights": (lambda f: f(np.histogram2d, x, n, 3, weights=t), (T, V, ONE)),
    "digitize": (lambda f: f(np.digitize, x, [0, 2] * mV), ONE),
    "searchsorted": (lambda f: f(np.searchsorted, t, 2 * ms), ONE),
    "bincount": (lambda f: f(np.bincount, [0, 1, 1], weights=x), V),
    "unique": (lambda f: f(np.unique, x), V),
    "unique counts": (lambda f: f(np.unique, x, return_counts=True), (V, ONE)),
    "union1d": (lambda f: f(np.union1d, x, 2 * x), V),
    "isin": (lambda f: f(np.isin, x, [1] * mV), ONE),
    "array_equal": (lambda f: f(np.array_equal, x, x), ONE),
    "zeros_like": (lambda f: f(np.zeros_like, x), V),
    "full_like": (lambda f: f(np.full_like, x, 2 * mV), V),
    "nan_to_num": (lambda f: f(np.nan_to_num, x), V),
    "real": (lambda f: f(np.real, x), V),
    "pad": (lambda f: f(np.pad, x, 1, constant_values=2 * mV), V),
    "norm": (lambda f: f(np.linalg.norm, x), V),
    "fft": (lambda f: f(np.fft.rfft, x), V),
}


def check_dimensions(found, dims):
    if isinstance(dims, tuple):
        assert len(found) == len(dims)
        for item, dim in zip(found, dims):
            check_dimensions(item, dim)
    else:
        assert dimension_of(found) is dims
        assert isinstance(found, Quantity) == (dims is not DIMENSIONLESS)


def check_numbers(found, expected):
    if isinstance(expected, (list, tuple)):
        for item, number in zip(found, expected):
            check_numbers(item, number)
    else:
        np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-15)


@pytest.mark.parametrize("case", CASES)
def test_numbers_are_those_of_plain_arrays_and_dimensions_are_right(case):
    call, dims = CASES[case]
    found = call(lambda func, *args, **kwargs: func(*args, **kwargs))
    expected = call(
        lambda func, *args, **kwargs: func(
            *(bare(arg) for arg in args), **{key: bare(value) for key, value in kwargs.items()}
        )
    )
    check_dimensions(found, dims)
    check_numbers(found, expected)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: np.concatenate([x, t]),
        lambda: np.stack([x, n]),
        lambda: np.where(n > 1, x, 1.0),
        lambda: np.clip(x, 0, 1),
        lambda: np.linspace(0 * mV, 1 * ms),
        lambda: np.interp(1 * mV, t, x),
        lambda: np.digitize(x, [0, 1]),
        lambda: np.searchsorted(t, 2),
        lambda: np.histogram(x, bins=[0, 1, 2]),
        lambda: np.histogram2d(x, t, bins=[[0, 1, 2], 3]),
        lambda: np.histogram2d(x, t, bins=[0, 1, 2, 3] * mV),
        lambda: np.histogram2d(x, t, range=[[0 * mV, 1 * mV], [0, 1] * mV]),
        lambda: np.histogram2d(x, t, bins=4 * mV),
        lambda: np.histogram2d(x, t, density=4 * mV),
        lambda: np.isclose(x, t),
        lambda: np.allclose(x, x, atol=1),
        lambda: np.array_equal(x, t),
        lambda: np.append(x, 5),
        lambda: np.full_like(x, 5),
        lambda: np.sum(x, initial=1),
        lambda: np.diff(x, prepend=1),
        lambda: np.percentile(n, x),
        lambda: np.pad(x, 1, constant_values=2),
        lambda: np.prod(x, where=[True, False, True]),
        lambda: np.block([[x, t]]),
        lambda: np.mean(x, out=np.zeros(())),
        lambda: np.copyto(x.copy(), n),
        lambda: np.copyto(np.zeros(3), x),
        lambda: np.put(x.copy(), 0, 1),
        lambda: np.place(np.zeros(3), n > 1, x),
        lambda: np.putmask(x.copy(), n > 1, t),
        lambda: np.fill_diagonal(m.copy(), 1),
    ],
)
def test_mixed_dimensions_raise(wrong):
    with pytest.raises(DimensionMismatchError):
        wrong()


@pytest.mark.parametrize(
    "unknown",
    [
        lambda: np.polyfit(t, x, 1),
        lambda: np.vander(x),
        lambda: np.cumprod(x),
        lambda: np.linalg.inv(np.eye(2) * mV),
        lambda: np.apply_along_axis(sum, 0, x),
        lambda: np.save("/nowhere", x),
        lambda: np.savez("/nowhere", x),
        lambda: np.unwrap(x),
        lambda: np.sinc(x),
        lambda: x.cumprod(),
    ],
)
def test_functions_without_rule_raise(unknown):
    with pytest.raises(UnsupportedFeatureError, match="not known to keep units"):
        unknown()


def test_hint_names_a_unit():
    with pytest.raises(UnsupportedFeatureError) as error:
        np.vander(x)
    assert str(error.value) == (
        "'numpy.vander' is not known to keep units. Give it numbers, as in x/mvolt,"
        " or the SI values by np.asarray(x), and multiply the result by its unit."
    )


def test_functions_without_rule_take_quantities_without_dimension():
    np.testing.assert_array_equal(np.vander(Quantity([1.0, 2.0])), np.vander([1.0, 2.0]))


def test_close_has_no_absolute_tolerance_made_for_numbers_near_one():
    assert not np.allclose(1 * pA, 5 * pA)
    assert np.allclose(1 * nA, 1.0000001 * nA)
    assert np.isclose(1 * pA, 5 * pA, atol=1 * nA)
    assert np.isclose([0.0] * pA, 0).all()


def test_assignment_functions_write_into_quantities():
    z = x.copy()
    np.copyto(z, t / ms * mV)
    np.put(z, 0, 9 * mV)
    np.putmask(z, n > 2, 0)
    z.put(1, 7 * mV)
    np.testing.assert_allclose(z / mV, [9, 7, 0])


def test_out_is_returned():
    out = np.zeros(()) * mV
    assert np.mean(x, out=out) is out
    assert out == 2 * mV


def test_methods_are_the_functions():
    np.testing.assert_array_equal(np.asarray(m.mean(axis=0)), np.asarray(np.mean(m, axis=0)))
    assert m.var().dim is V**2
    assert m.prod(axis=1).dim is V**3
    assert type(x.argsort()) is np.ndarray
    assert type(x.argmax()) is not Quantity
    assert x.take(0) == 3 * mV
    assert m.T.dim is V
    assert m.reshape(-1)[4] == 4 * mV
    x2 = x.copy()
    x2.sort()
    assert x2[0] == 1 * mV
    assert x.clip(0 * mV, 2 * mV).max() == 2 * mV


def test_numpy_testing_understands_quantities():
    np.testing.assert_allclose(x, x)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(x, 2 * x)


@pytest.mark.parametrize("func", [np.round, np.around, round, lambda q: q.round(), np.floor])
def test_rounding_si_values_is_refused(func):
    with pytest.raises(DimensionMismatchError, match="x/mvolt"):
        func(3.2 * mV)


@pytest.mark.parametrize("func", [np.ones_like, np.vectorize(lambda x: x)])
def test_what_would_drop_a_unit_is_refused(func):
    with pytest.raises(UnsupportedFeatureError, match=r"ones_like|'<lambda> \(vectorized\)'"):
        func([1, 2] * mV)
