"""Records that a loop over elements makes for others: which, and what they then hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.ir.construct import binary, cast, compare, integer, real
from simgen.ir.expr import (
    ELEMENT,
    POST,
    SYNAPSE,
    ZERO,
    Array,
    Gather,
    IndexValue,
    Load,
    Local,
    Param,
    Step,
)
from simgen.ir.kernel import (
    Clock,
    EventList,
    Item,
    Kernel,
    Once,
    OverElements,
    OverEvents,
    OverFanOut,
    OverIndices,
    Program,
    Recorder,
    SynapseStore,
)
from simgen.ir.stmt import Accumulate, Append, Emit, If, Let, Scatter, Store
from simgen.ir.verify import verify_program
from simgen.options import Options
from simgen.targets.cuda.arrange import arrange
from simgen.targets.cuda.backend import CudaTarget
from simgen.targets.cuda.emulate import EmulatedDevice
from simgen.targets.cuda.fold_records import record_events, record_values
from simgen.targets.cuda.order import plan_kernel

REAL, MAIN, SLOW = DType.REAL, Clock("c"), Clock("slow")
V, U, G = (Array(f"n.{name}", REAL, "n.n") for name in "vug")
W, LINK = Array("S.w", REAL, "n_S"), Array("n.link", DType.I64, "n.n")
LISTED, COUNT = Array("m.indices", DType.I64, "m.n"), Array("m.count", DType.I64, "one")
EVENTS, OTHERS = EventList("n.spikes", "n.n"), EventList("n.others", "n.n")
N = Param("n.n", DType.I64)
ALL, FIRED = OverElements("n.n", integer(0), N), OverEvents(EVENTS, integer(0), N)
ONCE = Once()
CHOSEN = OverIndices(LISTED, ascending=True)
OUT = OverFanOut(SynapseStore("S", "n.n", "n.n"), EVENTS, Array("d", DType.U32, "c"))
ONE = real(1.0)
ABOVE = compare(">", Load(V, ELEMENT), ONE)


def kernel(name, domain, *body, clock=MAIN, prologue=()):
    return Kernel(name, domain, body, clock, prologue, name)


def recorder(name, dtype=REAL):
    return Recorder(f"m.{name}", dtype)


def made_for_others(fold, kernels, after_python=()):
    """Return the names of what is left, and of what each of these does first and then."""
    items = [
        Item("s", k, one.name, one, after_python=one.name in after_python)
        for k, one in enumerate(kernels)
    ]
    program = Program(tuple(items), tuple(dict.fromkeys(one.clock for one in kernels)))
    verify_program(program)
    made, plans = fold(program, {one.name: plan_kernel(one) for one in kernels})
    assert {one.name for one in made.kernels} == plans.keys()
    done = {
        name: [one.name for one in (*plan.first, *plan.then)]
        for name, plan in plans.items()
        if plan.first or plan.then
    }
    return [one.name for one in made.kernels], done


update = kernel("update", ALL, Accumulate(V, ELEMENT, "+", ONE), Emit(EVENTS, ABOVE))
deliver = kernel("deliver", OUT, Accumulate(G, POST, "+", Load(W, SYNAPSE)))
spikes = kernel(
    "spikes",
    FIRED,
    Append(recorder("i", DType.I64), IndexValue(ELEMENT)),
    Append(recorder("t", DType.I64), Step()),
)
count = kernel("count", FIRED, Accumulate(COUNT, ZERO, "+", integer(1)))
rate = kernel(
    "rate",
    ONCE,
    Append(recorder("rate", DType.I64), Load(COUNT, ZERO)),
    Store(COUNT, ZERO, integer(0)),
)
look = kernel("look", CHOSEN, Append(recorder("v"), Load(V, ELEMENT)))


def test_spikes_and_rates_are_recorded_where_the_list_is_finished():
    found = made_for_others(record_events, (update, spikes, deliver, count, rate))
    assert found == (["update", "deliver"], {"update": ["spikes", "count", "rate"]})


def test_each_list_is_recorded_by_those_who_finish_it():
    second = kernel("second", ALL, Store(U, ELEMENT, ONE), Emit(OTHERS, ABOVE))
    more = replace(spikes, name="more", domain=OverEvents(OTHERS, integer(0), N))
    more = replace(more, body=(Append(recorder("other", DType.I64), Step()),))
    kernels = (update, second, more, spikes)
    expected = {"update": ["spikes"], "second": ["more"]}
    assert made_for_others(record_events, kernels) == (["update", "second"], expected)


def test_values_are_recorded_in_their_order_before_the_loop():
    other = kernel("other", CHOSEN, Append(recorder("g"), Load(G, ELEMENT)))
    update_both = replace(update, body=(*update.body, Store(G, ELEMENT, ONE)))
    found = made_for_others(record_values, (look, other, update_both))
    assert found == (["update"], {"update": ["look", "other"]})


def event_refusals():
    first_one = Load(Array("first", DType.I64, "one"), ZERO)
    at_spike = Append(recorder("v"), Load(V, ELEMENT))
    change = kernel("change", ALL, Store(U, ELEMENT, ONE))
    at_change = kernel("seen", FIRED, Append(recorder("u"), Load(U, ELEMENT)))
    nested = replace(spikes, body=(If(compare(">", Load(U, ELEMENT), ONE), ()),))
    own_sum = kernel("own", FIRED, Accumulate(U, ELEMENT, "+", ONE))
    drawn = kernel("sum", FIRED, Accumulate(COUNT, ZERO, "+", Load(LINK, ELEMENT)))
    total = Array("total", REAL, "one")
    table = kernel("update", ONCE, Store(total, ZERO, ONE))
    shared = kernel("shared", ONCE, Append(recorder("u"), Load(total, ZERO)))
    both = replace(rate, body=(*rate.body, Append(recorder("w"), Load(total, ZERO))))
    set_total = kernel("set", ALL, Store(U, ELEMENT, Load(total, ZERO)), Emit(EVENTS, ABOVE))
    mean = kernel("mean", ONCE, Append(recorder("u"), Gather(U, integer(0))))
    one_by_one = kernel(
        "update", ALL, Store(V, ELEMENT, Gather(V, integer(0))), Emit(EVENTS, ABOVE)
    )
    prologue = (Let(Local("p", REAL), ONE),)
    return {
        "a value that the loop writes": (update, replace(spikes, body=(at_spike,))),
        "a value that is written in between": (update, change, at_change),
        "a condition": (update, nested),
        "each one's own": (update, own_sum),
        "a sum of values": (update, drawn),
        "another clock": (update, replace(spikes, clock=SLOW)),
        "the step before": (update, replace(spikes, domain=replace(FIRED, lag=1))),
        "a range": (update, replace(spikes, domain=OverEvents(EVENTS, first_one, N))),
        "a prologue": (update, replace(spikes, prologue=prologue)),
        "no finder": (spikes, update),
        "one thread finds": (one_by_one, spikes),
        "a shared value": (table, shared),
        "a rate without its count": (update, deliver, rate),
        "an element's value": (change, update, mean),
        "a count and a value of others": (set_total, table, count, both),
    }


@pytest.mark.parametrize("case", list(event_refusals()))
def test_other_records_of_events_stay_kernels(case):
    kernels = event_refusals()[case]
    left, done = made_for_others(record_events, kernels)
    assert kernels[-1].name in left
    assert kernels[-1].name not in [name for names in done.values() for name in names]


def value_refusals():
    of_another = kernel("look", CHOSEN, Append(recorder("v"), Gather(V, Load(LINK, ELEMENT))))
    unordered = replace(look, domain=replace(CHOSEN, ascending=False))
    store = SynapseStore("S", "n.n", "n.n")
    synapses = replace(look, domain=OverIndices(LISTED, store))
    synapses = replace(synapses, body=(Append(recorder("w"), Load(W, SYNAPSE)),))
    some = replace(update, domain=OverElements("n.n", integer(2), N))
    scatter = kernel("update", ALL, Scatter(V, Load(LINK, ELEMENT), ONE))
    to_all = kernel("deliver", OUT, Accumulate(V, POST, "+", ONE))
    change = kernel("change", ALL, Store(V, ELEMENT, Gather(V, integer(0))))
    of_m = OverElements("m.n", integer(0), Param("m.n", DType.I64))
    elsewhere = kernel("update", of_m, Store(V, ELEMENT, ONE))
    longer = kernel("weights", ALL, Store(U, ELEMENT, ONE))
    return {
        "another element's value": (of_another, update),
        "no order": (unordered, update),
        "synapses": (synapses, longer),
        "some of the elements": (look, some),
        "another clock": (look, replace(update, clock=SLOW)),
        "scattered values": (look, scatter),
        "a delivery comes first": (look, to_all, update),
        "one thread": (look, change),
        "another group": (look, elsewhere),
        "nothing that writes": (look, longer),
    }


@pytest.mark.parametrize("case", list(value_refusals()))
def test_other_records_of_values_stay_kernels(case):
    kernels = value_refusals()[case]
    assert made_for_others(record_values, kernels) == ([one.name for one in kernels], {})


@pytest.mark.parametrize("place", ["deliver", "spikes"])
def test_python_code_may_come_in_between(place):
    kernels = (look, update, deliver, spikes)
    assert made_for_others(record_events, kernels, after_python=[place])[1] == {}
    assert made_for_others(record_values, kernels, after_python=["update"])[1] == {}
    assert made_for_others(record_values, kernels, after_python=["look"])[1] != {}


def test_nothing_is_done_for_others_that_saves_no_launch():
    """A delivery needs the list in a launch of its own anyway."""
    items = [Item("s", k, one.name, one) for k, one in enumerate((update, spikes, deliver))]
    made, plans = arrange(Program(tuple(items), (MAIN,)))
    assert [one.name for one in made.kernels] == ["update", "spikes", "deliver"]
    assert not any(plan.then for plan in plans.values())


class Recording:
    """A group whose elements fire in turns, with records of spikes, of a part, rates and values.

    ``need`` is the room that a step may take; ``capacity`` what there is.
    """

    def __init__(self, lab, n, listed, capacity):
        self.net = net = lab.Net()
        self.names = ["all.i", "all.t", "part.i", "rate.n", "values.v"]
        random = np.random.default_rng(n)
        net.group("exc", n)
        net.events("exc", 2)
        net.array("exc.v", random.random(n) * 4)
        net.array("rate.counter", np.zeros(1, np.int64))
        net.array("values.indices", np.array(listed, np.int64))
        net.memory.ints.update({"values.n": len(listed), "low": n // 3, "high": n - n // 5})
        for name in self.names:
            most = {"rate.n": 1, "values.v": len(listed)}.get(name, n)
            dtype = np.float64 if name == "values.v" else np.int64
            net.recorder(name, dtype, capacity * most, most)
        v, counter = lab.state("exc.v"), lab.state("rate.counter", lab.I64, "one")
        low, high = Param("low", lab.I64), Param("high", lab.I64)
        events, i = lab.group_events("exc"), IndexValue(ELEMENT)
        fired = OverEvents(events, integer(0), Param("exc.n", lab.I64))
        part = OverEvents(events, low, high)
        chosen = OverIndices(lab.state("values.indices", lab.I64, "values.n"), ascending=True)
        above = compare(">", Load(v, ELEMENT), real(3.0))
        self.program = lab.program(
            lab.kernel("look", chosen, self.to("values.v", Load(v, ELEMENT), lab.REAL)),
            lab.kernel(
                "update",
                lab.over("exc"),
                Accumulate(v, ELEMENT, "+", real(0.25)),
                Emit(events, above),
            ),
            lab.kernel("all", fired, self.to("all.i", i), self.to("all.t", Step())),
            lab.kernel("part", part, self.to("part.i", binary("-", i, low))),
            lab.kernel("reset", fired, Accumulate(v, ELEMENT, "+", real(-3.0))),
            lab.kernel("count", part, Accumulate(counter, ZERO, "+", integer(1))),
            lab.kernel(
                "store",
                Once(),
                self.to("rate.n", Load(counter, ZERO)),
                Store(counter, ZERO, integer(0)),
            ),
        )

    def to(self, name, value, dtype=DType.I64):
        return Append(Recorder(name, dtype), cast(value, dtype))

    def drained(self):
        """Return what was recorded, and make room."""
        found = [self.net.recorded(name).tolist() for name in self.names]
        for name in self.names:
            self.net.memory.arrays[f"{name}.used"][0] = 0
        return found


@pytest.mark.compiler
def test_a_warp_finds_the_place_of_a_number():
    """In lists with gaps, of neighbours, of more than a warp can look at in one go, and of none."""
    device = EmulatedDevice(check=True)
    search = device.compile(
        """#include "cuda/state.cuh"
        extern "C" __global__ void search(const int64_t *values, int64_t count,
                                          const int64_t *wanted, int64_t *places) {
          const int64_t k = blockIdx.x;
          const int64_t place = sg_warp_bound(values, count, wanted[k]);
          if (threadIdx.x == 0) places[k] = place;
        }"""
    ).function("search")
    random = np.random.default_rng(8)
    lists = [random.choice(5000, n, replace=False) for n in (0, 1, 2, 31, 32, 33, 700, 4000)]
    for values in [*map(np.sort, lists), np.arange(7, 300), np.arange(40)]:
        wanted = np.array([-3, 0, 1, 6, 7, 8, 299, 300, 301, 9000, *random.integers(0, 5000, 30)])
        given, asked, found = (device.allocate(8 * max(1, n), "a") for n in (len(values), 40, 40))
        for buffer, array in ((given, values), (asked, wanted)):
            if len(array):
                device.upload(buffer, array.astype(np.int64))
        search.launch(40, 32, (given, len(values), asked, found))
        places = np.zeros(40, np.int64)
        device.download(found, places)
        assert places.tolist() == np.searchsorted(values, wanted).tolist()


@pytest.mark.compiler
@pytest.mark.parametrize("order", ["forward", "reverse", "shuffled"])
@pytest.mark.parametrize("n", [1, 31, 300, 2000])
def test_records_for_others_are_those_of_the_cpu(lab_maker, order, n):
    """Also where they stop a step, which is then begun when there is room."""
    listed = np.unique(np.random.default_rng(1).integers(0, n, 50)).tolist()
    expected = Recording(lab_maker("cpu"), n, listed, 40)
    expected.net.bind(expected.program).run(30)
    device = EmulatedDevice(order=order, seed=7, check=True)
    got = Recording(lab_maker("cuda"), n, listed, 4)
    executable = CudaTarget(Options(), device).build(got.program)
    assert executable.source.count(" sg_phase_") == 1  # one launch
    executable.bind(got.net.memory)
    left, found = 30, [[] for _ in got.names]
    while left:
        got.net.memory.changed()
        done = executable.run(left)
        assert done >= min(left, 4)
        got.net.memory.fetch()
        for values, more in zip(found, got.drained()):
            values += more
        left -= done
    assert found == expected.drained()
    assert sum(found[3]) == len(found[2])
    assert got.net.memory.arrays["exc.v"].tolist() == expected.net.memory.arrays["exc.v"].tolist()
