"""Memory of an emulated device: bytes of the host, spoiled until they are written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Not a number as float32 and as float64, a large number with its sign as integers.
PATTERN = np.uint32(0xFFF4A5A5)
ALIGNMENT = 256  # bytes, as cudaMalloc has it


@dataclass(frozen=True, slots=True, eq=False)
class EmulatedBuffer:
    """Device memory; freed when the last reference goes."""

    bytes: NDArray[np.uint8]
    name: str

    @property
    def address(self) -> int:
        """The pointer that kernels see."""
        return int(self.bytes.ctypes.data)

    @property
    def n_bytes(self) -> int:
        """The size."""
        return int(self.bytes.nbytes)


def spoiled(n_bytes: int, name: str) -> EmulatedBuffer:
    """Return memory that holds the pattern of what was never written."""
    words = np.full((n_bytes + ALIGNMENT) // PATTERN.nbytes + 1, PATTERN)
    skip = -words.ctypes.data % ALIGNMENT
    return EmulatedBuffer(words.view(np.uint8)[skip : skip + n_bytes], name)
