"""Tsodyks, Pawelzik & Markram (1998), Neural Comput. 10:821: synapses depress or facilitate by
rate.

In the steady state of a regular train u and x solve a linear map per interval; depressing synapses
transmit u*x*rate up to a limit 1/tau_rec, facilitating ones best at an intermediate rate.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

PARAMETERS = {  # U, tau_rec, tau_facil: depression and facilitation of the paper
    "depression": (0.45, 800 * ms, 0.001 * ms),
    "facilitation": (0.04, 100 * ms, 1000 * ms),
}


def steady(rate, U, tau_rec, tau_facil):
    """Return u and x just before the spikes of a regular train, u being that of the release."""
    decay_u = exp(-1 / (rate * tau_facil))
    decay_x = exp(-1 / (rate * tau_rec))
    u = U / (1 - (1 - U) * decay_u)
    return u, (1 - decay_x) / (1 - (1 - u) * decay_x)


def test_the_steady_state_is_that_of_the_map():
    defaultclock.dt = 1 * ms
    rates = array([5, 10, 20, 50, 100]) * Hz
    inputs = NeuronGroup(
        len(rates),
        "rate : Hz (constant)\ndphase/dt = rate : 1",
        threshold="phase >= 0.99999",
        reset="phase -= 1",
        method="euler",
    )
    inputs.rate = rates
    targets = NeuronGroup(2 * len(rates), "epsp : 1\nsum_of_epsp : 1\nnumber : integer")
    kinds = list(PARAMETERS)
    synapses = Synapses(
        inputs,
        targets,
        """U : 1
           tau_rec : second
           tau_facil : second
           du/dt = -u/tau_facil : 1 (event-driven)
           dx/dt = (1 - x)/tau_rec : 1 (event-driven)""",
        on_pre="""u += U*(1 - u)
                  epsp_post = u*x
                  number_post += 1
                  x -= u*x""",
    )
    synapses.connect(i=repeat(arange(5), 2), j=arange(10))
    for k in range(len(kinds)):
        (
            synapses.U["j % 2 == k"],
            synapses.tau_rec["j % 2 == k"],
            synapses.tau_facil["j % 2 == k"],
        ) = PARAMETERS[kinds[k]]
    synapses.x = 1
    run(12 * second)
    found = targets.epsp[:].reshape(5, 2)
    assert (targets.number[:] >= repeat(12 * rates / Hz, 2) - 1).all()
    for k, kind in enumerate(kinds):
        u, x = steady(rates, *PARAMETERS[kind])
        assert found[:, k] == pytest.approx(u * x, rel=1e-3)
        transmitted = u * x * rates / Hz
        if kind == "depression":
            assert transmitted.max() < 1 / 0.8
        else:
            assert found[:, k].argmax() == 2
