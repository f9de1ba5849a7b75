"""Walks over synapses against plain loops: every format, delay, split and order of arrival."""

from __future__ import annotations

import numpy as np
import pytest

from simgen.ir.construct import binary, cast, compare, integer, real
from simgen.ir.expr import (
    POST,
    PRE,
    SYNAPSE,
    ZERO,
    Gather,
    IndexValue,
    Load,
    Local,
    RandomDraw,
)
from simgen.ir.kernel import Once, OverFanIn, OverFanOut, OverIndices, OverSynapses, Recorder
from simgen.ir.stmt import Accumulate, Append, If, Let, Store

pytestmark = pytest.mark.compiler

FORMATS = ["none", "dense16", "dense32", "compact"]
N_PRE, N_POST, TICKS = 9, 23, 12
RNG = np.random.default_rng(5)
SPIKES = [(int(RNG.integers(TICKS)), int(RNG.integers(N_PRE))) for _ in range(40)]
SPIKES = sorted(set(SPIKES))
BACK = sorted({(int(RNG.integers(TICKS)), int(RNG.integers(N_POST))) for _ in range(60)})


def triples(form, count=150, n_rows=N_PRE, first=0):
    """Synapses with multapses, and delays of 0 to 4 steps unless the format has no classes."""
    rng = np.random.default_rng(11)
    delays = [2] * count if form == "none" else rng.choice([0, 1, 3, 4], count).tolist()
    pre = rng.integers(first, first + n_rows, count).tolist()
    return list(zip(pre, rng.integers(0, N_POST, count).tolist(), delays))


def network(lab, form, n_parts=1, **options):
    """A source group with given spikes, a target group, synapses between them."""
    net = lab.Net(n_parts=n_parts)
    net.group("pre", N_PRE)
    net.group("post", N_POST)
    net.events("pre", 5)
    net.events("post", 5)
    net.array("pre.x", np.linspace(0.1, 0.9, N_PRE))
    net.array("post.g", np.zeros(N_POST))
    net.array("post.x", np.linspace(1, 2, N_POST))
    synapses = lab.add_synapses(net, triples(form, **options), "pre", "post", form)
    net.array("S.w", np.arange(1, len(synapses) + 1) * 0.37)
    emit = lab.kernel("emit", Once(), net.table("pre", SPIKES))
    back = lab.kernel("back", Once(), net.table("post", BACK))
    return net, synapses, emit, back


def arrivals(synapses):
    """Yield (step, synapse) in the order of arrival: largest delay first, then source, storage."""
    for step in range(TICKS):
        for delay in sorted(set(synapses.delay.tolist()), reverse=True):
            for source in sorted(one for at, one in SPIKES if at == step - delay):
                for s in range(len(synapses)):
                    if synapses.pre[s] == source and synapses.delay[s] == delay:
                        yield step, s


def weight(lab):
    return lab.state("S.w", length="n_S")


@pytest.mark.parametrize("n_parts", [1, 3])
@pytest.mark.parametrize("form", FORMATS)
def test_spikes_arrive_after_their_delay_in_order(lab, form, n_parts):
    net, synapses, emit, _ = network(lab, form, n_parts)
    w, g, x = weight(lab), lab.state("post.g"), lab.state("pre.x")
    deliver = lab.kernel(
        "deliver",
        OverFanOut(synapses.store, lab.group_events("pre"), synapses.delays),
        Let(Local("rate", lab.REAL), binary("*", Load(x, PRE), real(0.7))),
        Store(g, POST, binary("+", binary("*", Load(g, POST), real(0.9)), Load(w, SYNAPSE))),
        Accumulate(g, POST, "+", Local("rate", lab.REAL)),
        If(
            compare(">", Load(g, POST), real(20.0)),
            (Store(w, SYNAPSE, binary("-", Load(w, SYNAPSE), Load(x, PRE))),),
        ),
    )
    expected_g, expected_w = np.zeros(N_POST), net.memory.arrays["S.w"].copy()
    for _, s in arrivals(synapses):
        post, rate = synapses.post[s], net.memory.arrays["pre.x"][synapses.pre[s]]
        expected_g[post] = expected_g[post] * 0.9 + expected_w[s]
        expected_g[post] += rate * 0.7
        if expected_g[post] > 20:
            expected_w[s] -= rate
    net.run(lab.program(emit, deliver), TICKS)
    assert np.array_equal(net.memory.arrays["post.g"], expected_g)
    assert np.array_equal(net.memory.arrays["S.w"], expected_w)
    assert np.count_nonzero(expected_g) > 15


