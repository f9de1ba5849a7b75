"""State that lives on a device: reads, writes and changes between runs, as on the processor."""

from __future__ import annotations

import numpy as np
import pytest

from simgen import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    network_operation,
    set_device,
)
from simgen.errors import DeviceError, UnsupportedFeatureError

pytestmark = pytest.mark.compiler


def growing():
    group = NeuronGroup(5, "v : 1\nu : 1", name="grower")
    group.run_regularly("v += 1; u += 2", name="grow")
    return group, Network(group)


def test_state_is_read_and_written_between_runs(device):
    group, network = growing()
    network.run(1 * ms)
    assert group.v[:].tolist() == [10] * 5
    group.v[2] = 100
    group.u = "i"
    network.run(0.5 * ms)
    assert group.v[:].tolist() == [15, 15, 105, 15, 15]
    assert group.u[:].tolist() == [10, 11, 12, 13, 14]
    group.v += 0.5
    assert group.v[1] == 15.5
    network.run(0.1 * ms)
    assert group.v[1] == 16.5


def test_what_was_read_stays_as_it_was(device):
    group, network = growing()
    network.run(1 * ms)
    seen = group.v[:]
    network.run(1 * ms)
    assert seen.tolist() == [10] * 5
    assert group.v[0] == 20


def test_state_outlives_its_network(device):
    group, network = growing()
    network.run(1 * ms)
    del network
    assert group.v[:].tolist() == [10] * 5


def test_python_code_in_a_run_sees_and_changes_state(device):
    group = NeuronGroup(3, "v : 1", threshold="v > 4", reset="v = 0")
    group.run_regularly("v += 1", when="start")
    monitor, seen = SpikeMonitor(group, record=False), []

    @network_operation(dt=0.2 * ms, when="end")
    def look():
        seen.append((group.v[:].tolist(), monitor.num_spikes, monitor.count.tolist()))
        group.v[0] = 3.5

    Network(group, monitor, look).run(1 * ms)
    expected, v, counts = [], np.zeros(3), np.zeros(3, int)
    for step in range(10):
        v = v + 1
        counts[v > 4] += 1
        v[v > 4] = 0
        if step % 2 == 0:
            expected.append((v.tolist(), counts.sum(), counts.tolist()))
            v[0] = 3.5
    assert seen == expected
    assert group.v[:].tolist() == v.tolist()


def test_synapses_keep_their_weights_on_the_device(device):
    source = NeuronGroup(2, "", threshold="True")
    target = NeuronGroup(3, "g : 1")
    synapses = Synapses(source, target, "w : 1", on_pre="g_post += w; w += 0.5")
    synapses.connect()
    synapses.w = "i + 1"
    network = Network(source, target, synapses)
    network.run(0.2 * ms)
    assert synapses.w[:].tolist() == [2, 2, 2, 3, 3, 3]
    assert target.g[:].tolist() == [1 + 1.5 + 2 + 2.5] * 3
    synapses.w["i == 0"] = 0
    synapses.delay = 0.1 * ms
    network.run(0.2 * ms)  # the spikes of the first of these two steps arrive in the second
    assert synapses.w[:].tolist() == [0.5] * 3 + [3.5] * 3


def test_connectivity_goes_up_once(traffic):
    source = NeuronGroup(4, "s : 1", threshold="True")
    target = NeuronGroup(4, "g : 1\ns : 1", threshold="True")
    paths = {"one": "g_post = w", "two": "s_pre = 0.5*s_pre + w", "three": "s_post += w"}
    synapses = Synapses(source, target, "w : 1", on_pre=paths, on_post="w += 0.25")
    synapses.connect(i=[3, 1, 1, 0, 2, 3], j=[2, 3, 0, 0, 1, 0])
    synapses.connect()
    synapses.one.delay = "0.1*ms*(j % 3)"
    synapses.two.delay = "0.1*ms*(i % 2)"
    synapses.three.delay = "0.1*ms*((i + j) % 2)"
    network = Network(source, target, synapses)
    network.run(1 * ms)
    tables = ("positions", "_list_pos", "_list_start", "targets", "row_start", "bounds", "col_pos")
    went = {name.rpartition(".")[2] for way, name in traffic if way == "up"}
    assert {"positions", "segment_list_pos", "segment_list_start"} <= went
    traffic.clear()
    network.run(1 * ms)
    assert [name for _, name in traffic if name.endswith(tables)] == []


