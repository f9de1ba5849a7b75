"""Relations that hold between runs of related networks; no oracle is needed.

Weights lie on a dyadic grid, so that sums are exact in any order, where a relation changes the
order of summation. ``python -m simgen fuzz --only properties`` tries them on many more networks.
"""

from __future__ import annotations

import os
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from wiring import DT, begin, seeds, some, steps

import simgen
from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    set_device,
)
from simgen.commands.fuzz.properties import check_rewrite
from simgen.commands.fuzz.relations import RELATIONS
from simgen.commands.fuzz.rewrites import REWRITES
from simgen.commands.fuzz.wiring import link, make_wiring, neurons

pytestmark = pytest.mark.compiler
FEW = range(int(os.environ.get("SIMGEN_FUZZ_EXAMPLES", "2")))


@pytest.fixture(autouse=True)
def fresh(request):
    name = getattr(request, "param", "cpu")
    set_device(name, dtype="float64", emulate=name == "cuda")
    yield
    set_device("auto", dtype="float64")


@pytest.mark.parametrize("fresh", ["reference", "cpu", "cuda"], indirect=True)
@pytest.mark.parametrize("relation", RELATIONS, ids=lambda relation: relation.__name__)
def test_related_networks_do_related_things(fresh, relation):
    for number in FEW:
        assert relation(Random(number)) == "", f"network {number}"


@pytest.mark.parametrize("rewrite", REWRITES, ids=lambda rewrite: rewrite.__name__)
def test_what_says_the_same_does_the_same(rewrite):
    for number in FEW:
        assert check_rewrite(rewrite, number, ("reference", "cpu")[number % 2])[0] == ""


@some
@given(seeds)
def test_a_delay_can_be_split_by_a_relay(number):
    random = np.random.default_rng(number)
    n = 6
    delays = random.integers(2, 20, n)
    first = random.integers(0, delays)  # the relay itself takes a step
    times = random.integers(0, 50, n)

    def arrivals(relay: bool) -> Any:
        begin()
        source = SpikeGeneratorGroup(n, np.arange(n), times * 0.1 * ms)
        target = NeuronGroup(1, "x : 1")
        objects = [source, target]
        if relay:
            middle = NeuronGroup(n, "r : 1", threshold="r > 0.5", reset="r = 0")
            to = Synapses(source, middle, on_pre="r_post += 1")
            to.connect(j="i")
            to.delay = first * 0.1 * ms
            objects += [middle, to]
            source, delay = middle, delays - first - 1
        else:
            delay = delays
        on = Synapses(source, target, on_pre="x_post += 2.0**(-i)")
        on.connect()
        on.delay = delay * 0.1 * ms
        trace = StateMonitor(target, "x", record=True)
        Network(objects, on, trace).run(10 * ms)
        return trace.x[0]

    np.testing.assert_array_equal(arrivals(True), arrivals(False))


@pytest.mark.parametrize("start", [7, 1001, 2**24, 2**31, 2**32])
def test_the_time_of_the_start_does_not_matter(start):
    def spikes(first: int) -> Any:
        begin()
        random = np.random.default_rng(3)
        wiring = make_wiring(Random(11))
        times = (first + np.sort(random.choice(60, 20, replace=False))) * DT
        source = SpikeGeneratorGroup(5, random.integers(0, 5, 20), times * simgen.second)
        group = neurons(wiring, 0, wiring.n)
        inner = link(group, group, wiring, np.ones(len(wiring.i), bool), 0, 0)
        outer = Synapses(
            source,
            group,
            "w : 1\nda/dt = -a/(5*ms) : 1 (event-driven)",
            on_pre="x_post += w*(1 + a); a += 1",
            on_post="w += a/64",
        )
        outer.connect(j="k for k in range(N_post) if (i + k) % 2 == 0")
        outer.w, outer.delay = "0.125*i", "0.1*ms*((i + j) % 7)"
        regular = group.run_regularly("v += 0.0625", dt=0.7 * ms)
        monitor = SpikeMonitor(group)
        network = Network(source, group, inner, outer, monitor, regular)
        network._t = first * DT
        network.run(40 * ms)
        return {(k, step - first) for k, step in steps(monitor)}, outer.w[:].tolist()

    assert len(spikes(0)[0]) > 20
    assert spikes(start // 7 * 7) == spikes(0)  # run_regularly keeps to multiples of 7 steps
