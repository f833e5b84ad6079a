// Extended-precision integer arithmetic, PTX ISA 9.7.2. CC.CF is an input and an output like
// another, of type "carry"; it holds the carry of additions and the borrow of subtractions.
#include "test/reference/bits.h"
#include "test/reference/meaning.h"

namespace w2w::reference {

namespace {

using UWide = unsigned __int128;

struct Extended {
  std::string type;
  unsigned width = 0;
  bool multiply = false, subtract = false, high = false, carry_in = false, carry_out = false;

  /// mad's half of the product: a 64-bit product fits 128 bits as a bit pattern.
  uint64_t product(uint64_t a, uint64_t b) const {
    UWide p = static_cast<UWide>(value(type, a, width)) * static_cast<UWide>(value(type, b, width));
    return low(static_cast<uint64_t>(high ? p >> width : p), width);
  }
  void evaluate(const uint64_t *in, uint64_t *out) const {
    uint64_t a = multiply ? product(in[0], in[1]) : in[0];
    const uint64_t *rest = in + (multiply ? 2 : 1);
    UWide b = static_cast<UWide>(rest[0]) + (carry_in ? rest[1] : 0);
    UWide exact = subtract ? UWide{a} - b : UWide{a} + b;
    out[0] = low(static_cast<uint64_t>(exact), width);
    if (carry_out)
      out[1] = subtract ? b > a : (exact >> width) != 0;
  }
};

} // namespace

std::optional<Meaning> extended_meaning(const Spelling &s) {
  const std::string &op = s.opcode;
  Extended e;
  e.carry_in = op == "addc" || op == "subc" || op == "madc";
  e.carry_out = s.has("cc");
  if (!e.carry_in && !e.carry_out)
    return std::nullopt;
  e.type = std::string(s.type());
  e.width = width_of(e.type);
  e.multiply = op.starts_with("mad");
  e.subtract = op.starts_with("sub");
  e.high = s.has("hi");
  Meaning m;
  m.section = "9.7.2";
  m.outputs = {e.type};
  m.inputs.assign(e.multiply ? 3 : 2, e.type);
  if (e.carry_in)
    m.inputs.push_back("carry");
  if (e.carry_out)
    m.outputs.push_back("carry");
  m.evaluate = [e](const uint64_t *in, uint64_t *out) { e.evaluate(in, out); };
  return m;
}

} // namespace w2w::reference
