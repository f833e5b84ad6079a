#include "lowering/passes/lower_nanosleep.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"

namespace w2w {

using namespace llvm;

namespace {

/// s_sleep counts in units of 64 clocks, about 32 ns at 2 GHz; its operand has 7 bits.
constexpr uint64_t kNanosecondsPerUnit = 32;
constexpr uint64_t kMaxUnits = 127;

} // namespace

bool lower_nanosleep(Module &module, ModuleAnalysisManager &, PassEnv &) {
  bool changed = false;
  for (CallInst *call : calls_of(module, "w2w.nanosleep")) {
    uint64_t units = 1;
    if (auto *constant = dyn_cast<ConstantInt>(call->getArgOperand(0)))
      units = std::clamp<uint64_t>(constant->getZExtValue() / kNanosecondsPerUnit, 1, kMaxUnits);
    IRBuilder<> b(call);
    b.CreateIntrinsic(Intrinsic::amdgcn_s_sleep, {}, {b.getInt32(uint32_t(units))});
    call->eraseFromParent();
    changed = true;
  }
  erase_unused_declarations(module, "w2w.nanosleep");
  return changed;
}

} // namespace w2w
