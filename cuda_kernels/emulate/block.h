// The threads of one block: their states, who runs next, and what is known when nobody can.
//
// A thread that never waits costs a call: the fibre that ran it takes the next one. Only a thread
// that waits keeps its fibre, and the next one starts on another. So kernels without barriers and
// warp functions are plain loops, and nothing need be known about them beforehand.
#ifndef SG_EMULATE_BLOCK_H
#define SG_EMULATE_BLOCK_H

#include "fibre.h"

#define SG_EMU_MOST_THREADS 1024
#define SG_EMU_WARP 32

enum sg_emu_state { SG_EMU_NEW, SG_EMU_READY, SG_EMU_AT_BARRIER, SG_EMU_AT_WARP, SG_EMU_ENDED };
enum sg_emu_order { SG_EMU_FORWARD, SG_EMU_REVERSE, SG_EMU_SHUFFLED };

// Faults; the numbers are known to simgen/targets/cuda/emulate/faults.py.
enum sg_emu_kind {
  SG_EMU_FINE = 0,
  SG_EMU_DIVERGENT = 1,   // nobody can go on
  SG_EMU_BARRIERS = 2,    // the threads of a block wait at different barriers
  SG_EMU_NOT_IN_MASK = 3, // a lane calls a warp function whose mask leaves it out
  SG_EMU_WIDTH = 4,       // a width that is no power of 2 up to 32
  SG_EMU_TRAP = 5,
  SG_EMU_NO_MEMORY = 6,
  SG_EMU_FOUND = 7,       // the checks of loads and stores found something
};

// Where a thread waits. `call` is null for one that does not.
typedef struct {
  const char *call, *file;
  int32_t line, state;
  uint32_t mask;
} sg_emu_site;

typedef struct {
  int32_t kind, thread;
  int64_t block;
  sg_emu_site site;
} sg_emu_fault;

typedef struct {
  uint32_t x, y, z;
} sg_emu_triple;

typedef struct {
  sg_emu_triple index;
  sg_emu_fibre *fibre;
  sg_emu_site site;
  int32_t operation, operand, width;
  uint64_t value, result;
} sg_emu_thread;

#define SG_EMU_HIDDEN __attribute__((visibility("hidden")))
#define SG_EMU_API extern "C" SG_EMU_OWN __attribute__((visibility("default")))  // for the host

// Not static: a compiler could prove that a static variable outlives a switch unchanged.
SG_EMU_HIDDEN sg_emu_triple threadIdx, blockIdx, blockDim, gridDim;

// The stacks of a process, which all its libraries use in turn: a stack is two mappings of memory, of
// which a process may have some ten thousands. `owner` used them last.
typedef struct {
  void *owner;
  char *stack[SG_EMU_MOST_THREADS];
} sg_emu_stacks;

// What a device has, whatever library runs: its memories in the order of their addresses.
typedef struct sg_emu_region sg_emu_region;
typedef struct {
  sg_emu_region *regions;
  int64_t n;
  uint32_t *era;     // of the last block; one for all devices, since these share libraries
  double patience;  // seconds that a launch may take
  uint64_t n_launches;
} sg_emu_memory;

struct sg_emu_runtime {
  sg_emu_thread threads[SG_EMU_MOST_THREADS];
  sg_emu_fibre fibres[SG_EMU_MOST_THREADS], scheduler;
  sg_emu_fibre *idle[SG_EMU_MOST_THREADS], *carrier;
  sg_emu_stacks *stacks;
  int32_t sequence[SG_EMU_MOST_THREADS];     // the order in which threads start
  int32_t lanes[SG_EMU_MOST_THREADS];        // the same within each warp
  int32_t ready[SG_EMU_MOST_THREADS];        // a ring of those that may go on
  int32_t ready_begin, n_ready;
  int32_t n_threads, n_started, n_ended, n_at_barrier, n_idle;
  int32_t current, aborted, order;
  uint32_t at_warp[SG_EMU_MOST_THREADS / SG_EMU_WARP];  // lanes that wait in a function of their warp
  uint64_t random, n_blocks, stride, first_block;
  void (*kernel)(void **);
  void **args;
  sg_emu_fault fault;
};
SG_EMU_HIDDEN sg_emu_runtime sg_emu;

