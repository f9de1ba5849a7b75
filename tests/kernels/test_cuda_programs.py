"""The CUDA source of whole networks under NVRTC: what a GPU would get, looked at without one."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import product
from random import Random

import numpy as np
import pytest
from cuda_examples import EXAMPLES, WITH_LARGE_SLOW
from nvrtc_compiler import ARCHITECTURES

import simgen
from simgen import pipeline
from simgen.api import network
from simgen.commands.fuzz.models import build, make_model
from simgen.targets.cuda.lower import lower_program

# Comparisons and selections included; loads, stores and conversions are not arithmetic.
DOUBLE = re.compile(r"^\s*(?:@!?%p\d+\s+)?(?!ld|st|cvt|mov|red|atom)\w\S*\.f64\b.*$", re.M)
ENTRY = re.compile(r"\.visible \.entry (\w+)\(")


def source_of(program, real, deterministic=False, profile=False):
    return lower_program(program, np.dtype(real), deterministic, profile=profile).source


def kernels(ptx):
    """Return the assembly of each kernel by name."""
    pieces = ENTRY.split(ptx)
    return dict(zip(pieces[1::2], pieces[2::2]))


def outside_loops(lines):
    """Yield the numbers of the lines of a kernel's assembly that no backward branch spans."""
    places = {line.rstrip(":"): k for k, line in enumerate(lines) if line.endswith(":")}
    loops = [
        (places[target], k)
        for k, line in enumerate(lines)
        for target in re.findall(r"\bbra(?:\.uni)?\s+(\S+);", line)
        if places.get(target, k) < k
    ]
    return {k for k in range(len(lines)) if not any(low <= k <= high for low, high in loops)}


def double_in_loops(assembly):
    """Return the lines of double arithmetic inside the loops of a kernel."""
    lines = [line.strip() for line in assembly.splitlines()]
    plain = outside_loops(lines)
    return [line for k, line in enumerate(lines) if DOUBLE.match(line) and k not in plain]


# Which synapses exist is decided in double precision, whatever that of the program.
DRAWN_AGAIN = "procedural_random"


@pytest.mark.parametrize("path", WITH_LARGE_SLOW, ids=lambda path: path.stem)
@pytest.mark.compiler
def test_examples_compile_with_few_registers_and_no_double_arithmetic(compiled, path):
    for real in (np.float64, np.float32):
        made = compiled(path, real)
        assert made.works, made.log
        registers = [int(count) for count in re.findall(r"Used (\d+) registers", made.log)]
        assert max(registers) <= 128  # two blocks of 256 threads on a multiprocessor
        if real is np.float32 and path.stem != DRAWN_AGAIN:
            found = {name: double_in_loops(text) for name, text in kernels(made.ptx).items()}
            assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("delayed", [False, True])
@pytest.mark.compiler
def test_what_a_launch_reads_as_constant_no_block_of_it_writes(lowered, path, delayed):
    declared = re.compile(r"^  (const )?\w+ \*__restrict__ (a_\w+) =", re.M)
    made = lowered(path, np.float64, delayed=delayed, apart=True)
    bodies = re.split(r"__forceinline__ void (k_\w+)\(", made.source)
    texts = dict(zip(bodies[1::2], bodies[2::2]))
    for phase in made.phases:
        pairs = [pair for part in phase.parts for pair in declared.findall(texts[part.function])]
        constant = {name for const, name in pairs if const}
        assert pairs
        assert constant.isdisjoint(name for const, name in pairs if not const)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.compiler
def test_recording_takes_no_launch_of_its_own(lowered, path):
    """Launches of a step with any delays, and where none is zero."""
    found = tuple(len(lowered(path, np.float64, delayed=d).phases) for d in (False, True))
    others = {
        "adex": (1, 1),  # not connected
        "gain": (1, 1),  # nor is this
        "brunel_delays": (3, 3),
        "izhikevich": (4, 4),
        "rewiring": (3, 2),
        "stdp": (3, 3),
        "stp": (2, 2),
    }
    assert found == others.get(path.stem, (2, 1))


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.compiler
def test_examples_compile_for_every_generation(nvrtc, lowered, path, architecture):
    for real in (np.float64, np.float32):
        sources = {
            lowered(path, real, deterministic, delayed).source
            for deterministic in (False, True)
            for delayed in (False, True)
        }
        for source in sources:
            made = nvrtc.compile(source, architecture)
            assert made.works
            assert made.log == ""


@pytest.mark.compiler
@pytest.mark.parametrize("seed", range(4))
def test_random_models_compile(nvrtc, monkeypatch, seed):
    sources = []
    monkeypatch.setattr(
        network,
        "on_compiled",
        lambda compiled: sources.append(source_of(compiled.program, np.float64, seed % 2 == 1)),
    )
    simgen.set_device("reference")
    try:
        with suppress(simgen.SimgenError):  # a model may be refused before one of its runs
            build(make_model(Random(seed)))
    finally:
        simgen.set_device("auto")
    assert sources
    for source in dict.fromkeys(sources):
        made = nvrtc.compile(source, ARCHITECTURES[seed])
        assert made.works, made.log
        assert made.log == ""


