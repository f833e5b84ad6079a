// Keeps LLVM from taking a value that differs from lane to lane for a uniform one: its instruction
// selection makes a D16 load (two halves of a register) of a 16-bit or 8-bit load that is put next
// to another half, as the widening of bf16 does, and forgets that private memory holds another
// value in each lane at one address (docs/AMDGPU-NOTES.md). What depends on it is then computed
// once for the wave.
//
// In: any IR, after LLVM's passes. Out: values of such loads, from private memory and through
// generic pointers, at uniform addresses, go through a vector register that LLVM does not see
// through. Nothing happens to other loads.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool guard_half_loads(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
