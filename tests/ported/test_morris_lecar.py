"""Morris & Lecar (1981), Biophys. J. 35:193: a barnacle muscle fibre begins and ends to oscillate.

Parameters of Rinzel & Ermentrout (1998), "Analysis of neural excitability and oscillations": rest
is unstable for currents from 94 to 212 uA/cm2 (Hopf bifurcations). With other constants of
potassium the fibre begins to oscillate at 40 uA/cm2 at any low rate (saddle-node on the cycle).
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

CURRENT = uA / cm**2
EQUATIONS = Equations(
    """
    # membrane, with activation of calcium that follows at once
    dv/dt = (I - g_Ca*m_inf*(v - E_Ca) - g_K*w*(v - E_K) - g_L*(v - E_L))/C_m : volt
    m_inf = 0.5*(1 + tanh((v - V_1)/V_2)) : 1
    # potassium
    dw/dt = phi*cosh((v - V_3)/(2*V_4))*(w_inf - w)/ms : 1
    w_inf = 0.5*(1 + tanh((v - V_3)/V_4)) : 1
    I : amp/meter**2 (constant)
    """,
    C_m=20 * uF / cm**2,
    g_K=8 * msiemens / cm**2,
    g_L=2 * msiemens / cm**2,
    E_Ca=120 * mV,
    E_K=-84 * mV,
    E_L=-60 * mV,
    V_1=-1.2 * mV,
    V_2=18 * mV,
)


def fibres(currents, **constants):
    group = NeuronGroup(
        len(currents),
        EQUATIONS,
        threshold="v > 0*mV",
        refractory="v > -10*mV",
        method="rk4",
        namespace=constants,
    )
    group.I = array(currents) * CURRENT
    group.v = -40 * mV
    group.w = "w_inf"
    return group


def test_rest_is_unstable_between_two_hopf_bifurcations():
    hopf = {"g_Ca": 4.4 * mS / cm**2, "V_3": 2 * mV, "V_4": 30 * mV, "phi": 0.04}
    fibre = fibres([60, 80, 100, 150, 200, 230], **hopf)
    state = StateMonitor(fibre, "v", record=True, dt=1 * ms)
    run(1 * second)
    late = state.v[:, state.t > 700 * ms]
    swing = (late.max(axis=1) - late.min(axis=1)) / mV
    assert (swing > 20).tolist() == [False, False, True, True, True, False]
    assert max(swing[[0, 1, 5]]) < 1


def test_the_rate_begins_at_zero_at_the_saddle_node():
    snic = {"g_Ca": 4 * mS / cm**2, "V_3": 12 * mV, "V_4": 17.4 * mV, "phi": 1 / 15}
    fibre = fibres([39, 41, 44, 53], **snic)
    spikes = SpikeMonitor(fibre)
    run(2 * second)
    counts = spikes.count[:]
    trains = spikes.spike_trains()
    rates = [1 / mean(diff(trains[k])) / Hz for k in (1, 2, 3)]
    assert counts[0] <= 1
    # the rate grows as the root of the distance: 1, 4 and 13 uA/cm2 beyond 40
    assert rates[1] / rates[0] == pytest.approx(2, rel=0.15)
    assert rates[2] / rates[0] == pytest.approx(13**0.5, rel=0.25)
