#include "matrix_reference.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>

namespace w2w::emu::test {

namespace {

// 64 bits of significand: every sum here is exact in it.
using Wide = long double;

} // namespace

unsigned bits_of(const std::string &type) {
  return type == "f64"                                                     ? 64
         : type == "f16" || type == "bf16" || type == "bf16_1k"            ? 16
         : type == "i8" || type == "iu8" || type == "fp8" || type == "bf8" ? 8
         : type == "iu4"                                                   ? 4
                                                                           : 32;
}

/// v_mfma_f32_16x16x4_4b_f16, v_mfma_f32_16x16x4f16, v_smfmac_f32_16x16x64_bf8_fp8, ...
MatrixOp::MatrixOp(std::string n0, std::string processor, unsigned wave)
    : name(std::move(n0)), cpu(std::move(processor)), lanes(wave) {
  a_signed = b_signed = gfx9();
  sparse = name.starts_with("v_smfmac") || name.starts_with("v_swmmac");
  size_t at = name.find('_', 2) + 1, end = name.find('_', at);
  c = name.substr(at, end - at);
  int used = 0;
  REQUIRE(std::sscanf(name.c_str() + end, "_%ux%ux%u%n", &m, &n, &k, &used) == 3);
  std::string rest = name.substr(end + size_t(used));
  blocks = 0;
  if (rest.starts_with("_") && rest.find("b_") != rest.npos && std::isdigit(rest[1])) {
    blocks = unsigned(std::stoul(rest.substr(1)));
    rest = rest.substr(rest.find("b_") + 1);
  }
  if (rest.starts_with("_"))
    rest = rest.substr(1);
  a = b = rest;
  if (size_t two = rest.find('_'); two != rest.npos && rest != "bf16_1k")
    a = rest.substr(0, two), b = rest.substr(two + 1);
  if (!blocks) {
    // gfx90a's names leave the blocks out: the instruction fills 64 lanes with one element, two of
    // bf16, or four of 8 and 16 bits.
    unsigned in_a_lane = a == "bf16" ? 2 : bits_of(a) < 32 ? 4 : 1;
    blocks = cpu == "gfx90a" ? in_a_lane * 64 / (m * k) : 1;
  }
}

namespace {
unsigned registers(unsigned elements, unsigned bits, unsigned lanes) {
  return std::max(1u, elements * bits / 32 / lanes);
}
} // namespace
unsigned MatrixOp::a_registers() const {
  return gfx11() ? k * bits_of(a) / 32 : registers(m * terms() * blocks, bits_of(a), lanes);
}
unsigned MatrixOp::b_registers() const {
  return gfx11() ? k * bits_of(b) / 32 : registers(n * k * blocks, bits_of(b), lanes);
}
unsigned MatrixOp::c_registers() const {
  return gfx11() ? m * n / lanes : registers(m * n * blocks, bits_of(c), lanes);
}

// ---- layouts
namespace {

Where gfx9_input(unsigned dim, unsigned k_size, unsigned blocks, unsigned i, unsigned k,
                 unsigned block, unsigned bits) {
  unsigned contiguous = k_size / (64 / (dim * blocks)), local = k % contiguous;
  unsigned lane = block * dim + k / contiguous * dim * blocks + i;
  return {local * bits / 32, local * bits % 32, lane};
}
/// k counts all elements of sparse A too, the two stored ones of a group of four being at its first
/// two.
Where gfx12_input(const MatrixOp &o, bool is_a, unsigned i, unsigned k, unsigned bits) {
  unsigned reg = 0, bit, lane;
  bool w32 = o.lanes == 32;
  if (o.sparse && is_a) {
    unsigned s = k % 4;
    if (w32)
      reg = bits == 16  ? 2 * (k / 16) + k / 4 % 2
            : bits == 8 ? k / 8 % 2
            : o.k == 64 ? k / 16 % 2
                        : 0;
    else if (bits == 16)
      reg = k / 4 % 2;
    bit = (bits == 16 ? 0 : 2 * bits * (k / 4 % (16 / bits))) + s * bits;
  } else if (o.sparse) {
    if (w32)
      reg = bits == 16  ? 4 * (k / 16) + k / 2 % 4
            : bits == 8 ? k / 4 % 4
            : o.k == 32 ? k / 8 % 2
                        : k / 8 % 4;
    else
      reg = bits == 16 ? k / 2 % 4 : bits == 8 ? k / 4 % 2 : o.k != 32 ? k / 8 % 2 : 0;
    bit = bits * (k % (32 / bits));
  } else {
    if (w32)
      reg = bits == 16  ? 2 * (k / 8) + k / 2 % 2
            : bits == 8 ? k / 4 % 2
            : o.k == 32 ? k / 8 % 2
                        : 0;
    else if (bits == 16)
      reg = k / 2 % 2;
    bit = bits * (k % (32 / bits));
  }
  if (o.sparse) {
    if (w32)
      lane = bits == 16 ? 16 * (k / 8 % 2) : bits == 8 || o.k == 32 ? 16 * (k / 16) : 16 * (k / 32);
    else if (bits == 16)
      lane = 16 * (k / 8);
    else if (bits == 8 || o.k == 32)
      lane = bits == 4 && is_a ? 16 * (k / 16) : 32 * (k / 8 % 2) + 16 * (k / 16);
    else
      lane = 32 * (k / 16 % 2) + 16 * (k / 32);
  } else if (w32) {
    lane = bits == 16 ? 16 * (k / 4 % 2) : bits == 8 || o.k == 16 ? 16 * (k / 8) : 16 * (k / 16);
  } else {
    lane = bits == 16  ? 32 * (k / 8 % 2) + 16 * (k / 4 % 2)
           : bits == 8 ? 32 * (k / 4 % 2) + 16 * (k / 8 % 2)
           : o.k == 16 ? 16 * (k / 8)
                       : 32 * (k / 8 % 2) + 16 * (k / 16 % 2);
  }
  return {reg, bit, lane + i};
}

} // namespace

Where a_at(const MatrixOp &o, unsigned i, unsigned k, unsigned block, unsigned copy) {
  unsigned bits = bits_of(o.a);
  if (o.gfx9()) {
    unsigned receivers = 1u << o.cbsz;
    unsigned from = o.sparse ? block : block / receivers * receivers + o.abid;
    return gfx9_input(o.m, o.terms(), o.blocks, i, k, from, bits);
  }
  if (o.gfx11())
    return {k * bits / 32, k * bits % 32, i + 16 * copy};
  return gfx12_input(o, true, i, o.sparse ? k / 2 * 4 + k % 2 : k, bits);
}

Where b_at(const MatrixOp &o, unsigned k, unsigned j, unsigned block, unsigned copy) {
  unsigned bits = bits_of(o.b);
  if (o.gfx9()) {
    Where w = gfx9_input(o.n, o.k, o.blocks, j, k, block, bits);
    unsigned l = w.lane;
    switch (o.blgp) {
    case 1:
    case 2:
      w.lane = (o.blgp == 2 ? 32 : 0) + l % 32;
      break;
    case 3:
      w.lane = (l + 16) % 64;
      break;
    case 4:
    case 5:
    case 6:
    case 7:
      w.lane = 16 * (o.blgp - 4) + l % 16;
    }
    return w;
  }
  if (o.gfx11())
    return {k * bits / 32, k * bits % 32, j + 16 * copy};
  return gfx12_input(o, false, j, k, bits);
}

Where c_at(const MatrixOp &o, unsigned i, unsigned j, unsigned block) {
  unsigned bits = bits_of(o.c);
  if (o.gfx9()) {
    unsigned multirows = 64 / o.n, height = bits == 64 ? 1 : 4, size = o.m * o.n / height;
    unsigned blocks_per_register = size >= 64 ? 1 : 64 / size;
    unsigned element = block * (o.m * o.n / 64) + i / (height * multirows) * height + i % height;
    unsigned lane =
        block % blocks_per_register * o.n + i / height % multirows * blocks_per_register * o.n + j;
    return {element * bits / 32, 0, lane};
  }
  if (o.gfx11()) {
    unsigned rows = o.lanes / 16;
    return {i / rows, o.high_half ? 16u : 0u, (16 * i + j) % o.lanes};
  }
  unsigned lane = o.lanes == 32 ? 16 * (i / 8) + j : 32 * (i / 4 % 2) + 16 * (i / 8) + j;
  unsigned rows = o.lanes == 32 ? 8 : 4;
  return bits == 32 ? Where{i % rows, 0, lane} : Where{i / 2 % (rows / 2), 16 * (i % 2), lane};
}

Where index_at(const MatrixOp &o, unsigned i, unsigned q) {
  unsigned bits = bits_of(o.a), k = q / 2 * 4;
  if (o.gfx9()) {
    Where a = gfx9_input(o.m, o.terms(), 1, i, q, 0, bits);
    unsigned local = a.reg * (32 / bits) + a.bit / bits + (o.cbsz ? 0 : 64 * o.abid / bits);
    return {0, local / 2 * 4 + q % 2 * 2, a.lane};
  }
  unsigned at, sets;
  if (o.lanes == 32) {
    at = bits == 16               ? 8 * (k / 16) + 4 * (k / 4 % 2)
         : bits == 8 || o.k == 32 ? 4 * (k / 4 % 4)
                                  : 4 * (k / 4 % 8);
    sets = bits == 4 && o.k == 64 ? 1 : 2;
  } else {
    at = bits == 4 ? 4 * (k / 4 % 4) : 4 * (k / 4 % 2);
    sets = bits == 4 ? 2 : 4;
  }
  return {0, at + 32 / sets * o.index_key + q % 2 * 2, a_at(o, i, q, 0).lane};
}

// ---- numbers
namespace {

struct Number {
  bool nan = false, inf = false, negative = false;
  Wide value = 0;   ///< with its sign; zeros too
  int exponent = 0; ///< that alignment counts with: of a number in [1, 2) or the least one
  uint32_t f32 = 0; ///< of a NaN
  bool zero() const { return !nan && !inf && value == 0; }
};
struct Kind {
  int exponent, fraction, bias;
  bool fnuz, only_nan;
};
Kind kind(const MatrixOp &o, const std::string &t) {
  bool fnuz = o.gfx9();
  return t == "f64"    ? Kind{11, 52, 1023, false, false}
         : t == "f32"  ? Kind{8, 23, 127, false, false}
         : t == "xf32" ? Kind{8, 10, 127, false, false}
         : t == "f16"  ? Kind{5, 10, 15, false, false}
         : t == "fp8"  ? Kind{4, 3, fnuz ? 8 : 7, fnuz, true}
         : t == "bf8"  ? Kind{5, 2, fnuz ? 16 : 15, fnuz, false}
                       : Kind{8, 7, 127, false, false};
}
Number number(const MatrixOp &o, const std::string &t, uint64_t x) {
  Kind d = kind(o, t);
  if (t == "xf32")
    x = uint32_t(x) >> 13;
  Number r;
  uint64_t f = x & ((uint64_t(1) << d.fraction) - 1);
  int e = int(x >> d.fraction & ((1u << d.exponent) - 1)), ones = (1 << d.exponent) - 1;
  r.negative = x >> (d.exponent + d.fraction) & 1;
  if (d.fnuz ? x == 0x80 : d.only_nan ? e == ones && f == 7 : e == ones && f) {
    r.nan = true;
    r.f32 = d.fnuz ? 0x7fc00000u
            : d.only_nan
                ? uint32_t(r.negative) << 31 | 0x7fc00000u
                : uint32_t(r.negative) << 31 | 0x7fc00000u |
                      uint32_t(d.fraction <= 23 ? f << (23 - d.fraction) : f >> (d.fraction - 23));
    return r;
  }
  if (!d.fnuz && !d.only_nan && e == ones) {
    r.inf = true;
    return r;
  }
  r.exponent = std::max(e, 1) - d.bias;
  r.value = std::ldexp(Wide(f + (e ? uint64_t(1) << d.fraction : 0)), r.exponent - d.fraction);
  if (r.negative)
    r.value = -r.value;
  return r;
}
uint32_t raw(float f) {
  return std::bit_cast<uint32_t>(f);
}
/// units * 2^grid, rounded to nearest even to `fraction` bits below the leading one, not finer than
/// 2^least; the rounding is the host's, of an exact value.
Wide rounded(Wide x, int fraction, int least) {
  if (x == 0)
    return 0;
  int e = std::ilogb(x);
  int unit = std::max(e - fraction, least);
  return std::ldexp(std::nearbyint(std::ldexp(x, -unit)), unit);
}
uint32_t to_f32(Wide x) {
  Wide r = rounded(x, 23, -149);
  return std::fabs(r) >= 0x1p128L ? (r < 0 ? 0xff800000u : 0x7f800000u) : raw(float(r));
}

// ---- CDNA
template <class T> T chain(const std::vector<T> &a, const std::vector<T> &b, T c, auto quiet) {
  for (size_t k = 0; k < a.size(); k++) {
    T r = std::fma(a[k], b[k], c);
    if (r != r)
      r = a[k] != a[k]   ? quiet(a[k])
          : b[k] != b[k] ? quiet(b[k])
          : c != c       ? quiet(c)
                         : std::numeric_limits<T>::quiet_NaN();
    c = r;
  }
  return c;
}

float quiet32(float x) {
  return std::bit_cast<float>(raw(x) | 0x400000u);
}
float flush(float x) {
  return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x;
}
float add(float x, float y) {
  float r = x + y;
  if (r == r)
    return flush(r);
  return x != x ? quiet32(x) : y != y ? quiet32(y) : std::bit_cast<float>(0x7fc00000u);
}
float element(const MatrixOp &o, const std::string &t, uint64_t x) {
  Number n = number(o, t, x);
  return n.nan   ? std::bit_cast<float>(n.f32)
         : n.inf ? (n.negative ? -INFINITY : INFINITY)
                 : float(n.value) * (n.value == 0 && n.negative ? -1.0f : 1.0f);
}
float pairs(const MatrixOp &o, const std::vector<uint64_t> &a, const std::vector<uint64_t> &b,
            float c, unsigned group) {
  float least = o.a == "f16" ? 0x1p-14f : 0x1p-126f;
  auto source = [&](uint64_t x) {
    float f = element(o, o.a, x);
    return std::fabs(f) < least ? 0.0f : f;
  };
  c = std::fabs(c) < 0x1p-126f ? 0.0f : c;
  for (size_t k = 0; k < a.size(); k += group) {
    std::vector<float> p;
    for (unsigned g = 0; g < group; g++) {
      float x = source(a[k + g]), y = source(b[k + g]), r = std::fma(x, y, 0.0f);
      p.push_back(r != r ? (x != x   ? quiet32(x)
                            : y != y ? quiet32(y)
                                     : std::bit_cast<float>(0x7fc00000u))
                         : flush(r));
    }
    while (p.size() > 1) {
      std::vector<float> half;
      for (size_t i = 0; i < p.size(); i += 2)
        half.push_back(add(p[i], p[i + 1]));
      p = half;
    }
    c = add(c, p[0]);
  }
  return c;
}

struct Aligned {
  Wide sum;
  int exponent;
};
/// Products truncated to 24 bits below the largest exponent.
Aligned truncated_sum(const std::vector<Wide> &p, const std::vector<int> &e) {
  int top = *std::max_element(e.begin(), e.end());
  Wide sum = 0;
  for (Wide x : p)
    sum += std::ldexp(std::trunc(std::ldexp(x, 24 - top)), top - 24);
  return {sum, top};
}
Wide floored(Wide x, int unit) {
  return std::ldexp(std::floor(std::ldexp(x, -unit)), unit);
}
uint32_t fused(const MatrixOp &o, const std::vector<uint64_t> &a, const std::vector<uint64_t> &b,
               uint32_t c, unsigned group) {
  bool bytes = bits_of(o.a) == 8;
  group = std::min<unsigned>(group, unsigned(a.size()));
  for (size_t k = 0; k < a.size(); k += group) {
    Number cn = number(o, "f32", c);
    std::vector<Wide> p[2];
    std::vector<int> e[2];
    uint32_t nan = 0;
    bool infinite[2] = {}, above[2] = {}, invalid = false;
    for (unsigned g = 0; g < group; g++) {
      Number x = number(o, o.a, a[k + g]), y = number(o, o.b, b[k + g]);
      if (!nan && (x.nan || y.nan))
        nan = x.nan ? x.f32 : y.f32;
      invalid |= (x.inf && y.zero()) || (y.inf && x.zero());
      Wide product = x.value * y.value;
      if (x.inf || y.inf)
        infinite[x.negative != y.negative] = true;
      else if (std::fabs(product) >= 0x1p128L)
        above[product < 0] = true;
      unsigned part = bytes ? g % 2 : 0;
      p[part].push_back(product);
      e[part].push_back((x.zero() ? -126 : x.exponent) + (y.zero() ? -126 : y.exponent));
    }
    infinite[0] |= cn.inf && !cn.negative;
    infinite[1] |= cn.inf && cn.negative;
    if (nan || cn.nan) {
      c = nan ? nan : c | 0x400000u;
      continue;
    }
    if (invalid || (infinite[0] && infinite[1])) {
      c = 0x7fc00000u;
      continue;
    }
    if (infinite[0] || infinite[1]) {
      c = infinite[0] ? 0x7f800000u : 0xff800000u;
      continue;
    }
    if (above[0] || above[1]) {
      c = above[0] && above[1] ? 0x7fc00000u : above[0] ? 0x7f800000u : 0xff800000u;
      continue;
    }
    Aligned s = truncated_sum(p[0], e[0]);
    if (bytes) {
      Aligned odd = truncated_sum(p[1], e[1]);
      int top = std::max(s.exponent, odd.exponent);
      s = {floored(s.sum, top - 24) + floored(odd.sum, top - 24), top};
    }
    int ec = cn.zero() ? -126 : cn.exponent, top = std::max(s.exponent, ec);
    Wide of_c = bytes && ec < top - 25 ? 0 : floored(cn.value, top - 24);
    c = to_f32(floored(s.sum, top - 31) + of_c);
  }
  return c;
}

// ---- RDNA
uint64_t narrow(const MatrixOp &o, Wide x, bool flush_denormals) {
  if (o.c == "f16") {
    Wide r = rounded(x, 10, -24);
    if (r == 0)
      return 0;
    uint64_t sign = r < 0 ? 0x8000 : 0;
    if (std::fabs(r) >= 65520)
      return sign | (o.fp16_ovfl ? 0x7bff : 0x7c00);
    return std::bit_cast<uint16_t>(_Float16(float(r)));
  }
  Wide r = flush_denormals ? rounded(x, 23, -100000) : x;
  uint32_t f = flush_denormals && std::fabs(r) < 0x1p-126L ? 0 : to_f32(r);
  f = f == 0x80000000u ? 0 : f;
  return o.c == "f32" ? f : f >> 16;
}
uint32_t wide_bits(const MatrixOp &o, uint64_t c) {
  if (o.c == "f32")
    return uint32_t(c);
  if (o.c == "bf16")
    return uint32_t(c) << 16;
  if ((c & 0x7c00) == 0x7c00)
    return uint32_t(c & 0x8000) << 16 | 0x7f800000u | uint32_t(c & 0x3ff) << 13;
  return raw(float(std::bit_cast<_Float16>(uint16_t(c))));
}
uint64_t dot_step(const MatrixOp &o, const uint64_t *a, const uint64_t *b, unsigned group,
                  uint64_t c) {
  bool gfx11 = o.gfx11(), bytes = bits_of(o.a) == 8;
  uint32_t invalid_nan = bytes ? 0xffc00a3du : 0xffc00000u;
  auto special = [&](uint32_t x) -> uint64_t {
    if (o.c == "f32")
      return x;
    if (x == 0xffc00a3du)
      return o.c == "f16" ? 0xfe3d : 0xfffd;
    return o.c == "bf16" ? x >> 16 : (x >> 16 & 0x8000) | 0x7c00 | (x >> 13 & 0x3ff);
  };
  uint32_t cw = wide_bits(o, c);
  Number cn = number(o, "f32", cw);
  struct Product {
    Wide value;
    bool negative;
    int exponent;
  };
  std::vector<Product> p;
  bool nan = false, invalid = false, infinite[2] = {};
  for (unsigned g = 0; g < group; g++) {
    Number x = number(o, o.a, a[g]), y = number(o, o.b, b[g]);
    for (Number *n : {&x, &y})
      if (gfx11 && o.a == "bf16" && !n->nan && !n->inf && std::fabs(n->value) < 0x1p-126L)
        n->value = 0;
    nan |= x.nan || y.nan;
    invalid |= (x.inf && y.zero()) || (y.inf && x.zero());
    if (x.inf || y.inf)
      infinite[x.negative != y.negative] = true;
    p.push_back({x.value * y.value, x.negative != y.negative, x.exponent + y.exponent});
  }
  if (nan)
    return special(0xffc00a3du);
  if (invalid || (infinite[0] && infinite[1]))
    return special(invalid_nan);
  if (cn.nan)
    return special(cw | 0x400000u);
  infinite[0] |= cn.inf && !cn.negative;
  infinite[1] |= cn.inf && cn.negative;
  if (infinite[0] && infinite[1])
    return special(invalid_nan);
  if (infinite[0] || infinite[1])
    return special(infinite[0] ? 0x7f800000u : 0xff800000u);
  constexpr int none = -100000;
  if (gfx11) {
    Wide of_c = std::fabs(cn.value) < 0x1p-126L ? 0 : cn.value;
    int lead = of_c != 0 ? std::ilogb(of_c) : none, grid = none;
    bool all_zero = of_c == 0;
    if (o.c == "f16")
      lead = std::max(lead, -14);
    for (const Product &x : p)
      if (x.value != 0) {
        all_zero = false;
        grid = std::max(grid, x.exponent - 24);
        lead = std::max(lead, std::ilogb(x.value));
      }
    if (all_zero)
      return 0;
    grid = std::max(grid, lead - 26);
    auto units = [&](Wide x) { return std::trunc(std::ldexp(std::fabs(x), -grid)); };
    Wide total = units(of_c);
    for (const Product &x : p)
      total += x.negative != cn.negative ? -units(x.value) - 1 : units(x.value);
    return narrow(o, std::ldexp(cn.negative ? -total : total, grid), true);
  }
  int grid = none;
  std::vector<std::pair<Wide, int>> sums;
  unsigned together = bytes ? 4 : 2;
  for (unsigned g = 0; g < group; g += together) {
    int top = none;
    for (unsigned i = g; i < g + together; i++)
      if (p[i].value != 0)
        top = std::max(top, p[i].exponent - 24);
    Wide sum = 0;
    for (unsigned i = g; i < g + together; i++)
      if (p[i].value != 0)
        sum += floored(p[i].value, top);
    sums.push_back({sum, top});
    grid = std::max(grid, top);
  }
  int least = o.c == "f16" ? -14 : -126;
  int lead = cn.value != 0 ? std::ilogb(cn.value) : none;
  grid = std::max(grid, std::max(least, lead) - 26);
  Wide total = floored(cn.value, grid);
  if (grid > least && cn.value < 0 && std::fabs(cn.value) < std::ldexp(Wide(1), grid))
    total = 0;
  for (auto &[sum, top] : sums)
    if (sum != 0)
      total += floored(sum, grid);
  return narrow(o, total, false);
}

int64_t integer(const std::string &t, uint64_t x, bool is_signed) {
  unsigned bits = bits_of(t);
  int64_t v = int64_t(x & ((1u << bits) - 1));
  return is_signed && v >> (bits - 1) ? v - (int64_t(1) << bits) : v;
}

} // namespace

uint64_t dot(const MatrixOp &o, const std::vector<uint64_t> &a, const std::vector<uint64_t> &b,
             uint64_t c) {
  if (o.c == "i32") {
    int64_t sum = int32_t(c);
    for (size_t k = 0; k < a.size(); k++)
      sum += integer(o.a, a[k], o.a_signed) * integer(o.b, b[k], o.b_signed);
    return uint32_t(o.clamp ? std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX) : sum);
  }
  if (o.c == "f64") {
    std::vector<double> x, y;
    for (size_t k = 0; k < a.size(); k++)
      x.push_back(std::bit_cast<double>(a[k])), y.push_back(std::bit_cast<double>(b[k]));
    return std::bit_cast<uint64_t>(chain(x, y, std::bit_cast<double>(c), [](double d) {
      return std::bit_cast<double>(std::bit_cast<uint64_t>(d) | 0x8000000000000ull);
    }));
  }
  if (o.a == "f32") {
    std::vector<float> x, y;
    for (size_t k = 0; k < a.size(); k++)
      x.push_back(std::bit_cast<float>(uint32_t(a[k]))),
          y.push_back(std::bit_cast<float>(uint32_t(b[k])));
    return raw(chain(x, y, std::bit_cast<float>(uint32_t(c)), quiet32));
  }
  if (o.cpu == "gfx90a")
    return raw(pairs(o, a, b, std::bit_cast<float>(uint32_t(c)), o.a == "bf16" ? 2 : 4));
  if (o.gfx9())
    return fused(o, a, b, uint32_t(c), bits_of(o.a) == 8 ? 16 : o.a == "xf32" ? 4 : 8);
  unsigned group = o.gfx11() ? 2 : 4;
  for (size_t k = 0; k < a.size(); k += group)
    c = dot_step(o, a.data() + k, b.data() + k, group, c);
  return c;
}

double decode(const MatrixOp &o, const std::string &t, uint64_t x) {
  return double(number(o, t, x).value);
}

uint64_t encode(const MatrixOp &o, const std::string &t, double f) {
  if (t == "f64")
    return std::bit_cast<uint64_t>(f);
  if (t == "f32" || t == "xf32")
    return raw(float(f));
  if (t[0] == 'i')
    return uint64_t(int64_t(f)) & ((uint64_t(1) << bits_of(t)) - 1);
  if (t.starts_with("bf16"))
    return raw(float(f)) >> 16;
  if (t == "f16")
    return std::bit_cast<uint16_t>(_Float16(f));
  // The few encodings of the others are searched.
  for (uint64_t x = 0; x < uint64_t(1) << bits_of(t); x++) {
    Number n = number(o, t, x);
    if (!n.nan && !n.inf && n.value == Wide(f) && (f != 0 || !n.negative))
      return x;
  }
  FAIL(f << " is not exact in " << t);
  return 0;
}

} // namespace w2w::emu::test
