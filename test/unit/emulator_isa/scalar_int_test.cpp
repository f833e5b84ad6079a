// Integer instructions of the scalar ALU: each on all pairs of edge values, with SCC clear and set,
// and with the destination overlapping the first source. The expected values are computed here,
// from the pseudocode of AMD's ISA documents (MI300, RDNA3, RDNA4: SOP1, SOP2, SOPC, SOPK).
#include "machine.h"

#include <catch2/catch.hpp>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

struct In {
  uint64_t a, b, old; ///< s[2:3], s[4:5], the destination before
  uint32_t scc;
  uint32_t A() const { return uint32_t(a); }
  uint32_t B() const { return uint32_t(b); }
  int32_t sA() const { return int32_t(a); }
  int32_t sB() const { return int32_t(b); }
  int64_t lA() const { return int64_t(a); }
};
struct Out {
  uint64_t d;   ///< as many bits as the destination has
  uint32_t scc; ///< starts as In::scc
};
/// The text's first operand is the destination, s0 or s[0:1]; comparisons have none.
struct Op {
  const char *text;
  void (*want)(const In &, Out &);
};

const std::vector<uint64_t> &edges() {
  static const std::vector<uint64_t> e = {
      0,          1,          2,          4,          31,         32,         33,
      63,         64,         0x7f,       0x80,       0xff,       0x7fff,     0x8000,
      0xffff,     0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff, 0x12345678,
      0xa5a5f0f0, 0x00010000, 0x0008001c, 0x00070004, 0x00200000, 0x00400003, 0x007f001f,
  };
  return e;
}
/// The same with something in the upper half, and 64-bit extremes.
const std::vector<uint64_t> &wide_edges() {
  static const std::vector<uint64_t> e = [] {
    std::vector<uint64_t> r = edges();
    for (uint64_t x : {0x100000000ull, 0x7fffffffffffffffull, 0x8000000000000000ull,
                       0xffffffffffffffffull, 0xfffffffffffffffeull, 0x0123456789abcdefull,
                       0xf0000000ffffffffull, 0xffffffff00000000ull, 0x00f0000000001000ull})
      r.push_back(x);
    return r;
  }();
  return e;
}

uint64_t merge(const std::string &text, uint64_t old, uint64_t d) {
  if (text.find(" s[0:1],") != text.npos)
    return d;
  if (text.find(" s0,") != text.npos)
    return (old & 0xffffffff00000000ull) | uint32_t(d);
  return old;
}

void check_on(const Model &model, const Op &op, bool &ran) {
  std::string text = op.text;
  bool compare = text.find(" s0,") == text.npos && text.find(" s[0:1],") == text.npos;
  bool wide_a = text.find("s[2:3]") != text.npos, wide_b = text.find("s[4:5]") != text.npos;
  bool uses_b = text.find("s4") != text.npos || wide_b;
  Machine m(model.cpu, model.lanes);
  m.run(text);
  if (!m.assembled)
    return;
  ran = true;
  const std::vector<uint64_t> one = {0x5555aaaa};
  unsigned failures = 0;
  uint32_t scc = 0;
  auto once = [&](bool overlap, const In &in) {
    Out want{0, in.scc};
    op.want(in, want);
    m.set_s64(0, in.old);
    m.set_s64(2, in.a);
    m.set_s64(4, in.b);
    m.wave.scc = in.scc;
    bool ok = m.again();
    unsigned at = overlap ? 2 : 0;
    uint64_t expected = merge(text, in.old, want.d);
    if (ok && m.s64(at) == expected && m.wave.scc == want.scc)
      return;
    if (failures++ > 4)
      return;
    INFO(text << (overlap ? " (overlapping)" : "") << " on " << model.cpu << std::hex << ": a = 0x"
              << in.a << ", b = 0x" << in.b << ", old = 0x" << in.old << ", scc = " << in.scc
              << "; got 0x" << m.s64(at) << ", scc " << m.wave.scc << "; want 0x" << expected
              << ", scc " << want.scc << " " << m.stop.text);
    CHECK(false);
  };
  for (uint64_t a : wide_a ? wide_edges() : edges())
    for (uint64_t b : !uses_b ? one : wide_b ? wide_edges() : edges())
      for (unsigned k = 0; k < 2; k++)
        once(false, {a, b, 0xc3c3c3c3f00d0123, scc ^= 1});
  CHECK(failures == 0);
  if (compare)
    return;
  std::string overlapping = text;
  size_t at = overlapping.find("s[0:1],");
  if (at != overlapping.npos)
    overlapping.replace(at, 7, "s[2:3],");
  else
    overlapping.replace(overlapping.find("s0,"), 3, "s2,");
  m.run(overlapping);
  REQUIRE(m.assembled);
  for (uint64_t a : wide_edges())
    for (uint64_t b : uses_b ? wide_edges() : one)
      once(true, {a, b, a, scc ^= 1});
  CHECK(failures == 0);
}

