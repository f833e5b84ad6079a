// Conversions between the number formats. Meanings: AMD's RDNA3, RDNA4 and MI300 ISA documents.
#include "sweep.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>

using namespace w2w::emu::test;

namespace {

using U = uint64_t;
using Ctx = const Context &;
constexpr Kind F = Kind::F32, D = Kind::F64, H = Kind::F16, I = Kind::I32, S = Kind::I16;

bool undecided(Kind k, U a, Ctx c) {
  // Which half of MODE flushes the source of a conversion is not said.
  return format(k).denormal(a) && c.environment(k).flush_sources;
}
Meaning to_integer(Kind k, int64_t least, int64_t most) {
  return [=](U a, U, U, Ctx) { return U(soft_to_integer(format(k), a, least, most)); };
}
Meaning from_integer(Kind k, unsigned shift, unsigned width, bool is_signed) {
  return [=](U a, U, U, Ctx c) {
    int64_t x = int64_t(a << (64 - width - shift));
    x = is_signed ? x >> (64 - width) : int64_t(U(x) >> (64 - width));
    return soft_from_integer(format(k), x, c.environment(k));
  };
}
/// `rules`: whose half of MODE rounds.
Meaning between(Kind from, Kind to, Kind rules) {
  return [=](U a, U, U, Ctx c) {
    if (undecided(from, a, c))
      return kAny;
    Environment e = c.environment(rules);
    e.flush_sources = false;
    return soft_convert(format(from), format(to), a, e);
  };
}
U half_to_zero(U a, Ctx c) {
  U r = soft_convert(kF32, kF16, a, {Round::Zero, false, false});
  return undecided(F, a, c) || (kF16.denormal(r) && c.environment(H).flush_results) ? kAny : r;
}
/// Scaled to +-32767 or 65535, to nearest.
U normalized(Kind k, U a, Ctx c, bool is_signed) {
  const Format &f = format(k);
  if (f.nan(a))
    return 0;
  double x = std::bit_cast<double>(soft_convert(f, kF64, a, {}));
  x = std::clamp(x, is_signed ? -1.0 : 0.0, 1.0) * (is_signed ? 32767 : 65535); // exact
  Environment e = c.environment(k);
  if (e.round != Round::Even || e.flush_sources)
    return x == std::trunc(x) && x != 0 ? U(int64_t(x)) & 0xffff : kAny;
  double fraction = std::fabs(x - std::trunc(x));
  // Next to a tie the precision of the product decides, which is not said.
  return std::fabs(fraction - 0.5) < 1e-2 ? kAny : U(std::llrint(x)) & 0xffff;
}
U both(U a, U b) {
  return a == kAny || b == kAny ? kAny : (a & 0xffff) | (b & 0xffff) << 16;
}
Meaning pack_normalized(Kind k, bool is_signed) {
  return [=](U a, U b, U, Ctx c) {
    return both(normalized(k, a, c, is_signed), normalized(k, b, c, is_signed));
  };
}
Meaning pack_integers(int64_t least, int64_t most) {
  return [=](U a, U b, U, Ctx) {
    return both(U(soft_to_integer(kF32, a, least, most)), U(soft_to_integer(kF32, b, least, most)));
  };
}
const std::vector<U> kNearIntegers = {
    0,        kMinus0,  f(0.5f),   f(-0.5f),   f(0.99f),    f(-0.99f),       f(1.5f),
    f(-1.5f), f(2.5f),  f(-2.5f),  f(254.5f),  f(255),      f(255.5f),       f(256),
    f(-1),    f(32767), f(32768),  f(-32768),  f(-32769),   f(65535.5f),     f(65536),
    f(2e9f),  f(4e9f),  f(-3e9f),  f(0x1p31f), f(-0x1p31f), f(0x1p32f),      f(2147483520.0f),
    kNan,     kInf,     kMinusInf, 1,          0x7f800001,  f(4294967040.0f)};

} // namespace

