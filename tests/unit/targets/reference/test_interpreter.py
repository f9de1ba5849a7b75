import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.errors import InternalError
from simgen.ir.construct import binary, compare, integer, real, select
from simgen.ir.expr import (
    ELEMENT,
    POST,
    PRE,
    SYNAPSE,
    ZERO,
    Cast,
    Const,
    Gather,
    Index,
    IndexKind,
    IndexValue,
    Load,
    Local,
    Param,
    Step,
    Time,
)
from simgen.ir.kernel import Once, OverElements, OverEvents, OverFanOut, OverSynapses
from simgen.ir.stmt import Accumulate, Append, Emit, EmitTable, If, Let, Store

TRUE = Const(True, DType.BOOL)


def everyone(world, n):
    world.group("n", n)
    return OverElements("n", integer(0), Param("n", DType.I64))


def test_statements_run_in_order_and_locals_keep_what_they_were_bound_to(world):
    domain = everyone(world, 3)
    v, w = world.array("v", [1.0, 2.0, 3.0]), world.array("w", [0.0, 0.0, 0.0])
    old = Local("old", DType.REAL)
    body = [
        Let(old, Load(v, ELEMENT)),
        Store(v, ELEMENT, binary("*", Load(v, ELEMENT), real(10.0))),
        Store(w, ELEMENT, binary("+", Load(v, ELEMENT), old)),
    ]
    world.run(world.kernel(domain, *body))
    assert world.value("v") == [10.0, 20.0, 30.0]
    assert world.value("w") == [11.0, 22.0, 33.0]


def test_the_padding_of_arrays_is_never_touched(world):
    domain = everyone(world, 3)
    v = world.array("v", [0.0, 0.0, 0.0])
    world.run(world.kernel(domain, Store(v, ELEMENT, real(7.0))))
    assert world["v"].tolist() == [7.0, 7.0, 7.0, 1.0]


def test_an_if_changes_only_the_elements_where_it_holds_also_nested(world):
    domain = everyone(world, 5)
    v = world.array("v", [0.0, 1.0, 2.0, 3.0, 4.0])
    doubled = Local("doubled", DType.REAL)
    inner = If(
        compare("<", Load(v, ELEMENT), real(3.5)),
        (Store(v, ELEMENT, binary("+", doubled, real(100.0))),),
    )
    body = [
        Let(doubled, binary("*", Load(v, ELEMENT), real(2.0))),
        If(compare(">", Load(v, ELEMENT), real(1.5)), (inner,)),
    ]
    world.run(world.kernel(domain, *body))
    assert world.value("v") == [0.0, 1.0, 104.0, 106.0, 4.0]


def test_a_local_bound_in_an_if_does_not_leave_it(world):
    domain = everyone(world, 2)
    v = world.array("v", [0.0, 0.0])
    inside = Local("inside", DType.REAL)
    body = [If(TRUE, (Let(inside, real(1.0)),)), Store(v, ELEMENT, inside)]
    with pytest.raises(InternalError, match="uses 'inside' before its let"):
        world.run(world.kernel(domain, *body))


def test_code_in_an_if_is_not_evaluated_for_other_elements(world):
    domain = everyone(world, 3)
    table = world.array("table", [5.0, 6.0], length="n_table")
    v = world.array("v", [0.0, 0.0, 0.0])
    element = IndexValue(ELEMENT)
    guarded = If(compare("<", element, integer(2)), (Store(v, ELEMENT, Gather(table, element)),))
    world.run(world.kernel(domain, guarded))
    assert world.value("v") == [5.0, 6.0, 0.0]
    beyond = binary("*", element, integer(2))
    with pytest.raises(InternalError, match="reads 'table'"):
        world.run(world.kernel(domain, Store(v, ELEMENT, Gather(table, beyond))))


@pytest.mark.parametrize(("op", "expected"), [("+", 10.75), ("*", 3.75)])
def test_accumulation_on_a_shared_variable_takes_every_element(world, op, expected):
    domain = everyone(world, 3)
    x, total = world.array("x", [1.5, 2.5, 2.0]), world.array("total", [0.5], length="one")
    start = {"+": 4.75, "*": 0.5}[op]
    world["total"][0] = start
    world.run(world.kernel(domain, Accumulate(total, ZERO, op, Load(x, ELEMENT))))
    assert world.value("total", "one") == [expected]