void check_ops(const std::vector<Op> &ops) {
  for (const Op &op : ops) {
    bool ran = false;
    for (const Model &model : {Model{"gfx942", 64}, Model{"gfx90a", 64}, Model{"gfx1030", 32},
                               Model{"gfx1100", 32}, Model{"gfx1201", 64}})
      check_on(model, op, ran);
    INFO(op.text << " was assembled for no processor");
    CHECK(ran);
  }
}

uint32_t count_ones(uint64_t x, unsigned bits) {
  uint32_t n = 0;
  for (unsigned k = 0; k < bits; k++)
    n += x >> k & 1;
  return n;
}
/// The first bit from the bottom that is `bit`.
uint32_t find_low(uint64_t x, unsigned bits, unsigned bit) {
  for (unsigned k = 0; k < bits; k++)
    if ((x >> k & 1) == bit)
      return k;
  return ~0u;
}
/// From the top; `bit` 2: the first that differs from the sign.
uint32_t find_high(uint64_t x, unsigned bits, unsigned bit) {
  unsigned wanted = bit == 2 ? !(x >> (bits - 1) & 1) : bit;
  for (unsigned k = 0; k < bits; k++)
    if ((x >> (bits - 1 - k) & 1) == wanted)
      return k;
  return ~0u;
}
uint64_t reverse(uint64_t x, unsigned bits) {
  uint64_t r = 0;
  for (unsigned k = 0; k < bits; k++)
    r |= (x >> k & 1) << (bits - 1 - k);
  return r;
}
uint64_t quads(uint64_t x, unsigned bits, bool whole) {
  uint64_t r = 0;
  for (unsigned k = 0; k < bits; k++)
    if (whole ? x >> (k & ~3u) & 15 : k < bits / 4 && (x >> (4 * k) & 15))
      r |= uint64_t(1) << k;
  return r;
}
/// Bit by bit: bit k of the field is bit at + k of x, above it zeros or the sign.
uint64_t field(uint64_t x, unsigned bits, unsigned at, unsigned width, bool is_signed) {
  uint64_t r = 0;
  for (unsigned k = 0; k < bits; k++) {
    unsigned j = k < width ? k : width - 1;
    bool bit;
    if (k >= width && (!is_signed || !width))
      bit = false;
    else if (at + j < bits)
      bit = x >> (at + j) & 1;
    else
      bit = is_signed && (x >> (bits - 1) & 1);
    r |= uint64_t(bit) << k;
  }
  return r;
}
bool overflow(uint32_t a, uint32_t b, int64_t sum) {
  (void)a, (void)b;
  return sum != int32_t(sum);
}
void shift_add(const In &i, Out &o, unsigned by) {
  uint64_t sum = (uint64_t(i.A()) << by) + i.B();
  o.d = uint32_t(sum), o.scc = sum > 0xffffffff;
}

} // namespace

