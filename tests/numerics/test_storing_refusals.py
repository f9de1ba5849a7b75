"""States of other objects are refused, by name, before anything has changed."""

from __future__ import annotations

import numpy as np
import pytest

from simgen import (
    Hz,
    ModelError,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeMonitor,
    StateFileError,
    StateMonitor,
    Synapses,
    UnknownNameError,
    ms,
    set_device,
    start_scope,
)

pytestmark = pytest.mark.usefixtures("device")


def plain(size=3, model="v : 1", name="group", **options):
    return NeuronGroup(size, model, threshold="v > 1", reset="v = 0", name=name, **options)


def others():
    """Yield what the network has instead of what was stored, and what the message says."""
    yield lambda: [plain(4)], ["'group'", "has 4 neurons", "3 were stored"]
    yield lambda: [plain(name="other")], ["'other' was not stored", "'group' was stored, but is"]
    yield lambda: [plain(model="v : 1\nu : 1")], ["has 'u', which was not stored"]
    yield (
        lambda: [NeuronGroup(3, "v : 1 (shared)", name="group")],
        ["'v'", "1 values", "3 were stored"],
    )
    yield lambda: [plain(model="v : integer")], ["'v'", "int32", "float64"]
    yield lambda: [plain(refractory=1 * ms)], ["a refractory period, but none was stored"]
    yield lambda: [plain(dt=0.2 * ms)], ["the clock 'group_clock'", "'defaultclock'"]
    yield lambda: [PoissonGroup(3, 1 * Hz, name="group")], ["stored as a NeuronGroup"]
    yield (
        lambda: [group := plain(), SpikeMonitor(group, name="spikes")],
        ["SpikeMonitor 'spikes' was not stored"],
    )


@pytest.mark.parametrize(("make", "said"), list(others()))
def test_other_objects_are_refused_by_name(make, said):
    group = plain()
    group.v = [0.25, 0.5, 0.75]
    net = Network(group)
    net.store()
    states = net._stored
    start_scope()
    objects = make()
    net = Network(objects)
    net._stored = states
    with pytest.raises(ModelError, match="does not fit") as caught:
        net.restore()
    for words in said:
        assert words in str(caught.value)
    assert not np.any(objects[0].variables[next(iter(objects[0].variables))].values == 0.25)


def test_other_synapses_and_monitors_are_refused_by_name():
    def build(**changes):
        start_scope()
        group = plain(6)
        options = {"on_pre": {"one": "w += 1"}, "model": "w : 1", **changes}
        target = options.pop("target", 6)
        record = options.pop("record", [1, 2])
        links = Synapses(group, group[:target], name="links", **options)
        links.connect()
        if "delay" not in options:
            next(iter(links._pathways.values())).delay = "rand()*ms"
        state = StateMonitor(group, "v", record=record, name="state")
        return Network(group, links, state)

    net = build()
    net.store()
    states = net._stored
    cases = [
        ({"target": 5}, "'links' has 5 targets, but 6 were stored"),
        ({"on_pre": {"two": "w += 1"}}, "has the pathways two, but was stored with one"),
        ({"delay": {"one": 1 * ms}}, "'one' of Synapses 'links' is a scalar"),
        ({"model": "u : 1", "on_pre": {"one": "u += 1"}}, "has 'u', which was not stored"),
        (
            {"model": "dw/dt = -w/ms : 1 (event-driven)"},
            "has other event-driven equations",
        ),
        ({"record": [1, 3]}, "'state' records other elements"),
    ]
    for changes, said in cases:
        net = build(**changes)
        net._stored = states
        with pytest.raises(ModelError, match="does not fit") as caught:
            net.restore()
        assert said in str(caught.value), changes
    net = build()
    net._stored = states
    net.restore()


def test_names_and_files_that_are_not_there(tmp_path):
    net = Network(plain())
    net.store("one")
    with pytest.raises(UnknownNameError, match=r"stored as 'two'.*'one'"):
        net.restore("two")
    with pytest.raises(StateFileError, match=r"nowhere.*cannot be read: No such file"):
        net.restore("one", tmp_path / "nowhere")
    with pytest.raises(StateFileError, match="cannot be written"):
        net.store("one", tmp_path / "no" / "folder")
    with pytest.raises(TypeError, match="name of a state"):
        net.store(3)
    with pytest.raises(TypeError, match="restore_random_state"):
        net.restore("one", None, "yes")
    net.store("one", str(tmp_path / "states"))
    with pytest.raises(UnknownNameError, match=r"holds no state 'two'\. It holds: 'one'"):
        net.restore("two", tmp_path / "states")


def test_other_precision_is_refused(device):
    group = plain()
    net = Network(group)
    net.store()
    states = net._stored
    options = {"emulate": True} if device == "cuda" else {}
    set_device(device, dtype="float32", **options)
    try:
        start_scope()
        net = Network(plain())
        net._stored = states
        with pytest.raises(ModelError, match=r"'v'.*float32.*float64.*set_device"):
            net.restore()
    finally:
        set_device(device, dtype="float64", **options)
