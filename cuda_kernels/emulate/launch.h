// How a host program runs kernels; the declarations are known to
// simgen/targets/cuda/emulate/loaded.py.
#ifndef SG_EMULATE_LAUNCH_H
#define SG_EMULATE_LAUNCH_H

#include "check.h"
#include "shared.h"

typedef struct {
  int32_t kernel, order;
  uint32_t grid[3], block[3];
  uint32_t shared_bytes, unused;
  uint64_t seed;
  void **args;
  sg_emu_stacks *stacks;
  sg_emu_memory *memory;
} sg_emu_launch;

// A parameter in one letter: p(ointer), b(ool), f(loat), i(nteger), u(nsigned), s(tructure).
template <class T, bool structure = __is_class(T)>
struct sg_emu_letter {
  static constexpr char value = T(2) == T(1)             ? 'b'
                                : T(1) / T(2) != T(0)    ? 'f'
                                : T(-1) > T(0)           ? 'u'
                                                         : 'i';
};
template <class T>
struct sg_emu_letter<T, true> {
  static constexpr char value = 's';
};
template <class T>
struct sg_emu_letter<T *, false> {
  static constexpr char value = 'p';
};

template <int... numbers>
struct sg_emu_numbers {};
template <int n, int... numbers>
struct sg_emu_count : sg_emu_count<n - 1, n - 1, numbers...> {};
template <int... numbers>
struct sg_emu_count<0, numbers...> {
  typedef sg_emu_numbers<numbers...> type;
};

// What is known of a kernel: how to call it with pointers to its arguments, and its parameters.
template <auto kernel>
struct sg_emu_caller;
template <class... Parameters, void (*kernel)(Parameters...)>
struct sg_emu_caller<kernel> {
  static constexpr char letters[] = {sg_emu_letter<Parameters>::value..., 0};
  static constexpr int32_t sizes[] = {(int32_t)sizeof(Parameters)..., 0};
  SG_EMU_OWN static void call(void **args) {
    unpack(args, typename sg_emu_count<(int)sizeof...(Parameters)>::type());
  }
  template <int... numbers>
  SG_EMU_OWN static inline void unpack(void **args, sg_emu_numbers<numbers...>) {
    kernel(*(Parameters *)args[numbers]...);
  }
};

typedef struct {
  const char *name, *letters;
  const int32_t *sizes;
  void (*call)(void **);
  int most_threads;  // of a block; 0 where the source sets no bound
} sg_emu_kernel;

#define SG_EMU_KERNEL(name, most_threads)                             \
  {#name, sg_emu_caller<&name>::letters, sg_emu_caller<&name>::sizes, \
   sg_emu_caller<&name>::call, most_threads},

SG_EMU_OWN static sg_emu_triple sg_emu_split(uint64_t k, sg_emu_triple size) {
  return sg_emu_triple{(uint32_t)(k % size.x), (uint32_t)(k / size.x % size.y),
                       (uint32_t)(k / size.x / size.y)};
}

SG_EMU_OWN static uint64_t sg_emu_stride(uint64_t n) {
  for (;;) {
    const uint64_t stride = 1 + sg_emu_random() % n;
    uint64_t a = n, b = stride;
    while (b) {
      const uint64_t rest = a % b;
      a = b;
      b = rest;
    }
    if (a == 1) return stride;
  }
}

// Runs all blocks, one after the other; returns the kind of the fault, whose rest is in `sg_emu`.
SG_EMU_OWN static int32_t sg_emu_run_grid(const sg_emu_kernel *kernels, const sg_emu_launch *launch) {
  const uint64_t n_blocks = (uint64_t)launch->grid[0] * launch->grid[1] * launch->grid[2];
  sg_emu_locate_shared();
  gridDim = sg_emu_triple{launch->grid[0], launch->grid[1], launch->grid[2]};
  blockDim = sg_emu_triple{launch->block[0], launch->block[1], launch->block[2]};
  sg_emu.n_threads = (int32_t)(blockDim.x * blockDim.y * blockDim.z);
  sg_emu.kernel = kernels[launch->kernel].call;
  sg_emu.args = launch->args;
  sg_emu.order = launch->order;
  sg_emu.random = launch->seed ^ (++launch->memory->n_launches << 32);  // another order each time
  sg_emu.fault = sg_emu_fault{};
  sg_emu.n_blocks = n_blocks;
  sg_emu.stride = sg_emu_stride(n_blocks);
  sg_emu.first_block = sg_emu_random() % n_blocks;
  for (int32_t k = 0; k < sg_emu.n_threads; ++k) {
    sg_emu.threads[k].index = sg_emu_split((uint64_t)k, blockDim);
  }
  sg_emu_arrange(sg_emu.n_threads);
  sg_emu_take_stacks(launch->stacks);
  sg_emu_check_launch(launch->memory, launch->shared_bytes);
  for (uint64_t k = 0; k < n_blocks; ++k) {
    const uint64_t block = sg_emu_block_at(k);
    blockIdx = sg_emu_split(block, gridDim);
    sg_emu_spoil_shared(launch->shared_bytes);
    sg_emu_check_block();
    if (sg_emu_run_block()) {
      sg_emu.fault.block = (int64_t)block;
      break;
    }
  }
  sg_emu_check_end();
  return sg_emu.fault.kind;
}

// Ends the text that defines the kernels. A list of launches may name kernels of several libraries,
// so each one brings the function that runs it; the list stops at the first fault. Plain types, since
// cuda.h gives the source's own fixed-width integers other names.
#define SG_EMU_MODULE(...)                                                                        \
  static const sg_emu_kernel sg_emu_kernels[] = {__VA_ARGS__{}};                                  \
  SG_EMU_API const sg_emu_kernel *sg_emu_table() { return sg_emu_kernels; }                       \
  SG_EMU_API int sg_emu_run(const sg_emu_launch *launch) {                                        \
    return sg_emu_run_grid(sg_emu_kernels, launch);                                               \
  }                                                                                               \
  SG_EMU_API const sg_emu_fault *sg_emu_last_fault() { return &sg_emu.fault; }                    \
  SG_EMU_API const sg_emu_site *sg_emu_site_of(int thread) {                                      \
    return &sg_emu.threads[thread].site;                                                          \
  }                                                                                               \
  SG_EMU_API long long sg_emu_replay(int (*const *run)(const sg_emu_launch *),                    \
                                   const sg_emu_launch *const *launches, long long n,             \
                                   long long times) {                                             \
    for (long long k = 0; k < n * times; ++k) {                                                   \
      if (run[k % n](launches[k % n])) return k;                                                  \
    }                                                                                             \
    return -1;                                                                                    \
  }

#endif