#define OP(TEXT, ...) {TEXT, [](const In &i, Out &o) { (void)i, (void)o, (__VA_ARGS__); }}
#define LOGIC(NAME, E)                                                                             \
  OP("s_" NAME "_b32 s0, s2, s4", o.d = uint32_t(E), o.scc = o.d != 0),                            \
      OP("s_" NAME "_b64 s[0:1], s[2:3], s[4:5]", o.d = (E), o.scc = o.d != 0)

TESTED_CASE("scalar moves, selects, logic") {
  check_ops({
      OP("s_mov_b32 s0, s2", o.d = i.a),
      OP("s_mov_b64 s[0:1], s[2:3]", o.d = i.a),
      OP("s_cmov_b32 s0, s2", o.d = i.scc ? i.a : i.old),
      OP("s_cmov_b64 s[0:1], s[2:3]", o.d = i.scc ? i.a : i.old),
      OP("s_cselect_b32 s0, s2, s4", o.d = i.scc ? i.a : i.b),
      OP("s_cselect_b64 s[0:1], s[2:3], s[4:5]", o.d = i.scc ? i.a : i.b),
      OP("s_not_b32 s0, s2", o.d = uint32_t(~i.a), o.scc = o.d != 0),
      OP("s_not_b64 s[0:1], s[2:3]", o.d = ~i.a, o.scc = o.d != 0),
      LOGIC("and", i.a & i.b),
      LOGIC("or", i.a | i.b),
      LOGIC("xor", i.a ^ i.b),
      LOGIC("andn2", i.a & ~i.b),
      LOGIC("orn2", i.a | ~i.b),
      LOGIC("nand", ~(i.a & i.b)),
      LOGIC("nor", ~(i.a | i.b)),
      LOGIC("xnor", ~(i.a ^ i.b)),
  });
}

