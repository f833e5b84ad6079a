// mov, cvta, isspacep and the cluster addresses, PTX ISA 9.7.9.3, .4, .19, .20, .23, .24.
#include "lowering/arena_layout.h"
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
  if (i.has(Mod::v2) || i.has(Mod::v4)) { // all elements are read before one is written
    SmallVector<Value *, 4> values;
    for (unsigned k = 0, n = FunctionEmitter::element_count(d); k < n; ++k)
      values.push_back(e.read(FunctionEmitter::element(s, k), t));
    for (auto [k, v] : enumerate(values))
      e.write(FunctionEmitter::element(d, static_cast<unsigned>(k)), v, t);
    return;
  }
  if (FunctionEmitter::element_count(s) > 1) { // pack, first element lowest
    unsigned n = FunctionEmitter::element_count(s), part = width / n;
    Value *all = ConstantInt::get(e.int_type(width), 0);
    for (unsigned k = 0; k < n; ++k) {
      Value *v = e.read(FunctionEmitter::element(s, k), bits_type(part));
      all = b.CreateOr(all, b.CreateShl(b.CreateZExt(v, e.int_type(width)), uint64_t{k} * part));
    }
    e.write(d, all, t);
    return;
  }
  if (FunctionEmitter::element_count(d) > 1) { // unpack
    unsigned n = FunctionEmitter::element_count(d), part = width / n;
    Value *all = e.read(s, t);
    for (unsigned k = 0; k < n; ++k)
      e.write(FunctionEmitter::element(d, k),
              b.CreateTrunc(b.CreateLShr(all, uint64_t{k} * part), e.int_type(part)),
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

/// Whether the flat address lies in one of the variables, whose addresses need no window then.
class InVariables {
public:
  InVariables(FunctionEmitter &e, Value *flat) : e_(e), address_(e.pointer_to_int64(flat)) {}
  void add(const ptx::Variable &v) {
    auto *flat = PointerType::get(e_.b.getContext(), kFlat);
    Value *base = e_.pointer_to_int64(e_.b.CreateAddrSpaceCast(e_.variable_pointer(v), flat));
    Value *in = e_.b.CreateICmpULT(e_.b.CreateSub(address_, base), e_.constant(64, v.size));
    result_ = result_ ? e_.b.CreateOr(result_, in) : in;
  }
  Value *result() const { return result_ ? result_ : e_.b.getFalse(); }

private:
  FunctionEmitter &e_;
  Value *address_;
  Value *result_ = nullptr;
};

/// In one of the module's .const variables.
Value *is_const(FunctionEmitter &e, Value *flat) {
  InVariables in(e, flat);
  auto add = [&](const ptx::Variable *v) {
    if (v->space == StateSpace::Const && in_arena(*v))
      in.add(*v);
  };
  for (const ptx::Variable *v : e.module.ptx.variables)
    add(v);
  for (const ptx::Function *f : e.module.ptx.functions)
    for (const ptx::Variable *v : f->variables)
      add(v);
  return in.result();
}

/// In one of the kernel's parameters. Only those whose address the program takes have one.
Value *is_parameter(FunctionEmitter &e, Value *flat) {
  InVariables in(e, flat);
  for (const ptx::Variable *p : e.function.params)
    if (e.module.needs_address(*p))
      in.add(*p);
  return in.result();
}

/// Windows of the generic address space, PTX ISA 6.4.1.1: an address is global unless it is const,
/// local or shared; the kernel's parameters are global too.
void emit_isspacep(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *p = b.CreateAddrSpaceCast(pointer_operand(e, i.operand(1), StateSpace::None),
                                   PointerType::get(b.getContext(), kFlat));
  auto is = [&](Intrinsic::ID id) { return e.intrinsic(id, {}, {p}); };
  Value *r = nullptr;
  switch (space_of(i)) {
  case StateSpace::Shared:
    r = is(Intrinsic::amdgcn_is_shared);
    break;
  case StateSpace::Local:
    r = is(Intrinsic::amdgcn_is_private);
    break;
  case StateSpace::Const:
    r = is_const(e, p);
    break;
  case StateSpace::Param:
    if (!e.function.is_entry) {
      e.error(i, "isspacep.param in a function is not supported: it doesn't know which kernel "
                 "called it; test the address in the kernel");
      return;
    }
    r = is_parameter(e, p);
    break;
  default:
    r = b.CreateNot(b.CreateOr(
        {is(Intrinsic::amdgcn_is_shared), is(Intrinsic::amdgcn_is_private), is_const(e, p)}));
    break;
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
