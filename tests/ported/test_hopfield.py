"""Hopfield (1982), PNAS 79:2554: a network of threshold units recalls what it has stored.

Units that are updated one at a time never raise the energy; 5 patterns in 100 units are recalled
from a start with 15 wrong units, and far more than 0.14 a unit are not (Amit, Gutfreund &
Sompolinsky 1985, Phys. Rev. Lett. 55:1530).
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

N = 100


def recall(patterns, wrong):
    """Return the overlaps with the pattern that was begun near, and the energies every 5 ms."""
    start_scope()
    defaultclock.dt = 1 * ms
    chosen = patterns[0].copy()
    chosen[:wrong] *= -1
    units = NeuronGroup(
        N,
        "s : 1\nfield : 1",
        threshold="(t_in_timesteps*37) % N == i",  # each in turn: 37 and 100 have no common factor
        reset="s = 1 - 2*int(field < 0)",
    )
    units.s = chosen
    synapses = Synapses(units, units, "w : 1\nfield_post = w*s_pre : 1 (summed)")
    synapses.connect("i != j")
    synapses.w = patterns.T @ patterns / N
    state = StateMonitor(units, ["s"], record=True, dt=5 * ms)
    run(400 * ms)
    weights = patterns.T @ patterns / N - diag(full(N, len(patterns) / N))
    energies = [-0.5 * s @ weights @ s for s in state.s.T]
    return units.s[:] @ patterns[0] / N, energies


def test_few_patterns_are_recalled_and_too_many_are_not():
    patterns = 2.0 * (rand(40, N) < 0.5) - 1
    overlap, energies = recall(patterns[:5], wrong=15)
    assert overlap == 1
    assert (diff(energies) <= 1e-12).all()
    assert energies[-1] < energies[0]
    crowded, energies = recall(patterns, wrong=15)  # 0.4 a unit
    assert crowded < 0.8
    assert (diff(energies) <= 1e-12).all()
