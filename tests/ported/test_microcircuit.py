"""Potjans & Diesmann (2014), Cereb. Cortex 24:785: the cortical microcircuit, much reduced.

Eight populations and 64 projections at 3 % of the neurons and of the inputs; a constant current
replaces the mean input that is lost (van Albada et al. 2015). The numbers of synapses are those of
the paper's probabilities, and the order of the rates is that of full scale, from excitatory cells
of layer 2/3 to inhibitory ones of layer 5. `examples/microcircuit.py` compares the rates with
others at this scale, intervals and correlations, too.
"""

import pytest

import simgen
from simgen.brian import *
from simgen.commands.workloads import microcircuit

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]


def test_the_populations_fire_in_the_order_of_the_paper(device):
    share = 0.03
    network = microcircuit.build(simgen, share, share)[0]
    synapses = [x for x in network.objects if isinstance(x, Synapses)]
    counts = microcircuit.synapse_counts()
    made = sum([len(each) for each in synapses])
    assert made == pytest.approx(counts.sum() * share**2, abs=len(synapses))
    network.run(50 * ms)
    monitors = [x for x in network.objects if isinstance(x, SpikeMonitor)]
    before = array([m.num_spikes for m in monitors])
    network.run((1000 if device == "cpu" else 150) * ms)
    duration = 1.0 if device == "cpu" else 0.15
    sizes = array([len(m.source) for m in monitors])
    rates = (array([m.num_spikes for m in monitors]) - before) / sizes / duration
    assert argsort(rates).tolist() == argsort(microcircuit.RATES).tolist()
    assert 0.1 < rates.mean() / microcircuit.RATES.mean() < 1
