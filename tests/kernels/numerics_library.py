"""A library of the numerics headers: each function over arrays; how tests compile and call it."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simgen.resources import cuda_kernel_dir

FLAGS = [
    "-std=c++17",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=off",
    "-fopenmp-simd",
    "-Wall",
    "-Wextra",
    "-Werror",
]
UNARY = [
    "exp",
    "expm1",
    "exprel",
    "recip_exprel",
    "log",
    "log1p",
    "log2",
    "log10",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "arctan",
    "arcsin",
    "arccos",
    "floor",
    "ceil",
    "sqrt",
    "sign",
]
BINARY = {"pow": "pow", "mod": "mod_f64", "floordiv": "floordiv_f64"}

HEAD = '#include "distributions.h"\n#define API extern "C" void\n'
LOOPS = """
#define UNARY(name) \\
  API t_##name(const double *x, double *y, int64_t n) { \\
    SG_SIMD for (int64_t i = 0; i < n; i++) y[i] = sg_##name(x[i]); } \\
  API t_##name##f(const float *x, float *y, int64_t n) { \\
    SG_SIMD for (int64_t i = 0; i < n; i++) y[i] = sg_##name##f(x[i]); }
#define BINARY(name, of_double, of_float) \\
  API t_##name(const double *a, const double *b, double *y, int64_t n) { \\
    SG_SIMD for (int64_t i = 0; i < n; i++) y[i] = of_double(a[i], b[i]); } \\
  API t_##name##f(const float *a, const float *b, float *y, int64_t n) { \\
    SG_SIMD for (int64_t i = 0; i < n; i++) y[i] = of_float(a[i], b[i]); }
#define INTEGER(name, type) \\
  API t_##name##_##type(const type##_t *a, const type##_t *b, type##_t *y, int64_t n) { \\
    for (int64_t i = 0; i < n; i++) y[i] = SHORT_##type(name)(a[i], b[i]); }
#define SHORT_int64(name) sg_##name##_i64
#define SHORT_int32(name) sg_##name##_i32
INTEGER(mod, int64) INTEGER(floordiv, int64) INTEGER(mod, int32) INTEGER(floordiv, int32)
API t_to_int(const double *x, int64_t *y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = sg_int(x[i]); }
API t_clip(const double *x, const double *low, const double *high, double *y, int64_t n) {
  SG_SIMD for (int64_t i = 0; i < n; i++) y[i] = sg_clip(x[i], low[i], high[i]); }
