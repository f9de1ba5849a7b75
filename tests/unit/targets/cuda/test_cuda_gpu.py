"""The device behind CuPy, with a stand-in for CuPy whose kernels run on the emulated device."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
from cupy_stand_in import RuntimeFailedError

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
from simgen.runtime import automatic
from simgen.targets.cuda import gpu


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


def test_memory_is_zeroed_there(cupy):
    device = gpu.open_gpu(0)
    buffer, out = device.allocate(24), np.ones(3)
    device.upload(buffer, out)
    device.zero(buffer)
    device.download(buffer, out)
    assert out.tolist() == [0, 0, 0]


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
    cupy.cuda.runtime.deviceSynchronize = lambda: waited.append(1)
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


def test_without_nvrtc_an_explicit_choice_raises(cupy):
    def missing():
        raise RuntimeError("libnvrtc.so was not found")

    cupy.cuda.nvrtc.getVersion = missing
    with pytest.raises(DeviceError, match=r"Stand-in A.* needs NVRTC.*libnvrtc.so.*pip install"):
        simgen.set_device("cuda")
    found = automatic.describe_automatic()
    assert found.startswith("takes 'cpu': the GPU cannot be used: ")
    assert "needs NVRTC" in found


@pytest.mark.compiler
def test_auto_takes_the_gpu_for_a_network_that_is_worth_it(cupy, monkeypatch, caplog):
    monkeypatch.setattr(automatic, "WORTH_A_LAUNCH", 50)
    simgen.set_device("auto", threads=2)
    simgen.start_scope()
    text = "dv/dt = -v/(5*ms) : 1"
    networks = []
    with caplog.at_level("INFO", logger="simgen.device"):
        for size in (99, 100):
            group = NeuronGroup(size, text, name=f"cells_{size}", method="exact")
            group.v = 1
            networks.append(simgen.Network(group, name=f"net_{size}"))
            networks[-1].run(0.2 * ms)
            networks[-1].run(0.2 * ms)
    assert [network._compiled.remote for network in networks] == [False, True]
    np.testing.assert_array_equal(networks[1]["cells_100"].v[:1], networks[0]["cells_99"].v[:1])
    assert caplog.messages == [
        "Network 'net_99' runs on 'cpu': about 99 neurons and synaptic events a step; a GPU is "
        "worth its launches from 100 on.",
        "Network 'net_100' runs on 'cuda': the GPU Stand-in A is usable, and about 100 neurons and "
        "synaptic events a step.",
    ]
    simgen.set_device("cpu")  # an explicit choice wins, and what runs moves
    networks[1].run(0.1 * ms)
    assert not networks[1]._compiled.remote
    assert networks[1]["cells_100"].v[0] == pytest.approx(np.exp(-0.1))
