// Walks over synapses: which segments (or columns) are due, and who works on which synapse.
//
// Three kinds of teams share a walk, chosen per kernel when it is lowered:
//   sg_team     warps (or blocks) take segments in turn, their lanes the synapses: any order;
//   sg_owners   each warp owns a range of targets and sees all segments in canonical order, so that
//               what is done to a target is done in that order;
//   sg_threads  each thread owns some sources, or targets of columns, and does theirs in order;
//   sg_serial   one thread does everything in canonical order.
// Callers: all threads of the grid, except that of a serial walk only the first one.
#ifndef SG_CUDA_WALK_H
#define SG_CUDA_WALK_H

#include "common/segments.h"
#include "cuda/state.cuh"

typedef struct {
  int64_t unit, n_units, lane, width;
} sg_team;

// Units of one warp, or of a block where `width` (threads) says so.
static __device__ __forceinline__ sg_team sg_teams(const sg_grid &grid, int64_t width) {
  if (width > 32) {
    const sg_team team = {grid.block, grid.n_blocks, (int64_t)threadIdx.x, (int64_t)blockDim.x};
    return team;
  }
  const sg_team team = {sg_warp(grid), sg_n_warps(grid), (int64_t)(threadIdx.x & 31u), 32};
  return team;
}

typedef struct {
  int64_t low, high, lane;  // the targets [low, high)
} sg_owners;

static __device__ __forceinline__ sg_owners sg_own_targets(const sg_grid &grid,
                                                                 int64_t n_targets) {
  const int64_t share = (n_targets + sg_n_warps(grid) - 1) / sg_n_warps(grid);
  const sg_owners owners = {sg_warp(grid) * share, (sg_warp(grid) + 1) * share,
                            (int64_t)(threadIdx.x & 31u)};
  return owners;
}

typedef struct {
  int64_t thread, n_threads;
} sg_threads;

static __device__ __forceinline__ sg_threads sg_own_columns(const sg_grid &grid) {
  const sg_threads own = {grid.block * blockDim.x + threadIdx.x, grid.n_blocks * blockDim.x};
  return own;
}
static __device__ __forceinline__ sg_threads sg_own_sources(const sg_grid &grid) {
  return sg_own_columns(grid);
}

typedef struct {
} sg_serial;

// ---- the synapses of one segment ----------------------------------------------------------------

// What a segment bounds: storage positions, or entries of a list of positions. [] is the target.
template <class Target>
struct sg_stored {
  const Target *targets;
  SG_METHOD uint64_t position(uint64_t entry) const { return entry; }
  SG_METHOD uint32_t operator[](uint64_t entry) const { return targets[entry]; }
};
template <class Position, class Target>
struct sg_listed {
  const Position *positions;
  const Target *targets;
  SG_METHOD uint64_t position(uint64_t entry) const { return positions[entry]; }
  SG_METHOD uint32_t operator[](uint64_t entry) const { return targets[positions[entry]]; }
};

// The entries of a list of positions that belong to a (row, class).
struct sg_find_listed {
  const uint64_t *start;
  int64_t n_classes;
  SG_METHOD void operator()(uint64_t row, uint32_t cls, uint64_t *begin, uint64_t *end) const {
    *begin = start[row * n_classes + cls];
    *end = start[row * n_classes + cls + 1];
  }
};

// Calls body(position, target) for the entries [begin, end) that fall to the calling thread.
template <class Entries, class Body>
static __device__ __forceinline__ void sg_each(const sg_team &team, const Entries &entries,
                                               uint64_t begin, uint64_t end, Body body) {
  for (uint64_t q = begin + team.lane; q < end; q += team.width) {
    body(entries.position(q), (int64_t)entries[q]);
  }
}

// Targets ascend within a segment. Synapses with one target are neighbours: the lane that meets the
// first of them takes them all. The warp ends together, so that later segments see what it did.
template <class Entries, class Body>
static __device__ __forceinline__ void sg_each(const sg_owners &team, const Entries &entries,
                                               uint64_t begin, uint64_t end, Body body) {
  const uint64_t first = sg_lower_bound(entries, begin, end, team.low);
  const uint64_t last = sg_lower_bound(entries, first, end, team.high);
  for (uint64_t q = first + team.lane; q < last; q += 32) {
    const uint32_t target = entries[q];
    if (q > first && entries[q - 1] == target) continue;
    for (uint64_t r = q; r < last && entries[r] == target; ++r) {
      body(entries.position(r), (int64_t)target);
    }
  }
  __syncwarp();
}

