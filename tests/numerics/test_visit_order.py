"""Code that shows the order of synapses, against a plain model and against Brian 2.9.

Every update is a step of ``x -> (31 x + w) % 1009``, so that each order gives another number.
"""

import logging

import numpy as np
import pytest

from simgen import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    TimedArray,
    ms,
)

N_SOURCE, N_TARGET, N_STEPS = 5, 4, 30


def mixed(old, new):
    return (31 * old + new) % 1009


def wiring(seed, n=40):
    """Random pairs, repeated ones too, in no order; weights that differ; delays; spikes."""
    rng = np.random.default_rng(seed)
    i, j = rng.integers(0, N_SOURCE, n), rng.integers(0, N_TARGET, n)
    delays = rng.integers(0, 4, n)
    weights = rng.permutation(n) + 1
    spikes = rng.random((N_STEPS, N_SOURCE)) < 0.4, rng.random((N_STEPS, N_TARGET)) < 0.4
    return i, j, delays, weights, *spikes


def group(spikes, model):
    """Neurons that fire as a table says."""
    raster = TimedArray(spikes.astype(float), dt=0.1 * ms)
    return NeuronGroup(
        spikes.shape[1], model, threshold="raster(t, i) > 0", reset="", namespace={"raster": raster}
    )


def arrivals(now, spikes, delays, ends):
    """Synapses that spikes reach now: emitted first, then by neuron, then by creation."""
    for delay in sorted(set(delays), reverse=True):
        if now < delay:
            continue
        for cell in np.flatnonzero(spikes[now - delay]):
            yield from np.flatnonzero((ends == cell) & (delays == delay))


def network_of(wires, on_pre, on_post=None, late=0.2 * ms):
    """Return (network, sources with x, targets with v, synapses); the first pathway has delays."""
    i, j, delays, weights, pre, post = wires
    sources, targets = group(pre, "x : 1"), group(post, "v : 1")
    synapses = Synapses(sources, targets, "w : 1", on_pre=on_pre, on_post=on_post, delay=None)
    synapses.connect(i=i, j=j)
    synapses.w = weights
    first = next(iter(on_pre))
    synapses._pathways[first].delay = delays * 0.1 * ms
    for other in list(on_pre)[1:]:
        synapses._pathways[other].delay = late
    return Network(sources, targets, synapses), sources, targets, synapses


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("onto", ["x_pre", "v_post"])
def test_deliveries_follow_emission_source_and_creation(device, seed, onto):
    wires = wiring(seed)
    i, j, delays, weights, pre, _ = wires
    code = f"{onto} = (31*{onto} + w) % 1009"
    network, sources, targets, _ = network_of(wires, {"a": code, "b": code})
    network.run(N_STEPS * 0.1 * ms)
    values = np.zeros(N_SOURCE if onto == "x_pre" else N_TARGET, int)
    ends = i if onto == "x_pre" else j
    for now in range(N_STEPS):
        for own in (delays, np.full(len(i), 2)):
            for s in arrivals(now, pre, own, i):
                values[ends[s]] = mixed(values[ends[s]], weights[s])
    found = sources.x[:] if onto == "x_pre" else targets.v[:]
    assert found.tolist() == values.tolist()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("onto", ["x_pre", "v_post"])
def test_post_pathways_follow_target_and_creation(device, seed, onto):
    wires = wiring(seed)
    i, j, _, weights, _, post = wires
    code = f"{onto} = (31*{onto} + w) % 1009"
    network, sources, targets, _ = network_of(wires, {"a": "w += 0"}, code)
    network.run(N_STEPS * 0.1 * ms)
    values = np.zeros(N_SOURCE if onto == "x_pre" else N_TARGET, int)
    ends = i if onto == "x_pre" else j
    for now in range(N_STEPS):
        for s in arrivals(now, post, np.zeros(len(i), int), j):
            values[ends[s]] = mixed(values[ends[s]], weights[s])
    found = sources.x[:] if onto == "x_pre" else targets.v[:]
    assert found.tolist() == values.tolist()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("listed", [True, False])
def test_synapses_of_a_group_with_itself_see_each_other(device, seed, listed):
    """What a synapse writes into its target, the next one finds at its source."""
    rng = np.random.default_rng(seed)
    n = 30
    i, j = rng.integers(0, 5, n), rng.integers(0, 5, n)
    if not listed:  # made in the order of the rows
        i, j = (axis.ravel() for axis in np.meshgrid(np.arange(5), np.arange(5), indexing="ij"))
    weights = rng.permutation(len(i)) + 1
    group = NeuronGroup(5, "v : 1", threshold="t_in_timesteps % 3 == i % 3", reset="")
    synapses = Synapses(group, group, "w : 1", on_pre="v_post = (31*v_pre + v_post + w) % 1009")
    synapses.connect(i=i, j=j)
    synapses.w = weights
    network = Network(group, synapses)
    network.run(1 * ms)
    values = np.zeros(5, int)
    for now in range(10):
        for s in (s for cell in range(5) if now % 3 == cell % 3 for s in np.flatnonzero(i == cell)):
            values[j[s]] = (31 * values[i[s]] + values[j[s]] + weights[s]) % 1009
    assert group.v[:].tolist() == values.tolist()
    domains = [str(kernel.domain) for kernel in network._compiled.program.kernels]
    assert any("listed=True" in text for text in domains) is listed


