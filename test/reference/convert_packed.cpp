// cvt to and from packed 8-, 6- and 4-bit floats, ue8m0 and tf32 (PTX ISA 9.7.9.21), and cvt.pack
// (9.7.9.22). Small formats are few enough to be searched: the result is the encoding whose value
// lies nearest.
#include "test/reference/bits.h"
#include "test/reference/host_float.h"
#include "test/reference/meaning.h"

#include <algorithm>
#include <cmath>

namespace w2w::reference {

namespace {

/// Sign, exponent, mantissa; the top codes of e4m3 and e5m2 that are no finite number are left out
/// by `last`.
struct SmallFormat {
  std::string_view name;
  unsigned exponent_bits, mantissa_bits;
  int bias;
  unsigned last; // largest finite encoding
  unsigned nan;  // what NaN becomes

  unsigned sign() const { return exponent_bits + mantissa_bits; }
  /// Bits that each of a pair takes.
  unsigned lane() const { return sign() == 3 ? 4 : 8; }
  std::string pair() const { return lane() == 4 ? "b8" : "b16"; }
};

constexpr SmallFormat kFormats[] = {{"e4m3x2", 4, 3, 7, 0x7e, 0x7f},
                                    {"e5m2x2", 5, 2, 15, 0x7b, 0x7f},
                                    {"e2m3x2", 2, 3, 1, 0x1f, 0x1f},
                                    {"e3m2x2", 3, 2, 3, 0x1f, 0x1f},
                                    {"e2m1x2", 2, 1, 1, 0x07, 0x07}};

const SmallFormat *find(std::string_view name) {
  for (const SmallFormat &f : kFormats)
    if (f.name == name)
      return &f;
  return nullptr;
}

double value_of(const SmallFormat &f, unsigned code) {
  unsigned mantissa = code & ((1u << f.mantissa_bits) - 1), exponent = code >> f.mantissa_bits;
  if (exponent == 0)
    return std::ldexp(mantissa, 1 - f.bias - static_cast<int>(f.mantissa_bits));
  return std::ldexp((1u << f.mantissa_bits) + mantissa,
                    static_cast<int>(exponent) - f.bias - static_cast<int>(f.mantissa_bits));
}

/// Nearest, ties to the even encoding, saturating.
uint64_t to_code(const SmallFormat &f, double v, bool relu) {
  if (std::isnan(v))
    return f.nan;
  if (relu && std::signbit(v))
    return 0;
  unsigned best = 0;
  double magnitude = std::fabs(v);
  if (magnitude >= value_of(f, f.last))
    best = f.last;
  else
    for (unsigned code = 1; code <= f.last; ++code) {
      double there = std::fabs(value_of(f, code) - magnitude);
      double here = std::fabs(value_of(f, best) - magnitude);
      if (there < here || (there == here && code % 2 == 0))
        best = code;
    }
  return best | static_cast<uint64_t>(std::signbit(v)) << f.sign();
}

Meaning to_small(const Spelling &s, const SmallFormat &f) {
  bool from_halves = s.type(1) == "f16x2", relu = s.has("relu");
  Meaning m;
  m.section = "9.7.9.21";
  m.outputs = {f.pair()};
  m.inputs =
      from_halves ? std::vector<std::string>{"f16x2"} : std::vector<std::string>{"f32", "f32"};
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    double upper = from_halves ? decode(kF16, low(in[0] >> 16, 16)) : to_f32(in[0]);
    double lower = from_halves ? decode(kF16, low(in[0], 16)) : to_f32(in[1]);
    out[0] = to_code(f, upper, relu) << f.lane() | to_code(f, lower, relu);
  };
  return m;
}

Meaning from_small(const Spelling &s, const SmallFormat &f) {
  bool relu = s.has("relu");
  unsigned sign = f.sign();
  Meaning m;
  m.section = "9.7.9.21";
  m.outputs = {"f16x2"};
  m.inputs = {f.pair()};
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    auto one = [&](uint64_t byte) -> uint64_t {
      unsigned code = static_cast<unsigned>(low(byte, sign));
      bool negative = bit(byte, sign);
      if (f.name == "e5m2x2" && code == 0x7c)
        return relu && negative ? 0 : 0x7c00 | static_cast<uint64_t>(negative) << 15;
      if (code > f.last)
        return 0x7fff;
      if (relu && negative)
        return 0;
      return encode(kF16, negative ? -value_of(f, code) : value_of(f, code), Rounding::Nearest,
                    false);
    };
    out[0] = one(low(in[0] >> f.lane(), f.lane())) << 16 | one(low(in[0], f.lane()));
  };
  // Two zero bits lie above a 6-bit value.
  if (f.lane() == 8 && sign < 7)
    m.defined = [](const uint64_t *in) { return (in[0] & 0xc0c0) == 0; };
  return m;
}

