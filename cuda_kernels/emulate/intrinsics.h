// The functions of one thread that CUDA declares by itself: bit casts, bit counts, mathematics.
#ifndef SG_EMULATE_INTRINSICS_H
#define SG_EMULATE_INTRINSICS_H

#define SG_EMU_FN static inline __attribute__((always_inline, unused))

template <class To, class From>
SG_EMU_FN To sg_emu_cast(From value) {
  static_assert(sizeof(To) == sizeof(From), "a bit cast keeps the size");
  To result;
  __builtin_memcpy(&result, &value, sizeof result);
  return result;
}
SG_EMU_FN long long __double_as_longlong(double x) { return sg_emu_cast<long long>(x); }
SG_EMU_FN double __longlong_as_double(long long x) { return sg_emu_cast<double>(x); }
SG_EMU_FN int __float_as_int(float x) { return sg_emu_cast<int>(x); }
SG_EMU_FN float __int_as_float(int x) { return sg_emu_cast<float>(x); }
SG_EMU_FN unsigned __float_as_uint(float x) { return sg_emu_cast<unsigned>(x); }
SG_EMU_FN float __uint_as_float(unsigned x) { return sg_emu_cast<float>(x); }
SG_EMU_FN int __double2hiint(double x) { return (int)(__double_as_longlong(x) >> 32); }
SG_EMU_FN int __double2loint(double x) { return (int)__double_as_longlong(x); }
SG_EMU_FN double __hiloint2double(int high, int low) {
  return __longlong_as_double((long long)((unsigned long long)(unsigned)high << 32 | (unsigned)low));
}

SG_EMU_FN int __popc(unsigned x) { return __builtin_popcount(x); }
SG_EMU_FN int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
SG_EMU_FN int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
SG_EMU_FN int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
SG_EMU_FN int __ffs(int x) { return __builtin_ffs(x); }
SG_EMU_FN int __ffsll(long long x) { return __builtin_ffsll(x); }
SG_EMU_FN unsigned __brev(unsigned x) {
  unsigned reversed = 0;
  for (int bit = 0; bit < 32; ++bit) reversed |= (x >> bit & 1u) << (31 - bit);
  return reversed;
}
SG_EMU_FN unsigned __umulhi(unsigned a, unsigned b) {
  return (unsigned)((unsigned long long)a * b >> 32);
}
SG_EMU_FN int __mulhi(int a, int b) { return (int)((long long)a * b >> 32); }
SG_EMU_FN unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)((unsigned __int128)a * b >> 64);
}
SG_EMU_FN long long __mul64hi(long long a, long long b) { return (long long)((__int128)a * b >> 64); }

SG_EMU_FN double __dadd_rn(double a, double b) { return a + b; }
SG_EMU_FN double __dsub_rn(double a, double b) { return a - b; }
SG_EMU_FN double __dmul_rn(double a, double b) { return a * b; }
SG_EMU_FN double __ddiv_rn(double a, double b) { return a / b; }
SG_EMU_FN double __dsqrt_rn(double x) { return __builtin_sqrt(x); }
SG_EMU_FN double __fma_rn(double a, double b, double c) { return __builtin_fma(a, b, c); }
SG_EMU_FN float __fadd_rn(float a, float b) { return a + b; }
SG_EMU_FN float __fsub_rn(float a, float b) { return a - b; }
SG_EMU_FN float __fmul_rn(float a, float b) { return a * b; }
SG_EMU_FN float __fdiv_rn(float a, float b) { return a / b; }
SG_EMU_FN float __fsqrt_rn(float x) { return __builtin_sqrtf(x); }
SG_EMU_FN float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
SG_EMU_FN long long __double2ll_rn(double x) { return (long long)__builtin_rint(x); }
SG_EMU_FN long long __double2ll_rz(double x) { return (long long)x; }
SG_EMU_FN int __double2int_rn(double x) { return (int)__builtin_rint(x); }
SG_EMU_FN int __double2int_rz(double x) { return (int)x; }
SG_EMU_FN int __float2int_rn(float x) { return (int)__builtin_rintf(x); }
SG_EMU_FN int __float2int_rz(float x) { return (int)x; }

