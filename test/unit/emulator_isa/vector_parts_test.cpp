// Opcodes of one floating-point source: integral parts, significand and exponent, scaling,
// reciprocals, roots, exponentials; division's steps. Meanings: AMD's RDNA3, RDNA4 and MI300 ISA
// documents. Where AMD promises one unit in the last place only, correctly rounded is asked for.
#include "sweep.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>

using namespace w2w::emu::test;

namespace {

using U = uint64_t;
using Ctx = const Context &;
constexpr Kind F = Kind::F32, D = Kind::F64, H = Kind::F16, I = Kind::I32, S = Kind::I16;

U source(Kind k, U a, Ctx c) {
  return c.environment(k).flush_sources ? flushed(format(k), a) : a;
}
Meaning integral(Kind k, Round r) {
  return [=](U a, U, U, Ctx c) { return soft_integral(format(k), source(k, a, c), r); };
}
/// a - floor(a), below one.
Meaning fract(Kind k) {
  return [=](U a, U, U, Ctx c) {
    const Format &f = format(k);
    a = source(k, a, c);
    if (f.nan(a))
      return nan_of(f, {a});
    U one = U(-f.least + 1) << (f.precision - 1);
    U r = soft_add(f, a, soft_integral(f, a, Round::Down) ^ f.sign(), c.environment(k));
    return r == one ? one - 1 : r;
  };
}
bool undecided(Kind k, U a, Ctx c) {
  // MODE is not said to flush sources here.
  return format(k).denormal(a) && c.environment(k).flush_sources;
}
Meaning exponent(Kind k) {
  return [=](U a, U, U, Ctx c) {
    const Format &f = format(k);
    U m = f.magnitude(a);
    if (undecided(k, a, c))
      return kAny;
    if (m >= f.infinity() || !m)
      return U(0);
    int top = 63 - std::countl_zero(m), fraction = int(f.precision) - 1;
    int e = top > fraction ? int(m >> fraction) + f.least - 1 : f.least + top - fraction;
    return U(int64_t(e + 1));
  };
}
Meaning mantissa(Kind k) {
  return [=](U a, U, U, Ctx c) {
    const Format &f = format(k);
    if (undecided(k, a, c) || f.signalling(a))
      return kAny; // whether a NaN is quieted is not said
    U m = f.magnitude(a), fraction = f.precision - 1;
    if (m >= f.infinity() || !m)
      return a;
    while (!(m >> fraction))
      m <<= 1;
    return (a & f.sign()) | U(-f.least) << fraction | (m & ((U(1) << fraction) - 1));
  };
}
Meaning scale(Kind k, bool by_16_bits) {
  return [=](U a, U b, U, Ctx c) {
    int by = by_16_bits ? int16_t(b) : int32_t(b);
    return soft_scale(format(k), a, by, c.environment(k));
  };
}

long double rcp(long double x) {
  return 1 / x;
}
long double rsq(long double x) {
  return 1 / std::sqrt(x);
}
long double root(long double x) {
  return std::sqrt(x);
}
long double exp2_(long double x) {
  return std::exp2(x);
}
long double log2_(long double x) {
  return std::log2(x);
}

/// A function of real numbers, rounded to nearest; f32 sources and results flush denormals.
U real32(U a, long double (*fn)(long double)) {
  a = flushed(kF32, a);
  if (kF32.nan(a))
    return nan_of(kF32, {a});
  float r = float(fn((long double)std::bit_cast<float>(uint32_t(a))));
  return r != r ? kF32.default_nan() : flushed(kF32, std::bit_cast<uint32_t>(r));
}
Meaning of32(long double (*fn)(long double)) {
  return [=](U a, U, U, Ctx) { return real32(a, fn); };
}
Meaning of64(double (*fn)(double)) {
  return [=](U a, U, U, Ctx c) {
    Environment e = c.environment(D);
    if (e.round != Round::Even || e.flush_sources || e.flush_results)
      return kAny;
    if (kF64.nan(a))
      return nan_of(kF64, {a});
    double r = fn(std::bit_cast<double>(a));
    return r != r ? kF64.default_nan() : std::bit_cast<U>(r);
  };
}
Meaning of16(long double (*fn)(long double)) {
  return [=](U a, U, U, Ctx c) {
    Environment e = c.environment(H);
    a = source(H, a, c);
    if (kF16.nan(a))
      return nan_of(kF16, {a});
    U wide = soft_convert(kF16, kF64, a, {});
    long double r = fn((long double)std::bit_cast<double>(wide));
    // Two roundings are as good as one: 53 bits are more than twice 11 and 2.
    double d = double(r);
    if (d != d)
      return U(kF16.default_nan());
    // The power of a finite number is neither zero nor infinite: directed roundings know.
    if (fn == exp2_ && !kF16.infinite(a))
      d = d == 0 ? 0x1p-1074 : std::fmin(d, 0x1.fffffffffffffp1023);
    return soft_convert(kF64, kF16, std::bit_cast<U>(d), e);
  };
}
/// Of a number of turns; false: zero, whose sign is not said.
bool sine(U bits, const Format &f, bool cosine, int generation, long double &r) {
  long double x = (long double)std::bit_cast<double>(soft_convert(f, kF64, bits, {}));
  r = cosine ? 1 : 0;
  if (generation == 9 && std::fabs(x) > 256)
    return cosine;
  long double turn = std::fmod(x, 1.0L), quarter = turn * 4;
  if (quarter == std::trunc(quarter)) {
    int q = (int(quarter) + 4 + cosine) % 4;
    r = q == 1 ? 1 : q == 3 ? -1 : 0;
    return q % 2;
  }
  r = cosine ? std::cos(turn * 6.283185307179586476925286766559L)
             : std::sin(turn * 6.283185307179586476925286766559L);
  return true;
}
Meaning turns(Kind k, bool cosine) {
  return [=](U a, U, U, Ctx c) {
    const Format &f = format(k);
    a = k == F ? flushed(f, a) : source(k, a, c);
    if (f.nan(a) || f.infinite(a))
      return nan_of(f, {a});
    long double r;
    if (!sine(a, f, cosine, c.generation, r))
      return kAny;
    if (k == F)
      return flushed(f, std::bit_cast<uint32_t>(float(r)));
    // f64 in between could fall on a midpoint of f16 only if the sine did.
    return soft_convert(kF64, kF16, std::bit_cast<U>(double(r)), c.environment(H));
  };
}

/// a: quotient, b: denominator, c: numerator.
Meaning div_fixup(Kind k) {
  return [=](U a, U b, U c, Ctx x) {
    const Format &f = format(k);
    Environment e = x.environment(k);
    if (e.flush_sources || e.flush_results)
      return kAny;
    U sign = (b ^ c) & f.sign();
    if (f.nan(c))
      return nan_of(f, {c});
    if (f.nan(b))
      return nan_of(f, {b});
    if ((f.zero(b) && f.zero(c)) || (f.infinite(b) && f.infinite(c)))
      return f.default_nan() | f.sign();
    if (f.zero(b) || f.infinite(c))
      return f.infinity() | sign;
    if (f.infinite(b) || f.zero(c))
      return sign;
    auto exp = [&](U v) { return int(f.magnitude(v) >> (f.precision - 1)); };
    if (k != H && exp(c) - exp(b) < (k == F ? -150 : -1075))
      return e.round == Round::Even || e.round == Round::Zero ? sign : kAny; // "UNDERFLOW"
    // A quotient that is no number: infinity, or division would be wrong (docs/AMDGPU-NOTES.md).
    return f.signalling(a) ? kAny : (f.nan(a) ? f.infinity() : f.magnitude(a)) | sign;
  };
}
/// The product and sum, with the exponent that v_div_scale took off put back before the rounding.
Meaning div_fmas(Kind k) {
  return [=](U a, U b, U c, Ctx x) {
    const Format &f = format(k);
    Environment e = x.environment(k);
    if (!x.vcc)
      return soft_fma(f, a, b, c, e);
    if (e.flush_sources || e.flush_results)
      return kAny;
    U r = soft_fma(f, a, b, c, e);
    if (f.nan(r) || f.infinite(r) || f.zero(r))
      return f.infinite(r) && !f.infinite(a) && !f.infinite(b) && !f.infinite(c) ? kAny : r;
    int up = k == F ? 64 : 128;
    bool large = f.magnitude(c) >> (f.precision - 1) > U(f.most);
    U scaled = soft_scale(f, r, large ? up : -up, e);
    // Where the result or what it was scaled from is denormal, one rounding differs from two.
    return f.denormal(scaled) || f.zero(scaled) || f.denormal(r) ||
                   f.magnitude(scaled) >> (f.precision - 1) == 1
               ? kAny
               : scaled;
  };
}

} // namespace

