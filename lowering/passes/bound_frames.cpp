#include "lowering/passes/bound_frames.h"

#include "llvm/IR/InstIterator.h"
#include "llvm/Support/MathExtras.h"

namespace w2w {

using namespace llvm;

void refuse_frame(const AllocaInst &largest, uint64_t bytes, PassEnv &env) {
  env.refuse(largest, std::to_string(bytes) + " bytes of local memory a thread are more than the " +
                          std::to_string(most_scratch(env.processor)) + " that " +
                          std::string(env.processor.name) +
                          " has; use .global memory, a part of it for each thread");
}

bool bound_frames(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  const DataLayout &layout = module.getDataLayout();
  for (Function &f : module) {
    uint64_t bytes = 0, most = 0;
    const AllocaInst *largest = nullptr;
    for (const Instruction &i : instructions(f))
      if (auto *array = dyn_cast<AllocaInst>(&i); array && array->isStaticAlloca()) {
        const uint64_t size = array->getAllocationSize(layout)->getFixedValue();
        bytes = SaturatingAdd(bytes, size);
        if (!largest || size > most) {
          largest = array;
          most = size;
        }
      }
    if (bytes > most_scratch(env.processor))
      refuse_frame(*largest, bytes, env);
  }
  return false;
}

} // namespace w2w
