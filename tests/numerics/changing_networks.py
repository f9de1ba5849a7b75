"""A network whose synapses change, and what they hold."""

from __future__ import annotations

import numpy as np

from simgen import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms

N = 200  # three parts


def wired(**options):
    """Sources that fire every ms, and synapses with delays between parts of groups; a network."""
    times = np.repeat(np.arange(1, 9), 30)
    source = SpikeGeneratorGroup(40, np.tile(np.arange(5, 35), 8), times * ms)
    target = NeuronGroup(N, "x : 1", threshold="t > 3.05*ms and i % 4 == 0", reset="")
    synapses = Synapses(
        source[5:35],
        target[20:190],
        """w : 1
        k : integer
        s : 1 (shared)
        on : boolean""",
        on_pre="x_post += w",
        on_post="k += 1",
        **options,
    )
    synapses.connect(p=0.2, n=2)
    synapses.w = "i + j/256"
    synapses.k = "j"
    synapses.on = "i % 2 == 0"
    synapses.s = 3
    synapses.delay = "0.1*ms*(1 + (i*7 + j*3) % 30)"
    synapses.post.delay = "0.1*ms*((i + j) % 5)"
    return Network(source, target, synapses), synapses, target


def values(synapses):
    """Return all that synapses hold, in the order of creation."""
    names = ("i", "j", "w", "k", "on", "delay_")
    found = {name: np.array(getattr(synapses, name)[:]) for name in names}
    return {**found, "post": np.array(synapses.post.delay_[:])}