TESTED_CASE("integral parts") {
  std::vector<Op> ops;
  for (Kind k : {F, D, H}) {
    static const char *names[3][5] = {
        {"v_trunc_f32", "v_ceil_f32", "v_floor_f32", "v_rndne_f32", "v_fract_f32"},
        {"v_trunc_f64", "v_ceil_f64", "v_floor_f64", "v_rndne_f64", "v_fract_f64"},
        {"v_trunc_f16", "v_ceil_f16", "v_floor_f16", "v_rndne_f16", "v_fract_f16"}};
    auto &n = names[k == F ? 0 : k == D ? 1 : 2];
    ops.push_back({n[0], k, {k}, integral(k, Round::Zero)});
    ops.push_back({n[1], k, {k}, integral(k, Round::Up)});
    ops.push_back({n[2], k, {k}, integral(k, Round::Down)});
    ops.push_back({n[3], k, {k}, integral(k, Round::Even)});
    ops.push_back({n[4], k, {k}, fract(k)});
  }
  sweep(ops);
}

TESTED_CASE("significands and exponents") {
  const std::vector<U> by = {0,        1,       U(-1),   10,       U(-10),     24,        U(-24),
                             U(-25),   U(-126), U(-149), U(-150),  U(-151),    127,       128,
                             300,      U(-300), 1023,    U(-1074), U(-1075),   U(-1100),  2000,
                             U(-2200), 2200,    0x7fff,  0x8000,   0x7fffffff, 0x80000000};
  sweep({
      {"v_frexp_exp_i32_f32", I, {F}, exponent(F)},
      {"v_frexp_exp_i32_f64", I, {D}, exponent(D)},
      {"v_frexp_exp_i16_f16", S, {H}, exponent(H)},
      {"v_frexp_mant_f32", F, {F}, mantissa(F)},
      {"v_frexp_mant_f64", D, {D}, mantissa(D)},
      {"v_frexp_mant_f16", H, {H}, mantissa(H)},
      {"v_ldexp_f32", F, {F, I}, scale(F, false), {}, false, Half::Zero, nullptr, {{}, by}},
      {"v_ldexp_f64", D, {D, I}, scale(D, false), {}, false, Half::Zero, nullptr, {{}, by}},
      {"v_ldexp_f16", H, {H, S}, scale(H, true), {}, false, Half::Zero, nullptr, {{}, by}},
  });
}

