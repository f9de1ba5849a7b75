"""Orders of convergence, and exact updates against matrix exponentials."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from simgen.dtypes import DType
from simgen.integrate.choose import choose
from simgen.integrate.model import Ode, OdeSystem
from simgen.ir.construct import binary, call, negate, real
from simgen.ir.evaluate import evaluate
from simgen.ir.expr import ELEMENT, Array, Load, Param, RandomDraw, Time
from simgen.ir.stmt import Let

DT = Param("dt", DType.F64)
FLOAT64 = np.dtype(np.float64)


def array(name, dtype=DType.REAL):
    return Array(name, dtype, "n_g")


def var(name, dtype=DType.REAL):
    return Load(array(name, dtype), ELEMENT)


def par(name):
    return Param(name, DType.REAL)


def draw(name):
    return RandomDraw("randn", (), Param(name, DType.U64), 0)


def system(*odes, changing=()):
    return OdeSystem(tuple(odes), frozenset(map(array, changing)), DT, draw, "g_")


def plus(*parts):
    result = parts[0]
    for part in parts[1:]:
        result = binary("+", result, part)
    return result


def minus(left, right):
    return binary("-", left, right)


def times(left, right):
    return binary("*", left, right)


def over(left, right):
    return binary("/", left, right)


class Machine:
    """Runs straight lines of lets and stores; an environment of the evaluator."""

    def __init__(self, values, real=FLOAT64, **params):
        self.values = {name: np.asarray(value) for name, value in values.items()}
        self.params = params
        self.real = real
        self.locals = {}
        self.now = 0.0
        self.samples = {}

    def load(self, load):
        return self.values[load.array.name]

    def param(self, param):
        return self.params[param.name]

    def local(self, local):
        return self.locals[local]

    def time(self):
        return self.now

    def draw(self, draw, args, rank):
        return self.samples[draw.key.name]

    def prepare(self, update):
        """Compute the derived values as a run's start does, always in float64."""
        real, self.real = self.real, FLOAT64
        for derived in update.derived:
            inputs = [evaluate(expr, self) for expr in derived.inputs]
            for target, value in zip(derived.targets, derived.compute(inputs)):
                place = self.params if isinstance(target, Param) else self.values
                place[target.name] = value
        self.real = real
        return self

    def advance(self, statements):
        self.locals = {}
        for statement in statements:
            value = evaluate(statement.value, self)
            if isinstance(statement, Let):
                assert statement.local not in self.locals
                self.locals[statement.local] = value
            else:
                old = self.values[statement.array.name]
                self.values[statement.array.name] = np.broadcast_to(value, old.shape).copy()

    def run(self, update, steps):
        self.prepare(update)
        for step in range(steps):
            self.now = step * self.params["dt"]
            self.advance(update.statements)
        return self


def order(errors):
    """The mean order from errors at dt, dt/2, dt/4, ..."""
    return np.mean(np.log2(np.array(errors[:-1]) / np.array(errors[1:])))


# dv/dt = -(1 + w**2) v + w + sin(3 t), dw/dt = (v**2 - w)/2: conditionally linear, not linear.
V, W = var("v"), var("w")
SLOPES = {
    "v": plus(
        negate(times(plus(real(1.0), times(W, W)), V)), W, call("sin", times(real(3.0), Time()))
    ),
    "w": over(minus(times(V, V), W), real(2.0)),
}
NONLINEAR = (Ode(V, SLOPES["v"], "v"), Ode(W, SLOPES["w"], "w"))


def slopes(t, x):
    v, w = x
    return [-(1 + w**2) * v + w + np.sin(3 * t), (v**2 - w) / 2]


@pytest.mark.parametrize(
    ("method", "expected"),
    [("euler", 1), ("exponential_euler", 1), ("rk2", 2), ("heun", 2), ("rk4", 4)],
)
def test_order_of_convergence(method, expected):
    update = choose(system(*NONLINEAR, changing=("v", "w")), method)
    truth = solve_ivp(slopes, (0, 2), [1.0, -0.5], rtol=1e-12, atol=1e-13, method="DOP853").y[:, -1]
    errors = []
    for steps in (40, 80, 160, 320):
        machine = Machine({"v": [1.0], "w": [-0.5]}, dt=2 / steps).run(update, steps)
        errors.append(max(abs(machine.values[n][0] - t) for n, t in zip("vw", truth)))
    assert abs(order(errors) - expected) < 0.15, errors