TESTED_CASE("floating point to integers") {
  const std::vector<U> near64 = {d(0),
                                 d(-0.5),
                                 d(0.5),
                                 d(-0.999999),
                                 d(2147483647.5),
                                 d(2147483648),
                                 d(-2147483648.5),
                                 d(-2147483649),
                                 d(4294967295.5),
                                 d(4294967296),
                                 d(-1),
                                 d(1e300),
                                 d(-1e300),
                                 1,
                                 d(INFINITY),
                                 d(-INFINITY),
                                 0x7ff8000000000001,
                                 0x7ff0000000000001,
                                 d(123456.789)};
  sweep({
      {"v_cvt_i32_f32",
       I,
       {F},
       to_integer(F, INT32_MIN, INT32_MAX),
       {},
       false,
       Half::Zero,
       nullptr,
       {kNearIntegers}},
      {"v_cvt_u32_f32",
       I,
       {F},
       to_integer(F, 0, UINT32_MAX),
       {},
       false,
       Half::Zero,
       nullptr,
       {kNearIntegers}},
      {"v_cvt_i32_f64",
       I,
       {D},
       to_integer(D, INT32_MIN, INT32_MAX),
       {},
       false,
       Half::Zero,
       nullptr,
       {near64}},
      {"v_cvt_u32_f64",
       I,
       {D},
       to_integer(D, 0, UINT32_MAX),
       {},
       false,
       Half::Zero,
       nullptr,
       {near64}},
      {"v_cvt_i16_f16", S, {H}, to_integer(H, INT16_MIN, INT16_MAX)},
      {"v_cvt_u16_f16", S, {H}, to_integer(H, 0, UINT16_MAX)},
      {"v_cvt_flr_i32_f32 v_cvt_floor_i32_f32",
       I,
       {F},
       [](U a, U, U, Ctx c) {
         return undecided(F, a, c) ? kAny
                                   : U(soft_to_integer(kF32, soft_integral(kF32, a, Round::Down),
                                                       INT32_MIN, INT32_MAX));
       },
       {},
       false,
       Half::Zero,
       nullptr,
       {kNearIntegers}},
      // floor(a + 0.5) of the exact sum
      {"v_cvt_rpi_i32_f32 v_cvt_nearest_i32_f32",
       I,
       {F},
       [](U a, U, U, Ctx c) {
         if (undecided(F, a, c))
           return kAny;
         if (kF32.nan(a))
           return U(0);
         double x = std::floor(double(std::bit_cast<float>(uint32_t(a))) + 0.5);
         return U(soft_to_integer(kF64, std::bit_cast<U>(x), INT32_MIN, INT32_MAX));
       },
       {},
       false,
       Half::Zero,
       nullptr,
       {kNearIntegers}},
      {"v_cvt_pk_i16_f32",
       I,
       {F, F},
       pack_integers(INT16_MIN, INT16_MAX),
       {},
       false,
       Half::Zero,
       nullptr,
       {kNearIntegers, kNearIntegers}},
      {"v_cvt_pk_u16_f32",
       I,
       {F, F},
       pack_integers(0, UINT16_MAX),
       {},
       false,
       Half::Zero,
       nullptr,
       {kNearIntegers, kNearIntegers}},
      {"v_cvt_pk_u8_f32",
       I,
       {F, I, I},
       [](U a, U b, U c, Ctx) {
         unsigned at = unsigned(b & 3) * 8;
         return (c & ~(U(0xff) << at)) | U(soft_to_integer(kF32, a, 0, 255)) << at;
       },
       {},
       false,
       Half::Zero,
       nullptr,
       {kNearIntegers}},
  });
}

TESTED_CASE("integers to floating point") {
  sweep({
      {"v_cvt_f32_i32", F, {I}, from_integer(F, 0, 32, true)},
      {"v_cvt_f32_u32", F, {I}, from_integer(F, 0, 32, false)},
      {"v_cvt_f64_i32", D, {I}, from_integer(D, 0, 32, true)},
      {"v_cvt_f64_u32", D, {I}, from_integer(D, 0, 32, false)},
      {"v_cvt_f16_i16", H, {S}, from_integer(H, 0, 16, true)},
      {"v_cvt_f16_u16", H, {S}, from_integer(H, 0, 16, false)},
      {"v_cvt_f32_ubyte0", F, {I}, from_integer(F, 0, 8, false)},
      {"v_cvt_f32_ubyte1", F, {I}, from_integer(F, 8, 8, false)},
      {"v_cvt_f32_ubyte2", F, {I}, from_integer(F, 16, 8, false)},
      {"v_cvt_f32_ubyte3", F, {I}, from_integer(F, 24, 8, false)},
      // Sixteenths of a signed nibble.
      {"v_cvt_off_f32_i4",
       F,
       {I},
       [](U a, U, U, Ctx) {
         static const float table[16] = {0,      0.0625f,  0.125f,  0.1875f,  0.25f,   0.3125f,
                                         0.375f, 0.4375f,  -0.5f,   -0.4375f, -0.375f, -0.3125f,
                                         -0.25f, -0.1875f, -0.125f, -0.0625f};
         return f(table[a & 15]);
       }},
  });
}

