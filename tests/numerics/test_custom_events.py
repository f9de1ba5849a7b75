"""Custom events and their places in the step, on every target.

The expected values are those of Brian 2.9 for the same script.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import simgen
from simgen import (
    EventMonitor,
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
)
from simgen.errors import ArgumentTypeError, ModelError, UnsupportedFeatureError


def model() -> SimpleNamespace:
    group = NeuronGroup(
        3,
        "v : 1\nw : 1\nn : 1\nk : 1",
        threshold="v > 3 and not_refractory",
        reset="v = 0; n += 1",
        refractory=0.3 * ms,
        events={"e": "v > 1.5", "early": "v > 2.5", "late": "v > 2.5", "ready": "not_refractory"},
        name="G",
    )
    group.run_regularly("v += 1 + i*0.5", when="start")
    group.run_on_event("e", "w = w*2 + v")
    group.run_on_event("early", "k = k*2 + 1", when="before_start")  # events of the step before
    group.run_on_event("late", "k = k*3 + v", when="resets", order=3)
    group.set_event_schedule("early", when="before_groups", order=2)
    group.set_event_schedule("ready", when="before_groups", order=2)
    group.set_event_schedule("late", when="end")
    parts = {
        name: EventMonitor(group, name, ["v", "w", "k"])
        for name in ("spike", "e", "early", "late", "ready")
    }
    parts["part"] = EventMonitor(group[1:], "early", "v")
    parts["before"] = EventMonitor(group, "e", "v", when="start")
    other = NeuronGroup(3, "x : 1\ny : 1", name="H")
    synapses = Synapses(
        group,
        other,
        on_pre={"a": "x_post = x_post*2 + 1", "b": "x_post = x_post*3 + v_pre"},
        on_event={"a": "e", "b": "early"},
    )
    synapses.connect(j="i")
    back = Synapses(
        other, group, on_post="y_pre = y_pre*2 + v_post", on_event="e", delay={"post": 0.1 * ms}
    )
    back.connect(j="i")
    return SimpleNamespace(
        group=group, other=other, **parts, net=Network(group, other, synapses, back, parts)
    )


def events(monitor: EventMonitor) -> list[tuple[int, int]]:
    """Return (step, element) of the events."""
    return list(zip(np.rint(monitor.t / (0.1 * ms)).astype(int).tolist(), monitor.i.tolist()))


@pytest.mark.filterwarnings("ignore")
def test_events_and_their_code_run_where_they_are_put(device: str) -> None:
    made = model()
    made.net.run(1 * ms)

    assert events(made.spike) == [*((1, 2), (2, 1), (3, 0), (4, 2), (5, 1), (7, 0), (7, 2), (8, 1))]
    np.testing.assert_array_equal(made.spike.v, [4, 4.5, 4, 6, 4.5, 4, 6, 4.5])
    np.testing.assert_array_equal(made.spike.k, [0, 1, 1, 3, 15, 15, 39, 183])
    assert made.e.num_events == 23
    np.testing.assert_array_equal(made.e.w[-4:], [63, 400, 126, 802])
    np.testing.assert_array_equal(made.e.values("v")[0], [2, 3, 4, 2, 3, 4, 2])
    assert events(made.early)[:5] == [(1, 1), (1, 2), (2, 0), (2, 1), (3, 0)]
    np.testing.assert_array_equal(made.early.k[-3:], [39, 183, 235])
    assert events(made.late) == [*((1, 1), (2, 0), (3, 2), (4, 1), (6, 0), (6, 2), (7, 1), (9, 2))]
    np.testing.assert_array_equal(made.late.k, [0, 0, 1, 7, 7, 19, 91, 235])
    # before the state update the flag is that of the step before
    assert events(made.ready) == [
        *((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (3, 0), (7, 0))
    ]
    np.testing.assert_array_equal(made.part.v, [3, 4, 4.5, 4, 3, 6, 4.5, 4, 3, 6, 4.5, 4])
    assert events(made.before)[:3] == [(1, 2), (2, 0), (2, 1)]  # found in the step before
    np.testing.assert_array_equal(made.before.v[:4], [4, 3, 4.5, 2])
    np.testing.assert_array_equal(made.group.v, [2, 1.5, 4])
    np.testing.assert_array_equal(made.group.w, [254, 126, 1608])
    np.testing.assert_array_equal(made.group.n, [2, 3, 3])
    np.testing.assert_array_equal(made.group.k, [91, 1099, 235])
    np.testing.assert_array_equal(made.other.x, [11535, 57985.5, 884929])
    np.testing.assert_array_equal(made.other.y, [189, 220.5, 1824])


def test_a_schedule_may_change_between_runs(device: str) -> None:
    group = NeuronGroup(1, "v : 1\nseen : 1", threshold="v > 0.5", reset="", events={"e": "v > 0"})
    group.run_on_event("e", "seen = v", when="end")
    group.run_regularly("v = 1 - v", when="start", name="early")
    group.run_regularly("v = 1 - v", when="synapses", name="late")
    monitor = SpikeMonitor(group)
    network = Network(group, monitor)
    network.run(0.2 * ms)
    assert monitor.num_spikes == 2
    assert group.seen[0] == 0
    group.set_event_schedule("spike", when="resets")
    network.run(0.2 * ms)
    # found after "late" has run; the monitor keeps its place and sees those of the step before:
    # here the last of the first run
    assert monitor.num_spikes == 3
    group.set_event_schedule("spike", when="thresholds")
    network.run(0.2 * ms)
    assert monitor.num_spikes == 5


def test_sources_of_spikes_may_lie_in_other_slots(device: str) -> None:
    generator = SpikeGeneratorGroup(1, [0], [0.1] * ms, when="start", order=-1)
    poisson = PoissonGroup(1, 10000 * Hz, when="before_groups")
    target = NeuronGroup(2, "v : 1")
    first, second = SpikeMonitor(generator), SpikeMonitor(poisson)
    assert (first.when, first.order) == ("start", 0)
    assert (second.when, second.order) == ("before_groups", 1)
    assert poisson.get_states(["N"])["N"] == 1
    synapses = Synapses(generator, target, on_pre="v += 1")
    synapses.connect()
    trace = StateMonitor(target, "v", record=0)
    Network(generator, poisson, target, first, second, synapses, trace).run(0.3 * ms)
    np.testing.assert_array_equal(trace.v[0], [0, 0, 1])
    assert second.num_spikes == 3


def group_of(**options: object) -> NeuronGroup:
    return NeuronGroup(
        1, "v : 1", threshold="v > 1", reset="v = 0", events={"e": "v > 2"}, name="cells", **options
    )


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda g: g.set_event_schedule("f"), ModelError, ["'f'", "'cells'"]),
        (lambda g: g.set_event_schedule("e", "strat"), ModelError, ["'strat'", "'e'", "'cells'"]),
        (lambda g: g.set_event_schedule(3), ArgumentTypeError, ["3", "'cells'"]),
        (lambda g: g.set_event_schedule("e", order=1.5), ArgumentTypeError, ["1.5", "'e'"]),
        (lambda g: g.run_on_event("e", "v = 0", when="ends"), ModelError, ["'ends'", "'e'"]),
        (lambda g: g.run_on_event("e", "v = 0", order="x"), ArgumentTypeError, ["'x'", "'e'"]),
        (lambda g: g.run_on_event("spike", "v = 0"), ModelError, ["'spike'", "already"]),
        (lambda g: setattr(g, "when", "end"), UnsupportedFeatureError, ["set_event_schedule"]),
        (lambda g: setattr(g, "order", "x"), ArgumentTypeError, ["'x'", "'cells'"]),
    ],
)
def test_what_is_no_event_or_place_is_refused(act, error, words) -> None:
    simgen.start_scope()
    with pytest.raises(error) as caught:
        act(group_of())
    for word in words:
        assert word in str(caught.value)


def test_code_that_cannot_be_read_leaves_the_event_free() -> None:
    simgen.start_scope()
    group = group_of()
    with pytest.raises(ArgumentTypeError):
        group.run_on_event("e", 3, when="end")
    group.run_on_event("e", "v = 0")
    assert list(group._code_places().values()) == [("resets", 0), ("after_resets", 0)]


def test_events_found_after_the_synapses_reach_them_in_the_next_step(device: str) -> None:
    group = group_of()
    group.v = 3
    other = NeuronGroup(1, "x : 1")
    synapses = Synapses(group, other, on_pre="x = t/ms", on_event="e")
    synapses.connect()
    group.set_event_schedule("e", when="before_resets")
    network = Network(group, other, synapses)
    network.run(0.1 * ms)
    assert other.x == 0
    network.run(0.2 * ms)
    np.testing.assert_allclose(other.x, 0.1)
