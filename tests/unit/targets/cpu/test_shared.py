"""Which kernels share a function, and how their calls become loops."""

import numpy as np
import pytest

import simgen
from simgen import Network, NeuronGroup, Synapses, ms
from simgen.api import network
from simgen.targets import shared
from simgen.targets.cpu.lower import lower_program

TEXT = """// {name}: what it is
static void k_{name}(const sg_state *S) {{
  {kind} *a_{name}__v = ({kind} *)S->arrays[{v}];
  const {kind} *a_{other}__w = (const {kind} *)S->arrays[{w}];
  a_{name}__v[0] += a_{other}__w[0] * {number} + S->reals[{real}];  // [reset of {name}]
}}
"""


def text(name, v, w, real, other=None, kind="double", number="0.5"):
    values = {"name": name, "other": other or f"{name}x", "kind": kind, "number": number}
    return TEXT.format(**values, v=v, w=w, real=real)


@pytest.fixture(autouse=True)
def from_two(monkeypatch):
    monkeypatch.setattr(shared, "SHARED_FROM", 2)


def test_kernels_that_differ_in_names_and_places_share_a_function():
    texts = {
        "one": text("one", 3, 7, 1),
        "two": text("two", 5, 0, 4),
        "three": text("three", 9, 8, 1),
    }
    found = shared.share(texts)
    assert len(found.functions) == 1
    assert found.calls == {"one": ("k_one", 0), "two": ("k_one", 1), "three": ("k_one", 2)}
    assert [view.arrays for view in found.views] == [(3, 7), (5, 0), (9, 8)]
    assert [view.reals for view in found.views] == [(1,), (4,), (1,)]
    assert "a_one__v = (double *)S->arrays[0]" in found.functions[0]
    assert "a_onex__w = (const double *)S->arrays[1]" in found.functions[0]
    assert "// shared by 3 kernels, also by two, three\n" in found.functions[0]


@pytest.mark.parametrize(
    "other",
    [
        text("two", 5, 0, 4, number="0.25"),
        text("two", 5, 0, 4, kind="float"),
        text("two", 5, 5, 4),  # one array under two names
        text("two", 5, 0, 4).replace("+=", "-="),
    ],
    ids=["number", "type", "same place", "operator"],
)
def test_others_do_not(other):
    texts = {"one": text("one", 3, 7, 1), "two": other}
    found = shared.share(texts)
    assert found.functions == tuple(texts.values())
    assert found.calls == {"one": ("k_one", None), "two": ("k_two", None)}
    assert found.views == ()


def test_a_few_keep_their_own_names(monkeypatch):
    monkeypatch.setattr(shared, "SHARED_FROM", 3)
    texts = {"one": text("one", 3, 7, 1), "two": text("two", 5, 0, 4)}
    assert shared.share(texts).functions == tuple(texts.values())


def source(count):
    """Return the C++ of so many equal populations in a chain."""
    groups = [
        NeuronGroup(
            10 + k, "dv/dt = -v/(5*ms) : 1", threshold="v > 1", reset="v = 0", refractory=1 * ms
        )
        for k in range(count)
    ]
    links = [Synapses(a, b, on_pre="v += 0.1") for a, b in zip(groups, groups[1:] + groups[:1])]
    for link in links:
        link.connect(p=0.5)
        link.delay = 1 * ms
    made = []
    network.on_compiled = made.append
    try:
        Network(groups, links).run(0 * ms)
    finally:
        network.on_compiled = None
        simgen.start_scope()
    return lower_program(made[0].program, np.dtype(np.float64)).source


def test_the_text_of_many_populations_is_as_long_as_that_of_a_few():
    few, many = source(4), source(30)
    assert many.count("\n") == few.count("\n")
    assert "for (int64_t v = 0; v < 30; ++v) {" in many
    assert many.count("[30];") == 1  # what the deliveries gather ahead
    assert few.replace("v < 4;", "").count("for (int64_t v") == many.count("for (int64_t v")
