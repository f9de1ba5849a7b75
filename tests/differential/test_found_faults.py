"""Faults that random models have found, each as the shortest model that showed it."""

from __future__ import annotations

import numpy as np
import pytest
from wiring import begin

from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    ms,
    set_device,
)

pytestmark = pytest.mark.compiler


@pytest.fixture(autouse=True, params=["reference", "cpu", "cuda"])
def device(request):
    set_device(request.param, dtype="float64", emulate=request.param == "cuda")
    begin()
    yield request.param
    set_device("auto", dtype="float64")


def test_integers_are_counted_in_every_kind_of_code():
    group = NeuronGroup(
        2, "n : integer\nm : integer", threshold="n % 3 == 2", reset="m += 1; n *= 2"
    )
    synapses = Synapses(group, group, "c : integer", on_pre="c += 2; m_post -= 5")
    synapses.connect(j="i")
    regular = group.run_regularly("n += 1")
    Network(group, synapses, regular).run(0.4 * ms)
    # n: 1, 2 -> spike -> 4, 5 -> spike -> 10, 11 -> spike -> 22
    assert group.n[:].tolist() == [22, 22]
    assert group.m[:].tolist() == [-12, -12]
    assert synapses.c[:].tolist() == [6, 6]


def test_a_pathway_with_one_delay_beside_one_with_many():
    source = SpikeGeneratorGroup(1, [0], [0] * ms)
    target = NeuronGroup(4, "x : 1\ny : 1")
    synapses = Synapses(source, target, on_pre={"a": "x_post += 1", "b": "y_post += 1"})
    synapses.connect()
    synapses.a.delay = "0.1*ms*j"
    trace = StateMonitor(target, ["x", "y"], record=True, when="end")
    Network(source, target, synapses, trace).run(0.4 * ms)
    np.testing.assert_array_equal(trace.y, np.ones((4, 4)))
    np.testing.assert_array_equal(trace.x, np.triu(np.ones((4, 4))))


def test_exact_updates_read_indices_and_both_groups():
    """Propagators that differ between neurons or synapses, also of subgroups and in any order."""
    group = NeuronGroup(5, "dv/dt = (sin(i) - v)/(5*ms) : 1\np : 1", method="exact")
    group.p = "0.1*i"
    target = NeuronGroup(3, "h : 1")
    target.h = [1, 2, 3]
    equation = "dz/dt = (p_pre + h_post + 0.1*i + 10*j - z)/((1 + h_post)*ms) : 1 (clock-driven)"
    exact = Synapses(group[1:4], target[1:], equation, method="exact")
    exact.connect(i=[2, 0, 1, 2, 0], j=[1, 1, 0, 0, 0])
    Network(group, target, exact).run(5 * ms)
    np.testing.assert_allclose(group.v[:], np.sin(np.arange(5)) * (1 - np.exp(-1)), atol=1e-15)
    i, h = exact.i[:], np.array([2.0, 3.0])[exact.j[:]]
    drive = 0.1 * (i + 1) + h + 0.1 * i + 10 * exact.j[:]
    np.testing.assert_allclose(exact.z[:], drive * (1 - np.exp(-5 / (1 + h))), rtol=1e-13)


def test_synaptic_subexpressions_that_read_the_source_can_be_recorded():
    group = NeuronGroup(4, "dv/dt = 1/ms : 1", method="euler")
    group.v = "i"
    synapses = Synapses(group[1:], group, "w : 1\ng = w*v_pre + 100*v_post : 1")
    synapses.connect(i=[2, 0, 1, 0], j=[0, 3, 0, 1])
    synapses.w = [1, 2, 3, 4]
    trace = StateMonitor(synapses, "g", record=[0, 1, 3], dt=0.2 * ms)
    Network(group, synapses, trace).run(0.3 * ms)
    first = np.array([3 + 0, 2 + 300, 4 + 100])
    np.testing.assert_allclose(trace.g[:, 0], first)
    np.testing.assert_allclose(trace.g[:, 1], first + 0.2 * (np.array([1, 2, 4]) + 100))


