"""A sparse network of excitation and inhibition with delays spread over 0.5-5 ms.

Brunel (2000), J. Comput. Neurosci. 8:183, model A at g = 5 and nu_ext = 2 nu_threshold, where
the activity is asynchronous and irregular. The rate of his mean-field theory (Siegert's formula,
solved below) does not depend on the delays.
"""

import argparse
from math import erf, exp, pi, sqrt

import numpy as np
from matplotlib.figure import Figure

from simgen import *

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", default="brunel_delays.png", help="the figure to write")
parser.add_argument("--short", action="store_true", help="simulate 0.3 s instead of 1 s")
args = parser.parse_args()

seed(2000)
N_e, N_i, C_e, C_i = 8000, 2000, 800, 200  # neurons, and inputs of each neuron
tau, theta, V_reset, t_ref = 20 * ms, 20 * mV, 10 * mV, 2 * ms
J, g = 0.1 * mV, 5
nu_ext = 2 * theta / (J * C_e * tau)  # of each of C_e external inputs


def siegert(nu):
    """Return the rate (Hz) of a neuron whose recurrent inputs all fire at ``nu`` (Hz)."""
    jump, memory, outside = float(J / mV), float(tau / second), float(nu_ext / Hz)
    mu = jump * memory * (C_e * outside + (C_e - g * C_i) * nu)
    sigma = jump * sqrt(memory * (C_e * outside + (C_e + g**2 * C_i) * nu))
    low, high = (float(V_reset / mV) - mu) / sigma, (float(theta / mV) - mu) / sigma
    middle = low + (high - low) * (np.arange(400) + 0.5) / 400
    integral = sum(exp(x * x) * (1 + erf(x)) for x in middle) * (high - low) / 400
    return 1 / (float(t_ref / second) + memory * sqrt(pi) * integral)


theory = 30.0
for _ in range(200):
    theory += 0.1 * (siegert(theory) - theory)

neurons = NeuronGroup(
    N_e + N_i,
    "dv/dt = -v/tau : volt (unless refractory)",
    threshold="v > theta",
    reset="v = V_reset",
    refractory=t_ref,
    method="exact",
)
neurons.v = "rand()*theta"
excitation = Synapses(neurons[:N_e], neurons, on_pre="v += J")
excitation.connect(i="k for k in sample(N_pre, size=C_e)")
inhibition = Synapses(neurons[N_e:], neurons, on_pre="v -= g*J")
inhibition.connect(i="k for k in sample(N_pre, size=C_i)")
for synapses in (excitation, inhibition):
    synapses.delay = "0.5*ms + 4.5*ms*rand()"
drive = PoissonInput(neurons, "v", N=C_e, rate=nu_ext, weight=J)
spikes, population = SpikeMonitor(neurons), PopulationRateMonitor(neurons)

start, end = 0.1, 0.3 if args.short else 1.0
run(end * second)

i, t = np.array(spikes.i), np.array(spikes.t / second)
rate = np.sum(t >= start) / (N_e + N_i) / (end - start)
print(f"mean rate {rate:.2f} Hz (mean-field theory: {theory:.2f} Hz)")

fig = Figure(figsize=(7, 4.6), layout="constrained")
top, bottom = fig.subplots(2, 1, sharex=True, height_ratios=(3, 2))
top.plot(t[i < 100] * 1000, i[i < 100], "|k", ms=3)
top.set(ylabel="neuron index", ylim=(-1, 100), title="Brunel's network, delays 0.5-5 ms")
bottom.plot(population.t / ms, population.smooth_rate(width=1 * ms) / Hz, lw=0.8)
bottom.axhline(theory, color="tab:red", lw=1, label="mean-field theory")
bottom.set(xlabel="time (ms)", ylabel="rate (Hz)", xlim=(0, 300), ylim=(0, 2.6 * theory))
bottom.legend(loc="upper right")
fig.savefig(args.out, dpi=110)
