"""Random changes between runs of objects that run as one: what single ones do, bit for bit."""

from __future__ import annotations

import random

import pytest
from parts import CODES, Wired

from simgen import StateMonitor, defaultclock, ms, set_device

pytestmark = pytest.mark.compiler
KINDS = ("run", "delays", "text", "delay", "connect", "active", "dt", "weights", "threads", "watch")


def changes(number):
    """Return what is done between the first and the last runs."""
    chosen = random.Random(number)
    return chosen.choice(list(CODES)), [
        (chosen.choice(KINDS), chosen.randrange(16), chosen.randrange(1, 25))
        for _ in range(chosen.randrange(5, 11))
    ]


def state_after(number, optimize, threads):
    code, done = changes(number)
    wired = Wired(optimize, 1, code)
    wired.network.run(1 * ms)
    for kind, place, size in done:
        _change(wired, kind, wired.objects[place], size, threads)
    wired.network.run(6 * ms)  # all that was under way has arrived
    wired.network.run(2 * ms)
    return wired.state()


def _change(wired, kind, made, size, threads):
    match kind:
        case "run":
            wired.network.run(0.1 * size * ms)
        case "delays" if len(made):
            made.delay[: len(made) // 2 + 1] = 0.1 * (size % 9) * ms
        case "text" if len(made):
            made.delay = f"((i*{size} + j*3) % {size % 7 + 1})*0.1*ms"
        case "delay":
            made.delay = 0.1 * (size % 12) * ms
        case "connect":
            before = len(made)
            made.connect(i=[size % len(made.source)], j=[7 * size % len(made.target)])
            made.delay[before:] = 0.1 * (size % 5) * ms
            if "w" in made.variables:
                made.w[before:] = 0.125
        case "active":
            made.active = not made.active
        case "dt":
            defaultclock.dt = 0.05 * (1 + size % 2) * ms
        case "weights" if len(made) and "w" in made.variables:
            made.w = size / 32
        case "threads":
            set_device("cpu", optimize=wired.optimize, threads=threads, dtype="float64")
        case "watch" if len(made) and "u" in made.variables and made.active:
            monitor = StateMonitor(made, "u", record=[0])
            wired.network.add(monitor)
            wired.network.run(0.3 * ms)
            wired.network.remove(monitor)


@pytest.mark.parametrize(
    "number", [*range(6), *(pytest.param(n, marks=pytest.mark.slow) for n in range(6, 60))]
)
def test_merged_objects_survive_any_changes(number):
    expected = state_after(number, 0, 1)
    assert state_after(number, 1, 1) == expected
    assert state_after(number, 1, 3) == expected
