// Floating point of the scalar ALU (gfx11.5, gfx12), bit for bit: rounding and denormals as MODE
// says, NaN payloads, signed zeros, saturation. Expected values: RDNA3.5 and RDNA4 ISA documents,
// SOP1, SOP2, SOPC.
#include "machine.h"

#include <bit>
#include <catch2/catch.hpp>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

/// MODE: f32 rounding in bits 1:0 (1 up, 2 down, 3 to zero), f16's in 3:2; denormals kept in f32
/// sources (bit 4) and results (5), in f16 sources (6) and results (7).
constexpr uint32_t kPlain = 0xf0, kUp = 0xf1, kDown = 0xf2, kZero = 0xf3, kUp16 = 0xf4,
                   kDown16 = 0xf8, kZero16 = 0xfc;
constexpr uint32_t kFlush = 0xc0, kFlushResult = 0xd0, kFlushSource = 0xe0, kFlush16 = 0x30,
                   kFlushResult16 = 0x70, kFlushSource16 = 0xb0;

/// s2 = a, s4 = b, s0 = old; the result is in s0 (half: its low 16 bits).
struct Float {
  const char *text;
  uint32_t a, b, want;
  uint32_t mode = kPlain;
  uint32_t old = 0;
};

void check_floats(const std::vector<Float> &cases, bool half = false) {
  for (const Float &c : cases) {
    bool ran = false;
    for (const Model &model : {Model{"gfx1150", 32}, Model{"gfx1201", 32}, Model{"gfx1201", 64}}) {
      Machine m(model.cpu, model.lanes);
      // Without IEEE mode, which gfx12 does not have.
      m.wave.set_mode(c.mode);
      m.wave.s[0] = c.old, m.wave.s[1] = 0x77777777, m.wave.s[2] = c.a, m.wave.s[4] = c.b;
      m.wave.scc = 1;
      bool ok = m.run(c.text);
      if (!m.assembled)
        continue;
      ran = true;
      INFO(c.text << " on " << model.cpu << std::hex << ": a = 0x" << c.a << ", b = 0x" << c.b
                  << ", MODE 0x" << c.mode << ", got 0x" << m.wave.s[0] << ", want 0x" << c.want
                  << " " << m.stop.text);
      REQUIRE(ok);
      CHECK((m.wave.s[0] & (half ? 0xffff : ~0u)) == c.want);
      CHECK(m.wave.s[1] == 0x77777777);
      CHECK(m.wave.scc == 1);
    }
    INFO(c.text);
    CHECK(ran);
  }
}
constexpr uint32_t kOne = 0x3f800000, kMinusOne = 0xbf800000, kTwo = 0x40000000, kHalf = 0x3f000000,
                   kMax = 0x7f7fffff, kSignal = 0x7f800001, kQuiet = 0xffc12345, kInfinity = kInf;

} // namespace