def test_exponential_euler_holds_functions_of_the_variable_itself_still():
    """dv/dt = -cos(v)**2 (v - 2)/(1 + exp(v)) + exp(-v): as if all but v - 2 were numbers."""
    square = times(call("cos", V), call("cos", V))
    gate = over(negate(square), plus(real(1.0), call("exp", V)))
    slope = plus(times(gate, minus(V, real(2.0))), call("exp", negate(V)))
    update = choose(system(Ode(V, slope, "v"), changing=("v",)), "exponential_euler")

    def rates(v):
        a = -(np.cos(v) ** 2) / (1 + np.exp(v))
        return a, -2 * a + np.exp(-v)

    machine = Machine({"v": [0.3, 1.0]}, dt=0.1).run(update, 1)
    v = np.array([0.3, 1.0])
    a, b = rates(v)
    np.testing.assert_allclose(machine.values["v"], v + (a * v + b) * np.expm1(0.1 * a) / a)

    truth = solve_ivp(
        lambda t, x: rates(x)[0] * x + rates(x)[1], (0, 2), [0.3], rtol=1e-12, atol=1e-13
    ).y[0, -1]
    errors = [
        abs(Machine({"v": [0.3]}, dt=2 / steps).run(update, steps).values["v"][0] - truth)
        for steps in (40, 80, 160, 320)
    ]
    assert abs(order(errors) - 1) < 0.15, errors


def paths(odes, method, exact, start, steps=(16, 32, 64, 128), count=2000, **params):
    """Strong errors at time 1 on common noise; ``exact`` maps the noise at 1 to the truth."""
    finest = 2 * steps[-1]
    noise = np.random.default_rng(3).normal(size=(finest, count)) / np.sqrt(finest)
    update = choose(system(*odes, changing=("v",)), method)
    errors = []
    for number in steps:
        machine = Machine({"v": np.full(count, start)}, dt=1 / number, **params)
        machine.prepare(update)
        for dw in noise.reshape(number, -1, count).sum(axis=1):
            machine.samples = {"xi": dw * np.sqrt(number)}
            machine.advance(update.statements)
        errors.append(np.sqrt(np.mean((machine.values["v"] - exact(noise)) ** 2)))
    return errors


@pytest.mark.parametrize("method", ["euler", "heun", "milstein"])
def test_strong_order_with_additive_noise(method):
    # Ornstein-Uhlenbeck: the truth on the finest noise by the same exact decay
    ode = Ode(V, negate(times(real(2.0), V)), "v", noise=(("xi", par("sigma")),))

    def exact(noise):
        decay = np.exp(-2 * (1 - (np.arange(len(noise)) + 0.5) / len(noise)))
        return 0.7 * np.exp(-2) + 0.5 * decay @ noise

    errors = paths([ode], method, exact, 0.7, sigma=0.5)
    assert abs(order(errors) - 1) < 0.2, errors


@pytest.mark.parametrize("method", ["heun", "milstein"])
def test_multiplicative_noise_is_stratonovich_of_strong_order_one(method):
    # dv = sqrt(1 + v**2) (o dW + dt/2) has the solution sinh(arsinh(v0) + t/2 + W)
    root = call("sqrt", plus(real(1.0), times(V, V)))
    ode = Ode(V, times(real(0.5), root), "v", noise=(("xi", root),))
    errors = paths(
        [ode], method, lambda noise: np.sinh(np.arcsinh(0.3) + 0.5 + noise.sum(axis=0)), 0.3
    )
    assert order(errors) > 0.85, errors


def test_equal_names_share_their_sample_and_others_do_not():
    odes = [
        Ode(V, real(0.0), "v", noise=(("xi_a", real(1.0)),)),
        Ode(W, real(0.0), "w", noise=(("xi_a", real(2.0)), ("xi_b", real(3.0)))),
    ]
    machine = Machine({"v": np.zeros(3), "w": np.zeros(3)}, dt=0.25)
    machine.samples = {"xi_a": np.array([1.0, 2, 3]), "xi_b": np.array([10.0, 0, 0])}
    machine.run(choose(system(*odes, changing=("v", "w"))), 1)
    np.testing.assert_array_equal(machine.values["v"], [0.5, 1, 1.5])
    np.testing.assert_array_equal(machine.values["w"], [16, 2, 3])


def lif(gate=None, taum=None):
    taum = taum or par("taum")
    slope = over(plus(minus(par("El"), V), var("ge"), var("gi")), taum)
    return [
        Ode(V, slope, "v", gate=gate),
        Ode(var("ge"), over(negate(var("ge")), par("taue")), "ge"),
        Ode(var("gi"), over(negate(var("gi")), par("taui")), "gi"),
    ]


TIMES = [(0.02, 0.005, 0.01), (0.01, 0.01, 0.01), (0.01, 0.01 * (1 + 1e-11), 0.005), (1e3, 1e-3, 1)]


