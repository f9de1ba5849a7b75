"""Code that runs at once gives the same bits on every device, and leaves state where it is."""

from __future__ import annotations

import numpy as np
import pytest

import simgen
from simgen import (
    Network,
    NeuronGroup,
    Synapses,
    ms,
    network_operation,
    set_device,
    start_scope,
)
from simgen.targets.cuda import backend
from simgen.targets.cuda.emulate import open_emulated


def everything():
    """Return the values that calls of every kind give."""
    group = NeuronGroup(50, "v : 1\nk : integer\ntotal : 1 (shared)", threshold="False", reset="")
    group.v = "rand()"
    synapses = Synapses(
        group[:40], group[5:], "w : 1\nu : 1\nq : 1\ns : 1 (shared)", on_pre="v_post += 0*w"
    )
    synapses.connect(p=0.3, n=2)
    synapses.w, synapses.delay = "rand()", "rand()*ms"
    found = []

    def call():
        synapses.run_now(
            """w *= 10/sum_over_post(w)
            u = sum_over_pre(w)*rand()
            s = sum_all(w)
            q = mean_over_pre(w) + mean_all(u)"""
        )
        synapses.run_now("v_post += w/sum_all(w)")
        group.run_now("v *= 3/sum_all(v); total = sum_all(v); k = k + i % 3")
        group[3:10].run_now("v += sum_all(v)*randn()")
        values = (group.v, synapses.w, synapses.u, synapses.s, synapses.q, group.total, group.k)
        found.extend(np.array(value) for value in values)

    call()
    operation = network_operation(dt=0.3 * ms)(call)
    network = Network(group, synapses, operation)
    network.run(0.7 * ms)
    call()
    network.run(0.3 * ms)
    return [*found, np.array(group.v), np.array(synapses.w)]


@pytest.mark.compiler
def test_calls_give_the_same_bits_on_every_device():
    first = []
    for name, options in (
        ("reference", {}),
        ("cpu", {}),
        ("cpu", {"threads": 2}),
        ("cpu", {"threads": 3}),
        ("cpu", {"threads": 3, "optimize": 0}),
        ("cuda", {"emulate": True, "deterministic": True}),
    ):
        set_device(name, **options)
        start_scope()
        simgen.seed(4)
        found = everything()
        first = first or found
        for expected, values in zip(first, found, strict=True):
            np.testing.assert_array_equal(values, expected, err_msg=f"{name} {options}")
    set_device("auto")


@pytest.mark.compiler
def test_state_stays_on_a_device(traffic):
    group = NeuronGroup(10, "v : 1", name="G")
    synapses = Synapses(group, group, "w : 1\nu : 1", name="S")
    synapses.connect()
    synapses.w = "1 + i"
    synapses.run_regularly("u += w; v_post += w")
    network = Network(group, synapses)
    network.run(0.1 * ms)

    def moved():
        found = sorted({entry for entry in traffic if entry[1] in ("S.w", "S.u", "G.v")})
        traffic.clear()
        return found

    moved()
    synapses.run_now("w *= 110/sum_over_post(w)")
    network.run(0.1 * ms)
    group.run_now("v += 1")
    assert moved() == []
    np.testing.assert_array_equal(group.v, 55 + 110 + 1)
    np.testing.assert_array_equal(synapses.u, 3 * (1 + synapses.i))
    assert moved() == [("down", "G.v"), ("down", "S.u")]
    synapses.w = 7
    synapses.run_now("u = sum_over_post(w)")
    np.testing.assert_array_equal(synapses.u, 70)
    assert moved() == [("down", "S.u"), ("down", "S.w"), ("up", "S.w")]


@pytest.mark.compiler
@pytest.mark.parametrize("name", ["reference", "cpu", "cuda"])
def test_single_precision(name):
    set_device(name, dtype="float32", **({"emulate": True} if name == "cuda" else {}))
    start_scope()
    group = NeuronGroup(4, "v : 1\nmoment : second")
    synapses = Synapses(group, group, "w : 1")
    synapses.connect()
    synapses.w = "1 + i"
    synapses.run_now("w *= 20/sum_over_post(w)")
    np.testing.assert_array_equal(synapses.w, 2 * (1 + synapses.i))
    group.run_now("v = sum_all(i); moment = t")
    np.testing.assert_array_equal(group.v, 6)
    set_device("auto", dtype="float64")


@pytest.mark.compiler
@pytest.mark.parametrize("deterministic", [True, False])
def test_the_threads_of_a_device_do_not_race(monkeypatch, deterministic):
    device = open_emulated(order="shuffled", seed=3, check=True)
    monkeypatch.setattr(backend, "open_device", lambda options: device)
    results = []
    for options in ({"deterministic": deterministic}, {"deterministic": True}):
        set_device("cuda", emulate=True, **options)
        start_scope()
        simgen.seed(4)
        results.append(everything())
        monkeypatch.undo()
    set_device("auto")
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0 if deterministic else 1e-11)
