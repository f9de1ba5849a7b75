"""Network.run_copies(): each copy does what a run with its values and seed does, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import simgen
from simgen import (
    EventMonitor,
    Network,
    NeuronGroup,
    PoissonGroup,
    PopulationRateMonitor,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    ms,
    network_operation,
    seed,
)
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    IndexRangeError,
    MemoryLimitError,
    ModelError,
    NumericalError,
    UnknownAttributeError,
    UnsupportedFeatureError,
)

NOISY = """dv/dt = (drive - v)/tau + 0.2*sqrt(2/tau)*xi : 1 (unless refractory)
drive : 1 (shared)
tau : second (constant)
n : integer"""


def noisy(n: int = 40) -> dict[str, Any]:
    """Return a network of noisy neurons with delayed inhibition, and its monitors, by name."""
    cells = NeuronGroup(
        n,
        NOISY,
        threshold="v > 1",
        reset="v = 0; n += 1",
        refractory=1 * ms,
        method="euler",
        events={"low": "v < -0.2"},
    )
    cells.tau, cells.drive = 5 * ms, 1.2
    cells.v = "rand()"
    wires = Synapses(cells, cells, "w : 1", on_pre="v += w")
    wires.connect(p=0.3)
    wires.w = "-0.05*rand()"
    wires.delay = "0.5*ms + 2*ms*rand()"
    parts = {
        "cells": cells,
        "wires": wires,
        "spikes": SpikeMonitor(cells, variables="tau"),
        "low": EventMonitor(cells, "low"),
        "volts": StateMonitor(cells, ["v", "n"], record=[3, 1]),
        "rates": PopulationRateMonitor(cells),
    }
    return {**parts, "network": Network(parts.values())}


def results(parts: dict[str, Any]) -> list[np.ndarray]:
    """Return all that a run leaves behind."""
    spikes, low, volts = parts["spikes"], parts["low"], parts["volts"]
    return [
        np.array(each)
        for each in (
            *(spikes.i, spikes.t_, spikes.tau_, spikes.count[:], low.i, low.t_),
            *(volts.v, volts.n, parts["rates"].rate_, parts["cells"].v_[:], parts["wires"].w_[:]),
        )
    ]


def assert_equal(one: list[np.ndarray], other: list[np.ndarray]) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other):
        np.testing.assert_array_equal(a, b)


def test_a_copy_equals_a_run_with_its_values_and_seed(device: str) -> None:
    seed(4)
    parts = noisy()
    network, cells, wires = parts["network"], parts["cells"], parts["wires"]
    network.run(2 * ms)  # copies start in the middle of things, with spikes under way
    drives, weights = [0.8, 1.5, 2.5], np.linspace(-0.1, 0, 3)
    copies = network.run_copies(20 * ms, values={cells.drive: drives, wires.w: weights})
    found = [copies.collect(lambda: results(parts), k) for k in range(3)]
    assert network.t == 2 * ms
    network.store()
    for k in range(3):
        network.restore()
        seed(copies.seeds[k])
        cells.drive, wires.w = drives[k], weights[k]
        network.run(20 * ms)
        assert_equal(found[k], results(parts))
    assert len({tuple(each[0]) for each in found}) == 3


def test_the_network_stays_as_it_is(device: str) -> None:
    seed(4)
    parts = noisy()
    network, cells = parts["network"], parts["cells"]
    network.run(2 * ms)
    before = results(parts)
    network.run_copies(10 * ms, values={cells.drive: [0.5, 3], cells.v: "rand()"})
    assert_equal(before, results(parts))
    network.run(10 * ms)
    after = results(parts)
    simgen.start_scope()
    seed(4)
    parts = noisy()
    parts["network"].run(2 * ms)
    parts["network"].run(10 * ms)
    assert_equal(after, results(parts))


def test_what_has_an_axis_for_the_copies() -> None:
    seed(1)
    parts = noisy()
    network, cells, spikes = parts["network"], parts["cells"], parts["spikes"]
    taus = np.linspace(2, 8, 4 * 40).reshape(4, 40) * ms
    copies = network.run_copies(10 * ms, 4, {cells.tau: taus, cells.v: "0.5*rand()"})
    assert len(copies) == len(set(copies.seeds)) == 4
    assert copies[cells].v.shape == (4, 40)
    np.testing.assert_array_equal(copies[cells].tau_, taus / simgen.second)
    assert copies[cells].tau.dim == simgen.second.dim
    assert copies[parts["volts"]].v.shape == (4, 2, 100)
    assert copies[parts["rates"]].rate.shape == (4, 100)
    found = copies[spikes]
    assert found.i.shape == found.t.shape == found.copy.shape == found.tau.shape
    assert np.all(np.diff(found.copy) >= 0)
    np.testing.assert_array_equal(np.bincount(found.copy, minlength=4), found.num_spikes)
    np.testing.assert_array_equal(found.count.sum(axis=1), found.num_spikes)
    trains = found.spike_trains()
    assert [sum(len(t) for t in each.values()) for each in trains] == list(found.num_spikes)
    assert copies[cells[:7]].v.shape == (4, 7)
    assert copies[cells.name].v.shape == (4, 40)
    means = copies.collect(lambda: float(np.mean(cells.v)))
    np.testing.assert_allclose(means, copies[cells].v.mean(axis=1))
    assert "4 copies" in repr(copies)


def test_threads_take_copies_and_change_nothing() -> None:
    found = []
    for threads in (1, 2, 5):
        simgen.start_scope()
        simgen.set_device("cpu", threads=threads)
        seed(2)
        parts = noisy()
        copies = parts["network"].run_copies(10 * ms, 7)
        found.append(copies.collect(lambda parts=parts: results(parts)))
    for other in found[1:]:
        for one, two in zip(found[0], other):
            assert_equal(one, two)


def test_plastic_synapses_and_those_that_run_as_one(device: str) -> None:
    seed(3)
    source = PoissonGroup(10, 200 * simgen.Hz)
    cells = NeuronGroup(6, "v : 1", threshold="v > 1", reset="v = 0")
    model = """w : 1
    dx/dt = -x/(5*ms) : 1 (event-driven)
    dy/dt = -y/(5*ms) : 1 (event-driven)"""
    halves = [
        Synapses(
            source,
            cells[low : low + 3],
            model,
            on_pre="v += w; x += gain; w = clip(w + y, 0, 1)",
            on_post="y -= gain; w = clip(w + x, 0, 1)",
            namespace={"gain": 0.02},
        )
        for low in (0, 3)
    ]
    for half in halves:
        half.connect()
        half.w = 0.3
    network = Network(source, cells, halves)
    weights = [0.2, 0.5]
    copies = network.run_copies(40 * ms, values={halves[1].w: weights})
    found = [copies[half].w for half in halves] + [copies[half].x for half in halves]
    assert found[0].shape == (2, 30)
    network.store()
    for k in range(2):
        network.restore()
        seed(copies.seeds[k])
        halves[1].w = weights[k]
        network.run(40 * ms)
        for one, half in zip(found, halves):
            np.testing.assert_array_equal(one[k], half.w[:])
        np.testing.assert_array_equal(found[2][k], halves[0].x[:])
        np.testing.assert_array_equal(found[3][k], halves[1].x[:])
    assert np.ptp(found[0]) > 0.05


def test_derived_values_and_tables_follow_the_copies(device: str) -> None:
    drive = TimedArray([1.0, 3.0], dt=5 * ms)
    cells = NeuronGroup(
        3,
        "dv/dt = (drive(t) - v)/tau : 1\ntau : second (constant)",
        method="exact",
        namespace={"drive": drive},
    )
    cells.tau = 1 * ms
    copies = Network(cells).run_copies(10 * ms, values={cells.tau: [2, 5] * ms})
    for k, tau in enumerate((2e-3, 5e-3)):
        middle = 1 - np.exp(-5e-3 / tau)
        end = 3 + (middle - 3) * np.exp(-5e-3 / tau)
        np.testing.assert_allclose(copies[cells].v[k], end, rtol=1e-12)


def test_a_batch_after_a_batch_and_shorter_than_a_step() -> None:
    parts = noisy()
    cells, network = parts["cells"], parts["network"]
    first = network.run_copies(5 * ms, 2, seeds=[7, 8])
    again = network.run_copies(5 * ms, 2, seeds=[7, 8])
    np.testing.assert_array_equal(first[cells].v, again[cells].v)
    nothing = network.run_copies(0 * ms, 2)
    np.testing.assert_array_equal(nothing[cells].v, np.tile(cells.v[:], (2, 1)))


# --- refusals -----------------------------------------------------------------------------------


def refused(error: type[Exception], message: str, **arguments: Any) -> None:
    parts = noisy()
    values = arguments.pop("values", None)
    given = values(parts["cells"], parts["wires"]) if callable(values) else values
    with pytest.raises(error, match=message):
        parts["network"].run_copies(1 * ms, values=given, **arguments)
    parts["network"].run(1 * ms)  # nothing is broken


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (ModelError, "needs the number of copies", {}),
        (ArgumentTypeError, "must be an integer, not 2.5", {"copies": 2.5}),
        (ModelError, "must be in 1 to 1,000,000, not 0", {"copies": 0}),
        (ModelError, "There are 3 copies, but 2 of the seeds", {"copies": 3, "seeds": [1, 2]}),
        (ArgumentTypeError, "is an integer, not 1.5", {"seeds": [1.5]}),
        (ModelError, r"2\*\*64 - 1, not -1", {"seeds": [-1]}),
        (ArgumentTypeError, "a dict from variables to arrays", {"values": [3]}),
        (ArgumentTypeError, "keys of the values", {"values": {"v": [1]}}),
    ],
)
def test_wrong_arguments_are_refused(
    error: type[Exception], message: str, arguments: dict[str, Any]
) -> None:
    refused(error, message, **arguments)


WRONG: list[tuple[type[Exception], str, Callable[[NeuronGroup, Synapses], Any]]] = [
    (ModelError, "2 copies, but 3 of the values of 'n'", lambda g, _: {g.v: [1, 2], g.n: [1] * 3}),
    (ArgumentTypeError, "'drive' of NeuronGroup.*one value for each", lambda g, _: {g.drive: 1}),
    (DimensionMismatchError, "'tau' of NeuronGroup", lambda g, _: {g.tau: [1, 2]}),
    (ModelError, "'v' of NeuronGroup.*40", lambda g, _: {g.v: np.zeros((2, 3))}),
    (ModelError, "same in all copies", lambda _, s: {s.delay: [1, 2] * ms}),
    (ModelError, "two values for 'v'", lambda g, _: {g.v: [1], g.v_: [1]}),
]


@pytest.mark.parametrize(("error", "message", "make"), WRONG)
def test_wrong_values_are_refused(error: type[Exception], message: str, make: Any) -> None:
    refused(error, message, values=make)


def test_python_code_in_the_network_is_refused() -> None:
    @network_operation(name="look")
    def look() -> None:
        pass

    with pytest.raises(UnsupportedFeatureError, match=r"'look' runs Python code"):
        Network(NeuronGroup(1, "v : 1"), look).run_copies(1 * ms, 2)


def test_a_copy_that_diverges_is_named() -> None:
    cells = NeuronGroup(2, "dv/dt = k*v**3/ms : 1\nk : 1 (shared)", method="euler", name="cells")
    cells.v = 1
    with pytest.raises(NumericalError, match=r"'v' of NeuronGroup 'cells'.*run of copy 1"):
        Network(cells).run_copies(20 * ms, values={cells.k: [-1, 10]})
    assert cells.v[0] == 1


def test_integers_that_overflow_in_a_copy_are_named() -> None:
    cells = NeuronGroup(2, "k : integer\nadd : integer (shared)", name="cells")
    cells.run_regularly("k += add")
    network = Network(cells)
    with pytest.raises(NumericalError, match=r"'k' of NeuronGroup 'cells'.*run of copy 1"):
        network.run_copies(20 * ms, values={cells.add: [1, 2**30]})
    network.run(1 * ms)


def test_what_copies_do_not_have() -> None:
    parts = noisy()
    network, cells = parts["network"], parts["cells"]
    copies = network.run_copies(1 * ms, 2)
    with pytest.raises(IndexRangeError, match="no copy 2; the last one is 1"):
        copies.collect(lambda: 0, 2)
    with pytest.raises(ArgumentTypeError, match="is no object of Network"):
        copies[NeuronGroup(1, "v : 1")]
    with pytest.raises(UnknownAttributeError, match="records no events"):
        str(copies[cells].copy)
    with pytest.raises(UnknownAttributeError, match="cannot be set"):
        copies[cells].v = 3
    with pytest.raises(UnknownAttributeError):
        str(copies[cells].nothing)
    with pytest.raises(ModelError, match="cannot change while it runs"):
        copies.collect(lambda: network.add(NeuronGroup(1, "v : 1")))
    network.run(0.1 * ms)
    with pytest.raises(ModelError, match="these copies ran"):
        copies.collect(lambda: cells.v[:])


@pytest.mark.parametrize("what", ["w", "tau"])  # which no code writes, so that copies share them
def test_copies_are_not_shown_with_values_of_later(what: str) -> None:
    parts = noisy()
    network, owner = parts["network"], parts["wires" if what == "w" else "cells"]
    copies = network.run_copies(1 * ms, 2)
    np.testing.assert_array_equal(getattr(copies[owner], what)[1], getattr(owner, what)[:])
    getattr(owner, what)[0] *= 2
    with pytest.raises(ModelError, match="run or changed since these copies ran"):
        getattr(copies[owner], what)


@pytest.mark.parametrize("what", ["v", "tau", "w"])
def test_functions_that_look_at_copies_cannot_write(what: str) -> None:
    parts = noisy()
    network, owner = parts["network"], parts["wires" if what == "w" else "cells"]
    copies = network.run_copies(1 * ms, 2)
    before = results(parts)
    values = getattr(copies[owner], what)

    def write() -> None:
        getattr(owner, what)[:] = getattr(owner, what)[:] * 2

    with pytest.raises(ModelError, match="can only be read"):
        copies.collect(write)
    with pytest.raises(ModelError, match="can only be read"):
        copies.collect(lambda: parts["cells"].run_now("v = 1"))
    assert_equal(before, results(parts))
    network.run(1 * ms)
    assert values.shape[0] == 2


def test_copies_that_do_not_fit_are_refused_together(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = noisy()
    network = parts["network"]
    network.run_copies(1 * ms, 1)
    limit = 30_000_000  # of which one copy takes 8, and 10 would not fit
    monkeypatch.setattr("simgen.runtime.limits.free_memory", lambda: limit)
    network.run_copies(1 * ms, 1)
    with pytest.raises(MemoryLimitError, match=r"10 copies of Network.*Run fewer at a time"):
        network.run_copies(20000 * ms, 10)
    monkeypatch.undo()
    network.run(1 * ms)