@pytest.mark.parametrize(
    "code", ["x_pre = (31*x_pre + w) % 1009", "v_post = (31*v_post + w) % 1009"]
)
def test_code_for_all_synapses_runs_in_the_order_of_creation(device, code):
    i, j, _, weights, *_ = wires = wiring(4)
    network, sources, targets, synapses = network_of(wires, {"a": "w += 0"})
    synapses.run_regularly(code, dt=1 * ms)
    network.run(2.5 * ms)
    ends, values = (i, np.zeros(N_SOURCE, int)) if "x" in code else (j, np.zeros(N_TARGET, int))
    for _ in range(3):
        for s in range(len(i)):
            values[ends[s]] = mixed(values[ends[s]], weights[s])
    assert (sources.x if "x" in code else targets.v)[:].tolist() == values.tolist()


def test_the_orders_are_those_of_brian(device):
    """Found with Brian 2.9 (numpy and cython targets)."""
    source = NeuronGroup(3, "x : 1\ny : 1", threshold="t_in_timesteps == 2", reset="")
    target = NeuronGroup(4, "v : 1", threshold="t_in_timesteps == 4", reset="")
    synapses = Synapses(
        source,
        target,
        "w : 1",
        on_pre={"p": "x_pre = x_pre*10 + w", "q": "y_pre = w"},
        on_post="v_post = v_post*10 + w",
    )
    synapses.connect(i=[2, 0, 1, 0, 0, 2, 1, 0], j=[3, 2, 1, 0, 1, 0, 1, 2])
    synapses.w = np.arange(1, 9)
    synapses.p.delay = [0, 0.1, 0, 0.2, 0.1, 0, 0, 0.1] * ms
    other = Synapses(source, target, "w : 1")
    other.connect(i=[2, 0, 1, 0], j=[3, 2, 1, 0])
    other.w = [1, 2, 3, 4]
    other.run_regularly("x_pre = x_pre*10 + w", dt=1 * ms)
    Network(source, target, synapses, other).run(1.05 * ms)
    assert source.x[:].tolist() == [24258424, 3373, 1161]
    assert source.y[:].tolist() == [8, 7, 6]
    assert target.v[:].tolist() == [46, 357, 28, 1]


def test_synapses_made_in_row_order_need_no_list(device):
    source = SpikeGeneratorGroup(3, [0, 1, 2], [0.2] * 3 * ms)
    target = NeuronGroup(4, "v : 1")
    synapses = Synapses(source, target, "w : 1", on_pre="v_post = v_post*5 + w; w = w + v_post")
    synapses.connect(p=0.8)
    synapses.w = "i + 1"
    network = Network(source, target, synapses)
    network.run(1 * ms)
    domains = [str(kernel.domain) for kernel in network._compiled.program.kernels]
    assert not any("listed=True" in text for text in domains)
    assert not any("_list_" in name for name in network._compiled.memory.arrays)


def test_synapses_added_later_are_visited_last(device):
    source = SpikeGeneratorGroup(1, [0] * 2, [0.2, 1.2] * ms)
    sources = NeuronGroup(1, "x : 1", threshold="t_in_timesteps % 10 == 2", reset="")
    target = NeuronGroup(3, "v : 1")
    synapses = Synapses(sources, target, "w : 1", on_pre="x_pre = x_pre*10 + w")
    synapses.connect(i=0, j=[1, 2])
    synapses.w = [1, 2]
    network = Network(source, sources, target, synapses)
    network.run(1 * ms)
    assert sources.x[0] == 12
    synapses.connect(i=0, j=[0])
    synapses.w[2] = 3
    network.run(1 * ms)
    assert sources.x[0] == 12123


def test_columns_are_sorted_anew_when_code_that_shows_it_joins(device):
    """The same synapses, at first without such code, then with it."""
    target = NeuronGroup(1, "v : 1", threshold="t_in_timesteps % 10 == 2", reset="")
    source = NeuronGroup(3, "x : 1")
    synapses = Synapses(
        source, target, "w : 1", on_post={"a": "w += 0", "b": "v_post = v_post*10 + w"}
    )
    synapses.connect(i=[2, 0, 1], j=0)
    synapses.w = [1, 2, 3]
    network = Network(source, target, synapses)
    network.add(monitor := StateMonitor(synapses, "w", record=True))
    network.run(1 * ms)
    assert target.v[0] == 123
    assert monitor.w[:, -1].tolist() == [1, 2, 3]


def test_code_that_shows_the_order_warns_once(caplog):
    source = NeuronGroup(2, "x : 1", threshold="t_in_timesteps == 2", reset="")
    target = NeuronGroup(2, "v : 1")
    synapses = Synapses(
        source, target, "w : 1", on_pre={"a": "x_pre = w", "b": "v += w; x_pre += 1"}, name="links"
    )
    synapses.connect()
    network = Network(source, target, synapses)
    with caplog.at_level(logging.WARNING, logger="simgen"):
        network.run(1 * ms)
        network.add(StateMonitor(source, "x", record=True))
        network.run(1 * ms)
    (record,) = [record for record in caplog.records if record.name == "simgen.synapses"]
    assert record.getMessage() == (
        "Synapses 'links': pathway 'a': the value of 'x' depends on the order in which synapses "
        "act (sources ascending, within one by creation). That of a sum, as in 'x += w', would not."
    )
