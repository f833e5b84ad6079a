// The 8-bit floating-point formats: all encodings, and rounding against a search among the values.
#define W2W_VARIANT fp8_test
#include "runtime/emulator/isa/fp8.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

using namespace w2w::emu::isa::fp8_test;

namespace {

template <Fp8Format F> double value(unsigned x) {
  int e = int(x >> F.fraction & (0x7f >> F.fraction)), f = int(x & ((1 << F.fraction) - 1));
  int bias = int(F.bias);
  double v = std::ldexp(f + (e ? 1 << F.fraction : 0), (e ? e : 1) - bias - int(F.fraction));
  return x & 0x80 ? -v : v;
}
template <Fp8Format F> bool is_nan(unsigned x) {
  return F.fnuz ? x == 0x80 : F.fraction == 3 ? (x & 0x7f) == 0x7f : (x & 0x7f) > 0x7c;
}

template <Fp8Format F> void check_format() {
  for (unsigned x = 0; x < 256; x++) {
    INFO("0x" << std::hex << x);
    float f = fp8_to_f32<F>(x);
    if (is_nan<F>(x)) {
      CHECK(f != f);
      CHECK(f32_to_fp8<F>(f, false) == F.nan);
      CHECK(f32_to_fp8<F>(f, true) == F.nan);
      continue;
    }
    if (!F.fnuz && F.fraction == 2 && (x & 0x7f) == 0x7c) {
      CHECK(f == (x & 0x80 ? -INFINITY : INFINITY));
      // An infinity stays one, whatever FP16_OVFL says.
      CHECK(f32_to_fp8<F>(f, true) == x);
      continue;
    }
    CHECK(double(f) == value<F>(x));
    CHECK(std::signbit(f) == (x >= 0x80));
    CHECK(f32_to_fp8<F>(f, false) == x);
    CHECK(f32_to_fp8_stochastic<F>(f, ~0u, false) == x);
  }
  // What a magnitude of r encodes, r one more than the largest being an overflow.
  auto encoded = [](unsigned r, u32 sign, bool saturate) -> u32 {
    if (r > F.max)
      return saturate ? sign | F.max : F.fnuz ? F.infinity : sign | F.infinity;
    return F.fnuz && r == 0 ? 0 : sign | r;
  };
  std::mt19937 random(1);
  unsigned wrong = 0;
  constexpr int dropped = 23 - int(F.fraction);
  for (unsigned n = 0; n < 100000; n++) {
    u32 b = random();
    if (n & 1) // near the format's range
      b = (b & 0x807fffff) | (108 + random() % 40) << 23;
    if (n % 8 == 3) // ties
      b &= ~0u << (15 + random() % 7);
    float x = bits<float>(b);
    if (!std::isfinite(x))
      continue;
    double a = std::fabs(double(x));
    unsigned lo = 0;
    while (lo < F.max && value<F>(lo + 1) <= a)
      lo++;
    double low = value<F>(lo), next = lo < F.max ? value<F>(lo + 1) : 2 * low - value<F>(lo - 1);
    double middle = (low + next) / 2;
    u32 sign = b >> 24 & 0x80;
    unsigned nearest = lo + (a > middle || (a == middle && (lo & 1)));
    wrong += f32_to_fp8<F>(x, false) != encoded(nearest, sign, false);
    wrong += f32_to_fp8<F>(x, true) != encoded(nearest, sign, true);
    if (a > value<F>(F.max))
      continue;
    u32 chance = random();
    double lost = std::floor((a - low) / (next - low) * std::ldexp(1.0, dropped));
    unsigned up = lo + (lost + (chance >> (32 - dropped)) >= std::ldexp(1.0, dropped));
    wrong += f32_to_fp8_stochastic<F>(x, chance, false) != encoded(up, sign, false);
  }
  CHECK(wrong == 0);
}

} // namespace

TEST_CASE("8-bit floating point: gfx12's E4M3 and E5M2") {
  check_format<kFp8>();
  check_format<kBf8>();
  // The largest numbers, and what is beyond.
  CHECK(f32_to_fp8<kFp8>(448, false) == 0x7e);
  CHECK(f32_to_fp8<kFp8>(-1e9f, false) == 0xff);
  CHECK(f32_to_fp8<kFp8>(-1e9f, true) == 0xfe);
  CHECK(f32_to_fp8<kBf8>(57344, false) == 0x7b);
  CHECK(f32_to_fp8<kBf8>(1e9f, false) == 0x7c);
}
TEST_CASE("8-bit floating point: gfx942's E4M3 and E5M2") {
  check_format<kFp8Fnuz>();
  check_format<kBf8Fnuz>();
  CHECK(f32_to_fp8<kFp8Fnuz>(240, false) == 0x7f);
  CHECK(f32_to_fp8<kFp8Fnuz>(-1e9f, false) == 0x80);
  CHECK(f32_to_fp8<kFp8Fnuz>(-1e9f, true) == 0xff);
  CHECK(f32_to_fp8<kBf8Fnuz>(-0.0f, false) == 0);
}
