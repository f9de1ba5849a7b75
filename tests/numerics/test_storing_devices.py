"""A stored state is the logical one: it goes from one device and layout to another."""

from __future__ import annotations

import numpy as np
import pytest
from stored_networks import Dyadic

from simgen import (
    ms,
    network_operation,
    set_device,
)

pytestmark = pytest.mark.usefixtures("device")


DEVICES = [("reference", {}), ("cpu", {"threads": 2}), ("cuda", {"emulate": True})]


def test_states_move_between_devices(device, tmp_path):
    net = Dyadic(5)
    for _ in range(4):
        net.net.run(10 * ms)
    expected = net.state()
    assert net.spikes.num_spikes > 200
    net = Dyadic(5)
    net.net.run(10 * ms)
    net.net.store(filename=tmp_path / "states")
    net.net.store()
    content = net.net._stored["default"]
    for name, options in DEVICES:
        set_device(name, **options)
        net = Dyadic(6)
        net.net.restore(filename=tmp_path / "states", restore_random_state=True)
        net.net.run(10 * ms)
        net.net.store(filename=tmp_path / "states")
    assert net.state() == expected
    # what is stored tells no device from another
    set_device("cpu")
    net = Dyadic(5)
    net.net.run(10 * ms)
    net.net.store()
    other = net.net._stored["default"]
    for one, two in [
        (content.network, other.network),
        *((content.objects[name], other.objects[name]) for name in other.objects),
    ]:
        assert one.facts == two.facts
        assert one.arrays.keys() == two.arrays.keys()
        for name, values in one.arrays.items():
            assert np.array_equal(values, two.arrays[name]), (one.what, name)


def test_merged_objects_go_back_one_by_one(device):
    net = Dyadic(7)
    net.net.run(10 * ms)
    assert bool(net.net._compiled.merged) == (device != "reference")
    net.net.store()
    before = net.state()
    net.net.run(10 * ms)
    after = net.state()
    net.links[4].w = 0
    net.links[2].delay = 1 * ms
    net.links[1].connect(i=0, j=0)
    net.net.run(3 * ms)
    for _ in range(2):
        net.net.restore(restore_random_state=True)
        assert net.state() == before
        net.net.run(10 * ms)
        assert net.state() == after


def test_merged_objects_are_stored_during_a_run():
    net = Dyadic(8)
    seen = []

    @network_operation(dt=4 * ms, when="before_start")
    def keep(t):
        net.net.store(f"{t / ms:.0f}")
        seen.append(net.state())

    net.net.add(keep)
    net.net.run(10 * ms)
    end = net.state()
    for time, state in zip(("0", "4", "8"), tuple(seen)):
        net.net.restore(time, restore_random_state=True)
        assert net.state() == state
        net.net.run(10 * ms - net.net.t)
        assert net.state() == end
