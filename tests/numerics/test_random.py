"""Random numbers: equal on all devices, tied to the seed, different in all places and steps."""

import numpy as np
import pytest

from simgen import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    get_seed,
    ms,
    run,
    seed,
    start_scope,
)
from simgen.errors import SimgenError

N = 200
_first: dict[str, np.ndarray] = {}


def drawn():
    """Return the values of a small network that draws in every kind of place."""
    start_scope()
    group = NeuronGroup(
        N,
        """v : 1
           w : 1
           n : integer
           du/dt = -u/(5*ms) + xi*ms**-0.5 : 1
           f = rand() : 1 (constant over dt)""",
        threshold="rand() < 0.1",
        reset="w = randn()",
        method="euler",
    )
    group.run_regularly("v = rand() + f; n = poisson(3.0)")
    source = PoissonGroup(N, 500 * Hz)
    synapses = Synapses(source, group, "s : 1", on_pre="s = rand()")
    synapses.connect(p=0.05)
    synapses.delay = "rand()*ms"
    group.u = "randn()"
    spikes, inputs = SpikeMonitor(group), SpikeMonitor(source)
    Network(group, source, synapses, spikes, inputs).run(3 * ms)
    return {
        "v": group.v[:],
        "w": group.w[:],
        "n": group.n[:],
        "u": group.u[:],
        "s": synapses.s[:],
        "delay": np.asarray(synapses.delay[:]),
        "pairs": synapses.i[:] * N + synapses.j[:],
        "spikes": spikes.i[:] + N * np.round(spikes.t / ms * 10),
        "inputs": inputs.i[:] + N * np.round(inputs.t / ms * 10),
    }


def test_values_are_equal_on_all_devices(device):
    seed(17)
    values = drawn()
    first = _first or values
    for name, expected in first.items():
        if name in ("u", "w"):  # through log and sin, which libraries round differently
            np.testing.assert_allclose(values[name], expected, rtol=1e-12, atol=1e-13)
        else:
            np.testing.assert_array_equal(values[name], expected)
    _first.update(first)
    if device != "reference":
        return
    assert np.unique(values["v"]).size == N
    assert values["n"].mean() == pytest.approx(3, abs=5 * np.sqrt(3 / N))
    assert np.unique(values["delay"]).size > 5


@pytest.mark.usefixtures("device")
def test_a_script_seeded_twice_gives_the_same_numbers():
    seed(5)
    first = drawn()
    second = drawn()
    seed(5)
    third = drawn()
    for name in first:
        np.testing.assert_array_equal(first[name], third[name])
    assert not np.array_equal(first["v"], second["v"])
    assert not np.array_equal(first["pairs"], second["pairs"])
    assert get_seed() == 5


@pytest.mark.usefixtures("device")
def test_a_seed_counts_from_the_next_run_on():
    values = []
    for seeds in ((3, 4), (3, 3), (3, None)):
        seed(1)
        start_scope()
        group = NeuronGroup(N, "v : 1")
        group.run_regularly("v = rand()")
        net = Network(group)
        for number in seeds:
            if number is not None:
                seed(number)
            net.run(0.1 * ms)
        values.append(group.v[:].copy())
    assert not np.any(values[0] == values[1])
    np.testing.assert_array_equal(values[1], values[2])  # run() itself never starts anew


def test_two_assignments_differ_and_rebuilt_trials_differ():
    seed(2)
    group = NeuronGroup(N, "v : 1\nw : 1")
    group.v = "rand()"
    first = group.v[:].copy()
    group.v = "rand()"
    assert not np.any(first == group.v[:])
    group.w = "rand() - rand()"
    assert not np.any(group.w[:] == 0)
    group.v[:50] = "rand()"
    assert np.unique(group.v[:]).size == N
    trials = []
    for _ in range(10):
        start_scope()
        made = NeuronGroup(N, "v : 1")
        made.v = "randn()"
        synapses = Synapses(made, made)
        synapses.connect(p=0.1)
        trials.append((made.v[:].tobytes(), synapses.i[:].tobytes()))
    assert len({state for state, _ in trials}) == 10
    assert len({pairs for _, pairs in trials}) == 10


