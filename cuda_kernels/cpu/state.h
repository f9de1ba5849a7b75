// What a host program works on; the layout is known to simgen/targets/cpu/compile.py.
//
// Callers: all threads of a run share one state; `stop` may be set from outside at any time.
#ifndef SG_CPU_STATE_H
#define SG_CPU_STATE_H

#include "../common/types.h"

typedef struct {
  void **arrays;
  double *reals;
  int64_t *ints;
  int64_t n_threads;
  volatile int64_t *stop;
} sg_state;

#endif
