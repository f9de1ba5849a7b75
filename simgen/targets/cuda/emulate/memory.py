"""Memory of an emulated device: bytes of the host, spoiled until they are written.

Where accesses are checked, a table tells the running kernels what memory there is.
"""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.targets.cpu.compile import interface
from simgen.targets.cuda.emulate.loaded import emulator

# Not a number as float32 and as float64, a large number with its sign as integers. The same as in
# cuda_kernels/emulate/shared.h.
PATTERN = np.uint32(0xFFF4A5A5)
ALIGNMENT = 256  # bytes, as cudaMalloc has it
MOST_FREED = 256  # freed memories that messages still know by name
GAP = 1024  # bytes between memories, so that the next one is not hit by what is just outside

# The number of blocks run so far in this process, which tells accesses of different blocks apart.
_era: Any = emulator.new("uint32_t *")
_libc: Any = interface("void free(void *);").dlopen(None)  # untyped, as all of cffi


@dataclass(frozen=True, eq=False)
class EmulatedBuffer:
    """Device memory, freed when the last reference goes; ``written`` marks bytes with a value."""

    data: NDArray[np.uint8]
    name: str
    written: NDArray[np.uint8] | None = field(default=None, repr=False)

    @property
    def address(self) -> int:
        """The pointer that kernels see."""
        return int(self.data.ctypes.data)

    @property
    def n_bytes(self) -> int:
        """The size."""
        return int(self.data.nbytes)

    def part(self, offset: int, n_bytes: int) -> NDArray[np.uint8]:
        """Return some of the bytes, for reading."""
        return self.data[offset : offset + n_bytes]

    def fill(self, offset: int, values: NDArray[np.uint8]) -> None:
        """Write bytes from ``offset`` on."""
        self.data[offset : offset + values.size] = values
        if self.written is not None:
            self.written[offset : offset + values.size] = 1


def spoiled(n_bytes: int, name: str, check: bool) -> EmulatedBuffer:
    """Return memory that holds the pattern of what was never written."""
    words = np.full((n_bytes + 2 * GAP + ALIGNMENT) // PATTERN.nbytes + 1, PATTERN)
    begin = GAP - (words.ctypes.data + GAP) % ALIGNMENT + ALIGNMENT
    written = np.zeros(n_bytes, np.uint8) if check else None
    return EmulatedBuffer(words.view(np.uint8)[begin : begin + n_bytes], name, written)


@dataclass(frozen=True, slots=True)
class Allocation:
    """A buffer as messages know it."""

    begin: int
    n_bytes: int
    name: str


@dataclass(slots=True, eq=False)
class MemoryTable:
    """The memories of a device in the order of their addresses, as running kernels see them."""

    pointer: Any = field(default_factory=lambda: emulator.new("sg_emu_memory *", {"era": _era}))
    allocations: list[Allocation] = field(default_factory=list)
    freed: deque[Allocation] = field(default_factory=lambda: deque(maxlen=MOST_FREED))
    _regions: Any = None
    _dead: deque[int] = field(default_factory=deque)

    def add(self, buffer: EmulatedBuffer) -> None:
        """Let kernels use a buffer, until it is freed."""
        self.update()
        if buffer.n_bytes == 0:
            return
        allocation = Allocation(buffer.address, buffer.n_bytes, buffer.name)
        fresh = emulator.new("sg_emu_region *")
        fresh.begin = allocation.begin
        fresh.n_bytes = fresh.most_bytes = allocation.n_bytes
        assert buffer.written is not None
        fresh.written = emulator.cast("uint8_t *", buffer.written.ctypes.data)
        kept = [self._regions[k] for k in range(len(self.allocations))]
        pairs = sorted(
            [*zip(self.allocations, kept), (allocation, fresh[0])], key=lambda pair: pair[0].begin
        )
        self._replace(pairs)
        weakref.finalize(buffer, self._dead.append, allocation.begin)

    def update(self) -> None:
        """Take the memories out that were freed meanwhile."""
        freed = set()
        while self._dead:
            freed.add(self._dead.popleft())
        if not freed:
            return
        pairs = []
        for k, allocation in enumerate(self.allocations):
            if allocation.begin in freed:
                _libc.free(self._regions[k].words)
                self.freed.append(allocation)
            else:
                pairs.append((allocation, self._regions[k]))
        self._replace(pairs)

    def _replace(self, pairs: list[tuple[Allocation, Any]]) -> None:
        regions = emulator.new("sg_emu_region[]", [region for _, region in pairs] or 1)
        self.pointer.regions, self.pointer.n = regions, len(pairs)
        self.allocations = [allocation for allocation, _ in pairs]
        self._regions = regions