TESTED_CASE("scalar f32 arithmetic") {
  const char *add = "s_add_f32 s0, s2, s4", *sub = "s_sub_f32 s0, s2, s4",
             *mul = "s_mul_f32 s0, s2, s4", *fmac = "s_fmac_f32 s0, s2, s4";
  check_floats({
      {add, kOne, kTwo, 0x40400000},
      // 1 + 2^-24 lies half way between two numbers.
      {add, kOne, 0x33800000, kOne},
      {add, kOne, 0x33800000, 0x3f800001, kUp},
      {add, kOne, 0x33800000, kOne, kDown},
      {add, kOne, 0x33800000, kOne, kZero},
      {add, 0x3f800001, 0x33800000, 0x3f800002},
      {add, kMinusOne, 0xb3800000, kMinusOne, kUp},
      {add, kMinusOne, 0xb3800000, 0xbf800001, kDown},
      {add, kMinusOne, 0xb3800000, kMinusOne, kZero},
      {add, kMax, kMax, kInfinity},
      {add, kMax, kMax, kMax, kZero},
      {add, kMax, kMax, kMax, kDown},
      {add, 0xff7fffff, 0xff7fffff, 0xff7fffff, kUp},
      {add, kOne, kMinusOne, 0},
      {add, kOne, kMinusOne, 0x80000000, kDown},
      {add, 0x80000000, 0x80000000, 0x80000000},
      {add, 0, 0x80000000, 0},
      {add, kInfinity, 0xff800000, 0x7fc00000},
      {add, kSignal, kOne, 0x7fc00001},
      {add, kOne, kSignal, 0x7fc00001},
      {add, kQuiet, kOne, kQuiet},
      {add, kQuiet, kSignal, kQuiet},
      {add, 1, 1, 2},
      {add, 1, 1, 0, kFlush},
      {add, 0x80000001, 0x80000001, 0x80000000, kFlush},
      {add, 1, 1, 0, kFlushResult},
      {add, 0x007fffff, 1, 0x00800000, kFlushResult},
      {add, 0x00800000, 1, 0x00800000, kFlushSource},
      {add, 0x00800001, 0x80800000, 1, kFlushSource},
      {add, 0x00800001, 0x80800000, 0, kFlushResult},
      {sub, kOne, kOne, 0},
      {sub, 0x80000000, 0, 0x80000000},
      {sub, kInfinity, kInfinity, 0x7fc00000},
      {sub, kOne, 0x33000000, kOne},
      {sub, kOne, 0x33000000, 0x3f7fffff, kZero},
      {sub, kOne, kSignal, 0x7fc00001},
      {mul, 0x40400000, 0x40a00000, 0x41700000},
      {mul, 0, kInfinity, 0x7fc00000},
      {mul, 0x80000000, kOne, 0x80000000},
      {mul, 0x00800000, kHalf, 0x00400000},
      {mul, 0x80800000, kHalf, 0x80000000, kFlushResult},
      {mul, 0x00400000, kTwo, 0, kFlushSource},
      {mul, kMax, kTwo, kInfinity},
      {mul, 0x3f800001, 0x3f800001, 0x3f800002},
      {mul, 0x3f800001, 0x3f800001, 0x3f800003, kUp},
      {mul, 1, 1, 0},
      {mul, 1, 1, 1, kUp},
      // (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24 if nothing is rounded in between.
      {fmac, 0x3f800800, 0x3f800800, 0x33800000, kPlain, 0xbf801000},
      {fmac, kOne, kOne, 0x7fc00001, kPlain, kSignal},
      {fmac, kQuiet, kSignal, kQuiet, kPlain, kSignal},
      {fmac, 0, kInfinity, kQuiet, kPlain, kQuiet},
      {"s_fmac_f32 s0, s2, s0", kTwo, 0, 0x41400000, kPlain, 0x40800000}, // 2 * 4 + 4
      {"s_fmamk_f32 s0, s2, 0x3f800800, s4", 0x3f800800, 0xbf801000, 0x33800000},
      {"s_fmamk_f32 s0, s2, 0x40400000, s4", kTwo, kOne, 0x40e00000},
      {"s_fmaak_f32 s0, s2, s4, 0xbf801000", 0x3f800800, 0x3f800800, 0x33800000},
      {"s_fmaak_f32 s0, s2, s4, 0x40400000", kTwo, kOne, 0x40a00000},
  });
}

TESTED_CASE("scalar minimum and maximum") {
  for (std::string suffix : {"", "_num"}) { // gfx11.5 and gfx12 name it differently
    std::string least = "s_min" + suffix + "_f32 s0, s2, s4",
                most = "s_max" + suffix + "_f32 s0, s2, s4";
    const char *min = least.c_str(), *max = most.c_str();
    check_floats({
        {min, kOne, kTwo, kOne},
        {max, kOne, kTwo, kTwo},
        {min, 0, 0x80000000, 0x80000000},
        {min, 0x80000000, 0, 0x80000000},
        {max, 0, 0x80000000, 0},
        {max, 0x80000000, 0, 0},
        {min, kInfinity, 0xff800000, 0xff800000},
        {max, kInfinity, 0xff800000, kInfinity},
        {min, kQuiet, kOne, kOne},
        {min, kOne, kQuiet, kOne},
        {max, kSignal, kOne, kOne},
        {max, kOne, kSignal, kOne},
        {min, 0x7fc00001, kQuiet, 0x7fc00001},
        {min, 1, 2, 1},
        {max, 1, 0x80000001, 1},
    });
  }
  // IEEE mode of gfx11.5: a signalling NaN wins.
  Machine m("gfx1150", 32);
  m.wave.set_mode(0x2f0);
  m.wave.s[2] = kSignal, m.wave.s[4] = kOne;
  REQUIRE(m.run("s_min_f32 s0, s2, s4"));
  CHECK(m.wave.s[0] == 0x7fc00001);
  REQUIRE(m.run("s_max_f32 s0, s4, s2"));
  CHECK(m.wave.s[0] == 0x7fc00001);
  const char *minimum = "s_minimum_f32 s0, s2, s4", *maximum = "s_maximum_f32 s0, s2, s4";
  check_floats({
      {minimum, kOne, kTwo, kOne},
      {maximum, kOne, kTwo, kTwo},
      {minimum, 0, 0x80000000, 0x80000000},
      {maximum, 0x80000000, 0, 0},
      {minimum, kQuiet, kOne, kQuiet},
      {maximum, kOne, kQuiet, kQuiet},
      {minimum, kOne, kSignal, 0x7fc00001},
      {maximum, kSignal, kQuiet, 0x7fc00001},
      {minimum, kQuiet, kSignal, 0x7fc00001},
      {maximum, kQuiet, kSignal, 0x7fc00001},
      {maximum, kInfinity, kMax, kInfinity},
  });
}

