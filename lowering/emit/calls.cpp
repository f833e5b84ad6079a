// call, PTX ISA 9.7.12.5 and chapter 7: direct and indirect calls, and the system functions that
// CUDA programs import.
#include "lowering/emit/call_shape.h"
#include "lowering/emit/emitter_table.h"

namespace w2w::emit {

using namespace llvm;

namespace {

/// The value of the k-th argument, as an integer of its declared width.
Value *scalar_argument(FunctionEmitter &e, const Operand &op, unsigned bits) {
  if (op.kind == Operand::Kind::Variable) {
    Value *p = e.variable_pointer(*op.variable);
    return e.b.CreateAlignedLoad(e.int_type(bits), p, Align(std::max(1u, op.variable->align)));
  }
  Value *v = e.read(op, bits > 32 ? Type::B64 : Type::B32);
  return e.b.CreateZExtOrTrunc(v, e.int_type(bits));
}

void store_result(FunctionEmitter &e, const Operand &op, Value *v, Type t) {
  if (op.kind == Operand::Kind::Variable)
    e.b.CreateAlignedStore(v, e.variable_pointer(*op.variable),
                           Align(std::max(1u, op.variable->align)));
  else
    e.write(op, v, t);
}

/// vprintf, malloc, free and __assertfail: declared by every CUDA program that uses them, defined
/// by the system. Returns false if `name` is none of them.
bool emit_system_call(FunctionEmitter &e, const CallShape &call, std::string_view name) {
  IRBuilder<> &b = e.b;
  auto args = call.arguments->elements;
  auto *flat = PointerType::get(b.getContext(), kFlat);
  auto pointer = [&](unsigned k) {
    return b.CreateIntToPtr(scalar_argument(e, args[k], 64), flat);
  };
  auto result = [&](Value *v, Type t) {
    if (call.returns->elements.size() == 1)
      store_result(e, call.returns->elements[0], v, t);
  };
  if (name == "vprintf" && args.size() == 2) {
    result(e.call_w2w("w2w.vprintf", b.getInt32Ty(), {pointer(0), pointer(1)}, W2wKind::Effect),
           Type::B32);
    return true;
  }
  if (name == "malloc" && args.size() == 1) {
    Value *p = e.call_w2w("w2w.malloc", flat, {scalar_argument(e, args[0], 64)}, W2wKind::Effect);
    result(b.CreatePtrToInt(p, b.getInt64Ty()), Type::B64);
    return true;
  }
  if (name == "free" && args.size() == 1) {
    e.call_w2w("w2w.free", b.getVoidTy(), {pointer(0)}, W2wKind::Effect);
    return true;
  }
  if (name == "__assertfail" && args.size() == 5) {
    e.call_w2w("w2w.assertfail", b.getVoidTy(),
               {pointer(0), pointer(1), scalar_argument(e, args[2], 32), pointer(3),
                scalar_argument(e, args[4], 64)},
               W2wKind::Effect);
    return true;
  }
  return false;
}

struct Signature {
  std::span<const ptx::Variable *const> returns, params;
  bool noreturn = false;
  bool known = false;
};

Signature signature_of(const ptx::Function &f) {
  return {
      {f.returns.data(), f.returns.size()}, {f.params.data(), f.params.size()}, f.noreturn, true};
}

Signature indirect_signature(const CallShape &call) {
  const Operand &t = *call.targets;
  if (t.kind == Operand::Kind::Prototype && t.prototype)
    return {t.prototype->returns, t.prototype->params, t.prototype->noreturn, true};
  if (t.kind == Operand::Kind::TargetList && t.target_list && !t.target_list->functions.empty())
    return signature_of(ModuleEmitter::resolve(*t.target_list->functions[0]));
  return {};
}

void emit_call(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  CallShape call(i);
  Signature s;
  FunctionType *type = nullptr;
  Value *target = nullptr;
  if (call.callee->kind == Operand::Kind::Function) {
    const ptx::Function &f = ModuleEmitter::resolve(*call.callee->function);
    if (!f.has_body) {
      if (!emit_system_call(e, call, f.name))
        e.error(i,
                "call of '" + std::string(f.name) +
                    "', which has no definition in this module; link the module that defines it");
      return;
    }
    s = signature_of(f);
    target = e.module.function(f);
    type = e.module.function_type(f);
  } else {
    s = indirect_signature(call);
    if (!s.known || call.callee->kind != Operand::Kind::Register) {
      e.error(i, "indirect call without a .callprototype or .calltargets label");
      return;
    }
    ptx::Prototype p;
    p.returns = s.returns;
    p.params = s.params;
    type = e.module.prototype_type(p);
    target = e.call_w2w("w2w.function.pointer", PointerType::get(b.getContext(), kFlat),
                        {e.read(*call.callee, Type::U64)}, W2wKind::Pure);
  }
  auto args = call.arguments->elements, results = call.returns->elements;
  // A variadic function may be called without the array that is its last parameter.
  bool open_end = args.size() + 1 == s.params.size() && s.params.back()->unsized;
  if ((args.size() != s.params.size() && !open_end) || results.size() != s.returns.size()) {
    e.error(i, "call passes " + std::to_string(args.size()) + " arguments and takes " +
                   std::to_string(results.size()) + " results; the function has " +
                   std::to_string(s.params.size()) + " and " + std::to_string(s.returns.size()));
    return;
  }
  SmallVector<Value *> values;
  for (unsigned k = 0; k < args.size(); ++k) {
    PassedType p = e.module.passed_type(*s.params[k]);
    if (args[k].kind != Operand::Kind::Variable) {
      values.push_back(e.read(args[k], s.params[k]->type));
      continue;
    }
    Value *depot = e.variable_pointer(*args[k].variable);
    values.push_back(
        p.is_pointer()
            ? depot
            : b.CreateAlignedLoad(p.type, depot, Align(std::max(1u, args[k].variable->align))));
  }
  if (open_end)
    values.push_back(Constant::getNullValue(e.module.passed_type(*s.params.back()).type));
  CallInst *result = b.CreateCall(type, target, values);
  result->setAttributes(e.module.parameter_attributes(s.params));
  result->setConvergent();
  if (s.noreturn) {
    result->setDoesNotReturn();
    b.CreateUnreachable();
    return;
  }
  for (unsigned k = 0; k < results.size(); ++k)
    store_result(e, results[k], results.size() == 1 ? result : b.CreateExtractValue(result, k),
                 s.returns[k]->type);
}

} // namespace

std::span<const EmitterRow> call_emitters() {
  static const EmitterRow rows[] = {{Opcode::call, emit_call}};
  return rows;
}

} // namespace w2w::emit
