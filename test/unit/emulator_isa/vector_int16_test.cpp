// Integer opcodes of 16 bits, single and packed, and integer dot products. Meanings: AMD's RDNA3,
// RDNA4 and MI300 ISA documents.
#include "sweep.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace w2w::emu::test;

namespace {

using U = uint64_t;
using Ctx = const Context &;
constexpr Kind H = Kind::I16, I = Kind::I32, P = Kind::PI16;

U u(U x) {
  return x & 0xffff;
}
int64_t i(U x) {
  return int16_t(x);
}
U clamp_i(int64_t x) {
  return U(std::clamp<int64_t>(x, INT16_MIN, INT16_MAX)) & 0xffff;
}
U clamp_u(int64_t x) {
  return U(std::clamp<int64_t>(x, 0, UINT16_MAX));
}
U med(int64_t a, int64_t b, int64_t c) {
  int64_t x[3] = {a, b, c};
  std::sort(x, x + 3);
  return u(U(x[1]));
}
const std::vector<U> kPacks = {0,          0x00010002, 0x7fff8000, 0x8000ffff, 0xffff7fff,
                               0x01020304, 0xff80807f, 0x80808080, 0x7f7f7f7f, 0xffffffff,
                               0x12345678, 0x87654321, 0x88888888, 0x77777777, 0x0f0ff0f0};
const std::vector<U> kSums = {0, 1, 0xffffffff, 0x7fffffff, 0x80000000, 0xffff0000, 0x7fff8000};

/// Field k of `width` bits.
int64_t field(U x, unsigned k, unsigned width, bool is_signed) {
  int64_t f = int64_t(x >> (k * width) & ((U(1) << width) - 1));
  return is_signed && f >> (width - 1) ? f - (int64_t(1) << width) : f;
}
int64_t dot(U a, U b, unsigned width, bool sa, bool sb) {
  int64_t r = 0;
  for (unsigned k = 0; k < 32 / width; k++)
    r += field(a, k, width, sa) * field(b, k, width, sb);
  return r;
}
/// A dot product of fields added to a 32-bit integer; saturated under clamp.
Meaning dots(unsigned width, bool sa, bool sb, bool is_signed, bool clamp) {
  return [=](U a, U b, U c, Ctx) {
    int64_t r = dot(a, b, width, sa, sb) + (is_signed ? int64_t(int32_t(c)) : int64_t(c));
    if (clamp)
      r = is_signed ? std::clamp<int64_t>(r, INT32_MIN, INT32_MAX)
                    : std::clamp<int64_t>(r, 0, UINT32_MAX);
    return U(r) & 0xffffffff;
  };
}
Op dot_op(const char *names, Meaning m, const char *after = "") {
  return {names,
          I,
          {I, I, I},
          m,
          std::string("$d, $a, $b, $c") + after,
          false,
          Half::Zero,
          nullptr,
          {kPacks, kPacks, kSums}};
}

} // namespace