TESTED_CASE("reciprocals, roots, exponentials") {
  sweep({
      {"v_rcp_f32", F, {F}, of32(rcp)},
      {"v_rcp_iflag_f32", F, {F}, of32(rcp)},
      {"v_rsq_f32", F, {F}, of32(rsq)},
      {"v_sqrt_f32", F, {F}, of32(root)},
      {"v_exp_f32", F, {F}, of32(exp2_)},
      {"v_log_f32", F, {F}, of32(log2_)},
      {"v_rcp_f64", D, {D}, of64([](double x) { return 1 / x; })},
      {"v_sqrt_f64", D, {D}, of64([](double x) { return std::sqrt(x); })},
      {"v_rcp_f16", H, {H}, of16(rcp)},
      {"v_rsq_f16", H, {H}, of16(rsq)},
      {"v_sqrt_f16", H, {H}, of16(root)},
      {"v_exp_f16", H, {H}, of16(exp2_)},
      {"v_log_f16", H, {H}, of16(log2_)},
  });
  // A hardware estimate (about 2^-29) that LLVM refines; what the emulator gives need only be near.
  sweep({{"v_rsq_f64", D, {D}, [](U a, U, U, Ctx c) {
            Environment e = c.environment(D);
            if (kF64.nan(a))
              return nan_of(kF64, {a});
            if (kF64.denormal(a) || e.round != Round::Even)
              return kAny;
            double x = std::bit_cast<double>(a);
            return x < 0 ? kF64.default_nan() : std::bit_cast<U>(1.0 / std::sqrt(x));
          }}});
}

