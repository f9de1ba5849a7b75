"""What is lent to a merge: who keeps it when, what can be seen of it, and how it ends."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest
from parts import EMULATED, Wired
from wiring import begin

from simgen import (
    ModelError,
    Network,
    NeuronGroup,
    NumericalError,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    network_operation,
    seed,
    set_device,
)
from simgen.commands.show import show

pytestmark = pytest.mark.compiler


@pytest.fixture(autouse=True)
def clean_device():
    begin()
    yield
    set_device("auto", dtype="float64")
    defaultclock.dt = 0.1 * ms


@pytest.fixture(params=[pytest.param(1, id="cpu"), pytest.param(EMULATED, id="cuda")])
def threads(request):
    """Run the test on the processor and on an emulated GPU."""
    return request.param


def test_a_second_run_takes_no_work(threads):
    wired = Wired(1, threads)
    wired.network.run(1 * ms)
    compiled = wired.network._compiled
    (merge,) = compiled.merges.merges
    store, weights = merge._data.store, merge.variables["w"].data
    wired.objects[1].w = 0.25
    wired.network.run(1 * ms)
    assert wired.network._compiled is compiled
    assert merge._data.store is store
    assert merge.variables["w"].data is weights


def test_a_new_thing_in_the_network_keeps_the_merge(threads):
    wired = Wired(1, threads)
    wired.network.run(1 * ms)
    (merge,) = wired.network._compiled.merges.merges
    wired.network.add(StateMonitor(wired.group, "x", record=[0]))
    wired.network.run(1 * ms)
    assert wired.network._compiled.merges.merges == [merge]


def test_members_keep_no_copies(threads):
    wired = Wired(1, threads)
    wired.network.run(1 * ms)
    made = wired.objects[1]

    def held():
        variables = [*made.variables.values(), made.pre.variable]
        kept = [variable.fetched() for variable in variables]
        return [values for values in (*kept, made._data.rows._kept) if values is not None]

    assert held() == []
    seen = made.u[:], made.w[:], made.i[:], made.j[:], made.delay[:]
    assert all(len(values) == len(made) for values in seen)
    assert len(held()) == 4  # u, w, the targets and the delays
    wired.network.run(1 * ms)
    assert len(held()) == 1  # w, which no code writes


def test_members_cannot_change_in_the_middle_of_a_step(threads):
    wired = Wired(1, threads)

    @network_operation(when="end", name="late")
    def change():
        wired.objects[0].connect(i=0, j=0)

    wired.network.add(change)
    with pytest.raises(ModelError, match="cannot change in 'late', in the middle of a step"):
        wired.network.run(1 * ms)


def test_what_diverges_is_named_as_the_user_knows_it(threads):
    wired = Wired(1, 2 * threads)
    made = wired.objects[2]
    wired.network.run(1 * ms)
    made.variables["u"].data[1] = np.nan  # as a division by zero would leave it
    made.variables["u"].version += 1
    with pytest.raises(NumericalError, match=rf"'u' of Synapses '{made.name}' is nan at index 1"):
        wired.network.run(0 * ms)


def test_a_run_that_fails_leaves_values_that_can_be_read(threads):
    wired = Wired(1, threads)

    @network_operation(dt=1 * ms)
    def fail():
        if defaultclock.t > 2 * ms:
            raise ValueError("on purpose")

    wired.network.add(fail)
    early = wired.objects[1].u[:]
    with pytest.raises(ValueError, match="on purpose"):
        wired.network.run(5 * ms)
    (merge,) = wired.network._compiled.merges.merges
    assert not np.array_equal(wired.objects[1].u[:], early)
    assert merge.members()[0]._merge is merge


SLOW = pytest.param(EMULATED, id="cuda", marks=pytest.mark.slow)  # many programs to compile


@pytest.mark.parametrize("threads", [pytest.param(1, id="cpu"), SLOW])
@pytest.mark.parametrize("count", [2, 7])  # the end: one object, or several
def test_two_networks_share_merged_objects(count, threads):
    states = []
    for optimize in (0, 1):
        wired = Wired(optimize, threads)
        other = Network(wired.group, wired.objects[1:count], name="other")
        for network in (other, wired.network, wired.network, other, wired.network):
            network.run(1 * ms)
            wired.objects[1].u = 0.5
        states.append(wired.state())
    assert states[0] == states[1]


def test_names_and_streams_of_other_objects_do_not_depend_on_merging(threads):
    drawn = []
    for optimize in (0, 1):
        wired = Wired(optimize, threads)
        wired.network.run(1 * ms)
        more = NeuronGroup(3, "y : 1")
        more.y = "rand()"
        noisy = NeuronGroup(4, "dy/dt = xi/ms**0.5 : 1", method="euler")
        wired.network.add(noisy)
        seed(3)
        wired.network.run(1 * ms)
        drawn.append((more.name, more.y[:].tolist(), noisy.y[:].tolist()))
    assert drawn[0] == drawn[1]


def test_a_merge_ends_with_its_network(threads):
    wired = Wired(1, threads)
    wired.network.run(1 * ms)
    expected = wired.objects[1].w[:]
    kept = wired.objects[1]
    del wired
    gc.collect()
    np.testing.assert_array_equal(kept.w[:], expected)


def test_the_source_names_how_many_objects_it_serves(golden):
    wired = Wired(1, 1)
    wired.network.run(0.1 * ms)
    compiled = wired.network._compiled
    text = show(compiled, "source", "synapses_1_pre", "cpu")
    assert "16 Synapses objects, 'synapses' to 'synapses_15'" in text
    golden(text)


def many_synapses(size):
    cells = NeuronGroup(4 * size, "x : 1", threshold="x > 1")
    parts = [cells[k * size : (k + 1) * size] for k in range(4)]
    objects = []
    for source in parts:
        for target in parts:
            made = Synapses(source, target, "w : 1", on_pre="x_post += w")
            made.connect(n_total=100 * size)
            made.w = "rand()"
            made.delay = "2*ms*rand()"
            objects.append(made)
    return Network(cells, objects), sum(len(made) for made in objects)


def test_memory_is_not_doubled():
    set_device("cpu")
    many_synapses(1)[0]._prepared({})  # what is made once is made
    tracemalloc.start()
    try:
        network, count = many_synapses(100)
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        network._prepared({})
        after, peak = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        set_device("cpu", optimize=0)
        network._prepared({})
        _, peak_of_end = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert before / count > 20  # a target, a weight and a delay
    assert after / count < 18  # the order of creation instead of the delay
    assert peak / count < 27
    assert peak_of_end < 2 * before
