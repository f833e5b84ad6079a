// LLVM's AMDGPU assembler syntax (LLVM docs, "Syntax of AMDGPU Instruction Operands" and "...
// Modifiers"), taken apart.
#pragma once

#include "runtime/emulator/isa/inst.h"

#include <string>
#include <string_view>
#include <vector>

namespace w2w::emu::isa {

/// What follows the operands: flags ("clamp"), values ("offset:16") and lists ("op_sel:[0,1]").
class Modifiers {
public:
  std::vector<std::string_view> words;

  bool has(std::string_view flag) const;
  /// The text behind "name:", empty if there is none.
  std::string_view value(std::string_view name) const;
  bool number(std::string_view name, int64_t &to) const;
  bool list(std::string_view name, std::vector<unsigned> &to) const;
  /// Fills in the DPP fields. False if a control is not known.
  bool dpp(Inst &i) const;
  /// A word that no instruction may carry here; empty if all are known.
  std::string first_unknown() const;
};

struct Line {
  std::string_view mnemonic;
  std::vector<std::string_view> operands;
  Modifiers modifiers;
};
Line split_line(std::string_view text);

/// One operand, as a value of type t; sets where, dwords, index, imm, mods and sel.
bool parse_operand(std::string_view text, Type t, unsigned lanes, Operand &o);

} // namespace w2w::emu::isa
