"""Naud, Marcille, Clopath & Gerstner (2008), Biol. Cybern. 99:335: firing patterns of the adaptive
exponential neuron (Brette & Gerstner 2005; Touboul & Brette 2008).

Eight sets of constants (their table 1) fire tonically, adapt, burst once, burst regularly,
accelerate, burst after a pause, stop, or fire irregularly, each for a step of current.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

PATTERNS = {  # C (pF), g_L (nS), E_L (mV), a (nS), tau_w (ms), b (pA), V_r (mV), I (pA)
    "tonic": (200, 10, -70, 2, 30, 0, -58, 500),
    "adaptation": (200, 12, -70, 2, 300, 60, -58, 500),
    "initial burst": (130, 18, -58, 4, 150, 120, -50, 400),
    "regular bursting": (200, 10, -58, 2, 120, 100, -46, 210),
    "delayed accelerating": (200, 12, -70, -10, 300, 0, -58, 300),
    "delayed regular bursting": (100, 10, -65, -10, 90, 30, -47, 110),
    "transient": (100, 10, -65, 10, 90, 100, -47, 180),
    "irregular": (100, 12, -60, -11, 130, 30, -48, 160),
}
V_T, Delta_T = -50 * mV, 2 * mV
MODEL = """
dv/dt = (g_L*(E_L - v + Delta_T*exp((v - V_T)/Delta_T)) + I - w)/C : volt
dw/dt = (a*(v - E_L) - w)/tau_w : amp
C : farad (constant)
g_L : siemens (constant)
E_L : volt (constant)
a : siemens (constant)
tau_w : second (constant)
b : amp (constant)
V_r : volt (constant)
I : amp
"""


def trains(duration):
    """Return the spike times (ms) of each pattern."""
    group = NeuronGroup(
        len(PATTERNS),
        MODEL,
        threshold="v > -40*mV",
        reset="v = V_r; w += b",
        method="rk4",
        dt=0.01 * ms,
    )
    columns = array(list(PATTERNS.values())).T
    units = {"C": pF, "g_L": nS, "E_L": mV, "a": nS, "tau_w": ms, "b": pA, "V_r": mV, "I": pA}
    for (name, unit), values in zip(units.items(), columns):
        setattr(group, name, values * unit)
    group.v = "E_L"
    spikes = SpikeMonitor(group)
    run(duration)
    return {
        name: array(train / ms) for name, train in zip(PATTERNS, spikes.spike_trains().values())
    }


def test_each_set_of_constants_has_its_firing_pattern():
    fired = trains(1.5 * second)
    gaps = {name: diff(train) for name, train in fired.items()}
    assert ptp(gaps["tonic"][5:]) < 0.3
    adapting = gaps["adaptation"]
    assert (diff(adapting[:8]) > 0).all()
    assert adapting[-1] > 5 * adapting[0]
    burst = gaps["initial burst"]
    assert max(burst[:2]) < 10 < 50 < min(burst[2:])
    assert ptp(burst[5:]) < 1
    long_ones = gaps["regular bursting"][4:] > 50  # the first burst has a spike more
    assert (long_ones[:-1] != long_ones[1:]).all()
    late = gaps["delayed accelerating"]
    assert fired["delayed accelerating"][0] > 30
    assert (diff(late[:10]) < 0).all()
    assert fired["delayed regular bursting"][0] > 50
    assert (gaps["delayed regular bursting"][3:60:4] > 40).all()  # bursts of four
    assert len(fired["transient"]) == 1
    # every interval of the irregular pattern differs from the one before, and none comes again
    wild = gaps["irregular"][10:]
    assert wild.std() > 0.4 * wild.mean()
    assert ptp(wild) > 20
