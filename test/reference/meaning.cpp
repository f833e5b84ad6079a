#include "test/reference/meaning.h"

#include "test/reference/bits.h"

#include <algorithm>
#include <array>

namespace w2w::reference {

namespace {

struct TypeRow {
  std::string_view name;
  unsigned bits;
  unsigned lanes;
  unsigned exponent_bits; // 0: not a floating-point type
  unsigned mantissa_bits;
};

constexpr std::array kTypes = {
    TypeRow{"pred", 1, 1, 0, 0},     TypeRow{"b8", 8, 1, 0, 0},      TypeRow{"b16", 16, 1, 0, 0},
    TypeRow{"b32", 32, 1, 0, 0},     TypeRow{"b64", 64, 1, 0, 0},    TypeRow{"u8", 8, 1, 0, 0},
    TypeRow{"u16", 16, 1, 0, 0},     TypeRow{"u32", 32, 1, 0, 0},    TypeRow{"u64", 64, 1, 0, 0},
    TypeRow{"s8", 8, 1, 0, 0},       TypeRow{"s16", 16, 1, 0, 0},    TypeRow{"s32", 32, 1, 0, 0},
    TypeRow{"s64", 64, 1, 0, 0},     TypeRow{"u16x2", 32, 2, 0, 0},  TypeRow{"s16x2", 32, 2, 0, 0},
    TypeRow{"f16", 16, 1, 5, 10},    TypeRow{"bf16", 16, 1, 8, 7},   TypeRow{"f32", 32, 1, 8, 23},
    TypeRow{"tf32", 32, 1, 8, 23},   TypeRow{"f64", 64, 1, 11, 52},  TypeRow{"f16x2", 32, 2, 5, 10},
    TypeRow{"bf16x2", 32, 2, 8, 7},  TypeRow{"f32x2", 64, 2, 8, 23}, TypeRow{"e4m3x2", 16, 2, 0, 0},
    TypeRow{"ue8m0x2", 16, 2, 0, 0}, TypeRow{"e5m2x2", 16, 2, 0, 0}, TypeRow{"e2m3x2", 16, 2, 0, 0},
    TypeRow{"e3m2x2", 16, 2, 0, 0},  TypeRow{"e2m1x2", 8, 2, 0, 0},  TypeRow{"u2", 2, 1, 0, 0},
    TypeRow{"s2", 2, 1, 0, 0},       TypeRow{"u4", 4, 1, 0, 0},      TypeRow{"s4", 4, 1, 0, 0},
    TypeRow{"carry", 1, 1, 0, 0},
};

const TypeRow *row(std::string_view type) {
  auto it = std::find_if(kTypes.begin(), kTypes.end(), [&](auto &r) { return r.name == type; });
  return it == kTypes.end() ? nullptr : &*it;
}

bool lane_is_nan(const TypeRow &r, uint64_t lane) {
  uint64_t mantissa = low(lane, r.mantissa_bits);
  uint64_t exponent = low(lane >> r.mantissa_bits, r.exponent_bits);
  return exponent == low(~uint64_t{0}, r.exponent_bits) && mantissa != 0;
}

} // namespace

unsigned width_of(std::string_view type) {
  const TypeRow *r = row(type);
  return r ? r->bits : 0;
}

bool is_type(std::string_view word) {
  return row(word) != nullptr;
}

bool is_nan(std::string_view type, uint64_t bits) {
  const TypeRow *r = row(type);
  if (!r || r->exponent_bits == 0)
    return false;
  unsigned lane_bits = r->bits / r->lanes;
  for (unsigned i = 0; i < r->lanes; ++i)
    if (lane_is_nan(*r, low(bits >> (i * lane_bits), lane_bits)))
      return true;
  return false;
}

bool same_value(std::string_view type, uint64_t expected, uint64_t got) {
  if (expected == got)
    return true;
  const TypeRow *r = row(type);
  if (!r || r->exponent_bits == 0)
    return false;
  unsigned lane_bits = r->bits / r->lanes;
  for (unsigned i = 0; i < r->lanes; ++i) {
    uint64_t e = low(expected >> (i * lane_bits), lane_bits);
    uint64_t g = low(got >> (i * lane_bits), lane_bits);
    if (e != g && !(lane_is_nan(*r, e) && lane_is_nan(*r, g)))
      return false;
  }
  return true;
}

Spelling::Spelling(std::string_view instruction) {
  size_t start = 0;
  bool first = true;
  while (start <= instruction.size()) {
    size_t dot = std::min(instruction.find('.', start), instruction.size());
    std::string word(instruction.substr(start, dot - start));
    if (first)
      opcode = word;
    else
      modifiers.push_back(word);
    first = false;
    start = dot + 1;
  }
}

bool Spelling::has(std::string_view modifier) const {
  return std::find(modifiers.begin(), modifiers.end(), modifier) != modifiers.end();
}

std::string_view Spelling::type(unsigned i) const {
  for (const std::string &m : modifiers)
    if (is_type(m) && i-- == 0)
      return m;
  return {};
}

std::optional<Meaning> meaning_of(std::string_view instruction) {
  Spelling s(instruction);
  for (auto family : {integer_meaning, extended_meaning, logic_meaning, compare_meaning,
                      convert_meaning, convert_packed_meaning, float_meaning, video_meaning})
    if (auto m = family(s))
      return m;
  return std::nullopt;
}

} // namespace w2w::reference
