"""Ben-Yishai, Bar-Or & Sompolinsky (1995), PNAS 92:3844: recurrent connections tune a ring.

Threshold-linear neurons with interactions -J_0 + J_2*cos(2*(theta - theta')) answer an input
without tuning by a hill of activity whose half width theta_c solves (theta_c -
sin(4*theta_c)/4)/pi = 1/J_2, whatever the contrast, and whose height is a closed form of theta_c;
it sits where it was pointed to. With J_2 < 2 they do not.
"""

import pytest

from simgen.brian import *

pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.compiler]

number, tau, J_0 = 90, 10 * ms, 3.0


def half_width(J_2):
    """Return theta_c (rad) by bisection; the left side grows with it."""
    low, high = 0.01, pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        if (middle - sin(4 * middle) / 4) / pi < 1 / J_2:
            low = middle
        else:
            high = middle
    return middle


def rates(J_2, contrasts, where):
    """Return the rates, contrast by neuron, after a tuned input that then lost its tuning."""
    start_scope()
    ring = NeuronGroup(
        number * len(contrasts),
        """dm/dt = (-m + clip(I, 0, inf))/tau : 1
           I = contrast*(1 + tuning*cos(2*(theta - where))) + recurrent : 1
           theta = pi*(i % number)/number - pi/2 : 1
           recurrent : 1
           contrast : 1
           tuning : 1 (shared)""",
        method="euler",
        dt=0.5 * ms,
        namespace={"where": where, "number": number},
    )
    ring.contrast = repeat(contrasts, number)
    synapses = Synapses(
        ring,
        ring,
        "recurrent_post = (-J_0 + J_2*cos(2*(theta_pre - theta_post)))*m_pre/number : 1 (summed)",
        dt=0.5 * ms,
        namespace={"J_2": J_2},
    )
    synapses.connect("i//number == j//number")
    ring.tuning = 0.3
    run(100 * ms)
    ring.tuning = 0
    run(400 * ms)
    return ring.m[:].reshape(-1, number)


def test_the_width_of_the_hill_is_the_closed_form_at_every_contrast():
    J_2 = 6.0
    theta = pi * arange(number) / number - pi / 2
    found = rates(J_2, [0.5, 2], where=0.4)
    assert found[1] == pytest.approx(4 * found[0], rel=1e-6)
    hill = found[1]
    active = (hill > 1e-3 * hill.max()).sum() * pi / number
    assert active / 2 == pytest.approx(half_width(J_2), abs=0.6 * pi / number)
    width = half_width(J_2)
    f_0 = (sin(2 * width) - 2 * width * cos(2 * width)) / pi
    height = 2 * (1 - cos(2 * width)) / (J_0 * f_0 - cos(2 * width))
    assert hill.max() == pytest.approx(height, rel=0.01)
    direction = angle((hill * exp(2j * theta)).sum()) / 2
    assert direction == pytest.approx(0.4, abs=0.05)


def test_weak_interactions_leave_the_ring_flat():
    flat = rates(1.5, [1.0], where=0.4)[0]
    assert flat == pytest.approx(full(number, 1 / (1 + J_0)), rel=1e-3)
