// Rounding of constants to 16-bit floats: round to nearest even, IEEE 754 binary16 and bfloat16.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace w2w::ptx {

/// Rounds a double to a float of `mantissa` stored bits and `exponent` bits; returns its encoding.
inline uint16_t small_float_from_double(double d, int mantissa, int exponent) {
  const uint16_t sign = std::signbit(d) ? 0x8000 : 0;
  const int bias = (1 << (exponent - 1)) - 1;
  const uint16_t infinity = static_cast<uint16_t>(((1 << exponent) - 1) << mantissa);
  if (std::isnan(d))
    return static_cast<uint16_t>(sign | infinity | (1 << (mantissa - 1)));
  const double magnitude = std::fabs(d);
  if (std::isinf(d))
    return sign | infinity;
  if (magnitude == 0)
    return sign;
  int e = std::ilogb(magnitude);
  if (e < 1 - bias)
    e = 1 - bias; // subnormal: fixed exponent
  // In units of the last place; std::nearbyint rounds to even in the default mode.
  const double units = std::nearbyint(std::ldexp(magnitude, mantissa - e));
  // units is below 2^(mantissa+1); adding the biased exponent carries by itself.
  const double encoded = units + std::ldexp(static_cast<double>(e + bias - 1), mantissa);
  if (encoded >= infinity)
    return sign | infinity;
  return static_cast<uint16_t>(sign | static_cast<uint16_t>(encoded));
}

inline uint16_t half_from_double(double d) {
  return small_float_from_double(d, 10, 5);
}
inline uint16_t bfloat16_from_double(double d) {
  return small_float_from_double(d, 7, 8);
}

} // namespace w2w::ptx
