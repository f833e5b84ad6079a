// The meaning of PTX instructions, written from the PTX ISA text alone. Shares nothing with
// frontend or lowering: an instruction is its spelling ("add.sat.s32"), an operand is raw bits.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace w2w::reference {

/// "mad.hi.sat.s32" taken apart at the dots.
struct Spelling {
  std::string opcode;
  std::vector<std::string> modifiers; // in order, without dots; types included

  explicit Spelling(std::string_view instruction);
  bool has(std::string_view modifier) const;
  /// The i-th data type among the modifiers ("f32"); empty if there are fewer.
  std::string_view type(unsigned i = 0) const;
};

/// What an instruction without memory or control effects does to one thread's registers.
struct Meaning {
  /// PTX types of the operands ("u32", "pred"). "carry", always last, is CC.CF: no operand, but
  /// read or written all the same.
  std::vector<std::string> outputs;
  std::vector<std::string> inputs;
  /// The input that must be a constant in the text (lop3's immLut), if any.
  std::optional<size_t> constant_input = std::nullopt;
  /// Raw bits in, raw bits out; upper bits of an element beyond its type are zero.
  std::function<void(const uint64_t *in, uint64_t *out)> evaluate;
  /// Whether `got` is a permitted result where `expected` is the exact one; empty: equal bits, any
  /// NaN for a NaN.
  std::function<bool(const uint64_t *in, uint64_t expected, uint64_t got)> accepts;
  std::string section; // PTX ISA
  /// Inputs the ISA leaves undefined: such a row is not compared.
  std::function<bool(const uint64_t *in)> defined;
};

/// Nothing if this instruction has no reference.
std::optional<Meaning> meaning_of(std::string_view instruction);

// The families; each answers for its own opcodes and nothing else.
std::optional<Meaning> integer_meaning(const Spelling &s);
std::optional<Meaning> extended_meaning(const Spelling &s);
std::optional<Meaning> logic_meaning(const Spelling &s);
std::optional<Meaning> compare_meaning(const Spelling &s);
std::optional<Meaning> convert_meaning(const Spelling &s);
std::optional<Meaning> convert_packed_meaning(const Spelling &s);
std::optional<Meaning> float_meaning(const Spelling &s);
std::optional<Meaning> video_meaning(const Spelling &s);

/// Width in bits of a PTX type; 1 for pred.
unsigned width_of(std::string_view type);
bool is_type(std::string_view word);
/// Whether the bits are a NaN of a (possibly packed) floating-point type.
bool is_nan(std::string_view type, uint64_t bits);
/// Equality as the conformance suite asks for it: equal bits, or NaN lane for NaN lane.
bool same_value(std::string_view type, uint64_t expected, uint64_t got);

} // namespace w2w::reference