SG_EMU_OWN static inline uint64_t sg_emu_random() {  // SplitMix64
  uint64_t word = (sg_emu.random += 0x9e3779b97f4a7c15u);
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
  return word ^ (word >> 31);
}

SG_EMU_OWN static inline void sg_emu_shuffle(int32_t *values, int32_t n) {
  for (int32_t k = n - 1; k > 0; --k) {
    const int32_t other = (int32_t)(sg_emu_random() % (uint64_t)(k + 1)), kept = values[k];
    values[k] = values[other];
    values[other] = kept;
  }
}

// The k-th block that runs. A walk with a stride that has no divisor in common with the number of
// blocks visits each of them once.
SG_EMU_OWN static inline uint64_t sg_emu_block_at(uint64_t k) {
  if (sg_emu.order == SG_EMU_FORWARD) return k;
  if (sg_emu.order == SG_EMU_REVERSE) return sg_emu.n_blocks - 1 - k;
  return (k * sg_emu.stride + sg_emu.first_block) % sg_emu.n_blocks;  // fits: under 2^32 blocks
}

SG_EMU_OWN static inline void sg_emu_make_current(int32_t thread) {
  sg_emu.current = thread;
  threadIdx = sg_emu.threads[thread].index;
}

// Ends the launch from inside a thread; the stacks of all threads are dropped.
SG_EMU_OWN __attribute__((noreturn, noinline)) static void sg_emu_abort(int32_t kind) {
  sg_emu_thread &thread = sg_emu.threads[sg_emu.current];
  sg_emu.fault.kind = kind;
  sg_emu.fault.thread = sg_emu.current;
  sg_emu.fault.site = thread.site;
  sg_emu.aborted = 1;
  sg_emu_fibre dropped;
  sg_emu_switch(&dropped, &sg_emu.scheduler);
  __builtin_unreachable();
}

// What every fibre does: it takes threads until one of them waits, and goes on when that one does.
SG_EMU_OWN static void sg_emu_carry() {
  for (;;) {
    while (sg_emu.n_ready == 0 && sg_emu.n_started < sg_emu.n_threads) {
      const int32_t thread = sg_emu.sequence[sg_emu.n_started++];
      sg_emu_make_current(thread);
      sg_emu.threads[thread].fibre = sg_emu.carrier;
      sg_emu.threads[thread].site.state = SG_EMU_READY;
      sg_emu.kernel(sg_emu.args);
      sg_emu_thread &ended = sg_emu.threads[sg_emu.current];
      ended.site.state = SG_EMU_ENDED;
      sg_emu.carrier = ended.fibre;
      ++sg_emu.n_ended;
    }
    sg_emu_fibre *const self = sg_emu.carrier;
    sg_emu.idle[sg_emu.n_idle++] = self;
    sg_emu_switch(self, &sg_emu.scheduler);
  }
}

SG_EMU_OWN static inline void sg_emu_make_ready(int32_t thread) {
  sg_emu.threads[thread].site.state = SG_EMU_READY;
  const int32_t place = (sg_emu.ready_begin + sg_emu.n_ready++) % SG_EMU_MOST_THREADS;
  sg_emu.ready[place] = thread;
  if (sg_emu.order == SG_EMU_SHUFFLED) {
    const uint64_t rank = sg_emu_random() % (uint64_t)sg_emu.n_ready;
    const int32_t other = (sg_emu.ready_begin + (int32_t)rank) % SG_EMU_MOST_THREADS;
    sg_emu.ready[place] = sg_emu.ready[other];
    sg_emu.ready[other] = thread;
  }
}

SG_EMU_OWN static inline int32_t sg_emu_take_ready() {
  const int32_t thread = sg_emu.ready[sg_emu.ready_begin];
  sg_emu.ready_begin = (sg_emu.ready_begin + 1) % SG_EMU_MOST_THREADS;
  --sg_emu.n_ready;
  return thread;
}

