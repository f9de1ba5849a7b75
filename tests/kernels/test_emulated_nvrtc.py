"""The kernels of the emulator's tests are CUDA: NVRTC compiles the same texts."""

from __future__ import annotations

import ctypes

import pytest
from emulated_kernels import SOURCE
from faulty_kernels import FAULTY
from test_numerics_nvrtc import nvrtc

from simgen.errors import CompileError
from simgen.resources import cuda_kernel_dir
from simgen.targets.cuda.emulate import open_emulated


def nvrtc_log(source: str, architecture: str = "sm_75") -> str:
    """Return '' or what NVRTC says, with the headers' folder as the only one to search."""
    library = nvrtc()
    program = ctypes.c_void_p()
    library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None)
    texts = ["--std=c++17", "--fmad=false", f"-arch={architecture}", f"-I{cuda_kernel_dir()}"]
    options = (ctypes.c_char_p * len(texts))(*(text.encode() for text in texts))
    failed = library.nvrtcCompileProgram(program, len(texts), options)
    size = ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return log.value.decode() if failed else ""


@pytest.mark.parametrize("source", [SOURCE, FAULTY], ids=["right", "faulty"])
@pytest.mark.parametrize("architecture", ["sm_75", "sm_90"])
def test_the_texts_of_these_tests_compile_for_the_gpu(source: str, architecture: str) -> None:
    assert nvrtc_log(source, architecture) == ""


INTRINSICS = """\
#include "common/types.h"
extern "C" __global__ void k(double *d, float *f, int *i, unsigned *u, unsigned long long *w,
                             long long *l, unsigned short *s, const double *__restrict__ c) {
  d[0] = __ldg(c) + __dadd_rn(d[1], d[2]) * __dsqrt_rn(d[3]) + __fma_rn(d[1], d[2], d[3]);
  d[1] = exp(d[1]) + pow(d[2], 2.0) + fmin(d[1], d[2]) + rsqrt(d[4]) + max(d[1], d[2]) + fabs(d[3]);
  f[0] = expf(f[1]) + exp(f[1]) + powf(f[1], f[2]) + fmaf(f[1], f[2], f[3]) + min(f[1], f[2]);
  i[0] = __popc(u[0]) + __popcll(w[0]) + __ffs(i[1]) + __ffsll(l[0]) + __clz(i[2]) + __clzll(l[1]);
  u[0] = __umulhi(u[1], u[2]) + __brev(u[3]) + __float_as_uint(f[1]) + min(u[1], u[2]);
  w[0] = __umul64hi(w[1], w[2]) + (unsigned long long)__double_as_longlong(d[1]);
  d[2] = __hiloint2double(__double2hiint(d[1]), __double2loint(d[2])) + __longlong_as_double(l[1]);
  l[0] = __double2ll_rn(d[1]) + __double2ll_rz(d[2]) + max(l[1], l[2]) + __mul64hi(l[1], l[2]);
  i[1] = __double2int_rn(d[1]) + __float2int_rz(f[1]) + __float_as_int(f[2]) + abs(i[2]);
  f[1] = __int_as_float(i[3]) + __uint_as_float(u[3]) + __fsqrt_rn(f[2]);
  f[2] = isnan(f[3]) + isinf(d[1]) + isfinite(d[2]);
  atomicAdd(i, 1); atomicAdd(u, 1u); atomicAdd(w, 1ull); atomicAdd(f, 1.0f); atomicAdd(d, 1.0);
  atomicMin(i, 1); atomicMax(u, 1u); atomicMin(w, 1ull); atomicMax(l, 1ll); atomicSub(i, 1);
  atomicCAS(i, 1, 2); atomicCAS(u, 1u, 2u); atomicCAS(w, 1ull, 2ull); atomicCAS(s, s[1], s[2]);
  atomicExch(i, 1); atomicExch(u, 1u); atomicExch(w, 1ull); atomicExch(f, 1.0f);
  atomicAnd(i, 1); atomicOr(u, 1u); atomicXor(w, 1ull); atomicInc(u, 9u); atomicDec(u, 9u);
  u[4] = __match_any_sync(0xffffffffu, i[1]);
  __threadfence(); __threadfence_block(); __threadfence_system(); __syncwarp();
  d[3] = __shfl_sync(0xffffffffu, d[1], 1) + __shfl_up_sync(0xffffffffu, f[1], 1);
  w[3] = __shfl_down_sync(0xffffffffu, w[1], 1) + __shfl_xor_sync(0xffffffffu, l[1], 1);
  i[5] = warpSize + (int)gridDim.x + (int)blockDim.y + (int)threadIdx.z;
}
"""


def test_all_that_the_emulator_offers_is_cuda() -> None:
    assert nvrtc_log(INTRINSICS) == ""


@pytest.mark.compiler
def test_the_emulator_offers_what_kernels_may_use() -> None:
    open_emulated().compile(INTRINSICS)


@pytest.mark.compiler
@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("n[0] = __activemask();", "__activemask"),
        ("atomicAdd(&n[0], 1ll);", "atomicAdd"),  # CUDA has none for long long
        ("n[0] = __shfl(n[0], 1);", "__shfl"),  # gone since the lanes of a warp can part
        ("n[0] = threadIdx.w;", "w"),
        ("std::sort(n, n + 1);", "std"),
    ],
)
def test_what_is_no_cuda_or_not_allowed_does_not_compile(statement: str, complaint: str) -> None:
    source = f'extern "C" __global__ void k(long long *n) {{\n  {statement}\n}}\n'
    with pytest.raises(CompileError, match=complaint) as caught:
        open_emulated().compile(source)
    assert "line 2 of the generated program" in str(caught.value)
    if "activemask" not in statement:  # which NVRTC knows, but kernels must not use
        assert nvrtc_log(source) != ""
