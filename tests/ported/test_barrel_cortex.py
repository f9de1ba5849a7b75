"""Kremer, Leger, Goodman, Brette & Bourdieu (2011), J. Neurosci. 31:10689: STDP makes maps of
direction.

Whiskers are deflected along a moving bar: layer 4 cells tuned to the direction feed layer 2/3, and
synapses from cells that fire first in the common sequence win. Connections follow barrels and
distance.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]


def test_synapses_of_the_whisker_that_leads_win():
    side, per_barrel, upper = 2, 24, 9
    barrel = 0.4 * mm
    tau_m, tau_e, tau_pre, tau_post = 10 * ms, 2 * ms, 5 * ms, 25 * ms
    A_pre, A_post, w_max = 0.03, -0.03, 1.0
    layer4 = NeuronGroup(
        side**2 * per_barrel,
        """rate = int(deflected)*(1 + cos(direction - preferred))*100*Hz + 1*Hz : Hz
           deflected = abs((t - column*12*ms) % (100*ms) - 15*ms) < 3*ms : boolean
           column = int(x//barrel) : integer (constant over dt)
           preferred : radian
           direction : radian (shared)
           x : metre
           y : metre""",
        threshold="rand() < rate*dt",
        reset="",
    )
    layer4.x = "(rand() + (i//per_barrel) % side)*barrel"
    layer4.y = "(rand() + i//per_barrel//side)*barrel"
    layer4.preferred = "(i % 8)*2*pi/8"
    layer4.direction = 0
    layer23 = NeuronGroup(
        upper,
        """dv/dt = (ge - (v + 70*mV))/tau_m : volt
           dge/dt = -ge/tau_e : volt
           dv_t/dt = (-55*mV - v_t)/(50*ms) : volt  # adaptation of the threshold
           x : metre
           y : metre""",
        threshold="v > v_t",
        reset="v = -70*mV; v_t += 3*mV",
        refractory=2 * ms,
        method="exact",
    )
    layer23.x = "(i % 3 + 0.5)*side*barrel/3"
    layer23.y = "(i//3 + 0.5)*side*barrel/3"
    layer23.v, layer23.v_t = -70 * mV, -55 * mV
    feedforward = Synapses(
        layer4,
        layer23,
        """w : 1
           distance = sqrt((x_pre - x_post)**2 + (y_pre - y_post)**2) : metre
           dA_source/dt = -A_source/tau_pre : 1 (event-driven)
           dA_target/dt = -A_target/tau_post : 1 (event-driven)""",
        on_pre="""ge_post += 40*mV*w
                  A_source += A_pre
                  w = clip(w + A_target, 0, w_max)""",
        on_post="""A_target += A_post
                   w = clip(w + A_source, 0, w_max)""",
    )
    feedforward.connect(p="exp(-((x_pre - x_post)**2 + (y_pre - y_post)**2)/(2*(0.5*mm)**2))")
    squares = (layer4.x[:, None] - layer23.x[:]) ** 2 + (layer4.y[:, None] - layer23.y[:]) ** 2
    expected = mean(exp(-squares / (2 * (0.5 * mm) ** 2)))
    assert len(feedforward) / (len(layer4) * upper) == pytest.approx(expected, abs=0.05)
    feedforward.w = "rand()*0.5"
    feedforward.delay = "0.2*ms + distance/(0.3*metre/second)"
    longest = max(feedforward.distance[:])
    assert max(feedforward.delay) == 0.2 * ms + longest / (0.3 * metre / second)
    spikes = SpikeMonitor(layer23)
    run(3 * second)
    tuned = "cos(preferred_pre) > 0.5 and column_pre == {}"
    leading, late = (mean(feedforward.w[tuned.format(k)]) for k in (0, 1))
    assert spikes.num_spikes > 20 * upper
    assert leading > 0.5 > 0.05 > late  # by the column that is deflected first
    assert mean(feedforward.w["cos(preferred_pre) < -0.5"]) < 0.5 * leading
