// Sums, products and fused products of f16, f32 and f64, single and packed, in every MODE, bit for
// bit. Meanings: AMD's RDNA3, RDNA4 and MI300 ISA documents; the numbers: soft_float.h. Of NaN
// sources the first is returned, quieted.
#include "sweep.h"

#include <catch2/catch.hpp>

using namespace w2w::emu::test;

namespace {

using U = uint64_t;
using Ctx = const Context &;

Meaning add(Kind k) {
  return [=](U a, U b, U, Ctx c) { return soft_add(format(k), a, b, c.environment(k)); };
}
Meaning sub(Kind k, bool reversed) {
  return [=](U a, U b, U, Ctx c) {
    const Format &f = format(k);
    if (f.nan(a) || f.nan(b))
      return reversed ? nan_of(f, {b, a}) : nan_of(f, {a, b});
    return reversed ? soft_add(f, b, a ^ f.sign(), c.environment(k))
                    : soft_add(f, a, b ^ f.sign(), c.environment(k));
  };
}
Meaning mul(Kind k) {
  return [=](U a, U b, U, Ctx c) { return soft_mul(format(k), a, b, c.environment(k)); };
}
Meaning fma(Kind k) {
  return [=](U a, U b, U c, Ctx x) { return soft_fma(format(k), a, b, c, x.environment(k)); };
}
/// a * constant + b, and a * b + constant.
Meaning fma_constant(Kind k, U constant, bool multiplies) {
  return [=](U a, U b, U, Ctx x) {
    return multiplies ? soft_fma(format(k), a, constant, b, x.environment(k))
                      : soft_fma(format(k), a, b, constant, x.environment(k));
  };
}
/// gfx9's unfused products: rounded to f16 in between.
U mad16(U a, U b, U c, Ctx x) {
  Environment e = x.environment(Kind::F16);
  if (e.flush_sources || e.flush_results)
    return kAny; // whether the product's denormals are flushed too is not said
  if (kF16.nan(a) || kF16.nan(b) || kF16.nan(c))
    return nan_of(kF16, {a, b, c});
  return soft_add(kF16, soft_mul(kF16, a, b, e), c, e);
}
/// And of f32, with denormals flushed whatever MODE says.
U mad32(U a, U b, U c, Ctx x) {
  Environment e = x.environment(Kind::F32);
  e.flush_sources = e.flush_results = true;
  a = flushed(kF32, a), b = flushed(kF32, b), c = flushed(kF32, c);
  if (kF32.nan(a) || kF32.nan(b) || kF32.nan(c))
    return nan_of(kF32, {a, b, c});
  U product = soft_mul(kF32, a, b, e);
  return product == kAny ? kAny : soft_add(kF32, product, c, e);
}
/// Zero times anything is +0 (DX9).
bool zero_product(U a, U b, const Environment &e) {
  if (e.flush_sources)
    a = flushed(kF32, a), b = flushed(kF32, b);
  return kF32.zero(a) || kF32.zero(b);
}
U mul_legacy(U a, U b, U, Ctx c) {
  Environment e = c.environment(Kind::F32);
  return zero_product(a, b, e) ? 0 : soft_mul(kF32, a, b, e);
}
U fma_legacy(U a, U b, U c, Ctx x) {
  Environment e = x.environment(Kind::F32);
  return zero_product(a, b, e) ? soft_add(kF32, 0, c, e) : soft_fma(kF32, a, b, c, e);
}
U dot2(U a, U b, U c, Ctx x, const Format &f) {
  Environment e = x.environment(Kind::F32);
  if (e.flush_sources || e.flush_results)
    return kAny; // MODE's halves are not said to agree
  U w[4];
  for (unsigned k = 0; k < 4; k++)
    w[k] = soft_convert(f, kF32, (k < 2 ? a : b) >> (k % 2 * 16) & 0xffff, {});
  for (U s : {w[0], w[1], w[2], w[3], c})
    if (kF32.nan(s))
      return kAny; // nor which NaN is returned
  U sum = soft_add(kF32, c, soft_mul(kF32, w[0], w[2], e), e);
  return soft_add(kF32, sum, soft_mul(kF32, w[1], w[3], e), e);
}
constexpr Kind F = Kind::F32, D = Kind::F64, H = Kind::F16, PH = Kind::PF16, PF = Kind::PF32,
               I = Kind::I32;
const std::vector<U> kHalves = {0x3c004000, 0x00018001, 0xc2483555, 0x7bff7bff, 0xfbff7bff,
                                0x00008000, 0x7c003c00, 0x1400bc00, 0x03ff0400, 0x3fc04049};

} // namespace

