"""The emulated device: memory, modules, launches and recorded lists of launches."""

from __future__ import annotations

import math
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.errors import InternalError, KernelError, MemoryLimitError, UnsupportedFeatureError
from simgen.targets.cpu.compile import find_compiler
from simgen.targets.cuda.emulate.arguments import Argument, Size, launch_sizes, pack
from simgen.targets.cuda.emulate.explain import explain
from simgen.targets.cuda.emulate.loaded import (
    KernelFacts,
    LoadedText,
    emulator,
    load_text,
)
from simgen.targets.cuda.emulate.memory import EmulatedBuffer, MemoryTable, spoiled

ORDERS = {"forward": 0, "reverse": 1, "shuffled": 2}  # as in cuda_kernels/emulate/block.h
MOST_SHARED = 232448  # bytes; as in cuda_kernels/emulate/shared.h

_stacks: Any = emulator.new("sg_emu_stacks *")  # of all threads that wait, in any library
_lock = threading.RLock()  # a library runs one launch at a time, and devices share libraries


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A launch in the form that C takes; ``owners`` keeps what it points to alive."""

    function: EmulatedFunction
    launch: Any  # sg_emu_launch *, untyped as all of cffi
    owners: tuple[Any, ...]


@dataclass(slots=True, eq=False)
class EmulatedDevice:
    """Runs kernels on the processor, one thread after the other, in a chosen order.

    ``order`` is that of threads and blocks: "forward", "reverse" or "shuffled" (by ``seed``).
    ``check`` watches every load and store, at two to eight times the cost: kernels raise where
    they access what is not theirs or was never written, or race, whatever the order.
    They also raise when a launch takes longer than ``patience`` seconds.
    ``limit`` is the size of its memory in bytes; without one it has as much as the host.
    """

    order: str = "forward"
    seed: int = 0
    check: bool = False
    patience: float = 300.0
    name: str = "emulated CUDA device"
    multiprocessors: int = 2  # few blocks suffice to find what goes wrong between them
    table: MemoryTable = field(default_factory=MemoryTable, repr=False)
    recorded_ticks: int = 1  # replaying loops by itself
    limit: int | None = None
    _taken: deque[int] = field(default_factory=deque, repr=False)  # sizes, negative when freed
    _recording: list[_Prepared] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if sys.platform != "linux":
            raise UnsupportedFeatureError("the emulated CUDA device needs Linux")
        if self.order not in ORDERS:
            raise InternalError(f"the order {self.order!r} is none of {', '.join(ORDERS)}")
        self.table.pointer.patience = self.patience

    def facts(self) -> dict[str, str]:
        """Return its name and the compiler behind it."""
        return {"GPU": self.name, "compiler": find_compiler().version.splitlines()[0]}

    def bandwidth(self) -> float:
        """Return NaN: the time of an emulated kernel says nothing of memory."""
        return math.nan

    def free_bytes(self) -> int:
        """Return how many bytes can still be allocated."""
        with _lock:
            taken = sum(self._taken.popleft() for _ in range(len(self._taken)))
            self._taken.append(taken)
        return (2**62 if self.limit is None else self.limit) - taken

    def allocate(self, n_bytes: int, name: str = "") -> EmulatedBuffer:
        """Return memory that holds a pattern until it is written; ``name`` is for messages."""
        if n_bytes > (free := self.free_bytes()):
            raise MemoryLimitError(
                f"The {self.name} has no room for {n_bytes:,} bytes of '{name}'; "
                f"{free:,} bytes are free."
            )
        buffer = spoiled(n_bytes, name, self.check)
        self._taken.append(n_bytes)
        weakref.finalize(buffer, self._taken.append, -n_bytes)
        if self.check:
            with _lock:
                self.table.add(buffer)
        return buffer

    def upload(self, buffer: EmulatedBuffer, data: NDArray[Any], offset: int = 0) -> None:
        """Copy contiguous ``data`` to the bytes from ``offset`` on."""
        values = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        _check_part(buffer, offset, values.nbytes)
        buffer.fill(offset, values)

    def download(self, buffer: EmulatedBuffer, out: NDArray[Any], offset: int = 0) -> None:
        """Copy the bytes from ``offset`` on into contiguous ``out``."""
        if not out.flags.c_contiguous:
            raise InternalError("download needs a contiguous array")
        _check_part(buffer, offset, out.nbytes)
        out.reshape(-1).view(np.uint8)[:] = buffer.part(offset, out.nbytes)

    def zero(self, buffer: EmulatedBuffer) -> None:
        """Fill with zeros."""
        buffer.fill(0, np.zeros(buffer.n_bytes, np.uint8))

    def view(self, buffer: EmulatedBuffer, dtype: np.dtype[Any], size: int) -> NDArray[Any]:
        """Return a numpy array on the buffer's own memory."""
        return buffer.part(0, size * dtype.itemsize).view(dtype)

    def compile(self, source: str) -> EmulatedModule:
        """Return the kernels of a CUDA text; it finds the headers of ``cuda_kernels``."""
        with _lock:
            return EmulatedModule(self, load_text(source, self.check))

    def synchronize(self) -> None:
        """Wait for all launches; here each launch waits for itself."""

    def mark(self) -> float:
        """Return the time: launches have ended when they return."""
        return time.perf_counter()

    def seconds_between(self, first: float, last: float) -> float:
        """Return the time between two marks."""
        return last - first

    def capture(self, launches: Callable[[], None]) -> EmulatedGraph:
        """Return the list of launches that the callable makes; none of them is run."""
        with _lock:
            recorded: list[_Prepared] = []
            self._recording = recorded
            try:
                launches()
            finally:
                self._recording = None
        return EmulatedGraph(self, tuple(recorded))

    def submit(self, prepared: _Prepared) -> None:
        """Run a launch, or note it where launches are being recorded."""
        with _lock:
            if self._recording is not None:
                self._recording.append(prepared)
                return
            self.table.update()
            if prepared.function.text.lib.sg_emu_run(prepared.launch):
                _raise_fault(prepared)

    def replay(self, launches: Sequence[_Prepared], table: Any, entries: Any, times: int) -> None:
        """Run recorded launches ``times`` times, in one call of the host's library."""
        with _lock:
            if not launches:
                return
            self.table.update()
            replay = launches[0].function.text.lib.sg_emu_replay
            failed = int(replay(table, entries, len(launches), times))
            if failed >= 0:
                _raise_fault(launches[failed % len(launches)])


