#include "lowering/passes/clobber_after_acquire.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"

namespace w2w {

using namespace llvm;

bool clobber_after_acquire(Module &module, ModuleAnalysisManager &, PassEnv &) {
  SmallVector<Instruction *> found;
  for (Function &f : module)
    for (Instruction &i : instructions(f))
      if (isAcquireOrStronger(memory_order(i)))
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
