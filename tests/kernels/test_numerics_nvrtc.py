"""NVRTC accepts the numerics headers, unchanged and without system headers."""

from __future__ import annotations

import ctypes
import sysconfig
from pathlib import Path

import pytest
from numerics_library import BINARY, UNARY

from simgen.resources import cuda_kernel_dir

HEADERS = [
    "binomial",
    "counter",
    "distributions",
    "linear_flow",
    "linear_flow_body",
    "math_base",
    "math_exp",
    "math_hyperbolic",
    "math_inverse",
    "math_log",
    "math_pow",
    "math_round",
    "math_trig",
    "philox",
    "poisson",
    "portable_math",
    "random_fill",
    "random_fill_counts",
    "truncated_normal",
    "types",
    "uniform",
    "whole_numbers",
]


def nvrtc() -> ctypes.CDLL:
    found = sorted(Path(sysconfig.get_paths()["purelib"]).glob("nvidia/*/lib/libnvrtc.so.*"))
    if not found:
        pytest.skip("the package nvidia-cuda-nvrtc is not installed")
    return ctypes.CDLL(str(found[0]))


def compile_log(source: str, architecture: str) -> str:
    """Compile for an architecture; returns '' or what the compiler says."""
    library = nvrtc()
    folder = cuda_kernel_dir() / "common"
    names = [f"{name}.h" for name in HEADERS]
    texts = [(folder / name).read_bytes() for name in names]
    program = ctypes.c_void_p()
    array = ctypes.c_char_p * len(names)
    library.nvrtcCreateProgram(
        ctypes.byref(program),
        source.encode(),
        b"kernel.cu",
        len(names),
        array(*texts),
        array(*(name.encode() for name in names)),
    )
    options = [b"--std=c++17", b"--fmad=false", f"--gpu-architecture={architecture}".encode()]
    failed = library.nvrtcCompileProgram(
        program, len(options), (ctypes.c_char_p * len(options))(*options)
    )
    size = ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    text = log.value.decode()
    return text if failed or "warning" in text else ""


def kernel(real: str) -> str:
    """A kernel that calls everything in one precision."""
    f = "f" if real == "float" else ""
    width = "32" if f else "64"
    sums = [f"y += sg_{name}{f}(x);" for name in UNARY]
    sums.append(f"y += sg_flow{f}(1, 2, 1u, sg_square{f}{{{{x, y}}}}, sg_column{f}{{{{y, x}}}});")
    sums += [
        f"y += sg_{wide.replace('64', width)}(x, y);" for wide in BINARY.values() if "_" in wide
    ]
    sums += [f"y += sg_pow{f}(x, y); y += sg_clip{f}(x, y, x); y += sg_int{f}(x);"]
    sums += [f"y += sg_min{f}(x, y) + sg_max{f}(x, y) + sg_abs{f}(x);"]
    return f"""
extern "C" __global__ void k(const {real} *in, {real} *out, uint64_t key, int64_t step) {{
  int64_t i = blockIdx.x * (int64_t)blockDim.x + threadIdx.x;
  {real} x = in[i], y = 0;
  {" ".join(sums)}
  sg_counter c = sg_at_element{f}(i, step, 0u);
  y += sg_draw_rand{f}(key, c) + sg_draw_randn{f}(key, c);
  y += sg_draw_poisson{f}(key, c, x) + sg_draw_binomial{f}(key, c, 10, x);
  c = sg_at_synapse((uint32_t)i, 3u, 0u, step, 1u);
  y += sg_draw_truncated_normal{f}(key, c, x, x, x, y) + (int)sg_derive_key(key, 1u, 0u);
  out[i] = y + sg_mod_i64(i, step) + sg_floordiv_i32(3, (int32_t)i);
}}
"""


@pytest.mark.parametrize("real", ["double", "float"])
@pytest.mark.parametrize("architecture", [pytest.param("sm_75", marks=pytest.mark.slow), "sm_90"])
def test_headers_compile_for_the_gpu(architecture: str, real: str) -> None:
    source = '#include "distributions.h"\n' + kernel(real)
    assert compile_log(source, architecture) == ""


def test_a_wrong_kernel_is_reported() -> None:
    source = '#include "distributions.h"\n' + kernel("double").replace("sg_exp(", "sg_missing(")
    assert "sg_missing" in compile_log(source, "sm_75")
