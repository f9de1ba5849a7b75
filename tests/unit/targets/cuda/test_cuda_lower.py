"""CUDA source of neuron programs: golden text, and accepted by NVRTC for several architectures."""

from __future__ import annotations

import ctypes
import re
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from simgen.dtypes import DType
from simgen.errors import Origin, SourceText, UnsupportedFeatureError
from simgen.ir.construct import binary, call, cast, compare, integer, real
from simgen.ir.expr import (
    ELEMENT,
    ZERO,
    Array,
    Const,
    Gather,
    IndexValue,
    Load,
    Local,
    Param,
    RandomDraw,
    Step,
    Time,
)
from simgen.ir.kernel import (
    Clock,
    EventList,
    Item,
    Kernel,
    Once,
    OverElements,
    OverEvents,
    OverFanIn,
    OverFanOut,
    OverIndices,
    OverSynapses,
    Program,
    Recorder,
    SynapseStore,
)
from simgen.ir.stmt import Accumulate, Append, Emit, If, Let, Store
from simgen.ir.verify import verify_program
from simgen.resources import cuda_kernel_dir
from simgen.targets.cuda.lower import lower_program

REAL, I64 = DType.REAL, DType.I64
MAIN, SLOW = Clock("main"), Clock("slow")
N = Param("exc.n", I64)
V, W = Array("exc.v", REAL, "exc.n"), Array("exc.w", REAL, "exc.n")
LAST, OPEN = Array("exc.last", I64, "exc.n"), Array("exc.open", DType.BOOL, "exc.n")
TABLE, SHARED = Array("table", REAL, "table.n"), Array("shared", REAL, "one")
EVENTS = EventList("exc.spikes", "exc.n")
EVERYONE, FIRED = OverElements("exc.n", integer(0), N), OverEvents(EVENTS, integer(0), N)
STORE = SynapseStore("S", "exc.n", "exc.n", columns=True)
KEY = Param("key", DType.U64)
SPIKE_TIME, SPIKE_INDEX = Recorder("mon.t", REAL), Recorder("mon.i", DType.I32)


def program(*kernels):
    items = (Item("s", order, one.name, one) for order, one in enumerate(kernels))
    clocks = tuple(dict.fromkeys(one.clock for one in kernels))
    made = Program(tuple(items), clocks)
    verify_program(made)
    return made


def neurons():
    origin = Origin(SourceText("v = -60*mV", "reset", "NeuronGroup 'exc'"), 0, 1)
    v = Load(V, ELEMENT)
    noise = RandomDraw("randn", (), KEY, 0)
    count = RandomDraw("poisson", (Param("mean", REAL),), KEY, 1)
    resting = compare(">", binary("-", Step(), Load(LAST, ELEMENT)), integer(20))
    inside = Gather(TABLE, binary("%", IndexValue(ELEMENT), integer(3)))
    update = Kernel(
        "exc.update",
        EVERYONE,
        (
            Let(Local("slope", REAL), binary("-", call("exp", v), binary("*", v, inside))),
            Store(OPEN, ELEMENT, resting),
            If(
                Load(OPEN, ELEMENT),
                (
                    Accumulate(V, ELEMENT, "+", binary("*", Local("slope", REAL), noise)),
                    Emit(EVENTS, compare(">", v, Load(SHARED, ZERO))),
                ),
            ),
            Store(W, ELEMENT, binary("+", cast(count, REAL), Const(float("inf"), REAL))),
        ),
        MAIN,
        comment="state update and threshold of 'exc'",
    )
    record = Kernel(
        "mon.record",
        FIRED,
        (
            Append(SPIKE_TIME, Time()),
            Append(SPIKE_INDEX, cast(IndexValue(ELEMENT), DType.I32)),
        ),
        MAIN,
    )
    reset = Kernel(
        "exc.reset",
        FIRED,
        (Store(V, ELEMENT, real(-0.06), origin), Store(LAST, ELEMENT, Step(), origin)),
        MAIN,
    )
    return program(update, record, reset)


