"""What holds between runs of related networks given by arrays; no oracle is needed.

Each function draws a network and returns what is wrong, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np

from simgen.api.magic import start_scope
from simgen.api.monitors import SpikeMonitor
from simgen.api.network import Network
from simgen.api.neuron_group import NeuronGroup
from simgen.api.spike_generator import SpikeGeneratorGroup
from simgen.api.state_monitor import StateMonitor
from simgen.api.synapses import Synapses
from simgen.commands.fuzz.variants import VARIANTS, device_of
from simgen.commands.fuzz.wiring import (
    DT,
    LENGTH,
    Outcome,
    Wiring,
    make_wiring,
    run_wiring,
    unlike,
)
from simgen.units import STANDARD_UNITS

_second: Any = STANDARD_UNITS["second"]
STARTS = (7, 1001, 2**24 - 100, 2**31 - 100, 2**32 - 100)
FINE = 64  # how much finer the steps are whose result counts as exact


def permutation(random: Random) -> str:
    """Names of neurons and the order of synapses do not matter."""
    wiring = make_wiring(random, plastic=random.random() < 0.3)
    numbers = np.random.default_rng(random.randrange(2**32))
    order, shuffle = numbers.permutation(wiring.n), numbers.permutation(len(wiring.i))
    other = run_wiring(wiring.relabelled(order, shuffle))
    back = np.argsort(order)
    spikes = frozenset((int(order[k]), step) for k, step in other.spikes)
    found = Outcome(spikes, other.v[back], other.u[back], other.n[back])
    return unlike(run_wiring(wiring), found)


def partition_of_groups(random: Random) -> str:
    """A group equals the groups it can be cut into."""
    wiring = make_wiring(random)
    return unlike(run_wiring(wiring), run_wiring(wiring, cuts=_places(wiring, random)))


def subgroups(random: Random) -> str:
    """Synapses and monitors of subgroups equal those of the whole."""
    wiring = make_wiring(random)
    return unlike(run_wiring(wiring), run_wiring(wiring, slices=_places(wiring, random)))


def _places(wiring: Wiring, random: Random) -> list[int]:
    """Return one or two places where a group can be cut."""
    return sorted(random.sample(range(1, wiring.n), min(wiring.n - 1, random.choice((1, 2)))))


def partition_of_synapses(random: Random) -> str:
    """One Synapses object equals several that share its synapses."""
    wiring = make_wiring(random)
    shares = np.array([random.randrange(random.choice((2, 5))) for _ in wiring.i], int)
    return unlike(run_wiring(wiring), run_wiring(wiring, shares=shares))


def duplicates(random: Random) -> str:
    """Four synapses are one of four times the weight."""
    wiring = make_wiring(random)
    wiring = replace(wiring, w=np.floor(wiring.w * 16) / 16)
    one, four = run_wiring(wiring), run_wiring(wiring.repeated(4))
    return unlike(replace(one, n=4 * one.n), four)


def conservation(random: Random) -> str:
    """Every event arrives once, unless it is still under way."""
    wiring = make_wiring(random, plastic=random.random() < 0.5)
    found = run_wiring(wiring)
    expected = np.zeros(wiring.n, np.int64)
    for k, step in found.spikes:
        arriving = (wiring.i == k) & (wiring.d + step < LENGTH)
        np.add.at(expected, wiring.j[arriving], 1)
    return unlike(replace(found, n=expected), found)


def time_shift(random: Random) -> str:
    """The time of the start does not matter, also where counters of steps grow beyond a width."""
    wiring = make_wiring(random, plastic=random.random() < 0.5)
    return unlike(run_wiring(wiring), run_wiring(wiring, first=random.choice(STARTS)))


def runs_in_parts(random: Random) -> str:
    """A run can be cut anywhere."""
    wiring = make_wiring(random, plastic=random.random() < 0.5)
    cuts = sorted(random.choices(range(LENGTH + 1), k=random.choice((1, 3, 9))))
    pieces = [end - begin for begin, end in pairwise((0, *cuts, LENGTH))]
    return unlike(run_wiring(wiring), run_wiring(wiring, pieces=pieces))


def unwatched(random: Random) -> str:
    """Monitors do not disturb."""
    wiring = make_wiring(random, plastic=random.random() < 0.5)
    watched = run_wiring(wiring)
    return unlike(replace(watched, spikes=frozenset()), run_wiring(wiring, watch=False))


def threads(random: Random) -> str:
    """The number of threads does not matter, nor the order of a device's blocks."""
    wiring = make_wiring(random, plastic=random.random() < 0.5)
    kinds: tuple[Mapping[str, Any], ...] = tuple(
        {"device": "cpu", "threads": count} for count in (1, 2, 7, 64)
    )
    if random.random() < 0.3:
        kinds = tuple(VARIANTS[f"cuda{order}"] for order in ("", ", reverse order", ", shuffled"))
    outcomes = []
    for options in kinds:
        with device_of(options):
            outcomes.append(run_wiring(wiring))
    return "; ".join(filter(None, (unlike(outcomes[0], other) for other in outcomes[1:])))


