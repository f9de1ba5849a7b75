"""Strings assigned to state on a device: the bits that numpy finds, and no copies to the host."""

from __future__ import annotations

import numpy as np
import pytest

import simgen
from simgen import (
    Network,
    NeuronGroup,
    Synapses,
    TimedArray,
    mV,
    network_operation,
    set_device,
    start_scope,
)
from simgen.api import compiled_text, device_text
from simgen.errors import DeviceError, ModelError, SimgenError
from simgen.targets.cuda import backend
from simgen.targets.cuda.emulate import open_emulated

pytestmark = pytest.mark.compiler

ms = simgen.ms


@pytest.fixture(autouse=True)
def everything_on_the_device(monkeypatch):
    """Send even the shortest arrays the way of the longest."""
    monkeypatch.setattr(compiled_text, "WORTH_COMPILING", 0)
    start_scope()
    yield
    set_device("auto", dtype="float64")


def moved(log, *names):
    """Return which of the arrays were copied, and forget all."""
    found = sorted({entry for entry in log if entry[1] in names})
    log.clear()
    return found


def build():
    """Return the values that strings of every kind give to variables of every kind."""
    simgen.seed(5)
    group = NeuronGroup(150, "x : metre\nv : 1\nk : integer\nb : boolean\ns : 1 (shared)")
    group.x, group.v, group.k, group.b = "i*10*umetre", "rand()", "i%7 - 3", "v > 0.5"
    group.s = "3.0"
    group.v["i > 20 and rand() < 0.5"] = "exp(-v) + randn()*s + sin(i)"
    group.k["b"] = "k*k + int(poisson(2.5))"
    group.b["x > 700*umetre"] = "not b"
    part = group[20:110]
    part.v = "v + i + rand()"
    part.v["k == 2"] = "7 + randn() + t/second"
    part.v[3:40] = "v*2 + poisson(3.5)"
    part.v[:0] = "1 + rand()"
    synapses = Synapses(part, group, "w : 1\nz : volt\nn : integer")
    synapses.connect(p=0.2)
    synapses.connect(i=[0, 0, 0], j=[5, 5, 5])
    synapses.w = "v_post + 0.1*randn()*i + rand()"
    synapses.z = "clip(N_outgoing, 0, 9)*mV*rand() + t*volt/second"
    synapses.z["i > 30 and rand() < 0.5"] = "1*mV + rand()*mV"
    synapses.n = "i*j - 7"
    assert np.unique(synapses.w[0, 5]).size == synapses.w[0, 5].size > 2
    values = (group.x_, group.v, group.k, group.b, synapses.w, synapses.z_, synapses.n)
    return [value[:] for value in values]


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
def test_the_device_finds_the_bits_of_the_host(monkeypatch, dtype):
    device = open_emulated(order="shuffled", seed=3, check=True)
    monkeypatch.setattr(backend, "open_device", lambda options: device)
    made = []
    plain = device_text.keep_state
    monkeypatch.setattr(device_text, "keep_state", lambda *given: (made.append(1), plain(*given)))
    found = []
    for name, options in (("reference", {}), ("cuda", {"emulate": True})):
        set_device(name, dtype=dtype, **options)
        start_scope()
        found.append(build())
    assert len(made) == 14  # all that were not shared or empty
    for host, other in zip(*found):
        assert host.dtype == other.dtype
        np.testing.assert_array_equal(host, other)


def test_the_state_stays_on_the_device(traffic):
    cells = NeuronGroup(70, "dv/dt = -v/(5*ms) : 1\nu : 1", threshold="v > 2", name="cells")
    links = Synapses(cells, cells, "w : 1", on_pre="v_post += w", name="links")
    links.connect(p=0.3)
    cells.v, cells.u = "rand()", "2*v + i"
    links.w = "0.125*rand()*u_pre"
    network = Network(cells, links)
    network.run(1 * ms)
    assert moved(traffic, "cells.v", "cells.u", "links.w") == []
    links.w["i > 3"] = "w + 0.5*rand()"
    cells.v["i < 5"] = "3 + u"
    network.run(1 * ms)
    assert moved(traffic, "cells.v", "cells.u", "links.w") == []
    found = [cells.v[:], cells.u[:], links.w[:]]
    down = [("down", name) for name in ("cells.u", "cells.v", "links.w")]
    assert moved(traffic, "cells.v", "cells.u", "links.w") == down
    cells.u[3] = 1
    links.w = "u_pre*rand()"
    assert moved(traffic, "cells.v", "cells.u", "links.w") == [("up", "cells.u")]
    assert (links.w[3, :] < 1).all()
    assert found[0].std() > 0
    assert found[2].max() > 0.5


