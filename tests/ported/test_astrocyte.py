"""De Pitta, Volman, Berry & Ben-Jacob (2011), PLoS Comput. Biol. 7:e1002293: astrocytes tune
synapses.

Calcium of the Li-Rinzel (1994) model oscillates at intermediate IP3 only; gliotransmitter released
when calcium exceeds a threshold opens presynaptic receptors, Gamma, which move the resting
probability of release from U_0 to (1 - Gamma)*U_0 + alpha*Gamma.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

ASTROCYTE = Equations(
    """
    dC/dt = J_r + J_l - J_p : mmolar
    dh/dt = (h_inf - h)/tau_h : 1
    J_r = Omega_C*m_inf**3*h**3*(C_T - (1 + rho)*C) : mmolar/second
    J_l = Omega_L*(C_T - (1 + rho)*C) : mmolar/second
    J_p = O_P*C**2/(C**2 + K_P**2) : mmolar/second
    m_inf = IP3/(IP3 + d_1)*C/(C + d_5) : 1
    h_inf = Q_2/(Q_2 + C) : 1
    tau_h = 1/(O_2*(Q_2 + C)) : second
    Q_2 = d_2*(IP3 + d_1)/(IP3 + d_3) : mmolar
    IP3 : mmolar (constant)
    dx_A/dt = Omega_A*(1 - x_A) : 1           # gliotransmitter that can be released
    dG_A/dt = -Omega_e*G_A : mmolar           # and that is outside
    """,
    Omega_C=6 / second,
    Omega_L=0.1 / second,
    C_T=2 * umolar,
    rho=0.18,
    O_P=0.9 * umolar / second,
    K_P=0.1 * umolar,
    d_1=0.13 * umolar,
    d_2=1.05 * umolar,
    d_3=0.9434 * umolar,
    d_5=0.08 * umolar,
    O_2=0.2 / umolar / second,
    Omega_A=0.6 / second,
    Omega_e=60 / second,
)


def test_calcium_oscillates_at_intermediate_ip3_and_glia_move_the_release():
    defaultclock.dt = 1 * ms
    U_0, alpha, U_A = 0.6, 0.1, 0.6
    O_G, Omega_G, G_T, rho_e = 1.5 / umolar / second, 0.5 / (60 * second), 200 * mmolar, 6.5e-4
    glia = NeuronGroup(
        3,
        ASTROCYTE,
        threshold="C > 0.2*umolar",
        refractory="C > 0.2*umolar",
        reset="G_A += rho_e*G_T*U_A*x_A; x_A -= U_A*x_A",
        method="rk4",
    )
    glia.IP3 = [0.2, 0.45, 1.5] * umolar
    glia.C, glia.h, glia.x_A = 0.05 * umolar, 0.9, 1
    terminals = NeuronGroup(
        6,
        """dGamma/dt = O_G*G*(1 - Gamma) - Omega_G*Gamma : 1
           G : mmolar
           u_0 = (1 - Gamma)*U_0 + alpha*Gamma : 1""",
        threshold="t_in_timesteps % 500 == 250",
        method="exponential_euler",
    )
    reached = Synapses(glia, terminals, "G_post = G_A_pre : mmolar (summed)")
    reached.connect("i == j // 2")
    cell = NeuronGroup(2, "released : 1")
    release = Synapses(terminals, cell, "n : integer", on_pre="released_post += u_0_pre; n += 1")
    release.connect(j="i % 2")
    events = SpikeMonitor(glia, variables="x_A")
    state = StateMonitor(glia, "C", record=True, dt=50 * ms)
    gates = StateMonitor(terminals, ["Gamma", "u_0"], record=[0, 2, 4], dt=50 * ms)
    run(40 * second)
    late = state.C[:, state.t > 20 * second] / umolar
    assert (ptp(late, axis=1) > 0.2).tolist() == [False, True, False]
    assert events.count[0] == 0
    assert events.count[1] >= 3
    assert late[0].max() < 0.1 < 0.4 < late[2].min()
    # without gliotransmitter the release stays U_0; with it Gamma mixes U_0 and alpha
    assert gates.u_0[0] == pytest.approx(full(len(gates.t), U_0))
    assert gates.Gamma[1].max() > 0.9
    assert gates.u_0[1] == pytest.approx(U_0 + (alpha - U_0) * gates.Gamma[1])
    # the pool is full again after the pauses of about 8 s, since it recovers within 2 s
    assert events.x_A[:] == pytest.approx(ones(len(events.i)), abs=0.05)
    assert release.n[:].tolist() == [80] * 6
    moments = (arange(80) * 0.5 + 0.25) * second
    shown = searchsorted(gates.t / second, moments / second)
    tuned = [gates.u_0[k][shown].sum() for k in range(3)]
    assert list(cell.released[:]) == pytest.approx([sum(tuned)] * 2, rel=0.01)
