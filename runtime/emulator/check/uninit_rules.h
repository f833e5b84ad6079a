// How undefined bits pass through instructions. Values are pairs: the bits, and a mask of those of
// them that are undefined. An opcode without a precise rule makes the whole result undefined if any
// bit it reads is (Any), or always defined (None) where that would be too coarse.
#pragma once

#include "runtime/emulator/isa/inst.h"

#include <cstdint>

namespace w2w::emu::check {

enum class Rule : uint8_t {
  None, ///< the result counts as defined
  Any,
  Move,
  Not,
  And,
  Andn2, ///< a & ~b
  Andn1, ///< ~a & b
  Or,
  Orn2, ///< a | ~b
  Orn1, ///< ~a | b
  Xor,
  AndOr,
  Or3,
  Xor3,
  Bfi,
  Carry, ///< sums and products: undefined from the lowest undefined bit up
  ShiftLeft,
  ShiftRight,
  ShiftRightSigned,
  ShiftLeftRev, ///< the vector forms: the amount first
  ShiftRightRev,
  ShiftRightSignedRev,
  ShiftLeftOr,
  BfeUnsigned, ///< vector: offset and width are operands
  BfeSigned,
  BfePacked, ///< scalar: both in one operand
  Perm,
  AlignBit,
  AlignByte,
  Packed16,   ///< each half by itself
  PackHalves, ///< the result's halves come from the two sources
  UByte0,
  UByte1,
  UByte2,
  UByte3,
  Low24,
  MoveDwords, ///< v_pk_mov_b32: a dword of each source
  Compare,
};

struct Bits {
  uint64_t value = 0;
  uint64_t undefined = 0;
};

Rule rule_of(const isa::Opcode &op);

/// Undefined bits of the result; `width`: its bits.
uint64_t apply(Rule rule, const Bits &a, const Bits &b, const Bits &c, unsigned width);

/// Whether an integer comparison depends on the undefined bits. `name`: "v_cmp_lt_u32",
/// "s_cmp_eq_i32", ...
bool comparison_undefined(const isa::Opcode &op, const Bits &a, const Bits &b);

} // namespace w2w::emu::check
