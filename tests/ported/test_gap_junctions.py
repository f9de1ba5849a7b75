"""Gap junctions: passive cells in a ring share current as a cable does, and two cells by a divider.

In the steady state the voltage falls off by the root of x + 1/x = 2 + g_L/g_c per cell (Bennett
1966, "Physiology of electrotonic junctions": of two cells the second has g_c/(g_c + g_L) of the
first).
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]


def test_voltage_spreads_through_a_ring_of_gap_junctions():
    n = 30
    g_L, g_c, C = 10 * nS, 25 * nS, 100 * pF
    neuron = NeuronGroup(
        n,
        """dv/dt = (-g_L*v + I_gap + I)/C : volt
           I_gap : amp
           I : amp""",
        method="euler",
    )
    neuron.I["i == 0"] = 200 * pA
    gap = Synapses(neuron, neuron, "I_gap_post = g_c*(v_pre - v_post) : amp (summed)")
    gap.connect(j="k for k in range(i - 1, i + 2, 2)", skip_if_invalid=True)
    gap.connect(i=[0, n - 1], j=[n - 1, 0])
    assert gap.N_incoming[:].reshape(-1).tolist().count(2) == 2 * n
    trace = StateMonitor(neuron, "v", record=[0, 1], when="end")
    run(120 * ms)
    half = 1 + g_L / (2 * g_c)
    decay = half - sqrt(half**2 - 1)
    v = neuron.v[:] / mV
    assert v[1:6] / v[:5] == pytest.approx([decay] * 5, rel=1e-4)
    assert v[1:] == pytest.approx(v[:0:-1])
    assert sum(neuron.v * g_L) / pA == pytest.approx(200, rel=1e-3)
    # the sum is of voltages before the update: cell 1 moves one step later
    assert (trace.v[0] > 0 * mV).argmax() == 0
    assert (trace.v[1] > 0 * mV).argmax() == 1
