"""run(profile=True): what the parts of a step cost, without a change of what they do."""

from __future__ import annotations

import time

import numpy as np
import pytest

import simgen
from simgen import (
    Network,
    NetworkOperation,
    NeuronGroup,
    SpikeMonitor,
    Synapses,
    magic_network,
    ms,
    profiling_summary,
    run,
    second,
)
from simgen.errors import ArgumentTypeError, ModelError


def built() -> tuple[Network, NeuronGroup, Synapses]:
    group = NeuronGroup(
        300, "v : 1\nn : 1", threshold="(i + t_in_timesteps) % 7 == 0", reset="v = 0", name="cells"
    )
    group.run_regularly("v += 1")
    # both ends are written: threads do it in two kernels, which count as one
    synapses = Synapses(group, group, on_pre="v_post += 1; n_pre += 1", name="wires")
    synapses.connect(j="(i + 1) % N")
    operation = NetworkOperation(lambda: None, dt=0.5 * ms, when="end", name="look")
    return Network(group, synapses, SpikeMonitor(group), operation), group, synapses


def test_kernels_and_python_are_timed_and_do_what_they_did(device: str) -> None:
    network, group, _ = built()
    network.run(1 * ms)
    plain = group.v[:], group.n[:]
    simgen.start_scope()
    network, group, _ = built()
    with pytest.raises(ModelError, match="not been profiled"):
        _ = network.profiling_info
    network.run(0.4 * ms)
    begun = time.perf_counter()
    network.run(0.6 * ms, profile=True)
    elapsed = time.perf_counter() - begun
    np.testing.assert_array_equal(group.v, plain[0])
    np.testing.assert_array_equal(group.n, plain[1])

    info = dict(network.profiling_info)
    if device == "cuda":  # what runs at once has one time
        assert {"look", "spikemonitor and 1 more"} <= set(info)
        assert "SpikeMonitor 'spikemonitor'; Synapses 'wires'" in repr(network.profiling_summary())
    else:
        assert {"wires_pre", "look", "spikemonitor", "cells_spike_resetter"} <= set(info)
    assert not any(name.endswith("_sources") for name in info)
    assert all(0 * second < taken < elapsed * second for taken in info.values())
    assert sum(float(taken / second) for taken in info.values()) <= elapsed
    times = [taken for _, taken in network.profiling_info]
    assert times == sorted(times, reverse=True)

    spikes = np.sum((np.arange(300) + np.arange(4, 10)[:, None]) % 7 == 0)
    place = next(k for k, text in enumerate(network.profiling_summary().texts) if "wires" in text)
    summary = network.profiling_summary()
    assert summary.units[place] == "synaptic event"  # one from each spike
    if network._options.threads == 1:  # each thread has its own part
        assert summary.counts[place] == spikes
        update = next(k for k, text in enumerate(summary.texts) if "event 'spike'" in text)
        assert summary.units[update] == "element"
        assert summary.counts[update] == 6 * 300
    assert 0 < summary.counts[place] <= spikes
    each = 1e9 * float(summary.times[place] / second) / summary.counts[place]
    assert summary.nanoseconds[place] == pytest.approx(each)
    assert f"{each:.2f} ns/synaptic event" in repr(summary)
    assert np.isnan(summary.shares[summary.names.index("look")])
    if device.startswith("cpu"):
        # two bytes of a target, and nothing else of the synapse
        share = 2 * summary.counts[place] / summary.bandwidth / float(summary.times[place] / second)
        assert summary.shares[place] == pytest.approx(share)
        assert "The limit: the bytes that memory must move" in repr(summary)
    else:
        assert all(map(np.isnan, summary.shares))
        assert "limit" not in repr(summary)

    assert sum(summary.percentages) == pytest.approx(100)
    assert "Synapses 'wires': pathway 'pre'" in repr(summary)
    assert repr(summary).count("\n") == len(info) + 1 + device.startswith("cpu")
    assert len(network.profiling_summary(show=2).names) == 2
    assert summary._repr_html_().count("<tr>") == len(info)
    network.run(0.1 * ms)  # keeps the times
    assert dict(network.profiling_info) == info
    sources = [each.source for each in network._compiled._executables.values()]
    assert not any("sg_nanoseconds" in source for source in sources)
    network.run(0 * ms, profile=True)
    assert not any(taken for _, taken in network.profiling_info)
    assert network.profiling_summary().percentages == [0.0] * (len(info) - 1)  # no call of Python


def test_the_summary_of_the_implicit_network() -> None:
    simgen.set_device("reference")
    simgen.start_scope()
    with pytest.raises(ModelError, match="Nothing has been profiled"):
        profiling_summary()
    group = NeuronGroup(1, "v : 1", name="cells")
    group.run_regularly("v += 1")
    run(0.2 * ms, profile=True)
    assert group.v == 2
    assert profiling_summary().names == ["cells_run_regularly"]
    assert [name for name, _ in magic_network.profiling_info] == ["cells_run_regularly"]
    with pytest.raises(ArgumentTypeError, match="show"):
        profiling_summary(show=0)
    simgen.set_device("auto")
