"""Without cffi nothing compiled runs, and all else does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
SCRIPT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("cffi", "_cffi_backend"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
from simgen import *

def refused(action):
    try:
        action()
    except CompileError as error:
        assert "pip install cffi" in str(error), error
        return True

set_device("reference")
text = "dv/dt = (2 - v)/(5*ms) : 1"
cells = NeuronGroup(20, text, threshold="v > 1", reset="v = 0", method="exact")
cells.v = "rand()"
links = Synapses(cells, cells, on_pre="v_post += 0.01")
links.connect(p=0.2)
links.delay = "rand()*ms"
spikes = SpikeMonitor(cells)
run(10*ms)
assert len(spikes.i) > 20
from simgen.commands.check import exact, models
for model in (models.poisson, models.many_delays, models.pair_plasticity, models.parts):
    assert exact.reference_results(model)
assert refused(lambda: set_device("cuda", emulate=True))
set_device("cpu")
start_scope()
cells = NeuronGroup(2, "v : 1")
assert refused(lambda: run(1*ms))
print("done")
"""


def test_networks_run_on_the_reference_target_and_others_say_what_is_missing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "done\n", done.stdout + done.stderr
