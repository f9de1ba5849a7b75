// The support library, part four: columns, creation orders and pieces of stores. What simgen/connect calls while a network is
// built; the same for every model, compiled when first used and kept in the cache. Declarations are
// repeated for cffi in simgen/connect/native.py; sg_support_layout lets Python check that both agree.
#include "cpu/columns.h"
#include "cpu/exported.h"
#include "cpu/permute.h"
#include "cpu/pieces.h"

SG_EXPORT void sg_support_layout(uint64_t sizes[2]) {
  sizes[0] = sizeof(sg_column_job);
  sizes[1] = sizeof(sg_piece_job);
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

SG_EXPORT void sg_splice(void *out, const void *values, uint64_t itemsize,
                         const uint64_t *row_start, uint64_t n_rows, uint64_t *cursor) {
  sg_splice_rows((char *)out, (const char *)values, itemsize, row_start, n_rows, cursor);
}

SG_EXPORT int64_t sg_piece(const sg_piece_job *job, sg_uints positions, sg_uints classes) {
  return sg_with_targets(job->targets, [&](const auto *data) {
    return sg_find_piece(*job, data, positions, classes);
  });
}
