"""Fourcaud-Trocme, Hansel, van Vreeswijk & Brunel (2003), J. Neurosci. 23:11628: the EIF neuron.

Without noise the period is the integral of dv over dv/dt; the current of the onset is where the
least slope is zero: I = g_L*(V_T - E_L - Delta_T). With noise it fires below it, too.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

tau, E_L, V_T, Delta_T = 10 * ms, -65 * mV, -59.9 * mV, 3.48 * mV
V_r, V_spike, tau_ref = -68 * mV, -30 * mV, 1.7 * ms


@implementation("cpp", "double psi(double v, double s) { return s*exp(v/s); }")
@implementation("cuda", "__device__ double psi(double v, double s) { return s*exp(v/s); }")
@check_units(v=volt, s=volt, result=volt)
def psi(v, s):
    return s * exp(v / s)


def test_the_rate_is_that_of_the_integral_and_begins_at_the_rheobase():
    defaultclock.dt = 0.02 * ms
    drive = array([-0.1, 0.1, 1, 5, 10, 20]) * mV + (V_T - E_L - Delta_T)
    model = """
    dv/dt = (E_L - v + psi(v - V_T, Delta_T) + mu)/tau + sigma*sqrt(2/tau)*xi : volt \
(unless refractory)
    mu : volt (constant)
    sigma : volt (shared)
    """
    neurons = NeuronGroup(
        len(drive), model, threshold="v > V_spike", reset="v = V_r", refractory=tau_ref
    )
    neurons.v, neurons.mu = V_r, drive
    spikes = SpikeMonitor(neurons)
    run(0.5 * second)
    v = linspace(V_r / mV, V_spike / mV, 20001)
    expected = []
    for mu in drive / mV:
        slope = E_L / mV - v + 3.48 * exp((v - V_T / mV) / 3.48) + mu
        expected.append(1e3 / (trapz(1 / slope, v) * 10 + 1.7) if slope.min() > 0 else 0)
    trains = spikes.spike_trains()
    rates = [1 / mean(diff(trains[k])) / Hz if len(trains[k]) > 1 else 0 for k in range(6)]
    assert rates == pytest.approx(expected, rel=0.02)
    assert rates[0] == 0 < rates[1]
    neurons.sigma = 3 * mV
    before = spikes.count[0]
    run(0.5 * second)
    assert spikes.count[0] > before + 2
