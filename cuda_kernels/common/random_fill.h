// Uniform and normal numbers of neighbouring elements, many at a time (host only): out[k] belongs
// to element first + k and equals the single draw at sg_at_element(first + k, step, draw).
//
// Callers: one thread for its own piece of `out`; `first` may be odd.
// Measured, ns per number on one Zen 5 core with AVX-512 / AVX2: rand 0.5 / 1.0, randn 1.4 / 2.8;
// float32: rand 0.3 / 0.6, randn 0.6 / 1.2.
#ifndef SG_RANDOM_FILL_H
#define SG_RANDOM_FILL_H

#include "uniform.h"

#define SG_FILL_BLOCKS 64
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

// The words 0-1 (low) and 2-3 (high) of SG_FILL_BLOCKS blocks from `block` on.
static inline void sg_philox_blocks(uint64_t block, uint32_t c1, uint32_t c2, uint32_t c3,
                                    uint64_t key, uint64_t *low, uint64_t *high) {
  const sg_lanes zero = {0};
  const sg_lanes multiplier0 = zero + 0xD2511F53u;
  const sg_lanes multiplier1 = zero + 0xCD9E8D57u;
  sg_lanes index = zero + block;
  for (int lane = 0; lane < SG_LANES; lane++) index[lane] += (uint64_t)lane;
  for (int start = 0; start < SG_FILL_BLOCKS; start += SG_CHAINS * SG_LANES) {
    sg_lanes x0[SG_CHAINS], x1[SG_CHAINS], x2[SG_CHAINS], x3[SG_CHAINS];
#pragma GCC unroll 4
    for (int c = 0; c < SG_CHAINS; c++) {
      x0[c] = index + (uint64_t)(start + c * SG_LANES);
      x1[c] = zero + c1;
      x2[c] = zero + c2;
      x3[c] = zero + c3;
    }
    uint32_t k0 = (uint32_t)key;
    uint32_t k1 = (uint32_t)(key >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
#pragma GCC unroll 4
      for (int c = 0; c < SG_CHAINS; c++) {
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
    for (int c = 0; c < SG_CHAINS; c++) {
      *(sg_lanes *)(low + start + c * SG_LANES) = (x0[c] & 0xffffffffu) | (x1[c] << 32);
      *(sg_lanes *)(high + start + c * SG_LANES) = (x2[c] & 0xffffffffu) | (x3[c] << 32);
    }
  }
}
#else
static inline void sg_philox_blocks(uint64_t block, uint32_t c1, uint32_t c2, uint32_t c3,
                                    uint64_t key, uint64_t *low, uint64_t *high) {
  SG_SIMD
  for (int k = 0; k < SG_FILL_BLOCKS; k++) {
    sg_block words = sg_philox_block((uint32_t)(block + (uint64_t)k), c1, c2, c3, key);
    low[k] = sg_block_word64(words, 0u);
    high[k] = sg_block_word64(words, 1u);
  }
}
#endif

// Words of the chunk of blocks that holds `element`'s block first; `shift` is 1 or 2.
static inline void sg_fill_words(int64_t element, int shift, uint64_t key, int64_t step,
                                 uint32_t draw, uint64_t *low, uint64_t *high) {
  sg_philox_blocks((uint64_t)element >> shift, 0u, (uint32_t)step, sg_draw_field(step, draw, 0u),
                   key, low, high);
}

// Copies the numbers of a chunk that belong to out[done] on; returns how many.
static inline int64_t sg_fill_take(void *out, const void *values, int64_t skip, int64_t chunk,
                                   int64_t left, int64_t size) {
  int64_t taken = chunk - skip < left ? chunk - skip : left;
  __builtin_memcpy(out, (const char *)values + skip * size, (uint64_t)(taken * size));
  return taken;
}

static inline void sg_fill_rand(double *out, int64_t first, int64_t count, uint64_t key,
                                int64_t step, uint32_t draw) {
  uint64_t low[SG_FILL_BLOCKS];
  uint64_t high[SG_FILL_BLOCKS];
  double values[2 * SG_FILL_BLOCKS];
  for (int64_t done = 0; done < count;) {
    sg_fill_words(first + done, 1, key, step, draw, low, high);
    SG_SIMD
    for (int k = 0; k < SG_FILL_BLOCKS; k++) {
      values[2 * k] = sg_unit(low[k]);
      values[2 * k + 1] = sg_unit(high[k]);
    }
    done += sg_fill_take(out + done, values, (first + done) & 1, 2 * SG_FILL_BLOCKS, count - done,
                         sizeof(double));
  }
}

static inline void sg_fill_randn(double *out, int64_t first, int64_t count, uint64_t key,
                                 int64_t step, uint32_t draw) {
  uint64_t low[SG_FILL_BLOCKS];
  uint64_t high[SG_FILL_BLOCKS];
  double values[2 * SG_FILL_BLOCKS];
  for (int64_t done = 0; done < count;) {
    sg_fill_words(first + done, 1, key, step, draw, low, high);
    SG_SIMD
    for (int k = 0; k < SG_FILL_BLOCKS; k++)
      sg_normal_pair(low[k], high[k], &values[2 * k], &values[2 * k + 1]);
    done += sg_fill_take(out + done, values, (first + done) & 1, 2 * SG_FILL_BLOCKS, count - done,
                         sizeof(double));
  }
}

static inline void sg_fill_randf(float *out, int64_t first, int64_t count, uint64_t key,
                                 int64_t step, uint32_t draw) {
  uint64_t low[SG_FILL_BLOCKS];
  uint64_t high[SG_FILL_BLOCKS];
  float values[4 * SG_FILL_BLOCKS];
  for (int64_t done = 0; done < count;) {
    sg_fill_words(first + done, 2, key, step, draw, low, high);
    SG_SIMD
    for (int k = 0; k < SG_FILL_BLOCKS; k++) {
      values[4 * k] = sg_unitf((uint32_t)low[k]);
      values[4 * k + 1] = sg_unitf((uint32_t)(low[k] >> 32));
      values[4 * k + 2] = sg_unitf((uint32_t)high[k]);
      values[4 * k + 3] = sg_unitf((uint32_t)(high[k] >> 32));
    }
    done += sg_fill_take(out + done, values, (first + done) & 3, 4 * SG_FILL_BLOCKS, count - done,
                         sizeof(float));
  }
}

static inline void sg_fill_randnf(float *out, int64_t first, int64_t count, uint64_t key,
                                  int64_t step, uint32_t draw) {
  uint64_t words[2 * SG_FILL_BLOCKS];  // pairs of words: each makes two numbers
  uint64_t low[SG_FILL_BLOCKS];
  uint64_t high[SG_FILL_BLOCKS];
  float values[4 * SG_FILL_BLOCKS];
  for (int64_t done = 0; done < count;) {
    sg_fill_words(first + done, 2, key, step, draw, low, high);
    for (int k = 0; k < SG_FILL_BLOCKS; k++) {
      words[2 * k] = low[k];
      words[2 * k + 1] = high[k];
    }
    SG_SIMD
    for (int k = 0; k < 2 * SG_FILL_BLOCKS; k++)
      sg_normal_pairf((uint32_t)words[k], (uint32_t)(words[k] >> 32), &values[2 * k],
                      &values[2 * k + 1]);
    done += sg_fill_take(out + done, values, (first + done) & 3, 4 * SG_FILL_BLOCKS, count - done,
                         sizeof(float));
  }
}

#endif
