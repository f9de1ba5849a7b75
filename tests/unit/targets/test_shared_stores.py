"""Walks of pathways that share a store: by index or list, from a birth on, of carried events."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from test_walks import (
    BACK,
    FORMATS,
    N_POST,
    N_PRE,
    RNG,
    SPIKES,
    TICKS,
    arrivals,
    network,
    weight,
)

from simgen.ir.construct import binary, integer, real
from simgen.ir.expr import POST, PRE, SYNAPSE, Load, Param
from simgen.ir.kernel import OverCarried, OverFanIn, OverFanOut, OverSynapses, RowIndex
from simgen.ir.stmt import Accumulate, Store

pytestmark = pytest.mark.compiler


@pytest.mark.parametrize("n_parts", [1, 3])
def test_carried_events_come_as_listed(lab, n_parts):
    net, synapses, _, _ = network(lab, "dense16", n_parts)
    due = sorted((int(RNG.integers(TICKS)), k, int(RNG.integers(150))) for k in range(60))
    net.memory.ints["n_carried"] = len(due)
    net.array("steps", np.array([step for step, *_ in due]))
    net.array("positions", np.array([s for *_, s in due]))
    lists = (lab.state(name, lab.I64, "n_carried") for name in ("steps", "positions"))
    g, w, x = lab.state("post.g"), weight(lab), lab.state("pre.x")
    carried = lab.kernel(
        "carried",
        OverCarried(synapses.store, *lists),
        Store(g, POST, binary("+", binary("*", Load(g, POST), real(0.9)), Load(w, SYNAPSE))),
        Store(w, SYNAPSE, binary("+", Load(w, SYNAPSE), Load(x, PRE))),
    )
    expected, weights = np.zeros(N_POST), net.memory.arrays["S.w"].copy()
    for *_, s in due:
        expected[synapses.post[s]] = expected[synapses.post[s]] * 0.9 + weights[s]
        weights[s] += net.memory.arrays["pre.x"][synapses.pre[s]]
    net.run(lab.program(carried), TICKS)
    assert np.array_equal(net.memory.arrays["post.g"], expected)
    assert np.array_equal(net.memory.arrays["S.w"], weights)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("by_rows", [False, True])
def test_spikes_from_before_a_pathway_was_born_do_not_arrive(lab, form, by_rows):
    net, synapses, emit, back = network(lab, form)
    born, w, g = Param("born", lab.I64), weight(lab), lab.state("post.g")
    net.memory.ints["born"] = 4
    domain = OverFanOut(synapses.store, lab.group_events("pre"), synapses.delays, born=born)
    if by_rows:
        net.memory.ints[synapses.delays.length] = 1
        domain = replace(domain, whole_rows=True)
    change = Store(lab.state("pre.x"), PRE, real(0.5)) if by_rows else Store(g, POST, real(1.0))
    deliver = lab.kernel("deliver", domain, change, Accumulate(w, SYNAPSE, "+", real(1.0)))
    delay = lab.state("S.delay", lab.U32, "n_S")
    fan_in = OverFanIn(synapses.store, lab.group_events("post"), integer(0), delay, born)
    learn = lab.kernel("learn", fan_in, Accumulate(w, SYNAPSE, "+", real(1000.0)))
    expected = net.memory.arrays["S.w"].copy()
    for s in range(len(synapses)):
        late = int(synapses.delay.min()) if by_rows else int(synapses.delay[s])
        pre, post = synapses.pre[s], synapses.post[s]
        expected[s] += sum(4 <= at < TICKS - late for at, one in SPIKES if one == pre)
        late = int(synapses.delay[s])
        expected[s] += 1000 * sum(4 <= at < TICKS - late for at, one in BACK if one == post)
    net.run(lab.program(emit, back, deliver, learn), TICKS)
    assert net.memory.arrays["S.w"] == pytest.approx(expected)


@pytest.mark.parametrize(("n_parts", "wide"), [(1, False), (3, False), (1, True)])
@pytest.mark.parametrize("form", FORMATS)
def test_an_index_gives_a_pathway_an_order_of_its_own(lab, form, n_parts, wide):
    net, synapses, emit, _ = network(lab, form, n_parts)
    rows = net.memory.arrays["S.row_start"].astype(int)
    place = np.concatenate([RNG.permutation(np.arange(a, b)) for a, b in pairwise(rows)])
    net.array("S.positions", place.astype(np.uint64 if wide else np.uint32))
    net.memory.arrays["S.targets"][place] = synapses.post  # that of entry q lies at place[q]
    store = replace(synapses.store, format="none", wide=wide)
    events, index = lab.group_events("pre"), RowIndex("S", form)
    domain = OverFanOut(store, events, synapses.delays, index=index)
    g, w, x = lab.state("post.g"), weight(lab), lab.state("pre.x")
    deliver = lab.kernel(
        "deliver",
        domain,
        Store(g, POST, binary("+", binary("*", Load(g, POST), real(0.9)), Load(w, SYNAPSE))),
        Store(w, SYNAPSE, binary("+", Load(w, SYNAPSE), Load(x, PRE))),
    )
    expected, weights = np.zeros(N_POST), net.memory.arrays["S.w"].copy()
    for _, q in arrivals(synapses):
        s, post = place[q], synapses.post[q]
        expected[post] = expected[post] * 0.9 + weights[s]
        weights[s] += net.memory.arrays["pre.x"][synapses.pre[q]]
    net.run(lab.program(emit, deliver), TICKS)
    assert np.array_equal(net.memory.arrays["post.g"], expected)
    assert np.array_equal(net.memory.arrays["S.w"], weights)


def lists(net, synapses, by):
    """Put the positions of each value of ``by`` (class or row) into memory, shuffled; return them.

    The list of a (row, class) begins where ``start`` says.
    """
    n_classes = net.memory.ints[synapses.delays.length] if by == "segment" else 1
    classes = np.searchsorted(net.memory.arrays["S.delays"], synapses.delay)
    place = synapses.pre * n_classes + (classes if by == "segment" else 0)
    order = sorted(range(len(synapses)), key=lambda s: (place[s], RNG.random()))
    start = np.searchsorted(place[order], np.arange(N_PRE * n_classes + 1))
    net.array(f"S.{by}_list_start", start.astype(np.uint64))
    net.array(f"S.{by}_list_pos", np.array(order, np.uint32))
    return [order[a:b] for a, b in pairwise(start)]


ORDERS = {
    "of targets": lambda g, h, w: Store(
        g, POST, binary("+", binary("*", Load(g, POST), real(0.9)), Load(w, SYNAPSE))
    ),
    "of sources": lambda g, h, w: Store(
        h, PRE, binary("+", binary("*", Load(h, PRE), real(0.9)), Load(w, SYNAPSE))
    ),
    "of no one": lambda g, h, w: Accumulate(w, SYNAPSE, "+", real(1.0)),
}


def visited(synapses, arrays, positions):
    """Do to arrays what the bodies above do, in the order of the positions."""
    for s in positions:
        for name, index in (("post.g", synapses.post[s]), ("pre.h", synapses.pre[s])):
            arrays[name][index] = arrays[name][index] * 0.9 + arrays["S.w"][s]
        arrays["S.v"][s] += 1


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("by", ["segment", "row", "whole"])
def test_synapses_are_visited_as_a_list_has_them(lab, by, order):
    net, synapses, emit, _ = network(lab, "dense16")
    net.array("pre.h", np.zeros(N_PRE))
    net.array("S.v", np.zeros(len(synapses)))
    arrays = {name: net.memory.arrays[name].copy() for name in ("post.g", "pre.h", "S.w", "S.v")}
    events, delays = lab.group_events("pre"), synapses.delays
    if by == "whole":
        whole = RNG.permutation(len(synapses))
        net.array("S.whole_list_pos", whole.astype(np.uint32))
        net.array("S.whole_list_src", synapses.pre[whole].astype(np.uint32))
        domain = OverSynapses(synapses.store, listed=True)
        for _ in range(TICKS):
            visited(synapses, arrays, whole)
    else:
        listed = lists(net, synapses, by)
        steps = net.memory.arrays["S.delays"].tolist()
        if by == "row":
            net.array("S.delays", np.array([2], np.uint32))
            net.memory.ints[delays.length] = 1
            steps = [2]
        domain = OverFanOut(synapses.store, events, delays, by == "row", listed=True)
        for step in range(TICKS):
            for place in reversed(range(len(steps))):
                for source in sorted(one for at, one in SPIKES if at == step - steps[place]):
                    visited(synapses, arrays, listed[source * len(steps) + place])
    g, h = lab.state("post.g"), lab.state("pre.h")
    w = lab.state("S.v" if order == "of no one" else "S.w", length="n_S")
    net.run(lab.program(emit, lab.kernel("visit", domain, ORDERS[order](g, h, w))), TICKS)
    name = {"of targets": "post.g", "of sources": "pre.h", "of no one": "S.v"}[order]
    assert np.array_equal(net.memory.arrays[name], arrays[name])
    assert arrays[name].any()