TESTED_CASE("scalar bits") {
  check_ops({
      OP("s_wqm_b32 s0, s2", o.d = quads(i.a, 32, true), o.scc = o.d != 0),
      OP("s_wqm_b64 s[0:1], s[2:3]", o.d = quads(i.a, 64, true), o.scc = o.d != 0),
      OP("s_quadmask_b32 s0, s2", o.d = quads(i.a, 32, false), o.scc = o.d != 0),
      OP("s_quadmask_b64 s[0:1], s[2:3]", o.d = quads(i.a, 64, false), o.scc = o.d != 0),
      OP("s_brev_b32 s0, s2", o.d = reverse(i.a, 32)),
      OP("s_brev_b64 s[0:1], s[2:3]", o.d = reverse(i.a, 64)),
      OP("s_bcnt0_i32_b32 s0, s2", o.d = 32 - count_ones(i.a, 32), o.scc = o.d != 0),
      OP("s_bcnt0_i32_b64 s0, s[2:3]", o.d = 64 - count_ones(i.a, 64), o.scc = o.d != 0),
      OP("s_bcnt1_i32_b32 s0, s2", o.d = count_ones(i.a, 32), o.scc = o.d != 0),
      OP("s_bcnt1_i32_b64 s0, s[2:3]", o.d = count_ones(i.a, 64), o.scc = o.d != 0),
      OP("s_ff0_i32_b32 s0, s2", o.d = find_low(i.a, 32, 0)),
      OP("s_ff0_i32_b64 s0, s[2:3]", o.d = find_low(i.a, 64, 0)),
      OP("s_ff1_i32_b32 s0, s2", o.d = find_low(i.a, 32, 1)),
      OP("s_ff1_i32_b64 s0, s[2:3]", o.d = find_low(i.a, 64, 1)),
      OP("s_flbit_i32_b32 s0, s2", o.d = find_high(i.a, 32, 1)),
      OP("s_flbit_i32_b64 s0, s[2:3]", o.d = find_high(i.a, 64, 1)),
      OP("s_flbit_i32 s0, s2", o.d = find_high(i.a, 32, 2)),
      OP("s_flbit_i32_i64 s0, s[2:3]", o.d = find_high(i.a, 64, 2)),
      OP("s_sext_i32_i8 s0, s2", o.d = uint32_t(int8_t(i.a))),
      OP("s_sext_i32_i16 s0, s2", o.d = uint32_t(int16_t(i.a))),
      OP("s_bitset0_b32 s0, s2", o.d = i.old & ~(uint64_t(1) << (i.a & 31))),
      OP("s_bitset0_b64 s[0:1], s2", o.d = i.old & ~(uint64_t(1) << (i.a & 63))),
      OP("s_bitset1_b32 s0, s2", o.d = i.old | uint64_t(1) << (i.a & 31)),
      OP("s_bitset1_b64 s[0:1], s2", o.d = i.old | uint64_t(1) << (i.a & 63)),
      {"s_bitreplicate_b64_b32 s[0:1], s2",
       [](const In &i, Out &o) {
         o.d = 0;
         for (unsigned k = 0; k < 64; k++)
           o.d |= (i.a >> (k / 2) & 1) << k;
       }},
      OP("s_lshl_b32 s0, s2, s4", o.d = uint32_t(i.A() << (i.b & 31)), o.scc = o.d != 0),
      OP("s_lshl_b64 s[0:1], s[2:3], s4", o.d = i.a << (i.b & 63), o.scc = o.d != 0),
      OP("s_lshr_b32 s0, s2, s4", o.d = i.A() >> (i.b & 31), o.scc = o.d != 0),
      OP("s_lshr_b64 s[0:1], s[2:3], s4", o.d = i.a >> (i.b & 63), o.scc = o.d != 0),
      OP("s_ashr_i32 s0, s2, s4", o.d = uint32_t(i.sA() >> (i.b & 31)), o.scc = o.d != 0),
      OP("s_ashr_i64 s[0:1], s[2:3], s4", o.d = uint64_t(i.lA() >> (i.b & 63)), o.scc = o.d != 0),
      OP("s_bfm_b32 s0, s2, s4", o.d = ((uint64_t(1) << (i.a & 31)) - 1) << (i.b & 31)),
      OP("s_bfm_b64 s[0:1], s2, s4", o.d = ((uint64_t(1) << (i.a & 63)) - 1) << (i.b & 63)),
      OP("s_bfe_u32 s0, s2, s4", o.d = field(i.a, 32, i.b & 31, i.b >> 16 & 127, false),
         o.scc = o.d != 0),
      OP("s_bfe_i32 s0, s2, s4", o.d = field(i.a, 32, i.b & 31, i.b >> 16 & 127, true),
         o.scc = o.d != 0),
      OP("s_bfe_u64 s[0:1], s[2:3], s4", o.d = field(i.a, 64, i.b & 63, i.b >> 16 & 127, false),
         o.scc = o.d != 0),
      OP("s_bfe_i64 s[0:1], s[2:3], s4", o.d = field(i.a, 64, i.b & 63, i.b >> 16 & 127, true),
         o.scc = o.d != 0),
      OP("s_pack_ll_b32_b16 s0, s2, s4", o.d = (i.a & 0xffff) | (i.b & 0xffff) << 16),
      OP("s_pack_lh_b32_b16 s0, s2, s4", o.d = (i.a & 0xffff) | (i.B() >> 16) << 16),
      OP("s_pack_hh_b32_b16 s0, s2, s4", o.d = i.A() >> 16 | (i.B() >> 16) << 16),
      OP("s_pack_hl_b32_b16 s0, s2, s4", o.d = i.A() >> 16 | (i.b & 0xffff) << 16),
  });
}

