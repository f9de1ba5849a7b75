"""Kuramoto (1984), Chemical Oscillations, Waves, and Turbulence: oscillators synchronise beyond a
critical coupling.

With Lorentzian frequencies of half width gamma they stay apart below K = 2*gamma; beyond, the order
parameter is sqrt(1 - 2*gamma/K).
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]


def order(K, number=120):
    """Return the order parameter in the steady state."""
    start_scope()
    oscillators = NeuronGroup(
        number,
        """dtheta/dt = omega + K*pull/N/second : 1
           omega : Hz (constant)
           pull : 1""",
        method="rk4",
        dt=20 * ms,
    )
    quantiles = (arange(number) + 0.5) / number
    oscillators.omega = tan(pi * (quantiles - 0.5)) / second  # gamma = 1/s
    oscillators.theta = "2*pi*rand()"
    coupling = Synapses(
        oscillators,
        oscillators,
        "pull_post = sin(theta_pre - theta_post) : 1 (summed)",
        dt=20 * ms,
    )
    coupling.connect()
    state = StateMonitor(oscillators, "theta", record=True, dt=100 * ms)
    run(40 * second)
    late = exp(1j * state.theta[:, 200:]).mean(axis=0)
    return mean(abs(late))


def test_the_order_parameter_is_the_closed_form():
    found = [order(K) for K in (3.0, 4.0, 8.0)]
    assert found == pytest.approx(list(sqrt(1 - 2 / array([3, 4, 8]))), abs=0.05)
    assert order(1.0) < 0.25
