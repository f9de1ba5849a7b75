"""What the cuda target asks of a device: memory, compiled modules, launches and recorded launches.

A GPU answers through CuPy (:mod:`simgen.targets.cuda.gpu`), or g++ runs the unchanged source on
the host (:mod:`simgen.targets.cuda.emulate`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


class Buffer(Protocol):
    """Device memory; it is freed when the last reference goes."""

    @property
    def address(self) -> int:
        """The pointer that kernels see."""

    @property
    def n_bytes(self) -> int:
        """The size."""


MOST_BLOCKS = 8  # of any kernel that a multiprocessor is given at a time


class Function(Protocol):
    """One kernel of a module."""

    def resident(self, block: int) -> int:
        """Return how many blocks of so many threads the device runs at a time.

        That is at most MOST_BLOCKS for each multiprocessor.
        """

    def launch(self, grid: int, block: int, arguments: tuple[int, ...]) -> None:
        """Run it on ``grid`` blocks of ``block`` threads, after all that was launched before.

        Every argument is one value of 64 bits: an address or an integer. May return before the
        kernel has ended.
        """


class Module(Protocol):
    """A compiled translation unit."""

    def function(self, name: str) -> Function:
        """Return a kernel by its name (of C linkage)."""


class Graph(Protocol):
    """Launches that were recorded."""

    def replay(self, times: int = 1) -> None:
        """Make the launches again, ``times`` times, after all that was launched before."""


class Device(Protocol):
    """A GPU, or what stands for one; it takes only buffers that it made.

    ``recorded_ticks`` is how many ticks are worth recording together; it may be set.
    """

    recorded_ticks: int

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def multiprocessors(self) -> int:
        """The number of units that run blocks."""

    def facts(self) -> dict[str, str]:
        """Return what is known about the device and its software, by name."""

    def bandwidth(self) -> float:
        """Return the bytes a second that its memory takes, NaN if it has none of its own."""

    def free_bytes(self) -> int:
        """Return how many bytes can still be allocated."""

    def allocate(self, n_bytes: int, name: str = "") -> Buffer:
        """Return memory whose contents are undefined; ``name`` is for messages.

        Raises :class:`simgen.errors.MemoryLimitError` if there is no room.
        """

    def upload(self, buffer: Any, data: npt.NDArray[Any], offset: int = 0) -> None:
        """Copy a contiguous array to the device, after all that was launched before."""

    def zero(self, buffer: Any) -> None:
        """Fill with zeros, after all that was launched before."""

    def download(self, buffer: Any, out: npt.NDArray[Any], offset: int = 0) -> None:
        """Copy into a contiguous array, after all that was launched before; waits for it."""

    def view(self, buffer: Any, dtype: np.dtype[Any], size: int) -> Any:
        """Return an array of the device's own library on a buffer; users may write it."""

    def compile(self, source: str) -> Module:
        """Compile a translation unit that includes headers of ``cuda_kernels``."""

    def synchronize(self) -> None:
        """Wait for all launches; what went wrong in them is raised here."""

    def mark(self) -> Any:
        """Return a point in the order of launches: after all that were made before."""

    def seconds_between(self, first: Any, last: Any) -> float:
        """Return the time between two marks; waits for the last."""

    def capture(self, launches: Callable[[], None]) -> Graph:
        """Record the launches that a function makes, without running them."""
