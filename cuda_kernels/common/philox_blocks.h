// Philox's words of many neighbouring counters (host only): as philox.h has them, several at a time.
//
// Callers: any thread.
#ifndef SG_PHILOX_BLOCKS_H
#define SG_PHILOX_BLOCKS_H

#include "philox.h"

#define SG_CHAINS 4  // groups of counters worked on in turns: a round waits for the one before it

#if defined(__x86_64__) && defined(__AVX2__)
// Eight (four) counters side by side, each word in the low half of a 64-bit lane. The widening
// product reads low halves only, so that the high halves need no clearing. Compilers do not find
// this instruction from plain C in all versions; intrinsics would need a header of half a second.
#if defined(__AVX512F__)
#define SG_LANES 8
#define SG_LANES_REGISTER "v"
#else
#define SG_LANES 4
#define SG_LANES_REGISTER "x"
#endif
typedef uint64_t sg_lanes __attribute__((vector_size(8 * SG_LANES), aligned(8), may_alias));

SG_FN sg_lanes sg_lanes_product(sg_lanes a, sg_lanes b) {
  sg_lanes product;
  __asm__("vpmuludq %2, %1, %0"
          : "=" SG_LANES_REGISTER(product)
          : SG_LANES_REGISTER(a), SG_LANES_REGISTER(b));
  return product;
}

// The words 0-1 (low) and 2-3 (high) of N blocks, a multiple of 8, whose counters differ in the word
// Counted (0 or 1): that goes on by one from the one that is given.
template <int N, int Counted>
static inline void sg_philox_blocks(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3,
                                    uint64_t key, uint64_t *low, uint64_t *high) {
  enum { CHAINS = N < SG_CHAINS * SG_LANES ? N / SG_LANES : SG_CHAINS };
  static_assert(N % (CHAINS * SG_LANES) == 0, "blocks are made by whole groups");
  const sg_lanes zero = {0};
  const sg_lanes multiplier0 = zero + 0xD2511F53u;
  const sg_lanes multiplier1 = zero + 0xCD9E8D57u;
  sg_lanes index = zero;
  for (int lane = 0; lane < SG_LANES; lane++) index[lane] += (uint64_t)lane;
  for (int start = 0; start < N; start += CHAINS * SG_LANES) {
    sg_lanes x0[CHAINS], x1[CHAINS], x2[CHAINS], x3[CHAINS];
#pragma GCC unroll 4
    for (int c = 0; c < CHAINS; c++) {
      const sg_lanes counted = index + (uint64_t)(start + c * SG_LANES);
      x0[c] = Counted == 0 ? counted + c0 : zero + c0;
      x1[c] = Counted == 1 ? counted + c1 : zero + c1;
      x2[c] = zero + c2;
      x3[c] = zero + c3;
    }
    uint32_t k0 = (uint32_t)key;
    uint32_t k1 = (uint32_t)(key >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
#pragma GCC unroll 4
      for (int c = 0; c < CHAINS; c++) {
        sg_lanes product0 = sg_lanes_product(multiplier0, x0[c]);
        sg_lanes product1 = sg_lanes_product(multiplier1, x2[c]);
        x0[c] = (product1 >> 32) ^ x1[c] ^ (zero + k0);
        x2[c] = (product0 >> 32) ^ x3[c] ^ (zero + k1);
        x1[c] = product1;
        x3[c] = product0;
      }
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
#pragma GCC unroll 4
    for (int c = 0; c < CHAINS; c++) {
      *(sg_lanes *)(low + start + c * SG_LANES) = (x0[c] & 0xffffffffu) | (x1[c] << 32);
      *(sg_lanes *)(high + start + c * SG_LANES) = (x2[c] & 0xffffffffu) | (x3[c] << 32);
    }
  }
}
#else
template <int N, int Counted>
static inline void sg_philox_blocks(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3,
                                    uint64_t key, uint64_t *low, uint64_t *high) {
  SG_SIMD
  for (int k = 0; k < N; k++) {
    const uint32_t counted = (uint32_t)k;
    sg_block words = sg_philox_block(Counted == 0 ? c0 + counted : c0,
                                     Counted == 1 ? c1 + counted : c1, c2, c3, key);
    low[k] = sg_block_word64(words, 0u);
    high[k] = sg_block_word64(words, 1u);
  }
}
#endif

#endif