TESTED_CASE("scalar f32 rounding to integers") {
  const char *ceil = "s_ceil_f32 s0, s2", *floor = "s_floor_f32 s0, s2",
             *trunc = "s_trunc_f32 s0, s2", *rndne = "s_rndne_f32 s0, s2";
  check_floats({
      {ceil, kHalf, 0, kOne},
      {ceil, 0xbf000000, 0, 0x80000000},
      {ceil, 1, 0, kOne},
      {ceil, 1, 0, 0, kFlush},
      {ceil, 0x4b000001, 0, 0x4b000001},
      {ceil, kInfinity, 0, kInfinity},
      {ceil, kSignal, 0, 0x7fc00001},
      {ceil, 0x80000000, 0, 0x80000000},
      {floor, kHalf, 0, 0},
      {floor, 0xbf000000, 0, kMinusOne},
      {floor, 0x80000001, 0, kMinusOne},
      {floor, 0x80000001, 0, 0x80000000, kFlush},
      {floor, kQuiet, 0, kQuiet},
      {trunc, 0xbf7fffff, 0, 0x80000000},
      {trunc, 0x3fffffff, 0, kOne},
      {trunc, 0xcb000001, 0, 0xcb000001},
      {trunc, kSignal, 0, 0x7fc00001},
      {rndne, kHalf, 0, 0},
      {rndne, 0x3fc00000, 0, kTwo},
      {rndne, 0x40200000, 0, kTwo},
      {rndne, 0x40200000, 0, kTwo, kUp},
      {rndne, 0xbf000000, 0, 0x80000000},
      {rndne, 0xbfc00000, 0, 0xc0000000},
      {rndne, kSignal, 0, 0x7fc00001},
  });
}

