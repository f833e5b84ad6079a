// Runs one vector opcode on many values and with everything its encodings allow: operands in other
// places, source and output modifiers, halves of registers, every MODE that matters, EXEC partly
// off, the destination on top of a source.
#pragma once

#include "machine.h"
#include "soft_float.h"

#include <functional>
#include <string>
#include <vector>

namespace w2w::emu::test {

/// What an operand is. P*: two halves, each of which the opcode treats alike.
enum class Kind { I16, F16, I32, F32, I64, F64, PI16, PF16, PF32 };

/// What an opcode's meaning depends on besides its sources.
struct Context {
  int generation; ///< 9 to 12
  uint32_t mode;
  bool vcc;     ///< the lane's bit
  uint64_t old; ///< the destination's value before
  unsigned lane;
  /// f32 has fields of its own in MODE; f64 and f16 share the others.
  Environment environment(Kind k) const {
    bool single = k == Kind::F32 || k == Kind::PF32;
    uint32_t round = single ? mode : mode >> 2, denormals = single ? mode >> 4 : mode >> 6;
    return {Round(round & 3), !(denormals & 1), !(denormals & 2)};
  }
  bool ieee() const { return generation < 12 && (mode & 0x200); }
  bool dx10_clamp() const { return generation >= 12 || (mode & 0x100); }
};
using Meaning = std::function<uint64_t(uint64_t a, uint64_t b, uint64_t c, const Context &)>;
/// What becomes of the register's other half when gfx9 writes a 16-bit result to the lower one.
enum class Half { Zero, Keep, Unknown };
struct Op {
  const char *names; ///< all its spellings, with blanks between; those that a processor has are run
  Kind d;
  std::vector<Kind> s;
  Meaning want; ///< of whole operands; of one half of each if they are P*
  /// The operands: $d, $a, $b, $c, $m (VCC as a lane mask); empty: "$d, $a..." as many as there
  /// are.
  std::string pattern = {};
  bool accumulates = false;   ///< the destination is the last source too, and not in the pattern
  Half half9 = Half::Zero;    ///< later generations keep it
  const char *only = nullptr; ///< prefix of the processors
  std::vector<std::vector<uint64_t>> values = {}; ///< per source, instead of the kind's edge values
};
void sweep(const std::vector<Op> &ops);

const Format &format(Kind k);
/// Edge values of a kind.
const std::vector<uint64_t> &edges(Kind k);

} // namespace w2w::emu::test
