"""Sturzl, Kempter & van Hemmen (2000), Phys. Rev. Lett. 84:5668: sand scorpions find their prey by
the surface waves that reach their eight legs one after another.

Each leg excites a command neuron, and the three opposite legs inhibit it through interneurons, so
that only the side that the wave meets first answers. The vector of the command neurons points at
the source.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

ANGLES = array([18, 54, 90, 140, -140, -90, -54, -18]) * pi / 180  # of the legs, to the right


def wave_packet():
    """Return a wave of 300 Hz and neighbouring frequencies as a function of t."""
    parts = 300 * Hz * linspace(0.75, 1.25, 21)
    phases = rand(21) * 2 * pi
    return lambda t: (
        sum([cos(2 * pi * f * t + p) for f, p in zip(parts, phases)], axis=0) / 10.5**0.5
    )


def estimate(source):
    """Return the direction (rad) that eight command neurons tell for a source at an angle (rad)."""
    start_scope()
    radius, speed = 2.5 * cm, 50 * metre / second
    arrival = -radius * cos(ANGLES - source) / speed  # the nearest leg is the first
    time = arange(0, 400, 0.1) * ms
    wave = wave_packet()
    legs_see = TimedArray(array([wave(time - shift) for shift in arrival]).T, dt=0.1 * ms)
    legs = NeuronGroup(
        80,
        "dv/dt = (1 + 4*legs_see(t, i//10) - v)/tau + 0.3*xi*(2/tau)**0.5 : 1 (unless refractory)",
        threshold="v > 1.5",
        reset="v = 0",
        refractory=4 * ms,
        method="euler",
        namespace={"tau": 2 * ms},
    )
    commands = NeuronGroup(
        8,
        """dv/dt = (x - v)/(1*ms) : 1
           dx/dt = -x/tau : 1""",
        threshold="v > 0.5",
        reset="v = 0",
        refractory=3 * ms,
        method="exact",
        namespace={"tau": 1 * ms},
    )
    inhibitors = NeuronGroup(
        8,
        "dv/dt = -v/tau : 1",
        threshold="v > 0.4",
        reset="v = 0",
        refractory=3 * ms,
        method="exact",
        namespace={"tau": 1 * ms},
    )
    excite = Synapses(legs, commands, on_pre="x_post += 0.25")
    excite.connect("i//10 == j")
    relay = Synapses(legs, inhibitors, on_pre="v_post += 0.25")
    relay.connect("i//10 == j")
    inhibit = Synapses(inhibitors, commands, on_pre="x_post -= 1.5", delay=0.3 * ms)
    inhibit.connect("abs(((j - i) % N_post) - 4) <= 1")
    spikes = SpikeMonitor(commands)
    run(400 * ms)
    counts = spikes.count[:]
    return angle((counts * exp(1j * ANGLES)).sum())


def test_the_vector_of_the_command_neurons_points_to_the_source():
    sources = array([-120, -60, 0, 60, 120]) * pi / 180
    found = array([estimate(source) for source in sources])
    error = angle(exp(1j * (found - sources))) * 180 / pi
    assert abs(error).mean() < 13  # the resolution of the animal
    assert abs(error).max() < 25
