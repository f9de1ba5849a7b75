"""Pfister & Gerstner (2006), J. Neurosci. 26:9673: triplets of spikes explain plasticity by rate.

The minimal model fitted to visual cortex (their table 4, all spikes) changes a synapse at 60 pairs
as Sjostrom, Turrigiano & Nelson (2001), Neuron 32:1149, measured: depression at low rates,
potentiation at 10 Hz for pre before post, and at 40 Hz and more for either order.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler, pytest.mark.slow]

tau_plus, tau_minus, tau_y = 16.8 * ms, 33.7 * ms, 114 * ms
A_pair, A_triplet = 7.1e-3, 6.5e-3  # depression by pairs, potentiation by triplets
MEASURED = {  # rate in Hz: change, standard error of pre 10 ms before post, and of post before pre
    0.1: ((-0.04, 0.05), (-0.29, 0.08)),
    10: ((0.14, 0.10), (-0.41, 0.11)),
    20: ((0.29, 0.14), (-0.34, 0.10)),
    40: ((0.53, 0.11), (0.56, 0.32)),
    50: ((0.56, 0.26), (0.75, 0.19)),
}


def sums(decay, pairs):
    """Return 1 + decay + ... of the pairs so far, at each pair, without the last spike itself."""
    return (decay - decay ** arange(1, pairs + 1)) / (1 - decay)


def closed_form(rate, lag, pairs):
    """Return the change by pairs with ``lag`` (ms) from the pre- to the postsynaptic spike."""
    gap = 1000 / rate
    decay = {name: exp(-gap / tau) for name, tau in [("plus", 16.8), ("minus", 33.7), ("y", 114)]}
    own = 1 if lag > 0 else 0  # whether the presynaptic spike of the pair precedes
    r = (sums(decay["plus"], pairs) + own) * exp(-lag / 16.8)
    o = (sums(decay["minus"], pairs) + 1 - own) * exp(lag / 33.7)
    return sum(A_triplet * r * sums(decay["y"], pairs)) - sum(A_pair * o)


def test_changes_by_rate_are_the_closed_form_and_those_measured(device):
    pairs = 60 if device == "cpu" else 6
    rates = repeat(list(MEASURED), 2)
    lags = tile([10, -10], len(MEASURED))
    n = len(rates)
    # rare pairs are made 2 s apart: by then all traces are gone
    times = 20 + outer(1000 / maximum(rates, 0.5), arange(pairs))
    index = repeat(arange(n), pairs)
    pre = SpikeGeneratorGroup(n, index, times.ravel() * ms, name="pre_cells")
    post = SpikeGeneratorGroup(n, index, (times + lags[:, newaxis]).ravel() * ms, name="post_cells")
    S = Synapses(
        pre,
        post,
        """w : 1
           dr/dt = -r/tau_plus : 1 (event-driven)
           do/dt = -o/tau_minus : 1 (event-driven)
           dy/dt = -y/tau_y : 1 (event-driven)""",
        on_pre="""w -= A_pair*o
                  r += 1""",
        on_post="""w += A_triplet*r*y  # y before its own spike
                   o += 1
                   y += 1""",
    )
    S.connect(j="i")
    net = Network(pre, post, S)
    defaultclock.dt = 1 * ms
    net.run((2 * pairs + 1) * second)
    expected = [closed_form(max(rate, 0.5), lag, pairs) for rate, lag in zip(rates, lags)]
    assert S.w[:] == pytest.approx(expected, rel=1e-9)
    if pairs < 60:
        return
    data = array(list(MEASURED.values())).reshape(n, 2)
    assert mean(((S.w[:] - data[:, 0]) / data[:, 1]) ** 2) < 1  # in standard errors