@pytest.mark.parametrize("form", ["dense16", "dense32", "compact"])
def test_whole_rows_are_walked_class_by_class(lab, form):
    """A pathway of one delay over rows that are sorted by the delays of another one."""
    net, synapses, emit, _ = network(lab, form)
    net.array("late", np.array([2], np.uint32))
    net.memory.ints["late.n"] = 1
    w, g = weight(lab), lab.state("post.g")
    late = lab.state("late", lab.U32, "late.n")
    deliver = lab.kernel(
        "deliver",
        OverFanOut(synapses.store, lab.group_events("pre"), late, whole_rows=True),
        Store(g, POST, binary("+", binary("*", Load(g, POST), real(0.9)), Load(w, SYNAPSE))),
    )
    expected = np.zeros(N_POST)
    for step, source in sorted(SPIKES):
        for s in np.flatnonzero(synapses.pre == source) if step + 2 < TICKS else ():
            expected[synapses.post[s]] = expected[synapses.post[s]] * 0.9 + 0.37 * (s + 1)
    net.run(lab.program(emit, deliver), TICKS)
    assert np.array_equal(net.memory.arrays["post.g"], expected)
    assert np.count_nonzero(expected) > 15


@pytest.mark.parametrize("n_parts", [1, 4])
@pytest.mark.parametrize("form", FORMATS)
def test_code_that_writes_sources_or_shared_values_runs_in_canonical_order(lab, form, n_parts):
    net, synapses, emit, _ = network(lab, form, n_parts)
    total = net.array("total", np.zeros(1))
    net.memory.ints["one"] = 1
    shared, x = lab.state("total", length="one"), lab.state("pre.x")
    deliver = lab.kernel(
        "deliver",
        OverFanOut(synapses.store, lab.group_events("pre"), synapses.delays),
        Store(
            shared,
            ZERO,
            binary("+", binary("*", Load(shared, ZERO), real(0.5)), Load(weight(lab), SYNAPSE)),
        ),
        Accumulate(x, PRE, "+", Load(shared, ZERO)),
    )
    expected, seen = 0.0, net.memory.arrays["pre.x"].copy()
    # the canonical order among the synapses of one (delay, source) is by part, then by storage
    for _, s in arrivals(synapses):
        expected = expected * 0.5 + net.memory.arrays["S.w"][s]
        seen[synapses.pre[s]] += expected
    net.run(lab.program(emit, deliver), TICKS)
    assert total[0] == expected
    assert np.array_equal(net.memory.arrays["pre.x"], seen)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("form", FORMATS)
def test_code_that_writes_sources_only_keeps_their_order(lab, form, whole):
    net, synapses, emit, _ = network(lab, form)
    x, w = lab.state("pre.x"), weight(lab)
    walk = OverFanOut(synapses.store, lab.group_events("pre"), synapses.delays)
    blend = binary("+", binary("*", Load(x, PRE), real(0.7)), Load(w, SYNAPSE))
    kernel = lab.kernel("k", OverSynapses(synapses.store) if whole else walk, Store(x, PRE, blend))
    expected = net.memory.arrays["pre.x"].copy()
    visited = list(arrivals(synapses)) if not whole else [(0, s) for s in range(len(synapses))]
    for _, s in visited:
        expected[synapses.pre[s]] = expected[synapses.pre[s]] * 0.7 + 0.37 * (s + 1)
    net.run(lab.program(emit, kernel), 1 if whole else TICKS)
    assert np.array_equal(net.memory.arrays["pre.x"], expected)


def test_a_store_of_a_subgroup_ignores_other_sources(lab):
    net = lab.Net(n_parts=2)
    net.group("pre", N_PRE)
    net.group("post", N_POST)
    net.events("pre", 1)
    g = net.array("post.g", np.zeros(N_POST))
    made = triples("dense16", n_rows=3, first=4)
    made = [(pre, post, 0) for pre, post, _ in made]
    synapses = lab.add_synapses(net, made, "pre", "post", "none", first_row=4, n_rows=3)
    emit = lab.kernel("emit", Once(), net.table("pre", [(0, pre) for pre in (0, 3, 5, 8)]))
    deliver = lab.kernel(
        "deliver",
        OverFanOut(synapses.store, lab.group_events("pre"), synapses.delays),
        Accumulate(lab.state("post.g"), POST, "+", real(1.0)),
    )
    net.run(lab.program(emit, deliver), 2)
    expected = np.bincount(synapses.post[synapses.pre == 5], minlength=N_POST)
    assert np.array_equal(g, expected)


