"""Code that runs at once, on every target: between runs, before the first, and from Python code."""

from __future__ import annotations

import numpy as np
import pytest

import simgen
from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    Synapses,
    TimedArray,
    check_units,
    implementation,
    linked_var,
    ms,
    mV,
    network_operation,
    nS,
    second,
    start_scope,
)


def by(ends, values, size):
    """Return the sums of values by the neuron at one end."""
    return np.bincount(ends, weights=values, minlength=size)


def test_weights_are_normalised_before_between_and_during_runs(device):
    group = NeuronGroup(5, "v : 1", threshold="v > 1", reset="v = 0")
    synapses = Synapses(group, group, "w : siemens", on_pre="v_post += 0*w/nS")
    synapses.connect(i=[4, 0, 1, 2, 3, 0], j=[4, 1, 1, 1, 3, 3])
    synapses.w = [3, 1, 2, 5, 2, 6] * nS
    synapses.delay = "i*0.3*ms"
    synapses.run_now("w *= 16*nS / sum_over_post(w)")
    np.testing.assert_allclose(synapses.w / nS, [16, 2, 4, 10, 4, 12], rtol=1e-14)
    seen = []

    @network_operation(dt=0.2 * ms)
    def normalise():
        synapses.run_now("w += 2*nS")
        synapses.run_now("w *= 64*nS / sum_over_post(w)")
        seen.append(synapses.w[:] / nS)

    network = Network(group, synapses, normalise)
    network.run(0.3 * ms)
    w = np.array([16.0, 2, 4, 10, 4, 12])
    for found in seen:
        w += 2
        w *= 64 / by(synapses.j, w, 5)[synapses.j]
        np.testing.assert_allclose(found, w, rtol=1e-14)
    assert len(seen) == 2
    synapses.run_now("w = i*nS + N_incoming*10*nS + sum_over_pre(j*nS)")
    np.testing.assert_allclose(synapses.w / nS, [18, 34, 32, 33, 26, 24])


def test_elements_of_groups_and_parts(device):
    group = NeuronGroup(
        6,
        """v : volt
        k : integer
        b : boolean
        total : volt (shared)
        dx/dt = -x/(10*ms) : 1
        double = 2*k : 1""",
        method="exact",
    )
    group.v = "i*mV"
    group.run_now("b = i % 2 == 0; k = double + int(b); total = sum_all(v) + 1*mV")
    assert group.total / mV == pytest.approx(16)
    group[2:5].run_now("v = sum_all(v); k += i; x = mean_all(k)")
    np.testing.assert_allclose(group.v / mV, [0, 1, 9, 9, 9, 5])
    np.testing.assert_array_equal(group.k, [1, 0, 1, 1, 3, 0])
    np.testing.assert_array_equal(group.b, [True, False] * 3)
    np.testing.assert_allclose(group.x, [0, 0, 5 / 3, 5 / 3, 5 / 3, 0])


def test_neurons_are_written_from_synapses(device):
    source, target = NeuronGroup(4, "x : 1"), NeuronGroup(6, "y : 1\nn : integer")
    source.x = [1, 2, 4, 8]
    synapses = Synapses(source[1:], target[2:], "w : 1")
    synapses.connect(i=[0, 0, 1, 2], j=[0, 3, 3, 3])
    synapses.w = [1, 10, 100, 1000]
    synapses.run_now("y_post += w*x_pre; n_post += 1")
    synapses.run_now("x_pre += w")
    np.testing.assert_array_equal(target.y, [0, 0, 2, 0, 0, 20 + 400 + 8000])
    np.testing.assert_array_equal(target.n, [0, 0, 1, 0, 0, 3])
    np.testing.assert_array_equal(source.x, [1, 13, 104, 1008])


