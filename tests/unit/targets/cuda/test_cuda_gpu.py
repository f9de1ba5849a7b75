"""The device behind CuPy, with a stand-in for CuPy whose kernels run on the emulated device."""

from __future__ import annotations

import contextlib
import ctypes
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

import simgen
from simgen import NeuronGroup, SpikeMonitor, Synapses, ms, run
from simgen.commands.check import models, replay, smoke
from simgen.commands.check.report import Report
from simgen.commands.check.setting import Setting
from simgen.errors import (
    CompileError,
    DeviceError,
    InternalError,
    KernelError,
    MemoryLimitError,
)
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


@pytest.fixture
def cupy(monkeypatch):
    """A module of the few names that simgen uses, on a machine that seems to have a GPU."""
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
    monkeypatch.setattr(gpu, "find_gpus", lambda: ("Stand-in A", "Stand-in B"))
    gpu.open_gpu.cache_clear()
    yield made
    gpu.open_gpu.cache_clear()
    simgen.set_device("auto")


@pytest.mark.compiler
def test_a_network_runs_through_cupy_as_on_the_cpu(cupy):
    def network(*device, **options):
        simgen.set_device(*device, **options)
        simgen.start_scope()
        simgen.seed(5)
        text = "dv/dt = (1.1 - v)/(5*ms) + 0.1*xi/sqrt(ms) : 1"
        group = NeuronGroup(40, text, threshold="v > 1", reset="v = 0", method="euler")
        synapses = Synapses(group, group, on_pre="v_post += 0.0625")
        synapses.connect(p=0.2)
        synapses.delay = "rand()*2*ms"
        monitor = SpikeMonitor(group)
        run(20 * ms)
        group.v = 0.5
        run(13 * ms)
        return monitor.i[:], monitor.t_[:], group.v_[:]

    expected = network("cpu")
    found = network("cuda", device=1, deterministic=True)
    for one, other in zip(found, expected):
        np.testing.assert_array_equal(one, other)
    assert len(expected[0]) > 20
    options = ("--std=c++17", "--fmad=false", f"-I{gpu.cuda_kernel_dir()}")
    assert cupy.options == [options] * 2  # the program, and the search for NaN after a run
    assert gpu.open_gpu(1).multiprocessors == 3


@pytest.mark.parametrize(
    ("registers", "block", "each"),
    [(32, 256, 6), (40, 256, 6), (41, 256, 5), (80, 256, 3), (255, 256, 1), (32, 64, 8)],
)
def test_as_many_blocks_as_run_at_a_time(cupy, registers, block, each):
    cupy.registers = registers
    module = gpu.open_gpu(0).compile('extern "C" __global__ void k() {}')
    assert module.function("k").resident(block) == 3 * each


def test_the_text_names_all_that_its_machine_code_depends_on(cupy, monkeypatch):
    """CuPy knows by it what it has on disk."""
    device = gpu.open_gpu(0)
    compile_it = lambda: device.compile('extern "C" __global__ void k() {}')
    compile_it()
    monkeypatch.setattr(gpu, "headers_digest", lambda: "others")
    compile_it()
    cupy.__version__ = "15.0.0"
    compile_it()
    cupy.cuda.nvrtc.getVersion = lambda: (13, 9)
    compile_it()
    found = cupy.cuda.runtime.getDeviceProperties(0)
    cupy.cuda.runtime.getDeviceProperties = lambda number: {**found, "major": 12}
    compile_it()
    assert len(set(cupy.sources)) == 5
    assert cupy.sources[-1].endswith(
        "\n// options --std=c++17 --fmad=false, NVRTC 13.9, CuPy 15.0.0, "
        "compute capability 12.0, headers others\n"
    )
    assert set(cupy.options) == {("--std=c++17", "--fmad=false", f"-I{gpu.cuda_kernel_dir()}")}


def test_faults_of_cupy_are_reported_as_ours(cupy):
    device = gpu.open_gpu(0)
    with pytest.raises(CompileError, match="refused"):
        device.compile("refuse")
    cupy.room = 10
    with pytest.raises(MemoryLimitError, match=r"Stand-in A has no room for 11 bytes of 'exc\.v'"):
        device.allocate(11, "exc.v")
    buffer = device.allocate(8)
    with pytest.raises(InternalError):
        device.download(buffer, np.zeros(2))
    with pytest.raises(InternalError, match="contiguous"):
        device.download(buffer, np.zeros((4, 4))[:, 0])
    cupy.streams[-1].failing = True
    with pytest.raises(KernelError, match="illegal memory access"):
        device.synchronize()