TESTED_CASE("scalar arithmetic on edge values") {
  check_ops({
      OP("s_abs_i32 s0, s2", o.d = i.A() >> 31 ? uint32_t(0 - i.A()) : i.A(), o.scc = o.d != 0),
      OP("s_add_u32 s0, s2, s4", o.d = i.A() + i.B(), o.scc = (uint64_t(i.A()) + i.B()) >> 32),
      OP("s_sub_u32 s0, s2, s4", o.d = i.A() - i.B(), o.scc = i.A() < i.B()),
      OP("s_add_i32 s0, s2, s4", o.d = i.A() + i.B(),
         o.scc = overflow(i.A(), i.B(), int64_t(i.sA()) + i.sB())),
      OP("s_sub_i32 s0, s2, s4", o.d = i.A() - i.B(),
         o.scc = overflow(i.A(), i.B(), int64_t(i.sA()) - i.sB())),
      OP("s_addc_u32 s0, s2, s4", o.d = i.A() + i.B() + i.scc,
         o.scc = (uint64_t(i.A()) + i.B() + i.scc) >> 32),
      OP("s_subb_u32 s0, s2, s4", o.d = i.A() - i.B() - i.scc,
         o.scc = uint64_t(i.B()) + i.scc > i.A()),
      OP("s_add_nc_u64 s[0:1], s[2:3], s[4:5]", o.d = i.a + i.b),
      OP("s_sub_nc_u64 s[0:1], s[2:3], s[4:5]", o.d = i.a - i.b),
      OP("s_mul_i32 s0, s2, s4", o.d = uint32_t(i.a) * uint64_t(uint32_t(i.b))),
      OP("s_mul_u64 s[0:1], s[2:3], s[4:5]", o.d = i.a * i.b),
      OP("s_mul_hi_u32 s0, s2, s4", o.d = uint64_t(i.A()) * i.B() >> 32),
      OP("s_mul_hi_i32 s0, s2, s4", o.d = uint32_t(uint64_t(int64_t(i.sA()) * i.sB()) >> 32)),
      // The difference wraps before the sign is looked at: |INT_MIN - 1| is INT_MAX.
      OP("s_absdiff_i32 s0, s2, s4", o.d = i.A() - i.B(), o.d = uint32_t(o.d),
         o.d = o.d >> 31 ? uint32_t(0 - uint32_t(o.d)) : o.d, o.scc = o.d != 0),
      OP("s_min_i32 s0, s2, s4", o.scc = i.sA() < i.sB(), o.d = o.scc ? i.a : i.b),
      OP("s_max_i32 s0, s2, s4", o.scc = i.sA() >= i.sB(), o.d = o.scc ? i.a : i.b),
      OP("s_min_u32 s0, s2, s4", o.scc = i.A() < i.B(), o.d = o.scc ? i.a : i.b),
      OP("s_max_u32 s0, s2, s4", o.scc = i.A() >= i.B(), o.d = o.scc ? i.a : i.b),
      OP("s_lshl1_add_u32 s0, s2, s4", shift_add(i, o, 1)),
      OP("s_lshl2_add_u32 s0, s2, s4", shift_add(i, o, 2)),
      OP("s_lshl3_add_u32 s0, s2, s4", shift_add(i, o, 3)),
      OP("s_lshl4_add_u32 s0, s2, s4", shift_add(i, o, 4)),
  });
}

#define COMPARE(NAME, E)                                                                           \
  OP("s_cmp_" NAME "_i32 s2, s4",                                                                  \
     [&] {                                                                                         \
       int64_t a = i.sA(), b = i.sB();                                                             \
       o.scc = (E);                                                                                \
     }()),                                                                                         \
      OP("s_cmp_" NAME "_u32 s2, s4", [&] {                                                        \
        int64_t a = i.A(), b = i.B();                                                              \
        o.scc = (E);                                                                               \
      }())
// 16-bit constants: extended by the sign, or by zeros
#define COMPARE_K(NAME, K, E)                                                                      \
  OP("s_cmpk_" NAME "_i32 s2, " #K,                                                                \
     [&] {                                                                                         \
       int64_t a = i.sA(), b = int16_t(K);                                                         \
       o.scc = (E);                                                                                \
     }()),                                                                                         \
      OP("s_cmpk_" NAME "_u32 s2, " #K, [&] {                                                      \
        int64_t a = i.A(), b = uint16_t(K);                                                        \
        o.scc = (E);                                                                               \
      }())