def closed_loop():
    """Return what is left of strings before, between and within runs, of two networks."""
    simgen.seed(2)
    cells = NeuronGroup(60, "dv/dt = (u - v)/(4*ms) : 1\nu : 1", threshold="v > 1", reset="v = 0")
    others = NeuronGroup(9, "g : 1")
    links = Synapses(cells, others, "w : 1", on_pre="g_post += w")
    links.connect(p=0.5)
    cells.v, cells.u, links.w = "rand()", "1 + rand()", "floor(8*rand())/8"

    @network_operation(dt=1 * ms)
    def kick(t):
        if t > 1.5 * ms:
            cells.v["i % 7 == 0"] = "v + 0.25*rand()"

    first, second = Network(cells, others, links, kick), Network(cells)
    first.run(3 * ms)
    links.w["j == 2"] = "w + 1"
    first.run(1 * ms)
    cells.u = "u + 0.5"
    second.run(2 * ms)
    cells.u["v < 0.5"] = "rand()"
    first.run(2 * ms)
    links.delay = "rand()*ms"
    first.run(2 * ms)
    others.g[3] = "g + 0.5"
    first.run(1 * ms)
    return [cells.v[:], cells.u[:], others.g[:], links.w[:], links.delay_[:]]


def test_strings_between_runs_give_what_the_reference_gives():
    set_device("reference")
    expected = closed_loop()
    start_scope()
    set_device("cuda", emulate=True)
    found = closed_loop()
    assert expected[2].min() > 1
    for one, other in zip(expected, found):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_state_moves_between_devices():
    set_device("cuda", emulate=True)
    group = NeuronGroup(30, "v : 1\nu : 1")
    group.run_regularly("v += u")
    network = Network(group)
    group.u = "i"
    group.v = "10*i"
    set_device("cpu")
    network.run(0.2 * ms)
    assert group.v[:].tolist() == [12 * k for k in range(30)]
    set_device("cuda", emulate=True)
    group.u = "v"
    network.run(0.1 * ms)
    assert group.v[:].tolist() == [24 * k for k in range(30)]
    group.v = "1"
    set_device("reference")
    network.run(0.1 * ms)
    assert group.v[:].tolist() == [1 + 12 * k for k in range(30)]


def test_device_array_shares_what_a_string_wrote(traffic):
    group = NeuronGroup(30, "v : 1", name="cells")
    group.v = "i"
    shared = group.v.device_array()
    shared[3] = 50
    group.v["i > 3"] = "v + 1"
    assert group.v[:6].tolist() == [0, 1, 2, 50, 5, 6]


def test_what_is_shared_on_the_host_is_written_there():
    set_device("cuda", emulate=True)
    group = NeuronGroup(8, "v : 1\nu : 1")
    shared = np.from_dlpack(group.v)
    group.v = "i + 1"
    assert shared.tolist() == list(range(1, 9))
    group.u = "v*2"
    assert group.u[:].tolist() == list(range(2, 18, 2))


def test_synapses_are_not_shared_before_they_have_their_order():
    set_device("cuda", emulate=True)
    group = NeuronGroup(5, "v : 1", threshold="v > 1")
    links = Synapses(group, group, "w : 1", on_pre="v_post += w", name="links")
    links.connect()
    links.w = "rand()"
    for share in (links.w.device_array, links.w.__dlpack__):
        with pytest.raises(DeviceError, match=r"'w' of Synapses 'links' has no place .* first run"):
            share()