TESTED_CASE("between floating-point formats") {
  const std::vector<U> near16 = {f(65504),
                                 f(65519),
                                 f(65520),
                                 f(-65520),
                                 f(0x1p-24f),
                                 f(0x1p-25f),
                                 f(0x1.8p-25f),
                                 f(-0x1p-26f),
                                 f(0x1.ffcp-15f),
                                 f(0x1.ffep-15f),
                                 f(0x1p-14f),
                                 f(1.0009765f),
                                 f(0x1.002p0f),
                                 f(0x1.006p0f),
                                 f(0x1.fffp15f),
                                 kNan,
                                 0x7f800001,
                                 0xffc12345,
                                 kInf,
                                 kMinusInf,
                                 0,
                                 kMinus0,
                                 1,
                                 f(1e30f)};
  const std::vector<U> near32 = {d(1.0 + 0x1p-24),
                                 d(1.0 + 0x1.8p-23),
                                 d(1e300),
                                 d(-1e300),
                                 d(0x1p-149),
                                 d(0x1p-150),
                                 d(0x1.8p-150),
                                 d(0x1.fffffep-127),
                                 d(0x1.fffffffp-127),
                                 d(0x1.fffffefp127),
                                 d(0x1.ffffffp127),
                                 0x7ff0000020000000,
                                 0x7ff0000000000001,
                                 0xfff8123456789abc,
                                 d(INFINITY),
                                 0,
                                 d(-0.0)};
  sweep({
      {"v_cvt_f16_f32", H, {F}, between(F, H, H), {}, false, Half::Zero, nullptr, {near16}},
      {"v_cvt_f32_f16", F, {H}, between(H, F, H)},
      {"v_cvt_f32_f64", F, {D}, between(D, F, D), {}, false, Half::Zero, nullptr, {near32}},
      {"v_cvt_f64_f32", D, {F}, between(F, D, F)},
      {"v_cvt_pkrtz_f16_f32 v_cvt_pk_rtz_f16_f32",
       I,
       {F, F},
       [](U a, U b, U, Ctx c) { return both(half_to_zero(a, c), half_to_zero(b, c)); },
       {},
       false,
       Half::Zero,
       nullptr,
       {near16, near16}},
      // Moves halves; denormals and NaNs pass as in any other f16 operation (LLVM takes its result
      // for canonical).
      {"v_pack_b32_f16",
       I,
       {H, H},
       [](U a, U b, U, Ctx c) {
         Environment e = c.environment(H);
         if (kF16.signalling(a) || kF16.signalling(b) || kF16.denormal(a) || kF16.denormal(b))
           if (e.flush_sources || e.flush_results || kF16.signalling(a) || kF16.signalling(b))
             return kAny;
         return a | b << 16;
       }},
  });
}

TESTED_CASE("normalized integers") {
  auto one = [](bool is_signed) {
    return [=](U a, U, U, Ctx c) { return normalized(H, a, c, is_signed); };
  };
  sweep({
      {"v_cvt_norm_i16_f16", S, {H}, one(true)},
      {"v_cvt_norm_u16_f16", S, {H}, one(false)},
      {"v_cvt_pknorm_i16_f32 v_cvt_pk_norm_i16_f32", I, {F, F}, pack_normalized(F, true)},
      {"v_cvt_pknorm_u16_f32 v_cvt_pk_norm_u16_f32", I, {F, F}, pack_normalized(F, false)},
      {"v_cvt_pknorm_i16_f16 v_cvt_pk_norm_i16_f16", I, {H, H}, pack_normalized(H, true)},
      {"v_cvt_pknorm_u16_f16 v_cvt_pk_norm_u16_f16", I, {H, H}, pack_normalized(H, false)},
  });
}

TESTED_CASE("cube maps") {
  // x, y, z; the largest magnitude is the major axis, ties to z, then y.
  struct Face {
    int axis;
    bool negative;
  };
  auto face = [](U x, U y, U z) {
    auto size = [](U v) { return v & 0x7fffffff; };
    auto at_least = [&](U p, U q) { return !kF32.nan(p) && !kF32.nan(q) && size(p) >= size(q); };
    auto negative = [](U v) { return soft_less(kF32, v, 0); };
    return at_least(z, x) && at_least(z, y) ? Face{2, negative(z)}
           : at_least(y, x)                 ? Face{1, negative(y)}
                                            : Face{0, negative(x)};
  };
  // Comparisons under flushed denormals are not said to see them.
  auto unsure = [](U x, U y, U z, Ctx c) {
    return undecided(F, x, c) || undecided(F, y, c) || undecided(F, z, c) ||
           (c.environment(F).flush_results &&
            (kF32.denormal(x) || kF32.denormal(y) || kF32.denormal(z))) ||
           kF32.signalling(x) || kF32.signalling(y) || kF32.signalling(z);
  };
  constexpr U minus = 0x80000000;
  sweep({
      {"v_cubeid_f32",
       F,
       {F, F, F},
       [=](U x, U y, U z, Ctx c) {
         Face s = face(x, y, z);
         return unsure(x, y, z, c) ? kAny : f(float(2 * s.axis + s.negative));
       }},
      {"v_cubesc_f32",
       F,
       {F, F, F},
       [=](U x, U y, U z, Ctx c) {
         Face s = face(x, y, z);
         return unsure(x, y, z, c) ? kAny
                : s.axis == 2      ? (s.negative ? x ^ minus : x)
                : s.axis == 1      ? x
                                   : (s.negative ? z : z ^ minus);
       }},
      {"v_cubetc_f32",
       F,
       {F, F, F},
       [=](U x, U y, U z, Ctx c) {
         Face s = face(x, y, z);
         return unsure(x, y, z, c) ? kAny : s.axis == 1 ? (s.negative ? z ^ minus : z) : y ^ minus;
       }},
      {"v_cubema_f32",
       F,
       {F, F, F},
       [=](U x, U y, U z, Ctx c) {
         Face s = face(x, y, z);
         U major = s.axis == 2 ? z : s.axis == 1 ? y : x;
         return unsure(x, y, z, c) ? kAny : soft_mul(kF32, major, f(2), c.environment(F));
       }},
  });
}