def test_sums_are_formed_in_the_order_of_the_elements(world):
    values = [1e16, 1.0, -1e16, 1.0, 1e-3, 3.0]
    domain = everyone(world, len(values))
    x, total = world.array("x", values), world.array("total", [0.0], length="one")
    world.run(world.kernel(domain, Accumulate(total, ZERO, "+", Load(x, ELEMENT))))
    expected = 0.0
    for value in values:
        expected += value
    assert world.value("total", "one") == [expected]


def test_linked_elements_are_read_and_written_through_their_index(world):
    domain = everyone(world, 4)
    link = world.array("link", [2, 0, 2, 1], DType.U32)
    source = world.array("source", [10.0, 20.0, 30.0], length="n_source")
    target = world.array("target", [0.0, 0.0, 0.0], length="n_source")
    v = world.array("v", [0.0] * 4)
    via = Index(IndexKind.ELEMENT, link)
    body = [
        Store(v, ELEMENT, Load(source, via)),
        Accumulate(target, via, "+", Cast(DType.REAL, IndexValue(ELEMENT))),
    ]
    world.run(world.kernel(domain, *body))
    assert world.value("v") == [30.0, 10.0, 30.0, 20.0]
    assert world.value("target", "n_source") == [1.0, 3.0, 2.0]


def test_a_prologue_is_evaluated_once_before_the_loop(world):
    domain = everyone(world, 2)
    v = world.array("v", [3.0, 4.0])
    shared = world.array("shared", [5.0], length="one")
    before = Local("before", DType.REAL)
    body = [Store(shared, ZERO, real(0.0)), Accumulate(v, ELEMENT, "+", before)]
    kernel = world.kernel(domain, *body, prologue=[Let(before, Load(shared, ZERO))])
    world.run(kernel)
    assert world.value("v") == [8.0, 9.0]


def test_time_is_formed_in_float64_and_then_rounded(make_world):
    world = make_world(real=np.float32)
    clock = world.clock("fine", period=1, dt=0.1)
    t, step = world.array("t", [0.0], DType.F64, "one"), world.array("s", [0], DType.I64, "one")
    world["tick"][0] = 16_777_217
    body = [Store(t, ZERO, Cast(DType.F64, Time())), Store(step, ZERO, Step())]
    world.run(world.kernel(Once(), *body, clock=clock))
    assert world.value("t", "one") == [float(np.float32(16_777_217 * 0.1))]
    assert world.value("s", "one") == [16_777_217]


def test_values_are_rounded_to_the_precision_of_the_program(make_world):
    world = make_world(real=np.float32)
    world.memory.reals["x"] = 0.1
    v = world.array("v", [0.0], length="one")
    world.once(Store(v, ZERO, binary("+", Param("x", DType.REAL), real(0.2))))
    assert world.value("v", "one") == [float(np.float32(0.1) + np.float32(0.2))]


def test_emitted_elements_are_listed_in_their_parts_and_replace_the_slot(make_world):
    world = make_world(n_parts=2)
    world.group("n", 6, bounds=[0, 4, 6])
    events = world.events("spikes", "n", depth=2)
    v = world.array("v", [0.0, 3.0, 4.0, 0.0, 0.0, 5.0])
    domain = OverElements("n", integer(0), integer(6))
    emit = Emit(events, compare(">", Load(v, ELEMENT), real(2.0)))
    kernel = world.kernel(domain, emit, Store(v, ELEMENT, real(0.0)))
    world.run(kernel)
    assert world["spikes.ids"].tolist() == [[1, 2, 99, 99, 5, 99], [99] * 6]
    assert world["spikes.counts"].tolist() == [[2, 1], [0, 0]]
    world["v"][4] = 9.0
    world.run(kernel, ticks=2)
    assert world["spikes.counts"].tolist() == [[0, 0], [0, 1]]
    assert world["spikes.ids"][1].tolist() == [99, 99, 99, 99, 4, 99]


