"""Izhikevich (2004), IEEE Trans. Neural Netw. 15:1063: which of twenty features a spiking neuron
shows.

One equation with four constants fires tonically, once, or in bursts, adapts, fires late, resonates,
integrates, and rebounds, by the constants and inputs of his figure 1.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

FEATURES = {  # a, b, c, d, start of v, drive as a function of t in ms
    "tonic spiking": (0.02, 0.2, -65, 6, -70, "14*int(x > 10)"),
    "phasic spiking": (0.02, 0.25, -65, 6, -64, "0.5*int(x > 20)"),
    "tonic bursting": (0.02, 0.2, -50, 2, -70, "15*int(x > 22)"),
    "phasic bursting": (0.02, 0.25, -55, 0.05, -64, "0.6*int(x > 20)"),
    "mixed mode": (0.02, 0.2, -55, 4, -70, "10*int(x > 16)"),
    "adaptation": (0.01, 0.2, -65, 8, -70, "30*int(x > 9)"),
    "spike latency": (0.02, 0.2, -65, 6, -70, "7.04*int(x > 10)*int(x < 13)"),
    "subthreshold oscillation": (0.05, 0.26, -60, 0, -62, "2*int(x > 20)*int(x < 25)"),
    "rebound spike": (0.03, 0.25, -60, 4, -64, "-15*int(x > 20)*int(x < 25)"),
    "rebound burst": (0.03, 0.25, -52, 0, -64, "-15*int(x > 20)*int(x < 25)"),
}


def test_each_feature_is_found():
    defaultclock.dt = 0.05 * ms
    names = list(FEATURES)
    drive = " + ".join(f"int(i == {k})*({text})" for k, (*_, text) in enumerate(FEATURES.values()))
    neurons = NeuronGroup(
        len(FEATURES),
        f"""dv/dt = (0.04*v**2 + 5*v + 140 - u + I)/ms : 1
            du/dt = a*(b*v - u)/ms : 1
            x = t/ms : 1
            I = {drive} : 1
            a : 1 (constant)
            b : 1 (constant)
            c : 1 (constant)
            d : 1 (constant)""",
        threshold="v > 30",
        reset="v = c; u += d",
        method="euler",
    )
    neurons.a, neurons.b, neurons.c, neurons.d, neurons.v = array(
        [numbers[:5] for numbers in FEATURES.values()]
    ).T
    neurons.u = "b*v"
    spikes = SpikeMonitor(neurons)
    state = StateMonitor(neurons, "v", record=[names.index("subthreshold oscillation")])
    run(220 * ms)
    fired = {name: array(t / ms) for name, t in zip(names, spikes.spike_trains().values())}
    count = {name: len(train) for name, train in fired.items()}
    gaps = {name: diff(train) for name, train in fired.items()}
    assert count["phasic spiking"] == count["spike latency"] == count["rebound spike"] == 1
    assert count["tonic spiking"] > 5
    assert ptp(gaps["tonic spiking"][3:]) < 0.2
    pauses = gaps["tonic bursting"][gaps["tonic bursting"] > 20]
    assert len(pauses) >= 3
    assert ptp(pauses[1:]) < 0.5
    assert count["phasic bursting"] > 4
    assert fired["phasic bursting"][-1] < 100  # the current goes on to the end
    mixed = gaps["mixed mode"]
    assert max(mixed[:2]) < 5 < 25 < min(mixed[2:])  # a burst, then single spikes
    assert gaps["adaptation"][-1] > 10 * gaps["adaptation"][0]
    assert fired["spike latency"][0] > 13 + 3  # after the pulse is over
    assert 25 < fired["rebound spike"][0] < 100
    assert count["rebound burst"] > 4
    assert fired["rebound burst"][0] > 25  # the inhibition is over
    # a damped oscillation follows the spike, so that rest is crossed again and again
    v = state.v[0][600:]
    turns = nonzero(diff(sign(diff(v))) != 0)[0]
    assert count["subthreshold oscillation"] == 1
    assert len(turns) > 6
    heights = abs(diff(v[turns + 1]))
    assert (diff(heights[1:6]) < 0).all()
