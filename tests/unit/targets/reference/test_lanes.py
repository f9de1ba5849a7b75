import itertools
from dataclasses import replace

import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.errors import InternalError
from simgen.ir.construct import integer
from simgen.ir.expr import ELEMENT, POST, PRE, SYNAPSE, ZERO, IndexValue, Param
from simgen.ir.kernel import (
    Once,
    OverCarried,
    OverElements,
    OverEvents,
    OverFanIn,
    OverFanOut,
    OverIndices,
    OverSynapses,
    RowIndex,
)
from simgen.ir.stmt import Append

FORMATS = ("dense16", "dense32", "compact")
# (pre, post, delay); source 3 has no synapse, (1, 5) is a multapse, targets fall into both parts
SYNAPSES = [
    *[(1, 5, 2), (1, 0, 2), (1, 5, 2), (2, 4, 0), (2, 1, 3), (4, 3, 2), (2, 3, 2)],
    *[(1, 2, 0), (4, 5, 3), (4, 0, 3), (2, 0, 3), (1, 4, 3)],
]


def test_elements_run_from_start_to_stop(world):
    world.group("n", 6)
    world.memory.ints["stop"] = 5
    domain = OverElements("n", integer(2), Param("stop", DType.I64))
    assert world.visited(domain, ELEMENT) == [2, 3, 4]


def test_an_empty_range_is_visited_by_nobody(world):
    world.group("n", 6)
    assert world.visited(OverElements("n", integer(3), integer(3)), ELEMENT) == []


def test_once_runs_once_and_stands_on_no_element(world):
    assert world.visited(Once(), ZERO) == [0]
    with pytest.raises(InternalError, match=r"index 'element', which its domain Once"):
        world.visited(Once(), ELEMENT)


def test_listed_elements_are_visited_in_the_order_of_the_list(world):
    listed = world.array("rec", [4, 0, 4, 2], DType.I64, length="n_rec")
    assert world.visited(OverIndices(listed), ELEMENT) == [4, 0, 4, 2]


def network(world, format="dense32", synapses=SYNAPSES, start=1):
    world.group("n_src", 6)
    world.group("n_tgt", 6)
    events = world.events("spikes", "n_src", depth=4)
    store, delays, kept = world.store(
        "syn", synapses, sources="n_src", targets="n_tgt", start=start, rows=4, format=format
    )
    return events, store, delays, kept


def test_listed_synapses_are_storage_positions(world):
    _, store, _, kept = network(world)
    listed = world.array("rec", [7, 0, 3], DType.I64, length="n_rec")
    found = world.visited(OverIndices(listed, synapses=store), SYNAPSE, PRE, POST)
    assert found == [(s, *kept[s][:2]) for s in (7, 0, 3)]


@pytest.mark.parametrize("n_parts", [1, 2])
def test_all_synapses_are_visited_row_by_row_whatever_the_parts(make_world, n_parts):
    """Recording depends on the order, so a row's pieces in all parts come class by class."""
    world = make_world(n_parts=n_parts)
    _, store, _, kept = network(world)
    found = world.visited(OverSynapses(store), SYNAPSE, PRE, POST)
    storage = [(s, pre, post) for s, (pre, post, _) in enumerate(kept)]
    assert found == sorted(storage, key=lambda entry: (entry[1], kept[entry[0]][2], entry[0]))
    assert (found == storage) == (n_parts == 1)


def test_events_of_this_step_are_visited_ascending_within_bounds(world):
    world.group("n", 8)
    events = world.events("spikes", "n", depth=3)
    for step, fired in enumerate([[1, 2], [0, 3, 5, 7], [4]]):
        world.fire(events, step, fired)
    domain = OverEvents(events, integer(3), integer(7))
    assert world.visited(domain, ELEMENT, step=1) == [3, 5]
    assert world.visited(OverEvents(events, integer(0), integer(8)), ELEMENT, step=5) == [4]


def test_events_of_all_parts_are_joined(make_world):
    world = make_world(n_parts=3)
    world.group("n", 8, bounds=[0, 3, 3, 8])
    events = world.events("spikes", "n")
    world.fire(events, 0, [1, 2, 6])
    assert world.visited(OverEvents(events, integer(0), integer(8)), ELEMENT) == [1, 2, 6]


