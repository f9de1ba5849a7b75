"""Vogels & Abbott (2005), J. Neurosci. 25:10786: a network that keeps itself active.

Conductances of 6 and 67 nS between 4,000 neurons at 2 % sustain irregular firing after a kick and
without any input (benchmark 1 of Brette et al. 2007); with half of the excitation it dies out.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]


def activity(w_e, duration):
    """Return the rate (Hz) in the last 100 ms and the CV of intervals."""
    start_scope()
    seed(5)
    tau, g_L, w_i = 20 * ms, 10 * nS, 67 * nS
    neurons = NeuronGroup(
        4000,
        """dv/dt = (-60*mV - v - ge*v/g_L - gi*(v + 80*mV)/g_L)/tau : volt (unless refractory)
           dge/dt = -ge/(5*ms) : siemens
           dgi/dt = -gi/(10*ms) : siemens""",
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=5 * ms,
        method="exponential_euler",
    )
    neurons.v = "-60*mV + 10*mV*rand()"
    neurons.ge, neurons.gi = "(randn()*1.5 + 4)*10*nS", "(randn()*12 + 20)*10*nS"
    excitation = Synapses(neurons[:3200], neurons, on_pre="ge += w_e")
    inhibition = Synapses(neurons[3200:], neurons, on_pre="gi += w_i")
    for synapses in (excitation, inhibition):
        synapses.connect(p=0.02)
    spikes = SpikeMonitor(neurons)
    run(duration)
    trains = [train / ms for train in spikes.spike_trains().values() if len(train) > 4]
    variation = mean([diff(train).std() / diff(train).mean() for train in trains] or [0])
    return sum(spikes.t > duration - 100 * ms) / 4000 / 0.1, variation


def test_activity_lasts_without_input_and_is_irregular():
    rate, variation = activity(6 * nS, 400 * ms)
    print(rate, variation)
    assert 10 < rate < 35
    assert variation > 0.7
    assert activity(3 * nS, 200 * ms)[0] == 0
