"""Hodgkin & Huxley (1952), J. Physiol. 117:500: the membrane of the squid's giant axon.

A shock of 6 mV fails and one of 7 mV excites (their figure 12, 6.3 degrees); a spike follows the
release from a hyperpolarisation (figure 22). Rest is unstable for currents from 9.78 to 154.5
uA/cm2 (Rinzel 1978, Fed. Proc. 37:2793).
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

MEMBRANE = Equations(
    """
    dv/dt = (I - g_Na*m**3*h*(v - 115*mV) - g_K*n**4*(v + 12*mV) - g_L*(v - 10.613*mV))/C : volt
    dm/dt = alpha_m*(1 - m) - beta_m*m : 1
    dh/dt = alpha_h*(1 - h) - beta_h*h : 1
    dn/dt = alpha_n*(1 - n) - beta_n*n : 1
    alpha_m = 1/exprel((25*mV - v)/(10*mV))/ms : Hz
    beta_m = 4*exp(-v/(18*mV))/ms : Hz
    alpha_h = 0.07*exp(-v/(20*mV))/ms : Hz
    beta_h = 1/(exp((30*mV - v)/(10*mV)) + 1)/ms : Hz
    alpha_n = 0.1/exprel((10*mV - v)/(10*mV))/ms : Hz
    beta_n = 0.125*exp(-v/(80*mV))/ms : Hz
    I : amp/meter**2
    """,
    C=1 * ufarad / cm**2,
    g_Na=120 * msiemens / cm**2,
    g_K=36 * msiemens / cm**2,
    g_L=0.3 * msiemens / cm**2,
)
CURRENT = uA / cm**2


def axons(number):
    """Return pieces of membrane at rest; v is the depolarisation, as in the paper."""
    defaultclock.dt = 0.02 * ms
    group = NeuronGroup(
        number, MEMBRANE, threshold="v > 50*mV", refractory="v > 20*mV", method="rk4"
    )
    for gate in "mhn":
        setattr(group, gate, f"alpha_{gate}/(alpha_{gate} + beta_{gate})")
    return group


def test_shocks_of_7_mV_excite_and_others_wait_for_the_refractory_period():
    group = axons(5)
    group.v = [6, 7, 15, 90, 15] * mV
    state, spikes = StateMonitor(group, "v", record=True), SpikeMonitor(group)
    run(5 * ms)
    group.v[4] += 30 * mV  # within the absolute refractory period
    run(15 * ms)
    group.v[3] += 15 * mV  # 20 ms after the first one: excitable again
    run(10 * ms)
    assert spikes.count[:].tolist() == [0, 1, 1, 2, 1]
    heights = state.v[1:3].max(axis=1) / mV
    assert heights == pytest.approx([99, 105], abs=4)  # of the curves in figure 12
    # all spikes are followed by the same undershoot, towards E_K = -12 mV
    late = state.v[1:4, 250:1000].min(axis=1) / mV
    assert late == pytest.approx([-10.5] * 3, abs=1)


def test_release_from_hyperpolarisation_excites():
    group = axons(2)
    group.I = [-1, -6] * CURRENT
    spikes = SpikeMonitor(group)
    run(60 * ms)
    assert spikes.num_spikes == 0
    assert -9.7 * mV < group.v[1] < -9.4 * mV
    group.I = 0 * CURRENT
    run(30 * ms)
    assert spikes.count[:].tolist() == [0, 1]


def test_rest_is_unstable_from_9_78_to_154_5():
    currents = array([9.4, 10.2, 152, 157])
    group = axons(4)
    # v at rest solves I = the ionic current at steady gates
    v = linspace(0, 30, 300001)
    gate = {}
    for name, alpha, beta in [
        ("m", 0.1 * (25 - v) / expm1((25 - v) / 10 + 1e-12), 4 * exp(-v / 18)),
        ("h", 0.07 * exp(-v / 20), 1 / (exp((30 - v) / 10) + 1)),
        ("n", 0.01 * (10 - v) / expm1((10 - v) / 10 + 1e-12), 0.125 * exp(-v / 80)),
    ]:
        gate[name] = alpha / (alpha + beta)
    steady = 120 * gate["m"] ** 3 * gate["h"] * (v - 115)
    steady += 36 * gate["n"] ** 4 * (v + 12) + 0.3 * (v - 10.613)
    group.I = currents * CURRENT
    group.v = interp(currents, steady, v) * mV
    for name in "mhn":
        setattr(group, name, f"alpha_{name}/(alpha_{name} + beta_{name})")
    group.v += 0.1 * mV
    state = StateMonitor(group, "v", record=True, dt=0.1 * ms)
    run(300 * ms)
    parts = slice(200, 600), slice(2600, 3000)
    first, last = (ptp(state.v[:, part], axis=1) / mV for part in parts)
    assert (last > first).tolist() == [False, True, True, False]


def test_the_axon_begins_to_fire_at_once_at_a_high_rate():
    group = axons(2)
    group.I = [5.8, 10] * CURRENT
    spikes = SpikeMonitor(group)
    run(400 * ms)
    # 6.2 uA/cm2 is the least current of a train, whose rate is above 50 Hz
    assert spikes.count[0] < 5
    assert 1 / mean(diff(spikes.spike_trains()[1])[5:]) / Hz == pytest.approx(68.3, abs=0.5)
