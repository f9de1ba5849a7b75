"""Integers divided by zero: wherever text is evaluated, an error says so, and what was zero."""

import numpy as np
import pytest

from simgen import (
    Network,
    NeuronGroup,
    NumericalError,
    PoissonGroup,
    PoissonInput,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    ms,
)

DEVICES = [("reference", {}), ("cpu", {"threads": 3}), ("cuda", {"emulate": True})]
pytestmark = [
    pytest.mark.compiler,
    pytest.mark.parametrize("device", DEVICES, indirect=True, ids=lambda device: device[0]),
    pytest.mark.usefixtures("device"),
]
MODEL = "k : integer (constant)\nm : integer\nn : integer\nb : boolean\nx : 1\n"


def cells(more="", **options):
    """Three neurons, of which the last has m = k = 0, and the second spikes in every step."""
    options = {"threshold": "i == 1", "reset": "", "name": "cells", **options}
    group = NeuronGroup(3, MODEL + more, **options)
    group.m = group.k = [2, 3, 0]
    return group


def wires(group, model="", connection="i == 1", **options):
    synapses = Synapses(group, group, "w : integer\ny : boolean\n" + model, name="wires", **options)
    synapses.connect(connection)
    return synapses


def by_group(more="", code="", **options):
    def build():
        group = cells(more, **options)
        if code:
            group.run_regularly(code)
        return group, Network(group)

    return build


def by_synapses(model="", connection="i == 1", code="", **options):
    def build():
        group = cells()
        synapses = wires(group, model, connection, **options)
        if code:
            synapses.run_regularly(code)
        return group, Network(group, synapses)

    return build


def by_two_ends():
    group, target = cells(), NeuronGroup(3, "z : 1", name="targets")
    synapses = Synapses(
        group, target, "w : integer", on_pre="x_pre += 1\nz_post += 7 % w", name="wires"
    )
    synapses.connect()
    return group, Network(group, target, synapses)


def by_event():
    group = cells(events={"odd": "i == 2"})
    group.run_on_event("odd", "x = 7 % m")
    return group, Network(group)


def by_poisson_group():
    group = cells()
    sources = PoissonGroup(3, rates="(5 // zero)*Hz", name="cells_2")
    return group, Network(group, sources)


def by_poisson_input():
    group = cells()
    drive = PoissonInput(group, "x", N=1, rate=1 / ms, weight="1.0*(7 // m)", name="cells_2")
    return group, Network(group, drive)


def by_monitor(kind, synaptic=False):
    def build():
        group = cells("q = 7 // m : integer", threshold="i == 2")
        synapses = wires(group, "q2 = 7 // m_post : integer")
        owner, name = (synapses, "q2") if synaptic else (group, "q")
        if kind is StateMonitor:
            monitor = StateMonitor(owner, name, record=True, name="cells_monitor")
        else:
            monitor = kind(group, variables=name, name="cells_monitor")
        return group, Network(group, synapses, monitor)

    return build


def by_table():
    table = TimedArray(np.arange(6.0).reshape(2, 3), dt=1 * ms, name="steps")
    group = cells("z = table(t, i % m) : 1 (constant over dt)", namespace={"table": table})
    return group, Network(group)


