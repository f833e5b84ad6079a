// Opcodes that give a bit per lane beside their result: carries, v_mad_u64_u32, v_div_scale.
// Meanings: AMD's RDNA3, RDNA4 and MI300 ISA documents.
#include "assembler.h"
#include "sweep.h"

#include <catch2/catch.hpp>
#include <random>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

using U = uint64_t;
struct Result {
  U d;
  bool out;
};
using CarryMeaning = Result (*)(U a, U b, U c, bool in);

struct CarryOp {
  const char *names;
  bool wide;     ///< 64-bit c and result
  bool takes_in; ///< a carry
  CarryMeaning want;
};

Result sum(U a, U b, bool in) {
  U t = a + b + in;
  return {t & 0xffffffff, t > 0xffffffff};
}
Result difference(U a, U b, bool in) {
  return {(a - b - in) & 0xffffffff, b + in > a};
}

const CarryOp kOps[] = {
    {"v_add_co_u32", false, false, [](U a, U b, U, bool) { return sum(a, b, false); }},
    {"v_sub_co_u32", false, false, [](U a, U b, U, bool) { return difference(a, b, false); }},
    {"v_subrev_co_u32", false, false, [](U a, U b, U, bool) { return difference(b, a, false); }},
    {"v_addc_co_u32 v_add_co_ci_u32", false, true,
     [](U a, U b, U, bool in) { return sum(a, b, in); }},
    {"v_subb_co_u32 v_sub_co_ci_u32", false, true,
     [](U a, U b, U, bool in) { return difference(a, b, in); }},
    {"v_subbrev_co_u32 v_subrev_co_ci_u32", false, true,
     [](U a, U b, U, bool in) { return difference(b, a, in); }},
    {"v_mad_u64_u32 v_mad_co_u64_u32", true, false,
     [](U a, U b, U c, bool) {
       unsigned __int128 t = (unsigned __int128)(a * b) + c;
       return Result{U(t), bool(t >> 64 & 1)};
     }},
    // 65 bits of a signed sum, of which the bit is the highest.
    {"v_mad_i64_i32 v_mad_co_i64_i32", true, false,
     [](U a, U b, U c, bool) {
       __int128 t = (__int128)(int64_t(int32_t(a)) * int32_t(b)) + int64_t(c);
       return Result{U(t), bool(t >> 64 & 1)};
     }},
};

/// Into VCC, or into s[6:7] with the carry from s[8:9]; on top of the first source or not.
void carries(const CarryOp &op, const std::string &name, const Model &model, bool to_pair,
             bool overlap) {
  bool w64 = model.lanes == 64;
  std::string out = to_pair ? w64 ? "s[6:7]" : "s6"
                    : w64   ? "vcc"
                            : "vcc_lo",
              in = to_pair ? w64 ? "s[8:9]" : "s8" : out, d = overlap ? "2" : "0";
  std::string text = name + " " + (op.wide ? overlap ? "v[6:7]" : "v[0:1]" : "v" + d) + ", " + out +
                     ", v2, v4" + (op.wide ? ", v[6:7]" : "") + (op.takes_in ? ", " + in : "");
  unsigned to = op.wide ? overlap ? 6 : 0 : overlap ? 2 : 0;
  Machine m(model.cpu, model.lanes);
  std::mt19937_64 random(3);
  const std::vector<U> &values = edges(Kind::I32), &wides = edges(Kind::I64);
  for (unsigned batch = 0; batch < 24; batch++) {
    U exec = (batch % 2 ? random() : ~U(0)) & m.wave.full_exec(), bits = random(), want = 0;
    std::vector<U> results(m.lanes);
    for (unsigned l = 0; l < m.lanes; l++) {
      U a = values[random() % values.size()], b = values[random() % values.size()],
        c = wides[random() % wides.size()], old = random();
      m.v(0, l) = uint32_t(old), m.v(1, l) = uint32_t(old >> 32);
      m.v(2, l) = uint32_t(a), m.v(3, l) = 0x33333333, m.v(4, l) = uint32_t(b);
      m.v(6, l) = uint32_t(c), m.v(7, l) = uint32_t(c >> 32);
      old = m.v64(to, l);
      Result r = op.want(a, b, c, bits >> l & 1);
      bool on = exec >> l & 1;
      results[l] = !on ? old : op.wide ? r.d : (old & ~U(0xffffffff)) | r.d;
      want |= U(on && r.out) << l;
    }
    m.wave.set_exec(exec);
    m.wave.set_vcc(to_pair ? 0x5555 : bits);
    m.set_s64(6, ~U(0));
    m.set_s64(8, bits);
    bool ok = batch ? m.again() : m.run(text);
    INFO(text << " on " << model.cpu << " wave" << model.lanes << ": " << m.stop.text);
    REQUIRE(m.assembled);
    REQUIRE(ok);
    for (unsigned l = 0; l < m.lanes; l++) {
      INFO("lane " << l << std::hex << " got 0x" << m.v64(to, l) << ", want 0x" << results[l]);
      CHECK(m.v64(to, l) == results[l]);
    }
    U keep = w64 ? 0 : ~U(0) << 32;
    CHECK(m.wave.vcc() == (to_pair ? 0x5555 : want | (bits & keep)));
    CHECK(m.s64(6) == (to_pair ? want | keep : ~U(0)));
  }
}

} // namespace

