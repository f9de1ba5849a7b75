"""Features of the language that kernels use: templates, structures, and kinds of shared memory."""

from __future__ import annotations

import numpy as np
import pytest
from emulated_kernels import to_host
from test_emulated_nvrtc import nvrtc_log

from simgen.targets.cuda.emulate import open_emulated

SOURCE = """\
#include "common/types.h"

template <class T, int n>
static __device__ T block_sum(T x) {
  __shared__ T parts[n];
  parts[threadIdx.x] = x;
  __syncthreads();
  T sum = 0;
  for (int k = 0; k < n; ++k) sum += parts[k];
  __syncthreads();
  return sum;
}

struct item {
  double a;
  int b;
};
static __device__ __constant__ const double table[4] = {1.0, 2.0, 3.0, 4.0};

static __device__ __forceinline__ int plus_one(int x) {
  __shared__ int one;
  if (threadIdx.x == 0) one = 1;
  __syncthreads();
  return x + one;
}

extern "C" __global__ void everything(double *out, int *counts) {
  __shared__ double tile[32][33];
  __shared__ item items[32];
  static __shared__ volatile int flag;
  extern __shared__ __align__(16) unsigned char room[];
  float *const numbers = (float *)room;
  const int t = threadIdx.x;
  numbers[t] = t;
  tile[t][t] = t;
  const item mine = {0.5 * t, t};
  items[t] = mine;
  if (t == 3) flag = 7;
  __syncthreads();
  const item other = items[31 - t];
  out[t] = block_sum<double, 32>(tile[31 - t][31 - t]) + other.a + table[t & 3] + numbers[31 - t];
  counts[t] = block_sum<int, 32>(other.b) + plus_one(flag);
  auto add = [&](int more) { counts[t] += more; };
  add(t);
}
"""


@pytest.mark.compiler
@pytest.mark.parametrize("check", [False, True])
def test_templates_structures_and_all_kinds_of_shared_memory_work(check: bool) -> None:
    device = open_emulated(check=check)
    out, counts = device.allocate(256, "out"), device.allocate(128, "counts")
    module = device.compile(SOURCE)
    module.function("everything").launch(1, 32, (out, counts), shared_bytes=128)
    t = np.arange(32)
    assert np.array_equal(to_host(device, out, float), 496 + 1.5 * (31 - t) + 1 + t % 4)
    assert np.array_equal(to_host(device, counts, np.int32), 496 + 8 + t)


@pytest.mark.compiler
def test_shared_arrays_are_known_by_name_and_size() -> None:
    shared = open_emulated(check=True).compile(SOURCE).text.shared
    assert sorted((array.name, array.n_bytes) for array in shared if not array.dynamic) == [
        ("flag", 4),
        ("items", 512),
        ("one", 4),
        ("parts", 128),
        ("parts", 256),
        ("tile", 8448),
    ]
    assert [array.name for array in shared if array.dynamic] == ["room"]


def test_all_of_it_is_cuda() -> None:
    assert nvrtc_log(SOURCE) == ""