TESTED_CASE("single 16-bit integers") {
  sweep({
      {"v_mov_b16", H, {H}, [](U a, U, U, Ctx) { return a; }},
      {"v_not_b16", H, {H}, [](U a, U, U, Ctx) { return ~a; }},
      {"v_and_b16", H, {H, H}, [](U a, U b, U, Ctx) { return a & b; }},
      {"v_or_b16", H, {H, H}, [](U a, U b, U, Ctx) { return a | b; }},
      {"v_xor_b16", H, {H, H}, [](U a, U b, U, Ctx) { return a ^ b; }},
      {"v_cndmask_b16",
       H,
       {Kind::F16, Kind::F16},
       [](U a, U b, U, Ctx c) { return c.vcc ? b : a; },
       "$d, $a, $b, $m"},
      {"v_add_u16 v_add_nc_u16", H, {H, H}, [](U a, U b, U, Ctx) { return a + b; }},
      {"v_sub_u16 v_sub_nc_u16", H, {H, H}, [](U a, U b, U, Ctx) { return a - b; }},
      {"v_subrev_u16", H, {H, H}, [](U a, U b, U, Ctx) { return b - a; }},
      {"v_add_i16 v_add_nc_i16",
       H,
       {H, H},
       [](U a, U b, U, Ctx) { return a + b; },
       {},
       false,
       Half::Unknown},
      {"v_sub_i16 v_sub_nc_i16",
       H,
       {H, H},
       [](U a, U b, U, Ctx) { return a - b; },
       {},
       false,
       Half::Unknown},
      {"v_add_u16 v_add_nc_u16",
       H,
       {H, H},
       [](U a, U b, U, Ctx) { return clamp_u(int64_t(a + b)); },
       "$d, $a, $b clamp"},
      {"v_sub_u16 v_sub_nc_u16",
       H,
       {H, H},
       [](U a, U b, U, Ctx) { return clamp_u(int64_t(a - b)); },
       "$d, $a, $b clamp"},
      {"v_subrev_u16",
       H,
       {H, H},
       [](U a, U b, U, Ctx) { return clamp_u(int64_t(b - a)); },
       "$d, $a, $b clamp"},
      {"v_add_i16 v_add_nc_i16",
       H,
       {H, H},
       [](U a, U b, U, Ctx) { return clamp_i(i(a) + i(b)); },
       "$d, $a, $b clamp",
       false,
       Half::Unknown},
      {"v_sub_i16 v_sub_nc_i16",
       H,
       {H, H},
       [](U a, U b, U, Ctx) { return clamp_i(i(a) - i(b)); },
       "$d, $a, $b clamp",
       false,
       Half::Unknown},
      {"v_mul_lo_u16", H, {H, H}, [](U a, U b, U, Ctx) { return a * b; }},
      {"v_mad_u16",
       H,
       {H, H, H},
       [](U a, U b, U c, Ctx) { return a * b + c; },
       {},
       false,
       Half::Keep},
      {"v_mad_i16",
       H,
       {H, H, H},
       [](U a, U b, U c, Ctx) { return a * b + c; },
       {},
       false,
       Half::Keep},
      {"v_mad_legacy_u16", H, {H, H, H}, [](U a, U b, U c, Ctx) { return a * b + c; }},
      {"v_mad_legacy_i16", H, {H, H, H}, [](U a, U b, U c, Ctx) { return a * b + c; }},
      {"v_mad_u16",
       H,
       {H, H, H},
       [](U a, U b, U c, Ctx) { return clamp_u(int64_t(a * b + c)); },
       "$d, $a, $b, $c clamp",
       false,
       Half::Keep},
      {"v_mad_i16",
       H,
       {H, H, H},
       [](U a, U b, U c, Ctx) { return clamp_i(i(a) * i(b) + i(c)); },
       "$d, $a, $b, $c clamp",
       false,
       Half::Keep},
      {"v_mad_u32_u16", I, {H, H, I}, [](U a, U b, U c, Ctx) { return a * b + c; }},
      {"v_mad_i32_i16", I, {H, H, I}, [](U a, U b, U c, Ctx) { return U(i(a) * i(b)) + c; }},
      {"v_lshlrev_b16", H, {H, H}, [](U a, U b, U, Ctx) { return b << (a & 15); }},
      {"v_lshrrev_b16", H, {H, H}, [](U a, U b, U, Ctx) { return b >> (a & 15); }},
      {"v_ashrrev_i16", H, {H, H}, [](U a, U b, U, Ctx) { return U(i(b) >> (a & 15)); }},
      {"v_min_i16", H, {H, H}, [](U a, U b, U, Ctx) { return U(std::min(i(a), i(b))); }},
      {"v_max_i16", H, {H, H}, [](U a, U b, U, Ctx) { return U(std::max(i(a), i(b))); }},
      {"v_min_u16", H, {H, H}, [](U a, U b, U, Ctx) { return std::min(a, b); }},
      {"v_max_u16", H, {H, H}, [](U a, U b, U, Ctx) { return std::max(a, b); }},
      {"v_cvt_i32_i16", I, {H}, [](U a, U, U, Ctx) { return U(i(a)); }},
      {"v_cvt_u32_u16", I, {H}, [](U a, U, U, Ctx) { return a; }},
      {"v_sat_pk_u8_i16",
       H,
       {I},
       [](U a, U, U, Ctx) {
         auto saturated = [](int64_t x) { return U(std::clamp<int64_t>(x, 0, 255)); };
         return saturated(i(a)) | saturated(i(a >> 16)) << 8;
       },
       {},
       false,
       Half::Zero,
       nullptr,
       {kPacks}},
      {"v_cvt_pk_u16_u32",
       I,
       {I, I},
       [](U a, U b, U, Ctx) { return std::min<U>(a, 0xffff) | std::min<U>(b, 0xffff) << 16; }},
      {"v_cvt_pk_i16_i32",
       I,
       {I, I},
       [](U a, U b, U, Ctx) { return clamp_i(int32_t(a)) | clamp_i(int32_t(b)) << 16; }},
  });
}

TESTED_CASE("16-bit minimum, maximum, median of three") {
  auto op = [](const char *names, Meaning m) {
    return Op{names, H, {H, H, H}, m, {}, false, Half::Unknown};
  };
  sweep({
      op("v_min3_i16", [](U a, U b, U c, Ctx) { return U(std::min({i(a), i(b), i(c)})); }),
      op("v_max3_i16", [](U a, U b, U c, Ctx) { return U(std::max({i(a), i(b), i(c)})); }),
      op("v_med3_i16", [](U a, U b, U c, Ctx) { return med(i(a), i(b), i(c)); }),
      op("v_min3_u16", [](U a, U b, U c, Ctx) { return std::min({a, b, c}); }),
      op("v_max3_u16", [](U a, U b, U c, Ctx) { return std::max({a, b, c}); }),
      op("v_med3_u16", [](U a, U b, U c, Ctx) { return med(int64_t(a), int64_t(b), int64_t(c)); }),
  });
}

