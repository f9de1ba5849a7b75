"""A thousand Izhikevich neurons find their own rhythms.

Izhikevich (2003), IEEE Trans. Neural Netw. 14:1569, figure 3: 800 excitatory and 200 inhibitory
neurons with random parameters, all-to-all random weights and noisy thalamic input show
episodes of alpha and gamma rhythms. As in the paper v makes two half steps per millisecond.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure

from simgen import *

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", default="izhikevich.png", help="the figure to write")
parser.add_argument("--short", action="store_true", help="simulate 2 s instead of 10 s")
args = parser.parse_args()

seed(2003)
defaultclock.dt = 0.5 * ms
neurons = NeuronGroup(
    1000,
    """dv/dt = (0.04*v**2 + 5*v + 140 - u + thalamus)/ms : 1
       du/dt = a*(b*v - u)/ms : 1
       a : 1 (constant)
       b : 1 (constant)
       c : 1 (constant)
       d : 1 (constant)
       r : 1 (constant)
       excitatory : boolean (constant)
       thalamus : 1""",
    threshold="v >= 30",
    reset="""v = c
             u += d""",
    method="euler",
)
neurons.excitatory = "i < 800"
neurons.r = "rand()"
neurons.a = "0.02 + int(not excitatory)*0.08*r"
neurons.b = "0.2 + int(not excitatory)*(0.05 - 0.05*r)"
neurons.c = "-65 + int(excitatory)*15*r**2"
neurons.d = "2 + int(excitatory)*(6 - 6*r**2)"
neurons.v = -65
neurons.u = "b*v"
neurons.run_regularly("thalamus = (2 + int(excitatory)*3)*randn()", dt=1 * ms)

synapses = Synapses(neurons, neurons, "w : 1", on_pre="v_post += w", delay=1 * ms)
synapses.connect()
synapses.w = "-rand()"
synapses.w["i < 800"] = "0.5*rand()"
spikes = SpikeMonitor(neurons)

end = 2 if args.short else 10
run(end * second)

i, t = np.array(spikes.i), np.array(spikes.t / ms)
counts = np.histogram(t, bins=np.arange(0, end * 1000 + 1))[0]  # spikes in each millisecond
pieces = (counts - counts.mean()).reshape(-1, 500)
power = np.mean(np.abs(np.fft.rfft(pieces * np.hanning(500))) ** 2, axis=0)
frequency = np.fft.rfftfreq(500, 0.001)
gamma = (frequency >= 20) & (frequency <= 80)
peak = frequency[gamma][np.argmax(power[gamma])]
print(f"mean rate {len(t) / 1000 / end:.2f} Hz (Brian 2: 7-9 Hz)")
print(f"gamma peak at {peak:.0f} Hz (published: episodes of about 40 Hz)")

fig = Figure(figsize=(8, 4.2), layout="constrained")
raster, spectrum = fig.subplots(1, 2, width_ratios=(3, 2))
raster.plot(t, i, ".k", ms=1)
raster.axhline(800, color="tab:red", lw=1)
raster.set(xlabel="time (ms)", ylabel="neuron index", xlim=(0, 1000), ylim=(0, 1000))
spectrum.semilogy(frequency, power)
spectrum.set(xlabel="frequency (Hz)", ylabel="power of the spike count", xlim=(2, 100))
fig.savefig(args.out, dpi=110)
