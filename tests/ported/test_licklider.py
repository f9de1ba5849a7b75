"""Licklider (1951), Experientia 7:128: delay lines find the pitch of a sound, also where its
fundamental is missing; with spikes as in Goodman & Brette (2010), PLoS Comput. Biol. 6:e1000993.

A detector gets the spikes of an ear at once and after a delay; it fires most where the delay is the
period. Harmonics 3, 4 and 5 of 150 Hz have the period of 150 Hz.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]


def test_detectors_find_the_missing_fundamental():
    defaultclock.dt = 0.02 * ms
    detectors, low, high = 61, 100 * Hz, 250 * Hz
    pitch, duration = 150 * Hz, 300 * ms
    time = arange(0, duration / ms, 0.02)
    harmonics = sum([cos(2 * pi * k * 0.15 * time) for k in (3, 4, 5)], axis=0)
    sound = TimedArray(clip(harmonics, 0, inf) ** 2, dt=0.02 * ms)
    ears = NeuronGroup(
        40,
        "dx/dt = (1.2*sound(t) - x)/tau + 0.1*(2/tau)**0.5*xi : 1 (unless refractory)",
        threshold="x > 1",
        reset="x = 0",
        refractory=2 * ms,
        method="euler",
        namespace={"tau": 1 * ms},
    )
    cells = NeuronGroup(
        detectors,
        """dv/dt = -v/tau : 1
           frequency = low*(high/low)**(i/(N - 1)) : Hz""",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
        namespace={"tau": 0.5 * ms, "low": low, "high": high},
    )
    on_pre = {"direct": "v_post += w_0", "late": "v_post += w_0"}
    lines = Synapses(ears, cells, on_pre=on_pre, namespace={"w_0": 0.018})
    lines.connect()
    lines.late.delay = "1/frequency_post"
    spikes, heard = SpikeMonitor(cells), SpikeMonitor(ears)
    run(duration)
    counts = spikes.count[:]
    strong = counts > counts.max() / 2
    print(counts)
    assert counts.max() > 20
    assert strong.sum() < 12
    assert mean(cells.frequency[strong]) / pitch == pytest.approx(1, abs=0.01)
