"""A GPU through CuPy: the only module that imports it, and only when a GPU is asked for."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from simgen.errors import (
    CompileError,
    DeviceError,
    InternalError,
    KernelError,
    MemoryLimitError,
)
from simgen.resources import cuda_kernel_dir
from simgen.targets.cpu.compile import headers_digest
from simgen.targets.cuda.detect import find_gpus
from simgen.targets.cuda.device import MOST_BLOCKS

_ADVICE = "Choose set_device('cpu'), or set_device('cuda', emulate=True) to check kernels."


@functools.lru_cache(maxsize=8)
def open_gpu(number: int) -> GpuDevice:
    """Return a GPU; raises :class:`DeviceError`, naming what is missing, if there is none."""
    names = find_gpus()
    if not names:
        raise DeviceError(
            "The device 'cuda' needs an NVIDIA GPU and its driver, and none was found here. "
            f"{_ADVICE}"
        )
    if number >= len(names):
        known = ", ".join(f"{place}: {name}" for place, name in enumerate(names))
        raise DeviceError(f"There is no GPU number {number}. The GPUs are {known}.")
    try:
        import cupy
    except ImportError as error:
        raise DeviceError(
            f"The device 'cuda' ({names[number]}) needs CuPy, which cannot be imported ({error}). "
            "Install it with: pip install 'simgen[cuda13]', or 'simgen[cuda12]' for a driver of "
            "CUDA 12."
        ) from None
    try:
        cupy.cuda.nvrtc.getVersion()
    except Exception as error:  # of whatever kind CuPy's loader of libraries has
        raise DeviceError(
            f"The device 'cuda' ({names[number]}) needs NVRTC, which CuPy cannot load ({error}). "
            "Install it with: pip install 'simgen[cuda13]', or 'simgen[cuda12]' for a driver of "
            "CUDA 12."
        ) from None
    try:
        return GpuDevice(cupy, number, names[number])
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise DeviceError(f"The GPU {names[number]} cannot be used: {error}. {_ADVICE}") from None


@dataclass(frozen=True, slots=True, eq=False)
class GpuBuffer:
    """Device memory from CuPy's pool; ``memory`` (untyped as all of CuPy) keeps it."""

    memory: Any
    n_bytes: int

    @property
    def address(self) -> int:
        """The pointer that kernels see."""
        return int(self.memory.ptr)


