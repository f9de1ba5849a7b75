"""Izhikevich (2007), Cereb. Cortex 17:2443: dopamine rewards the synapses that acted a second ago.

Pairing leaves a trace of eligibility c of 1 s; dopamine d of 0.2 s changes the weight by the
integral of c*d, which is c(reward)*d(reward)/(1/tau_c + 1/tau_d) for one reward.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]


def test_only_eligible_synapses_are_rewarded_and_by_the_integral():
    tau_c, tau_d, tau_pre, tau_post = 1 * second, 0.2 * second, 20 * ms, 20 * ms
    dA, epsilon_dopa = 0.01, 0.5
    delays = array([5, -5, 15, 50])  # of the postsynaptic spike, in ms
    arrivals = 100 * ones(4) * ms
    pre = SpikeGeneratorGroup(4, arange(4), arrivals)
    driver = SpikeGeneratorGroup(4, arange(4), arrivals + delays * ms)
    neurons = NeuronGroup(4, "v : 1\nd : 1 (linked)", threshold="v > 1", reset="v = 0")
    excite = Synapses(driver, neurons, on_pre="v_post = 2")
    excite.connect(j="i")
    dopamine = NeuronGroup(1, "dd/dt = -d/tau_d : 1", method="exact")
    plastic = Synapses(
        pre,
        neurons,
        """mode : 1
           dc/dt = -c/tau_c : 1 (clock-driven)
           ds/dt = mode*c*d_post/second : 1 (clock-driven)
           dApre/dt = -Apre/tau_pre : 1 (event-driven)
           dApost/dt = -Apost/tau_post : 1 (event-driven)""",
        on_pre="""Apre += dA
                  c = clip(c + mode*Apost, -1, 1)""",
        on_post="""Apost -= dA
                   c = clip(c + mode*Apre, -1, 1)""",
        method="euler",
    )
    plastic.connect(j="i")
    neurons.d = linked_var(dopamine, "d")
    plastic.mode = 1
    reward = SpikeGeneratorGroup(1, [0], [1] * second)
    deliver = Synapses(reward, dopamine, on_pre="d_post += epsilon_dopa")
    deliver.connect()
    run(3 * second)  # the trace of eligibility outlives the pair by far, the dopamine is gone
    lag = (delays + 0.1) / 1000  # a neuron fires in the step after the one that excites it
    eligible = sign(lag) * dA * exp(-abs(lag) / 0.02) * exp(-(1 - 0.1 - maximum(lag, 0)))
    assert plastic.s[:] == pytest.approx(eligible * epsilon_dopa / (1 + 1 / 0.2), rel=1e-3)
    assert plastic.d_post[:] == pytest.approx(epsilon_dopa * exp(-2 / 0.2), rel=1e-2)
