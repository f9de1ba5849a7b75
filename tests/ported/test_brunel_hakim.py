"""Brunel & Hakim (1999), Neural Comput. 11:1621: sparse inhibition oscillates faster than cells
fire.

An inhibitory network with a delay of 2 ms and strong, noisy drive has a global rhythm of period 2
to 4 delays while each neuron fires at a fraction of that rate, irregularly.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]


def test_a_global_rhythm_of_neurons_that_fire_rarely():
    N, C = 1000, 200
    tau, V_r, theta, tau_rp, delta = 20 * ms, 10 * mV, 20 * mV, 2 * ms, 2 * ms
    J = 0.1 * mV * 1000 / C  # the mean inhibition of the paper's 1000 connections
    mu_ext, sigma_ext = 25 * mV, 1 * mV
    group = NeuronGroup(
        N,
        "dv/dt = (-v + mu_ext + sigma_ext*sqrt(tau)*xi)/tau : volt",
        threshold="v > theta",
        reset="v = V_r",
        refractory=tau_rp,
        method="euler",
    )
    group.v = V_r
    synapses = Synapses(group, group, on_pre="v -= J", delay=delta)
    synapses.connect(p=C / N)
    spikes = SpikeMonitor(group)
    activity = PopulationRateMonitor(group)
    run(250 * ms)
    late = activity.smooth_rate(window="flat", width=0.5 * ms)[activity.t > 50 * ms] / Hz
    power = abs(rfft(late - late.mean())) ** 2
    frequency = rfftfreq(len(late), defaultclock.dt / second)
    peak = frequency[power.argmax()]
    single = spikes.num_spikes / N / (250 * ms) / Hz
    assert 1 / (4 * delta) / Hz < peak < 1 / (2 * delta) / Hz
    assert 0.02 < single / peak < 0.3
    assert late.std() > 0.4 * late.mean()
