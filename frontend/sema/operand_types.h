// What one operand is, and whether it fits a type, whatever the instruction: PTX ISA 9.3, 9.4.
#pragma once

#include "frontend/ast/ast.h"

#include <string>
#include <utility>

namespace w2w::ptx {

/// mul.wide and mad.wide: u16 -> u32, s32 -> s64.
Type widened(Type t);

/// Whether a register of type `reg` may stand where the instruction has type `instruction`;
/// `relaxed`: wider registers too (PTX ISA 9.4.1).
bool compatible(Type instruction, Type reg, bool relaxed);

/// Whether a byte or half is written behind a register, PTX ISA 9.7.18.
inline bool selects(const Operand &o) {
  return o.component >= Operand::Component::B0;
}

/// The type and number of the elements of a vector register, special or not, that stands by itself.
std::pair<Type, unsigned> whole_vector(const Operand &o);

/// ".u32"
std::string dotted(Type t);
/// What messages call the operand: "register '%r1' of type .u32", "a list in braces".
std::string describe(const Operand &o);
std::string describe_register(const Register &r);

/// Gives a constant the type and the bits that it has in an instruction of that type.
void convert_immediate(Operand &o, Type type);

} // namespace w2w::ptx
