"""Networks whose events take values along, and what must arrive."""

from __future__ import annotations

import numpy as np

from simgen import NeuronGroup, StateMonitor, Synapses, ms, mV

N = 200  # three parts


def ramps(n=N, **options):
    """Return neurons whose voltages rise by 1 mV/ms times (1 + i % 3), and fall to 0 at 2 mV."""
    group = NeuronGroup(
        n,
        "dv/dt = (1 + i % 3)*mV/ms : volt\nk : integer\nup : boolean",
        threshold="v > th",
        reset="v = 0*mV; k += 1; up = not up",
        method="euler",
        namespace={"th": 2.05 * mV},
        **options,
    )
    group.v = "(i*7 % 20)*0.1*mV"
    return group


def wire(source, target, code, model="w : 1", count=3 * N, **options):
    """Return synapses between pairs and with delays of all kinds, zero included."""
    made = Synapses(source, target, model, on_pre=code, **options)
    places = np.arange(count)
    made.connect(i=places * 5 % len(source), j=places * 11 % len(target))
    made.w = "1 + i % 4"
    if isinstance(code, str):
        made.delay = (places * 13 % 17) * 0.1 * ms
    return made


def seen_at_emission(source, variable="v", when="before_synapses"):
    """Return a monitor of the values as of the emission: found, and nothing reset yet."""
    return StateMonitor(source, variable, record=True, when=when)


def expected_sums(synapses, spikes, values, stop, n, first=0, dt=1e-4):
    """Return for each target the sum of w * value of all that has arrived before step ``stop``."""
    total = np.zeros(n)
    pre, post = np.asarray(synapses.i) + first, np.asarray(synapses.j)
    late = np.rint(synapses.delay_[:] / dt).astype(int)
    steps = np.rint(spikes.t_ / dt).astype(int)
    for neuron, step in zip(spikes.i, steps):
        mine = (pre == neuron) & (late + step < stop)
        np.add.at(total, post[mine], np.asarray(synapses.w)[mine] * values[neuron, step])
    return total
