"""Event-driven equations between events, against matrix exponentials in 60 digits."""

import mpmath
import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.integrate.event_driven import plan_event_driven
from simgen.integrate.model import Ode
from simgen.ir.construct import binary, real
from simgen.ir.evaluate import evaluate
from simgen.ir.expr import ELEMENT, Array, Load, Param
from simgen.ir.stmt import If, Let

NAMES = "xyzu"
WIDTH = Param("width", DType.F64)
STEPS = Load(Array("steps", DType.I64, "n_s"), ELEMENT)
FLOAT64, FLOAT32 = np.dtype(np.float64), np.dtype(np.float32)


def var(name):
    return Load(Array(name, DType.REAL, "n_s"), ELEMENT)


class Machine:
    """Runs statements for many elements at once; an environment of the evaluator."""

    def __init__(self, values, params, real=FLOAT64):
        self.values, self.params, self.real, self.locals = values, params, real, {}

    def load(self, load):
        return self.values[load.array.name]

    def gather(self, array, position):
        return self.values[array.name][position]

    def param(self, param):
        return self.params[param.name]

    def local(self, local):
        return self.locals[local.name]

    def derive(self, derived):
        """Compute what the host does, in float64."""
        real, self.real = self.real, FLOAT64
        for each in derived:
            inputs = [evaluate(expr, self) for expr in each.inputs]
            for target, value in zip(each.targets, each.compute(inputs)):
                place = self.params if isinstance(target, Param) else self.values
                place[target.name] = value
        self.real = real

    def run(self, statements, where=True):
        for statement in statements:
            if isinstance(statement, If):
                self.run(statement.body, where & evaluate(statement.condition, self))
                continue
            value = evaluate(statement.value, self)
            if isinstance(statement, Let):
                assert statement.local.name not in self.locals
                self.locals[statement.local.name] = value
            else:
                name = statement.array.name
                self.values[name] = np.where(where, value, self.values[name])


def equations(matrix, drive, shared):
    """Equations with coefficients that are constants, or values of each synapse."""
    numbers = {}

    def coefficient(name, value):
        numbers[name] = value
        return Param(name, DType.REAL) if shared else var(name)

    odes = []
    for i, row in enumerate(matrix):
        rhs = real(0.0)
        for j, value in enumerate(row):
            if value != 0:
                product = binary("*", coefficient(f"a{i}{j}", value), var(NAMES[j]))
                rhs = binary("+", rhs, product)
        if drive[i] != 0:
            rhs = binary("+", rhs, coefficient(f"b{i}", drive[i]))
        odes.append(Ode(var(NAMES[i]), rhs, NAMES[i]))
    return odes, numbers


def advance(matrix, drive, start, steps, width=1e-4, shared=True, real=FLOAT64):
    """Return the values after numbers of steps, (variable, element)."""
    odes, numbers = equations(matrix, drive, shared)
    values = {NAMES[i]: np.full(len(steps), s, real) for i, s in enumerate(start)}
    values["steps"] = np.asarray(steps, np.int64)
    params = {"width": width}
    (params if shared else values).update(numbers)
    if not shared:
        values.update({name: np.full(len(steps), numbers[name], real) for name in numbers})
    plan = plan_event_driven(odes, WIDTH, "s")
    machine = Machine(values, params, real)
    machine.derive(plan.derived)
    machine.run(plan.statements(STEPS, "s_"))
    return np.array([machine.values[NAMES[i]] for i in range(len(start))]), plan


def truth(matrix, drive, start, steps, width=1e-4):
    whole = np.zeros((len(matrix) + 1,) * 2)
    whole[:-1, :-1], whole[:-1, -1] = matrix, drive
    with mpmath.workdps(60):  # scipy loses digits at nearly equal rates
        exact = [
            mpmath.expm(mpmath.matrix(whole) * (mpmath.mpf(width) * int(k)))
            * mpmath.matrix([*start, 1])
            for k in steps
        ]
        return np.array([[float(value) for value in x][:-1] for x in exact]).T


