// Lane values of every operand type, and the arithmetic that AMD's documents define differently
// from C: NaN propagation, minimum and maximum, saturation, conversions. Included by the files that
// are compiled once per host instruction set, hence the namespace.
//
// Rounding and denormals: f32 and f64 operations are the host's, run under MXCSR as MODE asks
// (run.cpp); f16 denormals are flushed here. NaN results: the first source that is a NaN, quieted,
// else the positive default NaN.
#pragma once

#include "runtime/emulator/isa/inst.h"

#include <string.h>

#define W2W_INLINE static inline __attribute__((always_inline))

namespace w2w::emu::isa::W2W_VARIANT {

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;
typedef unsigned __int128 u128;

template <class To, class From> W2W_INLINE To bits(From f) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, f);
}

W2W_INLINE float f16_to_f32(u32 h) {
  return float(bits<_Float16>(u16(h)));
}
/// Rounds as MXCSR says; a NaN keeps its upper payload.
W2W_INLINE u32 f32_to_f16(float f) {
  return bits<u16>(_Float16(f));
}
W2W_INLINE float bf16_to_f32(u32 h) {
  return bits<float>(h << 16);
}
W2W_INLINE u32 f32_to_bf16(float f) {
  u32 b = bits<u32>(f);
  u32 r = (b + 0x7fff + ((b >> 16) & 1)) >> 16;
  return f == f ? r : (b >> 16 | 0x40);
}
/// To f32, with the last bit sticky: a later rounding to 22 bits or fewer is then a single one.
W2W_INLINE float f64_to_f32_odd(double x) {
  float f = float(x);
  double back = double(f);
  u32 b = bits<u32>(f);
  // Truncate towards zero, then make the result odd if anything was lost.
  bool larger = __builtin_fabs(back) > __builtin_fabs(x);
  u32 t = larger ? b - 1 : b;
  u32 odd = t | 1;
  return (back != x && x == x) ? bits<float>(odd) : f;
}

W2W_INLINE float quiet(float x) {
  return bits<float>(bits<u32>(x) | 0x00400000u);
}
W2W_INLINE double quiet(double x) {
  return bits<double>(bits<u64>(x) | 0x0008000000000000ull);
}
W2W_INLINE float default_nan(float) {
  return bits<float>(0x7fc00000u);
}
W2W_INLINE double default_nan(double) {
  return bits<double>(u64(0x7ff8000000000000ull));
}
W2W_INLINE bool is_snan(float x) {
  return x != x && !(bits<u32>(x) & 0x00400000u);
}
W2W_INLINE bool is_snan(double x) {
  return x != x && !(bits<u64>(x) & 0x0008000000000000ull);
}
W2W_INLINE bool sign_bit(float x) {
  return bits<u32>(x) >> 31;
}
W2W_INLINE bool sign_bit(double x) {
  return bits<u64>(x) >> 63;
}

// The selection is between integers: LLVM takes all NaNs for one, and would drop it between
// floating-point values.
W2W_INLINE u32 raw(float x) {
  return bits<u32>(x);
}
W2W_INLINE u64 raw(double x) {
  return bits<u64>(x);
}
template <class T> W2W_INLINE T nan1(T r, T a) {
  return bits<T>(r == r ? raw(r) : a != a ? raw(quiet(a)) : raw(default_nan(r)));
}
template <class T> W2W_INLINE T nan2(T r, T a, T b) {
  return bits<T>(r == r   ? raw(r)
                 : a != a ? raw(quiet(a))
                 : b != b ? raw(quiet(b))
                          : raw(default_nan(r)));
}
template <class T> W2W_INLINE T nan3(T r, T a, T b, T c) {
  return bits<T>(r == r   ? raw(r)
                 : a != a ? raw(quiet(a))
                 : b != b ? raw(quiet(b))
                 : c != c ? raw(quiet(c))
                          : raw(default_nan(r)));
}
template <class T> W2W_INLINE T fadd(T a, T b) {
  return nan2(T(a + b), a, b);
}
template <class T> W2W_INLINE T fsub(T a, T b) {
  return nan2(T(a - b), a, b);
}
template <class T> W2W_INLINE T fmul(T a, T b) {
  return nan2(T(a * b), a, b);
}
W2W_INLINE float ffma(float a, float b, float c) {
  return nan3(__builtin_fmaf(a, b, c), a, b, c);
}
W2W_INLINE double ffma(double a, double b, double c) {
  return nan3(__builtin_fma(a, b, c), a, b, c);
}
/// f16 operands held as floats. The f64 result is exact or far from any f16 midpoint.
W2W_INLINE float ffma16(float a, float b, float c) {
  float r = f64_to_f32_odd(__builtin_fma(double(a), double(b), double(c)));
  return nan3(r, a, b, c);
}
/// Multiplication in which zero times anything is zero (v_mul_legacy_f32, v_mul_dx9_zero_f32).
W2W_INLINE float fmul_legacy(float a, float b) {
  return a == 0 || b == 0 ? 0.0f : fmul(a, b);
}

