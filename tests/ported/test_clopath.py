"""Clopath, Busing, Vasilaki & Gerstner (2010), Nat. Neurosci. 13:344: plasticity depends on voltage.

Pairs of spikes 10 ms apart leave weights unchanged or weaker when repeated slowly; at 50 Hz they
strengthen them in either order (their figure 2b, after Sjostrom et al. 2001).
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

POSTSYNAPTIC = """
dv/dt = (g_L*(E_L - v) + upswing - w_ad + z + I)/C : volt (unless refractory)
upswing = g_L*Delta*exp(clip((v - V_T)/Delta, -inf, 7)) : amp  # at most 20 mV in a step
dw_ad/dt = (a*(v - E_L) - w_ad)/(144*ms) : amp
dz/dt = -z/(40*ms) : amp  # current after a spike
dV_T/dt = (-50.4*mV - V_T)/(50*ms) : volt
du_minus/dt = (v - u_minus)/(10*ms) : volt
du_plus/dt = (v - u_plus)/(7*ms) : volt
I = 8*nA*int(timestep(t, dt) % timestep(period, dt) >= timestep(shift, dt))
    *int(timestep(t, dt) % timestep(period, dt) < timestep(shift + 2*ms, dt))*int(t < t_end) : amp
period : second (constant)
shift : second (constant)
"""


def test_pairs_repeated_fast_strengthen_in_either_order():
    C, g_L, E_L, Delta, a, b = 281 * pF, 30 * nS, -70.6 * mV, 2 * mV, 4 * nS, 80.5 * pA
    theta_minus, theta_plus, tau_x = -70.6 * mV, -45.3 * mV, 15 * ms
    A_LTD, A_LTP = 14e-5 / mV, 8e-5 / mV**2
    post = NeuronGroup(
        6,
        POSTSYNAPTIC,
        threshold="v > 20*mV",
        reset="v = 33*mV; w_ad += b; z = 400*pA; V_T = -30.4*mV",
        refractory=2.2 * ms,
        events={"spike_over": "v > 20*mV and t > lastspike + 2*ms"},  # it stays up so long
        method="euler",
    )
    post.run_on_event("spike_over", "v = E_L + 15*mV")
    rates = array([5, 20, 50, 5, 20, 50]) * Hz
    post.period = 1 / rates
    post.shift = [20, 20, 20, 0, 0, 0] * ms  # of the pulse; presynaptic spikes come at 9 ms
    post.v = post.u_minus = post.u_plus = E_L
    post.V_T = -50.4 * mV
    pairs = 12
    t_end = pairs / min(rates)
    index = repeat(arange(6), pairs)
    pre = SpikeGeneratorGroup(6, index, tile(arange(pairs), 6) / rates[index] + 10 * ms)
    synapses = Synapses(
        pre,
        post,
        """dx/dt = -x/tau_x : 1 (clock-driven)
           above = clip((v_post - theta_plus)/mV, 0, inf) : 1
           dw/dt = A_LTP*mV**2*x*above*clip((u_plus_post - theta_minus)/mV, 0, inf)/ms : 1 \
(clock-driven)""",
        on_pre="""w = clip(w - A_LTD*clip(u_minus_post - theta_minus, 0*mV, inf*mV), 0, 3)
                  x += 1""",
        method="euler",
    )
    synapses.connect(j="i")
    synapses.w = 1
    run(t_end)
    print(synapses.w[:])
