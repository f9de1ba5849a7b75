"""Synapses that STDP has weakened are replaced by others: targets find the correlated inputs.

Half of 1000 Poisson inputs share a fluctuating rate. By additive STDP, those of a neuron compete
(Song, Miller & Abbott (2000), Nat. Neurosci. 3:919). Once a second, synapses below a tenth of the
largest weight are removed, and as many are made between the same neuron and other inputs.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure

from simgen import *

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", default="rewiring.png", help="the figure to write")
parser.add_argument("--short", action="store_true", help="simulate 40 s instead of 200 s")
args = parser.parse_args()

seed(2000)
taum, taue, E_leak, E_e = 10 * ms, 5 * ms, -74 * mV, 0 * mV
taupre = taupost = 20 * ms
gmax = 0.08  # in units of the leak conductance
ltp = 0.02 * gmax
ltd = -1.1 * ltp * taupre / taupost
end = 40 if args.short else 200
shared = np.random.default_rng(1).normal(size=50 * end)  # a value for each 20 ms
fluctuation = TimedArray(np.clip(1 + 0.8 * shared, 0, None), dt=20 * ms)
inputs = PoissonGroup(1000, rates="12*Hz*(1 + int(i < 500)*(fluctuation(t) - 1))")
neurons = NeuronGroup(
    20,
    """dv/dt  = (ge*(E_e - v) + E_leak - v)/taum : volt
       dge/dt = -ge/taue : 1""",
    threshold="v > -54*mV",
    reset="v = -60*mV",
    method="euler",
)
neurons.v = -60 * mV
synapses = Synapses(
    inputs,
    neurons,
    """w : 1
       dx/dt = -x/taupre : 1 (event-driven)
       dy/dt = -y/taupost : 1 (event-driven)""",
    on_pre="""ge += w
              x += ltp
              w = clip(w + y, 0, gmax)""",
    on_post="""y += ltd
               w = clip(w + x, 0, gmax)""",
)
synapses.connect(in_degree=100, multapses=False)
synapses.w = "0.5*gmax"
synapses.delay = "0.1*ms + rand()*ms"
synapses.rewire(
    dt=1 * second,
    remove="w < 0.1*gmax",
    n_per_target="n_removed",
    on_add="w = 0.5*gmax; delay = 0.1*ms + rand()*ms",
)
share = []


@network_operation(dt=1 * second)
def note_share():
    share.append(np.mean(np.array(synapses.i) < 500))


run(end * second)
note_share()

print(f"synapses of correlated inputs at the start: {100 * share[0]:.1f} %")
print(f"synapses of correlated inputs at the end: {100 * share[-1]:.1f} %")
few, many = np.min(synapses.N_incoming_post), np.max(synapses.N_incoming_post)
print(f"fewest inputs of a neuron: {few}, most: {many}")
fig = Figure(figsize=(5, 3.4), layout="constrained")
axes = fig.subplots()
axes.plot(100 * np.array(share))
axes.set(xlabel="time (s)", ylabel="synapses of correlated inputs (%)", ylim=(0, 100))
fig.savefig(args.out, dpi=110)
