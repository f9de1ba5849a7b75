"""Methods of integration that are described by statements, beside those that have names."""

import numpy as np
import pytest

from simgen import (
    EquationError,
    ExplicitStateUpdater,
    ModelError,
    NeuronGroup,
    StateMonitor,
    StateUpdateMethod,
    Synapses,
    ms,
    run,
    second,
    seed,
    start_scope,
)

RK2 = """
half = x + dt/2*f(x, t)
x_new = x + dt*f(half, t + dt/2)
"""
RK4 = """
k1 = dt*f(x, t)
k2 = dt*f(x + k1/2, t + dt/2)
k3 = dt*f(x + k2/2, t + dt/2)
k4 = dt*f(x + k3, t + dt)
x_new = x + (k1 + 2*k2 + 2*k3 + k4)/6
"""
EULER = "x_new = x + dt*f(x, t) + g(x, t)*dW"
HEUN = """
ahead = x + dt*f(x, t) + g(x, t)*dW
x_new = x + dt/2*(f(x, t) + f(ahead, t + dt)) + dW/2*(g(x, t) + g(ahead, t + dt))
"""
MILSTEIN = """
above = x + sqrt(dt)*g(x, t)
below = x - sqrt(dt)*g(x, t)
slope = (g(above, t) - g(below, t))/(4*dt**0.5)
x_new = x + dt*f(x, t) + g(x, t)*dW + slope*dW**2
"""
DRIFT = """
dv/dt = -v**2/(10*ms) + u/(5*ms) + sin(2*pi*t/(3*ms))/ms : 1 (unless refractory)
du/dt = -v*u/(20*ms) : 1
"""
ADDITIVE = """
dv/dt = -v**2/(10*ms) + (0.1*xi - 0.4*xi_two)*ms**-0.5 : 1 (unless refractory)
du/dt = -v*u/(20*ms) + 0.3*ms**-0.5*xi_two : 1
"""
DIAGONAL = """
dv/dt = u/(5*ms) + 0.1*v*ms**-0.5*xi_one : 1 (unless refractory)
du/dt = -v*u/(20*ms) + 0.3*sqrt(1 + u**2)*ms**-0.5*xi_two : 1
"""
SHARED = """
dv/dt = u/(5*ms) + (0.1*v*xi_one + 0.2*u*xi_two)*ms**-0.5 : 1 (unless refractory)
du/dt = -v*u/(20*ms) + 0.3*(1 + v)*ms**-0.5*xi_two : 1
"""


def course(equations, method):
    """Return v of five neurons that cross a threshold and are refractory."""
    start_scope()
    seed(3)
    group = NeuronGroup(
        5, equations, method=method, threshold="v > 2", reset="v = 0", refractory=1 * ms
    )
    group.v = "0.2*i + 0.1"
    group.u = "0.1*i"
    state = StateMonitor(group, "v", record=True)
    run(10 * ms)
    return state.v


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize(
    ("name", "description", "stochastic", "equations"),
    [
        ("rk2", RK2, None, DRIFT),
        ("rk4", RK4, None, DRIFT),
        ("euler", EULER, "additive", ADDITIVE),
        ("heun", HEUN, "multiplicative", SHARED),
        ("milstein", MILSTEIN, "multiplicative", DIAGONAL),
    ],
)
def test_a_description_of_a_known_method_gives_what_the_method_gives(
    name, description, stochastic, equations
):
    own = course(equations, ExplicitStateUpdater(description, stochastic))
    assert np.ptp(own) > 0.5
    assert own == pytest.approx(course(equations, name), rel=1e-12, abs=1e-14)


def test_noise_of_several_sources_is_summed_into_intermediate_states():
    # Without drift, and with a factor of noise that is v itself, the support value is
    # v*(1 + dW_one + dW_two); the statements below must find both sources in it.
    text = """
    support = x + g(x, t)*dW
    x_new = x + dW*g(support, t)
    """
    start_scope()
    equations = "dv/dt = v*(xi_one + xi_two)*second**-0.5 : 1\ndw/dt = xi_one*second**-0.5 : 1\n"
    equations += "du/dt = xi_two*second**-0.5 : 1"
    group = NeuronGroup(
        50, equations, method=ExplicitStateUpdater(text, "multiplicative"), dt=0.01 * second
    )
    group.v = 1
    run(0.01 * second)
    kicks = group.w[:] + group.u[:]
    assert np.ptp(kicks) > 0.1
    assert group.v[:] == pytest.approx(1 + kicks * (1 + kicks), rel=1e-13)


@pytest.mark.usefixtures("device")
def test_synapses_and_lists_of_methods_take_descriptions():
    euler = ExplicitStateUpdater("x_new = x + dt*f(x, t)")
    group = NeuronGroup(2, "dv/dt = -v/(1*ms) + xi*ms**-0.5 : 1", method=[euler, "heun"])
    assert "heun" in repr(group._method)
    synapses = Synapses(group, group, "dw/dt = -w/(1*ms) : 1 (clock-driven)", method=euler)
    synapses.connect()
    synapses.w = 1
    run(0.2 * ms)
    assert synapses.w[:] == pytest.approx(np.full(4, 0.81), rel=1e-14)  # exact: exp(-0.2)


def test_a_registered_name_stands_for_a_description():
    tripled = ExplicitStateUpdater("x_new = 3*x")
    StateUpdateMethod.register("tripled", tripled)
    StateUpdateMethod.register("tripled", tripled)  # as when a cell is run again
    start_scope()
    group = NeuronGroup(1, "dv/dt = -v/ms : 1", method="tripled")
    group.v = 1
    run(0.2 * ms)
    assert group.v[0] == 9
    with pytest.raises(ModelError, match="named 'tripled' already"):
        StateUpdateMethod.register("tripled", ExplicitStateUpdater("x_new = 4*x"))
    with pytest.raises(ModelError, match="named 'rk4' already"):
        StateUpdateMethod.register("rk4", tripled)


@pytest.mark.parametrize(
    ("stochastic", "equation", "reason"),
    [
        (None, "dv/dt = -v/ms + xi*ms**-0.5 : 1", "'v' has a noise term"),
        ("additive", "dv/dt = -v/ms + v*xi*ms**-0.5 : 1", "the noise 'xi' in dv/dt is mult"),
    ],
)
def test_noise_that_a_description_does_not_treat_is_refused(stochastic, equation, reason):
    method = ExplicitStateUpdater("x_new = x + dt*f(x, t)", stochastic)
    group = NeuronGroup(1, equation, method=method)
    with pytest.raises(EquationError, match=f"(?s)neurongroup.*{reason}"):
        run(1 * ms)
    assert group.N == 1
