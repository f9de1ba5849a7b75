"""Graupner & Brunel (2012), PNAS 109:3991: calcium above two thresholds changes synapses.

Calcium jumps at pre- (after a delay D) and postsynaptic spikes and decays with 20 ms. The efficacy
moves up while it is above theta_p and down while above theta_d, so that after many pairs it is what
the fractions of time above these give; the signs over the time between spikes make the curves of
their figure 2.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

tau_ca, tau, theta_d = 20 * ms, 150 * second, 1.0
CURVES = {  # C_pre, C_post, theta_p, gamma_d, gamma_p, D in ms; lag in ms; signs at -lag and lag
    "DP": ((1, 2, 1.3, 200, 321.808, 13.7, 15), (-1, 1)),
    "DPD": ((0.9, 0.9, 1.3, 250, 550, 4.6, 15), (-1, -1)),
    "P": ((2, 2, 1.3, 160, 257.447, 0, 15), (1, 1)),
    "D": ((0.6, 0.6, 1.3, 500, 550, 0, 5), (-1, -1)),
}
period = 200  # ms


def fractions(c_pre, c_post, theta, lag):
    """Return the part of the period with calcium above ``theta``; ``lag`` includes the delay."""
    jumps = sorted([(0, c_pre), (lag, c_post)])
    times = array([jumps[0][0], jumps[1][0], jumps[0][0] + period])
    above, c = 0.0, 0.0
    for _ in range(3):  # the calcium of the pairs before
        above = 0.0
        for (_time, jump), gap in zip(jumps, diff(times)):
            c += jump
            above += clip(20 * log(c / theta), 0, gap) if c > theta else 0
            c *= exp(-gap / 20)
    return above / period


def test_efficacies_follow_the_time_above_both_thresholds(device):
    pairs = 100 if device == "cpu" else 4
    defaultclock.dt = 0.1 * ms
    kinds = [(numbers[:6], k * numbers[6]) for numbers, _ in CURVES.values() for k in (-1, 1)]
    n = len(kinds)
    pre = NeuronGroup(n, "", threshold="t_in_timesteps % 2000 == 400", reset="", name="pre")
    post = NeuronGroup(
        n,
        "shift : integer",
        threshold="t_in_timesteps % 2000 == 400 + shift",
        reset="",
        name="post",
    )
    post.shift = [lag * 10 for _, lag in kinds]
    S = Synapses(
        pre,
        post,
        """dc/dt = -c/tau_ca : 1 (clock-driven)
           drho/dt = (gamma_p*(1 - rho)*int(c > theta_p) - gamma_d*rho*int(c > theta_d))/tau
                     : 1 (clock-driven)
           c_pre_jump : 1 (constant)
           c_post_jump : 1 (constant)
           theta_p : 1 (constant)
           gamma_d : 1 (constant)
           gamma_p : 1 (constant)""",
        on_pre="c += c_pre_jump",
        on_post="c += c_post_jump",
        method="euler",
    )
    S.connect(j="i")
    values = array([numbers for numbers, _ in kinds])
    S.c_pre_jump, S.c_post_jump, S.theta_p, S.gamma_d, S.gamma_p = values[:, :5].T
    S.pre.delay = values[:, 5] * ms
    S.rho = 0.5
    run(pairs * period * ms)
    expected = []
    for (c_pre, c_post, theta_p, gamma_d, gamma_p, D), lag in kinds:
        up = gamma_p * fractions(c_pre, c_post, theta_p, lag - D)
        down = gamma_d * fractions(c_pre, c_post, theta_d, lag - D)
        if up + down == 0:
            expected.append(0.5)
            continue
        left = exp(-pairs * period / 150e3 * (up + down))
        expected.append(up / (up + down) * (1 - left) + 0.5 * left)
    change = S.rho[:] - 0.5
    assert change == pytest.approx(array(expected) - 0.5, rel=0.06, abs=1e-4)
    signs = sign(around(change, 4)).reshape(-1, 2)
    assert signs.tolist() == [list(signs) for _, signs in CURVES.values()]