/// The power of two next to |v| from below (.rz) or above (.rp), not below 2^-127; above 2^127
/// there is none but NaN, 0xff. (PTX ISA 5.2.3, 9.7.9.21; CUDA math API, __nv_cvt_float_to_e8m0.)
uint64_t to_power(double v, bool up, bool satfinite) {
  if (std::isnan(v))
    return 0xff;
  double magnitude = std::fabs(v);
  int power = -127;
  while (power <= 127 &&
         (up ? std::ldexp(1, power) < magnitude : std::ldexp(1, power + 1) <= magnitude))
    ++power;
  return power <= 127 ? static_cast<uint64_t>(power + 127) : satfinite ? 0xfe : 0xff;
}

Meaning to_ue8m0(const Spelling &s) {
  bool from_pair = s.type(1) == "bf16x2", up = s.has("rp"), satfinite = s.has("satfinite");
  Meaning m;
  m.section = "9.7.9.21";
  m.outputs = {"b16"};
  m.inputs =
      from_pair ? std::vector<std::string>{"bf16x2"} : std::vector<std::string>{"f32", "f32"};
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    double upper = from_pair ? decode(kBF16, low(in[0] >> 16, 16)) : to_f32(in[0]);
    double lower = from_pair ? decode(kBF16, low(in[0], 16)) : to_f32(in[1]);
    out[0] = to_power(upper, up, satfinite) << 8 | to_power(lower, up, satfinite);
  };
  return m;
}

Meaning from_ue8m0() {
  Meaning m;
  m.section = "9.7.9.21";
  m.outputs = {"bf16x2"};
  m.inputs = {"b16"};
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    auto one = [](uint64_t code) {
      double v = code == 0xff ? std::nan("") : std::ldexp(1, static_cast<int>(code) - 127);
      return encode(kBF16, v, Rounding::Nearest);
    };
    out[0] = one(low(in[0] >> 8, 8)) << 16 | one(low(in[0], 8));
  };
  return m;
}

/// 8 bits of exponent as f32, 10 of mantissa, in the upper bits of a word; the lower 13 are zero.
Meaning to_tf32(const Spelling &s) {
  bool relu = s.has("relu"), satfinite = s.has("satfinite");
  bool away = s.has("rna"), nearest = s.has("rn");
  Meaning m;
  m.section = "9.7.9.21";
  m.outputs = {"f32"};
  m.inputs = {"f32"};
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    float v = to_f32(in[0]);
    if (std::isnan(v)) {
      out[0] = 0x7fffffff;
      return;
    }
    if (relu && std::signbit(v)) {
      out[0] = 0;
      return;
    }
    double largest = std::ldexp(2047.0, 117), magnitude = std::fabs(static_cast<double>(v));
    int exponent = 0;
    std::frexp(magnitude, &exponent);
    double unit = std::ldexp(1.0, std::max(exponent, -125) - 11), count = magnitude / unit;
    double below = std::floor(count), rest = count - below;
    bool up =
        nearest ? rest > 0.5 || (rest == 0.5 && std::fmod(below, 2) == 1) : away && rest >= 0.5;
    double r = std::isinf(v) ? HUGE_VAL : (below + up) * unit;
    if (r > largest)
      r = satfinite ? largest : HUGE_VAL;
    out[0] = bits_of(std::copysign(static_cast<float>(r), v));
  };
  return m;
}

Meaning pack(const Spelling &s) {
  std::string to(s.type(0));
  unsigned width = width_of(to);
  Meaning m;
  m.section = "9.7.9.22";
  m.outputs = {"b32"};
  m.inputs = {"s32", "s32"};
  if (width < 16)
    m.inputs.push_back("b32");
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    int64_t least = signed_type(to) ? -(int64_t{1} << (width - 1)) : 0;
    int64_t most = (int64_t{1} << (signed_type(to) ? width - 1 : width)) - 1;
    auto part = [&](uint64_t v) {
      return low(static_cast<uint64_t>(std::clamp(sign_extend(v, 32), least, most)), width);
    };
    uint64_t r = part(in[0]) << width | part(in[1]);
    out[0] = low(width < 16 ? r | in[2] << (2 * width) : r, 32);
  };
  return m;
}

} // namespace

std::optional<Meaning> convert_packed_meaning(const Spelling &s) {
  if (s.opcode != "cvt" || s.has("rs"))
    return std::nullopt;
  if (s.has("pack"))
    return width_of(s.type(0)) ? std::optional(pack(s)) : std::nullopt;
  if (s.type(0) == "tf32")
    return to_tf32(s);
  if (s.type(0) == "ue8m0x2")
    return to_ue8m0(s);
  if (s.type(1) == "ue8m0x2")
    return from_ue8m0();
  if (const SmallFormat *f = find(s.type(0)); f && (s.type(1) == "f32" || s.type(1) == "f16x2"))
    return to_small(s, *f);
  if (const SmallFormat *f = find(s.type(1)); f && s.type(0) == "f16x2")
    return from_small(s, *f);
  return std::nullopt;
}

} // namespace w2w::reference
