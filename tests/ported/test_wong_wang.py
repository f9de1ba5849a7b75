"""Wong & Wang (2006), J. Neurosci. 26:1314: a decision is a competition of two populations.

The reduced model of two NMDA variables, with the constants of the paper, decides within 2 s: at
random without evidence, nearly always right with evidence of 25.6 %; decisions of strong evidence
are the fast ones.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

MODEL = Equations(
    """
    dS_1/dt = -S_1/tau_S + (1 - S_1)*gamma*H_1 : 1
    dS_2/dt = -S_2/tau_S + (1 - S_2)*gamma*H_2 : 1
    dI_1/dt = -(I_1 - I_0)/tau_0 + sigma*xi_1/sqrt(tau_0) : amp
    dI_2/dt = -(I_2 - I_0)/tau_0 + sigma*xi_2/sqrt(tau_0) : amp
    x_1 = J_same*S_1 - J_other*S_2 + I_1 + I_stim*(1 + coherence) : amp
    x_2 = J_same*S_2 - J_other*S_1 + I_2 + I_stim*(1 - coherence) : amp
    # (a*x - b)/(1 - exp(-d*(a*x - b)))
    H_1 = 1/(d*exprel(-d*(a*x_1 - b))) : Hz
    H_2 = 1/(d*exprel(-d*(a*x_2 - b))) : Hz
    coherence : 1 (constant)
    decided : second
    correct : boolean
    """,
    a=270 * Hz / nA,
    b=108 * Hz,
    d=0.154 * second,
    gamma=0.641,
    tau_S=100 * ms,
    tau_0=2 * ms,
    J_same=0.2609 * nA,
    J_other=0.0497 * nA,
    I_0=0.3255 * nA,
    sigma=0.02 * nA,
    I_stim=0.00052 * nA / Hz * 30 * Hz,
)


def test_accuracy_and_speed_follow_the_evidence():
    levels, trials = array([0, 0.032, 0.064, 0.128, 0.256, 0.512]), 200
    column = NeuronGroup(
        len(levels) * trials,
        MODEL,
        events={"decision": "decided == 0*second and (H_1 > 15*Hz or H_2 > 15*Hz)"},
        method="euler",
        dt=0.5 * ms,
    )
    column.run_on_event("decision", "decided = t; correct = H_1 > H_2")
    column.coherence = repeat(levels, trials)
    column.S_1 = column.S_2 = 0.1
    column.I_1 = column.I_2 = 0.3255 * nA
    run(2.5 * second)
    decided = array(column.decided / second).reshape(-1, trials)
    right = column.correct[:].reshape(-1, trials)
    assert (decided > 0).mean() > 0.97
    accuracy = right.mean(axis=1)
    times = [mean(row[row > 0]) for row in decided]
    assert accuracy[0] == pytest.approx(0.5, abs=0.08)
    assert accuracy[-2] > 0.98
    # 82 % are right at a coherence of 4 to 10 %, as of the animals of Roitman & Shadlen (2002)
    assert 0.04 < interp(0.82, accuracy, levels) < 0.1
    assert (diff(times)[1:] < 0).all()
    assert times[0] > 1.5 * times[-1]
    # without evidence, too, one population goes on to fire, and silences the other
    loser, winner = sort([column.H_1[:trials] / Hz, column.H_2[:trials] / Hz], axis=0)
    assert median(loser) < 3 < 20 < median(winner)
