"""Gain curve of a noisy neuron against diffusion theory of Siegert (1951) and Ricciardi (1977).

All drives are copies of one network in one run. The rate of a leaky integrate-and-fire neuron with
white noise is 1/(t_ref + tau*sqrt(pi)*integral of exp(x**2)*erfc(-x)).
"""

import argparse
from math import erfc

import numpy as np
from matplotlib.figure import Figure

from simgen import *

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", default="gain.png", help="the figure to write")
parser.add_argument("--short", action="store_true", help="fewer neurons and drives")
args = parser.parse_args()

seed(1)
drives = np.linspace(0.4, 2.4, 6 if args.short else 21)
tau, refractory, sigma = 10 * ms, 2 * ms, 0.4
cells = NeuronGroup(
    200 if args.short else 1000,
    """dv/dt = (drive - v)/tau + sigma*xi/sqrt(tau) : 1 (unless refractory)
       drive : 1 (shared)""",
    threshold="v > 1",
    reset="v = 0",
    refractory=refractory,
    method="euler",
    dt=0.01 * ms,
)
spikes = SpikeMonitor(cells, record=False)
net = Network(cells, spikes)
net.run(50 * ms)  # so that the copies do not start at rest
before = spikes.num_spikes
length = 0.5 * second
copies = net.run_copies(length, values={cells.drive: drives, cells.v: "0.9*rand()"})
rates = (copies[spikes].num_spikes - before) / len(cells) / length


def theory(drive: float) -> float:
    """Return the rate in Hz."""
    x = np.linspace(-drive / sigma, (1 - drive) / sigma, 4001)
    inner = np.exp(x**2) * np.array([erfc(-value) for value in x])
    integral = np.sum((inner[1:] + inner[:-1]) / 2) * (x[1] - x[0])
    return 1 / float((refractory + tau * np.sqrt(np.pi) * integral) / second)


expected = np.array([theory(drive) for drive in drives])
worst = np.max(np.abs(rates / Hz - expected) / (expected + 5))
print(f"{len(copies)} drives, largest deviation from theory: {100 * worst:.1f} %")

fig = Figure(figsize=(5, 3.5), layout="constrained")
axes = fig.subplots()
axes.plot(drives, expected, label="theory")
axes.plot(drives, rates / Hz, "o", label="copies")
axes.set(xlabel="drive", ylabel="rate (Hz)")
axes.legend(frameon=False)
fig.savefig(args.out, dpi=110)