@pytest.mark.compiler
@pytest.mark.parametrize("real", ["float64", "float32"])
def test_dense_synapses_and_kernels_compile(nvrtc, monkeypatch, real):
    programs = []
    monkeypatch.setattr(network, "on_compiled", lambda compiled: programs.append(compiled.program))
    simgen.set_device("reference", dtype=real)
    simgen.start_scope()
    group = simgen.NeuronGroup(4, "v : 1", threshold="v > 1", reset="v = 0")
    dense = simgen.Synapses(
        *(group, group, "w : 1"),
        on_pre="v_post += w",
        on_post="w += rand()*v_pre",
        storage="dense",
    )
    dense.connect()
    monitor = simgen.StateMonitor(dense, "w", record=True)
    shared = simgen.Synapses(group, group, "k : 1 (kernel)", on_pre="v_post += k")
    shared.connect(kernel=[1.0, 2.0], padding="same")
    simgen.Network(group, dense, shared, monitor).run(0.1 * simgen.ms)
    simgen.set_device("auto", dtype="float64")
    (program,) = programs
    first, *others = ARCHITECTURES
    variants = [*product((False, True), (False, True), (first,))]
    for deterministic, profile, architecture in (
        *variants,
        *product((False, True), (False,), others),
    ):
        source = source_of(program, real, deterministic, profile)
        assert ("worked" in source) is profile
        made = nvrtc.compile(source, architecture)
        assert made.works, made.log
        assert made.log == ""


@pytest.mark.compiler
@pytest.mark.parametrize("real", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
def test_sums_and_extremes_over_elements_compile(nvrtc, monkeypatch, real):
    programs = []
    monkeypatch.setattr(network, "on_compiled", lambda compiled: programs.append(compiled.program))
    simgen.set_device("reference", dtype=real)
    simgen.start_scope()
    group = simgen.NeuronGroup(3, "x : 1\nk : integer")
    synapses = simgen.Synapses(group, group, "w : 1\nn : integer")
    synapses.connect()
    for what in ("sum", "mean", "min", "max"):
        code = f"w += {what}_over_pre(w) + {what}_over_post(w*rand()) + {what}_all(w)"
        if what != "mean":
            code += f"; n = {what}_over_pre(n) + {what}_over_post(n) + {what}_all(n)"
        synapses.run_regularly(code)
        group.run_regularly(f"x = {what}_all(x) + {what}_all(k)")
    simgen.Network(group, synapses).run(0.1 * simgen.ms)
    simgen.set_device("auto", dtype="float64")
    (program,) = programs
    for deterministic, architecture in product((False, True), ARCHITECTURES):
        made = nvrtc.compile(source_of(program, real, deterministic), architecture)
        assert made.works, made.log
        assert made.log == ""


def test_double_arithmetic_in_a_loop_is_found(nvrtc):
    text = """
    extern "C" __global__ void k(float *x, double s, int n) {
      double once = s * 3.0;
      #pragma unroll 1
      for (int i = 0; i < n; ++i) x[i] = (float)(BODY);
    }"""
    inside = nvrtc.compile(text.replace("BODY", "x[i] * once"), "sm_80").ptx
    outside = nvrtc.compile(text.replace("BODY", "x[i] * (float)once"), "sm_80").ptx
    assert any(".f64" in line for line in double_in_loops(kernels(inside)["k"]))
    assert double_in_loops(kernels(outside)["k"]) == []


@pytest.mark.compiler
def test_functions_of_the_users_own_compile_with_their_arrays_and_dependencies(nvrtc):
    """Their text may use what NVRTC knows without any header."""
    one = simgen.Function(abs, arg_names=["x"], arg_units=[1], return_unit=1, name="one")
    one.add_implementation(
        "cuda",
        "__device__ double one(double x) { return exp(x)*_namespacetable[(int)x & 1]; }",
        namespace={"table": [1.5, -2.0]},
    )
    two = simgen.Function(abs, arg_names=["x"], arg_units=[1], return_unit=1, name="two")
    code = "__device__ double two(double x) { return pow(one(x), 2.0); }"
    two.add_implementation("cuda", code, dependencies={"one": one})
    group = simgen.NeuronGroup(3, "x : 1", namespace={"one": one, "two": two})
    group.run_regularly("x = two(x) + one(x)")
    program = pipeline.build_program([group, *group.contained_objects], {})
    for real in (np.float64, np.float32):
        made = nvrtc.compile(source_of(program, real), ARCHITECTURES[0])
        assert made.works, made.log