MISTAKES = [
    ("v", slice(None), "log(i - 3)"),  # NaN
    ("v", "i == 7", "log(i - 8)"),
    ("v", slice(None), "1/(i - 5)"),  # infinite, and v has an equation
    ("k", slice(None), "i*1000000000"),
    ("k", "i > 4", "-i*1000000000"),
    ("k", slice(None), "i/2"),
    ("b", slice(None), "i"),
    ("z", slice(None), "i*mV"),
    ("v", "i + 1", "2"),
    ("v", slice(None), "2*"),
    ("v", slice(None), "wrong + 1"),
]


@pytest.mark.parametrize(("name", "item", "text"), MISTAKES)
def test_mistakes_are_reported_as_on_the_host_and_change_nothing(name, item, text):
    messages = []
    for device, options in (("cpu", {}), ("cuda", {"emulate": True})):
        set_device(device, **options)
        start_scope()
        group = NeuronGroup(
            12, "dv/dt = 0*Hz : 1\nk : integer\nb : boolean\nz : ampere", name="cells"
        )
        group.v, group.k = "i + 0.5", "i"
        before = [group.v[:], group.k[:], group.b[:], group.z_[:]]
        with pytest.raises(SimgenError) as caught:
            getattr(group, name)[item] = text
        messages.append((type(caught.value), str(caught.value)))
        for one, other in zip(before, (group.v[:], group.k[:], group.b[:], group.z_[:])):
            np.testing.assert_array_equal(one, other)
    assert messages[0] == messages[1]


def test_what_has_no_equation_may_be_infinite():
    set_device("cuda", emulate=True)
    group = NeuronGroup(5, "u : 1")
    group.u = "1/(2 - i)"
    assert group.u[:].tolist() == [0.5, 1, np.inf, -1, -0.5]


def test_other_indices_and_tables_take_the_way_of_the_host(traffic):
    drive = TimedArray(np.arange(4.0) * mV, dt=1 * ms, name="drive")
    group = NeuronGroup(12, "v : volt\ns : 1 (shared)", name="cells", namespace={"drive": drive})
    group.v = "drive(t + 2*ms) + i*mV"
    group.v[[1, 3]] = "(i + 20)*mV"
    group.v[::4] = "50*mV"
    group.v[11] = "3*mV"
    group.s = "4"
    np.testing.assert_allclose(group.v / mV, [50, 21, 4, 23, 50, 7, 8, 9, 50, 11, 12, 3])
    assert traffic == []


def device_has(group, name):
    """Whether the newest values of a variable are on a device alone."""
    variable = group.variables[name]
    mirror = None if variable._memory is None else variable._memory.mirror
    copy = None if mirror is None else mirror._copies.get(variable.array)
    return copy is not None and copy.device_newer


def test_functions_of_the_users_own_take_the_way_of_the_host(traffic):
    twice = simgen.Function(lambda x: 2 * x, arg_units=[1], return_unit=1)
    group = NeuronGroup(4, "v : 1", name="cells", namespace={"twice": twice})
    group.v = "twice(i)"
    group.v["twice(i) > 5"] = "0"
    assert group.v[:].tolist() == [0, 2, 4, 0]
    assert not device_has(group, "v")


def test_a_device_without_room_leaves_it_to_the_host(monkeypatch):
    found = []
    for limit in (None, 5_000):
        device = open_emulated(limit=limit)
        monkeypatch.setattr(backend, "open_device", lambda options, device=device: device)
        set_device("cuda", emulate=True)
        start_scope()
        simgen.seed(1)
        group = NeuronGroup(400, "v : 1\nw : 1")
        group.v["rand() < 0.5"] = "rand() + i"
        group.w = "v + rand()"
        on_device = [name for name in ("v", "w") if device_has(group, name)]
        assert on_device == (["v", "w"] if limit is None else [])
        found.append((group.v[:], group.w[:]))
    np.testing.assert_array_equal(found[0], found[1])


def test_a_value_that_was_read_is_written_again_on_the_host(traffic):
    group = NeuronGroup(6, "v : 1", name="cells")
    group.run_regularly("v += 1")
    network = Network(group)
    group.v = "i"
    group.v[2] = 10
    group.v["i > 3"] = "v*2"
    network.run(0.1 * ms)
    assert group.v[:].tolist() == [1, 2, 11, 4, 9, 11]
    with pytest.raises(ModelError, match="NaN"):
        group.v = np.full(6, np.nan)
