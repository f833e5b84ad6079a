// atom, red, fence and membar, PTX ISA 9.7.13.4 to .6.
#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"
#include "lowering/emit/memory_order.h"

namespace w2w::emit {

using namespace llvm;

AtomicRMWInst::BinOp atomic_operation(const Instruction &i, Type t) {
  using Op = AtomicRMWInst;
  bool fp = ptx::is_float(t), is_signed = ptx::is_signed(t);
  if (i.has(Mod::add))
    return fp ? Op::FAdd : Op::Add;
  if (i.has(Mod::min))
    return fp ? Op::FMin : is_signed ? Op::Min : Op::UMin;
  if (i.has(Mod::max))
    return fp ? Op::FMax : is_signed ? Op::Max : Op::UMax;
  if (i.has(Mod::and_))
    return Op::And;
  if (i.has(Mod::or_))
    return Op::Or;
  if (i.has(Mod::xor_))
    return Op::Xor;
  if (i.has(Mod::exch))
    return Op::Xchg;
  // inc: old >= b ? 0 : old + 1; dec: old == 0 || old > b ? b : old - 1. LLVM's wrapping operations
  // mean the same.
  if (i.has(Mod::inc))
    return Op::UIncWrap;
  if (i.has(Mod::dec))
    return Op::UDecWrap;
  return Op::BAD_BINOP;
}

namespace {

AtomicOrdering order_of(const Instruction &i) {
  if (i.has(Mod::acq_rel))
    return AtomicOrdering::AcquireRelease;
  if (i.has(Mod::acquire))
    return AtomicOrdering::Acquire;
  if (i.has(Mod::release))
    return AtomicOrdering::Release;
  return AtomicOrdering::Monotonic; // .relaxed is the default
}

void emit_atomic(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Type t = i.type();
  unsigned at = i.opcode == Opcode::atom ? 1 : 0;
  bool has_result = at && i.operand(0).kind != Operand::Kind::Sink;
  MemoryRef ref = e.memory(i.operand(at), space_of(i));
  if (ref.direct || ref.space == StateSpace::Local || ref.space == StateSpace::Const) {
    e.error(i, "atomic operation on memory that is not .global or .shared");
    return;
  }
  SyncScope::ID scope = scope_of(e, i, true);
  AtomicOrdering order = order_of(i);
  unsigned size = ptx::bytes(t);
  if (size > 8 && scope == SyncScope::System) {
    e.error(i, "128-bit atomics are done under a lock of the device, of which the host and other "
               "devices know nothing: .sys scope is not supported; use .gpu");
    return;
  }
  if (i.has(Mod::cas)) {
    auto failure = AtomicCmpXchgInst::getStrongestFailureOrdering(order);
    Value *pair =
        b.CreateAtomicCmpXchg(ref.pointer, e.read(i.operand(at + 1), t),
                              e.read(i.operand(at + 2), t), Align(size), order, failure, scope);
    if (has_result)
      e.write(i.operand(0), b.CreateExtractValue(pair, 0), t);
    return;
  }
  AtomicRMWInst::BinOp op = atomic_operation(i, t);
  if (op == AtomicRMWInst::BAD_BINOP) {
    e.error(i, "this atomic operation is not supported");
    return;
  }
  // Vectors are atomic element by element.
  const Operand &source = i.operand(at + 1);
  unsigned n = FunctionEmitter::element_count(source);
  SmallVector<Value *, 8> olds;
  for (unsigned k = 0; k < n; ++k) {
    Value *p =
        k ? b.CreateConstGEP1_64(b.getInt8Ty(), ref.pointer, uint64_t{k} * size) : ref.pointer;
    Operand element = FunctionEmitter::element(source, k);
    Value *v = AtomicRMWInst::isFPOperation(op) ? e.read_value(element, t) : e.read(element, t);
    Value *old = b.CreateAtomicRMW(op, p, v, Align(size), order, scope);
    olds.push_back(old);
  }
  // Written last: a destination may be the source of another element.
  if (has_result)
    for (unsigned k = 0; k < n; ++k)
      e.write(FunctionEmitter::element(i.operand(0), k), olds[k], t);
}

/// fence.proxy.*, fence.mbarrier_init and the like order accesses through other proxies, which all
/// go through the same caches here: a full fence of their scope covers them. membar.L is
/// fence.sc.L.
void emit_fence(FunctionEmitter &e, const Instruction &i) {
  bool proxy = i.has(Mod::proxy) || i.has(Mod::mbarrier_init);
  AtomicOrdering order = i.opcode == Opcode::membar || i.has(Mod::sc)
                             ? AtomicOrdering::SequentiallyConsistent
                         : i.has(Mod::acquire) && !proxy ? AtomicOrdering::Acquire
                         : i.has(Mod::release) && !proxy ? AtomicOrdering::Release
                                                         : AtomicOrdering::AcquireRelease;
  e.b.CreateFence(order, scope_of(e, i, false));
}

} // namespace

std::span<const EmitterRow> atomic_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::atom, emit_atomic},
      {Opcode::red, emit_atomic, completes_by_itself_form},
      {Opcode::fence, emit_fence},
      {Opcode::membar, emit_fence},
  };
  return rows;
}

} // namespace w2w::emit
