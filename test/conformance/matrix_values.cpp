#include "test/conformance/matrix_values.h"

#include "test/reference/matrix.h"

#include <bit>

namespace w2w::conformance {

namespace {

/// A small whole number in a floating-point type.
uint64_t whole_number(std::string_view type, int v) {
  const auto f64 = std::bit_cast<uint64_t>(static_cast<double>(v));
  const auto f32 = std::bit_cast<uint32_t>(static_cast<float>(v));
  const uint64_t sign = v < 0 ? 1 : 0;
  auto narrow = [&](unsigned mantissa, unsigned bias, unsigned bits) -> uint64_t {
    if (v == 0)
      return sign << (bits - 1);
    const uint64_t exponent = (f32 >> 23 & 0xff) - 127 + bias;
    return sign << (bits - 1) | exponent << mantissa | (f32 & 0x7fffff) >> (23 - mantissa);
  };
  if (type == "f64")
    return f64;
  if (type == "f16")
    return narrow(10, 15, 16);
  if (type == "bf16")
    return f32 >> 16;
  if (type == "e4m3")
    return narrow(3, 7, 8);
  if (type == "e5m2")
    return narrow(2, 15, 8);
  return f32;
}

uint64_t edge(std::string_view type, uint64_t draw) {
  auto pick = [&](std::initializer_list<uint64_t> values) {
    return values.begin()[draw % values.size()];
  };
  if (type == "f64")
    return pick({0, 1ull << 63, 1, 0x7ff0000000000000, 0x7fefffffffffffff, 0x3ff0000000000001,
                 0xbff0000000000000, 0x000fffffffffffff});
  if (type == "f32" || type == "tf32")
    return pick({0, 0x80000000, 0x2000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f7fe000, 0x3f802000,
                 0xbf800000, 0x00800000, 0x3f801fff, 0x3f800000});
  if (type == "f16")
    return pick({0, 0x8000, 1, 0x83ff, 0x7c00, 0xfc00, 0x7e01, 0x7bff, 0x3c01, 0xbc00, 0x0400,
                 0x3c00, 0x4000, 0x4400});
  if (type == "bf16")
    return pick({0, 0x8000, 1, 0x807f, 0x7f80, 0xff80, 0x7fc1, 0x7f7f, 0x3f81, 0xbf80, 0x0080,
                 0x3f80, 0x4000});
  if (type == "e4m3")
    return pick({0, 0x80, 1, 0x87, 0x7e, 0xfe, 0x7f, 0x38, 0x08, 0xb8, 0x39, 0x40});
  if (type == "e5m2")
    return pick({0, 0x80, 1, 0x83, 0x7b, 0x7c, 0xfc, 0x7e, 0x3c, 0xbc, 0x04, 0x3d});
  if (type == "s32")
    return pick({0, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffff00, 0x80000100});
  return draw % 3 == 0 ? 0 : draw % 3 == 1 ? ~0ull : 1ull << (reference::element_bits(type) - 1);
}

uint64_t random_element(std::string_view type, std::mt19937_64 &random) {
  const uint64_t v = random();
  const bool is_float = type[0] == 'f' || type[0] == 'b' || type[0] == 't';
  if (!is_float || type == "b1")
    return type == "e4m3" || type == "e5m2" ? v & 0xbf : v; // no NaN, no infinity
  // Of either sign, exponents around 0.
  const auto f = static_cast<float>((static_cast<double>(v >> 11) * 0x1p-53 - 0.5) *
                                    static_cast<double>(1u << (v & 7)));
  const auto f32 = std::bit_cast<uint32_t>(f);
  if (type == "f64")
    return std::bit_cast<uint64_t>(static_cast<double>(f) * 1.0000000001);
  if (type == "bf16")
    return f32 >> 16;
  if (type != "f16")
    return f32;
  const int exponent = static_cast<int>(f32 >> 23 & 0xff) - 127 + 15;
  return exponent <= 0
             ? 0
             : (f32 >> 16 & 0x8000) | static_cast<uint32_t>(exponent) << 10 | (f32 >> 13 & 0x3ff);
}

} // namespace

uint64_t matrix_element(Inputs kind, std::string_view type, std::mt19937_64 &random) {
  const bool is_integer = type == "s32" || type == "b1" || type[0] == 's' || type[0] == 'u';
  uint64_t v = kind == kEdges ? edge(type, random())
               : kind == kExact && !is_integer
                   ? whole_number(type, static_cast<int>(random() % 17) - 8)
                   : random_element(type, random);
  const unsigned bits = reference::element_bits(type);
  return bits == 64 ? v : v & ((1ull << bits) - 1);
}

} // namespace w2w::conformance