#define COMPARE_KS(NAME, E)                                                                        \
  COMPARE_K(NAME, 0x8000, E), COMPARE_K(NAME, 0x7fff, E), COMPARE_K(NAME, 0xffff, E),              \
      COMPARE_K(NAME, 1, E)

TESTED_CASE("scalar comparisons on edge values") {
  check_ops({
      COMPARE("eq", a == b),
      COMPARE("lg", a != b),
      COMPARE("gt", a > b),
      COMPARE("ge", a >= b),
      COMPARE("lt", a < b),
      COMPARE("le", a <= b),
      COMPARE_KS("eq", a == b),
      COMPARE_KS("lg", a != b),
      COMPARE_KS("gt", a > b),
      COMPARE_KS("ge", a >= b),
      COMPARE_KS("lt", a < b),
      COMPARE_KS("le", a <= b),
      OP("s_cmp_eq_u64 s[2:3], s[4:5]", o.scc = i.a == i.b),
      OP("s_cmp_lg_u64 s[2:3], s[4:5]", o.scc = i.a != i.b),
      OP("s_bitcmp0_b32 s2, s4", o.scc = !(i.a >> (i.b & 31) & 1)),
      OP("s_bitcmp1_b32 s2, s4", o.scc = i.a >> (i.b & 31) & 1),
      OP("s_bitcmp0_b64 s[2:3], s4", o.scc = !(i.a >> (i.b & 63) & 1)),
      OP("s_bitcmp1_b64 s[2:3], s4", o.scc = i.a >> (i.b & 63) & 1),
  });
}

namespace {
/// SOPK: the destination's old value is the source.
struct Constant {
  const char *text;
  uint32_t old, scc_before, want, scc;
};
} // namespace

TESTED_CASE("16-bit constants are sign-extended") {
  const Constant cases[] = {
      {"s_movk_i32 s0, 0x7fff", 5, 1, 0x7fff, 1},
      {"s_movk_i32 s0, 0x8000", 5, 0, 0xffff8000, 0},
      {"s_movk_i32 s0, 0xffff", 5, 0, 0xffffffff, 0},
      {"s_cmovk_i32 s0, 0x8000", 5, 0, 5, 0},
      {"s_cmovk_i32 s0, 0x8000", 5, 1, 0xffff8000, 1},
      {"s_addk_i32 s0, 1", 0x7fffffff, 0, 0x80000000, 1},
      {"s_addk_i32 s0, 0xffff", 0x80000000, 0, 0x7fffffff, 1},
      {"s_addk_i32 s0, 0xffff", 0, 1, 0xffffffff, 0},
      {"s_addk_i32 s0, 0x8000", 0x80007fff, 0, 0x7fffffff, 1},
      {"s_addk_i32 s0, 0x8000", 0x8000, 1, 0, 0},
      {"s_mulk_i32 s0, 0xffff", 5, 1, 0xfffffffb, 1},
      {"s_mulk_i32 s0, 0x8000", 0x10000, 0, 0x80000000, 0},
      {"s_mulk_i32 s0, 0x7fff", 0x80000000, 1, 0x80000000, 1},
  };
  for (const Constant &c : cases)
    for (const Model &model : models()) {
      Machine m(model.cpu, model.lanes);
      m.wave.s[0] = c.old, m.wave.s[1] = 77, m.wave.scc = c.scc_before;
      INFO(c.text << " on " << model.cpu);
      REQUIRE(m.run(c.text));
      CHECK(m.wave.s[0] == c.want);
      CHECK(m.wave.s[1] == 77);
      CHECK(m.wave.scc == c.scc);
    }
}

namespace {
struct Exec {
  const char *name;
  uint64_t (*next)(uint64_t a, uint64_t e);
  bool saves; ///< the destination gets the old EXEC, else the new one
};
} // namespace

