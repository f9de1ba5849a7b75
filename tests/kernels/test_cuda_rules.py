"""Rules of the CUDA text that running it cannot show, read off source, assembly, machine code."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from cubin import read_kernels
from cuda_examples import EXAMPLES, WITH_LARGE_SLOW
from nvrtc_compiler import ARCHITECTURES

ROOT = Path(__file__).resolve().parent.parent.parent
HEADERS = sorted((ROOT / "cuda_kernels").glob("c[ohu]*/*.*h"))  # common, check, cuda
PRECISIONS = (np.float64, np.float32)
SPILT = {("cobahh", np.float64): 64}  # bytes of stack in a kernel that may have 128 registers
COMPARE_AND_SWAP, SUM_WITH_RESULT = {0x3A9}, {0x3A8, 0x9A8, 0x3A3, 0x9A3}  # operations
REDUCTION = {0x98E, 0x9A6}

pytestmark = pytest.mark.compiler
every_example = pytest.mark.parametrize("path", WITH_LARGE_SLOW, ids=lambda path: path.stem)


def functions(source):
    """Return the body of each function of a source by name."""
    heads = r"(?:__forceinline__ (?:void|int64_t)|__launch_bounds__\(256, 2\)) (\w+)\("
    pieces = re.split(heads, re.sub(r"//.*", "", source))
    return dict(zip(pieces[1::2], pieces[2::2]))


def kernels(assembly):
    """Return the assembly of each kernel, and of each function that is called, by name."""
    pieces = re.split(r"\.(?:entry|func\s+(?:\([^)]*\))?)\s*(\w+)\s*\(", assembly)
    return dict(zip(pieces[1::2], pieces[2::2]))


@pytest.mark.parametrize("delayed", [False, True])
@every_example
def test_only_the_end_of_the_last_launch_advances_the_tick(lowered, path, delayed):
    made = lowered(path, np.float64, delayed=delayed, apart=True)
    found = functions(made.source)
    names = [phase.function for phase in made.phases]
    writing = re.compile(r"control\[SG_TICK\]\s*(?:[-+*/|&^]?=(?!=)|\+\+|--)|(?:\+\+|--)control")
    writers = {name for name, body in found.items() if writing.search(body)}
    callers = {name for name, body in found.items() if "sg_next_tick(" in body}
    assert writers == {"sg_next_tick"}
    assert callers == {names[-1]}
    end = found[names[-1]]
    assert re.search(
        r"const bool last = sg_is_last_block\(whole,.*\);\s*"
        r"if \(last && threadIdx\.x == 0\) sg_next_tick\(&state, control\);\s*}\s*$",
        end,
    )
    assert set(re.findall(r"const int64_t tick = (.*);", end)) == {"control[SG_TICK]"}
    parts = [part.function for phase in made.phases for part in phase.parts]
    steps = [re.findall(r"const int64_t step = (.*);", found[part]) for part in parts]
    assert all(re.fullmatch(r"tick(?: / S->ints\[\d+\])?", *step) for step in steps)


def strip_early(body, early):
    """Return a function's text without the walk over earlier spikes and what it declares for it."""
    found = early.search(body)
    if found is None or not re.search(rf"^  \w+ \*__restrict__ {found[1]}__counts =", body, re.M):
        return body  # it declares the list as constant: nobody may write it in this launch
    declared = rf"^  \w+ \*__restrict__ {found[1]}__(?:ids|counts) =.*$"
    return re.sub(declared, "", early.sub("", body, count=1), flags=re.M)


@every_example
def test_a_launch_that_changes_a_length_has_one_kernel_that_knows_the_list(lowered, path):
    """So nothing appends to, or reads, a list in the launch that gives it another length.

    But for deliveries that take a step at least: what they read the launch does not write.
    """
    declared = re.compile(r"^  (const )?\w+ \*__restrict__ a_(\w+)__(?:counts|used) =", re.M)
    some = 0
    walk = r"const sg_(?:made_)?fan_out walk = \{+step, \w+, \w+, (\w+)__ids, \1__counts,"
    early = re.compile(walk)
    for deterministic, delayed in product((False, True), repeat=2):
        made = lowered(path, np.float64, deterministic, delayed, apart=True)
        found = functions(made.source)
        for phase in made.phases:
            bodies = [found[part.function] for part in phase.parts]
            if delayed:  # of these lists they have no other pointer; nothing is stored by this one
                bodies = [strip_early(body, early) for body in bodies]
            changed = [
                name for body in bodies for const, name in declared.findall(body) if not const
            ]
            for name in changed:
                assert sum(f"a_{name}__" in body for body in bodies) == 1, (phase.function, name)
            some += len(changed)
        assert not re.search(r"atomic\w*\(&a_\w+__(counts|used)\[", made.source)
    assert some


def test_no_header_asks_which_lanes_happen_to_be_active():
    assert len(HEADERS) > 20
    old = r"__activemask|\b__(?:shfl(?:_up|_down|_xor)?|ballot|any|all)\s*\("
    for path in HEADERS:
        assert not re.search(old, path.read_text(encoding="utf-8")), path.name


@every_example
def test_lanes_meet_under_a_mask_that_is_written_down(compiled, path):
    """All of them: no kernel makes a part of a warp meet."""
    masked = re.compile(r"\b(?:shfl|vote|match)\.\S*sync\S*\s.*?(\S+);|bar\.warp\.sync\s+(\S+);")
    for real in PRECISIONS:
        for name, text in kernels(compiled(path, real).ptx).items():
            assert "activemask" not in text
            for mask in {"".join(found) for found in masked.findall(text)}:
                written = re.findall(rf"\bmov\.[bu]32\s+{re.escape(mask)}, (.*);", text)
                assert mask == "-1" or written == ["-1"], name


