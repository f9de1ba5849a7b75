import subprocess
import sys

import numpy as np
import pytest

import simgen
import simgen.brian as brian
from simgen.api import integer_values
from simgen.errors import ArgumentTypeError, DimensionMismatchError, UnsupportedFeatureError
from simgen.units import DIMENSIONLESS, Quantity, ms, mV, second, volt
from simgen.units import dimension_of as dim


def same(found, expected):
    assert dim(found) is dim(expected)
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


def test_star_import_gives_the_names_scripts_use_and_no_plotting_library():
    code = (
        "from simgen.brian import *; import sys;"
        "assert not [m for m in sys.modules if m.startswith('matplotlib')];"
        "print(all(callable(f) for f in (plot, figure, subplot, xlabel, ylabel, title, legend,"
        " show, hist, rand, randn, arange, linspace, ones, zeros, exp, log, sin, diag, trapz, norm,"
        " uniform, savefig, tight_layout, clip, sign, mean, imshow, colorbar)),"
        " 5*mV, pi, nS, np.pi == numpy.pi, max([1, 2]), round(2.7), bytes(1))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout == "True 5. mV 3.141592653589793 nS True 2 3 b'\\x00'\n"


def test_units_win_over_numpy_and_functions_of_python_stay():
    assert brian.cm.dim is (1 * brian.metre).dim
    stay = {"abs", "bool", "bytes", "input", "max", "min", "pow", "round"}  # as with Brian's import
    assert not (stay | {"f", "test"}) & set(brian.__all__)
    assert brian.time.time() > 0


@pytest.mark.parametrize(
    "code",
    [
        "SpatialNeuron.model = 'numpy'",
        "SpatialNeuron['codegen.target'] = 'numpy'",
        "SpatialNeuron['codegen.target']",
        "SpatialNeuron.reset = 1",
        "x = Cylinder(1, 2)",
    ],
)
def test_names_that_only_brian_has_say_so_when_used(code):
    namespace = {name: getattr(brian, name) for name in brian.__all__}
    with pytest.raises(UnsupportedFeatureError, match=r"simgen has no '(SpatialNeuron|Cylinder)'"):
        exec(code, namespace)


@pytest.mark.parametrize(
    "code", ["class A(BrianObject): pass", "isinstance(1, Group)", "EventClock([1])"]
)
def test_classes_that_only_brian_has_say_so(code):
    namespace = {name: getattr(brian, name) for name in brian.__all__}
    with pytest.raises(UnsupportedFeatureError, match="simgen has no '"):
        exec(code, namespace)


def test_integrators_are_names_for_method():
    for method in (brian.euler, brian.linear, brian.rk4, brian.exponential_euler):
        brian.NeuronGroup(1, "dv/dt = -v/ms : 1", method=method)
    with pytest.raises(UnsupportedFeatureError, match="gsl_rk2"):
        brian.NeuronGroup(1, "dv/dt = -v/ms : 1", method=brian.gsl_rk2)
    with pytest.raises(UnsupportedFeatureError, match="cannot be called"):
        brian.euler("dv/dt = -v/ms : 1")


def test_names_of_errors_loggers_and_modules():
    assert issubclass(DimensionMismatchError, brian.BrianObjectException)
    assert brian.logger is brian.get_logger() is brian.logging.getLogger("simgen")
    assert brian.datetime.date
    assert brian.matrix is np.matrix


def test_names_that_only_brian_has_may_be_looked_at():
    assert repr(brian.SpatialNeuron) == "<SpatialNeuron: not supported by simgen>"
    assert not hasattr(brian.prefs, "__wrapped__")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (brian.arange(3), np.arange(3)),
        (brian.arange(1, 3), np.arange(1, 3)),
        (brian.arange(5, 1, -2), np.arange(5, 1, -2)),
        (brian.arange(1, stop=3), np.arange(1, 3)),
        (brian.arange(2, dtype=float), np.arange(2.0)),
        (brian.arange(0, 10) * mV, np.arange(10) * mV),
        (brian.np.arange(0 * mV, 1 * mV, 0.5 * mV), [0, 0.5] * mV),
        (brian.numpy.ones_like([1, 2] * mV), np.ones(2)),
        (brian.arange(0 * ms, 3 * ms, 1 * ms), Quantity(0.001 * np.arange(3), second.dim)),
        (brian.arange(0, 3 * ms, 1 * ms), Quantity(0.001 * np.arange(3), second.dim)),
        (brian.arange(3 * ms, 0 * ms, 1 * ms), Quantity(np.zeros(0), second.dim)),
        (brian.arange(stop=2 * ms, step=1 * ms), Quantity(0.001 * np.arange(2), second.dim)),
        (brian.array([1, 2]), np.array([1, 2])),
        (brian.full(2, 3 * mV), [3, 3] * mV),
        (brian.full((1, 2), 3), np.full((1, 2), 3)),
        (brian.mean([1 * mV, 3 * mV]), 2 * mV),
        (brian.sum([1 * mV, 3 * mV]), 4 * mV),
        (brian.maximum([1 * mV, 3 * mV], 2 * mV), [2, 3] * mV),
        (brian.maximum.reduce([1, 3]), 3),
        (brian.trapz([1, 1] * volt, dx=1 * second), 1 * volt * second),
        (brian.exprel([0.0, 1e-20, 1.0]), np.array([1.0, 1.0, np.expm1(1.0)])),
        (brian.exprel(0), 1.0),
        (brian.absolute([-1 * mV]), [1] * mV),
        (max([3, 1] * mV), 3 * mV),
        (min(3 * mV, 5 * mV), 3 * mV),
        (abs([-1, 2] * mV), [1, 2] * mV),
        (pow(3 * mV, 1), 3 * mV),
        (brian.concatenate([[1, 2] * ms, [3] * ms]), [1, 2, 3] * ms),
        (brian.concatenate([[1 * ms, 2 * ms], [3 * ms]]), [1, 2, 3] * ms),
        (brian.hstack((0 * mV, [1, 2] * mV)), [0, 1, 2] * mV),
        (brian.vstack([np.ones((2, 3)) * mV, np.ones((1, 3)) * mV]), np.ones((3, 3)) * mV),
        (brian.block([[1, 2] * mV, [3] * mV]), [1, 2, 3] * mV),
        (brian.array(object=[1]), np.array([1])),
        (brian.full(3, 1 * mV, order="F"), [1, 1, 1] * mV),
        (brian.ones_like([1, 2] * mV), np.ones(2)),
        (brian.linspace(0 * ms, 10 * ms, 3), [0, 5, 10] * ms),
    ],
)
def test_functions_know_units(found, expected):
    same(found, expected)


