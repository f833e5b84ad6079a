#include "lowering/passes/lower_barriers.h"

#include "lowering/passes/block_barrier.h"
#include "lowering/passes/lane.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr StringRef kPrefix = "w2w.barrier.";
constexpr unsigned kLdsSpace = 3;

class BarrierLowering {
public:
  BarrierLowering(Module &module, PassEnv &env)
      : module_(module), env_(env), b_(module.getContext()),
        workgroup_(module.getContext().getOrInsertSyncScopeID("workgroup")) {}

  Value *lower(CallInst &call, StringRef name, bool software);

private:
  void barrier() {
    release_before_barrier(b_);
    b_.CreateIntrinsic(Intrinsic::amdgcn_s_barrier, {});
    acquire_after_barrier(b_);
  }
  /// How many threads of the block the condition holds for, in every thread.
  Value *count(Value *condition);
  GlobalVariable *counter();
  Value *in_software(CallInst &call, StringRef name);

  Module &module_;
  PassEnv &env_;
  IRBuilder<> b_;
  SyncScope::ID workgroup_;
  DenseMap<Function *, std::unique_ptr<BlockBarriers>> software_;
};

GlobalVariable *BarrierLowering::counter() {
  constexpr StringRef kName = "w2w.barrier.counter";
  if (GlobalVariable *g = module_.getGlobalVariable(kName, true))
    return g;
  auto *g = new GlobalVariable(module_, b_.getInt32Ty(), false, GlobalValue::InternalLinkage,
                               PoisonValue::get(b_.getInt32Ty()), kName, nullptr,
                               GlobalValue::NotThreadLocal, kLdsSpace);
  g->setAlignment(Align(4));
  return g;
}

Value *BarrierLowering::count(Value *condition) {
  GlobalVariable *word = counter();
  b_.CreateStore(b_.getInt32(0), word); // all threads: the same value
  barrier();
  b_.CreateAtomicRMW(AtomicRMWInst::Add, word, b_.CreateZExt(condition, b_.getInt32Ty()), Align(4),
                     AtomicOrdering::Monotonic, workgroup_);
  barrier();
  Value *sum = b_.CreateLoad(b_.getInt32Ty(), word);
  sum = b_.CreateIntrinsic(Intrinsic::amdgcn_readfirstlane, {b_.getInt32Ty()}, {sum});
  barrier(); // nobody clears the word for its next use before all have read it
  return sum;
}

/// Counts arrivals in LDS. The wave comes as a whole: one warp, or two. Returns what a reduction
/// gives.
Value *BarrierLowering::in_software(CallInst &call, StringRef name) {
  Function &kernel = *call.getFunction();
  std::unique_ptr<BlockBarriers> &barriers = software_[&kernel];
  if (!barriers) {
    bool sums = any_of(calls_with_prefix(module_, "w2w.barrier.red."),
                       [&](CallInst *c) { return c->getFunction() == &kernel; });
    barriers = std::make_unique<BlockBarriers>(module_, env_.processor, sums);
    BasicBlock &entry = kernel.getEntryBlock();
    BasicBlock *rest = SplitBlock(&entry, entry.getFirstNonPHIOrDbgOrAlloca());
    entry.getTerminator()->eraseFromParent();
    IRBuilder<> b(&entry);
    barriers->initialise(b);
    b.CreateBr(rest);
  }
  BasicBlock *before = call.getParent();
  BasicBlock *after = SplitBlock(before, call.getIterator());
  before->getTerminator()->eraseFromParent();
  b_.SetInsertPoint(before);
  release_before_barrier(b_);
  Type *i32 = b_.getInt32Ty();
  auto uniform = [&](Value *v) {
    return b_.CreateIntrinsic(Intrinsic::amdgcn_readfirstlane, {i32}, {v});
  };
  Value *id = uniform(barrier_number(b_, call)), *expected = call.getArgOperand(1);
  if (!isa<Constant>(expected))
    expected = uniform(expected);
  if (name.starts_with("red."))
    barriers->add(b_, name, id, call.getArgOperand(2));
  Value *generation = barriers->arrive(b_, id, expected);
  if (name == "arrive") {
    b_.CreateBr(after);
    return nullptr;
  }
  BasicBlock *wait = BasicBlock::Create(b_.getContext(), "barrier.wait", &kernel, after);
  b_.CreateBr(wait);
  b_.SetInsertPoint(wait);
  b_.CreateIntrinsic(Intrinsic::amdgcn_s_sleep, {}, {b_.getInt32(1)});
  Value *over = barriers->passed(b_, id, expected, generation);
  // The warps of a wave may have arrived at different generations.
  Type *mask = b_.getIntNTy(env_.processor.wave_size);
  Value *waiting = b_.CreateIntrinsic(Intrinsic::amdgcn_ballot, {mask}, {b_.CreateNot(over)});
  b_.CreateCondBr(b_.CreateIsNull(waiting), after, wait);
  b_.SetInsertPoint(after, after->begin());
  acquire_after_barrier(b_);
  return name.starts_with("red.") ? barriers->result(b_, name, id, generation) : nullptr;
}

Value *BarrierLowering::lower(CallInst &call, StringRef name, bool software) {
  b_.SetInsertPoint(&call);
  b_.SetCurrentDebugLocation(call.getDebugLoc());
  if (software)
    return in_software(call, name);
  if (!name.starts_with("red.")) {
    barrier();
    return nullptr;
  }
  Value *sum = count(BlockBarriers::counted(b_, name, call.getArgOperand(2)));
  return BlockBarriers::result_of(b_, name, sum);
}

} // namespace

bool lower_barriers(Module &module, ModuleAnalysisManager &analyses, PassEnv &env) {
  std::vector<CallInst *> calls = calls_with_prefix(module, kPrefix);
  if (calls.empty())
    return false;
  SmallPtrSet<CallInst *, 8> software;
  for (Function &f : module)
    for (CallInst *call : software_barriers(f)) {
      if (is_kernel(f))
        software.insert(call);
      else
        env.refuse(*call,
                   "a barrier of fewer threads than the block, in a recursive function, is not "
                   "supported; let the kernel itself contain it");
    }
  BarrierLowering lowering(module, env);
  for (CallInst *call : calls) {
    StringRef name = call->getCalledFunction()->getName().drop_front(kPrefix.size());
    if (env.paired())
      env.warp_modes.try_emplace(call->getFunction()->getName().str(),
                                 "paired: barriers in uniform flow");
    if (Value *value = lowering.lower(*call, name, software.contains(call)))
      call->replaceAllUsesWith(value);
    call->eraseFromParent();
  }
  erase_unused_declarations(module, kPrefix);
  return true;
}

} // namespace w2w
