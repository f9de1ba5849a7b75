"""Several pre pathways of one Synapses object, each with delays per synapse."""

from __future__ import annotations

from dataclasses import dataclass
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

pytestmark = pytest.mark.usefixtures("device")
N = 200  # three parts
ENDS = [0, 70, 150, 199]  # targets in all parts
PAIRS = [(i, j) for i in range(4) for j in ENDS]
MARKS = {"a": 0, "b": 100, "c": 300}  # what the code of each pathway adds
CODE = {name: f"y = (y*7 + w + {mark}) % 10007" for name, mark in MARKS.items()}


def test_each_pathway_has_its_own_arrival_times():
    source = SpikeGeneratorGroup(2, [0, 1], [0.2, 0.5] * ms)
    target = NeuronGroup(N, "x : 1\ny : 1")
    synapses = Synapses(source, target, on_pre={"a": "x += i + 1", "b": "y += i + 1"})
    synapses.connect()
    synapses.a.delay = "0.1*ms*(1 + j % 4)"
    synapses.b.delay = "0.1*ms*(7 - j % 5 + 2*i)"
    state = StateMonitor(target, ["x", "y"], record=ENDS, when="end")
    Network(source, target, synapses, state).run(2.5 * ms)
    for row, j in enumerate(ENDS):
        x, y = [3 + j % 4, 6 + j % 4], [9 - j % 5, 14 - j % 5]
        for values, steps in ((state.x[row], x), (state.y[row], y)):
            assert np.flatnonzero(np.diff(values, prepend=0)).tolist() == steps
            assert values[-1] == 3
    assert synapses.a.delay[3] / ms == pytest.approx(0.4)
    assert synapses.b.delay[203] / ms == pytest.approx(0.6)


@dataclass
class Oracle:
    """Arrivals by hand; ``delays``: per pathway (from when on, those of all synapses) in turn."""

    spikes: list[tuple[int, int]]
    pairs: list[tuple[int, int]]
    delays: dict[str, list[tuple[int, list[int]]]]

    def arrivals(self, n_steps):
        """Return (pathway, i, j, synapse) by step, pathway, emission, source, creation."""
        found = []
        for name in self.delays:
            for k, (i, j) in enumerate(self.pairs):
                for step in (step for step, who in self.spikes if who == i):
                    late = self.delay(name, step, k)
                    found.append((step + late, name, step, i, k, j))
        return [(name, i, j, k) for at, name, _, i, k, j in sorted(found) if at < n_steps]

    def delay(self, name, step, k):
        return [delays[k] for since, delays in self.delays[name] if since <= step][-1]

    def values(self, n_steps):
        """Return what CODE makes of the targets at ENDS."""
        values = dict.fromkeys(ENDS, 0)
        for name, _, j, k in self.arrivals(n_steps):
            values[j] = (values[j] * 7 + k + 1 + MARKS[name]) % 10007
        return [values[end] for end in ENDS]


def network(random, pairs, longest=9):
    """A generator of four sources, and synapses with random delays for each pathway."""
    spikes = sorted({(random.randrange(30), random.randrange(4)) for _ in range(50)})
    times = [(step + 0.5) * 0.1 for step, _ in spikes] * ms
    source = SpikeGeneratorGroup(4, [who for _, who in spikes], times)
    target = NeuronGroup(N, "y : 1")
    synapses = Synapses(source, target, "w : 1", on_pre=CODE)
    synapses.connect(i=[i for i, _ in pairs], j=[j for _, j in pairs])
    synapses.w = np.arange(len(pairs)) + 1
    oracle = Oracle(spikes, pairs, {name: [] for name in CODE})
    for name in CODE:
        give(synapses, oracle, name, 0, [random.randrange(longest) for _ in pairs])
    return source, target, synapses, oracle