@pytest.mark.usefixtures("device")
def test_two_halves_are_bit_for_bit_one_run():
    results = []
    for parts in ([2.0], [1.0, 1.0], [0.3, 0.05, 0.05, 1.6]):
        seed(9)
        start_scope()
        group = NeuronGroup(
            N,
            "dv/dt = (1.2 - v)/(5*ms) + 0.3*xi*ms**-0.5 : 1",
            threshold="v > 1",
            reset="v = 0",
            refractory=0.4 * ms,
            method="euler",
        )
        group.v = "rand()"
        synapses = Synapses(group, group, "w : 1", on_pre="v += w*rand()")
        synapses.connect(p=0.1)
        synapses.w = 0.05
        synapses.delay = "rand()*ms"
        spikes = SpikeMonitor(group)
        state = StateMonitor(group, "v", record=[0, 199])
        net = Network(group, synapses, spikes, state)
        for part in parts:
            net.run(part * ms)
        results.append((group.v[:].tobytes(), spikes.i[:].tobytes(), state.v.tobytes()))
        assert spikes.num_spikes > 100
    assert results[0] == results[1] == results[2]


@pytest.mark.usefixtures("device")
def test_every_use_step_and_element_has_its_own_sample():
    group = NeuronGroup(N, "a : 1\nb : 1\nc : 1")
    group.run_regularly("a = rand(); b = rand(); c = rand() - rand()")
    state = StateMonitor(group, ["a", "b", "c"], record=True, when="end")
    run(0.5 * ms)
    assert np.unique(np.concatenate([state.a, state.b])).size == 2 * N * 5
    assert np.all(state.c != 0)
    assert state.a.mean() == pytest.approx(0.5, abs=5 / np.sqrt(12 * N * 5))
    assert abs(np.corrcoef(state.a.ravel(), state.b.ravel())[0, 1]) < 5 / np.sqrt(N * 5)


@pytest.mark.usefixtures("device")
def test_subgroups_draw_what_their_parent_would():
    values = []
    for whole in (True, False):
        seed(4)
        start_scope()
        group = NeuronGroup(N, "v : 1")
        part = group[130:]
        (group if whole else part).run_regularly("v = rand()")
        run(0.1 * ms)
        values.append(group.v[130:].copy())
    np.testing.assert_array_equal(*values)


def test_noise_may_stand_in_a_subexpression_of_a_differential_equation(device):
    """As in Spreizer et al. (2019): it is put in, so that equations share or do not share it."""

    def values(model):
        start_scope()
        seed(5)
        group = NeuronGroup(5, model, method="euler", name="group", namespace={"tau": 10 * ms})
        Network(group).run(1 * ms)
        return group.v[:]

    direct = values("dv/dt = (2 - v + 0.5*sqrt(tau)*xi_pop)/tau : 1")
    through = values(
        """dv/dt = (-v + input)/tau : 1
           input = 2 + noise : 1
           noise = 0.5*sqrt(tau)*xi_pop : 1"""
    )
    np.testing.assert_allclose(through, direct, rtol=1e-13)
    assert np.std(direct) > 0


@pytest.mark.parametrize(
    "use",
    [
        {"threshold": "b > 1", "reset": ""},
        {"threshold": "v > 1", "reset": "v = b"},
        {"model": "dv/dt = (b - v)/tau : 1\nb = xi*sqrt(tau) : 1 (constant over dt)"},
    ],
    ids=["threshold", "reset", "stored"],
)
def test_noise_in_a_subexpression_is_of_no_use_elsewhere(use):
    model = "dv/dt = (b - v)/tau : 1\nb = xi*sqrt(tau) : 1"
    group = NeuronGroup(1, **({"model": model} | use), method="euler", namespace={"tau": 10 * ms})
    with pytest.raises(SimgenError, match="only be used in a differential equation") as caught:
        Network(group).run(1 * ms)
    assert "xi*sqrt(tau)" in str(caught.value)
