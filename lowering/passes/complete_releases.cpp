#include "lowering/passes/complete_releases.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"

namespace w2w {

using namespace llvm;

namespace {

/// s_waitcnt vmcnt(0) of GFX9, the other counters at their maxima.
constexpr uint32_t kWaitForMemory = 0x0f70;

/// What is to be done about releases of one scope.
struct Rule {
  bool widen = false; ///< to agent scope
  bool wait = false;  ///< for the write-back
};

class Releases {
public:
  Releases(Module &module, std::string_view processor)
      : context_(module.getContext()), agent_(context_.getOrInsertSyncScopeID("agent")),
        workgroup_(context_.getOrInsertSyncScopeID("workgroup")) {
    bool one_l2 = processor == "gfx906" || processor == "gfx908" || processor == "gfx90a";
    bool many_l2 = processor == "gfx942" || processor == "gfx950";
    workgroup_rule_.widen = one_l2;
    agent_rule_.wait = many_l2;
    system_rule_.wait = many_l2 || processor == "gfx90a";
  }
  bool applies() const { return workgroup_rule_.widen || agent_rule_.wait || system_rule_.wait; }
  bool complete(llvm::Instruction &i);

private:
  Rule rule(SyncScope::ID scope) const {
    return scope == workgroup_          ? workgroup_rule_
           : scope == agent_            ? agent_rule_
           : scope == SyncScope::System ? system_rule_
                                        : Rule{};
  }

  LLVMContext &context_;
  SyncScope::ID agent_, workgroup_;
  Rule workgroup_rule_, agent_rule_, system_rule_;
};

/// What is left of an order without its release. A sequentially consistent fence is on AMD's
/// hardware a release and an acquire that follow each other (LLVM's AMDGPUUsage, memory model).
AtomicOrdering without_release(AtomicOrdering order) {
  return order == AtomicOrdering::Release ? AtomicOrdering::Monotonic : AtomicOrdering::Acquire;
}

bool Releases::complete(llvm::Instruction &i) {
  auto scope = getAtomicSyncScopeID(&i);
  if (!scope)
    return false;
  Rule r = rule(*scope);
  if (!r.widen && !r.wait)
    return false;
  auto *fence = dyn_cast<FenceInst>(&i);
  auto *store = dyn_cast<StoreInst>(&i);
  auto *rmw = dyn_cast<AtomicRMWInst>(&i);
  auto *exchange = dyn_cast<AtomicCmpXchgInst>(&i);
  AtomicOrdering order = memory_order(i);
  if (isa<LoadInst>(i) || !isReleaseOrStronger(order)) // a load releases nothing
    return false;
  IRBuilder<> b(&i);
  b.CreateFence(AtomicOrdering::Release, r.widen ? agent_ : *scope);
  if (r.wait)
    b.CreateIntrinsic(Intrinsic::amdgcn_s_waitcnt, {}, {b.getInt32(kWaitForMemory)});
  AtomicOrdering rest = without_release(order);
  if (fence && rest == AtomicOrdering::Monotonic)
    fence->eraseFromParent();
  else if (fence)
    fence->setOrdering(rest);
  else if (store) // one that is sequentially consistent keeps its order to later loads so
    store->setOrdering(order == AtomicOrdering::SequentiallyConsistent ? order
                                                                       : AtomicOrdering::Monotonic);
  else if (order == AtomicOrdering::SequentiallyConsistent)
    ; // likewise
  else if (rmw)
    rmw->setOrdering(rest);
  else {
    exchange->setSuccessOrdering(without_release(order));
    if (exchange->getFailureOrdering() == AtomicOrdering::SequentiallyConsistent)
      exchange->setFailureOrdering(AtomicOrdering::Acquire);
  }
  return true;
}

} // namespace

bool complete_releases(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  Releases releases(module, env.processor.name);
  if (!releases.applies())
    return false;
  std::vector<llvm::Instruction *> atomics;
  for (Function &f : module)
    for (llvm::Instruction &i : instructions(f))
      if (i.isAtomic())
        atomics.push_back(&i);
  bool changed = false;
  for (llvm::Instruction *i : atomics)
    changed |= releases.complete(*i);
  return changed;
}

} // namespace w2w
