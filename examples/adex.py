"""The adaptive exponential integrate-and-fire neuron: spike patterns and rate over current.

Brette & Gerstner (2005), J. Neurophysiol. 94:3637. The spike times are compared with a
reference: a Runge-Kutta integration with a four times finer step.
"""

import argparse
from math import exp

from matplotlib.figure import Figure

from simgen import *

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", default="adex.png", help="the figure to write")
parser.add_argument("--short", action="store_true", help="simulate 0.2 s instead of 0.5 s")
args = parser.parse_args()

duration = 200 if args.short else 500  # ms
C, g_leak, E_leak, V_T, Delta_T = 281 * pF, 30 * nS, -70.6 * mV, -50.4 * mV, 2 * mV
PATTERNS = {  # tau_w (ms), a (nS), b (pA), reset (mV)
    "regular spiking": (144, 4, 80.5, -70.6),
    "bursting": (20, 4, 500, -45.4),
    "fast spiking": (144, 5.55, 0, -70.6),
}
equations = """dv/dt = (g_leak*(E_leak - v + Delta_T*exp((v - V_T)/Delta_T)) + I - w)/C : volt
dw/dt = (a*(v - E_leak) - w)/tau_w : amp
I : amp
tau_w : second
a : siemens
b : amp
V_reset : volt
"""
firing = {"threshold": "v > V_T + 5*Delta_T", "reset": "v = V_reset; w += b"}
neurons = NeuronGroup(123, equations, **firing, method="rk4", dt=0.02 * ms)
neurons.v = E_leak
neurons.I = "(i % 41)*0.05*nA"  # 41 currents for each pattern
for n, numbers in enumerate(PATTERNS.values()):
    kind = neurons[41 * n : 41 * n + 41]
    kind.tau_w, kind.a = numbers[0] * ms, numbers[1] * nS
    kind.b, kind.V_reset = numbers[2] * pA, numbers[3] * mV
spikes, trace = SpikeMonitor(neurons), StateMonitor(neurons, "v", record=[20, 61, 102])
run(duration * ms)


def reference(tau_w, a, b, V_reset, current=1000, dt=0.005):
    """Return the spike times (ms) for a current in pA by the classical Runge-Kutta method."""

    def slope(state):  # a complex number, v + i w, is a quick vector of two
        v, w = state.real, state.imag
        rise = 30 * (-70.6 - v) + 60 * exp(min((v + 50.4) / 2, 50)) + current - w
        return complex(rise / 281, (a * (v + 70.6) - w) / tau_w)

    state, times = complex(-70.6, 0), []
    for step in range(round(duration / dt)):
        k = [slope(state)]
        for part in (0.5, 0.5, 1):
            k.append(slope(state + part * dt * k[-1]))
        state += dt / 6 * (k[0] + 2 * k[1] + 2 * k[2] + k[3])
        if state.real > -40.4:
            times, state = [*times, step * dt], complex(V_reset, state.imag + b)
    return times


fig = Figure(figsize=(8, 4.6), layout="constrained")
axes = fig.subplot_mosaic([[name, "rate"] for name in PATTERNS])
trains, worst = spikes.spike_trains(), 0.0
for n, (name, numbers) in enumerate(PATTERNS.items()):
    pairs = zip(trains[41 * n + 20] / ms, reference(*numbers))
    worst = max(worst, *(abs(found - expected) for found, expected in pairs))
    axes[name].plot(trace.t / ms, trace.v[n] / mV, lw=0.8, color=f"C{n}")
    axes[name].set(xlabel="time (ms)", ylabel="v (mV)", title=f"{name}, 1 nA")
    rates = spikes.count[41 * n : 41 * n + 41] / duration * 1000
    axes["rate"].plot(neurons.I[:41] / nA, rates, color=f"C{n}", label=name)
print(f"largest deviation of a spike time {worst:.3f} ms (each is found up to 0.02 ms late)")
axes["rate"].set(xlabel="current (nA)", ylabel="mean rate (Hz)")
fig.savefig(args.out, dpi=110)
