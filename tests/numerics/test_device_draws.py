"""Given numbers of random pairs, drawn on a device: the rows of the host, with repeated pairs."""

from __future__ import annotations

import numpy as np
import pytest
from device_connectivity import EMULATED, assert_equal, connected, state, use

from simgen import Network, NeuronGroup, Synapses, ms
from simgen.api.device_rows import DeviceRows
from simgen.api.device_store import DeviceStore
from simgen.errors import ModelError
from simgen.targets.cuda import backend
from simgen.targets.cuda.emulate import open_emulated

pytestmark = [pytest.mark.compiler, pytest.mark.usefixtures("everything_on_the_device")]


RULES = [
    {"n_total": 4000},
    {"n_total": 9000, "autapses": False},  # many pairs several times
    {"n_total": 900, "multapses": False},
    {"n_total": 3000, "multapses": False, "autapses": False},  # most targets of each row
    {"out_degree": 40},
    {"out_degree": 30, "autapses": False},
    {"out_degree": 9, "multapses": False},
    {"out_degree": 60, "multapses": False, "autapses": False},
    {"in_degree": 40},
    {"in_degree": 30, "autapses": False},
    {"in_degree": 8, "multapses": False},
    {"in_degree": 50, "multapses": False, "autapses": False},
]
DELAYS = [None, "rand()*1.5*ms", "0.7*ms", "j*0.01*ms", "rand()*40*ms"]
DRAWS = "w : 1\nk : integer\nz : 1\nu : 1"


def made(device, rule, delay, parts):
    """Return whether a device made the rows, and the state before and after a run."""
    use(*device)
    objects = connected(parts=parts, model=DRAWS, **rule)
    links = objects[-1]
    on_device = isinstance(links._data.rows, DeviceRows)
    links.w, links.k = "rand() + x_post", "i + 2*j"
    if delay is not None:
        links.delay = delay
    before = state(*objects)[:6] if parts else []
    network = Network(*objects)
    network.run(2 * ms)
    on_device = on_device and isinstance(links._data.store, DeviceStore)
    links.u = "randn() + k"  # of synapses in the order of delays
    return on_device, [*before, *state(*objects), links.u[:]]


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_device_draws_the_rows_of_the_host(monkeypatch, rule, parts):
    device = open_emulated(order="shuffled", seed=3, check=True)
    monkeypatch.setattr(backend, "open_device", lambda options: device)
    delay = DELAYS[(RULES.index(rule) + 2 * parts) % len(DELAYS)]
    expected = made(("cpu", {}), rule, delay, parts)
    found = made(EMULATED, rule, delay, parts)
    assert (expected[0], found[0]) == (False, True)
    assert_equal(expected[1], found[1])


@pytest.mark.parametrize("delay", DELAYS)
def test_repeated_pairs_draw_different_numbers_in_every_order(delay):
    rule = {"n_total": 20_000}  # three for each pair
    expected, found = made(("cpu", {}), rule, delay, False), made(EMULATED, rule, delay, False)
    assert found[0]
    assert_equal(expected[1], found[1])
    w = expected[1][2]
    assert np.unique(w).size == w.size


@pytest.mark.parametrize("degree", [{"out_degree": 700}, {"out_degree": 300, "multapses": False}])
def test_targets_of_more_than_two_digits_ascend(degree):
    found = []
    for device in (("cpu", {}), EMULATED):
        use(*device)
        source, target = NeuronGroup(3, "", threshold="False"), NeuronGroup(70_000, "v : 1")
        links = Synapses(source, target, "w : 1", on_pre="v += w")
        links.connect(**degree)
        links.w, links.delay = "rand()", "rand()*ms"
        links._prepare(1)
        assert isinstance(links._data.store, DeviceStore) == (device is EMULATED)
        found.append([links.j[:], links.w[:], links.delay_[:], links._data.store.targets])
    assert_equal(*found)