START = (0.3, -0.2, 0.7, 0.45)
CLOSED = {
    "decay": ([[-50.0]], [0.0]),
    "recovery": ([[-5.0]], [2.5]),
    "ramp": ([[0.0]], [3.0]),
    "chain": ([[-50.0, 20.0], [0, -200]], [0.0, 0]),
    "chain with a drive": ([[-50.0, 20.0], [0, -200]], [1.0, 0]),
    "equal rates": ([[-50.0, 20.0], [0, -50]], [0.0, 0]),
    "nearly equal rates": ([[-50.0, 20.0], [0, -50 * (1 + 1e-10)]], [0.0, 0]),
    "driven integrator": ([[0.0, 20.0], [0, -50]], [0.0, 0]),
    "two drivers": ([[-50.0, 20.0, 3.0], [0, -10, 0], [0, 0, -50]], [0.0, 0, 0]),
    "damped turn": ([[-1.0, 20.0], [-20.0, -3]], [0.0, 0]),
    "overdamped pair": ([[-30.0, 5.0], [7.0, -3]], [0.0, 0]),
    "defective pair": ([[-1.0, 1.0], [-1.0, -3]], [0.0, 0]),
    "turn without damping": ([[0.0, 1.0], [-1.0, 0]], [0.0, 0]),
}
COUPLED = {
    "a drive that feeds another": ([[-50.0, 20.0], [0, -200]], [0.0, 3]),
    "equal rates with drives": ([[-50.0, 20.0], [0, -50]], [1.0, 3]),
    "pair with a drive": ([[-30.0, 5.0], [7.0, -3]], [0.0, 2]),
    "turn with drives": ([[-1.0, 20.0], [-20.0, -3]], [1.0, 2]),
    "undamped turn with a drive": ([[0.0, 1.0], [-1.0, 0]], [0.5, 0]),
    "chain of three": ([[-50.0, 20, 0], [0, -20, 10], [0, 0, -200.0]], [0.0, 0, 0]),
    "three equal rates": ([[-50.0, 9, 0], [0, -50, 10], [0, 0, -50.0]], [0.0, 0, 4]),
    "three nearly equal rates": (
        [[-50.0, 9, 0], [0, -50 * (1 + 1e-10), 10], [0, 0, -50 * (1 - 1e-14)]],
        [0.0, 0, 4],
    ),
    "three integrators": ([[0.0, 9, 0], [0, 0, 10], [0, 0, 0]], [0.0, 0, 4]),
    "integrators of a decay": ([[0.0, 9, 0], [0, 0, 10], [0, 0, -5.0]], [0.0, 0, 0]),
    "stiff chain": ([[-0.5, 20, 3], [0, -8000, 10], [0, 0, -20.0]], [1.0, 0, 4]),
    "depression": ([[0, 0, 1.25], [0, -333, 0], [0, 333, -1.25]], [0.0, 0, 0]),
    "ring of three states": ([[-40.0, 0, 7], [40, -3, 0], [0, 3, -7]], [0.0, 0, 0]),
    "three coupled with a drive": ([[-9.0, 4, 1], [2, -7, 3], [5, 1, -12]], [0.0, 1, 0]),
    "three turning": ([[-2.0, 30, 1], [-30, -2, 3], [5, -1, -8]], [0.0, 0, 0]),
    "a turn that feeds another": ([[-3.0, 4, 0], [0, -1, 9], [0, -9, -1.0]], [0.0, 0, 0]),
    "defective three": ([[-5.0, 4, 0], [-4, 3, 1], [4, -4, -2.0]], [0.0, 0, 0]),
    "units apart": ([[-5.0, 1e9, 0], [1e-9, -3, 1e-9], [0, 1e9, -2.0]], [0.0, 0, 0]),
    "chain of four": (
        [[-50.0, 9, 0, 0], [0, -50, 3, 0], [0, 0, -20, 1], [0, 0, 0, -50]],
        [1.0, 0, 2, 3],
    ),
    "two pairs": (
        [[-5.0, 9, 1, 0], [-9, -5, 0, 1], [0, 0, -5, 9], [0, 0, -9, -5]],
        [0.0, 0, 0, 1],
    ),
    "four alike": ([[-9.0, 1, 1, 1], [1, -9, 1, 1], [1, 1, -9, 1], [1, 1, 1, -9]], [0.0] * 4),
}
STEPS_SEEN = [0, 1, 3, 40, 63, 64, 65, 128, 4095, 4096, 4097, 300_000, 1_000_000]


def largest(found):
    """Values of coupled variables are as exact as the largest of them."""
    return np.abs(found).max(axis=0)


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("shared", [True, False])
def test_closed_forms_follow_the_matrix_exponential(name, shared):
    matrix, drive = CLOSED[name]
    start, steps = START[: len(matrix)], STEPS_SEEN[:-2]
    found, plan = advance(matrix, drive, start, steps, shared=shared)
    assert plan.tables == plan.flows == ()
    np.testing.assert_allclose(found, truth(matrix, drive, start, steps), rtol=1e-13, atol=1e-18)


