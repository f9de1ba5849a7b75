"""The cortical microcircuit of Potjans & Diesmann (2014) at full size, with Poisson drive.

Measured as is usual for it: half a second discarded, ten seconds timed, spikes counted and not
recorded, initial potentials near the stationary ones.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np

from simgen.api.monitors import SpikeMonitor
from simgen.commands.check.models import api
from simgen.commands.check.report import SkippedPartError, Values, first_line
from simgen.commands.check.setting import Setting
from simgen.commands.check.speed import Pace, fresh_start, launch_times, measure_run
from simgen.commands.workloads import microcircuit
from simgen.commands.workloads.workload import Workload
from simgen.errors import MemoryLimitError, NumericalError

POPULATIONS = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
DISCARDED, SIMULATED = 0.5, 10.0  # seconds
LEAST = 2.0  # seconds, from which on rates are judged
NEAR, NEAR_HZ = 0.2, 0.3  # rates may differ by this share of the published ones and this much more
SMALL = {"neurons": 0.004, "inputs": 0.01}  # shares, on the emulated device


def run(setting: Setting) -> None:
    """Measure it in both precisions."""
    setting.device()
    pace = Pace()
    for dtype in ("float64", "float32"):
        found: dict[str, Any] = {}
        if setting.report.part(dtype, partial(_measure, setting, dtype, pace, found)):
            setting.report.note(f"real-time factor {found['real-time factor']:.3g} ({dtype})")
            setting.report.part(f"rates, {dtype}", partial(_judge, setting, found))


def _measure(setting: Setting, dtype: str, pace: Pace, found: dict[str, Any]) -> Values:
    """Build it and run it; what is found goes to ``found``, too."""
    shares = SMALL if setting.emulate else {"neurons": 1.0, "inputs": 1.0}
    scale = shares["neurons"] * shares["inputs"]
    pace.require(setting, round(scale * float(np.sum(microcircuit.synapse_counts()))))
    fresh_start(setting, dtype)
    try:
        begin = time.perf_counter()
        workload = Workload(*microcircuit.build(api, shares["neurons"], shares["inputs"]))
        built = time.perf_counter() - begin
        workload.network.run(workload.dt * api.second)
        first = time.perf_counter() - begin - built
        monitors = [m for m in workload.network.objects if isinstance(m, SpikeMonitor)]
        before: list[int] = []

        def counts() -> list[int]:
            return [int(np.sum(monitor.count[:])) for monitor in monitors]

        timed = measure_run(
            setting, workload, DISCARDED, SIMULATED, lambda: before.extend(counts())
        )
    except MemoryLimitError as error:
        raise SkippedPartError(first_line(error)) from None
    pace.note(workload.synapses(), built + first)
    sizes = [len(monitor.source) for monitor in monitors]
    rates = (np.array(counts()) - before) / sizes / timed["simulated seconds"]
    found |= {
        "neurons": workload.neurons,
        "synapses": workload.synapses(),
        "drive": "Poisson",
        "seconds to build": built,
        "seconds to the first step": first,
        **timed,
        "rates (Hz)": dict(zip(POPULATIONS, rates.tolist())),
        "published rates (Hz)": dict(zip(POPULATIONS, microcircuit.RATES.tolist())),
        "launches": launch_times(workload.network, timed),
    }
    return found


def _judge(setting: Setting, found: dict[str, Any]) -> Values:
    """Raise NumericalError if a rate is far from the published one."""
    if setting.emulate or found["simulated seconds"] < LEAST:
        raise SkippedPartError("too little of the network was simulated for its rates to be judged")
    published = microcircuit.RATES
    rates = np.array(list(found["rates (Hz)"].values()))
    far = np.abs(rates - published) > NEAR * published + NEAR_HZ
    if far.any():
        place = int(np.argmax(far))
        raise NumericalError(
            f"the rate of {POPULATIONS[place]} is {rates[place]:.2f} Hz, the published one "
            f"{published[place]:.2f} Hz"
        )
    return {"largest difference (Hz)": float(np.abs(rates - published).max())}