@pytest.mark.parametrize("delay", [None, "rand()*ms"])
def test_columns_of_repeated_pairs(delay):
    """Code on spikes of the targets walks columns."""
    found = []
    for device in (("cpu", {}), EMULATED):
        use(*device)
        cells = NeuronGroup(40, "v : 1\nx : 1", threshold="x > 0.4", name="cells")
        cells.x = "rand()"
        code = {"on_pre": "v_post += 1", "on_post": "w += x_pre; v_pre += 1"}
        links = Synapses(cells, cells, "w : 1", **code, name="links")
        links.connect(n_total=3000)
        links.w = "rand()"
        if delay is not None:
            links.pre.delay = delay
        Network(cells, links).run(2 * ms)
        assert isinstance(links._data.store, DeviceStore) == (device is EMULATED)
        found.append([links.j[:], links.w[:], cells.v[:]])
    assert_equal(*found)


def test_more_pairs_than_there_are_raise_as_on_the_host():
    messages = []
    for device in (("cpu", {}), EMULATED):
        for rule in ({"n_total": 9000, "multapses": False}, {"out_degree": 91, "multapses": False}):
            use(*device)
            with pytest.raises(ModelError) as caught:
                connected(**rule)
            messages.append(str(caught.value))
    assert messages[:2] == messages[2:]


def test_too_many_synapses_of_a_pair_raise_as_on_the_host():
    messages = []
    for device in (("cpu", {}), EMULATED):
        use(*device)
        cells = NeuronGroup(2, "v : 1", threshold="False", name="cells")
        links = Synapses(cells, cells, "w : 1", on_pre="v += w", name="links")
        links.connect(n_total=6000)
        assert isinstance(links._data.rows, DeviceRows) == (device is EMULATED)
        with pytest.raises(ModelError, match="1024") as caught:
            links.w = "rand()"
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("rule", RULES[::4], ids=str)
@pytest.mark.parametrize("delay", [None, "rand()*1.5*ms"])
def test_nothing_of_the_size_of_the_synapses_crosses(traffic, rule, delay):
    rule = {name: 10 * value for name, value in rule.items()}
    objects = connected(**rule)
    links = objects[-1]
    n = len(links)
    links.w, links.k = "rand() + x_post", "i + 2*j"
    if delay is not None:
        links.delay = delay
    links.w["i > 20"] = "w + rand()"
    network = Network(*objects)
    network.run(1 * ms)
    links.w = "2*w + rand()"
    network.run(1 * ms)
    names = {name for _, name in traffic if name.startswith(("links", "rows", "text"))}
    starts = {"links.rows.row_start", "links.pre.classes", "links.rows.pair_start"}
    assert {name for name in names if "row_start" not in name} <= starts
    assert traffic.up_bytes < n  # less than a byte for each
    traffic.clear()
    links.w[:]
    order = [] if delay is None else [("down", "links.rows.order")]
    assert sorted(entry for entry in traffic if entry[1].startswith("links")) == [
        *order,
        ("down", "links.w"),
    ]


@pytest.mark.parametrize("limit", [2_000, 60_000, 120_000, 400_000])
def test_a_device_without_room_leaves_it_to_the_host(monkeypatch, limit):
    use("cpu", {})
    objects = connected(n_total=6000)
    objects[-1].w, objects[-1].delay = "rand()", "rand()*ms"
    objects[-1]._prepare(1)
    expected = state(*objects)[:6]
    device = open_emulated(limit=limit)
    monkeypatch.setattr(backend, "open_device", lambda options: device)
    use(*EMULATED)
    objects = connected(n_total=6000)
    links = objects[-1]
    assert isinstance(links._data.rows, DeviceRows) == (limit > 2_000)
    links.w, links.delay = "rand()", "rand()*ms"
    links._prepare(1)
    assert_equal(expected, state(*objects)[:6])


def test_memory_counts_the_order_that_repeated_pairs_keep(traffic):
    objects = connected(n_total=6000)
    links = objects[-1]
    links.delay = "rand()*1.5*ms"
    found = Network(*objects).memory()
    (order,) = [share for share in found.shares if share.what == "order of creation"]
    assert (order.name, order.n_bytes, order.n_values) == ("links", 4 * 6000, 6000)
    assert ("down", "links.rows.order") not in traffic
    links.delay = "0.3*ms"  # rows are in the order of creation
    found = Network(*objects).memory()
    assert not [share for share in found.shares if share.what == "order of creation"]
