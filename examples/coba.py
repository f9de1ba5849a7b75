"""COBA: a sparse random network whose synapses are exponentially decaying conductances.

Vogels & Abbott (2005), J. Neurosci. 25:10786; benchmark 1 of Brette et al. (2007),
J. Comput. Neurosci. 23:349. A constant current drives each of the 4000 neurons by 20 mV.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure

from simgen import *

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", default="coba.png", help="the figure to write")
parser.add_argument("--short", action="store_true", help="simulate 0.6 s instead of 2 s")
args = parser.parse_args()

seed(2007)
taum, taue, taui = 20 * ms, 5 * ms, 10 * ms
E_leak, E_e, E_i, V_threshold, V_reset = -60 * mV, 0 * mV, -80 * mV, -50 * mV, -60 * mV
drive = 20 * mV
w_e, w_i = 0.6, 6.7  # in units of the leak conductance
equations = """
dv/dt  = (E_leak - v + ge*(E_e - v) + gi*(E_i - v) + drive)/taum : volt (unless refractory)
dge/dt = -ge/taue : 1
dgi/dt = -gi/taui : 1
"""
neurons = NeuronGroup(
    4000,
    equations,
    threshold="v > V_threshold",
    reset="v = V_reset",
    refractory=5 * ms,
    method="exponential_euler",
)
neurons.v = "E_leak + (5*randn() - 5)*mV"
neurons.ge = "clip(0.15*randn() + 0.4, 0, inf)"
neurons.gi = "clip(1.2*randn() + 2, 0, inf)"
excitation = Synapses(neurons[:3200], neurons, on_pre="ge += w_e")
excitation.connect(p=0.02)
inhibition = Synapses(neurons[3200:], neurons, on_pre="gi += w_i")
inhibition.connect(p=0.02)
spikes, population = SpikeMonitor(neurons), PopulationRateMonitor(neurons)

start, end = 0.2, 0.6 if args.short else 2.0  # the initial synchrony is gone after 0.2 s
run(end * second)

i, t = np.array(spikes.i), np.array(spikes.t / second)
rate = np.sum(t >= start) / 4000 / (end - start)
print(f"mean rate {rate:.2f} Hz (Brian 2: 21.4 +- 0.8 Hz, by seed)")

fig = Figure(figsize=(7, 4.6), layout="constrained")
top, bottom = fig.subplots(2, 1, sharex=True, height_ratios=(3, 1))
top.plot(t * 1000, i, ",k")
top.axhline(3200, color="tab:red", lw=1)
top.set(ylabel="neuron index", ylim=(0, 4000), title="COBA, inhibitory neurons above the line")
bottom.plot(population.t / ms, population.smooth_rate(width=2 * ms) / Hz, lw=0.8)
bottom.set(xlabel="time (ms)", ylabel="rate (Hz)", xlim=(0, 600))
fig.savefig(args.out, dpi=110)
