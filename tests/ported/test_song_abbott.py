"""Song, Miller & Abbott (2000), Nat. Neurosci. 3:919: additive plasticity makes inputs compete.

The change by one pair is exponential in its lag, and for independent trains its mean is
rate_pre*rate_post*(A_plus*tau_plus - A_minus*tau_minus); inputs that are correlated win.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

tau_plus = tau_minus = 20 * ms
PLASTIC = """
w : 1
dx/dt = -x/tau_plus : 1 (event-driven)
dy/dt = -y/tau_minus : 1 (event-driven)
"""


def test_one_pair_changes_by_the_window_and_poisson_trains_by_its_integral():
    A_plus, A_minus = 0.005, 0.00525
    lags = array([-50, -20, -10, -5, 5, 10, 20, 50])
    before = SpikeGeneratorGroup(8, arange(8), full(8, 60) * ms)
    after = SpikeGeneratorGroup(8, arange(8), (60 + lags) * ms)
    rules = {
        "on_pre": "x += A_plus; w -= y",
        "on_post": "y += A_minus; w += x",
    }
    pair = Synapses(before, after, PLASTIC, **rules)
    pair.connect(j="i")
    n, rate = 400, 25 * Hz
    source, target = PoissonGroup(n, rate, name="source"), PoissonGroup(n, rate, name="target")
    many = Synapses(source, target, PLASTIC, **rules)
    many.connect(j="(i + k) % N_post for k in range(5)")
    run(0.5 * second)
    window = where(lags > 0, A_plus, -A_minus) * exp(-abs(lags) / 20)
    assert pair.w[:] == pytest.approx(window, rel=1e-9)
    drift = mean(many.w[:]) / 0.5
    # the traces fill within tau, and each product of n rates has its error of counting
    expected = 25**2 * 0.02 * (A_plus - A_minus) * (1 - 0.02 / 0.5)
    assert drift == pytest.approx(expected, abs=0.01)


def test_correlated_inputs_win():
    defaultclock.dt = 0.5 * ms
    n, g_max = 40, 0.1
    events = PoissonGroup(1, 8 * Hz, name="events")  # which half of the inputs share
    common = NeuronGroup(n // 2, "v : 1", threshold="v > 0.5", reset="v = 0", name="common")
    share = Synapses(events, common, on_pre="v_post += int(rand() < 0.8)")
    share.connect()
    apart = PoissonGroup(n // 2, 8 * Hz * 0.8, name="apart")
    neuron = NeuronGroup(
        1,
        """dv/dt = (ge*(0*mV - v) + (-70*mV - v))/(20*ms) : volt
           dge/dt = -ge/(5*ms) : 1""",
        threshold="v > -54*mV",
        reset="v = -60*mV",
        method="euler",
    )
    neuron.v = -70 * mV
    both = []
    for inputs in (common, apart):
        synapses = Synapses(
            inputs,
            neuron,
            PLASTIC,
            on_pre="ge_post += w; x += 0.05*g_max; w = clip(w - y, 0, g_max)",
            on_post="y += 0.054*g_max; w = clip(w + x, 0, g_max)",
        )
        synapses.connect()
        synapses.w = g_max * 0.8
        both.append(synapses)
    spikes = SpikeMonitor(neuron)
    net = Network(collect(), both)
    net.run(6 * second)
    won, lost = (mean(synapses.w[:]) / g_max for synapses in both)
    assert won > 0.95 > 0.75 > lost
    assert spikes.num_spikes > 20
