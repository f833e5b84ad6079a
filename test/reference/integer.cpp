// Integer arithmetic, PTX ISA 9.7.1.
#include "test/reference/bits.h"
#include "test/reference/meaning.h"

#include <algorithm>

namespace w2w::reference {

namespace {

using Wide = __int128;

std::string str(std::string_view s) {
  return std::string(s);
}

Wide clamp_to(std::string_view type, Wide v) {
  unsigned w = width_of(type);
  Wide lo = signed_type(type) ? -(Wide{1} << (w - 1)) : 0;
  Wide hi = signed_type(type) ? (Wide{1} << (w - 1)) - 1 : (Wide{1} << w) - 1;
  return std::clamp(v, lo, hi);
}

/// An operation whose operands and result all have the instruction's type.
template <typename F>
Meaning uniform(std::string_view type, unsigned operands, std::string section, F f) {
  Meaning m;
  std::string t = str(type);
  unsigned w = width_of(type);
  m.outputs = {t};
  m.inputs.assign(operands, t);
  m.section = std::move(section);
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    Wide v[4] = {};
    for (unsigned i = 0; i < operands; ++i)
      v[i] = value(t, in[i], w);
    out[0] = low(static_cast<uint64_t>(f(v[0], v[1], v[2])), w);
  };
  return m;
}

/// Packed .u16x2 / .s16x2: the operation on each half.
template <typename F>
Meaning packed(std::string_view type, unsigned operands, std::string section, F f) {
  Meaning m;
  std::string t = str(type);
  m.outputs = {t};
  m.inputs.assign(operands, t);
  m.section = std::move(section);
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    out[0] = 0;
    for (unsigned h = 0; h < 2; ++h) {
      Wide v[3] = {};
      for (unsigned i = 0; i < operands; ++i)
        v[i] = value(t, in[i] >> (16 * h), 16);
      out[0] |= low(static_cast<uint64_t>(f(v[0], v[1], v[2])), 16) << (16 * h);
    }
  };
  return m;
}

template <typename F> Meaning lanewise(std::string_view t, unsigned n, std::string section, F f) {
  return t.ends_with("x2") ? packed(t, n, std::move(section), f)
                           : uniform(t, n, std::move(section), f);
}

/// mul and mad: .hi, .lo and .wide (9.7.1.3, 9.7.1.4); mul24 and mad24 (9.7.1.5, 9.7.1.6).
Meaning multiply(const Spelling &s) {
  bool add = s.opcode.starts_with("mad");
  bool is24 = s.opcode.ends_with("24");
  std::string t = str(s.type());
  unsigned w = width_of(t);
  bool hi = s.has("hi"), wide = s.has("wide"), sat = s.has("sat");
  Meaning m;
  m.section = is24 ? (add ? "9.7.1.6" : "9.7.1.5") : (add ? "9.7.1.4" : "9.7.1.3");
  std::string wide_type = t.substr(0, 1) + std::to_string(2 * w);
  m.outputs = {wide ? wide_type : t};
  m.inputs = {t, t};
  if (add)
    m.inputs.push_back(wide ? wide_type : t);
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    unsigned operand_width = is24 ? 24 : w;
    Wide a = value(t, in[0], operand_width), b = value(t, in[1], operand_width);
    unsigned result_width = wide ? 2 * w : w;
    // A 64-bit unsigned product fits 128 bits as a bit pattern.
    unsigned __int128 p = static_cast<unsigned __int128>(a) * static_cast<unsigned __int128>(b);
    Wide r;
    if (wide)
      r = static_cast<Wide>(p);
    else if (hi)
      r = static_cast<Wide>(
          p >> (is24 ? 16 : w)); // bits [47..16] of the 48-bit product for the 24-bit forms
    else
      r = static_cast<Wide>(p);
    uint64_t result = low(static_cast<uint64_t>(r), result_width);
    if (add) {
      const std::string &sum_type = wide ? wide_type : t;
      Wide sum = value(sum_type, result, result_width) + value(sum_type, in[2], result_width);
      result = low(static_cast<uint64_t>(sat ? clamp_to(t, sum) : sum), result_width);
    }
    out[0] = result;
  };
  return m;
}

/// bfind (9.7.1.16): position of the most significant bit that is not the sign.
uint64_t find_leading(std::string_view t, uint64_t a, bool shift_amount) {
  unsigned w = width_of(t);
  if (signed_type(t) && bit(a, w - 1))
    a = low(~a, w);
  for (unsigned i = w; i-- > 0;)
    if (bit(a, i))
      return shift_amount ? w - 1 - i : i;
  return 0xffffffffu;
}