TESTED_CASE("f32 sums and products") {
  sweep({
      {"v_add_f32", F, {F, F}, add(F)},
      {"v_sub_f32", F, {F, F}, sub(F, false)},
      {"v_subrev_f32", F, {F, F}, sub(F, true)},
      {"v_mul_f32", F, {F, F}, mul(F)},
      {"v_mul_legacy_f32 v_mul_dx9_zero_f32", F, {F, F}, mul_legacy},
      {"v_fma_f32", F, {F, F, F}, fma(F)},
      {"v_fma_legacy_f32 v_fma_dx9_zero_f32", F, {F, F, F}, fma_legacy},
      {"v_fmac_f32", F, {F, F, F}, fma(F), {}, true},
      {"v_fmac_legacy_f32 v_fmac_dx9_zero_f32", F, {F, F, F}, fma_legacy, {}, true},
      {"v_fmamk_f32", F, {F, F}, fma_constant(F, 0x40490fdb, true), "$d, $a, 0x40490fdb, $b"},
      {"v_fmaak_f32", F, {F, F}, fma_constant(F, 0x40490fdb, false), "$d, $a, $b, 0x40490fdb"},
      {"v_mad_f32", F, {F, F, F}, mad32},
      {"v_mac_f32", F, {F, F, F}, mad32, {}, true},
      {"v_madmk_f32",
       F,
       {F, F},
       [](U a, U b, U, Ctx c) { return mad32(a, 0x40490fdb, b, c); },
       "$d, $a, 0x40490fdb, $b"},
      {"v_madak_f32",
       F,
       {F, F},
       [](U a, U b, U, Ctx c) { return mad32(a, b, 0x40490fdb, c); },
       "$d, $a, $b, 0x40490fdb"},
      {"v_pk_add_f32", PF, {PF, PF}, add(F)},
      {"v_pk_mul_f32", PF, {PF, PF}, mul(F)},
      {"v_pk_fma_f32", PF, {PF, PF, PF}, fma(F)},
  });
}

TESTED_CASE("f64 sums and products") {
  sweep({
      {"v_add_f64", D, {D, D}, add(D)},
      {"v_mul_f64", D, {D, D}, mul(D)},
      {"v_fma_f64", D, {D, D, D}, fma(D)},
      {"v_fmac_f64", D, {D, D, D}, fma(D), {}, true},
  });
}

TESTED_CASE("f16 sums and products") {
  sweep({
      {"v_add_f16", H, {H, H}, add(H)},
      {"v_sub_f16", H, {H, H}, sub(H, false)},
      {"v_subrev_f16", H, {H, H}, sub(H, true)},
      {"v_mul_f16", H, {H, H}, mul(H)},
      {"v_fma_f16", H, {H, H, H}, fma(H), {}, false, Half::Keep},
      {"v_fma_legacy_f16", H, {H, H, H}, fma(H)},
      {"v_fmac_f16", H, {H, H, H}, fma(H), {}, true},
      {"v_fmamk_f16", H, {H, H}, fma_constant(H, 0x4248, true), "$d, $a, 0x4248, $b"},
      {"v_fmaak_f16", H, {H, H}, fma_constant(H, 0x4248, false), "$d, $a, $b, 0x4248"},
      {"v_mad_f16", H, {H, H, H}, mad16, {}, false, Half::Keep},
      {"v_mad_legacy_f16", H, {H, H, H}, mad16},
      {"v_mac_f16", H, {H, H, H}, mad16, {}, true},
      {"v_madmk_f16",
       H,
       {H, H},
       [](U a, U b, U, Ctx c) { return mad16(a, 0x4248, b, c); },
       "$d, $a, 0x4248, $b"},
      {"v_madak_f16",
       H,
       {H, H},
       [](U a, U b, U, Ctx c) { return mad16(a, b, 0x4248, c); },
       "$d, $a, $b, 0x4248"},
      {"v_pk_add_f16", PH, {PH, PH}, add(H)},
      {"v_pk_mul_f16", PH, {PH, PH}, mul(H)},
      {"v_pk_fma_f16", PH, {PH, PH, PH}, fma(H)},
      {"v_pk_fmac_f16", PH, {PH, PH, PH}, fma(H), {}, true},
  });
}

