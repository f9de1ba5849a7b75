"""Clopath, Busing, Vasilaki & Gerstner (2010), Nat. Neurosci. 13:344: plasticity depends on
voltage.

A spike that comes 10 ms before the presynaptic one weakens the synapse when pairs are rare; at 50
Hz both orders strengthen it (their figure 2, after Sjostrom et al. 2001), since the filtered
voltage has no time to fall.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

E_L, theta_minus, theta_plus = -70.6 * mV, -70.6 * mV, -45.3 * mV
tau_pre, tau_minus, tau_plus = 15 * ms, 10 * ms, 7 * ms
A_post, A_pre = 8e-5 / mV**2 / ms, 14e-5 / mV  # of voltage after and at presynaptic spikes
NEURON = """
dv/dt = (E_L - v)/(10*ms) : volt (unless refractory)
du_minus/dt = (v - u_minus)/tau_minus : volt
du_plus/dt = (v - u_plus)/tau_plus : volt
"""
SYNAPSE = """
dx/dt = -x/tau_pre : 1 (clock-driven)
above = clip(v_post - theta_plus, 0*mV, inf*mV) : volt
filtered = clip(u_plus_post - theta_minus, 0*mV, inf*mV) : volt
dw/dt = A_post*x*above*filtered : 1 (clock-driven)
"""


def test_pairs_strengthen_in_either_order_only_when_they_are_frequent():
    rates = array([1, 20, 50, 1, 20, 50]) * Hz
    lag = array([10, 10, 10, -10, -10, -10]) * ms  # of the postsynaptic spike
    pairs = 5
    index = repeat(arange(6), pairs)
    times = around(tile(arange(pairs), 6) / rates[index] / ms, 3) * ms + 15 * ms
    pre = SpikeGeneratorGroup(6, index, times)
    pulses = SpikeGeneratorGroup(6, index, times + lag[index])
    post = NeuronGroup(
        6,
        NEURON,
        threshold="v > 20*mV",
        reset="",
        refractory=2 * ms,
        events={"spike_over": "v > 20*mV and t >= lastspike + 1*ms"},  # the spike lasts 1 ms
        method="exponential_euler",
    )
    post.run_on_event("spike_over", "v = E_L + 5*mV")
    post.v = post.u_minus = post.u_plus = E_L
    drive = Synapses(pulses, post, on_pre="v_post = 33*mV")
    drive.connect(j="i")
    synapses = Synapses(
        pre,
        post,
        SYNAPSE,
        on_pre="""w -= A_pre*clip(u_minus_post - theta_minus, 0*mV, inf*mV)
                  x = 1""",
        method="euler",
    )
    synapses.connect(j="i")
    spikes = SpikeMonitor(post)
    trace = StateMonitor(post, "v", record=[0])
    run(max(times) + 20 * ms)
    assert spikes.count[:].tolist() == [pairs] * 6
    assert sum(trace.v[0] > 20 * mV) == 11 * pairs  # it fires one step after its input
    change = synapses.w[:]
    assert change[3] < 0 < change[0] < change[1] < change[2]
    assert change[3] < change[4] < change[5]
    assert change[5] > 0.1


def test_a_clamped_voltage_changes_weights_by_the_closed_form():
    """Depression grows as the square of the mean depolarisation, which keeps neurons in bounds.

    The voltage is held while the presynaptic neuron fires 25 times at 50 Hz (their figure 1, after
    Ngezahayo et al. 2000): no change at rest, depression below theta_plus, then potentiation.
    """
    held = array([-70.6, -60, -50, -40, -20]) * mV
    pre = SpikeGeneratorGroup(1, zeros(25, int), (10 + 20 * arange(25)) * ms)
    u_ref = 60 * mV**2
    post = NeuronGroup(
        len(held),
        """v : volt
           u_minus : volt
           u_plus : volt
           du_mean/dt = (clip(v - E_L, 0*mV, inf*mV)**2 - u_mean)/(1*second) : volt**2""",
        method="exponential_euler",
    )
    post.v = post.u_minus = post.u_plus = held
    post.u_mean = "(v - E_L)**2"  # held for long
    synapses = Synapses(
        pre,
        post,
        SYNAPSE,
        on_pre="""w -= A_pre*u_mean_post/u_ref*clip(u_minus_post - theta_minus, 0*mV, inf*mV)
                  x += 1""",
        method="euler",
    )
    synapses.connect()
    run(700 * ms)
    u = held / mV + 70.6
    depression = 25 * 14e-5 * u**2 / 60 * u
    potentiation = 8e-5 * 25 * 15 * clip(u - 25.3, 0, inf) * u
    assert synapses.w[:] == pytest.approx(potentiation - depression, rel=0.01, abs=1e-9)
    assert synapses.w[0] == 0
    assert synapses.w[1] < 0
    assert synapses.w[3] > 0
