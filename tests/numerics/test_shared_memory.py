"""State taken by other libraries without a copy, through DLPack."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from simgen import (
    Network,
    NeuronGroup,
    Synapses,
    ms,
    mV,
    network_operation,
    second,
    set_device,
    start_scope,
    volt,
)
from simgen.errors import DeviceError, NumericalError, UnsupportedFeatureError
from simgen.targets.cuda.emulate import EmulatedDevice

pytestmark = pytest.mark.compiler


@pytest.fixture(autouse=True)
def own_scope():
    start_scope()
    yield
    set_device("auto")


def growing():
    model = "v : volt\ncount : integer\non : boolean\nall : 1 (shared)"
    group = NeuronGroup(5, model, name="cells")
    group.run_regularly("all += 1; v += mV; count += 1; on = v > 1.5*mV")
    return group, Network(group)


def test_an_array_of_another_library_is_the_state(device):
    group, network = growing()
    network.run(0.1 * ms)
    v, count, on = map(np.from_dlpack, (group.v, group.count, group.on))
    shared, part = np.from_dlpack(group.all), np.from_dlpack(group[1:3].v)
    assert (v.dtype, count.dtype, on.dtype) == (np.float64, np.int32, bool)
    assert (v.shape, shared.shape, part.shape) == ((5,), (1,), (2,))
    np.testing.assert_array_equal(v, [1e-3] * 5)  # in volt
    network.run(0.1 * ms)
    np.testing.assert_array_equal(v, [2e-3] * 5)
    assert count.tolist() == [2] * 5
    assert on.tolist() == [True] * 5
    assert shared.tolist() == [2]
    group.v[3] = 8 * mV  # the host wrote last
    np.testing.assert_array_equal(v, [2e-3, 2e-3, 2e-3, 8e-3, 2e-3])
    v[0], part[0] = 0.5, 0.25  # the other library wrote last
    np.testing.assert_array_equal(group.v_[:], [0.5, 0.25, 2e-3, 8e-3, 2e-3])
    network.run(0.1 * ms)
    np.testing.assert_allclose(v, [0.501, 0.251, 3e-3, 9e-3, 3e-3])
    np.testing.assert_array_equal(part, v[1:3])


def test_who_wrote_an_element_last_counts(device):
    group, network = growing()
    network.run(0.1 * ms)
    count = np.from_dlpack(group.count)
    count[0] = 50
    group.count[1] = 7
    count[2] = 9
    group.count["i == 3"] = 8
    assert group.count[:].tolist() == [50, 7, 9, 8, 1]
    network.run(0.1 * ms)
    assert group.count[:].tolist() == count.tolist() == [51, 8, 10, 9, 2]


def test_it_is_the_memory_that_programs_use(device):
    group, network = growing()
    network.run(0.1 * ms)
    first, second_ = np.from_dlpack(group.v), np.from_dlpack(group.v_)
    assert np.shares_memory(first, second_)
    assert np.shares_memory(first, group.variables["v"].values) == (device != "cuda")
    if device == "cuda":
        assert np.shares_memory(first, group.v.device_array())
    assert group.v.__dlpack_device__() == (1, 0)  # emulated memory is the host's
    copied = np.from_dlpack(group.v, copy=True)
    assert not np.shares_memory(first, copied)


def test_what_is_computed_from_a_parameter_follows_writes_to_shared_memory(device):
    group = NeuronGroup(2, "dv/dt = -v/tau : 1\ntau : second", method="exact")
    group.v, group.tau = 1, 1 * ms
    network = Network(group)
    network.run(0.1 * ms)
    tau = np.from_dlpack(group.tau)
    tau[1] = 0.1e-3
    network.run(0.1 * ms)
    np.testing.assert_allclose(group.v[:], np.exp([-0.2, -1.1]))

    @network_operation(when="start")
    def faster():
        tau[:] = 0.05e-3

    network.add(faster)
    network.run(0.1 * ms)
    np.testing.assert_allclose(group.v[:], np.exp([-2.2, -3.1]))


def test_a_device_array_is_followed_as_well():
    set_device("cuda", emulate=True)
    try:
        group = NeuronGroup(2, "dv/dt = -v/tau : 1\ntau : second\nseen : second", method="exact")
        group.v, group.tau = 1, 1 * ms
        group.run_regularly("seen = tau")
        network = Network(group)
        network.run(0.1 * ms)
        group.tau.device_array()[1] = 0.1e-3
        network.run(0.1 * ms)
        np.testing.assert_allclose(group.v[:], np.exp([-0.2, -1.1]))
    finally:
        set_device("auto")


def test_what_is_not_finite_is_found_at_the_end_of_a_run(device):
    group = NeuronGroup(2, "dv/dt = -v/ms : 1", name="cells", method="exact")
    network = Network(group)
    network.run(0.1 * ms)
    np.from_dlpack(group.v)[1] = np.nan
    with pytest.raises(NumericalError, match=r"'v' of NeuronGroup 'cells' is nan at index 1"):
        network.run(0.1 * ms)


def test_before_the_first_run_it_is_memory_of_the_host(device):
    group, network = growing()
    v = np.from_dlpack(group.v)
    v[2] = 1.0
    assert group.v[2] == 1 * volt
    if device != "cuda":
        network.run(0.1 * ms)
        assert v[2] == 1.001
        return
    with pytest.warns(RuntimeWarning, match=r"'cells\.v' without a copy are no longer its memory"):
        network.run(0.1 * ms)
    assert group.v_[2] == 1.001
    network.run(0.1 * ms)  # says so once


@pytest.mark.parametrize("way", ["kept", "dropped"])
def test_a_network_that_moves_to_a_device_leaves_arrays_of_the_host_behind(way):
    try:
        set_device("cpu")
        group, network = growing()
        network.run(0.1 * ms)
        v = np.from_dlpack(group.v)
        v[0] = 1.0
        if way == "dropped":
            del v
        set_device("cuda", emulate=True)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            network.run(0.1 * ms)
        assert len(said) == (way == "kept")
        np.testing.assert_array_equal(group.v_[:2], [1.001, 0.002])
        moved = np.from_dlpack(group.v)
        moved[1] = 2.0
        set_device("cpu")
        network.run(0.1 * ms)
        np.testing.assert_allclose(group.v_[:2], [1.002, 2.001])
        assert moved[1] == 2.0  # what it was; its memory is still valid
    finally:
        set_device("auto")


def test_a_read_only_variable_is_given_read_only():
    set_device("cpu")
    try:
        source = NeuronGroup(2, "", threshold="True")
        synapses = Synapses(source, source, "w : 1", on_pre="w += 1", multisynaptic_index="k")
        synapses.connect(n=2)
        Network(source, synapses).run(0.1 * ms)
        assert not np.from_dlpack(synapses.k).flags.writeable
        with pytest.raises(BufferError, match="readonly"):
            synapses.k.__dlpack__()  # of a library that knows no read-only memory
    finally:
        set_device("auto")


def connected(**keywords):
    source = NeuronGroup(3, "x : 1", threshold="True", name="source")
    synapses = Synapses(source, source, "w : 1", on_pre="x_post += w", name="links", **keywords)
    synapses.connect()
    synapses.w = "i + 0.5*j"
    return source, synapses, Network(source, synapses)


def test_weights_are_shared_while_they_stay_where_they_are(device):
    source, synapses, network = connected()
    with pytest.raises(DeviceError, match=r"'w' of Synapses 'links' has no place.* first run"):
        synapses.w.__dlpack__()
    network.run(0.1 * ms)
    places = synapses._data.positions()
    if places is not None and places.tolist() != list(range(9)):  # several threads
        with pytest.raises(UnsupportedFeatureError, match=r"another order"):
            np.from_dlpack(synapses.w)
        return
    w = np.from_dlpack(synapses.w)
    assert w.tolist() == synapses.w[:].tolist()
    w[:] = 0
    before = source.x[:]
    network.run(0.2 * ms)
    assert source.x[:].tolist() == before.tolist()
    w[0] = 7
    assert synapses.w[0, 0] == 7
    if device == "cuda":
        synapses.connect(i=0, j=0)
        assert len(synapses.w) == 10
        return
    with pytest.warns(RuntimeWarning, match="'links.w' without a copy"):
        synapses.connect(i=0, j=0)
    assert synapses.w[:2].tolist() == [7, 0]


def test_what_has_no_memory_of_its_own_says_so(device):
    group = NeuronGroup(4, "v : 1\nx : 1\ntwice = 2*v : 1", threshold="v > 9", name="holder")
    parts = [Synapses(group[:2], group[k : k + 2], "w : 1", on_pre="x += w") for k in (0, 2)]
    for synapses in parts:
        synapses.connect()
    with pytest.raises(DeviceError, match=r"'twice' of .*'holder' is computed, not stored"):
        group.twice.__dlpack_device__()
    network = Network(group, parts)
    network.run(0.1 * ms)
    if network._compiled.merges.merges:
        with pytest.raises(DeviceError, match=r"'w' .*these synapses run as one"):
            parts[0].w.__dlpack__()


def test_traces_that_are_kept_for_neurons_say_so():
    set_device("cpu")
    try:
        group = NeuronGroup(3, "x : 1", threshold="True", name="cells")
        model = "w : 1\ndapre/dt = -apre/(20*ms) : 1 (event-driven)"
        synapses = Synapses(
            group, group, model, on_pre="apre += 1", on_post="w += apre", name="links"
        )
        synapses.connect()
        Network(group, synapses).run(0.2 * ms)
        assert synapses._run.traces.holds("apre")
        with pytest.raises(DeviceError, match=r"'apre' of .*kept for each neuron"):
            np.from_dlpack(synapses.apre)
        assert np.from_dlpack(synapses.w).shape == (9,)
    finally:
        set_device("auto")


def test_float32_and_units(device):
    options = {"emulate": True} if device == "cuda" else {}
    set_device(device, dtype="float32", **options)
    group = NeuronGroup(2, "tau : second")
    group.tau = [1, 2] * ms
    found = np.from_dlpack(group.tau)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.float32([1e-3, 2e-3]))
    assert group.tau[0] / second == np.float32(1e-3)


def test_the_devices_library_is_asked_with_all_that_the_taker_said(monkeypatch):
    asked = []

    class Array(np.ndarray):
        def __dlpack__(self, **keywords):
            asked.append(keywords)
            return "capsule"

        def __dlpack_device__(self):
            return (2, 3)

    view = EmulatedDevice.view
    monkeypatch.setattr(EmulatedDevice, "view", lambda *args: view(*args).view(Array))
    set_device("cuda", emulate=True)
    try:
        group, network = growing()
        network.run(0.1 * ms)
        assert group.v.__dlpack_device__() == (2, 3)
        assert group.v.__dlpack__(stream=7, max_version=(1, 0), copy=None) == "capsule"
        assert asked == [{"stream": 7, "max_version": (1, 0)}]
    finally:
        set_device("auto")


def test_what_is_computed_has_no_memory_to_share(device):
    group = NeuronGroup(3, "v : volt", threshold="v > mV")
    synapses = Synapses(group, group, on_pre="v += 0*mV")
    synapses.connect(j="i")
    for view in (synapses.delay, synapses.v_pre):
        with pytest.raises(DeviceError, match=r"of .*Synapses 'synapses' is computed, not stored"):
            np.from_dlpack(view)
