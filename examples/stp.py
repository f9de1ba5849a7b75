"""Short-term depression and facilitation, and the response they leave at each input rate.

Tsodyks & Markram (1997), PNAS 94:719 and Tsodyks, Pawelzik & Markram (1998), Neural Comput.
10:821. Under regular input the response settles; its value is known in closed form.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure

from simgen import *

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", default="stp.png", help="the figure to write")
parser.add_argument("--short", action="store_true", help="simulate 3 s instead of 8 s")
args = parser.parse_args()

duration = 5 if args.short else 10  # seconds
intervals = np.array([10, 12.5, 16, 20, 25, 40, 50, 80, 100, 125, 200, 250])  # ms
N = len(intervals)
times = [np.arange(interval, duration * 1000, interval) for interval in intervals]
which = np.repeat(np.arange(N), [len(train) for train in times])
inputs = SpikeGeneratorGroup(N, which, np.concatenate(times) * ms)

TYPES = {  # U, recovery from depression (ms), decay of facilitation (ms)
    "depressing": (0.5, 800, 20),
    "facilitating": (0.05, 100, 600),
}
taum = 20 * ms
targets = NeuronGroup(2 * N, "dv/dt = -v/taum : 1", method="exact")
synapses = Synapses(
    inputs,
    targets,
    """U : 1 (constant)
       tau_d : second (constant)
       tau_f : second (constant)
       released : 1
       du/dt = -u/tau_f : 1 (event-driven)
       dx/dt = (1 - x)/tau_d : 1 (event-driven)""",
    on_pre="""u += U*(1 - u)
              released = u*x
              x -= released
              v_post += released""",
)
synapses.connect(condition="i == j % N_pre")
synapses.x = 1
for kind, numbers in enumerate(TYPES.values()):
    rows = slice(kind, None, 2)  # synapses are in the order of i, then j
    synapses.U[rows] = numbers[0]
    synapses.tau_d[rows], synapses.tau_f[rows] = numbers[1] * ms, numbers[2] * ms
monitor = StateMonitor(targets, "v", record=[6, N + 6])
run(duration * second)


def closed_form(U, tau_d, tau_f):
    """Return u*x at a spike when spikes come every ``intervals`` for ever."""
    u = U / (1 - (1 - U) * np.exp(-intervals / tau_f))
    recovery = np.exp(-intervals / tau_d)
    return u * (1 - recovery) / (1 - (1 - u) * recovery)


expected = np.array([closed_form(*numbers) for numbers in TYPES.values()])
found = np.array(synapses.released).reshape(N, 2).T
error = np.max(np.abs(found / expected - 1))
print(f"steady-state release: largest relative error {error:.1e} (closed form: 0)")

fig = Figure(figsize=(8, 3.6), layout="constrained")
left, right = fig.subplots(1, 2)
for kind, name in enumerate(TYPES):
    left.plot(monitor.t / ms, monitor.v[kind], color=f"C{kind}", label=name)
    right.semilogx(1000 / intervals, expected[kind], color=f"C{kind}", label="closed form")
    right.plot(1000 / intervals, found[kind], "o", color=f"C{kind}", label=name)
left.set(xlabel="time (ms)", ylabel="v", title="input of 20 Hz", xlim=(0, 1000))
right.set(xlabel="input rate (Hz)", ylabel="released fraction u x", title="steady state")
left.legend(fontsize="small")
right.legend(fontsize="small")
fig.savefig(args.out, dpi=110)
