// Rows that are made anew for each spike (simgen/connect/implied.py): nothing of a synapse is kept.
//
// Callers: any thread; a call makes what one part has of one row. Targets ascend; they are given to
// visit(targets, first, last) as targets[first] to targets[last - 1].
#ifndef SG_CPU_MADE_ROWS_H
#define SG_CPU_MADE_ROWS_H

#include "../common/skip_pieces.h"
#include "skip_row.h"
#include "walk.h"

// Neighbours, which are their own numbers.
struct sg_neighbours {
  inline int64_t operator[](int64_t target) const { return target; }
};

// What a part may have of a row: it owns the targets [low, high) of the whole group, those of the
// rows begin at `first`.
typedef struct {
  int64_t row, first, low, high;
} sg_made_row;

// Segments of made rows hold the number of part and row in place of positions.
struct sg_find_made {
  inline void operator()(uint64_t row, uint32_t, uint64_t *begin, uint64_t *end) const {
    *begin = row;
    *end = row + 1;
  }
};

static inline sg_made_row sg_made_row_of(uint64_t begin, int64_t n_rows, const int64_t *bounds,
                                         int64_t first, int64_t n_reached) {
  const int64_t part = (int64_t)begin / n_rows;
  const sg_made_row row = {(int64_t)begin % n_rows, first, sg_later(bounds[part], first),
                           sg_earlier(bounds[part + 1], first + n_reached)};
  return row;
}

// Every target, without that of the row's own number if skip_self.
template <class Visit>
static inline __attribute__((always_inline)) void sg_each_target(const sg_made_row &row,
                                                                 int64_t skip_self, Visit visit) {
  const int64_t self = row.first + row.row;
  if (!skip_self || self < row.low || self >= row.high) {
    visit(sg_neighbours(), row.low, row.high);
    return;
  }
  visit(sg_neighbours(), row.low, self);
  visit(sg_neighbours(), self + 1, row.high);
}

// Makes the targets in [low, high) that a piece of a row decides on, but not `none`; adds `first`.
// `next` is where the piece begins. Returns how many there are.
static inline int64_t sg_make_piece(uint64_t key, double scale, uint32_t row, uint64_t piece,
                                    uint64_t next, uint64_t low, uint64_t high, uint64_t none, uint32_t first, uint32_t *targets) {
  uint64_t skips[SG_PIECE_SKIPS];
  sg_draw_skips<SG_PIECE_BLOCKS>(key, scale, row, (uint32_t)piece * SG_PIECE_BLOCKS, skips);
  int64_t count = 0;
  for (int k = 0; k < SG_PIECE_SKIPS; ++k) {
    next += skips[(k & 1) * SG_PIECE_BLOCKS + (k >> 1)];
    if (next >= high) break;
    targets[count] = first + (uint32_t)next;
    count += next >= low && next != none;
    ++next;
  }
  return count;
}

// Each target with one probability, drawn as when rows are stored. `begins` has where the pieces of
// all rows begin (skip_pieces.h), so that a part makes no more than the pieces that it has some of.
template <class Visit>
static inline __attribute__((always_inline)) void sg_each_skipped(
    const sg_made_row &row, const uint32_t *begins, int64_t n_pieces, int64_t key, double scale,
    int64_t skip_self, Visit visit) {
  if (row.low >= row.high) return;
  const uint64_t low = (uint64_t)(row.low - row.first), high = (uint64_t)(row.high - row.first);
  const uint32_t *const own = begins + row.row * n_pieces;
  int64_t piece = 0, behind = n_pieces;  // the last piece that begins at `low` or before
  while (behind - piece > 1) {
    const int64_t middle = piece + (behind - piece) / 2;
    if (own[middle] <= low) piece = middle;
    else behind = middle;
  }
  const uint64_t none = skip_self ? (uint64_t)row.row : ~0ull;
  for (; piece < n_pieces && own[piece] < high; ++piece) {
    uint32_t targets[SG_PIECE_SKIPS];
    const int64_t count = sg_make_piece((uint64_t)key, scale, (uint32_t)row.row, (uint64_t)piece,
                                        own[piece], low, high, none, (uint32_t)row.first, targets);
    visit(targets, (int64_t)0, count);
  }
}

#define SG_MOST_DIRECTIONS 8

// The targets that a kernel reaches: `grid` has for each direction the sizes of kernel, source and
// target, the stride and the places before the first one, then the channels of source and target.
template <class Visit>
static inline void sg_each_reached(const sg_made_row &row, const int64_t *grid, int64_t directions,
                                   Visit visit) {
  int64_t from[SG_MOST_DIRECTIONS], to[SG_MOST_DIRECTIONS], at[SG_MOST_DIRECTIONS];
  int64_t apart[SG_MOST_DIRECTIONS];  // how far apart neighbours are among the targets
  int64_t place = row.row / grid[5 * directions], step = grid[5 * directions + 1];
  for (int64_t d = directions - 1; d >= 0; --d) {
    const int64_t *const own = grid + 5 * d;
    const int64_t padded = place % own[1] + own[4];
    place /= own[1];
    const int64_t over = padded - own[0] + 1;
    from[d] = at[d] = over > 0 ? (over + own[3] - 1) / own[3] : 0;
    to[d] = sg_earlier(own[2], padded / own[3] + 1);
    if (from[d] >= to[d]) return;
    apart[d] = step;
    step *= own[2];
  }
  const int64_t last = directions - 1;
  for (;;) {
    int64_t begin = row.first;
    for (int64_t d = 0; d < last; ++d) begin += at[d] * apart[d];
    const int64_t end = begin + to[last] * apart[last];
    if (begin >= row.high) return;
    const int64_t low = sg_later(row.low, begin + from[last] * apart[last]);
    const int64_t high = sg_earlier(row.high, end);
    if (low < high) visit(sg_neighbours(), low, high);
    int64_t d = last - 1;
    for (; d >= 0 && ++at[d] == to[d]; --d) at[d] = from[d];
    if (d < 0) return;
  }
}

#endif
