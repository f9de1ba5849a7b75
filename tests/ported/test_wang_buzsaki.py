"""Wang & Buzsaki (1996), J. Neurosci. 16:6402: mutual inhibition makes interneurons fire together.

All-to-all GABA_A synapses of 10 ms between fast-spiking cells give a common rhythm of 20 to 80 Hz;
the coherence of spikes is near 1 in alike cells and small without the synapses.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

cells = 24
MODEL = """
dv/dt = (I - g_L*(v - E_L) - I_Na - I_K - I_syn)/C_m : volt
I_Na = g_Na*m**3*h*(v - E_Na) : amp/meter**2
m = alpha_m/(alpha_m + beta_m) : 1
alpha_m = -0.1/mV*(v + 35*mV)/(exp(-0.1/mV*(v + 35*mV)) - 1)/ms : Hz
beta_m = 4*exp(-(v + 60*mV)/(18*mV))/ms : Hz
dh/dt = phi*(alpha_h*(1 - h) - beta_h*h) : 1
alpha_h = 0.07*exp(-(v + 58*mV)/(20*mV))/ms : Hz
beta_h = 1/(exp(-0.1/mV*(v + 28*mV)) + 1)/ms : Hz
I_K = g_K*n**4*(v - E_K) : amp/meter**2
dn/dt = phi*(alpha_n*(1 - n) - beta_n*n) : 1
alpha_n = -0.01/mV*(v + 34*mV)/(exp(-0.1/mV*(v + 34*mV)) - 1)/ms : Hz
beta_n = 0.125*exp(-(v + 44*mV)/(80*mV))/ms : Hz
# the gate of the synapses that a cell makes, and what it gets
ds/dt = 12/ms/(1 + exp(-v/(2*mV)))*(1 - s) - 0.1/ms*s : 1
s_total : 1
I_syn = g_syn/N*s_total*(v - E_syn) : amp/meter**2
g_syn : siemens/meter**2 (shared)
I : amp/meter**2
"""
CONSTANTS = {
    "C_m": 1 * ufarad / cm**2,
    "g_L": 0.1 * msiemens / cm**2,
    "E_L": -65 * mV,
    "g_Na": 35 * msiemens / cm**2,
    "E_Na": 55 * mV,
    "g_K": 9 * msiemens / cm**2,
    "E_K": -90 * mV,
    "E_syn": -75 * mV,
    "phi": 5,
}


def coherence(trains, width):
    """Return the mean of coincidences in bins of ``width``, over pairs of different cells."""
    bins = arange(0.3 * second, 0.6 * second, width)
    fired = array([histogram(train, bins)[0] > 0 for train in trains], dtype=float)
    counts = fired.sum(axis=1)
    shared = fired @ fired.T / sqrt(outer(counts, counts))
    return (shared.sum() - trace(shared)) / (cells * (cells - 1))


def test_inhibition_of_10_ms_makes_a_coherent_gamma_rhythm():
    found = {}
    for g_syn in [0.1, 0]:
        start_scope()
        seed(7)
        group = NeuronGroup(
            cells,
            MODEL,
            threshold="v > 0*mV",
            refractory="v > -20*mV",
            method="rk4",
            namespace=CONSTANTS,
        )
        group.I = "(1 + 0.01*randn())*uA/cm**2"
        group.v = "-70*mV + 20*mV*rand()"
        group.h, group.n = "1/(1 + beta_h/alpha_h)", "1/(1 + beta_n/alpha_n)"
        group.g_syn = g_syn * mS / cm**2
        synapses = Synapses(group, group, "s_total_post = s_pre : 1 (summed)")
        synapses.connect()
        spikes = SpikeMonitor(group)
        run(0.6 * second)
        rate = spikes.num_spikes / cells / (0.6 * second)
        found[g_syn] = rate / Hz, coherence(spikes.spike_trains().values(), 0.1 / rate)
    assert 30 < found[0.1][0] < 45
    assert found[0.1][1] > 0.8
    assert found[0][0] > 50
    assert found[0][1] < 0.3
