#include "lowering/passes/lower_barriers.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/PostDominators.h"
#include "llvm/Analysis/UniformityAnalysis.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr StringRef kPrefix = "w2w.barrier.";
constexpr unsigned kLdsSpace = 3;

// ---- Is the flow around each barrier the same for both warps of a wave? -------------------------

using Barriers = DenseMap<const BasicBlock *, const CallInst *>; // first barrier of each block

bool is_barrier(const Function &callee) {
  return callee.getIntrinsicID() == Intrinsic::amdgcn_s_barrier;
}

/// Functions that contain a barrier or call one that does.
SmallPtrSet<Function *, 8> functions_with_barriers(Module &module) {
  SmallPtrSet<Function *, 8> set;
  SmallVector<Function *> work;
  for (Function &f : module)
    if (is_barrier(f))
      work.push_back(&f);
  while (!work.empty())
    for (User *user : work.pop_back_val()->users())
      if (auto *call = dyn_cast<CallInst>(user); call && set.insert(call->getFunction()).second)
        work.push_back(call->getFunction());
  return set;
}

/// The first barrier that can be reached from `start`, not going through `stop`.
const CallInst *reachable_barrier(const BasicBlock *start, const BasicBlock *stop,
                                  const Barriers &barriers) {
  if (start == stop)
    return nullptr;
  SmallVector<const BasicBlock *> work{start};
  SmallPtrSet<const BasicBlock *, 16> seen{start};
  while (!work.empty()) {
    const BasicBlock *block = work.pop_back_val();
    if (auto it = barriers.find(block); it != barriers.end())
      return it->second;
    for (const BasicBlock *next : successors(block))
      if (next != stop && seen.insert(next).second)
        work.push_back(next);
  }
  return nullptr;
}

void refuse_divergent(const CallInst &barrier, const Instruction &branch, PassEnv &env) {
  std::string message = "barrier in flow that may differ between the two warps of a wave64 wave";
  if (const DebugLoc &loc = branch.getDebugLoc())
    message += " (branch at line " + std::to_string(loc.getLine()) + ")";
  message += "; make the condition the same for the whole block, or use a wave32 processor";
  env.refuse(barrier, std::move(message));
}

void check_flow(Function &function, const SmallPtrSetImpl<Function *> &synchronising,
                ModuleAnalysisManager &analyses, PassEnv &env) {
  Barriers barriers;
  for (BasicBlock &block : function)
    for (Instruction &i : block)
      if (auto *call = dyn_cast<CallInst>(&i))
        if (Function *callee = call->getCalledFunction())
          if (is_barrier(*callee) || synchronising.contains(callee))
            barriers.try_emplace(&block, call);

  auto &manager =
      analyses.getResult<FunctionAnalysisManagerModuleProxy>(*function.getParent()).getManager();
  UniformityInfo &uniformity = manager.getResult<UniformityInfoAnalysis>(function);
  PostDominatorTree &post = manager.getResult<PostDominatorTreeAnalysis>(function);
  SmallPtrSet<const CallInst *, 4> refused;
  for (BasicBlock &block : function) {
    if (!uniformity.hasDivergentTerminator(block))
      continue;
    auto *node = post.getNode(&block);
    const BasicBlock *meet = node && node->getIDom() ? node->getIDom()->getBlock() : nullptr;
    SmallVector<const CallInst *> sides;
    SmallPtrSet<const BasicBlock *, 4> seen;
    for (const BasicBlock *next : successors(&block))
      if (seen.insert(next).second)
        if (const CallInst *barrier = reachable_barrier(next, meet, barriers))
          sides.push_back(barrier);
    bool again = meet && reachable_barrier(meet, nullptr, barriers);
    if (sides.size() > 1 || (sides.size() == 1 && again))
      if (refused.insert(sides.front()).second)
        refuse_divergent(*sides.front(), *block.getTerminator(), env);
  }
}

// ---- Lowering
// ------------------------------------------------------------------------------------

class BarrierLowering {
public:
  BarrierLowering(Module &module, PassEnv &env)
      : module_(module), env_(env), b_(module.getContext()),
        workgroup_(module.getContext().getOrInsertSyncScopeID("workgroup")) {}

  Value *lower(CallInst &call, StringRef name);

private:
  void barrier() {
    b_.CreateFence(AtomicOrdering::Release, workgroup_);
    b_.CreateIntrinsic(Intrinsic::amdgcn_s_barrier, {});
    b_.CreateFence(AtomicOrdering::Acquire, workgroup_);
  }
  /// How many threads of the block the condition holds for, in every thread.
  Value *count(Value *condition);
  GlobalVariable *counter();
  bool whole_block(const CallInst &call, const Value *threads);

  Module &module_;
  PassEnv &env_;
  IRBuilder<> b_;
  SyncScope::ID workgroup_;
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

/// Whether a thread count stands for all threads of the block: 0, or the block's required size.
bool BarrierLowering::whole_block(const CallInst &call, const Value *threads) {
  auto *constant = dyn_cast<ConstantInt>(threads);
  if (!constant)
    return false;
  uint64_t count = constant->getZExtValue();
  if (count == 0)
    return true;
  SmallVector<StringRef, 3> sizes;
  call.getFunction()->getFnAttribute("w2w-reqntid").getValueAsString().split(sizes, ',');
  uint64_t block = 1;
  for (StringRef text : sizes) {
    unsigned size = 0;
    if (text.getAsInteger(10, size))
      return false;
    block *= size;
  }
  return sizes.size() == 3 && (block + 31) / 32 * 32 == count;
}

Value *BarrierLowering::lower(CallInst &call, StringRef name) {
  b_.SetInsertPoint(&call);
  b_.SetCurrentDebugLocation(call.getDebugLoc());
  Type *type = call.getType();
  Value *nothing = type->isVoidTy() ? nullptr : PoisonValue::get(type);
  if (name == "sync") {
    barrier();
    return nothing;
  }
  if (name == "arrive" || !whole_block(call, call.getArgOperand(1))) {
    env_.refuse(call, "barrier." + name.str() +
                          " with fewer threads than the block is not supported; use bar.sync "
                          "with all threads of the block");
    return nothing;
  }
  if (name == "sync.count") {
    barrier();
    return nothing;
  }
  Value *condition = call.getArgOperand(2);
  if (name == "red.popc")
    return count(condition);
  Value *zero = b_.getInt32(0);
  if (name == "red.or")
    return b_.CreateICmpNE(count(condition), zero);
  if (name == "red.and")
    return b_.CreateICmpEQ(count(b_.CreateNot(condition)), zero);
  env_.refuse(call, "barrier." + name.str() + " is not supported");
  return nothing;
}

} // namespace

bool lower_barriers(Module &module, ModuleAnalysisManager &analyses, PassEnv &env) {
  std::vector<CallInst *> calls = calls_with_prefix(module, kPrefix);
  if (calls.empty())
    return false;
  BarrierLowering lowering(module, env);
  for (CallInst *call : calls) {
    StringRef name = call->getCalledFunction()->getName().drop_front(kPrefix.size());
    if (Value *value = lowering.lower(*call, name))
      call->replaceAllUsesWith(value);
    call->eraseFromParent();
  }
  erase_unused_declarations(module, kPrefix);
  // Afterwards: the result of a barrier's reduction is known to be uniform now.
  if (env.paired()) {
    SmallPtrSet<Function *, 8> synchronising = functions_with_barriers(module);
    for (Function &f : module)
      if (synchronising.contains(&f))
        check_flow(f, synchronising, analyses, env);
    env.warp_mode_reason = "barriers in uniform flow";
  }
  return true;
}

} // namespace w2w
