"""Code that writes variables of sources: shared by threads, the same for any number of them."""

from __future__ import annotations

import numpy as np
import pytest

import simgen
from simgen import Network, NeuronGroup, Synapses, ms, seed, set_device
from simgen.targets.cpu.split_ends import split_ends
from simgen.targets.effects import kernel_effects

pytestmark = pytest.mark.compiler

SYNAPSES = {
    "delivery": {"on_pre": "u_pre = 0.5*u_pre + w"},
    "both ends": {"on_pre": "u_pre = 0.75*u_pre + w\nv_post += 0.125"},
    "synapse and source": {"on_pre": "w += 0.25\nu_pre = 0.5*u_pre + w"},
    "whole rows": {"on_pre": {"pre": "v_post += w", "echo": "u_pre += w"}},
    "creation order": {"on_pre": {"pre": "v_post += w", "echo": "u_pre = 0.5*u_pre + w"}},
    "sum": {"model": "w : 1\nu_pre = w*z_post : 1 (summed)"},
    "target spikes": {"on_post": "u_pre = 0.5*u_pre + w"},
}


def build(target, threads, name, part):
    simgen.start_scope()
    set_device(target, threads=threads)
    seed(11)
    model = "dv/dt = (1.3 - v)/(10*ms) : 1\nu : 1\nz : 1"
    a = NeuronGroup(53, model, threshold="v > 1", reset="v = 0", method="euler", name="a")
    b = NeuronGroup(41, model, threshold="v > 1", reset="v = 0", method="euler", name="b")
    for group in (a, b):
        group.v, group.z = "rand()", "rand()"
    source = a[7:45] if part else a
    synapses = Synapses(source, b, **{"model": "w : 1", "method": "euler", **SYNAPSES[name]})
    synapses.connect(p=0.4)
    synapses.w = "rand()"
    if "on_pre" in SYNAPSES[name]:
        synapses.delay = "0.1*ms + 1.5*ms*rand()"
    return Network(a, b, synapses), (a, b, synapses)


def results(target, threads, name, part):
    network, (a, b, synapses) = build(target, threads, name, part)
    network.run(15 * ms)
    set_device("auto")
    return [np.array(values) for values in (a.v, a.u, b.v, b.u, synapses.w)]


@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize("name", SYNAPSES)
def test_any_number_of_threads_gives_the_same(name, part):
    alone = results("cpu", 1, name, part)
    assert len(np.unique(alone[1])) > 20
    for other in (("cpu", 2), ("cpu", 5), ("reference", 1)):
        for mine, theirs in zip(alone, results(*other, name, part)):
            if other[0] == "reference":
                np.testing.assert_allclose(mine, theirs, rtol=1e-12)
            else:
                np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("name", sorted(SYNAPSES.keys() - {"target spikes", "creation order"}))
def test_threads_share_the_work(name):
    network, _ = build("cpu", 2, name, False)
    network.run(0 * ms)
    kernels = split_ends(network._compiled.program).kernels
    set_device("auto")
    assert all(kernel_effects(kernel).split for kernel in kernels)
