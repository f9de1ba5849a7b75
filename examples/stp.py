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

duration = 3 if args.short else 8  # seconds
intervals = np.array([10, 12.5, 16, 20, 25, 40, 50, 80, 100, 125, 200, 250])  # ms
N = len(intervals)
times = [np.arange(interval, duration * 1000, interval) for interval in intervals]
which = np.repeat(np.arange(N), [len(train) for train in times])
inputs = SpikeGeneratorGroup(N, which, np.concatenate(times) * ms)

TYPES = {  # U, recovery from depression (ms), decay of facilitation (ms)
    "depressing": (0.5, 800, 20),
    "facilitating": (0.05, 100, 600),
}
targets = NeuronGroup(2 * N, "released : 1")  # what the last spike released
synapses = Synapses(
    inputs,
    targets,
    """U : 1
       tau_d : second
       tau_f : second
       du/dt = -u/tau_f : 1 (event-driven)
       dx/dt = (1 - x)/tau_d : 1 (event-driven)""",
    on_pre="""u += U*(1 - u)
              released_post = u*x
              x -= u*x""",
)
synapses.connect(condition="i == j % N_pre")
synapses.x = 1
for kind, (U, tau_d, tau_f) in enumerate(TYPES.values()):
    rows = f"j // N_pre == {kind}"
    synapses.U[rows], synapses.tau_d[rows], synapses.tau_f[rows] = U, tau_d * ms, tau_f * ms
monitor = StateMonitor(targets, "released", record=True, dt=1 * ms)
run(duration * second)


def closed_form(U, tau_d, tau_f):
    """Return u*x at a spike when spikes come every ``intervals`` for ever."""
    u = U / (1 - (1 - U) * np.exp(-intervals / tau_f))
    recovery = np.exp(-intervals / tau_d)
    return u * (1 - recovery) / (1 - (1 - u) * recovery)


expected = np.concatenate([closed_form(*numbers) for numbers in TYPES.values()])
error = np.max(np.abs(np.array(targets.released) / expected - 1))
print(f"steady-state response: largest relative error {error:.1e} (closed form: 0)")

fig = Figure(figsize=(8, 3.6), layout="constrained")
axes = fig.subplots(1, 2)
for kind, (name, color) in enumerate(zip(TYPES, ("tab:blue", "tab:orange"))):
    rows = slice(kind * N, kind * N + N)
    axes[0].plot(monitor.t / ms, monitor.released[kind * N + 6], color=color, label=name)
    axes[1].semilogx(1000 / intervals, expected[rows], "-", color=color, label="closed form")
    axes[1].plot(1000 / intervals, targets.released[rows], "o", color=color, label=name)
axes[0].set(xlabel="time (ms)", ylabel="released fraction u x", title="20 Hz", xlim=(0, 1000))
axes[1].set(xlabel="input rate (Hz)", ylabel="released fraction u x", title="steady state")
for ax in axes:
    ax.legend(fontsize="small")
fig.savefig(args.out, dpi=110)