// One thread.
template <class Team, class Entries, class Body>
static __device__ __forceinline__ void sg_each(const Team &, const Entries &entries,
                                               uint64_t begin, uint64_t end, Body body) {
  for (uint64_t q = begin; q < end; ++q) body(entries.position(q), (int64_t)entries[q]);
}

// ---- fan-out: the segments that spikes reach in this step ----------------------------------------

// The spikes of the last `depth` steps and the rows that they reach.
typedef struct {
  int64_t step;
  const uint32_t *delays;  // steps of each delay class, ascending
  int64_t n_classes;
  const uint32_t *ids;  // [depth][length]
  const int64_t *counts;  // [depth]
  int64_t depth, length, n_rows, source_start;
  int64_t row_classes;  // 0: a spike reaches the segment of its class; else all classes of its row
  int64_t born;  // spikes of earlier steps are not delivered; not negative
} sg_fan_out;

// The slot of the spikes that left `delay` steps ago; -1 for those before the step `walk.born`.
template <class Walk>
static __device__ __forceinline__ int64_t sg_slot_of(const Walk &walk, int64_t delay) {
  const int64_t left = walk.step - delay;
  return left < walk.born ? -1 : left % walk.depth;
}

// Visits what a spike of the class reaches, if its source has a row. `slot` is where it is listed.
template <class Find, class Visit>
static __device__ __forceinline__ void sg_visit(const sg_fan_out &walk, const Find &find,
                                                int64_t cls, int64_t slot, int64_t source,
                                                Visit visit) {
  const int64_t place = source - walk.source_start;
  if (place < 0 || place >= walk.n_rows) return;
  const int64_t first = walk.row_classes > 0 ? 0 : cls;
  const int64_t last = walk.row_classes > 0 ? walk.row_classes : cls + 1;
  for (int64_t reached = first; reached < last; ++reached) {
    uint64_t begin, end;
    find((uint64_t)place, (uint32_t)reached, &begin, &end);
    if (begin < end) visit(begin, end, source, slot);
  }
}

// The items (class, spike) of all classes are dealt out to the units in turn. With several classes
// each lane looks up one of them, and the warp finds together where an item lies.
template <class Find, class Visit>
static __device__ __forceinline__ void sg_walk(const sg_team &team, const sg_fan_out &walk,
                                               const Find &find, Visit visit) {
  const bool together = walk.n_classes > 1;
  const int64_t lane = together ? threadIdx.x & 31u : 0;
  int64_t item = team.unit;  // counted from the first class of this round
  for (int64_t top = walk.n_classes - 1; top >= 0; top -= 32) {
    const int64_t cls = top - lane;
    const int64_t slot = cls < 0 ? -1 : sg_slot_of(walk, walk.delays[cls]);
    const int64_t count = slot < 0 ? 0 : walk.counts[slot];
    const int64_t sum = together ? sg_warp_sum(count) : count;
    const int64_t total = together ? sg_from_lane(sum, 31) : sum;
    for (; item < total; item += team.n_units) {
      int owner = 0;
      int64_t before = 0, from = slot;
      if (together) {
        owner = __ffs((int)__ballot_sync(SG_ALL_LANES, sum > item)) - 1;
        before = sg_from_lane(sum - count, owner);
        from = sg_from_lane(slot, owner);
      }
      const int64_t source = walk.ids[from * walk.length + item - before];
      sg_visit(walk, find, top - owner, from, source, visit);
      if (together) __syncwarp();
    }
    item -= total;
  }
}

// Everything in canonical order: delays from the largest down, sources ascending.
template <class Find, class Visit>
static __device__ __forceinline__ void sg_walk_in_order(const sg_fan_out &walk, const Find &find,
                                                        Visit visit) {
  for (int64_t cls = walk.n_classes - 1; cls >= 0; --cls) {
    const int64_t slot = sg_slot_of(walk, walk.delays[cls]);
    const int64_t count = slot < 0 ? 0 : walk.counts[slot];
    for (int64_t e = 0; e < count; ++e) {
      sg_visit(walk, find, cls, slot, walk.ids[slot * walk.length + e], visit);
    }
  }
}
template <class Find, class Visit>
static __device__ __forceinline__ void sg_walk(const sg_owners &, const sg_fan_out &walk,
                                               const Find &find, Visit visit) {
  sg_walk_in_order(walk, find, visit);
}
template <class Find, class Visit>
static __device__ __forceinline__ void sg_walk(const sg_serial &, const sg_fan_out &walk,
                                               const Find &find, Visit visit) {
  sg_walk_in_order(walk, find, visit);
}

template <class Find, class Visit>
static __device__ __forceinline__ void sg_walk(const sg_threads &team, const sg_fan_out &walk,
                                               const Find &find, Visit visit) {
  sg_walk_in_order(walk, find, [&](uint64_t begin, uint64_t end, int64_t source, int64_t slot) {
    if (source % team.n_threads == team.thread) visit(begin, end, source, slot);
  });
}

