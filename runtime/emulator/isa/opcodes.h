// THE opcode table: every mnemonic the emulator executes, once, under its generation-independent
// name. Rows come from the *.def files; everything else (decoder, coverage document, tests'
// completeness check) is derived from it.
#pragma once

#include "runtime/emulator/isa/inst.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace w2w::emu::isa {

/// The handlers are compiled once per host instruction set; this is one set of them.
struct Handlers {
  const Opcode *rows;
  unsigned count;
  /// Handler of a vector opcode for these operands (Inst is complete but for fn).
  Handler (*choose)(const Inst &);
  void (*run)(Wave &, DecodeCache &, uint64_t budget, StopInfo &);
  /// observe.h
  unsigned (*accesses)(const Wave &, const Inst &, LaneAccesses *);
};

/// The best set for this machine's processor.
const Handlers &handlers();

/// W2W_CONFIG=emu-perturb: the decoder takes the rows NAME__perturbed where there are (perturb.h).
bool perturbed();
/// For tests: the mode of what is decoded from now on, whatever W2W_CONFIG says.
void set_perturbation(std::optional<uint64_t> seed);

/// Looks a mnemonic up: encoding suffixes (_e32, _dpp, ...) and the names later generations give to
/// an old instruction (aliases.def) are resolved. Null if the table has none.
const Opcode *find_opcode(std::string_view mnemonic, int generation);
/// The row that the decoder takes instead of `of` for a modifier, a generation or a mode; null if
/// there is none. The table has it as NAME__CHOICE: with two underscores, a name in no text.
const Opcode *find_choice(const Opcode &of, std::string_view choice);
/// Is it a row of that kind?
inline bool is_choice(const Opcode &o) {
  return std::string_view(o.name).find("__") != std::string_view::npos;
}
std::string base_name(std::string_view mnemonic, int generation);
std::span<const Opcode> all_opcodes();

} // namespace w2w::emu::isa
