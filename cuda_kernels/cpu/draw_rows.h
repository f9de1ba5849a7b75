// Random rows: geometric skips for a fixed probability, and given numbers of uniform draws.
//
// Callers: host only. Counter of every draw: (row, block, purpose, 0); the key belongs to one
// connect() call. A row's draws depend on nothing else, so rows may be made in any order by any
// number of threads.
#ifndef SG_CPU_DRAW_ROWS_H
#define SG_CPU_DRAW_ROWS_H

#include "../common/skip_pieces.h"
#include "parallel.h"
#include "skip_row.h"

// ---- fixed probability ------------------------------------------------------------------------

struct sg_skip_job {
  uint64_t n_source;
  uint64_t n_target;
  double scale;  // 1 / log(1 - p), negative
  uint64_t key;
  uint32_t first_row;  // number of row 0 in its population: the counter's row
  int64_t skip_self;
  int64_t n_threads;
  const uint64_t *counts;  // n_target and scale of each row, or NULL where all have the same
  const double *scales;
};

// Writes a row's targets, ascending; those beyond `room` are counted but not written.
static uint64_t sg_skip_row(const sg_skip_job &job, uint64_t row, uint32_t *out, uint64_t room) {
  uint64_t found = 0;
  uint64_t n = job.counts ? job.counts[row] : job.n_target;
  double scale = job.scales ? job.scales[row] : job.scale;
  sg_each_skip(job.key, scale, job.first_row + (uint32_t)row, n, [&](uint64_t target) {
    if (!job.skip_self || target != row) {
      if (found < room) out[found] = (uint32_t)target;
      ++found;
    }
    return true;
  });
  return found;
}

// Thread t makes its share of the rows in targets[region[t] .. region[t+1]). If all regions
// sufficed, they are moved together and row_start is complete; else 1 is returned and needed[] says
// how much to reserve.
static inline int64_t sg_skip_rows(const sg_skip_job &job, const uint64_t *region, uint64_t *row_start,
                            uint32_t *targets, uint64_t *needed) {
  row_start[0] = 0;
  sg_parallel(job.n_threads, [&](int64_t thread) {
    uint64_t room = region[thread + 1] - region[thread];
    uint64_t used = 0;
    uint64_t last = sg_share(job.n_source, thread + 1, job.n_threads);
    for (uint64_t row = sg_share(job.n_source, thread, job.n_threads); row < last; ++row) {
      uint64_t begin = used < room ? used : room;
      uint64_t n = sg_skip_row(job, row, targets + region[thread] + begin, room - begin);
      row_start[row + 1] = n;
      used += n;
    }
    needed[thread] = used;
  });
  for (int64_t thread = 0; thread < job.n_threads; ++thread) {
    if (needed[thread] > region[thread + 1] - region[thread]) return 1;
  }
  for (uint64_t row = 0; row < job.n_source; ++row) row_start[row + 1] += row_start[row];
  uint64_t place = needed[0];
  for (int64_t thread = 1; thread < job.n_threads; ++thread) {
    memmove(targets + place, targets + region[thread], needed[thread] * sizeof(uint32_t));
    place += needed[thread];
  }
  return SG_OK;
}

// Counts the targets of each row, and writes the first target that each of its pieces decides on
// (skip_pieces.h), n_target behind the last one. Returns how many pieces the longest row has; where
// `room` is less, `begins` is not complete.
static inline uint64_t sg_skip_pieces(const sg_skip_job &job, uint64_t room, uint64_t *row_start,
                                      uint32_t *begins) {
  uint64_t most = 1;
  row_start[0] = 0;
  for (uint64_t row = 0; row < job.n_source; ++row) {
    uint32_t *own = begins + row * room;
    uint64_t taken = 0, pieces = 1;
    uint64_t self = 0;
    own[0] = 0;
    sg_each_skip(job.key, job.scale, (uint32_t)row, job.n_target, [&](uint64_t target) {
      if (job.skip_self && target == row) self = 1;
      if (++taken % SG_PIECE_SKIPS == 0 && target + 1 < job.n_target) {
        if (pieces < room) own[pieces] = (uint32_t)target + 1u;
        ++pieces;
      }
      return true;
    });
    for (uint64_t k = pieces; k < room; ++k) own[k] = (uint32_t)job.n_target;
    row_start[row + 1] = row_start[row] + taken - self;
    most = pieces > most ? pieces : most;
  }
  return most;
}

// ---- given numbers of uniform draws -----------------------------------------------------------

// Sorts by 11-bit digits; `bits` is the width of the largest value.
static inline void sg_sort_values(uint32_t *values, uint32_t *spare, uint64_t n, uint32_t bits) {
  if (n <= 64) {
    for (uint64_t k = 1; k < n; ++k) {
      uint32_t moving = values[k];
      uint64_t place = k;
      for (; place > 0 && values[place - 1] > moving; --place) values[place] = values[place - 1];
      values[place] = moving;
    }
    return;
  }
  uint32_t digit_bits = n < 2000 ? 8 : 11;
  uint32_t n_digits = 1u << digit_bits;
  uint32_t *from = values;
  uint32_t *to = spare;
  for (uint32_t shift = 0; shift < bits; shift += digit_bits) {
    uint64_t start[2049];
    memset(start, 0, (n_digits + 1) * sizeof(uint64_t));
    for (uint64_t k = 0; k < n; ++k) ++start[((from[k] >> shift) & (n_digits - 1)) + 1];
    for (uint32_t digit = 0; digit < n_digits; ++digit) start[digit + 1] += start[digit];
    for (uint64_t k = 0; k < n; ++k) to[start[(from[k] >> shift) & (n_digits - 1)]++] = from[k];
    uint32_t *other = from;
    from = to;
    to = other;
  }
  if (from != values) memcpy(values, from, n * sizeof(uint32_t));
}

