#include "lowering/passes/bound_registers.h"

#include "lowering/passes/lower_traps.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/IR/InstIterator.h"

#include <algorithm>

namespace w2w {

using namespace llvm;

namespace {

constexpr StringRef kMostRegisters = "w2w-maxnreg", kFewestBlocks = "w2w-minnctapersm";

/// What ptxas raises .maxnreg to.
constexpr uint64_t kFewestRegisters = 24;
/// LLVM's calling convention passes arguments in v0 to v31, and saves from v40 on.
constexpr uint64_t kFewestForCalls = 64;
/// SIMDs of a compute unit, or of a work-group processor, which is what gfx10 and later count.
constexpr uint64_t kSimds = 4;

uint64_t number_of(const Function &f, StringRef attribute) {
  uint64_t n = 0;
  f.getFnAttribute(attribute).getValueAsString().getAsInteger(10, n);
  return n;
}

/// The kernel and the functions that it may call; by address, any whose address is taken.
SmallSetVector<Function *, 8> reached_from(Function &kernel) {
  SmallSetVector<Function *, 8> reached;
  reached.insert(&kernel);
  bool indirect = false;
  for (unsigned i = 0; i < reached.size(); ++i) {
    for (Instruction &at : instructions(*reached[i])) {
      if (auto *call = dyn_cast<CallBase>(&at);
          call && !call->getCalledFunction() && !call->isInlineAsm() && !indirect) {
        indirect = true;
        for (Function &f : *kernel.getParent())
          if (!f.isDeclaration() && f.hasAddressTaken())
            reached.insert(&f);
      }
      for (Value *operand : at.operands())
        if (auto *f = dyn_cast<Function>(operand); f && !f->isDeclaration())
          reached.insert(f);
    }
  }
  return reached;
}

void bound_vgprs(Function &kernel, uint64_t most, const PassEnv &env) {
  constexpr StringRef kAttribute = "amdgpu-num-vgpr";
  const SmallSetVector<Function *, 8> reached = reached_from(kernel);
  const bool calls =
      any_of(reached, [&](const Function *f) { return f != &kernel && !records_failures(*f); });
  most = std::max(most, calls ? kFewestForCalls : kFewestRegisters);
  // Of one file LLVM takes the attribute as half of both, and AGPRs have their half unless they are
  // renounced: which LLVM finds out for itself, but not at -O0.
  if (env.processor.one_register_file)
    most /= 2;
  for (Function *f : reached) {
    if (env.processor.one_register_file)
      f->addFnAttr("amdgpu-agpr-alloc", "0");
    // Of two kernels that call a function the smaller number counts.
    if (const uint64_t had = number_of(*f, kAttribute);
        !records_failures(*f) && (had == 0 || most < had))
      f->addFnAttr(kAttribute, std::to_string(most));
  }
}

bool require_waves(Function &kernel, uint64_t blocks, const PassEnv &env) {
  constexpr StringRef kAttribute = "amdgpu-waves-per-eu";
  if (!kernel.hasFnAttribute("w2w-maxntid") && !kernel.hasFnAttribute("w2w-reqntid"))
    return false;
  // The size as the hardware sees it: twice as large in solo mode.
  uint64_t threads = 0;
  kernel.getFnAttribute("amdgpu-flat-work-group-size")
      .getValueAsString()
      .split(',')
      .second.getAsInteger(10, threads);
  const uint64_t waves = divideCeil(divideCeil(threads, env.processor.wave_size) * blocks, kSimds);
  if (waves > env.processor.simd_waves)
    return false;
  for (Function *f : reached_from(kernel)) {
    uint64_t had = 0; // "fewest,most"
    f->getFnAttribute(kAttribute).getValueAsString().split(',').first.getAsInteger(10, had);
    if (waves > had)
      f->addFnAttr(kAttribute, std::to_string(waves));
  }
  return true;
}

} // namespace

bool bound_registers(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  bool changed = false;
  for (Function &f : module) {
    if (!is_kernel(f) || f.isDeclaration())
      continue;
    if (const uint64_t most = number_of(f, kMostRegisters)) {
      bound_vgprs(f, most, env);
      changed = true;
    }
    if (const uint64_t blocks = number_of(f, kFewestBlocks))
      changed |= require_waves(f, std::min<uint64_t>(blocks, 1024), env);
  }
  return changed;
}

} // namespace w2w
