"""Connectivity made on a device: the rows, delays and values of the host, and no copies of them."""

from __future__ import annotations

import numpy as np
import pytest
from device_connectivity import EMULATED, assert_equal, connected, state, use

from simgen import Network, NeuronGroup, Synapses, ms
from simgen.api import device_pairs
from simgen.api.device_rows import DeviceRows
from simgen.api.device_store import DeviceStore
from simgen.errors import IndexRangeError, ModelError
from simgen.targets.cuda import backend
from simgen.targets.cuda.emulate import EmulatedDevice, open_emulated

pytestmark = [pytest.mark.compiler, pytest.mark.usefixtures("everything_on_the_device")]


RULES = [
    (None, 1.0),
    ("i != j", 1.0),
    (None, 0.3),
    ("i != j", 0.05),
    (None, 0.9999),
    (None, 1e-300),
    ("abs(i - j) < 5", 1.0),
    ("x_pre < x_post and i != j", 1.0),
    ("x_pre < 0.6 or j == 7", 0.4),
    ("i > 1000", 1.0),
    ("rand() < 0.2", 1.0),
    ("rand() < x_pre and randn() > x_post", 0.5),
    (None, "0.4*x_pre"),
    ("i != j", "exp(-abs(i - j)/20)*(1 - 0.2*rand())"),
    ("x_pre < 0.6 and rand() < 0.7", "clip(x_post, 0, 1)"),
]
DELAYS = [None, 0.4 * ms, "rand()*1.5*ms", "j*0.01*ms", "rand()*40*ms", "0.7*ms"]


def made(device, rule, delay, parts):
    """Return whether a device made the rows, and the state before and after a run."""
    use(*device)
    objects = connected(*rule, parts=parts)
    links = objects[-1]
    on_device = isinstance(links._data.rows, DeviceRows)
    if len(links):
        links.w, links.k = "rand() + x_post", "i + 2*j"
        if delay is not None:
            links.delay = delay
    before = state(*objects)[:6] if parts else []
    Network(*objects).run(2 * ms)
    on_device = on_device and (not len(links) or isinstance(links._data.store, DeviceStore))
    return on_device, [*before, *state(*objects)]


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_the_device_makes_the_rows_of_the_host(monkeypatch, rule, parts):
    device = open_emulated(order="shuffled", seed=3, check=True)
    monkeypatch.setattr(backend, "open_device", lambda options: device)
    monkeypatch.setattr(device_pairs, "BLOCK", 700)  # of several rows
    delay = DELAYS[(RULES.index(rule) + 3 * parts) % len(DELAYS)]
    expected = made(("cpu", {}), rule, delay, parts)
    found = made(EMULATED, rule, delay, parts)
    assert (expected[0], found[0]) == (False, True)
    assert_equal(expected[1], found[1])


@pytest.mark.parametrize("p", [1.0, 0.5])
def test_few_candidates_of_a_condition_are_looked_at_together(monkeypatch, p):
    taken, allocate = [], EmulatedDevice.allocate

    def noted(device, n_bytes, name=""):
        if name == "pairs.targets":
            taken.append(n_bytes)
        return allocate(device, n_bytes, name)

    monkeypatch.setattr(EmulatedDevice, "allocate", noted)
    monkeypatch.setattr(device_pairs, "BLOCK", 700)
    use(*EMULATED)
    connected("x_pre < 0.6 or j == 7", p)  # of 6300 pairs, each looked at twice
    assert max(taken) <= 4 * 700
    assert len(taken) > 6300 * p / 700


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("delay", DELAYS)
def test_the_device_sorts_by_delay_as_the_host(delay, dtype):
    rule = "i != j", 0.3 if dtype == "float64" else "0.5*x_pre + 0.1*rand()"
    expected = made(("cpu", {"dtype": dtype}), rule, delay, parts=False)
    found = made(("cuda", {**EMULATED[1], "dtype": dtype}), rule, delay, parts=False)
    assert found[0]
    assert_equal(expected[1], found[1])


@pytest.mark.parametrize(
    "rule", [{"out_degree": 9, "multapses": False}, {"i": [5, 5, 8, 9], "j": [3, 70, 1, 2]}]
)
def test_rows_of_the_host_are_sorted_on_the_device(rule):
    found = []
    for device in (("cpu", {}), EMULATED):
        use(*device)
        objects = connected(False)
        links = objects[-1]
        links.connect(**rule)
        links.w, links.k, links.delay = "rand()", "j", "rand()*2*ms"
        Network(*objects).run(3 * ms)
        found.append(state(*objects))
        assert isinstance(links._data.store, DeviceStore) == (device is EMULATED)
    assert_equal(*found)


def test_long_rows_and_many_targets():
    """Bounds and targets of 32 bits."""
    found = []
    for device in (("cpu", {}), EMULATED):
        use(*device)
        source, target = NeuronGroup(2, "", threshold="False"), NeuronGroup(70_000, "v : 1")
        links = Synapses(source, target, "w : 1", on_pre="v += w")
        links.connect()
        links.w, links.delay = "j", "rand()*ms"
        links._prepare(1)
        assert links._data.store.segments.kind == "dense32"
        found.append([links.j[:], links.w[:], links.delay_[:], links._data.store.targets])
    assert_equal(*found)


# --- what crosses ---------------------------------------------------------------------------------


