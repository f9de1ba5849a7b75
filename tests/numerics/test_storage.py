"""Synapses(..., storage=...): every way of keeping targets gives the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from simgen import (
    ModelError,
    Network,
    NeuronGroup,
    StateMonitor,
    Synapses,
    ms,
    seed,
    set_device,
    start_scope,
)

T = 2 * ms
FIRED = "(i*7 + t_in_timesteps) % 5 == 3"
ANSWERED = "(i*3 + t_in_timesteps) % 7 == 3"


def build(storage, model="", subgroups=True, **keywords):
    """Return a network of synapses that all depend on their two neurons, and its objects.

    Threads divide groups at multiples of 64 neurons, which lie within the parts that are connected.
    """
    start_scope()
    seed(1)
    source = NeuronGroup(73 if subgroups else 5, "x : 1\nc : 1", threshold=FIRED, reset="x += 1")
    target = NeuronGroup(150, "v : 1\ns : 1\ng : 1", threshold=ANSWERED, reset="v *= 0.5")
    source.c, target.g = "i % 4", "i % 3"
    ends = (source[60:69], target[3:141]) if subgroups else (source, target)
    synapses = Synapses(*ends, model, storage=storage, name="syn", **keywords)
    return Network(source, target, synapses), source, target, synapses


def state(net, source, target, synapses):
    """Return all that a run may have changed, as arrays."""
    del net
    found = {"x": source.x[:], "v": target.v[:], "s": target.s[:]}
    found |= {"i": synapses.i[:], "j": synapses.j[:]}
    names = [*synapses.variables, *synapses._kernel.variables]
    return found | {name: np.array(getattr(synapses, name)[:]) for name in names}


def assert_equal(one, other):
    assert one.keys() == other.keys()
    wrong = [name for name in one if not np.array_equal(one[name], other[name])]
    assert wrong == []


STDP = """w : 1
dapre/dt = -apre/(20*ms) : 1 (event-driven)
dapost/dt = -apost/(20*ms) : 1 (event-driven)"""
DENSE = {
    "constant": {"on_pre": "v_post += 1.5"},
    "weights": {"model": "w : 1", "on_pre": "v_post += w"},
    "whole groups": {"model": "w : 1", "on_pre": "v_post += w", "subgroups": False},
    "weights that change": {"model": "w : 1", "on_pre": "v_post += w\nw += g_post - c_pre"},
    "own past": {"model": "w : 1", "on_pre": "w += v_post\nv_post += w", "delay": 0.2 * ms},
    "to the source": {"model": "w : 1", "on_pre": "x_pre += w + g_post"},
    "events of the target": {"model": "w : 1", "on_pre": "v_post += w", "on_post": "w += c_pre"},
    "column alone": {"model": "w : 1", "on_post": "w += 0.5"},
    "both with delays": {
        "model": "w : 1",
        "on_pre": "v_post += w",
        "on_post": "w -= x_pre",
        "delay": {"pre": 0.3 * ms, "post": 0.1 * ms},
    },
    "traces": {
        "model": STDP,
        "on_pre": "v_post += w\napre += 0.5\nw += apost",
        "on_post": "apost += 0.25\nw -= apre",
        "delay": 0.2 * ms,
    },
    "random numbers": {"model": "w : 1", "on_pre": "w += rand()\nv_post += floor(9*rand())"},
    "sums": {"model": "w : 1\ns_post = w * c_pre : 1 (summed)", "on_pre": "w += 1"},
    "equations": {"model": "dw/dt = (c_pre - w)/(1*ms) : 1 (clock-driven)", "on_pre": "w += 1"},
    "flags": {"model": "w : 1\nk : integer\nb : boolean", "on_pre": "k += 1\nb = not b"},
    "several pathways": {
        "model": "w : 1",
        "on_pre": {"up": "v_post += w", "down": "v_post -= 0.5"},
        "delay": {"up": 0.1 * ms, "down": 0.4 * ms},
    },
    "order": {"model": "w : 1", "on_pre": "v_post = 0.5*v_post + w"},
    "order in columns": {"model": "w : 1", "on_post": "v_post = 0.5*v_post + w"},
}


def run_dense(storage, options):
    parts = build(storage, **options)
    net, _, _, synapses = parts
    synapses.connect()
    if "w" in synapses.variables:
        synapses.w = "floor(16*rand())/4"
    net.run(T)
    if "w" in synapses.variables:
        synapses.w["i == j"] = 0
        synapses.w[3, :] = 2
        synapses.run_now("w += 0.25*j")
    net.run(T)
    return state(*parts)


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize("name", DENSE)
@pytest.mark.filterwarnings("ignore")
def test_dense_rows_do_what_stored_rows_do(name):
    assert_equal(run_dense("sparse", DENSE[name]), run_dense("dense", DENSE[name]))


@pytest.mark.usefixtures("device")
@pytest.mark.filterwarnings("ignore")
def test_a_row_that_changes_its_own_source_goes_on_with_what_it_has_become():
    def run_with(storage):
        start_scope()
        group = NeuronGroup(70, "v : 1", threshold="i % 23 == 20", reset="")
        group.v = "i"
        synapses = Synapses(group, group, on_pre="v_post += v_pre", storage=storage)
        synapses.connect()
        Network(group, synapses).run(0.3 * ms)
        return group.v[:]

    assert np.array_equal(run_with("sparse"), run_with("dense"))


@pytest.mark.usefixtures("device")
def test_monitors_and_code_between_steps_find_dense_synapses():
    def recorded(storage):
        net, *parts = build(storage, "w : 1\nu = w + v_post*c_pre : 1", on_pre="v_post += w")
        synapses = parts[-1]
        synapses.connect()
        synapses.w = "i - 2*j"
        synapses.run_regularly("w += 0.5*sum_over_post(int(w > 0))", dt=0.5 * ms)
        monitor = StateMonitor(synapses, ("w", "u"), record=synapses[3:5, 2:9:3])
        net.add(monitor)
        net.run(T)
        return {**state(net, *parts), "mw": monitor.w[:], "mu": monitor.u[:]}

    assert_equal(recorded("sparse"), recorded("dense"))


@pytest.mark.usefixtures("device")
def test_dense_synapses_follow_changes_of_delay_and_keep_spikes_under_way():
    def changed(storage):
        parts = build(storage, "w : 1", on_pre="v_post += w", on_post="w += 0.25")
        net, _, _, synapses = parts
        synapses.connect()
        synapses.w = "floor(16*rand())/4"
        synapses.pre.delay = 0.7 * ms
        net.run(T)
        synapses.pre.delay = 0.2 * ms
        synapses.post.delay = "(i + j % 3) * 0.1*ms"
        net.run(T)
        return state(*parts)

    assert_equal(changed("sparse"), changed("dense"))


def test_dense_synapses_move_with_the_number_of_threads():
    def moved(storage, threads):
        set_device("cpu", threads=1)
        parts = build(storage, "w : 1", on_pre="v_post += w", on_post="w += 0.25*c_pre")
        parts[-1].connect()
        parts[-1].w = "i + 100*j"
        for number in threads:
            set_device("cpu", threads=number)
            parts[0].run(T)
        return state(*parts)

    try:
        wanted = moved("sparse", (1, 1, 1))
        assert_equal(wanted, moved("dense", (1, 1, 1)))
        assert_equal(wanted, moved("dense", (2, 3, 1)))
        assert_equal(wanted, moved("dense", (7, 2, 5)))
    finally:
        set_device("auto")


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize("storage", ["dense", "procedural"])
def test_what_was_stored_goes_on(storage, tmp_path):
    model = "w : 1" if storage == "dense" else "w = 1 + i : 1"

    def made(value):
        parts = build(storage, model, on_pre="v_post += w", delay=0.3 * ms)
        parts[-1].connect()
        if storage == "dense":
            parts[-1].w = value
        return parts

    first = made("i + j")
    first[0].run(T)
    first[0].store("here", tmp_path / "state")
    first[0].run(T)
    wanted = state(*first)
    second = made("-1")
    second[0].restore("here", tmp_path / "state")
    assert second[-1]._data.rule == first[-1]._data.rule
    second[0].run(T)
    assert_equal(wanted, state(*second))


@pytest.mark.parametrize("storage", ["sparse", "dense"])
def test_dense_synapses_keep_no_targets(storage):
    set_device("cpu", threads=2)
    try:
        net, *_, synapses = build(storage, STDP, on_pre="apre += w", on_post="apost += apre")
        synapses.connect()
        net.run(T)
        arrays = net._compiled.memory.arrays
        bytes_of = sum(a.nbytes for n, a in arrays.items() if n.startswith("syn.rows."))
        kept = {n for n in ("targets", "col_pos", "col_src") if f"syn.rows.{n}" in arrays}
    finally:
        set_device("auto")
    if storage == "dense":
        assert kept == set()
        assert bytes_of == 8 * (2 * 9 + 1) + 8 * 151  # starts of rows and columns
    else:
        assert "targets" in kept


# --- rows that are made for each spike ------------------------------------------------------------

KERNEL = (np.arange(36) % 7 - 3.0).reshape(3, 2, 2, 3) / 4
RULES = {
    "p": {"p": 0.3},
    "p without self": {"condition": "i != j", "p": 0.2},
    "many": {"p": 0.97},
    "none": {"p": 0.0},
    "all": {},
    "all without self": {"autapses": False},
    "kernel": {"kernel": KERNEL, "shape": (4, 5, 2), "padding": "same", "stride": (1, 2)},
    "kernel in one direction": {"kernel": [1.0, 2, 4], "padding": 1},
    "kernel in three directions": {"kernel": KERNEL[..., 0], "shape": (4, 5, 2), "padding": "full"},
    "wide stride": {"kernel": [[1.0], [2.0]], "shape": (8, 5), "stride": 3},
}
CODES = {
    "constant": ("", "v_post += 1.5"),
    "formula": ("w = 1.5 + i - 2*j : 1", "v_post += w"),
    "ends": ("w = c_pre*g_post : 1\ng0 : 1 (shared)", "v_post += w + g0"),
    "to the source": ("", "x_pre += g_post"),
    "random numbers": ("", "v_post += floor(9*rand())"),
    "order": ("", "v_post = 0.5*v_post + i"),
    "condition": ("", "v_post += int(g_post > c_pre)\ns_post = clip(s_post + i, 0, 9)"),
}
N_TARGETS = {"kernel": 36, "kernel in one direction": 40, "wide stride": 6}
N_TARGETS["kernel in three directions"] = 6 * 6 * 3


def run_made(storage, rule, code):
    start_scope()
    seed(1)
    model, on_pre = CODES[code]
    if "kernel" in RULES[rule]:
        model, on_pre = f"{model}\nk : 1 (kernel)", f"{on_pre}\nv_post += k"
        sizes = 40, N_TARGETS[rule]
    else:
        sizes = 17, 23
    source = NeuronGroup(sizes[0] + 5, "x : 1\nc : 1", threshold=FIRED, reset="x += 1")
    target = NeuronGroup(sizes[1] + 59, "v : 1\ns : 1\ng : 1")
    source.c, target.g = "i % 4", "i % 3"
    synapses = Synapses(
        source[2 : sizes[0] + 2],
        target[50 : sizes[1] + 50],  # threads divide the group at 64
        model,
        on_pre=on_pre,
        storage=storage,
        delay=0.2 * ms,
    )
    synapses.connect(**RULES[rule])
    net = Network(source, target, synapses)
    net.run(T)
    net.run(T)
    return state(net, source, target, synapses)


PAIRS = [*((rule, "formula") for rule in RULES), *(("p", code) for code in CODES)]


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize(("rule", "code"), PAIRS)
@pytest.mark.filterwarnings("ignore")
def test_rows_made_anew_are_those_that_would_be_kept(rule, code):
    kept = run_made("sparse", rule, code)
    assert_equal(kept, run_made("procedural", rule, code))
    assert rule == "none" or np.any(kept["v"] != 0) or code == "to the source"


FORMULAS = ["floor(64*rand())/8", "scale*(i - 2*j)", "c_pre*g_post + floor(4*randn())", 1.5]


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize("formula", FORMULAS)
def test_values_made_anew_are_those_that_would_be_kept(formula):
    def run_with(storage):
        scale = 0.5
        parts = build(storage, "w : 1\nu : 1 (constant)", on_pre="v_post += u*w")
        net, _, target, synapses = parts
        synapses.connect(p=0.4)
        synapses.w, synapses.u = formula, 2
        found = [synapses.w[:], synapses.w[3], synapses.w["i > j"]]
        net.run(T)
        synapses.u = "floor(3*rand())"
        synapses.w_ = 0.25 * scale
        net.run(T)
        return [*found, synapses.u[:], synapses.w[:], target.v[:]]

    kept, made = run_with("sparse"), run_with("procedural")
    assert all(np.array_equal(one, other) for one, other in zip(kept, made, strict=True))
    assert np.any(kept[-1] != 0)


@pytest.mark.usefixtures("device")
def test_constants_of_expressions_are_those_of_the_assignment():
    def run_with(storage):
        parts = build(storage, "w : 1", on_pre="v_post += w")
        net, _, target, synapses = parts
        synapses.connect()
        scale = 2
        synapses.w = "scale*i"
        scale = 3
        net.run(T)
        return target.v[:], synapses.w[:], scale

    for kept, made in zip(run_with("sparse"), run_with("procedural"), strict=True):
        assert np.array_equal(kept, made)


def test_other_expressions_are_not_restored(tmp_path):
    def made(text, first_seed):
        parts = build("procedural", "w : 1", on_pre="v_post += w")
        seed(1)
        parts[-1].connect(p=0.5)
        seed(first_seed)
        parts[-1].w = text
        return parts[0]

    made("rand()", 5).store("here", tmp_path / "state")
    made("rand()", 5).restore("here", tmp_path / "state")
    for text, first_seed in (("rand()", 6), ("2*rand()", 5)):
        with pytest.raises(ModelError, match="'w'"):
            made(text, first_seed).restore("here", tmp_path / "state")


def test_rows_made_anew_take_little_memory():
    start_scope()
    source = NeuronGroup(300, "x : 1", threshold="i == 7", reset="")
    target = NeuronGroup(70_000, "v : 1")
    synapses = Synapses(source, target, on_pre="v_post += 1", storage="procedural")
    synapses.connect(p=0.5)
    set_device("cpu", threads=2)
    try:
        net = Network(source, target, synapses)
        net.run(0.1 * ms)
        arrays = net._compiled.memory.arrays
        bytes_of = sum(a.nbytes for n, a in arrays.items() if n.startswith(f"{synapses.name}."))
    finally:
        set_device("auto")
    assert len(synapses) > 10_000_000
    assert bytes_of < 0.07 * len(synapses)  # 4 for 64 of them: where rows can be entered
    assert target.v[:].sum() == synapses.N_outgoing_pre[7]
