// The seeded mode of the operations whose results AMD does not publish
// (W2W_CONFIG=emu-perturb=SEED): v_rcp, v_rsq, v_sqrt, v_exp, v_log, v_sin, v_cos give a value
// within the stated error, chosen by a hash of seed, operation and operand, so that runs repeat.
// Rows of the opcode table named NAME__perturbed; the decoder takes them when the mode is on.
//
// The stated errors: f32 rcp, rsq, sqrt, exp, log: 1 ulp; f16: 0.51 ulp; f64 rcp, rsq, sqrt: 2^29
// ulp (AMD ISA documents, instruction descriptions; LLVM's AMDGPUUsage says the same of log2, exp2
// and sqrt). For f32 sine and cosine neither states one: an absolute error of 2^-22 is taken. Kept
// exact, as the documents' examples are: zeros, infinities, NaNs, exp of 0, log of 1, sine and
// cosine of 0 and +-1, and powers of two as results of rcp, rsq, sqrt.
#pragma once

#include "runtime/emulator/isa/helpers.h"
#include "runtime/emulator/isa/rows.h"

namespace w2w::emu::isa::W2W_VARIANT {

/// 32 random bits for one operation on one operand (the finaliser of splitmix64).
W2W_INLINE u32 perturb_hash(u32 operation, u64 operand) {
  u64 x = operand + isa::perturb_seed * 0x9e3779b97f4a7c15ull + (u64(operation) << 56);
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ x >> 27) * 0x94d049bb133111ebull;
  return u32((x ^ x >> 31) >> 16);
}

/// r is `exact` rounded to nearest. One of the two neighbours of `exact`; if r is exact, it or one
/// of its neighbours, unless `guaranteed`.
W2W_INLINE float near_f32(float r, double exact, bool guaranteed, u32 h) {
  u32 b = bits<u32>(r), magnitude = b & 0x7fffffff;
  bool special = magnitude <= 0x00800000 || magnitude >= 0x7f7fffff;
  double by = __builtin_fabs(exact) - __builtin_fabs(double(r));
  u32 either = h & 2 ? 1u : ~0u;
  u32 step = by > 0 ? 1u : by < 0 ? ~0u : guaranteed ? 0 : either;
  return bits<float>(special || !(h & 1) ? b : b + step);
}
W2W_INLINE bool power_of_two(float r) {
  return !(bits<u32>(r) & 0x7fffff);
}
/// f16 results: only where `exact` is within 0.01 ulp of the middle does the error leave a choice.
W2W_INLINE float near_f16(double exact, u32 h) {
  float r = round_f16(f64_to_f32_odd(exact));
  u32 b = f32_to_f16(r), magnitude = b & 0x7fff;
  double by = __builtin_fabs(exact) - __builtin_fabs(double(r));
  u32 beside = by > 0 ? b + 1 : by < 0 ? b - 1 : b;
  bool special = !magnitude || magnitude >= 0x7bff || exact != exact;
  float other = f16_to_f32(special ? b : beside & 0xffff);
  double ulp = __builtin_fabs(double(other) - double(r));
  return (h & 1) && __builtin_fabs(by) >= 0.49 * ulp && ulp != 0 ? other : r;
}
W2W_INLINE double near_f64(double r, u32 h) {
  u64 b = bits<u64>(r), magnitude = b & 0x7fffffffffffffffull;
  // Results near the ends of the normal range stay: their neighbourhood may be no number.
  bool special = magnitude < 0x0020000000000000ull || magnitude >= 0x7fe0000000000000ull ||
                 !(magnitude & 0xfffffffffffffull);
  i64 by = i64(h % ((1u << 30) - 1)) - ((1 << 29) - 1);
  return bits<double>(special ? b : b + u64(by));
}
W2W_INLINE float near_turn(float r, double exact, u32 h) {
  float by = float(i32(h)) * 0x1p-53f; // at most 2^-22
  float x = float(exact + double(by));
  x = x > 1.0f ? 1.0f : x < -1.0f ? -1.0f : x;
  return r != r || r == 0 || r == 1.0f || r == -1.0f ? r : x;
}

enum Perturbed : u32 { kRcp = 1, kRsq, kSqrt, kExp, kLog, kSin, kCos };

W2W_INLINE float rcp_f32_perturbed(float a) {
  float r = rcp_f32(a);
  return near_f32(r, 1.0 / double(flush32(a)), power_of_two(r), perturb_hash(kRcp, bits<u32>(a)));
}
W2W_INLINE float rsq_f32_perturbed(float a) {
  float r = rsq_f32(a);
  return near_f32(r, 1.0 / __builtin_sqrt(double(flush32(a))), power_of_two(r),
                  perturb_hash(kRsq, bits<u32>(a)));
}
W2W_INLINE float sqrt_f32_perturbed(float a) {
  float r = sqrt_f32(a);
  return near_f32(r, __builtin_sqrt(double(flush32(a))), power_of_two(r),
                  perturb_hash(kSqrt, bits<u32>(a)));
}
W2W_INLINE float exp_f32_perturbed(float a) {
  float r = exp_f32(a);
  return near_f32(r, exp2_f64(flush32(a)), flush32(a) == 0, perturb_hash(kExp, bits<u32>(a)));
}
W2W_INLINE float log_f32_perturbed(float a) {
  return near_f32(log_f32(a), log2_f64(flush32(a)), false, perturb_hash(kLog, bits<u32>(a)));
}
W2W_INLINE float sin_f32_perturbed(float a, u32 m) {
  return near_turn(sin_f32(a, m), sin_exact_turns(flush32(a)), perturb_hash(kSin, bits<u32>(a)));
}
W2W_INLINE float cos_f32_perturbed(float a, u32 m) {
  return near_turn(cos_f32(a, m), cos_turns(flush32(a)), perturb_hash(kCos, bits<u32>(a)));
}
W2W_INLINE double rcp_f64_perturbed(double a) {
  return near_f64(nan1(1.0 / a, a), perturb_hash(kRcp, bits<u64>(a)));
}
W2W_INLINE double rsq_f64_perturbed(double a) {
  return near_f64(nan1(1.0 / __builtin_sqrt(a), a), perturb_hash(kRsq, bits<u64>(a)));
}
W2W_INLINE double sqrt_f64_perturbed(double a) {
  return near_f64(nan1(__builtin_sqrt(a), a), perturb_hash(kSqrt, bits<u64>(a)));
}
/// f16 operations on an operand held as a float.
#define W2W_PERTURBED_F16(NAME, KIND, E)                                                           \
  W2W_INLINE float NAME##_f16_perturbed(float a) {                                                 \
    return nan1(near_f16((E), perturb_hash(KIND, bits<u32>(a))), a);                               \
  }
W2W_PERTURBED_F16(rcp, kRcp, 1.0 / double(a))
W2W_PERTURBED_F16(rsq, kRsq, 1.0 / __builtin_sqrt(double(a)))
W2W_PERTURBED_F16(sqrt, kSqrt, __builtin_sqrt(double(a)))
W2W_PERTURBED_F16(exp, kExp, exp2_f64(a))
W2W_PERTURBED_F16(log, kLog, log2_f64(a))
W2W_PERTURBED_F16(sin, kSin, sin_turns(a))
W2W_PERTURBED_F16(cos, kCos, cos_turns(a))
#undef W2W_PERTURBED_F16

} // namespace w2w::emu::isa::W2W_VARIANT
