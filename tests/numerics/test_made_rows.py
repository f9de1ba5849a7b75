"""Rows that are made anew on a device: pieces of rows, made in any order, are those of the rows.

Rows here have many pieces, of 128 targets or 64 random numbers; test_storage.py has short ones.
"""

from __future__ import annotations

import numpy as np
import pytest

from simgen import Network, NeuronGroup, Synapses, ms, seed, set_device, start_scope
from simgen.targets.cuda import backend
from simgen.targets.cuda.emulate import open_emulated

FIRED = "(i*7 + t_in_timesteps) % 11 == 3"
KERNEL = (np.arange(9 * 9 * 6) % 7 - 3.0).reshape(9, 9, 2, 3) / 4
RULES = {
    "p": {"p": 0.3},
    "p without self": {"condition": "i != j", "p": 0.2},
    "many": {"p": 0.97},
    "few": {"p": 0.001},
    "all": {},
    "all without self": {"autapses": False},
    "kernel": {"kernel": KERNEL, "shape": (11, 12, 2), "padding": 4},
    "kernel in one direction": {"kernel": np.arange(300.0), "padding": "same"},
}
CODES = {
    "sums": ("", "v_post += 1.5 + i"),
    "order": ("", "v_post = 0.5*v_post + i"),
    "rounded sums": ("", "v_post += 1.0/(1 + i + j)"),
    "to the source": ("", "x_pre += 0.5*g_post"),
    "within the source": ("", "x_pre = 0.5*x_pre + g_post"),
    "random numbers": ("", "v_post += floor(9*rand())"),
    "weights": ("w : 1", "v_post += w"),
}
N_SOURCES = 11 * 12 * 2
N_TARGETS = {"kernel": 11 * 12 * 3, "kernel in one direction": N_SOURCES}
N_STEPS = 12


@pytest.fixture(autouse=True)
def usual_device():
    """Leave the choice of devices as it was."""
    yield
    set_device("auto")
    start_scope()


@pytest.fixture(params=["forward", "reverse", "shuffled"])
def checked(monkeypatch, request):
    """Run threads and blocks of the device in this order; races raise whatever it is."""
    device = open_emulated(order=request.param, seed=3, check=True)
    monkeypatch.setattr(backend, "open_device", lambda options: device)


def play(storage, rule, code):
    """Run a network, of which parts are connected, and return what a run may have changed."""
    start_scope()
    seed(2)
    model, on_pre = CODES[code]
    if "kernel" in rule:
        model, on_pre = f"{model}\nk : 1 (kernel)", f"{on_pre}\nv_post += k"
    n_targets = N_TARGETS.get(rule, 700)
    source = NeuronGroup(N_SOURCES + 5, "x : 1", threshold=FIRED, reset="")
    target = NeuronGroup(n_targets + 90, "v : 1\ng : 1")
    target.g = "i % 3"
    synapses = Synapses(
        source[2 : N_SOURCES + 2],
        target[50 : n_targets + 50],
        model,
        on_pre=on_pre,
        storage=storage,
        delay=0.1 * ms,
    )
    synapses.connect(**RULES[rule])
    if "w" in model:
        synapses.w = "floor(64*rand())/8"
    Network(source, target, synapses).run(N_STEPS * 0.1 * ms)
    return source.x[:], target.v[:], len(synapses)


PAIRS = [*((rule, "sums") for rule in RULES), *(("p", code) for code in CODES if code != "sums")]
PAIRS += [("kernel", "order"), ("all without self", "order")]


@pytest.mark.usefixtures("checked")
@pytest.mark.parametrize(("rule", "code"), PAIRS)
@pytest.mark.filterwarnings("ignore")
def test_pieces_in_any_order_are_the_rows_that_would_be_kept(rule, code):
    """With ``deterministic=True`` sums that round are equal, too: each target has its order."""
    set_device("cpu", threads=1)
    kept = play("sparse", rule, code)
    set_device("cuda", emulate=True, deterministic=code == "rounded sums")
    made = play("procedural", rule, code)
    for one, other in zip(kept, made, strict=True):
        assert np.array_equal(one, other)
    assert np.any(kept[1]) or code in ("to the source", "within the source")


@pytest.mark.parametrize("rule", ["p", "kernel"])
@pytest.mark.parametrize("code", ["sums", "order"])
def test_parts_of_several_threads_make_their_own(rule, code):
    found = []
    for storage, threads in (("sparse", 1), ("procedural", 1), ("procedural", 5)):
        set_device("cpu", threads=threads)
        found.append(play(storage, rule, code))
    for made in found[1:]:
        assert all(np.array_equal(one, other) for one, other in zip(found[0], made, strict=True))


@pytest.mark.parametrize("name", ["cpu", "cuda", "reference"])
@pytest.mark.parametrize("rule", RULES)
def test_single_precision_makes_the_same_rows(name, rule):
    options = {"emulate": True} if name == "cuda" else {}
    found = []
    for storage in ("sparse", "procedural"):
        set_device(name, dtype="float32", **options)
        found.append(play(storage, rule, "sums"))
    assert found[0][1].dtype == np.float32
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize("sizes", [(1, 1), (1, 65), (2, 1)])
@pytest.mark.parametrize(
    "rule", [{}, {"p": 0.0}, {"p": 0.6}, {"condition": "i != j"}, {"condition": "i != j", "p": 0.5}]
)
def test_small_groups_and_empty_rows(sizes, rule):
    """A row of one target that is its own source is empty, and so may be those of any other."""

    def run_with(storage):
        start_scope()
        seed(4)
        source = NeuronGroup(5, "x : 1", threshold="True", reset="")
        target = NeuronGroup(70, "v : 1")
        ends = source[1 : 1 + sizes[0]], target[2 : 2 + sizes[1]]
        synapses = Synapses(*ends, on_pre="v_post += 1 + i", storage=storage)
        synapses.connect(**rule)
        Network(source, target, synapses).run(0.3 * ms)
        return target.v[:]

    assert np.array_equal(run_with("sparse"), run_with("procedural"))
