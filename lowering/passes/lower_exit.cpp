#include "lowering/passes/lower_exit.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/Transforms/Utils/Local.h"

namespace w2w {

using namespace llvm;

bool lower_exit(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  bool changed = false;
  for (CallInst *call : calls_of(module, "w2w.exit")) {
    changed = true;
    if (!is_kernel(*call->getFunction())) {
      env.refuse(*call, "exit in a function that is called recursively or through a pointer is not "
                        "supported; let the function return a flag on which the kernel exits");
      call->eraseFromParent();
      continue;
    }
    // Whatever follows the call in its block goes; the block returns instead.
    BasicBlock *block = call->getParent();
    DebugLoc loc = call->getDebugLoc();
    changeToUnreachable(call);
    Instruction *end = block->getTerminator();
    IRBuilder<> builder(end);
    builder.SetCurrentDebugLocation(loc);
    builder.CreateRetVoid();
    end->eraseFromParent();
  }
  erase_unused_declarations(module, "w2w.exit");
  return changed;
}

} // namespace w2w