def test_rounding_adds_no_element_to_a_range():
    for count in range(1, 300):
        assert len(brian.arange(0 * ms, count * 0.1 * ms, 0.1 * ms)) == count


def test_arrays_are_of_si_values_as_scripts_expect():
    x = np.array([1.0, 2.0]) * mV
    assert type(brian.array(x)) is type(brian.asarray(x)) is np.ndarray
    brian.array(x)[0] = 5  # a copy
    assert x[0] == 1 * mV
    assert np.shares_memory(brian.asarray(x), np.asarray(x))
    assert brian.array(x, np.float32).dtype == np.float32
    assert brian.array(x, ndmin=2, order="F").shape == (1, 2)
    same(brian.array(object=[[1 * mV], [2 * mV]]), np.array([[0.001], [0.002]]))
    same(brian.asarray([1 * mV, 0 * mV], order="C"), np.array([0.001, 0]))


def test_float_of_a_quantity_is_its_value_in_si_units_as_scripts_expect():
    for line, wanted in (("import simgen.brian", "0.01"), ("", "DimensionMismatchError")):
        code = f"from simgen import mV\n{line}\nprint(float(10*mV), complex(3*mV/mV))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert wanted in done.stdout + done.stderr


def test_random_is_the_function_and_timestep_rounds_as_in_equations():
    brian.seed(3)
    drawn = brian.random(4)
    assert drawn.shape == (4,)
    assert np.all((drawn >= 0) & (drawn < 1))
    assert brian.timestep(0.3 * ms, 0.1 * ms) == 3
    assert brian.timestep(np.array([0.29995, 0.2998]) * ms, 0.1 * ms).tolist() == [3, 2]
    with pytest.raises(DimensionMismatchError, match="timestep"):
        brian.timestep(3 * mV, 0.1 * ms)


def test_dimensions_that_differ_are_refused():
    with pytest.raises(DimensionMismatchError):
        brian.array([1 * mV, 2 * ms])
    with pytest.raises(DimensionMismatchError):
        brian.arange(0 * ms, 1 * mV, 1 * ms)
    with pytest.raises(DimensionMismatchError):
        brian.arange(3 * ms)
    with pytest.raises(DimensionMismatchError):
        brian.mean([1 * mV, 2])
    with pytest.raises(DimensionMismatchError):
        brian.concatenate([[1, 2] * ms, [3] * mV])
    with pytest.raises(DimensionMismatchError):
        brian.concatenate([[1, 2] * ms, [3]])
    with pytest.raises(DimensionMismatchError, match="exprel needs a number"):
        brian.exprel(1 * mV)


def test_random_functions_refuse_units_that_numpy_would_drop():
    assert brian.rand(3).shape == (3,)
    assert dim(brian.randn(3)) is DIMENSIONLESS
    with pytest.raises(DimensionMismatchError, match=r"normal\(x/mV\)\*mV"):
        brian.normal([1, 2] * mV, 1 * mV)


