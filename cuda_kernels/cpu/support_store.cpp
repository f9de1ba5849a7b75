// The support library, part three: rows to stores. What simgen/connect calls while a network is
// built; the same for every model, compiled when first used and kept in the cache. Declarations are
// repeated for cffi in simgen/connect/native.py; sg_support_layout lets Python check that both agree.
#include "cpu/exported.h"
#include "cpu/permute.h"
#include "cpu/store.h"

SG_EXPORT void sg_support_layout(uint64_t sizes[2]) {
  sizes[0] = sizeof(sg_store_job);
  sizes[1] = sizeof(sg_store_out);
}

SG_EXPORT int64_t sg_store_count(const sg_store_job *job, uint64_t *sizes, uint64_t *pairs) {
  return sg_store_count_rows(*job, sizes, pairs);
}

SG_EXPORT int64_t sg_store_fill(const sg_store_job *job, const sg_store_out *out) {
  return sg_with_targets(out->targets,
                         [&](auto *data) { return sg_store_fill_rows(*job, *out, data); });
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