#define SG_EMU_LOAD(name) \
  template <class T>      \
  SG_EMU_FN T name(const T *address) { return *address; }
#define SG_EMU_STORE(name) \
  template <class T>       \
  SG_EMU_FN void name(T *address, T value) { *address = value; }
SG_EMU_LOAD(__ldg)
SG_EMU_LOAD(__ldca)
SG_EMU_LOAD(__ldcg)
SG_EMU_LOAD(__ldcs)
SG_EMU_LOAD(__ldlu)
SG_EMU_LOAD(__ldcv)
SG_EMU_STORE(__stwb)
SG_EMU_STORE(__stcg)
SG_EMU_STORE(__stcs)
SG_EMU_STORE(__stwt)

// Mathematics: the C names, which are overloaded for float, and the names with f.
#define SG_EMU_MATH1(name)                                       \
  SG_EMU_FN double name(double x) { return __builtin_##name(x); } \
  SG_EMU_FN float name(float x) { return __builtin_##name##f(x); } \
  SG_EMU_FN float name##f(float x) { return __builtin_##name##f(x); }
#define SG_EMU_MATH2(name)                                                         \
  SG_EMU_FN double name(double x, double y) { return __builtin_##name(x, y); }     \
  SG_EMU_FN float name(float x, float y) { return __builtin_##name##f(x, y); }     \
  SG_EMU_FN float name##f(float x, float y) { return __builtin_##name##f(x, y); }
#define SG_EMU_EACH1(M)                                                                     \
  M(exp) M(exp2) M(expm1) M(log) M(log2) M(log10) M(log1p) M(sqrt) M(cbrt) M(sin) M(cos)    \
  M(tan) M(sinh) M(cosh) M(tanh) M(asin) M(acos) M(atan) M(asinh) M(acosh) M(atanh) M(erf)  \
  M(erfc) M(lgamma) M(tgamma) M(floor) M(ceil) M(trunc) M(round) M(rint) M(nearbyint) M(fabs)
#define SG_EMU_EACH2(M) M(pow) M(fmod) M(atan2) M(hypot) M(fmin) M(fmax) M(fdim) M(copysign)

SG_EMU_EACH1(SG_EMU_MATH1)
SG_EMU_EACH2(SG_EMU_MATH2)
SG_EMU_FN double fma(double x, double y, double z) { return __builtin_fma(x, y, z); }
SG_EMU_FN float fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
SG_EMU_FN float fmaf(float x, float y, float z) { return __builtin_fmaf(x, y, z); }

#define SG_EMU_EXTREMES(T)                               \
  SG_EMU_FN T min(T a, T b) { return b < a ? b : a; }    \
  SG_EMU_FN T max(T a, T b) { return a < b ? b : a; }
SG_EMU_EXTREMES(int)
SG_EMU_EXTREMES(unsigned)
SG_EMU_EXTREMES(long)
SG_EMU_EXTREMES(unsigned long)
SG_EMU_EXTREMES(long long)
SG_EMU_EXTREMES(unsigned long long)
SG_EMU_FN float min(float a, float b) { return __builtin_fminf(a, b); }
SG_EMU_FN float max(float a, float b) { return __builtin_fmaxf(a, b); }
SG_EMU_FN double min(double a, double b) { return __builtin_fmin(a, b); }
SG_EMU_FN double max(double a, double b) { return __builtin_fmax(a, b); }
SG_EMU_FN int abs(int x) { return x < 0 ? -x : x; }
SG_EMU_FN long long abs(long long x) { return x < 0 ? -x : x; }
SG_EMU_FN double abs(double x) { return __builtin_fabs(x); }
SG_EMU_FN float abs(float x) { return __builtin_fabsf(x); }
SG_EMU_FN double rsqrt(double x) { return 1.0 / __builtin_sqrt(x); }
SG_EMU_FN float rsqrtf(float x) { return 1.0f / __builtin_sqrtf(x); }
SG_EMU_FN bool isnan(double x) { return __builtin_isnan(x); }
SG_EMU_FN bool isinf(double x) { return __builtin_isinf(x); }
SG_EMU_FN bool isfinite(double x) { return __builtin_isfinite(x); }

#endif
