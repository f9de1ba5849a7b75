"""Brunel (2000), J. Comput. Neurosci. 8:183: sparse excitation and stronger inhibition.

The rate of the asynchronous state is that of the mean-field theory, which solves Siegert's formula
for the mean and the variance that the rate itself gives. Where excitation outweighs inhibition (g <
4) the neurons fire regularly and together instead, at a high rate.
"""

from math import erf

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

N_E, N_I, C_E, C_I, C_ext = 1000, 250, 100, 25, 800
tau, theta, V_r, t_ref, J, D = 20 * ms, 20 * mV, 10 * mV, 2 * ms, 0.2 * mV, 1.5 * ms
nu_ext = 1.4 * theta / (J * C_ext * tau)  # of each of C_ext inputs


def theory(g):
    """Return the rate (Hz) that reproduces itself."""
    nu, jump, memory = 30.0, float(J / mV), float(tau / second)
    for _ in range(80):
        mu = jump * memory * (C_ext * float(nu_ext / Hz) + (C_E - g * C_I) * nu)
        spread = jump * sqrt(memory * (C_ext * float(nu_ext / Hz) + (C_E + g**2 * C_I) * nu))
        x = linspace((10 - mu) / spread, (20 - mu) / spread, 201)
        integral = trapz([exp(u * u) * (1 + erf(u)) for u in x], x)
        nu += 0.2 * (1 / (float(t_ref / second) + memory * sqrt(pi) * integral) - nu)
    return nu


def simulate(g):
    """Return the rate (Hz) from 50 ms on, and the CVs of the intervals and of the activity."""
    start_scope()
    neurons = NeuronGroup(
        N_E + N_I,
        "dv/dt = -v/tau : volt (unless refractory)",
        threshold="v > theta",
        reset="v = V_r",
        refractory=t_ref,
        method="exact",
    )
    neurons.v = "rand()*theta"
    excitation = Synapses(neurons[:N_E], neurons, on_pre="v += J", delay=D)
    excitation.connect(i="k for k in sample(N_pre, size=C_E)")
    inhibition = Synapses(neurons[N_E:], neurons, on_pre="v -= g*J", delay=D)
    inhibition.connect(i="k for k in sample(N_pre, size=C_I)")
    drive = PoissonInput(neurons, "v", N=C_ext, rate=nu_ext, weight=J)
    spikes = SpikeMonitor(neurons)
    run(350 * ms)
    late = spikes.t > 50 * ms
    gaps = [diff(train / ms) for train in spikes.spike_trains().values() if len(train) > 4]
    counts = histogram(spikes.t[late] / ms, arange(50, 351, 0.5))[0]
    return (
        late.sum() / len(neurons) / 0.3,
        mean([gap.std() / gap.mean() for gap in gaps]),
        counts.std() / counts.mean(),
    )


def test_the_rate_is_that_of_mean_field_theory():
    rate, variation, synchrony = simulate(g=8)
    assert rate == pytest.approx(theory(8), rel=0.08)
    assert 0.3 < variation < 1.2
    assert synchrony < 0.6


def test_without_enough_inhibition_neurons_fire_together_and_regularly():
    rate, variation, synchrony = simulate(g=1)
    assert rate > 150
    assert variation < 0.1
    assert synchrony > 1.2
