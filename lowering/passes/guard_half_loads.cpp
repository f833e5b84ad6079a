#include "lowering/passes/guard_half_loads.h"

#include "lowering/passes/lane.h"

#include "llvm/Analysis/UniformityAnalysis.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Support/AMDGPUAddrSpace.h"

namespace w2w {

using namespace llvm;

namespace {

bool may_differ_at_one_address(const LoadInst &load) {
  unsigned space = load.getPointerAddressSpace();
  return space == AMDGPUAS::PRIVATE_ADDRESS || space == AMDGPUAS::FLAT_ADDRESS;
}

} // namespace

bool guard_half_loads(Module &module, ModuleAnalysisManager &analyses, PassEnv &) {
  auto &functions = analyses.getResult<FunctionAnalysisManagerModuleProxy>(module).getManager();
  bool changed = false;
  for (Function &f : module) {
    if (f.isDeclaration())
      continue;
    SmallVector<LoadInst *> loads;
    for (Instruction &i : instructions(f))
      if (auto *load = dyn_cast<LoadInst>(&i);
          load && may_differ_at_one_address(*load) &&
          (load->getType()->isIntegerTy() || load->getType()->isFloatingPointTy()) &&
          load->getType()->getPrimitiveSizeInBits() <= 16)
        loads.push_back(load);
    if (loads.empty())
      continue;
    const UniformityInfo &uniformity = functions.getResult<UniformityInfoAnalysis>(f);
    for (LoadInst *load : loads) {
      if (uniformity.isDivergent(load->getPointerOperand()))
        continue;
      IRBuilder<> b(load->getNextNode());
      Type *type = load->getType();
      Value *bits = b.CreateBitCast(load, b.getIntNTy(unsigned(type->getPrimitiveSizeInBits())));
      auto *wide = cast<Instruction>(b.CreateZExt(bits, b.getInt32Ty()));
      Value *hidden = b.CreateTrunc(hold_in_vgpr(b, wide), bits->getType());
      Value *value = b.CreateBitCast(hidden, type);
      load->replaceUsesWithIf(
          value, [&](Use &use) { return use.getUser() != bits && use.getUser() != wide; });
      changed = true;
    }
  }
  return changed;
}

} // namespace w2w
