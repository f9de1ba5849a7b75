// The random functions of generated code: single draws at a counter, and fills for neighbouring
// elements. uniform.h: sg_draw_rand, sg_draw_randn; poisson.h: sg_draw_poisson; binomial.h:
// sg_draw_binomial; truncated_normal.h: sg_draw_truncated_normal; counter.h: sg_at_element,
// sg_at_synapse. Float32 siblings end in f; integer results are int64 in both.
#ifndef SG_DISTRIBUTIONS_H
#define SG_DISTRIBUTIONS_H

#include "binomial.h"
#include "counter.h"
#include "poisson.h"
#include "truncated_normal.h"
#include "uniform.h"

#if !defined(__CUDACC__)
#include "random_fill.h"
#include "random_fill_counts.h"
#endif

#endif
