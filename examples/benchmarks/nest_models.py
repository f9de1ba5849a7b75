"""The benchmark models as NEST has them: the same neurons, weights, delays and drive.

What differs is what NEST cannot do: the shortest delay is one step, where the others have none in
CUBA and COBAHH; conductance models are integrated by an adaptive method instead of a fixed step;
and the delays of plastic synapses are dendritic. Facts on its models: https://nest-simulator.readthedocs.io.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import microcircuit as circuit  # of the folder of workloads
import numpy as np

STEP = 0.1  # ms


@dataclass(frozen=True)
class Population:
    """Recorded neurons and what their spikes reach: ``events_each`` synapses on average."""

    recorder: Any
    size: int
    events_each: float

    def spikes(self) -> int:
        """Return how often they have fired."""
        return int(self.recorder.n_events)


@dataclass(frozen=True)
class NestWorkload:
    """A built network; it answers what :class:`workload.Workload` answers."""

    neurons: int
    n_synapses: int
    rates_of: Population
    populations: tuple[Population, ...]
    dt: float = 1e-3 * STEP

    def rate(self, seconds: float) -> float:
        """Return the mean rate in Hz over ``seconds`` of simulated time."""
        return self.rates_of.spikes() / self.rates_of.size / seconds

    def synapses(self) -> int:
        """Return the number of synapses."""
        return self.n_synapses

    def events(self) -> float:
        """Return the synaptic events so far."""
        return sum(each.spikes() * each.events_each for each in self.populations)


def _recorded(nest: Any, nodes: Any, events_each: float) -> Population:
    recorder = nest.Create("spike_recorder")
    nest.Connect(nodes, recorder)
    return Population(recorder, len(nodes), events_each)


def _random_pairs(nest: Any, nodes: Any, split: int, share: float, weights: Any) -> NestWorkload:
    """Connect excitatory and inhibitory neurons to all, each pair with one probability."""
    rule = {"rule": "pairwise_bernoulli", "p": share}
    for part, weight in zip((nodes[:split], nodes[split:]), weights):
        nest.Connect(part, nodes, rule, {"weight": weight, "delay": STEP})
    count = nest.num_connections
    population = _recorded(nest, nodes, count / len(nodes))
    return NestWorkload(len(nodes), count, population, (population,))


def cuba(nest: Any, neurons: int = 4000, inputs: int | None = None) -> NestWorkload:
    """Return CUBA; voltages times C/tau_m are the currents."""
    share = 0.02 if inputs is None else inputs / neurons
    capacity, tau = 250.0, 20.0  # pF, ms
    values = {
        "C_m": capacity,
        "tau_m": tau,
        "tau_syn_ex": 5.0,
        "tau_syn_in": 10.0,
        "E_L": -49.0,
        "V_th": -50.0,
        "V_reset": -60.0,
        "t_ref": 5.0,
        "I_e": 0.0,
    }
    nodes = nest.Create("iaf_psc_exp", neurons, params=values)
    nodes.V_m = nest.random.uniform(-60.0, -50.0)
    scale = 80 / (share * neurons) * capacity / tau
    return _random_pairs(nest, nodes, neurons * 4 // 5, share, (1.62 * scale, -9.0 * scale))


def cobahh(nest: Any, neurons: int = 4000, inputs: int | None = None) -> NestWorkload:
    """Return COBAHH; the area of 20000 um^2 is multiplied in, and conductances start at 0."""
    share = 0.02 if inputs is None else inputs / neurons
    values = {
        "C_m": 200.0,
        "g_L": 10.0,
        "g_Na": 20000.0,
        "g_K": 6000.0,
        "E_L": -60.0,
        "E_Na": 50.0,
        "E_K": -90.0,
        "E_ex": 0.0,
        "E_in": -80.0,
        "V_T": -63.0,
        "tau_syn_ex": 5.0,
        "tau_syn_in": 10.0,
        "t_ref": 3.0,
    }
    nodes = nest.Create("hh_cond_exp_traub", neurons, params=values)
    nodes.V_m = -60.0 + nest.random.normal(-5.0, 5.0)
    scale = 80 / (share * neurons)
    return _random_pairs(nest, nodes, neurons * 4 // 5, share, (6.0 * scale, -67.0 * scale))


def brunel(nest: Any, neurons: int = 5000, inputs: int = 1000) -> NestWorkload:
    """Return Brunel and Hakim's network; noise is a current that lasts a step."""
    tau, capacity, sigma = 20.0, 250.0, 1.0
    values = {
        "C_m": capacity,
        "tau_m": tau,
        "E_L": 0.0,
        "V_th": 20.0,
        "V_reset": 10.0,
        "t_ref": 2.0,
        "I_e": 51.0 * capacity / tau,
    }
    nodes = nest.Create("iaf_psc_delta", neurons, params=values)
    nodes.V_m = nest.random.uniform(10.0, 20.0)
    spread = sigma * capacity / tau * math.sqrt(tau / STEP)
    noise = nest.Create("noise_generator", params={"std": spread, "dt": STEP})
    nest.Connect(noise, nodes)
    before = nest.num_connections
    synapses = {"weight": -0.1 * 1000 / inputs, "delay": nest.random.uniform(0.5, 5.0)}
    nest.Connect(nodes, nodes, {"rule": "pairwise_bernoulli", "p": inputs / neurons}, synapses)
    count = nest.num_connections - before
    population = _recorded(nest, nodes, count / neurons)
    return NestWorkload(neurons, count, population, (population,))