TESTED_CASE("scalar conversions") {
  const char *from_i = "s_cvt_f32_i32 s0, s2", *from_u = "s_cvt_f32_u32 s0, s2",
             *to_i = "s_cvt_i32_f32 s0, s2", *to_u = "s_cvt_u32_f32 s0, s2",
             *f32 = "s_cvt_f32_f16 s0, s2", *high = "s_cvt_hi_f32_f16 s0, s2",
             *pack = "s_cvt_pk_rtz_f16_f32 s0, s2, s4";
  check_floats({
      {from_i, 0x7fffffff, 0, 0x4f000000},
      {from_i, 0x7fffffff, 0, 0x4effffff, kZero},
      {from_i, 0x80000000, 0, 0xcf000000},
      {from_i, 0x01000001, 0, 0x4b800000},
      {from_i, 0x01000001, 0, 0x4b800001, kUp},
      {from_i, 0xfeffffff, 0, 0xcb800001, kDown},
      {from_i, 0, 0, 0},
      {from_u, 0xffffffff, 0, 0x4f800000},
      {from_u, 0xffffffff, 0, 0x4f7fffff, kZero},
      {from_u, 0x80000000, 0, 0x4f000000},
      {to_i, 0x407f5c29, 0, 3}, // 3.99
      {to_i, 0xc07f5c29, 0, uint32_t(-3)},
      {to_i, 0x407f5c29, 0, 3, kUp},
      {to_i, kSignal, 0, 0},
      {to_i, kQuiet, 0, 0},
      {to_i, kInfinity, 0, 0x7fffffff},
      {to_i, 0xff800000, 0, 0x80000000},
      {to_i, 0x4f000000, 0, 0x7fffffff},
      {to_i, 0xcf000000, 0, 0x80000000},
      {to_i, 0x4effffff, 0, 0x7fffff80},
      {to_u, kMinusOne, 0, 0},
      {to_u, 0xbf000000, 0, 0},
      {to_u, kQuiet, 0, 0},
      {to_u, kInfinity, 0, 0xffffffff},
      {to_u, 0x4f800000, 0, 0xffffffff},
      {to_u, 0x4f7fffff, 0, 0xffffff00},
      {to_u, 0x4f000000, 0, 0x80000000},
      {f32, 0xdead3c00, 0, kOne},
      {f32, 0x0001, 0, 0x33800000},
      {f32, 0x0001, 0, 0, kFlushSource16},
      {f32, 0x8001, 0, 0x80000000, kFlushSource16},
      {f32, 0xfc00, 0, 0xff800000},
      {f32, 0x7d01, 0, 0x7fe02000},
      {high, 0x3c00dead, 0, kOne},
      {high, 0x00010000, 0, 0x33800000},
      {pack, kOne, 0xc0000000, 0xc0003c00},
      {pack, 0x477ff000, 0x501502f9, 0x7bff7bff}, // 65520 and 10^10: the largest f16
      {pack, kInfinity, 0xff800000, 0xfc007c00},
      {pack, 0x33c00000, 0x33000000, 0x00000001}, // 1.5 * 2^-24 and 2^-25
      {pack, 0xb87fffff, 0x387fc000, 0x03ff83ff}, // just below 2^-14
      {pack, 0x3f801fff, 0xbf801fff, 0xbc003c00, kUp},
  });
  const char *f16 = "s_cvt_f16_f32 s0, s2";
  check_floats(
      {
          {f16, kOne, 0, 0x3c00},
          {f16, 0x477fefff, 0, 0x7bff},
          {f16, 0x477ff000, 0, 0x7c00}, // 65520 is half way to 65536
          {f16, 0x477ff000, 0, 0x7bff, kZero16},
          {f16, 0x477ff000, 0, 0x7bff, kDown16},
          {f16, 0xc77ff000, 0, 0xfbff, kUp16},
          {f16, 0x33800000, 0, 0x0001},
          {f16, 0x33000000, 0, 0x0000},
          {f16, 0x33000000, 0, 0x0001, kUp16},
          {f16, 0xb3000000, 0, 0x8001, kDown16},
          {f16, 0x33400000, 0, 0x0001},
          {f16, 0x33800000, 0, 0x0000, kFlushResult16},
          {f16, 0x3f801000, 0, 0x3c00}, // half way, even
          {f16, 0x3f801000, 0, 0x3c01, kUp16},
          {f16, 0x3f801000, 0, 0x3c00, kUp}, // f32's rounding does not matter
          {f16, 0x7f802000, 0, 0x7e01},
          {f16, 0xff800000, 0, 0xfc00},
      },
      true);
}