@dataclass(slots=True, eq=False)
class GpuDevice:
    """One GPU with a stream of its own, on which everything happens in order."""

    cupy: Any
    number: int
    name: str
    multiprocessors: int = field(init=False)
    threads: int = field(init=False)  # of a multiprocessor at a time
    registers: int = field(init=False)  # of a multiprocessor
    recorded_ticks: int = 64  # a launch from a graph costs a fifth of one from Python
    stream: Any = field(init=False)
    _bandwidth: float | None = None  # bytes a second
    _lent: bool = False  # arrays were given out, which are used on the streams of the user
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __post_init__(self) -> None:
        with self.cupy.cuda.Device(self.number):
            self.stream = self.cupy.cuda.Stream(non_blocking=True)
            attributes = self.cupy.cuda.runtime.getDeviceProperties(self.number)
            self.multiprocessors = int(attributes["multiProcessorCount"])
            self.threads = int(attributes["maxThreadsPerMultiProcessor"])
            self.registers = int(attributes["regsPerMultiprocessor"])

    def facts(self) -> dict[str, str]:
        """Return the device's abilities and the versions of driver, CUDA, NVRTC and CuPy."""
        runtime = self.cupy.cuda.runtime
        found = runtime.getDeviceProperties(self.number)
        with self.cupy.cuda.Device(self.number):
            n_bytes = int(runtime.memGetInfo()[1])
        return {
            "GPU": self.name,
            "compute capability": f"{found['major']}.{found['minor']}",
            "multiprocessors": str(self.multiprocessors),
            "memory": f"{n_bytes / 2**30:.1f} GiB",
            "L2": f"{int(found['l2CacheSize']) / 2**20:.0f} MiB",
            "driver for CUDA": _version(int(runtime.driverGetVersion())),
            "CUDA": _version(int(runtime.runtimeGetVersion())),
            "NVRTC": ".".join(str(part) for part in self.cupy.cuda.nvrtc.getVersion()),
            "CuPy": str(self.cupy.__version__),
        }

    def bandwidth(self) -> float:
        """Return the bytes a second that its memory takes; measured once."""
        if self._bandwidth is None:
            buffer = self.allocate(min(1 << 28, self.free_bytes() // 2))
            self.zero(buffer)
            marks = [self.mark()]
            for _ in range(3):
                self.zero(buffer)
                marks.append(self.mark())
            best = min(self.seconds_between(*pair) for pair in pairwise(marks))
            self._bandwidth = buffer.n_bytes / best
        return self._bandwidth

    def free_bytes(self) -> int:
        """Return what the driver has and what CuPy's pool keeps for later, within its limit."""
        with self.cupy.cuda.Device(self.number):
            pool = self.cupy.get_default_memory_pool()
            free = int(self.cupy.cuda.runtime.memGetInfo()[0]) + int(pool.free_bytes())
            limit = int(pool.get_limit())  # 0 if the user set none
            return min(free, limit - int(pool.used_bytes())) if limit else free

    def allocate(self, n_bytes: int, name: str = "") -> GpuBuffer:
        """Return memory whose contents are undefined."""
        with self.cupy.cuda.Device(self.number), self.stream:
            try:
                return GpuBuffer(self.cupy.cuda.alloc(max(n_bytes, 1)), n_bytes)
            except self.cupy.cuda.memory.OutOfMemoryError:
                raise MemoryLimitError(
                    f"The GPU {self.name} has no room for {n_bytes:,} bytes of '{name}'; "
                    f"{self.free_bytes():,} bytes are free."
                ) from None

    def upload(self, buffer: GpuBuffer, data: npt.NDArray[Any], offset: int = 0) -> None:
        """Copy a contiguous array to the device, after all that was launched before."""
        self._copy(buffer, offset, np.ascontiguousarray(data), to_device=True)

    def zero(self, buffer: GpuBuffer) -> None:
        """Fill with zeros, after all that was launched before."""
        with self._lock, self.cupy.cuda.Device(self.number):
            if self._lent:
                self.cupy.cuda.runtime.deviceSynchronize()
            self.cupy.cuda.runtime.memsetAsync(buffer.address, 0, buffer.n_bytes, self.stream.ptr)

    def download(self, buffer: GpuBuffer, out: npt.NDArray[Any], offset: int = 0) -> None:
        """Copy into a contiguous array, after all that was launched before; waits for it."""
        if not out.flags.c_contiguous:
            raise InternalError("download needs a contiguous array")
        self._copy(buffer, offset, out, to_device=False)

    def _copy(
        self, buffer: GpuBuffer, offset: int, data: npt.NDArray[Any], *, to_device: bool
    ) -> None:
        if offset < 0 or offset + data.nbytes > buffer.n_bytes:
            raise InternalError(f"{data.nbytes} bytes at {offset} of {buffer.n_bytes} on a GPU")
        runtime = self.cupy.cuda.runtime
        here, there = int(data.ctypes.data), buffer.address + offset
        with self._lock, self.cupy.cuda.Device(self.number):
            if self._lent:  # other libraries may use them on any stream
                runtime.deviceSynchronize()
            if to_device:
                runtime.memcpyAsync(
                    there, here, data.nbytes, runtime.memcpyHostToDevice, self.stream.ptr
                )
            else:
                runtime.memcpyAsync(
                    here, there, data.nbytes, runtime.memcpyDeviceToHost, self.stream.ptr
                )
            self.synchronize()  # the host's memory may be written or read from here on

    def view(self, buffer: GpuBuffer, dtype: np.dtype[Any], size: int) -> Any:
        """Return a CuPy array on a buffer; what users do with it ends before the next copy.

        Every run begins with a copy, and ends with one that waits for it.
        """
        self._lent = True
        with self.cupy.cuda.Device(self.number):
            return self.cupy.ndarray((size,), dtype, memptr=buffer.memory)

    def compile(self, source: str) -> GpuModule:
        """Compile a translation unit; CuPy keeps the machine code on disk.

        It knows it by the text, which therefore names all that the code depends on: the options,
        the compiler, CuPy, which adds options of its own, the GPU's kind and the headers' state.
        """
        options = ("--std=c++17", "--fmad=false", f"-I{cuda_kernel_dir()}")
        facts = self.facts()
        words = [f"{what} {facts[what]}" for what in ("NVRTC", "CuPy", "compute capability")]
        made_of = (f"options {' '.join(options[:-1])}", *words, f"headers {headers_digest()}")
        source = f"{source}\n// {', '.join(made_of)}\n"
        with self.cupy.cuda.Device(self.number):
            module = self.cupy.RawModule(code=source, options=options, backend="nvrtc")
            try:
                module.compile()
            except self.cupy.cuda.compiler.CompileException as error:
                raise CompileError(f"NVRTC refused the generated program:\n{error}") from None
        return GpuModule(self, module)

    def synchronize(self) -> None:
        """Wait for all launches; what went wrong in them is raised here."""
        try:
            self.stream.synchronize()
        except self.cupy.cuda.runtime.CUDARuntimeError as error:
            raise KernelError(f"A kernel failed on the GPU {self.name}: {error}") from None

    def mark(self) -> Any:
        """Return a CuPy event that was recorded on the stream."""
        with self.cupy.cuda.Device(self.number):
            event = self.cupy.cuda.Event()
            event.record(self.stream)
        return event

    def seconds_between(self, first: Any, last: Any) -> float:
        """Return the time between two events; waits for the last."""
        last.synchronize()
        return float(self.cupy.cuda.get_elapsed_time(first, last)) / 1000

    def capture(self, launches: Callable[[], None]) -> GpuGraph | Repeated:
        """Record the launches that a function makes; they were made before, so all is loaded.

        Where the driver does not record them, they are made one by one each time.
        """
        fault = self.cupy.cuda.runtime.CUDARuntimeError
        with self._lock, self.cupy.cuda.Device(self.number):
            try:
                self.stream.begin_capture()
                try:
                    launches()
                finally:
                    graph = self.stream.end_capture()
            except fault as error:
                warnings.warn(
                    f"The GPU {self.name} does not record launches ({error}); "
                    "they are made one by one, which is slower.",
                    RuntimeWarning,
                    stacklevel=2,
                )
                return Repeated(launches)
        return GpuGraph(self, graph)


def _version(number: int) -> str:
    """Return "13.0" for 13000."""
    return f"{number // 1000}.{number % 1000 // 10}"


@dataclass(frozen=True, slots=True, eq=False)
class GpuModule:
    """A module loaded by CuPy."""

    device: GpuDevice
    module: Any

    def function(self, name: str) -> GpuFunction:
        """Return a kernel by its name."""
        with self.device.cupy.cuda.Device(self.device.number):
            return GpuFunction(self.device, self.module.get_function(name))


@dataclass(frozen=True, slots=True, eq=False)
class GpuFunction:
    """A kernel."""

    device: GpuDevice
    kernel: Any

    def resident(self, block: int) -> int:
        """Return how many blocks of so many threads the GPU runs at a time."""
        each = -(-int(self.kernel.num_regs) // 8) * 8  # registers are given out by eights
        fitting = min(self.device.threads // block, self.device.registers // (each * block))
        return max(1, min(fitting, MOST_BLOCKS)) * self.device.multiprocessors

    def launch(self, grid: int, block: int, arguments: tuple[int, ...]) -> None:
        """Run the kernel after all that was launched before."""
        values = tuple(np.uint64(argument) for argument in arguments)
        device = self.device
        with device._lock, device.cupy.cuda.Device(device.number), device.stream:
            self.kernel((grid,), (block,), values)


@dataclass(frozen=True, slots=True, eq=False)
class Repeated:
    """Launches that could not be recorded."""

    launches: Callable[[], None]

    def replay(self, times: int = 1) -> None:
        """Make the launches again."""
        for _ in range(times):
            self.launches()


@dataclass(frozen=True, slots=True, eq=False)
class GpuGraph:
    """A CUDA graph."""

    device: GpuDevice
    graph: Any

    def replay(self, times: int = 1) -> None:
        """Make the recorded launches again."""
        device = self.device
        with device._lock, device.cupy.cuda.Device(device.number):
            for _ in range(times):
                self.graph.launch(device.stream)
