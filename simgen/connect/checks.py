"""Checks of sizes, numbers and indices, made before memory is taken or touched."""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.errors import ArgumentTypeError, IndexRangeError, MemoryLimitError, ModelError
from simgen.threads import usable_threads

MAX_POPULATION = 2**32 - 1  # neuron numbers are u32 everywhere
MAX_ROW = 2**32 - 1  # so are positions inside a row
MAX_THREADS = 1024
MAX_RANK = 1023  # of synapses of one pair, in the counters of random numbers
UNCHECKED = 2**20  # to ask what is free takes 0.2 ms, a sixth of making small Synapses


def free_memory() -> int:
    """Return the bytes that this process can still use without swapping (an estimate).

    The least of what the machine, the container (control group) and the process limits leave; a
    large number if nothing is known.
    """
    return min(_free_of_machine(), _free_of_group(), _free_of_process())


def _free_of_process() -> int:
    """Return what ``ulimit -v`` leaves."""
    try:
        lines = Path("/proc/self/limits").read_text(encoding="ascii").splitlines()
        limit = next(line.split()[3] for line in lines if line.startswith("Max address space"))
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        return max(0, int(limit) - pages * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError, IndexError, StopIteration):  # "unlimited", or not Linux
        return 2**62


def _free_of_group() -> int:
    """Return what the control group leaves (version 2, mounted as containers see it)."""
    group = Path("/sys/fs/cgroup")
    try:
        limit = int((group / "memory.max").read_text(encoding="ascii"))  # "max" if there is none
        used = int((group / "memory.current").read_text(encoding="ascii"))
        lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return 2**62
    cached = sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))
    return max(0, limit - used + cached)


def _free_of_machine() -> int:
    # not there: another system than Linux, or a kernel before 3.14
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    try:
        return int(os.sysconf("SC_PAGE_SIZE")) * int(os.sysconf("SC_PHYS_PAGES"))
    except (OSError, ValueError):
        return 2**62


def require_memory(n_bytes: int, what: str) -> None:
    """Raise :class:`MemoryLimitError` if ``n_bytes`` would not fit into free memory."""
    if n_bytes <= UNCHECKED:
        return
    free = free_memory()
    if n_bytes > free:
        raise MemoryLimitError(
            f"{what} would take {n_bytes:,} bytes; {free:,} bytes are free, "
            f"enough for {_share(free / n_bytes)} of it"
        )


def _share(part: float) -> str:
    """Return a part of something that is less than all of it in percent, rounded down."""
    return f"{math.floor(100 * part)} %" if part >= 0.01 else "less than 1 %"


def require_rows(n_source: int, n_synapses: int, longest_row: int) -> None:
    """Refuse connectivity that would not fit into memory or whose rows are too long to index."""
    if longest_row > MAX_ROW:
        raise ModelError(f"a row of {longest_row:,} synapses is longer than {MAX_ROW:,}")
    wanted = 8 * (n_source + 1) + 4 * n_synapses
    require_memory(wanted, f"connectivity of {n_synapses:,} synapses")


def require_degree(what: str, degree: int, n_candidates: int, *, repeats: bool) -> None:
    """Refuse to draw more neurons than there are, or any from none."""
    if degree > 0 and (n_candidates == 0 or (degree > n_candidates and not repeats)):
        raise ModelError(
            f"the {what} {degree:,} is larger than the {n_candidates:,} neurons to draw from"
        )


def require_pairs(total: int, n_source: int, n_target: int, n_pairs: int, *, repeats: bool) -> None:
    """Refuse to draw more pairs of neurons than there are, or any from none."""
    if total > 0 and (n_pairs == 0 or (total > n_pairs and not repeats)):
        without = "" if n_pairs == n_source * n_target else ", without i == j,"
        raise ModelError(
            f"the total number of synapses n_total = {total:,} is larger than the {n_pairs:,} "
            f"pairs of {n_source:,} source and {n_target:,} target neurons{without} to draw from"
        )