TESTED_CASE("mixed precision") {
  auto mixlo = [](U a, U b, U c, Ctx x) {
    Environment e = x.environment(F), h = x.environment(H);
    U sum = soft_fma(kF32, a, b, c, e);
    if (e.flush_results || h.flush_results || e.round != h.round)
      return kAny; // which half of MODE the second step obeys
    return soft_convert(kF32, kF16, sum, e);
  };
  sweep({
      {"v_fma_mix_f32", F, {F, F, F}, fma(F)},
      {"v_fma_mixlo_f16", H, {F, F, F}, mixlo, "$d, $a, $b, $c", false, Half::Keep},
  });
  check({
      {"v_fma_mix_f32 v0, v2, v4, v6 op_sel:[1,0,0] op_sel_hi:[1,0,0]",
       {0x40000000, 0xc0003c00},
       {f(3)},
       {f(1)},
       {f(7), f(-5)}},
      {"v_fma_mix_f32 v0, v2, -v4, v6 op_sel:[0,1,0] op_sel_hi:[0,1,1]",
       {f(0.5f)},
       {0x44003c00},
       {0x4248},
       {f(3.140625f - 2)}},
      {"v_fma_mix_f32 v0, |v2|, v4, -|v6| op_sel:[0,0,1] op_sel_hi:[1,0,1]",
       {0xc000},
       {f(3)},
       {0xbc000000},
       {f(5)}},
      {"v_fma_mixhi_f16 v0, v2, v4, v6", {f(2)}, {f(3)}, {f(1)}, {0x47001234}, nullptr, 0, 0x1234},
      {"v_fma_mixlo_f16 v0, v2, v4, v6 op_sel:[1,0,0] op_sel_hi:[1,0,1] clamp",
       {0x38000000},
       {f(0.5f)},
       {0x3c00},
       {0xabcd3c00},
       nullptr,
       0,
       0xabcd1234},
      {"v_fma_mixhi_f16 v0, v2, v4, v6 op_sel_hi:[0,1,0]",
       {f(65504)},
       {0x4000},
       {f(0)},
       {0x7c00abcd},
       nullptr,
       0,
       0x1234abcd},
  });
}

TESTED_CASE("floating-point dot products") {
  auto halves = [](U a, U b, U c, Ctx x) { return dot2(a, b, c, x, kF16); };
  auto brains = [](U a, U b, U c, Ctx x) { return dot2(a, b, c, x, kBf16); };
  const std::vector<U> brain = {0x3f804000, 0xc0493eab, 0x7f7f7f7f, 0xff7f7f7f,
                                0x00008000, 0x00800001, 0x3c00bc00};
  sweep({
      {"v_dot2_f32_f16", F, {I, I, F}, halves, {}, false, Half::Zero, nullptr, {kHalves, kHalves}},
      {"v_dot2c_f32_f16 v_dot2acc_f32_f16",
       F,
       {I, I, F},
       halves,
       {},
       true,
       Half::Zero,
       nullptr,
       {kHalves, kHalves}},
      {"v_dot2_f32_bf16", F, {I, I, F}, brains, {}, false, Half::Zero, nullptr, {brain, brain}},
  });
}