def moved(log, n):
    """Return the names of the copies that may have been of all synapses, and forget all."""
    small = {"row_start", "row_sizes", "delays_present", "delay_limits", "delay_table", "found"}
    small |= {"control", "table", "links.rows.row_start", "pair_start", "links.rows.pair_start"}
    small |= {"links.pre.classes", "pairs.row_start"}
    found = sorted({entry for entry in log if entry[1] not in small and "first" not in entry[1]})
    log.clear()
    return [entry for entry in found if entry[1].startswith(("links", "rows", "text", "pairs"))]


@pytest.mark.parametrize("delay", ["rand()*1.5*ms", "rand()*200*ms", "0.3*ms", None])
@pytest.mark.parametrize("rule", [("i != j", 0.3), ("x_pre > 0.2", 0.5), (None, 1.0)])
def test_nothing_of_the_size_of_the_synapses_crosses(traffic, rule, delay):
    model = "w : 1\nk : integer\nz : 1\ndA/dt = -A/(10*ms) : 1 (event-driven)"
    objects = connected(*rule, model=model)
    links = objects[-1]
    n = len(links)
    assert n > 1000
    links.w, links.k = "rand() + x_post", "i + 2*j"
    if delay is not None:
        links.delay = "rand()*ms"
        links.delay = delay
    links.w["i > 20"] = "w + 1"
    network = Network(*objects)
    network.run(1 * ms)
    links.w = "2*w"
    network.run(1 * ms)
    assert moved(traffic, n) == []
    links.k[:]
    places = [("down", "links.k")]
    if delay is not None and "rand" in delay:  # else the order is that of creation
        places.append(("down", "links.rows.targets"))
    assert moved(traffic, n) == places
    links.k[:]
    assert moved(traffic, n) == []


# --- what the host does ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"p": "0.1*x_pre", "n": 2},
        {"condition": "rand() < 0.2", "n": "1 + i%2"},
        {"p": "1/(1 + i)"},
        {"p": 0.2, "n": 2},
        {"condition": "i != j", "p": 0.2, "n": "1 + i%2"},
        {"j": "k for k in range(i, i + 3) if k < N_post"},
    ],
)
def test_other_rules_are_made_on_the_host(given):
    found = []
    for device in (("cpu", {}), EMULATED):
        use(*device)
        objects = connected(False)
        links = objects[-1]
        links.connect(**given)
        assert not isinstance(links._data.rows, DeviceRows)
        links.w = "rand()"
        found.append([links.i[:], links.j[:], links.w[:]])
    assert_equal(*found)


@pytest.mark.parametrize("condition", [None, "j > 5"])
@pytest.mark.parametrize(
    "p", ["1.5*x_post - 0.2", "log(1.5*x_pre + 1.5)", "0.5 + 0*sqrt(x_pre - 0.3)"]
)
def test_wrong_probabilities_are_told_as_on_the_host(caplog, condition, p):
    told = []
    for device in (("cpu", {}), EMULATED):
        use(*device)
        caplog.clear()
        try:
            on_device = isinstance(connected(condition, p)[-1]._data.rows, DeviceRows)
            told.append("made")
            assert on_device == (device is EMULATED)
        except IndexRangeError as error:
            told.append(str(error))
        told += [each.getMessage() for each in caplog.records if each.name == "simgen.connect"]
    half = len(told) // 2
    assert told[:half] == told[half:]
    assert "is nan" in told[0] or "counts as 0" in told[1]


@pytest.mark.parametrize("limit", [2_000, 60_000, 120_000, 200_000])
def test_a_device_without_room_leaves_it_to_the_host(monkeypatch, limit):
    use("cpu", {})
    objects = connected("i != j", 0.3)
    objects[-1].w, objects[-1].delay = "rand()", "rand()*ms"
    objects[-1]._prepare(1)
    expected = state(*objects)[:6]
    device = open_emulated(limit=limit)
    monkeypatch.setattr(backend, "open_device", lambda options: device)
    use(*EMULATED)
    objects = connected("i != j", 0.3)
    links = objects[-1]
    assert isinstance(links._data.rows, DeviceRows) == (limit > 2_000)
    links.w, links.delay = "rand()", "rand()*ms"
    links._prepare(1)
    assert_equal(expected, state(*objects)[:6])


@pytest.mark.parametrize("delay", ["i*60*ms", "10*second*rand()"])
def test_delays_that_are_too_far_apart_are_sorted_by_the_host(delay):
    found = []
    for device in (("cpu", {}), EMULATED):
        use(*device)
        objects = connected(None, 0.9)
        links = objects[-1]
        links.k, links.delay = "i", delay
        Network(*objects).run(0.3 * ms)
        found.append(state(*objects))
        assert not isinstance(links._data.store, DeviceStore)
    assert_equal(*found)


@pytest.mark.parametrize("text", ["(3 - i)*ms", "(i - 1)*1e9*second", "log(i - 5)*ms", "j*mV"])
def test_wrong_delays_are_reported_as_on_the_host_and_change_nothing(text):
    messages = []
    for device in (("cpu", {}), EMULATED):
        use(*device)
        objects = connected(None, 0.5)
        links = objects[-1]
        links.delay = "0.1*ms*(i + 1)"
        before = links.delay_[:]
        with pytest.raises(ValueError, match="delay") as caught:
            links.delay = text
        messages.append((type(caught.value), str(caught.value)))
        np.testing.assert_array_equal(before, links.delay_[:])
    assert messages[0] == messages[1]


def test_delays_that_are_single_stay_so():
    use(*EMULATED)
    cells = NeuronGroup(9, "v : 1", threshold="v > 1", name="cells")
    links = Synapses(cells, cells, on_pre="v += 1", delay=1 * ms, name="links")
    links.connect()
    with pytest.raises(ModelError, match="stays one"):
        links.delay = "rand()*ms"
