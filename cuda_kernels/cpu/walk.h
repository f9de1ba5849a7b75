// What the loops of host programs share: ranges, and the segments of synapses that are due.
//
// Callers: any thread; a list of segments belongs to the thread that made it.
#ifndef SG_CPU_WALK_H
#define SG_CPU_WALK_H

#include "../common/types.h"

#define SG_SEGMENTS_LISTED 128  // 3 KB: stays in the first-level cache
#define SG_SEGMENTS_AHEAD 4     // segments between a prefetch and its use
#define SG_COLUMN_AHEAD 16      // synapses between a prefetch and its use in a column

SG_FN int64_t sg_later(int64_t a, int64_t b) { return a > b ? a : b; }
SG_FN int64_t sg_earlier(int64_t a, int64_t b) { return a < b ? a : b; }

// The synapses at positions [begin, end), all of the neuron `source` and one delay.
typedef struct {
  uint64_t begin, end;
  int64_t source;
} sg_segment;

#endif
