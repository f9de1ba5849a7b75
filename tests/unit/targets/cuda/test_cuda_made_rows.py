"""Rows that are made anew on the device: a warp for each piece of a row."""

from __future__ import annotations

import pytest

from simgen import NeuronGroup, Synapses, ms, run, set_device, start_scope
from simgen.errors import InternalError
from simgen.ir.kernel import SynapseStore
from simgen.targets.cuda import backend
from simgen.targets.cuda.emulate import open_emulated
from simgen.targets.cuda.made_rows import rule_object
from simgen.targets.cuda.walks import row_team, team_widths


def widths(rule, **numbers):
    store = SynapseStore("S", "a.n", "b.n", rule=rule)
    found = team_widths(store, {f"S.{name}": number for name, number in numbers.items()})
    return found[row_team(store)]


@pytest.mark.parametrize(
    ("longest", "warps"), [(0, 1), (1, 1), (128, 1), (129, 2), (10_000, 79), (2**32 - 1, 2**25)]
)
@pytest.mark.parametrize("rule", ["every", "kernel"])
def test_a_row_has_a_warp_for_128_targets(rule, longest, warps):
    assert widths(rule, longest=longest, n_rows=1) == 32 * warps
    assert widths(rule, longest=longest, n_rows=64) == 32 * warps


def test_a_random_row_has_a_warp_for_each_of_its_pieces():
    assert widths("skips", longest=1000, n_pieces=17, n_rows=3) == 32 * 17


@pytest.mark.parametrize(("n_rows", "warps"), [(128, 10), (1000, 2), (10_000, 1)])
def test_many_rows_leave_room_for_other_kernels(n_rows, warps):
    assert widths("skips", longest=1000, n_pieces=20, n_rows=n_rows) == 32 * warps


def test_another_rule_is_a_fault():
    with pytest.raises(InternalError, match=r"'S'.*'other'"):
        rule_object(None, SynapseStore("S", "a.n", "b.n", rule="other"))


@pytest.mark.parametrize(("rule", "pieces"), [({}, 40), ({"p": 0.5}, 40)])
def test_one_long_row_is_shared_by_all_that_can_run(monkeypatch, rule, pieces):
    """A single source: stored rows would have a block for it, made ones have a warp a piece."""
    grids = []
    call = backend.CudaExecutable._call

    def noted(self, phase, ints):
        made = call(self, phase, ints)
        grids.append((made.grid * made.block // 32, made.title))
        return made

    device = open_emulated(multiprocessors=8)
    monkeypatch.setattr(backend, "open_device", lambda options: device)
    monkeypatch.setattr(backend.CudaExecutable, "_call", noted)
    start_scope()
    source = NeuronGroup(1, "x : 1", threshold="True", reset="")
    target = NeuronGroup(5120, "v : 1")
    synapses = Synapses(source, target, on_pre="v_post += 1", storage="procedural")
    synapses.connect(**rule)
    set_device("cuda", emulate=True)
    try:
        run(0.1 * ms)
    finally:
        set_device("auto")
        start_scope()
    assert max(warps for warps, title in grids if "synapses" in title) >= pieces
