"""FitzHugh (1961), Biophys. J. 1:445: rest, oscillation and a wave along a chain of excitable
units.

Without other terms the equation of van der Pol has the period (3 - 2*ln 2)*mu for large mu; with a
= 0.7 and b = 0.8 rest loses its stability at the currents of the two Hopf bifurcations.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

a, b, eps = 0.7, 0.8, 0.08


def hopf_currents():
    """Return the currents at which the trace of the linearised equations is zero."""
    v = sqrt(1 - b * eps) * array([-1, 1])
    return (v + a) / b - v + v**3 / 3


def test_period_hopf_currents_and_a_travelling_pulse():
    mu = 40.0
    relaxing = NeuronGroup(
        1,
        """dx/dt = mu*(y - (x**3/3 - x))/ms : 1
           dy/dt = -x/mu/ms : 1""",
        threshold="x > 0",
        refractory="x > 0",
        method="rk4",
        dt=0.02 * ms,
    )
    relaxing.x = 2
    low, high = hopf_currents()
    model = Equations(
        """dv/dt = (v - v**3/3 - w + I + D*spread)/ms : 1
           dw/dt = eps*(v + a - b*w)/ms : 1
           I : 1
           spread : 1"""
    )
    units = NeuronGroup(4, model, method="rk4", namespace={"D": 0}, name="units")
    units.I = [low - 0.02, low + 0.02, high - 0.02, high + 0.02]
    rest = [roots([1 / 3, 0, 1 / b - 1, a / b - current]) for current in units.I[:]]
    units.v = [real(root[abs(root.imag) < 1e-9][0]) + 0.01 for root in rest]
    units.w = "(v + a)/b"
    chain = NeuronGroup(
        20,
        model,
        threshold="v > 1",
        refractory="v > 0",
        reset="",
        method="rk4",
        namespace={"D": 0.5},
    )
    chain.v, chain.w = -1.1994, -0.6243
    chain.v[0] = 2
    neighbours = Synapses(chain, chain, "spread_post = v_pre - v_post : 1 (summed)")
    neighbours.connect("abs(i - j) == 1")
    passed, turns = SpikeMonitor(chain), SpikeMonitor(relaxing)
    state = StateMonitor(units, "v", record=True, dt=1 * ms)
    run(400 * ms)
    assert mean(diff(turns.t / ms)) == pytest.approx((3 - 2 * log(2)) * mu, rel=0.15)
    late = state.v[:, 300:]
    assert (ptp(late, axis=1) > 1).tolist() == [False, True, True, False]
    assert passed.i[:].tolist() == list(range(20))
    speed = diff(passed.t[5:15] / ms)
    assert ptp(speed) <= 0.21
