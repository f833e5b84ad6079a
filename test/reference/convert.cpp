// cvt, PTX ISA 9.7.9.21.
#include "test/reference/bits.h"
#include "test/reference/host_float.h"
#include "test/reference/meaning.h"

#include <algorithm>
#include <cmath>

namespace w2w::reference {

namespace {

bool floating(std::string_view t) {
  return t[0] == 'f' || t.starts_with("bf");
}

/// The f64 that equals a floating-point operand; f32 subnormals are flushed first under .ftz.
double exact(std::string_view t, uint64_t bits, bool ftz) {
  if (t == "f16")
    return decode(kF16, bits);
  if (t == "bf16")
    return decode(kBF16, bits);
  if (t == "f32")
    return ftz ? flush(to_f32(bits)) : to_f32(bits);
  return to_f64(bits);
}

double round_to_integral(double v, Rounding r) {
  switch (r) {
  case Rounding::Zero:
    return std::trunc(v);
  case Rounding::Down:
    return std::floor(v);
  case Rounding::Up:
    return std::ceil(v);
  default: {
    double down = std::floor(v), rest = v - down;
    bool up = rest > 0.5 || (rest == 0.5 && std::fmod(down, 2.0) != 0);
    return std::copysign(up ? down + 1 : down, v);
  }
  }
}

/// Rounds an f64 to the destination format.
uint64_t pack_float(std::string_view t, double v, Rounding r, bool ftz) {
  if (t == "f16")
    return encode(kF16, v, r);
  if (t == "bf16")
    return encode(kBF16, v, r);
  if (t == "f64")
    return bits_of(v);
  RoundingScope scope(r);
  volatile double source = v;
  volatile float f = static_cast<float>(source);
  return bits_of(ftz ? flush(f) : f);
}

/// .sat on a floating-point result: clamp to [0.0, 1.0], NaN becomes +0.0.
double saturate(double v) {
  return std::isnan(v) || v <= 0 ? 0.0 : std::min(v, 1.0);
}

uint64_t float_to_integer(std::string_view d, std::string_view a, double v, Rounding r) {
  unsigned w = width_of(d);
  if (std::isnan(v)) {
    bool zero = a != "f64" && w != 64;
    return zero ? 0 : uint64_t{1} << (w - 1);
  }
  bool is_signed = signed_type(d);
  double lo = is_signed ? -std::ldexp(1.0, static_cast<int>(w) - 1) : 0.0;
  double hi = std::ldexp(1.0, static_cast<int>(is_signed ? w - 1 : w)); // first value too large
  double whole = round_to_integral(v, r);
  if (whole >= hi)
    return is_signed ? (uint64_t{1} << (w - 1)) - 1 : low(~uint64_t{0}, w);
  if (whole <= lo)
    return is_signed ? uint64_t{1} << (w - 1) : 0;
  return low(whole < 0 ? static_cast<uint64_t>(static_cast<int64_t>(whole))
                       : static_cast<uint64_t>(whole),
             w);
}

template <typename T> T host_from_integer(std::string_view a, uint64_t bits, Rounding r) {
  unsigned w = width_of(a);
  RoundingScope scope(r);
  if (signed_type(a)) {
    volatile int64_t v = sign_extend(bits, w);
    volatile T f = static_cast<T>(v);
    return f;
  }
  volatile uint64_t v = low(bits, w);
  // Halve with a sticky bit, so that the signed conversion of the host rounds as the unsigned one
  // would.
  if (v >> 63) {
    volatile int64_t half = static_cast<int64_t>((v >> 1) | (v & 1));
    volatile T f = static_cast<T>(half);
    return f * 2;
  }
  volatile int64_t same = static_cast<int64_t>(v);
  volatile T f = static_cast<T>(same);
  return f;
}

/// An integer as an f64 that later rounds to 16 bits as the integer itself would: 64 bits are kept
/// by a sticky last bit.
double sticky_from_integer(std::string_view a, uint64_t bits) {
  double v = host_from_integer<double>(a, bits, Rounding::Zero);
  __int128 exact_value = value(a, bits, width_of(a));
  if (static_cast<__int128>(v) != exact_value)
    v = to_f64(bits_of(v) | 1);
  return v;
}

uint64_t integer_to_float(std::string_view d, std::string_view a, uint64_t bits, Rounding r) {
  if (d == "f64")
    return bits_of(host_from_integer<double>(a, bits, r));
  if (d == "f32")
    return bits_of(host_from_integer<float>(a, bits, r));
  return encode(d == "f16" ? kF16 : kBF16, sticky_from_integer(a, bits), r);
}

uint64_t integer_to_integer(std::string_view d, std::string_view a, uint64_t bits, bool sat) {
  unsigned w = width_of(d);
  __int128 v = value(a, bits, width_of(a));
  if (sat) {
    __int128 lo = signed_type(d) ? -(__int128{1} << (w - 1)) : 0;
    __int128 hi = (__int128{1} << (signed_type(d) ? w - 1 : w)) - 1;
    v = std::clamp(v, lo, hi);
  }
  return low(static_cast<uint64_t>(v), w);
}

Rounding rounding_of(const Spelling &s) {
  for (const std::string &m : s.modifiers)
    if (m.size() >= 2 && m[0] == 'r' && m != "relu")
      return rounding_from(m);
  return Rounding::Nearest;
}

bool integral_rounding(const Spelling &s) {
  return s.has("rni") || s.has("rzi") || s.has("rmi") || s.has("rpi");
}

/// cvt between scalar types.
std::optional<Meaning> scalar(const Spelling &s) {
  std::string d(s.type(0)), a(s.type(1));
  Rounding r = rounding_of(s);
  bool ftz = s.has("ftz"), sat = s.has("sat"), integral = integral_rounding(s);
  bool relu = s.has("relu"), satfinite = s.has("satfinite");
  Meaning m;
  m.section = "9.7.9.21";
  m.outputs = {d};
  m.inputs = {a};
  if (!floating(a) && !floating(d))
    m.evaluate = [=](const uint64_t *in, uint64_t *out) {
      out[0] = integer_to_integer(d, a, in[0], sat);
    };
  else if (!floating(a))
    m.evaluate = [=](const uint64_t *in, uint64_t *out) {
      out[0] = integer_to_float(d, a, in[0], r);
      if (sat)
        out[0] = pack_float(d, saturate(exact(d, out[0], false)), Rounding::Nearest, ftz);
    };
  else if (!floating(d))
    m.evaluate = [=](const uint64_t *in, uint64_t *out) {
      out[0] = float_to_integer(d, a, exact(a, in[0], ftz && a == "f32"), r);
    };
  else if (relu || satfinite)
    m.evaluate = [=](const uint64_t *in, uint64_t *out) {
      double v = exact(a, in[0], false);
      if (relu && v < 0)
        v = 0;
      out[0] = encode(d == "f16" ? kF16 : kBF16, v, r, satfinite);
      if (relu && std::isnan(v) == false && v == 0)
        out[0] = 0;
    };
  else
    m.evaluate = [=](const uint64_t *in, uint64_t *out) {
      double v = exact(a, in[0], ftz && a == "f32");
      if (integral)
        v = round_to_integral(v, r);
      if (sat)
        v = saturate(v);
      out[0] = pack_float(d, v, r, ftz && d == "f32");
    };
  return m;
}

/// cvt.rnd.f16x2.f32 and bf16x2: a to the upper half, b to the lower.
Meaning packed(const Spelling &s) {
  std::string d(s.type(0));
  Format f = d == "f16x2" ? kF16 : kBF16;
  Rounding r = rounding_of(s);
  bool relu = s.has("relu"), satfinite = s.has("satfinite");
  Meaning m;
  m.section = "9.7.9.21";
  m.outputs = {d};
  m.inputs = {"f32", "f32"};
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    auto one = [&](uint64_t bits) -> uint64_t {
      double v = to_f32(bits);
      if (relu && !(v > 0) && !std::isnan(v))
        return 0;
      return encode(f, v, r, satfinite);
    };
    out[0] = one(in[0]) << 16 | one(in[1]);
  };
  return m;
}

} // namespace

std::optional<Meaning> convert_meaning(const Spelling &s) {
  if (s.opcode != "cvt" || s.has("pack"))
    return std::nullopt;
  std::string d(s.type(0)), a(s.type(1));
  if (d.empty() || a.empty() || s.has("rs") || s.type(2) != "")
    return std::nullopt;
  if ((d == "f16x2" || d == "bf16x2") && a == "f32")
    return packed(s);
  if (d.find('x') != std::string::npos || a.find('x') != std::string::npos || d == "tf32" ||
      d[0] == 'e' || a[0] == 'e')
    return std::nullopt;
  return scalar(s);
}

} // namespace w2w::reference
