"""What a kernel did wrong, in words: the kernel, the line, the block and the threads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# The kinds of cuda_kernels/emulate/block.h.
DIVERGENT, BARRIERS, NOT_IN_MASK, WIDTH, TRAP, NO_MEMORY, FOUND = range(1, 8)
NEW, READY, AT_BARRIER, AT_WARP, ENDED = range(5)  # states of a thread
GENERATED = "program.cpp"  # what the compiler calls the text itself


@dataclass(frozen=True, slots=True)
class Site:
    """Where a thread stands: the call it waits in, if it waits, and its state."""

    call: str
    file: str
    line: int
    state: int
    mask: int

    def describe(self) -> str:
        """Return "__syncthreads at line 12"."""
        return f"{self.call}{self.mask_text()} at {place(self.file, self.line)}"

    def mask_text(self) -> str:
        """Return the mask of a warp function, in brackets."""
        return f"(0x{self.mask:08x})" if self.state == AT_WARP else ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What the emulator reported, with the places of all threads of the block."""

    kind: int
    kernel: str
    grid: tuple[int, int, int]
    block_size: tuple[int, int, int]
    block: int
    thread: int
    sites: tuple[Site, ...]


def place(file: str, line: int) -> str:
    """Return "line 12", or "line 12 of cuda/append.cuh" for what stands in a header."""
    name = file.replace("\\", "/").rsplit("/cuda_kernels/", maxsplit=1)[-1]
    return f"line {line}" if name.endswith(GENERATED) else f"line {line} of {name}"


def render(fault: Fault) -> str:
    """Return the message of a fault."""
    where = f"kernel '{fault.kernel}', block {linear(fault.block, fault.grid)}"
    if fault.kind == DIVERGENT:
        return f"{where}: {_divergence(fault)}"
    if fault.kind == BARRIERS:
        return f"{where}: its threads wait at different barriers. {_groups(fault)}"
    if fault.kind == NO_MEMORY:
        return f"{where}: there is no memory for the stacks of its threads"
    site = fault.sites[fault.thread]
    who = f"{where}, thread {linear(fault.thread, fault.block_size)}"
    if fault.kind == NOT_IN_MASK:
        return (
            f"{who}: {site.describe()} is called by lane {fault.thread % 32}, "
            "which its mask leaves out"
        )
    if fault.kind == WIDTH:
        return f"{who}: {site.describe()} has a width that is not 1, 2, 4, 8, 16 or 32"
    return f"{who}: {site.call} at {place(site.file, site.line)}"


def _divergence(fault: Fault) -> str:
    waiting = [site for site in fault.sites if site.state in (AT_BARRIER, AT_WARP)]
    first = waiting[0]
    what = "barrier" if first.state == AT_BARRIER else "warp function"
    return f"the {what} {first.describe()} is not reached by all its threads. {_groups(fault)}"


def _groups(fault: Fault) -> str:
    """Return which threads wait where: "Threads 0-31 wait in ..., threads 32-63 have ended."."""
    groups: dict[str, list[int]] = {}
    for thread, site in enumerate(fault.sites):
        doing = "have ended" if site.state == ENDED else f"wait in {site.describe()}"
        groups.setdefault(doing, []).append(thread)
    parts = [f"threads {_ranges(threads)} {doing}" for doing, threads in groups.items()]
    size = len(fault.sites)
    if size % 32 and any(site.state == AT_WARP for site in fault.sites):
        parts.append(f"lanes {size % 32}-31 of the last warp do not exist in a block of {size}")
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _ranges(values: Sequence[int], most: int = 6) -> str:
    """Return ascending numbers as "0-3, 7, 9-12", cut after ``most`` pieces."""
    runs: list[list[int]] = []
    for value in values:
        if runs and runs[-1][1] == value - 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in runs[:most]]
    return ", ".join([*shown, "..."] if len(runs) > most else shown)


def linear(number: int, size: Iterable[int]) -> str:
    """Return a linear index as users of a grid know it: plain in one dimension, else a triple."""
    x, y, z = size
    if y == z == 1:
        return str(number)
    return str((number % x, number // x % y, number // x // y))
