"""Rothman & Manis (2003), J. Neurophysiol. 89:3097: cell types of the ventral cochlear nucleus.

Five mixtures of the same channels rest at the potentials of their table 1; those with the potassium
current of low threshold (bushy cells: type II) answer a step by one spike, the others by a train.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

# conductances in nS (sodium, high and low threshold, A, hyperpolarised) and resting potential in mV
TYPES = {
    "I-c": ((1000, 150, 0, 0, 0.5), -63.9),
    "I-t": ((1000, 80, 0, 65, 0.5), -64.2),
    "I-II": ((1000, 150, 20, 0, 2), -64.1),
    "II-I": ((1000, 150, 35, 0, 3.5), -63.8),
    "II": ((1000, 150, 200, 0, 20), -63.6),
}
C, E_h, E_K, E_L, E_Na, g_lk = 12 * pF, -43 * mV, -70 * mV, -65 * mV, 55 * mV, 2 * nS
phi = 0.85
celsius = 22
T10 = 3.0 ** ((celsius - 22) / 10)  # the paper's temperature

MEMBRANE = """
dv/dt = (-g_lk*(v - E_L) - I_Na - I_HT - I_LT - I_A - I_h + I)/C : volt
u = v/mV : 1
I : amp
"""


# steady state and time constant in ms of each gate, over u in mV
GATES = {
    "m": ("1/(1 + exp(-(u + 38)/7))", "10/(5*exp((u + 60)/18) + 36*exp(-(u + 60)/25)) + 0.04"),
    "h": ("1/(1 + exp((u + 65)/6))", "100/(7*exp((u + 60)/11) + 10*exp(-(u + 60)/25)) + 0.6"),
    "n": ("(1 + exp(-(u + 15)/5))**-0.5", "100/(11*exp((u + 60)/24) + 21*exp(-(u + 60)/23)) + 0.7"),
    "p": ("1/(1 + exp(-(u + 23)/6))", "100/(4*exp((u + 60)/32) + 5*exp(-(u + 60)/22)) + 5"),
    "w": ("(1 + exp(-(u + 48)/6))**-0.25", "100/(6*exp((u + 60)/6) + 16*exp(-(u + 60)/45)) + 1.5"),
    "z": ("0.5/(1 + exp((u + 71)/10)) + 0.5", "1000/(exp((u + 60)/20) + exp(-(u + 60)/8)) + 50"),
    "a": ("(1 + exp(-(u + 31)/6))**-0.25", "100/(7*exp((u + 60)/14) + 29*exp(-(u + 60)/24)) + 0.1"),
    "b": ("(1 + exp((u + 66)/7))**-0.5", "1000/(14*exp((u + 60)/27) + 29*exp(-(u + 60)/24)) + 1"),
    "c": ("(1 + exp((u + 66)/7))**-0.5", "90/(1 + exp((-66 - u)/17)) + 10"),
    "r": ("1/(1 + exp((u + 76)/7))", "1e5/(237*exp((u + 60)/12) + 17*exp(-(u + 60)/14)) + 25"),
}
CURRENTS = {
    "Na": "m**3*h*(v - E_Na)",
    "HT": "(phi*n**2 + (1 - phi)*p)*(v - E_K)",
    "LT": "w**4*z*(v - E_K)",
    "A": "a**4*b*c*(v - E_K)",
    "h": "r*(v - E_h)",
}


def cell_model():
    eqs = Equations(MEMBRANE)
    for name, (steady, tau) in GATES.items():
        gate = f"dG/dt = T10*(G_inf - G)/(({tau})*ms) : 1\nG_inf = {steady} : 1"
        eqs += Equations(gate, G=name, G_inf=f"{name}_inf")
    for name, flow in CURRENTS.items():
        current = f"I_ion = g_ion*{flow} : amp\ng_ion : siemens (constant)"
        eqs += Equations(current, I_ion="I_" + name, g_ion="g_" + name)
    return eqs


def test_types_rest_where_they_should_and_answer_by_one_spike_or_many():
    cells = NeuronGroup(
        len(TYPES),
        cell_model(),
        threshold="v > -20*mV",
        refractory="v > -30*mV",
        method="exponential_euler",
    )
    for k, (conductances, _) in enumerate(TYPES.values()):
        for name, value in zip(["g_Na", "g_HT", "g_LT", "g_A", "g_h"], conductances):
            setattr(cells[k : k + 1], name, value * nS)
    cells.v = E_L
    for name in "mhnpwzabcr":
        setattr(cells, name, name + "_inf")
    spikes = SpikeMonitor(cells)
    run(200 * ms)
    published = [rest for _, rest in TYPES.values()]
    assert cells.v[:] / mV == pytest.approx(published, abs=0.25)
    assert spikes.num_spikes == 0
    cells.I = [50, 50, 100, 100, 300] * pA
    run(100 * ms)
    assert spikes.count[:].tolist()[2:] == [1, 1, 1]
    assert all(spikes.count[:2] >= 4)