MEMORY = re.compile(r"\b(?:ld|st|red|atom)\.(?!param|shared|local|const)\S*\s.*?\[(%\w+)")
CARRIES = re.compile(
    r"(?:mov|add|sub|and|or|xor|shl|shr|min|max|div|rem|selp|mul|mad|neg|cvt)\.[\w.]*[sub](?:32|64)"
)
PRODUCT = re.compile(r"(?:mul|mad)(?:24)?\.lo\.[sub]32")


def narrow_addresses(assembly):
    """Return the accesses of memory whose address hangs on a product of 32 bits."""
    found = []
    for text in kernels(assembly).values():
        lines = [re.sub(r"^@!?%p\d+\s+", "", line.strip()) for line in text.splitlines()]
        narrow, before = set(), -1
        while len(narrow) != before:
            before = len(narrow)
            for line in lines:
                target, *sources = re.findall(r"%\w+", line) or [""]
                if PRODUCT.match(line) or (
                    CARRIES.match(line) and ".f" not in line and narrow.intersection(sources)
                ):
                    narrow.add(target)
        found += [line for line in lines for place in MEMORY.findall(line) if place in narrow]
    return found


@every_example
def test_products_that_become_addresses_have_64_bits(compiled, path):
    for real in PRECISIONS:
        assert narrow_addresses(compiled(path, real).ptx) == []


def test_an_address_of_a_32_bit_product_is_found(nvrtc):
    text = """extern "C" __global__ void k(float *x, int width) {
      x[TYPE(blockIdx.x) * TYPE(width) + 3] = 1.0f;
    }"""
    assert narrow_addresses(nvrtc.compile(text.replace("TYPE", "int"), "sm_90").ptx)
    assert not narrow_addresses(nvrtc.compile(text.replace("TYPE", "(long long)"), "sm_90").ptx)


def count(code, operations):
    return sum(code.operations[operation] for operation in operations)


@every_example
def test_sums_are_reductions_in_the_machine_code(compiled, path):
    """What has a result are tickets of blocks; no example updates but by sums."""
    for real in PRECISIONS:
        made = compiled(path, real)
        codes = read_kernels(made.cubin).values()
        tickets = len(re.findall(r"\batom\.global\.add\.u32\s", made.ptx))
        assert tickets == len(re.findall(r"\batom\.", made.ptx))
        assert sum(count(code, SUM_WITH_RESULT) for code in codes) <= tickets
        assert sum(count(code, COMPARE_AND_SWAP) for code in codes) == 0
        sums = len(re.findall(r"\bred\.global\.add\.", made.ptx))
        assert sum(count(code, REDUCTION) for code in codes) >= sums


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_operations_are_told_apart(nvrtc, architecture):
    """Also that a fence keeps the assembler from making a reduction of a sum, but not ours."""
    text = """#include "cuda/atomic.cuh"
    KERNEL ours(double *x, double v) { sg_atomic_add(x, v); __threadfence(); x[1] = v; }
    KERNEL result(double *x, double v) { x[1] = atomicAdd(x, v); }
    KERNEL product(double *x, double v) { sg_atomic_multiply(x, v); }
    """
    kernel = 'extern "C" __global__ void'
    made = nvrtc.compile(text.replace("KERNEL", kernel), architecture)
    codes = read_kernels(made.cubin)
    found = {
        name: [
            count(codes[name], ops) > 0 for ops in (REDUCTION, SUM_WITH_RESULT, COMPARE_AND_SWAP)
        ]
        for name in ("ours", "result", "product")
    }
    assert found == {
        "ours": [True, False, False],
        "result": [False, True, False],
        "product": [False, False, True],
    }


@pytest.mark.slow
def test_registers_of_the_examples(nvrtc, compiled, golden):
    """Compiled for sm_90 by one version of NVRTC; with another, only that little is spilt."""
    lines = [f"NVRTC {nvrtc.version()}, sm_90: registers of a thread (and bytes of its stack)"]
    for path in EXAMPLES:
        for real in PRECISIONS:
            codes = read_kernels(compiled(path, real).cubin)
            most = max(code.stack for code in codes.values())
            assert most <= SPILT.get((path.stem, real), 0), (path.stem, real)
            words = [
                f"{name.removeprefix('sg_')} {code.registers}"
                + f" ({code.stack})" * (code.stack > 0)
                for name, code in sorted(codes.items())
            ]
            lines.append(f"{path.stem} {real.__name__}: {', '.join(words)}")
    if nvrtc.version() == "13.5":
        golden("\n".join(lines), "registers")


def test_registers_and_stack_are_read_from_machine_code(nvrtc):
    text = """extern "C" __global__ void few(float *x) { x[0] = 1.0f; }
    extern "C" __global__ void local(float *x, int n) {
      float kept[40];
      for (int k = 0; k < 40; ++k) kept[(k * n) & 31] = x[k];
      x[0] = kept[n & 31];
    }"""
    made = nvrtc.compile(text, "sm_80", "--ptxas-options=-v")
    codes = read_kernels(made.cubin)
    used = dict(re.findall(r"properties for (\w+)[^']*?Used (\d+) registers", made.log))
    assert {name: str(code.registers) for name, code in codes.items()} == used
    assert (codes["few"].stack, codes["local"].stack) == (0, 160)