class TestPlotting:
    @pytest.fixture
    def pyplot(self):
        matplotlib = pytest.importorskip("matplotlib")
        matplotlib.use("agg")
        pyplot = pytest.importorskip("matplotlib.pyplot")
        brian.plt.figure()
        yield pyplot
        pyplot.close("all")

    def test_functions_and_modules_are_those_of_the_library(self, pyplot):
        brian.plot([1, 2], [3, 4])
        brian.xlabel("time")
        assert pyplot.gca().get_xlabel() == "time"
        assert brian.plt.gca() is brian.gca() is pyplot.gca()
        assert brian.date2num(brian.datetime.datetime(1970, 1, 2)) == 1
        assert brian.mlab.detrend_mean([1, 3]).tolist() == [-1, 1]
        brian.rcParams["font.size"] = 7
        assert pyplot.rcParams["font.size"] == 7
        assert "font.size" in brian.rcParams
        brian.rcdefaults()

    def test_quantities_are_drawn_in_si_units_with_a_label(self, pyplot):
        (line,) = brian.plot([1, 2] * ms, [3, 4] * mV)
        np.testing.assert_allclose(line.get_xdata(orig=False), [0.001, 0.002])
        np.testing.assert_allclose(line.get_ydata(orig=False), [0.003, 0.004])
        pyplot.gcf().canvas.draw()
        assert pyplot.gca().get_xlabel() == "s"
        assert pyplot.gca().get_ylabel() == "V"

    def test_a_list_of_quantities_is_drawn(self, pyplot):
        (line,) = brian.plot([1, 2], [3 * mV, 4 * mV])
        np.testing.assert_allclose(line.get_ydata(orig=False), [0.003, 0.004])

    def test_one_axis_takes_one_dimension(self, pyplot):
        brian.plot([1, 2] * ms, [3, 4] * mV)
        with pytest.raises(Exception, match="Failed to convert") as error:
            brian.plot([1, 2] * mV, [3, 4] * mV)
        assert "cannot draw on this axis" in str(error.value.__cause__)

    @pytest.mark.parametrize(
        "draw",
        [
            lambda: brian.scatter([1, 2] * ms, [1, 2] * mV),
            lambda: brian.hist([1, 2, 2] * mV),
            lambda: brian.axvline(3 * ms),
            lambda: brian.fill_between([1, 2] * ms, [1, 2] * mV),
            lambda: brian.imshow(np.ones((2, 2)) * mV),
            lambda: brian.errorbar([1, 2] * ms, [1, 2] * mV, yerr=[1, 2] * mV),
            lambda: brian.step([1, 2] * ms, [1, 2] * mV),
            lambda: brian.bar([1, 2] * ms, [1, 2] * mV),
        ],
    )
    def test_kinds_of_plots(self, pyplot, draw):
        draw()

    def test_missing_library_is_named(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(UnsupportedFeatureError, match="pip install matplotlib"):
            brian.plot([1])
        with pytest.raises(UnsupportedFeatureError, match="pip install matplotlib"):
            brian.plt.figure()


def test_seed_holds_for_the_random_functions_of_numpy_as_well():
    state = np.random.get_state()
    try:
        drawn = [(brian.seed(number), brian.rand(3), brian.get_seed())[1:] for number in (5, 5, 6)]
        assert drawn[0][0].tolist() == drawn[1][0].tolist() != drawn[2][0].tolist()
        assert [number for _, number in drawn] == [5, 5, 6]
        brian.seed(2**63 + 1)
        brian.seed()
    finally:
        np.random.set_state(state)


def test_fractions_for_integer_variables_are_cut_as_in_brian(caplog, monkeypatch):
    group = simgen.NeuronGroup(4, "n : integer", name="cells")
    with pytest.raises(ArgumentTypeError, match=r"'n' .* cannot hold -2.5.*Round it first"):
        group.n = "i*1.5 - 2.5"
    monkeypatch.setattr(
        integer_values._Fractions, "are_cut", True
    )  # as importing simgen.brian does
    group.n = "i*1.5 - 2.5"
    assert group.n[:].tolist() == [-2, -1, 0, 2]
    group.n[1] = 3.7
    group.n[2:] = np.array([1.9, 2.0])
    assert group.n[:].tolist() == [-2, 3, 1, 2]
    assert len(caplog.messages) == 3
    assert (
        "'n' of NeuronGroup 'cells' is an integer and cannot hold -2.5 (at position 0): fractions"
        in caplog.text
    )
    for value in (np.nan, np.inf, 1e10):
        with pytest.raises(simgen.SimgenError, match="'n' of NeuronGroup 'cells'"):
            group.n = value
