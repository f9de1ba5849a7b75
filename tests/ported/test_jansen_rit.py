"""Jansen & Rit (1995), Biol. Cybern. 73:357: a cortical column of three populations makes alpha
waves.

With C = 135 and noise from 120 to 320 pulses/s the potential of pyramidal cells oscillates at about
10 Hz and by several mV; with C = 68 it only follows its noise.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

A, B, a, b = 3.25 * mV, 22 * mV, 100 / second, 50 / second
e_0, v_0, r = 2.5 * Hz, 6 * mV, 0.56 / mV

PYRAMIDAL = """
dy/dt = x : volt
dx/dt = A*a*S - 2*a*x - a**2*y : volt/second
S = 2*e_0/(1 + exp(r*(v_0 - v))) : Hz
v = excitation - inhibition : volt
excitation : volt
inhibition : volt (linked)
"""
INTERNEURONS = """
dy/dt = x : volt
dx/dt = gain*rate*pulses - 2*rate*x - rate**2*y : volt/second
pulses = weight*2*e_0/(1 + exp(r*(v_0 - drive))) + extra : Hz
drive : volt
extra = noise(t, i//2)*Hz*int(i % 2 == 0) : Hz (constant over dt)
gain : volt (constant)
rate : Hz (constant)
weight : 1 (constant)
"""


def test_the_column_makes_alpha_waves_at_strong_coupling():
    coupling = array([135.0, 68.0])
    noise = TimedArray(random_sample((500, 2)) * 200 + 120, dt=5 * ms)
    pyramidal = NeuronGroup(2, PYRAMIDAL, method="rk4", name="pyramidal")
    # even ones: excitatory interneurons of a column, odd ones: its inhibitory interneurons
    inner = NeuronGroup(4, INTERNEURONS, method="rk4", name="inner")
    inner.gain, inner.rate = "A + (B - A)*(i % 2)", "a + (b - a)*(i % 2)"
    inner.weight = repeat(coupling, 2) * [0.8, 0.25, 0.8, 0.25]
    pyramidal.inhibition = linked_var(inner, "y", index=[1, 3])
    forth = Synapses(pyramidal, inner, "c : 1\ndrive_post = c*y_pre : volt (summed)")
    forth.connect("j//2 == i")
    forth.c = repeat(coupling, 2) * [1, 0.25, 1, 0.25]
    back = Synapses(inner, pyramidal, "excitation_post = y_pre : volt (summed)")
    back.connect(i=[0, 2], j=[0, 1])
    state = StateMonitor(pyramidal, "v", record=True, dt=1 * ms)
    run(2.5 * second)
    v = state.v[:, 500:] / mV
    power = abs(rfft(v - v.mean(axis=1)[:, newaxis])) ** 2
    frequency = rfftfreq(v.shape[1], 1e-3)
    peak = frequency[power[:, 1:].argmax(axis=1) + 1]
    assert 8 < peak[0] < 12
    alpha = (frequency >= 7) & (frequency <= 13)
    share = power[:, alpha].sum(axis=1) / power.sum(axis=1)
    assert share[0] > 0.8 > 0.4 > share[1]