def test_emission_in_an_if_counts_only_the_elements_where_it_holds(world):
    domain = everyone(world, 4)
    events = world.events("spikes", "n")
    body = If(compare(">", IndexValue(ELEMENT), integer(1)), (Emit(events, TRUE),))
    world.run(world.kernel(domain, body))
    assert world.visited(OverEvents(events, integer(0), integer(4)), ELEMENT) == [2, 3]


def table_kernel(world, entries, period):
    world.group("n", 5)
    world.memory.ints["period"] = period
    steps = world.array("steps", [step for step, _ in entries], DType.I64, "n_table")
    elements = world.array("elements", [who for _, who in entries], DType.U32, "n_table")
    cursor = world.array("cursor", [0], DType.I64, "one")
    base = world.array("base", [0], DType.I64, "one")
    events = world.events("spikes", "n", depth=8)
    stmt = EmitTable(events, steps, elements, cursor, base, Param("period", DType.I64))
    return world.kernel(Once(), stmt), events


def fired_per_step(world, n_steps):
    counts, ids = world["spikes.counts"][:, 0], world["spikes.ids"]
    return [ids[step, : counts[step]].tolist() for step in range(n_steps)]


def test_a_table_emits_each_entry_in_its_step_ascending(world):
    kernel, _ = table_kernel(world, [(1, 4), (1, 0), (3, 2), (9, 1)], period=0)
    world.run(kernel, ticks=6)
    assert fired_per_step(world, 6) == [[], [0, 4], [], [2], [], []]
    assert world.value("cursor", "one") == [3]


def test_a_table_with_a_period_repeats(world):
    kernel, _ = table_kernel(world, [(0, 3), (2, 1)], period=3)
    world.run(kernel, ticks=7)
    assert fired_per_step(world, 7) == [[3], [], [1], [3], [], [1], [3]]
    assert world.value("base", "one") == [6]


def test_a_table_skips_what_lies_in_the_past(world, make_world):
    kernel, _ = table_kernel(world, [(1, 1), (2, 2), (6, 3)], period=0)
    world["tick"][0] = 6
    world.run(kernel)
    assert fired_per_step(world, 7)[6] == [3]
    world = make_world()
    kernel, _ = table_kernel(world, [(0, 1), (2, 2)], period=3)
    world["tick"][0] = 11  # in the fourth round, of which step 0 has passed
    world.run(kernel)
    assert fired_per_step(world, 4)[11 % 8] == [2]
    assert world.value("base", "one") == [9]


def test_recorders_take_values_in_the_order_of_execution(world):
    domain = everyone(world, 3)
    v = world.array("v", [5.0, 6.0, 7.0])
    one, two = world.recorder("one", DType.REAL), world.recorder("two", DType.I64)
    odd = If(compare("!=", IndexValue(ELEMENT), integer(1)), (Append(two, IndexValue(ELEMENT)),))
    world.run(world.kernel(domain, Append(one, Load(v, ELEMENT)), odd), ticks=2)
    assert world.recorded("one") == [5.0, 6.0, 7.0, 5.0, 6.0, 7.0]
    assert world.recorded("two") == [0, 2, 0, 2]


def test_two_appends_to_one_recorder_alternate(world):
    domain = everyone(world, 2)
    both = world.recorder("both", DType.I64)
    body = [Append(both, IndexValue(ELEMENT)), Append(both, integer(9))]
    world.run(world.kernel(domain, *body))
    assert world.recorded("both") == [0, 9, 1, 9]


def test_more_values_than_announced_are_a_fault(world):
    domain = everyone(world, 3)
    small = world.recorder("small", DType.I64, capacity=2)
    with pytest.raises(InternalError, match="'small' got more values"):
        world.run(world.kernel(domain, Append(small, IndexValue(ELEMENT))))


def synapses(world, triples):
    world.group("n_src", 4)
    world.group("n_tgt", 4)
    events = world.events("spikes", "n_src", depth=3)
    store, delays, kept = world.store(
        "syn", triples, sources="n_src", targets="n_tgt", rows=4, format="dense32"
    )
    return events, store, delays, kept


