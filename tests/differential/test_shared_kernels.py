"""Equal populations run by one function do what each would do by its own."""

import numpy as np
import pytest

import simgen
from simgen import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PopulationRateMonitor,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    set_device,
)
from simgen.commands.fuzz.variants import differences, observe
from simgen.targets import shared

NEURONS = """dv/dt = (g + b - v)/tau : 1 (unless refractory)
             dg/dt = -g/(3*ms) : 1
             b : 1
             tau : second (shared)"""
PLASTIC = """w : 1
             da/dt = -a/(5*ms) : 1 (event-driven)
             dc/dt = -c/(8*ms) : 1 (event-driven)"""


def ring(count, several_clocks=False):
    """Return populations in a ring, each of another size, with all that goes with them."""
    objects = {}
    for k in range(count):
        cells = NeuronGroup(
            11 + 3 * k,
            NEURONS,
            threshold="v > 1",
            reset="v = 0",
            refractory=2 * ms,
            method="exact",
            dt=0.2 * ms if several_clocks and k % 2 else None,
            name=f"cells_{k}",
        )
        cells.tau = (5 + k) * ms
        cells.b = "0.8 + 0.05*(i % 9)"
        noise = PoissonGroup(5 + k, rates=200 * Hz, name=f"noise_{k}")
        drive = Synapses(noise, cells, "w : 1", on_pre="g += w", name=f"drive_{k}")
        drive.connect(p=0.3)
        drive.w = "0.2*rand()"
        objects.update({cells.name: cells, noise.name: noise, drive.name: drive})
        objects[f"spikes_{k}"] = SpikeMonitor(cells, name=f"spikes_{k}")
        objects[f"rate_{k}"] = PopulationRateMonitor(cells, name=f"rate_{k}")
        objects[f"trace_{k}"] = StateMonitor(cells, "v", record=[0, 3], name=f"trace_{k}")
        objects[f"regular_{k}"] = cells.run_regularly(
            "b += 0.001*randn()", dt=1 * ms, name=f"regular_{k}"
        )
    for k in range(count):
        source, target = objects[f"cells_{k}"], objects[f"cells_{(k + 1) % count}"]
        learning = Synapses(
            source,
            target,
            PLASTIC,
            on_pre="g_post += w; a += 0.1; w = clip(w + c, 0, 1)",
            on_post="c -= 0.1; w = clip(w + a, 0, 1)",
            name=f"learning_{k}",
        )
        learning.connect(p=0.4)
        learning.w, learning.delay = "0.1*rand()", "0.1*ms + 2*ms*rand()"
        counting = Synapses(source, target, on_pre="v_post += 0.01", name=f"counting_{k}")
        counting.connect(j="i % N_post")
        counting.delay = 0.5 * ms
        objects.update({learning.name: learning, counting.name: counting})
    return objects


def result(from_, several_clocks, profile=False, **options):
    simgen.start_scope()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared, "SHARED_FROM", from_)
        simgen.seed(11)
        set_device("cuda" if "emulate" in options else "cpu", **options)
        objects = ring(6, several_clocks)
        net = Network(objects.values())
        try:
            net.run(20 * ms, profile=profile)
            objects["cells_2"].tau = 3 * ms  # its view has a new number
            net.run(20 * ms, profile=profile)
        finally:
            set_device("auto", dtype="float64")
        sources = [each.source for each in net._compiled._executables.values()]
        words = "sg_take_one" if "emulate" in options else "S->views"
        assert any(words in source for source in sources) is (from_ < 10)
        if profile:
            assert len(net.profiling_info) > (3 if "emulate" in options else 12)
        return observe({**objects, "net": net})


OPTIONS = {
    "one thread": {},
    "two threads": {"threads": 2},
    "float32": {"dtype": "float32"},
    "profile": {"profile": True},
    "cuda": {"emulate": True},
    "deterministic cuda": {"emulate": True, "deterministic": True},
    "profile on cuda": {"emulate": True, "profile": True},
}


@pytest.mark.parametrize("several_clocks", [False, True], ids=["one clock", "two clocks"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_shared_functions_do_what_single_ones_do(options, several_clocks):
    apart = result(10**6, several_clocks, **options)
    together = result(shared.SHARED_FROM, several_clocks, **options)
    assert differences(apart, together) == []
    assert sum(len(apart[f"spikes_{k}.i"]) for k in range(6)) > 100
    rings = [np.count_nonzero(apart[f"learning_{k}.w"] > 0) for k in range(6)]
    assert min(rings) > 10
