"""Spike-timing dependent plasticity makes 1000 Poisson inputs compete for one neuron.

Song, Miller & Abbott (2000), Nat. Neurosci. 3:919: additive STDP in which depression slightly
outweighs potentiation drives the weights to their bounds, in two groups.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure

from simgen import *

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", default="stdp.png", help="the figure to write")
parser.add_argument("--short", action="store_true", help="simulate 60 s instead of 200 s")
args = parser.parse_args()

seed(919)
taum, taue, E_leak, E_e = 10 * ms, 5 * ms, -74 * mV, 0 * mV
V_threshold, V_reset = -54 * mV, -60 * mV
taupre = taupost = 20 * ms
gmax = 0.01  # in units of the leak conductance
ltp = 0.01 * gmax  # potentiation by a pair of spikes at no distance
ltd = -1.05 * ltp * taupre / taupost  # depression, 5 % stronger in total

inputs = PoissonGroup(1000, rates=15 * Hz)
neuron = NeuronGroup(
    1,
    """dv/dt  = (ge*(E_e - v) + E_leak - v)/taum : volt
       dge/dt = -ge/taue : 1""",
    threshold="v > V_threshold",
    reset="v = V_reset",
    method="euler",
)
neuron.v = V_reset
synapses = Synapses(
    inputs,
    neuron,
    """w : 1
       dx/dt = -x/taupre : 1 (event-driven)
       dy/dt = -y/taupost : 1 (event-driven)""",
    on_pre="""ge += w
              x += ltp
              w = clip(w + y, 0, gmax)""",
    on_post="""y += ltd
               w = clip(w + x, 0, gmax)""",
)
synapses.connect()
synapses.w = "rand()*gmax"
spikes = SpikeMonitor(neuron)
weights = StateMonitor(synapses, "w", record=range(0, 1000, 20), dt=1 * second)

end = 60 if args.short else 200
run(end * second)

w = np.array(synapses.w) / gmax
extreme = np.mean((w < 0.2) | (w > 0.8))
late = np.mean(np.array(spikes.t / second) > end - 5) * spikes.num_spikes / 5
print(f"output rate in the last 5 s: {late:.1f} Hz")
print(f"weights within 20 % of a bound: {extreme:.0%} (at random: 40 %, published: two groups)")

fig = Figure(figsize=(8, 3.6), layout="constrained")
left, right = fig.subplots(1, 2)
left.plot(weights.t / second, weights.w.T / gmax, lw=0.6, color="0.4")
left.set(xlabel="time (s)", ylabel="w / gmax", ylim=(0, 1), title="50 of 1000 weights")
right.hist(w, bins=20, range=(0, 1), color="tab:blue", edgecolor="white")
right.set(xlabel="w / gmax", ylabel="number of synapses", title=f"after {end} s")
fig.savefig(args.out, dpi=110)