def delay_shift(random: Random) -> str:
    """Longer delays of a feed-forward network shift what comes out."""
    wiring, extra = make_wiring(random), random.randint(1, 40)
    entries = sorted({(random.randrange(wiring.n), random.randrange(60)) for _ in range(20)})

    def output(longer: int) -> set[tuple[int, int]]:
        start_scope()
        i, times = np.array(entries).T
        source = SpikeGeneratorGroup(wiring.n, i, times * DT * _second)
        target = NeuronGroup(wiring.n, "x : 1", threshold="x > 0.9", reset="x = 0")
        synapses = Synapses(source, target, "w : 1", on_pre="x_post += w")
        if len(wiring.i):
            synapses.connect(i=wiring.i, j=wiring.j)
            synapses.w = np.abs(wiring.w)
            synapses.delay = (wiring.d + longer) * DT * _second
        else:
            synapses.connect(False)
        monitor = SpikeMonitor(target)
        Network(source, target, synapses, monitor).run(LENGTH * DT * _second)
        found = np.rint(monitor.t_ / DT).astype(np.int64)
        return {(int(k), int(step)) for k, step in zip(monitor.i, found)}

    expected = {(k, step + extra) for k, step in output(0) if step + extra < LENGTH}
    found = output(extra)
    return f"{sorted(expected ^ found)[:5]} in one only" if expected != found else ""


def linearity(random: Random) -> str:
    """Linear equations respond linearly, and exactly so to powers of two."""
    method = random.choice(("exact", "euler", "rk2", "rk4", "heun", "exponential_euler"))
    numbers = np.random.default_rng(random.randrange(2**32))
    taus = numbers.integers(2, 12, 2)
    coupling = numbers.integers(-8, 8) / 8
    text = f"dv/dt = ({coupling}*g - v)/({taus[0]}*ms) : 1\ndg/dt = -g/({taus[1]}*ms) : 1\nz : 1"
    events = np.sort(numbers.choice(80, 6, replace=False))
    kinds = numbers.integers(0, 4, 6)

    def response(weights: Any) -> Any:
        start_scope()
        source = SpikeGeneratorGroup(4, kinds, events * DT * _second)
        group = NeuronGroup(3, text, method=method, namespace={})
        synapses = Synapses(source, group, "w : 1", on_pre="g_post += w", delay=4 * DT * _second)
        synapses.connect()
        synapses.w = weights
        trace = StateMonitor(group, ["v", "g"], record=True)
        Network(source, group, synapses, trace).run(100 * DT * _second)
        return np.array([trace.v, trace.g])

    a, b = numbers.normal(size=(2, 12))
    first, second = response(a), response(b)
    error = float(np.abs(response(a + b) - first - second).max())
    if error > 1e-12:
        return f"{method}: the response to a sum is off by {error:.2e}: {text!r}"
    if not np.array_equal(response(a * 2.0**20), first * 2.0**20):
        return f"{method}: the response to 2**20 times the input is not exact: {text!r}"
    return ""


def refinement(random: Random) -> str:
    """Finer steps come closer to the solution by the order of the method."""
    method, order = random.choice((("euler", 1), ("rk2", 2), ("heun", 2), ("rk4", 4)))
    smooth = ("sin({})", "cos({})", "tanh({})", "exp(-({})**2)", "{}/(1 + ({})**2)")
    parts = []
    for _ in range(2):
        inner = f"({random.choice(('0.7', '1.3'))}*v + {random.choice(('0.4', '-0.9'))}*u)"
        parts.append(random.choice(smooth).replace("{}", inner))
    text = f"dv/dt = ({parts[0]} - v)/(2*ms) : 1\ndu/dt = ({parts[1]} + v - u)/(3*ms) : 1"

    def final(finer: int) -> Any:
        start_scope()
        group = NeuronGroup(
            3, text, method="rk4" if finer == FINE else method, dt=4 * DT * _second / finer
        )
        group.v, group.u = [0.3, -0.5, 1.0], [1.0, 0.2, -0.7]
        Network(group).run(60 * DT * _second)
        return np.array([group.v[:], group.u[:]])

    exact = final(FINE)
    coarse, fine = (float(np.abs(final(k) - exact).max()) for k in (4, 8))
    rate = np.log2(coarse / fine) if fine > 1e-13 else order
    if rate < order - 0.5:
        return f"{method}: errors {coarse:.2e} and {fine:.2e} of half the step: {text!r}"
    return ""


RELATIONS = (
    *(permutation, partition_of_groups, partition_of_synapses, subgroups, duplicates),
    conservation,
    *(time_shift, runs_in_parts, unwatched, threads, delay_shift, linearity, refinement),
)