@pytest.mark.parametrize("times_", TIMES)
def test_exact_neuron_follows_the_matrix_exponential(times_):
    taum, taue, taui = times_
    update = choose(system(*lif(), changing=("v", "ge", "gi")))
    assert update.method == "exact"
    start = {"v": [-0.06, -0.07], "ge": [0.01, 0.0], "gi": [-0.02, 0.003]}
    machine = Machine(start, dt=1e-4, taum=taum, taue=taue, taui=taui, El=-0.07).run(update, 100)
    matrix = np.zeros((4, 4))
    matrix[0] = [-1 / taum, 1 / taum, 1 / taum, -0.07 / taum]
    matrix[1, 1], matrix[2, 2] = -1 / taue, -1 / taui
    for element in range(2):
        x = np.array([start[name][element] for name in ("v", "ge", "gi")] + [1.0])
        truth = expm(matrix * 0.01) @ x
        for name, value in zip(("v", "ge", "gi"), truth):
            assert machine.values[name][element] == pytest.approx(value, rel=1e-12, abs=1e-17)


def test_time_constants_per_element_give_each_element_its_own_step():
    update = choose(system(*lif(taum=var("tau")), changing=("v", "ge", "gi")))
    tau = np.array([0.01, 0.02, 0.02])
    start = {"v": np.full(3, -0.06), "ge": np.full(3, 0.01), "gi": np.zeros(3), "tau": tau}
    machine = Machine(start, dt=1e-4, taue=0.005, taui=0.01, El=-0.07).run(update, 50)
    for element in range(3):
        values = {name: start[name][element : element + 1] for name in ("v", "ge", "gi")}
        alone = Machine(values, dt=1e-4, taum=tau[element], taue=0.005, taui=0.01, El=-0.07)
        alone.run(choose(system(*lif(), changing=("v", "ge", "gi"))), 50)
        assert machine.values["v"][element] == pytest.approx(alone.values["v"][0], rel=1e-14)


@pytest.mark.parametrize("method", ["exact", "exponential_euler", "euler", "rk2", "rk4", "heun"])
def test_a_closed_gate_holds_the_variable_while_the_others_go_on(method):
    gate = var("not_refractory", DType.BOOL)
    odes = [
        Ode(V, over(minus(minus(par("El"), V), W), par("tau")), "v", gate=gate),
        Ode(W, over(minus(times(par("a"), V), W), par("tauw")), "w"),
    ]
    update = choose(system(*odes, changing=("v", "w", "not_refractory")), method)
    start = {"v": [-0.05, -0.05], "w": [0.01, 0.01], "not_refractory": [True, False]}
    numbers = {"El": -0.07, "tau": 0.01, "tauw": 0.02, "a": 0.5}
    machine = Machine(start, dt=1e-5, **numbers).run(update, 1000)
    open_ = np.array([[-100.0, -100, -7], [25, -50, 0], [0, 0, 0]])
    closed = np.array([[0.0, 0, 0], [25, -50, 0], [0, 0, 0]])
    tolerance = 1e-12 if method == "exact" else 1e-5
    for element, matrix in enumerate((open_, closed)):
        truth = expm(matrix * 0.01) @ [-0.05, 0.01, 1]
        for name, value in zip("vw", truth):
            assert machine.values[name][element] == pytest.approx(value, abs=tolerance)
    assert machine.values["v"][1] == -0.05


def test_a_drive_that_changes_between_steps_is_held_during_each():
    ode = Ode(V, over(minus(times(par("R"), plus(var("I"), par("I0"))), V), par("tau")), "v")
    update = choose(system(ode, changing=("v", "I")))
    machine = Machine({"v": [0.1], "I": [2.0]}, dt=0.5, R=3.0, I0=1.0, tau=0.7).run(update, 1)
    assert machine.values["v"][0] == pytest.approx(9 + (0.1 - 9) * np.exp(-0.5 / 0.7), rel=1e-14)


def test_a_rate_that_changes_between_steps_is_exponentiated_in_the_kernel():
    ode = Ode(V, times(var("g"), minus(par("E"), V)), "v")
    update = choose(system(ode, changing=("v", "g")))
    assert update.method == "exact"
    rates = np.array([0.0, 1e-12, 2.0, -0.5, 3000.0])
    machine = Machine({"v": np.full(5, 0.1), "g": rates}, dt=0.5, E=3.0).run(update, 1)
    truth = 3 + (0.1 - 3) * np.exp(-rates * 0.5)
    np.testing.assert_allclose(machine.values["v"], truth, rtol=1e-14)


def test_float32_programs_compute_in_float32_with_propagators_from_float64():
    update = choose(system(*lif(), changing=("v", "ge", "gi")))
    start = {name: np.float32([0.01]) for name in ("v", "ge", "gi")}
    numbers = {"dt": 1e-4, "taum": 0.02, "taue": 0.005, "taui": 0.01, "El": -0.07}
    single = Machine(start, np.dtype(np.float32), **numbers).run(update, 20)
    double = Machine(start, **numbers).run(update, 20)
    assert single.values["v"].dtype == np.float32
    np.testing.assert_allclose(single.values["v"], double.values["v"], rtol=5e-6)
