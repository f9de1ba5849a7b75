"""What the checks of loads and stores found, in words: the kernel, lines, threads and elements."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simgen.targets.cuda.emulate.faults import linear, place
from simgen.targets.cuda.emulate.memory import Allocation
from simgen.targets.cuda.emulate.symbols import Line

# The kinds of cuda_kernels/emulate/shadow.h.
RACE, OUTSIDE, UNWRITTEN, MISALIGNED, INDEX, DIVISION, SHIFT, ENDLESS = range(1, 9)
# What a thread does, by the numbers there.
HOW = ("reads", "writes", "reads (volatile)", "atomically changes", "writes (volatile)")
MOST_FINDINGS = 16  # as there
NEAR = 4096  # bytes; an address this near to a memory, or as near as that is large, meant it


@dataclass(frozen=True, slots=True)
class Party:
    """A thread that accessed memory: which, how, and the address behind the instruction."""

    block: int
    thread: int
    place: int
    how: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found; ``file``, ``line``, ``type`` and ``value`` only for wrong values."""

    kind: int
    address: int
    n_bytes: int
    now: Party
    before: Party
    file: str
    line: int
    type: str
    value: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What findings are explained with: the launch, the memories, and lines by address."""

    kernel: str
    grid: tuple[int, int, int]
    block_size: tuple[int, int, int]
    memories: Sequence[Allocation]  # in the order of their addresses
    freed: Sequence[Allocation]
    lines: Mapping[int, tuple[Line, ...]]


def render_findings(findings: Sequence[Finding], around: Surroundings) -> str:
    """Return one line for each finding, under a head line if there are several."""
    texts = [f"kernel '{around.kernel}', {_sentence(one, around)}" for one in findings]
    if len(texts) == 1:
        return texts[0]
    more = " or more" if len(texts) == MOST_FINDINGS else ""
    return "\n".join([f"{len(texts)}{more} faults", *texts])


def _sentence(one: Finding, around: Surroundings) -> str:
    now = one.now
    if one.kind in (INDEX, DIVISION, SHIFT):
        return f"{place(one.file, one.line)}: {_wrong_value(one)} ({_who(now, around)})"
    where, doing = _where(now, around), _doing(now)
    if one.kind == OUTSIDE:
        return f"{where}: {_who(now, around)} {doing} {_outside(one, around)}"
    element = _element(one, around)
    if one.kind == ENDLESS:
        return f"{where}: {_who(now, around)} still {doing} {element} when patience ends"
    if one.kind == MISALIGNED:
        return (
            f"{where}: {_who(now, around)} {doing} {element}, "
            f"at an address that is no multiple of {one.n_bytes}"
        )
    if one.kind == UNWRITTEN:
        return f"{where}: {_who(now, around)} {doing} {element}, which was never written"
    before = one.before
    return (
        f"{where}: {_who(now, around)} {doing} {element}, and {_who(before, around)} "
        f"{_doing(before)} it at {_where(before, around)}: nothing orders the two"
    )


def _wrong_value(one: Finding) -> str:
    if one.kind == INDEX:
        return f"the index {one.value} is outside an array of type {one.type}"
    if one.kind == SHIFT:
        return f"a value of type {one.type} is shifted by {one.value} bits"
    if one.value == 0:
        return f"a value of type {one.type} is divided by zero"
    return f"the quotient of two values of type {one.type} is too large for it"


def _who(party: Party, around: Surroundings) -> str:
    thread, block = linear(party.thread, around.block_size), linear(party.block, around.grid)
    return f"thread {thread} of block {block}"


def _doing(party: Party) -> str:
    return HOW[party.how]


def _where(party: Party, around: Surroundings) -> str:
    """Return "line 12", or "line 25 of append.cuh (called from line 12)"."""
    chain = around.lines.get(party.place, ())
    if not chain:
        return "an unknown line"
    text = place(chain[0].file, chain[0].number)
    outer = place(chain[-1].file, chain[-1].number)
    return text if outer == text else f"{text} (called from {outer})"


def _element(one: Finding, around: Surroundings) -> str:
    memory = _nearest(one.address, around.memories)
    if memory is None:
        return f"{one.n_bytes} bytes at address {one.address:#x}"
    index, rest = divmod(one.address - memory.begin, one.n_bytes)
    if rest:
        return f"{one.n_bytes} bytes from byte {one.address - memory.begin} of {_name(memory)} on"
    return f"element {index} of {_name(memory)} ({_bytes(one.n_bytes)} each)"


def _outside(one: Finding, around: Surroundings) -> str:
    for memory in around.freed:
        if memory.begin <= one.address < memory.begin + memory.n_bytes:
            index = (one.address - memory.begin) // one.n_bytes
            return f"element {index} of {_name(memory)}, which was freed"
    found = _nearest(one.address, around.memories)
    if found is None:
        return f"{_bytes(one.n_bytes)} at address {one.address:#x}, where no memory is"
    offset = one.address - found.begin
    index, rest = divmod(offset, one.n_bytes)
    if rest or found.n_bytes % one.n_bytes:
        size = f"which has {_bytes(found.n_bytes)}"
        return f"{_bytes(one.n_bytes)} from byte {offset} of {_name(found)} on, {size}"
    n = found.n_bytes // one.n_bytes
    return f"element {index} of {_name(found)}, which has {n} ({_bytes(one.n_bytes)} each)"


def _nearest(address: int, memories: Sequence[Allocation]) -> Allocation | None:
    """Return the memory that holds an address, or else the nearest one that is not far away."""
    after = bisect_right([memory.begin for memory in memories], address)
    near = [
        (distance, memory)
        for memory in memories[max(0, after - 1) : after + 1]
        if (distance := _distance(address, memory)) <= max(NEAR, memory.n_bytes)
    ]
    return min(near, key=lambda pair: pair[0])[1] if near else None


def _distance(address: int, memory: Allocation) -> int:
    return max(memory.begin - address, address - memory.begin - memory.n_bytes + 1, 0)


def _name(memory: Allocation) -> str:
    return f"'{memory.name}'" if memory.name else f"the memory at {memory.begin:#x}"


def _bytes(n: int) -> str:
    return f"{n} byte" if n == 1 else f"{n} bytes"
