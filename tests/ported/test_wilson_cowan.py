"""Wilson & Cowan (1972), Biophys. J. 12:1: populations that excite and inhibit each other.

With the constants of their figure 5 the activity has two stable states, and pulses of opposite sign
switch between them (hysteresis); with those of figure 11 and P = 1.25 it oscillates, and rests at P
= 0.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

MODEL = """
dE/dt = (-E + (1 - E)*S_e)/tau : 1
dI/dt = (-I + (1 - I)*S_i)/tau : 1
S_e = 1/(1 + exp(-a_e*(c_1*E - c_2*I + P - theta_e))) - 1/(1 + exp(a_e*theta_e)) : 1
S_i = 1/(1 + exp(-a_i*(c_3*E - c_4*I - theta_i))) - 1/(1 + exp(a_i*theta_i)) : 1
P : 1
"""
NAMES = "c_1", "c_2", "c_3", "c_4", "a_e", "theta_e", "a_i", "theta_i"
BISTABLE = dict(zip(NAMES, (12, 4, 13, 11, 1.2, 2.8, 1, 4)))
RHYTHMIC = dict(zip(NAMES, (16, 12, 15, 3, 1.3, 4, 2, 3.7)))


def columns(inputs, constants):
    group = NeuronGroup(len(inputs), MODEL, method="rk4", namespace={**constants, "tau": 8 * ms})
    group.P = inputs
    return group


def response(x, slope, theta):
    return 1 / (1 + exp(-slope * (x - theta))) - 1 / (1 + exp(slope * theta))


def fixed_points(P, c_1, c_2, c_3, c_4, a_e, theta_e, a_i, theta_i):
    """Return the values of E where both nullclines cross."""
    top = 1 - 1 / (1 + exp(a_e * theta_e))
    E = linspace(-0.02, top / (1 + top) - 1e-6, 200001)
    # the first equation gives I in closed form
    s = E / (1 - E) + 1 / (1 + exp(a_e * theta_e))
    good = (s > 0) & (s < 1)
    E, s = E[good], s[good]
    I = (c_1 * E + P - theta_e + log(1 / s - 1) / a_e) / c_2
    rest = -I + (1 - I) * response(c_3 * E - c_4 * I, a_i, theta_i)
    return E[:-1][diff(sign(rest)) != 0]


def test_pulses_switch_between_two_stable_states():
    column = columns([0, 0], BISTABLE)
    low, _, high = fixed_points(0, **BISTABLE)[[0, 1, -1]]
    run(200 * ms)
    assert column.E[:] == pytest.approx([low, low], abs=1e-4)
    column.P = [1, 0]
    run(50 * ms)
    column.P = 0
    run(300 * ms)
    assert column.E[:] == pytest.approx([high, low], abs=1e-4)
    column.P = [-1, 0]
    run(50 * ms)
    column.P = 0
    run(300 * ms)
    assert column.E[:] == pytest.approx([low, low], abs=1e-4)


def test_enough_excitation_makes_a_limit_cycle():
    column = columns([0, 1.25], RHYTHMIC)
    column.E, column.I = 0.1, 0.05
    state = StateMonitor(column, "E", record=True, dt=1 * ms)
    run(1 * second)
    swing = ptp(state.E[:, 500:], axis=1)
    assert swing[0] < 1e-6
    assert swing[1] > 0.15
    (inside,) = fixed_points(1.25, **RHYTHMIC)  # the only one, which is unstable
    assert state.E[1, 500:].min() < inside < state.E[1, 500:].max()