TESTED_CASE("sine and cosine of turns") {
  const std::vector<U> more = {f(0.25f),
                               f(-0.25f),
                               f(0.5f),
                               f(-0.5f),
                               f(0.75f),
                               f(1),
                               f(256),
                               f(256.25f),
                               f(-256.25f),
                               f(1024.25f),
                               f(0.1f),
                               f(-0.3f),
                               f(12345.67f),
                               f(0x1p-20f),
                               f(0x1.8p23f),
                               kInf,
                               kMinusInf,
                               kNan,
                               0x7f800001,
                               0xffc12345,
                               1,
                               kMinus0,
                               0};
  const std::vector<U> halves = {0x3400, 0xb400, 0x3800, 0xb800, 0x3a00, 0x3c00, 0x5c00,
                                 0x5c01, 0xdc01, 0x2e66, 0xb4cd, 0x7bff, 0x7c00, 0xfc00,
                                 0x7e00, 0x7c01, 1,      0x8001, 0x0400};
  sweep({
      {"v_sin_f32", F, {F}, turns(F, false), {}, false, Half::Zero, nullptr, {more}},
      {"v_cos_f32", F, {F}, turns(F, true), {}, false, Half::Zero, nullptr, {more}},
      {"v_sin_f16", H, {H}, turns(H, false), {}, false, Half::Zero, nullptr, {halves}},
      {"v_cos_f16", H, {H}, turns(H, true), {}, false, Half::Zero, nullptr, {halves}},
  });
}

TESTED_CASE("the last steps of a division") {
  sweep({
      {"v_div_fixup_f32", F, {F, F, F}, div_fixup(F)},
      {"v_div_fixup_f64", D, {D, D, D}, div_fixup(D)},
      {"v_div_fixup_f16", H, {H, H, H}, div_fixup(H), {}, false, Half::Keep},
      {"v_div_fixup_legacy_f16", H, {H, H, H}, div_fixup(H)},
      {"v_div_fmas_f32", F, {F, F, F}, div_fmas(F)},
      {"v_div_fmas_f64", D, {D, D, D}, div_fmas(D)},
  });
}

