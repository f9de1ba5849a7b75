"""Spikes under way when something changes: they keep their arrival, nothing else gets them."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

import simgen
from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
)
from simgen.ir.kernel import OverCarried

pytestmark = pytest.mark.usefixtures("device")
N = 200  # three parts
ENDS = [0, 70, 150, 199]  # targets in all parts


def one_spike(time=0.9, **options):
    """A source that fires once, two targets, synapses of 0.3 ms; all in a network."""
    source = SpikeGeneratorGroup(1, [0], [time] * ms)
    target = NeuronGroup(2, "v : 1")
    synapses = Synapses(source, target, on_pre="v += 1", **options)
    synapses.connect()
    synapses.delay = 0.3 * ms
    state = StateMonitor(target, "v", record=True, when="end")
    return source, target, synapses, state, Network(source, target, synapses, state)


def jumps(state, element=0, dt=0.1):
    """Return at which steps of the end of the step the value has grown, and by how much."""
    values = np.concatenate([[0], state.v[element]])
    places = np.flatnonzero(np.diff(values))
    return {round(state.t[k] / ms / dt): np.diff(values)[k] for k in places}


def carrying(net):
    """Return the names of the kernels that walk carried events."""
    kernels = net._compiled.program.kernels
    return [kernel.name for kernel in kernels if isinstance(kernel.domain, OverCarried)]


def test_other_delays_leave_spikes_under_way_alone():
    source, _, synapses, state, net = one_spike()
    net.run(1 * ms)
    synapses.delay = 0.7 * ms
    source.set_spikes([0], [1.05] * ms)
    net.run(2 * ms)
    assert jumps(state) == {12: 1, 17: 1}
    synapses.delay = [0.1, 0.5] * ms  # nothing is under way: the walk needs no list
    source.set_spikes([0, 0], [3.0, 3.3] * ms)
    net.run(0.2 * ms)
    assert carrying(net) == []
    synapses.delay = 0 * ms
    net.run(1 * ms)
    assert jumps(state, 0) == {12: 1, 17: 1, 31: 1, 33: 1}
    assert jumps(state, 1) == {12: 1, 17: 1, 33: 1, 35: 1}


def test_new_synapses_get_no_earlier_spikes():
    source, _, synapses, state, net = one_spike()
    net.run(1 * ms)
    synapses.connect(i=0, j=0)  # with a delay of 0.3 ms as well
    source.set_spikes([0], [1.5] * ms)
    net.run(1 * ms)
    assert jumps(state, 0) == {12: 1, 18: 2}
    assert jumps(state, 1) == {12: 1, 18: 1}


def test_carried_events_live_through_further_changes_and_runs():
    source, _, synapses, state, net = one_spike()
    synapses.delay = 2 * ms
    net.run(1 * ms)
    synapses.delay = [0.5, 1.7] * ms
    source.set_spikes([0], [1.05] * ms)
    net.run(0.2 * ms)
    synapses.connect(i=0, j=0)
    synapses.delay = 0.1 * ms
    net.run(0.3 * ms)
    assert carrying(net) == ["synapses_pre_carried"]
    synapses.delay = 0.4 * ms
    for _ in range(8):
        net.run(0.25 * ms)
    assert jumps(state, 0) == {15: 1, 29: 1}
    assert jumps(state, 1) == {27: 1, 29: 1}
    net.run(0.1 * ms)
    assert carrying(net) == []  # all have arrived: the program forgets them


def test_nothing_is_compiled_for_changes_without_spikes_under_way():
    _, _, synapses, _, net = one_spike(time=0.5)
    net.run(1 * ms)
    program = net._compiled.program
    synapses.delay = 0.7 * ms
    net.run(0.1 * ms)
    assert net._compiled.program == program
    assert carrying(net) == []


def test_inactive_synapses_get_nothing_and_give_what_they_had_on_return():
    source, _, synapses, state, net = one_spike()
    source.set_spikes([0] * 5, [0.2, 0.9, 1.05, 1.4, 2.2] * ms)
    synapses.delay = [0.5, 1.3] * ms
    net.run(1 * ms)
    synapses.active = False
    net.run(1 * ms)  # the spike of 0.9 ms would reach the first target in it
    synapses.active = True
    net.run(2 * ms)
    assert jumps(state, 0) == {7: 1, 27: 1}
    assert jumps(state, 1) == {22: 1, 35: 1}  # that of 0.9 ms; that of 0.2 ms was due at 1.5 ms


def test_inactive_synapses_may_change():
    source, _, synapses, state, net = one_spike(time=0.9)
    synapses.delay = 1.5 * ms
    net.run(1 * ms)
    synapses.active = False
    net.run(0.5 * ms)
    synapses.connect(i=0, j=0)
    synapses.delay = [0.1, 0.2, 0.3] * ms
    source.set_spikes([0], [1.55] * ms)
    net.run(0.1 * ms)
    synapses.active = True
    net.run(1 * ms)
    assert jumps(state, 0) == jumps(state, 1) == {24: 1}


def test_synapses_that_join_leave_the_others_their_spikes():
    source, target, synapses, state, net = one_spike()
    source.set_spikes([0, 0], [0.9, 1.3] * ms)
    net.run(1 * ms)
    other = Synapses(source, target, on_pre="v += 10", delay=0.3 * ms)
    other.connect()
    net.add(other)
    net.run(1 * ms)
    assert jumps(state) == {12: 1, 16: 11}
    assert carrying(net) == []  # the others still read the ring
    net.remove(synapses)
    source.set_spikes([0], [2.0] * ms)
    net.run(1 * ms)
    assert jumps(state) == {12: 1, 16: 11, 23: 10}


def test_a_group_that_was_away_brings_no_old_events():
    source, _, synapses, state, net = one_spike(time=0.8)
    net.run(1 * ms)
    net.remove(source, synapses)
    net.run(0.3 * ms)
    assert source.spikes.size == 0
    seen = []
    net.add(source, synapses, simgen.network_operation(lambda: seen.append(source.spikes.size)))
    net.run(1 * ms)  # the ring has four slots: that of 0.8 ms is that of 1.2 ms
    assert jumps(state) == {}
    assert not any(seen)


@pytest.mark.parametrize(
    ("dt", "first", "second"),
    [
        (0.05, {24: 1, 26: 10}, {26: 1, 28: 10}),
        (0.2, {6: 1, 7: 10}, {7: 11}),
        (0.3, {4: 11}, {4: 1, 5: 10}),
        (0.4, {3: 11}, {3: 1, 4: 10}),
    ],
)
def test_arrivals_keep_their_time_on_another_grid(dt, first, second):
    source = SpikeGeneratorGroup(2, [0, 1], [0.9, 1.0] * ms)
    target = NeuronGroup(2, "v : 1")
    synapses = Synapses(source, target, on_pre="v += 1 + 9*i")
    synapses.connect()
    synapses.delay = "(0.3 + 0.1*j)*ms"  # arrivals at 1.2 and 1.3, 1.3 and 1.4 ms
    state = StateMonitor(target, "v", record=True, when="end")
    net = Network(source, target, synapses, state)
    net.run(1.2 * ms)
    defaultclock.dt = dt * ms
    net.run(1.2 * ms)
    assert jumps(state, 0, dt) == first
    assert jumps(state, 1, dt) == second


def test_what_is_due_between_the_steps_of_a_coarser_clock_comes_with_the_next():
    source = SpikeGeneratorGroup(1, [0], [0.1] * ms, dt=0.1 * ms)
    target = NeuronGroup(2, "v : 1", dt=0.1 * ms)
    synapses = Synapses(source, target, on_pre="v += 1", delay=0.3 * ms)
    synapses.connect()
    state = StateMonitor(target, "v", record=True, when="end")
    net = Network(source, target, synapses, state)
    net.run(0.4 * ms)
    source.clock.dt = 0.3 * ms  # steps at 0.3 and 0.6 ms; due at 0.4 ms
    net.run(1 * ms)
    assert jumps(state) == {6: 1}


def test_post_pathways_carry_their_spikes_too():
    source = NeuronGroup(3, "z : 1")
    target = SpikeGeneratorGroup(N, [70, 150, 70], [0.9, 0.95, 1.25] * ms)
    synapses = Synapses(source, target, "w : 1", on_post="z_pre = z_pre*10 + w")
    synapses.connect(i=[2, 0, 0, 1], j=[70, 70, 150, 70])
    synapses.w = [1, 2, 3, 4]
    synapses.post.delay = [0.5, 0.4, 0.3, 0.2] * ms
    net = Network(source, target, synapses)
    net.run(1.1 * ms)
    assert source.z[:].tolist() == [0, 0, 0]  # the fourth is due at 1.1 ms
    synapses.post.delay = 0.1 * ms
    net.run(0.2 * ms)
    assert source.z[:].tolist() == [3, 4, 0]
    net.run(1 * ms)
    assert source.z[:].tolist() == [322, 44, 11]


class Oracle:
    """Arrivals by hand: a spike takes the delay that its synapse has when it is emitted."""

    def __init__(self, spikes):
        self.spikes, self.synapses = spikes, []
        self.active: list[tuple[int, bool]] = [(0, True)]

    def add(self, step, source, target, weight):
        self.synapses.append((step, source, target, weight, []))

    def delay(self, step, delays):
        for entry, delay in zip(self.synapses, delays):
            entry[-1].append((step, delay))

    def is_active(self, step):
        return [on for since, on in self.active if since <= step][-1]

    def values(self, n_steps):
        arrivals = []
        for number, (made, source, target, weight, delays) in enumerate(self.synapses):
            for step in (s for s, who in self.spikes if who == source and s >= made):
                delay = [d for since, d in delays if since <= step][-1]
                if self.is_active(step) and self.is_active(step + delay):
                    arrivals.append((step + delay, step, source, number, target, weight))
        values = dict.fromkeys(ENDS, 0)
        for at, *_, target, weight in sorted(arrivals):
            if at < n_steps:
                values[target] = (values[target] * 7 + weight) % 10007
        return [values[end] for end in ENDS]


@pytest.mark.parametrize("seed", range(6))
def test_any_changes_in_turn(device, seed):
    random = Random(seed)
    spikes = sorted({(random.randrange(80), random.randrange(4)) for _ in range(90)})
    source = SpikeGeneratorGroup(
        4, [who for _, who in spikes], [(step + 0.5) * 0.1 for step, _ in spikes] * ms
    )
    target = NeuronGroup(N, "y : 1")
    synapses = Synapses(source, target, "w : 1", on_pre="y = (y*7 + w) % 10007")
    oracle, net, step = Oracle(spikes), Network(source, target, synapses), 0

    def connect():
        pairs = [(random.randrange(4), random.choice(ENDS)) for _ in range(random.randint(1, 9))]
        first = len(oracle.synapses)
        synapses.connect(i=[i for i, _ in pairs], j=[j for _, j in pairs])
        for number, (i, j) in enumerate(pairs, first):
            oracle.add(step, i, j, number + 1)
        synapses.w[first:] = np.arange(first, first + len(pairs)) + 1

    def give_delays():
        n = len(oracle.synapses)
        single = random.random() < 0.3
        delays = [random.randrange(13)] * n if single else [random.randrange(13) for _ in range(n)]
        oracle.delay(step, delays)
        synapses.delay = (delays[0] if single else np.array(delays)) * 0.1 * ms

    connect()
    give_delays()
    while step < 100:
        length = random.randint(1, 14)
        net.run(length * 0.1 * ms)
        step += length
        for _ in range(random.randrange(3)):
            match random.choice(["delay", "connect", "active", "threads"]):
                case "delay":
                    give_delays()
                case "connect":
                    connect()
                    give_delays()
                case "active":
                    synapses.active = not synapses.active
                    oracle.active.append((step, synapses.active))
                case "threads" if device == "cpu":
                    simgen.set_device("cpu", threads=random.choice([1, 2, 3]))
    assert target.y[ENDS].tolist() == oracle.values(step)


def test_a_carried_event_draws_numbers_of_its_own():
    source, _, synapses, _, net = one_spike()
    del source
    target = NeuronGroup(N, "v : 1\nu : 1")
    source = SpikeGeneratorGroup(1, [0, 0], [0.9, 1.05] * ms)
    synapses = Synapses(source, target, "k : 1", on_pre="u = v; v = rand(); k += 1")
    synapses.connect()
    synapses.delay = 0.3 * ms
    net = Network(source, target, synapses)
    net.run(1 * ms)
    synapses.delay = 0.2 * ms
    net.run(1 * ms)  # both arrive at 1.2 ms
    assert (synapses.k[:] == 2).all()
    assert (target.u[:] != target.v[:]).all()
    assert (target.u[:] > 0).any()


@pytest.mark.parametrize("dt", [0.05, 0.2])
@pytest.mark.parametrize("back", [False, True])
def test_a_run_that_fails_in_between_moves_nothing(dt, back):
    source = SpikeGeneratorGroup(2, [0, 1], [0.9, 1.0] * ms)
    target = NeuronGroup(2, "v : 1")
    synapses = Synapses(source, target, on_pre="v += k*(1 + 9*i)")
    synapses.connect()
    synapses.delay = "(0.5 + 0.2*j)*ms"  # arrivals at 1.4 and 1.5, 1.6 and 1.7 ms
    state = StateMonitor(target, "v", record=True, when="end")
    net = Network(source, target, synapses, state)
    net.run(1.2 * ms, namespace={"k": 1})
    defaultclock.dt = dt * ms
    with pytest.raises(simgen.UnknownNameError, match="'k'"):
        net.run(1 * ms, namespace={})
    synapses.delay = 0.1 * ms
    if back:
        defaultclock.dt, dt = 0.1 * ms, 0.1
    net.run(1 * ms, namespace={"k": 1})
    due = ([1.4, 1.6], [1.6, 1.8]) if dt == 0.2 else ([1.4, 1.5], [1.6, 1.7])
    for element, times in enumerate(due):
        steps = [round(time / dt) for time in times]
        assert jumps(state, element, dt) == dict(zip(steps, (1, 10)))
