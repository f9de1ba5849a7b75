"""What an event does to its own element is done where the event is found, or a reason is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.ir.construct import binary, compare, integer, logical_and, real
from simgen.ir.expr import (
    ELEMENT,
    POST,
    PRE,
    SYNAPSE,
    ZERO,
    Array,
    Gather,
    IndexValue,
    Load,
    Local,
    Param,
)
from simgen.ir.kernel import (
    Clock,
    EventList,
    Item,
    Kernel,
    OverElements,
    OverEvents,
    OverFanOut,
    OverIndices,
    Program,
    Recorder,
    SynapseStore,
)
from simgen.ir.stmt import Accumulate, Append, Emit, If, Let, Store
from simgen.ir.verify import verify_program
from simgen.targets.cuda.fold_events import fold_events
from simgen.targets.cuda.order import plan_kernel

REAL, MAIN, SLOW = DType.REAL, Clock("c"), Clock("slow")
V, U, G = (Array(f"n.{name}", REAL, "n.n") for name in "vug")
W, LINK = Array("S.w", REAL, "n_S"), Array("n.link", DType.I64, "n.n")
TOTAL = Array("total", REAL, "one")
EVENTS, SEEN = EventList("n.spikes", "n.n"), Recorder("mon", REAL)
N = Param("n.n", DType.I64)
ALL, FIRED = OverElements("n.n", integer(0), N), OverEvents(EVENTS, integer(0), N)
DELAYS = Array("d", DType.U32, "c")
OUT = OverFanOut(SynapseStore("S", "n.n", "n.n"), EVENTS, DELAYS)
ONE = real(1.0)
ABOVE = compare(">", Load(V, ELEMENT), ONE)


def kernel(name, domain, *body, clock=MAIN, prologue=()):
    return Kernel(name, domain, body, clock, prologue, name)


def program_of(*kernels, after_python=()):
    items = [
        Item("s", k, one.name, one, after_python=one.name in after_python)
        for k, one in enumerate(kernels)
    ]
    made = Program(tuple(items), tuple(dict.fromkeys(one.clock for one in kernels)))
    verify_program(made)
    return made


def folded(*kernels, deterministic=False, after_python=()):
    made = fold_events(program_of(*kernels, after_python=after_python), deterministic)
    verify_program(made)
    return {one.name: one for one in made.kernels}


update = kernel("update", ALL, Accumulate(V, ELEMENT, "+", ONE), Emit(EVENTS, ABOVE))
reset = kernel("reset", FIRED, Store(V, ELEMENT, real(0.0)))
mark = kernel("mark", FIRED, Store(U, ELEMENT, real(2.0)))
deliver = kernel("deliver", OUT, Accumulate(G, POST, "+", Load(W, SYNAPSE)))


@pytest.mark.parametrize("deterministic", [False, True])
def test_a_reset_is_folded_over_deliveries_to_other_variables(deterministic):
    made = folded(update, mark, deliver, reset, deterministic=deterministic)
    assert list(made) == ["update", "deliver"]
    found = Local("found_n.spikes", DType.BOOL)
    assert made["update"].body == (
        update.body[0],
        Let(found, ABOVE),
        Emit(EVENTS, found),
        If(found, mark.body),
        If(found, reset.body),
    )
    assert plan_kernel(made["update"], deterministic).atomic == frozenset()


def test_what_is_for_some_elements_asks_which_one_it_is():
    begin, end = Param("sub.start", DType.I64), Param("sub.stop", DType.I64)
    some = replace(reset, domain=OverEvents(EVENTS, begin, end))
    last = replace(mark, domain=OverEvents(EVENTS, begin, N))
    made = folded(update, some, last)
    assert list(made) == ["update"]
    found, here = Local("found_n.spikes", DType.BOOL), IndexValue(ELEMENT)
    inside = logical_and(found, compare(">=", here, begin))
    assert made["update"].body[3:] == (
        If(logical_and(inside, compare("<", here, end)), reset.body),
        If(inside, mark.body),
    )


def test_names_stay_apart():
    old = Local("old", REAL)
    body = (Let(old, Load(V, ELEMENT)), Store(V, ELEMENT, binary("-", old, ONE)))
    one = kernel("one", FIRED, *body, prologue=(Let(Local("k", REAL), ONE),))
    two = replace(one, name="two")
    source = replace(update, prologue=(Let(Local("k", REAL), ONE),))
    made = folded(source, one, two)["update"]
    assert [stmt.local.name for stmt in made.prologue] == ["k", "k_one", "k_two"]
    names = [stmt.body[0].local.name for stmt in made.body if isinstance(stmt, If)]
    assert names == ["old", "old_two"]


def refusals():
    to_v = kernel("deliver", OUT, Accumulate(V, POST, "+", ONE))
    from_v = kernel("deliver", OUT, Accumulate(G, POST, "+", Load(V, PRE)))
    add = kernel("reset", FIRED, Accumulate(V, ELEMENT, "+", real(-1.0)))
    show = kernel("show", OverIndices(LINK), Append(SEEN, Load(V, ELEMENT)))
    linked = kernel("reset", FIRED, Store(V, ELEMENT, Gather(U, Load(LINK, ELEMENT))))
    drive = kernel("update", ALL, Store(U, ELEMENT, ONE), Emit(EVENTS, ABOVE))
    peek = kernel("update", ALL, Store(U, ELEMENT, Gather(V, integer(0))), Emit(EVENTS, ABOVE))
    count = kernel("reset", FIRED, Accumulate(TOTAL, ZERO, "+", ONE))
    shared = replace(reset, prologue=(Let(Local("p", REAL), Load(TOTAL, ZERO)),))
    change = kernel("change", ALL, Store(TOTAL, ZERO, ONE))
    chain = kernel("chain", ALL, Store(U, ELEMENT, Gather(G, integer(0))))
    copy = kernel("copy", FIRED, Store(U, ELEMENT, Load(V, ELEMENT)))
    first = kernel("first", ALL, Store(G, ELEMENT, Load(G, ELEMENT)))
    nested = replace(update, body=(If(ABOVE, (Emit(EVENTS, ABOVE),)),))
    other = kernel("only", ALL, Emit(EVENTS, ABOVE))
    first_one = Load(Array("first", DType.I64, "one"), ZERO)
    return {
        "a delivery to it": ((update, to_v, reset), "'deliver' uses n.v"),
        "a delivery to it, both sums": ((update, to_v, add), "'deliver' uses n.v"),
        "a delivery from it": ((update, from_v, reset), "'deliver' uses n.v"),
        "a record": ((update, show, reset), "'show' uses n.v"),
        "a shared value": ((update, change, shared), "'change' uses total"),
        "an earlier refusal": ((update, show, reset, copy), "'reset' uses n.v"),
        "another element's": ((drive, linked), "what other elements write"),
        "another element reads": ((peek, reset), "what other elements write"),
        "a sum of all": ((update, count), "what other events"),
        "a recorder": ((update, kernel("reset", FIRED, Append(SEEN, ONE))), "order of the list"),
        "a condition": ((nested, reset), "under a condition"),
        "another clock": ((update, replace(reset, clock=SLOW)), "another clock"),
        "a range": ((update, replace(reset, domain=OverEvents(EVENTS, first_one, N))), "some"),
        "the step before": ((update, replace(reset, domain=replace(FIRED, lag=1))), "step before"),
        "no finder": ((reset, update), "no loop over elements"),
        "a launch": ((first, chain, other, mark, deliver), "another launch"),
    }


@pytest.mark.parametrize("case", list(refusals()))
def test_what_may_not_be_folded_says_why(case):
    kernels, reason = refusals()[case]
    made = folded(*kernels)
    told = [one.comment.partition("not done where events are found: ")[2] for one in made.values()]
    assert any(reason in text for text in told)
    assert list(made) == [one.name for one in kernels]


def test_python_code_may_look_at_what_is_not_yet_reset():
    made = folded(update, deliver, reset, after_python=["deliver"])
    assert "Python code" in made["reset"].comment


@pytest.mark.compiler
@pytest.mark.parametrize("n", [1, 31, 300, 2000])
def test_a_folded_reset_gives_what_the_cpu_gives(lab_maker, n):
    """Neurons that fire in different steps, with resets, marks and counts, on every order."""

    def result(name):
        lab = lab_maker(name)
        net = lab.Net()
        net.group("exc", n)
        net.events("exc", 3)
        v = net.array("exc.v", np.random.default_rng(5).random(n) * 3)
        count, last = net.array("exc.count", np.zeros(n)), net.array("exc.last", np.zeros(n))
        va, counts, lasts = (lab.state(f"exc.{one}") for one in ("v", "count", "last"))
        fired = OverEvents(lab.group_events("exc"), integer(0), Param("exc.n", lab.I64))
        above = compare(">", Load(va, ELEMENT), real(2.5))
        grown = binary("*", Load(va, ELEMENT), real(1.1))
        old = Local("old", lab.REAL)
        what = lab.program(
            lab.kernel(
                "update",
                lab.over("exc"),
                Store(va, ELEMENT, binary("+", grown, real(0.01))),
                Emit(lab.group_events("exc"), above),
            ),
            lab.kernel("count", fired, Accumulate(counts, ELEMENT, "+", ONE)),
            lab.kernel(
                "reset",
                fired,
                Let(old, Load(va, ELEMENT)),
                Store(va, ELEMENT, binary("*", old, real(0.3))),
                Store(lasts, ELEMENT, old),
            ),
        )
        running = net.bind(what)
        spikes = []
        for step in range(12):
            running.run(1)
            spikes.append(net.fired("exc", step))
        return running.source, spikes, [array.tobytes() for array in (v, count, last)]

    _, *expected = result("cpu")
    assert sum(len(spikes) for spikes in expected[0]) > n / 2
    for name in ("cuda", "cuda-reverse", "cuda-shuffled"):
        source, *got = result(name)
        assert "k_reset" not in source
        assert got == expected
