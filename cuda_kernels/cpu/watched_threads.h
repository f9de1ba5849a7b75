// OpenMP's threads made of plain ones, whose start and end ThreadSanitizer sees.
//
// It is put before programs that are compiled with -fsanitize=thread (see commands/fuzz/races.py):
// GCC's own library is not compiled for it, so that every variable which one thread writes before a
// parallel region, and another reads in it, would be reported. Calls of `#pragma omp parallel` and
// of `omp parallel for schedule(static)` come here.
#ifndef SG_CPU_WATCHED_THREADS_H
#define SG_CPU_WATCHED_THREADS_H

#include <pthread.h>
#include <stdlib.h>

#define SG_WATCHED extern "C" __attribute__((visibility("hidden")))

typedef struct {
  void (*body)(void *);
  void *data;
  int number, together;
} sg_watched;

static thread_local sg_watched sg_myself = {nullptr, nullptr, 0, 1};

static void *sg_begin_watched(void *given) {
  sg_myself = *(const sg_watched *)given;
  sg_myself.body(sg_myself.data);
  return nullptr;
}

SG_WATCHED void GOMP_parallel(void (*body)(void *), void *data, unsigned wanted, unsigned) {
  const int together = wanted > 0 ? (int)wanted : 1;
  pthread_t *const threads = (pthread_t *)malloc(sizeof(pthread_t) * (size_t)together);
  sg_watched *const given = (sg_watched *)malloc(sizeof(sg_watched) * (size_t)together);
  if (threads == nullptr || given == nullptr) abort();
  for (int k = 0; k < together; ++k) given[k] = {body, data, k, together};
  for (int k = 1; k < together; ++k) {
    if (pthread_create(&threads[k], nullptr, sg_begin_watched, &given[k]) != 0) abort();
  }
  const sg_watched before = sg_myself;
  sg_begin_watched(&given[0]);
  sg_myself = before;
  for (int k = 1; k < together; ++k) pthread_join(threads[k], nullptr);
  free(threads);
  free(given);
}

SG_WATCHED int omp_get_thread_num(void) { return sg_myself.number; }
SG_WATCHED int omp_get_num_threads(void) { return sg_myself.together; }

#endif