class Nvrtc:
    """NVIDIA's run-time compiler, called without a GPU or a driver."""

    def __init__(self, library):
        self.library = ctypes.CDLL(str(library))

    def compile(self, source, architecture):
        """Return the size of the machine code; fail with the compiler's log."""
        handle, size, call = ctypes.c_void_p(), ctypes.c_size_t(), self.library
        call.nvrtcCreateProgram(ctypes.byref(handle), source.encode(), b"k.cu", 0, None, None)
        options = [
            f"--gpu-architecture={architecture}".encode(),
            *(b"--std=c++17", b"--fmad=false", f"-I{cuda_kernel_dir()}".encode()),
        ]
        table = (ctypes.c_char_p * len(options))(*options)
        status = call.nvrtcCompileProgram(handle, len(options), table)
        call.nvrtcGetProgramLogSize(handle, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        call.nvrtcGetProgramLog(handle, log)
        assert status == 0, log.value.decode()
        call.nvrtcGetCUBINSize(handle, ctypes.byref(size))
        call.nvrtcDestroyProgram(ctypes.byref(handle))
        return size.value


@pytest.fixture(scope="module")
def nvrtc():
    found = sorted(Path(sysconfig.get_paths()["purelib"]).glob("nvidia/*/lib/libnvrtc.so.*"))
    found = [path for path in found if "builtins" not in path.name and "alt" not in path.name]
    if not found:
        pytest.skip("NVRTC is not installed (the nvidia-cuda-nvrtc wheel)")
    return Nvrtc(found[0])


@pytest.mark.parametrize("architecture", ["sm_75", "sm_80", "sm_90", "sm_120"])
@pytest.mark.parametrize("real_type", [np.float64, np.float32])
def test_generated_source_compiles(nvrtc, architecture, real_type):
    lowered = lower_program(neurons(), np.dtype(real_type))
    assert nvrtc.compile(lowered.source, architecture) > 1000


def test_the_source_of_neurons(golden):
    lowered = lower_program(neurons(), np.dtype(np.float64))
    golden(lowered.source, "neurons")
    assert lowered.launches == (
        *("sg_begin_tick", "k_exc__update", "k_mon__record", "k_exc__reset", "sg_end_tick"),
    )


def test_single_precision_has_no_double_arithmetic_per_neuron():
    source = lower_program(neurons(), np.dtype(np.float32)).source
    update = re.search(r"void k_exc__update.*?\n}", source, re.S)
    assert update is not None
    assert re.findall(r".*\bdouble\b.*", update[0]) == []


def test_kernels_of_slow_clocks_leave_when_they_are_not_due(nvrtc):
    slow = Kernel("slow", EVERYONE, (Emit(EVENTS, Load(OPEN, ELEMENT)),), SLOW)
    fast = Kernel("fast", EVERYONE, (Store(V, ELEMENT, real(0.0)),), MAIN)
    source = lower_program(program(slow, fast), np.dtype(np.float64)).source
    assert source.count("!= 0) return;") == 2
    nvrtc.compile(source, "sm_80")


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (Once(), "single runs and tables of events"),
        (OverIndices(LAST), "recording of state"),
        (OverFanOut(STORE, EVENTS, Array("d", DType.U32, "c")), "delivery to synapses"),
        (OverFanIn(STORE, EVENTS, integer(0)), "walks from targets to synapses"),
        (OverSynapses(STORE), "loops over all synapses"),
    ],
)
def test_other_domains_are_refused_by_name(domain, words):
    with pytest.raises(UnsupportedFeatureError) as caught:
        lower_program(program(Kernel("k", domain, (), MAIN)), np.dtype(np.float64))
    expected = f"the cuda target does not have {words} yet (kernel 'k'); choose set_device('cpu')"
    assert str(caught.value) == expected


def test_shared_writes_and_conditional_records_are_refused():
    shared = Kernel("k", EVERYONE, (Accumulate(SHARED, ZERO, "+", Load(V, ELEMENT)),), MAIN)
    with pytest.raises(UnsupportedFeatureError, match="writes that several elements share"):
        lower_program(program(shared), np.dtype(np.float64))
    gated = If(Load(OPEN, ELEMENT), (Append(SPIKE_TIME, Time()),))
    with pytest.raises(UnsupportedFeatureError, match="without conditions"):
        lower_program(program(Kernel("k", FIRED, (gated,), MAIN)), np.dtype(np.float64))