def give(synapses, oracle, name, step, delays):
    """Give a pathway delays in steps, a single one if there is only one."""
    oracle.delays[name].append((step, delays * (len(oracle.pairs) // len(delays))))
    value = delays[0] if len(delays) == 1 else np.array(delays)
    getattr(synapses, name).delay = value * 0.1 * ms


@pytest.mark.parametrize("longest", [9, 2, 1, 4000])
@pytest.mark.parametrize("seed", [0, 1])
def test_synapses_act_by_pathway_emission_source_and_target(seed, longest):
    random = Random(seed)
    pairs = [random.choice(PAIRS) for _ in range(40)]  # many are equal
    source, target, synapses, oracle = network(random, pairs, longest)
    steps = 30 + longest
    Network(source, target, synapses).run(steps * 0.1 * ms)
    assert target.y[ENDS].tolist() == oracle.values(steps)
    indices = synapses._run.delays.indices
    assert list(indices) == ["b", "c"]
    assert all((index.segments.kind == "none") == (longest == 1) for index in indices.values())


@pytest.mark.parametrize("changes", [0, 3])
@pytest.mark.parametrize("seed", [7, 8])
def test_sources_see_their_targets_in_order(seed, changes):
    """Code that writes sources runs over all parts in one order: that of creation."""
    random = Random(seed)
    code = {name: f"z_pre = (z_pre*5 + w + j + {MARKS[name]}) % 10007" for name in "abc"}
    source = NeuronGroup(4, "z : 1", threshold="(t_in_timesteps*7 + i*3) % 5 == 0")
    target = NeuronGroup(N, "y : 1")
    synapses = Synapses(source, target, "w : 1", on_pre=code)
    pairs = [random.choice(PAIRS) for _ in range(40)]
    synapses.connect(i=[i for i, _ in pairs], j=[j for _, j in pairs])
    synapses.w = np.arange(40) + 1
    spikes = [(step, i) for step in range(40) for i in range(4) if (step * 7 + i * 3) % 5 == 0]
    oracle = Oracle(spikes, pairs, {name: [] for name in "abc"})
    net = Network(source, target, synapses)
    for change in range(changes + 1):
        for name in "abc":
            count = 1 if name == "c" else len(pairs)
            delays = [random.randrange(2, 7) for _ in range(count)]
            give(synapses, oracle, name, 10 * change, delays)
        net.run((1 if change < changes else 4 - changes) * ms)
    values = [0] * 4
    for name, i, j, k in oracle.arrivals(40):
        values[i] = (values[i] * 5 + k + 1 + j + MARKS[name]) % 10007
    assert source.z[:].tolist() == values


@pytest.mark.parametrize("seed", range(3))
def test_delays_of_any_pathway_change_between_runs(device, seed):
    random = Random(seed)
    source, target, synapses, oracle = network(random, PAIRS)
    net, step = Network(source, target, synapses), 0
    for _ in range(8):
        length = random.randrange(1, 8)
        net.run(length * 0.1 * ms)
        step += length
        count = random.choice([1, len(PAIRS), len(PAIRS)])
        give(synapses, oracle, random.choice("abc"), step, [random.randrange(9)] * count)
        give(synapses, oracle, "b", step, [random.randrange(9) for _ in PAIRS])
        if device == "cpu":
            simgen.set_device("cpu", threads=random.choice([1, 3]))
    net.run(2 * ms)
    assert target.y[ENDS].tolist() == oracle.values(step + 20)


def test_each_pathway_is_counted_anew_on_another_grid():
    source, target, synapses, oracle = network(Random(3), PAIRS)
    net = Network(source, target, synapses)
    net.run(6 * ms)
    target.y = 0
    defaultclock.dt = 0.05 * ms
    source.set_spikes([0, 2], [6, 6.1] * ms)
    net.run(2 * ms)
    oracle.spikes = [(0, 0), (2, 2)]
    for name, given in oracle.delays.items():
        oracle.delays[name] = [(0, [2 * late for late in given[-1][1]])]
        assert getattr(synapses, name).delay[:] / ms == pytest.approx(np.array(given[-1][1]) * 0.1)
    assert target.y[ENDS].tolist() == oracle.values(40)


def test_order_dependent_code_agrees_with_brian():
    """Delays, connectivity and dt change under way; the numbers are those of Brian 2.9."""
    steps = sorted({(k * 37 % 80, k * 11 % 6) for k in range(160)})
    times = [(step + 0.5) * 0.1 for step, _ in steps] * ms
    source = SpikeGeneratorGroup(6, [i for _, i in steps], times)
    threshold = "(t_in_timesteps*7 + i*3) % 13 == 0"
    target = NeuronGroup(180, "y : 1\nx : 1", threshold=threshold)
    on_pre = {
        "b": "y = (y*7 + w) % 10007; u = u*2 % 1009 + y",
        "a": "y = (y*3 + w + 11) % 10007; x += u",
    }
    on_post = "u = (u*3 + y_post + 1) % 10007"
    synapses = Synapses(source, target, "w : 1\nu : 1", on_pre=on_pre, on_post=on_post)

    def connect(first, count):
        k = np.arange(first, first + count)
        synapses.connect(i=k * 5 % 6, j=k * 77 % 180)
        synapses.w = np.arange(first + count)

    def delay(name, factor):
        k = np.arange(len(synapses))
        getattr(synapses, name).delay = k * factor % 25 * 0.1 * ms

    connect(0, 150)
    for name, factor in (("a", 7), ("b", 11), ("post", 13)):
        delay(name, factor)
    net = Network(source, target, synapses)
    for turn in range(8):
        net.run(0.7 * ms)
        if turn % 3 == 2:
            connect(150 + 20 * (turn // 3), 20)
        delay(("a", "b", "post")[turn % 3], turn + 3)
        if turn == 5:
            defaultclock.dt = 0.05 * ms
            source.set_spikes([1, 2], [4.9, 4.95] * ms)
    net.run(4 * ms)
    found = [np.sum(v * np.arange(v.size)) for v in (target.y[:], target.x[:], synapses.u[:])]
    assert found == [77828383, 905220883, 84206572]
