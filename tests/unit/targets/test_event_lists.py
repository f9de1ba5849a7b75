"""Events of this step, tables of events, single runs and recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.ir.construct import binary, cast, compare, integer, real
from simgen.ir.expr import ELEMENT, ZERO, Const, Gather, IndexValue, Load, Local, Param, Step
from simgen.ir.kernel import Once, OverEvents, OverIndices, Recorder
from simgen.ir.stmt import Accumulate, Append, If, Let, Store

pytestmark = pytest.mark.compiler


def fired(lab, group="exc", start=0, stop=None):
    end = Param(f"{group}.n", lab.I64) if stop is None else integer(stop)
    return OverEvents(lab.group_events(group), integer(start), end)


def spiking(lab, spikes, n=20, n_parts=1, depth=2, period=0):
    net = lab.Net(n_parts=n_parts)
    net.group("exc", n)
    net.events("exc", depth)
    return net, lab.kernel("emit", Once(), net.table("exc", spikes, period))


@pytest.mark.parametrize("n_parts", [1, 3])
def test_resets_touch_what_fired_in_the_range(lab, n_parts):
    spikes = [(0, 3), (0, 4), (0, 11), (1, 0), (1, 19)]
    net, emit = spiking(lab, spikes, n_parts=n_parts)
    v = net.array("exc.v", np.ones(20))
    va = lab.state("exc.v")
    reset = lab.kernel(
        "reset",
        fired(lab, start=1, stop=11),
        Let(Local("old", lab.REAL), Load(va, ELEMENT)),
        Store(va, ELEMENT, binary("-", Local("old", lab.REAL), real(5.0))),
        If(compare("<", Load(va, ELEMENT), real(0.0)), (Accumulate(va, ELEMENT, "*", real(2.0)),)),
    )
    net.run(lab.program(emit, reset), 2)
    expected = np.ones(20)
    expected[[3, 4]] = -8
    assert np.array_equal(v, expected)


@pytest.mark.parametrize("n_parts", [1, 4])
@pytest.mark.parametrize("period", [0, 5])
def test_tables_emit_at_their_steps(lab, n_parts, period):
    spikes = [(0, 0), (0, 19), (2, 7), (2, 8), (4, 1)]
    net, emit = spiking(lab, spikes, n_parts=n_parts, period=period)
    executable = net.bind(lab.program(emit))
    for step in range(13):
        assert executable.run(1) == 1
        now = step % period if period else step
        assert net.fired("exc", step) == [one for at, one in spikes if at == now]


def test_a_table_drops_what_lies_before_the_present_step(lab):
    net, emit = spiking(lab, [(0, 1), (3, 2), (8, 3)], period=10)
    net.memory.arrays["tick"][0] = 28  # in the third round
    net.run(lab.program(emit), 1)
    assert net.fired("exc", 28) == [3]
    assert net.memory.arrays["exc.base"][0] == 20


@pytest.mark.parametrize("n_parts", [1, 3])
def test_spike_recording_keeps_order_and_counts(lab, n_parts):
    spikes = [(step, one) for step in range(4) for one in (2, 5, 9, 13, 17) if (step + one) % 3]
    net, emit = spiking(lab, spikes, n_parts=n_parts)
    net.recorder("mon.i", np.int32, 100, 20)
    net.recorder("mon.step", np.int64, 100, 20)
    count = net.array("total", np.zeros(1, np.int64))
    net.memory.ints["one"] = 1
    record = lab.kernel(
        "record",
        fired(lab, start=3),
        Append(Recorder("mon.i", DType.I32), cast(IndexValue(ELEMENT), DType.I32)),
        Append(Recorder("mon.step", lab.I64), Step()),
        Accumulate(lab.state("total", lab.I64, "one"), ZERO, "+", integer(1)),
    )
    net.run(lab.program(emit, record), 4)
    expected = [(step, one) for step, one in sorted(spikes) if one >= 3]
    found = zip(net.recorded("mon.step").tolist(), net.recorded("mon.i").tolist())
    assert list(found) == expected
    assert count[0] == len(expected)


def test_state_recording_follows_the_list_of_indices(lab):
    net, _ = spiking(lab, [])
    v = net.array("exc.v", np.arange(20.0))
    flag = net.array("exc.flag", np.arange(20) % 3 == 0)
    net.array("rec.indices", np.array([4, 19, 0, 4], np.int64))
    net.memory.ints["rec.n"] = 4
    net.recorder("rec.v", np.float64, 50, 4)
    net.recorder("rec.flag", np.bool_, 50, 4)
    record = lab.kernel(
        "record",
        OverIndices(lab.state("rec.indices", lab.I64, "rec.n")),
        Append(Recorder("rec.v", lab.REAL), Load(lab.state("exc.v"), ELEMENT)),
        Append(Recorder("rec.flag", lab.BOOL), Load(lab.state("exc.flag", lab.BOOL), ELEMENT)),
    )
    executable = net.bind(lab.program(record))
    executable.run(1)
    v += 100
    executable.run(1)
    assert net.recorded("rec.v").tolist() == [4, 19, 0, 4, 104, 119, 100, 104]
    assert net.recorded("rec.flag").tolist() == flag[[4, 19, 0, 4]].tolist() * 2


def test_a_full_recorder_ends_the_run_before_the_tick(lab):
    net, _ = spiking(lab, [])
    net.recorder("rec", np.int64, 10, 4)
    body = [Append(Recorder("rec", lab.I64), binary("+", Step(), integer(k))) for k in range(3)]
    executable = net.bind(lab.program(lab.kernel("record", Once(), *body)))
    # after three ticks 9 of 10 are used, and 4 are needed; a call may keep room for a tick more
    done = [executable.run(100) for _ in range(3)]
    assert sum(done) == 3
    assert done[-1] == 0
    assert net.memory.arrays["tick"][0] == 3
    assert net.recorded("rec").tolist() == [0, 1, 2, 1, 2, 3, 2, 3, 4]
    net.memory.arrays["rec.used"][0] = 0
    assert executable.run(2) == 2
    assert net.recorded("rec").tolist() == [3, 4, 5, 4, 5, 6]


def test_single_runs_have_prologues_and_conditions(lab):
    net, _ = spiking(lab, [])
    a = net.array("a", np.array([2.0]))
    table = net.array("table", np.array([1.0, 10.0, 100.0]))
    net.memory.ints |= {"one": 1, "table.n": 3, "on": 0}
    array = lab.state("a", length="one")
    position = Let(Local("k", lab.I64), binary("%", Step(), integer(3)))
    value = Gather(lab.state("table", length="table.n"), Local("k", lab.I64))
    body = (
        Accumulate(array, ZERO, "+", value),
        If(Param("on", lab.BOOL), (Store(array, ZERO, real(-1.0)),)),
        If(Const(True, lab.BOOL), (Accumulate(array, ZERO, "*", real(2.0)),)),
    )
    net.run(lab.program(lab.kernel("k", Once(), *body, prologue=(position,))), 4)
    expected = 2.0
    for step in range(4):
        expected = (expected + table[step % 3]) * 2
    assert a[0] == expected


@pytest.mark.parametrize("n_parts", [1, 3])
def test_events_of_the_step_before_are_met_before_those_of_this_one(lab, n_parts):
    spikes = [(0, 3), (0, 4), (0, 11), (1, 0), (1, 19), (3, 7), (4, 7)]
    net, emit = spiking(lab, spikes, n_parts=n_parts)
    net.memory.arrays["exc.spikes.counts"][1] = 1  # of no step: nothing was before the first one
    net.recorder("rec", np.int64, 100, 20)
    place = binary("+", binary("*", Step(), integer(100)), IndexValue(ELEMENT))
    domain = replace(fired(lab), lag=1)
    record = lab.kernel("record", domain, Append(Recorder("rec", lab.I64), place))
    net.run(lab.program(record, emit), 5)
    assert net.recorded("rec").tolist() == [103, 104, 111, 200, 219, 407]
