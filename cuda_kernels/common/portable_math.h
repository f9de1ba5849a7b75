// All functions that give the same bits on every target. Their numpy mirror is simgen.numerics.
//
// Names: sg_exp on double, sg_expf on float. Floor division and modulo name their type instead
// (sg_mod_f64, sg_mod_f32, sg_mod_i64, sg_mod_i32).
#ifndef SG_PORTABLE_MATH_H
#define SG_PORTABLE_MATH_H

#include "linear_flow.h"
#include "math_exp.h"
#include "math_hyperbolic.h"
#include "math_inverse.h"
#include "math_log.h"
#include "math_pow.h"
#include "math_round.h"
#include "math_trig.h"

#endif
