"""CUBA: benchmark 2 of Brette et al. (2007), after Vogels & Abbott (2005)."""

from typing import Any


def build(api: Any, neurons: int = 4000, inputs: int | None = None) -> tuple[Any, ...]:
    """Return ``neurons`` integrate-and-fire neurons with ``inputs`` each, 2 % of all by default."""
    ms, mV = api.ms, api.mV
    share = 0.02 if inputs is None else inputs / neurons
    constants = {
        "taum": 20 * ms,
        "taue": 5 * ms,
        "taui": 10 * ms,
        "E_leak": -49 * mV,
        "V_threshold": -50 * mV,
        "V_reset": -60 * mV,
        "w_e": 1.62 * mV * 80 / (share * neurons),
        "w_i": -9 * mV * 80 / (share * neurons),
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
    excitation.connect(p=share)
    inhibition.connect(p=share)
    spikes = api.SpikeMonitor(group, record=False)
    network = api.Network(group, excitation, inhibition, spikes)
    pathways = ((spikes, neurons, excitation), (spikes, neurons, inhibition))
    return network, neurons, spikes, neurons, pathways
