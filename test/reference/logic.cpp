// Logic and shift instructions, PTX ISA 9.7.8, and prmt, 9.7.9.7.
#include "test/reference/bits.h"
#include "test/reference/meaning.h"

#include <algorithm>

namespace w2w::reference {

namespace {

template <typename F>
Meaning operation(std::vector<std::string> outputs, std::vector<std::string> inputs,
                  std::string section, F f) {
  Meaning m;
  unsigned w = width_of(outputs[0]);
  m.outputs = std::move(outputs);
  m.inputs = std::move(inputs);
  m.section = std::move(section);
  m.evaluate = [=](const uint64_t *in, uint64_t *out) { out[0] = low(f(in), w); };
  return m;
}

/// Shift amounts beyond the width count as the width (9.7.8.8, 9.7.8.9).
uint64_t shift_right(std::string_view t, unsigned w, uint64_t a, uint64_t amount) {
  unsigned n = static_cast<unsigned>(std::min<uint64_t>(amount, w));
  if (signed_type(t))
    return static_cast<uint64_t>(sign_extend(a, w) >> std::min(n, 63u));
  return n >= 64 ? 0 : low(a, w) >> n;
}

uint64_t shift_left(unsigned w, uint64_t a, uint64_t amount) {
  return amount >= w ? 0 : a << amount;
}

uint64_t funnel(const uint64_t *in, bool left, bool clamp) {
  uint64_t n = clamp ? std::min<uint64_t>(in[2], 32) : (in[2] & 31);
  uint64_t both = in[1] << 32 | in[0];
  return left ? (n == 32 ? in[0] : (both << n) >> 32) : both >> n;
}

/// Bit by bit, immLut is the table of the function at 4a + 2b + c (9.7.8.6).
uint64_t look_up(const uint64_t *in) {
  uint64_t d = 0;
  for (unsigned i = 0; i < 32; ++i) {
    unsigned at = 4u * bit(in[0], i) + 2u * bit(in[1], i) + bit(in[2], i);
    d |= uint64_t{bit(in[3], at)} << i;
  }
  return d;
}

/// lop3, and lop3.BoolOp d|p with its predicate.
Meaning three_input_logic(const Spelling &s) {
  Meaning m;
  m.section = "9.7.8.6";
  m.outputs = {"b32"};
  m.inputs = {"b32", "b32", "b32", "u8"};
  m.constant_input = 3;
  bool conjunction = s.has("and"), combined = conjunction || s.has("or");
  if (combined) {
    m.outputs.push_back("pred");
    m.inputs.push_back("pred");
  }
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    out[0] = look_up(in);
    if (combined)
      out[1] = conjunction ? (out[0] != 0 && in[4]) : (out[0] != 0 || in[4]);
  };
  return m;
}

/// The source byte numbers of prmt's six named modes, from the text's table:
/// [mode][selector][destination byte 0..3].
struct PermuteMode {
  std::string_view name;
  uint8_t source[4][4];
};
constexpr PermuteMode kPermuteModes[] = {
    {"f4e", {{0, 1, 2, 3}, {1, 2, 3, 4}, {2, 3, 4, 5}, {3, 4, 5, 6}}},
    {"b4e", {{0, 7, 6, 5}, {1, 0, 7, 6}, {2, 1, 0, 7}, {3, 2, 1, 0}}},
    {"rc8", {{0, 0, 0, 0}, {1, 1, 1, 1}, {2, 2, 2, 2}, {3, 3, 3, 3}}},
    {"ecl", {{0, 1, 2, 3}, {1, 1, 2, 3}, {2, 2, 2, 3}, {3, 3, 3, 3}}},
    {"ecr", {{0, 0, 0, 0}, {0, 1, 1, 1}, {0, 1, 2, 2}, {0, 1, 2, 3}}},
    {"rc16", {{0, 1, 0, 1}, {2, 3, 2, 3}, {0, 1, 0, 1}, {2, 3, 2, 3}}},
};

uint64_t permute(const Spelling &s, const uint64_t *in) {
  uint64_t bytes = in[1] << 32 | in[0];
  auto byte = [&](unsigned i) { return (bytes >> (8 * i)) & 0xff; };
  uint64_t d = 0;
  for (const PermuteMode &mode : kPermuteModes)
    if (s.has(mode.name)) {
      for (unsigned i = 0; i < 4; ++i)
        d |= byte(mode.source[in[2] & 3][i]) << (8 * i);
      return d;
    }
  for (unsigned i = 0; i < 4; ++i) {
    unsigned control = (in[2] >> (4 * i)) & 0xf;
    uint64_t b = byte(control & 7);
    if (control & 8)
      b = (b & 0x80) ? 0xff : 0;
    d |= b << (8 * i);
  }
  return d;
}

} // namespace

std::optional<Meaning> logic_meaning(const Spelling &s) {
  std::string t(s.type());
  unsigned w = width_of(t);
  const std::string &op = s.opcode;
  if (w == 0)
    return std::nullopt;
  if (op == "mov" && s.modifiers.size() == 1)
    return operation({t}, {t}, "9.7.9.3", [](const uint64_t *in) { return in[0]; });
  bool float_type = t[0] == 'f' || t.starts_with("bf");
  if (float_type)
    return std::nullopt;
  if (op == "and")
    return operation({t}, {t, t}, "9.7.8.1", [](const uint64_t *in) { return in[0] & in[1]; });
  if (op == "or")
    return operation({t}, {t, t}, "9.7.8.2", [](const uint64_t *in) { return in[0] | in[1]; });
  if (op == "xor")
    return operation({t}, {t, t}, "9.7.8.3", [](const uint64_t *in) { return in[0] ^ in[1]; });
  if (op == "not")
    return operation({t}, {t}, "9.7.8.4", [](const uint64_t *in) { return ~in[0]; });
  if (op == "cnot")
    return operation({t}, {t}, "9.7.8.5", [](const uint64_t *in) { return uint64_t{in[0] == 0}; });
  if (op == "lop3")
    return three_input_logic(s);
  if (op == "shf")
    return operation({"b32"}, {"b32", "b32", "u32"}, "9.7.8.7",
                     [left = s.has("l"), clamp = s.has("clamp")](const uint64_t *in) {
                       return funnel(in, left, clamp);
                     });
  if (op == "shl")
    return operation({t}, {t, "u32"}, "9.7.8.8",
                     [=](const uint64_t *in) { return shift_left(w, in[0], in[1]); });
  if (op == "shr")
    return operation({t}, {t, "u32"}, "9.7.8.9",
                     [=](const uint64_t *in) { return shift_right(t, w, in[0], in[1]); });
  if (op == "prmt")
    return operation({"b32"}, {"b32", "b32", "b32"}, "9.7.9.7",
                     [=](const uint64_t *in) { return permute(s, in); });
  return std::nullopt;
}

} // namespace w2w::reference
