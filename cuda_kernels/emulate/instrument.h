// What a compiler calls for each load and store with -fsanitize=thread, and where it finds an index,
// a divisor or a shift wrong with -fsanitize=bounds and the like. No sanitizer's library is linked.
#ifndef SG_EMULATE_INSTRUMENT_H
#define SG_EMULATE_INSTRUMENT_H

#include "shadow.h"

#define SG_EMU_CALLED extern "C" SG_EMU_OWN SG_EMU_HIDDEN __attribute__((used, noinline))

SG_EMU_CALLED void __tsan_init() {}
SG_EMU_CALLED void __tsan_func_entry(void *) {}
SG_EMU_CALLED void __tsan_func_exit() {}

#define SG_EMU_TSAN(function, access, n_bytes, how)                                      \
  SG_EMU_CALLED void function(void *address) {                                           \
    access((uint64_t)address, n_bytes, how, __builtin_return_address(0));                \
  }
#define SG_EMU_TSAN_SIZE(n)                                                              \
  SG_EMU_TSAN(__tsan_read##n, sg_emu_access_aligned, n, SG_EMU_READ)                     \
  SG_EMU_TSAN(__tsan_write##n, sg_emu_access_aligned, n, SG_EMU_WRITE)                   \
  SG_EMU_TSAN(__tsan_unaligned_read##n, sg_emu_access_memory, n, SG_EMU_READ)            \
  SG_EMU_TSAN(__tsan_unaligned_write##n, sg_emu_access_memory, n, SG_EMU_WRITE)
SG_EMU_TSAN_SIZE(1)
SG_EMU_TSAN_SIZE(2)
SG_EMU_TSAN_SIZE(4)
SG_EMU_TSAN_SIZE(8)
SG_EMU_TSAN_SIZE(16)

#define SG_EMU_TSAN_VOLATILE(n)                                                          \
  SG_EMU_TSAN(__tsan_volatile_read##n, sg_emu_access_aligned, n, SG_EMU_LOOK)            \
  SG_EMU_TSAN(__tsan_volatile_write##n, sg_emu_access_aligned, n, SG_EMU_SET)           \
  SG_EMU_TSAN(__tsan_unaligned_volatile_read##n, sg_emu_access_memory, n, SG_EMU_READ)   \
  SG_EMU_TSAN(__tsan_unaligned_volatile_write##n, sg_emu_access_memory, n, SG_EMU_WRITE)
SG_EMU_TSAN_VOLATILE(1)
SG_EMU_TSAN_VOLATILE(2)
SG_EMU_TSAN_VOLATILE(4)
SG_EMU_TSAN_VOLATILE(8)
SG_EMU_TSAN_VOLATILE(16)

SG_EMU_CALLED void __tsan_read_range(void *address, unsigned long n_bytes) {
  sg_emu_access_memory((uint64_t)address, n_bytes, SG_EMU_READ, __builtin_return_address(0));
}
SG_EMU_CALLED void __tsan_write_range(void *address, unsigned long n_bytes) {
  sg_emu_access_memory((uint64_t)address, n_bytes, SG_EMU_WRITE, __builtin_return_address(0));
}

// The first fields of what -fsanitize=undefined passes: where in the source, and the types.
typedef struct {
  const char *file;
  uint32_t line, column;
  const char *type;  // four bytes that say how to read values, then the type's name
} sg_emu_source_place;

SG_EMU_OWN __attribute__((noreturn)) static void sg_emu_wrong_value(
    int32_t kind, const sg_emu_source_place *where, uint64_t value) {
  const sg_emu_party now = sg_emu_party_of(sg_emu_access_now(where->line), SG_EMU_READ);
  if (sg_emu_finding *const found = sg_emu_find(kind, now, sg_emu_party{})) {
    found->file = where->file;
    found->line = (int32_t)where->line;
    found->type = where->type + 4;
    found->value = (int64_t)value;
  }
  sg_emu_abort(SG_EMU_FOUND);
}

SG_EMU_CALLED void __ubsan_handle_out_of_bounds(sg_emu_source_place *where, uint64_t index) {
  sg_emu_wrong_value(SG_EMU_INDEX, where, index);
}
SG_EMU_CALLED void __ubsan_handle_divrem_overflow(sg_emu_source_place *where, uint64_t,
                                                  uint64_t divisor) {
  sg_emu_wrong_value(SG_EMU_DIVISION, where, divisor);
}
SG_EMU_CALLED void __ubsan_handle_shift_out_of_bounds(sg_emu_source_place *where, uint64_t,
                                                      uint64_t shift) {
  sg_emu_wrong_value(SG_EMU_SHIFT, where, shift);
}

SG_EMU_OWN static void sg_emu_check_launch(sg_emu_memory *memory, uint32_t shared_bytes) {
  sg_emu_shadow.memory = memory;
  sg_emu_shadow.last = nullptr;
  sg_emu_shadow.n_findings = sg_emu_shadow.n_accesses = 0;
  sg_emu_shadow.deadline = sg_emu_seconds() + memory->patience;
  sg_emu_order.first_era = *memory->era + 1;
  sg_emu_order.n_meetings = 0;
  sg_emu_order.n_fences = 0;
  sg_emu_order.dirty = 1;
  for (int32_t k = 0; k < sg_emu_shadow.n_shared; ++k) {
    sg_emu_region &region = sg_emu_shadow.shared[k];
    region.begin = (uint64_t)sg_emu_shared.begin + sg_emu_shadow.shared_offset[k];
    if (k + 1 == sg_emu_shadow.dynamic) region.n_bytes = shared_bytes;
  }
}
SG_EMU_OWN static void sg_emu_check_block() {
  sg_emu_order.era = ++*sg_emu_shadow.memory->era;
  sg_emu_order_block();
  for (int32_t k = 0; k < sg_emu_shadow.n_shared; ++k) {
    memset(sg_emu_shadow.shared[k].written, 0, sg_emu_shadow.shared[k].n_bytes);
  }
}
SG_EMU_OWN static void sg_emu_check_end() {
  if (sg_emu_shadow.n_findings && !sg_emu.fault.kind) sg_emu.fault.kind = SG_EMU_FOUND;
}
SG_EMU_OWN static inline void sg_emu_check_barrier() { ++sg_emu_order.epoch; }
SG_EMU_OWN static inline void sg_emu_check_warp(int32_t first, uint32_t mask) {
  sg_emu_order_warp(first, mask);
}
SG_EMU_OWN static inline void sg_emu_check_fence() { sg_emu_order_fence(); }
SG_EMU_OWN static inline void sg_emu_check_atomic(const void *address, uint32_t n_bytes,
                                                  void *from) {
  sg_emu_access_aligned((uint64_t)address, n_bytes, SG_EMU_CHANGE, from);
  sg_emu_order_atomic(address);
}

// Tells where shared arrays lie: an offset into thread-local storage and a size; `dynamic` for the
// one whose size the launch gives. Returns 0 where there are too many.
SG_EMU_API int sg_emu_declare_shared(uint64_t offset, uint64_t n_bytes, int dynamic) {
  const int32_t k = sg_emu_shadow.n_shared;
  for (int32_t known = 0; known < k; ++known) {  // the library was loaded before
    if (sg_emu_shadow.shared_offset[known] == offset) return 1;
  }
  if (k == SG_EMU_MOST_SHARED_ARRAYS) return 0;
  sg_emu_shadow.shared[k].n_bytes = sg_emu_shadow.shared[k].most_bytes = n_bytes;
  sg_emu_shadow.shared[k].written = (uint8_t *)__builtin_calloc(n_bytes, 1);
  sg_emu_shadow.shared_offset[k] = offset;
  if (dynamic) sg_emu_shadow.dynamic = k + 1;
  sg_emu_shadow.n_shared = k + 1;
  return sg_emu_shadow.shared[k].written != nullptr;
}
SG_EMU_API const sg_emu_finding *sg_emu_findings(int *n, uint64_t *shared_begin) {
  *n = sg_emu_shadow.n_findings;
  *shared_begin = (uint64_t)sg_emu_shared.begin;
  return sg_emu_shadow.findings;
}

#endif
