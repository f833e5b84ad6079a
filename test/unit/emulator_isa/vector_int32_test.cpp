// Integer opcodes of 32 and 64 bits, all edge values against each other. Meanings: AMD's RDNA3,
// RDNA4 and MI300 ISA documents (opcode pseudocode; "clamp" of integers: RDNA3 ISA 7.2.3.1).
#include "sweep.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>

using namespace w2w::emu::test;

namespace {

using U = uint64_t;
using Ctx = const Context &;
constexpr Kind I = Kind::I32, L = Kind::I64;

U u(U x) {
  return uint32_t(x);
}
int64_t i(U x) {
  return int32_t(x);
}
int64_t i24(U x) {
  return int32_t(uint32_t(x) << 8) >> 8;
}
U u24(U x) {
  return x & 0xffffff;
}
U clamp_i(int64_t x) {
  return u(U(std::clamp<int64_t>(x, INT32_MIN, INT32_MAX)));
}
U clamp_u(int64_t x) {
  return U(std::clamp<int64_t>(x, 0, UINT32_MAX));
}
U byte(U x, unsigned k) {
  return x >> (8 * k) & 0xff;
}
U distance(U a, U b) {
  return a > b ? a - b : b - a;
}
U sad8(U a, U b, bool masked) {
  U r = 0;
  for (unsigned k = 0; k < 4; k++)
    r += masked && !byte(b, k) ? 0 : distance(byte(a, k), byte(b, k));
  return r;
}
U sad16(U a, U b) {
  return distance(a & 0xffff, b & 0xffff) + distance(a >> 16 & 0xffff, b >> 16 & 0xffff);
}
U med(int64_t a, int64_t b, int64_t c) {
  int64_t x[3] = {a, b, c};
  std::sort(x, x + 3);
  return u(U(x[1]));
}
/// BYTE_PERMUTE of the documents: byte k of {a, b}, b's lowest.
U perm(U a, U b, U sel) {
  U data = u(a) << 32 | u(b);
  if (sel >= 13)
    return 0xff;
  if (sel == 12)
    return 0;
  if (sel >= 8)
    return byte(data, unsigned(2 * (sel - 8) + 1)) & 0x80 ? 0xff : 0;
  return byte(data, unsigned(sel));
}
const std::vector<U> kSelectors = {0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
                                   0x10800cff, 0x00040801, 0x090c0602, 0x0d050b07};
const std::vector<U> kShifts = {0, 1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 63, 64, 0xffffffe0, 0xffffffff};
const std::vector<U> kWidths = {0, 1, 3, 8, 16, 24, 30, 31, 32, 33, 63, 0xffffffff};

} // namespace

