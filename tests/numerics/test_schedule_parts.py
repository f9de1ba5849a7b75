"""G.state_updater, G.thresholder and G.resetter: the parts of a group move within a step."""

from __future__ import annotations

import numpy as np
import pytest

from simgen import Network, NeuronGroup, StateMonitor, defaultclock, ms, network_operation
from simgen.errors import ArgumentTypeError, ModelError, UnsupportedFeatureError


def counted() -> tuple[Network, NeuronGroup, StateMonitor]:
    group = NeuronGroup(
        1,
        "dv/dt = 1/ms : 1\nn : 1",
        threshold="v > 0.25",
        reset="v = 0",
        events={"high": "v > 0.15"},
        method="euler",
        name="cells",
    )
    group.run_on_event("high", "n += 1")
    monitor = StateMonitor(group, ["v", "n"], record=True, when="resets", order=1)
    return Network(group, monitor), group, monitor


def test_parts_say_where_they_are() -> None:
    _, group, _ = counted()
    assert (group.state_updater.when, group.state_updater.order) == ("groups", 0)
    assert {event: part.when for event, part in group.thresholder.items()} == {
        "spike": "thresholds",
        "high": "after_thresholds",
    }
    assert group.resetter["spike"].when == "resets"
    assert group.resetter["high"].when == "after_resets"
    assert repr(group.resetter["spike"]) == "<'cells_spike_resetter' in the slot 'resets', order 0>"


def test_a_reset_and_a_threshold_that_move_change_what_a_step_does(device: str) -> None:
    network, group, monitor = counted()
    network.run(0.4 * ms)
    np.testing.assert_allclose(monitor.v[0], [0.1, 0.2, 0.0, 0.1])
    group.resetter["spike"].order = 2  # behind the monitor
    network.run(0.4 * ms)
    np.testing.assert_allclose(monitor.v[0, 4:], [0.2, 0.3, 0.1, 0.2])
    group.thresholder["spike"].when = "start"  # finds it a step later
    network.run(0.4 * ms)
    np.testing.assert_allclose(monitor.v[0, 8:], [0.3, 0.4, 0.1, 0.2])


def test_the_update_moves_alone_and_lets_events_be_where_they_were(device: str) -> None:
    _, group, _ = counted()
    group.state_updater.order = 3
    assert group.state_updater.order == group.order == 3
    assert {part.order for part in (*group.thresholder.values(), *group.resetter.values())} == {0}


def test_wrong_places_are_refused_by_name() -> None:
    _, group, _ = counted()
    with pytest.raises(ModelError, match=r"cells_spike_resetter"):
        group.resetter["spike"].when = "never"
    with pytest.raises(ArgumentTypeError, match=r"cells_spike_thresholder.*must be an integer"):
        group.thresholder["spike"].order = 1.5
    with pytest.raises(UnsupportedFeatureError, match=r"cells.*cannot be changed"):
        group.state_updater.when = "end"


def test_a_clock_counts_its_steps() -> None:
    seen: list[int] = []

    @network_operation(dt=0.2 * ms)
    def look() -> None:
        seen.append(defaultclock.timestep)

    Network(NeuronGroup(1, "v : 1"), look).run(0.6 * ms)
    assert seen == [0, 2, 4]
    assert defaultclock.timestep == 6
