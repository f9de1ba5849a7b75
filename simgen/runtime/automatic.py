"""What ``set_device("auto")`` takes: a GPU where one is present and the work per step is worth it.

The work of a step is counted in neurons that are updated and synaptic events that are expected;
each takes a core about 3 ns (0.5 for the simplest neuron, 5.4 for six exponentials, 3.0 for an
event out of memory). Precision does not enter: in double precision, where many GPUs have a 64th of
their speed, a step of a million operations is still some microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from simgen.errors import DeviceError, SimgenError
from simgen.options import Options
from simgen.targets.cpu.toolchain import find_compiler
from simgen.targets.cuda.backend import open_device
from simgen.targets.cuda.detect import find_gpus

EXPECTED_RATE = 5.0  # Hz, at which neurons are taken to spike: cortical networks have 3
# A step of two or three launches takes a GPU 5 to 7 us whatever its size, so a core wins below
# about 2,000 units; with 5,000 (15 us) the GPU wins even if the units are of the cheaper kinds.
WORTH_A_LAUNCH = 5_000
# Python code between steps makes the GPU stop and start: about 100 us, in which a core does this.
WORTH_A_STOP = 30_000


@dataclass(frozen=True, slots=True)
class Demand:
    """What a network, or a part of it, asks of a device.

    ``per_step`` counts neurons and expected synaptic events, ``stops`` the calls of Python code,
    both in a step of the shortest dt; ``n_bytes`` is the least that its state takes.
    """

    per_step: float = 0.0
    n_bytes: int = 0
    stops: float = 0.0

    def __add__(self, other: Demand) -> Demand:
        return Demand(
            self.per_step + other.per_step,
            self.n_bytes + other.n_bytes,
            self.stops + other.stops,
        )

    def worth(self, threads: int) -> float:
        """Return how many neurons and events a step must have, so that a GPU is the faster one."""
        return (WORTH_A_LAUNCH + WORTH_A_STOP * self.stops) * threads


@dataclass(frozen=True, slots=True)
class Choice:
    """The options of the chosen device, and why."""

    options: Options
    reason: str


def choose_device(options: Options, demand: Demand) -> Choice:
    """Return what ``auto`` takes for a network; a GPU is looked for only where it would be used."""
    host = replace(options, target="cpu")
    if options.compiler_flags:
        return Choice(host, "the option 'compiler_flags' belongs to it")
    worth = demand.worth(options.threads)
    work = f"about {demand.per_step:,.0f} neurons and synaptic events a step"
    try:
        find_compiler()
    except SimgenError:
        work = "there is no C++ compiler"
    else:
        if demand.per_step < worth:
            return Choice(host, f"{work}; a GPU is worth its launches from {worth:,.0f} on")
    device = replace(options, target="cuda", threads=1)
    name = gpu_or_fault(device)
    if not name.is_usable:
        return Choice(host, name.text)
    free = open_device(device).free_bytes()
    if demand.n_bytes > free:
        lacking = f"has {free:,} bytes free and the state takes {demand.n_bytes:,} or more"
        return Choice(host, f"the GPU {name.text} {lacking}")
    return Choice(device, f"the GPU {name.text} is usable, and {work}")


@dataclass(frozen=True, slots=True)
class Found:
    """The name of a usable GPU, or what is missing."""

    text: str
    is_usable: bool


def gpu_or_fault(options: Options) -> Found:
    """Return the GPU that a network with these options would run on."""
    if not find_gpus():
        return Found("there is no NVIDIA GPU with a driver here", is_usable=False)
    try:
        return Found(open_device(options).name, is_usable=True)
    except DeviceError as error:
        return Found(f"the GPU cannot be used: {error}", is_usable=False)


def describe_automatic() -> str:
    """Return what ``auto`` would take here, and why."""
    found = gpu_or_fault(Options(target="cuda"))
    if not found.is_usable:
        return f"takes 'cpu': {found.text}"
    return (
        f"takes 'cuda' ({found.text}) for networks of {WORTH_A_LAUNCH:,} or more neurons and "
        "expected synaptic events a step, for each thread of 'cpu'; else 'cpu'"
    )
