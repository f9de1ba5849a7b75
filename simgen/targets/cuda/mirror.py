"""The arrays of a network in device memory, and which side has the newer values.

Arrays go up before a run where the host has written or replaced them, and come back when the host
asks for what the device wrote. Where writes of the host are counted, the count tells; any other
array is compared with what went up. Recorders are drained after every run: only values appended
since the last time come back, and none go up, because kernels append and never read them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simgen.errors import DeviceError, InternalError
from simgen.targets.base import AnyArray, Memory, Mirror
from simgen.targets.checks import checked_array
from simgen.targets.cuda.connect import RowKernels
from simgen.targets.cuda.device import Buffer, Device
from simgen.targets.cuda.finite import FinitenessCheck
from simgen.targets.cuda.recorders import RecorderWindow
from simgen.targets.cuda.room import Request, require_room
from simgen.targets.cuda.values import all_within, store_values
from simgen.targets.scope import Slot

WORTH_LOOKING = 1 << 20  # bytes; whether longer arrays are zero is asked before they are sent


def _counts_values(slot: Slot) -> bool:
    """Whether it is the number of values of a recorder; arrays of the runtime have no length."""
    return slot.length is None and slot.name.rpartition(".")[2] == "used"


def _is_real(slot: Slot) -> bool:
    return slot.c_type in ("double", "float")


@dataclass(slots=True)
class _Copy:
    """One array: the host's, the device's, and whether they differ.

    ``known`` is what both had last, where writes of the host are not counted.
    """

    name: str
    is_used: bool  # the number of values of a recorder
    host: AnyArray
    buffer: Buffer
    host_newer: bool = True
    device_newer: bool = False
    writes: int = 0  # of the host, when the array went up; only for those that are counted
    lent: bool = False  # users write the device's array, so it may be newer at any time
    suspect: bool = False  # the host may have written it, as far as is known
    known: AnyArray | None = None

    @property
    def owner(self) -> str:
        """The recorder's name."""
        return self.name.rpartition(".")[0]