def test_time_and_refractoriness_are_those_of_the_moment(device):
    source = SpikeGeneratorGroup(1, [0], [0.2] * ms)
    group = NeuronGroup(
        3,
        """dv/dt = 0/second : 1 (unless refractory)
        moment : second
        free : boolean
        last : second""",
        threshold="v > 1 and i == 1",
        reset="v = 0",
        refractory=0.3 * ms,
        method="euler",
    )
    kick = Synapses(source, group, "seen : second\nfree : boolean", on_pre="v_post += 2")
    kick.connect()
    now = []

    @network_operation(dt=0.1 * ms)
    def look():
        group.run_now("moment = t; free = not_refractory; last = lastspike")
        kick.run_now("seen = t + dt; free = not_refractory_post")
        now.append((group.moment[0] / ms, *group.free, *kick.free))

    network = Network(source, group, kick, look)
    network.run(0.9 * ms)
    np.testing.assert_allclose([entry[0] for entry in now], np.arange(9) / 10, atol=1e-12)
    #          0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8; the spike of 0.3 ms is refractory to 0.5 ms
    expected = [1, 1, 1, 1, 0, 0, 0, 1, 1]
    assert [entry[2] for entry in now] == expected
    assert [entry[5] for entry in now] == expected
    assert all(entry[1] and entry[3] and entry[4] and entry[6] for entry in now)
    assert group.last[1] / ms == pytest.approx(0.3)
    np.testing.assert_allclose(kick.seen / ms, 0.9)
    group.v = 5
    group.run_now("v = 7; moment = t")
    np.testing.assert_array_equal(group.v, 7)
    assert group.moment[2] / ms == pytest.approx(0.9)
    network.run(0.1 * ms)
    group.run_now("v = 3")
    np.testing.assert_array_equal(group.v, [3, 0, 3])  # the gate of (unless refractory) holds


