"""When states are stored and restored, and which random numbers and values follow."""

from __future__ import annotations

import numpy as np
import pytest

from simgen import (
    ModelError,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    network_operation,
    seed,
    start_scope,
)

pytestmark = pytest.mark.usefixtures("device")
T = 20 * ms


def test_random_numbers_go_on_with_new_ones_unless_told_otherwise():
    def trials(random_state):
        start_scope()
        seed(4)
        group = NeuronGroup(10, "v : 1", name="group")
        group.run_regularly("v = rand()")
        net = Network(group)
        net.store()
        found = []
        for _ in range(3):
            net.run(0.5 * ms)
            found.append(group.v[:].tobytes())
            net.restore(restore_random_state=random_state)
            assert not group.v[:].any()
        group.v = "rand()"
        return [*found, group.v[:].tobytes()]

    differ = trials(False)
    assert len(set(differ)) == 4
    assert trials(False) == differ  # the seed of the script still decides
    same = trials(True)
    assert same[0] == same[1] == same[2] == differ[0]
    restored = np.frombuffer(same[-1])
    assert len(set(restored)) == 10
    assert same[-1] not in differ


def test_a_seed_after_restoring_decides():
    group = NeuronGroup(10, "v : 1")
    group.run_regularly("v += rand()")
    net = Network(group)
    net.run(0.3 * ms)
    net.store()
    found = []
    for number in (5, 6, 5):
        net.restore()
        seed(number)
        net.run(0.3 * ms)
        found.append(group.v[:].tobytes())
    assert found[0] == found[2] != found[1]


def test_objects_made_between_share_no_numbers_with_those_made_later():
    first = NeuronGroup(10, "v : 1")
    first.run_regularly("v = rand()")
    net = Network(first)
    net.store()
    second = NeuronGroup(10, "v : 1")
    second_code = second.run_regularly("v = rand()")
    net.restore(restore_random_state=True)
    third = NeuronGroup(10, "v : 1")
    third_code = third.run_regularly("v = rand()")
    assert second_code._stream.number == third_code._stream.number
    net.add(second, third)
    net.run(0.1 * ms)
    assert not np.array_equal(second.v[:], third.v[:])
    assert not np.array_equal(first.v[:], third.v[:])


@pytest.mark.parametrize("elsewhere", [False, True])
def test_stored_by_an_operation_during_a_run(elsewhere, tmp_path):
    def build():
        start_scope()
        seed(2)
        group = NeuronGroup(
            5,
            """dv/dt = rate + 0.1*xi*ms**-0.5 : 1
            rate = 0.1/ms*(1 + rand()) : Hz (constant over dt)""",
            threshold="v > 1",
            reset="v = 0",
            refractory=0.5 * ms,
            method="euler",
            name="group",
        )
        links = Synapses(group, group, on_pre="v_post += 1/64", delay=0.7 * ms, name="links")
        links.connect(p=0.5)
        spikes = SpikeMonitor(group, name="spikes")
        state = StateMonitor(group, "v", record=True, name="state")
        return group, spikes, state, Network(group, links, spikes, state)

    group, spikes, state, net = build()

    @network_operation(dt=3 * ms)
    def keep(t):
        if t == 6 * ms:
            net.store(filename=tmp_path / "states")

    net.add(keep)
    net.run(20 * ms)
    assert spikes.num_spikes > 5
    expected = [group.v[:].tobytes(), spikes.t_.tobytes(), state.v.tobytes()]
    if elsewhere:
        group, spikes, state, net = build()
    net.restore(filename=tmp_path / "states", restore_random_state=True)
    assert net.t == 6 * ms
    assert len(state.t) == 60
    net.run(14 * ms)
    assert [group.v[:].tobytes(), spikes.t_.tobytes(), state.v.tobytes()] == expected


def test_no_storing_in_the_middle_of_a_step_nor_restoring_in_a_run():
    group = NeuronGroup(2, "dv/dt = -v/ms : 1", name="group")
    net = Network(group)
    net.store()

    @network_operation(when="end")
    def late():
        net.store()

    net.add(late)
    with pytest.raises(ModelError, match=r"middle of a step.*group_stateupdater.*before_start"):
        net.run(1 * ms)
    net.remove(late)

    @network_operation
    def back():
        net.restore()

    net.add(back)
    with pytest.raises(ModelError, match=r"restore\(\).*running"):
        net.run(1 * ms)
    net.remove(back)
    net.restore()
    net.run(1 * ms)


def test_a_report_may_store():
    group = NeuronGroup(2, "v : 1")
    group.run_regularly("v += 1")
    net = Network(group)
    net.run(1 * ms, report=lambda *_: net.store())
    assert group.v[0] == 10
    net.restore()
    assert group.v[0] == 10
    assert net.t == 1 * ms


def test_constants_of_the_new_process_hold(tmp_path):
    """Constants are no state: values decay by those in force since the last event."""

    def build():
        start_scope()
        source = SpikeGeneratorGroup(1, [0, 0], [0.5, 3] * ms, name="source")
        target = SpikeGeneratorGroup(1, [0], [4] * ms, name="target")
        model = "w : 1\nda/dt = -a/tau : 1 (event-driven)\ndb/dt = -b/tau : 1 (event-driven)"
        links = Synapses(
            source, target, model, on_pre="a += 1; w += b", on_post="b += 1; w += a", name="links"
        )
        links.connect()
        return links, Network(source, target, links)

    links, net = build()
    net.run(2 * ms, namespace={"tau": 2 * ms})
    net.store(filename=tmp_path / "states")
    links, net = build()
    net.restore(filename=tmp_path / "states")
    net.run(3 * ms, namespace={"tau": 5 * ms})
    # one tau for the whole interval between two events, as if the constant changed after the first
    assert links.w[0] == pytest.approx(np.exp(-0.7) + np.exp(-0.2))


def test_written_values_win_over_restored_traces(tmp_path):
    def build():
        start_scope()
        source = SpikeGeneratorGroup(2, [0, 1, 0, 1], [1, 2, 5, 6] * ms, name="source")
        target = SpikeGeneratorGroup(1, [0, 0], [3, 7] * ms, name="target")
        model = """w : 1
        da/dt = -a/(4*ms) : 1 (event-driven)
        db/dt = -b/(4*ms) : 1 (event-driven)"""
        links = Synapses(
            source, target, model, on_pre="a += 1; w += b", on_post="b += 1; w += a", name="links"
        )
        links.connect()
        return links, Network(source, target, links)

    def go_on(links, net):
        links.a = "2*i"
        net.run(6 * ms)
        return links.w[:]

    links, net = build()
    net.run(4 * ms)
    net.store(filename=tmp_path / "states")
    expected = go_on(links, net)
    links, net = build()
    net.restore(filename=tmp_path / "states")
    assert np.array_equal(go_on(links, net), expected)
