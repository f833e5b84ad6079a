#include "lowering/passes/clobber_after_acquire.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"

namespace w2w {

using namespace llvm;

namespace {

bool acquires(const Instruction &i) {
  if (auto *fence = dyn_cast<FenceInst>(&i))
    return isAcquireOrStronger(fence->getOrdering());
  if (auto *load = dyn_cast<LoadInst>(&i))
    return isAcquireOrStronger(load->getOrdering());
  if (auto *rmw = dyn_cast<AtomicRMWInst>(&i))
    return isAcquireOrStronger(rmw->getOrdering());
  if (auto *exchange = dyn_cast<AtomicCmpXchgInst>(&i))
    return isAcquireOrStronger(exchange->getMergedOrdering());
  return false;
}

} // namespace

bool clobber_after_acquire(Module &module, ModuleAnalysisManager &, PassEnv &) {
  SmallVector<Instruction *> found;
  for (Function &f : module)
    for (Instruction &i : instructions(f))
      if (acquires(i))
        found.push_back(&i);
  if (found.empty())
    return false;
  auto *store = InlineAsm::get(FunctionType::get(Type::getVoidTy(module.getContext()), false), "",
                               "~{memory}", /*hasSideEffects=*/true);
  for (Instruction *i : found) {
    IRBuilder<> b(i->getNextNode());
    b.CreateCall(store)->setDoesNotThrow();
  }
  return true;
}

} // namespace w2w
