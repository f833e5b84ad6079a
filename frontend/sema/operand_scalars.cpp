// Registers, constants and special registers, by themselves or in a list: types, classes, ranges.
#include "frontend/sema/operand_checker.h"
#include "frontend/sema/operand_types.h"

#include <fmt/format.h>

#include <bit>

namespace w2w::ptx {

using isa::Mod;
using isa::Opcode;
using isa::OperandSpec;
using isa::TypeRef;

namespace {

Type untyped(Type t) {
  return t == Type::Pred ? t : bits(t) == 64 ? Type::B64 : Type::B32;
}

} // namespace

bool OperandChecker::check_scalar(const OperandSpec &spec, Operand &o, Type type, bool sink_allowed,
                                  bool only_register) {
  if (o.negated && !spec.negatable)
    return fail(o.loc, "'!' or '-' cannot be used here");
  if (selects(o) ? !spec.selector || !selector_fits(spec, o)
                 : spec.selector && o.component != Operand::Component::None)
    return fail(o.loc, "this byte or half selector cannot be used here");
  switch (o.kind) {
  case Operand::Kind::Register:
    if (spec.type.kind == TypeRef::Kind::Fixed && o.reg->type == Type::F16x2 &&
        type != Type::F16x2 && !(spec.vector && type == Type::B32))
      return fail(o.loc, fmt::format("{} does not fit type {}", describe(o), dotted(type)));
    if (spec.exact && o.reg->type != type)
      return fail(o.loc, fmt::format("{} must have type {}", describe(o), dotted(type)));
    return check_register(o, type);
  case Operand::Kind::Sink:
    if (sink_allowed)
      return true;
    return fail(o.loc, "'_' cannot be used here");
  case Operand::Kind::Immediate:
    if (only_register)
      return fail(o.loc, "expected a register, not a constant");
    return check_immediate(o, type) && check_range(spec, o);
  case Operand::Kind::SpecialRegister:
    if (c_.form->opcode == Opcode::cvt && !spec.dest && !c_.mods.has(Mod::pack))
      return check_special_conversion(o, type);
    if (in_list_ && !spec.dest)
      return check_special_element(o, type);
    [[fallthrough]];
  default:
    return fail(o.loc, fmt::format("expected a register{}, not {}",
                                   only_register ? "" : " or constant", describe(o)));
  }
}

bool OperandChecker::check_register(const Operand &o, Type type) {
  const bool whole_vector =
      o.reg->vector_width > 1 && (o.component == Operand::Component::None || selects(o));
  // set takes any register of the size for a bfloat16 result, as ptxas does.
  if (dest_ && c_.form->opcode == Opcode::set && info(type).kind == TypeKind::AltFloat &&
      !whole_vector && bits(type) == bits(o.reg->type) && info(o.reg->type).kind != TypeKind::Float)
    return true;
  if (whole_vector || !compatible(type, o.reg->type, relaxed()))
    return fail(o.loc, type == Type::None
                           ? fmt::format("{} cannot be used here", describe(o))
                           : fmt::format("{} does not fit type {}", describe(o), dotted(type)));
  return true;
}

bool OperandChecker::check_immediate(Operand &o, Type type) {
  const bool is_floating = is_float(o.imm_type);
  if (type == Type::None)
    return true;
  if (bits(type) > 64)
    return fail(o.loc,
                fmt::format("there are no constants of type {}; use a register", dotted(type)));
  const TypeKind kind = info(type).kind;
  const bool packed = info(type).lanes > 1;
  if (kind == TypeKind::Float && !packed && bits(type) >= 32) {
    if (!is_floating)
      return fail(
          o.loc,
          fmt::format("an integer constant does not fit type {}; write a decimal point or 0f...",
                      dotted(type)));
  } else if (kind == TypeKind::Float || kind == TypeKind::AltFloat || packed) {
    // 16-bit floats and packed values: no literal form exists (PTX ISA 4.5.2).
    return fail(o.loc,
                fmt::format("there are no constants of type {}; use a register", dotted(type)));
  } else if (is_floating && (kind != TypeKind::Bits || bits(type) != bits(o.imm_type))) {
    // For bits, 0f... has 32 of them, 0d... and 1.5 have 64.
    return fail(o.loc, fmt::format("a floating-point constant does not fit type {}", dotted(type)));
  }
  if (convert_)
    convert_immediate(o, type);
  return true;
}

bool OperandChecker::check_range(const OperandSpec &spec, const Operand &o) {
  if (is_float(o.imm_type)) {
    const double d = o.imm_type == Type::F32 ? std::bit_cast<float>(static_cast<uint32_t>(o.imm))
                                             : std::bit_cast<double>(o.imm);
    return !spec.ranged ||
           (d > static_cast<double>(spec.low) && d <= static_cast<double>(spec.high)) ||
           fail(o.loc,
                fmt::format("the constant must be above {} and at most {}", spec.low, spec.high));
  }
  const int64_t value = static_cast<int64_t>(o.imm);
  if (spec.ranged && (value < spec.low || value > spec.high))
    return fail(o.loc, spec.low == spec.high
                           ? fmt::format("the constant must be {}", spec.low)
                           : fmt::format("the constant must be in {} to {}", spec.low, spec.high));
  if (spec.multiple && o.imm % spec.multiple)
    return fail(o.loc, fmt::format("the constant must be a multiple of {}", spec.multiple));
  if (spec.power_of_two && !std::has_single_bit(static_cast<uint64_t>(o.imm)))
    return fail(o.loc, "the constant must be a power of two");
  if (spec.one_of && !(spec.one_of >> (value - spec.low) & 1)) {
    std::string choices;
    for (int64_t v = spec.low; v <= spec.high; ++v)
      if (spec.one_of >> (v - spec.low) & 1)
        choices += fmt::format("{}{}", choices.empty() ? "" : ", ", v);
    return fail(o.loc, fmt::format("the constant must be one of {}", choices));
  }
  using Relation = OperandSpec::Relation;
  if (spec.relation != Relation::None && previous_ && previous_->kind == Operand::Kind::Immediate) {
    const auto mine = static_cast<uint32_t>(o.imm), before = static_cast<uint32_t>(previous_->imm);
    const bool most = spec.relation == Relation::AtMost;
    if (most ? mine > before : mine < before)
      return fail(o.loc, fmt::format("the constant must be {} {}, the one before it",
                                     most ? "at most" : "at least", before));
  }
  return true;
}

bool OperandChecker::selector_fits(const OperandSpec &spec, const Operand &o) const {
  using Component = Operand::Component;
  const char lanes = isa::spelling(c_.form->opcode).back();
  const bool byte = o.component >= Component::B0 && o.component <= Component::B3;
  const bool half = o.component == Component::H0 || o.component == Component::H1;
  if (lanes == '2')
    return o.component == Component::Halves || (spec.dest && half);
  if (lanes == '4')
    return o.component == Component::Bytes || (spec.dest && byte);
  return byte || half;
}

bool OperandChecker::check_any_source(Operand &o, Type type) {
  switch (o.kind) {
  case Operand::Kind::SpecialRegister:
    return check_special(o, type);
  case Operand::Kind::Variable:
  case Operand::Kind::Function:
    if (is_float(type) || type == Type::Pred || bits(type) < 32)
      return fail(o.loc, fmt::format("{} does not fit type {}", describe(o), dotted(type)));
    if (o.kind == Operand::Kind::Function && bits(type) != module_.address_size && bits(type) != 32)
      return fail(o.loc, fmt::format("{} does not fit type {}", describe(o), dotted(type)));
    if (o.kind == Operand::Kind::Variable && o.variable->space == StateSpace::Global &&
        bits(type) < module_.address_size)
      return fail(o.loc, fmt::format("{} has {} bits and does not fit type {}", describe(o),
                                     module_.address_size, dotted(type)));
    return true;
  default: {
    OperandSpec spec;
    spec.negatable = type == Type::Pred;
    return check_scalar(spec, o, type, false, false);
  }
  }
}

bool OperandChecker::check_special(const Operand &o, Type type) {
  const isa::SpecialRegisterInfo &i = isa::info(o.special);
  if (i.vector_width > 1 && o.component == Operand::Component::None)
    return fail(o.loc, fmt::format("name a component of '{}', such as {}.x", i.name, i.name));
  return check_special_type(o, type);
}

bool OperandChecker::check_special_type(const Operand &o, Type type) {
  const isa::SpecialRegisterInfo &i = isa::info(o.special);
  // What had 16 bits once, or 32, may be read so still: %tid and its like, and %gridid (PTX
  // ISA 10.1 and 10.10).
  const bool narrow = !is_float(type) && i.requirement.ptx < 13 &&
                      ((bits(type) == 16 && i.vector_width > 1) ||
                       (i.type == Type::U64 && bits(type) < 64 && bits(type) >= 16));
  if (i.type == Type::Pred ? type != Type::Pred
                           : !narrow && (bits(type) != bits(i.type) || is_float(type)))
    return fail(o.loc, fmt::format("special register '{}' of type .{} does not fit type {}", i.name,
                                   info(i.type).spelling, dotted(type)));
  return true;
}

bool OperandChecker::check_special_element(const Operand &o, Type type) {
  const isa::SpecialRegisterInfo &i = isa::info(o.special);
  if (i.vector_width > 1 && o.component == Operand::Component::None)
    return fail(o.loc, fmt::format("name a component of '{}', such as {}.x", i.name, i.name));
  return compatible(type, untyped(i.type), relaxed()) ||
         fail(o.loc, fmt::format("special register '{}' of type .{} does not fit type {}", i.name,
                                 info(i.type).spelling, dotted(type)));
}

bool OperandChecker::check_special_conversion(const Operand &o, Type type) {
  const isa::SpecialRegisterInfo &i = isa::info(o.special);
  const bool integers = !is_float(type) && !is_float(c_.types[0]);
  if (!integers || i.type == Type::Pred || bits(type) > bits(i.type) ||
      (i.vector_width > 1 && o.component == Operand::Component::None))
    return fail(o.loc, fmt::format("special register '{}' cannot be converted here", i.name));
  return true;
}

} // namespace w2w::ptx
