"""Vogels, Sprekeler, Zenke, Clopath & Gerstner (2011), Science 334:1569: inhibition learns to
balance.

The rule eta*(pre*post - rho_0) strengthens inhibition until each neuron fires at the target rate
rho_0, whatever its excitation is.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]


def test_rates_go_to_the_target_whatever_the_excitation():
    defaultclock.dt = 0.5 * ms
    eqs = """
    dv/dt = (E_L - v + I_e/g_leak - g_i*(v - E_i)/g_leak)/tau : volt (unless refractory)
    dg_i/dt = -g_i/tau_i : siemens
    I_e : amp
    """
    g_leak, tau, tau_i, E_L, E_i = 10 * nS, 20 * ms, 10 * ms, -60 * mV, -80 * mV
    rho_0, tau_stdp, eta = 10 * Hz, 20 * ms, 0.04
    alpha = 2 * rho_0 * tau_stdp
    w_max = 10
    inhibitory = PoissonGroup(40, rates=20 * Hz)
    excitatory = NeuronGroup(
        6,
        eqs,
        threshold="v > -50*mV",
        reset="v = E_L",
        refractory=5 * ms,
        method="exponential_euler",
    )
    excitatory.v = E_L
    excitatory.I_e = linspace(200, 350, 6) * pA
    synapses = Synapses(
        inhibitory,
        excitatory,
        """w : 1
           dx/dt = -x/tau_stdp : 1 (event-driven)
           dy/dt = -y/tau_stdp : 1 (event-driven)""",
        on_pre="""g_i += w*0.3*nS
                  x += 1
                  w = clip(w + eta*(y - alpha), 0, w_max)""",
        on_post="""y += 1
                   w = clip(w + eta*x, 0, w_max)""",
    )
    synapses.connect()
    synapses.w = 1
    before = SpikeMonitor(excitatory)
    run(0.5 * second)
    before.active = False
    assert all(before.count / (0.5 * second) > 20 * Hz)
    run(6 * second)
    after = SpikeMonitor(excitatory, name="after")
    run(5 * second)
    rates = after.count / (5 * second)
    assert list(rates / Hz) == pytest.approx([10] * 6, abs=2)
    weights = [mean(synapses.w[:, k]) for k in range(6)]
    assert weights == sorted(weights)
