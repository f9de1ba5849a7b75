// The functions of linear_flow.h, once for each precision: SG_FLOW_REAL is the type and SG_FLOW
// makes the names. Included only there. Callers: any thread.

struct SG_FLOW(sg_square) {
  SG_FLOW_REAL v[SG_FLOW_MOST * SG_FLOW_MOST];
};
struct SG_FLOW(sg_column) {
  SG_FLOW_REAL v[SG_FLOW_MOST];
};

// The largest column sum of the balanced diagonal blocks; `first`, `last` bound each row's block.
SG_CALLED SG_FLOW_REAL SG_FLOW(sg_flow_norm)(int n, const int *first, const int *last,
                                             const SG_FLOW(sg_square) * m) {
  SG_FLOW(sg_square) w;
  for (int i = 0; i < n; i++)
    for (int j = first[i]; j < last[i]; j++) {
      SG_FLOW_REAL entry = m->v[i * SG_FLOW_MOST + j];
      w.v[i * SG_FLOW_MOST + j] = entry < 0 ? -entry : entry;
    }
  for (int sweep = 0; sweep < SG_FLOW_SWEEPS; sweep++)
    for (int i = 0; i < n; i++) {
      SG_FLOW_REAL row = 0, column = 0;
      for (int j = first[i]; j < last[i]; j++)
        if (j != i) {
          row = row + w.v[i * SG_FLOW_MOST + j];
          column = column + w.v[j * SG_FLOW_MOST + i];
        }
      if (!(row > 0 && column > 0)) continue;
      SG_FLOW_REAL scale = SG_FLOW(sg_sqrt)(column / row);
      for (int j = first[i]; j < last[i]; j++)
        if (j != i) {
          w.v[i * SG_FLOW_MOST + j] = w.v[i * SG_FLOW_MOST + j] * scale;
          w.v[j * SG_FLOW_MOST + i] = w.v[j * SG_FLOW_MOST + i] / scale;
        }
    }
  SG_FLOW_REAL largest = 0;
  for (int j = 0; j < n; j++) {
    SG_FLOW_REAL sum = 0;
    for (int i = first[j]; i < last[j]; i++) sum = sum + w.v[i * SG_FLOW_MOST + j];
    largest = sum > largest ? sum : largest;
  }
  return largest;
}

// out = a b for block lower triangular matrices; what lies above the blocks is not touched.
SG_CALLED void SG_FLOW(sg_flow_multiply)(int n, const int *first, const int *last,
                                         const SG_FLOW(sg_square) * a,
                                         const SG_FLOW(sg_square) * b, SG_FLOW(sg_square) * out) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j < last[i]; j++) {
      SG_FLOW_REAL sum = 0;
      for (int k = first[j]; k < last[i]; k++)
        sum = sum + a->v[i * SG_FLOW_MOST + k] * b->v[k * SG_FLOW_MOST + j];
      out->v[i * SG_FLOW_MOST + j] = sum;
    }
}

