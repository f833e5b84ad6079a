#include "lowering/passes/expand_wide_atomics.h"

#include "lowering/abi/launch_block.h"
#include "lowering/passes/lane.h"
#include "lowering/passes/launch_block_access.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr unsigned kGlobalSpace = 1;
constexpr unsigned kWords = 4; ///< dwords of 128 bits

/// An operation taken apart.
struct Wide {
  Instruction *instruction;
  Value *pointer;
  Value *expected = nullptr; ///< of a compare-and-swap
  Value *desired;
  AtomicOrdering order;
};

std::optional<Wide> wide(Instruction &i) {
  auto is_wide = [](Value *v) { return v->getType()->isIntegerTy(128); };
  if (auto *rmw = dyn_cast<AtomicRMWInst>(&i);
      rmw && is_wide(rmw->getValOperand()) && rmw->getOperation() == AtomicRMWInst::Xchg)
    return Wide{rmw, rmw->getPointerOperand(), nullptr, rmw->getValOperand(), rmw->getOrdering()};
  if (auto *cas = dyn_cast<AtomicCmpXchgInst>(&i); cas && is_wide(cas->getNewValOperand()))
    return Wide{cas, cas->getPointerOperand(), cas->getCompareOperand(), cas->getNewValOperand(),
                cas->getMergedOrdering()};
  if (auto *store = dyn_cast<StoreInst>(&i);
      store && store->isAtomic() && is_wide(store->getValueOperand()))
    return Wide{store, store->getPointerOperand(), nullptr, store->getValueOperand(),
                store->getOrdering()};
  return std::nullopt;
}

class Expander {
public:
  Expander(Module &module, PassEnv &env)
      : module_(module), env_(env), b_(module.getContext()),
        agent_(module.getContext().getOrInsertSyncScopeID("agent")) {}
  void expand(const Wide &w);

private:
  Value *table();
  Value *lock_of(Value *pointer);
  /// What the lane's registers hold, which LLVM must not take for the same in all lanes.
  Value *held(Value *words);

  Module &module_;
  PassEnv &env_;
  IRBuilder<> b_;
  SyncScope::ID agent_;
};

Value *Expander::table() {
  auto *type = b_.getPtrTy(kGlobalSpace);
  if (env_.abi == KernelAbi::Runtime)
    return load_launch_field(b_, offsetof(abi::LaunchBlock, atomic_locks), type, "atomic_locks");
  constexpr StringRef name = "w2w_atomic_locks";
  if (GlobalVariable *table = module_.getNamedGlobal(name))
    return table;
  auto *words = ArrayType::get(b_.getInt32Ty(), abi::kAtomicLocks);
  return new GlobalVariable(module_, words, false, GlobalValue::InternalLinkage,
                            ConstantAggregateZero::get(words), name, nullptr,
                            GlobalValue::NotThreadLocal, kGlobalSpace);
}

/// By the generic address, so that every way to name a location leads to one lock. Memory at one
/// offset of different blocks' shared windows has one lock too, which is slow but right.
Value *Expander::lock_of(Value *pointer) {
  Value *generic = b_.CreateAddrSpaceCast(pointer, b_.getPtrTy(0));
  Value *line = b_.CreateLShr(b_.CreatePtrToInt(generic, b_.getInt64Ty()), 4);
  Value *mixed = b_.CreateXor(line, b_.CreateLShr(line, 10));
  Value *index = b_.CreateAnd(mixed, abi::kAtomicLocks - 1);
  return b_.CreateInBoundsGEP(b_.getInt32Ty(), table(), index, "lock");
}

Value *Expander::held(Value *words) {
  for (unsigned k = 0; k < kWords; ++k)
    words = b_.CreateInsertElement(
        words, hold_in_vgpr(b_, b_.CreateExtractElement(words, uint64_t{k})), uint64_t{k});
  return words;
}