/// What MODE leaves of a source that is returned as it is: bits 4 and 6 keep f32 and f64 denormals.
/// (f16 ones are gone before.)
W2W_INLINE float kept(float x, u32 m) {
  u32 b = bits<u32>(x);
  return bits<float>(!(m & 0x10) && !(b & 0x7f800000u) ? b & 0x80000000u : b);
}
W2W_INLINE double kept(double x, u32 m) {
  u64 b = bits<u64>(x);
  return bits<double>(!(m & 0x40) && !(b & 0x7ff0000000000000ull) ? b & 0x8000000000000000ull : b);
}
/// v_min_f32 and v_max_f32 with `r` the choice between numbers: a NaN loses against a number, but
/// in IEEE mode (MODE bit 9, until gfx11) a signalling one is returned quieted. Of two NaNs the
/// second is returned until gfx10, the first on gfx11, the first and quieted on gfx12.
template <class T> W2W_INLINE T choose_number(T r, T a, T b, u32 m) {
  u32 generation = m >> kGenerationShift;
  auto both = generation <= 10 ? raw(b) : generation == 11 ? raw(a) : raw(quiet(a));
  bool ieee = (m & 0x200) && generation < 12;
  auto x = a != a ? (b != b ? both : raw(b)) : b != b ? raw(a) : raw(r);
  x = ieee && is_snan(b) ? raw(quiet(b)) : x;
  x = ieee && is_snan(a) ? raw(quiet(a)) : x;
  return kept(bits<T>(x), m);
}
/// -0 < +0.
template <class T> W2W_INLINE T fmin2(T a, T b, u32 m) {
  return choose_number(a < b || (a == b && sign_bit(a)) ? a : b, a, b, m);
}
template <class T> W2W_INLINE T fmax2(T a, T b, u32 m) {
  return choose_number(a > b || (a == b && !sign_bit(a)) ? a : b, a, b, m);
}
/// gfx12 v_minimum_f32 and v_maximum_f32 (IEEE 754-2019) with `r` the choice between numbers: a NaN
/// wins, a signalling one against a quiet one.
template <class T> W2W_INLINE T choose_nan(T r, T a, T b, u32 m) {
  auto x = a != a ? raw(quiet(a)) : b != b ? raw(quiet(b)) : raw(r);
  x = is_snan(b) && !is_snan(a) ? raw(quiet(b)) : x;
  return kept(bits<T>(x), m);
}
template <class T> W2W_INLINE T fminimum(T a, T b, u32 m) {
  return choose_nan(a < b || (a == b && sign_bit(a)) ? a : b, a, b, m);
}
template <class T> W2W_INLINE T fmaximum(T a, T b, u32 m) {
  return choose_nan(a > b || (a == b && !sign_bit(a)) ? a : b, a, b, m);
}
template <class T> W2W_INLINE T fmed3(T a, T b, T c, u32 m) {
  T most = fmax2(fmax2(a, b, m), c, m);
  T r = most == a ? fmax2(b, c, m) : most == b ? fmax2(a, c, m) : fmax2(a, b, m);
  return a != a || b != b || c != c ? fmin2(fmin2(a, b, m), c, m) : r;
}
template <class T> W2W_INLINE T min2(T a, T b) {
  return a < b ? a : b;
}
template <class T> W2W_INLINE T max2(T a, T b) {
  return a > b ? a : b;
}
template <class T> W2W_INLINE T med3(T a, T b, T c) {
  return max2(min2(a, b), min2(max2(a, b), c));
}

W2W_INLINE float flush32(float x) {
  return (bits<u32>(x) & 0x7f800000u) == 0 ? bits<float>(bits<u32>(x) & 0x80000000u) : x;
}

/// Conversions to integers: truncated, saturated, NaN = 0.
W2W_INLINE i32 f32_to_i32(float f) {
  i32 r = i32(f >= -2147483648.0f && f < 2147483648.0f ? f : 0.0f);
  r = f >= 2147483648.0f ? 0x7fffffff : r;
  return f < -2147483648.0f ? i32(0x80000000) : r;
}
W2W_INLINE u32 f32_to_u32(float f) {
  bool in = f > -1.0f && f < 4294967296.0f;
  u32 r = u32(i64(in ? f : 0.0f));
  return f >= 4294967296.0f ? 0xffffffffu : r;
}
W2W_INLINE i32 f64_to_i32(double f) {
  i32 r = i32(f > -2147483649.0 && f < 2147483648.0 ? f : 0.0);
  r = f >= 2147483648.0 ? 0x7fffffff : r;
  return f <= -2147483649.0 ? i32(0x80000000) : r;
}
W2W_INLINE u32 f64_to_u32(double f) {
  bool in = f > -1.0 && f < 4294967296.0;
  u32 r = u32(i64(in ? f : 0.0));
  return f >= 4294967296.0 ? 0xffffffffu : r;
}
W2W_INLINE i32 clamp_i(i64 x, i32 lo, i32 hi) {
  return x < lo ? lo : x > hi ? hi : i32(x);
}
W2W_INLINE u32 clamp_u(i64 x, u32 hi) {
  return x < 0 ? 0 : x > i64(hi) ? hi : u32(x);
}

