#include "lowering/emit/function_emitter.h"

#include "frontend/isa/form.h"
#include "lowering/abi/module_summary.h"
#include "lowering/emit/emitter_table.h"
#include "lowering/emit/sampler_fields.h"
#include "lowering/emit/unrolling.h"

#include "llvm/IR/Dominators.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/PromoteMemToReg.h"

namespace w2w::emit {

using namespace llvm;

FunctionEmitter::FunctionEmitter(ModuleEmitter &module, const ptx::Function &function,
                                 llvm::Function *ir)
    : b(module.context), module(module), function(function), ir(ir) {}

// --- Body
// -------------------------------------------------------------------------------------------------------------

bool FunctionEmitter::run() {
  BasicBlock *entry = BasicBlock::Create(b.getContext(), "entry", ir);
  b.SetInsertPoint(entry);
  line_ = module.line(function.loc);
  b.SetCurrentDebugLocation(DILocation::get(b.getContext(), line_, 0, ir->getSubprogram()));
  const uint32_t (&cluster)[3] = function.performance.reqnctapercluster;
  if (uint64_t{std::max(1u, cluster[0])} * std::max(1u, cluster[1]) * std::max(1u, cluster[2]) > 1)
    error(function.loc, "clusters of more than one block (.reqnctapercluster of '" +
                            std::string(function.name) +
                            "') are not supported; compile the kernel without clusters");
  emit_prologue();

  BasicBlock *body = new_block("body");
  alloca_point_->eraseFromParent();
  alloca_point_ = b.CreateBr(body);
  b.SetInsertPoint(body);
  for (const ptx::Label *label : function.labels)
    label_blocks_.push_back(BasicBlock::Create(b.getContext(), StringRef(label->name), ir));

  KeptLoops kept_loops(module.ptx, function);
  for (const ptx::Statement &s : function.statements) {
    if (s.kind == ptx::Statement::Kind::Label) {
      BasicBlock *block = label_block(*s.label);
      if (!terminated())
        b.CreateBr(block);
      block->moveAfter(&ir->back());
      b.SetInsertPoint(block);
    } else if (s.kind == ptx::Statement::Kind::Instruction) {
      if (terminated())
        b.SetInsertPoint(new_block("dead"));
      emit_instruction(*s.instruction);
    } else if (!terminated()) {
      kept_loops.add(*s.pragma, *b.GetInsertBlock());
    }
  }
  if (!terminated())
    emit_return();
  for (BasicBlock *block : label_blocks_)
    if (!block->getTerminator()) {
      b.SetInsertPoint(block);
      b.CreateUnreachable(); // a label the parser knows but no statement places
    }

  EliminateUnreachableBlocks(*ir);
  if (failed_)
    return false;
  SmallVector<AllocaInst *> slots;
  for (auto &components : registers_)
    for (AllocaInst *slot : components)
      if (slot)
        slots.push_back(slot);
  if (carry_)
    slots.push_back(carry_);
  DominatorTree tree(*ir);
  PromoteMemToReg(slots, tree);
  kept_loops.mark(*ir, tree);
  return true;
}

AllocaInst *FunctionEmitter::entry_alloca(llvm::Type *type, Align align, const Twine &name) {
  return new AllocaInst(type, kPrivate, nullptr, align, name, alloca_point_->getIterator());
}

AllocaInst *FunctionEmitter::register_slot(const ptx::Register &r, unsigned component) {
  auto &components = registers_[r.index];
  if (components.size() <= component)
    components.resize(component + 1, nullptr);
  AllocaInst *&slot = components[component];
  if (!slot) {
    llvm::Type *type = int_type(std::max(1u, ptx::bits(r.type)));
    slot = entry_alloca(type, Align(1), StringRef(r.name));
    // A register that is read before it is written holds zero: the same on every target and at
    // every -O level.
    new StoreInst(Constant::getNullValue(type), slot, false, Align(1),
                  alloca_point_->getIterator());
  }
  return slot;
}

AllocaInst *FunctionEmitter::carry() {
  if (!carry_) {
    carry_ = entry_alloca(b.getInt1Ty(), Align(1), "cc");
    new StoreInst(b.getFalse(), carry_, false, Align(1), alloca_point_->getIterator());
  }
  return carry_;
}

void FunctionEmitter::emit_prologue() {
  registers_.resize(function.registers.size());
  alloca_point_ = b.CreateUnreachable();
  b.SetInsertPoint(alloca_point_);

  for (const ptx::Variable *v : function.variables)
    if (v->space == StateSpace::Local || v->space == StateSpace::Param) {
      AllocaInst *array = entry_alloca(ArrayType::get(b.getInt8Ty(), v->size),
                                       Align(std::max(1u, v->align)), StringRef(v->name));
      const ptx::SourceText::Position at = module.text.position(v->loc);
      array->setDebugLoc(DILocation::get(b.getContext(), at.line, at.column, ir->getSubprogram()));
      variable_pointers_[v] = array;
    }

  for (unsigned i = 0; i < function.params.size(); ++i) {
    const ptx::Variable *p = function.params[i];
    Argument *arg = ir->getArg(i);
    if (function.is_entry) {
      (module.needs_address(*p) ? variable_pointers_ : direct_params_)[p] = arg;
      continue;
    }
    if (const ptx::Register *r =
            i < function.param_registers.size() ? function.param_registers[i] : nullptr) {
      b.CreateStore(arg, register_slot(*r, 0));
      continue;
    }
    if (module.passed_type(*p).is_pointer()) {
      variable_pointers_[p] = arg;
      continue;
    }
    auto *slot = entry_alloca(ArrayType::get(b.getInt8Ty(), p->size), Align(std::max(1u, p->align)),
                              StringRef(p->name));
    b.CreateAlignedStore(arg, slot, slot->getAlign());
    variable_pointers_[p] = slot;
  }
  for (const ptx::Variable *r : function.returns)
    if (r->space != StateSpace::Reg)
      variable_pointers_[r] = entry_alloca(ArrayType::get(b.getInt8Ty(), r->size),
                                           Align(std::max(1u, r->align)), StringRef(r->name));
  b.SetInsertPoint(alloca_point_->getParent());
}

void FunctionEmitter::emit_return() {
  if (ir->getReturnType()->isVoidTy()) {
    b.CreateRetVoid();
    return;
  }
  SmallVector<Value *> values;
  for (unsigned i = 0; i < function.returns.size(); ++i) {
    const ptx::Variable *r = function.returns[i];
    const ptx::Register *reg =
        i < function.return_registers.size() ? function.return_registers[i] : nullptr;
    if (reg) {
      AllocaInst *slot = register_slot(*reg, 0);
      values.push_back(b.CreateLoad(slot->getAllocatedType(), slot));
    } else {
      values.push_back(b.CreateAlignedLoad(module.passed_type(*r).memory, variable_pointers_[r],
                                           Align(std::max(1u, r->align))));
    }
  }
  if (values.size() == 1) {
    b.CreateRet(values[0]);
    return;
  }
  Value *all = PoisonValue::get(ir->getReturnType());
  for (unsigned i = 0; i < values.size(); ++i)
    all = b.CreateInsertValue(all, values[i], i);
  b.CreateRet(all);
}

BasicBlock *FunctionEmitter::new_block(const Twine &name) {
  return BasicBlock::Create(b.getContext(), name, ir);
}

void FunctionEmitter::emit_instruction(const Instruction &i) {
  ptx::SourceText::Position at = module.text.position(i.loc);
  line_ = at.line;
  b.SetCurrentDebugLocation(
      DILocation::get(b.getContext(), at.line, at.column, ir->getSubprogram()));
  if (!i.guard) {
    dispatch(i);
    return;
  }
  Operand guard;
  guard.kind = i.guard.reg ? Operand::Kind::Register : Operand::Kind::SpecialRegister;
  guard.reg = i.guard.reg;
  guard.special = i.guard.special;
  Value *p = read(guard, Type::Pred);
  if (i.guard.negated)
    p = b.CreateNot(p);
  BasicBlock *next = nullptr;
  // `@p bra L` is one conditional branch.
  if (i.opcode == Opcode::bra && i.operands.size() == 1 &&
      i.operand(0).kind == Operand::Kind::Label) {
    next = new_block("next");
    b.CreateCondBr(p, label_block(*i.operand(0).label), next);
  } else {
    BasicBlock *then = new_block("guarded");
    next = new_block("next");
    b.CreateCondBr(p, then, next);
    b.SetInsertPoint(then);
    dispatch(i);
    if (!terminated())
      b.CreateBr(next);
  }
  next->moveAfter(&ir->back());
  b.SetInsertPoint(next);
}

void FunctionEmitter::dispatch(const Instruction &i) {
  const EmitterRow *row = i.form ? find_emitter(i.opcode, *i.form) : nullptr;
  if (!row) {
    std::string_view reason = i.form ? refusal_reason(*i.form) : std::string_view();
    error(i, "instruction '" + std::string(spelling(i.opcode)) +
                 "' in this form is not supported by the code generator" +
                 (reason.empty() ? "" : ": " + std::string(reason)));
    return;
  }
  row->emit(*this, i);
}

void FunctionEmitter::error(const Instruction &i, std::string message) {
  error(i.loc, std::move(message));
}

void FunctionEmitter::error(ptx::SourceLoc loc, std::string message) {
  failed_ = true;
  module.diags.report(
      {ptx::Severity::Error, loc, std::move(message), "", std::string(function.name)});
}

// --- Operands
// ---------------------------------------------------------------------------------------------------------

Operand FunctionEmitter::element(const Operand &op, unsigned i) {
  if (op.kind == Operand::Kind::Vector)
    return op.elements[i];
  Operand e = op;
  if (op.component == Operand::Component::None && element_count(op) > 1)
    e.component = static_cast<Operand::Component>(static_cast<unsigned>(Operand::Component::X) + i);
  return e;
}

unsigned FunctionEmitter::element_count(const Operand &op) {
  if (op.kind == Operand::Kind::Vector)
    return static_cast<unsigned>(op.elements.size());
  if (op.kind == Operand::Kind::Register && op.component == Operand::Component::None)
    return op.reg->vector_width;
  if (op.kind == Operand::Kind::SpecialRegister && op.component == Operand::Component::None)
    return ptx::isa::info(op.special).vector_width;
  return 1;
}

namespace {

unsigned component_index(const Operand &op) {
  using C = Operand::Component;
  return op.component >= C::X && op.component <= C::W
             ? static_cast<unsigned>(op.component) - static_cast<unsigned>(C::X)
             : 0;
}

} // namespace

Value *FunctionEmitter::to_bits(Value *v) {
  llvm::Type *type = v->getType();
  if (type->isIntegerTy())
    return v;
  return b.CreateBitCast(v, int_type(static_cast<unsigned>(type->getPrimitiveSizeInBits())));
}

Value *FunctionEmitter::immediate(const Operand &op, Type t) {
  unsigned width = std::max(1u, ptx::bits(t));
  bool wants_float = t == Type::F32 || t == Type::F64 || t == Type::F16 || t == Type::BF16;
  if (wants_float && op.imm_type != Type::None) {
    const fltSemantics &to = value_type(t)->getFltSemantics();
    bool lossy = false;
    if (op.imm_type == Type::F32 && t != Type::F32) {
      APFloat f(APFloat::IEEEsingle(), APInt(32, op.imm & 0xffffffffu));
      f.convert(to, APFloat::rmNearestTiesToEven, &lossy);
      return ConstantInt::get(b.getContext(), f.bitcastToAPInt());
    }
    if (op.imm_type == Type::F64 && t != Type::F64) {
      APFloat f(APFloat::IEEEdouble(), APInt(64, op.imm));
      f.convert(to, APFloat::rmNearestTiesToEven, &lossy);
      return ConstantInt::get(b.getContext(), f.bitcastToAPInt());
    }
  }
  // Integers are two's complement in 64 bits; 128-bit ones are extended as their type says.
  if (width > 64)
    return ConstantInt::get(b.getContext(), APInt(64, op.imm).sextOrTrunc(width));
  return constant(width, op.imm);
}

Value *FunctionEmitter::read(const Operand &op, Type t) {
  unsigned width = std::max(1u, ptx::bits(t));
  Value *v = nullptr;
  switch (op.kind) {
  case Operand::Kind::Register: {
    AllocaInst *slot = register_slot(*op.reg, component_index(op));
    v = b.CreateLoad(slot->getAllocatedType(), slot);
    break;
  }
  case Operand::Kind::Immediate:
    v = immediate(op, t);
    break;
  case Operand::Kind::SpecialRegister:
    v = read_special_register(*this, op);
    break;
  case Operand::Kind::Variable:
    v = variable_pointer(*op.variable);
    // A parameter's address is used through generic or `[reg]` parameter accesses: it is a generic
    // address throughout.
    if (op.variable->space == StateSpace::Param)
      v = b.CreateAddrSpaceCast(v, PointerType::get(b.getContext(), kFlat));
    if (op.offset)
      v = b.CreateConstGEP1_64(b.getInt8Ty(), v, static_cast<uint64_t>(op.offset));
    v = width > 32 ? pointer_to_int64(v) : b.CreatePtrToInt(v, int_type(width));
    break;
  case Operand::Kind::Function: {
    const ptx::Function &f = ModuleEmitter::resolve(*op.function);
    llvm::Function *fn = module.function(f);
    if (!fn) {
      error(op.loc, "address of function '" + std::string(f.name) +
                        "', which is not defined in this module");
      return Constant::getNullValue(int_type(width));
    }
    v = call_w2w("w2w.function.id", b.getInt64Ty(), {fn}, W2wKind::Pure);
    break;
  }
  default:
    error(op.loc, "operand of this kind is not supported here");
    return Constant::getNullValue(int_type(width));
  }
  if (op.negated)
    v = width == 1 ? b.CreateNot(v) : b.CreateNeg(v);
  unsigned have = v->getType()->getIntegerBitWidth();
  if (have > width)
    v = b.CreateTrunc(v, int_type(width));
  else if (have < width)
    v = ptx::is_signed(t) ? b.CreateSExt(v, int_type(width)) : b.CreateZExt(v, int_type(width));
  return v;
}

Value *FunctionEmitter::read_value(const Operand &op, Type t) {
  return to_value(read(op, t), t);
}

Value *FunctionEmitter::read_int(const Operand &op, Type t, unsigned bits) {
  Value *v = read(op, t);
  return ptx::is_signed(t) ? b.CreateSExtOrTrunc(v, int_type(bits))
                           : b.CreateZExtOrTrunc(v, int_type(bits));
}

void FunctionEmitter::write(const Operand &op, Value *v, Type t) {
  if (op.kind == Operand::Kind::Sink)
    return;
  if (op.kind != Operand::Kind::Register) {
    error(op.loc, "destination operand of this kind is not supported here");
    return;
  }
  AllocaInst *slot = register_slot(*op.reg, component_index(op));
  auto *type = cast<IntegerType>(slot->getAllocatedType());
  v = to_bits(v);
  v = ptx::is_signed(t) ? b.CreateSExtOrTrunc(v, type) : b.CreateZExtOrTrunc(v, type);
  b.CreateStore(v, slot);
}

// --- Memory
// -----------------------------------------------------------------------------------------------------------

Value *FunctionEmitter::variable_pointer(const ptx::Variable &v) {
  if (Value *p = variable_pointers_.lookup(&v))
    return p;
  // The standalone ABI has nobody to bind them.
  if (module.options.all_variables && ptx::info(v.type).kind == ptx::TypeKind::Opaque)
    error(v.loc, "textures, samplers and surfaces by reference ('" + std::string(v.name) +
                     "') need the runtime; hand the kernel texture and surface objects instead");
  if (ptx::info(v.type).kind == ptx::TypeKind::Opaque) {
    abi::SamplerState state; // the module's summary has it
    for (const ptx::InitialiserElement &e : v.initialiser)
      if (std::string reason = apply_field(v, e, state); !reason.empty())
        error(e.loc, std::move(reason));
  }
  if (v.space == StateSpace::Global || v.space == StateSpace::Const ||
      v.space == StateSpace::Shared)
    return module.global(v);
  error(v.loc, "variable '" + std::string(v.name) + "' has no address here");
  return PoisonValue::get(PointerType::get(b.getContext(), kFlat));
}

Value *FunctionEmitter::int_to_pointer(Value *address, StateSpace space) {
  unsigned as = address_space(space);
  unsigned width = as == kShared || as == kPrivate ? 32 : 64;
  // Shared and local addresses fit 32 bits; 64-bit registers hold them zero-extended.
  address = b.CreateZExtOrTrunc(address, int_type(width));
  return b.CreateIntToPtr(address, PointerType::get(b.getContext(), as));
}

Value *FunctionEmitter::pointer_to_int64(Value *pointer) {
  unsigned as = pointer->getType()->getPointerAddressSpace();
  if (as == kShared || as == kPrivate)
    return b.CreateZExt(b.CreatePtrToInt(pointer, b.getInt32Ty()), b.getInt64Ty());
  return b.CreatePtrToInt(pointer, b.getInt64Ty());
}

MemoryRef FunctionEmitter::memory(const Operand &op, StateSpace space) {
  MemoryRef ref;
  ref.space = space;
  if (op.variable) {
    ref.space = op.variable->space;
    if (Value *direct = direct_params_.lookup(op.variable)) {
      ref.direct = direct;
      ref.offset = static_cast<uint64_t>(op.offset);
      return ref;
    }
    ref.pointer = variable_pointer(*op.variable);
  } else if (op.reg) {
    Operand base = op;
    base.kind = Operand::Kind::Register;
    Value *address = read(base, ptx::bits(op.reg->type) > 32 ? Type::U64 : Type::U32);
    // A parameter's address in a register is a generic one, see special cases of mov and
    // cvta.param.
    ref.pointer = int_to_pointer(address, space == StateSpace::Param ? StateSpace::None : space);
  } else {
    ref.pointer =
        int_to_pointer(b.getInt64(op.imm), space == StateSpace::Param ? StateSpace::None : space);
  }
  if (op.offset)
    ref.pointer =
        b.CreateGEP(b.getInt8Ty(), ref.pointer, b.getInt64(static_cast<uint64_t>(op.offset)));
  return ref;
}

// --- Calls
// ------------------------------------------------------------------------------------------------------------

Value *FunctionEmitter::call_w2w(const Twine &name, llvm::Type *result, ArrayRef<Value *> args,
                                 W2wKind kind) {
  SmallVector<llvm::Type *> types;
  for (Value *a : args)
    types.push_back(a->getType());
  SmallString<64> storage;
  FunctionCallee callee =
      module.w2w(name.toStringRef(storage), FunctionType::get(result, types, false), kind);
  auto *call = b.CreateCall(callee, args);
  if (kind == W2wKind::Convergent || kind == W2wKind::Barrier || kind == W2wKind::NoReturn)
    call->setConvergent();
  return call;
}

} // namespace w2w::emit