TESTED_CASE("packed 16-bit integers") {
  sweep({
      {"v_pk_add_u16", P, {P, P}, [](U a, U b, U, Ctx) { return a + b; }},
      {"v_pk_sub_u16", P, {P, P}, [](U a, U b, U, Ctx) { return a - b; }},
      {"v_pk_add_i16", P, {P, P}, [](U a, U b, U, Ctx) { return a + b; }},
      {"v_pk_sub_i16", P, {P, P}, [](U a, U b, U, Ctx) { return a - b; }},
      {"v_pk_add_u16",
       P,
       {P, P},
       [](U a, U b, U, Ctx) { return clamp_u(int64_t(a + b)); },
       "$d, $a, $b clamp"},
      {"v_pk_sub_u16",
       P,
       {P, P},
       [](U a, U b, U, Ctx) { return clamp_u(int64_t(a - b)); },
       "$d, $a, $b clamp"},
      {"v_pk_add_i16",
       P,
       {P, P},
       [](U a, U b, U, Ctx) { return clamp_i(i(a) + i(b)); },
       "$d, $a, $b clamp"},
      {"v_pk_sub_i16",
       P,
       {P, P},
       [](U a, U b, U, Ctx) { return clamp_i(i(a) - i(b)); },
       "$d, $a, $b clamp"},
      {"v_pk_mul_lo_u16", P, {P, P}, [](U a, U b, U, Ctx) { return a * b; }},
      {"v_pk_mad_u16", P, {P, P, P}, [](U a, U b, U c, Ctx) { return a * b + c; }},
      {"v_pk_mad_i16", P, {P, P, P}, [](U a, U b, U c, Ctx) { return a * b + c; }},
      {"v_pk_mad_u16",
       P,
       {P, P, P},
       [](U a, U b, U c, Ctx) { return clamp_u(int64_t(a * b + c)); },
       "$d, $a, $b, $c clamp"},
      {"v_pk_mad_i16",
       P,
       {P, P, P},
       [](U a, U b, U c, Ctx) { return clamp_i(i(a) * i(b) + i(c)); },
       "$d, $a, $b, $c clamp"},
      {"v_pk_min_u16", P, {P, P}, [](U a, U b, U, Ctx) { return std::min(a, b); }},
      {"v_pk_max_u16", P, {P, P}, [](U a, U b, U, Ctx) { return std::max(a, b); }},
      {"v_pk_min_i16", P, {P, P}, [](U a, U b, U, Ctx) { return U(std::min(i(a), i(b))); }},
      {"v_pk_max_i16", P, {P, P}, [](U a, U b, U, Ctx) { return U(std::max(i(a), i(b))); }},
      {"v_pk_lshlrev_b16", P, {P, P}, [](U a, U b, U, Ctx) { return b << (a & 15); }},
      {"v_pk_lshrrev_b16", P, {P, P}, [](U a, U b, U, Ctx) { return b >> (a & 15); }},
      {"v_pk_ashrrev_i16", P, {P, P}, [](U a, U b, U, Ctx) { return U(i(b) >> (a & 15)); }},
  });
}

TESTED_CASE("integer dot products") {
  std::vector<Op> ops;
  for (bool clamp : {false, true}) {
    const char *after = clamp ? " clamp" : "";
    // gfx11 calls its own by the signs of the factors; LLVM spells the old names that way.
    ops.push_back(dot_op("v_dot4_i32_i8", dots(8, true, true, true, clamp), after));
    ops.back().only = "gfx9";
    ops.push_back(dot_op("v_dot4_i32_i8", dots(8, true, true, true, clamp), after));
    ops.back().only = "gfx10";
    ops.push_back(dot_op("v_dot8_i32_i4", dots(4, true, true, true, clamp), after));
    ops.back().only = "gfx9";
    ops.push_back(dot_op("v_dot8_i32_i4", dots(4, true, true, true, clamp), after));
    ops.back().only = "gfx10";
    ops.push_back(dot_op("v_dot4_u32_u8", dots(8, false, false, false, clamp), after));
    ops.push_back(dot_op("v_dot8_u32_u4", dots(4, false, false, false, clamp), after));
    ops.push_back(dot_op("v_dot2_i32_i16", dots(16, true, true, true, clamp), after));
    ops.push_back(dot_op("v_dot2_u32_u16", dots(16, false, false, false, clamp), after));
    for (unsigned signs = 0; signs < 4; signs++) {
      std::string neg = std::string(signs ? signs == 1   ? " neg_lo:[1,0,0]"
                                            : signs == 2 ? " neg_lo:[0,1,0]"
                                                         : " neg_lo:[1,1,0]"
                                          : "") +
                        after;
      ops.push_back(
          dot_op("v_dot4_i32_iu8", dots(8, signs & 1, signs & 2, true, clamp), neg.c_str()));
      ops.push_back(
          dot_op("v_dot8_i32_iu4", dots(4, signs & 1, signs & 2, true, clamp), neg.c_str()));
    }
  }
  for (const char *name : {"v_dot4c_i32_i8", "v_dot8c_i32_i4", "v_dot2c_i32_i16"}) {
    unsigned width = name[5] == '4' ? 8 : name[5] == '8' ? 4 : 16;
    ops.push_back({name, I, {I, I, I}, dots(width, true, true, true, false), {}, true});
    ops.back().values = {kPacks, kPacks};
  }
  sweep(ops);
}