TESTED_CASE("pieces of 2/pi") {
  // From 2/pi to 1400 bits (Machin's formula in integers), cut to AMD's 1201: source, piece,
  // result.
  struct Row {
    U source;
    unsigned piece;
    U want;
  };
  static const Row rows[] = {{0x3ff0000000000000, 0, 0x3fe45f306dc9c882},
                             {0x3ff0000000000000, 1, 0x3c94a7f09d5f47d4},
                             {0x3ff0000000000000, 2, 0x394a6ee06db14acc},
                             {0x3ff0000000000000, 5, 0x2f42371d2126e970},
                             {0x3ff0000000000000, 17, 0x79d18fd9a797fa8},
                             {0x3ff0000000000000, 21, 0x0},
                             {0x3ff0000000000000, 22, 0x0},
                             {0x3ff0000000000000, 23, 0x0},
                             {0x3ff0000000000000, 31, 0x0},
                             {0x3ff0000000000000, 32, 0x3fe45f306dc9c882},
                             {0x4350000000000000, 0, 0x3fe45f306dc9c882},
                             {0x4350000000000000, 1, 0x3c94a7f09d5f47d4},
                             {0x4350000000000000, 2, 0x394a6ee06db14acc},
                             {0x4350000000000000, 5, 0x2f42371d2126e970},
                             {0x4350000000000000, 17, 0x79d18fd9a797fa8},
                             {0x4350000000000000, 21, 0x0},
                             {0x4350000000000000, 22, 0x0},
                             {0x4350000000000000, 23, 0x0},
                             {0x4350000000000000, 31, 0x0},
                             {0x4350000000000000, 32, 0x3fe45f306dc9c882},
                             {0x4360000000000000, 0, 0x3fc17cc1b727220a},
                             {0x4360000000000000, 1, 0x3c729fc2757d1f52},
                             {0x4360000000000000, 2, 0x3934ddc0db629599},
                             {0x4360000000000000, 5, 0x2f42371d2126e970},
                             {0x4360000000000000, 17, 0x78a31fb34f2ff51},
                             {0x4360000000000000, 21, 0x0},
                             {0x4360000000000000, 22, 0x0},
                             {0x4360000000000000, 23, 0x0},
                             {0x4360000000000000, 31, 0x0},
                             {0x4360000000000000, 32, 0x3fc17cc1b727220a},
                             {0x4630000000000000, 0, 0x3cb529fc2757d1e0},
                             {0x4630000000000000, 1, 0x39b534ddc0db6295},
                             {0x4630000000000000, 2, 0x3663278872083fca},
                             {0x4630000000000000, 5, 0x2c6c00c925dd413a},
                             {0x4630000000000000, 17, 0x4a45aea4f758fd6},
                             {0x4630000000000000, 21, 0x0},
                             {0x4630000000000000, 22, 0x0},
                             {0x4630000000000000, 23, 0x0},
                             {0x4630000000000000, 31, 0x0},
                             {0x4630000000000000, 32, 0x3cb529fc2757d1e0},
                             {0x7e37e43c8800759c, 0, 0xd0f516ba93dd63f},
                             {0x7e37e43c8800759c, 1, 0x9a7cbe2f67a0e72},
                             {0x7e37e43c8800759c, 2, 0x66ef14a525d4d7f},
                             {0x7e37e43c8800759c, 5, 0x0},
                             {0x7e37e43c8800759c, 17, 0x0},
                             {0x7e37e43c8800759c, 21, 0x0},
                             {0x7e37e43c8800759c, 22, 0x0},
                             {0x7e37e43c8800759c, 23, 0x0},
                             {0x7e37e43c8800759c, 31, 0x0},
                             {0x7e37e43c8800759c, 32, 0xd0f516ba93dd63f},
                             {0x7830000000000000, 0, 0xb03f6793e584dba},
                             {0x7830000000000000, 1, 0x7ae8c7ecd3cbfd4},
                             {0x7830000000000000, 2, 0x446ba93dd63f5f0},
                             {0x7830000000000000, 5, 0x0},
                             {0x7830000000000000, 17, 0x0},
                             {0x7830000000000000, 21, 0x0},
                             {0x7830000000000000, 22, 0x0},
                             {0x7830000000000000, 23, 0x0},
                             {0x7830000000000000, 31, 0x0},
                             {0x7830000000000000, 32, 0xb03f6793e584dba},
                             {0x7af0000000000000, 0, 0x84ba7a31fb34f2f},
                             {0x7af0000000000000, 1, 0x4fea2d7527bac7e},
                             {0x7af0000000000000, 2, 0x1a7cbe2f67a0e73},
                             {0x7af0000000000000, 5, 0x0},
                             {0x7af0000000000000, 17, 0x0},
                             {0x7af0000000000000, 21, 0x0},
                             {0x7af0000000000000, 22, 0x0},
                             {0x7af0000000000000, 23, 0x0},
                             {0x7af0000000000000, 31, 0x0},
                             {0x7af0000000000000, 32, 0x84ba7a31fb34f2f},
                             {0x7b00000000000000, 0, 0x10374f463f669e5f},
                             {0x7b00000000000000, 1, 0xced45aea4f758fd},
                             {0x7b00000000000000, 2, 0x98f2f8bd9e839ce},
                             {0x7b00000000000000, 5, 0x180cc11bf1ec},
                             {0x7b00000000000000, 17, 0x0},
                             {0x7b00000000000000, 21, 0x0},
                             {0x7b00000000000000, 22, 0x0},
                             {0x7b00000000000000, 23, 0x0},
                             {0x7b00000000000000, 31, 0x0},
                             {0x7b00000000000000, 32, 0x10374f463f669e5f},
                             {0x7fe0000000000000, 0, 0xb43dd63f5f2f8bc},
                             {0x7fe0000000000000, 1, 0x809e839cfbc5294},
                             {0x7fe0000000000000, 2, 0x4b2ea6bfb5fb11f},
                             {0x7fe0000000000000, 5, 0x0},
                             {0x7fe0000000000000, 17, 0x0},
                             {0x7fe0000000000000, 21, 0x0},
                             {0x7fe0000000000000, 22, 0x0},
                             {0x7fe0000000000000, 23, 0x0},
                             {0x7fe0000000000000, 31, 0x0},
                             {0x7fe0000000000000, 32, 0xb43dd63f5f2f8bc}};
  sweep({{"v_trig_preop_f64",
          D,
          {D, I},
          [](U a, U b, U, Ctx c) {
            if (c.environment(D).flush_results)
              return kAny;
            for (const Row &r : rows)
              if (r.source == a && (r.piece & 31) == (b & 31))
                return c.environment(D).round != Round::Even && r.want < U(1) << 53 ? kAny : r.want;
            return kAny;
          },
          {},
          false,
          Half::Zero,
          nullptr,
          {[] {
             std::vector<U> r;
             for (const Row &x : rows)
               if (r.empty() || r.back() != x.source)
                 r.push_back(x.source);
             return r;
           }(),
           {0, 1, 2, 5, 17, 21, 22, 23, 31, 32}}}});
}