TESTED_CASE("scalar f16 arithmetic") {
  const char *add = "s_add_f16 s0, s2, s4", *sub = "s_sub_f16 s0, s2, s4",
             *mul = "s_mul_f16 s0, s2, s4", *fmac = "s_fmac_f16 s0, s2, s4";
  const char *minimum = "s_minimum_f16 s0, s2, s4", *maximum = "s_maximum_f16 s0, s2, s4";
  const char *ceil = "s_ceil_f16 s0, s2", *floor = "s_floor_f16 s0, s2",
             *trunc = "s_trunc_f16 s0, s2", *rndne = "s_rndne_f16 s0, s2";
  check_floats(
      {
          {add, 0x3c00, 0x4000, 0x4200},
          {add, 0xdead3c00, 0xbeef4000, 0x4200},
          {add, 0x7bff, 0x4c00, 0x7c00}, // 65504 + 16: half way
          {add, 0x7bff, 0x4c00, 0x7bff, kZero16},
          {add, 0x3c00, 0x1000, 0x3c00},
          {add, 0x3c00, 0x1000, 0x3c01, kUp16},
          {add, 0x3c00, 0x1000, 0x3c00, kUp},
          {add, 1, 1, 2},
          {add, 1, 1, 0, kFlush16},
          {add, 0x8001, 0x8001, 0x8000, kFlushResult16},
          {add, 0x7d01, 0x3c00, 0x7f01},
          {add, 0x7c00, 0xfc00, 0x7e00},
          {add, 0x3c00, 0xbc00, 0x8000, kDown16},
          {sub, 0x3c00, 0x3c00, 0},
          {sub, 0x8000, 0, 0x8000},
          {sub, 0x3c00, 0x7d01, 0x7f01},
          {mul, 0x3c01, 0x3c01, 0x3c02},
          {mul, 0x3c01, 0x3c01, 0x3c03, kUp16},
          {mul, 0x0400, 0x3800, 0x0200},
          {mul, 0x0400, 0x3800, 0, kFlushResult16},
          {mul, 0x0200, 0x4000, 0, kFlushSource16},
          {mul, 0, 0xfc00, 0x7e00},
          // (1 + 2^-10)^2 - (1 + 2^-9) is 2^-20 if nothing is rounded in between.
          {fmac, 0x3c01, 0x3c01, 0x0010, kPlain, 0xbc02},
          {fmac, 0x3c00, 0x3c00, 0x7f01, kPlain, 0x7d01},
          {minimum, 0x3c00, 0x4000, 0x3c00},
          {minimum, 0, 0x8000, 0x8000},
          {minimum, 0x3c00, 0x7e02, 0x7e02},
          {maximum, 0x3c00, 0x4000, 0x4000},
          {maximum, 0x8000, 0, 0},
          {maximum, 0x7e02, 0x3c00, 0x7e02},
          {minimum, 0x7e02, 0x7c01, 0x7e01},
          {maximum, 0x7e02, 0x7c01, 0x7e01},
          {ceil, 0x3800, 0, 0x3c00},
          {ceil, 0xb800, 0, 0x8000},
          {ceil, 0x0001, 0, 0x3c00},
          {ceil, 0x0001, 0, 0, kFlush16},
          {ceil, 0x7d01, 0, 0x7f01},
          {floor, 0xb800, 0, 0xbc00},
          {floor, 0x3800, 0, 0},
          {floor, 0x8001, 0, 0xbc00},
          {trunc, 0xbbff, 0, 0x8000},
          {trunc, 0x4248, 0, 0x4200},
          {rndne, 0x4100, 0, 0x4000},
          {rndne, 0x3e00, 0, 0x4000},
          {rndne, 0xb800, 0, 0x8000},
          {rndne, 0x4100, 0, 0x4000, kUp16},
      },
      true);
  for (std::string suffix : {"", "_num"}) {
    std::string least = "s_min" + suffix + "_f16 s0, s2, s4",
                most = "s_max" + suffix + "_f16 s0, s2, s4";
    check_floats(
        {
            {least.c_str(), 0x3c00, 0x4000, 0x3c00},
            {least.c_str(), 0, 0x8000, 0x8000},
            {least.c_str(), 0x7d01, 0x4000, 0x4000},
            {least.c_str(), 0x4000, 0x7e02, 0x4000},
            {most.c_str(), 0x3c00, 0x4000, 0x4000},
            {most.c_str(), 0x8000, 0, 0},
            {most.c_str(), 0x7e02, 0x3c00, 0x3c00},
            {most.c_str(), 1, 0x8001, 1},
        },
        true);
  }
}

namespace {
struct Comparison {
  const char *name;
  bool (*holds)(double a, double b, bool nan);
};
double value_of(uint32_t x, bool half, bool flush) {
  if (half) {
    uint32_t y = flush && !(x & 0x7c00) ? x & 0x8000 : x;
    return double(std::bit_cast<_Float16>(uint16_t(y)));
  }
  return double(std::bit_cast<float>(flush && !(x & 0x7f800000) ? x & 0x80000000 : x));
}
} // namespace

