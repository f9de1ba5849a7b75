"""Where threads wait for each other, and when they may be several steps apart."""

from __future__ import annotations

import pytest
from sample_kernels import (
    ALL_A,
    ALL_B,
    EVENTS,
    I64,
    KEPT,
    POST,
    RECURRENT,
    SERIAL,
    SPLIT,
    TOTAL,
    G,
    U,
    V,
    add,
    kernel,
)

from simgen.ir.construct import compare, real
from simgen.ir.expr import ELEMENT, EVENT, PRE, ZERO, Load
from simgen.ir.kernel import Recorder
from simgen.ir.stmt import Append, Emit, Store
from simgen.targets.effects import kernel_effects
from simgen.targets.meetings import Wait, plan_meetings

NEVER, SHORT, ALWAYS = Wait.NEVER, Wait.WITHOUT_DELAY, Wait.ALWAYS
PULSES = kernel(RECURRENT, add(G, POST))  # reads nothing of other parts but events
GRADED = kernel(RECURRENT, add(G, POST, Load(KEPT, EVENT)))  # and what they took along
KERNELS = {**SPLIT, **SERIAL, "pulses": PULSES, "graded": GRADED}
FIRE = kernel(ALL_A, Emit(EVENTS, compare(">", Load(V, ELEMENT), real(0.0))))


def plan(*kernels, one_clock=True):
    return plan_meetings([kernel_effects(one) for one in kernels], one_clock=one_clock)


@pytest.mark.parametrize(
    ("first", "second", "wait"),
    [
        ("own elements", "resets", NEVER),  # the same part owns the same neurons in both
        ("events", "resets", NEVER),  # and the same events
        ("deliveries", "own elements", NEVER),
        ("deliveries", "learning", NEVER),  # a synapse belongs to the part of its target
        ("sums", "learning", NEVER),
        ("events", "pulses", SHORT),  # which walk the events of all parts, after a delay
        ("values of events", "graded", SHORT),
        ("values of events", "own elements", NEVER),
        ("own elements", "recurrent deliveries", ALWAYS),  # which read sources of other parts
        ("own elements", "reads of what others write", ALWAYS),
        ("own elements", "spike recording", NEVER),
        ("own elements", "state recording", ALWAYS),
        ("shared writes", "single runs", NEVER),  # the first thread does both
        ("own elements", "shared writes", NEVER),
        ("own elements", "reads of other groups", NEVER),
        ("deliveries to places", "deliveries to places", NEVER),
        ("deliveries to places", "own elements", ALWAYS),  # places lie all over the array
        ("deliveries to places", "deliveries", ALWAYS),
    ],
)
def test_threads_wait_only_where_parts_meet(first, second, wait):
    for pair in ((first, second), (second, first)):
        assert plan(*(KERNELS[name] for name in pair)).waits == (NEVER, wait)


def test_a_wait_serves_all_that_was_before_it():
    write, read = SPLIT["own elements"], SPLIT["recurrent deliveries"]
    waits = plan(write, read, read, write, read).waits
    assert waits == (NEVER, ALWAYS, NEVER, ALWAYS, ALWAYS)


def test_a_conflict_with_any_kernel_since_the_last_wait_counts():
    other = kernel(ALL_B, Store(U, ELEMENT, real(0.0)))
    waits = plan(SPLIT["own elements"], other, SPLIT["recurrent deliveries"]).waits
    assert waits == (NEVER, NEVER, ALWAYS)


def test_a_wait_that_delays_may_leave_out_serves_nothing_else():
    reads = kernel(RECURRENT, add(G, POST, Load(V, PRE)))
    move = kernel(ALL_A, Store(V, ELEMENT, real(0.0)))
    waits = plan(move, FIRE, PULSES, reads).waits
    assert waits == (NEVER, NEVER, SHORT, ALWAYS)


def test_groups_of_other_lengths_have_other_parts():
    mine = kernel(ALL_A, Store(V, ELEMENT, real(0.0)))
    theirs = kernel(ALL_B, Store(V, ELEMENT, real(0.0)))
    assert plan(mine, theirs).waits == (NEVER, ALWAYS)


def test_threads_that_exchange_only_delayed_events_may_be_apart():
    network = (FIRE, SPLIT["resets"], PULSES)
    assert plan(*network).several
    assert plan(FIRE, SPLIT["values of events"], SPLIT["resets"], GRADED).several
    assert not plan(*network, one_clock=False).several
    assert not plan(*network, SPLIT["recurrent deliveries"], SPLIT["own elements"]).several


def test_recording_of_events_comes_later_and_other_work_on_one_thread_does_not():
    recorded = plan(FIRE, SERIAL["spike recording"], PULSES)
    assert recorded.several
    assert recorded.later == {1}
    assert recorded.waits == (NEVER, NEVER, SHORT)
    sampled = plan(FIRE, SPLIT["own elements"], SERIAL["state recording"], PULSES)
    assert not sampled.several
    assert not sampled.later


def test_deliveries_on_one_thread_keep_their_place():
    """They read the events of many steps ago, which the ring does not keep for longer."""
    assert not plan(FIRE, kernel(RECURRENT, add(TOTAL, ZERO))).later


def test_a_recording_stays_where_another_kernel_needs_what_it_writes():
    counted = kernel(SERIAL["spike recording"].domain, add(V, ELEMENT))
    assert not plan(FIRE, counted, SPLIT["recurrent deliveries"]).later


def test_a_recording_stays_where_values_that_it_reads_are_written_before_they_are_read_again():
    sampled = kernel(SERIAL["spike recording"].domain, Append(Recorder("r", I64), Load(V, ELEMENT)))
    write = kernel(ALL_A, Store(V, ELEMENT, real(0.0)))
    read = kernel(ALL_A, Store(G, ELEMENT, Load(V, ELEMENT)))
    assert not plan(FIRE, sampled, write, read).later
