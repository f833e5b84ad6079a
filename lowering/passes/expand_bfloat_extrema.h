// Turns atomic minima and maxima of bf16 and bf16x2 into compare-and-swap loops of their own. No
// target has them, and in LLVM's loops a signalling NaN beats a number: it compares what it widened
// to f32 without quieting it, and takes it for quieted. PTX's minimum is the number (9.7.4.8).
//
// In: any IR after schedule_warps, which need not see that a loop waits: of the lanes that share a
// word, one gets through each time. Out: no atomicrmw fmin or fmax of bfloat.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool expand_bfloat_extrema(llvm::Module &module, llvm::ModuleAnalysisManager &analyses,
                           PassEnv &env);

} // namespace w2w
