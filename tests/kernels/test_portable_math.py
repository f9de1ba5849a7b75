"""The portable functions: compiled code, vectorised or not, equals the numpy mirror bit for bit."""

from __future__ import annotations

import ctypes
import platform
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numerics_library import (
    BINARY,
    FLAGS,
    UNARY,
    compiler,
    library_source,
    run,
    same_bits,
)

from simgen.numerics import portable
from simgen.resources import cuda_kernel_dir

pytestmark = pytest.mark.compiler

SPECIAL = [
    0.0,
    1.0,
    0.5,
    2.0,
    3.0,
    1e-20,
    1e-310,
    5e-324,
    1e-45,
    1e-38,
    1e300,
    3e38,
    np.inf,
    np.nan,
]
SPECIAL += [
    709.7,
    709.79,
    710.48,
    716.4,
    745.1,
    746.0,
    88.7,
    88.8,
    103.9,
    104.0,
    0.41421356237309503,
]
SPECIAL += [2.0**k for k in (-54, -28, -25, -13, 22, 23, 24, 51, 52, 53, 63, 64, 127)]
SPECIAL += [np.pi, np.pi / 2, np.pi / 4, 2.5, 1e5, 1e15, 4503599627370497.0]
SPECIAL += [-x for x in SPECIAL]
REALS = [np.float64, np.float32]
REAL_NAMES = ["float64", "float32"]


def arguments(n: int) -> np.ndarray:
    """Numbers of every size and sign, and more of them where functions bend."""
    rng = np.random.default_rng(20260101)
    sizes = np.exp(rng.uniform(-740, 709, n))
    near = np.exp(rng.uniform(-40, 40, n))
    small = rng.uniform(-2, 2, n)
    signs = rng.choice([-1.0, 1.0], 2 * n)
    return np.concatenate((signs * np.concatenate((sizes, near)), small, 20 * small, SPECIAL))


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_number_equal_the_mirror(
    name: str, real: type, vector_library: ctypes.CDLL, scalar_library: ctypes.CDLL
) -> None:
    with np.errstate(all="ignore"):
        x = arguments(25_000).astype(real)
    expected = portable.FUNCTIONS[name](x)
    for library in (vector_library, scalar_library):
        symbol = name if real is np.float64 else f"{name}f"
        got = y = np.empty_like(x)
        run(library, symbol, y, x, y, ctypes.c_int64(len(x)))
        wrong = ~same_bits(got, expected)
        assert not wrong.any(), (x[wrong][:5], got[wrong][:5], expected[wrong][:5])


@pytest.mark.parametrize("real", REALS, ids=REAL_NAMES)
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_numbers_equal_the_mirror(
    name: str, real: type, vector_library: ctypes.CDLL, scalar_library: ctypes.CDLL
) -> None:
    rng = np.random.default_rng(7)
    left, right = (side.ravel() for side in np.meshgrid(SPECIAL, SPECIAL))
    base = np.exp(rng.uniform(-80, 80, 50_000))
    with np.errstate(all="ignore"):
        a = np.concatenate((left, arguments(8_000), base, -base)).astype(real)
        b = np.concatenate(
            (right, arguments(8_000)[::-1], rng.uniform(-10, 10, 50_000), np.round(base % 50))
        ).astype(real)
    expected = portable.FUNCTIONS[name](a, b)
    for library in (vector_library, scalar_library):
        symbol = name if real is np.float64 else f"{name}f"
        y = np.empty_like(a)
        run(library, symbol, y, a, b, y, ctypes.c_int64(len(a)))
        wrong = ~same_bits(y, expected)
        assert not wrong.any(), (a[wrong][:5], b[wrong][:5], y[wrong][:5], expected[wrong][:5])


@pytest.mark.parametrize("kind", [np.int32, np.int64], ids=["int32", "int64"])
@pytest.mark.parametrize("name", ["mod", "floordiv"])
def test_integer_division_follows_python(
    name: str, kind: type, scalar_library: ctypes.CDLL
) -> None:
    lowest = np.iinfo(kind).min
    values = [0, 1, -1, 2, -2, 3, -3, 7, -7, 10**9, np.iinfo(kind).max, lowest, lowest + 1]
    a, b = (side.ravel() for side in np.meshgrid(np.array(values, kind), np.array(values, kind)))
    y = np.empty_like(a)
    run(scalar_library, f"{name}_{np.dtype(kind).name}", y, a, b, y, ctypes.c_int64(len(a)))
    mirror = {"mod": portable.mod_int, "floordiv": portable.floordiv_int}[name]
    np.testing.assert_array_equal(y, mirror(a, b))
    plain = (b != 0) & ~((a == lowest) & (b == -1))
    python = [
        int(p) // int(q) if name == "floordiv" else int(p) % int(q)
        for p, q in zip(a[plain], b[plain])
    ]
    np.testing.assert_array_equal(y[plain], python)


def test_truncation_to_integers_is_defined_everywhere(scalar_library: ctypes.CDLL) -> None:
    x = np.array([0.9, -0.9, -1.5, 1e18, 1e19, -1e19, np.inf, -np.inf, np.nan, 2.0**63, -(2.0**63)])
    y = np.empty(len(x), np.int64)
    run(scalar_library, "to_int", y, x, y, ctypes.c_int64(len(x)))
    top, bottom = 2**63 - 1, -(2**63)
    assert y.tolist() == [0, 0, -1, 10**18, top, bottom, top, bottom, 0, top, bottom]
    np.testing.assert_array_equal(portable.to_int(x), y)


def test_clip_equals_the_mirror_and_numpy(vector_library: ctypes.CDLL) -> None:
    values = np.array([-2.0, 0.5, 2.0, np.inf, -np.inf, np.nan])
    x, low, high = (side.ravel() for side in np.meshgrid(values, values, values))
    y = np.empty_like(x)
    run(vector_library, "clip", y, x, low, high, y, ctypes.c_int64(len(x)))
    np.testing.assert_array_equal(y, portable.clip(x, low, high))
    np.testing.assert_array_equal(y, np.clip(x, low, high))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names x86 instruction sets")
def test_the_compiler_vectorises_every_function_for_avx2(tmp_path: Path) -> None:
    if "Free Software Foundation" not in subprocess.check_output(
        [compiler(), "--version"], text=True
    ):
        pytest.skip("only gcc reports vectorised loops in this form")
    source = tmp_path / "library.cpp"
    text = library_source(random=False)
    source.write_text(text)
    report = tmp_path / "report"
    include = f"-I{cuda_kernel_dir() / 'common'}"
    command = [compiler(), *FLAGS, "-O2", "-mavx2", include, "-S", "-o", str(tmp_path / "out.s")]
    subprocess.run([*command, f"-fopt-info-vec-optimized={report}", str(source)], check=True)
    vectorised = {
        int(n) for n in re.findall(r"library\.cpp:(\d+):.*vectorized", report.read_text())
    }
    lines = text.splitlines()
    loops = {n: line for n, line in enumerate(lines, 1) if re.match(r"(UNARY|BINARY)\(", line)}
    assert [line for n, line in loops.items() if n not in vectorised] == []
