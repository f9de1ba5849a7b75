// The hand-written headers, one kernel for each, for comparison with numpy on a device.
//
// simgen/commands/check/units.py launches them. Every argument is one value of 64 bits; blocks are
// of whole warps. The numbers of functions and distributions are known there.
#include "common/distributions.h"
#include "common/portable_math.h"
#include "cuda/atomic.cuh"
#include "cuda/events.cuh"

#define HERE (blockIdx.x * (int64_t)blockDim.x + threadIdx.x)

#define CHECK_FUNCTION(real, f)                                                        \
  static __device__ real sg_checked##f(int64_t which, real x, real y) {                \
    switch (which) {                                                                   \
      case 0: return sg_exp##f(x);                                                     \
      case 1: return sg_expm1##f(x);                                                   \
      case 2: return sg_exprel##f(x);                                                  \
      case 3: return sg_recip_exprel##f(x);                                            \
      case 4: return sg_log##f(x);                                                     \
      case 5: return sg_log1p##f(x);                                                   \
      case 6: return sg_log2##f(x);                                                    \
      case 7: return sg_log10##f(x);                                                   \
      case 8: return sg_sin##f(x);                                                     \
      case 9: return sg_cos##f(x);                                                     \
      case 10: return sg_tan##f(x);                                                    \
      case 11: return sg_sinh##f(x);                                                   \
      case 12: return sg_cosh##f(x);                                                   \
      case 13: return sg_tanh##f(x);                                                   \
      case 14: return sg_arctan##f(x);                                                 \
      case 15: return sg_arcsin##f(x);                                                 \
      case 16: return sg_arccos##f(x);                                                 \
      case 17: return sg_floor##f(x);                                                  \
      case 18: return sg_ceil##f(x);                                                   \
      case 19: return sg_sqrt##f(x);                                                   \
      case 20: return sg_sign##f(x);                                                   \
      case 21: return sg_pow##f(x, y);                                                 \
      default: return x / y;                                                           \
    }                                                                                  \
  }
CHECK_FUNCTION(double, )
CHECK_FUNCTION(float, f)

extern "C" __global__ void check_function(int64_t which, const double *x, const double *y,
                                          double *out, int64_t n) {
  for (int64_t k = HERE; k < n; k += gridDim.x * (int64_t)blockDim.x) {
    out[k] = sg_checked(which, x[k], y[k]);
  }
}
extern "C" __global__ void check_functionf(int64_t which, const float *x, const float *y,
                                           float *out, int64_t n) {
  for (int64_t k = HERE; k < n; k += gridDim.x * (int64_t)blockDim.x) {
    out[k] = sg_checkedf(which, x[k], y[k]);
  }
}

// The words of counters: four in, four out.
extern "C" __global__ void check_philox(const uint32_t *counters, int64_t key, uint32_t *words,
                                        int64_t n) {
  for (int64_t k = HERE; k < n; k += gridDim.x * (int64_t)blockDim.x) {
    const uint32_t *const c = counters + 4 * k;
    sg_philox(c[0], c[1], c[2], c[3], (uint64_t)key, words + 4 * k);
  }
}

#define CHECK_DRAW(real, f)                                                            \
  static __device__ real sg_drawn##f(int64_t which, uint64_t key, sg_counter c) {      \
    switch (which) {                                                                   \
      case 0: return sg_draw_rand##f(key, c);                                          \
      case 1: return sg_draw_randn##f(key, c);                                         \
      case 2: return (real)sg_draw_poisson##f(key, c, (real)3.5);                      \
      case 3: return (real)sg_draw_poisson##f(key, c, (real)40);                       \
      case 4: return (real)sg_draw_binomial##f(key, c, 50, (real)0.25);                \
      default:                                                                         \
        return sg_draw_truncated_normal##f(key, c, (real)1, (real)2, (real)0, (real)9); \
    }                                                                                  \
  }
CHECK_DRAW(double, )
CHECK_DRAW(float, f)