// ---- Lane types: load lane i of a row, store it
// -------------------------------------------------------------------

#define W2W_LANE_TYPE(NAME, VALUE, LOAD, STORE)                                                    \
  struct T##NAME {                                                                                 \
    using value = VALUE;                                                                           \
    W2W_INLINE value load(const u32 *p, unsigned i, unsigned n, u32 m) { return LOAD; }            \
    W2W_INLINE void store(u32 *p, unsigned i, unsigned n, u32 m, value x) { STORE; }               \
  };
struct TNone {
  using value = u32;
  W2W_INLINE u32 load(const u32 *, unsigned, unsigned, u32) { return 0; }
};
W2W_INLINE u64 load64(const u32 *p, unsigned i, unsigned n) {
  return p[i] | u64(p[i + n]) << 32;
}
W2W_INLINE void store64(u32 *p, unsigned i, unsigned n, u64 x) {
  p[i] = u32(x), p[i + n] = u32(x >> 32);
}
/// MODE bit 6: f16 and f64 denormal sources are kept; bit 7: results.
/// NaNs stay as they are, signalling ones too, which the host's conversions would quiet.
W2W_INLINE float load_f16(u32 h, u32 m) {
  u32 x = (h & 0x7c00) == 0 && !(m & 0x40) ? h & 0x8000 : h;
  u32 nan = (h & 0x8000) << 16 | 0x7f800000u | (h & 0x3ff) << 13;
  return bits<float>((h & 0x7fff) > 0x7c00 ? nan : bits<u32>(f16_to_f32(x)));
}
W2W_INLINE u32 store_f16(float f, u32 m) {
  u32 x = f32_to_f16(f), b = bits<u32>(f);
  x = (b & 0x7fffffff) > 0x7f800000 ? (b >> 16 & 0x8000) | 0x7c00 | (b >> 13 & 0x3ff) : x;
  return (x & 0x7c00) == 0 && !(m & 0x80) ? x & 0x8000 : x;
}
struct Pair16 {
  u32 lo, hi;
};
struct PairF {
  float lo, hi;
};
struct PairB {
  u32 lo, hi;
};
W2W_LANE_TYPE(B8, u32, p[i] & 0xff, p[i] = x & 0xff)
W2W_LANE_TYPE(B16, u32, p[i] & 0xffff, p[i] = x & 0xffff)
W2W_LANE_TYPE(U16, u32, p[i] & 0xffff, p[i] = x & 0xffff)
W2W_LANE_TYPE(I16, i32, i16(p[i]), p[i] = u32(x) & 0xffff)
W2W_LANE_TYPE(F16, float, load_f16(p[i] & 0xffff, m), p[i] = store_f16(x, m))
W2W_LANE_TYPE(BF16, float, bf16_to_f32(p[i] & 0xffff), p[i] = f32_to_bf16(x))
W2W_LANE_TYPE(B32, u32, p[i], p[i] = x)
W2W_LANE_TYPE(U32, u32, p[i], p[i] = x)
W2W_LANE_TYPE(I32, i32, i32(p[i]), p[i] = u32(x))
W2W_LANE_TYPE(F32, float, bits<float>(p[i]), p[i] = bits<u32>(x))
W2W_LANE_TYPE(B64, u64, load64(p, i, n), store64(p, i, n, x))
W2W_LANE_TYPE(U64, u64, load64(p, i, n), store64(p, i, n, x))
W2W_LANE_TYPE(I64, i64, i64(load64(p, i, n)), store64(p, i, n, u64(x)))
W2W_LANE_TYPE(F64, double, bits<double>(load64(p, i, n)), store64(p, i, n, bits<u64>(x)))
W2W_LANE_TYPE(KI16, u32, p[i], p[i] = x)
W2W_LANE_TYPE(KU16, u32, p[i], p[i] = x)
W2W_LANE_TYPE(KF16, u32, p[i], p[i] = x)
W2W_LANE_TYPE(KBF16, u32, p[i], p[i] = x)
W2W_LANE_TYPE(KF32, u64, load64(p, i, n), store64(p, i, n, x))
W2W_LANE_TYPE(KB32, u64, load64(p, i, n), store64(p, i, n, x))
W2W_LANE_TYPE(Mix, float, bits<float>(p[i]), p[i] = bits<u32>(x))
#undef W2W_LANE_TYPE

} // namespace w2w::emu::isa::W2W_VARIANT
