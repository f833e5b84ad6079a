// mov, cvta, isspacep and the cluster addresses, PTX ISA 9.7.9.3, .4, .19, .20, .23, .24.
#include "lowering/emit/emitter_table.h"
#include "lowering/emit/memory_order.h"

#include "llvm/IR/IntrinsicsAMDGPU.h"

namespace w2w::emit {

using namespace llvm;

namespace {

Type bits_type(unsigned width) {
  switch (width) {
  case 8:
    return Type::B8;
  case 16:
    return Type::B16;
  case 32:
    return Type::B32;
  case 64:
    return Type::B64;
  default:
    return Type::B128;
  }
}

void emit_mov(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Type t = i.type();
  unsigned width = ptx::bits(t);
  const Operand &d = i.operand(0), &s = i.operand(1);
  if (s.kind == Operand::Kind::Vector) { // pack, first element lowest
    unsigned n = FunctionEmitter::element_count(s), part = width / n;
    Value *all = ConstantInt::get(e.int_type(width), 0);
    for (unsigned k = 0; k < n; ++k) {
      Value *v = e.read(s.elements[k], bits_type(part));
      all = b.CreateOr(all, b.CreateShl(b.CreateZExt(v, e.int_type(width)), uint64_t{k} * part));
    }
    e.write(d, all, t);
    return;
  }
  if (d.kind == Operand::Kind::Vector) { // unpack
    unsigned n = FunctionEmitter::element_count(d), part = width / n;
    Value *all = e.read(s, t);
    for (unsigned k = 0; k < n; ++k)
      e.write(d.elements[k], b.CreateTrunc(b.CreateLShr(all, uint64_t{k} * part), e.int_type(part)),
              bits_type(part));
    return;
  }
  e.write(d, e.read(s, t), t);
}

/// A pointer to what an address operand of cvta, mapa or isspacep names, in address space `space`.
Value *pointer_operand(FunctionEmitter &e, const Operand &op, StateSpace space) {
  if (op.variable) {
    Value *p = e.variable_pointer(*op.variable);
    return op.offset ? e.b.CreateConstGEP1_64(e.b.getInt8Ty(), p, static_cast<uint64_t>(op.offset))
                     : p;
  }
  Type t =
      op.kind == Operand::Kind::Register && ptx::bits(op.reg->type) <= 32 ? Type::U32 : Type::U64;
  return e.int_to_pointer(e.read(op, t), space);
}

void emit_cvta(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  StateSpace space = space_of(i);
  const Operand &s = i.operand(1);
  // .global, .const and .param lie in the generic space at their own addresses; parameters'
  // addresses are generic anyway.
  auto *flat = PointerType::get(b.getContext(), kFlat);
  if (i.has(Mod::to)) {
    Value *p = e.int_to_pointer(e.read(s, i.type()), StateSpace::None);
    if (space != StateSpace::Param)
      p = b.CreateAddrSpaceCast(p, PointerType::get(b.getContext(), address_space(space)));
    e.write(i.operand(0), e.pointer_to_int64(p), i.type());
    return;
  }
  Value *p = pointer_operand(e, s, space == StateSpace::Param ? StateSpace::None : space);
  e.write(i.operand(0), e.pointer_to_int64(b.CreateAddrSpaceCast(p, flat)), i.type());
}

void emit_isspacep(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  StateSpace space = space_of(i);
  Value *p = b.CreateAddrSpaceCast(pointer_operand(e, i.operand(1), StateSpace::None),
                                   PointerType::get(b.getContext(), kFlat));
  Value *shared = e.intrinsic(Intrinsic::amdgcn_is_shared, {}, {p});
  Value *local = e.intrinsic(Intrinsic::amdgcn_is_private, {}, {p});
  Value *r = nullptr;
  switch (space) {
  case StateSpace::Shared:
    r = shared;
    break;
  case StateSpace::Local:
    r = local;
    break;
  case StateSpace::Global: // kernel parameters too, as PTX says
    r = b.CreateNot(b.CreateOr(shared, local));
    break;
  default:
    e.error(i, "isspacep.const and isspacep.param are not supported: constants and parameters lie "
               "in global memory on AMD");
    return;
  }
  e.write(i.operand(0), r, Type::Pred);
}

/// A cluster is one CTA: its only rank is 0, and every address maps to itself.
void emit_mapa(FunctionEmitter &e, const Instruction &i) {
  StateSpace space = space_of(i);
  Value *p = pointer_operand(e, i.operand(1), space);
  e.write(i.operand(0), e.pointer_to_int64(p), i.type());
}

void emit_getctarank(FunctionEmitter &e, const Instruction &i) {
  e.write(i.operand(0), e.b.getInt32(0), Type::U32);
}

} // namespace

std::span<const EmitterRow> address_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::mov, emit_mov},
      {Opcode::cvta, emit_cvta},
      {Opcode::mapa, emit_mapa},
      {Opcode::isspacep, emit_isspacep},
      {Opcode::getctarank, emit_getctarank},
  };
  return rows;
}

} // namespace w2w::emit