extern "C" __global__ void check_draw(int64_t which, int64_t key, int64_t step, int64_t draw,
                                      double *out, int64_t n) {
  for (int64_t k = HERE; k < n; k += gridDim.x * (int64_t)blockDim.x) {
    out[k] = sg_drawn(which, (uint64_t)key, sg_at_element(k, step, (uint32_t)draw));
  }
}
extern "C" __global__ void check_drawf(int64_t which, int64_t key, int64_t step, int64_t draw,
                                       float *out, int64_t n) {
  for (int64_t k = HERE; k < n; k += gridDim.x * (int64_t)blockDim.x) {
    out[k] = sg_drawnf(which, (uint64_t)key, sg_at_elementf(k, step, (uint32_t)draw));
  }
}
// Of synapses: source k, target 7 k, rank k mod 5.
extern "C" __global__ void check_draw_synapse(int64_t which, int64_t key, int64_t step,
                                              int64_t draw, double *out, int64_t n) {
  for (int64_t k = HERE; k < n; k += gridDim.x * (int64_t)blockDim.x) {
    const uint32_t i = (uint32_t)k;
    out[k] = sg_drawn(which, (uint64_t)key, sg_at_synapse(i, 7u * i, i % 5u, step, (uint32_t)draw));
  }
}

// The ascending list of the elements of [start, stop) whose value is above a threshold: what a warp
// finds is appended to its own list, and the last block joins the lists.
extern "C" __global__ void check_append(const double *v, int64_t threshold, int64_t start,
                                        int64_t stop, uint32_t *stage, uint32_t *pieces,
                                        uint32_t *ticket, uint32_t *ids, int64_t *count) {
  const sg_grid grid = {(int64_t)blockIdx.x, (int64_t)gridDim.x};
  const sg_range range = sg_warp_range(grid, start, stop);
  uint32_t used = 0;
  for (int64_t base = range.first; base < range.last; base += range.width) {
    const int64_t i = base + range.lane;
    const bool fired = i < range.last && v[i] > (double)threshold;
    used = sg_note(fired, i, stage + range.first, used);
  }
  sg_leave_count(grid, used, pieces);
  if (!sg_is_last_block(grid, ticket)) return;
  const int64_t joined = sg_join_pieces(grid, stage, pieces, start, stop, ids);
  if (threadIdx.x == 0) *count = joined;
}

// Sums up to each lane of a warp.
extern "C" __global__ void check_scan(const int64_t *x, int64_t *sums) {
  sums[HERE] = sg_warp_sum(x[HERE]);
}

// Atomic sums and products of all values, in every type that arrays have.
extern "C" __global__ void check_reduce(const int64_t *x, int64_t n, double *reals, float *singles,
                                        int64_t *wide, int32_t *narrow) {
  for (int64_t k = HERE; k < n; k += gridDim.x * (int64_t)blockDim.x) {
    const int64_t factor = x[k] % 3 == 0 ? -1 : 1;
    sg_atomic_add(&reals[0], (double)x[k]);
    sg_atomic_multiply(&reals[1], (double)factor);
    sg_atomic_add(&singles[0], (float)(x[k] % 8));
    sg_atomic_multiply(&singles[1], (float)factor);
    sg_atomic_add(&wide[0], x[k]);
    sg_atomic_multiply(&wide[1], 2 * x[k] + 1);
    sg_atomic_add(&narrow[0], (int32_t)x[k]);
    sg_atomic_multiply(&narrow[1], (int32_t)(2 * x[k] + 1));
  }
}

// The first place of an ascending list that is not below each of some values.
extern "C" __global__ void check_search(const int64_t *values, int64_t n, const int64_t *wanted,
                                        int64_t *places, int64_t n_wanted) {
  for (int64_t k = HERE; k < n_wanted; k += gridDim.x * (int64_t)blockDim.x) {
    places[k] = sg_lower_bound(values, (int64_t)0, n, wanted[k]);
  }
}
