// One variable of exp(M) x for small matrices that differ from element to element.
//
// sg_flow(row, n, starts, m, x) returns sum over j of exp(M)[row][j] x[j]. M is n x n, finite, by
// rows of SG_FLOW_MOST entries, block lower triangular; bit i of `starts` is set where a diagonal
// block begins at row i. Callers: any thread.
//
// Method: scaling and squaring with a Taylor series (Higham, SIAM J. Matrix Anal. Appl. 26, 2005).
// The norm that decides how often is squared is that of the diagonal blocks alone, balanced
// (Parlett and Reinsch, Numer. Math. 13, 1969), so that neither the units of the variables nor what
// feeds them count. After the series and after every squaring, blocks of one and two are replaced
// by their own exponentials, computed afresh (Al-Mohy and Higham, SIAM J. Matrix Anal. Appl. 31,
// 2009): squaring does not amplify their errors. Error: a few units in the last place of each entry
// where M is triangular and the paths to the entry have one sign; else about 1e-16 (1e-7 in
// float32) times the norm of the largest block, which is what a rounding of M itself changes.
#ifndef SG_LINEAR_FLOW_H
#define SG_LINEAR_FLOW_H

#include "math_exp.h"
#include "math_trig.h"

#define SG_FLOW_MOST 8  // variables
#define SG_FLOW_TERMS 15        // and one more for each block: 0.5^17 / 17! is 2e-20
#define SG_FLOW_SWEEPS 4        // of balancing
#define SG_FLOW_SQUARINGS 1100  // more than any finite matrix needs

#define SG_FLOW_REAL double
#define SG_FLOW(name) name
#include "linear_flow_body.h"
#undef SG_FLOW_REAL
#undef SG_FLOW
#define SG_FLOW_REAL float
#define SG_FLOW(name) name##f
#include "linear_flow_body.h"
#undef SG_FLOW_REAL
#undef SG_FLOW

#endif
