// What the expressions of the opcode table call: longer semantics of single lanes.
#pragma once

#include "runtime/emulator/isa/numbers.h"

#include <math.h>

namespace w2w::emu::isa::W2W_VARIANT {

// ---- integers
W2W_INLINE u32 first_not_sign(i32 a) {
  u32 x = u32(a < 0 ? ~a : a);
  return x ? u32(__builtin_clz(x)) : ~0u;
}
W2W_INLINE u32 add_sat_u32(u32 a, u32 b) {
  return a + b < a ? ~0u : a + b;
}
W2W_INLINE i32 sat_i32(i64 x) {
  return clamp_i(x, i32(0x80000000), 0x7fffffff);
}
W2W_INLINE i32 add_sat_i32(i32 a, i32 b) {
  return sat_i32(i64(a) + b);
}
W2W_INLINE i32 sub_sat_i32(i32 a, i32 b) {
  return sat_i32(i64(a) - b);
}
W2W_INLINE i32 i24(u32 a) {
  return i32(a << 8) >> 8;
}
W2W_INLINE i32 bfe_i32(i32 a, u32 at, u32 width) {
  // The field may reach past bit 31: what is shifted in is the sign.
  u32 x = u32(a >> at) & ((1u << width) - 1);
  u32 sign = width ? 1u << (width - 1) : 0;
  return i32((x ^ sign) - sign);
}
/// v_perm_b32: bytes 0-3 of {a, b} are b's. 8-11: the sign of b[15], b[31], a[15], a[31]; 12: 0;
/// above: 0xff.
W2W_INLINE u32 perm_byte(u32 a, u32 b, u32 s) {
  u64 both = u64(a) << 32 | b;
  u32 plain = u32(both >> ((s & 7) * 8)) & 0xff;
  u32 sign = (both >> ((s & 3) * 16 + 15) & 1) ? 0xffu : 0;
  return s > 12 ? 0xffu : s == 12 ? 0 : s >= 8 ? sign : plain;
}
W2W_INLINE u32 perm_b32(u32 a, u32 b, u32 s) {
  return perm_byte(a, b, s & 0xff) | perm_byte(a, b, s >> 8 & 0xff) << 8 |
         perm_byte(a, b, s >> 16 & 0xff) << 16 | perm_byte(a, b, s >> 24) << 24;
}
W2W_INLINE u32 byte_of(u32 x, unsigned k) {
  return x >> (8 * k) & 0xff;
}
W2W_INLINE u32 distance(u32 a, u32 b) {
  return a > b ? a - b : b - a;
}
W2W_INLINE u32 sad_u8(u32 a, u32 b) {
  u32 r = 0;
  for (unsigned k = 0; k < 4; k++)
    r += distance(byte_of(a, k), byte_of(b, k));
  return r;
}
/// A zero byte in b masks the pair.
W2W_INLINE u32 msad_u8(u32 a, u32 b) {
  u32 r = 0;
  for (unsigned k = 0; k < 4; k++)
    r += byte_of(b, k) ? distance(byte_of(a, k), byte_of(b, k)) : 0;
  return r;
}
W2W_INLINE u32 sad_u16(u32 a, u32 b) {
  return distance(a & 0xffff, b & 0xffff) + distance(a >> 16, b >> 16);
}
/// v_qsad_pk_u16_u8, v_mqsad_pk_u16_u8: bytes k to k + 3 of a against those of b, added to the
/// 16-bit lane k of c.
template <bool MASKED> W2W_INLINE u64 quad_sad(u64 a, u32 b, u64 c, bool saturate) {
  u64 r = 0;
  for (unsigned k = 0; k < 4; k++) {
    u32 part = u32(a >> (8 * k));
    u32 sum = (MASKED ? msad_u8(part, b) : sad_u8(part, b)) + u32(c >> (16 * k) & 0xffff);
    r |= u64(saturate && sum > 0xffff ? 0xffffu : sum & 0xffff) << (16 * k);
  }
  return r;
}
W2W_INLINE u32 lerp_u8(u32 a, u32 b, u32 c) {
  u32 r = 0;
  for (unsigned k = 0; k < 4; k++)
    r |= ((byte_of(a, k) + byte_of(b, k) + (byte_of(c, k) & 1)) >> 1 & 0xff) << (8 * k);
  return r;
}
W2W_INLINE i32 dot4_i8(u32 a, u32 b) {
  i32 r = 0;
  for (unsigned k = 0; k < 4; k++)
    r += i32(i8(a >> 8 * k)) * i32(i8(b >> 8 * k));
  return r;
}
W2W_INLINE u32 dot4_u8(u32 a, u32 b) {
  u32 r = 0;
  for (unsigned k = 0; k < 4; k++)
    r += byte_of(a, k) * byte_of(b, k);
  return r;
}
template <class A, class B> W2W_INLINE i32 dot4(u32 a, u32 b) {
  i32 r = 0;
  for (unsigned k = 0; k < 4; k++)
    r += i32(A(a >> 8 * k)) * i32(B(b >> 8 * k));
  return r;
}
W2W_INLINE i32 nibble(u32 x, unsigned k, bool is_signed) {
  return is_signed ? i32(x << (28 - 4 * k)) >> 28 : i32(x >> 4 * k & 15);
}
W2W_INLINE i32 dot8(u32 a, u32 b, bool sa, bool sb) {
  i32 r = 0;
  for (unsigned k = 0; k < 8; k++)
    r += nibble(a, k, sa) * nibble(b, k, sb);
  return r;
}
W2W_INLINE i64 dot2_i16(u32 a, u32 b) {
  return i64(i16(a)) * i16(b) + i64(i16(a >> 16)) * i16(b >> 16);
}
W2W_INLINE u64 dot2_u16(u32 a, u32 b) {
  return u64(u16(a)) * u16(b) + u64(a >> 16) * (b >> 16);
}
W2W_INLINE i32 dot8_i4(u32 a, u32 b) {
  i32 r = 0;
  for (unsigned k = 0; k < 8; k++)
    r += (i32(a << (28 - 4 * k)) >> 28) * (i32(b << (28 - 4 * k)) >> 28);
  return r;
}
W2W_INLINE u32 dot8_u4(u32 a, u32 b) {
  u32 r = 0;
  for (unsigned k = 0; k < 8; k++)
    r += (a >> 4 * k & 15) * (b >> 4 * k & 15);
  return r;
}

// ---- floating point
/// v_mad_f32 and v_mac_f32 of gfx9: rounds twice, and flushes denormals whatever MODE says. Where
/// only rounding to a denormal's bits would bring a product up to the smallest normal number, it is
/// flushed as v_mul_f32's is when MODE flushes (the host's FTZ sees 24 bits); AMD does not say.
W2W_INLINE float mad_flush(float a, float b, float c) {
  a = flush32(a), b = flush32(b), c = flush32(c);
  float p = flush32(a * b);
  float large = a * 0x1p32f * b;
  p = __builtin_fabsf(large) < 0x1p-94f ? __builtin_copysignf(0.0f, p) : p;
  return nan3(flush32(p + c), a, b, c);
}
W2W_INLINE float round_f16(float x) {
  return f16_to_f32(f32_to_f16(x));
}
/// v_mad_f16 of gfx9 and its like: rounds twice.
W2W_INLINE float mad_f16(float a, float b, float c) {
  return nan3(round_f16(a * b) + c, a, b, c);
}
W2W_INLINE float fract(float a) {
  float r = a - __builtin_floorf(a);
  r = r > bits<float>(0x3f7fffffu) ? bits<float>(0x3f7fffffu) : r;
  return nan1(r, a);
}
W2W_INLINE float fract16(float a) {
  float r = a - __builtin_floorf(a);
  float most = bits<float>(0x3f7fe000u); // the largest f16 below one
  r = r > most ? most : r;
  return nan1(r, a);
}
W2W_INLINE double fract(double a) {
  double most = bits<double>(u64(0x3fefffffffffffffull));
  double r = a - __builtin_floor(a);
  r = r > most ? most : r;
  return nan1(r, a);
}
// v_rcp, v_rsq, v_sqrt, v_exp, v_log of f32: denormals are flushed on both sides; correctly rounded
// otherwise (AMD promises 1 ulp). The f64 intermediate rounds right for all but a vanishing number
// of sources.
W2W_INLINE float rcp_f32(float a) {
  a = flush32(a);
  return flush32(nan1(1.0f / a, a));
}
W2W_INLINE float sqrt_f32(float a) {
  a = flush32(a);
  return nan1(__builtin_sqrtf(a), a);
}
W2W_INLINE float rsq_f32(float a) {
  a = flush32(a);
  return nan1(float(1.0 / __builtin_sqrt(double(a))), a);
}
W2W_INLINE double exp2_f64(double a) {
  return ::exp2(a);
}
/// Exact for powers of two, which the host's function is under no directed rounding.
W2W_INLINE double log2_f64(double a) {
  u64 x = bits<u64>(a);
  i32 exponent = i32(x >> 52);
  bool power = !(x & 0x000fffffffffffffull) && exponent > 0 && exponent < 2047;
  return power ? double(exponent - 1023) : ::log2(a);
}
W2W_INLINE float exp_f32(float a) {
  a = flush32(a);
  return flush32(nan1(float(exp2_f64(a)), a));
}
W2W_INLINE float log_f32(float a) {
  a = flush32(a);
  return nan1(float(log2_f64(a)), a);
}
/// Sine and cosine of a number of turns. Exact reduction: f32 and f16 sources leave an exact
/// remainder in f64.
W2W_INLINE double sin_turns(double a) {
  double r = a - __builtin_trunc(a);
  return a - a != 0 ? a - a : ::sin(r * 6.283185307179586476925);
}
W2W_INLINE double cos_turns(double a) {
  double r = a - __builtin_trunc(a);
  double q = __builtin_fabs(r);
  return a - a != 0 ? a - a : q == 0.25 || q == 0.75 ? 0.0 : ::cos(r * 6.283185307179586476925);
}
W2W_INLINE double sin_exact_turns(double a) {
  double r = a - __builtin_trunc(a);
  return __builtin_fabs(r) == 0.5 ? __builtin_copysign(0.0, a) : sin_turns(a);
}
/// gfx9 reduces 256 turns at most; beyond them its sine is 0 and its cosine 1 (Vega ISA; LLVM's
/// FeatureTrigReducedRange).
W2W_INLINE bool out_of_turns(float a, u32 m) {
  return m >> kGenerationShift == 9 && __builtin_fabsf(a) > 256.0f && a - a == 0;
}
W2W_INLINE float sin_f32(float a, u32 m) {
  a = flush32(a);
  float r = flush32(nan1(float(sin_exact_turns(a)), a));
  return out_of_turns(a, m) ? 0.0f : r;
}
W2W_INLINE float cos_f32(float a, u32 m) {
  a = flush32(a);
  float r = flush32(nan1(float(cos_turns(a)), a));
  return out_of_turns(a, m) ? 1.0f : r;
}
W2W_INLINE float sin_f16(float a, u32 m) {
  float r = nan1(f64_to_f32_odd(sin_exact_turns(a)), a);
  return out_of_turns(a, m) ? 0.0f : r;
}
W2W_INLINE float cos_f16(float a, u32 m) {
  float r = nan1(f64_to_f32_odd(cos_turns(a)), a);
  return out_of_turns(a, m) ? 1.0f : r;
}
/// a * 2^e rounded once. The f64 product is exact.
W2W_INLINE float ldexp_f32(float a, i32 e) {
  i32 k = e < -400 ? -400 : e > 400 ? 400 : e;
  double scale = bits<double>(u64(k + 1023) << 52);
  return nan1(float(double(a) * scale), a);
}
W2W_INLINE double ldexp_f64(double a, i32 e) {
  // Two exact steps and one that may round: the result is denormal only in the last.
  i32 k = e < -3000 ? -3000 : e > 3000 ? 3000 : e;
  double r = ::scalbn(a, k);
  return nan1(r, a);
}
W2W_INLINE i32 frexp_exp32(float a) {
  u32 x = bits<u32>(a) & 0x7fffffff;
  i32 normal = i32(x >> 23) - 126;
  i32 denormal = x ? i32(31 - __builtin_clz(x)) - 148 : 0;
  return x >= 0x7f800000 ? 0 : x >= 0x00800000 ? normal : denormal;
}
W2W_INLINE float frexp_mant32(float a) {
  u32 x = bits<u32>(a) & 0x7fffffff;
  u32 sign = bits<u32>(a) & 0x80000000;
  u32 shift = x ? u32(__builtin_clz(x)) - 8 : 0;
  u32 fraction = (x >= 0x00800000 ? x : x << shift) & 0x7fffff;
  float r = x ? bits<float>(sign | 126u << 23 | fraction) : a;
  return x >= 0x7f800000 ? nan1(a, a) : r;
}
W2W_INLINE i32 frexp_exp64(double a) {
  u64 x = bits<u64>(a) & 0x7fffffffffffffffull;
  i32 normal = i32(x >> 52) - 1022;
  i32 denormal = x ? i32(63 - __builtin_clzll(x)) - 1073 : 0;
  return x >= 0x7ff0000000000000ull ? 0 : x >= 0x0010000000000000ull ? normal : denormal;
}
W2W_INLINE double frexp_mant64(double a) {
  u64 x = bits<u64>(a) & 0x7fffffffffffffffull;
  u64 sign = bits<u64>(a) & 0x8000000000000000ull;
  u64 shift = x ? u64(__builtin_clzll(x)) - 11 : 0;
  u64 fraction = (x >= 0x0010000000000000ull ? x : x << shift) & 0x000fffffffffffffull;
  double r = x ? bits<double>(sign | 1022ull << 52 | fraction) : a;
  return x >= 0x7ff0000000000000ull ? nan1(a, a) : r;
}
W2W_INLINE int exponent_of(float x) {
  return int(bits<u32>(x) >> 23 & 0xff);
}
W2W_INLINE int exponent_of(double x) {
  return int(bits<u64>(x) >> 52 & 0x7ff);
}
template <class T> inline T infinity();
template <> inline __attribute__((always_inline)) float infinity<float>() {
  return bits<float>(0x7f800000u);
}
template <> inline __attribute__((always_inline)) double infinity<double>() {
  return bits<double>(u64(0x7ff0000000000000ull));
}
template <class T> W2W_INLINE T with_sign(T x, bool negative) {
  T p = sizeof(T) == 4 ? T(__builtin_fabsf(float(x))) : T(__builtin_fabs(double(x)));
  return negative ? -p : p;
}
/// v_div_fixup: a = quotient, b = denominator, c = numerator. A quotient that is no number though
/// both operands are comes of refining one that has overflowed (docs/AMDGPU-NOTES.md): infinity.
template <class T> W2W_INLINE T div_fixup(T a, T b, T c) {
  bool negative = sign_bit(b) != sign_bit(c);
  T inf = infinity<T>();
  T ab = with_sign(b, false), ac = with_sign(c, false);
  bool under = exponent_of(c) - exponent_of(b) < (sizeof(T) == 4 ? -150 : -1075);
  bool over = exponent_of(b) == (sizeof(T) == 4 ? 255 : 2047);
  T r = with_sign(a != a ? inf : a, negative);
  r = over ? with_sign(T(0), negative) : r;
  r = under ? with_sign(T(0), negative) : r;
  r = ab == inf || ac == T(0) ? with_sign(T(0), negative) : r;
  r = ab == T(0) || ac == inf ? with_sign(inf, negative) : r;
  r = (ab == inf && ac == inf) || (ab == T(0) && ac == T(0)) ? with_sign(default_nan(r), true) : r;
  r = b != b ? quiet(b) : r;
  return c != c ? quiet(c) : r;
}
/// v_div_scale: a = the one of b and c to be scaled, b = denominator, c = numerator. Returns the
/// lane's VCC bit.
W2W_INLINE bool div_scale32(float a, float b, float c, float &d) {
  int eb = exponent_of(b), ec = exponent_of(c);
  float up = 0x1p64f;
  d = a;
  if (b == 0 || c == 0) {
    d = default_nan(a);
    return false;
  }
  bool denormal_b = (bits<u32>(b) & 0x7f800000) == 0;
  if (ec - eb >= 96) {
    if (a == b)
      d = a * up;
    return true;
  }
  if (denormal_b) {
    d = a * up;
    return false;
  }
  double inverse = 1.0 / double(b), quotient = double(c) / double(b);
  bool small_inverse = inverse != 0 && __builtin_fabs(inverse) < 0x1p-126,
       small_quotient = __builtin_fabs(quotient) < 0x1p-126;
  // The document's text scales the denominator up here too, which would overflow: 1 / largest is
  // right on hardware, so the denominator is scaled down and v_div_fmas undoes it.
  if (small_inverse && small_quotient) {
    if (a == b)
      d = a * 0x1p-64f;
    return true;
  }
  if (small_inverse) {
    d = a * 0x1p-64f;
    return false;
  }
  if (small_quotient) {
    if (a == c)
      d = a * up;
    return true;
  }
  if (ec <= 23)
    d = a * up;
  return false;
}
W2W_INLINE bool div_scale64(double a, double b, double c, double &d) {
  int eb = exponent_of(b), ec = exponent_of(c);
  double up = 0x1p128;
  d = a;
  if (b == 0 || c == 0) {
    d = default_nan(a);
    return false;
  }
  if (ec - eb >= 768) {
    if (a == b)
      d = a * up;
    return true;
  }
  if (eb == 0) {
    d = a * up;
    return false;
  }
  double inverse = 1.0 / b, quotient = c / b;
  bool small_inverse = inverse != 0 && exponent_of(inverse) == 0,
       small_quotient = exponent_of(quotient) == 0;
  if (small_inverse && small_quotient) { // as in div_scale32
    if (a == b)
      d = a * 0x1p-128;
    return true;
  }
  if (small_inverse) {
    d = a * 0x1p-128;
    return false;
  }
  if (small_quotient) {
    if (a == c)
      d = a * up;
    return true;
  }
  if (ec <= 53)
    d = a * up;
  return false;
}
/// The scaling of v_div_fmas happens before its one rounding: division is correctly rounded in the
/// subnormal range too. Only there does it matter, so only there is it done in wider arithmetic.
W2W_INLINE float div_fmas32(float a, float b, float c, bool scaled) {
  float r = __builtin_fmaf(a, b, c);
  if (scaled) {
    int by = exponent_of(c) > 127 ? 64 : -64;
    float q = ldexp_f32(r, by);
    r = by < 0 && exponent_of(q) <= 1 ? float((__float128(a) * b + c) * 0x1p-64) : q;
  }
  return nan3(r, a, b, c);
}
W2W_INLINE double div_fmas64(double a, double b, double c, bool scaled) {
  double r = __builtin_fma(a, b, c);
  if (scaled) {
    double by = exponent_of(c) > 1023 ? 0x1p128 : 0x1p-128, q = r * by;
    r = by < 1 && exponent_of(q) <= 1 ? double((__float128(a) * b + c) * by) : q;
  }
  return nan3(r, a, b, c);
}
/// v_cmp_class: bits of b: 0 sNaN, 1 qNaN, 2 -inf, 3 -normal, 4 -denormal, 5 -0, 6 +0, 7 +denormal,
/// 8 +normal, 9 +inf
W2W_INLINE bool fclass(u64 x, u32 mask, unsigned fraction, unsigned exponent) {
  u64 f = x & ((u64(1) << fraction) - 1);
  u64 e = x >> fraction & ((u64(1) << exponent) - 1);
  bool negative = x >> (fraction + exponent) & 1;
  unsigned positive = e == (u64(1) << exponent) - 1 ? 9 : e ? 8 : f ? 7 : 6;
  unsigned which = negative ? 11 - positive : positive;
  if (positive == 9 && f)
    which = f >> (fraction - 1) & 1;
  return mask >> which & 1;
}
/// Unsigned numbers as floating point. The sums by which compilers convert vectors of them give -0
/// for 0 when rounding down, and an absolute value around the conversion is dropped: spelled out.
W2W_INLINE float u32_to_f32(u32 a) {
  float high = bits<float>(a >> 16 | 0x53000000u) - (0x1p39f + 0x1p23f);
  return __builtin_fabsf(high + bits<float>((a & 0xffff) | 0x4b000000u));
}
W2W_INLINE double u32_to_f64(u32 a) {
  return __builtin_fabs(bits<double>(u64(a) | 0x4330000000000000ull) - 0x1p52);
}
W2W_INLINE float f64_to_f32(double a) {
  u64 x = bits<u64>(a);
  u32 nan = u32(x >> 32 & 0x80000000u) | 0x7fc00000u | (u32(x >> 29) & 0x7fffff);
  return a == a ? float(a) : bits<float>(nan);
}
/// Round towards zero: from the f32 itself, as _cvtss_sh has no vector form that ignores MXCSR.
W2W_INLINE u32 f32_to_f16_rtz(float a) {
  u32 x = bits<u32>(a), sign = x >> 16 & 0x8000, y = x & 0x7fffffff;
  u32 normal = ((y - (112u << 23)) >> 13);
  // Below 2^-14: the significand, shifted down to units of 2^-24.
  u32 e = y >> 23, shift = e > 101 ? 126 - e : 25;
  u32 denormal = ((y & 0x7fffff) | 0x800000) >> (shift > 24 ? 24 : shift);
  denormal = e < 103 ? 0 : denormal;
  u32 r = y < (113u << 23) ? denormal : y >= (143u << 23) ? 0x7bffu : normal;
  r = y == 0x7f800000 ? 0x7c00u : r;
  r = y > 0x7f800000 ? 0x7e00u | (y >> 13 & 0x1ff) : r;
  return sign | r;
}
W2W_INLINE i32 snorm16(float a) {
  float x = a != a ? 0.0f : a < -1.0f ? -1.0f : a > 1.0f ? 1.0f : a;
  return i32(__builtin_roundevenf(x * 32767.0f));
}
W2W_INLINE u32 unorm16(float a) {
  float x = a != a ? 0.0f : a < 0.0f ? 0.0f : a > 1.0f ? 1.0f : a;
  return u32(i32(__builtin_roundevenf(x * 65535.0f)));
}
W2W_INLINE u32 cvt_u8(float a) {
  return min2(f32_to_u32(a), 255u);
}
W2W_INLINE float dot2_f16(u32 a, u32 b, float c) {
  float x = fmul(f16_to_f32(a & 0xffff), f16_to_f32(b & 0xffff)),
        y = fmul(f16_to_f32(a >> 16), f16_to_f32(b >> 16));
  return nan3(c + x + y, x, y, c);
}
W2W_INLINE float dot2_bf16(u32 a, u32 b, float c) {
  float x = fmul(bf16_to_f32(a & 0xffff), bf16_to_f32(b & 0xffff)),
        y = fmul(bf16_to_f32(a >> 16), bf16_to_f32(b >> 16));
  return nan3(c + x + y, x, y, c);
}
W2W_INLINE float dot2_f16_f16(u32 a, u32 b, float c, u32 m) {
  float r = round_f16(ffma16(load_f16(a & 0xffff, m), load_f16(b & 0xffff, m), c));
  return ffma16(load_f16(a >> 16, m), load_f16(b >> 16, m), r);
}
/// p + c with the last bit sticky, for finite sums.
W2W_INLINE double add_odd(double p, double c) {
  double s = p + c, b = s - p, lost = (p - (s - b)) + (c - b);
  u64 x = bits<u64>(s);
  u64 truncated = lost != 0 && (lost > 0) != (s > 0) ? x - 1 : x;
  return bits<double>(lost != 0 && s - s == 0 ? truncated | 1 : x);
}
/// Operands with the 8-bit significands of bf16: the product is exact in f64.
W2W_INLINE float fma_bf16(float a, float b, float c) {
  return nan3(f64_to_f32_odd(add_odd(double(a) * double(b), double(c))), a, b, c);
}
W2W_INLINE float dot2_bf16_bf16(u32 a, u32 b, float c) {
  float r = fma_bf16(bf16_to_f32(a & 0xffff), bf16_to_f32(b & 0xffff), c);
  return fma_bf16(bf16_to_f32(a >> 16), bf16_to_f32(b >> 16), bf16_to_f32(f32_to_bf16(r)));
}
W2W_INLINE u64 pair_f32(float lo, float hi) {
  return bits<u32>(lo) | u64(bits<u32>(hi)) << 32;
}
W2W_INLINE float mullit(float a, float b, float c) {
  const float most = bits<float>(0xff7fffffu); // -MAX_FLOAT
  bool least = !(b > most) || !(c > 0.0f);
  return least ? most : fmul(a, b);
}
W2W_INLINE float absf(float x) {
  return __builtin_fabsf(x);
}
W2W_INLINE float cubeid(float x, float y, float z) {
  return absf(z) >= absf(x) && absf(z) >= absf(y) ? (z < 0 ? 5.0f : 4.0f)
         : absf(y) >= absf(x)                     ? (y < 0 ? 3.0f : 2.0f)
                                                  : (x < 0 ? 1.0f : 0.0f);
}
W2W_INLINE float cubesc(float x, float y, float z) {
  return absf(z) >= absf(x) && absf(z) >= absf(y) ? (z < 0 ? -x : x)
         : absf(y) >= absf(x)                     ? x
                                                  : (x < 0 ? z : -z);
}
W2W_INLINE float cubetc(float x, float y, float z) {
  return absf(z) >= absf(x) && absf(z) >= absf(y) ? -y : absf(y) >= absf(x) ? (y < 0 ? -z : z) : -y;
}
W2W_INLINE float cubema(float x, float y, float z) {
  return absf(z) >= absf(x) && absf(z) >= absf(y) ? z * 2.0f
         : absf(y) >= absf(x)                     ? y * 2.0f
                                                  : x * 2.0f;
}
double trig_preop(double a, u32 b);

} // namespace w2w::emu::isa::W2W_VARIANT
