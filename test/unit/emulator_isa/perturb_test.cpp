// W2W_CONFIG=emu-perturb: results within the stated error, repeatable, exact where AMD's documents
// are.
#include "machine.h"

#include "runtime/emulator/config.h"
#include "runtime/emulator/isa/opcodes.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

struct Mode {
  explicit Mode(uint64_t seed) { isa::set_perturbation(seed); }
  ~Mode() { isa::set_perturbation(std::nullopt); }
};

/// The results of one instruction on 64 operands.
std::vector<uint64_t> results(const char *text, const std::vector<uint64_t> &operands) {
  Machine m("gfx942", 64);
  m.set(2, operands, true);
  INFO(text << ": " << m.stop.text);
  REQUIRE(m.run(text));
  std::vector<uint64_t> r;
  for (unsigned l = 0; l < 64; l++)
    r.push_back(m.v64(0, l));
  return r;
}
std::vector<uint64_t> operands32(float from, float factor) {
  std::vector<uint64_t> r;
  for (float x = from; r.size() < 64; x *= factor)
    r.push_back(f(x));
  return r;
}

void within_one_ulp(const char *text, double (*exact)(double)) {
  for (uint64_t seed : {1, 2, 77}) {
    Mode mode(seed);
    std::vector<uint64_t> in = operands32(0.37f, 1.31f), out = results(text, in);
    CHECK(out == results(text, in));
    unsigned moved = 0;
    for (unsigned l = 0; l < 64; l++) {
      double want = exact(double(std::bit_cast<float>(uint32_t(in[l]))));
      float got = std::bit_cast<float>(uint32_t(out[l]));
      double ulp = double(std::nextafter(std::fabs(got), INFINITY)) - std::fabs(got);
      INFO(text << " of " << in[l] << ", seed " << seed);
      CHECK(std::fabs(double(got) - want) < ulp);
      moved += got != float(want);
    }
    INFO(text);
    CHECK(moved > 8);
    CHECK(moved < 56);
  }
}

} // namespace

TEST_CASE("perturbed f32 results stay within one ulp") {
  within_one_ulp("v_rcp_f32 v0, v2", [](double x) { return 1 / x; });
  within_one_ulp("v_rsq_f32 v0, v2", [](double x) { return 1 / std::sqrt(x); });
  within_one_ulp("v_sqrt_f32 v0, v2", [](double x) { return std::sqrt(x); });
  within_one_ulp("v_log_f32 v0, v2", [](double x) { return std::log2(x); });
}

TEST_CASE("perturbed results that AMD's documents give exactly") {
  Mode mode(5);
  check({
      {"v_rcp_f32 v0, v2",
       {f(2), f(-2), f(0), kMinus0, kInf, kMinusInf, f(0.25f)},
       {},
       {},
       {f(0.5f), f(-0.5f), kInf, kMinusInf, 0, kMinus0, f(4)}},
      {"v_rsq_f32 v0, v2", {f(4), f(0), kInf}, {}, {}, {f(0.5f), kInf, 0}},
      {"v_sqrt_f32 v0, v2", {f(4), f(0), kInf}, {}, {}, {f(2), 0, kInf}},
      {"v_exp_f32 v0, v2", {f(0), kMinus0, kInf, kMinusInf}, {}, {}, {f(1), f(1), kInf, 0}},
      {"v_log_f32 v0, v2", {f(1), f(0), kInf}, {}, {}, {0, kMinusInf, kInf}},
      {"v_sin_f32 v0, v2", {f(0), f(0.25f), f(-0.25f)}, {}, {}, {0, f(1), f(-1)}},
      {"v_cos_f32 v0, v2", {f(0), f(0.25f), f(0.5f)}, {}, {}, {f(1), 0, f(-1)}},
      {"v_rcp_f64 v[0:1], v[2:3]", {d(4), d(0)}, {}, {}, {d(0.25), d(INFINITY)}},
      {"v_rcp_f16 v0, v2", {0x4000, 0}, {}, {}, {0x3800, 0x7c00}, "gfx942"},
  });
}

TEST_CASE("perturbed f64 results have about 23 good bits") {
  Mode mode(9);
  std::vector<uint64_t> in;
  for (double x = 1.1; in.size() < 64; x *= 1.7)
    in.push_back(d(x));
  std::vector<uint64_t> out = results("v_rcp_f64 v[0:1], v[2:3]", in);
  double most = 0;
  for (unsigned l = 0; l < 64; l++) {
    double x = std::bit_cast<double>(in[l]), r = std::bit_cast<double>(out[l]);
    most = std::max(most, std::fabs(r * x - 1));
  }
  CHECK(most <= 0x1p-23);
  CHECK(most > 0x1p-27);
}

TEST_CASE("perturbed sine has a small absolute error") {
  Mode mode(11);
  // At most 256 turns, where gfx9's sine ends.
  std::vector<uint64_t> in = operands32(0.01f, 1.17f), out = results("v_sin_f32 v0, v2", in);
  unsigned moved = 0;
  for (unsigned l = 0; l < 64; l++) {
    double x = double(std::bit_cast<float>(uint32_t(in[l])));
    float got = std::bit_cast<float>(uint32_t(out[l]));
    double want = std::sin((x - std::trunc(x)) * 6.283185307179586476925);
    CHECK(std::fabs(double(got) - want) <= 0x1p-22 + 0x1p-24);
    CHECK(std::fabs(got) <= 1.0f);
    moved += got != float(want);
  }
  CHECK(moved > 16);
}

TEST_CASE("emu-perturb is an option") {
  CHECK_FALSE(parse_config("").perturb);
  CHECK(parse_config("emu-perturb=0").perturb == 0);
  CHECK(parse_config("opt=1,emu-perturb=17").perturb == 17);
}