@pytest.mark.parametrize(("format", "n_parts"), list(itertools.product(FORMATS, [1, 2])))
def test_fan_out_goes_by_largest_delay_then_source_then_part_then_storage(
    make_world, format, n_parts
):
    world = make_world(n_parts=n_parts)
    events, store, delays, kept = network(world, format)
    step = 5
    fired = {5: [2, 1], 4: [4], 3: [2, 1, 4, 3], 2: [1, 2, 5]}  # step -> who fired
    for when, who in fired.items():
        world.fire(events, when, who)
    arrivals = [
        (-delay, pre, s, post)
        for s, (pre, post, delay) in enumerate(kept)
        if pre in fired.get(step - delay, [])
    ]
    expected = [(s, pre, post, pre) for _, pre, s, post in sorted(arrivals)]
    assert {post for *_, post, _ in expected} > {0, 5}
    found = world.visited(OverFanOut(store, events, delays), SYNAPSE, PRE, POST, ELEMENT, step=step)
    assert found == expected


def test_fan_out_of_a_store_without_classes_walks_whole_rows(world):
    synapses = [(pre, post, 1) for pre, post, _ in SYNAPSES]
    events, store, delays, kept = network(world, "none", synapses)
    world.fire(events, 1, [2, 4])
    found = world.visited(OverFanOut(store, events, delays), PRE, POST, step=2)
    assert found == [pair[:2] for pair in kept if pair[0] in (2, 4)]


@pytest.mark.parametrize("format", ["none", *FORMATS])
def test_spikes_of_sources_outside_a_subgroup_reach_nobody(make_world, format):
    world = make_world(n_parts=2)  # a wrong row would lie in the other part
    synapses = [(pre, post, 0) for pre, post, _ in SYNAPSES]
    events, store, delays, _ = network(world, format, synapses)
    world.fire(events, 0, [0, 5])
    assert world.visited(OverFanOut(store, events, delays), SYNAPSE, step=0) == []


@pytest.mark.parametrize("n_parts", [1, 2])
def test_fan_in_goes_by_target_then_storage(make_world, n_parts):
    world = make_world(n_parts=n_parts)
    _, store, _, kept = network(world)
    events = world.events("post_spikes", "n_tgt", depth=3)
    world.fire(events, 1, [5, 0, 3])
    world.memory.ints["lag"] = 2
    domain = OverFanIn(store, events, Param("lag", DType.I64))
    order = sorted((post, s, pre) for s, (pre, post, _) in enumerate(kept) if post in (0, 3, 5))
    found = world.visited(domain, POST, SYNAPSE, PRE, ELEMENT, step=3)
    assert found == [(post, s, pre, post) for post, s, pre in order]
    assert world.visited(domain, POST, step=4) == []


def test_fan_in_with_own_delays_goes_by_largest_delay_first(world):
    _, store, _, kept = network(world)
    own = world.array("own", [s % 3 for s in range(len(kept))], DType.U32, length="n_syn")
    events = world.events("post_spikes", "n_tgt", depth=3)
    fired = {2: [0, 5], 1: [0, 4], 0: [5, 0]}
    for when, who in fired.items():
        world.fire(events, when, who)
    order = sorted(
        (-(s % 3), post, s) for s, (_, post, _) in enumerate(kept) if post in fired[2 - s % 3]
    )
    domain = OverFanIn(store, events, integer(0), own)
    assert world.visited(domain, SYNAPSE, step=2) == [s for *_, s in order]
    assert len({delay for delay, *_ in order}) == 3


@pytest.mark.parametrize("format", FORMATS)
def test_fan_out_by_an_index_visits_what_it_lists(make_world, format):
    world = make_world(n_parts=2)
    events, store, delays, _ = network(world, format)
    rows = world["syn.row_start"].astype(int)
    places = np.concatenate([np.arange(a, b)[::-1] for a, b in itertools.pairwise(rows)])
    world.array("syn.positions", places, DType.U32, length="n_syn")
    for when, who in {5: [2, 1], 4: [4], 3: [2, 1, 4], 2: [1, 2]}.items():
        world.fire(events, when, who)
    plain = world.visited(OverFanOut(store, events, delays), SYNAPSE, step=5)
    index = RowIndex("syn", format)
    domain = OverFanOut(replace(store, format="none"), events, delays, index=index)
    assert world.visited(domain, SYNAPSE, step=5) == [places[entry] for entry in plain]
    assert len(plain) > 4
    assert plain != [places[entry] for entry in plain]


