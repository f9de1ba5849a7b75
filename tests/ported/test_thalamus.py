"""Destexhe, Bal, McCormick & Sejnowski (1996), J. Neurophysiol. 76:2049, and Destexhe, Contreras &
Steriade (1998), J. Neurophysiol. 79:999: thalamic relay and reticular cells make spindles together.

Calcium currents of low threshold let relay cells answer the end of an inhibition by a burst. Two
cells of each kind that excite (AMPA) and inhibit (GABA_A) each other go on at 7 to 14 Hz after one
burst; relay cells that are not inhibited are silent, and longer inhibition slows the rhythm.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

SPIKES = """
dv/dt = (-g_L*(v - E_L) - I_T - I_Na - I_K - I_syn + I)/C : volt
I_Na = g_Na*m**3*h*(v - 50*mV) : amp/meter**2
I_K = g_K*n**4*(v + 95*mV) : amp/meter**2
u = v - V_t : volt
dm/dt = alpha_m*(1 - m) - beta_m*m : 1
dh/dt = alpha_h*(1 - h) - beta_h*h : 1
dn/dt = alpha_n*(1 - n) - beta_n*n : 1
alpha_m = 0.32*4/exprel((13*mV - u)/(4*mV))/ms : Hz
beta_m = 0.28*5/exprel((u - 40*mV)/(5*mV))/ms : Hz
alpha_h = 0.128*exp((17*mV - u)/(18*mV))/ms : Hz
beta_h = 4/(1 + exp((40*mV - u)/(5*mV)))/ms : Hz
alpha_n = 0.032*5/exprel((15*mV - u)/(5*mV))/ms : Hz
beta_n = 0.5*exp((10*mV - u)/(40*mV))/ms : Hz
I : amp/meter**2
"""
RELAY = (
    SPIKES
    + """
I_T = g_T*p**2*q*(v - 120*mV) : amp/meter**2
p = 1/(1 + exp(-(v + 59*mV)/(6.2*mV))) : 1 (constant over dt)
q_inf = 1/(1 + exp((v + 83*mV)/(4*mV))) : 1
tau_q = (30.8 + (211.4 + exp((v + 115.2*mV)/(5*mV)))/(1 + exp((v + 86*mV)/(3.2*mV))))/3.74*ms
        : second
dq/dt = (q_inf - q)/tau_q : 1
I_syn = g_A*(v + 80*mV) + g_h*r*(v + 40*mV) + g_KL*(v + 95*mV) : amp/meter**2
dr/dt = (1/(1 + exp((v + 75*mV)/(5.5*mV))) - r)/tau_r : 1
tau_r = (20 + 1000/(exp((v + 71.5*mV)/(14.2*mV)) + exp(-(v + 89*mV)/(11.6*mV))))*ms : second
dg_A/dt = -g_A/tau_A : siemens/meter**2
tau_A : second (constant)
"""
)
RETICULAR = (
    SPIKES
    + """
I_T = g_T*p**2*q*(v - 120*mV) : amp/meter**2
dp/dt = (1/(1 + exp(-(v + 52*mV)/(7.4*mV))) - p)/tau_p : 1
tau_p = (3 + 1/(exp((v + 27*mV)/(10*mV)) + exp(-(v + 102*mV)/(15*mV))))/6.9*ms : second
q_inf = 1/(1 + exp((v + 80*mV)/(5*mV))) : 1
dq/dt = (q_inf - q)/tau_q : 1
tau_q = (85 + 1/(exp((v + 48*mV)/(4*mV)) + exp(-(v + 407*mV)/(50*mV))))/3.74*ms : second
I_syn = g_E*v : amp/meter**2
dg_E/dt = -g_E/(5*ms) : siemens/meter**2
"""
)
density = msiemens / cm**2
CHANNELS = {"g_Na": 90 * density, "g_K": 10 * density, "V_t": -55 * mV, "C": 1 * uF / cm**2}
PASSIVE = {"g_L": 0.01 * density, "E_L": -70 * mV, "g_h": 0.02 * density, "g_KL": 0.029 * density}


def cells(number, model, **constants):
    group = NeuronGroup(
        number,
        model,
        threshold="v > 0*mV",
        refractory="v > -20*mV",
        method="exponential_euler",
        namespace={**CHANNELS, **constants},
    )
    group.v, group.h = constants["E_L"], 1
    group.q = "q_inf"
    return group


def test_relay_cells_rebound_from_hyperpolarisation_by_a_burst():
    defaultclock.dt = 0.05 * ms
    relay = cells(2, RELAY, g_T=2 * density, **PASSIVE)
    relay.tau_A, relay.r = 6 * ms, 0.3
    relay.I = [0, -1] * uA / cm**2
    spikes = SpikeMonitor(relay)
    run(300 * ms)
    assert spikes.num_spikes == 0
    relay.I = 0 * uA / cm**2
    run(150 * ms)
    assert spikes.count[0] == 0
    assert spikes.count[1] >= 3
    assert max(diff(spikes.t[spikes.i == 1] / ms)[:2]) < 10


def test_relay_and_reticular_cells_oscillate_together(device):
    defaultclock.dt = 0.05 * ms
    circuits = {"control": (6, 0.1), "no inhibition": (6, 0), "long inhibition": (40, 0.03)}
    relay = cells(6, RELAY, g_T=2 * density, **PASSIVE)
    reticular = cells(6, RETICULAR, g_T=1.75 * density, g_L=0.05 * density, E_L=-80 * mV)
    lasting, strength = repeat(list(circuits.values()), 2, axis=0).T
    relay.tau_A, relay.r = lasting * ms, 0.3
    excite = Synapses(relay, reticular, on_pre="g_E += 0.1*density", delay=1 * ms)
    inhibit = Synapses(
        reticular,
        relay,
        "w : 1 (constant)",
        on_pre="g_A += w*density",
        delay=1 * ms,
    )
    for synapses in (excite, inhibit):
        synapses.connect("i//2 == j//2")
    inhibit.w = strength[inhibit.j]
    spikes = SpikeMonitor(relay)
    run(100 * ms)
    reticular.I = 2 * uA / cm**2  # one burst
    run(20 * ms)
    reticular.I = 0 * uA / cm**2
    run((1500 if device == "cpu" else 700) * ms)
    trains = [array(spikes.t[spikes.i == 2 * k] / ms) for k in range(3)]
    bursts = [train[append(True, diff(train) > 40)] for train in (trains[0], trains[2])]
    frequency, slower = (1000 / diff(turns)[-1] for turns in bursts)
    assert len(trains[1]) == 0
    assert 6.5 < frequency < 14  # at the lower end of spindles
    assert slower < 0.8 * frequency
    if device == "cpu":
        assert bursts[0][-1] > 1400  # it goes on
