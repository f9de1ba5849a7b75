"""Small networks, each with another feature, whose results are exact: equal on all targets.

Sums of several synapses in one step are of multiples of powers of two, so that their order does not
matter. Each function builds and runs a network on the present device; what it returns is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen import brian

api: Any = brian  # its names are made when it is imported
ms, Hz = api.ms, api.Hz
Arrays = dict[str, NDArray[Any]]

LEAKY = "dv/dt = (1.2 - v)/(10*ms) : 1 (unless refractory)"
FIRING = {"threshold": "v > 1", "reset": "v = 0", "refractory": 2 * ms}


def leaky(n: int, text: str = LEAKY, method: str = "exact", **more: Any) -> Any:
    """Return integrate-and-fire neurons that start anywhere between reset and threshold."""
    group = api.NeuronGroup(n, text, method=method, **{**FIRING, **more})
    group.v = "rand()"
    return group


def outcome(length: float, *objects: Any, traced: tuple[Any, ...] = ()) -> Arrays:
    """Run ``objects`` with monitors for ``length`` ms.

    Returns the spikes of the first one, and the final state of all and the traces of some.
    """
    spikes = api.SpikeMonitor(objects[0])
    traces = [api.StateMonitor(group, name, record=[0, 1, 2]) for group, name in traced]
    network = api.Network(objects, spikes, traces)
    network.run(length * ms)
    found: Arrays = {"spikes.i": spikes.i[:], "spikes.step": np.rint(spikes.t_[:] * 1e4)}
    for place, (trace, (_, name)) in enumerate(zip(traces, traced)):
        found[f"trace {place}.{name}"] = getattr(trace, f"{name}_")
    for place, thing in enumerate(objects):
        for name in getattr(thing, "variables", {}):
            found[f"object {place}.{name}"] = np.array(getattr(thing, f"{name}_")[:])
    return {name: np.ascontiguousarray(values) for name, values in found.items()}


def neurons() -> Arrays:
    """Exact integration, thresholds, resets, refractoriness."""
    group = leaky(300)
    return outcome(60, group, traced=((group, "v"),))


def noise() -> Arrays:
    """Noise, and a method that is not exact."""
    group = leaky(301, f"{LEAKY.split(':')[0]} + 0.2*xi/sqrt(10*ms) : 1", "euler", refractory=False)
    return outcome(40, group, traced=((group, "v"),))


def izhikevich() -> Arrays:
    """Two variables, and parameters that differ between neurons."""
    text = """dv/dt = (0.04*v**2 + 5*v + 140 - u + I)/ms : 1
              du/dt = a*(0.2*v - u)/ms : 1
              a : 1
              I : 1"""
    group = api.NeuronGroup(100, text, threshold="v > 30", reset="v = -65; u += 8", method="euler")
    group.v, group.u, group.a, group.I = "-65 + 10*rand()", -13, "0.02 + 0.08*rand()", "5 + i % 7"
    return outcome(60, group, traced=((group, "u"),))


def hodgkin_huxley() -> Arrays:
    """Exponential functions and their quotients, exponential Euler."""
    text = """dv/dt = (10 - 0.3*(v + 54.4) - 120*m**3*h*(v - 50) - 36*n**4*(v + 77))/ms : 1
              dm/dt = (1/exprel(-(v + 40)/10)*(1 - m) - 4*exp(-(v + 65)/18)*m)/ms : 1
              dn/dt = (0.1/exprel(-(v + 55)/10)*(1 - n) - 0.125*exp(-(v + 65)/80)*n)/ms : 1
              dh/dt = (0.07*exp(-(v + 65)/20)*(1 - h) - h/(1 + exp(-(v + 35)/10)))/ms : 1"""
    group = api.NeuronGroup(
        40, text, threshold="v > 0", refractory="v > 0", method="exponential_euler"
    )
    group.v, group.m, group.n, group.h = "-65 + 10*rand()", 0.05, 0.32, 0.6
    return outcome(15, group, traced=((group, "v"), (group, "m")))


def runge_kutta() -> Arrays:
    """A method of four stages."""
    text = "dv/dt = (exp((v - 1)/0.2) - v + I)/(10*ms) : 1\nI : 1"
    group = api.NeuronGroup(50, text, threshold="v > 2", reset="v = 0", method="rk4")
    group.I = "0.8 + 0.01*i"
    return outcome(40, group, traced=((group, "v"),))


def poisson() -> Arrays:
    """Poisson neurons, and many Poisson inputs at once."""
    source = api.PoissonGroup(200, "(20 + i)*Hz")
    group = leaky(100)
    links = api.Synapses(source, group, on_pre="v_post += 0.015625")
    links.connect(p=0.25)
    drive = api.PoissonInput(group, "v", N=20, rate=50 * Hz, weight=0.0078125)
    return outcome(40, group, source, links, drive)


def recurrent(size: int, p: float, delay: Any, weight: str = "0.03125") -> Arrays:
    """Return what neurons do that excite one another."""
    group = leaky(size)
    links = api.Synapses(group, group, on_pre=f"v_post += {weight}")
    links.connect(p=p)
    if delay is not None:
        links.delay = delay
    return outcome(40, group, links, traced=((group, "v"),))


def no_delay() -> Arrays:
    """Spikes that arrive in the step in which they leave."""
    return recurrent(120, 0.1, None)


def one_delay() -> Arrays:
    """One delay for all synapses, of many."""
    return recurrent(150, 0.4, 1.5 * ms, "0.0078125")


def many_delays() -> Arrays:
    """A delay of its own for each synapse, in rows that have all delays."""
    return recurrent(200, 0.5, "0.1*ms + 3*ms*rand()", "0.0078125")


def short_rows() -> Arrays:
    """Rows that have few of the delays there are."""
    return recurrent(200, 0.02, "20*ms*rand()", "0.125")


def multapses() -> Arrays:
    """Several synapses between two neurons, with weights."""
    group = leaky(60)
    links = api.Synapses(group, group, "w : 1", on_pre="v_post += w")
    links.connect(n_total=4000)
    links.w, links.delay = "0.00390625*(i % 4)", "0.2*ms*(j % 5)"
    return outcome(40, group, links)


def plasticity(on_pre: str, on_post: str, delay: Any) -> Arrays:
    """Return what becomes of plastic weights."""
    source, group = api.PoissonGroup(80, 40 * Hz), leaky(40)
    links = api.Synapses(
        source,
        group,
        """w : 1
           dx/dt = -x/(20*ms) : 1 (event-driven)
           dy/dt = -y/(20*ms) : 1 (event-driven)""",
        on_pre=on_pre,
        on_post=on_post,
    )
    links.connect(p=0.5)
    links.w = "0.25*rand()"
    if delay is not None:
        links.delay = delay
    return outcome(50, group, source, links)


def pair_plasticity() -> Arrays:
    """Traces that are the same for all synapses of a neuron."""
    on_pre = "v_post += 0.015625; x += 0.01; w = clip(w + y, 0, 1)"
    return plasticity(on_pre, "y -= 0.0105; w = clip(w + x, 0, 1)", None)


def delayed_plasticity() -> Arrays:
    """The same with a delay for each synapse."""
    on_pre = "v_post += 0.015625; x += 0.01; w = clip(w + y, 0, 1)"
    return plasticity(on_pre, "y -= 0.0105; w = clip(w + x, 0, 1)", "3*ms*rand()")


def weight_dependent_plasticity() -> Arrays:
    """Traces that belong to each synapse, and random numbers at spikes."""
    on_pre = "v_post += 0.015625; x += 0.01*w*rand(); w = clip(w + y, 0, 1)"
    return plasticity(on_pre, "y -= 0.01*(1 - w); w = clip(w + x, 0, 1)", "ms*rand()")


def short_term() -> Arrays:
    """Depression and facilitation, by spikes at given times."""
    times = np.arange(400) * 0.17
    source = api.SpikeGeneratorGroup(20, np.arange(400) % 20, times * ms)
    group = leaky(30)
    links = api.Synapses(
        source,
        group,
        """r : 1
           du/dt = -u/(50*ms) : 1 (event-driven)
           dx/dt = (1 - x)/(200*ms) : 1 (event-driven)""",
        on_pre="u += 0.2*(1 - u); r = u*x; x -= r; v_post += 0.0625",
    )
    links.connect(p=0.3)
    links.x = 1
    return outcome(75, group, source, links)


def order() -> Arrays:
    """Code that reads what it writes: the order of arrival counts."""
    group = leaky(80)
    links = api.Synapses(group, group, "w : 1", on_pre="v_post += w*(1.5 - v_post)")
    links.connect(p=0.3)
    links.w, links.delay = "0.05*rand()", "2*ms*rand()"
    return outcome(40, group, links, traced=((group, "v"),))


def both_sides() -> Arrays:
    """Spikes of targets that act on sources, and counts at synapses."""
    source, group = leaky(60), leaky(50)
    links = api.Synapses(
        source,
        group,
        "n : integer",
        on_pre="v_post += 0.0625; n += 1",
        on_post="v_pre -= 0.00390625; n += 100",
        delay={"post": 0.7 * ms},
    )
    links.connect(p=0.4)
    return outcome(40, source, group, links)


def summed() -> Arrays:
    """A variable that is a sum over synapses, and equations at synapses in every step."""
    group = leaky(40, "dv/dt = (1.2 - v)/(10*ms) : 1 (unless refractory)\ntotal : 1")
    links = api.Synapses(
        group,
        group,
        """total_post = 0.25*floor(8*g) : 1 (summed)
           dg/dt = -g/(5*ms) : 1 (clock-driven)""",
        on_pre="g += 0.5",
        method="exact",
    )
    links.connect(p=0.2)
    return outcome(30, group, links, traced=((group, "total"),))


def clocks() -> Arrays:
    """Two step widths, and code that runs at intervals."""
    fast, slow = leaky(50), leaky(40, dt=0.5 * ms)
    links = api.Synapses(fast, slow, on_pre="v_post += 0.0625")
    links.connect(p=0.2)
    links.delay = "ms*rand()"
    fast.run_regularly("v += 0.25*rand()", dt=2 * ms)
    return outcome(40, slow, fast, links)


def events() -> Arrays:
    """Events other than spikes, and a time course that is given."""
    course = api.TimedArray(np.sin(np.arange(60)), dt=ms)
    text = "dv/dt = (1 + drive(t) - v)/(10*ms) : 1\nn : integer"
    group = leaky(90, text, "euler", events={"up": "v > 0.9"}, namespace={"drive": course})
    group.run_on_event("up", "n += 1")
    return outcome(60, group, traced=((group, "v"),))


def parts() -> Arrays:
    """Parts of groups, spikes under way between two runs, and a change of delays."""
    group = leaky(120)
    links = api.Synapses(group[20:70], group[50:], on_pre="v_post += 0.0625")
    links.connect(p=0.2)
    links.delay = 3 * ms
    spikes, rates = api.SpikeMonitor(group[:60]), api.PopulationRateMonitor(group)
    network = api.Network(group, links, spikes, rates)
    network.run(20 * ms)
    links.delay = "ms + 2*ms*rand()"
    group.v = "v/2"
    network.run(20 * ms)
    return {"i": spikes.i[:], "t": spikes.t_[:], "rates": rates.rate_[:], "v": group.v_[:]}


MODELS: tuple[Callable[[], Arrays], ...] = (
    *(neurons, noise, izhikevich, hodgkin_huxley, runge_kutta, poisson, no_delay, one_delay),
    *(many_delays, short_rows, multapses, pair_plasticity, delayed_plasticity),
    *(weight_dependent_plasticity, short_term, order, both_sides, summed, clocks, events, parts),
)