class DeviceMirror:
    """The device's side of one :class:`Memory`, shared by all programs that run on it."""

    def __init__(self, memory: Memory, device: Device) -> None:
        self.memory = memory
        self.device = device
        self._copies: dict[str, _Copy] = {}
        self._windows: dict[str, RecorderWindow] = {}
        self._scratch: dict[str, Buffer] = {}
        self._reserved: dict[str, Buffer] = {}  # of arrays that are yet to be stored
        self._finiteness: FinitenessCheck | None = None

    @classmethod
    def of(cls, memory: Memory, device: Device) -> DeviceMirror:
        """Return the mirror of a memory, made when it is asked for the first time."""
        mirror = memory.mirror
        if not isinstance(mirror, cls) or mirror.device is not device:
            mirror = memory.mirror = cls(memory, device)
        return mirror

    def array(self, slot: Slot) -> Buffer:
        """Return the device's copy of a named array, which goes up before the next run."""
        host, is_used = checked_array(self.memory, slot), _counts_values(slot)
        known = self._copies.get(slot.name)
        if known is not None and known.host is host:
            return known.buffer
        if known is not None and known.device_newer:
            raise InternalError(f"array '{slot.name}' was replaced while the device had its values")
        if known is not None and known.buffer.n_bytes == host.nbytes:
            buffer = known.buffer
        else:
            self._copies.pop(slot.name, None)
            known = None  # what it had is free for what replaces it
            buffer = self.device.allocate(host.nbytes, slot.name)
        self._copies[slot.name] = _Copy(slot.name, is_used, host, buffer)
        return buffer

    def adopt(self, name: str, other: Mirror) -> bool:
        """Share another memory's place of an array, if it is on the same device and this has none.

        From then on it is one place: what either writes, the other has.
        """
        if not isinstance(other, DeviceMirror) or other.device is not self.device:
            return False
        copy, own = other._copies.get(name), self._copies.get(name)
        if copy is None or copy.host is not self.memory.arrays.get(name):
            return False
        if own is None:
            self._copies[name] = copy
        return own is None or own is copy

    def keep(self, names: Collection[str]) -> None:
        """Give up the places of all arrays but some."""
        self._copies = {name: copy for name, copy in self._copies.items() if name in names}
        self._scratch.clear()
        self._reserved.clear()

    def requests(self, slots: Iterable[Slot], scratch: Mapping[str, int]) -> list[Request]:
        """Return what has no place on the device yet, and give up the places that are too small.

        ``scratch`` has the bytes of the arrays of the device alone.
        """
        found = []
        for slot in slots:
            name, _, last = slot.name.rpartition(".")
            if slot.name in scratch:
                present: Buffer | None = self._scratch.get(slot.name)
                if present is None or present.n_bytes < scratch[slot.name]:
                    self._scratch.pop(slot.name, None)
                    found.append(Request(slot.name, scratch[slot.name]))
            elif slot.length is None and last == "data":
                if n_bytes := self.window(name).missing():
                    found.append(Request(slot.name, n_bytes, _is_real(slot), is_recorder=True))
            else:
                host, known = checked_array(self.memory, slot), self._copies.get(slot.name)
                if known is None or known.buffer.n_bytes != host.nbytes:
                    if known is not None and not known.device_newer:
                        del self._copies[slot.name]
                    found.append(Request(slot.name, host.nbytes, _is_real(slot)))
        return found

    @property
    def n_bytes(self) -> int:
        """The bytes that the network has on the device."""
        buffers = [*(copy.buffer for copy in self._copies.values()), *self._scratch.values()]
        windows = sum(window.n_bytes for window in self._windows.values())
        return windows + sum(buffer.n_bytes for buffer in buffers)

    def window(self, recorder: str) -> RecorderWindow:
        """Return what the device has of a recorder."""
        known = self._windows.get(recorder)
        if known is None:
            known = RecorderWindow(recorder, self.memory, self.device)
            self._windows[recorder] = known
        return known

    def scratch(self, name: str, n_bytes: int) -> Buffer:
        """Return memory of the device alone, zeroed when it is made."""
        buffer = self._scratch.get(name)
        if buffer is None or buffer.n_bytes < n_bytes:
            buffer = self.device.allocate(n_bytes, name)
            self.device.upload(buffer, np.zeros(n_bytes, np.uint8))
            self._scratch[name] = buffer
        return buffer

    # --- before and after a run ---------------------------------------------------------------

    def changed(self) -> None:
        """Take note that the host may have written any array whose writes are not counted."""
        for copy in self._copies.values():
            if copy.name in self.memory.counters:
                continue
            if copy.device_newer:
                raise InternalError(f"array '{copy.name}' was not fetched before it was written")
            copy.suspect = True

    def push(self) -> None:
        """Send up what the host has written."""
        for copy in self._copies.values():
            if self._send(copy) and copy.is_used:
                self.window(copy.owner).start(int(copy.host[0]))

    def send(self, name: str) -> None:
        """Send up one array now, if the host has written it, not before the next run."""
        if name in self._copies:
            self._send(self._copies[name])

    def _send(self, copy: _Copy) -> bool:
        """Send up one array if the host has written it; return whether it has."""
        counter = self.memory.counters.get(copy.name)
        writes = copy.writes if counter is None else counter()
        if copy.name in self.memory.unset:
            copy.host_newer, copy.suspect, copy.writes = False, False, writes
            return False
        differs = copy.suspect and not _same_bits(copy.known, copy.host)
        copy.suspect = False
        if not copy.host_newer and writes == copy.writes and not differs:
            return False
        if copy.host.nbytes >= WORTH_LOOKING and _is_zero(copy.host):
            self.device.zero(copy.buffer)  # as arrays are that nobody has written
        else:
            self.device.upload(copy.buffer, copy.host)
        copy.host_newer, copy.writes = False, writes
        self._agree(copy)
        return True

    def _agree(self, copy: _Copy) -> None:
        """Take note that both sides have the same values."""
        if copy.name not in self.memory.counters:
            copy.known = copy.host.copy()

    def holds(self, name: str) -> bool:
        """Whether the device has a copy of a named array."""
        return name in self._copies

    def view(self, name: str) -> Any:
        """Return an array of the device's library that shares the memory of a named one."""
        copy = self._copies.get(name)
        if copy is None:
            raise DeviceError("no code of the network uses it, so it is not on the device")
        self._send(copy)
        copy.lent = copy.device_newer = True
        return self.device.view(copy.buffer, copy.host.dtype, copy.host.size)

    def is_finite(self, name: str, start: int = 0, stop: int | None = None) -> bool:
        """Whether the device alone has the newest values of an array, and all are finite.

        With ``start`` and ``stop`` only those of that span are looked at.
        """
        copy = self._copies.get(name)
        if copy is None or not copy.device_newer:
            return False
        if self._finiteness is None:
            self._finiteness = FinitenessCheck(self.device)
        size = (copy.host.size if stop is None else stop) - start
        return self._finiteness.all_finite(copy.buffer, copy.host.dtype, size, start)

    def is_within(self, name: str, span: tuple[int, int], limits: tuple[int, int]) -> bool:
        """Whether the 64-bit integers of a span on the device lie between limits, which count."""
        return all_within(self.device, self._copies[name].buffer, span, limits)

    def place(self, name: str) -> None:
        """Have a place on the device for ``store``; raises MemoryLimitError without room."""
        if name not in self._copies:
            host = self.memory.arrays[name]
            require_room(self.device, [Request(name, host.nbytes)], self.n_bytes, host.itemsize)
            self._reserved[name] = self.device.allocate(host.nbytes, name)

    def store(self, name: str, values: str, chosen: str | None, start: int, stop: int) -> None:
        """Copy values from array to array on the device, where ``chosen`` is true if given."""
        reserved = self._reserved.pop(name, None)
        if reserved is not None:
            host = self.memory.arrays[name]
            self._copies[name] = _Copy(name, is_used=False, host=host, buffer=reserved)
        target, given = self._copies[name], self._copies[values]
        self._send(target)
        store_values(
            self.device,
            (target.buffer, target.host.dtype),
            (given.buffer, given.host.dtype),
            None if chosen is None else self._copies[chosen].buffer,
            (start, stop),
        )
        target.device_newer = True

    def connector(self) -> RowKernels:
        """Return what makes rows of synapses among these arrays."""
        return RowKernels(self.device, self)

    def item_bytes(self, name: str) -> int:
        """Return the size of a value of an array."""
        return self.memory.arrays[name].itemsize

    def create(self, name: str) -> Buffer:
        """Return a new place of an array of which the device alone is about to have the values."""
        return self.replace(name, self.memory.arrays[name])

    def replace(self, name: str, host: AnyArray) -> Buffer:
        """Return a new place of an array that has another one on the host from now on."""
        copy, counter = self._placed(name, host), self.memory.counters.get(name)
        copy.host_newer, copy.device_newer = False, True
        copy.writes = 0 if counter is None else counter()
        self.memory.arrays[name], self._copies[name] = host, copy
        return copy.buffer

    def buffer(self, name: str) -> Buffer:
        """Return the place of an array, where its newest values are."""
        copy = self._copies.get(name)
        if copy is None:
            copy = self._copies[name] = self._placed(name, self.memory.arrays[name])
        self._send(copy)
        return copy.buffer

    def _placed(self, name: str, host: AnyArray) -> _Copy:
        require_room(self.device, [Request(name, host.nbytes)], self.n_bytes, host.itemsize)
        return _Copy(name, False, host, self.device.allocate(host.nbytes, name))

    def written(self, names: Iterable[str]) -> None:
        """Take note that a program wrote arrays, and drain the recorders among them."""
        for copy in (self._copies[name] for name in names if name in self._copies):
            if copy.is_used:
                self.device.download(copy.buffer, copy.host)
                self._agree(copy)
                self.window(copy.owner).drain(int(copy.host[0]))
            else:
                copy.device_newer = True

    def move_windows(self, recorders: Iterable[str]) -> bool:
        """Move the windows that are full; return whether a run may go on with that."""
        full = [window for window in map(self.window, recorders) if window.is_full]
        for window in full:
            window.start(window.drained)
        return bool(full) and all(window.may_move for window in full)

    def fetch(self, name: str | None = None) -> None:
        """Bring back what programs wrote: one array, or all that are not asked for by name."""
        if name is not None:
            copies = [self._copies[name]] if name in self._copies else []
        else:
            counted = self.memory.counters
            copies = [copy for copy in self._copies.values() if copy.name not in counted]
        for copy in copies:
            if copy.device_newer:
                self.device.download(copy.buffer, copy.host)
                self._agree(copy)
                copy.device_newer = copy.lent


def _is_zero(values: AnyArray) -> bool:
    """Whether all bits are zero; the first ones that are not say so at once."""
    return not np.any(values.view(f"u{values.itemsize}"))


def _same_bits(first: AnyArray | None, second: AnyArray) -> bool:
    """Whether arrays of one type and size agree, in NaN and the sign of zero, too."""
    return first is not None and np.array_equal(
        first.reshape(-1).view(np.uint8), second.reshape(-1).view(np.uint8)
    )