TESTED_CASE("32-bit moves and bits") {
  sweep({
      {"v_mov_b32", I, {I}, [](U a, U, U, Ctx) { return a; }},
      {"v_not_b32", I, {I}, [](U a, U, U, Ctx) { return ~a; }},
      {"v_bfrev_b32",
       I,
       {I},
       [](U a, U, U, Ctx) {
         U r = 0;
         for (unsigned k = 0; k < 32; k++)
           r |= (a >> k & 1) << (31 - k);
         return r;
       }},
      {"v_ffbh_u32 v_clz_i32_u32",
       I,
       {I},
       [](U a, U, U, Ctx) { return a ? U(std::countl_zero(uint32_t(a))) : ~U(0); }},
      {"v_ffbl_b32 v_ctz_i32_b32",
       I,
       {I},
       [](U a, U, U, Ctx) { return a ? U(std::countr_zero(uint32_t(a))) : ~U(0); }},
      {"v_ffbh_i32 v_cls_i32",
       I,
       {I},
       [](U a, U, U, Ctx) {
         for (unsigned k = 1; k < 32; k++)
           if ((a >> (31 - k) & 1) != (a >> 31 & 1))
             return U(k);
         return ~U(0);
       }},
      {"v_and_b32", I, {I, I}, [](U a, U b, U, Ctx) { return a & b; }},
      {"v_or_b32", I, {I, I}, [](U a, U b, U, Ctx) { return a | b; }},
      {"v_xor_b32", I, {I, I}, [](U a, U b, U, Ctx) { return a ^ b; }},
      {"v_xnor_b32", I, {I, I}, [](U a, U b, U, Ctx) { return ~(a ^ b); }},
      {"v_and_or_b32", I, {I, I, I}, [](U a, U b, U c, Ctx) { return (a & b) | c; }},
      {"v_or3_b32", I, {I, I, I}, [](U a, U b, U c, Ctx) { return a | b | c; }},
      {"v_xor3_b32", I, {I, I, I}, [](U a, U b, U c, Ctx) { return a ^ b ^ c; }},
      {"v_bfi_b32", I, {I, I, I}, [](U a, U b, U c, Ctx) { return (a & b) | (~a & c); }},
      {"v_bcnt_u32_b32", I, {I, I}, [](U a, U b, U, Ctx) { return U(std::popcount(a)) + b; }},
      {"v_cndmask_b32",
       I,
       {Kind::F32, Kind::F32},
       [](U a, U b, U, Ctx c) { return c.vcc ? b : a; },
       "$d, $a, $b, $m"},
      {"v_mov_b64", L, {L}, [](U a, U, U, Ctx) { return a; }},
  });
}

TESTED_CASE("32-bit addition") {
  sweep({
      {"v_add_u32 v_add_nc_u32", I, {I, I}, [](U a, U b, U, Ctx) { return a + b; }},
      {"v_sub_u32 v_sub_nc_u32", I, {I, I}, [](U a, U b, U, Ctx) { return a - b; }},
      {"v_subrev_u32 v_subrev_nc_u32", I, {I, I}, [](U a, U b, U, Ctx) { return b - a; }},
      {"v_add_i32 v_add_nc_i32", I, {I, I}, [](U a, U b, U, Ctx) { return a + b; }},
      {"v_sub_i32 v_sub_nc_i32", I, {I, I}, [](U a, U b, U, Ctx) { return a - b; }},
      {"v_add_u32 v_add_nc_u32",
       I,
       {I, I},
       [](U a, U b, U, Ctx) { return clamp_u(int64_t(a + b)); },
       "$d, $a, $b clamp"},
      {"v_sub_u32 v_sub_nc_u32",
       I,
       {I, I},
       [](U a, U b, U, Ctx) { return clamp_u(int64_t(a - b)); },
       "$d, $a, $b clamp"},
      {"v_subrev_u32 v_subrev_nc_u32",
       I,
       {I, I},
       [](U a, U b, U, Ctx) { return clamp_u(int64_t(b - a)); },
       "$d, $a, $b clamp"},
      {"v_add_i32 v_add_nc_i32",
       I,
       {I, I},
       [](U a, U b, U, Ctx) { return clamp_i(i(a) + i(b)); },
       "$d, $a, $b clamp"},
      {"v_sub_i32 v_sub_nc_i32",
       I,
       {I, I},
       [](U a, U b, U, Ctx) { return clamp_i(i(a) - i(b)); },
       "$d, $a, $b clamp"},
      {"v_add3_u32", I, {I, I, I}, [](U a, U b, U c, Ctx) { return a + b + c; }},
      {"v_xad_u32", I, {I, I, I}, [](U a, U b, U c, Ctx) { return (a ^ b) + c; }},
      {"v_lshl_add_u32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return (a << (b & 31)) + c; },
       {},
       false,
       Half::Zero,
       nullptr,
       {{}, kShifts}},
      {"v_add_lshl_u32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return u(a + b) << (c & 31); },
       {},
       false,
       Half::Zero,
       nullptr,
       {{}, {}, kShifts}},
      {"v_lshl_or_b32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return (a << (b & 31)) | c; },
       {},
       false,
       Half::Zero,
       nullptr,
       {{}, kShifts}},
      // Shifts of more than four: AMD's text takes three bits; LLVM uses it up to four only.
      {"v_lshl_add_u64",
       L,
       {L, I, L},
       [](U a, U b, U c, Ctx) { return (b & 7) > 4 ? kAny : (a << (b & 7)) + c; },
       {},
       false,
       Half::Zero,
       nullptr,
       {{}, {0, 1, 2, 3, 4, 8, 12}}},
  });
}

