// The module as text, for --emit=ast and tests: deterministic, one entity a line, everything
// resolved.
#pragma once

#include "frontend/ast/ast.h"

#include <string>

namespace w2w::ptx {

std::string print(const Module &module);
std::string print(const Instruction &instruction);
std::string print(const Operand &operand);

std::string_view spelling(StateSpace s);
std::string_view spelling(Linkage l);

} // namespace w2w::ptx
