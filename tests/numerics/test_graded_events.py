"""What events take along from their source: ``at_emission(x)`` is x when the event was found."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from graded_networks import N, expected_sums, ramps, seen_at_emission, wire

import simgen
from simgen import (
    EventMonitor,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    linked_var,
    ms,
    mV,
)

pytestmark = pytest.mark.usefixtures("device")


def test_the_value_is_that_of_the_time_of_emission():
    """v = t*mV/ms in steps of 0.1 ms: whatever the delay, v at t-d arrives, which v_pre is not."""
    source = NeuronGroup(1, "dv/dt = mV/ms : volt", events={"release": "v > 0.95*mV"})
    target = NeuronGroup(4, "got : volt\nlate : volt\nleft : second")
    synapses = Synapses(
        source,
        target,
        on_pre="got_post = at_emission(v_pre); late_post = v_pre; left_post = at_emission(t)",
        on_event="release",
    )
    synapses.connect()
    synapses.delay = [0, 0.1, 0.7, 2.5] * ms
    Network(source, target, synapses).run(5 * ms)
    last = 4.9 * ms  # the time of the last step; v has advanced by a step when events are found
    emitted = last - synapses.delay[:]
    np.testing.assert_allclose(target.left / ms, emitted / ms, rtol=1e-12)
    np.testing.assert_allclose(target.got / mV, (emitted + 0.1 * ms) / ms, rtol=1e-12)
    np.testing.assert_allclose(target.late / mV, 5.0, rtol=1e-12)


@pytest.mark.parametrize("shortest", [0, 1, 12])
def test_every_synapse_has_its_own_delay(shortest):
    """Where delays allow it, threads are several steps apart, and launches are saved on a GPU."""
    source, target = ramps(), NeuronGroup(50, "got : volt\nn : 1")
    synapses = wire(source, target, "got_post += w*at_emission(v_pre); n_post += 1")
    synapses.delay = synapses.delay[:] + shortest * 0.1 * ms
    spikes, values = SpikeMonitor(source), seen_at_emission(source)
    net = Network(source, target, synapses, spikes, values)
    net.run(6 * ms)
    expected = expected_sums(synapses, spikes, values.v_[:], 60, 50)
    np.testing.assert_allclose(target.got_, expected, rtol=1e-12)
    assert np.all(target.n > 10)


def test_parts_of_a_group_several_pathways_and_events():
    source = ramps(events={"half": "v > 1*mV and v < 1.35*mV"})
    target = NeuronGroup(40, "a : volt\nb : volt\nc : volt")
    part = source[60:170]
    synapses = wire(
        part,
        target,
        {
            "one": "a_post += w*at_emission(v_pre)",
            "two": "b_post += w*at_emission(v_pre/2) + 0*mV*at_emission(i)",
            "three": "c_post += w*at_emission(v_pre + 1*mV)",
        },
        on_event={"one": "spike", "two": "half", "three": "half"},
        delay={"two": 1.3 * ms},
    )
    for name in ("one", "three"):
        getattr(synapses, name).delay = (np.arange(len(synapses)) * 13 % 17) * 0.1 * ms
    kinds = {"spike": SpikeMonitor(source), "half": EventMonitor(source, "half")}
    values = seen_at_emission(source)
    Network(source, target, synapses, *kinds.values(), values).run(6 * ms)
    v = values.v_[:]
    for name, event, seen in (
        ("one", "spike", v),
        ("two", "half", v / 2),
        ("three", "half", v + 1e-3),
    ):
        late = getattr(synapses, name).delay
        like = type("Like", (), {"i": synapses.i, "j": synapses.j, "w": synapses.w})
        like.delay_ = np.broadcast_to(np.asarray(late), len(synapses))
        expected = expected_sums(like, kinds[event], seen, 60, 40, first=60)
        found = target.__getattr__({"one": "a_", "two": "b_", "three": "c_"}[name])
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert np.all(expected > 0)


def test_whole_numbers_conditions_and_all_that_a_source_has():
    driver = NeuronGroup(N, "u : 1")
    driver.u = "i*i"
    table = TimedArray(np.arange(100) * 1.0, dt=0.1 * ms)  # of the run's namespace
    source = NeuronGroup(
        N,
        """dv/dt = 1/ms : 1 (unless refractory)
        double = 2*v + shift : 1
        shift : 1 (shared)
        k : integer
        big : boolean
        other : 1 (linked)""",
        threshold="v > 1 + (i % 5)*0.1",
        reset="v = 0; k += 500000001; big = not big",
        refractory=0.4 * ms,
        method="euler",
    )
    source.other = linked_var(driver, "u")
    source.shift = 3
    target = NeuronGroup(
        N, "k : integer\nbig : 1\nd : 1\no : 1\nx : 1\nt0 : second\nr : 1\nwho : integer"
    )
    synapses = Synapses(
        source,
        target,
        on_pre="""k_post = at_emission(k_pre)
        big_post = int(at_emission(big_pre))
        d_post = at_emission(double_pre) + at_emission(lag)
        o_post = at_emission(other_pre)
        x_post = at_emission(table(t))
        t0_post = at_emission(lastspike_pre)
        r_post = int(at_emission(not_refractory_pre))
        who_post = at_emission(i + N_pre)""",
        namespace={"lag": 10},
    )
    synapses.connect(j="i")
    synapses.delay = "(i % 30)*0.1*ms"
    target.r = 5
    spikes, values = SpikeMonitor(source), seen_at_emission(source, ["v", "k", "big"])
    net = Network(driver, source, target, synapses, spikes, values)
    net.run(4.05 * ms, namespace={"table": table})
    arrived = np.rint(spikes.t_ / 1e-4) + np.arange(N)[spikes.i] % 30 < 41
    last = {i: round(t / 1e-4) for i, t in zip(spikes.i[arrived], spikes.t_[arrived])}
    assert len(last) > 150
    assert len(set(last.values())) > 6
    neurons, steps = np.array(list(last)), np.array(list(last.values()))
    assert np.array_equal(target.k[neurons], values.k[neurons, steps])
    assert np.array_equal(target.big[neurons], values.big[neurons, steps])
    np.testing.assert_allclose(target.d[neurons], 2 * values.v[neurons, steps] + 13)
    assert np.array_equal(target.o[neurons], neurons**2)
    assert np.array_equal(target.x[neurons], steps)
    np.testing.assert_allclose(target.t0_[neurons], steps * 1e-4, atol=1e-12)
    assert np.all(target.r[neurons] == 0)  # the spike has made it refractory, as on_pre sees it
    assert np.array_equal(target.who[neurons], neurons + N)
    assert values.k[:].max() > 2**28


def test_sources_without_equations_take_the_time_along():
    table = SpikeGeneratorGroup(3, [0, 1, 2, 0], [0.3, 0.7, 1.1, 1.6] * ms)
    noise = PoissonGroup(N, "i*20*Hz")
    for source in (table, noise):
        target = NeuronGroup(len(source), "lag : second\nn : 1")
        synapses = Synapses(source, target, on_pre="lag_post += t - at_emission(t); n_post += 1")
        synapses.connect(j="i")
        synapses.delay = "(1 + i % 7)*0.1*ms"
        Network(source, target, synapses).run(20 * ms)
        assert target.n[:].sum() > 0
        expected = target.n[:] * synapses.delay_[:]
        np.testing.assert_allclose(target.lag_[:], expected, atol=1e-12)


def test_synapses_before_their_events_are_found():
    """In a schedule where synapses come first they deliver the events of the step before."""
    got = []
    for early in (False, True):
        source, target = ramps(), NeuronGroup(50, "got : volt")
        synapses = wire(source, target, "got_post += w*at_emission(v_pre)")
        spikes, values = SpikeMonitor(source), seen_at_emission(source, when="after_thresholds")
        net = Network(source, target, synapses, spikes, values)
        if early:
            net.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
        net.run(6 * ms)
        stop = 59 if early else 60
        expected = expected_sums(synapses, spikes, values.v_[:], stop, 50)
        np.testing.assert_allclose(target.got_, expected, rtol=1e-12)
        got.append(expected)
    assert np.any(got[0] != got[1])


def test_the_source_has_a_clock_of_its_own():
    source = ramps(dt=0.2 * ms)
    target = NeuronGroup(50, "got : volt")
    synapses = wire(source, target, "got_post += w*at_emission(v_pre)")
    synapses.delay = "(i % 9)*0.2*ms"
    spikes, values = (
        SpikeMonitor(source),
        StateMonitor(source, "v", record=True, when="before_synapses", dt=0.2 * ms),
    )
    Network(source, target, synapses, spikes, values).run(6 * ms)
    expected = expected_sums(synapses, spikes, values.v_[:], 30, 50, dt=2e-4)
    np.testing.assert_allclose(target.got_, expected, rtol=1e-12)


def test_monitors_of_events_see_what_they_saw():
    records = []
    for code in ("got_post += weight*mV", "got_post += at_emission(w_pre)*mV"):
        source = NeuronGroup(
            N,
            "dv/dt = 1/ms : 1\nw : 1",
            threshold="v > 1 + i % 3",
            reset="v = 0",
            method="euler",
            events={"e": "v > 0.5"},
        )
        target = NeuronGroup(N, "got : volt")
        synapses = Synapses(source, target, "weight : 1", on_pre=code)
        synapses.connect(j="i")
        synapses.delay = "(i % 5)*0.1*ms"
        monitors = EventMonitor(source, "e", "v"), SpikeMonitor(source, "v")
        Network(source, target, synapses, monitors).run(4 * ms)
        records.append([np.asarray(getattr(m, n)).tobytes() for m in monitors for n in "itv"])
    assert records[0] == records[1]


def test_a_division_by_zero_is_found_at_the_emission():
    source = NeuronGroup(2, "k : integer", threshold="True")
    target = NeuronGroup(1, "got : integer")
    synapses = Synapses(source, target, on_pre="got_post += at_emission(7 // k_pre)")
    synapses.connect()
    source.k = [1, 0]
    with pytest.raises(simgen.NumericalError) as error:
        Network(source, target, synapses).run(0.2 * ms)
    assert "'k' is 0" in str(error.value)


def test_what_is_kept_does_not_grow_with_the_synapses():
    for n_synapses in (10, 5000):
        source, target = ramps(), NeuronGroup(50, "got : volt")
        synapses = wire(source, target, "got_post += w*at_emission(v_pre)", count=n_synapses)
        synapses.delay = 1.6 * ms
        net = Network(source, target, synapses)
        net.run(2 * ms)
        memory = net._compiled.memory
        (name,) = [name for name in memory.arrays if "at_emission" in name]
        depth = memory.ints[f"{source.name}.spike.depth"]
        assert memory.arrays[name].size == depth * N
        assert depth < 60


def test_units_are_those_of_the_value():
    source, target = ramps(3), NeuronGroup(2, "got : volt")
    with pytest.raises(simgen.DimensionMismatchError):
        Synapses(source, target, on_pre="got_post += at_emission(v_pre/second)")


def test_the_page_shows_what_runs():
    page = Path(__file__).parents[2] / "docs" / "events.md"
    code = re.search("```python\\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    exec(code.group(1), names)
    assert np.all(names["target"].g_[:] > 0)
