"""Synapses removed and added in the middle of a run, which goes on with the same step."""

from __future__ import annotations

import numpy as np
import pytest
from changing_networks import values, wired

from simgen import Network, NeuronGroup, Synapses, ms, network_operation
from simgen.errors import IndexRangeError, ModelError, NumericalError

pytestmark = pytest.mark.usefixtures("device")


def test_changes_in_a_network_operation_are_those_between_runs():
    net, synapses, target = wired()
    net.store()

    def change():
        count = synapses.remove("w % 3 < 1")
        synapses.connect(j="i + 5", p=0.5)
        synapses.w[-3:] = 99
        synapses.delay[-3:] = 0.7 * ms
        synapses.k["w > 20"] = 1000
        return count, len(synapses)

    sizes = []
    for _ in range(2):
        net.run(2.5 * ms)
        sizes.append(change())
    net.run(2.5 * ms)
    first = [np.array(target.x), *values(synapses).values()]
    net.restore(restore_random_state=True)
    again = []

    @network_operation(dt=2.5 * ms)
    def operation(t):
        if t > 1 * ms:
            again.append(change())

    net.add(operation)
    net.run(7.5 * ms)
    assert again == sizes
    assert net.t == 7.5 * ms
    for one, other in zip(first, [np.array(target.x), *values(synapses).values()]):
        assert np.array_equal(one, other)


def test_a_stored_state_brings_removed_synapses_back():
    net, synapses, target = wired()
    net.run(2.5 * ms)
    net.store()
    net.run(3 * ms)
    first = [np.array(target.x), *values(synapses).values()]
    net.restore()
    synapses.remove("i < 20")
    net.run(1 * ms)
    net.store("few")
    few = values(synapses)
    net.restore()
    net.run(3 * ms)
    for one, other in zip(first, [np.array(target.x), *values(synapses).values()]):
        assert np.array_equal(one, other)
    net.restore("few")
    assert np.array_equal(values(synapses)["w"], few["w"])


def test_an_operation_in_the_middle_of_a_step_is_refused():
    net, synapses, _ = wired()
    operation = network_operation(dt=1 * ms, when="end", name="late")(lambda: synapses.remove(0))
    net.add(operation)
    with pytest.raises(ModelError, match=r"'late', in the middle of a step: .*before_start"):
        net.run(1 * ms)
    net.remove(operation)
    net.run(1 * ms)


def test_a_report_is_no_place_for_changes():
    net, synapses, _ = wired()

    def report(elapsed, completed, start, duration):
        synapses.remove(0)

    with pytest.raises(ModelError, match="except in a network_operation"):
        net.run(1 * ms, report=report)


def test_a_change_may_end_the_run_after_its_step():
    net, synapses, _ = wired()

    @network_operation(dt=1.5 * ms)
    def operation(t):
        if t > 1 * ms:
            net.stop()
            synapses.remove("i == 0")
            assert len(synapses["i == 0"]) == 0

    calls = []

    def remove_more():
        calls.append(1)
        synapses.remove(0)

    other = network_operation(dt=1.5 * ms, name="zz_other")(remove_more)
    net.add(operation, other)
    net.run(5 * ms)
    assert net.t == 1.6 * ms
    assert len(calls) == 2  # at 0 and at 1.5 ms, once each
    net.remove(operation)
    net.run(1 * ms)
    assert round(net.t / (0.1 * ms)) == 26


def test_operations_of_a_step_are_called_once_though_several_change_synapses():
    net, synapses, _ = wired()
    calls = []

    def one(name):
        def call():
            calls.append(name)
            synapses.remove(len(synapses) - 1)

        return network_operation(dt=1 * ms, name=name)(call)

    plain = network_operation(dt=1 * ms, name="b")(lambda: calls.append("b"))
    net.add(one("a"), plain, one("c"))
    n = len(synapses)
    net.run(2 * ms)
    assert calls == ["a", "b", "c"] * 2
    assert len(synapses) == n - 4


def test_a_failed_change_leaves_the_run_as_it_was():
    net, synapses, target = wired()
    net.store()
    net.run(4 * ms)
    expected = np.array(target.x)
    net.restore()

    @network_operation(dt=1 * ms)
    def operation():
        with pytest.raises(IndexRangeError):
            synapses.remove(10**6)
        with pytest.raises(IndexRangeError):
            synapses.connect(i=10**6, j=0)

    net.add(operation)
    net.run(4 * ms)
    assert np.array_equal(target.x[:], expected)


def test_what_went_wrong_before_a_change_is_told_at_the_change():
    group = NeuronGroup(2, "dv/dt = v*v/ms : 1", method="euler")
    group.v = 100
    synapses = Synapses(group, group)
    synapses.connect()
    operation = network_operation(dt=5 * ms, name="change")(lambda: synapses.remove(0))
    net = Network(group, synapses, operation)
    net.run(0 * ms)
    with pytest.raises(NumericalError, match=r"'v' of NeuronGroup .* at t = 0.005 s"):
        net.run(10 * ms)


def test_reports_and_profiles_are_of_the_whole_run(device):
    net, synapses, _ = wired()
    net.add(network_operation(dt=1 * ms, name="change")(lambda: synapses.remove(0)))
    reports = []

    def report(elapsed, completed, start, duration):
        reports.append(float(completed))

    net.run(5 * ms, report=report, report_period=1e-9 * ms, profile=device != "cuda")
    assert reports == sorted(reports)
    assert reports[-1] == 1
    assert reports.count(0) == 1
    if device != "cuda":
        names = [name for name, _ in net.profiling_info]
        assert len(names) == len(set(names))
        times = dict(net.profiling_info)
        assert times["change"] > 5 * min(times.values())