def stdp(nest: Any, inputs: int = 1000, neurons: int = 800) -> NestWorkload:
    """Return plastic synapses from Poisson inputs; the leak conductance is the unit of others."""
    leak, gmax = 10.0, 0.02 * 1000 / inputs
    values = {
        "C_m": 10.0 * leak,
        "g_L": leak,
        "E_L": -74.0,
        "E_ex": 0.0,
        "V_th": -54.0,
        "V_reset": -60.0,
        "t_ref": 40.0,
        "tau_syn_ex": 5.0,
        "tau_minus": 20.0,
    }
    nodes = nest.Create("iaf_cond_exp", neurons, params=values)
    nodes.V_m = nest.random.uniform(-74.0, -54.0)
    source = nest.Create("parrot_neuron", inputs)
    nest.Connect(nest.Create("poisson_generator", params={"rate": 15.0}), source)
    before = nest.num_connections
    rule = {
        "synapse_model": "stdp_synapse",
        "weight": nest.random.uniform(0.0, gmax * leak),
        "delay": nest.random.uniform(0.5, 5.0),
        "tau_plus": 20.0,
        "lambda": 0.01,
        "alpha": 1.05,
        "mu_plus": 0.0,
        "mu_minus": 0.0,
        "Wmax": gmax * leak,
    }
    nest.Connect(source, nodes, "all_to_all", rule)
    count = nest.num_connections - before
    arriving, leaving = _recorded(nest, source, neurons), _recorded(nest, nodes, inputs)
    return NestWorkload(inputs + neurons, count, leaving, (arriving, leaving))


def microcircuit(nest: Any, neurons: float = 0.1, inputs: float = 0.1) -> NestWorkload:
    """Return the microcircuit of the workload of that name, at the same scale."""
    sizes = np.round(circuit.SIZES * neurons).astype(int)
    values = {
        "C_m": 250.0,
        "tau_m": 10.0,
        "tau_syn_ex": 0.5,
        "tau_syn_in": 0.5,
        "E_L": -65.0,
        "V_th": -50.0,
        "V_reset": -65.0,
        "t_ref": 2.0,
    }
    counts, mean, lost = circuit.synapse_counts(), circuit.weights(), 1 - np.sqrt(inputs)
    external = circuit.EXTERNAL * circuit.PSC * 8
    current = lost * ((counts * mean * circuit.RATES).sum(axis=1) / circuit.SIZES + external)
    populations, reached = [], np.zeros(8)
    for target, size in enumerate(sizes):
        nodes = nest.Create("iaf_psc_exp", int(size), params=values)
        nodes.V_m = nest.random.normal(circuit.V_MEAN[target], circuit.V_SD[target])
        nodes.I_e = float(current[target] * circuit.TAU_SYN)
        rate = 8.0 * int(circuit.EXTERNAL[target] * inputs)
        drive = nest.Create("poisson_generator", params={"rate": rate})
        nest.Connect(drive, nodes, syn_spec={"weight": circuit.PSC / math.sqrt(inputs)})
        populations.append(nodes)
    for target in range(8):
        for source in range(8):
            number = round(counts[target, source] * neurons * inputs)
            if number:
                ends = populations[source], populations[target]
                weight = mean[target, source] / math.sqrt(inputs)
                _connect(nest, ends, number, weight, source % 2 == 0)
                reached[source] += number
    recorded = [_recorded(nest, n, e / len(n)) for n, e in zip(populations, reached)]
    return NestWorkload(int(sizes.sum()), int(reached.sum()), recorded[0], tuple(recorded))


def _connect(nest: Any, ends: tuple[Any, Any], number: int, weight: float, excites: bool) -> None:
    """Connect a fixed number of pairs with normal weights (of one sign) and delays."""
    limits = (0.0, math.inf) if excites else (-math.inf, 0.0)
    delay = 1.5 if excites else 0.75
    normal, redraw = nest.random.normal, nest.math.redraw
    spec = {
        "weight": redraw(normal(weight, abs(weight) / 10), *limits),
        "delay": redraw(normal(delay, delay / 2), STEP / 2, math.inf),
    }
    nest.Connect(*ends, {"rule": "fixed_total_number", "N": number}, spec)


MODELS: dict[str, Callable[..., NestWorkload]] = {
    build.__name__: build for build in (cuba, cobahh, brunel, stdp, microcircuit)
}
