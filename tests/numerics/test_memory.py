"""What synapses take in memory, at rest and while they are made ready, counted byte by byte."""

import tracemalloc

import numpy as np
import pytest

from simgen import Network, NeuronGroup, Synapses, ms, second, set_device, start_scope
from simgen.api.checks import check_not_infinite

SOURCES, TARGETS, DELAYS = 400, 1000, 46
N = SOURCES * TARGETS
SMALL = 0.9  # neurons, spikes under way, Python's own objects


@pytest.fixture
def measure():
    """A function that returns the bytes a synapse held, and at most held since it was asked."""

    def asked():
        held, peak = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        return held / N, peak / N

    yield asked
    tracemalloc.stop()
    start_scope()
    set_device("auto")


def connected(sources):
    source = NeuronGroup(sources, "v : 1", threshold="v > 1")
    target = NeuronGroup(TARGETS, "v : 1")
    synapses = Synapses(source, target, "w : 1", on_pre="v_post += w")
    synapses.connect()
    return synapses, Network(source, target, synapses)


@pytest.mark.compiler
def test_synapses_take_their_targets_their_values_and_the_bounds_of_their_delays(measure):
    set_device("cpu", threads=1)
    weights = np.random.default_rng(1).random(N)
    delays = (5 + np.arange(N) % DELAYS) * 1e-4 * second
    for sources in (4, SOURCES):  # what is made once is made with few
        start_scope()
        if sources == SOURCES:
            tracemalloc.start()
        synapses, network = connected(sources)
        connected_held, _ = measure()
        synapses.w = weights[: len(synapses)]
        synapses.delay = delays[: len(synapses)]
        given, most_given = measure()
        network.run(0.1 * ms)
        ready, most_ready = measure()
    assert np.array_equal(synapses.w[:], weights)
    assert connected_held == pytest.approx(4 + 8, abs=SMALL)
    assert given == pytest.approx(4 + 8 + 8, abs=SMALL)
    assert most_given < 4 + 8 + 8 + SMALL
    # targets of a small group take two bytes from now on
    assert ready == pytest.approx(2 + 8 + (2 * (DELAYS + 1) + 8) / TARGETS, abs=SMALL)
    # what was given and the classes of delays; then targets, order, classes and weights twice
    assert most_ready < 2 + 4 + 1 + 8 + 8 + SMALL


def test_values_of_text_are_not_copied_unless_someone_has_the_old_ones():
    start_scope()
    set_device("reference")
    group = NeuronGroup(100_000, "v : 1")
    v, i = group.variables["v"], np.arange(100_000)
    old = v.values
    group.v = "0.5*i"
    assert v.values is not old
    kept = np.from_dlpack(group.v)
    group.v = "0.25*i"
    assert np.array_equal(kept, 0.25 * i)
    del kept
    Network(group).run(0.1 * ms)
    old = v.values
    group[:].v = "0.125*i"
    assert v.values is old
    assert np.array_equal(group.v[:], 0.125 * i)
    start_scope()
    set_device("auto")


def test_values_are_checked_without_a_mask(measure):
    synapses, _ = connected(SOURCES)
    values = np.arange(N, dtype=np.float64)
    tracemalloc.start()
    converted = synapses.variables["w"].convert(values, "synapses")
    check_not_infinite(converted, "w")
    assert measure()[1] < 0.1
    for bad in (np.nan, np.inf, -np.inf):
        values[77] = bad
        with pytest.raises(
            ValueError, match=rf"w.* cannot be set to {bad}.*position 77".replace("nan", "NaN")
        ):
            check_not_infinite(synapses.variables["w"].convert(values, "synapses"), "w")


@pytest.mark.compiler
def test_values_that_are_all_zero_keep_their_untouched_pages():
    """As those of traces, which live on neurons while a network runs; -0.0 is moved."""
    set_device("cpu", threads=1)
    group = NeuronGroup(40, "v : 1", threshold="v > 1")
    synapses = Synapses(group, group, "w : 1\nx : 1\ny : 1", on_pre="v_post += w + x + y")
    synapses.connect()
    synapses.delay = "0.1*ms*(1 + (7*i + 3*j) % 5)"
    negative = np.zeros(len(synapses))
    negative[5] = -0.0
    synapses.y = negative
    before = {name: synapses.variables[name].values for name in "wxy"}
    Network(group, synapses).run(0.1 * ms)
    after = {name: synapses.variables[name].values for name in "wxy"}
    assert [after[name] is before[name] for name in "wxy"] == [True, True, False]
    assert np.flatnonzero(np.signbit(synapses.y[:])).tolist() == [5]
