// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"):
// a stateless map of (counter, key) to four random words.
//
// Callers: any thread, for any counter, in any order; there is no state. The layout of the counter
// is in counter.h. Integer operations only, so every target yields the same words.
#ifndef SG_PHILOX_H
#define SG_PHILOX_H

#include "types.h"

typedef struct {
  uint32_t w0, w1, w2, w3;
} sg_block;

// One round and the key's Weyl step. Written as widening products, which vectorise.
#define SG_PHILOX_ROUND(c0, c1, c2, c3, k0, k1)            \
  do {                                                     \
    uint64_t sg_product0 = (uint64_t)0xD2511F53u * (c0);   \
    uint64_t sg_product1 = (uint64_t)0xCD9E8D57u * (c2);   \
    uint32_t sg_mixed0 = (uint32_t)(sg_product1 >> 32) ^ (c1) ^ (k0); \
    uint32_t sg_mixed2 = (uint32_t)(sg_product0 >> 32) ^ (c3) ^ (k1); \
    (c0) = sg_mixed0;                                      \
    (c1) = (uint32_t)sg_product1;                          \
    (c2) = sg_mixed2;                                      \
    (c3) = (uint32_t)sg_product0;                          \
    (k0) += 0x9E3779B9u;                                   \
    (k1) += 0xBB67AE85u;                                   \
  } while (0)

// The four words that belong to a counter and a key.
SG_FN sg_block sg_philox_block(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint64_t key) {
  uint32_t k0 = (uint32_t)key;
  uint32_t k1 = (uint32_t)(key >> 32);
  SG_PHILOX_ROUND(c0, c1, c2, c3, k0, k1);
  SG_PHILOX_ROUND(c0, c1, c2, c3, k0, k1);
  SG_PHILOX_ROUND(c0, c1, c2, c3, k0, k1);
  SG_PHILOX_ROUND(c0, c1, c2, c3, k0, k1);
  SG_PHILOX_ROUND(c0, c1, c2, c3, k0, k1);
  SG_PHILOX_ROUND(c0, c1, c2, c3, k0, k1);
  SG_PHILOX_ROUND(c0, c1, c2, c3, k0, k1);
  SG_PHILOX_ROUND(c0, c1, c2, c3, k0, k1);
  SG_PHILOX_ROUND(c0, c1, c2, c3, k0, k1);
  SG_PHILOX_ROUND(c0, c1, c2, c3, k0, k1);
  sg_block block = {c0, c1, c2, c3};
  return block;
}

SG_FN void sg_philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint64_t key,
                     uint32_t out[4]) {
  sg_block block = sg_philox_block(c0, c1, c2, c3, key);
  out[0] = block.w0;
  out[1] = block.w1;
  out[2] = block.w2;
  out[3] = block.w3;
}

// Words 2*lane (low) and 2*lane+1 (high) of a block as one 64-bit word; lane is 0 or 1.
SG_FN uint64_t sg_block_word64(sg_block block, uint32_t lane) {
  uint64_t first = (uint64_t)block.w0 | ((uint64_t)block.w1 << 32);
  uint64_t second = (uint64_t)block.w2 | ((uint64_t)block.w3 << 32);
  return lane ? second : first;
}

// Word `lane` (0 to 3) of a block.
SG_FN uint32_t sg_block_word32(sg_block block, uint32_t lane) {
  uint32_t low = (lane & 1u) ? block.w1 : block.w0;
  uint32_t high = (lane & 1u) ? block.w3 : block.w2;
  return (lane & 2u) ? high : low;
}

// The key of one draw site: `stream` numbers the site, `copy` the batch copy of the network.
// 0x73696d67 is "simg" in ASCII; it keeps these counters apart from the counters of draws.
SG_FN uint64_t sg_derive_key(uint64_t seed, uint32_t stream, uint32_t copy) {
  return sg_block_word64(sg_philox_block(stream, copy, 0x73696d67u, 0u, seed), 0u);
}

#endif
