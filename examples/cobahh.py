"""COBAHH: a sparse random network of Hodgkin-Huxley neurons with conductance synapses.

Benchmark 3 of Brette et al. (2007), J. Comput. Neurosci. 23:349; the channels are those of
Traub & Miles (1991). Integrated with the exponential Euler method at 0.1 ms.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure

from simgen import *

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", default="cobahh.png", help="the figure to write")
parser.add_argument("--short", action="store_true", help="simulate 0.4 s instead of 1 s")
args = parser.parse_args()

seed(2007)
area = 20000 * um**2
C, G_leak = 1 * ufarad / cm**2 * area, 5e-5 * siemens / cm**2 * area
G_Na, G_K = 100 * msiemens / cm**2 * area, 30 * msiemens / cm**2 * area
E_leak, E_Na, E_K, E_e, E_i = -60 * mV, 50 * mV, -90 * mV, 0 * mV, -80 * mV
V_T, taue, taui = -63 * mV, 5 * ms, 10 * ms
w_e, w_i = 6 * nS, 67 * nS
equations = """
dv/dt  = (G_leak*(E_leak - v) + ge*(E_e - v) + gi*(E_i - v)
          + G_Na*m**3*h*(E_Na - v) + G_K*n**4*(E_K - v))/C : volt
dm/dt  = alpha_m*(1 - m) - beta_m*m : 1
dn/dt  = alpha_n*(1 - n) - beta_n*n : 1
dh/dt  = alpha_h*(1 - h) - beta_h*h : 1
dge/dt = -ge/taue : siemens
dgi/dt = -gi/taui : siemens
u = (v - V_T)/mV : 1
alpha_m = 1.28/exprel((13 - u)/4)/ms : Hz
beta_m  = 1.4/exprel((u - 40)/5)/ms : Hz
alpha_h = 0.128*exp((17 - u)/18)/ms : Hz
beta_h  = 4/(1 + exp((40 - u)/5))/ms : Hz
alpha_n = 0.16/exprel((15 - u)/5)/ms : Hz
beta_n  = 0.5*exp((10 - u)/40)/ms : Hz
"""
neurons = NeuronGroup(
    4000, equations, threshold="v > -20*mV", refractory=3 * ms, method="exponential_euler"
)
neurons.v = "E_leak + (5*randn() - 5)*mV"
neurons.ge = "(1.5*randn() + 4)*10*nS"
neurons.gi = "(12*randn() + 20)*10*nS"
excitation = Synapses(neurons[:3200], neurons, on_pre="ge += w_e")
excitation.connect(p=0.02)
inhibition = Synapses(neurons[3200:], neurons, on_pre="gi += w_i")
inhibition.connect(p=0.02)
spikes, trace = SpikeMonitor(neurons), StateMonitor(neurons, "v", record=[1])

start, end = 0.1, 0.4 if args.short else 1.0
run(end * second)

i, t = np.array(spikes.i), np.array(spikes.t / second)
rate = np.sum(t >= start) / 4000 / (end - start)
print(f"mean rate {rate:.2f} Hz (Brian 2: 35.4 +- 2.8 Hz, by seed)")

fig = Figure(figsize=(7, 4.6), layout="constrained")
top, bottom = fig.subplots(2, 1, sharex=True, height_ratios=(3, 2))
top.plot(t * 1000, i, ",k")
top.axhline(3200, color="tab:red", lw=1)
top.set(ylabel="neuron index", ylim=(0, 4000), title="COBAHH, inhibitory neurons above the line")
bottom.plot(trace.t / ms, trace[1].v / mV, lw=0.8)
bottom.set(xlabel="time (ms)", ylabel="v of neuron 1 (mV)", xlim=(0, 400))
fig.savefig(args.out, dpi=110)
