"""``show``: what becomes of a script, stage by stage; the texts are golden files."""

from __future__ import annotations

import pytest

import simgen
from simgen.__main__ import main
from simgen.commands.show import compile_script, show
from simgen.errors import ModelError

SCRIPT = """
from simgen import *

tau = 10*ms
drive = PoissonGroup(20, 100*Hz, name="drive")
cells = NeuronGroup(
    5,
    "dv/dt = (g - v)/tau : volt (unless refractory)\\ndg/dt = -g/(5*ms) : volt",
    threshold="v > 15*mV",
    reset="v = 0*mV",
    refractory=2*ms,
    name="cells",
)
synapses = Synapses(
    drive,
    cells,
    "w : volt\\ndx/dt = -x/(20*ms) : 1 (event-driven)\\ndy/dt = -y/(20*ms) : 1 (event-driven)",
    on_pre="g += w\\nx += 0.01\\nw = clip(w + y*mV, 0*mV, 2*mV)",
    on_post="y += -0.01\\nw = clip(w + x*mV, 0*mV, 2*mV)",
    name="plastic",
)
synapses.connect()
synapses.delay = "j*ms"
spikes = SpikeMonitor(cells, name="spikes")
trace = StateMonitor(cells, "v", record=[0], name="trace")
run(1*second)
print("never reached")
"""
NEURONS_ONLY = SCRIPT.replace("trace =", "#").replace("synapses", "none").split("none =")[0] + (
    'spikes = SpikeMonitor(cells, name="spikes")\nrun(1*ms)\n'
)


@pytest.fixture
def script(tmp_path):
    simgen.set_device("cpu")
    simgen.start_scope()

    def write(text: str = SCRIPT):
        path = tmp_path / "network.py"
        path.write_text(text, encoding="utf-8")
        return path

    yield write
    simgen.set_device("auto")
    simgen.start_scope()


@pytest.mark.parametrize("stage", ["model", "ir", "lowered", "source"])
def test_stages(script, stage, golden, capsys):
    text = show(compile_script(script(), []), stage, None, "cpu")
    assert "never reached" not in capsys.readouterr().out
    golden(text)


def test_cuda_source_of_neurons_poisson_and_spikes(script, golden):
    golden(show(compile_script(script(NEURONS_ONLY), []), "source", None, "cuda"))


def test_other_objects_change_no_names(script):
    """Names give the order of objects with one place in the step; here the script is alone."""
    text = "from simgen import *\ncells = [NeuronGroup(2, 'dv/dt = -v/ms : 1') for _ in range(3)]\n"
    text += "Network(cells).run(1*ms)\n"
    expected = show(compile_script(script(text), []), "ir", None, "cpu")
    others = [simgen.NeuronGroup(1, "w : 1") for _ in range(8)]
    assert show(compile_script(script(text), []), "ir", None, "cpu") == expected
    assert simgen.NeuronGroup(1, "w : 1").name not in [other.name for other in others]


def test_one_kernel(script, capsys):
    assert main(["show", str(script()), "--stage", "lowered", "--kernel", "plastic_post"]) == 0
    out = capsys.readouterr().out
    assert "fan-in of cells.spike" in out
    assert "stateupdater" not in out


def test_mistakes_are_explained(script, tmp_path):
    compiled = compile_script(script(), [])
    with pytest.raises(ModelError, match="There is no kernel 'cells_stateupdate'"):
        show(compiled, "source", "cells_stateupdate", "cpu")
    with pytest.raises(ModelError, match="ended without a run"):
        compile_script(script("x = 1\n"), [])
    with pytest.raises(ModelError, match="no script"):
        compile_script(tmp_path / "absent.py", [])