TESTED_CASE("32-bit multiplication") {
  sweep({
      {"v_mul_lo_u32", I, {I, I}, [](U a, U b, U, Ctx) { return a * b; }},
      {"v_mul_hi_u32", I, {I, I}, [](U a, U b, U, Ctx) { return a * b >> 32; }},
      {"v_mul_hi_i32", I, {I, I}, [](U a, U b, U, Ctx) { return U(i(a) * i(b)) >> 32; }},
      {"v_mul_i32_i24", I, {I, I}, [](U a, U b, U, Ctx) { return U(i24(a) * i24(b)); }},
      {"v_mul_u32_u24", I, {I, I}, [](U a, U b, U, Ctx) { return u24(a) * u24(b); }},
      {"v_mul_hi_i32_i24", I, {I, I}, [](U a, U b, U, Ctx) { return U(i24(a) * i24(b)) >> 32; }},
      {"v_mul_hi_u32_u24", I, {I, I}, [](U a, U b, U, Ctx) { return u24(a) * u24(b) >> 32; }},
      {"v_mad_i32_i24", I, {I, I, I}, [](U a, U b, U c, Ctx) { return U(i24(a) * i24(b)) + c; }},
      {"v_mad_u32_u24", I, {I, I, I}, [](U a, U b, U c, Ctx) { return u24(a) * u24(b) + c; }},
      {"v_mad_i32_i24",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return clamp_i(i24(a) * i24(b) + i(c)); },
       "$d, $a, $b, $c clamp"},
      {"v_mad_u32_u24",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return clamp_u(int64_t(u24(a) * u24(b) + c)); },
       "$d, $a, $b, $c clamp"},
  });
}

TESTED_CASE("shifts and bit fields of all widths") {
  sweep({
      {"v_lshlrev_b32", I, {I, I}, [](U a, U b, U, Ctx) { return b << (a & 31); }},
      {"v_lshrrev_b32", I, {I, I}, [](U a, U b, U, Ctx) { return b >> (a & 31); }},
      {"v_ashrrev_i32", I, {I, I}, [](U a, U b, U, Ctx) { return U(i(b) >> (a & 31)); }},
      {"v_lshlrev_b64", L, {I, L}, [](U a, U b, U, Ctx) { return b << (a & 63); }},
      {"v_lshrrev_b64", L, {I, L}, [](U a, U b, U, Ctx) { return b >> (a & 63); }},
      {"v_ashrrev_i64", L, {I, L}, [](U a, U b, U, Ctx) { return U(int64_t(b) >> (a & 63)); }},
      {"v_bfe_u32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return a >> (b & 31) & ((U(1) << (c & 31)) - 1); },
       {},
       false,
       Half::Zero,
       nullptr,
       {{}, kShifts, kWidths}},
      // The shift is arithmetic: a field that reaches past bit 31 is filled with the sign.
      {"v_bfe_i32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) {
         unsigned width = c & 31;
         U x = U(i(a) >> (b & 31)) & ((U(1) << width) - 1);
         return width && (x >> (width - 1) & 1) ? x | ~((U(1) << width) - 1) : x;
       },
       {},
       false,
       Half::Zero,
       nullptr,
       {{}, kShifts, kWidths}},
      {"v_bfm_b32",
       I,
       {I, I},
       [](U a, U b, U, Ctx) { return ((U(1) << (a & 31)) - 1) << (b & 31); },
       {},
       false,
       Half::Zero,
       nullptr,
       {kWidths, kShifts}},
      {"v_alignbit_b32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return (a << 32 | b) >> (c & 31); },
       {},
       false,
       Half::Zero,
       nullptr,
       {{}, {}, kShifts}},
      {"v_alignbyte_b32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return (a << 32 | b) >> (c & 3) * 8; },
       {},
       false,
       Half::Zero,
       nullptr,
       {{}, {}, kShifts}},
      {"v_perm_b32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) {
         U r = 0;
         for (unsigned k = 0; k < 4; k++)
           r |= perm(a, b, byte(c, k)) << (8 * k);
         return r;
       },
       {},
       false,
       Half::Zero,
       nullptr,
       {{}, {}, kSelectors}},
  });
}