def test_random_numbers_are_new_in_each_call_and_reproducible(device):
    def draw():
        start_scope()
        simgen.seed(11)
        group = NeuronGroup(50, "v : 1\nu : 1")
        synapses = Synapses(group, group, "w : 1\nk : integer")
        synapses.connect(p=0.2, n=2)
        group.run_now("v = rand(); u = randn()")
        first = group.v[:]
        group.run_now("v = rand()")
        synapses.run_now("w = v_post + rand(); k = poisson(3)")
        before = synapses.w[:]
        Network(group, synapses).run(0.2 * ms)
        synapses.run_now("w += rand()*1e-3")
        group[10:20].run_now("u = rand()")
        return [first, group.v[:], group.u[:], before, synapses.w[:], synapses.k[:]]

    first, second_time = draw(), draw()
    for one, other in zip(first, second_time, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len({*first[0], *first[1], *first[2]}) == 150
    assert len(set(first[3])) == len(first[3])  # synapses of one pair draw apart


def test_names_come_from_the_object_and_the_caller(device):
    group = NeuronGroup(2, "v : 1\nu : 1", namespace={"a": 3.0})
    b = 4.0
    group.run_now("v = a*b; u = b")
    np.testing.assert_array_equal(group.v, 12)
    b = 5.0  # read by the code below
    group.run_now("v = a*b; u = b")  # the same program
    np.testing.assert_array_equal(group.v, 15)
    np.testing.assert_array_equal(group.u, 5)


def test_functions_tables_and_links(device):
    @implementation("cpp", "double twice(double x) { return 2*x; }")
    @implementation("cuda", "double twice(double x) { return 2*x; }")
    @check_units(x=1, result=1)
    def twice(x):
        return 2 * x

    table = TimedArray([[1.0, 2, 3], [10, 20, 30]], dt=0.2 * ms)  # read below
    other = NeuronGroup(2, "y : 1")
    other.y = [100, 200]
    group = NeuronGroup(3, "v : 1\nz : 1 (linked)\nw : 1", dt=0.1 * ms)
    group.z = linked_var(other, "y", index=[1, 0, 1])
    group.run_now("v = twice(i) + table(t, i); w = z + sum_all(z)")
    np.testing.assert_array_equal(group.v, [1, 4, 7])
    np.testing.assert_array_equal(group.w, [700, 600, 700])
    network = Network(group, other)
    network.run(0.2 * ms)
    synapses = Synapses(group, group, "q : 1")
    synapses.connect(j="i")
    group.run_now("v = table(t, i)")
    synapses.run_now("q = table(t, j) + twice(v_pre) + z_post")
    np.testing.assert_array_equal(group.v, [10, 20, 30])
    np.testing.assert_array_equal(synapses.q, [230, 160, 290])


def test_other_clocks_and_synapses_of_many_delays(device):
    group = NeuronGroup(20, "v : 1", threshold="v > 1", reset="v = 0", dt=0.1 * ms)
    synapses = Synapses(group, group, "w : 1\ns : second", on_pre="v_post += 0*w", dt=0.5 * ms)
    synapses.connect(p=0.5)
    synapses.w = "rand()"
    synapses.delay = "rand()*3*ms"
    synapses.run_now("w *= 2/sum_over_pre(w)")
    network = Network(group, synapses)
    network.run(1.3 * ms)
    synapses.run_now("w *= 4/sum_over_pre(w); s = dt")
    np.testing.assert_allclose(by(synapses.i, synapses.w, 20), 4)
    np.testing.assert_allclose(synapses.s / ms, 0.5)
    network.run(0.5 * ms)
    np.testing.assert_allclose(by(synapses.i, synapses.w, 20), 4)


def test_synapses_that_run_as_one_with_others(device):
    group = NeuronGroup(8, "v : 1", threshold="v > 0.5", reset="")
    group.v = 1
    made = []
    for first in (0, 4):
        synapses = Synapses(group, group[first : first + 4], "w : 1", on_pre="v_post += 0*w")
        synapses.connect()
        synapses.w = "1 + i + 10*j"
        made.append(synapses)
    network = Network(group, made)
    network.run(0.2 * ms)
    made[1].run_now("w *= 8 / sum_over_post(w)")
    w = (1.0 + made[0].i + 10 * made[0].j)[:]
    np.testing.assert_array_equal(made[0].w, w)
    w = w * 8 / by(made[1].j, w, 4)[made[1].j]
    np.testing.assert_allclose(made[1].w, w, rtol=1e-14)
    network.run(0.2 * ms)
    np.testing.assert_allclose(made[1].w, w, rtol=1e-14)


def test_traces_that_neurons_keep_are_at_the_synapses_again(device):
    source = SpikeGeneratorGroup(2, [0, 1], [0.1, 0.3] * ms)
    target = NeuronGroup(2, "v : 1", threshold="v > 1", reset="v = 0")
    synapses = Synapses(
        source,
        target,
        """w : 1
        old : 1
        da/dt = -a/(20*ms) : 1 (event-driven)
        db/dt = -b/(20*ms) : 1 (event-driven)""",
        on_pre="a += 1; w += b",
        on_post="b += 1; w += a",
    )
    synapses.connect()
    network = Network(source, target, synapses)
    network.run(0.5 * ms)
    before = synapses.a[:]
    synapses.run_now("old = a + lastupdate/second; a = 2*a")
    np.testing.assert_allclose(synapses.old, before + synapses.lastupdate / second)
    np.testing.assert_allclose(synapses.a, 2 * before)
    network.run(0.1 * ms)
    assert (synapses.w == 0).all()


def test_synapses_onto_synapses(device):
    group = NeuronGroup(12, "v : 1", threshold="v > 1", reset="v = 0")
    inner = Synapses(group, group, "w : 1", on_pre="v_post += 0*w")
    inner.connect(p=0.4)
    inner.w, inner.delay = "rand()", "rand()*ms"
    outer = Synapses(group, inner, "g : 1\nh : 1")
    outer.connect(p=0.3)
    outer.g = "rand()"

    def call_and_check():
        g, w, i, j = outer.g[:], inner.w[:], outer.i[:], outer.j[:]
        outer.run_now("g *= 3/sum_over_post(g); h = sum_over_pre(g*w_post)")
        outer.run_now("w_post += g*mean_all(h)")
        g = g * 3 / by(j, g, len(w))[j]
        h = by(i, g * w[j], 12)[i]
        np.testing.assert_allclose(outer.g, g)
        np.testing.assert_allclose(outer.h, h)
        np.testing.assert_allclose(inner.w, w + by(j, g, len(w)) * h.mean())

    call_and_check()
    Network(group, inner, outer).run(0.3 * ms)
    call_and_check()


def test_what_was_assigned_counts_and_derived_values_follow(device):
    group = NeuronGroup(3, "dv/dt = -v/tau : 1\ntau : second (constant)", method="exact")
    group.tau = 1 * ms
    group.v = 1
    network = Network(group)
    network.run(1 * ms)
    group.v = 2
    group.run_now("v = v*sum_all(v)")
    np.testing.assert_array_equal(group.v, 12)
    network.run(1 * ms)
    np.testing.assert_allclose(group.v, 12 * np.exp(-1))


def test_derived_values_follow_parameters_that_a_call_changes(device):
    group = NeuronGroup(3, "dv/dt = -v/tau : 1\ntau : second", method="exact")
    group.tau, group.v = [1, 2, 3] * ms, 1
    network = Network(group)
    network.run(1 * ms)
    group.run_now("tau = tau*6*ms/sum_all(tau) + 1*ms; v = 1")
    network.run(1 * ms)
    np.testing.assert_allclose(group.v, np.exp(-1 / np.array([2, 3, 4])))

    @network_operation(dt=1 * ms)
    def halve():
        group.run_now("tau *= 0.5; v = 1")

    network.add(halve)
    network.run(1 * ms)
    np.testing.assert_allclose(group.v, np.exp(-2 / np.array([2, 3, 4])))
