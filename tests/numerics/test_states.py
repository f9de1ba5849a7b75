"""get_states and set_states: values by name, of objects and networks, on every target."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import simgen
from simgen import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PopulationRateMonitor,
    Quantity,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    mV,
)
from simgen.errors import (
    ArgumentTypeError,
    DimensionMismatchError,
    ModelError,
    UnknownAttributeError,
    UnknownNameError,
    UnsupportedFeatureError,
)

TIME = {"N", "i", "t", "dt", "t_in_timesteps"}


def model() -> SimpleNamespace:
    simgen.start_scope()
    group = NeuronGroup(
        4,
        """dv/dt = -v/(1*ms) : volt
        double = 2*v : volt
        held = v*1 : volt (constant over dt)
        shared : 1 (shared)
        kind : integer (constant)
        flag : boolean""",
        threshold="v > 3*mV",
        reset="v = 0*mV",
        refractory=1 * ms,
        name="G",
    )
    group.v = [1, 2, 3, 4] * mV
    group.kind = [3, 1, 2, 0]
    twin = NeuronGroup(4, "kind : integer (linked)", name="L")
    twin.kind = simgen.linked_var(group, "kind")
    synapses = Synapses(
        group, group, "w : volt\ndx/dt = -x/ms : 1 (event-driven)", on_pre="x += 1", name="S"
    )
    synapses.connect(i=[2, 0], j=[1, 3])
    parts = {
        "group": group,
        "twin": twin,
        "synapses": synapses,
        "generator": SpikeGeneratorGroup(2, [1, 0], [0.2, 0.1] * ms, name="E"),
        "poisson": PoissonGroup(3, [1, 2, 3] * Hz, name="P"),
        "trace": StateMonitor(group, ["v", "shared"], record=[1, 3], name="M"),
        "spikes": SpikeMonitor(group, "v", name="K"),
        "counter": SpikeMonitor(group, record=False, name="C"),
        "rate": PopulationRateMonitor(group, name="R"),
    }
    return SimpleNamespace(**parts, net=Network(parts))


def test_values_by_name_are_copies_of_the_state_and_can_be_given_back(device: str) -> None:
    made = model()
    made.net.run(0.3 * ms)
    states = made.net.get_states()

    group = states["G"]
    own = {"v", "held", "shared", "kind", "flag", "lastspike", "not_refractory"}
    assert set(group) == TIME | own
    assert group["N"] == 4
    assert group["t"] == 0.3 * ms
    assert group["t_in_timesteps"] == 3
    np.testing.assert_array_equal(group["v"], made.group.v[:])
    np.testing.assert_allclose(group["v"] / mV, [*np.exp(-0.3) * np.arange(1, 4), 0])
    np.testing.assert_array_equal(group["not_refractory"], [True, True, True, False])
    assert group["shared"].shape == ()
    assert group["kind"].dtype == np.int32
    np.testing.assert_array_equal(states["L"]["kind"], [3, 1, 2, 0])

    assert set(states["S"]) == TIME | {
        *("w", "x", "j", "N_pre", "N_post", "N_incoming", "N_outgoing", "lastupdate")
    }
    np.testing.assert_array_equal(states["S"]["i"], [2, 0])
    np.testing.assert_array_equal(states["S"]["j"], [1, 3])
    np.testing.assert_array_equal(states["P"]["rates"] / Hz, [1, 2, 3])
    np.testing.assert_array_equal(states["E"]["neuron_index"], [1, 0])
    np.testing.assert_allclose(states["E"]["spike_time"] / ms, [0.2, 0.1])
    assert states["M"]["v"].shape == (3, 2)  # times, elements
    np.testing.assert_array_equal(states["M"]["v"], made.trace.v.T)
    np.testing.assert_array_equal(states["M"]["shared"], np.zeros((3, 2)))
    np.testing.assert_array_equal(states["K"]["i"], [3])
    np.testing.assert_array_equal(states["K"]["v"], made.spikes.v)
    np.testing.assert_array_equal(states["C"]["count"], [0, 0, 0, 1])
    assert set(states["C"]) == {"count", "N"}
    np.testing.assert_allclose(states["R"]["rate"] / Hz, [2500, 0, 0])

    writable = made.net.get_states(read_only_variables=False, units=False)
    assert set(writable["G"]) == {"v", "shared", "kind", "flag", "lastspike"}
    assert set(writable["S"]) == {"w", "x"}
    assert writable["L"] == writable["E"] == writable["M"] == {}
    assert type(writable["G"]["v"]) is np.ndarray
    assert set(made.group.get_states(subexpressions=True)) == TIME | own | {"double"}
    np.testing.assert_array_equal(made.group.get_states("double")["double"], 2 * made.group.v[:])
    assert list(made.synapses.get_states(["v_post", "delay"])) == ["v_post", "delay"]
    np.testing.assert_array_equal(
        made.synapses.get_states(["v_post"])["v_post"], made.group.v[:][[1, 3]]
    )

    writable["G"]["v"] += 1  # a copy
    assert made.group.v[0] < 1 * mV
    made.net.set_states({"G": {"v": [5, 6, 7, 8] * mV, "shared": 2, "flag": True}})
    made.synapses.set_states({"w": [1, 2], "delay": 3e-4}, units=False)
    made.net.run(0.1 * ms)
    np.testing.assert_array_equal(made.group.v / mV, [0, 0, 0, 8 * np.exp(-0.1)])
    assert made.group.flag[:].all()
    assert made.group.shared == 2
    np.testing.assert_array_equal(made.synapses.w_, [1, 2])
    np.testing.assert_allclose(made.synapses.delay / ms, 0.3)
    made.net.set_states(states_of(made.net, writable), units=False)
    np.testing.assert_array_equal(made.group.v_, writable["G"]["v"])


def states_of(net: Network, states: dict) -> dict:
    return {name: states[name] for name in ("G", "S", "P", "L")}


def test_a_part_gives_and_takes_its_own_elements() -> None:
    made = model()
    part = made.group[1:3]
    states = part.get_states()
    np.testing.assert_array_equal(states["i"], [0, 1])
    np.testing.assert_array_equal(states["v"] / mV, [2, 3])
    assert states["N"] == 2
    part.set_states({"v": [8, 9] * mV})
    np.testing.assert_array_equal(made.group.v / mV, [1, 8, 9, 4])


def test_synapses_that_are_not_connected_give_and_take_nothing() -> None:
    group = NeuronGroup(2, "v : 1", threshold="v > 1", reset="")
    synapses = Synapses(group, group, "w : 1")
    states = synapses.get_states(read_only_variables=False)
    assert states["w"].shape == (0,)
    synapses.set_states(states)
    with pytest.raises(ModelError, match="needs 0 values, but 2"):
        synapses.set_states({"w": [1, 2]})


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda m: m.group.get_states(["vv"]), UnknownNameError, ["'vv'", "'G'", "mean 'v'"]),
        (lambda m: m.group.get_states([3]), ArgumentTypeError, ["'G'", "[3]"]),
        (lambda m: m.group.get_states(format="csv"), UnsupportedFeatureError, ["'csv'", "'G'"]),
        (lambda m: m.group.set_states({"vv": 1}), UnknownNameError, ["'vv'", "'G'"]),
        (lambda m: m.group.set_states([1]), ArgumentTypeError, ["[1]", "'G'"]),
        (lambda m: m.group.set_states({"v": 1}), DimensionMismatchError, ["'v'", "'G'"]),
        (lambda m: m.group.set_states({"v": 1 * ms}), DimensionMismatchError, ["'v'", "'G'"]),
        (
            lambda m: m.group.set_states({"v": 1 * mV}, units=False),
            DimensionMismatchError,
            ["'v'", "'G'", "units=False"],
        ),
        (lambda m: m.group.set_states({"v": [1, 2] * mV}), ModelError, ["'v'", "'G'", "4", "2"]),
        (lambda m: m.group.set_states({"v": np.inf * mV}), ModelError, ["'v'", "'G'", "inf"]),
        (lambda m: m.group.set_states({"shared": [1, 2]}), ModelError, ["'shared'", "1 values"]),
        (lambda m: m.group.set_states({"kind": 0.5}), ArgumentTypeError, ["'kind'", "0.5"]),
        (
            lambda m: m.group.set_states(m.group.get_states()),
            UnknownAttributeError,
            ["'N'", "'G'", "read_only_variables=False"],
        ),
        (lambda m: m.group.set_states({"held": 1 * mV}), UnknownAttributeError, ["'held'"]),
        (lambda m: m.group.set_states({"double": 1}), UnknownAttributeError, ["subexpression"]),
        (lambda m: m.twin.set_states({"kind": 1}), UnknownAttributeError, ["'kind'", "'L'"]),
        (lambda m: m.spikes.set_states({"i": 1}), UnknownAttributeError, ["'i'", "'K'"]),
        (lambda m: m.trace.set_states({"x": 1}), UnknownNameError, ["'x'", "'M'"]),
        (lambda m: m.synapses.set_states({"v_post": 1 * mV}), UnknownAttributeError, ["v_post"]),
        (lambda m: m.net.set_states({"H": {}}), UnknownNameError, ["'H'"]),
        (lambda m: m.net.set_states([]), ArgumentTypeError, ["[]"]),
        (
            lambda m: m.net.set_states({"G": {"v": 1 * mV, "flag": True}, "S": {"w": 1 * ms}}),
            DimensionMismatchError,
            ["'w'", "'S'"],
        ),
        (
            lambda m: m.group.set_states({"v": 1 * mV, "flag": 3}),
            ArgumentTypeError,
            ["'flag'", "3"],
        ),
    ],
)
def test_what_cannot_be_given_or_set_is_refused_and_nothing_changes(act, error, words) -> None:
    made = model()
    with pytest.raises(error) as caught:
        act(made)
    for word in words:
        assert word in str(caught.value)
    np.testing.assert_array_equal(made.group.v / mV, [1, 2, 3, 4])
    assert not made.group.flag[:].any()


class TestTables:
    @pytest.fixture(autouse=True)
    def _pandas(self) -> None:
        pytest.importorskip("pandas")

    def test_there_and_back(self) -> None:
        made = model()
        table = made.group.get_states(format="pandas", units=False)
        assert list(table["i"]) == [0, 1, 2, 3]
        assert list(table["N"]) == [4] * 4
        writable = made.group.get_states(format="pandas", units=False, read_only_variables=False)
        writable["v"] *= 2
        made.group.set_states(writable, format="pandas", units=False)
        np.testing.assert_array_equal(made.group.v / mV, [2, 4, 6, 8])
        assert np.asarray(made.group.kind).dtype == np.int32

    @pytest.mark.parametrize(
        ("act", "error", "words"),
        [
            (
                lambda m: m.group.get_states(format="pandas"),
                UnsupportedFeatureError,
                ["units=False"],
            ),
            (
                lambda m: m.trace.get_states(format="pandas", units=False),
                ModelError,
                ["'v'", "'M'", "shape"],
            ),
            (
                lambda m: m.spikes.get_states(format="pandas", units=False),
                ModelError,
                ["'K'", "'count' 4", "'i' 0"],
            ),
            (
                lambda m: m.group.set_states({"v": 1}, format="pandas", units=False),
                ArgumentTypeError,
                ["DataFrame", "'G'"],
            ),
        ],
    )
    def test_refusals(self, act, error, words) -> None:
        with pytest.raises(error) as caught:
            act(model())
        for word in words:
            assert word in str(caught.value)

    def test_one_row_where_all_values_are_single(self) -> None:
        table = model().group.get_states(["shared", "N"], format="pandas", units=False)
        assert table.shape == (1, 2)

    def test_a_shared_column_must_be_one_value(self) -> None:
        made = model()
        table = made.group.get_states(["v", "shared"], format="pandas", units=False)
        table["shared"] = [1.0, 2.0, 3.0, 4.0]
        with pytest.raises(ModelError, match="'shared' of NeuronGroup 'G'"):
            made.group.set_states(table, format="pandas", units=False)


def test_tables_without_pandas_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    made = model()
    with pytest.raises(UnsupportedFeatureError, match="pip install pandas"):
        made.group.get_states(format="pandas", units=False)
    with pytest.raises(UnsupportedFeatureError, match="pip install pandas"):
        made.group.set_states({}, format="pandas", units=False)
    assert isinstance(made.group.get_states()["v"], Quantity)
