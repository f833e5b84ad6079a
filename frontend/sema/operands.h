// Does a list of operands fit a form? Types, classes, ranges: PTX ISA 9.3, 9.4, 9.4.1 and the
// form's own operands.
#pragma once

#include "frontend/ast/ast.h"
#include "frontend/sema/mnemonic.h"

#include <string>

namespace w2w::ptx {

struct OperandProblem {
  SourceLoc loc;
  std::string message; // empty: the operands fit
  /// How far the check came: the form that came furthest gives the message.
  unsigned progress = 0;
};

/// Checks operands against one candidate. With `convert`, immediates get the type and bits they
/// have in this instruction.
OperandProblem check_operands(const Candidate &c, std::span<Operand> operands, const Module &module,
                              SourceLoc at, bool convert);

} // namespace w2w::ptx