TESTED_CASE("32-bit minimum, maximum, median") {
  sweep({
      {"v_min_i32", I, {I, I}, [](U a, U b, U, Ctx) { return U(std::min(i(a), i(b))); }},
      {"v_max_i32", I, {I, I}, [](U a, U b, U, Ctx) { return U(std::max(i(a), i(b))); }},
      {"v_min_u32", I, {I, I}, [](U a, U b, U, Ctx) { return std::min(a, b); }},
      {"v_max_u32", I, {I, I}, [](U a, U b, U, Ctx) { return std::max(a, b); }},
      {"v_min3_i32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return U(std::min({i(a), i(b), i(c)})); }},
      {"v_max3_i32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return U(std::max({i(a), i(b), i(c)})); }},
      {"v_min3_u32", I, {I, I, I}, [](U a, U b, U c, Ctx) { return std::min({a, b, c}); }},
      {"v_max3_u32", I, {I, I, I}, [](U a, U b, U c, Ctx) { return std::max({a, b, c}); }},
      {"v_med3_i32", I, {I, I, I}, [](U a, U b, U c, Ctx) { return med(i(a), i(b), i(c)); }},
      {"v_med3_u32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return med(int64_t(a), int64_t(b), int64_t(c)); }},
      {"v_maxmin_i32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return U(std::min(std::max(i(a), i(b)), i(c))); }},
      {"v_minmax_i32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return U(std::max(std::min(i(a), i(b)), i(c))); }},
      {"v_maxmin_u32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return std::min(std::max(a, b), c); }},
      {"v_minmax_u32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return std::max(std::min(a, b), c); }},
  });
}

TESTED_CASE("sums of differences") {
  sweep({
      {"v_sad_u8", I, {I, I, I}, [](U a, U b, U c, Ctx) { return sad8(a, b, false) + c; }},
      {"v_sad_hi_u8",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return (sad8(a, b, false) << 16) + c; }},
      {"v_sad_u16", I, {I, I, I}, [](U a, U b, U c, Ctx) { return sad16(a, b) + c; }},
      {"v_sad_u32", I, {I, I, I}, [](U a, U b, U c, Ctx) { return distance(a, b) + c; }},
      {"v_msad_u8", I, {I, I, I}, [](U a, U b, U c, Ctx) { return sad8(a, b, true) + c; }},
      {"v_sad_u8",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return clamp_u(int64_t(sad8(a, b, false) + c)); },
       "$d, $a, $b, $c clamp"},
      {"v_sad_hi_u8",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return clamp_u(int64_t((sad8(a, b, false) << 16) + c)); },
       "$d, $a, $b, $c clamp"},
      {"v_sad_u16",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return clamp_u(int64_t(sad16(a, b) + c)); },
       "$d, $a, $b, $c clamp"},
      {"v_sad_u32",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return clamp_u(int64_t(distance(a, b) + c)); },
       "$d, $a, $b, $c clamp"},
      {"v_msad_u8",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) { return clamp_u(int64_t(sad8(a, b, true) + c)); },
       "$d, $a, $b, $c clamp"},
      {"v_lerp_u8",
       I,
       {I, I, I},
       [](U a, U b, U c, Ctx) {
         U r = 0;
         for (unsigned k = 0; k < 4; k++)
           r |= (byte(a, k) + byte(b, k) + (byte(c, k) & 1)) >> 1 << (8 * k);
         return r;
       }},
  });
}