struct sg_uniform_job {
  const uint64_t *row_start;
  uint64_t n_rows;
  uint64_t n_target;
  uint64_t key;
  uint32_t first_row;
  int64_t distinct;
  int64_t skip_self;
  int64_t ordered;
  uint64_t longest;
  int64_t n_threads;
  const uint64_t *counts;  // n_target of each row, at most job.n_target, or NULL for all the same
};

// floor(word * n / 2^64): uniform in [0, n) with a relative error below n / 2^64.
static inline uint32_t sg_below(uint64_t word, uint64_t n) {
  return (uint32_t)(((unsigned __int128)word * n) >> 64);
}

static inline void sg_draw_any(const sg_uniform_job &job, uint32_t row, uint64_t n, uint64_t size,
                               uint32_t *out) {
  for (uint64_t k = 0; k < size; k += 2) {
    sg_block words = sg_philox_block(row, (uint32_t)(k / 2), SG_PURPOSE_UNIFORM, 0u, job.key);
    out[k] = sg_below(sg_block_word64(words, 0u), n);
    if (k + 1 < size) out[k + 1] = sg_below(sg_block_word64(words, 1u), n);
  }
}

// A uniform subset: draws that repeat are rejected; beyond one half, the values left out are drawn.
// `mark` has n bits, all zero before and after.
static inline void sg_draw_distinct(const sg_uniform_job &job, uint32_t row, uint64_t n,
                                    uint64_t size, uint32_t *out, uint64_t *mark, uint32_t *spare,
                                    uint32_t bits) {
  int inverted = size > n / 2;
  uint64_t wanted = inverted ? n - size : size;
  uint64_t n_words = (n + 63) / 64;
  int listed = !inverted && (wanted < n_words / 8 || !job.ordered);
  uint64_t found = 0;
  for (uint32_t block = 0; found < wanted; ++block) {
    sg_block words = sg_philox_block(row, block, SG_PURPOSE_UNIFORM, 0u, job.key);
    for (uint32_t lane = 0; lane < 2 && found < wanted; ++lane) {
      uint32_t value = sg_below(sg_block_word64(words, lane), n);
      uint64_t bit = 1ull << (value & 63u);
      if (mark[value >> 6] & bit) continue;
      mark[value >> 6] |= bit;
      if (listed) out[found] = value;
      ++found;
    }
  }
  if (listed) {
    for (uint64_t k = 0; k < size; ++k) mark[out[k] >> 6] = 0;
    if (job.ordered) sg_sort_values(out, spare, size, bits);
    return;
  }
  uint64_t place = 0;
  for (uint64_t w = 0; w < n_words; ++w) {
    uint64_t word = inverted ? ~mark[w] : mark[w];
    mark[w] = 0;
    if (w == n_words - 1 && (n & 63u)) word &= (1ull << (n & 63u)) - 1;
    for (; word; word &= word - 1) {
      out[place++] = (uint32_t)(w * 64 + (uint64_t)__builtin_ctzll(word));
    }
  }
}

// Fills each row with as many draws as it has room for.
static inline int64_t sg_uniform_rows(const sg_uniform_job &job, uint32_t *targets) {
  int64_t status = SG_OK;
  uint32_t bits = job.n_target ? 64u - (uint32_t)__builtin_clzll(job.n_target) : 0u;
  sg_parallel(job.n_threads, [&](int64_t thread) {
    sg_scratch<uint32_t> spare(job.longest);
    uint64_t n_words = job.distinct ? job.n_target / 64 + 1 : 1;
    uint64_t *mark = (uint64_t *)calloc(n_words, sizeof(uint64_t));
    if (!spare.data || !mark) {
      free(mark);
      __atomic_store_n(&status, (int64_t)SG_NO_MEMORY, __ATOMIC_RELAXED);
      return;
    }
    uint64_t last = sg_row_share(job.row_start, job.n_rows, thread + 1, job.n_threads);
    uint64_t row = sg_row_share(job.row_start, job.n_rows, thread, job.n_threads);
    for (; row < last; ++row) {
      uint32_t *out = targets + job.row_start[row];
      uint64_t size = job.row_start[row + 1] - job.row_start[row];
      uint32_t number = job.first_row + (uint32_t)row;
      uint64_t n_target = job.counts ? job.counts[row] : job.n_target;
      int skip = job.skip_self && row < n_target;
      uint64_t n = n_target - (uint64_t)skip;  // candidates of this row
      if (job.distinct) {
        sg_draw_distinct(job, number, n, size, out, mark, spare.data, bits);
      } else {
        sg_draw_any(job, number, n, size, out);
        if (job.ordered) sg_sort_values(out, spare.data, size, bits);
      }
      if (skip) {
        for (uint64_t k = 0; k < size; ++k) out[k] += out[k] >= row;  // keeps the order
      }
    }
    free(mark);
  });
  return status;
}

#endif
