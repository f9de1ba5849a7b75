"""Memory that is not there: an error, and the next network is right."""

from __future__ import annotations

import os
import resource

import numpy as np
import pytest
from faulty_network import Disturbed, assert_same

from simgen import Network, NeuronGroup, SpikeMonitor, Synapses, ms, set_device, start_scope
from simgen.errors import MemoryLimitError, SimgenError
from simgen.targets.cuda.emulate.device import EmulatedDevice

pytestmark = pytest.mark.compiler
MADE = ("empty", "zeros", "ones", "full", "arange", "concatenate")


class Failing:
    """Stands for a function that fails at its n-th call of all such functions."""

    def __init__(self, at):
        self.count, self.at = 0, at

    def around(self, function, error):
        def call(*arguments, **keywords):
            self.count += 1
            if self.count == self.at:
                raise error
            return function(*arguments, **keywords)

        return call


def disturbed_by(patch, failing, functions, error):
    """Return a network that has run while ``functions`` fail, or None where that ended it."""
    with patch.context() as here:
        for owner, name in functions:
            here.setattr(owner, name, failing.around(getattr(owner, name), error))
        try:
            made = Disturbed()
            made.run()
        except MemoryError:
            return None
    return made


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("device", ["reference", "cpu"])
def test_every_allocation_of_arrays_may_fail(device, step, monkeypatch):
    set_device(device)
    whole = Disturbed()
    whole.run()
    expected, functions = whole.state(), [(np, name) for name in MADE]
    counting = Failing(None)
    disturbed_by(monkeypatch, counting, functions, None)
    assert counting.count > 50
    for at in range(1, counting.count + 1, step):
        made = disturbed_by(monkeypatch, Failing(at), functions, MemoryError("no more"))
        if made is not None:
            assert_same(made.state(), expected, f"allocation {at} failed and nobody noticed")
        again = Disturbed()
        again.run()
        assert_same(again.state(), expected, f"after allocation {at} failed")
    set_device("auto")


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_every_allocation_on_a_device_may_fail(step, monkeypatch):
    set_device("cuda", emulate=True)
    whole = Disturbed()
    whole.run()
    expected, functions = whole.state(), [(EmulatedDevice, "allocate")]
    counting = Failing(None)
    disturbed_by(monkeypatch, counting, functions, None)
    assert counting.count > 10
    failed = 0
    for at in range(1, counting.count + 1, step):
        made = disturbed_by(monkeypatch, Failing(at), functions, MemoryLimitError("no room"))
        failed += made is None
        if made is not None:
            assert_same(made.state(), expected, f"allocation {at} failed and nobody noticed")
        again = Disturbed()
        again.run()
        assert_same(again.state(), expected, f"after allocation {at} failed")
    assert failed
    set_device("auto")


def large():
    start_scope()
    group = NeuronGroup(200_000, "v : 1", threshold="v > 0.99", reset="v = 0", namespace={})
    group.v = "rand()"
    synapses = Synapses(group, group, "w : 1", on_pre="v_post += w", namespace={})
    synapses.connect(n_total=3_000_000)
    synapses.w = "rand()/1000"
    spikes = SpikeMonitor(group)
    Network(group, synapses, spikes).run(0.5 * ms)
    return spikes.num_spikes


@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256])
def test_an_address_space_that_ends_anywhere_gives_an_error(room):
    """Of a forked process: the compiler has made everything before."""
    set_device("cpu")
    large()
    Disturbed().run()
    child = os.fork()
    if not child:
        status = 3
        try:
            with open("/proc/self/statm") as file:
                used = int(file.read().split()[0]) * resource.getpagesize()
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            resource.setrlimit(resource.RLIMIT_AS, (used + room * 2**20, hard))
            try:
                status = 0 if large() >= 0 else 4
            except (MemoryError, SimgenError):
                status = 1
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
            Disturbed().run()
        except BaseException:
            status = 5
        finally:
            os._exit(status)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in (0, 1)
    set_device("auto")
