"""What must not change a result: names, units, cuts of a run, monitors, the order of creation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from wiring import begin, lif, steps

import simgen
from simgen import (
    Clock,
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    mV,
    set_device,
)

pytestmark = pytest.mark.compiler


@pytest.fixture(autouse=True)
def fresh(request):
    name = getattr(request, "param", "cpu")
    set_device(name, dtype="float64", emulate=name == "cuda")
    yield
    set_device("auto", dtype="float64")


on_both = pytest.mark.parametrize("fresh", ["cpu", "cuda"], indirect=True)


# --- equal texts --------------------------------------------------------------------------------


def traces(text: str, namespace: dict[str, Any], variable: str, scale: float = 1.0) -> Any:
    begin()
    group = NeuronGroup(3, text, method="euler", namespace=namespace)
    setattr(group, f"{variable}_", np.array([0.1, 0.25, -0.5]) * scale)
    trace = StateMonitor(group, variable, record=True)
    Network(group, trace).run(5 * ms)
    return getattr(trace, f"{variable}_")


def test_names_subexpressions_and_constants_do_not_matter():
    plain = traces("dv/dt = (sin(v) + 0.5*v**2 - v*1.5)/(5*ms) : 1", {}, "v")
    others = [
        ("dlonger/dt = (sin(longer) + 0.5*longer**2 - longer*1.5)/(5*ms) : 1", {}, "longer"),
        ("dv/dt = (s - r)/(5*ms) : 1\ns = sin(v) + 0.5*v**2 : 1\nr = v*1.5 : 1", {}, "v"),
        ("dv/dt = (sin(v) + a*v**2 - v*b)/tau : 1", {"a": 0.5, "b": 1.5, "tau": 5 * ms}, "v"),
        ("dv/dt = (sin(v) + (0.25 + 0.25)*v**2 - v*(3/2))/(5*ms) : 1", {}, "v"),
    ]
    for text, namespace, variable in others:
        np.testing.assert_array_equal(traces(text, namespace, variable), plain)


def test_the_unit_of_the_text_does_not_matter():
    small = traces("dv/dt = (4*mV - v)/(5*ms) : volt", {}, "v", 0.5)
    large = traces("dv/dt = (0.004*volt - v)/(5*ms) : volt", {}, "v", 0.5)
    named = traces("dv/dt = (E - v)/(5*ms) : volt", {"E": 4 * mV}, "v", 0.5)
    np.testing.assert_array_equal(small, large)
    np.testing.assert_array_equal(small, named)
    number = traces("dv/dt = (0.004 - v)/(5*ms) : 1", {}, "v", 0.5)
    np.testing.assert_array_equal(small, number)


# --- cuts and observers -------------------------------------------------------------------------


def everything(pieces: Sequence[float], observed: bool = True) -> dict[str, Any]:
    """Return the state of a network with noise, plasticity and two clocks after these runs."""
    begin()
    source = simgen.PoissonGroup(6, 300 * simgen.Hz)
    table = SpikeGeneratorGroup(2, [0, 1, 1], [0.2, 0.5, 1.1] * ms, period=1.3 * ms)
    group = lif(9)
    group.drive = "1.2 + 0.3*i"
    slow = NeuronGroup(
        4,
        "du/dt = -u/(3*ms) + 0.3*xi/sqrt(3*ms) : 1\ns : 1",
        threshold="u > 0.3",
        reset="u -= 0.5",
        refractory="0.4*ms*(1 + i % 2)",
        dt=0.2 * ms,
        method="heun",
    )
    plastic = Synapses(
        source,
        group,
        """w : 1
           da/dt = -a/(4*ms) : 1 (event-driven)
           db/dt = -b/(5*ms) : 1 (event-driven)""",
        on_pre="v_post += 0.2*w; a += 0.1; w = clip(w + b, 0, 1)",
        on_post="b -= 0.1; w = clip(w + a, 0, 1)",
    )
    plastic.connect(p=0.6)
    plastic.w = "rand()"
    plastic.delay = "2*ms*rand()"
    plastic.post.delay = "0.3*ms*(j % 3)"
    across = Synapses(slow, group, on_pre="v_post += 0.25", delay=0.7 * ms)
    across.connect(n_total=20)
    back = Synapses(group, slow, "s_post = 0.01*v_pre : 1 (summed)", on_pre="u_post += 0.125")
    back.connect(p=0.5)
    back.delay = "1.1*ms*rand()"
    tick = Synapses(table, slow, on_pre="u_post -= 0.0625", delay=0.4 * ms)
    tick.connect()
    regular = group.run_regularly("v += 0.01*randn()", dt=0.5 * ms)
    objects = [source, table, group, slow, plastic, across, back, tick, regular]
    monitors = []
    if observed:
        monitors = [
            SpikeMonitor(group, variables="v"),
            SpikeMonitor(slow),
            StateMonitor(group, "v", record=[0, 4]),
            StateMonitor(slow, ["u", "s"], record=True, dt=0.6 * ms),
            StateMonitor(plastic, "w", record=True, dt=1 * ms),
            PopulationRateMonitor(group),
        ]
    network = Network(objects, monitors)
    for piece in pieces:
        network.run(piece * ms)
    result: dict[str, Any] = {
        "v": group.v[:],
        "n": group.n[:],
        "u": slow.u[:],
        "w": plastic.w[:],
        "a": plastic.a[:],
        "b": plastic.b[:],
        "last": group.lastspike[:],
        "updated": plastic.lastupdate[:],
    }
    if observed:
        spikes, others, chosen, rest, weights, rate = monitors
        result |= {"i": spikes.i, "t": spikes.t_, "values": spikes.v, "others": others.t_}
        result |= {"chosen": chosen.v, "u trace": rest.u, "s trace": rest.s, "tt": rest.t_}
        result |= {"weights": weights.w, "rate": rate.rate_}
    return result


def same(first: dict[str, Any], second: dict[str, Any]) -> None:
    for name in first.keys() & second.keys():
        np.testing.assert_array_equal(np.asarray(first[name]), np.asarray(second[name]), name)


@on_both
@pytest.mark.parametrize(
    "pieces", [[5, 5], [0.1] * 100, [0, 3.3, 0.2, 6.5], [0.05] * 200, [1.3, 8.65, 0.05]]
)
def test_a_run_can_be_cut_anywhere(pieces):
    whole = everything([10])
    assert whole["i"].size > 10
    same(everything(pieces), whole)


@on_both
def test_monitors_do_not_disturb():
    same(everything([10], observed=False), everything([10]))


@pytest.mark.parametrize("device", ["reference", "cpu"])
def test_order_of_creation_does_not_matter(device):
    """Names fix the order of execution, so objects may be made and added in any order."""
    set_device(device)

    def run(order: Sequence[int]) -> Any:
        begin()
        made: dict[str, Any] = {}

        def groups(name: str) -> None:
            made[name] = lif(4, name=name)
            made[name].drive = "0.9 + 0.2*i"

        def synapses(name: str, source: str, target: str) -> None:
            made[name] = Synapses(
                made[source], made[target], on_pre="v_post = v_post*0.5 + 0.1*i", name=name
            )
            made[name].connect()
            made[name].delay = "0.1*ms*j"

        makers: list[Callable[[], None]] = [
            lambda: synapses("x", "a", "b"),
            lambda: synapses("y", "b", "b"),
            lambda: synapses("z", "a", "a"),
        ]
        for name in ("a", "b") if order[0] % 2 else ("b", "a"):
            groups(name)
        for place in order:
            makers[place]()
        monitor = SpikeMonitor(made["b"])
        objects = [*made.values(), monitor]
        Network(objects if order[-1] else objects[::-1]).run(20 * ms)
        return steps(monitor), made["a"].v[:].tolist(), made["b"].v[:].tolist()

    first = run([0, 1, 2])
    assert first[0]
    for order in ([2, 1, 0], [1, 0, 2], [1, 2, 0]):
        assert run(order) == first


def test_building_twice_gives_the_same_source():
    def source() -> str:
        begin()
        group = lif(5)
        clock = Clock(0.3 * ms)
        other = NeuronGroup(2, "du/dt = -u/(2*ms) + xi/sqrt(ms) : 1", clock=clock, method="euler")
        synapses = Synapses(group, other, "w : 1", on_pre="u_post += w*rand()")
        synapses.connect(p=0.5)
        monitor = StateMonitor(other, "u", record=True)
        network = Network(group, other, synapses, monitor)
        network.run(1 * ms)
        simulation = network._compiled.simulation
        return simulation.segments(0, simulation.length).source

    text = source()
    assert len(text) > 1000
    assert source() == text
