"""The part of a recorder's buffer that a device has: a window that moves on as it is drained."""

from __future__ import annotations

from simgen.errors import InternalError
from simgen.targets.base import AnyArray, Memory
from simgen.targets.cuda.device import Buffer, Device

LEAST_VALUES = 1 << 20  # of a window, where the host's buffer is that large
LEAST_TICKS = 16  # that it has room for, whatever they record


class RecorderWindow:
    """Values ``first`` to ``limit`` of a recorder; kernels count from the recorder's first one."""

    def __init__(self, name: str, memory: Memory, device: Device) -> None:
        self.name = name
        self.first = 0
        self.drained = 0  # the host has the values before
        self._memory = memory
        self._device = device
        self._size = 0
        self._buffer: Buffer | None = None

    @property
    def host(self) -> AnyArray:
        """The host's buffer."""
        return self._memory.arrays[f"{self.name}.data"]

    @property
    def need(self) -> int:
        """The most values that a tick appends."""
        return self._memory.ints[f"{self.name}.need"]

    @property
    def limit(self) -> int:
        """Where the device must stop appending."""
        return min(self.host.size, self.first + self._size)

    def missing(self) -> int:
        """Return the bytes that are to be allocated; a window that is too small is given up.

        One that has room for a tick stays where there is no memory for a larger one.
        """
        most = max(LEAST_VALUES, LEAST_TICKS * self.need)
        wanted = max(1, min(self.host.size, most))  # an address even where nothing is recorded
        n_bytes = wanted * self.host.itemsize
        if self._buffer is not None:
            works = self._size >= max(1, self.need)
            if wanted <= self._size or (works and n_bytes > self._device.free_bytes()):
                return 0
        self._buffer, self._size = None, 0  # the host has all its values
        return n_bytes

    @property
    def n_bytes(self) -> int:
        """The bytes that it has on the device."""
        return self._size * self.host.itemsize

    def address(self) -> int:
        """Return what kernels take for the address of the recorder's first value."""
        if n_bytes := self.missing():
            self._buffer = self._device.allocate(n_bytes, f"{self.name}.data")
            self._size = n_bytes // self.host.itemsize
            self.first = self.drained
        if self._buffer is None:
            raise InternalError(f"the recorder '{self.name}' has no room on the device")
        return self._buffer.address - self.first * self.host.itemsize

    def start(self, used: int) -> None:
        """Begin at a number of values that the host has."""
        self.first = self.drained = used

    def drain(self, used: int) -> None:
        """Bring the values up to ``used`` to the host."""
        if used > self.drained and self._buffer is not None:
            part = self.host[self.drained : used]
            offset = (self.drained - self.first) * self.host.itemsize
            self._device.download(self._buffer, part, offset)
        self.drained = used

    @property
    def is_full(self) -> bool:
        """Whether the window lacks room for a tick."""
        return self.drained + self.need > self.limit

    @property
    def may_move(self) -> bool:
        """Whether the host's buffer has room for a tick."""
        return self.drained + self.need <= self.host.size
