"""Fusi, Annunziato, Badoni, Salamon & Amit (2000), Neural Comput. 12:2227: synapses with two stable
states learn from spikes.

At a presynaptic spike the inner variable X goes up by a if the depolarisation of the target is
above a threshold, and down by b otherwise; between spikes it drifts to 1 above theta_x and to 0
below. So a few spikes in short order change the synapse for good, and as many spread out do not.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

a, b, theta_x, theta_v = 0.160, 0.160, 0.374, 0.8
alpha, beta = 6.70 / second, 10.0 / second


def bistable(inputs, targets):
    """Return bistable synapses, one from each input onto its own target."""
    plastic = Synapses(
        inputs,
        targets,
        """dX/dt = int(X > theta_x)*alpha*int(X < 1) - int(X <= theta_x)*beta*int(X > 0)
                   : 1 (clock-driven)""",
        on_pre="X = clip(X + int(V_post > theta_v)*(a + b) - b, 0, 1)",
        method="euler",
    )
    plastic.connect(j="i")
    return plastic


def test_spikes_in_short_order_switch_a_synapse_for_good():
    gaps = array([5, 5, 20, 5])  # ms
    numbers = [3, 2, 3, 3]
    times = [10 + gap * arange(n) for gap, n in zip(gaps, numbers)]
    index = repeat(arange(4), numbers)
    inputs = SpikeGeneratorGroup(4, index, concatenate(times) * ms)
    targets = NeuronGroup(4, "V : 1 (constant)")
    targets.V = [1, 1, 1, 0]  # the last one is not depolarised
    plastic = bistable(inputs, targets)
    state = StateMonitor(plastic, "X", record=True, dt=1 * ms)
    run(400 * ms)
    # three spikes 5 ms apart reach 3*a - 2*5 ms*beta = 0.38; 20 ms apart each begins at zero
    assert plastic.X[:] == pytest.approx([1, 0, 0, 0], abs=1e-3)
    peaks = [3 * a - 0.1, 2 * a - 0.05, a, 0]
    assert state.X[1:, :60].max(axis=1) == pytest.approx(peaks[1:], abs=0.011)
    rise = (state.X[0] >= 0.99).argmax() - 20  # ms
    assert rise == pytest.approx((0.99 - peaks[0]) / alpha / ms, rel=0.02)


def test_potentiation_needs_activity_on_both_sides():
    pairs = 400
    inputs = PoissonGroup(3 * pairs, rates="(50 - 45*int(i >= 2*pairs))*Hz")
    depolarised = NeuronGroup(
        3 * pairs,
        "V = int(rand_now < p) : 1\nrand_now = rand() : 1 (constant over dt)\np : 1 (constant)",
    )
    depolarised.p = repeat([0.8, 0.2, 0.8], pairs)
    plastic = bistable(inputs, depolarised)
    run(500 * ms)
    potentiated = (plastic.X[:] > theta_x).reshape(3, pairs).mean(axis=1)
    # by fast inputs to a target that is mostly depolarised, not by slow ones, nor to a quiet one
    assert potentiated[0] > 0.5
    assert max(potentiated[1:]) < 0.05
