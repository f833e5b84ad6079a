// Honours .maxnreg and .minnctapersm (PTX ISA 11.4.1, 11.4.4), which emit/ leaves as the attributes
// "w2w-maxnreg" and "w2w-minnctapersm" of kernels.
//
// .maxnreg N: the kernel, and every function that it may call, has at most N VGPRs (and AGPRs,
// where both come from one file). Small N are raised: to ptxas' lower bound of 24, and to what
// LLVM's calling convention takes where functions are called, but for the one that records
// failures, which has enough with 24.
//
// .minnctapersm N: with the size of the block, the waves that a SIMD must be able to hold, which
// bounds registers by LLVM's own arithmetic. Ignored, as the text has it, without .maxntid or
// .reqntid, and where the threads of N blocks exceed what a compute unit holds.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool bound_registers(llvm::Module &module, llvm::ModuleAnalysisManager &, PassEnv &env);

} // namespace w2w