/// fns (9.7.1.17): the n-th set bit from `base`, upwards or downwards.
uint64_t find_nth_set(uint32_t mask, uint32_t base, int32_t offset) {
  if (offset == 0)
    return bit(mask, base) ? base : 0xffffffffu;
  int64_t remaining = std::abs(static_cast<int64_t>(offset)) - 1;
  for (int pos = static_cast<int>(base); pos >= 0 && pos < 32; pos += offset > 0 ? 1 : -1)
    if (bit(mask, static_cast<unsigned>(pos)) && remaining-- == 0)
      return static_cast<uint32_t>(pos);
  return 0xffffffffu;
}

uint64_t extract_field(std::string_view t, uint64_t a, unsigned pos, unsigned len) {
  unsigned msb = width_of(t) - 1;
  bool fill = signed_type(t) && len != 0 && bit(a, std::min(pos + len - 1, msb));
  uint64_t d = 0;
  for (unsigned i = 0; i <= msb; ++i)
    d |= uint64_t{(i < len && pos + i <= msb) ? bit(a, pos + i) : fill} << i;
  return d;
}

uint64_t insert_field(unsigned width, uint64_t a, uint64_t b, unsigned pos, unsigned len) {
  for (unsigned i = 0; i < len && pos + i < width; ++i) {
    uint64_t mask = uint64_t{1} << (pos + i);
    b = (b & ~mask) | (bit(a, i) ? mask : 0);
  }
  return b;
}

/// bmsk (9.7.1.22): `b` ones from bit `a` upwards; the text's wrap-around arithmetic said as a
/// range.
uint64_t make_mask(uint32_t a, uint32_t b, bool clamp) {
  if (clamp && a >= 32)
    return 0;
  unsigned first = a & 31, count = clamp && b >= 32 ? 32 : (b & 31);
  uint64_t d = 0;
  for (unsigned i = first; i < 32 && i < first + count; ++i)
    d |= uint64_t{1} << i;
  return d;
}

/// szext (9.7.1.21): extends the N low bits of a.
uint64_t extend_low(std::string_view t, uint32_t a, uint32_t n, bool clamp) {
  if (clamp && n >= 32)
    return a;
  n &= 31;
  if (n == 0)
    return 0;
  return low(signed_type(t) ? static_cast<uint64_t>(sign_extend(a, n)) : low(a, n), 32);
}

/// dp4a, dp2a (9.7.1.23, 9.7.1.24). types: of a and of b; d and c are signed if either is.
Meaning dot_product(const Spelling &s) {
  Meaning m;
  bool four = s.opcode == "dp4a", high = s.has("hi");
  std::string ta = str(s.type(0)), tb = str(s.type(1));
  std::string td = signed_type(ta) || signed_type(tb) ? "s32" : "u32";
  m.section = four ? "9.7.1.23" : "9.7.1.24";
  m.outputs = {td};
  m.inputs = {ta, tb, td};
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    uint64_t d = in[2];
    unsigned wide = four ? 8 : 16;
    for (unsigned i = 0; i < (four ? 4u : 2u); ++i) {
      Wide a = value(ta, in[0] >> (wide * i), wide);
      Wide b = value(tb, in[1] >> (8 * (four ? i : i + (high ? 2u : 0u))), 8);
      d += static_cast<uint64_t>(a * b);
    }
    out[0] = low(d, 32);
  };
  return m;
}

/// An operation with operand types of its own.
Meaning shaped(std::vector<std::string> outputs, std::vector<std::string> inputs,
               std::string section, std::function<uint64_t(const uint64_t *)> f) {
  Meaning m;
  unsigned w = width_of(outputs[0]);
  m.outputs = std::move(outputs);
  m.inputs = std::move(inputs);
  m.section = std::move(section);
  m.evaluate = [=](const uint64_t *in, uint64_t *out) { out[0] = low(f(in), w); };
  return m;
}

} // namespace