def test_parallel_synapses_draw_numbers_of_their_own():
    group = NeuronGroup(3, "v : 1")
    synapses = Synapses(
        group, group, "w : 1\ndz/dt = xi/sqrt(ms) : 1 (clock-driven)", method="euler"
    )
    synapses.connect(i=[0, 0, 1, 1, 0], j=[1, 1, 2, 0, 1])
    regular = synapses.run_regularly("w = rand()")
    Network(group, synapses, regular).run(0.2 * ms)
    assert len(set(synapses.w[:])) == 5
    assert len(set(synapses.z[:])) == 5


def test_degrees_are_known_wherever_code_reads_them():
    group = NeuronGroup(3, "v : 1")
    synapses = Synapses(
        group,
        group,
        """w : 1
           g = 10*N_incoming + N_outgoing : 1
           dz/dt = N_incoming*xi/sqrt(ms) : 1 (clock-driven)""",
        method="euler",
    )
    synapses.connect(i=[0, 0, 1, 1], j=[1, 1, 2, 0])
    regular = synapses.run_regularly("w = N_outgoing")
    trace = StateMonitor(synapses, "g", record=True)
    Network(group, synapses, regular, trace).run(0.1 * ms)
    assert trace.g[:, 0].tolist() == [22, 22, 12, 12]
    assert synapses.w[:].tolist() == [2, 2, 2, 2]


def test_traces_kept_per_neuron_read_as_those_of_synapses():
    """More targets than sources, and the traces read between runs."""
    source = SpikeGeneratorGroup(2, [0, 1, 0], [0.1, 0.3, 0.8] * ms)
    target = NeuronGroup(5, "x : 1", threshold="t_in_timesteps == 2 + i", reset="x += 1")
    synapses = Synapses(
        source,
        target,
        """w : 1
           dta/dt = -ta/(5*ms) : 1 (event-driven)
           dtb/dt = -tb/(7*ms) : 1 (event-driven)""",
        on_pre="ta += 0.1; w += tb",
        on_post="tb += 0.2; w += ta",
    )
    synapses.connect()
    synapses.delay = "0.1*ms*i"
    network = Network(source, target, synapses)
    network.run(1 * ms)
    last = np.where(synapses.i[:] == 0, 8, np.maximum(4, 2 + synapses.j[:]))
    np.testing.assert_allclose(synapses.lastupdate[:] / (0.1 * ms), last)
    ta = np.where(
        synapses.i[:] == 0, 0.1 + 0.1 * np.exp(-0.7 / 5), 0.1 * np.exp((0.4 - last / 10) / 5)
    )
    np.testing.assert_allclose(synapses.ta[:], ta, rtol=1e-12)
    tb = 0.2 * np.exp(-(last - 2 - synapses.j[:]) / 70)
    np.testing.assert_allclose(synapses.tb[:], tb, rtol=1e-12)
    network.run(1 * ms)


def test_the_order_of_sums_onto_sources_does_not_depend_on_threads(device):
    """Many targets and delays: the parts of the threads hold pieces of every row."""
    fixed = {"emulate": True, "deterministic": True} if device == "cuda" else {}

    def run(name=device, **options):
        set_device(name, **options)
        begin()
        random = np.random.default_rng(7)
        source = SpikeGeneratorGroup(3, [0, 1, 2, 0], [0, 0.1, 0.3, 0.7] * ms)
        group = NeuronGroup(300, "x : 1\ns : 1\nr : 1")
        group.x = random.normal(size=300)
        inner = Synapses(
            group[:5],
            group,
            "w : 1\ns_pre = w*x_post : 1 (summed)",
        )
        inner.connect()
        inner.w = random.normal(size=1500)
        inner.run_regularly("r_pre += w*x_post; x_post = 0.9*x_post + 0.1*r_pre")
        relay = NeuronGroup(3, "y : 1", threshold="True")
        plastic = Synapses(
            relay, group, "w : 1", on_pre={"a": "x_post += w", "b": "y_pre += w*x_post"}
        )
        plastic.connect()
        plastic.w = random.normal(size=900)
        plastic.a.delay = random.integers(0, 9, 900) * 0.1 * ms
        inner2 = Synapses(source, group, on_pre="x_post += 0.1")
        inner2.connect()
        Network(source, group, relay, inner, plastic, inner2).run(2 * ms)
        return [group.x[:], group.s[:], group.r[:], relay.y[:]]

    alone = run("cpu")
    assert all(np.any(values) for values in alone)
    for options in ({}, {"threads": 2}, {"threads": 3}) if device == "cpu" else (fixed,):
        for values, expected in zip(run(**options), alone):
            np.testing.assert_array_equal(values, expected)


