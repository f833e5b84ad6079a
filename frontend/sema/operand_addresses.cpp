// Addresses: in brackets, in registers, of variables.
#include "frontend/sema/operand_checker.h"
#include "frontend/sema/operand_types.h"

#include <fmt/format.h>

namespace w2w::ptx {

using isa::Mod;
using isa::Opcode;
using isa::OperandSpec;

namespace {

std::string_view space_name(StateSpace s) {
  static constexpr std::string_view kNames[] = {"generic", "reg",   "sreg",   "const", "global",
                                                "local",   "param", "shared", "tex"};
  return kNames[static_cast<unsigned>(s)];
}

} // namespace

bool OperandChecker::check_address(const OperandSpec &spec, Operand &o) {
  if (o.kind == Operand::Kind::Variable && o.indexed) // ld.global.u32 d, a[3]; PTX ISA 6.4.2
    o.kind = Operand::Kind::Address;
  if (o.kind != Operand::Kind::Address)
    return fail(o.loc, fmt::format("expected an address in brackets, not {}", describe(o)));
  StateSpace space = space_of_form();
  if (spec.space == Mod::shared || spec.space == Mod::global)
    space = spec.space == Mod::shared ? StateSpace::Shared : StateSpace::Global;
  o.address_space = space;
  if (o.reg) {
    const TypeKind kind = info(o.reg->type).kind;
    const bool integer =
        kind == TypeKind::Bits || kind == TypeKind::Unsigned || kind == TypeKind::Signed;
    const unsigned width = bits(o.reg->type);
    if (!integer || (width != 32 && width != 64) ||
        (o.reg->vector_width > 1 && o.component == Operand::Component::None))
      return fail(o.loc, fmt::format("{} cannot be an address", describe_register(*o.reg)));
    const StateSpace written = space_of_form();
    if (width < module_.address_size && full_width_address() &&
        (written == StateSpace::None || written == StateSpace::Global))
      return fail(o.loc, fmt::format("{} is too narrow for a generic or global address",
                                     describe_register(*o.reg)));
    return true;
  }
  if (!o.variable && space_of_form() != StateSpace::Local)
    return fail(o.loc, "a constant can only be an address in .local; use a register");
  if (o.variable) {
    const StateSpace actual = o.variable->space;
    if (info(o.variable->type).kind == TypeKind::Opaque)
      return fail(o.loc, fmt::format("'{}' is a .{} and has no address here", o.variable->name,
                                     info(o.variable->type).spelling));
    if (c_.form->opcode == Opcode::prefetchu && actual != StateSpace::Global)
      return fail(o.loc, fmt::format("'{}' has no generic address here", o.variable->name));
    // Without a state space the address is generic; the spaces of which a variable can be
    // addressed so are checked here.
    if (c_.form->opcode == Opcode::st && o.variable->is_parameter)
      return fail(o.loc, fmt::format("'{}' is an input of the function and cannot be written",
                                     o.variable->name));
    if (space == StateSpace::None && (actual == StateSpace::Const || actual == StateSpace::Param))
      return fail(o.loc,
                  fmt::format("'{}' is a .{} variable; name the state space in the instruction",
                              o.variable->name, space_name(actual)));
    if (space != StateSpace::None && space != actual)
      return fail(o.loc, fmt::format("'{}' is a .{} variable, the instruction accesses .{}",
                                     o.variable->name, space_name(actual), space_name(space)));
  }
  return true;
}

bool OperandChecker::full_width_address() const {
  switch (c_.form->opcode) {
  case Opcode::st:
  case Opcode::red:
    return !c_.mods.has(Mod::async);
  case Opcode::ld:
  case Opcode::ldu:
  case Opcode::atom:
  case Opcode::multimem:
  case Opcode::prefetch:
    return !c_.mods.has(Mod::tensormap);
  case Opcode::prefetchu:
  case Opcode::applypriority:
  case Opcode::discard:
  case Opcode::mbarrier:
    return true;
  default:
    return false;
  }
}

StateSpace OperandChecker::space_of_form() const {
  auto has = [&](Mod m) { return c_.mods.has(m); };
  if (has(Mod::global))
    return StateSpace::Global;
  if (has(Mod::shared) || has(Mod::shared_cta) || has(Mod::shared_cluster))
    return StateSpace::Shared;
  if (has(Mod::local))
    return StateSpace::Local;
  if (has(Mod::const_))
    return StateSpace::Const;
  if (has(Mod::param) || has(Mod::param_entry) || has(Mod::param_func))
    return StateSpace::Param;
  return StateSpace::None;
}

bool OperandChecker::check_pointer(Operand &o) {
  if (o.kind == Operand::Kind::Immediate && !is_float(o.imm_type))
    return true;
  if (o.kind != Operand::Kind::Register || o.component != Operand::Component::None || o.negated)
    return fail(o.loc, fmt::format("expected an address, not {}", describe(o)));
  return (o.reg->type != Type::F16x2 && (compatible(Type::U64, o.reg->type, false) ||
                                         compatible(Type::U32, o.reg->type, false))) ||
         fail(o.loc, fmt::format("{} cannot be an address", describe(o)));
}

bool OperandChecker::check_address_of(Operand &o, Type type) {
  StateSpace space = space_of_form();
  if (c_.form->opcode == Opcode::mapa || c_.form->opcode == Opcode::getctarank)
    space = StateSpace::Shared;
  if (o.kind == Operand::Kind::Variable) {
    if (space != StateSpace::None && o.variable->space != space)
      return fail(o.loc, fmt::format("'{}' is a .{} variable, not .{}", o.variable->name,
                                     space_name(o.variable->space), space_name(space)));
    return true;
  }
  return check_scalar({}, o, type, false, false);
}

bool OperandChecker::check_tensor_memory(const Operand &o) {
  if (o.kind != Operand::Kind::Address || !o.reg)
    return fail(o.loc, fmt::format("expected an address in tensor memory, not {}", describe(o)));
  return compatible(Type::U32, o.reg->type, false) ||
         fail(o.loc, fmt::format("{} cannot be an address in tensor memory; it needs 32 bits",
                                 describe_register(*o.reg)));
}

} // namespace w2w::ptx
