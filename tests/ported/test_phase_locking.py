"""Brette (2004), J. Math. Biol. 48:38: a leaky neuron locks to a periodic input wherever it starts.

The rate of a constant drive a is 1/(T_ref + tau*ln((a - v_r)/(a - 1))). With periodic drive the
number of spikes per period is the same whatever the initial value is, and where it is a ratio of
small integers the neurons lose their initial differences.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]


def test_neurons_forget_where_they_started_and_constant_drive_gives_the_closed_form():
    tau, period, T_ref = 20 * ms, 25 * ms, 2 * ms
    wave = TimedArray(1 + 1.6 * (cos(2 * pi * arange(250) / 250) > 0), dt=0.1 * ms)
    # i // 20 chooses the drive: locked by the wave, or constant
    G = NeuronGroup(
        40,
        """dv/dt = (drive - v)/tau : 1 (unless refractory)
           drive = a + int(i < 20)*(wave(t % period) - 1) : 1
           a : 1""",
        threshold="v > 1",
        reset="v = 0",
        refractory=T_ref,
        method="euler",
    )
    G.v = "rand()"
    G.v[20:] = 0
    G.a = 0.75
    G.a[20:] = "1.05 + 0.1*(i - 0)"  # i counts from the beginning of what is written
    assert G.a[20] == pytest.approx(1.05 + 0.1 * 20)
    M = SpikeMonitor(G)
    run(1 * second)
    phases = array([M.t[M.i == k][-1] % period / ms for k in range(20)])
    assert ptp(phases) < 0.11
    counts = M.count[:20]
    assert ptp(counts) <= 1
    a = array(G.a[20:])
    expected = 1 / (T_ref + tau * log(a / (a - 1)))
    measured = [1 / diff(M.spike_trains()[k]).mean() / Hz for k in range(20, 40)]
    assert measured == pytest.approx(list(expected / Hz), rel=0.02)
