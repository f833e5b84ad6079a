// Scalar video instructions on whole words (no selectors), PTX ISA 9.7.18.1.
#include "test/reference/bits.h"
#include "test/reference/meaning.h"

#include <algorithm>

namespace w2w::reference {

namespace {

using Wide = __int128;

Wide clamp_to(bool is_signed, Wide v) {
  Wide half = Wide{1} << 31;
  return is_signed ? std::clamp(v, -half, half - 1) : std::clamp(v, Wide{0}, 2 * half - 1);
}

/// One of vadd to vset, without selectors.
struct Video {
  std::string op, ta, tb, comparison, second;
  bool is_signed = false; // of the destination and the third operand
  bool sat = false, wrap = false, plus_one = false;
  unsigned scale = 0;

  Wide primary(Wide a, Wide b, Wide c) const {
    if (op == "vadd")
      return a + b;
    if (op == "vsub")
      return a - b;
    if (op == "vabsdiff")
      return a < b ? b - a : a - b;
    if (op == "vmin")
      return std::min(a, b);
    if (op == "vmax")
      return std::max(a, b);
    if (op == "vmad")
      return (a * b + c + plus_one) >> scale;
    if (op == "vset")
      return comparison == "eq"   ? a == b
             : comparison == "ne" ? a != b
             : comparison == "lt" ? a < b
             : comparison == "le" ? a <= b
             : comparison == "gt" ? a > b
                                  : a >= b;
    unsigned n =
        wrap ? static_cast<unsigned>(b & 31) : static_cast<unsigned>(std::min<Wide>(b, 32));
    return op == "vshl" ? a * (Wide{1} << n) : a >> n;
  }
  Wide result(const uint64_t *in) const {
    Wide c = in[2] ? value(is_signed ? "s32" : "u32", in[2], 32) : 0;
    Wide r = primary(value(ta, in[0], 32), value(tb, in[1], 32), c);
    return sat ? clamp_to(is_signed, r) : r;
  }
  uint64_t evaluate(const uint64_t *in) const {
    Wide r = result(in), c = value(is_signed ? "s32" : "u32", in[2], 32);
    if (second == "add")
      r += c;
    if (second == "min")
      r = std::min(r, c);
    if (second == "max")
      r = std::max(r, c);
    return low(static_cast<uint64_t>(r), 32);
  }
};

} // namespace

std::optional<Meaning> video_meaning(const Spelling &s) {
  Video v;
  v.op = s.opcode;
  constexpr std::string_view opcodes[] = {"vadd", "vsub", "vabsdiff", "vmin", "vmax",
                                          "vshl", "vshr", "vmad",     "vset"};
  if (std::find(std::begin(opcodes), std::end(opcodes), v.op) == std::end(opcodes))
    return std::nullopt;
  bool compares = v.op == "vset", mad = v.op == "vmad", shift = v.op == "vshl" || v.op == "vshr";
  v.ta = s.type(compares ? 0 : 1);
  v.tb = s.type(compares ? 1 : 2);
  // vmad's result is signed as its factors are; a comparison's is unsigned.
  v.is_signed = mad ? signed_type(v.ta) || signed_type(v.tb) : !compares && signed_type(s.type(0));
  v.sat = s.has("sat");
  v.wrap = s.has("wrap");
  v.plus_one = s.has("po");
  v.scale = s.has("shr7") ? 7 : s.has("shr15") ? 15 : 0;
  if (compares)
    v.comparison = s.modifiers[2];
  for (const char *op : {"add", "min", "max"})
    if (s.has(op))
      v.second = op;
  bool third = mad || !v.second.empty();
  Meaning m;
  m.section = "9.7.18.1";
  m.outputs = {"u32"};
  m.inputs = {v.ta, v.tb};
  if (third)
    m.inputs.push_back("b32");
  auto operands = [third](const uint64_t *in, uint64_t *three) {
    three[0] = in[0];
    three[1] = in[1];
    three[2] = third ? in[2] : 0;
  };
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    uint64_t three[3];
    operands(in, three);
    out[0] = v.evaluate(three);
  };
  // The text's intermediate results have 34 bits, the second operation's 33: what a shift moves
  // beyond them, and how a value outside the destination's range compares, it leaves open.
  bool ordered = v.second == "min" || v.second == "max";
  if (ordered || (shift && v.sat))
    m.defined = [=](const uint64_t *in) {
      uint64_t three[3];
      operands(in, three);
      Video plain = v;
      plain.sat = false;
      Wide exact = plain.result(three), limit = Wide{1} << 33, r = v.result(three);
      return exact >= -limit && exact < limit && (!ordered || r == clamp_to(v.is_signed, r));
    };
  return m;
}

} // namespace w2w::reference
