// The support library, part one: rows by probability. What simgen/connect calls while a network is
// built; the same for every model, compiled when first used and kept in the cache. Declarations are
// repeated for cffi in simgen/connect/native.py; sg_support_layout lets Python check that both agree.
#include "cpu/draw_rows.h"
#include "cpu/exported.h"
#include "cpu/row_facts.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

SG_EXPORT void sg_support_layout(uint64_t sizes[1]) {
  sizes[0] = sizeof(sg_skip_job);
}

SG_EXPORT int64_t sg_rows_by_skips(const sg_skip_job *job, const uint64_t *region,
                                   uint64_t *row_start, uint32_t *targets, uint64_t *needed) {
  return sg_skip_rows(*job, region, row_start, targets, needed);
}

SG_EXPORT uint64_t sg_pieces_by_skips(const sg_skip_job *job, uint64_t room, uint64_t *row_start,
                                      uint32_t *begins) {
  return sg_skip_pieces(*job, room, row_start, begins);
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

// Numbers the equal targets of each row, which is sorted.
SG_EXPORT void sg_ranks(const uint64_t *row_start, uint64_t n_rows, const uint32_t *targets,
                        uint32_t *ranks, int64_t n_threads) {
  sg_parallel(n_threads, [&](int64_t thread) {
    const uint64_t last = sg_share(n_rows, thread + 1, n_threads);
    for (uint64_t row = sg_share(n_rows, thread, n_threads); row < last; ++row) {
      uint32_t rank = 0;
      for (uint64_t s = row_start[row]; s < row_start[row + 1]; ++s) {
        rank = s > row_start[row] && targets[s] == targets[s - 1] ? rank + 1 : 0;
        ranks[s] = rank;
      }
    }
  });
}

// Gives what was freed back to the system. The C library keeps it where many blocks of middle size
// were freed, though the large ones that replace them come straight from the system.
SG_EXPORT void sg_release_memory(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}
