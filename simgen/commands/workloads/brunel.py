"""Brunel & Hakim's (1999) noisy inhibitory network, driven harder, with delays of 0.5-5 ms.

Five million synapses carry about 85 million events per simulated second: delivery dominates.
"""

from typing import Any


def build(api: Any, neurons: int = 5000, inputs: int = 1000) -> tuple[Any, ...]:
    """Return ``neurons`` noisy integrate-and-fire neurons with ``inputs`` inputs each."""
    ms, mV = api.ms, api.mV
    constants = {
        "tau": 20 * ms,
        "theta": 20 * mV,
        "V_reset": 10 * mV,
        "mu": 51 * mV,
        "sigma": 1 * mV,
        "J": 0.1 * mV * 1000 / inputs,
        "ms": ms,
    }
    group = api.NeuronGroup(
        neurons,
        "dv/dt = (mu - v + sigma*sqrt(tau)*xi)/tau : volt",
        threshold="v > theta",
        reset="v = V_reset",
        refractory=2 * ms,
        method="euler",
        namespace=constants,
    )
    group.v = "V_reset + rand()*(theta - V_reset)"
    synapses = api.Synapses(group, group, on_pre="v -= J", namespace=constants)
    synapses.connect(p=inputs / neurons)
    synapses.delay = "0.5*ms + 4.5*ms*rand()"
    spikes = api.SpikeMonitor(group, record=False)
    network = api.Network(group, synapses, spikes)
    return network, neurons, spikes, neurons, ((spikes, neurons, synapses),)
