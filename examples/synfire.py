"""A synfire chain passes a strong volley of spikes on, and lets a weak one die.

Diesmann, Gewaltig & Aertsen (1999), Nature 402:529: ten pools of 100 noisy neurons, each
neuron excited by the whole pool before it. Two chains get volleys of 100 and of 40 spikes.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure

from simgen import *

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", default="synfire.png", help="the figure to write")
parser.add_argument("--short", action="store_true", help="a single trial instead of ten")
args = parser.parse_args()

seed(402)
trials = 1 if args.short else 10
pools, size, volley, sigma = 10, 100, (100, 40), 1 * ms
chain = pools * size  # neurons in one chain; strong chains first, then weak ones
V_rest, V_threshold, taum, tau_psp = -70 * mV, -55 * mV, 10 * ms, 0.325 * ms
weight = 4.86 * mV  # of the alpha-shaped input; a single spike gives 0.14 mV
equations = """
dv/dt = (V_rest - v + x)/taum : volt (unless refractory)
dx/dt = (y - x)/tau_psp : volt
dy/dt = (mean_input - y)/tau_psp + noise*xi : volt
"""
mean_input, noise = 25.27 * mV * 0.325, 39.24 * mV / ms**0.5
neurons = NeuronGroup(
    2 * trials * chain,
    equations,
    threshold="v > V_threshold",
    reset="v = V_rest",
    refractory=1 * ms,
    method="euler",
)
neurons.v = "V_rest + rand()*(V_threshold - V_rest)"
neurons.x = neurons.y = mean_input

rng = np.random.default_rng(1999)
sources = np.arange(2 * trials * size)
sources = sources[sources % size < np.repeat(volley, trials * size)]
when = 50 + rng.normal(scale=sigma / ms, size=len(sources))
inputs = SpikeGeneratorGroup(2 * trials * size, sources, when * ms)

links = Synapses(neurons, neurons, on_pre="y += weight", delay=5 * ms)
links.connect(
    j="k for k in range((i//size + 1)*size, (i//size + 2)*size) if i % chain < chain - size"
)
entry = Synapses(inputs, neurons, on_pre="y += weight", delay=5 * ms)
entry.connect(condition="i//size == j//chain and j % chain < size")
spikes = SpikeMonitor(neurons)
run(125 * ms)

i, t = np.array(spikes.i), np.array(spikes.t / ms)
last = (i % chain >= chain - size) & (t > 100) & (t < 110)
arrived = np.bincount(i[last] // chain, minlength=2 * trials)
strong, weak = arrived[:trials], arrived[trials:]
print(f"spikes of the last pool after 100: {np.mean(strong):.1f} (published: 100, it survives)")
print(f"spikes of the last pool after 40: {np.mean(weak):.1f} (published: it dies)")

fig = Figure(figsize=(8, 4), layout="constrained")
axes = fig.subplots(1, 2, sharey=True)
for ax, first, number in zip(axes, (0, trials * chain), volley):
    shown = (i >= first) & (i < first + chain)
    ax.plot(t[shown], i[shown] - first, ".k", ms=2)
    for pool in range(1, pools):
        ax.axhline(pool * size, color="0.8", lw=0.5)
    ax.set(xlabel="time (ms)", title=f"volley of {number} spikes", xlim=(40, 125))
axes[0].set(ylabel="neuron of the chain", ylim=(0, chain))
fig.savefig(args.out, dpi=110)
