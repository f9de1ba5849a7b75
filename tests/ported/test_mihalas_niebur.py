"""Mihalas & Niebur (2009), Neural Comput. 21:704: a linear neuron with an adaptive threshold and
spike-induced currents.

Its differential equations are linear, so that spike times are closed forms; resets alone make its
repertoire: tonic and phasic spiking, adaptation, rebound, bursts (their table 1).
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

G, b, k_1, k_2 = 50 / second, 10 / second, 200 / second, 20 / second
E_L, V_r, Theta_r, Theta_inf = -70 * mV, -70 * mV, -60 * mV, -50 * mV
KINDS = {  # a (1/s), A_1/C and A_2/C (V/s), the drive I_e/C (V/s)
    "tonic": (0, 0, 0, 1.5),
    "silent": (0, 0, 0, 0.9999),
    "adapting": (5, 0, 0, 2),
    "phasic": (5, 0, 0, 1.5),
    "rebound": (5, 0, 0, -3.5),
    "bursts": (5, 10, -0.6, 2),
}


def test_linear_dynamics_and_resets_make_the_repertoire():
    drive = [kind[3] for kind in KINDS.values()]
    cells = NeuronGroup(
        len(KINDS),
        """dI_1/dt = -k_1*I_1 : volt/second
           dI_2/dt = -k_2*I_2 : volt/second
           dv/dt = I + I_1 + I_2 - G*(v - E_L) : volt
           dTheta/dt = a*(v - E_L) - b*(Theta - Theta_inf) : volt
           a : Hz (constant)
           A_1 : volt/second (constant)
           A_2 : volt/second (constant)
           I : volt/second""",
        threshold="v > Theta",
        reset="""I_1 = A_1
                 I_2 += A_2
                 v = V_r
                 Theta = clip(Theta, Theta_r, inf*mV)""",
        method="exact",
    )
    cells.v, cells.Theta = E_L, Theta_inf
    constants = array([kind[:3] for kind in KINDS.values()]).T
    cells.a, cells.A_1 = constants[0] / second, constants[1] * volt / second
    cells.A_2 = constants[2] * volt / second
    cells.I = drive * volt / second
    spikes = SpikeMonitor(cells)
    run(750 * ms)
    cells.I[4] = 0 * volt / second
    run(250 * ms)
    fired = {name: array(train / ms) for name, train in zip(KINDS, spikes.spike_trains().values())}
    # v = E_L + I/G*(1 - exp(-G t)) reaches a constant threshold, 20 mV higher, at ln(3)/G
    assert diff(fired["tonic"]) == pytest.approx(1000 * log(3) / 50, abs=0.11)
    assert len(fired["silent"]) == 0
    # v ends 30 mV above rest, and Theta 20 + 5/10*30 mV: it stops, but for I = 2 V/s both are at 40
    assert 1 <= len(fired["phasic"]) <= 5
    assert fired["phasic"][-1] < 200
    assert ptp(diff(fired["adapting"])[-3:]) < 0.5
    assert diff(fired["adapting"])[-1] > 1.5 * diff(fired["adapting"])[0]
    assert len(fired["rebound"]) == 1
    assert fired["rebound"][0] > 750
    gaps = diff(fired["bursts"])
    assert sum(gaps > 50) >= 4
    assert max(gaps[gaps < 50]) < 10
    assert 4 < mean(gaps < 50) * len(gaps) / sum(gaps > 50) < 10
