#include "test/reference/host_float.h"

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <limits>

namespace w2w::reference {

Rounding rounding_from(std::string_view m) {
  if (m == "rz" || m == "rzi")
    return Rounding::Zero;
  if (m == "rm" || m == "rmi")
    return Rounding::Down;
  if (m == "rp" || m == "rpi")
    return Rounding::Up;
  return m == "rna" ? Rounding::NearestAway : Rounding::Nearest;
}

RoundingScope::RoundingScope(Rounding r) : saved_(std::fegetround()) {
  constexpr int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD, FE_TONEAREST};
  std::fesetround(modes[static_cast<int>(r)]);
}

RoundingScope::~RoundingScope() {
  std::fesetround(saved_);
}

float to_f32(uint64_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits));
}
double to_f64(uint64_t bits) {
  return std::bit_cast<double>(bits);
}
uint64_t bits_of(float v) {
  return std::bit_cast<uint32_t>(v);
}
uint64_t bits_of(double v) {
  return std::bit_cast<uint64_t>(v);
}

namespace {

/// volatile keeps the compiler from moving the operation out of the rounding scope or folding it.
template <typename T> T host_operation(Op op, T a0, T b0, T c0) {
  volatile T a = a0, b = b0, c = c0, r;
  switch (op) {
  case Op::Add:
    r = a + b;
    break;
  case Op::Sub:
    r = a - b;
    break;
  case Op::Mul:
    r = a * b;
    break;
  case Op::Div:
    r = a / b;
    break;
  case Op::Fma:
    r = std::fma(a, b, c);
    break;
  case Op::Sqrt:
    r = std::sqrt(a);
    break;
  }
  return r;
}

} // namespace

float compute(Op op, Rounding r, float a, float b, float c) {
  RoundingScope scope(r);
  return host_operation(op, a, b, c);
}

double compute(Op op, Rounding r, double a, double b, double c) {
  RoundingScope scope(r);
  return host_operation(op, a, b, c);
}

double compute_to_odd(Op op, double a, double b, double c) {
  RoundingScope scope(Rounding::Zero);
  std::feclearexcept(FE_ALL_EXCEPT);
  double r = host_operation(op, a, b, c);
  if (std::fetestexcept(FE_INEXACT) && std::isfinite(r))
    r = std::bit_cast<double>(std::bit_cast<uint64_t>(r) | 1);
  return r;
}

double decode(Format f, uint64_t bits) {
  uint64_t mantissa = bits & ((uint64_t{1} << f.mantissa_bits) - 1);
  uint64_t top = (uint64_t{1} << f.exponent_bits) - 1;
  uint64_t exponent = (bits >> f.mantissa_bits) & top;
  bool negative = (bits >> (f.mantissa_bits + f.exponent_bits)) & 1;
  int bias = static_cast<int>(top >> 1);
  double v;
  if (format_is_nan(f, bits))
    v = std::numeric_limits<double>::quiet_NaN();
  else if (exponent == top && f.infinities)
    v = std::numeric_limits<double>::infinity();
  else if (exponent == 0)
    v = std::ldexp(static_cast<double>(mantissa), 1 - bias - static_cast<int>(f.mantissa_bits));
  else
    v = std::ldexp(static_cast<double>(mantissa | (uint64_t{1} << f.mantissa_bits)),
                   static_cast<int>(exponent) - bias - static_cast<int>(f.mantissa_bits));
  return negative ? -v : v;
}

bool format_is_nan(Format f, uint64_t bits) {
  uint64_t mantissa_mask = (uint64_t{1} << f.mantissa_bits) - 1;
  uint64_t top = (uint64_t{1} << f.exponent_bits) - 1;
  bool all_ones = ((bits >> f.mantissa_bits) & top) == top;
  uint64_t mantissa = bits & mantissa_mask;
  return all_ones && (f.infinities ? mantissa != 0 : mantissa == mantissa_mask);
}

uint64_t encode(Format f, double v, Rounding r, bool satfinite) {
  uint64_t sign = uint64_t{std::signbit(v)} << (f.exponent_bits + f.mantissa_bits);
  uint64_t top = (uint64_t{1} << f.exponent_bits) - 1;
  uint64_t mantissa_mask = (uint64_t{1} << f.mantissa_bits) - 1;
  uint64_t nan = (top << f.mantissa_bits) | mantissa_mask;
  if (std::isnan(v))
    return nan;
  uint64_t infinity = f.infinities ? top << f.mantissa_bits : nan;
  uint64_t largest = infinity - 1;
  if (std::isinf(v))
    return sign | (satfinite ? largest : infinity);
  // The encoding, read as an integer, counts the format's values upwards: find the one at or below
  // |v|, then round.
  double magnitude = std::fabs(v);
  int bias = static_cast<int>(top >> 1);
  int exponent = magnitude == 0 ? 1 - bias : std::max(std::ilogb(magnitude), 1 - bias);
  int unit = exponent - static_cast<int>(f.mantissa_bits); // weight of the last bit
  double scaled = std::ldexp(magnitude, -unit);            // exact: below 2^(mantissa_bits + 1)
  uint64_t whole = static_cast<uint64_t>(scaled);
  double rest = scaled - static_cast<double>(whole);
  bool negative = sign != 0;
  bool up = false;
  switch (r) {
  case Rounding::Nearest:
    up = rest > 0.5 || (rest == 0.5 && (whole & 1));
    break;
  case Rounding::NearestAway:
    up = rest >= 0.5;
    break;
  case Rounding::Zero:
    break;
  case Rounding::Down:
    up = negative && rest > 0;
    break;
  case Rounding::Up:
    up = !negative && rest > 0;
    break;
  }
  whole += up;
  uint64_t code = whole + (static_cast<uint64_t>(exponent + bias - 1) << f.mantissa_bits);
  if (code > largest) {
    bool to_infinity = r == Rounding::Nearest || r == Rounding::NearestAway ||
                       (r == Rounding::Up && !negative) || (r == Rounding::Down && negative);
    code = satfinite || !to_infinity ? largest : infinity;
  }
  return sign | code;
}

float flush(float v) {
  return std::fpclassify(v) == FP_SUBNORMAL ? std::copysign(0.0f, v) : v;
}

} // namespace w2w::reference