@pytest.mark.parametrize("name", COUPLED)
@pytest.mark.parametrize("shared", [True, False], ids=["constants", "own values"])
def test_coupled_variables_follow_the_matrix_exponential(name, shared):
    matrix, drive = COUPLED[name]
    start = START[: len(matrix)]
    if name == "units apart":
        start = (3e8, 0.2, 5e8)
    found, plan = advance(matrix, drive, start, STEPS_SEEN, shared=shared)
    assert (len(plan.tables), len(plan.flows)) == ((1, 0) if shared else (0, 1))
    exact = truth(matrix, drive, start, STEPS_SEEN)
    np.testing.assert_array_equal(found[:, 0], start)
    error = np.abs(found - exact)
    # the rounding of an eigenvalue counts once for each radian, and depends on the LAPACK
    allowed = 1e-12 * np.maximum(1, np.array(STEPS_SEEN) / 300_000)
    assert np.all(error <= allowed * largest(exact)), error / largest(exact)
    short = slice(0, 9)
    np.testing.assert_allclose(found[:, short], exact[:, short], rtol=1e-12, atol=1e-15)


def test_widely_different_sizes_keep_their_digits_in_a_triangular_system():
    """Each entry is exact by itself where no path cancels another, however small."""
    matrix, drive = [[-0.5, 20, 3], [0, -8000, 10], [0, 0, -700.0]], [0.0, 0, 0]
    start, steps = (1e-30, 2e-10, 1e-20), [1, 7, 900, 5000, 80_000]
    for shared in (True, False):
        found, _ = advance(matrix, drive, start, steps, shared=shared)
        np.testing.assert_allclose(found, truth(matrix, drive, start, steps), rtol=1e-12)


@pytest.mark.parametrize("name", COUPLED)
@pytest.mark.parametrize("shared", [True, False])
def test_nothing_overflows_after_a_very_long_time(name, shared):
    matrix, drive = COUPLED[name]
    start = START[: len(matrix)]
    found, _ = advance(matrix, drive, start, [10**11], shared=shared)
    assert np.all(np.isfinite(found))
    if "turn with" not in name and np.linalg.matrix_rank(matrix) == len(matrix):
        rest = np.linalg.solve(matrix, np.negative(drive))
        assert np.allclose(found[:, 0], rest, rtol=1e-9, atol=1e-12) or "undamped" in name


@pytest.mark.parametrize("shared", [True, False])
def test_what_grows_beyond_all_numbers_leaves_zeros_alone(shared):
    """Entries of the propagator that overflow meet variables that are 0."""
    matrix = [[-5.0, 1, 0], [0, 40, 1], [0, 2, -3]]
    found, _ = advance(matrix, [0.0] * 3, (0.5, 0.0, 0.0), [10**6], shared=shared)
    assert 0 <= found[0, 0] < 1e-200


def test_the_intervals_may_be_summed():
    """Two intervals are as good as one, for numbers of steps with all digits."""
    matrix, drive = COUPLED["three coupled with a drive"]
    rng = np.random.default_rng(3)
    for parts in rng.integers(1, 70_000, (5, 2)):
        middle, _ = advance(matrix, drive, START[:3], [parts[0]])
        end, _ = advance(matrix, drive, middle[:, 0], [parts[1]])
        whole, _ = advance(matrix, drive, START[:3], [parts.sum()])
        np.testing.assert_allclose(end, whole, rtol=1e-13)


@pytest.mark.parametrize("shared", [True, False])
def test_float32_programs_stay_near_float64(shared):
    matrix, drive = COUPLED["depression"]
    steps = [0, 3, 90, 5000]
    single, _ = advance(matrix, drive, START[:3], steps, shared=shared, real=FLOAT32)
    double, _ = advance(matrix, drive, START[:3], steps, shared=shared)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=2e-5, atol=2e-6)


def test_drives_that_change_are_read_at_the_event():
    """A neuron's value feeds the table as one more variable, constant over the interval."""
    odes = [
        Ode(var("x"), binary("-", binary("*", var("v"), Param("g", DType.REAL)), var("x")), "x"),
        Ode(var("y"), binary("-", binary("+", var("x"), var("v")), var("y")), "y"),
        Ode(var("z"), binary("-", var("y"), binary("*", real(3.0), var("z"))), "z"),
    ]
    plan = plan_event_driven(odes, WIDTH, "s")
    assert len(plan.tables) == 1
    levels = np.array([0.0, 1.0, -2.5])
    values = {name: np.full(3, s) for name, s in zip("xyz", START)}
    values.update(v=levels, steps=np.array([7, 640, 20_000]))
    machine = Machine(values, {"g": 0.5, "width": 1e-3})
    machine.derive(plan.derived)
    machine.run(plan.statements(STEPS, "s_"))
    for place, v in enumerate(levels):
        matrix = [[-1.0, 0, 0], [1, -1, 0], [0, 1, -3]]
        drive = [0.5 * v, v, 0]
        exact = truth(matrix, drive, START[:3], values["steps"][[place]], 1e-3)
        found = [machine.values[name][place] for name in "xyz"]
        np.testing.assert_allclose(found, exact[:, 0], rtol=1e-13)