TESTED_CASE("carries in and out") {
  for (const CarryOp &op : kOps) {
    std::istringstream names(op.names);
    for (std::string name; names >> name;)
      for (const Model &model : models())
        if (has_mnemonic(model.cpu, name))
          for (bool to_pair : {false, true})
            for (bool overlap : {false, true})
              // gfx11 and gfx12 do not take an overlap of the product's sources
              carries(op, name, model, to_pair, overlap);
  }
}

TESTED_CASE("carries saturate under clamp") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    std::string pair = m.lanes == 64 ? "s[6:7]" : "s6";
    m.set(2, {0xffffffff, 5, 7});
    m.set(4, {1, 6, 2});
    INFO(model.cpu << " wave" << model.lanes);
    REQUIRE(m.run(">v_add_co_u32 v0, " + pair + ", v2, v4 clamp\n>v_sub_co_u32 v1, " + pair +
                  ", v2, v4 clamp"));
    CHECK(m.v(0, 0) == 0xffffffff);
    CHECK(m.v(0, 1) == 11);
    CHECK(m.v(1, 0) == 0xfffffffe);
    CHECK(m.v(1, 1) == 0);
    CHECK(m.v(1, 2) == 5);
  }
}

TESTED_CASE("v_div_scale") {
  // result, bit; sources: the one to scale (denominator or numerator), denominator, numerator
  struct Row {
    U s, denominator, numerator, want;
    bool bit;
  };
  const U denormal32 = 0x00000400;
  std::vector<Row> rows32 = {
      {f(3), f(3), f(1), f(3), false},
      {f(1), f(3), f(1), f(1), false},
      // a denominator or numerator of zero
      {f(0), f(0), f(1), kNan, false},
      {f(0), f(2), f(0), kNan, false},
      {f(2), f(2), kMinus0, kNan, false},
      // the quotient near the largest number: 96 binary orders
      {f(0x1p-40f), f(0x1p-40f), f(0x1p56f), f(0x1p24f), true},
      {f(0x1p56f), f(0x1p-40f), f(0x1p56f), f(0x1p56f), true},
      {f(0x1p-40f), f(0x1p-40f), f(0x1p55f), f(0x1p-40f), false},
      // a denormal denominator
      {denormal32, denormal32, f(0x1p-100f), f(0x1p-75f), false},
      {f(0x1p-100f), denormal32, f(0x1p-100f), f(0x1p-36f), false},
      // a denormal reciprocal
      {f(0x1p127f), f(0x1p127f), f(0x1p20f), f(0x1p63f), false},
      {f(0x1p20f), f(0x1p127f), f(0x1p20f), f(0x1p-44f), false},
      // a denormal quotient
      {f(0x1p-90f), f(0x1p50f), f(0x1p-90f), f(0x1p-26f), true},
      {f(0x1p50f), f(0x1p50f), f(0x1p-90f), f(0x1p50f), true},
      // a small numerator
      {f(0x1p-110f), f(1), f(0x1p-110f), f(0x1p-46f), false},
      {f(1), f(1), f(0x1p-110f), f(0x1p64f), false},
      {f(1), f(1), f(0x1p-103f), f(1), false},
      {f(1), f(1), f(0x1p-104f), f(0x1p64f), false},
  };
  std::vector<Row> rows64 = {
      {d(3), d(3), d(1), d(3), false},
      {d(0), d(0), d(1), 0x7ff8000000000000, false},
      {d(0x1p-400), d(0x1p-400), d(0x1p368), d(0x1p-272), true},
      {d(0x1p368), d(0x1p-400), d(0x1p368), d(0x1p368), true},
      {d(0x1p-400), d(0x1p-400), d(0x1p367), d(0x1p-400), false},
      {1, 1, d(0x1p-400), d(0x1p-946), false},
      {d(0x1p1023), d(0x1p1023), d(0x1p20), d(0x1p895), false},
      {d(0x1p-600), d(0x1p500), d(0x1p-600), d(0x1p-472), true},
      {d(0x1p500), d(0x1p500), d(0x1p-600), d(0x1p500), true},
      {d(1), d(1), d(0x1p-970), d(0x1p128), false},
      {d(1), d(1), d(0x1p-969), d(1), false},
  };
  for (const Model &model : models())
    for (bool wide : {false, true}) {
      const std::vector<Row> &rows = wide ? rows64 : rows32;
      Machine m(model.cpu, model.lanes);
      for (unsigned l = 0; l < m.lanes; l++) {
        const Row &r = rows[l % rows.size()];
        U x[3] = {r.s, r.denominator, r.numerator};
        for (unsigned k = 0; k < 3; k++)
          m.v(2 + 2 * k, l) = uint32_t(x[k]), m.v(3 + 2 * k, l) = uint32_t(x[k] >> 32);
      }
      std::string vcc = m.lanes == 64 ? "vcc" : "vcc_lo";
      INFO(model.cpu << " wave" << model.lanes);
      REQUIRE(m.run(wide ? "v_div_scale_f64 v[0:1], " + vcc + ", v[2:3], v[4:5], v[6:7]"
                         : "v_div_scale_f32 v0, " + vcc + ", v2, v4, v6"));
      for (unsigned l = 0; l < rows.size(); l++) {
        INFO("row " << l << std::hex << " got 0x" << m.v64(0, l));
        CHECK((wide ? m.v64(0, l) : m.v(0, l)) == rows[l].want);
        CHECK((m.wave.vcc() >> l & 1) == rows[l].bit);
      }
    }
}
