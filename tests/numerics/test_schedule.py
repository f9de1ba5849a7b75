"""The schedule of networks, on every target; the expected values are those of Brian 2.9."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import simgen
from simgen import (
    Hz,
    Network,
    NetworkOperation,
    NeuronGroup,
    PoissonInput,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    magic_network,
    ms,
    run,
    scheduling_summary,
)
from simgen.errors import ArgumentTypeError, ModelError, UnsupportedFeatureError

SLOTS = (
    *("start", "before_groups", "after_groups", "before_thresholds", "after_synapses"),
    *("before_resets", "after_resets", "end", "after_end"),
)
# What monitors in these slots record of H, then the steps in which G and H spike.
EXPECTED = {
    ("start", "groups", "thresholds", "resets", "synapses", "end"): (
        *("0112011201", "0112011201", "0112011201", "0112011201", "1120112011"),
        *("0112011201", "0110011001", "1120112011", "1120112011"),
        *([0, 2, 4, 6, 8], [3, 7]),
    ),
    ("thresholds", "end", "synapses", "resets", "groups", "start"): (
        *("0112011201", "0112011201", "0112011201", "0011201120", "0112211221"),
        *("0112211221", "0112011201", "0011201120", "0011201120"),
        *([1, 3, 5, 7, 9], [4, 8]),
    ),
}


def wired() -> tuple[Network, list[StateMonitor], list[SpikeMonitor]]:
    group = NeuronGroup(1, "v : 1", threshold="v > 0.5", reset="v = 0", name="G")
    other = NeuronGroup(
        1, "v : 1", threshold="v > 1.5", reset="v = 0", name="H", refractory=0.2 * ms
    )
    group.run_regularly("v += 1", dt=0.2 * ms)
    forth = Synapses(group, other, on_pre="v += 1", name="S")
    back = Synapses(
        other,
        group,
        on_pre="v_post += 0.25",
        on_post="v_post = v_post + 0.125",
        name="T",
        delay={"pre": 0.1 * ms},
    )
    forth.connect()
    back.connect()
    traces = [StateMonitor(other, "v", record=0, when=slot) for slot in SLOTS]
    spikes = [SpikeMonitor(group), SpikeMonitor(other)]
    return Network(group, other, forth, back, traces, spikes), traces, spikes


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("slots", EXPECTED, ids=["resets_first", "thresholds_first"])
def test_slots_run_in_the_order_of_the_schedule(device: str, slots: tuple[str, ...]) -> None:
    network, traces, spikes = wired()
    network.schedule = slots
    assert network.schedule == list(slots)
    network.run(1 * ms)
    found = ["".join(map(str, trace.v[0].astype(int))) for trace in traces]
    steps = [np.rint(each.t / (0.1 * ms)).astype(int).tolist() for each in spikes]
    assert (*found, *steps) == EXPECTED[slots]


LATE = ["start", "groups", "synapses", "thresholds", "resets", "end"]
BEFORE_SYNAPSES = [
    [0, 0, 0, 0, 2, 0, 1, 3, 6, 0, 1, 3],
    [0, 0, 0, 0, 0, 1, 2, 4, 0, 2, 3, 5],
    [0, 0, 0, 0, 2, 3, 4, 0, 3, 5, 6, 0],
    [0, 0, 0, 0, 2, 3, 0, 2, 5, 7, 0, 2],
]


@pytest.mark.filterwarnings("ignore")
def test_delays_count_from_the_next_step_where_synapses_come_first(device: str) -> None:
    group = NeuronGroup(
        4, "v : 1\nx : 1", threshold="(t_in_timesteps + i) % 4 == 0", reset="v = 0; x += 1"
    )
    other = NeuronGroup(
        4, "v : 1\ng : 1", threshold="g > 1.5", reset="g = 0", events={"e": "g > 0.5"}
    )
    forth = Synapses(
        group,
        other,
        "w : 1",
        on_pre={"a": "g += w", "b": "v_post += 10"},
        on_post="w = w*2 + 1",
        on_event={"post": "e"},
    )
    forth.connect()
    forth.w = "i + 1"
    forth.a.delay = "(i + j) % 3 * 0.1*ms"
    forth.b.delay = 0.2 * ms
    forth.post.delay = "j*0.1*ms"
    back = Synapses(other, group, on_pre="v_post += 1")
    back.connect()
    trace = StateMonitor(group, "v", record=True)
    spikes = SpikeMonitor(other)
    network = Network(group, other, forth, back, trace, spikes)
    network.schedule = LATE
    network.run(1.2 * ms)
    steps = np.rint(spikes.t / (0.1 * ms)).astype(int)
    assert steps.tolist() == [2, 2, 3, 4, 5, 5, 6, 6, 6, 7, 7, 8, 9, 9, 10, 10, 10, 11, 11]
    assert spikes.i.tolist() == [0, 3, 1, 2, 0, 3, 0, 1, 3, 1, 2, 2, 0, 3, 0, 1, 3, 1, 2]
    np.testing.assert_array_equal(trace.v, BEFORE_SYNAPSES)


def late_network() -> tuple[Network, NeuronGroup]:
    group = NeuronGroup(1, "v : 1", threshold="t_in_timesteps % 2 == 0", reset="", name="G")
    other = NeuronGroup(2, "n : 1", name="H")
    synapses = Synapses(group, other, on_pre="n = n*10 + t_in_timesteps", name="S")
    synapses.connect()
    synapses.delay = [0.3, 0] * ms
    network = Network(group, other, synapses)
    network.schedule = LATE
    return network, other


@pytest.mark.filterwarnings("ignore")
def test_spikes_under_way_keep_their_arrival_when_the_schedule_changes(
    device: str, tmp_path: Path
) -> None:
    network, other = late_network()
    network.run(0.3 * ms)  # spikes of the steps 0 and 2; the first has arrived in step 1
    np.testing.assert_array_equal(other.n, [0, 1])
    network.store(filename=tmp_path / "states")
    network.schedule = None
    network.run(0.3 * ms)  # arrivals 0+1+3 and 2+1; the spike of step 4 at once
    np.testing.assert_array_equal(other.n, [4, 134])
    network.schedule = LATE
    network.run(0.2 * ms)  # 2+1+3, 4+3; the spike of step 6 in step 7
    np.testing.assert_array_equal(other.n, [467, 1347])
    simgen.start_scope()
    fresh, other = late_network()
    fresh.restore(filename=tmp_path / "states")
    fresh.run(0.5 * ms)  # 0+1+3, 2+1+3; 2+1, 4+1, 6+1
    np.testing.assert_array_equal(other.n, [46, 1357])


def test_objects_that_come_before_their_events_do_not_run_as_one() -> None:
    simgen.set_device("cpu")
    simgen.start_scope()
    group = NeuronGroup(4, "v : 1", threshold="t_in_timesteps == 0", reset="")
    other = NeuronGroup(4, "n : 1")
    parts = [
        Synapses(group[k : k + 2], other[k : k + 2], on_pre="n += t_in_timesteps + 1")
        for k in (0, 2)
    ]
    for part in parts:
        part.connect()
    network = Network(group, other, parts)
    network.schedule = LATE
    network.run(0.2 * ms)
    assert not network._compiled.merged
    np.testing.assert_array_equal(other.n, [4] * 4)
    network.schedule = None
    network.run(0.2 * ms)
    simgen.set_device("auto")


def test_a_slot_of_ones_own_needs_no_python_operation(device: str) -> None:
    network = Network()
    network.schedule = [*network.schedule, "mine"]
    group = NeuronGroup(1, "v : 1", threshold="v > 1", reset="v = 3")
    group.v = 2
    group.run_regularly("v *= 2", when="mine")
    network.add(group)
    network.run(0.1 * ms)
    assert group.v[0] == 6


def test_slots_of_ones_own_and_changes_between_runs(device: str) -> None:
    network = Network(name="net")
    network.schedule = [*network.schedule, "mine"]
    group = NeuronGroup(1, "v : 1\nw : 1")
    group.run_regularly("w = v", when="mine")
    add = group.run_regularly("v += 1", when="before_mine")
    calls = []
    last = NetworkOperation(lambda t: calls.append((round(t / (0.1 * ms)), group.w[0])), when="end")
    network.add(group, last)
    network.run(0.2 * ms)
    assert group.w == 2
    assert calls == [(0, 0), (1, 1)]
    last.when = "after_mine"
    add.when, add.order = "mine", 3
    network.run(0.1 * ms)
    assert group.w == 2  # read before it was increased
    assert calls[2:] == [(2, 2)]
    add.active = False
    network.run(0.1 * ms)
    assert group.v == 3
    network.schedule = None
    with pytest.raises(ModelError) as caught:
        network.run(0.1 * ms)
    assert "'mine'" in str(caught.value)
    with pytest.raises(ModelError, match="'mine'"):
        network.scheduling_summary()
    network.schedule = ["start", "groups", "mine"]
    network.run(0.1 * ms)
    assert network.t == 0.5 * ms


def test_active_holds_for_what_came_with_an_object_and_not_within_a_run() -> None:
    simgen.set_device("reference")
    simgen.start_scope()
    group = NeuronGroup(1, "v : 1", name="cells")
    group.run_regularly("v += 1")
    other = NeuronGroup(1, "v : 1")

    def turn_off() -> None:
        group.active = False

    network = Network(group, other, turning := NetworkOperation(turn_off))
    with pytest.raises(ModelError, match="'cells' cannot change while its network runs"):
        network.run(0.1 * ms)
    network.remove(turning)
    group.active = False
    network.run(0.2 * ms)
    assert group.v == 1
    group.active = True
    network.run(0.1 * ms)
    assert group.v == 2
    with pytest.raises(ArgumentTypeError, match="'cells' must be True or False"):
        group.active = "no"
    simgen.set_device("auto")


@pytest.mark.parametrize(
    ("slots", "error", "words"),
    [
        ("start", ArgumentTypeError, ["'start'", "'net'"]),
        (3, ArgumentTypeError, ["3", "'net'"]),
        ([1], ArgumentTypeError, ["1", "'net'"]),
        (["start", "start"], ModelError, ["'start'", "twice"]),
        (["before_start"], ModelError, ["'before_start'"]),
        (["a b"], ModelError, ["'a b'"]),
        ([], ModelError, ["no slots"]),
    ],
)
def test_what_is_no_schedule_is_refused(slots, error, words) -> None:
    simgen.start_scope()
    network = Network(name="net")
    with pytest.raises(error) as caught:
        network.schedule = slots
    for word in words:
        assert word in str(caught.value)
    assert network.schedule[0] == "start"


def test_pathways_say_what_cannot_be_set() -> None:
    simgen.start_scope()
    group = NeuronGroup(1, "v : 1", threshold="v > 1", reset="")
    synapses = Synapses(group, group, on_pre="v += 1", name="wires")
    assert (synapses.pre.when, synapses.pre.active) == ("synapses", True)
    with pytest.raises(UnsupportedFeatureError, match=r"'pre'.*'wires'.*'end'"):
        synapses.pre.when = "end"
    with pytest.raises(UnsupportedFeatureError, match=r"'pre'.*'wires'"):
        synapses.pre.active = False


def test_the_summary_lists_what_runs_in_order(golden) -> None:
    simgen.start_scope()
    group = NeuronGroup(
        2,
        "dv/dt = -v/ms : 1\nlevel : 1\ns : 1",
        threshold="v > 0.5",
        reset="v = 0",
        events={"e": "v > 0.1"},
        name="cells",
        order=1,
    )
    group.run_on_event("e", "level = 0", when="end", order=2)
    group.run_regularly("level += 1", dt=0.5 * ms).active = False
    group.run_at("level = 0", [1] * ms)
    synapses = Synapses(
        group,
        group,
        "dx/dt = -x/ms : 1 (clock-driven)\ns_post = x : 1 (summed)",
        on_pre={"a": "x += 1", "b": "x += 2"},
        on_post="x = 0",
        name="wires",
    )
    parts = [
        SpikeMonitor(group),
        StateMonitor(group, "v", record=True, dt=0.2 * ms),
        NetworkOperation(lambda: None, dt=1 * ms, when="after_end"),
        PoissonInput(group, "level", 3, 1 * Hz, 1),
    ]
    summary = Network(group, group[:1], synapses, parts).scheduling_summary()
    golden(repr(summary))
    first = summary.entries[1]
    assert (first.name, first.active, first.dt) == ("cells_run_regularly", False, 0.5 * ms)
    assert "<td>wires_post (pathway)</td>" in summary._repr_html_()


def test_the_implicit_network_is_an_object() -> None:
    simgen.set_device("reference")
    simgen.start_scope()
    assert magic_network.t == 0 * ms
    assert len(magic_network) == 0
    group = NeuronGroup(1, "v : 1", name="cells")
    regular = group.run_regularly("v += 1", when="end")
    assert magic_network.objects == [group, regular]
    assert "cells" in magic_network
    assert magic_network["cells"] is group
    magic_network.run(0.2 * ms)
    assert (magic_network.t, magic_network.t_) == (0.2 * ms, 2e-4)
    magic_network.store()
    run(0.1 * ms)
    assert group.v == 3
    assert magic_network.get_states()["cells"]["v"] == 3
    magic_network.set_states({"cells": {"v": 7}})
    assert group.v == 7
    magic_network.restore()
    assert (group.v, magic_network.t) == (2, 0.2 * ms)
    assert [entry.name for entry in scheduling_summary().entries] == ["cells_run_regularly"]
    assert repr(magic_network).startswith("<MagicNetwork of 2 objects at t = ")
    explicit = Network(group)
    assert scheduling_summary(explicit).entries == magic_network.scheduling_summary().entries
    for change in (magic_network.add, magic_network.remove):
        with pytest.raises(simgen.MagicError, match="implicit network"):
            change(group)
    simgen.start_scope()
    assert magic_network.t == 0 * ms
    simgen.set_device("auto")


def test_the_schedule_of_the_implicit_network_lasts() -> None:
    simgen.set_device("reference")
    simgen.start_scope()
    magic_network.schedule = ["end", "start", "groups"]
    try:
        group = NeuronGroup(1, "v : 1\nw : 1")
        group.run_regularly("v += 1", when="start")
        group.run_regularly("w = v", when="end")
        run(0.2 * ms)
        assert group.w == 1
        assert magic_network.schedule == ["end", "start", "groups"]
    finally:
        magic_network.schedule = None
        simgen.set_device("auto")
    run(0.1 * ms)
    assert group.w == 3
