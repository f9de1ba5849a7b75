"""Montbrio, Pazo & Roxin (2015), Phys. Rev. X 5:021028: the rate of a network of quadratic neurons,
exactly.

For Lorentzian currents of centre eta and half width Delta, and coupling J, the steady rate r solves
(pi*tau*r)**2 = eta + J*tau*r + (Delta/(2*pi*tau*r))**2. Theta neurons (Ermentrout & Kopell 1986)
are the same neurons on a circle: alone one fires at sqrt(I)/pi.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

tau = 20 * ms


def steady(eta, Delta, J):
    """Return tau*r by bisection; the left side less the right one grows."""
    low, high = 1e-6, 10.0
    for _ in range(100):
        r = (low + high) / 2
        if (pi * r) ** 2 < eta + J * r + (Delta / (2 * pi * r)) ** 2:
            low = r
        else:
            high = r
    return r


def test_single_neurons_fire_at_the_root_of_their_current():
    theta = NeuronGroup(
        4,
        "dtheta/dt = (1 - cos(theta) + (1 + cos(theta))*I)/tau : 1\nI : 1 (constant)",
        threshold="theta > pi",
        reset="theta -= 2*pi",
        method="rk4",
    )
    theta.I = [-0.1, 0.1, 1, 4]
    theta.theta = -0.6
    spikes = SpikeMonitor(theta)
    run(1 * second)
    trains = spikes.spike_trains()
    assert len(trains[0]) == 0
    rates = [1 / mean(diff(trains[k])) * tau for k in (1, 2, 3)]
    assert rates == pytest.approx(list(sqrt(array([0.1, 1, 4])) / pi), rel=5e-3)


@pytest.mark.parametrize(("eta", "J"), [(1.0, 0.0), (0.5, 4.0), (2.0, -6.0)])
def test_the_rate_of_the_network_is_that_of_the_theory(eta, J):
    defaultclock.dt = 0.05 * ms
    n, Delta, tau_s = 500, 0.5, 5 * ms
    mean_input = NeuronGroup(1, "ds/dt = -s/tau_s : 1", method="exact")
    cells = NeuronGroup(
        n,
        """dtheta/dt = (1 - cos(theta) + (1 + cos(theta))*(I + s))/tau : 1
           I : 1 (constant)
           s : 1 (linked)""",
        threshold="theta > pi",
        reset="theta -= 2*pi",
        method="rk4",
    )
    cells.s = linked_var(mean_input, "s")
    quantiles = (arange(n) + 0.5) / n
    cells.I = eta + Delta * tan(pi * (quantiles - 0.5))
    cells.theta = "2*pi*rand() - pi"
    jump = J * tau / tau_s / n
    coupling = Synapses(cells, mean_input, on_pre="s_post += jump")
    coupling.connect()
    run(100 * ms)
    spikes = SpikeMonitor(cells, record=False)
    run(300 * ms)
    found = float(spikes.num_spikes / n / (300 * ms) * tau)
    assert found == pytest.approx(steady(eta, Delta, J), rel=0.02)
