"""Pair-based STDP on all-to-all synapses whose delays are spread over 0.5-5 ms.

A long refractory period holds the output rate near 20 Hz, whatever the noise of the inputs.
"""

from typing import Any


def build(api: Any, inputs: int = 1000, neurons: int = 800) -> tuple[Any, ...]:
    """Return ``inputs`` Poisson inputs of ``neurons`` neurons with plastic synapses."""
    ms, mV = api.ms, api.mV
    gmax = 0.02 * 1000 / inputs
    constants = {
        "taum": 10 * ms,
        "taue": 5 * ms,
        "taupre": 20 * ms,
        "taupost": 20 * ms,
        "E_leak": -74 * mV,
        "E_e": 0 * mV,
        "gmax": gmax,
        "ltp": 0.01 * gmax,
        "ltd": -0.0105 * gmax,
        "ms": ms,
        "mV": mV,
    }
    source = api.PoissonGroup(inputs, rates=15 * api.Hz)
    group = api.NeuronGroup(
        neurons,
        """dv/dt  = (ge*(E_e - v) + E_leak - v)/taum : volt (unless refractory)
           dge/dt = -ge/taue : 1""",
        threshold="v > -54*mV",
        reset="v = -60*mV",
        refractory=40 * ms,
        method="euler",
        namespace=constants,
    )
    group.v = "-74*mV + rand()*20*mV"
    synapses = api.Synapses(
        source,
        group,
        """w : 1
           dx/dt = -x/taupre : 1 (event-driven)
           dy/dt = -y/taupost : 1 (event-driven)""",
        on_pre="""ge += w
                  x += ltp
                  w = clip(w + y, 0, gmax)""",
        on_post="""y += ltd
                   w = clip(w + x, 0, gmax)""",
        namespace=constants,
    )
    synapses.connect()
    synapses.w = "rand()*gmax"
    synapses.delay = "0.5*ms + 4.5*ms*rand()"
    arriving = api.SpikeMonitor(source, record=False)
    leaving = api.SpikeMonitor(group, record=False)
    network = api.Network(source, group, synapses, arriving, leaving)
    pathways = ((arriving, inputs, synapses), (leaving, neurons, synapses))
    return network, inputs + neurons, leaving, neurons, pathways