@pytest.mark.parametrize("n_parts", [1, 2])
def test_carried_events_are_visited_as_listed_at_their_step(make_world, n_parts):
    world = make_world(n_parts=n_parts)
    _, store, _, kept = network(world)
    steps = world.array("steps", [3, 3, 3, 5], DType.I64, length="n_carried")
    places = world.array("places", [7, 0, 7, 2], DType.I64, length="n_carried")
    domain = OverCarried(store, steps, places)
    found = world.visited(domain, SYNAPSE, PRE, POST, step=3)
    assert found == [(s, *kept[s][:2]) for s in (7, 0, 7)]
    assert world.visited(domain, SYNAPSE, step=4) == []
    assert world.visited(domain, SYNAPSE, step=5) == [2]


def test_pathways_walk_nothing_from_before_they_were_born(world):
    events, store, delays, kept = network(world)
    posts = world.events("post_spikes", "n_tgt", depth=4)
    for when in range(4):
        world.fire(events, when, [1, 2, 4])
        world.fire(posts, when, [0, 5])
    born = Param("born", DType.I64)
    world.memory.ints["born"] = 1
    for domain, latest in ((OverFanOut(store, events, delays, born=born), 2),):
        found = world.visited(domain, SYNAPSE, step=3)
        assert sorted(found) == [s for s, (*_, delay) in enumerate(kept) if delay <= latest]
    walk = OverFanIn(store, posts, integer(2), born=born)
    assert len(world.visited(walk, SYNAPSE, step=3)) == sum(post in (0, 5) for _, post, _ in kept)
    assert world.visited(walk, SYNAPSE, step=2) == []


def test_the_order_is_the_same_when_synapses_are_run_one_by_one(world):
    events, store, delays, _ = network(world)
    for when in range(4):
        world.fire(events, when, [1, 2, 4])
    domain = OverFanOut(store, events, delays)
    together = world.visited(domain, SYNAPSE, step=3)
    both = world.recorder("both")
    world["tick"][0] = 3
    statements = [Append(both, IndexValue(SYNAPSE)), Append(both, IndexValue(PRE))]
    world.run(world.kernel(domain, *statements))
    assert world.recorded("both")[::2] == together
    assert len(together) == len(SYNAPSES)


def test_what_the_binder_left_out_is_named(world):
    events, store, delays, _ = network(world)
    world.fire(events, 0, [1])
    del world.memory.arrays["syn.bounds"]
    with pytest.raises(InternalError, match=r"array 'syn\.bounds'"):
        world.visited(OverFanOut(store, events, delays), SYNAPSE)
    del world.memory.ints["syn.n_rows"]
    with pytest.raises(InternalError, match=r"integer 'syn\.n_rows'"):
        world.visited(OverSynapses(store), SYNAPSE)


def test_a_ring_forgets_after_its_depth(world):
    world.group("n", 3)
    events = world.events("spikes", "n", depth=2)
    world.fire(events, 0, [1])
    domain = OverEvents(events, integer(0), integer(3))
    assert world.visited(domain, ELEMENT, step=0) == [1]
    world.fire(events, 2, [2])
    assert world.visited(domain, ELEMENT, step=2) == [2]
    assert np.array_equal(world["spikes.counts"], [[1], [0]])


def test_nothing_arrives_from_before_the_first_step(world):
    events, store, delays, _ = network(world)
    posts = world.events("post_spikes", "n_tgt", depth=4)
    for when in range(4):  # the slots that steps -3 to 0 share with steps 1 to 4
        world.fire(events, when, [1, 2, 4])
        world.fire(posts, when, [0, 5])
    arrived = world.visited(OverFanOut(store, events, delays), PRE, POST, step=0)
    assert sorted(arrived) == [(1, 2), (2, 4)]  # those without delay
    assert world.visited(OverFanIn(store, posts, integer(1)), SYNAPSE, step=0) == []
