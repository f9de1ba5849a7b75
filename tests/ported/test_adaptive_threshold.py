"""Platkiewicz & Brette (2010), PLoS Comput. Biol. 6:e1000850, and (2011) 7:e1001129: sodium
inactivation makes a threshold that follows the voltage.

The threshold goes to theta_inf(V) = V_T + k_a*ln(1 + exp((V - V_i)/k_i)) with a time constant, so
slow ramps inactivate faster than they excite. For k_a = k_i, far above V_i, it is V + V_T - V_i,
and a ramp of slope s, which is s*tau ahead of it, excites only if s > (V_T - V_i)/tau.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

V_T, V_i, tau_theta = -55 * mV, -63 * mV, 5 * ms


def test_ramps_excite_above_the_critical_slope_and_steep_ones_earlier():
    critical = (V_T - V_i) / tau_theta
    membranes = NeuronGroup(
        6,
        """v = clip(-75*mV + slope*t, -75*mV, 100*mV) : volt
           dtheta/dt = (theta_inf - theta)/tau_theta : volt
           theta_inf = V_T + k*log(1 + exp((v - V_i)/k)) : volt
           slope : volt/second (constant)
           k : volt (constant)""",
        threshold="v > theta",
        refractory="v > theta",
        method="rk4",
        dt=0.05 * ms,
    )
    membranes.k = 1 * mV
    factors = [0.5, 0.97, 1.1, 1.5, 3, 10]
    membranes.slope = factors * critical
    membranes.theta = V_T
    spikes = SpikeMonitor(membranes, variables=["theta"])
    run(60 * ms)
    assert sorted(spikes.i[:]) == [2, 3, 4, 5]
    at = {k: spikes.theta[spikes.i == k][0] / mV for k in range(2, 6)}
    # an abrupt depolarisation meets the threshold at rest, a slow one finds it higher
    assert at[5] == pytest.approx(V_T / mV, abs=0.9)
    assert at[2] > at[3] > at[4] > at[5]
    # far above V_i theta lags v by slope*tau: what is left between them
    left = membranes.theta[:2] - membranes.v[:2]
    assert left / mV == pytest.approx(8 * (1 - array(factors[:2])), abs=1e-2)


def test_at_steady_voltages_the_threshold_has_the_slope_of_the_ratio():
    """theta rises by k_a/k_i a volt above V_i: with 5/4 rest is always below it, whatever it is."""
    held = NeuronGroup(
        50,
        """dtheta/dt = (V_T + k_a*log(1 + exp((v - V_i)/k_i)) - theta)/tau_theta : volt
           v : volt""",
        threshold="v > theta",
        refractory="v > theta",
        method="exact",
        namespace={"k_a": 5 * mV, "k_i": 4 * mV},
    )
    held.v = linspace(-80, -20, 50) * mV
    held.theta = 0 * mV
    spikes = SpikeMonitor(held)
    run(100 * ms)
    slope = diff(held.theta[:]) / diff(held.v[:])
    assert spikes.num_spikes == 0
    assert slope[0] < 0.05
    assert slope[-1] == pytest.approx(5 / 4, abs=1e-3)
    assert (held.theta[:] > held.v[:]).all()
