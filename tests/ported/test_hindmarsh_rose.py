"""Hindmarsh & Rose (1984), Proc. R. Soc. B 221:87: rest, bursts and trains of spikes by current
alone.

With r = 0.006 and s = 4 the neuron rests at I = 0.5, fires bursts of several spikes at 2, and fires
without pause from about 3.4. Two that are coupled strongly enough by gap junctions fire as one.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

MODEL = Equations(
    """
    dx/dt = (y - a*x**3 + b*x**2 - z + I + g*(x_other - x))/tau : 1
    dy/dt = (c - d*x**2 - y)/tau : 1
    dz/dt = r*(s*(x + 1.6) - z)/tau : 1
    I : 1
    x_other : 1 (linked)
    g : 1
    """,
    a=1,
    b=3,
    c=1,
    d=5,
    r=0.006,
    s=4,
    tau="unit_of_time",
)


def test_currents_make_rest_bursts_and_trains_and_coupling_makes_one():
    unit_of_time = 1 * ms
    cells = NeuronGroup(
        6, MODEL, threshold="x > 1", refractory="x > 0.5", reset="", method="rk4", dt=0.05 * ms
    )
    cells.I = [0.5, 2, 3.6, 1.2, 3, 3]  # the last two are coupled
    cells.x_other = linked_var(cells, "x", index=[0, 1, 2, 3, 5, 4])
    cells.g["i >= 4"] = 1
    cells.x, cells.y, cells.z = "-1.6 + 0.3*i", "1 - 5*x**2", 2
    pair = StateMonitor(cells, "x", record=[4, 5])
    warm = 500 * unit_of_time
    run(warm)
    spikes = SpikeMonitor(cells)
    run(1500 * unit_of_time)
    gaps = [diff(train) / ms for train in spikes.spike_trains().values()]
    assert spikes.count[0] == 0
    assert sum(gaps[1] > 60) >= 8  # pauses between bursts ...
    assert 1 < mean(gaps[1] < 60) * len(gaps[1]) / sum(gaps[1] > 60) < 10  # ... of some spikes
    assert ptp(gaps[2]) < 0.2  # a regular train
    late = pair.x[:, pair.t > warm]
    assert abs(late[0] - late[1]).max() < 1e-6
