"""Whole models against their solutions on paper."""

import numpy as np
import pytest

from simgen import (
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    mV,
    run,
)

pytestmark = pytest.mark.usefixtures("device")


def test_leaky_integrate_and_fire():
    """v = I + (v0 - I)*exp(-t/tau) below threshold, else the period is tau*log(I/(I - 1)) + ref."""
    group = NeuronGroup(
        200,
        "dv/dt = (I - v)/(10*ms) : 1 (unless refractory)\nI : 1",
        threshold="v > 1",
        reset="v = 0",
        refractory=2 * ms,
        method="exact",
    )
    group.I = "0.5 + 0.02*i"
    group.v["I < 1"] = 0.9
    spikes = SpikeMonitor(group)
    state = StateMonitor(group, "v", record=[3])
    run(40 * ms)
    t = state.t / ms
    expected = 0.56 + (0.9 - 0.56) * np.exp(-t / 10)
    np.testing.assert_allclose(state.v[0], expected, rtol=1e-12)
    for k in (60, 100, 199):
        drive = 0.5 + 0.02 * k
        free = 10 * np.log(drive / (drive - 1))
        # the first step after the reset ends at dt, and the crossing is seen at the step's end
        steps = int(np.floor(free / 0.1)) + 1
        times = spikes.spike_trains()[k] / ms
        assert times[0] == pytest.approx((steps - 1) * 0.1)
        # the neuron integrates again in the step refractory/dt after the spike
        np.testing.assert_allclose(np.diff(times), (steps + 19) * 0.1)


def test_postsynaptic_potentials():
    """An exponential current of time constant s gives w*s/(tau - s)*(exp(-t/tau) - exp(-t/s))."""
    source = SpikeGeneratorGroup(1, [0, 0], [1.0, 7.0] * ms)
    target = NeuronGroup(
        200,
        """dv/dt = (g - v)/(10*ms) : volt
           dg/dt = -g/(2*ms) : volt""",
        method="exact",
    )
    synapses = Synapses(source, target, "w : volt", on_pre="g += w")
    synapses.connect()
    synapses.w = "(j + 1)*mV"
    synapses.delay = "(j % 3)*ms"
    state = StateMonitor(target, "v", record=[0, 199])
    run(20 * ms)
    for row, j in enumerate((0, 199)):
        expected = np.zeros(200)
        for spike in (1.0, 7.0):
            t = np.clip(state.t / ms - spike - (j % 3) - 0.1, 0, None)  # seen a step later
            t = np.where(t > 1e-9, t, 0)
            expected += (j + 1) * 2 / 8 * (np.exp(-t / 10) - np.exp(-t / 2))
        # the jump lies at the end of its step
        np.testing.assert_allclose(state.v[row] / mV, expected, rtol=1e-9, atol=1e-12)


def test_plasticity_window_of_pairs():
    """One pair changes w by A*exp(-lag/tau), with the sign of who came first."""
    lags = np.array([-30, -12.3, -0.1, 0, 0.1, 5, 20.7])
    n = lags.size
    pre = SpikeGeneratorGroup(n, np.arange(n), np.full(n, 40) * ms)
    post = SpikeGeneratorGroup(n, np.arange(n), (40 + lags) * ms)
    synapses = Synapses(
        pre,
        post,
        """w : 1
           da/dt = -a/(20*ms) : 1 (event-driven)
           db/dt = -b/(15*ms) : 1 (event-driven)""",
        on_pre="a += 0.01; w = clip(w - b, 0, 1)",
        on_post="b += 0.012; w = clip(w + a, 0, 1)",
    )
    synapses.connect(j="i")
    synapses.w = 0.5
    run(70 * ms)
    change = synapses.w[:] - 0.5
    after = 0.01 * np.exp(-lags / 20)
    before = -0.012 * np.exp(lags / 15)
    # with no lag pre comes before post in the same step, so the pair counts as causal
    np.testing.assert_allclose(change, np.where(lags >= 0, after, before), rtol=1e-9)


def test_short_term_plasticity():
    """Facilitation and depression from spike to spike (Tsodyks, Pawelzik & Markram 1998).

    u and x relax to 0 and 1 between spikes with tau_f and tau_d; at a spike u grows by U*(1 - u),
    u*x is released and x shrinks by as much.
    """
    times = np.array([5.0, 10, 12.5, 40, 41, 42])
    source = SpikeGeneratorGroup(1, np.zeros(6, int), times * ms)
    target = NeuronGroup(200, "r : 1")
    synapses = Synapses(
        source,
        target,
        """du/dt = -u/(15*ms) : 1 (event-driven)
           dx/dt = (1 - x)/(20*ms) : 1 (event-driven)""",
        on_pre="""u += 0.2*(1 - u)
                  r_post += u*x
                  x -= u*x""",
    )
    synapses.connect()
    synapses.x = 1
    state = StateMonitor(target, "r", record=[150], when="end")
    run(50 * ms)
    u, x, last, total, expected = 0.0, 1.0, 0.0, 0.0, []
    for time in times:
        u *= np.exp(-(time - last) / 15)
        x = 1 + (x - 1) * np.exp(-(time - last) / 20)
        u += 0.2 * (1 - u)
        total += u * x
        x -= u * x
        last = time
        expected.append(total)
    seen = state.r[0][np.round(times * 10).astype(int)]
    np.testing.assert_allclose(seen, expected, rtol=1e-10)


def test_izhikevich_by_euler_step_by_step():
    """Nonlinear equations with a reset of two variables, against the recursion written out."""
    group = NeuronGroup(
        200,
        """dv/dt = (0.04*v**2 + 5*v + 140 - u + I)/ms : 1
           du/dt = 0.02*(0.2*v - u)/ms : 1
           I : 1""",
        threshold="v >= 30",
        reset="v = -65; u += 8",
        method="euler",
    )
    group.v, group.u, group.I = -65, -13, "5 + 0.05*i"
    spikes = SpikeMonitor(group)
    run(60 * ms)
    v, u, drive = np.full(200, -65.0), np.full(200, -13.0), 5 + 0.05 * np.arange(200)
    expected = []
    for step in range(600):
        rate = 0.04 * v**2 + 5 * v + 140 - u + drive
        v, u = v + 0.1 * rate, u + 0.1 * 0.02 * (0.2 * v - u)
        fired = v >= 30
        expected += [(step, i) for i in np.flatnonzero(fired)]
        v[fired], u[fired] = -65, u[fired] + 8
    assert list(zip(np.round(spikes.t / ms * 10).astype(int), spikes.i)) == expected
    np.testing.assert_allclose(group.v, v, rtol=1e-6)
