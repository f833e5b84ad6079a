// Replaces the block barriers w2w.barrier.*.
//
// A barrier of all threads, whatever its id, becomes the hardware barrier between workgroup fences
// (all threads must meet at one id at a time anyway). Reductions add up in one LDS word, between
// three barriers, so that exited threads need no bookkeeping. Barriers of fewer threads than the
// block are refused by name.
//
// On wave64 a wave holds two warps, and the hardware counts waves: a barrier that one of the two
// warps reaches and the other passes by would be counted for both. Such flow is refused, naming the
// branch: a branch that may differ within the wave (LLVM's uniformity analysis, which also takes
// values that are uniform in a warp alone, like %warpid, as differing) must not lead to a barrier
// on more than one side, nor to a barrier on one side and again after the sides have met. Sides
// that end in exit without a barrier are fine: exited threads do not count.
//
// inline_synchronising and the AlwaysInliner should have run, and the IR should be in SSA form, for
// the analysis to be precise. In: any IR. Out: no w2w.barrier.*.
// Source: PTX ISA 9.7.13.1.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool lower_barriers(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
