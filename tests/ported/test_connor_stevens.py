"""Connor, Walter & McKown (1977), Biophys. J. 18:81: the A-current lets a neuron fire slowly.

The model of crustacean axons, with the constants of Dayan & Abbott (2001), ch. 6: rest is lost
where the current-voltage curve of steady gates folds, and the rate begins at zero there. Without
the A-current (and with another leak) the neuron begins to fire at a high rate.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

RATES = {
    "alpha_m": "3.8/exprel(-0.1*(u + 29.7))",
    "beta_m": "15.2*exp(-0.0556*(u + 54.7))",
    "alpha_h": "0.266*exp(-0.05*(u + 48))",
    "beta_h": "3.8/(1 + exp(-0.1*(u + 18)))",
    "alpha_n": "0.2/exprel(-0.1*(u + 45.7))",
    "beta_n": "0.25*exp(-0.0125*(u + 55.7))",
}
A_GATES = {  # steady state, time constant in ms
    "a": (
        "(0.0761*exp(0.0314*(u + 94.22))/(1 + exp(0.0346*(u + 1.17))))**(1/3)",
        "0.3632 + 1.158/(1 + exp(0.0497*(u + 55.96)))",
    ),
    "b": (
        "(1/(1 + exp(0.0688*(u + 53.3))))**4",
        "1.24 + 2.678/(1 + exp(0.0624*(u + 16.027)))",
    ),
}
MODEL = """
dv/dt = (I - I_leak - I_Na - I_K - I_A)*mV/ms : volt
I_leak = 0.3*(u - E_L) : 1
I_Na = 120*m**3*h*(u - 55) : 1
I_K = 20*n**4*(u + 72) : 1
I_A = g_A*a**3*b*(u + 75) : 1
u = v/mV : 1
I : 1  # uA/cm2
g_A : 1 (constant)  # mS/cm2
E_L : 1 (constant)
"""
for gate in "mhn":
    MODEL += f"d{gate}/dt = (alpha_{gate}*(1 - {gate}) - beta_{gate}*{gate})/ms : 1\n"
for name, rate in RATES.items():
    MODEL += f"{name} = {rate} : 1\n"
for gate, (steady, tau) in A_GATES.items():
    MODEL += f"d{gate}/dt = ({gate}_inf - {gate})/(({tau})*ms) : 1\n{gate}_inf = {steady} : 1\n"


def rheobase():
    """Return the maximum of the steady current (uA/cm2) over voltages below the spike."""
    u = linspace(-80, -40, 30000)  # none of which is a pole of exprel
    values = {"u": u, "exp": exp, "exprel": lambda x: (exp(x) - 1) / x}
    gates = {k: eval(text, values) for k, text in RATES.items()}
    m, h, n = (gates[f"alpha_{g}"] / (gates[f"alpha_{g}"] + gates[f"beta_{g}"]) for g in "mhn")
    a, b = (eval(steady, values) for steady, _ in A_GATES.values())
    current = 0.3 * (u + 17) + 120 * m**3 * h * (u - 55) + 20 * n**4 * (u + 72)
    current += 47.7 * a**3 * b * (u + 75)
    return current[: argmax(diff(current) < 0) + 1].max()


def test_the_rate_begins_at_zero_with_the_a_current_only():
    least = rheobase()
    assert least == pytest.approx(8.2, abs=0.3)  # figure 6.1: about 80 nA/mm2
    group = NeuronGroup(
        7, MODEL, threshold="v > 0*mV", refractory="v > -20*mV", method="rk4", dt=0.02 * ms
    )
    group.g_A = [47.7, 47.7, 47.7, 47.7, 0, 0, 0]
    group.E_L = [-17, -17, -17, -17, -70, -70, -70]
    group.I = [*(least + array([-0.05, 0.1, 0.4, 1.6])), 7, 8, 9]
    group.v = -68 * mV
    for gate in "mhn":
        setattr(group, gate, f"alpha_{gate}/(alpha_{gate} + beta_{gate})")
    group.a, group.b = "a_inf", "b_inf"
    spikes = SpikeMonitor(group)
    run(1 * second)
    trains = spikes.spike_trains()
    assert [len(trains[k]) > 1 for k in range(7)] == [False, True, True, True, False, True, True]
    rates = array([1 / mean(diff(trains[k])) / Hz for k in (1, 2, 3, 5)])
    assert rates[0] < 5 < rates[1] < 10 < rates[2] < 40
    assert rates[3] > 75
