"""Jahnke, Timme & Memmesheimer (2012), Phys. Rev. X 2:041016: synchronous inputs make dendritic
spikes.

Inputs of more than theta_b within 2 ms start a dendritic spike, which comes after tau_ds as one
strong pulse; then the dendrite is refractory. Sums below theta_b, or spread over a longer time, add
up linearly.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]


def test_only_synchronous_inputs_above_the_threshold_make_a_dendritic_spike():
    tau, window, tau_ds, t_ref = 14 * ms, 2 * ms, 2.7 * ms, 5 * ms
    theta_b, g_ds, w = 8.65 * mV, 11 * mV, 1.1 * mV
    neurons = NeuronGroup(
        4,
        """dv/dt = -v/tau : volt (unless refractory)
           recent : volt  # sum of the inputs of the last 2 ms
           dendrite_ready : second
           n_dendritic : integer""",
        threshold="v > 15*mV",
        reset="v = 0*mV",
        refractory=3 * ms,
        events={"dendritic_spike": "recent > theta_b and t >= dendrite_ready"},
        method="exact",
    )
    neurons.run_on_event("dendritic_spike", "dendrite_ready = t + t_ref; n_dendritic += 1")
    # neurons get 7 or 10 inputs at once, 10 within 10 ms, and 10 twice, 3 ms apart
    n = [7, 10, 10, 20]
    target = repeat(arange(4), n)
    times = concatenate([[10] * 7, [10] * 10, linspace(10, 20, 10), [10] * 10 + [13] * 10]) * ms
    inputs = SpikeGeneratorGroup(len(target), arange(len(target)), times)
    synapses = Synapses(
        inputs,
        neurons,
        on_pre={"soma": "v_post += w", "begin": "recent_post += w", "end": "recent_post -= w"},
        delay={"end": window},
    )
    synapses.connect(i=arange(len(target)), j=target)
    strong = Synapses(
        neurons, neurons, on_pre="v_post += g_ds", on_event="dendritic_spike", delay=tau_ds
    )
    strong.connect(j="i")
    dendritic = EventMonitor(neurons, "dendritic_spike")
    state = StateMonitor(neurons, "v", record=True)
    somatic = SpikeMonitor(neurons)
    run(40 * ms)
    assert dendritic.i[:].tolist() == [1, 3]
    assert dendritic.t / ms == pytest.approx([10.1, 10.1])  # conditions precede the synapses
    assert neurons.n_dendritic[:].tolist() == [0, 1, 0, 1]
    assert neurons.recent / mV == pytest.approx(zeros(4), abs=1e-9)
    assert somatic.i[:].tolist() == [1, 3]
    assert somatic.t / ms == pytest.approx([12.9, 12.9])  # tau_ds and a step later
    linear = sum(1.1 * exp(-arange(10) / 0.9 / 14))  # inputs 10/9 ms apart
    assert state.v.max(axis=1)[[0, 2]] / mV == pytest.approx([7.7, linear], rel=5e-3)
