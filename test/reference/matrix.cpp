#include "test/reference/matrix.h"

#include "test/reference/bits.h"
#include "test/reference/host_float.h"
#include "test/reference/meaning.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>

namespace w2w::reference {

namespace {

const char *const kElementTypes[] = {"f16", "bf16", "tf32", "f32", "f64", "e4m3", "e5m2",
                                     "s8",  "u8",   "s4",   "u4",  "s32", "b1"};

bool is_integer(std::string_view type) {
  return type == "b1" || type[0] == 's' || type[0] == 'u';
}

double decode_element(std::string_view type, uint64_t bits) {
  if (type == "f64")
    return to_f64(bits);
  if (type == "f32")
    return to_f32(bits);
  if (type == "tf32") // the lower 13 bits are ignored
    return to_f32(bits & 0xffffe000u);
  return decode(type == "f16"    ? kF16
                : type == "bf16" ? kBF16
                : type == "e4m3" ? kE4M3
                                 : kE5M2,
                bits);
}

} // namespace

unsigned element_bits(std::string_view type) {
  if (type == "tf32")
    return 32;
  if (type == "bf16")
    return 16;
  if (type[0] == 'e')
    return 8;
  return static_cast<unsigned>(std::stoul(std::string(type.substr(1))));
}

MatrixProduct::MatrixProduct(std::string_view instruction) {
  std::vector<std::string> types, orders;
  size_t start = 0;
  while (start <= instruction.size()) {
    const size_t end = std::min(instruction.find('.', start), instruction.size());
    const std::string word(instruction.substr(start, end - start));
    start = end + 1;
    if (std::sscanf(word.c_str(), "m%un%uk%u", &m, &n, &k) == 3)
      continue;
    if (word == "row" || word == "col")
      orders.push_back(word);
    else if (word == "satfinite")
      saturates = true;
    else if (word == "xor")
      is_xor = true;
    else if (word == "rz" || word == "rm" || word == "rp")
      rounding = word;
    else if (std::find(std::begin(kElementTypes), std::end(kElementTypes), word) !=
             std::end(kElementTypes))
      types.push_back(word);
  }
  a_by_row = orders[0] == "row";
  b_by_row = orders[1] == "row";
  d = types[0];
  const bool is_short = types.size() == 2; // wmma of f16 names D and C alone
  a = is_short ? "f16" : types[1];
  b = is_short ? "f16" : types[2];
  c = is_short ? types[1] : types[3];
}

// 9.7.14.5.1 for quad pairs; 9.7.14.5.2 to .13 differ in how many elements a register of k holds.
Position MatrixProduct::a_position(unsigned lane, unsigned i) const {
  const unsigned upper = lane < 16 ? 0 : 4;
  if (in_quad_pairs())
    return a_by_row ? Position{lane % 4 + upper, i} : Position{i % 4 + upper, lane % 4};
  const unsigned group = lane >> 2, thread = lane % 4;
  const unsigned run = std::max(32 / element_bits(a), 1u); // consecutive columns
  unsigned piece = i / run, row = group;
  if (m == 16) { // every other piece is eight rows lower
    row += piece % 2 * 8;
    piece /= 2;
  }
  return {row, thread * run + i % run + piece * 4 * run};
}

Position MatrixProduct::b_position(unsigned lane, unsigned i) const {
  const unsigned upper = lane < 16 ? 0 : 4;
  if (in_quad_pairs())
    return b_by_row ? Position{lane % 4, i + upper} : Position{i, lane % 4 + upper};
  const unsigned run = std::max(32 / element_bits(b), 1u);
  return {lane % 4 * run + i % run + i / run * 4 * run, lane >> 2};
}

Position MatrixProduct::c_position(unsigned lane, unsigned i, std::string_view type) const {
  if (!in_quad_pairs())
    return {(lane >> 2) + (i < 2 ? 0 : 8), lane % 4 * 2 + (i & 1)};
  const unsigned upper = lane < 16 ? 0 : 4;
  if (type == "f16")
    return {lane % 4 + upper, i};
  return {(lane & 1) + (i & 2) + upper, (i & 4) + (lane & 2) + (i & 1)};
}

namespace {

ExpectedElement integer_element(const MatrixProduct &p, const std::vector<uint64_t> &row,
                                const std::vector<uint64_t> &column, uint64_t c) {
  int64_t sum = 0;
  for (size_t k = 0; k < row.size(); ++k)
    if (p.a == "b1")
      sum += static_cast<int64_t>(p.is_xor ? row[k] ^ column[k] : row[k] & column[k]);
    else
      sum += static_cast<int64_t>(value(p.a, row[k], element_bits(p.a)) *
                                  value(p.b, column[k], element_bits(p.b)));
  sum += sign_extend(c, 32);
  if (p.saturates)
    sum = std::clamp<int64_t>(sum, std::numeric_limits<int32_t>::min(),
                              std::numeric_limits<int32_t>::max());
  ExpectedElement r;
  r.exact = true;
  r.bits = low(static_cast<uint64_t>(sum), 32);
  return r;
}

} // namespace

ExpectedElement expected_element(const MatrixProduct &p, const std::vector<uint64_t> &row,
                                 const std::vector<uint64_t> &column, uint64_t c,
                                 bool sums_are_exact) {
  if (is_integer(p.a))
    return integer_element(p, row, column, c);
  ExpectedElement r;
  if (p.a == "f64") {
    double sum = to_f64(c);
    for (size_t k = 0; k < row.size(); ++k)
      sum = compute(Op::Fma, rounding_from(p.rounding), to_f64(row[k]), to_f64(column[k]), sum);
    r.exact = true;
    r.bits = bits_of(sum);
    return r;
  }
  // Products are exact in f64; their sum in long double is off by far less than the bound.
  long double sum = decode_element(p.c, c), magnitude = 0;
  auto count = [&](long double term) { magnitude += std::isfinite(term) ? std::fabs(term) : 0; };
  count(sum);
  for (size_t k = 0; k < row.size(); ++k) {
    const long double product =
        static_cast<long double>(decode_element(p.a, row[k])) * decode_element(p.b, column[k]);
    sum += product;
    count(product);
  }
  // A partial sum may overflow in one order and not in another.
  r.any = !std::isnan(sum) && magnitude >= std::numeric_limits<float>::max() / 2;
  r.value = sum;
  if (sums_are_exact)
    return r;
  // One rounding of at most 2^-23 of a partial sum, or of the last subnormal place, for each term.
  const auto terms = static_cast<long double>(row.size() + 1);
  r.bound = terms * (std::ldexp(magnitude * (1 + terms * 0x1p-23L), -23) + 0x1p-149L);
  return r;
}

bool ExpectedElement::accepts(std::string_view type, uint64_t got) const {
  if (any)
    return true;
  if (exact)
    return type == "f64" && std::isnan(to_f64(bits)) ? std::isnan(to_f64(got)) : got == bits;
  const bool is_f16 = type == "f16";
  if (std::isnan(value))
    return got == (is_f16 ? 0x7fffu : 0x7fffffffu);
  if (std::isinf(value))
    return decode_element(type, got) == static_cast<double>(value);
  // Rounding is monotonic: the result lies between those of the ends.
  auto rounded = [&](long double v) -> long double {
    if (!is_f16)
      return static_cast<float>(v);
    return decode(kF16, encode(kF16, static_cast<float>(v), Rounding::Nearest));
  };
  const double result = decode_element(type, got);
  return result >= rounded(value - bound) && result <= rounded(value + bound);
}

} // namespace w2w::reference
