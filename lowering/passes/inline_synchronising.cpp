#include "lowering/passes/inline_synchronising.h"

#include "llvm/ADT/SmallPtrSet.h"

namespace w2w {

using namespace llvm;

namespace {

/// Whether `function` can call itself.
bool is_recursive(Function &function) {
  SmallVector<Function *> work{&function};
  SmallPtrSet<Function *, 8> seen;
  while (!work.empty()) {
    Function *f = work.pop_back_val();
    for (BasicBlock &block : *f)
      for (Instruction &i : block)
        if (auto *call = dyn_cast<CallBase>(&i)) {
          Function *callee = call->getCalledFunction();
          if (callee == &function)
            return true;
          if (callee && !callee->isDeclaration() && seen.insert(callee).second)
            work.push_back(callee);
        }
  }
  return false;
}

} // namespace

bool inline_synchronising(Module &module, ModuleAnalysisManager &, PassEnv &) {
  SmallPtrSet<Function *, 8> reaching;
  SmallVector<Function *> work;
  for (Function &f : module)
    if (f.isDeclaration() && (f.getName() == "w2w.exit" || f.getName().starts_with("w2w.barrier.")))
      work.push_back(&f);
  bool changed = false;
  while (!work.empty()) {
    Function *callee = work.pop_back_val();
    for (User *user : callee->users()) {
      auto *call = dyn_cast<CallBase>(user);
      if (!call || call->getCalledFunction() != callee)
        continue;
      Function *caller = call->getFunction();
      if (is_kernel(*caller) || !reaching.insert(caller).second)
        continue;
      work.push_back(caller);
      if (is_recursive(*caller))
        continue;
      caller->removeFnAttr(Attribute::NoInline);
      caller->removeFnAttr(Attribute::OptimizeNone);
      caller->addFnAttr(Attribute::AlwaysInline);
      changed = true;
    }
  }
  return changed;
}

} // namespace w2w
