"""Synapses for tests of connectivity that a device makes: built, and read in all ways."""

from __future__ import annotations

import numpy as np

import simgen
from simgen import NeuronGroup, Synapses, set_device, start_scope

EMULATED = ("cuda", {"emulate": True, "deterministic": True})


def use(name, options):
    """Take a device for objects to come."""
    set_device(name, **options)
    start_scope()
    simgen.seed(5)


def connected(condition=None, p=1.0, *, parts=False, model="w : 1\nk : integer\nz : 1", **rule):
    """Return two groups and synapses between them, or between parts of them.

    A ``rule`` is given to connect() in the place of a condition and a probability.
    """
    first = NeuronGroup(70, "v : 1\nx : 1\ny : 1", threshold="x > 0.4", name="first")
    second = NeuronGroup(90, "v : 1\nx : 1", name="second")
    first.x, second.x = "rand()", "rand()"
    source, target = (first[5:60], second[20:85]) if parts else (first, second)
    text = "v_post += floor(16*w)/16; y_pre += k"
    links = Synapses(source, target, model, on_pre=text, name="links")
    links.connect(**(rule or {"condition": condition, "p": p}))
    return first, second, links


def state(first, second, links):
    """Return all that can be read of the connectivity and of what it did."""
    values = (links.i, links.j, links.w, links.k, links.z, links.delay_, first.y, second.v)
    return [value[:] for value in values]


def assert_equal(one, other):
    """Compare bit by bit."""
    for first, second in zip(one, other):
        assert first.dtype == second.dtype
        np.testing.assert_array_equal(first, second)
