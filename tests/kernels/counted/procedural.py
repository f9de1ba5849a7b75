"""Rows that are made anew for each spike: all pairs, and a kernel."""

import numpy as np

from simgen import Hz, NeuronGroup, PoissonGroup, Synapses, ms, run, seed

seed(1)
image = PoissonGroup(20 * 20, 20 * Hz)
group = NeuronGroup(
    18 * 18 * 2,
    "dv/dt = (g + h - v)/(10*ms) : 1\ndg/dt = -g/(5*ms) : 1\ndh/dt = -h/(5*ms) : 1",
    threshold="v > 1",
    reset="v = 0",
    method="exact",
)
features = Synapses(image, group, "w : 1 (kernel)", on_pre="g += w", storage="procedural")
features.connect(kernel=np.full((3, 3, 1, 2), 0.02), shape=(20, 20, 1), padding="valid")
others = Synapses(group, group, on_pre="h -= 0.01", storage="procedural")
others.connect(condition="i != j")
run(10 * ms)
