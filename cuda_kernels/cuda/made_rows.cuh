// Rows that are made anew for each spike (simgen/connect/implied.py): nothing of a synapse is kept.
//
// A rule finds the entries of a row, as the finders of segments do, and row(number) says what they
// are. Entries are taken by pieces in any order, so that many warps share what a spike reaches.
// Callers: as in walk.cuh.
#ifndef SG_CUDA_MADE_ROWS_H
#define SG_CUDA_MADE_ROWS_H

#include "common/skip_pieces.h"
#include "cuda/walk.cuh"

#define SG_MADE_AT_A_TIME 128  // targets that a warp takes; as in simgen/targets/cuda/made_rows.py

// ---- every target -------------------------------------------------------------------------------

struct sg_made_every {
  int64_t first;
  uint64_t self;  // the place that is left out
  SG_METHOD uint64_t position(uint64_t entry) const { return entry; }
  SG_METHOD uint32_t operator[](uint64_t entry) const {
    return (uint32_t)(first + (int64_t)entry + (entry >= self ? 1 : 0));
  }
};

// Without that of the row's own number if skip_self.
struct sg_every {
  int64_t longest, first, n_reached, skip_self;
  SG_METHOD bool leaves_out(int64_t row) const { return skip_self != 0 && row < n_reached; }
  SG_METHOD void operator()(uint64_t row, uint32_t, uint64_t *begin, uint64_t *end) const {
    *begin = 0;
    *end = (uint64_t)(n_reached - (leaves_out((int64_t)row) ? 1 : 0));
  }
  SG_METHOD sg_made_every row(int64_t number) const {
    const sg_made_every made = {first, leaves_out(number) ? (uint64_t)number : ~0ull};
    return made;
  }
  SG_METHOD int64_t at_a_time() const { return SG_MADE_AT_A_TIME; }
  SG_METHOD int64_t most_pieces() const {
    return (longest + SG_MADE_AT_A_TIME - 1) / SG_MADE_AT_A_TIME;
  }
};

// ---- what a kernel reaches ----------------------------------------------------------------------

// The places that one place of the source reaches in a direction. `own` has the sizes of kernel,
// source and target, the stride and the places before the first one.
typedef struct {
  int64_t first, count;
} sg_span;
static __device__ __forceinline__ sg_span sg_span_of(const int64_t *own, int64_t place) {
  const int64_t padded = place + own[4], over = padded - own[0] + 1, stride = own[3];
  const int64_t first = over > 0 ? (over + stride - 1) / stride : 0;
  const int64_t behind = padded / stride + 1 < own[2] ? padded / stride + 1 : own[2];
  const sg_span span = {first, behind > first ? behind - first : 0};
  return span;
}

// Divides `value`, which becomes the quotient, and returns the remainder: by a product of 64 bits.
static __device__ __forceinline__ int64_t sg_divide(int64_t *value, int64_t by) {
  const int64_t quotient = *value / by, remainder = *value - quotient * by;
  *value = quotient;
  return remainder;
}

// Entries count the channels of targets, then places from the last direction to the first.
struct sg_made_reached {
  const int64_t *grid;
  int64_t directions, first, number;
  SG_METHOD uint64_t position(uint64_t entry) const { return entry; }
  SG_METHOD uint32_t operator[](uint64_t entry) const {
    const int64_t channels = grid[5 * directions + 1];
    int64_t place = number / grid[5 * directions], step = channels, rest = (int64_t)entry;
    int64_t target = first + sg_divide(&rest, channels);
    for (int64_t d = directions - 1; d >= 0; --d) {
      const int64_t *const own = grid + 5 * d;
      const sg_span span = sg_span_of(own, sg_divide(&place, own[1]));
      target += (span.first + sg_divide(&rest, span.count)) * step;
      step *= own[2];
    }
    return (uint32_t)target;
  }
};

// `grid` has five numbers for each direction, then the channels of source and target.
struct sg_reached {
  int64_t longest, first;
  const int64_t *grid;
  int64_t directions;
  SG_METHOD void operator()(uint64_t row, uint32_t, uint64_t *begin, uint64_t *end) const {
    int64_t place = (int64_t)row / grid[5 * directions], count = grid[5 * directions + 1];
    for (int64_t d = directions - 1; d >= 0; --d) {
      const int64_t *const own = grid + 5 * d;
      count *= sg_span_of(own, sg_divide(&place, own[1])).count;
    }
    *begin = 0;
    *end = (uint64_t)count;
  }
  SG_METHOD sg_made_reached row(int64_t number) const {
    const sg_made_reached made = {grid, directions, first, number};
    return made;
  }
  SG_METHOD int64_t at_a_time() const { return SG_MADE_AT_A_TIME; }
  SG_METHOD int64_t most_pieces() const {
    return (longest + SG_MADE_AT_A_TIME - 1) / SG_MADE_AT_A_TIME;
  }
};

// ---- each target with one probability -----------------------------------------------------------

// Entries are pieces of 64 skips (skip_pieces.h).
struct sg_made_skips {
  const uint32_t *begins;  // of the row
  uint64_t key;
  double scale;
  int64_t first;
  uint64_t n, number, none;  // where rows end; that of the row; the target that is left out
};

