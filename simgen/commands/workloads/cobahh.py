"""COBAHH: benchmark 3 of Brette et al. (2007), Hodgkin-Huxley neurons."""

from typing import Any

EQUATIONS = """
dv/dt  = (g_leak*(E_leak - v) + ge*(E_e - v) + gi*(E_i - v)
          + g_na*m**3*h*(E_na - v) + g_k*n**4*(E_k - v))/C : volt
dm/dt  = alpha_m*(1 - m) - beta_m*m : 1
dn/dt  = alpha_n*(1 - n) - beta_n*n : 1
dh/dt  = alpha_h*(1 - h) - beta_h*h : 1
dge/dt = -ge/taue : siemens
dgi/dt = -gi/taui : siemens
u = (v - V_T)/mV : 1
alpha_m = 1.28/exprel((13 - u)/4)/ms : Hz
beta_m  = 1.4/exprel((u - 40)/5)/ms : Hz
alpha_h = 0.128*exp((17 - u)/18)/ms : Hz
beta_h  = 4/(1 + exp((40 - u)/5))/ms : Hz
alpha_n = 0.16/exprel((15 - u)/5)/ms : Hz
beta_n  = 0.5*exp((10 - u)/40)/ms : Hz
"""


def build(api: Any, neurons: int = 4000, inputs: int | None = None) -> tuple[Any, ...]:
    """Return ``neurons`` Hodgkin-Huxley neurons with ``inputs`` each, 2 % of all by default."""
    share = 0.02 if inputs is None else inputs / neurons
    ms, mV, nS = api.ms, api.mV, api.nS
    area = 20000 * api.umetre**2
    siemens, cm = api.siemens, api.cm
    constants = {
        "C": 1 * api.ufarad / cm**2 * area,
        "g_leak": 5e-5 * siemens / cm**2 * area,
        "g_na": 0.1 * siemens / cm**2 * area,
        "g_k": 0.03 * siemens / cm**2 * area,
        "E_leak": -60 * mV,
        "E_na": 50 * mV,
        "E_k": -90 * mV,
        "E_e": 0 * mV,
        "E_i": -80 * mV,
        "V_T": -63 * mV,
        "taue": 5 * ms,
        "taui": 10 * ms,
        "w_e": 6 * nS * 80 / (share * neurons),
        "w_i": 67 * nS * 80 / (share * neurons),
        "ms": ms,
        "mV": mV,
        "nS": nS,
    }
    group = api.NeuronGroup(
        neurons,
        EQUATIONS,
        threshold="v > -20*mV",
        refractory=3 * ms,
        method="exponential_euler",
        namespace=constants,
    )
    group.v = "E_leak + (5*randn() - 5)*mV"
    group.ge = "(1.5*randn() + 4)*10*nS"
    group.gi = "(12*randn() + 20)*10*nS"
    split = neurons * 4 // 5
    excitation = api.Synapses(group[:split], group, on_pre="ge += w_e", namespace=constants)
    inhibition = api.Synapses(group[split:], group, on_pre="gi += w_i", namespace=constants)
    excitation.connect(p=share)
    inhibition.connect(p=share)
    spikes = api.SpikeMonitor(group, record=False)
    network = api.Network(group, excitation, inhibition, spikes)
    pathways = ((spikes, neurons, excitation), (spikes, neurons, inhibition))
    return network, neurons, spikes, neurons, pathways
