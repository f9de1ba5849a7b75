"""Processes that are forked from one which ran with several threads."""

import subprocess
import sys

SCRIPT = """
import multiprocessing
from simgen import *

def made(number):
    start_scope()
    seed(number)
    group = NeuronGroup(
        50, "dv/dt = (1.5 - v)/(10*ms) + 0.1*xi*ms**-0.5 : 1", threshold="v > 1", reset="v = 0"
    )
    synapses = Synapses(group, group, on_pre="v_post += 0.01")
    synapses.connect(p=0.2)
    spikes = SpikeMonitor(group)
    network = Network(group, synapses, spikes)
    network.run(5*ms)
    return network, spikes

def goes_on(_):
    network.run(5*ms)
    return spikes.num_spikes

def starts(number):
    network, spikes = made(number)
    network.run(5*ms)
    return spikes.num_spikes

set_device("cpu", threads=2)
network, spikes = made(1)
with multiprocessing.get_context("fork").Pool(2) as pool:
    found = pool.map_async(goes_on, [1]).get(60) + pool.map_async(starts, [1, 2]).get(60)
print(found == [goes_on(1), starts(1), starts(2)], found[0] == found[1], min(found) > 0)
"""


def test_a_forked_process_runs_on_one_thread_with_the_same_results():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=200
    )
    assert done.stdout == "True True True\n", done.stderr
    assert "runs with one, with the same results" in done.stderr