@dataclass(frozen=True, slots=True, eq=False)
class EmulatedModule:
    """The kernels of a text."""

    device: EmulatedDevice
    text: LoadedText

    def function(self, name: str) -> EmulatedFunction:
        """Return the kernel of that name."""
        if name not in self.text.kernels:
            known = ", ".join(self.text.kernels)
            raise InternalError(f"the CUDA text has no kernel '{name}', only {known}")
        return EmulatedFunction(self.device, self.text, name, self.text.kernels[name])


@dataclass(frozen=True, slots=True, eq=False)
class EmulatedFunction:
    """A kernel."""

    device: EmulatedDevice
    text: LoadedText
    name: str
    facts: KernelFacts

    def resident(self, block: int) -> int:
        """Return how many blocks run at a time: as many as if each took a quarter of a unit."""
        del block  # any size
        return 4 * self.device.multiprocessors

    def launch(
        self, grid: Size, block: Size, arguments: Sequence[Argument], shared_bytes: int = 0
    ) -> None:
        """Run the kernel, or note it where launches are being recorded.

        Raises :class:`KernelError` naming the line, the block and the threads when it goes wrong.
        """
        sizes = launch_sizes(self.name, self.facts, grid, block)
        if not 0 <= shared_bytes <= MOST_SHARED:
            raise InternalError(
                f"kernel '{self.name}' cannot have {shared_bytes} bytes of shared memory; "
                f"a block has at most {MOST_SHARED}"
            )
        values = pack(self.name, self.facts, arguments)
        addresses = [emulator.cast("void *", value.ctypes.data) for value in values]
        pointers = emulator.new("void *[]", addresses or 1)
        launch = emulator.new("sg_emu_launch *")
        launch.grid, launch.block = sizes
        launch.kernel, launch.shared_bytes = self.facts.number, shared_bytes
        launch.order, launch.seed = ORDERS[self.device.order], self.device.seed
        launch.memory, launch.args = self.device.table.pointer, pointers
        launch.stacks = _stacks
        self.device.submit(_Prepared(self, launch, (pointers, values, tuple(arguments))))


@dataclass(slots=True, eq=False)
class EmulatedGraph:
    """Recorded launches, which one call runs again."""

    device: EmulatedDevice
    launches: tuple[_Prepared, ...]
    _table: Any = None
    _entries: Any = None

    def __post_init__(self) -> None:
        libs = [prepared.function.text.lib for prepared in self.launches]
        runs = [emulator.addressof(lib, "sg_emu_run") for lib in libs]
        self._table = emulator.new("int32_t (*[])(const sg_emu_launch *)", runs or 1)
        entries = [prepared.launch for prepared in self.launches]
        self._entries = emulator.new("const sg_emu_launch *[]", entries or 1)

    def replay(self, times: int = 1) -> None:
        """Run the launches in their order, ``times`` times over."""
        self.device.replay(self.launches, self._table, self._entries, times)


def open_emulated(**settings: Any) -> EmulatedDevice:
    """Return an emulated device; the settings are those of :class:`EmulatedDevice`."""
    return EmulatedDevice(**settings)


def _check_part(buffer: EmulatedBuffer, offset: int, n_bytes: int) -> None:
    if offset < 0 or offset + n_bytes > buffer.n_bytes:
        raise InternalError(
            f"bytes {offset} to {offset + n_bytes} of the {buffer.n_bytes} of device memory "
            f"'{buffer.name}' were asked for"
        )


def _raise_fault(prepared: _Prepared) -> None:
    function = prepared.function
    raise KernelError(explain(function.text, function.name, prepared.launch, function.device.table))
