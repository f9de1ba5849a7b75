"""Rows that are made anew for each spike, by all rules: no spike reaches a stored synapse."""

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
some = Synapses(group, group, "w : 1", on_pre="h += w", delay=1 * ms, storage="procedural")
some.connect(p=0.2)
some.w = "0.02*rand()"
run(10 * ms)