@pytest.mark.compiler
def test_the_sections_of_gpu_check_run_through_cupy(cupy, tmp_path):
    report = Report("smoke", tmp_path / "smoke.json", time.monotonic() + 1000)
    smoke.run(Setting(report))
    assert report.message.startswith("3 of 3; GPU Stand-in A, compute capability 9.0")
    assert "NVRTC 13.2, CuPy 14.2.0" in report.message
    report = Report("replay", tmp_path / "replay.json", time.monotonic() + 1000)
    values = replay._compare_ways(Setting(report), gpu.open_gpu(0), 64, models.parts, {})
    assert values["deviation from reference"] < 1e-12
    cupy.streams[-1].end_capture = lambda: exec("raise RuntimeFailedError", globals())
    with pytest.raises(RuntimeWarning, match="does not record"):
        replay._compare_ways(Setting(report), gpu.open_gpu(0), 64, models.parts, {})


def test_marks_are_events_of_the_stream(cupy):
    device = gpu.open_gpu(0)
    first, last = device.mark(), device.mark()
    assert device.seconds_between(first, last) == 0.0025
    assert last.waited == [True]


def test_free_memory_is_the_drivers_and_that_of_the_pool_within_its_limit(cupy):
    device = gpu.open_gpu(0)
    cupy.room, cupy.pool.kept = 1000, 500
    assert device.free_bytes() == 1500
    cupy.pool.limit, cupy.pool.used = 1200, 300
    assert device.free_bytes() == 900


@pytest.mark.compiler
def test_a_network_that_does_not_fit_takes_nothing(cupy):
    simgen.set_device("cuda")
    simgen.start_scope()
    group = NeuronGroup(1000, "dv/dt = -v/(5*ms) : 1", name="cells", method="exact")
    small = simgen.Network(group)
    small.run(0.1 * ms)
    cupy.room, cupy.pool.kept, taken = 5000, 2000, []
    alloc, cupy.cuda.alloc = (
        cupy.cuda.alloc,
        lambda n_bytes: taken.append(n_bytes) or alloc(n_bytes),
    )
    other = NeuronGroup(1000, "dv/dt = -v/(5*ms) : 1", name="others", method="exact")
    with pytest.raises(MemoryLimitError, match=r"'Stand-in A', where 7,000 are free[^*]*others\.v"):
        simgen.Network(other).run(0.1 * ms)
    assert max(taken, default=0) < 100  # tables of a program's arguments
    small.run(0.1 * ms)  # what fitted still runs


def test_arrays_given_out_are_waited_for(cupy):
    waited = []
    cupy.ndarray = lambda shape, dtype, memptr: (shape, dtype, memptr)
    cupy.cuda.get_current_stream = lambda: SimpleNamespace(synchronize=lambda: waited.append(1))
    device = gpu.open_gpu(0)
    buffer = device.allocate(16)
    device.upload(buffer, np.zeros(2))
    assert waited == []
    assert device.view(buffer, np.dtype(float), 2) == ((2,), np.dtype(float), buffer.memory)
    device.upload(buffer, np.zeros(2))
    assert waited == [1]


def test_launches_that_cannot_be_recorded_are_repeated(cupy):
    device, made = gpu.open_gpu(0), []

    def refuse():
        raise RuntimeFailedError("operation not permitted when stream is capturing")

    cupy.streams[-1].end_capture = refuse
    with pytest.warns(RuntimeWarning, match="Stand-in A does not record launches"):
        graph = device.capture(lambda: made.append(1))
    graph.replay(3)
    assert len(made) == 4


def test_what_is_missing_is_named(monkeypatch):
    gpu.open_gpu.cache_clear()
    monkeypatch.setattr(gpu, "find_gpus", tuple)
    with pytest.raises(DeviceError, match=r"NVIDIA GPU and its driver.*set_device\('cpu'\)"):
        simgen.set_device("cuda")
    monkeypatch.setattr(gpu, "find_gpus", lambda: ("Stand-in",))
    with pytest.raises(DeviceError, match=r"no GPU number 1\. The GPUs are 0: Stand-in"):
        simgen.set_device("cuda", device=1)
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(DeviceError, match=r"needs CuPy.*pip install 'simgen\[cuda13\]'"):
        simgen.set_device("cuda")
    assert simgen.get_device() != "cuda"


def test_a_gpu_that_cannot_be_used_is_reported(cupy):
    def fail(number):
        raise RuntimeFailedError("out of service")

    cupy.cuda.Device = fail
    with pytest.raises(DeviceError, match=r"Stand-in A cannot be used: out of service"):
        simgen.set_device("cuda")
