"""Jeffress (1948), J. Comp. Physiol. Psychol. 41:35: delay lines turn the time between ears into a
place.

Each coincidence detector gets the two ears by delays of its own and fires most where these make up
for the interaural time difference of the sound, which moves during the run.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]


def test_the_place_of_most_spikes_follows_the_interaural_difference():
    defaultclock.dt = 0.02 * ms
    cells, max_delay = 31, 0.6 * ms
    differences = array([-0.4, 0, 0.2]) * ms
    sound = TimedArray(10 * randn(40000), dt=defaultclock.dt)
    itd = TimedArray(differences, dt=200 * ms)
    ears = NeuronGroup(
        2,
        """dx/dt = (sound(t - delay) - x)/tau + sigma*(2/(20*ms))**.5*xi : 1 (unless refractory)
           delay = (1 - 2*i)*itd(t)/2 + 0.5*ms : second
           sigma : 1""",
        threshold="x > 1",
        reset="x = 0",
        refractory=2.5 * ms,
        method="euler",
        name="ears",
        namespace={"tau": 0.4 * ms},
    )
    ears.sigma = 0.1
    detectors = NeuronGroup(
        cells,
        "dv/dt = -v/tau + sigma*(2/tau)**.5*xi : 1",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
        namespace={"tau": 1 * ms, "sigma": 0.1},
    )
    synapses = Synapses(ears, detectors, on_pre="v += 0.6")
    synapses.connect()
    synapses.delay["i == 0"] = "(1.0*j)/(N_post - 1)*2*max_delay"
    synapses.delay["i == 1"] = "(1.0*(N_post - 1 - j))/(N_post - 1)*2*max_delay"
    preferred = synapses.delay["i == 1"] - synapses.delay["i == 0"]
    for difference in differences:
        spikes = SpikeMonitor(detectors)
        run(200 * ms)
        strong = spikes.count[:] > 0.6 * spikes.count[:].max()
        assert abs(mean(preferred[strong]) - difference) <= 0.12 * ms
        assert spikes.count[:].max() > 3 * spikes.count[:].min()
        spikes.active = False
