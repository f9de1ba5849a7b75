// What a host program works on; the layout is known to simgen/targets/cpu/compile.py.
//
// Callers: all threads of a run share one state; `stop` may be set from outside at any time.
#ifndef SG_CPU_STATE_H
#define SG_CPU_STATE_H

#include "../common/types.h"

// A kernel stays one function of its own. Inlined into the loop over the steps, or cloned for the
// range of a single thread, its loops get slower: gcc 12 keeps pointers in memory or does not
// vectorise them (measured: 4000 neurons of the CUBA network 1.55 instead of 1.21 us a step).
#if defined(__clang__)
#define SG_KERNEL static __attribute__((noinline))
#else
#define SG_KERNEL static __attribute__((noinline, noclone))
#endif

// `views` are the states that functions of several kernels are called with, one for each kernel.
typedef struct sg_state {
  void **arrays;
  double *reals;
  int64_t *ints;
  int64_t n_threads;
  volatile int64_t *stop;
  const struct sg_state *views;
} sg_state;

#endif