struct sg_skips {
  const uint32_t *begins;
  int64_t n_pieces, key;
  double scale;
  int64_t first, n_reached, skip_self;
  SG_METHOD void operator()(uint64_t, uint32_t, uint64_t *begin, uint64_t *end) const {
    *begin = 0;
    *end = (uint64_t)n_pieces;
  }
  SG_METHOD sg_made_skips row(int64_t number) const {
    const uint64_t own = (uint64_t)number, none = skip_self != 0 ? own : ~0ull;
    const sg_made_skips made = {begins + number * n_pieces, (uint64_t)key, scale, first,
                                (uint64_t)n_reached, own, none};
    return made;
  }
  SG_METHOD int64_t at_a_time() const { return 1; }
  SG_METHOD int64_t most_pieces() const { return n_pieces; }
};

// How far a skip leads, with the target behind it; what leaves any row, not-a-number too, does so.
static __device__ __forceinline__ int64_t sg_skip_step(sg_block words, uint32_t which,
                                                       double scale) {
  const double skip = sg_skip_of(words, which, scale);
  return skip < 4294967296.0 ? (int64_t)skip + 1 : 4294967297ll;
}

// Calls body(0, target) for the targets in [low, high) that a piece decides on. All lanes of a warp
// call it; each makes two skips.
template <class Body>
static __device__ __forceinline__ void sg_make_piece(const sg_made_skips &row, uint64_t piece,
                                                     uint64_t low, uint64_t high, Body body) {
  const int64_t next = row.begins[piece];
  if ((uint64_t)next >= high) return;  // the row has fewer pieces
  const uint32_t block = (uint32_t)piece * SG_PIECE_BLOCKS + (threadIdx.x & 31u);
  const sg_block words = sg_skip_block(row.key, (uint32_t)row.number, block);
  const int64_t own = sg_skip_step(words, 1u, row.scale);
  const int64_t behind = next + sg_warp_sum(sg_skip_step(words, 0u, row.scale) + own);
  uint64_t target = (uint64_t)(behind - own - 1);
#pragma unroll 1
  for (int k = 0; k < 2; ++k) {
    if (target >= low && target < high && target != row.none) body(0, row.first + (int64_t)target);
    target = (uint64_t)(behind - 1);
  }
}

template <class Body>
static __device__ __forceinline__ void sg_each(const sg_team &, const sg_made_skips &row,
                                               uint64_t begin, uint64_t end, Body body) {
  for (uint64_t piece = begin; piece < end; ++piece) sg_make_piece(row, piece, 0, row.n, body);
}

// The warp makes the pieces that it owns some of, from the last one that begins where it does or
// before. No target comes twice.
template <class Body>
static __device__ __forceinline__ void sg_each(const sg_owners &team, const sg_made_skips &row,
                                               uint64_t begin, uint64_t end, Body body) {
  const int64_t from = team.low - row.first, to = team.high - row.first;
  const uint64_t low = from < 0 ? 0 : (uint64_t)from;
  const uint64_t high = to < 0 ? 0 : (uint64_t)to < row.n ? (uint64_t)to : row.n;
  if (low >= high) return;
  uint64_t piece = sg_lower_bound(row.begins, begin, end, (int64_t)low + 1) - 1;
  for (; piece < end && row.begins[piece] < high; ++piece) {
    sg_make_piece(row, piece, low, high, body);
  }
  __syncwarp();
}

// One thread: skip by skip.
template <class Team, class Body>
static __device__ __forceinline__ void sg_each(const Team &, const sg_made_skips &row, uint64_t,
                                               uint64_t, Body body) {
  sg_block words = {0u, 0u, 0u, 0u};
  int64_t next = 0;
  for (uint32_t draw = 0;; ++draw) {
    if ((draw & 1u) == 0) words = sg_skip_block(row.key, (uint32_t)row.number, draw >> 1);
    next += sg_skip_step(words, draw & 1u, row.scale);
    if (next > (int64_t)row.n) return;
    if ((uint64_t)next - 1 != row.none) body(0, row.first + next - 1);
  }
}

// ---- who makes what -----------------------------------------------------------------------------

// A delivery whose pieces are dealt out.
typedef struct {
  sg_fan_out spikes;
} sg_made_fan_out;

// The items (spike, piece of its row) are dealt out to the units in turn.
template <class Rule, class Visit>
static __device__ __forceinline__ void sg_walk(const sg_team &team, const sg_made_fan_out &walk,
                                               const Rule &rule, Visit visit) {
  const sg_fan_out &spikes = walk.spikes;
  const int64_t pieces = rule.most_pieces(), wide = rule.at_a_time();
  int64_t item = team.unit;
  for (int64_t cls = spikes.n_classes - 1; cls >= 0; --cls) {
    const int64_t slot = sg_slot_of(spikes, spikes.delays[cls]);
    const int64_t total = slot < 0 ? 0 : spikes.counts[slot] * pieces;
    for (; item < total; item += team.n_units) {
      const int64_t spike = item / pieces;
      const uint64_t first = (uint64_t)((item - spike * pieces) * wide);
      const int64_t source = spikes.ids[slot * spikes.length + spike];
      sg_visit(spikes, rule, cls, slot, source,
               [&](uint64_t, uint64_t end, int64_t pre, int64_t from) {
                 const uint64_t last = first + wide < end ? first + wide : end;
                 if (first < last) visit(first, last, pre, from);
               });
    }
    item -= total;
  }
}

#endif
