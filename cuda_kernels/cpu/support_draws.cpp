// The support library, part two: rows by degrees and totals. What simgen/connect calls while a network is
// built; the same for every model, compiled when first used and kept in the cache. Declarations are
// repeated for cffi in simgen/connect/native.py; sg_support_layout lets Python check that both agree.
#include "cpu/draw_rows.h"
#include "cpu/exported.h"
#include "cpu/split_total.h"

SG_EXPORT void sg_support_layout(uint64_t sizes[2]) {
  sizes[0] = sizeof(sg_uniform_job);
  sizes[1] = sizeof(sg_split_job);
}

SG_EXPORT int64_t sg_rows_by_draws(const sg_uniform_job *job, uint32_t *targets) {
  return sg_uniform_rows(*job, targets);
}

SG_EXPORT void sg_split_total(const sg_split_job *job, uint64_t *row_start) {
  row_start[0] = 0;
  sg_split_rows(*job, 0, job->n_rows, (int64_t)job->total, 1, row_start + 1);
  for (uint64_t row = 0; row < job->n_rows; ++row) row_start[row + 1] += row_start[row];
}
