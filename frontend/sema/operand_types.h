// What one operand is, and whether it fits a type, whatever the instruction: PTX ISA 9.3, 9.4.
#pragma once

#include "frontend/ast/ast.h"

#include <string>

namespace w2w::ptx {

/// mul.wide and mad.wide: u16 -> u32, s32 -> s64.
Type widened(Type t);

/// Whether a register of type `reg` may stand where the instruction has type `instruction`;
/// `relaxed`: wider registers too (PTX ISA 9.4.1).
bool compatible(Type instruction, Type reg, bool relaxed);

/// What messages call the operand: "register '%r1' of type .u32", "a list in braces".
std::string describe(const Operand &o);
std::string describe_register(const Register &r);

/// Gives a constant the type and the bits that it has in an instruction of that type.
void convert_immediate(Operand &o, Type type);

} // namespace w2w::ptx
