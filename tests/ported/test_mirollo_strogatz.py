"""Mirollo & Strogatz (1990), SIAM J. Appl. Math. 50:1645: pulses synchronise leaky oscillators.

Between two firings of A the phase of B goes through the map R = h(h(phase)), h(phase) = g(eps + f(1
- phase)), which drives it away from a fixed point until one pulse makes both fire: Peskin's model
of the cardiac pacemaker. Many oscillators that are all coupled end as one.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

gamma, drive = 1 / second, 1.1 / second  # dx/dt = drive - gamma*x, fires at 1
T = float(log(1.1 / 0.1))  # period alone, s


def pacemakers(number, pulse):
    group = NeuronGroup(
        number, "dx/dt = drive - gamma*x : 1", threshold="x >= 1", reset="x = 0", method="exact"
    )
    coupling = Synapses(group, group, on_pre="x_post += pulse", namespace={"pulse": pulse})
    coupling.connect("i != j")
    return group, coupling


def f(phase):
    """Return x at a phase from 0 to 1."""
    return 1.1 * (1 - exp(-T * phase))


def test_the_phase_of_two_follows_the_firing_map_until_they_fire_as_one():
    defaultclock.dt = 1 * ms
    pulse = 0.01
    group, coupling = pacemakers(2, pulse)
    start = 0.35
    group.x = [0, f(start)]
    spikes = SpikeMonitor(group)
    run(60 * second)
    t = [array(train / second) for train in spikes.spike_trains().values()]
    # when one fires, the other has a phase, which jumps by the pulse
    expected, phase, now = [[], []], [0.0, start], 0.0
    while now < 60:
        k = int(phase[1] >= phase[0])
        now += (1 - phase[k]) * T
        other = phase[1 - k] + 1 - phase[k]
        raised = f(other) + pulse
        if raised >= 1:
            break
        expected[k].append(now)
        phase[k], phase[1 - k] = 0.0, -log(1 - raised / 1.1) / T
    shown = min(len(expected[0]), 8)
    assert shown == 8
    for k in (0, 1):
        assert t[k][:shown] == pytest.approx(expected[k][:shown], abs=0.02)
    assert abs(t[0][-1] - t[1][-1]) <= 0.0011


def test_many_end_as_one():
    defaultclock.dt = 1 * ms
    group, coupling = pacemakers(12, 0.03)
    group.x = "rand()"
    spikes = SpikeMonitor(group)
    run(80 * second)
    late = array(spikes.t[spikes.t > 72 * second] / second)
    rounds = split(sort(late), nonzero(diff(sort(late)) > 0.5)[0] + 1)
    whole = rounds[1:-1]
    assert len(whole) >= 2
    assert all(len(fired) == 12 and ptp(fired) < 0.003 for fired in whole)
