"""Strings evaluated by compiled code give the bits that numpy gives."""

from __future__ import annotations

import numpy as np
import pytest

import simgen
from simgen import NeuronGroup, Synapses, set_device, start_scope
from simgen.api import compiled_text

pytestmark = pytest.mark.compiler

CONDITIONS = {
    "distance": {"condition": "abs(x_pre - x_post) < 150*umetre and i != j"},
    "p": {"condition": "k_pre == k_post", "p": "0.5*exp(-(x_pre - x_post)**2/(2*(150*umetre)**2))"},
    "p alone": {"p": "clip(v_pre*v_post, 0, 1)*0.2"},
    "random": {"condition": "rand() < 0.02 and v_pre > v_post"},
    "n": {"condition": "i < j", "n": "1 + i%2"},
    "total": {"n_total": 9000},  # some pairs twice, which draw numbers of their own
}


def pairs(
    threshold: int, rule: dict[str, str], side: str, dtype: str, threads: int = 1
) -> tuple[np.ndarray, ...]:
    """Return i and j of a rule, and two variables and delays that strings filled."""
    set_device("cpu", dtype=dtype, threads=threads)
    start_scope()
    simgen.seed(5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_text, "WORTH_COMPILING", threshold)
        group = NeuronGroup(150, "x : metre\nv : 1\nk : integer", threshold="v > 2", reset="")
        group.x, group.v, group.k = "i*10*umetre", "rand()", "i%7"
        part = group[20:110]
        ends = {"whole": (group, group), "source": (part, group), "target": (group, part)}[side]
        synapses = Synapses(*ends, "w : 1\nz : volt", on_pre="w += 1")
        synapses.connect(**rule)
        synapses.w = "v_post + 0.1*randn()*i + rand()"
        synapses.z = "clip(N_outgoing, 0, 9)*mV*rand() + t*volt/second"
        synapses.z["i > 30"] = "1*mV"
        synapses.delay = "truncated_normal(1.5, 0.5 + 0.01*j, 0.1, 4)*ms"
        values = synapses.w[:], np.asarray(synapses.z[:]), np.asarray(synapses.delay[:])
        return synapses.i[:], synapses.j[:], *values


@pytest.mark.parametrize("side", ["whole", "source", "target"])
@pytest.mark.parametrize("rule", CONDITIONS)
def test_compiled_rules_and_values_equal_numpy(rule, side):
    dtype = "float32" if side == "target" else "float64"
    plain = pairs(10**12, CONDITIONS[rule], side, dtype)
    assert plain[0].size > 50
    for threads in (1, 3):
        compiled = pairs(0, CONDITIONS[rule], side, dtype, threads)
        for one, other in zip(plain, compiled):
            np.testing.assert_array_equal(one, other)
    set_device("auto", dtype="float64")


def test_a_probability_that_is_no_number_is_found_in_compiled_code(monkeypatch):
    monkeypatch.setattr(compiled_text, "WORTH_COMPILING", 0)
    set_device("cpu")
    group = NeuronGroup(50, "v : 1", name="cells")
    group.v = 0.5
    with pytest.raises(simgen.SimgenError, match=r"p of connect.*is nan for i = 7, j = 0"):
        Synapses(group, group, name="wires").connect(p="sqrt(6.5 - i)*0.1")


def test_repeated_pairs_draw_independently(device):
    group = NeuronGroup(3, "v : 1")
    synapses = Synapses(group, group, "w : 1")
    synapses.connect(i=[0, 0, 0, 1, 1], j=[2, 2, 2, 1, 1])
    synapses.w = "rand()"
    assert np.unique(synapses.w[:]).size == 5