RUNNING = {
    "threshold": (by_group(threshold="n % m == 1"), "threshold of NeuronGroup 'cells'"),
    "custom event": (by_group(events={"odd": "n % m == 1"}), "'odd'"),
    "refractory condition": (by_group(threshold="i == 2", refractory="n % m == 1"), "refractory"),
    "refractory period": (by_group(refractory="(n // m)*ms"), "refractory"),
    "constant refractory period": (by_group(refractory="(1 + 1 // zero)*ms"), "refractory"),
    "reset": (by_group(threshold="i == 2", reset="n = n // m"), "reset of NeuronGroup 'cells'"),
    "event code": (by_event, "'odd'"),
    "run_regularly": (by_group(code="n = n // m"), "run_regularly of NeuronGroup 'cells'"),
    "in place": (by_group(code="n //= m"), "n //= m"),
    "sum": (by_group(code="x += 0.5*(n % m)"), "x += 0.5*(n % m)"),
    "local": (by_group(code="q = 3 % m\nq += 1\nn = 2*q"), "q = 3 % m"),
    "stored boolean": (by_group(code="b = (n // m) > 1"), "b = (n // m) > 1"),
    "truth value": (by_group(code="x = int(n % m == 1)"), "'x'"),
    "function": (by_group(code="x = exp(-abs(n // m))"), "'x'"),
    "random": (by_group(code="n = 7 // (m*int(rand() < 2))"), "'n'"),
    "constant": (by_group(code="n = n // zero"), "'zero' is 0"),
    "frozen": (by_group("q = n // m : integer (constant over dt)"), "q"),
    "frozen boolean": (by_group("q = n // m > 0 : boolean (constant over dt)"), "q"),
    "equation": (by_group("dv/dt = (n // m)/ms : 1", "m = m", method="euler"), "dv/dt"),
    "equation, fixed": (by_group("dv/dt = (n // m)/ms : 1"), "exact step of v"),
    "exact": (by_group("dv/dt = (1 + 7 // k - v)/ms : 1", method="exact"), "exact step of v"),
    "constant in an equation": (by_group("dv/dt = (n // zero - v)/ms : 1"), "'zero' is 0"),
    "noise": (by_group("dv/dt = -v/ms + (n // m)*xi*ms**-0.5 : 1", method="euler"), "dv/dt"),
    "subexpression": (by_group("q = n // m : integer\ndv/dt = q/ms : 1"), "exact step of v"),
    "shared": (by_group("s : integer (shared)\nr : integer (shared)", code="s = 3 // r"), "'r'"),
    "table": (by_table, "'z'"),
    "poisson group": (by_poisson_group, "'zero' is 0"),
    "poisson input": (by_poisson_input, "'x'"),
    "state monitor": (by_monitor(StateMonitor), "'q'"),
    "spike monitor": (by_monitor(SpikeMonitor), "'q'"),
    "synaptic monitor": (by_monitor(StateMonitor, synaptic=True), "'q2'"),
    "on_pre": (by_synapses(on_pre="n_post += n_post // m_post"), "'n'"),
    "on_pre, set": (by_synapses(on_pre="w = 7 % m_post"), "'w'"),
    "on_pre, float": (by_synapses(on_pre="x_post += 7 % m_post"), "x_post += 7"),
    "on_pre, boolean": (by_synapses(on_pre="y = 7 % m_post == 1"), "'y'"),
    "on_pre, two ends": (by_two_ends, "'w' is 0"),
    "on_pre, weight": (by_synapses(on_pre="x_post += 7 % w"), "'w' is 0"),
    "on_pre, delay": (by_synapses(on_pre="x_post += 7 % w", delay=0.1 * ms), "'w' is 0"),
    "on_post": (by_synapses(connection="j == 1", on_post="x_pre += 7 % m_pre"), "'m' is 0"),
    "clock-driven": (
        by_synapses("dv/dt = (7 // w)/ms : 1 (clock-driven)", code="w = w"),
        "dv/dt",
    ),
    "clock-driven, fixed": (
        by_synapses("dv/dt = (7 // m_post)/ms : 1 (clock-driven)"),
        "exact step of v",
    ),
    "clock-driven, frozen": (
        by_synapses("z = 7 // m_post : integer (constant over dt)\ndv/dt=z/ms:1 (clock-driven)"),
        "'z'",
    ),
    "event-driven": (
        by_synapses("dv/dt = (7 // k_post - v)/ms : 1 (event-driven)", on_pre="v += 1"),
        "dv/dt",
    ),
    "event-driven, own": (
        by_synapses(
            "u : integer (constant)\ndv/dt = -(7 // u)*v/ms : 1 (event-driven)", on_pre="v += 1"
        ),
        "dv/dt",
    ),
    "synaptic run_regularly": (by_synapses(code="w = i // m_post"), "'w'"),
    "summed": (by_synapses("x_post = 1.0*(7 // m_post) : 1 (summed)"), "x_post"),
    "summed integers": (by_synapses("n_post = 7 // m_post : integer (summed)"), "n_post"),
}


def divide_by(network, group, last):
    """Set all that the cases divide by; the last of the neurons may have a zero."""
    group.m = group.k = [2, 3, last]
    if "r" in group.variables:
        group.r = last
    for synapses in (each for each in network.objects if isinstance(each, Synapses)):
        synapses.w = last
        if "u" in synapses.variables:
            synapses.u = last


@pytest.mark.parametrize("name", RUNNING)
def test_a_run_says_so(name):
    build, place = RUNNING[name]
    group, network = build()
    divide_by(network, group, 4)
    network.run(0.2 * ms, namespace={"zero": 5})
    divide_by(network, group, 0)
    for options in ({}, {"check_finite": False}):
        with pytest.raises(NumericalError) as caught:
            network.run(0.2 * ms, namespace={"zero": 0}, **options)
        text = str(caught.value)
        assert "An integer is divided by zero" in text
        assert "32 bits" not in text
        assert place in text
        assert "cells" in text or "wires" in text
    divide_by(network, group, 4)
    network.run(0.2 * ms, namespace={"zero": 5})


def test_the_place_is_told():
    group = cells()
    group.run_regularly("n = n // m")
    synapses = wires(group, connection="i == 1", on_pre="w = 7 % m_post")
    network = Network(group, synapses)
    with pytest.raises(NumericalError, match=r"at index 2: 'm' is 0 \(NeuronGroup 'cells': .*'n'"):
        network.run(0.1 * ms)
    group.m = [0, 1, 2]
    with pytest.raises(NumericalError, match=r"at index 0: 'm' is 0"):
        network.run(0.1 * ms, check_finite="step")
    group.m = 1
    network.run(0.1 * ms)
    for operation in list(group.contained_objects):
        operation.active = False
    group.m = [2, 3, 0]
    with pytest.raises(NumericalError, match=r"at the synapse from 1 to 2: 'm' is 0 \(Synapses"):
        network.run(0.1 * ms)


def test_what_is_guarded_is_not_divided():
    group = cells(
        "q = m > 0 and 7 % m == 1 : boolean", threshold="m != 0 and i % m == 0", refractory="m == 0"
    )
    group.run_regularly("b = not (m == 0 or 7 % m == 0)")
    synapses = wires(group, connection="k_pre != 0 and i % k_pre == 0")
    synapses.run_regularly("y = m_post > 0 and i % m_post == 1")
    monitor = StateMonitor(group, "q", record=True)
    Network(group, synapses, monitor).run(0.2 * ms)
    assert group.b[:].tolist() == [True, True, False]
    assert np.array_equal(monitor.q[:, -1], [1, 1, 0])
    assert sorted(set(synapses.i[:])) == [0]


def test_overflow_is_told_apart():
    group = cells()
    group.run_regularly("n = 2000000000 * (i + 1) // (m + 1)")
    with pytest.raises(NumericalError, match="32 bits") as caught:
        Network(group).run(0.1 * ms)
    assert "zero" not in str(caught.value)
