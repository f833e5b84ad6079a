#include "test/conformance/values.h"

#include "test/reference/meaning.h"

#include <bit>
#include <cmath>
#include <map>

namespace w2w::conformance {

namespace {

/// SplitMix64: small, and the same on every machine.
class Random {
public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t below(uint64_t n) { return next() % n; }

private:
  uint64_t state_;
};

uint64_t mask(unsigned width) {
  return width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
}

std::vector<uint64_t> integer_edges(unsigned w) {
  uint64_t top = uint64_t{1} << (w - 1), all = mask(w);
  std::vector<uint64_t> v = {
      0,   1,       2,       3,   4,       7,        8,       15,          16,      24,
      31,  32,      33,      63,  64,      65,       127,     128,         255,     256,
      top, top - 1, top + 1, all, all - 1, all >> 1, all / 3, all / 5 * 2, top >> 1};
  // Just above the middle of two numbers of bf16, f16 and f32: rounding twice shows.
  for (unsigned precision : {8, 11, 24})
    if (precision + 2 < w)
      for (uint64_t leading : {top, top >> 1}) {
        uint64_t above = leading | leading >> precision | 1;
        v.insert(v.end(), {above, ~above + 1});
      }
  for (uint64_t &e : v)
    e &= all;
  return v;
}

std::vector<uint64_t> float_edges(unsigned exponent_bits, unsigned mantissa_bits) {
  uint64_t top = mask(exponent_bits), bias = top >> 1, m = mask(mantissa_bits);
  auto make = [&](uint64_t e, uint64_t f) { return e << mantissa_bits | f; };
  std::vector<uint64_t> positive = {
      0,          // zero
      1,          // smallest subnormal
      m,          // largest subnormal
      m >> 1,     // a subnormal
      make(1, 0), // smallest normal
      make(1, 1),
      make(bias, 0),                                      // 1
      make(bias, 1),                                      // 1 + ulp
      make(bias - 1, m),                                  // 1 - ulp/2
      make(bias - 1, 0),                                  // 0.5
      make(bias, uint64_t{1} << (mantissa_bits - 1)),     // 1.5
      make(bias + 1, 0),                                  // 2
      make(bias + 1, uint64_t{1} << (mantissa_bits - 2)), // 2.5
      make(bias + 2, 3),
      make(top - 1, m), // largest finite
      make(top - 1, 0),
      make(top, 0),                                     // infinity
      make(top, uint64_t{1} << (mantissa_bits - 1)),    // quiet NaN
      make(top, 1),                                     // signalling NaN
      make(std::min(bias + mantissa_bits, top - 1), 1), // an odd integer at the limit of precision
      make(std::min(bias + 7, top - 1), m),
      make(std::min(bias + 15, top - 1), 0), // 2^15, 2^31, 2^63: borders of the integer types
      make(std::min(bias + 31, top - 1), 0),
      make(std::min(bias + 31, top - 1), m),
      make(std::min(bias + 63, top - 1), 0),
      make(std::min(bias + 63, top - 1), m),
  };
  std::vector<uint64_t> v;
  uint64_t sign = uint64_t{1} << (exponent_bits + mantissa_bits);
  for (uint64_t p : positive) {
    v.push_back(p);
    v.push_back(p | sign);
  }
  return v;
}

std::vector<uint64_t> make_edges(std::string_view type) {
  if (type == "pred")
    return {0, 1};
  if (type == "f16" || type == "bf16") {
    std::vector<uint64_t> v = type == "f16" ? float_edges(5, 10) : float_edges(8, 7);
    v.insert(v.end(), {0x7ff7, 0xfff7}); // OOB-NaN of .oob, and its negative
    return v;
  }
  if (type == "f32")
    return float_edges(8, 23);
  if (type == "f64")
    return float_edges(11, 52);
  if (type.ends_with("x2")) {
    std::string_view lane = type.substr(0, type.size() - 2);
    const std::vector<uint64_t> &e = edge_values(lane);
    unsigned w = reference::width_of(lane);
    std::vector<uint64_t> v;
    for (size_t i = 0; i < e.size(); ++i)
      v.push_back(e[i] | e[(i * 7 + 3) % e.size()] << w);
    return v;
  }
  return integer_edges(reference::width_of(type));
}

/// Bits that favour interesting exponents: uniformly random bits are almost never close to each
/// other.
uint64_t random_value(std::string_view type, Random &random) {
  unsigned w = reference::width_of(type);
  const std::vector<uint64_t> &edges = edge_values(type);
  switch (random.below(8)) {
  case 0:
    return edges[random.below(edges.size())];
  case 1: // an edge with a few low bits changed
    return (edges[random.below(edges.size())] ^ random.below(16)) & mask(w);
  case 2: // small integers
    return random.below(uint64_t{1} << std::min(w, 9u)) & mask(w);
  case 3: // numbers around one: exponents near the bias
    if (type == "f32")
      return (uint64_t{120 + random.below(16)} << 23 | random.below(1u << 23)) | random.below(2)
                                                                                     << 31;
    if (type == "f64")
      return (uint64_t{1010 + random.below(26)} << 52 | (random.next() & mask(52))) |
             random.below(2) << 63;
    [[fallthrough]];
  case 4: // a significand of ones, or almost: where reciprocals lie closest to midpoints
    if (type == "f32" || type == "f64")
      return (random.next() | mask(type == "f32" ? 23 : 52)) - random.below(16);
    [[fallthrough]];
  default:
    return random.next() & mask(w);
  }
}

/// a and b of which a / b is exact and a midpoint between two subnormals.
std::vector<uint64_t> tie_of_division(bool is_double, Random &random) {
  unsigned precision = is_double ? 53 : 24;
  int below_subnormals = is_double ? -1075 : -150;
  unsigned bits = 1 + unsigned(random.below(precision - 1)); // of the denominator
  auto odd = [&](unsigned width) { return double((random.next() & mask(width)) | 1); };
  double denominator = odd(bits), quotient = odd(precision - bits);
  int exponent = 1 + int(random.below(60));
  double b = std::ldexp(denominator, exponent);
  double a = std::ldexp(denominator * quotient, exponent + below_subnormals);
  a = random.below(2) ? -a : a;
  if (is_double)
    return {std::bit_cast<uint64_t>(a), std::bit_cast<uint64_t>(b)};
  return {std::bit_cast<uint32_t>(float(a)), std::bit_cast<uint32_t>(float(b))};
}

} // namespace

const std::vector<uint64_t> &edge_values(std::string_view type) {
  static std::map<std::string, std::vector<uint64_t>, std::less<>> cache;
  auto it = cache.find(type);
  if (it == cache.end())
    it = cache.emplace(std::string(type), make_edges(type)).first;
  return it->second;
}

std::vector<std::vector<uint64_t>> operand_rows(const std::vector<std::string> &inputs,
                                                unsigned random, uint64_t seed) {
  std::vector<std::vector<uint64_t>> rows;
  Random source(seed);
  size_t n = inputs.size();
  const std::vector<uint64_t> &first = edge_values(inputs[0]);
  if (n == 1)
    for (uint64_t a : first)
      rows.push_back({a});
  else
    for (uint64_t a : first)
      for (uint64_t b : edge_values(inputs[1])) {
        std::vector<uint64_t> row = {a, b};
        for (size_t i = 2; i < n; ++i) {
          const std::vector<uint64_t> &e = edge_values(inputs[i]);
          row.push_back(e[source.below(e.size())]);
        }
        rows.push_back(std::move(row));
      }
  for (unsigned i = 0; i < random; ++i) {
    std::vector<uint64_t> row;
    for (const std::string &type : inputs)
      row.push_back(random_value(type, source));
    rows.push_back(std::move(row));
  }
  if (n == 2 && inputs[0] == inputs[1] && (inputs[0] == "f32" || inputs[0] == "f64"))
    for (unsigned i = 0; i < random / 4; ++i)
      rows.push_back(tie_of_division(inputs[0] == "f64", source));
  return rows;
}

} // namespace w2w::conformance
