// mbarrier, PTX ISA 9.7.13.15.
//
// A phase ends with the addition that leaves nothing to wait for; who has made it begins the next
// phase by another one. Nobody can tell the two apart: arrivals in the next phase are undefined
// before a wait has seen this one's end. The second is relaxed, since it continues the release
// sequences of all arrivals.
//
// A cluster is one CTA here, so .cluster is the scope of a workgroup too.
#include "lowering/emit/mbarrier.h"

#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"
#include "lowering/emit/memory_order.h"
#include "lowering/mbarrier_arrival.h"

namespace w2w::emit {

using namespace llvm;

namespace {

constexpr unsigned kCountBits = 20, kExpectedShift = 21, kTransactionShift = 41;
constexpr uint64_t kCount = (uint64_t{1} << kCountBits) - 1, kParity = uint64_t{1} << kCountBits;
constexpr uint64_t kOutstanding = kCount | ~uint64_t{0} << kTransactionShift;

SyncScope::ID workgroup(FunctionEmitter &e) {
  return e.b.getContext().getOrInsertSyncScopeID("workgroup");
}

Value *object_of(FunctionEmitter &e, const Instruction &i, unsigned operand) {
  return shared_pointer(e, i.operand(operand), space_of(i));
}

Value *add(FunctionEmitter &e, Value *object, Value *change, AtomicOrdering order) {
  return e.b.CreateAtomicRMW(AtomicRMWInst::Add, object, change, Align(8), order, workgroup(e));
}

/// Adds `change`; begins the next phase if nothing is left of this one.
AtomicRMWInst *advance(FunctionEmitter &e, Value *object, Value *change, AtomicOrdering order) {
  IRBuilder<> &b = e.b;
  auto *old = cast<AtomicRMWInst>(add(e, object, change, order));
  Value *now = b.CreateAdd(old, change);
  BasicBlock *complete = e.new_block("complete"), *next = e.new_block("next");
  b.CreateCondBr(b.CreateIsNull(b.CreateAnd(now, kOutstanding)), complete, next);
  b.SetInsertPoint(complete);
  Value *arrivals = b.CreateAnd(b.CreateLShr(now, kExpectedShift), kCount);
  Value *parity = b.CreateAnd(now, kParity);
  Value *flip = b.CreateSub(b.getInt64(kParity), b.CreateShl(parity, 1));
  add(e, object, b.CreateAdd(arrivals, flip), AtomicOrdering::Monotonic);
  b.CreateBr(next);
  b.SetInsertPoint(next);
  return old;
}

Value *transactions(FunctionEmitter &e, Value *count) {
  return e.b.CreateShl(e.b.CreateZExt(count, e.b.getInt64Ty()), kTransactionShift);
}

void emit_init(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *count = b.CreateZExt(e.read(i.operand(1), Type::U32), b.getInt64Ty());
  b.CreateAlignedStore(b.CreateOr(count, b.CreateShl(count, kExpectedShift)), object_of(e, i, 0),
                       Align(8));
}

/// expect_tx and complete_tx.
void emit_transactions(FunctionEmitter &e, const Instruction &i) {
  Value *count = transactions(e, e.read(i.operand(1), Type::U32));
  advance(e, object_of(e, i, 0), i.has(Mod::expect_tx) ? count : e.b.CreateNeg(count),
          AtomicOrdering::Monotonic);
}

/// The state of an arrival: the phase. One with .noComplete also tells how many were pending, for
/// mbarrier.pending_count.
void emit_arrive(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *object = object_of(e, i, 1);
  bool expects = i.has(Mod::expect_tx);
  Value *operand = i.operands.size() > 2 ? e.read(i.operand(2), Type::U32) : b.getInt32(1);
  Value *count = expects ? b.getInt64(1) : b.CreateZExt(operand, b.getInt64Ty());
  Value *less = count;
  if (i.has(Mod::arrive_drop))
    less = b.CreateAdd(less, b.CreateShl(count, kExpectedShift));
  Value *change = b.CreateNeg(less);
  if (expects)
    change = b.CreateAdd(change, transactions(e, operand));
  AtomicOrdering order = i.has(Mod::relaxed) ? AtomicOrdering::Monotonic : AtomicOrdering::Release;
  if (i.has(Mod::noComplete)) {
    Value *old = add(e, object, change, order);
    e.write(i.operand(0), b.CreateAnd(old, kParity | kCount), Type::U64);
    return;
  }
  AtomicRMWInst *old = advance(e, object, change, order);
  if (i.operand(0).kind == Operand::Kind::Sink)
    return;
  old->setMetadata(kMbarrierArrival, MDNode::get(b.getContext(), {}));
  // Beside the addition: passes/thread_uniformity looks for it there.
  IRBuilder<> beside(old->getNextNode());
  e.write(i.operand(0), beside.CreateAnd(old, kParity), Type::U64);
}

/// cp.async.mbarrier.arrive: the copies are done, so the arrival is too. Without .noinc it was not
/// waited for before either, but what happened before it must be seen by who waits for the phase.
void emit_arrive_of_copies(FunctionEmitter &e, const Instruction &i) {
  Value *object = object_of(e, i, 0);
  if (i.has(Mod::noinc))
    advance(e, object, e.constant(64, ~uint64_t{0}), AtomicOrdering::Release);
  else
    add(e, object, e.b.getInt64(0), AtomicOrdering::Release);
}

/// test_wait and try_wait, which does not wait: programs repeat it, and loops that do so pause
/// (passes/waiting_loops).
void emit_wait(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  LoadInst *now = b.CreateAlignedLoad(b.getInt64Ty(), object_of(e, i, 1), Align(8));
  now->setAtomic(i.has(Mod::relaxed) ? AtomicOrdering::Monotonic : AtomicOrdering::Acquire,
                 workgroup(e));
  Value *phase =
      i.has(Mod::parity)
          ? b.CreateShl(b.CreateZExt(e.read(i.operand(2), Type::U32), b.getInt64Ty()), kCountBits)
          : e.read(i.operand(2), Type::U64);
  Value *changed = b.CreateAnd(b.CreateXor(now, phase), kParity);
  e.write(i.operand(0), b.CreateIsNotNull(changed), Type::Pred);
}

void emit_pending_count(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *pending = b.CreateAnd(e.read(i.operand(1), Type::U64), kCount);
  e.write(i.operand(0), b.CreateTrunc(pending, b.getInt32Ty()), Type::U32);
}

void emit_mbarrier(FunctionEmitter &e, const Instruction &i) {
  if (i.has(Mod::init))
    return emit_init(e, i);
  if (i.has(Mod::inval)) // its memory may be used for something else
    return;
  if (i.has(Mod::arrive) || i.has(Mod::arrive_drop))
    return emit_arrive(e, i);
  if (i.has(Mod::expect_tx) || i.has(Mod::complete_tx))
    return emit_transactions(e, i);
  if (i.has(Mod::test_wait) || i.has(Mod::try_wait))
    return emit_wait(e, i);
  emit_pending_count(e, i);
}

} // namespace

Value *shared_pointer(FunctionEmitter &e, const Operand &op, StateSpace space) {
  MemoryRef ref = e.memory(op, space);
  return e.b.CreateAddrSpaceCast(
      ref.pointer, PointerType::get(e.b.getContext(), address_space(StateSpace::Shared)));
}

void complete_transactions(FunctionEmitter &e, Value *object, Value *count, AtomicOrdering order) {
  advance(e, object, e.b.CreateNeg(transactions(e, count)), order);
}

std::span<const EmitterRow> mbarrier_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::mbarrier, emit_mbarrier},
      {Opcode::cp, emit_arrive_of_copies, is_mbarrier_form},
  };
  return rows;
}

} // namespace w2w::emit