def test_another_device_goes_on_where_the_first_one_stopped(device):
    group, network = growing()
    network.run(1 * ms)
    set_device("cpu")
    network.run(1 * ms)
    set_device("cuda", emulate=True)
    network.run(1 * ms)
    assert group.v[:].tolist() == [30] * 5


def test_networks_that_share_a_group_go_on_from_each_other(device):
    group, first = growing()
    second = Network(group)
    for network in (first, second, first, second, second, first):
        network.run(1 * ms)
    assert group.v[:].tolist() == [60] * 5


@pytest.mark.usefixtures("traffic")
def test_networks_of_different_devices_share_a_group():
    group, network = growing()
    for name, options in (("cpu", {}), ("cuda", {"emulate": True})) * 2:
        set_device(name, **options)
        Network(group).run(1 * ms)
        set_device("cuda", emulate=True)
        network.run(1 * ms)
    assert group.v[:].tolist() == [80] * 5


def test_recorders_grow_on_the_device(device):
    group, network = growing()
    monitor = StateMonitor(group, "v", record=True)
    network.add(monitor)
    network.run(500 * ms)
    assert np.array_equal(monitor.v, np.tile(np.arange(1.0, 5001.0), (5, 1)))
    network.run(1 * ms)
    assert monitor.v[0, -1] == 5010


def test_only_what_is_needed_moves(traffic):
    group, network = growing()
    network.run(1 * ms)
    traffic.clear()
    network.run(1 * ms)
    network.run(1 * ms)
    assert [name for way, name in traffic if name in ("grower.v", "grower.u")] == []
    assert group.u[1] == 60
    assert ("down", "grower.u") in traffic
    assert ("down", "grower.v") not in traffic
    traffic.clear()
    network.run(1 * ms)  # reading changes nothing
    assert ("up", "grower.u") not in traffic
    group.v[0] = 7
    network.run(1 * ms)
    assert ("up", "grower.v") in traffic
    assert ("up", "grower.u") not in traffic
    assert group.v[:].tolist() == [17, 50, 50, 50, 50]
    traffic.clear()
    network.run(1 * ms)
    assert ("up", "grower.v") not in traffic


def test_text_reads_state_of_the_device(traffic):
    group, network = growing()
    network.run(1 * ms)
    group.u = "v + u"
    assert group.u[:].tolist() == [30] * 5
    assert group.v["u > 0"].tolist() == [10] * 5
    network.run(0.1 * ms)
    assert group.u[0] == 32


def test_a_device_array_shares_the_memory_of_the_device(traffic):
    group, network = growing()
    network.run(1 * ms)
    values = group.v.device_array()
    assert values.tolist() == [10] * 5
    values[3] = 50
    assert group.v[:].tolist() == [10, 10, 10, 50, 10]
    values[0] = 20
    network.run(1 * ms)
    assert values.tolist() == [30, 20, 20, 60, 20]
    assert group[1:3].v.device_array().tolist() == [20, 20]
    group.v[4] = 1
    assert group.v.device_array()[4] == 1
    network.run(0.1 * ms)
    assert group.v[:].tolist() == [31, 21, 21, 61, 2]


def test_what_has_no_device_array_says_why(traffic):
    group = NeuronGroup(2, "v : 1\nidle : 1\ntwice = 2*v : 1", threshold="v > 9", name="holder")
    synapses = Synapses(group, group, "w : 1", on_pre="w += 1", name="links")
    synapses.connect(i=[1, 0], j=[0, 1])
    with pytest.raises(DeviceError, match=r"'v' of .*'holder' is not on a GPU.*first run"):
        group.v.device_array()
    Network(group, synapses).run(1 * ms)
    with pytest.raises(DeviceError, match=r"'idle' of .*'holder': no code of the network uses it"):
        group.idle.device_array()
    with pytest.raises(DeviceError, match=r"'twice' .* is computed"):
        group.twice.device_array()
    with pytest.raises(UnsupportedFeatureError, match=r"'w' of .*'links' .*another order"):
        synapses.w.device_array()
