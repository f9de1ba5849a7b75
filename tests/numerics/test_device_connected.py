"""Synapses whose connectivity a device made: they live as those that the host made."""

from __future__ import annotations

import numpy as np
import pytest
from device_connectivity import EMULATED, assert_equal, connected, state, use

from simgen import Network, NeuronGroup, SpikeMonitor, Synapses, ms, set_device
from simgen.targets.cuda import backend
from simgen.targets.cuda.emulate import open_emulated

pytestmark = [pytest.mark.compiler, pytest.mark.usefixtures("everything_on_the_device")]


def lived(device, steps):
    """Return the states after each of some steps in the life of synapses."""
    use(*device)
    objects = connected("i != j", 0.3)
    first, links = objects[0], objects[-1]
    links.w, links.k, links.delay = "rand()", "i", "rand()*1.2*ms"
    spikes = SpikeMonitor(first, name="spikes")
    network = Network(*objects, spikes)
    found = []
    for step in steps:
        step(network, links)
        found += state(*objects)
    return [*found, spikes.i[:]]


def run(network, links):
    """Run for a while."""
    network.run(0.7 * ms)


def write(network, links):
    """Write values in each of several ways."""
    links.w["k > 30"] = "rand()"
    links.w[3] = 0.5
    links.k = np.arange(len(links))
    links.w[2, :] = 0.25
    links.z = "w*2"


def delays(network, links):
    """Give other delays, by text and one by one."""
    links.delay = "rand()*ms"
    links.delay[4] = 0.9 * ms
    links.delay["i == 3"] = "0.2*ms"


def one_delay(network, links):
    """Give all synapses one delay."""
    links.delay = 0.5 * ms


def connect(network, links):
    """Add synapses."""
    links.connect(i=[1, 2], j=[3, 4])
    links.connect(p=0.02)


def now(network, links):
    """Run code at once."""
    links.run_now("w = w + 0.25*x_post; k = i")


def remove(network, links):
    """Take some synapses away."""
    links.remove("i == 3 or w > 0.8")


def stored(network, links):
    """Store, change and restore."""
    network.store()
    links.w, links.delay = 0, "rand()*0.3*ms"
    network.run(0.3 * ms)
    network.restore()


def states(network, links):
    """Take the values and give them back, halved."""
    links.set_states({"w": links.get_states(["w", "i", "delay"])["w"] / 2})


def elsewhere(name, **options):
    """Return a step that goes on another device."""

    def switch(network, links):
        set_device(name, **options)

    return switch


def stay(network, links):
    """Go on as before."""


back = elsewhere(EMULATED[0], **EMULATED[1])
LIVES = [
    [write, run, write, run],
    [now, run, now, run],
    [delays, run, one_delay, run, delays, run],
    [one_delay, run, write, run],
    [connect, run, connect, write, run],
    [run, connect, run, remove, run],
    [remove, run, stored, run],
    [stored, run, states, run, stored, run],
    [elsewhere("cpu"), run, write, run],
    [run, elsewhere("cpu", threads=3), run, write, back, run, delays, run],
    [elsewhere("reference"), run, back, write, run],
    [run, elsewhere("reference"), write, run, delays, back, run],
]


@pytest.mark.parametrize("steps", LIVES, ids=range(len(LIVES)))
def test_synapses_live_as_on_the_host(steps):
    expected = lived(("cpu", {}), [stay if s.__name__ == "switch" else s for s in steps])
    assert_equal(expected, lived(EMULATED, steps))


PLASTIC = {
    "traces": (
        "A = 1; u_post += w; w = clip(w - B*0.125, 0, 10)",
        "B = 1; w = clip(w + A/4, 0, 10)",
    ),
    "sources": ("u_post += w", "w += v_pre"),
}


def plastic(device, kind, delay):
    """Return what is left of synapses whose targets' spikes change them."""
    use(*device)
    text = "dv/dt = (1.2*x + 0.3 - v)/(3*ms) : 1\nu : 1\nx : 1"
    cells = NeuronGroup(60, text, threshold="v > 0.5", reset="v = 0", method="exact", name="cells")
    cells.x = "rand()"
    model = "w : 1\n" + "".join(f"d{x}/dt = -{x}/(8*ms) : 1 (event-driven)\n" for x in "AB")
    pre, post = PLASTIC[kind]
    links = Synapses(cells, cells[10:], model, on_pre=pre, on_post=post, name="links")
    links.connect("i != j", p=0.3)
    links.w = "floor(8*rand())"
    if delay is not None:
        links.delay = delay
    network = Network(cells, links)
    network.run(8 * ms)
    links.w["i > 4"] = "w + 1"
    network.run(4 * ms)
    return links, network, [links.w[:], links.A[:], links.B[:], cells.u[:]]


@pytest.mark.parametrize("kind", PLASTIC)
@pytest.mark.parametrize("delay", [None, "0.1*ms + rand()*ms"])
def test_columns_of_the_device_are_those_of_the_host(monkeypatch, kind, delay):
    checked = open_emulated(order="shuffled", seed=2, check=True)
    monkeypatch.setattr(backend, "open_device", lambda options: checked)
    found = []
    for device in (("cpu", {}), EMULATED):
        links, network, values = plastic(device, kind, delay)
        assert (links._run._remote_columns is None) == (device is not EMULATED)
        set_device("cpu", threads=2)
        network.run(4 * ms)
        found.append([*values, links.w[:], links.A[:]])
    assert_equal(*found)


def test_columns_do_not_cross(traffic):
    plastic(EMULATED, "sources", "0.1*ms + rand()*ms")
    assert not [name for _, name in traffic if name in ("links.rows.col_pos", "links.rows.col_src")]


def test_several_pathways_and_columns():
    found = []
    for device in (("cpu", {}), EMULATED):
        use(*device)
        cells = NeuronGroup(60, "v : 1\nu : 1\nx : 1", threshold="x > 0.4", name="cells")
        cells.x = "rand()"
        links = Synapses(
            cells,
            cells,
            "w : 1",
            on_pre={"pre": "v_post += w", "again": "u_post += w"},
            on_post="w += 1",
            name="links",
        )
        links.connect("i != j", p=0.2)
        links.w = "floor(8*rand())"
        links.pre.delay, links.again.delay, links.post.delay = ("rand()*ms",) * 3
        network = Network(cells, links)
        for _ in range(2):
            network.run(1.5 * ms)
            found.append([links.w[:], links.again.delay_[:], cells.v[:], cells.u[:]])
            links.pre.delay, links.again.delay = "rand()*ms", 0.2 * ms
    assert_equal([a for each in found[:2] for a in each], [a for each in found[2:] for a in each])


def test_synapses_that_run_as_one():
    found = []
    for device in (("cpu", {}), EMULATED):
        use(*device)
        cells = NeuronGroup(60, "v : 1\nx : 1", threshold="x > 0.4", name="cells")
        cells.x = "rand()"
        both = []
        for k, part in enumerate((cells[:25], cells[25:])):
            links = Synapses(cells, part, "w : 1", on_pre="v_post += w", name=f"links_{k}")
            links.connect(p=0.3)
            links.w, links.delay = "floor(8*rand())", "rand()*ms"
            both.append(links)
        network = Network(cells, *both)
        network.run(1 * ms)
        both[1].w = "w + 1"
        network.run(1 * ms)
        found.append([cells.v[:], *(a[:] for s in both for a in (s.i, s.j, s.w, s.delay_))])
    assert_equal(*found)
