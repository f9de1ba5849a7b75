"""Rows that are made anew for each spike: random ones, with the draws of stored rows."""

from simgen import NeuronGroup, Synapses, ms, run, seed

seed(1)
group = NeuronGroup(
    600,
    "dv/dt = (1.1 + g - v)/(10*ms) : 1\ndg/dt = -g/(5*ms) : 1",
    threshold="v > 1",
    reset="v = 0",
    method="exact",
)
synapses = Synapses(group, group, "w : 1", on_pre="g += w", delay=1 * ms, storage="procedural")
synapses.connect(p=0.2)
synapses.w = "0.02*rand()"
run(10 * ms)
