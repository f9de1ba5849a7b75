"""Targets are stored in 16 bits where all of a group fit, and else in 32: both walk alike."""

import numpy as np
import pytest

from simgen import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms

pytestmark = pytest.mark.usefixtures("device")

SOURCES = np.array([0, 0, 1, 1, 2, 2, 0, 1])
DELAYS = np.array([0, 3, 1, 1, 0, 2, 2, 5]) * 0.1


@pytest.mark.parametrize("size", [1 << 16, (1 << 16) + 1])
def test_the_last_targets_are_reached(size):
    targets = np.array([0, size - 1, size - 1, size - 2, 1, size - 1, size - 2, 0])
    events = SpikeGeneratorGroup(3, [0, 1, 2, 0], [0, 0.2, 0.4, 1.2] * ms)
    fired = SpikeGeneratorGroup(size, [size - 1, 0], [0.7, 0.9] * ms)
    group = NeuronGroup(size, "v : 1")
    group.v = 0
    synapses = Synapses(events, group, "w : 1\nc : 1", on_pre="v_post += w\nc += 1")
    synapses.connect(i=SOURCES, j=targets)
    synapses.w = np.arange(1, 9)
    synapses.delay = DELAYS * ms
    constant = Synapses(events, group, on_pre="v_post += 100")
    constant.connect(i=SOURCES, j=targets)
    plastic = Synapses(events, fired, "y : 1", on_pre="y += 1", on_post="y += 10")
    plastic.connect(i=SOURCES, j=targets)
    Network(events, fired, group, synapses, constant, plastic).run(2.5 * ms)

    arrived = np.array([2, 1, 1])[SOURCES]  # spikes of each source
    expected = np.zeros(size)
    np.add.at(expected, targets, arrived * (np.arange(1, 9) + 100))
    np.testing.assert_array_equal(group.v[:], expected)
    np.testing.assert_array_equal(synapses.c[:], arrived)
    hit = np.isin(targets, [0, size - 1])
    np.testing.assert_array_equal(plastic.y[:], arrived + 10 * hit)
    np.testing.assert_array_equal(synapses.j[:], targets)
