// The support library: what simgen/connect calls while a network is built. One translation unit,
// the same for every model, compiled once and kept in the cache. The declarations are repeated for
// cffi in simgen/connect/native.py; sg_support_layout lets Python check that both agree.
#include "cpu/columns.h"
#include "cpu/draw_rows.h"
#include "cpu/permute.h"
#include "cpu/pieces.h"
#include "cpu/split_total.h"
#include "cpu/store.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#define SG_EXPORT extern "C" __attribute__((visibility("default")))

SG_EXPORT void sg_support_layout(uint64_t sizes[7]) {
  sizes[0] = sizeof(sg_skip_job);
  sizes[1] = sizeof(sg_uniform_job);
  sizes[2] = sizeof(sg_store_job);
  sizes[3] = sizeof(sg_store_out);
  sizes[4] = sizeof(sg_column_job);
  sizes[5] = sizeof(sg_piece_job);
  sizes[6] = sizeof(sg_split_job);
}

SG_EXPORT int64_t sg_rows_by_skips(const sg_skip_job *job, const uint64_t *region,
                                   uint64_t *row_start, uint32_t *targets, uint64_t *needed) {
  return sg_skip_rows(*job, region, row_start, targets, needed);
}

SG_EXPORT int64_t sg_rows_by_draws(const sg_uniform_job *job, uint32_t *targets) {
  return sg_uniform_rows(*job, targets);
}

SG_EXPORT void sg_split_total(const sg_split_job *job, uint64_t *row_start) {
  row_start[0] = 0;
  sg_split_rows(*job, 0, job->n_rows, (int64_t)job->total, 1, row_start + 1);
  for (uint64_t row = 0; row < job->n_rows; ++row) row_start[row + 1] += row_start[row];
}

SG_EXPORT void sg_rows_of_all(const uint64_t *row_start, uint64_t n_source, int64_t skip_self,
                              uint32_t *targets, int64_t n_threads) {
  sg_parallel(n_threads, [&](int64_t thread) {
    uint64_t last = sg_share(n_source, thread + 1, n_threads);
    for (uint64_t row = sg_share(n_source, thread, n_threads); row < last; ++row) {
      uint32_t *out = targets + row_start[row];
      uint64_t size = row_start[row + 1] - row_start[row];
      for (uint64_t k = 0; k < size; ++k) out[k] = (uint32_t)(k + (skip_self && k >= row ? 1 : 0));
    }
  });
}

SG_EXPORT int64_t sg_row_facts(const uint64_t *row_start, uint64_t n_rows, const uint32_t *targets,
                               uint64_t longest) {
  return sg_row_properties(row_start, n_rows, targets, longest);
}

// Calls with the targets of a store as what they are: two bytes each where all numbers fit.
template <class Call>
static int64_t sg_with_targets(sg_uints targets, const Call &call) {
  return targets.width == 2 ? call((uint16_t *)targets.data) : call((uint32_t *)targets.data);
}

SG_EXPORT int64_t sg_transpose(const uint64_t *row_start, uint64_t n_rows, sg_uints targets,
                               uint32_t first, uint64_t n_cols, uint64_t *col_start,
                               sg_uints positions, uint32_t *sources, int64_t n_threads) {
  return sg_with_targets(targets, [&](const auto *data) {
    if (positions.width == 8) {
      return sg_transpose_rows(row_start, n_rows, data, first, n_cols, col_start,
                               (uint64_t *)positions.data, sources, n_threads);
    }
    uint32_t *short_ones = positions.width == 4 ? (uint32_t *)positions.data : (uint32_t *)0;
    return sg_transpose_rows(row_start, n_rows, data, first, n_cols, col_start, short_ones,
                             sources, n_threads);
  });
}

SG_EXPORT int64_t sg_store_count(const sg_store_job *job, uint64_t *sizes, uint64_t *pairs) {
  return sg_store_count_rows(*job, sizes, pairs);
}

SG_EXPORT int64_t sg_store_fill(const sg_store_job *job, const sg_store_out *out) {
  return sg_with_targets(out->targets,
                         [&](auto *data) { return sg_store_fill_rows(*job, *out, data); });
}

SG_EXPORT int64_t sg_columns_count(const sg_column_job *job, sg_uints positions, uint64_t *pairs) {
  return positions.width == 8 ? sg_column_pairs(*job, (const uint64_t *)positions.data, pairs)
                              : sg_column_pairs(*job, (const uint32_t *)positions.data, pairs);
}

SG_EXPORT int64_t sg_columns_sort(const sg_column_job *job, sg_uints positions, uint32_t *sources,
                                  const sg_segment_sink *sink) {
  return positions.width == 8
             ? sg_sort_columns(*job, (uint64_t *)positions.data, sources, *sink)
             : sg_sort_columns(*job, (uint32_t *)positions.data, sources, *sink);
}

SG_EXPORT int64_t sg_order_again(const uint64_t *row_start, sg_uints targets, uint64_t n_rows,
                                 uint64_t n_parts, uint64_t n_target, int64_t one_class,
                                 uint64_t longest, sg_uints order, int64_t n_threads) {
  return sg_with_targets(targets, [&](const auto *data) {
    return sg_recompute_order(row_start, data, n_rows, n_parts, n_target, one_class, longest, order,
                              n_threads);
  });
}

SG_EXPORT void sg_expand(const uint64_t *row_start, uint64_t n_rows, const sg_segment_sink *bounds,
                         sg_uints sources, sg_uints classes, int64_t n_threads) {
  sg_expand_store(row_start, n_rows, *bounds, sources, classes, n_threads);
}

SG_EXPORT void sg_move(void *out, const void *values, uint64_t itemsize, sg_uints order, uint64_t n,
                       int64_t gather, int64_t n_threads) {
#define SG_MOVE(VALUE)                                                                             \
  if (order.width == 8) {                                                                          \
    sg_move_values((VALUE *)out, (const VALUE *)values, (const uint64_t *)order.data, n, gather,   \
                   n_threads);                                                                     \
  } else {                                                                                         \
    sg_move_values((VALUE *)out, (const VALUE *)values, (const uint32_t *)order.data, n, gather,   \
                   n_threads);                                                                     \
  }                                                                                                \
  break
  switch (itemsize) {
    case 1: SG_MOVE(uint8_t);
    case 2: SG_MOVE(uint16_t);
    case 4: SG_MOVE(uint32_t);
    case 8: SG_MOVE(uint64_t);
    default:
      sg_move_bytes((char *)out, (const char *)values, order, n, itemsize, gather, n_threads);
  }
#undef SG_MOVE
}

SG_EXPORT void sg_splice(void *out, const void *values, uint64_t itemsize,
                         const uint64_t *row_start, uint64_t n_rows, uint64_t *cursor) {
  sg_splice_rows((char *)out, (const char *)values, itemsize, row_start, n_rows, cursor);
}

// Gives what was freed back to the system. The C library keeps it where many blocks of middle size
// were freed, though the large ones that replace them come straight from the system.
SG_EXPORT void sg_release_memory(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

SG_EXPORT int64_t sg_piece(const sg_piece_job *job, sg_uints positions, sg_uints classes) {
  return sg_with_targets(job->targets, [&](const auto *data) {
    return sg_find_piece(*job, data, positions, classes);
  });
}
