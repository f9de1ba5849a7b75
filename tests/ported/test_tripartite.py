"""Stimberg, Goodman, Brette & De Pitta (2019), in De Pitta & Berry (eds.), Computational
Glioscience, ch. 18: neurons and astrocytes that meet at tripartite synapses.

Synapses are the source and the target of other Synapses: each astrocyte takes up what its synapses
release (Y_S), and what it releases itself (G_A) reaches the receptors of these synapses. Calcium of
astrocytes that are driven hard enough crosses the threshold, gap junctions in a ring pass IP3 on,
and gliotransmitter lowers the release of the synapses that the astrocyte surrounds.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

CONSTANTS = {
    "O_P": 0.9 * umolar / second,
    "K_P": 0.05 * umolar,
    "C_T": 2 * umolar,
    "rho_A": 0.18,
    "Omega_C": 6 / second,
    "Omega_L": 0.1 / second,
    "d_1": 0.13 * umolar,
    "d_2": 1.05 * umolar,
    "d_3": 0.9434 * umolar,
    "d_5": 0.08 * umolar,
    "O_2": 0.2 / umolar / second,
    "O_beta": 3.2 * umolar / second,
    "O_N": 0.3 / umolar / second,
    "Omega_N": 0.5 / second,
    "K_KC": 0.5 * umolar,
    "zeta": 10,
    "O_delta": 0.6 * umolar / second,
    "kappa_delta": 1.5 * umolar,
    "K_delta": 0.1 * umolar,
    "Omega_5P": 0.05 / second,
    "K_D": 0.7 * umolar,
    "K_3K": 1.0 * umolar,
    "O_3K": 4.5 * umolar / second,
    "F": 0.09 * umolar / second,
    "I_Theta": 0.3 * umolar,
    "omega_I": 0.05 * umolar,
    "C_Theta": 0.5 * umolar,
    "Omega_A": 0.6 / second,
    "U_A": 0.6,
    "G_T": 200 * mmolar,
    "rho_e": 6.5e-4,
    "Omega_e": 60 / second,
    "alpha": 0.0,
    "rho_c": 0.005,
    "Y_T": 500 * mmolar,
    "Omega_c": 40 / second,
    "U_0": 0.6,
    "Omega_f": 3.33 / second,
    "Omega_d": 2.0 / second,
    "O_G": 1.5 / umolar / second,
    "Omega_G": 0.5 / (60 * second),
}
ASTROCYTE = """
    dGamma_A/dt = O_N*Y_S*(1 - Gamma_A) - Omega_N*(1 + zeta*C/(C + K_KC))*Gamma_A : 1
    dI/dt = O_beta*Gamma_A + J_delta - J_3K - Omega_5P*I + J : mmolar
    J_delta = O_delta/(1 + I/kappa_delta)*C**2/(C**2 + K_delta**2) : mmolar/second
    J_3K = O_3K*C**4/(C**4 + K_D**4)*I/(I + K_3K) : mmolar/second
    dC/dt = J_r + J_l - J_p : mmolar
    dh/dt = (h_inf - h)*Omega_h : 1
    J_r = (Omega_C*m_inf**3*h**3)*(C_T - (1 + rho_A)*C) : mmolar/second
    J_l = Omega_L*(C_T - (1 + rho_A)*C) : mmolar/second
    J_p = O_P*C**2/(C**2 + K_P**2) : mmolar/second
    m_inf = I/(I + d_1)*C/(C + d_5) : 1
    h_inf = Q_2/(Q_2 + C) : 1
    Omega_h = O_2*(Q_2 + C) : Hz
    Q_2 = d_2*(I + d_1)/(I + d_3) : mmolar
    dx_A/dt = Omega_A*(1 - x_A) : 1
    dG_A/dt = -Omega_e*G_A : mmolar
    Y_S : mmolar
    J : mmolar/second
    """
SYNAPSE = """
    dY_S/dt = -Omega_c*Y_S : mmolar (clock-driven)
    dGamma_S/dt = O_G*G_A*(1 - Gamma_S) - Omega_G*Gamma_S : 1 (clock-driven)
    du_S/dt = -Omega_f*u_S : 1 (event-driven)
    dx_S/dt = Omega_d*(1 - x_S) : 1 (event-driven)
    r_S : 1
    G_A : mmolar
    astrocyte : integer (constant)
    """
RELEASE = """
    u_S += ((1 - Gamma_S)*U_0 + alpha*Gamma_S)*(1 - u_S)
    r_S = u_S*x_S
    x_S -= r_S
    Y_S += rho_c*Y_T*r_S
    """
N, N_A = 24, 6  # neurons and astrocytes


def simulate(feedback, duration):
    """Return what a ring of astrocytes over a network of synapses does; G_A acts if it may."""
    defaultclock.dt = 1 * ms
    neurons = NeuronGroup(
        N,
        "period : integer (constant)",
        threshold="(t_in_timesteps + i) % period == 0",
        reset="",
    )
    # the first third of the neurons is active enough to reach the astrocytes that they meet
    neurons.period = [60 if k < N // 3 else 1500 for k in range(N)]
    synapses = Synapses(
        neurons, neurons, SYNAPSE, on_pre=RELEASE, method="exponential_euler", namespace=CONSTANTS
    )
    synapses.connect(j="(i + k) % N for k in range(1, 6)", namespace={"N": N})
    synapses.delay = "(1 + (i + j) % 4)*ms"
    synapses.x_S = 1
    synapses.astrocyte = "i*N_A//N_pre"
    glia = NeuronGroup(
        N_A,
        ASTROCYTE,
        threshold="C > C_Theta",
        refractory="C > C_Theta",
        reset="G_A += rho_e*G_T*U_A*x_A; x_A -= U_A*x_A",
        method="rk4",
        namespace=CONSTANTS,
    )
    glia.C, glia.h, glia.I, glia.x_A = 0.01 * umolar, 0.9, 0.01 * umolar, 1
    up = Synapses(synapses, glia, "Y_S_post = Y_S_pre/N_incoming : mmolar (summed)")
    up.connect("astrocyte_pre == j")
    down = Synapses(glia, synapses, "G_A_post = G_A_pre : mmolar (summed)")
    down.connect("i == astrocyte_post" if feedback else False)
    ring = Synapses(
        glia,
        glia,
        """delta = I_post - I_pre : mmolar
           J_post = -F/2*(1 + tanh((abs(delta) - I_Theta)/omega_I))*sign(delta)
                    : mmolar/second (summed)""",
        namespace=CONSTANTS,
    )
    ring.connect("j == (i + 1) % N_pre or j == (i - 1) % N_pre")
    events = SpikeMonitor(glia)
    state = StateMonitor(glia, ["C", "I", "Y_S"], record=True, dt=20 * ms)
    gates = StateMonitor(synapses, ["Gamma_S", "r_S"], record=True, dt=20 * ms)
    net = Network(neurons, synapses, glia, up, down, ring, events, state, gates)
    net.run(duration, namespace={"N_A": N_A})
    return {
        "events": array(events.i[:]),
        "times": array(events.t / ms),
        "C": array(state.C / umolar),
        "I": array(state.I / umolar),
        "Y_S": array(state.Y_S / umolar),
        "Gamma_S": array(gates.Gamma_S),
        "r_S": array(gates.r_S),
        "astrocyte": array(synapses.astrocyte[:]),
        "up": array([up.i[:], up.j[:]]),
    }


def test_astrocytes_lower_the_release_of_the_synapses_that_excite_their_neighbours():
    tuned = simulate(True, 10 * second)
    free = simulate(False, 10 * second)
    # the driven astrocytes are the first to cross the threshold, then the ring passes it on
    assert tuned["events"][:2].tolist() == [0, 1]
    assert set(tuned["events"][2:6]) == {2, 3, 4, 5}
    assert tuned["Y_S"].max(axis=1).argmax() == 1
    # the first gliotransmitter comes with the first event; before, it makes no difference
    first = int(tuned["times"][0]) // 20
    assert array_equal(tuned["C"][:, :first], free["C"][:, :first])
    assert not free["Gamma_S"].any()
    assert not tuned["Gamma_S"][:, :first].any()
    # it opens the receptors of all synapses of an astrocyte alike, and these release less
    for k in range(N_A):
        own = tuned["Gamma_S"][tuned["astrocyte"] == k]
        assert array_equal(own, tile(own[0], (len(own), 1)))
    quiet = tuned["astrocyte"] >= 2
    assert tuned["Gamma_S"][quiet, -1].min() > 0.9
    assert tuned["r_S"][quiet, -1].max() < 0.1 < 0.5 < free["r_S"][quiet, -1].min()
    # every synapse is taken up by its own astrocyte
    assert tuned["up"][0].tolist() == list(range(5 * N))
    assert tuned["up"][1].tolist() == tuned["astrocyte"].tolist()