def check_ranks(highest: int, owner: str) -> None:
    """Raise if a pair has more synapses than the counters of random numbers have room for."""
    if highest > MAX_RANK:
        raise ModelError(
            f"{owner} has more than {MAX_RANK + 1} synapses between one pair of neurons, "
            "more than random numbers per synapse can tell apart."
        )


def check_count(value: object, what: str, limit: int = MAX_POPULATION) -> int:
    """Return ``value`` as a plain int in [0, limit]; fractions and booleans are refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer | float):
        raise ArgumentTypeError(f"{what} must be a whole number, but is {value!r}")
    if isinstance(value, float) and not value.is_integer():  # infinities and NaN as well
        raise ModelError(f"{what} must be a whole number, but is {value!r}")
    number = int(value)
    if not 0 <= number <= limit:
        raise ModelError(f"{what} must lie in 0 to {limit:,}, but is {number:,}")
    return number


def check_populations(n_source: object, n_target: object) -> tuple[int, int]:
    """Return both sizes as plain integers that u32 indices can number."""
    return (
        check_count(n_source, "the number of source neurons"),
        check_count(n_target, "the number of target neurons"),
    )


def check_threads(threads: object) -> int:
    """Return a number of threads of at least one."""
    number = check_count(threads, "the number of threads", MAX_THREADS)
    if number == 0:
        raise ModelError("the number of threads must be at least 1, but is 0")
    return usable_threads(number)


def check_key(key: object) -> int:
    """Return a random key as a plain int of 64 bits."""
    if isinstance(key, bool | np.bool_) or not isinstance(key, int | np.integer):
        raise ArgumentTypeError(f"a random key must be an integer, but is {key!r}")
    if not 0 <= int(key) < 2**64:
        raise ModelError(f"a random key must lie in 0 to 2**64 - 1, but is {int(key)}")
    return int(key)


def check_probability(p: object) -> float:
    """Return ``p`` as a float in [0, 1]."""
    if isinstance(p, bool | np.bool_) or not isinstance(p, int | float | np.number):
        raise ArgumentTypeError(f"a connection probability must be a number, but is {p!r}")
    if isinstance(p, np.complexfloating):
        raise ArgumentTypeError(f"a connection probability must be real, but is {p!r}")
    value = float(p)
    if not 0.0 <= value <= 1.0:  # not-a-number fails too
        raise ModelError(f"a connection probability must lie in 0 to 1, but is {value!r}")
    return value


def check_indices(indices: NDArray[Any], n: int, what: str) -> None:
    """Refuse index arrays that are not one-dimensional integers in [0, n)."""
    if indices.ndim != 1:
        raise ModelError(f"{what} indices must be one-dimensional, but have {indices.ndim} axes")
    if indices.size == 0:
        return
    if indices.dtype.kind not in "iu":
        raise ArgumentTypeError(f"{what} indices must be integers, but have dtype {indices.dtype}")
    low, high = int(indices.min()), int(indices.max())
    if low < 0 or high >= n:
        wrong = low if low < 0 else high
        place = int(np.argmax(indices == wrong))
        raise IndexRangeError(
            f"{what} index {wrong} at place {place} lies outside the {n:,} neurons of its group"
        )


def index_dtype(n: int) -> np.dtype[np.unsignedinteger[Any]]:
    """Return uint32 where it can number ``n`` synapses, else uint64."""
    return np.dtype(np.uint32 if n <= 2**32 else np.uint64)


def target_dtype(n_target: int) -> np.dtype[np.unsignedinteger[Any]]:
    """Return the type of a store's targets: uint16 where all fit, else uint32."""
    return np.dtype(np.uint16 if n_target <= 1 << 16 else np.uint32)


def smallest_dtype(highest: int) -> np.dtype[np.unsignedinteger[Any]]:
    """Return the smallest of uint8, uint16, uint32, uint64 that holds ``highest``."""
    kinds: tuple[type[np.unsignedinteger[Any]], ...] = (np.uint8, np.uint16, np.uint32)
    for kind in kinds:
        if highest <= int(np.iinfo(kind).max):
            return np.dtype(kind)
    return np.dtype(np.uint64)
