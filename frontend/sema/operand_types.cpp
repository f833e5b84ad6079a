#include "frontend/sema/operand_types.h"

#include "frontend/isa/form.h"

#include <fmt/format.h>

#include <bit>

namespace w2w::ptx {

Type widened(Type t) {
  switch (t) {
  case Type::U16:
    return Type::U32;
  case Type::S16:
    return Type::S32;
  case Type::U32:
    return Type::U64;
  case Type::S32:
    return Type::S64;
  default:
    return t;
  }
}

bool compatible(Type instruction, Type reg, bool relaxed) {
  if (instruction == Type::None)
    return reg != Type::Pred;
  if (instruction == Type::Pred || reg == Type::Pred)
    return instruction == reg;
  const unsigned want = bits(instruction) < 8 ? 8 : bits(instruction), have = bits(reg);
  if (relaxed ? have < want : have != want)
    return false;
  const TypeKind kind = info(instruction).kind;
  // A .f16x2 register counts as 32 bits without type, but not as another float.
  const bool untyped =
      info(reg).kind == TypeKind::Bits || (reg == Type::F16x2 && !is_float(instruction));
  const TypeKind reg_kind = untyped ? TypeKind::Bits : info(reg).kind;
  if (info(instruction).lanes > 1) // packed values live in registers without type
    return untyped || reg == instruction;
  switch (kind) {
  case TypeKind::Bits:
    return true;
  case TypeKind::Unsigned:
  case TypeKind::Signed:
    return reg_kind == TypeKind::Bits || reg_kind == TypeKind::Unsigned ||
           reg_kind == TypeKind::Signed;
  case TypeKind::Float:
  case TypeKind::AltFloat:
    return reg_kind == TypeKind::Bits || reg == instruction;
  default:
    return false;
  }
}

std::pair<Type, unsigned> whole_vector(const Operand &o) {
  if (o.component == Operand::Component::None && o.kind == Operand::Kind::Register)
    return {o.reg->type, o.reg->vector_width};
  if (o.component == Operand::Component::None && o.kind == Operand::Kind::SpecialRegister)
    return {isa::info(o.special).type, isa::info(o.special).vector_width};
  return {Type::None, 1};
}

std::string dotted(Type t) {
  return fmt::format(".{}", info(t).spelling);
}

std::string describe(const Operand &o) {
  switch (o.kind) {
  case Operand::Kind::Register:
    return fmt::format("register '{}' of type {}.{}", o.reg->name,
                       o.reg->vector_width > 1 && o.component == Operand::Component::None
                           ? fmt::format(".v{} ", o.reg->vector_width)
                           : "",
                       info(o.reg->type).spelling);
  case Operand::Kind::SpecialRegister:
    return fmt::format("special register '{}'", isa::spelling(o.special));
  case Operand::Kind::Immediate:
    return is_float(o.imm_type) ? "a floating-point constant" : "an integer constant";
  case Operand::Kind::Variable:
    return fmt::format("the address of '{}'", o.variable->name);
  case Operand::Kind::Function:
    return fmt::format("function '{}'", o.function->name);
  case Operand::Kind::Label:
    return "a label";
  case Operand::Kind::Address:
    return "an address in brackets";
  case Operand::Kind::Vector:
    return "a list in braces";
  case Operand::Kind::Pair:
    return "a pair";
  case Operand::Kind::TexAddress:
    return "a texture address";
  case Operand::Kind::Prototype:
    return "a prototype";
  case Operand::Kind::TargetList:
    return "a list of targets";
  case Operand::Kind::Sink:
    return "'_'";
  case Operand::Kind::List: // of calls, which the parser checks
  case Operand::Kind::None:
    break;
  }
  return "nothing";
}

std::string describe_register(const Register &r) {
  return fmt::format("register '{}' of type .{}", r.name, info(r.type).spelling);
}

void convert_immediate(Operand &o, Type type) {
  if (is_float(o.imm_type)) {
    if (bits(type) == 32 && o.imm_type != Type::F32) {
      o.imm = std::bit_cast<uint32_t>(static_cast<float>(std::bit_cast<double>(o.imm)));
      o.imm_type = Type::F32;
    } else if (bits(type) == 64) {
      o.imm_type = Type::F64; // of a single-precision literal ptxas takes the bits
    }
    return;
  }
  const unsigned n = bits(type);
  if (type == Type::Pred) {
    o.imm = o.imm != 0;
  } else if (n < 64) {
    const uint64_t mask = (uint64_t{1} << n) - 1;
    o.imm &= mask;
    if (is_signed(type) && (o.imm >> (n - 1) & 1))
      o.imm |= ~mask;
  }
}

} // namespace w2w::ptx
