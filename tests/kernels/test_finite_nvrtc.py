"""NVRTC accepts the kernels of values and of rows, and those of strings."""

from __future__ import annotations

import pytest
from nvrtc_compiler import ARCHITECTURES

import simgen
from simgen import NeuronGroup, Synapses, set_device
from simgen.api import compiled_text
from simgen.resources import cuda_kernel_dir
from simgen.targets.cuda.emulate import EmulatedDevice


@pytest.mark.parametrize(
    "name",
    [
        "finite.cuh",
        "values.cuh",
        "rows.cuh",
        "draws.cuh",
        "pieces.cuh",
        "row_sort.cuh",
        "columns.cuh",
    ],
)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_kernels_of_values_compile_without_a_complaint(nvrtc, architecture, name):
    text = (cuda_kernel_dir() / "cuda" / name).read_text(encoding="utf-8")
    made = nvrtc.compile(text, architecture)
    assert made.works, made.log
    assert made.log == ""


@pytest.fixture
def texts(monkeypatch):
    """The sources of strings that are assigned to neurons and synapses."""
    monkeypatch.setattr(compiled_text, "WORTH_COMPILING", 0)
    sources, compile_text = [], EmulatedDevice.compile

    def kept(device, source):
        sources.append(source)
        return compile_text(device, source)

    monkeypatch.setattr(EmulatedDevice, "compile", kept)
    simgen.start_scope()
    set_device("cuda", emulate=True)
    group = NeuronGroup(40, "v : 1\nk : integer")
    group.v = "rand() + poisson(3.5) + exp(-i)"
    group.k["v > 1 and rand() < 0.5"] = "i%3"
    group[3:9].v["i > 2"] = "clip(randn(), -1, 1)"
    synapses = Synapses(group, group, "w : 1")
    synapses.connect("rand() < 0.9", p="exp(-abs(i - j))")
    synapses.w["i != j"] = "v_pre*randn() + rand()"
    yield [source for source in sources if "a_text__value" in source]
    set_device("auto")


@pytest.mark.compiler
def test_strings_compile_without_a_complaint(nvrtc, texts):
    assert len(texts) == 5
    for source in texts:
        for architecture in ARCHITECTURES:
            made = nvrtc.compile(source, architecture)
            assert made.works, made.log
            assert made.log == ""