"""
FLOW = """
#define FLOW(f, real) \\
  API t_flow##f(real *y, int32_t row, int32_t n, uint32_t starts, const real *m, const real *x, \\
                int64_t count) { \\
    for (int64_t k = 0; k < count; k++) { \\
      sg_square##f square = {}; sg_column##f column = {}; \\
      for (int i = 0; i < n; i++) { \\
        column.v[i] = x[i * count + k]; \\
        for (int j = 0; j < n; j++) square.v[8 * i + j] = m[(i * n + j) * count + k]; } \\
      y[k] = sg_flow##f(row, n, starts, square, column); } }
FLOW(, double)
FLOW(f, float)
"""
RANDOM = """
API t_philox(const uint32_t *c, uint64_t key, uint32_t *out) {
  sg_philox(c[0], c[1], c[2], c[3], key, out); }
extern "C" uint64_t t_derive_key(uint64_t seed, uint32_t stream, uint32_t copy) {
  return sg_derive_key(seed, stream, copy); }
API t_at(int64_t element, int64_t step, uint32_t draw, int single, uint32_t *out) {
  sg_counter c = single ? sg_at_elementf(element, step, draw) : sg_at_element(element, step, draw);
  out[0] = c.c0; out[1] = c.c1; out[2] = c.c2; out[3] = c.c3; out[4] = c.lane; }
API t_at_synapse(uint32_t i, uint32_t j, uint32_t rank, int64_t step, uint32_t draw,
                 uint32_t *out) {
  sg_counter c = sg_at_synapse(i, j, rank, step, draw);
  out[0] = c.c0; out[1] = c.c1; out[2] = c.c2; out[3] = c.c3; out[4] = c.lane; }
#define SITE int64_t first, int64_t n, uint64_t key, int64_t step, uint32_t draw
#define EACH(type, out, at, call) \\
  for (int64_t k = 0; k < n; k++) { sg_counter c = at(first + k, step, draw); out[k] = call; }
#define DRAWS(f, real) \\
  API t_fill_rand##f(real *out, SITE) { sg_fill_rand##f(out, first, n, key, step, draw); } \\
  API t_fill_randn##f(real *out, SITE) { sg_fill_randn##f(out, first, n, key, step, draw); } \\
  API t_fill_poisson##f(int64_t *out, SITE, double mean) { \\
    sg_fill_poisson##f(out, first, n, key, step, draw, (real)mean); } \\
  API t_fill_binomial##f(int64_t *out, SITE, int64_t trials, double p) { \\
    sg_fill_binomial##f(out, first, n, key, step, draw, trials, (real)p); } \\
  API t_rand##f(real *out, SITE) { \\
    EACH(real, out, sg_at_element##f, sg_draw_rand##f(key, c)) } \\
  API t_randn##f(real *out, SITE) { \\
    EACH(real, out, sg_at_element##f, sg_draw_randn##f(key, c)) } \\
  API t_poisson##f(int64_t *out, SITE, const real *mean) { \\
    EACH(int64_t, out, sg_at_element##f, sg_draw_poisson##f(key, c, mean[k])) } \\
  API t_binomial##f(int64_t *out, SITE, const int64_t *trials, const real *p) { \\
    EACH(int64_t, out, sg_at_element##f, sg_draw_binomial##f(key, c, trials[k], p[k])) } \\
  API t_truncated##f(real *out, SITE, const real *m, const real *s, const real *l, \\
                     const real *h) { \\
    EACH(real, out, sg_at_element##f, \\
         sg_draw_truncated_normal##f(key, c, m[k], s[k], l[k], h[k])) } \\
  API t_synapse_rand##f(real *out, const uint32_t *i, const uint32_t *j, const uint32_t *rank, \\
                        SITE) { \\
    for (int64_t k = 0; k < n; k++) \\
      out[k] = sg_draw_rand##f(key, sg_at_synapse(i[first + k], j[first + k], rank[first + k], \\
                                                  step, draw)); }
DRAWS(, double)
DRAWS(f, float)
"""


def library_source(random: bool = True) -> str:
    unary = "\n".join(f"UNARY({name})" for name in UNARY)
    binary = "\n".join(
        f"BINARY({name}, sg_{wide}, sg_{wide.replace('64', '32')}{'f' if name == 'pow' else ''})"
        for name, wide in BINARY.items()
    )
    return "\n".join((HEAD, LOOPS, FLOW, unary, binary, RANDOM if random else ""))


def compiler() -> str:
    found = shutil.which("g++") or shutil.which("c++")
    if found is None:
        pytest.fail("the tests marked 'compiler' need a C++ compiler")
    return found


def compile_library(folder: Path, name: str, *options: str) -> ctypes.CDLL:
    source = folder / f"{name}.cpp"
    source.write_text(library_source())
    target = folder / f"{name}.so"
    include = f"-I{cuda_kernel_dir() / 'common'}"
    command = [compiler(), *FLAGS, *options, include, "-shared", "-fPIC"]
    done = subprocess.run(
        [*command, str(source), "-o", str(target)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(target))


def run(library: ctypes.CDLL, name: str, result: np.ndarray, *arguments: Any) -> np.ndarray:
    """Call a function of the library with arrays as pointers; returns ``result``."""
    converted = [
        ctypes.c_void_p(argument.ctypes.data) if isinstance(argument, np.ndarray) else argument
        for argument in arguments
    ]
    getattr(library, f"t_{name}")(*converted)
    return result


def same_bits(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether elements are equal to the bit; any NaN equals any other."""
    words = {8: np.uint64, 4: np.uint32}[a.dtype.itemsize]
    assert a.dtype == b.dtype
    return (a.view(words) == b.view(words)) | (np.isnan(a) & np.isnan(b))
