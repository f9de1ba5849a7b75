"""Sums over elements in code that runs for all of them: what is added up, when, in what order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import simgen
from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    Synapses,
    ms,
    mV,
    nS,
    set_device,
    start_scope,
)

DEVICES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("reference", {}),
    ("cpu", {}),
    ("cpu", {"threads": 2}),
    ("cpu", {"threads": 3}),
    ("cuda", {"emulate": True, "deterministic": True}),
)


def on_all_devices(model: Callable[[], Sequence[Any]]) -> list[np.ndarray]:
    """Return the results of a model, which must be the same bits everywhere."""
    first: list[np.ndarray] = []
    for name, options in DEVICES:
        set_device(name, **options)
        start_scope()
        simgen.seed(7)
        found = [np.array(values) for values in model()]
        first = first or found
        for expected, values in zip(first, found, strict=True):
            np.testing.assert_array_equal(values, expected, err_msg=f"{name} {options}")
    set_device("auto")
    return first


def by(ends: Any, values: Any, size: int) -> np.ndarray:
    """Return the sums of values by the neuron at one end."""
    return np.bincount(ends, weights=values, minlength=size)


def test_weights_are_normalised_per_target_during_a_run(device: str) -> None:
    group = NeuronGroup(6, "v : 1")
    synapses = Synapses(group, group, "w : siemens")
    synapses.connect(i=[0, 1, 2, 3, 4, 0, 5], j=[1, 1, 1, 3, 3, 4, 4])
    synapses.w = [1, 2, 5, 2, 6, 3, 0] * nS
    synapses.run_regularly("w *= 16*nS / sum_over_post(w)", dt=0.5 * ms)
    synapses.run_regularly("w += 1*nS", dt=0.1 * ms, when="end")
    network = Network(group, synapses)
    network.run(0.1 * ms)
    expected = np.array([2, 4, 10, 4, 12, 16, 0]) + 1
    np.testing.assert_allclose(synapses.w / nS, expected, rtol=1e-14)
    network.run(0.5 * ms)  # once more, after five additions
    expected = expected + 4
    expected = expected * 16 / by(synapses.j, expected, 6)[synapses.j] + 1
    np.testing.assert_allclose(synapses.w / nS, expected, rtol=1e-14)


def test_sums_and_means_of_every_kind(device: str) -> None:
    source = NeuronGroup(5, "x : volt")
    source.x = [1, 2, 4, 8, 16] * mV
    target = NeuronGroup(7, "n : 1")
    synapses = Synapses(
        source[1:],
        target[2:],
        """w : volt
        k : integer
        pre_sum : volt
        post_sum : volt
        pre_mean : volt
        post_mean : volt
        count : integer
        total : volt (shared)
        mean : volt (shared)
        whole : integer (shared)""",
    )
    i, j = np.array([0, 0, 1, 3, 3, 3, 3]), np.array([0, 4, 4, 0, 1, 1, 4])
    synapses.connect(i=i, j=j)
    synapses.w = [1, 2, 3, 4, 5, 6, 7] * mV
    synapses.k = [1, -2, 3, 4, 5, -6, 7]
    synapses.run_at(
        """pre_sum = sum_over_pre(w)
        post_sum = sum_over_post(x_pre)
        pre_mean = mean_over_pre(w)
        post_mean = mean_over_post(w)
        count = sum_over_post(int(k > 0)) + 10*sum_over_pre(k)
        total = sum_all(w)
        mean = mean_all(w)
        whole = sum_all(k)""",
        times=[0.1] * ms,
    )
    Network(source, target, synapses).run(0.3 * ms)
    w, k, x = np.arange(1, 8), synapses.k[:], np.array([2, 4, 8, 16])[i]
    np.testing.assert_allclose(synapses.pre_sum / mV, by(i, w, 4)[i])
    np.testing.assert_allclose(synapses.post_sum / mV, by(j, x, 5)[j])
    np.testing.assert_allclose(synapses.pre_mean / mV, (by(i, w, 4) / [2, 1, 1, 4])[i])
    np.testing.assert_allclose(synapses.post_mean / mV, (by(j, w, 5) / [2, 2, 1, 1, 3])[j])
    np.testing.assert_array_equal(synapses.count, by(j, k > 0, 5)[j] + 10 * by(i, k, 4)[i])
    assert synapses.total / mV == pytest.approx(28)
    assert synapses.mean / mV == pytest.approx(4)
    assert synapses.whole == 12


def test_extremes_of_every_kind(device: str) -> None:
    group = NeuronGroup(6, "v : volt\nk : integer\nlow : volt (shared)\nhigh : integer (shared)")
    group.v = [3, -2, 7, 0, 5, 1] * mV
    group.k = [3, -2, -7, 0, 5, 1]
    synapses = Synapses(
        group,
        group[1:],
        """w : 1
        k_syn : integer
        a : 1
        b : 1
        c : integer
        d : integer
        top : 1 (shared)
        least : integer (shared)""",
    )
    i, j = np.array([0, 0, 2, 2, 5]), np.array([0, 1, 1, 1, 4])
    synapses.connect(i=i, j=j)
    synapses.w = [-3, 1.5, 2, -4, -0.5]
    synapses.k_syn = [-3, 10, 2, -4, 2**31 - 1]
    synapses.run_regularly(
        """a = max_over_post(w)
        b = min_over_pre(w)
        c = max_over_pre(k_syn)
        d = min_over_post(k_syn)
        top = max_all(w)
        least = min_all(k_syn)"""
    )
    group.run_regularly("low = min_all(v); high = max_all(k)")
    group[2:4].run_regularly("v -= max_all(v); k = min_all(k*i)", order=1)
    Network(group, synapses).run(0.1 * ms)
    np.testing.assert_array_equal(synapses.a, [-3, 2, 2, 2, -0.5])
    np.testing.assert_array_equal(synapses.b, [-3, -3, -4, -4, -0.5])
    np.testing.assert_array_equal(synapses.c, [10, 10, 2, 2, 2**31 - 1])
    np.testing.assert_array_equal(synapses.d, [-3, -4, -4, -4, 2**31 - 1])
    assert (synapses.top, synapses.least) == (2, -4)
    assert (group.low / mV, group.high) == (-2, 5)
    np.testing.assert_allclose(group.v / mV, [3, -2, 0, -7, 5, 1], atol=1e-12)
    np.testing.assert_array_equal(group.k, [3, -2, 0, 0, 5, 1])
    group.run_now("v = max_all(v*int(i != 4))")
    assert group.v[0] / mV == 3


def test_a_sum_sees_what_statements_before_it_wrote_for_all(device: str) -> None:
    group = NeuronGroup(3, "v : 1\nz : 1")
    synapses = Synapses(group, group, "w : 1\nold : 1\nu : 1")
    synapses.connect(i=[0, 1, 2, 2], j=[0, 0, 1, 1])
    synapses.w = [1, 2, 3, 4]
    synapses.run_at(
        """old = w
        doubled = 2*w
        w = doubled
        change = w - old
        sum_of_three = sum_over_post(change) + sum_over_post(w) + sum_over_post(change)
        w = w + sum_of_three
        u = sum_over_post(w / sum_all(w)) * 64
        v_post += old""",
        [0] * ms,
    )
    Network(group, synapses).run(0.1 * ms)
    three = np.array([3 + 6 + 3] * 2 + [7 + 14 + 7] * 2)
    w = np.array([2, 4, 6, 8]) + three
    np.testing.assert_array_equal(synapses.w, w)
    np.testing.assert_allclose(synapses.u, 64 / w.sum() * by([0, 0, 1, 1], w, 3)[[0, 0, 1, 1]])
    np.testing.assert_array_equal(group.v, [3, 7, 0])


def test_a_group_is_normalised_and_a_part_of_it_alone(device: str) -> None:
    group = NeuronGroup(8, "v : volt\nk : integer\ntotal : volt (shared)\nm : 1")
    group.v = "(i + 1)*mV"
    group.k = "i - 2"
    group.run_regularly("v *= 72*mV / sum_all(v); total = sum_all(v); m = mean_all(k)")
    part = group[2:6]
    part.run_regularly("v = sum_all(v) + 0*mV; m += mean_all(i)", order=1)
    Network(group).run(0.1 * ms)
    v = np.arange(1.0, 9) * 2
    v[2:6] = v[2:6].sum()
    np.testing.assert_allclose(group.v / mV, v)
    assert group.total / mV == pytest.approx(72)
    np.testing.assert_allclose(group.m, [1.5] * 2 + [3.0] * 4 + [1.5] * 2)


def test_random_numbers_of_a_local_are_the_same_before_and_after_a_sum(device: str) -> None:
    group = NeuronGroup(20, "a : 1\nb : 1\ns : 1 (shared)")
    group.run_regularly("r = rand(); a = r; s = sum_all(r); b = r")
    network = Network(group)
    network.run(0.1 * ms)
    first = group.a[:]
    assert len(set(first)) == 20
    np.testing.assert_array_equal(group.b, first)
    assert group.s == pytest.approx(first.sum())
    network.run(0.1 * ms)
    assert (group.a != first).all()


def test_variables_written_by_refractory_gates_count_as_they_are(device: str) -> None:
    group = NeuronGroup(
        4,
        "dv/dt = 0/second : 1 (unless refractory)\nu : 1",
        threshold="i < 2 and t < dt",
        refractory=1 * ms,
        reset="",
        method="euler",
    )
    group.v = [1, 2, 4, 8]
    group.run_at("v = 2*sum_all(v); u = v", [0.5] * ms)
    Network(group).run(0.6 * ms)
    np.testing.assert_array_equal(group.v, [1, 2, 30, 30])
    np.testing.assert_array_equal(group.u, [1, 2, 30, 30])


def test_traces_that_only_a_sum_reads_stay_at_the_synapses(device: str) -> None:
    source = SpikeGeneratorGroup(3, [0, 1, 2, 1], [0.1, 0.1, 0.3, 0.4] * ms)
    target = NeuronGroup(2, "v : 1\nx : 1", threshold="v > 1", reset="v = 0")
    synapses = Synapses(
        source,
        target,
        """w : 1
        da/dt = -a/(1e9*second) : 1 (event-driven)
        db/dt = -b/(1e9*second) : 1 (event-driven)""",
        on_pre="a += 1; w += b",
        on_post="b += 1; w += a",
    )
    synapses.connect()
    synapses.run_at("x_post += sum_over_post(a)/N_incoming", [0.6] * ms)
    Network(source, target, synapses).run(0.8 * ms)
    np.testing.assert_allclose(target.x, 4)


def test_storing_and_timing_a_network_with_sums(device: str) -> None:
    group = NeuronGroup(10, "v : 1")
    synapses = Synapses(group, group, "w : 1\nn : 1")
    synapses.connect(p=0.5)
    synapses.w = "rand()"
    synapses.run_regularly("w += rand(); w *= 4/sum_over_pre(w); n = sum_all(w)", dt=0.1 * ms)
    network = Network(group, synapses)
    network.run(0.2 * ms)
    network.store()
    network.run(0.3 * ms, profile=device != "cuda")
    first = synapses.w[:]
    network.restore(restore_random_state=True)
    network.run(0.3 * ms)
    np.testing.assert_array_equal(synapses.w, first)
    if device != "cuda":
        assert any("sum_over_pre" in name for name, _ in network.profiling_info)


def test_no_synapses_give_empty_sums(device: str) -> None:
    group = NeuronGroup(2, "v : 1")
    synapses = Synapses(group, group, "w : 1\ntotal : 1 (shared)")
    synapses.connect(False)
    synapses.total = 5
    synapses.run_regularly("w = sum_over_pre(w); total = sum_all(w)")
    Network(group, synapses).run(0.1 * ms)
    assert synapses.total == 0


def model_with_delays() -> list[Any]:
    """Weights that do not add up exactly, synapses of one pair, and many delays."""
    group = NeuronGroup(60, "v : 1\ntotal : 1 (shared)", threshold="False", reset="")
    group.v = "rand()"
    synapses = Synapses(
        group[:45], group[5:], "w : 1\nu : 1\nz : 1\ns : 1 (shared)", on_pre="v_post += 0*w"
    )
    synapses.connect(p=0.3, n=2)
    synapses.w = "rand() + 1e-9*rand()"
    synapses.delay = "2*ms*rand()"
    synapses.run_regularly(
        """w *= 10/sum_over_post(w)
        u = sum_over_pre(w*rand())
        s = sum_all(w)
        z = mean_over_pre(w/v_post) + mean_all(u)""",
        dt=0.2 * ms,
    )
    synapses.run_regularly("v_post += w/sum_all(w)", dt=0.3 * ms, when="end")
    group.run_regularly("v *= 3/sum_all(v); total = sum_all(v)", dt=0.2 * ms)
    Network(group, synapses).run(0.5 * ms)
    return [group.v, synapses.w, synapses.u, synapses.s, synapses.z, group.total]


@pytest.mark.compiler
def test_sums_are_the_same_bits_on_every_device() -> None:
    v, w, u, s, z, total = on_all_devices(model_with_delays)
    assert s == pytest.approx(10 * 55)
    assert np.isfinite(np.concatenate([v, w, u, z])).all()
    assert total == pytest.approx(3)


@pytest.mark.compiler
def test_atomic_sums_of_a_device_agree_within_rounding() -> None:
    results = []
    for deterministic in (True, False):
        set_device("cuda", emulate=True, deterministic=deterministic)
        start_scope()
        simgen.seed(7)
        results.append([np.array(values) for values in model_with_delays()])
    set_device("auto")
    for exact, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-12)
