// See operands.h: the operands of a form, one after the other; each shape's check lies in the file
// of its subject, see operand_checker.h.
#include "frontend/sema/operands.h"

#include "frontend/sema/operand_checker.h"
#include "frontend/sema/operand_types.h"

#include <fmt/format.h>

namespace w2w::ptx {

using isa::Mod;
using isa::Opcode;
using isa::OperandSpec;
using isa::TypeRef;
using Shape = isa::OperandSpec::Shape;

OperandProblem OperandChecker::run(std::span<Operand> operands, SourceLoc at) {
  const std::span<const OperandSpec> specs = c_.form->operands;
  if (c_.form->opcode == Opcode::cvta && bits(c_.types[0]) != module_.address_size)
    return {at,
            fmt::format("addresses have {} bits in this module, not {}", module_.address_size,
                        bits(c_.types[0])),
            0};
  size_t next = 0;
  size_t optional_left = operands.size() > required() ? operands.size() - required() : 0;
  for (const OperandSpec &spec : specs) {
    if (spec.shape == Shape::CallOperands)
      return {}; // checked by the parser, which knows the callee
    if (spec.condition != isa::kNoMod && !c_.mods.has(spec.condition))
      continue;
    if (spec.optional) {
      if (!optional_left)
        continue;
      --optional_left;
    }
    if (next == operands.size())
      return count_problem(operands.size(), at);
    Operand &o = operands[next];
    if (!check(spec, o))
      return {problem_loc_, std::move(problem_), static_cast<unsigned>(2 * next + 1 + inside_)};
    previous_ = &o;
    ++next;
  }
  if (next != operands.size())
    return count_problem(operands.size(), at);
  return {};
}

size_t OperandChecker::required() const {
  size_t n = 0;
  for (const OperandSpec &s : c_.form->operands)
    n += !s.optional && (s.condition == isa::kNoMod || c_.mods.has(s.condition));
  return n;
}

OperandProblem OperandChecker::count_problem(size_t given, SourceLoc at) {
  size_t most = required();
  for (const OperandSpec &s : c_.form->operands)
    most += s.optional;
  const std::string wanted =
      most == required() ? std::to_string(most) : fmt::format("{} to {}", required(), most);
  return {at, fmt::format("{} operand(s) where {} are expected", given, wanted), 0};
}

bool OperandChecker::fail(SourceLoc at, std::string message) {
  problem_loc_ = at;
  problem_ = std::move(message);
  return false;
}

Type OperandChecker::resolve(const TypeRef &r) const {
  switch (r.kind) {
  case TypeRef::Kind::Slot:
    return r.index < c_.types.size() ? c_.types[r.index] : Type::None;
  case TypeRef::Kind::SlotWide:
    return widened(c_.types[r.index]);
  case TypeRef::Kind::Fixed:
    return r.type;
  default:
    return Type::None;
  }
}

Type OperandChecker::scalar_type(const OperandSpec &spec, Type type) {
  if (spec.type.kind != TypeRef::Kind::Fixed || spec.exact)
    return type;
  return type == Type::B32 ? Type::U32 : type == Type::B64 ? Type::U64 : type;
}

bool OperandChecker::relaxed() const {
  const Opcode o = c_.form->opcode;
  if (o == Opcode::cvt) {
    for (const Type t : c_.types)
      if (info(t).kind == TypeKind::AltFloat || info(t).lanes > 1)
        return false;
    return true;
  }
  return o == Opcode::ld || (o == Opcode::st && !c_.mods.has(Mod::async)) || o == Opcode::ldu ||
         o == Opcode::suld || o == Opcode::sust || o == Opcode::sured;
}

bool OperandChecker::check(const OperandSpec &spec, Operand &o) {
  const Type type = resolve(spec.type);
  dest_ = spec.dest;
  in_list_ = false;
  if (spec.vector == OperandSpec::kPack)
    return check_pack(o, type, spec.dest);
  if (spec.shape == Shape::Pair)
    return check_pair(spec, o, type);
  if (spec.shape == Shape::Coordinates)
    return check_coordinates(o, type);
  if (spec.vector)
    return check_vector(spec, o, type);
  switch (spec.shape) {
  case Shape::Register:
    return check_scalar(spec, o, scalar_type(spec, type), spec.sink, true);
  case Shape::Source:
    if (spec.type.kind == TypeRef::Kind::Pointer)
      return check_pointer(o);
    return check_scalar(spec, o, scalar_type(spec, type), spec.sink, false);
  case Shape::Immediate:
    if (o.kind != Operand::Kind::Immediate || is_float(o.imm_type))
      return fail(o.loc, fmt::format("expected an integer constant, not {}", describe(o)));
    return check_range(spec, o);
  case Shape::Sink:
    return o.kind == Operand::Kind::Sink ||
           fail(o.loc, fmt::format("expected '_', not {}", describe(o)));
  case Shape::Pair:
  case Shape::Coordinates:
    return true; // done above
  case Shape::Address:
    return check_address(spec, o);
  case Shape::RegisterAddress:
    if (o.kind == Operand::Kind::Address && !o.reg)
      return fail(o.loc, "the address must be in a register");
    return check_address(spec, o);
  case Shape::AnySource:
    return check_any_source(o, type);
  case Shape::AddressOf:
    return check_address_of(o, type);
  case Shape::Label:
  case Shape::Targets:
  case Shape::CallOperands:
    return true; // the parser has read them as such
  case Shape::ScaleSelectorA:
    return check_scale_selector(o, 2);
  case Shape::ScaleSelectorB:
    return check_scale_selector(o, 4);
  case Shape::Texture:
  case Shape::Surface:
  case Shape::Tensor:
    return check_tex_address(spec, o);
  case Shape::Query:
    return check_query(o);
  case Shape::TensorMemory:
    return check_tensor_memory(o);
  }
  return true;
}

OperandProblem check_operands(const Candidate &c, std::span<Operand> operands, const Module &module,
                              SourceLoc at, bool convert) {
  return OperandChecker(c, module, convert).run(operands, at);
}

} // namespace w2w::ptx
