// The 8-bit floating-point formats: OCP's (gfx12) and those without infinities and negative zero
// that gfx942 has ("FNUZ"). AMD calls E4M3 fp8 and E5M2 bf8. All of it is integer arithmetic, so
// that neither MODE nor MXCSR matters, and has no branches, so that loops over lanes vectorise.
//
// Sources: OCP 8-bit Floating Point Specification; AMD Instinct MI300 and RDNA4 ISA documents
// (v_cvt_*_fp8, v_cvt_*_bf8, MODE.FP16_OVFL); HIP's amd_hip_ocp_host.hpp for how the random bits of
// the stochastic conversions are aligned.
#pragma once

#include "runtime/emulator/isa/numbers.h"

namespace w2w::emu::isa::W2W_VARIANT {

struct Fp8Format {
  unsigned fraction; ///< bits
  unsigned bias;
  bool fnuz;
  u32 max; ///< largest finite magnitude
  /// What a NaN becomes; gfx12 drops the sign too.
  u32 nan;
  /// What the infinities, and without MODE.FP16_OVFL overflow, become; the sign is added unless
  /// `fnuz`.
  u32 infinity;
};
inline constexpr Fp8Format kFp8 = {3, 7, false, 0x7e, 0xff, 0x7f};
inline constexpr Fp8Format kBf8 = {2, 15, false, 0x7b, 0xfe, 0x7c};
inline constexpr Fp8Format kFp8Fnuz = {3, 8, true, 0x7f, 0x80, 0x80};
inline constexpr Fp8Format kBf8Fnuz = {2, 16, true, 0x7f, 0x80, 0x80};

/// The value of the low 8 bits of x; a NaN has its payload in the upper bits of the fraction and is
/// quiet.
template <Fp8Format F> W2W_INLINE float fp8_to_f32(u32 x) {
  u32 sign = (x & 0x80) << 24, magnitude = x & 0x7f;
  u32 normal = (magnitude << (23 - F.fraction)) + ((127 - F.bias) << 23);
  u32 denormal = bits<u32>(float(i32(magnitude)) * bits<float>((128 - F.bias - F.fraction) << 23));
  u32 r = sign | (magnitude >> F.fraction ? normal : denormal);
  if (F.fnuz)
    return bits<float>((x & 0xff) == 0x80 ? 0x7fc00000u : r);
  u32 special = sign | 0x7f800000u | (magnitude << (23 - F.fraction) & 0x7fffff);
  if (F.fraction == 3)
    return bits<float>(magnitude == 0x7f ? special | 0x00400000u : r);
  return bits<float>(magnitude > 0x7c ? special | 0x00400000u : magnitude == 0x7c ? special : r);
}

/// x in 8 bits. `to_nearest`: to nearest even; else truncated after adding `random`, whose low
/// 23 - fraction bits count. `saturate` is MODE.FP16_OVFL: a finite x that is too large becomes the
/// largest number.
template <Fp8Format F>
W2W_INLINE u32 f32_to_fp8_rounded(float x, bool saturate, bool to_nearest, u32 random) {
  constexpr u32 dropped = 23 - F.fraction, least = 128 - F.bias;
  u32 b = bits<u32>(x), sign = b >> 24 & 0x80, magnitude = b & 0x7fffffff, e = magnitude >> 23;
  // The significand in units of the target's last place, times 2^dropped; f32 denormals are too
  // small to matter to either rounding (their exponent field is 0 and not 1).
  u32 significand = (magnitude & 0x7fffff) | (e ? 0x800000u : 0);
  u32 down = e < least ? least - e : 0;
  down = down > 31 ? 31 : down;
  u32 lost = significand & ((1u << down) - 1);
  u32 s = significand >> down;
  // To nearest: what is lost decides a tie.
  u32 tie = (s >> dropped & 1) | (lost != 0);
  u32 up = to_nearest ? (1u << (dropped - 1)) - 1 + tie : random & ((1u << dropped) - 1);
  u32 r = ((s + up) >> dropped) + ((e > least ? e - least : 0) << F.fraction);
  u32 sign_of_infinity = F.fnuz ? 0 : sign;
  u32 overflow = saturate ? sign | F.max : sign_of_infinity | F.infinity;
  u32 finite = r > F.max ? overflow : F.fnuz && r == 0 ? 0 : sign | r;
  return magnitude > 0x7f800000    ? F.nan
         : magnitude == 0x7f800000 ? sign_of_infinity | F.infinity
                                   : finite;
}
/// v_cvt_pk_fp8_f32, v_cvt_pk_bf8_f32: to nearest even, whatever MODE says.
template <Fp8Format F> W2W_INLINE u32 f32_to_fp8(float x, bool saturate) {
  return f32_to_fp8_rounded<F>(x, saturate, true, 0);
}
/// v_cvt_sr_fp8_f32, v_cvt_sr_bf8_f32: the upper bits of `random` are added below the last place
/// that is kept (S1[31:12] and S1[31:11] in the documents), and the sum is truncated.
template <Fp8Format F> W2W_INLINE u32 f32_to_fp8_stochastic(float x, u32 random, bool saturate) {
  return f32_to_fp8_rounded<F>(x, saturate, false, random >> (9 + F.fraction));
}

} // namespace w2w::emu::isa::W2W_VARIANT
