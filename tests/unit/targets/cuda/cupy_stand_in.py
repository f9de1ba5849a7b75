"""A stand-in for CuPy whose kernels run on the emulated device."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from types import SimpleNamespace

import numpy as np

from simgen.runtime import automatic
from simgen.targets.cuda import gpu
from simgen.targets.cuda.emulate import open_emulated


class RuntimeFailedError(Exception):
    pass


class CompileFailedError(Exception):
    pass


class OutOfMemoryError(Exception):
    pass


class Stream:
    """Runs launches, or collects them between begin_capture and end_capture."""

    def __init__(self, non_blocking=False):
        assert non_blocking
        self.ptr, self.captured, self.failing = 77, None, False

    def __enter__(self):
        self.current.append(self)

    def __exit__(self, *_):
        assert self.current.pop() is self

    def begin_capture(self):
        assert self.captured is None
        self.captured = []

    def end_capture(self):
        captured, self.captured = self.captured, None
        return SimpleNamespace(launch=lambda stream: [call() for call in captured])

    def synchronize(self):
        assert self.captured is None
        if self.failing:
            raise RuntimeFailedError("an illegal memory access was encountered")


class Event:
    """A mark on a stream."""

    def __init__(self):
        self.stream, self.waited = None, []

    def record(self, stream):
        assert isinstance(stream, Stream)
        self.stream = stream

    def synchronize(self):
        assert self.stream is not None
        self.waited.append(True)


def make_stand_in(monkeypatch):
    """Return a module of the few names that simgen uses, on a machine that seems to have a GPU."""
    emulated, selected = open_emulated(), []
    monkeypatch.setattr(Stream, "current", [], raising=False)
    made = SimpleNamespace(
        sources=[], options=[], loaded=set(), room=1 << 30, streams=[], registers=40
    )

    def device(number):
        @contextlib.contextmanager
        def inside():
            selected.append(number)
            yield
            selected.pop()

        return inside()

    def stream(non_blocking):
        assert selected
        made.streams.append(Stream(non_blocking))
        return made.streams[-1]

    def alloc(n_bytes):
        assert selected
        assert Stream.current
        if n_bytes > made.room:
            raise OutOfMemoryError
        buffer = emulated.allocate(n_bytes)
        return SimpleNamespace(ptr=buffer.address, buffer=buffer)

    def copy(target, source, n_bytes, kind, ptr):
        assert (kind, ptr) in ((1, 77), (2, 77))
        assert made.streams[-1].captured is None
        ctypes.memmove(target, source, n_bytes)

    def fill(target, value, n_bytes, ptr):
        assert ptr == 77
        ctypes.memset(target, value, n_bytes)

    def kernel(function):
        def call(grid, block, arguments):
            assert all(isinstance(one, np.uint64) for one in arguments)
            stream = Stream.current[-1]
            numbers = tuple(int(one) for one in arguments)
            if stream.captured is None:
                made.loaded.add(function.name)
                function.launch(grid[0], block[0], numbers)
                return
            assert function.name in made.loaded  # loading in a capture fails
            stream.captured.append(lambda: function.launch(grid[0], block[0], numbers))

        call.num_regs = made.registers
        return call

    class RawModule:
        def __init__(self, code, options, backend):
            assert backend == "nvrtc"
            made.sources.append(code)
            made.options.append(options)

        def compile(self):
            if "refuse" in made.sources[-1]:
                raise CompileFailedError("k.cu(1): error: refused")
            self.module = emulated.compile(made.sources[-1])

        def get_function(self, name):
            assert selected
            return kernel(self.module.function(name))

    runtime = SimpleNamespace(
        memcpyAsync=copy,
        memsetAsync=fill,
        memcpyHostToDevice=1,
        memcpyDeviceToHost=2,
        CUDARuntimeError=RuntimeFailedError,
        memGetInfo=lambda: (made.room, 1 << 40),
        getDeviceProperties=lambda number: {
            "multiProcessorCount": 3,
            "maxThreadsPerMultiProcessor": 1536,
            "regsPerMultiprocessor": 65536,
            "major": 9,
            "minor": 0,
            "l2CacheSize": 50 << 20,
        },
        driverGetVersion=lambda: 13020,
        runtimeGetVersion=lambda: 13000,
    )
    made.__version__ = "14.2.0"
    made.RawModule = RawModule
    made.pool = SimpleNamespace(kept=0, limit=0, used=0)
    made.get_default_memory_pool = lambda: SimpleNamespace(
        free_bytes=lambda: made.pool.kept,
        get_limit=lambda: made.pool.limit,
        used_bytes=lambda: made.pool.used,
    )
    made.cuda = SimpleNamespace(
        Device=device,
        Stream=stream,
        alloc=alloc,
        runtime=runtime,
        memory=SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
        compiler=SimpleNamespace(CompileException=CompileFailedError),
        nvrtc=SimpleNamespace(getVersion=lambda: (13, 2)),
        Event=Event,
        get_elapsed_time=lambda first, last: 2.5,
    )
    monkeypatch.setitem(sys.modules, "cupy", made)
    for module in (gpu, automatic):
        monkeypatch.setattr(module, "find_gpus", lambda: ("Stand-in A", "Stand-in B"))
    return made
