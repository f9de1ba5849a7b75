"""How fast four networks are, from thousands to millions of neurons, launch by launch."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from simgen.api.magic import start_scope
from simgen.api.network import Network
from simgen.api.seeds import seed
from simgen.commands.check.models import api
from simgen.commands.check.report import SkippedPartError, Values, first_line
from simgen.commands.check.setting import Setting, has_compiler
from simgen.commands.workloads import brunel, cobahh, cuba, stdp
from simgen.commands.workloads.workload import Workload
from simgen.errors import InternalError, MemoryLimitError
from simgen.targets.cuda.backend import CudaExecutable

SIZES = (4_000, 40_000, 400_000, 4_000_000)
WITHOUT_COMPILER = 1_000_000  # synapses that numpy still makes in seconds
SYNAPSES_PER_SECOND = 3e6  # that the host makes, before a first network has shown it
WARM_UP, SIMULATED = 0.1, 1.0  # seconds of the network
PATIENCE = 8.0  # seconds of ours for one measurement
TIMED_TICKS, AHEAD = (
    100,
    0.02,
)  # single launches, and seconds of work that the device is given first


@dataclass(frozen=True, slots=True)
class Case:
    """A network of some size: how it is built and how many synapses it will have."""

    name: str
    build: Callable[[], tuple[Any, ...]]
    synapses: int


def cases(neurons: int, emulate: bool) -> list[Case]:
    """Return the networks of a size; above 4e5 neurons, those of 1,000 inputs have 100."""
    few = 10 if emulate else 80
    many = 20 if emulate else 1000 if neurons <= 400_000 else 100
    return [
        Case("CUBA", partial(cuba.build, api, neurons, few), neurons * few),
        Case("COBAHH", partial(cobahh.build, api, neurons, few), neurons * few),
        Case(
            "Brunel, delays of 0.5-5 ms", partial(brunel.build, api, neurons, many), neurons * many
        ),
        Case("STDP, delays of 0.5-5 ms", partial(stdp.build, api, many, neurons), neurons * many),
    ]


def run(setting: Setting) -> None:
    """Measure all sizes in double precision, then in single."""
    setting.device()
    pace = Pace()
    largest: dict[str, tuple[int, str]] = {}  # by network: neurons, and what they took
    for dtype in ("float64", "float32"):
        for neurons in (60,) if setting.emulate else SIZES:
            for case in cases(neurons, setting.emulate):
                found: dict[str, Any] = {}
                work = partial(_measure_case, setting, case, dtype, pace, found)
                if setting.report.part(f"{case.name}, {neurons:,} neurons, {dtype}", work):
                    name = case.name.partition(",")[0]
                    text = f"{name}, {neurons:,}: {found['microseconds a step']:.3g} us a step"
                    largest[name] = max(largest.get(name, (0, "")), (neurons, text))
    for _, text in largest.values():
        setting.report.note(text)


@dataclass(slots=True)
class Pace:
    """How many synapses the host makes in a second, as far as it is known."""

    synapses_per_second: float = SYNAPSES_PER_SECOND

    def require(self, setting: Setting, synapses: int) -> None:
        """Raise :class:`SkippedPartError` if so many synapses cannot be made in the time left."""
        if synapses > WITHOUT_COMPILER and not has_compiler():
            raise SkippedPartError(
                f"without a C++ compiler, {synapses:,} synapses take too long to make"
            )
        needed, left = synapses / self.synapses_per_second, setting.report.seconds_left
        if needed > left:
            raise SkippedPartError(
                f"making it would take about {needed:.0f} s, and {left:.0f} s are left"
            )

    def note(self, synapses: int, seconds: float) -> None:
        """Take over what a network has shown, if it was large enough to show something."""
        if synapses >= 1_000_000:
            self.synapses_per_second = synapses / max(seconds, 1e-3)


def _measure_case(
    setting: Setting, case: Case, dtype: str, pace: Pace, found: dict[str, Any]
) -> Values:
    """Build, run and time one network; what is found goes to ``found``, too."""
    pace.require(setting, case.synapses)
    fresh_start(setting, dtype)
    device = setting.device()
    try:
        free, begin = device.free_bytes(), time.perf_counter()
        workload = Workload(*case.build())
        found |= {"neurons": workload.neurons, "synapses": workload.synapses()}
        built = time.perf_counter() - begin
        workload.network.run(workload.dt * api.second)
        first = time.perf_counter() - begin - built
        pace.note(found["synapses"], built + first)
        timed = measure_run(setting, workload, WARM_UP, SIMULATED)
        taken = free - device.free_bytes()
    except MemoryLimitError as error:
        raise SkippedPartError(first_line(error)) from None
    own = {"seconds to build": built, "seconds to the first step": first, "bytes": taken}
    found |= {**own, **timed, "launches": launch_times(workload.network, timed)}
    return found


def fresh_start(setting: Setting, dtype: str) -> None:
    """Forget all networks, and the memory that they had on the device; seed those to come."""
    start_scope()
    gc.collect()  # networks and their objects refer to one another
    setting.use_device(dtype)
    seed(1)


def measure_run(
    setting: Setting,
    workload: Workload,
    discard: float,
    length: float,
    begins: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Run ``discard`` and then up to ``length`` seconds of the network, and time the latter.

    It is shorter where the time left would not do. ``begins`` is called before it.
    """
    if setting.emulate:
        discard, length = 0.002, 0.01
    begin = time.perf_counter()
    workload.network.run(discard * api.second)
    pace = (time.perf_counter() - begin) / discard  # seconds of ours for one of the network
    patience = min(max(PATIENCE, length), max(0.5, 0.8 * setting.report.seconds_left))
    steps = max(10, round(min(length, patience / pace) / workload.dt))
    events, spikes = workload.events(), workload.rate(1.0)
    begins()
    begin = time.perf_counter()
    workload.network.run(steps * workload.dt * api.second)
    seconds = time.perf_counter() - begin
    simulated = steps * workload.dt
    return {
        "simulated seconds": simulated,
        "microseconds a step": 1e6 * seconds / steps,
        "real-time factor": seconds / simulated,
        "rate (Hz)": (workload.rate(1.0) - spikes) / simulated,
        "events per second": (workload.events() - events) / seconds,
    }


def launch_times(network: Network, timed: dict[str, Any]) -> dict[str, float]:
    """Return the microseconds of each launch of a step, an event of the device each included."""
    compiled = network._compiled
    executable = (
        None if compiled is None else compiled.simulation.segments(0, compiled.simulation.length)
    )
    if compiled is None or not isinstance(executable, CudaExecutable):
        raise InternalError("a network was not run on the device")
    ahead = max(1, min(20_000, round(1e6 * AHEAD / timed["microseconds a step"])))
    compiled.memory.claim()
    compiled.memory.changed()
    try:
        found = executable.time_launches(TIMED_TICKS, ahead)
    finally:
        compiled.memory.fetch()
    return {name: 1e6 * seconds for name, seconds in found.items()}
