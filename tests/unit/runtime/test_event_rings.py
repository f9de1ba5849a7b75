"""Rings of events: what they keep when depth, parts or step width change."""

import numpy as np
import pytest

from simgen.ir.stmt import EventList
from simgen.runtime.events import EventBuffer

ONE, THREE = np.array([0, 9]), np.array([0, 3, 4, 9])
FIRED = {2: [1, 3, 8], 3: [], 4: [0, 2, 4], 5: [7]}


@pytest.fixture
def ring():
    buffer = EventBuffer(EventList("n.spikes", "n"), 9)
    buffer.resize(4, ONE, ONE, 0)
    for step, ids in FIRED.items():
        buffer.place(step, np.array(ids, np.uint32), ONE)
    return buffer


@pytest.mark.parametrize(("depth", "bounds"), [(4, THREE), (7, ONE), (2, ONE), (6, THREE)])
def test_the_latest_steps_are_kept(ring, depth, bounds):
    assert ring.resize(depth, ONE, bounds, 6)
    for step in range(6 - min(depth, 4), 6):
        assert ring.at_step(step, bounds).tolist() == FIRED[step]
    assert ring.ids.shape == (depth, 9)
    assert ring.counts.shape == (depth, bounds.size - 1)


def test_nothing_changes_where_nothing_differs(ring):
    ids = ring.ids
    assert not ring.resize(4, ONE, ONE.copy(), 6)
    assert ring.ids is ids


@pytest.mark.parametrize("moved_to", [3, 12, 60])
def test_the_last_step_alone_comes_to_another_grid(ring, moved_to):
    assert ring.resize(5, ONE, THREE, 6, moved_to)
    assert ring.at_step(moved_to - 1, THREE).tolist() == [7]
    assert ring.counts.sum() == 1


def test_events_between_two_steps_come_with_their_steps(ring):
    steps, elements = ring.between(3, 6, ONE)
    assert steps.tolist() == [4, 4, 4, 5]
    assert elements.tolist() == [0, 2, 4, 7]
    assert ring.between(-5, 6, ONE)[0].tolist() == [2, 2, 2, 4, 4, 4, 5]
    assert ring.between(6, 6, ONE)[0].size == 0


def kept(ring, name="S.x"):
    """Return what the ring holds of the events that it holds."""
    steps, elements = ring.between(0, 6, ONE)
    return dict(zip(zip(steps.tolist(), elements.tolist()), ring.values(name, steps, elements)))


@pytest.mark.parametrize(("depth", "bounds"), [(4, THREE), (7, ONE), (3, ONE), (9, THREE)])
def test_values_stay_with_their_events(ring, depth, bounds):
    ring.keep({"S.x": np.dtype(np.float64)})
    steps, elements = ring.between(0, 6, ONE)
    assert not any(kept(ring).values())
    ring.take("S.x", steps, elements, 10.0 * steps + elements)
    before = kept(ring)
    ring.resize(depth, ONE, bounds, 6)
    ring.resize(depth, bounds, ONE, 6)
    assert kept(ring) == {key: value for key, value in before.items() if key[0] >= 6 - depth}
    assert before[4, 2] == 42


def test_values_that_nobody_asks_for_are_forgotten(ring):
    names = ["S.x", "S.y", "SS.x"]
    ring.keep(dict.fromkeys(names, np.dtype(np.int64)))
    assert list(ring.kept_names("S.")) == ["S.x", "S.y"]
    steps, elements = ring.between(0, 6, ONE)
    ring.take("S.x", steps, elements, steps)
    ring.copy("S.x", "T.x")
    ring.keep({"T.x": np.dtype(np.float32), "S.z": np.dtype(np.bool_)})
    assert list(ring.kept_names()) == ["T.x", "S.z"]
    assert ring.values("T.x", steps, elements).tolist() == steps.tolist()
    assert not ring.values("S.z", steps, elements).any()