def test_recurrent_code_that_reads_what_it_writes_runs_serially(lab):
    results = []
    for n_parts in (1, 3):
        net = lab.Net(n_parts=n_parts)
        net.group("n", 12)
        net.events("n", 1)
        v = net.array("n.v", np.linspace(0, 1, 12))
        rng = np.random.default_rng(3)
        made = [(int(a), int(b), 0) for a, b in rng.integers(0, 12, (60, 2))]
        synapses = lab.add_synapses(net, made, "n", "n", "none")
        emit = lab.kernel("emit", Once(), net.table("n", [(0, one) for one in range(12)]))
        va = lab.state("n.v")
        deliver = lab.kernel(
            "deliver",
            OverFanOut(synapses.store, lab.group_events("n"), synapses.delays),
            Accumulate(va, POST, "+", binary("*", Load(va, PRE), real(0.1))),
        )
        net.run(lab.program(emit, deliver), 1)
        results.append(v.copy())
    assert np.array_equal(results[0], results[1])


@pytest.mark.parametrize("n_parts", [1, 3])
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("own_delays", [False, True])
def test_columns_are_walked_in_order(lab, n_parts, wide, own_delays):
    net = lab.Net(n_parts=n_parts)
    net.group("pre", N_PRE)
    net.group("post", N_POST)
    net.events("post", 5)
    net.array("pre.x", np.linspace(0.1, 0.9, N_PRE))
    total = net.array("post.g", np.zeros(N_POST))
    synapses = lab.add_synapses(net, triples("dense16"), "pre", "post", "dense16", wide=wide)
    w = net.array("S.w", np.arange(1, len(synapses) + 1) * 0.37)
    expected_w, expected_g = w.copy(), total.copy()
    back = lab.kernel("back", Once(), net.table("post", BACK))
    delays = lab.state("S.delay", lab.U32, "n_S") if own_delays else None
    wa, g, x = weight(lab), lab.state("post.g"), lab.state("pre.x")
    learn = lab.kernel(
        "learn",
        OverFanIn(synapses.store, lab.group_events("post"), integer(1), delays),
        Store(wa, SYNAPSE, binary("+", binary("*", Load(wa, SYNAPSE), real(0.8)), Load(x, PRE))),
        Store(g, POST, binary("+", binary("*", Load(g, POST), real(0.9)), Load(wa, SYNAPSE))),
    )
    for step in range(TICKS):
        for delay in (4, 3, 2, 1, 0):
            for target in sorted(one for at, one in BACK if at == step - delay):
                for s in range(len(synapses)):
                    late = synapses.delay[s] if own_delays else 1
                    if synapses.post[s] == target and late == delay:
                        pre = net.memory.arrays["pre.x"][synapses.pre[s]]
                        expected_w[s] = expected_w[s] * 0.8 + pre
                        expected_g[target] = expected_g[target] * 0.9 + expected_w[s]
    net.run(lab.program(back, learn), TICKS)
    assert np.array_equal(w, expected_w)
    assert np.array_equal(total, expected_g)


@pytest.mark.parametrize("n_parts", [1, 3])
@pytest.mark.parametrize("summed", [False, True])
def test_whole_stores_are_visited_in_storage_order(lab, n_parts, summed):
    net, synapses, _, _ = network(lab, "dense16", n_parts)
    w, g = weight(lab), lab.state("post.g")
    change = Store(
        w,
        SYNAPSE,
        binary(
            "+",
            binary("*", Load(w, SYNAPSE), Load(lab.state("pre.x"), PRE)),
            binary("*", Load(lab.state("post.x"), POST), cast(IndexValue(PRE), lab.REAL)),
        ),
    )
    add = Store(g, POST, binary("+", binary("*", Load(g, POST), real(0.9)), Load(w, SYNAPSE)))
    what = lab.program(
        lab.kernel("k", OverSynapses(synapses.store), *((change, add) if summed else (change,)))
    )
    executable = net.bind(what)
    if lab.target == "cpu":  # a target may repeat: no vector
        assert ("omp simd" in executable.source) is not summed
    arrays = net.memory.arrays
    expected = arrays["S.w"] * arrays["pre.x"][synapses.pre]
    expected = expected + arrays["post.x"][synapses.post] * synapses.pre
    sums = np.zeros(N_POST)
    if summed:
        for s in range(len(synapses)):
            sums[synapses.post[s]] = sums[synapses.post[s]] * 0.9 + expected[s]
    executable.run(1)
    assert np.array_equal(arrays["S.w"], expected)
    assert np.array_equal(arrays["post.g"], sums)


