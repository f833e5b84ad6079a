// The instruction table's interface. The table itself is text (*.isa beside this file); the build
// turns it into the enumerations Opcode, Mod and SpecialRegister and the rows `forms()`.
#pragma once

#include "frontend/isa/types.h"

#include "frontend/isa/isa_enums.inc" // generated: enum class Opcode, Mod, SpecialRegister

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace w2w::ptx::isa {

/// Set of modifiers of one instruction. Names follow one rule: `.shared::cta` is Mod::shared_cta,
/// `.L2::64B` is Mod::L2_64B, C++ keywords get a trailing underscore (Mod::and_, Mod::volatile_).
/// Types are not modifiers.
class ModifierSet {
public:
  constexpr bool has(Mod m) const {
    return (words_[static_cast<unsigned>(m) / 64] >> (static_cast<unsigned>(m) % 64)) & 1;
  }
  constexpr void add(Mod m) {
    words_[static_cast<unsigned>(m) / 64] |= uint64_t{1} << (static_cast<unsigned>(m) % 64);
  }
  constexpr void remove(Mod m) {
    words_[static_cast<unsigned>(m) / 64] &= ~(uint64_t{1} << (static_cast<unsigned>(m) % 64));
  }

private:
  std::array<uint64_t, (kModCount + 63) / 64> words_{};
};

/// "shared::cta" for Mod::shared_cta.
std::string_view spelling(Mod m);
/// "add" for Opcode::add.
std::string_view spelling(Opcode o);
/// "%tid" for SpecialRegister::tid.
std::string_view spelling(SpecialRegister r);

struct Form; // one row; declared in form.h for those who walk the table (parser, --list-isa,
             // conformance)

} // namespace w2w::ptx::isa
