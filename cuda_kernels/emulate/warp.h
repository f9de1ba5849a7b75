// Functions of a warp. Every lane of the mask must call the same function with the same mask; a
// lane that ended or does not exist counts as missing, although newer devices let it pass.
//
// What a lane reads from one outside the mask is undefined on a device, and 0xcc... here.
#ifndef SG_EMULATE_WARP_H
#define SG_EMULATE_WARP_H

#include "barrier.h"

enum sg_emu_warp_operation {
  SG_EMU_SYNC, SG_EMU_BALLOT, SG_EMU_ANY, SG_EMU_ALL, SG_EMU_SHFL, SG_EMU_UP, SG_EMU_DOWN,
  SG_EMU_XOR, SG_EMU_MATCH_ANY,
};

// The lane that `lane` reads from in a shuffle; itself where it would leave its segment.
SG_EMU_OWN static inline int32_t sg_emu_source_lane(const sg_emu_thread &self, int32_t lane) {
  const int32_t begin = lane & ~(self.width - 1), last = begin + self.width - 1;
  int32_t source = lane;
  if (self.operation == SG_EMU_SHFL) source = begin + (self.operand & (self.width - 1));
  if (self.operation == SG_EMU_UP) source = lane - self.operand;
  if (self.operation == SG_EMU_DOWN) source = lane + self.operand;
  if (self.operation == SG_EMU_XOR) source = lane ^ self.operand;
  // an exchange may reach an earlier segment, but no later one
  const int32_t lowest = self.operation == SG_EMU_XOR ? 0 : begin;
  return source < lowest || source > last ? lane : source;
}

// Sets the result of every lane; all lanes of the mask have arrived with one operation.
SG_EMU_OWN static void sg_emu_exchange(sg_emu_thread *lanes, int32_t operation, uint32_t mask) {
  uint32_t ballot = 0;
  for (int32_t lane = 0; lane < SG_EMU_WARP; ++lane) {
    if (!(mask >> lane & 1u)) continue;
    ballot |= lanes[lane].value ? 1u << lane : 0u;
  }
  for (int32_t lane = 0; lane < SG_EMU_WARP; ++lane) {
    if (!(mask >> lane & 1u)) continue;
    sg_emu_thread &self = lanes[lane];
    uint64_t result = 0;
    if (operation == SG_EMU_BALLOT) result = ballot;
    if (operation == SG_EMU_ANY) result = ballot != 0;
    if (operation == SG_EMU_ALL) result = ballot == mask;
    if (operation >= SG_EMU_SHFL && operation <= SG_EMU_XOR) {
      const int32_t source = sg_emu_source_lane(self, lane);
      result = mask >> source & 1u ? lanes[source].value : 0xccccccccccccccccull;
    }
    if (operation == SG_EMU_MATCH_ANY) {
      for (int32_t other = 0; other < SG_EMU_WARP; ++other) {
        const int equal = (mask >> other & 1u) && lanes[other].value == self.value;
        result |= equal ? 1u << other : 0u;
      }
    }
    self.result = result;
  }
}

// Lets the lanes of `mask` go on if all of them are here.
SG_EMU_OWN static void sg_emu_meet(int32_t warp, int32_t operation, uint32_t mask) {
  if ((sg_emu.at_warp[warp] & mask) != mask) return;
  const int32_t first = warp * SG_EMU_WARP;
  sg_emu_thread *const lanes = sg_emu.threads + first;
  for (int32_t lane = 0; lane < SG_EMU_WARP; ++lane) {
    if (!(mask >> lane & 1u)) continue;
    if (lanes[lane].site.mask != mask || lanes[lane].operation != operation) return;
  }
  sg_emu.at_warp[warp] &= ~mask;
  sg_emu_exchange(lanes, operation, mask);
  if (operation == SG_EMU_SYNC) sg_emu_check_warp(first, mask);
  const int32_t n = sg_emu.n_threads - first < SG_EMU_WARP ? sg_emu.n_threads - first : SG_EMU_WARP;
  for (int32_t k = 0; k < n; ++k) {
    const int32_t thread = sg_emu.lanes[first + k];
    if (mask >> (thread - first) & 1u) sg_emu_make_ready(thread);
  }
}

