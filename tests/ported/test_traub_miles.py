"""Traub & Miles (1991), Neuronal Networks of the Hippocampus, as reduced by Ermentrout & Kopell
(1998), PNAS 95:1259: a pyramidal cell whose rate begins at zero.

Rest is lost where the current of steady gates has its maximum over the voltage, and the rate grows
as the root of the distance from there (saddle-node on the cycle).
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

MODEL = Equations(
    """
    dv/dt = (I - g_L*(v + 67*mV) - g_Na*m**3*h*(v - 50*mV) - g_K*n**4*(v + 100*mV))/C : volt
    dm/dt = alpha_m*(1 - m) - beta_m*m : 1
    dh/dt = alpha_h*(1 - h) - beta_h*h : 1
    dn/dt = alpha_n*(1 - n) - beta_n*n : 1
    alpha_m = 0.32*4/exprel(-(v + 54*mV)/(4*mV))/ms : Hz
    beta_m = 0.28*5/exprel((v + 27*mV)/(5*mV))/ms : Hz
    alpha_h = 0.128*exp(-(v + 50*mV)/(18*mV))/ms : Hz
    beta_h = 4/(1 + exp(-(v + 27*mV)/(5*mV)))/ms : Hz
    alpha_n = 0.032*5/exprel(-(v + 52*mV)/(5*mV))/ms : Hz
    beta_n = 0.5*exp(-(v + 57*mV)/(40*mV))/ms : Hz
    # the current that keeps v where it is, with gates at their steady states
    m_inf = alpha_m/(alpha_m + beta_m) : 1
    h_inf = alpha_h/(alpha_h + beta_h) : 1
    n_inf = alpha_n/(alpha_n + beta_n) : 1
    I_inf = g_L*(v + 67*mV) + g_Na*m_inf**3*h_inf*(v - 50*mV) + g_K*n_inf**4*(v + 100*mV)
            : amp/meter**2
    I : amp/meter**2
    """,
    C=1 * ufarad / cm**2,
    g_L=0.1 * msiemens / cm**2,
    g_Na=100 * msiemens / cm**2,
    g_K=80 * msiemens / cm**2,
)
CURRENT = uA / cm**2


def test_the_rate_begins_at_zero_at_the_fold_of_the_steady_current():
    curve = NeuronGroup(2001, MODEL, method="rk4", name="curve")
    curve.v = linspace(-67, -57, 2001) * mV
    rheobase = max(curve.I_inf[:])
    assert rheobase / CURRENT == pytest.approx(0.12, abs=0.02)
    cells = NeuronGroup(
        5, MODEL, threshold="v > 0*mV", refractory="v > -20*mV", method="rk4", dt=0.02 * ms
    )
    cells.v, cells.h, cells.n = -67 * mV, 1, 0
    distance = array([-0.005, 0.005, 0.02, 0.08, 5])
    cells.I = rheobase + distance * CURRENT
    spikes = SpikeMonitor(cells)
    net = Network(cells, spikes)
    net.run(1.2 * second)
    trains = spikes.spike_trains()
    assert len(trains[0]) == 0
    rates = array([1 / mean(diff(trains[k][1:])) / Hz for k in range(1, 5)])
    print(rheobase / CURRENT, rates)
    assert rates[1:3] / rates[:2] == pytest.approx([2, 2], rel=0.15)
    assert rates[0] < 10
