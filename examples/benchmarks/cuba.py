"""CUBA: benchmark 2 of Brette et al. (2007), after Vogels & Abbott (2005)."""

from typing import Any

from workload import Workload


def build(api: Any, neurons: int = 4000) -> Workload:
    """Return the network of ``neurons`` integrate-and-fire neurons with exponential currents."""
    ms, mV = api.ms, api.mV
    constants = {
        "taum": 20 * ms,
        "taue": 5 * ms,
        "taui": 10 * ms,
        "E_leak": -49 * mV,
        "V_threshold": -50 * mV,
        "V_reset": -60 * mV,
        "w_e": 1.62 * mV * 4000 / neurons,
        "w_i": -9 * mV * 4000 / neurons,
    }
    group = api.NeuronGroup(
        neurons,
        """dv/dt  = (E_leak - v + ge + gi)/taum : volt (unless refractory)
           dge/dt = -ge/taue : volt
           dgi/dt = -gi/taui : volt""",
        threshold="v > V_threshold",
        reset="v = V_reset",
        refractory=5 * ms,
        method="exact",
        namespace=constants,
    )
    group.v = "V_reset + rand()*(V_threshold - V_reset)"
    split = neurons * 4 // 5
    excitation = api.Synapses(group[:split], group, on_pre="ge += w_e", namespace=constants)
    inhibition = api.Synapses(group[split:], group, on_pre="gi += w_i", namespace=constants)
    excitation.connect(p=0.02)
    inhibition.connect(p=0.02)
    spikes = api.SpikeMonitor(group, record=False)
    network = api.Network(group, excitation, inhibition, spikes)
    pathways = ((spikes, neurons, excitation), (spikes, neurons, inhibition))
    return Workload(network, neurons, spikes, neurons, pathways)
