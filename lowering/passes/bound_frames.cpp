#include "lowering/passes/bound_frames.h"

#include "llvm/IR/InstIterator.h"
#include "llvm/Support/MathExtras.h"

namespace w2w {

using namespace llvm;

std::string scratch_remedy(const Function &function, uint64_t bytes, std::string_view otherwise,
                           PassEnv &env) {
  const uint64_t most = most_scratch(env.processor);
  std::string text = "are more than the " + std::to_string(most) + " that " +
                     std::string(env.processor.name) + " has; ";
  auto stack = env.stack_parts.find(function.getName().str());
  if (stack != env.stack_parts.end()) {
    const uint64_t excess = alignTo((bytes - most) * stack->second, 16);
    if (excess + abi::kDefaultStack <= env.stack_bytes) {
      env.smaller_stack = env.stack_bytes - uint32_t(excess);
      return text + "ask for a smaller stack than the " + std::to_string(env.stack_bytes) +
             " bytes of --stack-bytes or CU_LIMIT_STACK_SIZE";
    }
  }
  return text + std::string(otherwise);
}

void refuse_frame(const AllocaInst &largest, const Function &function, uint64_t bytes,
                  PassEnv &env) {
  env.refuse(largest, std::to_string(bytes) + " bytes of local memory a thread " +
                          scratch_remedy(function, bytes,
                                         "use .global memory, a part of it for each thread", env));
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
      refuse_frame(*largest, f, bytes, env);
  }
  return false;
}

} // namespace w2w