def test_spikes_add_their_weights_to_the_targets(world):
    events, store, delays, kept = synapses(world, [(0, 1, 0), (0, 3, 1), (2, 1, 1), (2, 0, 0)])
    w = world.array("w", [10.0 + k for k in range(4)], length="n_syn")
    v = world.array("v", [0.0] * 4, length="n_tgt")
    world.fire(events, 4, [2])
    world.fire(events, 3, [0, 1])
    world["tick"][0] = 4
    kernel = world.kernel(
        OverFanOut(store, events, delays), Accumulate(v, POST, "+", Load(w, SYNAPSE))
    )
    world.run(kernel)
    expected = [0.0] * 4
    for k, (pre, post, delay) in enumerate(kept):
        if (pre, delay) in ((2, 0), (0, 1)):
            expected[post] += 10.0 + k
    assert world.value("v", "n_tgt") == expected
    assert sorted(expected)[-2:] != [0.0, 0.0]


def test_a_later_synapse_sees_what_an_earlier_one_left_in_their_target(world):
    # v = v*10 + w is not a sum: only the stated order of arrival gives this number
    events, store, delays, kept = synapses(world, [(0, 1, 0), (1, 1, 0), (2, 1, 1), (0, 1, 1)])
    w = world.array("w", [1 + pre + 3 * delay for pre, _, delay in kept], length="n_syn")
    v = world.array("v", [0.0] * 4, length="n_tgt")
    world.fire(events, 1, [0, 1])
    world.fire(events, 0, [0, 2])
    world["tick"][0] = 1
    value = binary("+", binary("*", Load(v, POST), real(10.0)), Load(w, SYNAPSE))
    world.run(world.kernel(OverFanOut(store, events, delays), Store(v, POST, value)))
    assert world.value("v", "n_tgt")[1] == 4612.0  # delay 1: w 4 and 6; delay 0: w 1 and 2


def test_a_trace_of_the_source_is_seen_by_its_next_synapse(world):
    events, store, delays, _ = synapses(world, [(0, 0, 0), (0, 1, 0), (0, 2, 0)])
    trace = world.array("trace", [0.0] * 4, length="n_src")
    seen = world.array("seen", [0.0] * 3, length="n_syn")
    world.fire(events, 0, [0])
    body = [Accumulate(trace, PRE, "+", real(1.0)), Store(seen, SYNAPSE, Load(trace, PRE))]
    world.run(world.kernel(OverFanOut(store, events, delays), *body))
    assert world.value("seen", "n_syn") == [1.0, 2.0, 3.0]


def test_the_last_store_to_a_shared_place_stays(world):
    domain = everyone(world, 3)
    last = world.array("last", [0], DType.I64, length="one")
    world.run(world.kernel(domain, Store(last, ZERO, IndexValue(ELEMENT))))
    assert world.value("last", "one") == [2]


def test_summed_variables_add_over_all_synapses(world):
    _, store, _, kept = synapses(world, [(0, 1, 0), (3, 1, 0), (2, 0, 0), (1, 1, 2)])
    w = world.array("w", [1.0, 2.0, 4.0, 8.0], length="n_syn")
    v = world.array("v", [0.0] * 4, length="n_tgt")
    world.run(world.kernel(OverSynapses(store), Accumulate(v, POST, "+", Load(w, SYNAPSE))))
    expected = [sum(2.0**k for k, s in enumerate(kept) if s[1] == post) for post in range(4)]
    assert world.value("v", "n_tgt") == expected


def test_selections_and_integers_are_stored_in_the_type_of_the_array(world):
    domain = everyone(world, 4)
    flag = world.array("flag", [False] * 4, DType.BOOL)
    count = world.array("count", [0] * 4, DType.I32)
    odd = compare("==", binary("%", IndexValue(ELEMENT), integer(2)), integer(1))
    body = [
        Store(flag, ELEMENT, odd),
        Accumulate(count, ELEMENT, "+", select(odd, integer(5), integer(-1))),
    ]
    world.run(world.kernel(domain, *body), ticks=2)
    assert world.value("flag") == [False, True, False, True]
    assert world.value("count") == [-2, 10, -2, 10]
