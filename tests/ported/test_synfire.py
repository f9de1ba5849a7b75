"""Diesmann, Gewaltig & Aertsen (1999), Nature 402:529: a chain of pools transmits pulses or loses
them.

A volley of enough spikes becomes synchronous and survives all pools; a weaker or broader one dies
out.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]


def test_strong_synchronous_volleys_survive_and_weak_or_broad_ones_die():
    pools, size = 6, 100
    V_rest, theta, tau_m, tau_psp = -70 * mV, -55 * mV, 10 * ms, 0.325 * ms
    weight = 4.86 * mV
    cells = NeuronGroup(
        pools * size,
        """dV/dt = (-(V - V_rest) + x)/tau_m : volt
           dx/dt = (-x + y)/tau_psp : volt
           dy/dt = -y/tau_psp + 25.27*mV/ms + 39.24*mV/ms**0.5*xi : volt""",
        threshold="V > theta",
        reset="V = V_rest",
        refractory=1 * ms,
        method="euler",
    )
    first = SpikeGeneratorGroup(85, [], [] * ms)
    chain = Synapses(cells, cells, on_pre="y += weight")
    chain.connect(
        j="k for k in range((i//size + 1)*size, (i//size + 2)*size) if i//size < pools - 1"
    )
    assert len(chain) == (pools - 1) * size**2
    begin = Synapses(first, cells[:size], on_pre="y += weight")
    begin.connect()
    last = SpikeMonitor(cells[-size:], record=True)
    network = Network(cells, first, chain, begin, last)
    network.store("rest")
    arrived = []
    for number, sigma in [(85, 0), (45, 0), (85, 5)]:
        network.restore("rest")
        cells.V = "V_rest + rand()*(theta - V_rest)"
        times = clip(50 + sigma * randn(number), 20, 80) * ms
        first.set_spikes(arange(number), times)
        network.run(90 * ms)
        near = (last.t > 50 * ms) & (last.t < 85 * ms)
        arrived.append(histogram(last.t[near] / ms, arange(50, 86, 2))[0].max())
    assert arrived[0] > 80
    assert max(arrived[1:]) < 50
