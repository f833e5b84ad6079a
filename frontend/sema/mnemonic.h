// Which forms of the instruction table a written mnemonic ("ld.global.nc.v4.f32") can be.
#pragma once

#include "frontend/isa/form.h"
#include "frontend/support/arena.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace w2w::ptx {

/// One form that accepts the written suffixes.
struct Candidate {
  const isa::Form *form = nullptr;
  isa::ModifierSet mods;
  std::span<const Type> types; // by type slot; Type::None where an optional one is absent
  const isa::Requirement *unmet =
      nullptr;               // first requirement that the module's version or target fails
  std::string_view unmet_by; // the modifier or type that asks for it; empty: the form itself
};

struct Mnemonic {
  std::string_view text; // opcode and suffixes as written, without white space
  isa::Opcode opcode{};
  std::span<const Candidate> candidates;
  std::string_view error;   // why there is no candidate
  std::string_view section; // of the nearest form, for the message
};

/// Finds and remembers mnemonics; a module uses few different ones.
class MnemonicTable {
public:
  explicit MnemonicTable(Arena &arena);

  /// version as 90, sm as 89; forgets what was found for another target.
  void set_target(unsigned version, unsigned sm, char sm_suffix);
  /// `opcode` and `suffixes` (".global.f32", may be empty) must live as long as the table.
  const Mnemonic &find(std::string_view opcode, std::string_view suffixes);

private:
  struct Entry {
    uint64_t hash = 0;
    Mnemonic *mnemonic = nullptr;
  };
  Mnemonic *resolve(std::string_view opcode, std::string_view text, std::string_view suffixes);
  std::string explain(isa::Opcode opcode, std::string_view opcode_text,
                      const std::vector<std::string_view> &suffixes,
                      std::string_view *section) const;

  Arena &arena_;
  std::vector<Entry> entries_; // open addressing
  size_t count_ = 0;
  unsigned version_ = 0, sm_ = 0;
  char sm_suffix_ = 0;
};

} // namespace w2w::ptx
