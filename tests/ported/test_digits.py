"""Diehl & Cook (2015), Front. Comput. Neurosci. 9:99: competing neurons learn patterns without
labels.

Poisson rates show a pattern for 350 ms, lateral inhibition leaves one winner, and its threshold
theta rises so that others win the other patterns; weights come to look like the patterns.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]


def test_each_pattern_gets_a_neuron_of_its_own():
    defaultclock.dt = 0.5 * ms
    n_input, n_e = 36, 8
    patterns = zeros((3, n_input))
    patterns[0, :12] = patterns[1, 12:24] = patterns[2, 24:] = 1
    tc_theta, nu = 1e4 * second, 0.02
    shown = TimedArray(patterns[[0, 1, 2] * 14] * 120 * Hz, dt=100 * ms)
    X = PoissonGroup(n_input, rates="shown(t, i)*int(t % (100*ms) < 70*ms)")
    E = NeuronGroup(
        n_e,
        """dv/dt = (-65*mV - v - v*ge - (100*mV + v)*gi)/(100*ms) : volt (unless refractory)
           dge/dt = -ge/(1*ms) : 1
           dgi/dt = -gi/(2*ms) : 1
           dtheta/dt = -theta/tc_theta : volt""",
        threshold="v > theta - 72*mV + 20*mV",
        reset="v = -65*mV; theta += 0.5*mV",
        refractory="5*ms",
        method="euler",
    )
    E.v = -65 * mV
    learn = Synapses(
        X,
        E,
        """w : 1
           dpre/dt = -pre/(20*ms) : 1 (event-driven)
           dpost1/dt = -post1/(20*ms) : 1 (event-driven)""",
        on_pre="ge_post += 4*w; pre = 1; w = clip(w - 0.0001*post1, 0, 1)",
        on_post="w = clip(w + nu*(pre - 0.4)*(1 - w), 0, 1); post1 = 1",
    )
    learn.connect(True)
    learn.w = "0.3 + 0.3*rand()"
    inhibit = Synapses(E, E, on_pre="gi_post += 10")
    inhibit.connect("i != j")

    @network_operation(dt=100 * ms)
    def normalize():
        w = reshape(learn.w, (n_input, n_e))
        learn.w = (w * (8 / w.sum(axis=0))).flatten()

    winners = SpikeMonitor(E)
    run(4.2 * second)
    # of what fires in the last 1.2 s each neuron answers one pattern, which its weights look like
    answers = zeros((3, n_e))
    late = winners.t > 3 * second
    add.at(answers, ((winners.t[late] // (100 * ms)).astype(int) % 3, winners.i[late]), 1)
    fired = answers.sum(axis=0) > 0
    assert (answers.sum(axis=1) > 5).all()
    assert (answers[:, fired].max(axis=0) >= 0.8 * answers[:, fired].sum(axis=0)).all()
    likeness = patterns @ reshape(learn.w[:], (n_input, n_e))
    assert (likeness.argmax(axis=0) == answers.argmax(axis=0))[fired].all()
