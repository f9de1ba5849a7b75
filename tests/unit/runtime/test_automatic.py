"""What ``auto`` takes, and what it counts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import simgen
from simgen import (
    Hz,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    StateMonitor,
    Synapses,
    ms,
    network_operation,
    set_device,
)
from simgen.api.demand import demand_of
from simgen.dtypes import FLOAT32
from simgen.errors import CompileError, DeviceError
from simgen.options import Options
from simgen.runtime import automatic
from simgen.runtime.automatic import Demand, choose_device, describe_automatic

SMALL, LARGE = Demand(4_999), Demand(5_000)


@pytest.fixture
def machine(monkeypatch):
    """A machine with a compiler and a GPU of 1000 free bytes; tests take things away."""
    asked = []

    def open_device(options):
        asked.append(options)
        if made.fault:
            raise DeviceError(made.fault)
        return SimpleNamespace(name="H100", free_bytes=lambda: 1000)

    def find_compiler():
        if not made.compiler:
            raise CompileError("none")

    made = SimpleNamespace(gpus=("H100",), fault="", compiler=True, asked=asked)
    monkeypatch.setattr(automatic, "find_gpus", lambda: made.gpus)
    monkeypatch.setattr(automatic, "open_device", open_device)
    monkeypatch.setattr(automatic, "find_compiler", find_compiler)
    return made


def test_a_gpu_is_taken_from_a_work_on(machine):
    small = choose_device(Options(real=FLOAT32, optimize=0), SMALL)
    assert small.options == Options("cpu", real=FLOAT32, optimize=0)
    assert small.reason == (
        "about 4,999 neurons and synaptic events a step; a GPU is worth its launches from 5,000 on"
    )
    assert machine.asked == []  # CuPy is not imported in vain
    large = choose_device(Options(real=FLOAT32, optimize=0), LARGE)
    assert large.options == Options("cuda", real=FLOAT32, optimize=0)
    assert large.reason == (
        "the GPU H100 is usable, and about 5,000 neurons and synaptic events a step"
    )


def test_what_the_gpu_lacks_is_the_reason_for_the_cpu(machine):
    found = choose_device(Options(), Demand(5_000, n_bytes=1001))
    assert found.options.target == "cpu"
    assert "H100 has 1,000 bytes free and the state takes 1,001 or more" in found.reason
    assert choose_device(Options(), Demand(5_000, n_bytes=1000)).options.target == "cuda"
    machine.fault = "It needs CuPy."
    found = choose_device(Options(), LARGE)
    assert (found.options.target, found.reason) == ("cpu", "the GPU cannot be used: It needs CuPy.")
    machine.gpus = ()
    found = choose_device(Options(), LARGE)
    assert found.options.target == "cpu"
    assert found.reason == "there is no NVIDIA GPU with a driver here"


def test_threads_and_python_code_raise_what_is_worth_it(machine):
    assert choose_device(Options(threads=3), Demand(14_999)).options.target == "cpu"
    found = choose_device(Options(threads=3), Demand(15_000))
    assert found.options == Options("cuda")  # which has no threads
    assert choose_device(Options(), Demand(34_999, stops=1)).options.target == "cpu"
    assert choose_device(Options(), Demand(35_000, stops=1)).options.target == "cuda"
    assert choose_device(Options(), Demand(8_000, stops=0.1)).options.target == "cuda"


def test_what_belongs_to_the_cpu_keeps_it(machine):
    found = choose_device(Options(compiler_flags=("-O1",)), LARGE)
    assert found.options == Options("cpu", compiler_flags=("-O1",))
    assert "'compiler_flags'" in found.reason


def test_without_a_compiler_small_networks_need_the_gpu(machine):
    machine.compiler = False
    found = choose_device(Options(), SMALL)
    assert found.options.target == "cuda"
    assert found.reason == "the GPU H100 is usable, and there is no C++ compiler"


def test_what_auto_takes_is_described(machine):
    assert describe_automatic() == (
        "takes 'cuda' (H100) for networks of 5,000 or more neurons and expected synaptic events a "
        "step, for each thread of 'cpu'; else 'cpu'"
    )
    machine.gpus = ()
    assert describe_automatic() == "takes 'cpu': there is no NVIDIA GPU with a driver here"


def demand(*objects):
    return demand_of(simgen.Network(*objects).objects)


def test_neurons_count_once_a_step_and_synapses_as_they_are_expected_to_be_reached():
    cells = NeuronGroup(10, "v : 1\nshown : 1", threshold="v > 1")
    inputs = PoissonGroup(20, 5 * Hz, dt=0.2 * ms)
    drive = PoissonInput(cells, "v", 100, 5 * Hz, 1)
    synapses = Synapses(cells, cells, "w : 1", on_pre="v_post += w")
    assert demand(cells).per_step == 10
    assert demand(cells).n_bytes == 10 * (8 + 8)
    assert demand(cells, StateMonitor(cells, "v", record=True)).per_step == 10
    assert demand(cells, inputs).per_step == 10 + 20 / 2
    assert demand(cells, drive).per_step == 10 + 10
    synapses.connect()
    assert demand(cells, synapses).per_step == pytest.approx(10 + 100 * 5 * 1e-4)
    assert demand(synapses).n_bytes == 100 * (4 + 8)


@pytest.mark.parametrize(
    ("model", "codes", "each"),
    [
        ("w : 1", {"on_pre": "v_post += w", "on_post": "w += 1"}, 2 * 5e-4),
        ("dw/dt = -w/ms : 1 (event-driven)", {"on_pre": "w += 1"}, 5e-4),
        ("dw/dt = -w/ms : 1 (clock-driven)", {"on_pre": "w += 1"}, 1 + 5e-4),
        ("w : 1\nv_post = w : 1 (summed)", {}, 1),
    ],
)
def test_pathways_count_each_and_code_of_every_step_in_full(model, codes, each):
    cells = NeuronGroup(10, "v : 1", threshold="v > 1")
    synapses = Synapses(cells, cells, model, **codes)
    synapses.connect()
    assert demand(synapses).per_step == pytest.approx(100 * each)


def test_calls_of_python_code_are_stops():
    cells = NeuronGroup(10, "v : 1")

    @network_operation(dt=0.4 * ms)
    def look():
        pass

    assert demand(cells).stops == 0
    assert demand(cells, look).stops == 0.25


@pytest.mark.parametrize("name", ["cuda", "auto"])
def test_only_an_explicit_choice_raises(monkeypatch, name):
    monkeypatch.setattr("simgen.targets.cuda.gpu.find_gpus", lambda: ())
    try:
        if name == "cuda":
            with pytest.raises(DeviceError, match="needs an NVIDIA GPU"):
                set_device(name)
        else:
            set_device(name)
            assert simgen.get_device() == "auto"
    finally:
        set_device("auto")
