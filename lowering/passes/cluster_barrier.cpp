#include "lowering/passes/cluster_barrier.h"

#include "lowering/passes/block_barrier.h"
#include "lowering/passes/lane.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr StringRef kArrive = "w2w.barrier.cluster.arrive", kWait = "w2w.barrier.cluster.wait";

bool calls(const Instruction &i, StringRef name) {
  auto *call = dyn_cast<CallInst>(&i);
  return call && callee_name(*call) == name;
}

/// The wait right behind the arrival, or null.
Instruction *wait_behind(Instruction &arrival) {
  for (Instruction *i = arrival.getNextNode(); i; i = i->getNextNode())
    if (calls(*i, kWait))
      return i;
    else if (i->mayReadOrWriteMemory() || i->mayHaveSideEffects())
      return nullptr;
  return nullptr;
}

/// All arrivals of a function with the waits behind them; null for an arrival that has none, and
/// for a wait that stands alone.
SmallVector<std::pair<Instruction *, Instruction *>> pairs(Function &function) {
  SmallVector<std::pair<Instruction *, Instruction *>> out;
  SmallPtrSet<Instruction *, 8> waits;
  for (Instruction &i : instructions(function))
    if (calls(i, kArrive)) {
      Instruction *wait = wait_behind(i);
      waits.insert(wait);
      out.push_back({&i, wait});
    } else if (calls(i, kWait) && !waits.contains(&i)) {
      out.push_back({nullptr, &i});
    }
  return out;
}

} // namespace

bool is_cluster_barrier(const CallInst &call) {
  return calls(call, kArrive) || calls(call, kWait);
}

bool join_cluster_barriers(Module &module) {
  bool changed = false, apart = false;
  auto join = [&](Function &function) {
    auto all = pairs(function);
    if (any_of(all, [](auto &pair) { return !pair.first || !pair.second; })) {
      apart = true;
      return;
    }
    for (auto [arrive, wait] : all) {
      IRBuilder<> b(wait);
      CallInst *call = b.CreateCall(
          module.getOrInsertFunction("w2w.barrier.sync", b.getVoidTy(), b.getInt32Ty()),
          {b.getInt32(kClusterBarrier)});
      call->getCalledFunction()->addFnAttr(Attribute::Convergent);
      arrive->eraseFromParent();
      wait->eraseFromParent();
      changed = true;
    }
  };
  for (Function &f : module)
    if (is_kernel(f))
      join(f);
  for (Function &f : module)
    if (!apart && !f.isDeclaration() && !is_kernel(f))
      join(f);
  erase_unused_declarations(module, "w2w.barrier.cluster.");
  return changed;
}

CallInst *arrival_before_end(Function &kernel) {
  for (Instruction &arrival : instructions(kernel)) {
    if (!calls(arrival, kArrive))
      continue;
    SmallVector<Instruction *> work{arrival.getNextNode()};
    SmallPtrSet<BasicBlock *, 16> seen;
    while (!work.empty()) {
      Instruction *i = work.pop_back_val();
      while (i && !calls(*i, kWait) && !calls(*i, "w2w.exit") && !isa<ReturnInst>(i)) {
        if (i->isTerminator())
          for (BasicBlock *successor : successors(i->getParent()))
            if (seen.insert(successor).second)
              work.push_back(&successor->front());
        i = i->getNextNode();
      }
      if (i && !calls(*i, kWait))
        return cast<CallInst>(&arrival);
    }
  }
  return nullptr;
}

} // namespace w2w