def test_draws_of_synapses_do_not_depend_on_storage_or_walk(lab):
    def drawn(n_parts, walk):
        net, synapses, emit, back = network(lab, "dense16", n_parts)
        net.memory.ints["key"] = 4711
        u = net.array("S.u", np.zeros(len(synapses)))
        key = list(zip(synapses.pre.tolist(), synapses.post.tolist()))
        ranks = [key[:s].count(one) for s, one in enumerate(key)]
        assert max(ranks) > 0
        rank = net.array("S.rank", np.array(ranks, np.uint32))
        draw = RandomDraw(
            "randn", (), lab.KEY, 2, Load(lab.state("S.rank", lab.U32, "n_S"), SYNAPSE)
        )
        domains = {
            "all": OverSynapses(synapses.store),
            "out": OverFanOut(synapses.store, lab.group_events("pre"), synapses.delays),
            "in": OverFanIn(synapses.store, lab.group_events("post"), integer(0)),
        }
        store = Store(lab.state("S.u", length="n_S"), SYNAPSE, draw)
        net.array("tick", np.array([4]))
        net.run(lab.program(emit, back, lab.kernel("draw", domains[walk], store)), 1)
        return {(*one, int(r)): value for one, r, value in zip(key, rank, u)}

    whole = drawn(1, "all")
    assert len(set(whole.values())) == len(whole)
    assert drawn(3, "all") == whole
    for walk in ("out", "in"):
        some = {key: value for key, value in drawn(3, walk).items() if value != 0}
        assert 0 < len(some) < len(whole)
        assert all(whole[key] == value for key, value in some.items())


def test_recording_synapses_by_position(lab):
    net, synapses, _, _ = network(lab, "dense16", 2)
    net.recorder("rec", np.float64, 100, 4)
    net.array("chosen", np.array([7, 3, 100, 3], np.int64))
    net.memory.ints["chosen.n"] = 4
    indices = lab.state("chosen", lab.I64, "chosen.n")
    value = binary("+", Load(weight(lab), SYNAPSE), Load(lab.state("post.x"), POST))
    record = lab.kernel(
        "record", OverIndices(indices, synapses.store), Append(Recorder("rec", lab.REAL), value)
    )
    net.run(lab.program(record), 2)
    arrays, chosen = net.memory.arrays, [7, 3, 100, 3]
    expected = arrays["S.w"][chosen] + arrays["post.x"][synapses.post[chosen]]
    assert np.array_equal(net.recorded("rec"), np.tile(expected, 2))


def test_a_gathered_table_in_a_walk(lab):
    net, synapses, emit, _ = network(lab, "compact", 2)
    table = net.array("table", np.array([3.0, 5.0, 7.0]))
    net.memory.ints["table.n"] = 3
    position = binary("%", IndexValue(SYNAPSE), integer(3))
    deliver = lab.kernel(
        "deliver",
        OverFanOut(synapses.store, lab.group_events("pre"), synapses.delays),
        Accumulate(
            lab.state("post.g"), POST, "+", Gather(lab.state("table", length="table.n"), position)
        ),
    )
    expected = np.zeros(N_POST)
    for _, s in arrivals(synapses):
        expected[synapses.post[s]] += table[s % 3]
    net.run(lab.program(emit, deliver), TICKS)
    assert np.array_equal(net.memory.arrays["post.g"], expected)


def test_nothing_arrives_from_before_the_first_step(lab):
    net = lab.Net()
    net.group("pre", 2)
    net.group("post", 2)
    net.events("pre", 3)
    g, h = net.array("post.g", np.zeros(2)), net.array("pre.h", np.zeros(2))
    net.memory.arrays["pre.spikes.ids"][:] = [[0, 1]] * 3
    net.memory.arrays["pre.spikes.counts"][:] = 2  # what an earlier run may have left
    synapses = lab.add_synapses(net, [(0, 0, 0), (1, 1, 2)], "pre", "post", "dense16")
    events, one = lab.group_events("pre"), real(1.0)
    deliver = OverFanOut(synapses.store, events, synapses.delays)
    back = lab.add_synapses(net, [(0, 0, 0), (1, 1, 2)], "pre", "pre", "dense16").store
    kernels = (
        lab.kernel("deliver", deliver, Accumulate(lab.state("post.g"), POST, "+", one)),
        lab.kernel(
            "learn",
            OverFanIn(back, events, integer(1)),
            Accumulate(lab.state("pre.h"), POST, "+", one),
        ),
    )
    net.run(lab.program(*kernels), 2)
    assert g.tolist() == [2, 0]
    assert h.tolist() == [1, 1]


def test_many_due_segments_are_all_delivered(lab):
    """More segments in a step than the list of due segments holds."""
    n = 1500
    net = lab.Net()
    net.group("pre", n)
    net.group("post", 2)
    net.events("pre", 1)
    g = net.array("post.g", np.zeros(2))
    synapses = lab.add_synapses(net, [(one, one % 2, 0) for one in range(n)], "pre", "post", "none")
    emit = lab.kernel("emit", Once(), net.table("pre", [(0, one) for one in range(n)]))
    step = lab.kernel(
        "deliver",
        OverFanOut(synapses.store, lab.group_events("pre"), synapses.delays),
        Accumulate(lab.state("post.g"), POST, "+", cast(IndexValue(PRE), lab.REAL)),
    )
    net.run(lab.program(emit, step), 1)
    assert g.tolist() == [sum(range(0, n, 2)), sum(range(1, n, 2))]
