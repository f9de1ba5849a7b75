"""Names that differ by case only, or by where an underscore stands, name different things."""

import numpy as np
import pytest

from simgen import (
    Clock,
    EquationError,
    ModelError,
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    ms,
    run,
    start_scope,
)

SOURCE = """dv/dt = (k - v)/tau : 1
            dV/dt = (K - V)/Tau : 1
            x = v + 2*V : 1
            X = 2*v + V : 1
            n : integer"""


def test_names_that_differ_by_case_only(device, tmp_path):
    constants = {"k": 8.0, "K": 16.0, "tau": 0.2 * ms, "Tau": 0.4 * ms}
    options = {"method": "euler", "namespace": constants}
    events = {"fire": "v > 3", "Fire": "V > 3"}
    low = NeuronGroup(3, SOURCE, events=events, name="cells", **options)
    high = NeuronGroup(2, "v : 1\nV : 1\na : 1\nA : 1", name="Cells")
    low.run_on_event("fire", "n += 1")
    low.run_on_event("Fire", "n += 100")
    first = Synapses(
        low,
        high,
        "w : 1\nW : 1",
        name="s",
        on_pre={"up": "v_post += w", "Up": "V_post += W"},
        on_event={"up": "fire", "Up": "Fire"},
    )
    second = Synapses(low, high, "w : 1", name="S", on_pre={"up": "a += w"}, on_event="fire")
    for synapses in (first, second):
        synapses.connect()
    first.w, first.W, second.w = 1, 0.5, 0.25
    first.up.delay, first.Up.delay = 0 * ms, 0.1 * ms
    table, Table = TimedArray([1.0, 2.0], dt=0.2 * ms), TimedArray([4.0, 8.0], dt=0.2 * ms)
    high.run_regularly("A += table(t) + Table(t)")
    high.namespace = {"table": table, "Table": Table}
    trace = StateMonitor(low, ["v", "V", "x", "X"], record=True, name="m")
    Trace = StateMonitor(high, ["a", "A"], record=[1], name="M")
    network = Network(low, high, first, second, trace, Trace)
    network.run(0.3 * ms)
    network.store("late", tmp_path / "kept")
    network.run(0.1 * ms)

    v = 8 * (1 - 0.5 ** np.arange(5))
    V = 16 * (1 - 0.75 ** np.arange(5))
    assert trace.v[0].tolist() == v[:4].tolist()
    assert trace.V[2].tolist() == V[:4].tolist()
    assert trace.x[1].tolist() == (v + 2 * V)[:4].tolist()
    assert trace.X[1].tolist() == (2 * v + V)[:4].tolist()
    fired, Fired = (v[1:] > 3).sum(), (V[1:] > 3).sum()
    assert low.n[:].tolist() == [fired + 100 * Fired] * 3
    assert high.v[:].tolist() == [3 * fired] * 2
    assert high.V[:].tolist() == [1.5 * (Fired - 1)] * 2
    assert high.a[:].tolist() == [0.75 * fired] * 2
    assert high.A[:].tolist() == [5 + 5 + 10 + 10] * 2
    kept = high.A[:].copy(), high.V[:].copy(), low.n[:].copy()
    network.restore("late", tmp_path / "kept")
    network.run(0.1 * ms)
    for old, new in zip(kept, (high.A[:], high.V[:], low.n[:])):
        assert old.tolist() == new.tolist()


def test_underscores_join_no_names(device):
    named = [("a", "b_c"), ("a_b", "c"), ("a_", "b"), ("a_b_c", "x"), ("a_b_c_", "b")]
    groups = [
        NeuronGroup(1, f"{variable} : 1", name=name, threshold="True") for name, variable in named
    ]
    for number, (group, (_, variable)) in enumerate(zip(groups, named)):
        group.run_regularly(f"{variable} += {number + 1}")
    spikes = [SpikeMonitor(group, name=f"{group.name}m") for group in groups]
    last = Synapses(groups[2], groups[4], "w_ : 1", on_pre="w_ += 2", name="s_")
    last.connect()
    last.w_ = 5
    last.b_pre_ = 0.5
    Network(groups, spikes, last).run(0.2 * ms)
    found = [getattr(group, variable)[0] for group, (_, variable) in zip(groups, named)]
    assert found == [2, 4, 6.5, 8, 10]
    assert (last.w_[0], last.w__[0], last.b_post[0]) == (9, 9, 10)
    assert [monitor.num_spikes for monitor in spikes] == [2] * 5


def test_a_plain_number_and_a_variable_cannot_have_one_name():
    for model in ("v : volt\nv_ : 1", "v_ : 1\nv : volt"):
        with pytest.raises(EquationError, match="'v_' stands for 'v' without its unit"):
            NeuronGroup(1, model)


def test_a_network_keeps_its_table_when_another_gets_the_freed_name(device):
    """``start_scope()`` frees the names of tables that earlier networks still read."""
    networks, groups = [], []
    for value in (1.0, 2.0, 3.0):
        start_scope()
        table = TimedArray([value, value], dt=1 * ms, name="table")
        group = NeuronGroup(1, "x = table(t) : 1\ny : 1", name="cells", namespace={"table": table})
        networks.append(Network(group, group.run_regularly("y = x", name="reading")))
        groups.append(group)
    for network in reversed(networks):
        network.run(0.1 * ms)
    assert [group.y[0] for group in groups] == [1, 2, 3]


def test_a_function_that_names_its_objects_can_be_called_again(device):
    """The objects of the last call may be alive: the implicit network keeps those that ran."""

    def trial(weight):
        cells = NeuronGroup(2, "v : 1", threshold="i == 0", reset="", name="cells")
        synapses = Synapses(cells, cells, "w : 1", on_pre="v += w", name="synapses")
        synapses.connect(i=0, j=1)
        synapses.w = weight
        trace = StateMonitor(cells, "v", record=1, name="trace")
        run(0.3 * ms)
        return cells, trace.v[0].tolist()

    kept = [trial(weight) for weight in (1, 2, 3)]
    assert [values for _, values in kept] == [[0, w, 2 * w] for w in (1, 2, 3)]
    assert [cells.v[1] for cells, _ in kept] == [3, 6, 9]
    assert NeuronGroup(1, "v : 1", name="cells*").name == "cells_1"


def test_names_differ_within_a_network():
    first, second = (NeuronGroup(1, "v : 1", name="cells") for _ in range(2))
    with pytest.raises(ModelError, match="'both' has two objects named 'cells'"):
        Network(first, second, name="both").run(0 * ms)
    first, second = (
        NeuronGroup(1, "dv/dt = 1/second : 1", method="euler", clock=Clock(dt, name="ticks"))
        for dt in (0.1 * ms, 0.2 * ms)
    )
    with pytest.raises(ModelError, match="'clocks' has two clocks named 'ticks'"):
        Network(first, second, name="clocks").run(0 * ms)