def test_a_clock_that_runs_no_code_still_counts():
    """The synapses keep the default clock, though all their code runs on that of the group."""
    group = NeuronGroup(2, "n : integer", threshold="True", reset="n += 1", dt=0.2 * ms)
    synapses = Synapses(group, group, "w : 1")
    synapses.connect()
    Network(group, synapses).run(1 * ms)
    assert group.n[:].tolist() == [5, 5]


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"condition": "i == j_post"},
        {"condition": "i <= j", "n": "1 + i"},
        {"p": 0.5},
        {"p": "0.5 + 0*j"},
        {"condition": "i == j", "p": "0.5"},
        {"p": 0.5, "n": 2},
        {"n_total": 0},
        {"j": "k for k in range(N_post)"},
        {"j": "k for k in sample(N_post, p=0.5)"},
        {"j": "i", "skip_if_invalid": True},
        {"i": "k for k in range(0, N_pre, 2)"},
        {"i": [], "j": []},
    ],
    ids=str,
)
def test_every_rule_connects_nothing_to_synapses_of_which_there_are_none(rule):
    source = SpikeGeneratorGroup(3, [0, 1, 2], [0.1, 0.2, 0.2] * ms)
    target = NeuronGroup(2, "v : 1")
    inner = Synapses(source, target, "w : 1", on_pre="v_post += w")
    inner.connect(False)
    onto = Synapses(source, inner, "z : 1", on_pre="w_post += z")
    onto.connect(**rule)
    if "j_post" not in rule.get("condition", ""):
        taken = Synapses(inner, target, "z : 1")
        taken.connect(**rule)
        assert len(taken) == 0
    Network(source, target, inner, onto).run(0.5 * ms)
    assert len(onto) == 0
    inner.connect(i=1, j=1)
    onto.connect()
    assert onto.j[:].tolist() == [0, 0, 0]


def test_another_number_of_threads_changes_no_bit_of_traces_that_neurons_keep():
    def states(threads: tuple[int, int]) -> list[np.ndarray]:
        begin()
        group = NeuronGroup(
            130, "dv/dt = (3 - v)/(1*ms + i*0.01*ms) : 1", "euler", "v > 0.5", reset="v = 0"
        )
        synapses = Synapses(
            group,
            group[:70],
            """w : 1
            dx/dt = -x/(5*ms) : 1 (event-driven)
            dy/dt = -y/(7*ms) : 1 (event-driven)""",
            on_pre="x += 0.1; w = clip(w + y, 0, 1)",
            on_post="w = clip(w + x, 0, 1); y -= 0.12",
        )
        synapses.connect("(i + j) % 3 == 0")
        synapses.delay = "(i % 4)*0.2*ms"
        network = Network(group, synapses)
        for number in threads:
            set_device("cpu", threads=number)
            network.run(2.5 * ms)
            assert synapses._run.traces.holds("x")
        return [synapses.w[:], synapses.x[:], synapses.y[:]]

    whole = states((1, 1))
    for threads in ((1, 3), (3, 1), (2, 5)):
        for one, other in zip(whole, states(threads)):
            np.testing.assert_array_equal(one, other)