SG_EMU_OWN __attribute__((noinline)) static uint64_t sg_emu_warp(
    sg_emu_warp_operation operation, uint32_t mask, uint64_t value, int32_t operand, int32_t width,
    const char *call, const char *file, int line) {
  sg_emu_thread &self = sg_emu.threads[sg_emu.current];
  self.site = sg_emu_site{call, file, line, SG_EMU_AT_WARP, mask};
  self.operation = operation;
  self.operand = operand;
  self.width = width;
  self.value = value;
  if (!(mask >> (sg_emu.current % SG_EMU_WARP) & 1u)) sg_emu_abort(SG_EMU_NOT_IN_MASK);
  if (width < 1 || width > SG_EMU_WARP || (width & (width - 1))) sg_emu_abort(SG_EMU_WIDTH);
  sg_emu.at_warp[sg_emu.current / SG_EMU_WARP] |= 1u << sg_emu.current % SG_EMU_WARP;
  sg_emu_meet(sg_emu.current / SG_EMU_WARP, operation, mask);
  sg_emu_wait();
  self.site.call = nullptr;
  return self.result;
}

SG_EMU_OWN static inline void __syncwarp(unsigned mask = 0xffffffffu, SG_EMU_HERE) {
  sg_emu_warp(SG_EMU_SYNC, mask, 0, 0, 32, "__syncwarp", file, line);
}
SG_EMU_OWN static inline unsigned __ballot_sync(unsigned mask, int predicate, SG_EMU_HERE) {
  return (unsigned)sg_emu_warp(SG_EMU_BALLOT, mask, predicate != 0, 0, 32, "__ballot_sync", file,
                               line);
}
SG_EMU_OWN static inline int __any_sync(unsigned mask, int predicate, SG_EMU_HERE) {
  return (int)sg_emu_warp(SG_EMU_ANY, mask, predicate != 0, 0, 32, "__any_sync", file, line);
}
SG_EMU_OWN static inline int __all_sync(unsigned mask, int predicate, SG_EMU_HERE) {
  return (int)sg_emu_warp(SG_EMU_ALL, mask, predicate != 0, 0, 32, "__all_sync", file, line);
}

template <class T>
SG_EMU_OWN static inline uint64_t sg_emu_word(T value) {
  uint64_t word = 0;
  __builtin_memcpy(&word, &value, sizeof value);
  return word;
}
template <class T>
SG_EMU_OWN static inline T sg_emu_from_word(uint64_t word) {
  T value;
  __builtin_memcpy(&value, &word, sizeof value);
  return value;
}

#define SG_EMU_SHUFFLE(name, operation, T, second)                                            \
  SG_EMU_OWN static inline T name(unsigned mask, T value, second operand, int width = 32,     \
                                  SG_EMU_HERE) {                                              \
    return sg_emu_from_word<T>(sg_emu_warp(operation, mask, sg_emu_word(value), (int)operand, \
                                           width, #name, file, line));                        \
  }
#define SG_EMU_WARP_TYPE(T)                                  \
  SG_EMU_SHUFFLE(__shfl_sync, SG_EMU_SHFL, T, int)           \
  SG_EMU_SHUFFLE(__shfl_up_sync, SG_EMU_UP, T, unsigned)     \
  SG_EMU_SHUFFLE(__shfl_down_sync, SG_EMU_DOWN, T, unsigned) \
  SG_EMU_SHUFFLE(__shfl_xor_sync, SG_EMU_XOR, T, int)        \
  SG_EMU_OWN static inline unsigned __match_any_sync(unsigned mask, T value, SG_EMU_HERE) {    \
    return (unsigned)sg_emu_warp(SG_EMU_MATCH_ANY, mask, sg_emu_word(value), 0, 32,            \
                                 "__match_any_sync", file, line);                              \
  }
SG_EMU_WARP_TYPE(int)
SG_EMU_WARP_TYPE(unsigned)
SG_EMU_WARP_TYPE(long)
SG_EMU_WARP_TYPE(unsigned long)
SG_EMU_WARP_TYPE(long long)
SG_EMU_WARP_TYPE(unsigned long long)
SG_EMU_WARP_TYPE(float)
SG_EMU_WARP_TYPE(double)

// The lanes that happen to run together are no fact of the program.
unsigned __activemask() = delete;

#endif