// ---- all synapses of a store ---------------------------------------------------------------------

typedef struct {
  const uint64_t *row_start;
  int64_t n_rows, source_start, n_classes;
} sg_rows;

template <class Find, class Visit>
static __device__ __forceinline__ void sg_walk(const sg_team &team, const sg_rows &rows,
                                               const Find &, Visit visit) {
  for (int64_t row = team.unit; row < rows.n_rows; row += team.n_units) {
    const uint64_t begin = rows.row_start[row], end = rows.row_start[row + 1];
    if (begin < end) visit(begin, end, rows.source_start + row, 0);
  }
}
// Sources ascending, then classes: within each, targets ascend.
template <class Find, class Visit>
static __device__ __forceinline__ void sg_walk(const sg_owners &, const sg_rows &rows,
                                               const Find &find, Visit visit) {
  for (int64_t row = 0; row < rows.n_rows; ++row) {
    for (int64_t cls = 0; cls < rows.n_classes; ++cls) {
      uint64_t begin, end;
      find((uint64_t)row, (uint32_t)cls, &begin, &end);
      if (begin < end) visit(begin, end, rows.source_start + row, 0);
    }
  }
}
template <class Find, class Visit>
static __device__ __forceinline__ void sg_walk(const sg_threads &team, const sg_rows &rows,
                                               const Find &find, Visit visit) {
  const sg_team alone = {team.thread, team.n_threads, 0, 1};
  sg_walk(alone, rows, find, visit);
}
template <class Find, class Visit>
static __device__ __forceinline__ void sg_walk(const sg_serial &, const sg_rows &rows,
                                               const Find &, Visit visit) {
  for (int64_t row = 0; row < rows.n_rows; ++row) {
    const uint64_t begin = rows.row_start[row], end = rows.row_start[row + 1];
    if (begin < end) visit(begin, end, rows.source_start + row, 0);
  }
}

// ---- fan-in: the columns of the neurons that fired -----------------------------------------------

typedef struct {
  int64_t step, oldest, newest;  // delays from `oldest` down to `newest`
  const uint32_t *ids;
  const int64_t *counts;
  int64_t depth, length;
  const uint64_t *col_start;
  int64_t born;  // as of sg_fan_out
} sg_fan_in;

template <class Visit>
static __device__ __forceinline__ void sg_visit(const sg_fan_in &walk, int64_t delay, int64_t post,
                                                Visit visit) {
  const uint64_t begin = walk.col_start[post], end = walk.col_start[post + 1];
  if (begin < end) visit(begin, end, post, delay);
}

template <class Visit>
static __device__ __forceinline__ void sg_walk(const sg_team &team, const sg_fan_in &walk,
                                               Visit visit) {
  int64_t item = team.unit;
  for (int64_t delay = walk.oldest; delay >= walk.newest; --delay) {
    const int64_t slot = sg_slot_of(walk, delay);
    const int64_t count = slot < 0 ? 0 : walk.counts[slot];
    for (; item < count; item += team.n_units) {
      sg_visit(walk, delay, walk.ids[slot * walk.length + item], visit);
    }
    item -= count;
  }
}
template <class Visit>
static __device__ __forceinline__ void sg_walk(const sg_threads &team, const sg_fan_in &walk,
                                               Visit visit) {
  for (int64_t delay = walk.oldest; delay >= walk.newest; --delay) {
    const int64_t slot = sg_slot_of(walk, delay);
    const int64_t count = slot < 0 ? 0 : walk.counts[slot];
    for (int64_t e = 0; e < count; ++e) {
      const int64_t post = walk.ids[slot * walk.length + e];
      if (post % team.n_threads == team.thread) sg_visit(walk, delay, post, visit);
    }
  }
}
template <class Visit>
static __device__ __forceinline__ void sg_walk(const sg_serial &, const sg_fan_in &walk,
                                               Visit visit) {
  const sg_threads everything = {0, 1};
  sg_walk(everything, walk, visit);
}

// Calls body(entry) for the entries [begin, end) of a column that fall to the calling thread.
template <class Body>
static __device__ __forceinline__ void sg_each_entry(const sg_team &team, uint64_t begin,
                                                     uint64_t end, Body body) {
  for (uint64_t q = begin + team.lane; q < end; q += team.width) body(q);
}
template <class Team, class Body>
static __device__ __forceinline__ void sg_each_entry(const Team &, uint64_t begin, uint64_t end,
                                                     Body body) {
  for (uint64_t q = begin; q < end; ++q) body(q);
}

#endif