TESTED_CASE("EXEC is combined with a mask, and saved") {
  const Exec cases[] = {
      {"s_and_saveexec", [](uint64_t a, uint64_t e) { return a & e; }, true},
      {"s_or_saveexec", [](uint64_t a, uint64_t e) { return a | e; }, true},
      {"s_xor_saveexec", [](uint64_t a, uint64_t e) { return a ^ e; }, true},
      {"s_andn2_saveexec", [](uint64_t a, uint64_t e) { return a & ~e; }, true},
      {"s_orn2_saveexec", [](uint64_t a, uint64_t e) { return a | ~e; }, true},
      {"s_nand_saveexec", [](uint64_t a, uint64_t e) { return ~(a & e); }, true},
      {"s_nor_saveexec", [](uint64_t a, uint64_t e) { return ~(a | e); }, true},
      {"s_xnor_saveexec", [](uint64_t a, uint64_t e) { return ~(a ^ e); }, true},
      {"s_andn1_saveexec", [](uint64_t a, uint64_t e) { return ~a & e; }, true},
      {"s_orn1_saveexec", [](uint64_t a, uint64_t e) { return ~a | e; }, true},
      {"s_andn1_wrexec", [](uint64_t a, uint64_t e) { return ~a & e; }, false},
      {"s_andn2_wrexec", [](uint64_t a, uint64_t e) { return a & ~e; }, false},
  };
  const uint64_t values[] = {0, ~uint64_t(0), 0xff, 0xf0f, 0xffffffff00000000, 0x8000000000000001};
  for (const Exec &c : cases)
    for (const Model &model : models())
      for (bool wide : {false, true}) {
        std::string name = std::string(c.name) + (wide ? "_b64" : "_b32");
        Machine m(model.cpu, model.lanes);
        m.run(name + (wide ? " s[0:1], s[2:3]" : " s0, s2"));
        bool gfx9 = std::string_view(model.cpu).starts_with("gfx9");
        INFO(name << " on " << model.cpu << " wave" << model.lanes);
        CHECK(m.assembled == (wide || !gfx9));
        if (!m.assembled)
          continue;
        for (bool overlap : {false, true}) {
          unsigned to = overlap ? 2 : 0;
          if (overlap)
            REQUIRE(m.run(name + (wide ? " s[2:3], s[2:3]" : " s2, s2")));
          for (uint64_t a : values)
            for (uint64_t e : values) {
              uint64_t field = wide ? ~uint64_t(0) : 0xffffffff;
              m.wave.set_exec(e);
              m.set_s64(0, 0x1111222233334444);
              m.set_s64(2, a);
              REQUIRE(m.again());
              uint64_t next = c.next(a, e) & field, old = overlap ? a : 0x1111222233334444;
              CHECK(m.wave.exec() == ((e & ~field) | next));
              CHECK(m.s64(to) == ((old & ~field) | ((c.saves ? e : next) & field)));
              CHECK(m.wave.scc == (next != 0));
            }
        }
      }
}

TESTED_CASE("carries and borrows run through four dwords") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    INFO(model.cpu);
    // 2^96 - 1 and 1; then back again
    for (unsigned k = 0; k < 4; k++)
      m.wave.s[8 + k] = k < 3 ? ~0u : 0, m.wave.s[12 + k] = k == 0;
    REQUIRE(m.run("s_add_u32 s8, s8, s12\ns_addc_u32 s9, s9, s13\ns_addc_u32 s10, s10, s14\n"
                  "s_addc_u32 s11, s11, s15"));
    CHECK(m.s64(8) == 0);
    CHECK(m.s64(10) == 0x100000000);
    CHECK(m.wave.scc == 0);
    REQUIRE(m.run("s_sub_u32 s8, s8, s12\ns_subb_u32 s9, s9, s13\ns_subb_u32 s10, s10, s14\n"
                  "s_subb_u32 s11, s11, s15"));
    CHECK(m.s64(8) == ~uint64_t(0));
    CHECK(m.s64(10) == 0xffffffff);
    CHECK(m.wave.scc == 0);
  }
}