std::optional<Meaning> integer_meaning(const Spelling &s) {
  std::string t = str(s.type());
  if (t.empty() || t[0] == 'f' || t.starts_with("bf") || s.has("cc") || s.has("rn"))
    return std::nullopt;
  unsigned w = width_of(t);
  const std::string &op = s.opcode;
  bool sat = s.has("sat"), relu = s.has("relu"), clamp = s.has("clamp");
  auto finish = [=](Wide v) { return sat ? clamp_to(t, v) : v; };
  auto non_negative = [=](Wide v) { return relu && v < 0 ? Wide{0} : v; };
  if (op == "add")
    return lanewise(t, 2, "9.7.1.1", [=](Wide a, Wide b, Wide) { return finish(a + b); });
  if (op == "sub")
    return lanewise(t, 2, "9.7.1.2", [=](Wide a, Wide b, Wide) { return finish(a - b); });
  if (op == "mul" || op == "mad" || op == "mul24" || op == "mad24")
    return multiply(s);
  if (op == "sad")
    return uniform(t, 3, "9.7.1.7",
                   [](Wide a, Wide b, Wide c) { return c + (a < b ? b - a : a - b); });
  if (op == "div" || op == "rem") {
    bool div = op == "div";
    Meaning m = uniform(t, 2, div ? "9.7.1.8" : "9.7.1.9", [=](Wide a, Wide b, Wide) {
      return b == 0 ? Wide{0} : div ? a / b : a % b;
    });
    m.defined = [](const uint64_t *in) { return in[1] != 0; };
    return m;
  }
  if (op == "abs")
    return uniform(t, 1, "9.7.1.10", [](Wide a, Wide, Wide) { return a < 0 ? -a : a; });
  if (op == "neg")
    return uniform(t, 1, "9.7.1.11", [](Wide a, Wide, Wide) { return -a; });
  if (op == "min")
    return lanewise(t, 2, "9.7.1.12",
                    [=](Wide a, Wide b, Wide) { return non_negative(std::min(a, b)); });
  if (op == "max")
    return lanewise(t, 2, "9.7.1.13",
                    [=](Wide a, Wide b, Wide) { return non_negative(std::max(a, b)); });
  if (op == "popc")
    return shaped({"u32"}, {t}, "9.7.1.14", [](const uint64_t *in) {
      uint64_t n = 0;
      for (unsigned i = 0; i < 64; ++i)
        n += bit(in[0], i);
      return n;
    });
  if (op == "clz")
    return shaped({"u32"}, {t}, "9.7.1.15", [=](const uint64_t *in) {
      uint64_t n = 0;
      while (n < w && !bit(in[0], static_cast<unsigned>(w - 1 - n)))
        ++n;
      return n;
    });
  if (op == "bfind")
    return shaped({"u32"}, {t}, "9.7.1.16", [=, shift = s.has("shiftamt")](const uint64_t *in) {
      return find_leading(t, in[0], shift);
    });
  if (op == "fns") {
    Meaning m = shaped({"b32"}, {"b32", "b32", "s32"}, "9.7.1.17", [](const uint64_t *in) {
      return find_nth_set(static_cast<uint32_t>(in[0]), static_cast<uint32_t>(in[1]),
                          static_cast<int32_t>(in[2]));
    });
    m.defined = [](const uint64_t *in) { return in[1] <= 31; };
    return m;
  }
  if (op == "brev")
    return shaped({t}, {t}, "9.7.1.18", [=](const uint64_t *in) {
      uint64_t d = 0;
      for (unsigned i = 0; i < w; ++i)
        d |= uint64_t{bit(in[0], i)} << (w - 1 - i);
      return d;
    });
  // Positions and lengths beyond 8 bits are outside the text's range (9.7.1.19, 9.7.1.20).
  if (op == "bfe") {
    Meaning m = shaped({t}, {t, "u32", "u32"}, "9.7.1.19", [=](const uint64_t *in) {
      return extract_field(t, in[0], in[1] & 0xff, in[2] & 0xff);
    });
    m.defined = [](const uint64_t *in) { return in[1] <= 255 && in[2] <= 255; };
    return m;
  }
  if (op == "bfi") {
    Meaning m = shaped({t}, {t, t, "u32", "u32"}, "9.7.1.20", [=](const uint64_t *in) {
      return insert_field(w, in[0], in[1], in[2] & 0xff, in[3] & 0xff);
    });
    m.defined = [](const uint64_t *in) { return in[2] <= 255 && in[3] <= 255; };
    return m;
  }
  if (op == "szext")
    return shaped({t}, {t, "u32"}, "9.7.1.21", [=](const uint64_t *in) {
      return extend_low(t, static_cast<uint32_t>(in[0]), static_cast<uint32_t>(in[1]), clamp);
    });
  if (op == "bmsk")
    return shaped({"b32"}, {"u32", "u32"}, "9.7.1.22", [=](const uint64_t *in) {
      return make_mask(static_cast<uint32_t>(in[0]), static_cast<uint32_t>(in[1]), clamp);
    });
  if (op == "dp4a" || op == "dp2a")
    return dot_product(s);
  return std::nullopt;
}

} // namespace w2w::reference