TESTED_CASE("scalar floating-point comparisons") {
  const Comparison cases[] = {
      {"lt", [](double a, double b, bool) { return a < b; }},
      {"eq", [](double a, double b, bool) { return a == b; }},
      {"le", [](double a, double b, bool) { return a <= b; }},
      {"gt", [](double a, double b, bool) { return a > b; }},
      {"lg", [](double a, double b, bool nan) { return !nan && a != b; }},
      {"ge", [](double a, double b, bool) { return a >= b; }},
      {"o", [](double, double, bool nan) { return !nan; }},
      {"u", [](double, double, bool nan) { return nan; }},
      {"nge", [](double a, double b, bool nan) { return nan || a < b; }},
      {"nlg", [](double a, double b, bool nan) { return nan || a == b; }},
      {"ngt", [](double a, double b, bool nan) { return nan || a <= b; }},
      {"nle", [](double a, double b, bool nan) { return nan || a > b; }},
      {"neq", [](double a, double b, bool nan) { return nan || a != b; }},
      {"nlt", [](double a, double b, bool nan) { return nan || a >= b; }},
  };
  const std::vector<uint32_t> singles = {0,         0x80000000, kOne,       kMinusOne,
                                         kInfinity, 0xff800000, kQuiet,     kSignal,
                                         1,         0x80000001, 0x00800000, kMax};
  const std::vector<uint32_t> halves = {0,      0x8000, 0x3c00, 0xbc00, 0x7c00, 0xfc00,
                                        0x7e00, 0x7d01, 1,      0x8001, 0x0400, 0x7bff};
  for (const Comparison &c : cases)
    for (bool half : {false, true})
      for (const Model &model : {Model{"gfx1150", 32}, Model{"gfx1201", 64}}) {
        std::string text = std::string("s_cmp_") + c.name + (half ? "_f16" : "_f32") + " s2, s4";
        Machine m(model.cpu, model.lanes);
        REQUIRE(m.run(text));
        for (bool flush : {false, true}) {
          m.wave.set_mode(!flush ? kPlain : half ? kFlush16 : kFlush);
          for (uint32_t a : half ? halves : singles)
            for (uint32_t b : half ? halves : singles) {
              m.wave.s[2] = a, m.wave.s[4] = b | (half ? 0xabc00000 : 0);
              double x = value_of(a, half, flush), y = value_of(b, half, flush);
              bool want = c.holds(x, y, x != x || y != y);
              m.wave.scc = !want;
              REQUIRE(m.again());
              INFO(text << std::hex << " 0x" << a << ", 0x" << b << (flush ? " flushed" : ""));
              CHECK(m.wave.scc == want);
            }
        }
      }
}

TESTED_CASE("transcendentals with scalar operands") {
  check_floats({
      {"v_s_exp_f32 s0, s2", 0x40400000, 0, 0x41000000},
      {"v_s_exp_f32 s0, s2", 0xff800000, 0, 0},
      {"v_s_exp_f32 s0, s2", kSignal, 0, 0x7fc00001},
      {"v_s_exp_f32 s0, s2", 0x43000000, 0, kInfinity},
      {"v_s_log_f32 s0, s2", 0x41000000, 0, 0x40400000},
      {"v_s_log_f32 s0, s2", 0, 0, 0xff800000},
      {"v_s_log_f32 s0, s2", kMinusOne, 0, 0x7fc00000},
      {"v_s_rcp_f32 s0, s2", 0x40800000, 0, 0x3e800000},
      {"v_s_rcp_f32 s0, -s2", 0x40800000, 0, 0xbe800000},
      {"v_s_rcp_f32 s0, |s2|", 0xc0800000, 0, 0x3e800000},
      {"v_s_rcp_f32 s0, s2", 0x80000000, 0, 0xff800000},
      {"v_s_rcp_f32 s0, s2", 0xff800000, 0, 0x80000000},
      {"v_s_rcp_f32 s0, s2", kQuiet, 0, kQuiet},
      {"v_s_rsq_f32 s0, s2", 0x40800000, 0, kHalf},
      {"v_s_rsq_f32 s0, s2", 0, 0, kInfinity},
      {"v_s_rsq_f32 s0, s2", kMinusOne, 0, 0x7fc00000},
      {"v_s_sqrt_f32 s0, s2", 0x41100000, 0, 0x40400000},
      {"v_s_sqrt_f32 s0, s2", 0x80000000, 0, 0x80000000},
      {"v_s_sqrt_f32 s0, s2", kMinusOne, 0, 0x7fc00000},
  });
  check_floats(
      {
          {"v_s_exp_f16 s0, s2", 0x4200, 0, 0x4800},
          {"v_s_exp_f16 s0, s2", 0xfc00, 0, 0},
          {"v_s_log_f16 s0, s2", 0x4800, 0, 0x4200},
          {"v_s_log_f16 s0, s2", 0, 0, 0xfc00},
          {"v_s_rcp_f16 s0, s2", 0x4400, 0, 0x3400},
          {"v_s_rcp_f16 s0, s2", 0x8000, 0, 0xfc00},
          {"v_s_rsq_f16 s0, s2", 0x4400, 0, 0x3800},
          {"v_s_sqrt_f16 s0, s2", 0x4880, 0, 0x4200},
          {"v_s_sqrt_f16 s0, s2", 0x7d01, 0, 0x7f01},
          {"v_s_sqrt_f16 s0, s2", 0x8000, 0, 0x8000},
      },
      true);
}