// Overwrites the diagonal blocks of one and two variables in p by exp(m scale).
//
// exp(A) = level I + slope (A - middle I), middle being half the trace and middle +- root the
// eigenvalues: level is the mean of their exponentials and slope the divided difference.
SG_CALLED void SG_FLOW(sg_flow_restore)(int n, const int *first, const int *last,
                                        const SG_FLOW(sg_square) * m, SG_FLOW_REAL scale,
                                        SG_FLOW(sg_square) * p) {
  for (int i = 0; i < n; i = last[i]) {
    int place = i * (SG_FLOW_MOST + 1);
    if (last[i] - first[i] == 1) p->v[place] = SG_FLOW(sg_exp)(m->v[place] * scale);
    if (last[i] - first[i] != 2) continue;
    SG_FLOW_REAL a = m->v[place] * scale, b = m->v[place + 1] * scale;
    SG_FLOW_REAL c = m->v[place + SG_FLOW_MOST] * scale;
    SG_FLOW_REAL d = m->v[place + SG_FLOW_MOST + 1] * scale;
    SG_FLOW_REAL middle = (SG_FLOW_REAL)0.5 * (a + d), half = (SG_FLOW_REAL)0.5 * (a - d);
    SG_FLOW_REAL square = half * half + b * c;
    SG_FLOW_REAL root = SG_FLOW(sg_sqrt)(square < 0 ? -square : square);
    SG_FLOW_REAL level, slope;
    if (square < 0) {
      SG_FLOW_REAL damping = SG_FLOW(sg_exp)(middle);
      level = damping * SG_FLOW(sg_cos)(root);
      slope = damping * (SG_FLOW(sg_sin)(root) / root);
    } else {
      SG_FLOW_REAL larger = SG_FLOW(sg_exp)(middle + root);
      level = (SG_FLOW_REAL)0.5 * (larger + SG_FLOW(sg_exp)(middle - root));
      slope = larger * SG_FLOW(sg_exprel)((SG_FLOW_REAL)-2 * root);
    }
    p->v[place] = level + slope * half;
    p->v[place + 1] = slope * b;
    p->v[place + SG_FLOW_MOST] = slope * c;
    p->v[place + SG_FLOW_MOST + 1] = level - slope * half;
  }
}

SG_CALLED SG_FLOW_REAL SG_FLOW(sg_flow)(int row, int n, unsigned starts, SG_FLOW(sg_square) m,
                                        SG_FLOW(sg_column) x) {
  int first[SG_FLOW_MOST] = {0}, last[SG_FLOW_MOST] = {0}, blocks = 0;
  for (int i = 0; i < n; i++) {
    first[i] = starts >> i & 1u ? i : first[i - 1];
    blocks += starts >> i & 1u;
  }
  for (int i = n - 1; i >= 0; i--)
    last[i] = i == n - 1 || starts >> (i + 1) & 1u ? i + 1 : last[i + 1];
  SG_FLOW_REAL norm = SG_FLOW(sg_flow_norm)(n, first, last, &m), scale = 1;
  int squarings = 0;
  for (; norm > (SG_FLOW_REAL)0.5 && squarings < SG_FLOW_SQUARINGS; squarings++) {
    norm = norm * (SG_FLOW_REAL)0.5;
    scale = scale * (SG_FLOW_REAL)0.5;
  }
  SG_FLOW(sg_square) scaled, power, product;
  for (int i = 0; i < n; i++)
    for (int j = 0; j < last[i]; j++) {
      scaled.v[i * SG_FLOW_MOST + j] = m.v[i * SG_FLOW_MOST + j] * scale;
      power.v[i * SG_FLOW_MOST + j] = i == j ? 1 : 0;
    }
  for (int term = SG_FLOW_TERMS + blocks; term > 0; term--) {
    SG_FLOW(sg_flow_multiply)(n, first, last, &scaled, &power, &product);
    for (int i = 0; i < n; i++)
      for (int j = 0; j < last[i]; j++) {
        SG_FLOW_REAL whole = i == j ? 1 : 0, part = product.v[i * SG_FLOW_MOST + j];
        power.v[i * SG_FLOW_MOST + j] = whole + part / (SG_FLOW_REAL)term;
      }
  }
  SG_FLOW(sg_flow_restore)(n, first, last, &m, scale, &power);
  for (int level = 0; level < squarings; level++) {
    SG_FLOW(sg_flow_multiply)(n, first, last, &power, &power, &product);
    scale = scale * 2;
    for (int i = 0; i < n; i++)
      for (int j = 0; j < last[i]; j++)
        power.v[i * SG_FLOW_MOST + j] = product.v[i * SG_FLOW_MOST + j];
    SG_FLOW(sg_flow_restore)(n, first, last, &m, scale, &power);
  }
  SG_FLOW_REAL sum = 0;
  for (int j = 0; j < last[row]; j++)  // what is 0 stays so, also where a growth overflows
    sum = sum + (x.v[j] == 0 ? 0 : power.v[row * SG_FLOW_MOST + j] * x.v[j]);
  return sum;
}
