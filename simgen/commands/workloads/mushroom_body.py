"""The mushroom body of an insect, after Nowotny et al. (2005): Hodgkin-Huxley neurons that learn.

Projection neurons excite Kenyon cells and the lateral horn, which inhibits these; plastic synapses
lead from the Kenyon cells to the output neurons, which inhibit each other. Projection neurons fire
as Poisson processes here, each with a rate of its own, instead of in patterns.
"""

from typing import Any

NEURON = """
dv/dt = (g_leak*(E_leak - v) + g_na*m**3*h*(E_na - v) + g_k*n**4*(E_k - v) + current)/C : volt
dm/dt = alpha_m*(1 - m) - beta_m*m : 1
dn/dt = alpha_n*(1 - n) - beta_n*n : 1
dh/dt = alpha_h*(1 - h) - beta_h*h : 1
u = (v - V_T)/mV : 1
alpha_m = 1.28/exprel((13 - u)/4)/ms : Hz
beta_m  = 1.4/exprel((u - 40)/5)/ms : Hz
alpha_h = 0.128*exp((17 - u)/18)/ms : Hz
beta_h  = 4/(1 + exp((40 - u)/5))/ms : Hz
alpha_n = 0.16/exprel((15 - u)/5)/ms : Hz
beta_n  = 0.5*exp((10 - u)/40)/ms : Hz
"""
KENYON = """
current = g_pn*(E_e - v) + g_lh*(E_i - v) : amp
dg_pn/dt = -g_pn/tau_pn : siemens
dg_lh/dt = -g_lh/tau_lh : siemens
"""
HORN = """
current = g_pn*(E_e - v) : amp
dg_pn/dt = -g_pn/tau_horn : siemens
"""
OUTPUT = """
current = g_kc*(E_e - v) + g_out*(E_i - v) : amp
dg_kc/dt = -g_kc/tau_kc : siemens
dg_out/dt = -g_out/tau_out : siemens
"""
PLASTIC = """
w : siemens
dx/dt = -x/tau_x : siemens (event-driven)
dy/dt = -y/tau_x : siemens (event-driven)
"""


def build(
    api: Any, kenyon: int = 2500, projection: int = 100, outputs: int = 100
) -> tuple[Any, ...]:
    """Return a network with ``kenyon`` Kenyon cells; conductances scale with their number."""
    ms, mV, nS, uS, nF = api.ms, api.mV, api.nS, api.uS, api.nF
    scale = 2500 / kenyon
    constants = {
        **{"C": 0.3 * nF, "g_leak": 0.0267 * uS, "g_na": 7.15 * uS, "g_k": 1.43 * uS},
        **{"E_leak": -63.56 * mV, "E_na": 50 * mV, "E_k": -95 * mV, "V_T": -63 * mV},
        **{"E_e": 0 * mV, "E_i": -92 * mV, "tau_pn": 2 * ms, "tau_lh": 3 * ms, "tau_horn": 1 * ms},
        **{"tau_kc": 10 * ms, "tau_out": 5 * ms, "tau_x": 10 * ms, "w_lh": 8.75 * nS},
        **{"w_out": 75 * nS * 100 / outputs, "w_horn": 2 * nS, "gain": 0.1 * nS * scale},
        **{"gmax": 3.75 * nS * scale, "ms": ms, "mV": mV, "nS": nS, "siemens": api.siemens},
        "Hz": api.Hz,
    }

    def neurons(number: int, text: str, name: str) -> Any:
        group = api.NeuronGroup(
            number,
            NEURON + text,
            threshold="v > 0*mV",
            refractory="v > 0*mV",
            method="exponential_euler",
            namespace=constants,
            name=name,
        )
        group.v = "E_leak + 2*mV*randn()"
        group.h, group.m, group.n = 1, 0, 0.5
        return group

    source = api.PoissonGroup(projection, rates="30*Hz*i/N", namespace={"Hz": api.Hz})
    horn = neurons(20, HORN, "lateral_horn")
    cells = neurons(kenyon, KENYON, "kenyon_cells")
    output = neurons(outputs, OUTPUT, "output_neurons")

    def synapses(pre: Any, post: Any, code: str, model: str = "", **more: Any) -> Any:
        return api.Synapses(pre, post, model, on_pre=code, namespace=constants, **more)

    to_cells = synapses(source, cells, "g_pn += w", "w : siemens")
    to_cells.connect(p=0.15)
    to_cells.w = "clip(4.545 + 1.25*randn(), 0, 100)*nS"
    to_horn = synapses(source, horn, "g_pn += w_horn")
    to_horn.connect()
    inhibition = synapses(horn, cells, "g_lh += w_lh")
    inhibition.connect()
    plastic = synapses(
        cells,
        output,
        "g_kc += w\nx += gain\nw = clip(w + y, 0*siemens, gmax)",
        PLASTIC,
        on_post="y -= gain\nw = clip(w + x, 0*siemens, gmax)",
    )
    plastic.connect(p=0.2)
    plastic.w = "rand()*gmax"
    lateral = synapses(output, output, "g_out += w_out")
    lateral.connect(condition="i != j")
    monitors = [api.SpikeMonitor(g, record=False) for g in (source, horn, cells, output)]
    wires = to_cells, to_horn, inhibition, plastic, lateral
    network = api.Network(source, horn, cells, output, wires, monitors)
    fired = [monitors[0], monitors[0], monitors[1], monitors[2], monitors[3], monitors[3]]
    sizes = [projection, projection, 20, kenyon, outputs, outputs]
    paths = to_cells, to_horn, inhibition, plastic, lateral, plastic
    pathways = tuple(zip(fired, sizes, paths))
    return network, projection + 20 + kenyon + outputs, monitors[2], kenyon, pathways
