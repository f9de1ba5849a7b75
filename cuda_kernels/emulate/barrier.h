// Barriers of a block. All threads of the block must reach the same one; a thread that ended counts
// as missing, although newer devices let it pass.
#ifndef SG_EMULATE_BARRIER_H
#define SG_EMULATE_BARRIER_H

#include "block.h"
#include "check.h"

#define SG_EMU_HERE const char *file = __builtin_FILE(), int line = __builtin_LINE()

enum sg_emu_barrier { SG_EMU_PLAIN, SG_EMU_COUNT, SG_EMU_OR, SG_EMU_AND };

SG_EMU_OWN static void sg_emu_open_barrier() {
  const sg_emu_site &here = sg_emu.threads[sg_emu.current].site;
  int64_t count = 0;
  for (int32_t k = 0; k < sg_emu.n_threads; ++k) {
    const sg_emu_thread &other = sg_emu.threads[k];
    count += other.value != 0;
    const int same = other.site.line == here.line && other.site.call == here.call;
    if (!same || __builtin_strcmp(other.site.file, here.file)) sg_emu_abort(SG_EMU_BARRIERS);
  }
  for (int32_t k = 0; k < sg_emu.n_threads; ++k) {
    const int32_t thread = sg_emu.sequence[k];
    sg_emu_thread &other = sg_emu.threads[thread];
    switch (other.operation) {
      case SG_EMU_COUNT: other.result = (uint64_t)count; break;
      case SG_EMU_OR: other.result = count != 0; break;
      case SG_EMU_AND: other.result = count == sg_emu.n_threads; break;
      default: other.result = 0;
    }
    sg_emu_make_ready(thread);
  }
  sg_emu.n_at_barrier = 0;
  sg_emu_check_barrier();
}

SG_EMU_OWN __attribute__((noinline)) static int sg_emu_reach_barrier(
    sg_emu_barrier operation, int predicate, const char *call, const char *file, int line) {
  sg_emu_thread &self = sg_emu.threads[sg_emu.current];
  self.site = sg_emu_site{call, file, line, SG_EMU_AT_BARRIER, 0};
  self.operation = operation;
  self.value = predicate != 0;
  if (++sg_emu.n_at_barrier == sg_emu.n_threads) sg_emu_open_barrier();
  sg_emu_wait();
  self.site.call = nullptr;
  return (int)self.result;
}

SG_EMU_OWN static inline void __syncthreads(SG_EMU_HERE) {
  sg_emu_reach_barrier(SG_EMU_PLAIN, 0, "__syncthreads", file, line);
}
SG_EMU_OWN static inline int __syncthreads_count(int predicate, SG_EMU_HERE) {
  return sg_emu_reach_barrier(SG_EMU_COUNT, predicate, "__syncthreads_count", file, line);
}
SG_EMU_OWN static inline int __syncthreads_or(int predicate, SG_EMU_HERE) {
  return sg_emu_reach_barrier(SG_EMU_OR, predicate, "__syncthreads_or", file, line);
}
SG_EMU_OWN static inline int __syncthreads_and(int predicate, SG_EMU_HERE) {
  return sg_emu_reach_barrier(SG_EMU_AND, predicate, "__syncthreads_and", file, line);
}

// Order between the memory accesses of a thread: the checks note it, the processor keeps it anyway.
SG_EMU_OWN static inline void __threadfence() { sg_emu_check_fence(); }
SG_EMU_OWN static inline void __threadfence_block() { sg_emu_check_fence(); }
SG_EMU_OWN static inline void __threadfence_system() { sg_emu_check_fence(); }

SG_EMU_OWN static inline void __trap(SG_EMU_HERE) {
  sg_emu.threads[sg_emu.current].site = sg_emu_site{"__trap", file, line, SG_EMU_READY, 0};
  sg_emu_abort(SG_EMU_TRAP);
}

#endif