// A fibre on which threads that have not started can run; null when memory is exhausted.
SG_EMU_OWN static sg_emu_fibre *sg_emu_idle_fibre() {
  sg_emu_fibre *const fibre = sg_emu.idle[--sg_emu.n_idle];
  if (fibre->prepared) return fibre;
  char *&stack = sg_emu.stacks->stack[fibre - sg_emu.fibres];
  if (!stack) stack = sg_emu_new_stack();
  if (!stack) return nullptr;
  fibre->stack = stack;
  sg_emu_fibre_prepare(fibre, sg_emu_carry);
  return fibre;
}

// Lets others run until this thread is ready again.
SG_EMU_OWN __attribute__((noinline)) static void sg_emu_wait() {
  const int32_t self = sg_emu.current;
  sg_emu_fibre *const fibre = sg_emu.threads[self].fibre;
  if (sg_emu.n_ready > 0) {
    const int32_t next = sg_emu_take_ready();
    if (next != self) {
      sg_emu_make_current(next);
      sg_emu_switch(fibre, sg_emu.threads[next].fibre);
    }
  } else {
    sg_emu_switch(fibre, &sg_emu.scheduler);
  }
  sg_emu_make_current(self);
}

// Puts the threads of a block into the order asked for.
SG_EMU_OWN static void sg_emu_arrange(int32_t n) {
  int32_t filled[SG_EMU_MOST_THREADS / SG_EMU_WARP] = {0};
  for (int32_t k = 0; k < n; ++k) {
    sg_emu.sequence[k] = sg_emu.order == SG_EMU_REVERSE ? n - 1 - k : k;
  }
  if (sg_emu.order == SG_EMU_SHUFFLED) sg_emu_shuffle(sg_emu.sequence, n);
  for (int32_t k = 0; k < n; ++k) {
    const int32_t warp = sg_emu.sequence[k] / SG_EMU_WARP;
    sg_emu.lanes[warp * SG_EMU_WARP + filled[warp]++] = sg_emu.sequence[k];
  }
}

// Makes all fibres idle. They are prepared again if another library used the stacks meanwhile, or if
// the last launch was aborted.
SG_EMU_OWN static void sg_emu_take_stacks(sg_emu_stacks *stacks) {
  if (stacks->owner == &sg_emu && sg_emu.n_idle == SG_EMU_MOST_THREADS) return;
  stacks->owner = &sg_emu;
  sg_emu.stacks = stacks;
  sg_emu.n_idle = 0;
  for (int32_t k = SG_EMU_MOST_THREADS - 1; k >= 0; --k) {
    sg_emu.fibres[k].prepared = 0;
    sg_emu.idle[sg_emu.n_idle++] = &sg_emu.fibres[k];
  }
}

// Runs the threads of one block to their end; returns the fault.
SG_EMU_OWN static int32_t sg_emu_run_block() {
  sg_emu.n_started = sg_emu.n_ended = sg_emu.n_at_barrier = 0;
  sg_emu.ready_begin = sg_emu.n_ready = sg_emu.aborted = 0;
  for (int32_t k = 0; k < SG_EMU_MOST_THREADS / SG_EMU_WARP; ++k) sg_emu.at_warp[k] = 0;
  for (int32_t k = 0; k < sg_emu.n_threads; ++k) {
    sg_emu.threads[k].site = sg_emu_site{nullptr, nullptr, 0, SG_EMU_NEW, 0};
  }
  while (!sg_emu.aborted) {
    if (sg_emu.n_ready > 0) {
      const int32_t next = sg_emu_take_ready();
      sg_emu_make_current(next);
      sg_emu_switch(&sg_emu.scheduler, sg_emu.threads[next].fibre);
    } else if (sg_emu.n_started < sg_emu.n_threads) {
      sg_emu_fibre *const fibre = sg_emu_idle_fibre();
      if (!fibre) {
        sg_emu.fault.kind = SG_EMU_NO_MEMORY;
        break;
      }
      sg_emu.carrier = fibre;
      sg_emu_switch(&sg_emu.scheduler, fibre);
    } else {
      break;
    }
  }
  if (!sg_emu.fault.kind && sg_emu.n_ended < sg_emu.n_threads) {
    sg_emu.fault.kind = SG_EMU_DIVERGENT;
    sg_emu.fault.thread = -1;
  }
  return sg_emu.fault.kind;
}

#endif