void Expander::expand(const Wide &w) {
  Instruction &i = *w.instruction;
  const SyncScope::ID scope = *getAtomicSyncScopeID(&i);
  Type *i32 = b_.getInt32Ty();
  auto *words = FixedVectorType::get(i32, kWords);
  BasicBlock *before = i.getParent(), *behind = before->splitBasicBlock(&i, "wide.done");
  Function *f = before->getParent();
  auto make = [&](const char *name) {
    return BasicBlock::Create(module_.getContext(), name, f, behind);
  };
  BasicBlock *attempt = make("wide.try"), *inside = make("wide.locked"), *next = make("wide.next");

  before->getTerminator()->eraseFromParent();
  b_.SetInsertPoint(before);
  b_.SetCurrentDebugLocation(i.getDebugLoc());
  if (isReleaseOrStronger(w.order))
    b_.CreateFence(AtomicOrdering::Release, scope);
  Value *lock = lock_of(w.pointer);
  b_.CreateBr(attempt);

  b_.SetInsertPoint(attempt);
  Value *taken = b_.CreateAtomicRMW(AtomicRMWInst::Xchg, lock, b_.getInt32(1), Align(4),
                                    AtomicOrdering::Acquire, agent_);
  b_.CreateCondBr(b_.CreateICmpEQ(taken, b_.getInt32(0)), inside, next);

  // Volatile accesses pass all caches by.
  b_.SetInsertPoint(inside);
  Value *old = held(b_.CreateAlignedLoad(words, w.pointer, Align(16), true));
  Value *stored = b_.CreateBitCast(w.desired, words);
  if (w.expected) {
    Value *same = b_.CreateICmpEQ(b_.CreateBitCast(old, w.expected->getType()), w.expected);
    stored = b_.CreateSelect(same, stored, old);
  }
  b_.CreateAlignedStore(stored, w.pointer, Align(16), true);
  b_.CreateAlignedStore(b_.getInt32(0), lock, Align(4))->setAtomic(AtomicOrdering::Release, agent_);
  b_.CreateBr(next);

  // LLVM must not see that the lanes that come from `inside` leave the loop: it would put `inside`
  // behind the loop, where they wait for the others, and these for the lock.
  b_.SetInsertPoint(next);
  PHINode *result = b_.CreatePHI(words, 2), *done = b_.CreatePHI(i32, 2);
  result->addIncoming(old, inside);
  result->addIncoming(Constant::getNullValue(words), attempt);
  done->addIncoming(b_.getInt32(1), inside);
  done->addIncoming(b_.getInt32(0), attempt);
  auto *hide = InlineAsm::get(FunctionType::get(i32, {i32}, false), "", "=v,0",
                              /*hasSideEffects=*/true);
  CallInst *hidden = b_.CreateCall(hide, {done});
  hidden->setConvergent();
  hidden->setDoesNotThrow();
  b_.CreateCondBr(b_.CreateICmpEQ(hidden, b_.getInt32(0)), attempt, behind);

  b_.SetInsertPoint(&i);
  if (isAcquireOrStronger(w.order))
    b_.CreateFence(AtomicOrdering::Acquire, scope);
  Value *value = b_.CreateBitCast(result, w.desired->getType());
  if (w.expected) {
    Value *pair = b_.CreateInsertValue(PoisonValue::get(i.getType()), value, 0);
    i.replaceAllUsesWith(b_.CreateInsertValue(pair, b_.CreateICmpEQ(value, w.expected), 1));
  } else if (!i.getType()->isVoidTy()) {
    i.replaceAllUsesWith(value);
  }
  i.eraseFromParent();
}

} // namespace

bool expand_wide_atomics(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  SmallVector<Instruction *> found;
  for (Function &f : module)
    for (Instruction &i : instructions(f))
      if (wide(i))
        found.push_back(&i);
  Expander expander(module, env);
  for (Instruction *i : found)
    expander.expand(*wide(*i)); // now: what it takes may come from one that is replaced
  return !found.empty();
}

} // namespace w2w
