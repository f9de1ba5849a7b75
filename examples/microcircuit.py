"""The cortical microcircuit: eight populations in four layers, and how each of them fires.

Potjans & Diesmann (2014), Cereb. Cortex 24:785, with a share of its neurons and inputs; a constant
current replaces the mean input that is lost (van Albada et al. 2015). Rates fall below those of
full scale; the reference is Brian 2 at a tenth (ten seeds, 5 s), but for delays below a step.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure

import simgen
from simgen import SpikeMonitor, second, seed
from simgen.commands.workloads import microcircuit

NAMES = ("L2/3e", "L2/3i", "L4e", "L4i", "L5e", "L5i", "L6e", "L6i")
MEASURES = ("rate (Hz)", "CV of intervals", "correlation")
BRIAN = (  # means over the seeds
    (0.4745, 2.096, 3.963, 5.001, 6.542, 7.794, 0.8425, 6.999),
    (0.756, 0.798, 0.812, 0.812, 0.797, 0.775, 0.78, 0.779),
    (0.00155, 0.0023, 0.00167, 0.002, 0.00682, 0.00231, 0.000561, 0.000571),
)
SPREAD = (  # standard deviations
    (0.019, 0.037, 0.03, 0.013, 0.23, 0.038, 0.025, 0.035),
    (0.016, 0.014, 0.0025, 0.0089, 0.008, 0.01, 0.0076, 0.01),
    (0.00034, 0.00034, 0.00024, 0.00013, 0.00052, 0.00046, 0.00023, 0.00012),
)
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", default="microcircuit.png", help="the figure to write")
parser.add_argument("--short", action="store_true", help="simulate 5.5 s instead of 10.5 s")
parser.add_argument("--scale", type=float, default=0.1, help="share of neurons and of inputs")
args = parser.parse_args()


def measures(i, t, n, start):
    """Return rate, CV of intervals and correlation (200 neurons, 2 ms bins) in 5 s, as means."""
    inside = (t >= start) & (t < start + 5)
    i, t = i[inside], t[inside]
    trains = [t[i == neuron] for neuron in range(n)]
    gaps = [np.diff(train) for train in trains if len(train) >= 5]
    active = [train for train in trains if len(train)][:200]
    bins = [np.histogram(train, 2500, (start, start + 5))[0] for train in active]
    pairs = np.corrcoef(bins)[np.triu_indices(len(bins), 1)] if len(bins) > 1 else np.array(np.nan)
    cv = np.mean([gap.std() / gap.mean() for gap in gaps]) if gaps else np.nan
    return len(t) / n / 5, cv, pairs.mean()


seed(2014)
starts = (0.5,) if args.short else (0.5, 5.5)  # the initial transient is gone after 0.5 s
network = microcircuit.build(simgen, args.scale, args.scale, record=True)[0]
network.run((starts[-1] + 5) * second)
monitors = [m for m in network.objects if isinstance(m, SpikeMonitor)]
spikes = [(np.array(m.i), np.array(m.t / second), len(m.source)) for m in monitors]
found = np.mean([[measures(*one, start) for one in spikes] for start in starts], axis=0)

print(f"{sum(n for _, _, n in spikes)} neurons; each measure beside that of Brian 2 at a tenth")
for name, values, others, rate in zip(NAMES, found, np.transpose(BRIAN), microcircuit.RATES):
    columns = (f"{what} {v:.3g} ({o:.3g})" for what, v, o in zip(MEASURES, values, others))
    print(f"{name:6}", *columns, f"full scale {rate:.3g} Hz", sep="  ")
far = np.nanmax(np.abs(found.T - BRIAN) / SPREAD)
print(f"farthest from the reference: {far:.2f} standard deviations between seeds")

fig = Figure(figsize=(9, 4.8), layout="constrained")
raster, bars = fig.subplots(1, 2, width_ratios=(3, 2))
ends = np.cumsum([n for _, _, n in spikes])
for place, (i, t, n) in enumerate(spikes):
    shown, colour = (t >= 0.5) & (t < 0.9), ("tab:blue", "tab:red")[place % 2]
    raster.plot((t[shown] - 0.5) * 1000, ends[place] - n + i[shown], ",", color=colour)
raster.set(xlabel="time (ms)", yticks=ends - np.diff(ends, prepend=0) / 2, yticklabels=NAMES)
raster.set(ylim=(ends[-1], 0), xlim=(0, 400), title="excitatory blue, inhibitory red")
kinds = {"here": found[:, 0], "Brian 2 at a tenth": BRIAN[0], "full scale": microcircuit.RATES}
for shift, (label, rate) in zip((-0.27, 0, 0.27), kinds.items()):
    bars.barh(np.arange(8) + shift, rate, 0.25, label=label)
bars.set(yticks=np.arange(8), yticklabels=NAMES, xlabel="rate (Hz)", ylim=(7.6, -0.6))
bars.legend()
fig.savefig(args.out, dpi=110)
